//! A plan as a person reads it: what would be done per blueprint, then entities, then what is joined.

use std::fmt::Write as _;

use super::peer::PeerDifference;
use super::plan::{BlueprintPlan, ChangeReport, Detail, LookupReport, PlanReport, StepName, StepReport};
use super::style::{Colour, Style};
use super::table::{Cell, Column, Table};
use super::text::line;

/// A value longer than this is cut, in characters: whoever needs all of it takes the JSON.
const VALUE: usize = 60;

/// So many expressions are named that read a lookup.
const READERS: usize = 3;

/// Renders a plan below the table of the kinds.
pub(super) fn plan(out: &mut String, plan: &PlanReport, style: Style) {
    let paint = style.colour;
    if !plan.set_up.is_empty() {
        line!(out);
    }
    for step in &plan.set_up {
        line!(out, "{} {step}", paint.good("set up:"));
    }
    if !plan.blueprints.is_empty() {
        line!(out);
        out.push_str(&table(&plan.blueprints).render(style));
    }
    for blueprint in plan.blueprints.iter().filter(|plan| !plan.steps.is_empty()) {
        line!(out);
        line!(out, "{}", paint.strong(&blueprint.blueprint));
        steps(out, blueprint, plan.detail, paint);
    }
    if let Some(found) = &plan.peer {
        line!(out);
        let entities = super::text::plural(found.entities, "entity", "entities");
        line!(out, "{} {entities}", paint.strong("written by Port's integration:"));
        for one in &found.differences {
            line!(out, "  {}", difference(one, paint));
        }
    }
    if !plan.lookups.is_empty() {
        line!(out);
        line!(out, "{}", paint.strong("lookups"));
    }
    for one in &plan.lookups {
        line!(out, "  {}", lookup(one));
    }
}

fn table(plans: &[BlueprintPlan]) -> Table<6> {
    let numbers = ["create", "update", "unchanged", "delete", "blocked"].map(Column::Number);
    let [create, update, unchanged, delete, blocked] = numbers;
    let mut table = Table::new([Column::Text("blueprint"), create, update, unchanged, delete, blocked]);
    for plan in plans {
        let BlueprintPlan { blueprint, create, update, unchanged, delete, blocked, steps: _ } = plan;
        let numbers = [create, update, unchanged, delete, blocked].map(|number| Cell::from(*number));
        let [create, update, unchanged, delete, blocked] = numbers;
        table.row([blueprint.as_str().into(), create, update, unchanged, delete, blocked]);
    }
    table
}

fn steps(out: &mut String, plan: &BlueprintPlan, detail: Detail, paint: Colour) {
    let sorts: [(&[StepName], u64); 4] = [
        (&[StepName::Create], plan.create),
        (&[StepName::Update, StepName::Send], plan.update),
        (&[StepName::Delete], plan.delete),
        (&[StepName::Blocked], plan.blocked),
    ];
    for (names, count) in sorts {
        let of_sort = plan.steps.iter().filter(|step| names.contains(&step.step));
        let most = match detail {
            Detail::Samples => crate::apply::Keep::Samples.most(),
            Detail::Whole => usize::MAX,
        };
        let mut shown = 0;
        for step in of_sort.take(most) {
            shown += 1;
            line!(out, "  {}", summary(step, detail, paint));
            if detail == Detail::Whole {
                for ChangeReport { field, old, new } in &step.changes {
                    line!(out, "      {field}: {} → {}", cut(old), cut(new));
                }
            }
        }
        let left = count.saturating_sub(shown);
        // What is blocked with its whole blueprint has no steps; the refusals below tell it.
        if left > 0 && shown > 0 {
            line!(out, "  … and {left} more to {}; all of them with --detail", verb(names[0]));
        }
    }
}

fn verb(step: StepName) -> &'static str {
    match step {
        StepName::Create => "create",
        StepName::Update => "update",
        StepName::Send => "send",
        StepName::Delete => "delete",
        StepName::Blocked => "block",
    }
}

fn summary(step: &StepReport, detail: Detail, paint: Colour) -> String {
    let word = match step.step {
        StepName::Create => paint.good("create"),
        StepName::Update | StepName::Send => paint.warning(verb(step.step)),
        StepName::Delete => paint.bad("delete"),
        StepName::Blocked => paint.bad("blocked"),
    };
    let mut text = format!("{word} {}", step.identifier);
    match (&step.reason, &step.title) {
        (Some(reason), _) => {
            let _infallible = write!(text, ": {reason}");
        }
        (None, _) if !step.changes.is_empty() && detail == Detail::Samples => {
            let fields: Vec<&str> = step.changes.iter().map(|change| change.field.as_str()).collect();
            let _infallible = write!(text, ": {}", fields.join(", "));
        }
        (None, Some(title)) if step.step == StepName::Create => {
            let _infallible = write!(text, " {}", cut(title));
        }
        _ => {}
    }
    text
}

fn cut(value: &serde_json::Value) -> String {
    let text = value.to_string();
    match text.char_indices().nth(VALUE) {
        None => text,
        Some((end, _)) => format!("{}…", &text[..end]),
    }
}

fn difference(one: &PeerDifference, paint: Colour) -> String {
    let PeerDifference { what, explanation, count, examples } = one;
    let why = match explanation {
        Some(explanation) => paint.good(&format!("explained by {}", explanation.row())),
        None => paint.bad("unexplained"),
    };
    format!("{count} × {what}: {why} (such as {})", examples.join(", "))
}

/// Whether a lookup is made, and why.
pub(super) fn lookup(one: &LookupReport) -> String {
    let LookupReport { lookup, kind, read_by } = one;
    let named = &read_by[..read_by.len().min(READERS)];
    match read_by.len() - named.len() {
        _ if named.is_empty() => format!("off  {lookup} of {kind}: nothing in the mapping asks for it"),
        0 => format!("on   {lookup} of {kind}: read by {}", named.join(", ")),
        more => format!("on   {lookup} of {kind}: read by {} and {more} more", named.join(", ")),
    }
}
