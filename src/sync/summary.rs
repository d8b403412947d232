//! From what the stages did to the report: counts, causes, warnings.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use uuid::Uuid;

use super::failure::{catalog_cause, source_cause};
use super::fit::Fit;
use super::harvest::{Harvested, sum_by_kind};
use super::prepare::Prepared;
use super::removal::Removed;
use super::{Failure, Request, Sides, VERSION};
use crate::apply::{Deleted, Failed, Written};
use crate::catalog::Meaning;
use crate::config::Settings;
use crate::http::Usage;
use crate::map::{Blueprints, FieldFault, FieldId, FieldNulls, Rule, Rules, Tally};
use crate::model::{BlueprintId, Gap, Kind, Verdict};
use crate::opsgenie;
use crate::plan::deletion::{Decision, Seen};
use crate::report::{
    Cause, DeletionReport, ExpressionReport, KindReport, Mode, NullReport, PlanReport, Refusal, Report,
    Traffic,
};

/// A report in the making.
pub(super) struct Summary {
    report: Report,
    /// Blueprints that do not exist, as was told.
    missing: BTreeSet<BlueprintId>,
    seen: BTreeMap<Kind, Seen>,
}

impl Summary {
    pub(super) fn new(settings: &Settings, request: &Request, resync: Uuid) -> Self {
        let report = Report::new(VERSION, &settings.identifier, &resync.to_string(), request.mode);
        Self { report, missing: BTreeSet::new(), seen: BTreeMap::new() }
    }

    pub(super) fn failure(&mut self, failure: &Failure) {
        self.report.faults = failure.faults().to_vec();
        self.report.causes.extend(failure.cause());
    }

    pub(super) fn cause(&mut self, cause: Cause) {
        if !self.report.causes.contains(&cause) {
            self.report.causes.push(cause);
        }
    }

    pub(super) fn prepared(&mut self, prepared: &Prepared, fit: &Fit) {
        self.report.warnings.extend(prepared.warnings.iter().chain(&fit.unfit).cloned());
        self.missing.clone_from(&fit.missing);
    }

    pub(super) fn warning(&mut self, text: String) {
        self.report.warnings.push(text);
    }

    /// Rows for what a saved plan sends; nothing was listed for it.
    pub(super) fn applying(&mut self, rules: &Rules, by_kind: &BTreeMap<Kind, u64>) {
        let kinds = in_file_order(rules).into_iter().filter(|kind| by_kind.contains_key(kind));
        let row = |kind| KindReport { mapped: by_kind[&kind], ..KindReport::new(kind) };
        self.report.kinds = kinds.map(row).collect();
    }

    /// Counts of the source side, one row per kind of the mapping.
    pub(super) fn harvested(&mut self, prepared: &Prepared, harvested: Vec<Harvested>) {
        let mut by_kind = sum_by_kind(harvested);
        let anything = by_kind.values().any(|kind| kind.listed > 0 || kind.error.is_none());
        for kind in in_file_order(&prepared.rules) {
            let Some(harvested) = by_kind.remove(&kind) else {
                self.report.kinds.push(KindReport {
                    verdict: Verdict::Incomplete(vec![Gap::Limited]),
                    ..KindReport::new(kind)
                });
                continue;
            };
            for cause in causes_of(&harvested, anything) {
                self.cause(cause);
            }
            self.warn_of(&harvested);
            self.report.expressions.extend(expressions(&prepared.rules, &harvested.tally));
            self.report.nulls.extend(nulls(&prepared.rules, &harvested.tally));
            let Harvested { listed, enriched, tally, verdict, duration, .. } = harvested;
            self.seen.insert(kind, Seen { listed, verdict: verdict.clone() });
            self.report.kinds.push(KindReport {
                listed,
                enriched,
                mapped: tally.mapped,
                skipped: tally.skipped,
                unmapped: tally.unmapped + tally.unselected,
                verdict,
                duration,
                ..KindReport::new(kind)
            });
        }
    }

    fn warn_of(&mut self, harvested: &Harvested) {
        for gap in harvested.verdict.gaps() {
            // A key without rights is a cause; a plan without the kind is not.
            let told = harvested.error.as_ref().and_then(source_cause).is_some();
            let silent = match gap {
                Gap::Unmapped(_) => true,
                Gap::Refused(_) => !told,
                _ => false,
            };
            if silent {
                self.report.warnings.push(format!("{}: {gap}; nothing is deleted for it", harvested.kind));
            }
        }
    }

    /// What each kind came to, for the decision about deletion.
    pub(super) fn seen(&self) -> BTreeMap<Kind, Seen> {
        self.seen.clone()
    }

