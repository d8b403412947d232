//! What `undo` found and did.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde::Serialize;

use super::style::Style;
use super::table::{Column, Table};
use super::text::{describe, line};
use super::{Cause, Exit, Refusal, code};
use crate::model::BlueprintId;

/// A run that deleted something.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RunReport {
    /// Its id.
    pub run: String,
    /// When it began, as RFC 3339 has it.
    pub began: String,
    /// How many entities went, by blueprint.
    pub deleted: BTreeMap<String, u64>,
}

/// Renders runs.
pub fn runs_text(runs: &[RunReport], style: Style) -> String {
    if runs.is_empty() {
        return "no run that is kept has deleted anything\n".to_owned();
    }
    let columns = [Column::Text("run"), Column::Text("began"), Column::Prose("deleted")];
    let mut table = Table::without_heading(columns);
    for RunReport { run, began, deleted } in runs {
        let counts: Vec<String> =
            deleted.iter().map(|(blueprint, count)| format!("{blueprint} {count}")).collect();
        let deleted = format!("deleted: {}", counts.join(", "));
        table.row([run.as_str().into(), began.as_str().into(), deleted.into()]);
    }
    table.render(style)
}

/// What was put back of what a run deleted.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct UndoReport {
    /// The run.
    pub run: String,
    /// What the program's exit code will be.
    #[serde(rename = "exitCode", serialize_with = "code")]
    pub exit: Exit,
    /// Everything that kept it from being simply done.
    pub causes: Vec<Cause>,
    /// Per blueprint.
    pub blueprints: Vec<PutBack>,
    /// Entities that the catalog refused, the same message once.
    pub refusals: Vec<Refusal>,
}

/// What was put back into a blueprint.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PutBack {
    /// Which blueprint.
    pub blueprint: String,
    /// Entities that are back, and pinned.
    pub put_back: u64,
    /// Entities that were there already, and were left as they are.
    pub there: u64,
    /// The first of those.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub such_as: Vec<String>,
    /// Entities that could not be put back.
    pub refused: u64,
    /// Why none of them could; where it is the catalog's word, it is among the refusals.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

impl UndoReport {
    /// A report of which nothing is known yet.
    pub fn new(run: &str) -> Self {
        let (causes, blueprints, refusals) = (Vec::new(), Vec::new(), Vec::new());
        Self { run: run.to_owned(), exit: Exit::Done, causes, blueprints, refusals }
    }

    /// The row of a blueprint.
    pub fn row(&mut self, blueprint: &BlueprintId) -> &mut PutBack {
        let at = self.blueprints.iter().position(|row| row.blueprint == blueprint.as_str());
        let at = at.unwrap_or_else(|| {
            self.blueprints.push(PutBack { blueprint: blueprint.to_string(), ..PutBack::default() });
            self.blueprints.len() - 1
        });
        &mut self.blueprints[at]
    }

    /// Settles the exit code.
    #[must_use]
    pub fn settled(mut self) -> Self {
        let refused: u64 = self.blueprints.iter().map(|row| row.refused).sum();
        if refused > 0 {
            let entities = if refused == 1 { "entity" } else { "entities" };
            self.causes.push(Cause::Refused(format!("{refused} {entities} could not be put back")));
        }
        self.exit = Exit::of(&self.causes);
        self
    }
}

/// Renders what was put back.
pub fn undo_text(report: &UndoReport) -> String {
    let mut out = String::new();
    for row in &report.blueprints {
        let mut text = format!("{}: {} put back", row.blueprint, row.put_back);
        if row.there > 0 {
            let more = if row.there > row.such_as.len() as u64 { ", …" } else { "" };
            let _infallible = write!(
                text,
                ", {} there already and left alone ({}{more})",
                row.there,
                row.such_as.join(", ")
            );
        }
        if row.refused > 0 {
            let _infallible = write!(text, ", {} not", row.refused);
        }
        if let Some(reason) = &row.reason {
            let _infallible = write!(text, ": {reason}");
        }
        line!(out, "{text}");
    }
    for refusal in &report.refusals {
        line!(out, "refused by the catalog: {} ({} ×)", refusal.message, refusal.count);
        line!(out, "  such as {}", refusal.examples.join(", "));
    }
    let back: u64 = report.blueprints.iter().map(|row| row.put_back).sum();
    let pinned = if back > 0 { ", which stay until a pass makes them again" } else { "" };
    line!(out, "{}: {back} put back{pinned}", report.exit.word());
    for cause in &report.causes {
        line!(out, "  {}", describe(cause));
    }
    if report.exit != Exit::Done {
        line!(out, "  exit code {}", report.exit.code());
    }
    out
}
