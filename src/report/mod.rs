//! What a run did: counts, faults, durations. One struct, two renderings; nothing is inferred from logs.

mod checkup;
mod clean;
mod exit;
mod markdown;
mod peer;
mod plan;
mod plan_text;
mod schema;
mod style;
mod table;
mod text;
mod undo;

use std::time::Duration;

use serde::{Serialize, Serializer};

pub use checkup::{Checkup, Finding, Health, checkup_text};
pub use clean::{CleanReport, Cleaned, CleanedBlueprint, CleanedIntegration, clean_intent_text, clean_text};
pub use exit::{Cause, Exit, Signal};
pub use markdown::markdown;
pub use peer::{Explanation, PeerDifference, PeerReport};
pub use plan::{BlueprintPlan, ChangeReport, Detail, LookupReport, PlanReport, StepName, StepReport};
pub use schema::{FIELDS, Field, schema};
pub use style::{Colour, Style, Tone};
pub use table::{Cell, Column, Table};
pub use text::{always_null, text};
pub use undo::{PutBack, RunReport, UndoReport, runs_text, undo_text};

use crate::config::Diagnostic;
use crate::model::{Gap, Kind, Verdict};

/// What a pass did.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    /// The version of this program.
    pub version: &'static str,
    /// The identifier of the integration.
    pub integration: String,
    /// The id under which the catalog knows this resync.
    pub resync: String,
    /// Whether anything was written.
    pub mode: Mode,
    /// From the first to the last call.
    #[serde(rename = "durationSeconds", serialize_with = "seconds")]
    pub duration: Duration,
    /// What the program's exit code will be.
    #[serde(rename = "exitCode", serialize_with = "code")]
    pub exit: Exit,
    /// Everything that kept the run from being simply done.
    pub causes: Vec<Cause>,
    /// Faults of the mapping, and what looks wrong beside them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub faults: Vec<Diagnostic>,
    /// Per kind, in the order of the mapping.
    pub kinds: Vec<KindReport>,
    /// What a plan found; none after a pass.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub plan: Option<PlanReport>,
    /// Per blueprint: what was deleted, what was kept and why.
    pub deletions: Vec<DeletionReport>,
    /// Whether what was deleted can be put back; none when nothing was deleted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub undo: Option<Undo>,
    /// Entities that the catalog refused, the same message once.
    pub refusals: Vec<Refusal>,
    /// Expressions that failed, or gave something that cannot be used.
    pub expressions: Vec<ExpressionReport>,
    /// Fields that were null for some entities, or for all.
    pub nulls: Vec<NullReport>,
    /// Anything else a person should know.
    pub warnings: Vec<String>,
    /// Calls to Opsgenie.
    pub opsgenie: Traffic,
    /// Calls to the catalog.
    pub catalog: Traffic,
    /// Calls that told the catalog's pages how the pass goes; not among those to the catalog.
    pub progress: Traffic,
}

/// Whether a run writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Mode {
    /// Everything but writes.
    Plan,
    /// A pass.
    Apply,
}

/// Counts of one kind.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct KindReport {
    /// Which kind.
    #[serde(serialize_with = "name")]
    pub kind: Kind,
    /// Records that the source gave.
    pub listed: u64,
    /// Records to which something was joined.
    pub enriched: u64,
    /// Entities that came out of the mapping.
    pub mapped: u64,
    /// Items that a selector left out.
    pub skipped: u64,
    /// Items without a usable selector result, identifier or blueprint.
    pub unmapped: u64,
    /// Entities that were not in the catalog.
    pub created: u64,
    /// Entities that differed.
    pub updated: u64,
    /// Entities that were already as mapped.
    pub unchanged: u64,
    /// Entities that the catalog, or we on its behalf, refused.
    pub refused: u64,
    /// Entities that were joined to, or replaced by, another one of the same key.
    pub merged: u64,
    /// Entities that went, in the blueprints that this kind is the first to feed.
    pub deleted: u64,
    /// Entities that would have gone there, but for a guard, an incomplete kind or a dependent.
    pub kept: u64,
    /// Whether everything was seen.
    #[serde(flatten, serialize_with = "verdict")]
    pub verdict: Verdict,
    /// From its first call to its last entity.
    #[serde(rename = "durationSeconds", serialize_with = "seconds")]
    pub duration: Duration,
}

