//! Both sides of every rule, then the properties.

use proptest::prelude::*;

use super::*;
use crate::model::{Arity, Blueprint, Entity, Identifier, RecordId, RelationShape};
use crate::plan::{Origin, Repeats, RuleId};
use crate::value::{Object, Value};

const ALERT: &str = "alert";

fn blueprint(id: &str) -> BlueprintId {
    BlueprintId::new(id).unwrap()
}

fn entity_id(id: &str) -> EntityId {
    EntityId::new(id).unwrap()
}

fn feeder(kind: Kind, target: Option<&str>) -> Feeder {
    let target = target.map_or(Target::Dynamic, |id| Target::Fixed(blueprint(id)));
    Feeder {
        rule: Rule { id: RuleId(0), kind, target, fields: BTreeSet::new(), repeats: Repeats::LastWins },
        naming: Naming::Exact,
        filter: Filter::None,
    }
}

fn complete(listed: u64) -> Seen {
    Seen { listed, verdict: Verdict::Complete }
}

fn held(kept: u64, stale: u64) -> Held {
    Held { kept, stale: (0..stale).map(|n| entity_id(&format!("stale-{n}"))).collect(), ..Held::default() }
}

fn policy() -> Policy {
    Policy { permission: Permission::Guarded, threshold: 0.9, allow_empty: BTreeSet::new() }
}

/// A pass over one blueprint, fed by alerts, of which all but two of ten remain.
struct Case {
    held: Held,
    feeders: Vec<Feeder>,
    seen: BTreeMap<Kind, Seen>,
    searched: BTreeSet<BlueprintId>,
    policy: Policy,
}

impl Case {
    fn new() -> Self {
        Self {
            held: held(8, 2),
            feeders: vec![feeder(Kind::Alert, Some(ALERT))],
            seen: BTreeMap::from([(Kind::Alert, complete(8))]),
            searched: BTreeSet::new(),
            policy: policy(),
        }
    }

    fn decide(&self) -> Decision {
        let inventory = Inventory {
            held: BTreeMap::from([(blueprint(ALERT), self.held.clone())]),
            ..Inventory::default()
        };
        let mut all = decide(&inventory, &self.feeders, &self.seen, &self.searched, &self.policy);
        all.remove(&blueprint(ALERT)).expect("stale entities get a decision")
    }

    fn deletes(&self) -> usize {
        match self.decide() {
            Decision::Delete(ids) => ids.len(),
            Decision::Guarded { .. } | Decision::Protected { .. } => 0,
        }
    }
}

#[test]
fn what_a_complete_pass_no_longer_produces_goes() {
    assert_eq!(Case::new().deletes(), 2);
}

#[test]
fn every_gap_protects() {
    let gaps = [
        Gap::Listing("500".to_owned()),
        Gap::Unsettled("rows moved".to_owned()),
        Gap::Unmapped(1),
        Gap::Refused("plan".to_owned()),
        Gap::Limited,
        Gap::Stopped,
    ];
    for gap in gaps {
        let mut case = Case::new();
        case.seen.insert(Kind::Alert, Seen { listed: 8, verdict: Verdict::Incomplete(vec![gap.clone()]) });
        let protection = Protection::Incomplete(BTreeMap::from([(Kind::Alert, vec![gap])]));
        assert_eq!(case.decide(), Decision::Protected { candidates: 2, protection });
    }
}

#[test]
fn a_feeding_kind_that_was_not_looked_at_protects() {
    let mut case = Case::new();
    case.feeders.push(feeder(Kind::Team, Some(ALERT)));
    assert_eq!(case.deletes(), 0);
    case.seen.insert(Kind::Team, complete(3));
    assert_eq!(case.deletes(), 2);
}

#[test]
fn a_dynamic_resource_feeds_every_blueprint() {
    let mut case = Case::new();
    case.feeders.push(feeder(Kind::Team, None));
    case.seen.insert(Kind::Team, Seen { listed: 3, verdict: Verdict::Incomplete(vec![Gap::Limited]) });
    assert_eq!(case.deletes(), 0);
    case.seen.insert(Kind::Team, complete(3));
    assert_eq!(case.deletes(), 2);
}

#[test]
fn an_incomplete_kind_that_feeds_something_else_protects_nothing_here() {
    let mut case = Case::new();
    case.feeders.push(feeder(Kind::Team, Some("team")));
    case.seen.insert(Kind::Team, Seen { listed: 0, verdict: Verdict::Incomplete(vec![Gap::Limited]) });
    assert_eq!(case.deletes(), 2);
}

#[test]
fn a_search_identifier_deletes_nothing() {
    let mut case = Case::new();
    case.feeders[0].naming = Naming::Search;
    assert_eq!(case.decide(), Decision::Protected { candidates: 2, protection: Protection::Search });
    let mut case = Case::new();
    case.searched.insert(blueprint(ALERT));
    assert_eq!(case.decide(), Decision::Protected { candidates: 2, protection: Protection::Search });
}

