//! The report as a person reads it: a table to take in within ten seconds, then what needs attention.

use std::fmt::Write as _;
use std::time::Duration;

use super::plan_text::plan;
use super::style::{Colour, Style, Tone};
use super::table::{Cell, Column, Table};
use super::{Cause, Exit, ExpressionReport, KindReport, Mode, NullReport, Report, Traffic, Undo};
use crate::model::Gap;

/// How many expressions and refusals are shown; all of them are in the JSON.
const SHOWN: usize = 10;

/// Renders a report.
pub fn text(report: &Report, style: Style) -> String {
    let mut out = String::new();
    let paint = style.colour;
    out.push_str(&table(&report.kinds).render(style));
    if let Some(found) = &report.plan {
        plan(&mut out, found, style);
    }
    deletions(&mut out, report);
    attention(&mut out, report, paint);
    traffic(&mut out, "Opsgenie", &report.opsgenie);
    traffic(&mut out, "catalog", &report.catalog);
    if report.progress.calls > 0 {
        traffic(&mut out, "progress", &report.progress);
    }
    closing(&mut out, report, paint);
    out
}

/// Appends a line; writing to a string cannot fail.
macro_rules! line {
    ($out:expr) => { $out.push('\n') };
    ($out:expr, $($arg:tt)*) => {{
        let _infallible = writeln!($out, $($arg)*);
    }};
}
pub(super) use line;

fn table(kinds: &[KindReport]) -> Table<8> {
    let [listed, mapped, created, updated, unchanged, refused] =
        ["listed", "mapped", "created", "updated", "unchanged", "refused"].map(Column::Number);
    let (kind, verdict) = (Column::Text("kind"), Column::Prose("verdict"));
    let mut table = Table::new([kind, listed, mapped, created, updated, unchanged, refused, verdict]);
    for row in kinds {
        let numbers = [row.listed, row.mapped, row.created, row.updated, row.unchanged, row.refused];
        let [listed, mapped, created, updated, unchanged, refused] = numbers.map(Cell::from);
        let kind = row.kind.name().into();
        table.row([kind, listed, mapped, created, updated, unchanged, refused, verdict_of(row)]);
    }
    table
}

fn verdict_of(kind: &KindReport) -> Cell {
    let gaps = kind.verdict.gaps();
    let word = Gap::sum_up(gaps);
    match gaps {
        [] => Cell::toned(Tone::Good, word),
        [gap] => Cell::toned(Tone::Warning, format!("{word}: {gap}")),
        [gap, rest @ ..] => Cell::toned(Tone::Warning, format!("{word}: {gap} (and {} more)", rest.len())),
    }
}

fn deletions(out: &mut String, report: &Report) {
    let mut shown = report
        .deletions
        .iter()
        .filter(|row| (row.deleted > 0 && report.plan.is_none()) || row.kept > 0 || row.reason.is_some())
        .peekable();
    if shown.peek().is_some() {
        line!(out);
    }
    for row in shown {
        let mut text = format!("{}: {} deleted", row.blueprint, row.deleted);
        if row.kept > 0 {
            let _infallible = write!(text, ", {} kept", row.kept);
        }
        if let Some(reason) = &row.reason {
            let _infallible = write!(text, ": {reason}");
        }
        line!(out, "{text}");
    }
    if let Some(undo) = report.undo {
        line!(out, "{}", undo_line(undo, &report.resync));
    }
}

/// How what was deleted can be put back.
pub(super) fn undo_line(undo: Undo, run: &str) -> String {
    match undo {
        Undo::Run => format!("what was deleted can be put back: ocean-opsgenie undo {run}"),
        Undo::Never => "what was deleted cannot be put back: OCEAN__STATE_DIR is not set".to_owned(),
    }
}

fn attention(out: &mut String, report: &Report, paint: Colour) {
    for refusal in report.refusals.iter().take(SHOWN) {
        line!(out);
        line!(
            out,
            "{} refused by the catalog: {}",
            paint.bad(&plural(refusal.count, "entity", "entities")),
            refusal.message
        );
        line!(out, "  such as {}", refusal.examples.join(", "));
    }
    rest(out, report.refusals.len());
    for fault in report.expressions.iter().take(SHOWN) {
        line!(out);
        expression(out, fault, paint);
    }
    rest(out, report.expressions.len());
    null_for_all(out, &report.nulls, paint);
    if !report.warnings.is_empty() {
        line!(out);
    }
    for warning in &report.warnings {
        line!(out, "{} {warning}", paint.warning("warning:"));
    }
}