impl KindReport {
    /// A kind of which nothing is known yet.
    pub fn new(kind: Kind) -> Self {
        Self {
            kind,
            listed: 0,
            enriched: 0,
            mapped: 0,
            skipped: 0,
            unmapped: 0,
            created: 0,
            updated: 0,
            unchanged: 0,
            refused: 0,
            merged: 0,
            deleted: 0,
            kept: 0,
            verdict: Verdict::Complete,
            duration: Duration::ZERO,
        }
    }
}

/// What was deleted from a blueprint.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct DeletionReport {
    /// Which blueprint.
    pub blueprint: String,
    /// Entities that went.
    pub deleted: u64,
    /// Entities that would have gone, but for a guard, an incomplete kind or a dependent.
    pub kept: u64,
    /// Why they were kept.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// Whether what a run deleted can be put back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Undo {
    /// No state directory is set, so nothing of it was kept.
    #[default]
    Never,
    /// By `undo` with the run's id, which is [`Report::resync`].
    Run,
}

/// Entities that were refused for the same reason.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Refusal {
    /// The catalog's own words.
    pub message: String,
    /// How many.
    pub count: u64,
    /// The first few, as `blueprint/identifier`.
    pub examples: Vec<String>,
}

/// An expression of the mapping that failed for some items.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ExpressionReport {
    /// The resource's position in the mapping, from 1.
    pub resource: usize,
    /// The kind it maps.
    pub kind: String,
    /// The field, such as `properties.url`.
    pub field: String,
    /// Its text.
    pub expression: String,
    /// How many items it failed for.
    pub count: u64,
    /// The first records it failed for.
    pub examples: Vec<String>,
    /// What jq said the first time.
    pub message: String,
}

/// A field of the mapping whose expression gave null, or nothing, and did not fail.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct NullReport {
    /// The resource's position in the mapping, from 1.
    pub resource: usize,
    /// The kind it maps.
    pub kind: String,
    /// The field, such as `properties.url`.
    pub field: String,
    /// Its text.
    pub expression: String,
    /// How many items it gave null for.
    pub count: u64,
    /// How many entities were mapped with it: a field that is null for all of them is probably not meant so.
    pub of: u64,
    /// The first records it gave null for.
    pub examples: Vec<String>,
}

/// Calls to one side.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Traffic {
    /// Calls, retries included.
    pub calls: u64,
    /// How many of them were retries.
    pub retries: u64,
    /// Bytes of bodies sent.
    pub bytes_sent: u64,
    /// Bytes of bodies received.
    pub bytes_received: u64,
    /// Time spent waiting for a pace or before a retry, summed over calls.
    #[serde(rename = "waitedSeconds", serialize_with = "seconds")]
    pub waited: Duration,
}

impl Report {
    /// A report of a run that has done nothing yet.
    pub fn new(version: &'static str, integration: &str, resync: &str, mode: Mode) -> Self {
        Self {
            version,
            integration: integration.to_owned(),
            resync: resync.to_owned(),
            mode,
            duration: Duration::ZERO,
            exit: Exit::Done,
            causes: Vec::new(),
            faults: Vec::new(),
            kinds: Vec::new(),
            plan: None,
            deletions: Vec::new(),
            undo: None,
            refusals: Vec::new(),
            expressions: Vec::new(),
            nulls: Vec::new(),
            warnings: Vec::new(),
            opsgenie: Traffic::default(),
            catalog: Traffic::default(),
            progress: Traffic::default(),
        }
    }

    /// The report as one line of JSON.
    pub fn json(&self) -> Result<String, serde_json::Error> {
        serde_json::to_string(self)
    }

    /// Settles the exit code from the causes.
    #[must_use]
    pub fn settled(mut self) -> Self {
        self.exit = Exit::of(&self.causes);
        self
    }
}

fn seconds<S: Serializer>(duration: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_f64((duration.as_secs_f64() * 1000.0).round() / 1000.0)
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the signature that serde asks for")]
fn code<S: Serializer>(exit: &Exit, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_u8(exit.code())
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the signature that serde asks for")]
fn name<S: Serializer>(kind: &Kind, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(kind.name())
}

fn verdict<S: Serializer>(verdict: &Verdict, serializer: S) -> Result<S::Ok, S::Error> {
    use serde::ser::SerializeMap;
    let gaps = verdict.gaps();
    let told: Vec<String> = gaps.iter().map(ToString::to_string).collect();
    let mut map = serializer.serialize_map(Some(2))?;
    map.serialize_entry("verdict", Gap::sum_up(gaps))?;
    map.serialize_entry("gaps", &told)?;
    map.end()
}
