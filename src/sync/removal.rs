//! The end of a pass: what of ours is stale, what may go, and its removal.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::keeping::Keeping;
use super::prepare::{Prepared, plan_rule};
use super::{Request, Sides, filter_check};
use crate::apply::{self, Deleted, Written};
use crate::catalog::{Error, Fault, Meaning};
use crate::config::Settings;
use crate::map;
use crate::model::{BlueprintId, EntityKey, Kind, RuleId};
use crate::plan::deletion::{self, Decision, Feeder, Filter, FilterCheck, Naming, Policy, Seen};
use crate::report::{Mode, Undo};

/// What is needed to remove what is stale.
pub(super) struct Removal<'a> {
    pub(super) settings: &'a Settings,
    pub(super) sides: &'a Sides,
    pub(super) request: &'a Request,
    pub(super) prepared: &'a Prepared,
    /// When the pass began, by the catalog's clock.
    pub(super) began: Timestamp,
    /// What outlives the process, if anything does.
    pub(super) keeping: Option<&'a mut Keeping>,
}

/// What became of what is stale.
#[derive(Debug, Default)]
pub(super) struct Removed {
    pub(super) decisions: BTreeMap<BlueprintId, Decision>,
    pub(super) deleted: BTreeMap<BlueprintId, Deleted>,
    /// How many stay because somebody put them back.
    pub(super) pinned: BTreeMap<BlueprintId, u64>,
    /// Whether what was deleted can be put back.
    pub(super) undo: Undo,
    /// Why nothing is known about what is stale.
    pub(super) error: Option<Error>,
    /// Why nothing was looked for.
    pub(super) withheld: Option<&'static str>,
}

impl Removal<'_> {
    /// Reads what is ours, decides, and deletes what may go.
    pub(super) async fn run(self, written: &Written, seen: &BTreeMap<Kind, Seen>) -> Removed {
        if self.request.deletion == deletion::Permission::Never {
            return Removed::default();
        }
        if let Some(why) = doubt(written) {
            return Removed { withheld: Some(why), ..Removed::default() };
        }
        let pins = self.keeping.as_ref().map(|keeping| keeping.pins.clone()).unwrap_or_default();
        let inventory = match apply::inventory(&self.sides.catalog, self.began, written, &pins).await {
            Ok(inventory) => inventory,
            Err(error) => return Removed { error: Some(error), ..Removed::default() },
        };
        let policy = Policy {
            permission: self.request.deletion,
            threshold: self.prepared.mapping.entity_deletion_threshold,
            allow_empty: self.settings.deletion.allow_empty.clone(),
        };
        let checks = filter_check::run(&self.sides.source, &self.prepared.rules, &inventory, seen).await;
        let mut decisions =
            deletion::decide(&inventory, &self.feeders(&checks), seen, &written.searched(), &policy);
        let _held = self.request.interlock.hold_events().await;
        self.spare(&mut decisions);
        let undo = if self.keeping.is_some() { Undo::Run } else { Undo::Never };
        let journal = self.keeping.map(|keeping| &mut keeping.journal);
        let deleted = match self.request.mode {
            Mode::Apply => apply::delete(&self.sides.catalog, &decisions, &written.shapes, journal).await,
            Mode::Plan => BTreeMap::new(),
        };
        let held = inventory.held().iter().filter(|(_, held)| held.pinned > 0);
        let pinned = held.map(|(blueprint, held)| (blueprint.clone(), held.pinned)).collect();
        Removed { decisions, deleted, pinned, undo, ..Removed::default() }
    }

    /// What a live event has found to be as it should be while the pass ran is not stale.
    fn spare(&self, decisions: &mut BTreeMap<BlueprintId, Decision>) {
        for (blueprint, decision) in decisions {
            if let Decision::Delete(ids) = decision {
                ids.retain(|identifier| {
                    let key = EntityKey { blueprint: blueprint.clone(), identifier: identifier.clone() };
                    !self.request.interlock.holds(&key)
                });
            }
        }
    }

    fn feeders(&self, checks: &BTreeMap<RuleId, FilterCheck>) -> Vec<Feeder> {
        let feeder = |rule: &map::Rule| Feeder {
            rule: plan_rule(rule, self.settings),
            naming: if rule.searches() { Naming::Search } else { Naming::Exact },
            filter: match rule.filter() {
                None => Filter::None,
                Some(_) => Filter::Source(checks.get(&rule.id).cloned().unwrap_or(FilterCheck::NotRun)),
            },
        };
        self.prepared.rules.iter().map(feeder).collect()
    }
}

/// Why what this pass wrote says nothing about what is stale.
pub(super) fn doubt(written: &Written) -> Option<&'static str> {
    let failed = |meaning| matches!(meaning, Meaning::Unavailable | Meaning::Denied | Meaning::Broken);
    if written.strays > 0 {
        return Some("what was produced is not fully known");
    }
    // One that does not exist holds nothing that could be stale.
    let gone = |error: &std::sync::Arc<Error>| matches!(error.fault, Fault::Missing(_));
    if written.broken.values().any(|error| !gone(error)) {
        return Some("a blueprint could not be compared");
    }
    let refused = written.tally.refusals().any(|group| failed(group.meaning));
    refused.then_some("the catalog did not take what was written, for reasons of its own")
}
