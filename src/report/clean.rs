//! What `defaults clean` found and did.

use std::fmt::Write as _;

use serde::Serialize;

use super::text::{describe, line};
use super::{Cause, Exit, code};
use crate::config::Diagnostic;

/// What was taken away of what a set-up has made.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CleanReport {
    /// What the program's exit code will be.
    #[serde(rename = "exitCode", serialize_with = "code")]
    pub exit: Exit,
    /// Everything that kept it from being simply done.
    pub causes: Vec<Cause>,
    /// Faults of a folder of resources.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub faults: Vec<Diagnostic>,
    /// Per blueprint, in the order of removal: those that point at others first.
    pub blueprints: Vec<CleanedBlueprint>,
    /// The integration.
    pub integration: CleanedIntegration,
}

/// What became of a default blueprint.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CleanedBlueprint {
    /// Which one.
    pub blueprint: String,
    /// Entities that this installation wrote, before anything was done.
    pub ours: u64,
    /// Entities that others wrote; none when the catalog cannot list them.
    pub others: Option<u64>,
    /// What became of it.
    pub outcome: Cleaned,
    /// Why it is still there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

impl CleanedBlueprint {
    /// Whether it holds nothing, as far as that can be known.
    pub fn is_empty(&self) -> bool {
        self.ours == 0 && self.others == Some(0)
    }

    /// How many entities, by owner, in words.
    pub fn entities(&self) -> String {
        let Self { ours, others, .. } = self;
        match others {
            Some(0) if *ours == 0 => "no entities".to_owned(),
            Some(others) => format!("{} entities: {ours} ours, {others} of others", ours + others),
            None => format!("{ours} entities of ours; whether others wrote there cannot be told"),
        }
    }
}

/// What became of the integration.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CleanedIntegration {
    /// Its identifier.
    pub identifier: String,
    /// What became of it.
    pub outcome: Cleaned,
    /// Why it is still there although it was to go.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// What became of a thing that was to go.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Cleaned {
    /// It was not there.
    Absent,
    /// It is gone.
    Deleted,
    /// The catalog goes on deleting it.
    UnderWay,
    /// It stays.
    Kept,
    /// The catalog did not say what became of it.
    Unknown,
}

impl Cleaned {
    /// Whether it is gone or will be.
    pub fn goes(self) -> bool {
        match self {
            Self::Absent | Self::Deleted | Self::UnderWay => true,
            Self::Kept | Self::Unknown => false,
        }
    }

    fn word(self) -> &'static str {
        match self {
            Self::Absent => "not there",
            Self::Deleted => "deleted",
            Self::UnderWay => "being deleted by the catalog, which goes on",
            Self::Kept => "stays",
            Self::Unknown => "it is not known what became of it",
        }
    }
}

impl CleanReport {
    /// A report of which nothing is known yet.
    pub fn new(identifier: &str) -> Self {
        let integration =
            CleanedIntegration { identifier: identifier.to_owned(), outcome: Cleaned::Kept, reason: None };
        let (causes, faults, blueprints) = (Vec::new(), Vec::new(), Vec::new());
        Self { exit: Exit::Done, causes, faults, blueprints, integration }
    }

    /// Settles the exit code.
    #[must_use]
    pub fn settled(mut self) -> Self {
        self.exit = Exit::of(&self.causes);
        self
    }
}

/// Renders what is about to go; `integration` says whether that goes, too.
pub fn clean_intent_text(report: &CleanReport, integration: Option<&str>) -> String {
    let mut out = String::from("going to delete:\n");
    for row in report.blueprints.iter().filter(|row| row.outcome == Cleaned::Kept) {
        line!(out, "  blueprint `{}`, {}", row.blueprint, row.entities());
    }
    if let Some(identifier) = integration {
        line!(out, "  integration `{identifier}`, with the mapping that the catalog holds for it");
    }
    out
}

/// Renders what was done.
pub fn clean_text(report: &CleanReport) -> String {
    let mut out = String::new();
    for row in &report.blueprints {
        let mut text = format!("blueprint {}: {}", row.blueprint, row.outcome.word());
        let entities = match row.outcome {
            _ if row.is_empty() => None,
            Cleaned::Absent | Cleaned::Unknown => None,
            Cleaned::Deleted | Cleaned::UnderWay => Some(format!(", with {}", row.entities())),
            Cleaned::Kept => Some(format!(", {}", row.entities())),
        };
        text.push_str(&entities.unwrap_or_default());
        if let Some(reason) = &row.reason {
            let _infallible = write!(text, "; {reason}");
        }
        line!(out, "{text}");
    }
    let CleanedIntegration { identifier, outcome, reason } = &report.integration;
    let gone =
        report.blueprints.iter().any(|row| matches!(row.outcome, Cleaned::Deleted | Cleaned::UnderWay));
    let reason = match (outcome, reason) {
        (_, Some(reason)) => format!("; {reason}"),
        (Cleaned::Kept, None) if gone => {
            " and counts as set up: the next start makes no blueprints; `--destroy` deletes it, too"
                .to_owned()
        }
        (_, None) => String::new(),
    };
    line!(out, "integration {identifier}: {}{reason}", outcome.word());
    line!(out, "{}", report.exit.word());
    for cause in &report.causes {
        line!(out, "  {}", describe(cause));
    }
    if report.exit != Exit::Done {
        line!(out, "  exit code {}", report.exit.code());
    }
    out
}