fn expression(out: &mut String, fault: &ExpressionReport, paint: Colour) {
    let items = plural(fault.count, "item", "items");
    let place = format!("resource {} ({}) · {}", fault.resource, fault.kind, fault.field);
    line!(out, "{} failed for {items}: {}", paint.warning(&place), fault.message);
    line!(out, "  {}", fault.expression);
    line!(out, "  such as {}", fault.examples.join(", "));
}

/// An expression that failed, as it stands in a report.
impl std::fmt::Display for ExpressionReport {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut out = String::new();
        expression(&mut out, self, Colour::None);
        f.write_str(out.trim_end())
    }
}

/// Fields that were null for every entity, as they stand in a report; empty where there are none.
pub fn always_null(nulls: &[NullReport]) -> String {
    let mut out = String::new();
    null_for_all(&mut out, nulls, Colour::None);
    out.trim().to_owned()
}

/// Fields that were null for every entity, by resource. Null for some is nothing unusual, and in the JSON.
fn null_for_all(out: &mut String, nulls: &[NullReport], paint: Colour) {
    let always: Vec<_> = nulls.iter().filter(|field| field.count >= field.of).collect();
    let shown = &always[..always.len().min(SHOWN)];
    for fields in shown.chunk_by(|one, other| (one.resource, one.of) == (other.resource, other.of)) {
        let [first, ..] = fields else { continue };
        let place = format!("resource {} ({})", first.resource, first.kind);
        line!(out);
        line!(out, "{} null for all {}:", paint.warning(&place), plural(first.of, "entity", "entities"));
        for field in fields {
            line!(out, "  {}: {}", field.field, field.expression);
        }
    }
    rest(out, always.len());
}

fn rest(out: &mut String, count: usize) {
    if count > SHOWN {
        line!(out, "… and {} more; all of them with --output json", count - SHOWN);
    }
}

fn traffic(out: &mut String, side: &str, traffic: &Traffic) {
    if side == "Opsgenie" {
        line!(out);
    }
    let mut text = format!(
        "{side:<8}  {}, {} sent, {} received",
        plural(traffic.calls, "call", "calls"),
        bytes(traffic.bytes_sent),
        bytes(traffic.bytes_received)
    );
    if traffic.retries > 0 {
        let _infallible = write!(text, ", {}", plural(traffic.retries, "retry", "retries"));
    }
    if traffic.waited >= Duration::from_millis(50) {
        let _infallible = write!(text, ", waited {}", duration(traffic.waited));
    }
    line!(out, "{text}");
}

fn closing(out: &mut String, report: &Report, paint: Colour) {
    let sum = |count: fn(&KindReport) -> u64| report.kinds.iter().map(count).sum::<u64>();
    let (created, updated, unchanged) = (sum(|k| k.created), sum(|k| k.updated), sum(|k| k.unchanged));
    let refused = sum(|k| k.refused);
    let deleted: u64 = report.deletions.iter().map(|row| row.deleted).sum();
    let verb = match report.mode {
        Mode::Plan => "would be ",
        Mode::Apply => "",
    };
    let mut counts =
        format!("{created} {verb}created, {updated} updated, {unchanged} unchanged, {deleted} deleted");
    if refused > 0 {
        let _infallible = write!(counts, ", {refused} refused");
    }
    line!(out);
    let word = match report.exit {
        Exit::Done | Exit::Due => paint.good(report.exit.word()),
        Exit::Incomplete | Exit::Guarded | Exit::Refused => paint.warning(report.exit.word()),
        _ => paint.bad(report.exit.word()),
    };
    line!(out, "{word} in {}: {counts}", duration(report.duration));
    for cause in &report.causes {
        line!(out, "  {}", describe(cause));
    }
    if report.exit != Exit::Done {
        line!(out, "  exit code {}", report.exit.code());
    }
}

pub(super) fn describe(cause: &Cause) -> String {
    let what = match cause {
        Cause::Stopped(_) => "stopped",
        Cause::Configuration(_) => "configuration",
        Cause::Permission(_) => "permission",
        Cause::Unexpected(_) => "unexpected",
        Cause::Unavailable(_) => "unavailable",
        Cause::Incomplete(_) => "incomplete",
        Cause::Guarded(_) => "not deleted",
        Cause::Refused(_) => "refused",
    };
    format!("{what}: {}", cause.detail())
}

pub(super) fn plural(count: u64, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}

/// Bytes in the unit a person would choose.
fn bytes(count: u64) -> String {
    #[expect(clippy::cast_precision_loss, reason = "three digits are shown")]
    let count_f = count as f64;
    if count < 1_000 {
        format!("{count} B")
    } else if count < 1_000_000 {
        format!("{:.1} kB", count_f / 1e3)
    } else {
        format!("{:.1} MB", count_f / 1e6)
    }
}