    /// Counts of the catalog side.
    pub(super) fn written(&mut self, written: &Written) {
        let mut refused = 0;
        for row in &mut self.report.kinds {
            if let Some(counts) = written.tally.kinds().get(&row.kind) {
                row.created = counts.created;
                row.updated = counts.updated;
                row.unchanged = counts.unchanged;
                row.refused = counts.refused + counts.lost;
                row.merged = counts.merged;
                refused += counts.refused;
            }
        }
        for group in written.tally.refusals() {
            self.report.refusals.push(Refusal {
                message: group.message.clone(),
                count: group.count,
                examples: group.examples.iter().map(ToString::to_string).collect(),
            });
            let text = || format!("{} ({} entities)", group.message, group.count);
            match group.meaning {
                Meaning::Denied => self.cause(Cause::Permission(text())),
                Meaning::Unavailable => self.cause(Cause::Unavailable(text())),
                Meaning::Broken => self.cause(Cause::Unexpected(text())),
                Meaning::Refused | Meaning::Stopped => {}
            }
        }
        if refused > 0 {
            let entities = if refused == 1 { "entity" } else { "entities" };
            self.cause(Cause::Refused(format!("{refused} {entities}")));
        }
        for (blueprint, error) in written.broken.iter().filter(|(id, _)| !self.missing.contains(*id)) {
            self.report.warnings.push(format!("blueprint `{blueprint}`: {error}"));
        }
        if written.strays > 0 {
            let text =
                format!("{} entities were not taken by any blueprint; please report this", written.strays);
            self.cause(Cause::Unexpected(text));
        }
        for ledger in written.ledgers.values() {
            let (count, examples) = ledger.collisions();
            self.report.warnings.extend(examples.iter().map(ToString::to_string));
            let more = count - examples.len() as u64;
            if more > 0 {
                self.report.warnings.push(format!("and {more} more entities that come from several records"));
            }
        }
    }

    /// What was deleted, and what was kept and why.
    pub(super) fn removed(&mut self, rules: &Rules, removed: Removed) {
        let Removed { decisions, mut deleted, mut pinned, undo, error, withheld } = removed;
        if let Some(why) = withheld {
            self.report.warnings.push(format!("nothing was deleted: {why}"));
        }
        if let Some(error) = error {
            self.report.warnings.push(format!("nothing was deleted: {error}"));
            if let Some(cause) = catalog_cause(&error) {
                self.cause(cause);
            }
        }
        for (blueprint, decision) in &decisions {
            let row = self.decided(blueprint, decision, deleted.remove(blueprint));
            self.deletion(rules, blueprint, with_pinned(row, pinned.remove(blueprint)));
        }
        for (blueprint, count) in pinned {
            let none = DeletionReport { blueprint: blueprint.to_string(), deleted: 0, kept: 0, reason: None };
            self.deletion(rules, &blueprint, with_pinned(none, Some(count)));
        }
        let went = self.report.deletions.iter().any(|row| row.deleted > 0);
        self.report.undo = (went && self.report.mode == Mode::Apply).then_some(undo);
    }

    /// Adds a row, and its counts to the first kind that feeds its blueprint.
    fn deletion(&mut self, rules: &Rules, blueprint: &BlueprintId, row: DeletionReport) {
        let feeds = |rule: &&Rule| rule.blueprints == Blueprints::Constant(blueprint.clone());
        let feeder = rules.iter().find(feeds).map(|rule| rule.kind);
        if let Some(kind) = self.report.kinds.iter_mut().find(|kind| Some(kind.kind) == feeder) {
            kind.deleted += row.deleted;
            kind.kept += row.kept;
        }
        self.report.deletions.push(row);
    }

    fn decided(
        &mut self,
        blueprint: &BlueprintId,
        decision: &Decision,
        deleted: Option<Deleted>,
    ) -> DeletionReport {
        let blueprint = blueprint.to_string();
        match decision {
            Decision::Guarded { candidates, guard } => {
                self.cause(Cause::Guarded(format!("{blueprint}: {candidates} stay: {guard}")));
                DeletionReport { blueprint, deleted: 0, kept: *candidates, reason: Some(guard.to_string()) }
            }
            Decision::Protected { candidates, protection } => {
                let reason = Some(protection.to_string());
                DeletionReport { blueprint, deleted: 0, kept: *candidates, reason }
            }
            Decision::Delete(ids) => {
                let Deleted { deleted, depended_on, failed, failure } = deleted.unwrap_or_default();
                let mut reasons = Vec::new();
                if !depended_on.is_empty() {
                    reasons.push(format!("other entities depend on {}", depended_on.len()));
                }
                if let Some(failure) = &failure {
                    reasons.push(failure.to_string());
                    let cause = match failure {
                        Failed::Call(error) => catalog_cause(error),
                        Failed::Journal(_) => {
                            Some(Cause::Guarded(format!("{blueprint}: {failed} stay: {failure}")))
                        }
                    };
                    if let Some(cause) = cause {
                        self.cause(cause);
                    }
                }
                let planned = self.report.mode == Mode::Plan;
                DeletionReport {
                    blueprint,
                    deleted: if planned { ids.len() } else { deleted.len() } as u64,
                    kept: depended_on.len() as u64 + failed,
                    reason: (!reasons.is_empty()).then(|| reasons.join("; ")),
                }
            }
        }
    }