#[test]
fn deletion_can_be_switched_off() {
    let mut case = Case::new();
    case.policy.permission = Permission::Never;
    assert_eq!(case.decide(), Decision::Protected { candidates: 2, protection: Protection::NotAllowed });
}

#[test]
fn an_empty_listing_is_not_believed() {
    let mut case = Case::new();
    case.seen.insert(Kind::Alert, complete(0));
    case.held = held(0, 2);
    assert_eq!(case.decide(), Decision::Guarded { candidates: 2, guard: Guard::Empty(Kind::Alert) });
    case.policy.allow_empty.insert(Kind::Team);
    assert_eq!(case.deletes(), 0, "another kind was named");
    case.policy.allow_empty.insert(Kind::Alert);
    assert_eq!(case.deletes(), 2);
}

#[test]
fn the_ratio_counts_above_ten() {
    let mut case = Case::new();
    case.held = held(0, 10);
    assert_eq!(case.deletes(), 10, "ten are free");
    case.held = held(1, 11);
    let guard = Guard::Ratio { ours: 12, threshold: 0.9 };
    assert_eq!(case.decide(), Decision::Guarded { candidates: 11, guard });
    case.held = held(10, 90);
    assert_eq!(case.deletes(), 90, "exactly the threshold is allowed");
    case.held = held(9, 91);
    assert_eq!(case.deletes(), 0);
}

#[test]
fn zero_never_deletes_and_one_always_may() {
    let mut case = Case::new();
    case.policy.threshold = 0.0;
    assert_eq!(case.deletes(), 0);
    case.policy.threshold = 1.0;
    case.held = held(0, 500);
    assert_eq!(case.deletes(), 500);
}

#[test]
fn what_the_pass_rewrote_counts_as_ours() {
    let mut case = Case::new();
    case.held = held(0, 20);
    assert_eq!(case.deletes(), 0);
    case.held.rewritten = 80;
    assert_eq!(case.deletes(), 20, "the list leaves out what has just been written");
}

#[test]
fn a_filtered_resource_needs_a_look_at_the_source() {
    let mut case = Case::new();
    case.held = held(0, 500);
    case.seen.insert(Kind::Alert, complete(0));
    for check in [FilterCheck::NotRun, FilterCheck::Failed("`a1` is still open".to_owned())] {
        case.feeders[0].filter = Filter::Source(check.clone());
        let guard = Guard::Filtered { kind: Kind::Alert, check };
        assert_eq!(case.decide(), Decision::Guarded { candidates: 500, guard });
    }
    case.feeders[0].filter = Filter::Source(FilterCheck::Passed);
    assert_eq!(case.deletes(), 500, "the look stands in for both other guards");
    case.policy.threshold = 0.0;
    assert_eq!(case.deletes(), 0, "zero is a promise");
}

#[test]
fn a_look_at_the_source_vouches_only_for_filtered_resources() {
    let mut case = Case::new();
    case.held = held(0, 500);
    case.feeders[0].filter = Filter::Source(FilterCheck::Passed);
    case.feeders.push(feeder(Kind::Incident, Some(ALERT)));
    case.seen.insert(Kind::Incident, complete(1));
    assert!(matches!(case.decide(), Decision::Guarded { guard: Guard::Ratio { .. }, .. }));
}

#[test]
fn what_was_put_back_stays_until_it_is_produced_again() {
    let pins = ["pinned", "made-again"]
        .map(|id| EntityKey { blueprint: blueprint(ALERT), identifier: entity_id(id) });
    let mut inventory = Inventory::with_pins(pins.into_iter().collect());
    let mut ledger = Ledger::new(blueprint(ALERT));
    let origin =
        Origin { rule: RuleId(0), kind: Kind::Alert, record: RecordId::new("r").unwrap(), updated: None };
    ledger.note(&entity_id("made-again"), &origin, Repeats::LastWins);
    let ledgers = BTreeMap::from([(blueprint(ALERT), ledger)]);
    for id in ["pinned", "made-again", "stale"] {
        inventory.add(&blueprint(ALERT), entity_id(id), &ledgers, &Pointed::default());
    }
    inventory.add(&blueprint("other"), entity_id("pinned"), &ledgers, &Pointed::default());
    let held = &inventory.held()[&blueprint(ALERT)];
    assert_eq!(
        (held.kept, held.pinned, held.stale.as_slice(), held.ours()),
        (1, 1, &[entity_id("stale")][..], 3)
    );
    assert_eq!(inventory.held()[&blueprint("other")].pinned, 0, "a pin is on one key");
}

#[test]
fn a_blueprint_that_nothing_feeds_any_more_keeps_the_ratio_guard() {
    let mut case = Case::new();
    case.feeders.clear();
    case.held = held(0, 10);
    assert_eq!(case.deletes(), 10);
    case.held = held(0, 11);
    assert!(matches!(case.decide(), Decision::Guarded { guard: Guard::Ratio { .. }, .. }));
    case.policy.threshold = 1.0;
    assert_eq!(case.deletes(), 11);
}