/// A duration in the unit a person would choose.
fn duration(duration: Duration) -> String {
    if duration < Duration::from_secs(1) {
        format!("{} ms", duration.as_millis())
    } else {
        format!("{:.1} s", duration.as_secs_f64())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Gap, Kind};
    use crate::report::{DeletionReport, NullReport, Refusal};

    fn null(field: &str, expression: &str, count: u64) -> NullReport {
        NullReport {
            resource: 1,
            kind: "alert".into(),
            field: field.into(),
            expression: expression.into(),
            count,
            of: 1057,
            examples: vec!["a".into(), "b".into(), "c".into()],
        }
    }

    fn report() -> Report {
        let service = KindReport { listed: 8, mapped: 8, created: 8, ..KindReport::new(Kind::Service) };
        let mut alert = KindReport {
            listed: 1060,
            mapped: 1057,
            created: 57,
            unchanged: 998,
            ..KindReport::new(Kind::Alert)
        };
        alert.refused = 2;
        alert.verdict.add(Gap::Listing("500 for GET /v2/alerts".into()));
        Report {
            version: "0.1.0",
            integration: "my-og".into(),
            resync: "00000000-0000-4000-8000-000000000000".into(),
            mode: Mode::Apply,
            duration: Duration::from_millis(1234),
            exit: Exit::Done,
            faults: Vec::new(),
            causes: vec![
                Cause::Incomplete("alert: the listing failed".into()),
                Cause::Refused("2 entities".into()),
            ],
            kinds: vec![service, alert],
            plan: None,
            deletions: vec![DeletionReport {
                blueprint: "opsGenieAlert".into(),
                deleted: 0,
                kept: 3,
                reason: Some("kind `alert` is incomplete".into()),
            }],
            undo: None,
            refusals: vec![Refusal {
                message: "blueprint_schema_mismatch: \"x\" is no url".into(),
                count: 2,
                examples: vec!["opsGenieAlert/a".into(), "opsGenieAlert/b".into()],
            }],
            expressions: vec![ExpressionReport {
                resource: 1,
                kind: "alert".into(),
                field: "properties.integration".into(),
                expression: ".integration.name".into(),
                count: 4,
                examples: vec!["a".into()],
                message: "Cannot index string with \"name\"".into(),
            }],
            nulls: vec![
                null("properties.url", ".links.web", 1057),
                null("properties.owner", ".owner", 3),
                null("relations.team", ".team.id", 1057),
            ],
            warnings: vec!["`OCEAN__PORT__CLIENTID` is unknown".into()],
            opsgenie: Traffic { calls: 25, bytes_received: 120_400, ..Traffic::default() },
            catalog: Traffic {
                calls: 1,
                retries: 2,
                bytes_sent: 2_345_678,
                waited: Duration::from_secs(3),
                ..Traffic::default()
            },
            progress: Traffic { calls: 9, bytes_sent: 4_321, ..Traffic::default() },
        }
        .settled()
    }

    #[test]
    fn a_person_reads_it_in_ten_seconds() {
        insta::assert_snapshot!(text(&report(), Style::PLAIN));
    }

    #[test]
    fn the_page_of_a_job_has_the_table_and_what_to_do() {
        let mut report = report();
        report.warnings.push("a | b\n<b>".into());
        insta::assert_snapshot!(crate::report::markdown(&report), @r#"
        ## Opsgenie to the catalog: pass done in part

        `my-og` in 1.2 s, exit code 4, version 0.1.0

        **incomplete: alert: the listing failed.** Nothing was deleted for what was not seen whole; run it again.

        **refused: 2 entities.** Mend the mapping or the blueprint; the reasons are below.

        | kind | listed | mapped | created | updated | unchanged | refused | deleted | verdict |
        |---|--:|--:|--:|--:|--:|--:|--:|---|
        | service | 8 | 8 | 8 | 0 | 0 | 0 | 0 | complete |
        | alert | 1060 | 1057 | 57 | 0 | 998 | 2 | 0 | incomplete: the listing failed: 500 for GET /v2/alerts |

        ### Not deleted

        - `opsGenieAlert`: 3 stay: kind `alert` is incomplete

        ### Refused

        - 2 × blueprint_schema_mismatch: "x" is no url (such as opsGenieAlert/a, opsGenieAlert/b)

        ### Expressions that failed

        - resource 1 (alert) · properties.integration, 4 ×: Cannot index string with "name"

        ### Warnings

        - `OCEAN__PORT__CLIENTID` is unknown
        - a \| b &lt;b>
        "#);
    }

    #[test]
    fn a_program_reads_all_of_it() {
        insta::assert_snapshot!(report().json().expect("a report is JSON"));
    }
}
