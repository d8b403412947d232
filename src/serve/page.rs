//! The page for people at `/`: plain, without scripts, and without anything secret.

use std::fmt::Write as _;
use std::time::Duration;

use super::queue::Depth;
use crate::report::Exit;

/// What the page shows.
#[derive(Debug)]
pub(super) struct Status {
    pub(super) integration: String,
    pub(super) unready: Option<&'static str>,
    pub(super) last: Option<Last>,
    pub(super) passes: Passes,
    pub(super) depth: Depth,
    pub(super) kept: Kept,
    pub(super) delivery: Delivery,
}

/// Where passes stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Passes {
    Running,
    Waiting,
    Elsewhere,
}

/// Where events that wait are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kept {
    OnDisk,
    InMemory,
}

/// Whether events are delivered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Delivery {
    GoesOn,
    Paused,
}

/// The last full pass.
#[derive(Clone, Debug)]
pub(super) struct Last {
    pub(super) exit: Exit,
    pub(super) ended: jiff::Timestamp,
    pub(super) duration: Duration,
    pub(super) rows: Vec<Row>,
}

/// A kind in it.
#[derive(Clone, Debug)]
pub(super) struct Row {
    pub(super) kind: &'static str,
    pub(super) listed: u64,
    pub(super) created: u64,
    pub(super) updated: u64,
    pub(super) unchanged: u64,
    pub(super) deleted: u64,
    pub(super) verdict: &'static str,
}

/// The page.
pub(super) fn html(status: &Status) -> String {
    let Status { integration, unready, last, passes, depth, kept, delivery } = status;
    let mut rows = String::new();
    let mut row = |name: &str, value: &str| {
        write!(rows, "<tr><th>{}</th><td>{}</td></tr>", escape(name), escape(value))
            .expect("a text takes everything");
    };
    row("integration", integration);
    row("version", crate::sync::VERSION);
    row("ready", unready.unwrap_or("yes"));
    let passes = match passes {
        Passes::Running => "running",
        Passes::Waiting => "waiting for the next one",
        Passes::Elsewhere => "another replica runs them",
    };
    row("passes", passes);
    let Depth { ready, in_hand, waiting, failed } = depth;
    row("events", &format!("{ready} ready, {in_hand} in hand, {waiting} waiting, {failed} failed"));
    let kept = match kept {
        Kept::OnDisk => "on disk",
        Kept::InMemory => "in memory: a restart loses them",
    };
    row("events are kept", kept);
    if *delivery == Delivery::Paused {
        row("delivery", "paused: most events could not be delivered");
    }
    let mut table = String::new();
    if let Some(Last { exit, ended, duration, rows: kinds }) = last {
        row("last pass", &format!("{} at {ended}, {:.1} s", exit.name(), duration.as_secs_f64()));
        table.push_str(
            "<table><tr><th>kind<th>listed<th>created<th>updated<th>unchanged<th>deleted<th>verdict</tr>",
        );
        for Row { kind, listed, created, updated, unchanged, deleted, verdict } in kinds {
            write!(
                table,
                "<tr><td>{kind}<td>{listed}<td>{created}<td>{updated}<td>{unchanged}<td>{deleted}<td>{verdict}</tr>"
            )
            .expect("a text takes everything");
        }
        table.push_str("</table>");
    }
    format!(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>ocean-opsgenie</title>\
         <style>body{{font:16px system-ui;margin:2em}}table{{border-collapse:collapse;margin:1em 0}}\
         th,td{{text-align:left;padding:.2em 1em .2em 0}}</style><h1>ocean-opsgenie</h1><table>{rows}</table>{table}\
         <p><a href=\"metrics\">metrics</a> · <a href=\"health/ready\">health</a></p></html>\n"
    )
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_from_outside_becomes_markup() {
        let status = Status {
            integration: "<b>&\"".to_owned(),
            unready: Some("no token yet"),
            last: None,
            passes: Passes::Waiting,
            depth: Depth::default(),
            kept: Kept::InMemory,
            delivery: Delivery::Paused,
        };
        let html = html(&status);
        assert!(html.contains("&lt;b&gt;&amp;&quot;") && !html.contains("<b>"), "{html}");
        assert!(html.contains("no token yet") && html.contains("paused"), "{html}");
    }
}