#[test]
fn refusals_say_what_to_do() {
    let mut case = Case::new();
    case.seen.insert(Kind::Alert, complete(0));
    let Decision::Guarded { guard, .. } = case.decide() else { panic!("guarded") };
    insta::assert_snapshot!(guard, @"the source listed no alert at all; name it in OCEAN__DELETION__ALLOW_EMPTY if that is right");
    case.seen.insert(
        Kind::Alert,
        Seen {
            listed: 0,
            verdict: Verdict::Incomplete(vec![Gap::Listing("page 3: 500".to_owned()), Gap::Stopped]),
        },
    );
    let Decision::Protected { protection, .. } = case.decide() else { panic!("protected") };
    insta::assert_snapshot!(protection, @"alert is incomplete: the listing failed: page 3: 500, stopped by a signal");
    case = Case::new();
    case.held = held(1, 11);
    let Decision::Guarded { guard, .. } = case.decide() else { panic!("guarded") };
    insta::assert_snapshot!(guard, @"that is more than the share of 0.9 of our 12 entities that entityDeletionThreshold allows");
}

fn pass(produced: &BTreeSet<u8>, pointed_at: &BTreeSet<u8>) -> (BTreeMap<BlueprintId, Ledger>, Pointed) {
    let id = blueprint(ALERT);
    let mut ledger = Ledger::new(id.clone());
    for n in produced {
        let origin =
            Origin { rule: RuleId(0), kind: Kind::Alert, record: RecordId::new("r").unwrap(), updated: None };
        ledger.note(&entity_id(&format!("e{n}")), &origin, Repeats::LastWins);
    }
    let shape = Blueprint {
        identifier: blueprint("other"),
        properties: BTreeMap::new(),
        relations: BTreeMap::from([("to".into(), RelationShape { target: id.clone(), arity: Arity::Many })]),
    };
    let targets: Value = pointed_at.iter().map(|n| Value::from(format!("e{n}"))).collect();
    let source = Entity {
        blueprint: shape.identifier.clone(),
        identifier: Identifier::Exact(entity_id("x")),
        title: None,
        icon: None,
        team: None,
        properties: None,
        relations: Some(Object::from_iter([("to", targets)])),
    };
    let mut pointed = Pointed::default();
    pointed.note(&source, &shape);
    (BTreeMap::from([(id, ledger)]), pointed)
}

proptest! {
    #[test]
    fn only_stale_keys_of_the_inventory_ever_go(
        listed in proptest::collection::btree_set(any::<u8>(), 0..60),
        produced in proptest::collection::btree_set(any::<u8>(), 0..60),
        pointed_at in proptest::collection::btree_set(any::<u8>(), 0..20),
        threshold in 0.0..=1.0_f64,
    ) {
        let (ledgers, pointed) = pass(&produced, &pointed_at);
        let mut inventory = Inventory::default();
        for n in &listed {
            inventory.add(&blueprint(ALERT), entity_id(&format!("e{n}")), &ledgers, &pointed);
        }
        let policy = Policy { threshold, ..policy() };
        let seen = BTreeMap::from([(Kind::Alert, complete(produced.len() as u64))]);
        let feeders = [feeder(Kind::Alert, Some(ALERT))];
        for decision in decide(&inventory, &feeders, &seen, &BTreeSet::new(), &policy).into_values() {
            if let Decision::Delete(ids) = decision {
                prop_assert!(threshold > 0.0);
                for id in ids {
                    let n: u8 = id.as_str()[1..].parse().unwrap();
                    prop_assert!(listed.contains(&n));
                    prop_assert!(!produced.contains(&n));
                    prop_assert!(!pointed_at.contains(&n));
                }
            }
        }
    }

    #[test]
    fn an_incomplete_kind_never_deletes(
        listed in proptest::collection::btree_set(any::<u8>(), 0..60),
        kinds in 1..4_usize,
        broken in 0..4_usize,
        dynamic in any::<bool>(),
    ) {
        let (ledgers, pointed) = pass(&BTreeSet::new(), &BTreeSet::new());
        let mut inventory = Inventory::default();
        for n in &listed {
            inventory.add(&blueprint(ALERT), entity_id(&format!("e{n}")), &ledgers, &pointed);
        }
        let kinds = &Kind::LISTED[..kinds];
        let broken = kinds[broken % kinds.len()];
        let feeders: Vec<Feeder> = kinds
            .iter()
            .map(|&kind| feeder(kind, (!dynamic || kind != broken).then_some(ALERT)))
            .collect();
        let seen = kinds
            .iter()
            .map(|&kind| {
                let verdict =
                    if kind == broken { Verdict::Incomplete(vec![Gap::Stopped]) } else { Verdict::Complete };
                (kind, Seen { listed: 1, verdict })
            })
            .collect();
        let policy = Policy { threshold: 1.0, ..policy() };
        for decision in decide(&inventory, &feeders, &seen, &BTreeSet::new(), &policy).into_values() {
            prop_assert!(matches!(decision, Decision::Protected { .. }), "{decision:?}");
        }
    }
}
