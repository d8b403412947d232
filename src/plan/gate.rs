//! Which blueprint waits for which, so that no entity is written before what it points at.

use std::collections::{BTreeMap, BTreeSet};

use super::field::Layout;
use super::order::Order;
use crate::model::{Blueprint, BlueprintId, Kind};

/// For each blueprint those that must be written first. A blueprint does not wait for itself, for a member of its own
/// cycle, or where waiting could block the source: a kind must never wait for itself, not even through others.
pub fn gates(layouts: &[(&Layout, &Blueprint)]) -> BTreeMap<BlueprintId, BTreeSet<BlueprintId>> {
    let order = Order::of(layouts.iter().map(|(_, shape)| *shape));
    let by_id: BTreeMap<&BlueprintId, (&Layout, &Blueprint)> =
        layouts.iter().map(|(layout, shape)| (&shape.identifier, (*layout, *shape))).collect();
    let mut waits = Waits::default();
    let mut gates = BTreeMap::new();
    for id in &order.targets_first {
        let Some((layout, shape)) = by_id.get(id) else { continue };
        let mut first = BTreeSet::new();
        for relation in shape.relations.values() {
            let target = &relation.target;
            let Some((target_layout, _)) = by_id.get(target) else { continue };
            let one_cycle =
                target == id || order.cycles.iter().any(|cycle| cycle.contains(target) && cycle.contains(id));
            if !one_cycle && waits.try_add(layout.kinds(), target_layout.kinds()) {
                first.insert(target.clone());
            }
        }
        gates.insert(id.clone(), first);
    }
    gates
}

/// Which kind may have to wait for which.
#[derive(Default)]
struct Waits(BTreeMap<Kind, BTreeSet<Kind>>);

impl Waits {
    /// Lets all of `waiting` wait for all of `first`, unless a kind would then wait for itself.
    fn try_add(&mut self, waiting: &BTreeSet<Kind>, first: &BTreeSet<Kind>) -> bool {
        let circular = first.iter().any(|kind| waiting.contains(kind) || self.reaches(*kind, waiting));
        if circular {
            return false;
        }
        for kind in waiting {
            self.0.entry(*kind).or_default().extend(first);
        }
        true
    }

    fn reaches(&self, from: Kind, any_of: &BTreeSet<Kind>) -> bool {
        let mut seen = BTreeSet::new();
        let mut open = vec![from];
        while let Some(kind) = open.pop() {
            for &next in self.0.get(&kind).into_iter().flatten() {
                if any_of.contains(&next) {
                    return true;
                }
                if seen.insert(next) {
                    open.push(next);
                }
            }
        }
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Arity, RelationShape, RuleId};
    use crate::plan::{Repeats, Rule, Target};

    fn id(id: &str) -> BlueprintId {
        BlueprintId::new(id).unwrap()
    }

    /// Blueprints with their kinds and targets, and what waits for what.
    fn waits(world: &[(&str, &[Kind], &[&str])]) -> Vec<String> {
        let rules: Vec<Rule> = world
            .iter()
            .flat_map(|(blueprint, kinds, _)| kinds.iter().map(move |kind| (*blueprint, *kind)))
            .enumerate()
            .map(|(index, (blueprint, kind))| Rule {
                id: RuleId(index),
                kind,
                target: Target::Fixed(id(blueprint)),
                fields: BTreeSet::new(),
                repeats: Repeats::LastWins,
            })
            .collect();
        let parts: Vec<(Layout, Blueprint)> = world
            .iter()
            .map(|(blueprint, _, targets)| {
                let relation = |target: &&str| {
                    ((*target).into(), RelationShape { target: id(target), arity: Arity::One })
                };
                let shape = Blueprint {
                    identifier: id(blueprint),
                    properties: BTreeMap::new(),
                    relations: targets.iter().map(relation).collect(),
                };
                (Layout::new(id(blueprint), &rules), shape)
            })
            .collect();
        let parts: Vec<(&Layout, &Blueprint)> = parts.iter().map(|(layout, shape)| (layout, shape)).collect();
        let mut text = Vec::new();
        for (waiting, first) in gates(&parts) {
            text.extend(first.into_iter().map(|first| format!("{waiting} after {first}")));
        }
        text
    }

    #[test]
    fn blueprints_wait_for_their_targets() {
        let world: &[(&str, &[Kind], &[&str])] = &[
            ("alert", &[Kind::Alert], &["incident", "team", "_user"]),
            ("incident", &[Kind::Incident], &["service"]),
            ("service", &[Kind::Service], &["team"]),
            ("team", &[Kind::Team, Kind::ScheduleOncall], &["team"]),
        ];
        assert_eq!(
            waits(world),
            ["alert after incident", "alert after team", "incident after service", "service after team"]
        );
    }

    #[test]
    fn a_kind_never_waits_for_itself() {
        let world: &[(&str, &[Kind], &[&str])] =
            &[("a", &[Kind::Alert], &["b"]), ("b", &[Kind::Alert, Kind::Team], &[])];
        assert!(waits(world).is_empty());
        // Alerts feed a and d, incidents feed b and c: one of the two waits would close the circle.
        let world: &[(&str, &[Kind], &[&str])] = &[
            ("a", &[Kind::Alert], &["b"]),
            ("b", &[Kind::Incident], &[]),
            ("c", &[Kind::Incident], &["d"]),
            ("d", &[Kind::Alert], &[]),
        ];
        assert_eq!(waits(world), ["a after b"]);
    }

    #[test]
    fn members_of_a_cycle_do_not_wait_for_each_other() {
        let world: &[(&str, &[Kind], &[&str])] =
            &[("a", &[Kind::Alert], &["b"]), ("b", &[Kind::Incident], &["a"]), ("c", &[Kind::Team], &["a"])];
        assert_eq!(waits(world), ["c after a"]);
    }
}
