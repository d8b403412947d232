//! What may be deleted: a decision on values, made once at the end of a pass.
//!
//! Candidates are what the catalog holds under our stamp, last changed before the pass began, that the pass neither
//! produced nor pointed at, and that nobody put back. From these, per blueprint, comes exactly one [`Decision`]. In doubt nothing is deleted: a
//! wrong deletion cannot be mended.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use super::field::{Rule, Target};
use super::ledger::{Ledger, Pointed};
use crate::model::{BlueprintId, EntityId, EntityKey, Gap, Kind, Verdict};

/// The ratio guard looks away up to this many deletions: in a blueprint of a dozen entities a few make any ratio.
pub const RATIO_FREE: u64 = 10;

/// So many candidates of a filtered resource are looked up at the source.
pub const FILTER_SAMPLE: usize = 20;

/// Whether a rule's entities have keys of their own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Naming {
    /// By identifier.
    Exact,
    /// By a search in the catalog: which entity it meets is not known here, so its blueprint is left alone.
    Search,
}

/// Whether a resource asks the source for everything.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Filter {
    /// It does: nothing listed means that nothing exists.
    None,
    /// It asks for a part (open alerts), which may rightly come to nothing. Then a look at the source decides.
    Source(FilterCheck),
}

/// What became of the look at the source: an unfiltered probe answers, and each of up to [`FILTER_SAMPLE`] candidates,
/// read by id, is gone or outside the filter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FilterCheck {
    /// Nobody looked.
    NotRun,
    /// Every candidate looked at is rightly out.
    Passed,
    /// The probe did not answer, or a candidate is still in.
    Failed(String),
}

/// A rule as deletion sees it.
#[derive(Clone, Debug)]
pub struct Feeder {
    /// Its kind, target and fields.
    pub rule: Rule,
    /// How its entities are named.
    pub naming: Naming,
    /// Whether it asks for everything.
    pub filter: Filter,
}

/// What a pass saw of one kind.
#[derive(Clone, Debug)]
pub struct Seen {
    /// How many records the source listed.
    pub listed: u64,
    /// Whether that was all of them.
    pub verdict: Verdict,
}

/// What the catalog holds of ours in one blueprint, read after the last write.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Held {
    /// Listed, and produced by this pass.
    pub kept: u64,
    /// Listed, not produced, but an entity of this pass points at it: it must stay.
    pub pointed: u64,
    /// Listed, neither produced nor pointed at, and put back by `undo` after a pass had deleted it: it stays until a pass
    /// produces it again.
    pub pinned: u64,
    /// Listed, and none of these.
    pub stale: Vec<EntityId>,
    /// Existed before, was changed by this pass, and so may be missing from the list.
    pub rewritten: u64,
}

impl Held {
    /// How many of ours were there before the pass, at least. Whether a rewritten entity is still listed depends on the
    /// catalog, so the larger of the two counts stands for both: in doubt the number is too small and the ratio guard
    /// too strict.
    pub fn ours(&self) -> u64 {
        self.kept.max(self.rewritten) + self.pointed + self.pinned + self.stale.len() as u64
    }
}

/// The inventory: what the catalog holds under our stamp. The only source of deletions, never of comparisons.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Inventory {
    held: BTreeMap<BlueprintId, Held>,
    pins: BTreeSet<EntityKey>,
}

impl Inventory {
    /// An empty one that knows what was put back.
    pub fn with_pins(pins: BTreeSet<EntityKey>) -> Self {
        Self { held: BTreeMap::new(), pins }
    }

    /// Adds one listed entity. `ledgers` and `pointed` are those of the whole pass.
    pub fn add(
        &mut self,
        blueprint: &BlueprintId,
        identifier: EntityId,
        ledgers: &BTreeMap<BlueprintId, Ledger>,
        pointed: &Pointed,
    ) {
        if !self.held.contains_key(blueprint) {
            self.held.insert(blueprint.clone(), Held::default());
        }
        let Some(held) = self.held.get_mut(blueprint) else { return };
        if ledgers.get(blueprint).is_some_and(|ledger| ledger.produced(identifier.as_str())) {
            held.kept += 1;
        } else if pointed.contains(blueprint, identifier.as_str()) {
            held.pointed += 1;
        } else if self.pins.is_empty() {
            held.stale.push(identifier);
        } else {
            let key = EntityKey { blueprint: blueprint.clone(), identifier };
            if self.pins.contains(&key) {
                held.pinned += 1;
            } else {
                held.stale.push(key.identifier);
            }
        }
    }

