//! From what a rehearsal kept to the part of the report that tells it.

use std::collections::BTreeMap;

use super::Request;
use super::prepare::Prepared;
use crate::apply::{Counts, Planned, PlannedStep, Rehearsed, Written};
use crate::map::Rules;
use crate::model::{BlueprintId, Lookup};
use crate::plan::Change;
use crate::plan::deletion::Decision;
use crate::report::{BlueprintPlan, ChangeReport, Detail, LookupReport, PlanReport, StepName, StepReport};
use crate::value::Value;

/// What a pass would do.
pub(super) fn report(
    prepared: &Prepared,
    request: &Request,
    written: &Written,
    decisions: &BTreeMap<BlueprintId, Decision>,
) -> PlanReport {
    let mut plans: BTreeMap<&BlueprintId, BlueprintPlan> = BTreeMap::new();
    for (blueprint, rehearsed) in &written.rehearsed {
        plans.insert(blueprint, plan(blueprint, rehearsed));
    }
    for (blueprint, decision) in decisions {
        let ids = match decision {
            Decision::Delete(ids) => ids,
            Decision::Guarded { .. } | Decision::Protected { .. } => continue,
        };
        let plan = plans.entry(blueprint).or_insert_with(|| BlueprintPlan::new(blueprint.as_str()));
        plan.delete = ids.len() as u64;
        let steps = ids.iter().take(request.keep.most());
        plan.steps.extend(steps.map(|id| step(StepName::Delete, id.to_string())));
    }
    for plan in plans.values_mut() {
        plan.steps.sort_by(|one, other| (one.step, &one.identifier).cmp(&(other.step, &other.identifier)));
    }
    PlanReport {
        set_up: prepared.set_up.steps.clone(),
        blueprints: plans.into_values().collect(),
        lookups: lookups(&prepared.rules),
        peer: None,
        detail: Detail::Samples,
    }
}

fn plan(blueprint: &BlueprintId, rehearsed: &Rehearsed) -> BlueprintPlan {
    let Rehearsed { counts, steps } = rehearsed;
    let Counts { created, updated, unchanged, refused, lost, merged: _ } = *counts;
    BlueprintPlan {
        create: created,
        update: updated,
        unchanged,
        blocked: refused + lost,
        steps: steps.iter().map(of_step).collect(),
        ..BlueprintPlan::new(blueprint.as_str())
    }
}

fn step(step: StepName, identifier: String) -> StepReport {
    StepReport { step, identifier, kind: None, title: None, changes: Vec::new(), reason: None }
}

fn of_step(kept: &PlannedStep) -> StepReport {
    let PlannedStep { identifier, kind, title, updated: _, planned } = kept;
    let (name, changes, reason) = match planned {
        Planned::Create => (StepName::Create, [].as_slice(), None),
        Planned::Update { changes } => (StepName::Update, changes.as_slice(), None),
        Planned::Send => (StepName::Send, [].as_slice(), None),
        Planned::Blocked { reason } => (StepName::Blocked, [].as_slice(), Some(reason.clone())),
    };
    StepReport {
        kind: Some(kind.name()),
        title: title.as_ref().map(json),
        changes: changes.iter().map(change).collect(),
        reason,
        ..step(name, identifier.to_string())
    }
}

fn change(change: &Change) -> ChangeReport {
    let Change { field, old, new } = change;
    ChangeReport { field: field.to_string(), old: json(old), new: json(new) }
}

/// A value for the report; one that is nested too deeply for it comes as its JSON text.
fn json(value: &Value) -> serde_json::Value {
    serde_json::from_slice(&value.to_bytes()).unwrap_or_else(|_| value.to_string().into())
}

/// The lookups of the kinds that are mapped, with the expressions that may read them.
pub(super) fn lookups(rules: &Rules) -> Vec<LookupReport> {
    let kinds = rules.kinds();
    let named = |lookup: Lookup| LookupReport {
        lookup: lookup.name(),
        kind: lookup.kind().name(),
        read_by: rules
            .readers(lookup)
            .map(|field| {
                let (rule, name, _) = rules.field(field);
                format!("resource {} · {name}", rule.resource + 1)
            })
            .collect(),
    };
    Lookup::ALL.into_iter().filter(|lookup| kinds.contains(&lookup.kind())).map(named).collect()
}
