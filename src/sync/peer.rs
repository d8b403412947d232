//! The plan of a pass held against what Port's integration wrote under the same stamp.

use std::collections::{BTreeMap, BTreeSet};

use futures::TryStreamExt as _;
use jiff::Timestamp;

use super::Failure;
use super::harvest::Harvested;
use super::prepare::Prepared;
use crate::apply::{Planned, PlannedStep, Written};
use crate::catalog::{Catalog, Integration};
use crate::map::{Blueprints, Details};
use crate::model::{BlueprintId, EntityKey, Field, Kind};
use crate::plan::Change;
use crate::plan::deletion::Decision;
use crate::report::{Explanation, PeerDifference, PeerReport};
use crate::value::Value;

/// Where Port's integration stops to list alerts, incidents and services.
const LISTED_BY_PEER: u64 = 20_000;

/// So many entities are named per sort of difference.
const EXAMPLES: usize = 3;

/// When the last pass began, as far as the integration object tells.
pub(super) fn last_pass(integration: Option<&Integration>) -> Option<Timestamp> {
    let state = integration?.raw().get("resyncState")?;
    let known = ["lastResyncStart", "lastResyncEnd", "updatedAt"];
    known.into_iter().find_map(|key| state.get(key)?.as_str()?.parse().ok())
}

/// What explains differences, beside the entities themselves.
struct Facts<'a> {
    prepared: &'a Prepared,
    listed: BTreeMap<Kind, u64>,
    since: Option<Timestamp>,
    /// Kinds with a filter that Port's integration words otherwise.
    worded_otherwise: BTreeSet<Kind>,
    /// Blueprints to which it wrote something.
    fed: BTreeSet<BlueprintId>,
}

/// Sorts of differences, with how many there are and the first few.
type Sorts = BTreeMap<(Option<Explanation>, String), (u64, Vec<String>)>;

/// Explains every difference that can be explained.
pub(super) async fn compare(
    catalog: &Catalog,
    prepared: &Prepared,
    listed: BTreeMap<Kind, u64>,
    written: &Written,
    decisions: &BTreeMap<BlueprintId, Decision>,
    since: Option<Timestamp>,
) -> Result<PeerReport, Failure> {
    let ours: BTreeSet<EntityKey> =
        catalog.inventory_of_this_version().try_concat().await?.into_iter().collect();
    let all: Vec<EntityKey> = catalog.inventory(None).try_concat().await?;
    let theirs: BTreeSet<EntityKey> = all
        .into_iter()
        .filter(|key| !ours.contains(key) && written.ledgers.contains_key(&key.blueprint))
        .collect();
    let facts = Facts {
        prepared,
        listed,
        since,
        worded_otherwise: worded_otherwise(prepared),
        fed: theirs.iter().map(|key| key.blueprint.clone()).collect(),
    };
    let mut sorts = Sorts::new();
    for (blueprint, rehearsed) in &written.rehearsed {
        for step in &rehearsed.steps {
            let key = EntityKey { blueprint: blueprint.clone(), identifier: step.identifier.clone() };
            let is_theirs = theirs.contains(&key);
            for (explanation, what) in facts.of_step(&key, step, is_theirs) {
                note(&mut sorts, explanation, what, &key);
            }
        }
    }
    for (blueprint, decision) in decisions {
        let Decision::Delete(ids) = decision else { continue };
        for identifier in ids {
            let key = EntityKey { blueprint: blueprint.clone(), identifier: identifier.clone() };
            if theirs.contains(&key) {
                note(&mut sorts, Some(facts.of_deletion(blueprint)), "would go".to_owned(), &key);
            }
        }
    }
    let mut differences: Vec<PeerDifference> = sorts
        .into_iter()
        .map(|((explanation, what), (count, examples))| PeerDifference { what, explanation, count, examples })
        .collect();
    differences.sort_by_key(|difference| difference.explanation.is_none());
    Ok(PeerReport { entities: theirs.len() as u64, differences })
}

fn note(sorts: &mut Sorts, explanation: Option<Explanation>, what: String, key: &EntityKey) {
    let (count, examples) = sorts.entry((explanation, what)).or_default();
    *count += 1;
    if examples.len() < EXAMPLES {
        examples.push(key.to_string());
    }
}