    /// Notes how many entities that existed before were changed in `blueprint` by this pass.
    pub fn note_rewritten(&mut self, blueprint: &BlueprintId, count: u64) {
        if let Some(held) = self.held.get_mut(blueprint) {
            held.rewritten = count;
        }
    }

    /// What is held, by blueprint.
    pub fn held(&self) -> &BTreeMap<BlueprintId, Held> {
        &self.held
    }

    /// Candidates that a filter check should look at: evenly spread, at most [`FILTER_SAMPLE`].
    pub fn sample(&self, blueprint: &BlueprintId) -> Vec<&EntityId> {
        let Some(held) = self.held.get(blueprint) else { return Vec::new() };
        let step = held.stale.len().div_ceil(FILTER_SAMPLE).max(1);
        held.stale.iter().step_by(step).collect()
    }
}

/// How much deletion the mapping and the caller allow.
#[derive(Clone, Debug, PartialEq)]
pub struct Policy {
    /// Whether anything may go at all.
    pub permission: Permission,
    /// `entityDeletionThreshold` of the mapping, 0 to 1.
    pub threshold: f64,
    /// Kinds of which an empty listing is believed.
    pub allow_empty: BTreeSet<Kind>,
}

/// Whether anything may go at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Permission {
    /// As the guards say.
    Guarded,
    /// Nothing: asked for on the command line, or the pass was limited.
    Never,
}

/// What becomes of the stale entities of one blueprint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decision {
    /// They go.
    Delete(Vec<EntityId>),
    /// A guard holds them: loud, and worth an exit code of its own.
    Guarded {
        /// How many would have gone.
        candidates: u64,
        /// Which guard.
        guard: Guard,
    },
    /// Not everything that feeds the blueprint was seen, so nothing is known to be stale.
    Protected {
        /// How many would have gone.
        candidates: u64,
        /// Why.
        protection: Protection,
    },
}

/// Why a blueprint is not deleted from, although everything that feeds it was seen.
#[derive(Clone, Debug, PartialEq)]
pub enum Guard {
    /// The source listed nothing of this kind while we hold entities of the blueprint.
    Empty(Kind),
    /// More than ten would go, and more than the threshold allows.
    Ratio {
        /// How many of ours the blueprint holds.
        ours: u64,
        /// The threshold.
        threshold: f64,
    },
    /// A filtered resource feeds it and the look at the source did not pass.
    Filtered {
        /// Its kind.
        kind: Kind,
        /// What the look gave.
        check: FilterCheck,
    },
}

impl Eq for Guard {}

impl fmt::Display for Guard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty(kind) => {
                write!(
                    f,
                    "the source listed no {kind} at all; name it in OCEAN__DELETION__ALLOW_EMPTY if that is right"
                )
            }
            Self::Ratio { ours, threshold } => {
                write!(
                    f,
                    "that is more than the share of {threshold} of our {ours} entities that \
                     entityDeletionThreshold allows"
                )
            }
            Self::Filtered { kind, check } => {
                write!(f, "{kind} is listed through a filter, and ")?;
                match check {
                    FilterCheck::NotRun => f.write_str("the source was not asked about the missing ones"),
                    FilterCheck::Passed => f.write_str("the source agrees"),
                    FilterCheck::Failed(why) => f.write_str(why),
                }
            }
        }
    }
}

/// Why nothing can be known to be stale.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Protection {
    /// Deletion was not allowed.
    NotAllowed,
    /// `entityDeletionThreshold` is 0: never.
    Threshold,
    /// These kinds feed it and were not seen whole.
    Incomplete(BTreeMap<Kind, Vec<Gap>>),
    /// A resource finds entities of this blueprint by a search.
    Search,
}