    /// What a run that only plans found.
    pub(super) fn planned(&mut self, plan: PlanReport) {
        self.report.plan = Some(plan);
    }

    pub(super) fn finish(mut self, sides: &Sides, duration: Duration) -> Report {
        self.report.duration = duration;
        self.report.opsgenie = traffic(&sides.source.usage());
        self.report.catalog = traffic(&sides.catalog.usage());
        self.report.settled()
    }
}

/// A row with what stays because somebody put it back.
fn with_pinned(row: DeletionReport, pinned: Option<u64>) -> DeletionReport {
    let Some(pinned) = pinned else { return row };
    let told = format!("{pinned} put back by `undo`, until a pass makes them again");
    let reason = row.reason.map_or_else(|| told.clone(), |reason| format!("{reason}; {told}"));
    DeletionReport { kept: row.kept + pinned, reason: Some(reason), ..row }
}

/// What failed while records were mapped, as a report tells it: a row per field.
pub fn expressions(rules: &Rules, tally: &Tally) -> Vec<ExpressionReport> {
    let row = |(field, fault): (&FieldId, &FieldFault)| {
        let (rule, name, text) = rules.field(*field);
        ExpressionReport {
            resource: rule.resource + 1,
            kind: rule.kind.to_string(),
            field: name.to_owned(),
            expression: text.to_owned(),
            count: fault.count,
            examples: fault.examples.iter().map(ToString::to_string).collect(),
            message: fault.to_string(),
        }
    };
    tally.faults.iter().map(row).collect()
}

/// Where expressions gave null, as a report tells it: a row per field.
pub fn nulls(rules: &Rules, tally: &Tally) -> Vec<NullReport> {
    let report = |(field, nulls): (&FieldId, &FieldNulls)| {
        let (rule, name, text) = rules.field(*field);
        NullReport {
            resource: rule.resource + 1,
            kind: rule.kind.to_string(),
            field: name.to_owned(),
            expression: text.to_owned(),
            count: nulls.count,
            of: tally.by_rule.get(&rule.id).copied().unwrap_or_default(),
            examples: nulls.examples.iter().map(ToString::to_string).collect(),
        }
    };
    tally.nulls.iter().map(report).collect()
}

fn in_file_order(rules: &Rules) -> Vec<Kind> {
    let mut kinds = Vec::new();
    for rule in rules.iter().filter(|rule| rule.kind.is_listed()) {
        if !kinds.contains(&rule.kind) {
            kinds.push(rule.kind);
        }
    }
    kinds
}

/// What a kind means for the exit code. A side that gave something was not unavailable: then the kind is incomplete.
fn causes_of(harvested: &Harvested, anything: bool) -> Vec<Cause> {
    let kind = harvested.kind;
    let named = |cause: Cause| match cause {
        Cause::Unavailable(text) if anything => Cause::Incomplete(format!("{kind}: {text}")),
        Cause::Incomplete(text) => Cause::Incomplete(format!("{kind}: {text}")),
        other => other,
    };
    let lookups = harvested.failures.iter().map(|failure| (Some(failure.lookup), &failure.error));
    let listing = harvested.error.iter().map(|error| (None, error));
    let of_error = |(lookup, error): (Option<crate::model::Lookup>, &opsgenie::Error)| {
        let cause = source_cause(error)?;
        Some(match (lookup, cause) {
            (Some(lookup), Cause::Unavailable(text) | Cause::Incomplete(text)) => {
                Cause::Incomplete(format!("`{}`: {text}", lookup.name()))
            }
            (_, cause) => cause,
        })
    };
    let mut causes: Vec<Cause> = listing.chain(lookups).filter_map(of_error).map(named).collect();
    for gap in harvested.verdict.gaps() {
        match gap {
            Gap::Selector(_) => causes.push(Cause::Incomplete(format!("{kind}: {gap}"))),
            Gap::Listing(_) | Gap::Unsettled(_) if harvested.error.is_none() => {
                causes.push(Cause::Incomplete(format!("{kind}: {gap}")));
            }
            Gap::Listing(_)
            | Gap::Unsettled(_)
            | Gap::Lookup(..)
            | Gap::Unmapped(_)
            | Gap::Refused(_)
            | Gap::Limited
            | Gap::Unlisted
            | Gap::Stopped => {}
        }
    }
    causes
}

pub(super) fn traffic(usage: &Usage) -> Traffic {
    Traffic {
        calls: usage.calls,
        retries: usage.retries,
        bytes_sent: usage.bytes_out,
        bytes_received: usage.bytes_in,
        waited: usage.waited + usage.paced,
    }
}
