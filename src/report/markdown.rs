//! The report as Markdown, for the summary page of a CI job.

use std::fmt::Write as _;

use super::text::{describe, line, undo_line};
use super::{BlueprintPlan, Cause, Exit, KindReport, Mode, Report};
use crate::model::Gap;

/// So many rows of each sort are shown; GitHub takes a mebibyte per step
/// (<https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands#step-isolation-and-limits>).
const SHOWN: usize = 20;

/// A text longer than this is cut, in characters.
const TEXT: usize = 300;

/// Renders a report for the summary page of a CI job: the table, what was refused, what guards held, what to do.
pub fn markdown(report: &Report) -> String {
    let mut out = String::new();
    let run = match report.mode {
        Mode::Plan => "plan",
        Mode::Apply => "pass",
    };
    let seconds = report.duration.as_secs_f64();
    let word = report.exit.word();
    line!(out, "## Opsgenie to the catalog: {run} {word}\n");
    let (version, integration) = (report.version, escaped(&report.integration));
    line!(out, "`{integration}` in {seconds:.1} s, exit code {}, version {version}", report.exit.code());
    for cause in &report.causes {
        line!(out, "\n**{}.** {}", escaped(&describe(cause)), what_to_do(cause));
    }
    if !report.kinds.is_empty() {
        line!(
            out,
            "\n| kind | listed | mapped | created | updated | unchanged | refused | deleted | verdict |"
        );
        line!(out, "|---|--:|--:|--:|--:|--:|--:|--:|---|");
        report.kinds.iter().for_each(|row| kind(&mut out, row));
    }
    plan(&mut out, report.plan.iter().flat_map(|plan| &plan.blueprints));
    let kept = report.deletions.iter().filter(|row| row.kept > 0 || row.reason.is_some());
    list(&mut out, "Not deleted", kept, |row| {
        let why = row.reason.as_deref().unwrap_or("other entities depend on them");
        format!("`{}`: {} stay: {}", row.blueprint, row.kept, escaped(why))
    });
    if let Some(undo) = report.undo {
        let line = undo_line(undo, &report.resync);
        line!(out, "\n{}{}.", line[..1].to_uppercase(), escaped(&line[1..]));
    }
    list(&mut out, "Refused", report.refusals.iter(), |row| {
        let examples = escaped(&row.examples.join(", "));
        format!("{} × {} (such as {examples})", row.count, escaped(&row.message))
    });
    list(&mut out, "Expressions that failed", report.expressions.iter(), |row| {
        let place = format!("resource {} ({}) · {}", row.resource, row.kind, row.field);
        format!("{}, {} ×: {}", escaped(&place), row.count, escaped(&row.message))
    });
    list(&mut out, "Warnings", report.warnings.iter(), |warning| escaped(warning));
    out
}

fn kind(out: &mut String, row: &KindReport) {
    let gaps = row.verdict.gaps();
    let mut verdict = Gap::sum_up(gaps).to_owned();
    if let Some(gap) = gaps.first() {
        let _infallible = write!(verdict, ": {}", escaped(&gap.to_string()));
    }
    line!(
        out,
        "| {} | {} | {} | {} | {} | {} | {} | {} | {verdict} |",
        row.kind,
        row.listed,
        row.mapped,
        row.created,
        row.updated,
        row.unchanged,
        row.refused,
        row.deleted
    );
}

fn plan<'p>(out: &mut String, plans: impl Iterator<Item = &'p BlueprintPlan>) {
    let mut plans = plans.peekable();
    if plans.peek().is_some() {
        line!(out, "\n| blueprint | create | update | unchanged | delete | blocked |");
        line!(out, "|---|--:|--:|--:|--:|--:|");
    }
    for BlueprintPlan { blueprint, create, update, unchanged, delete, blocked, steps: _ } in plans {
        line!(out, "| {} | {create} | {update} | {unchanged} | {delete} | {blocked} |", escaped(blueprint));
    }
}

fn list<T>(out: &mut String, title: &str, rows: impl Iterator<Item = T>, text: impl Fn(T) -> String) {
    let mut rows = rows.peekable();
    if rows.peek().is_some() {
        line!(out, "\n### {title}\n");
    }
    for row in rows.by_ref().take(SHOWN) {
        line!(out, "- {}", text(row));
    }
    let more = rows.count();
    if more > 0 {
        line!(out, "- … and {more} more");
    }
}

/// What a person may do about a cause.
fn what_to_do(cause: &Cause) -> &'static str {
    match cause.exit() {
        Exit::Interrupted | Exit::Terminated => "Nothing was deleted; run it again.",
        Exit::Configuration => "Mend the settings or the mapping; nothing was written.",
        Exit::Permission => "Check the key or secret and its rights.",
        Exit::Unexpected => "Please report it.",
        Exit::Unavailable => "Run it again later.",
        Exit::Incomplete => "Nothing was deleted for what was not seen whole; run it again.",
        Exit::Guarded => "Look at what would go before you allow it.",
        Exit::Refused => "Mend the mapping or the blueprint; the reasons are below.",
        Exit::Done | Exit::Due | Exit::Mismatch => "",
    }
}

/// A text from elsewhere, as part of a line: neither table nor HTML.
fn escaped(text: &str) -> String {
    let mut out = String::new();
    for letter in text.chars().take(TEXT) {
        match letter {
            '|' => out.push_str("\\|"),
            '<' => out.push_str("&lt;"),
            '&' => out.push_str("&amp;"),
            letter if letter.is_control() => out.push(' '),
            letter => out.push(letter),
        }
    }
    if text.chars().nth(TEXT).is_some() {
        out.push('…');
    }
    out
}