impl fmt::Display for Protection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotAllowed => f.write_str("deletion is switched off for this run"),
            Self::Threshold => f.write_str("entityDeletionThreshold is 0, so nothing is ever deleted"),
            Self::Incomplete(kinds) => {
                for (index, (kind, gaps)) in kinds.iter().enumerate() {
                    let separator = if index > 0 { "; " } else { "" };
                    write!(f, "{separator}{kind} is {}", Gap::sum_up(gaps))?;
                    for (index, gap) in gaps.iter().enumerate() {
                        write!(f, "{} {gap}", if index > 0 { "," } else { ":" })?;
                    }
                }
                Ok(())
            }
            Self::Search => f.write_str("a resource finds its entities here by a search"),
        }
    }
}

/// Decides about every blueprint of the inventory that holds stale entities. `seen` has the kinds of the pass; a feeding
/// kind that is missing there was not seen at all. `searched` are the blueprints in which this pass met entities by a
/// search.
pub fn decide(
    inventory: &Inventory,
    feeders: &[Feeder],
    seen: &BTreeMap<Kind, Seen>,
    searched: &BTreeSet<BlueprintId>,
    policy: &Policy,
) -> BTreeMap<BlueprintId, Decision> {
    inventory
        .held
        .iter()
        .filter(|(_, held)| !held.stale.is_empty())
        .map(|(blueprint, held)| {
            let feeding: Vec<&Feeder> = feeders.iter().filter(|feeder| feeds(feeder, blueprint)).collect();
            let candidates = held.stale.len() as u64;
            let decision =
                if let Some(protection) = protection(&feeding, seen, searched.contains(blueprint), policy) {
                    Decision::Protected { candidates, protection }
                } else if let Some(guard) = guard(&feeding, seen, held, policy) {
                    Decision::Guarded { candidates, guard }
                } else {
                    Decision::Delete(held.stale.clone())
                };
            (blueprint.clone(), decision)
        })
        .collect()
}

fn feeds(feeder: &Feeder, blueprint: &BlueprintId) -> bool {
    match &feeder.rule.target {
        Target::Fixed(target) => target == blueprint,
        Target::Dynamic => true,
    }
}

fn protection(
    feeding: &[&Feeder],
    seen: &BTreeMap<Kind, Seen>,
    searched: bool,
    policy: &Policy,
) -> Option<Protection> {
    if policy.permission == Permission::Never {
        return Some(Protection::NotAllowed);
    }
    if policy.threshold <= 0.0 {
        return Some(Protection::Threshold);
    }
    let mut incomplete = BTreeMap::new();
    for kind in feeding.iter().map(|feeder| feeder.rule.kind) {
        match seen.get(&kind) {
            None => {
                let gap = if kind.is_listed() { Gap::Limited } else { Gap::Unlisted };
                incomplete.insert(kind, vec![gap]);
            }
            Some(Seen { listed: _, verdict }) if !verdict.is_complete() => {
                incomplete.insert(kind, verdict.gaps().to_vec());
            }
            Some(_) => {}
        }
    }
    if !incomplete.is_empty() {
        return Some(Protection::Incomplete(incomplete));
    }
    let by_search = searched || feeding.iter().any(|feeder| feeder.naming == Naming::Search);
    by_search.then_some(Protection::Search)
}

fn guard(feeding: &[&Feeder], seen: &BTreeMap<Kind, Seen>, held: &Held, policy: &Policy) -> Option<Guard> {
    let mut filtered = 0;
    for feeder in feeding {
        let kind = feeder.rule.kind;
        match &feeder.filter {
            Filter::None => {
                let nothing = seen.get(&kind).is_none_or(|seen| seen.listed == 0);
                if nothing && !policy.allow_empty.contains(&kind) {
                    return Some(Guard::Empty(kind));
                }
            }
            Filter::Source(FilterCheck::Passed) => filtered += 1,
            Filter::Source(check) => return Some(Guard::Filtered { kind, check: check.clone() }),
        }
    }
    // Only where every resource is filtered does the look at the source stand in for the ratio.
    let vouched = filtered > 0 && filtered == feeding.len();
    (!vouched && too_many(held, policy.threshold))
        .then(|| Guard::Ratio { ours: held.ours(), threshold: policy.threshold })
}

fn too_many(held: &Held, threshold: f64) -> bool {
    let going = held.stale.len() as u64;
    #[expect(clippy::cast_precision_loss, reason = "counts of entities are far below 2^52")]
    let (going_share, ours) = (going as f64, held.ours() as f64);
    threshold < 1.0 && going > RATIO_FREE && going_share > threshold * ours
}

#[cfg(test)]
mod tests;