impl Facts<'_> {
    /// Each way in which an entity differs, and why.
    fn of_step(
        &self,
        key: &EntityKey,
        step: &PlannedStep,
        is_theirs: bool,
    ) -> Vec<(Option<Explanation>, String)> {
        match &step.planned {
            Planned::Create => {
                vec![(self.of_creation(&key.blueprint, step), format!("{}: is not there", step.kind))]
            }
            Planned::Blocked { .. } => {
                vec![(Some(Explanation::Identifier), format!("{}: cannot be sent", step.kind))]
            }
            Planned::Update { changes } if is_theirs && is_lost(changes) => {
                vec![(Some(Explanation::Retry), format!("{}: title and properties", step.kind))]
            }
            Planned::Update { changes } if is_theirs => {
                let one = |change: &Change| {
                    let explanation = self.of_change(&key.blueprint, step, change);
                    (explanation, format!("{}: {}", step.kind, change.field))
                };
                changes.iter().map(one).collect()
            }
            // Somebody else's, or found by a search: nothing is known of it.
            Planned::Update { .. } | Planned::Send => Vec::new(),
        }
    }

    fn of_creation(&self, blueprint: &BlueprintId, step: &PlannedStep) -> Option<Explanation> {
        let is_long = matches!(step.kind, Kind::Alert | Kind::Incident | Kind::Service)
            && self.listed.get(&step.kind).is_some_and(|listed| *listed > LISTED_BY_PEER);
        if !self.fed.contains(blueprint) {
            Some(Explanation::Resources)
        } else if self.is_newer(step) {
            Some(Explanation::Changed)
        } else if is_long {
            Some(Explanation::LongListing)
        } else if self.worded_otherwise.contains(&step.kind) {
            Some(Explanation::Filter)
        } else {
            None
        }
    }

    fn of_change(&self, blueprint: &BlueprintId, step: &PlannedStep, change: &Change) -> Option<Explanation> {
        let Change { field, old, new } = change;
        let whole = |kind: Kind| {
            self.prepared.rules.iter().any(|rule| rule.kind == kind && rule.details == Details::Read)
        };
        if *field == Field::Icon {
            Some(Explanation::Icon)
        } else if self.is_of_schedules(blueprint, field) && holds_all(new, old) {
            Some(Explanation::Schedules)
        } else if new.to_string().contains('\u{fffd}') {
            Some(Explanation::Surrogate)
        } else if self.is_newer(step) {
            Some(Explanation::Changed)
        } else if old.is_null() && whole(step.kind) {
            Some(Explanation::Details)
        } else {
            None
        }
    }

    fn of_deletion(&self, blueprint: &BlueprintId) -> Explanation {
        let feeds = |kind: &Kind| {
            let of_kind = self.prepared.rules.iter().filter(|rule| rule.kind == *kind);
            of_kind.map(|rule| &rule.blueprints).any(|fed| *fed == Blueprints::Constant(blueprint.clone()))
        };
        if self.worded_otherwise.iter().any(feeds) { Explanation::Filter } else { Explanation::Deletion }
    }

    /// Whether on-calls of schedules are written to a field: perhaps of several that belong to one team.
    fn is_of_schedules(&self, blueprint: &BlueprintId, field: &Field) -> bool {
        let Field::Property(property) = field else { return false };
        let mut rules = self.prepared.rules.iter().filter(|rule| rule.kind == Kind::ScheduleOncall);
        rules.any(|rule| {
            rule.blueprints == Blueprints::Constant(blueprint.clone())
                && rule.shape().properties().any(|name| name == &**property)
        })
    }

    fn is_newer(&self, step: &PlannedStep) -> bool {
        matches!((step.updated, self.since), (Some(updated), Some(since)) if updated > since)
    }
}

/// Whether title and properties were lost: nothing of them is stored.
fn is_lost(changes: &[Change]) -> bool {
    let of_title = changes.iter().any(|change| change.field == Field::Title && change.old.is_null());
    let properties = changes.iter().filter(|change| matches!(change.field, Field::Property(_)));
    let mut properties = properties.peekable();
    of_title && properties.peek().is_some() && properties.all(|change| change.old.is_null())
}

/// Whether a list holds everything that the other one holds; null holds nothing.
fn holds_all(larger: &Value, smaller: &Value) -> bool {
    let list = |value: &Value| value.as_array().map(<[Value]>::to_vec);
    let Some(larger) = list(larger) else { return false };
    list(smaller).unwrap_or_default().iter().all(|one| larger.contains(one))
}

/// Kinds with a filter in which some name or value reads otherwise in the query of Port's integration: in snake case, with
/// Python's `True`, without quotes.
fn worded_otherwise(prepared: &Prepared) -> BTreeSet<Kind> {
    let reads_otherwise = |field: &crate::config::mapping::ApiQueryField| {
        let is_camel = field.name.contains(|char: char| char.is_uppercase() || char == '_');
        let needs_quotes = field.value.as_str().is_some_and(|text| text.contains(char::is_whitespace));
        is_camel || needs_quotes || field.value.is_boolean()
    };
    let filtered = prepared.mapping.resources.iter().filter(|resource| {
        let fields = resource.selector.api_query.iter().flat_map(|query| &query.fields);
        fields.into_iter().any(reads_otherwise)
    });
    filtered.map(|resource| resource.kind).collect()
}

/// How many records each kind gave.
pub(super) fn listed(harvested: &[Harvested]) -> BTreeMap<Kind, u64> {
    let mut listed = BTreeMap::new();
    for one in harvested {
        *listed.entry(one.kind).or_default() += one.listed;
    }
    listed
}
