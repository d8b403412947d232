//! What ends a pass before it could do its work, and what that means for the exit code.

use std::path::PathBuf;

use crate::catalog;
use crate::config::{Diagnostic, Severity};
use crate::http;
use crate::opsgenie;
use crate::report::Cause;
use crate::state::StateError;

/// Why a pass could not do its work.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// The HTTP client could not be set up.
    #[error(transparent)]
    Http(http::Error),
    /// The catalog's address or our identifier cannot be used.
    #[error(transparent)]
    Address(catalog::AddressError),
    /// Opsgenie refused, or could not be asked.
    #[error(transparent)]
    Source(#[from] opsgenie::Error),
    /// The catalog refused, or could not be asked.
    #[error(transparent)]
    Catalog(#[from] catalog::Error),
    /// The catalog holds no mapping and we were told not to give it one.
    #[error(
        "the catalog holds no mapping for integration `{0}`; edit it there, or let OCEAN__INITIALIZE_PORT_RESOURCES \
         give it the default one"
    )]
    NoMapping(String),
    /// The catalog makes blueprints and mapping itself, and has not done so in time.
    #[error(
        "the catalog has not yet made blueprints and mapping for integration `{0}`, as OCEAN__CREATE_PORT_RESOURCES_ORIGIN \
         `Port` asks; run it again later, or edit the mapping in the catalog"
    )]
    NotProvisioned(String),
    /// The mapping is at fault.
    #[error("the mapping has {}", faults(.0))]
    Mapping(Vec<Diagnostic>),
    /// The resources of `OCEAN__RESOURCES_PATH` cannot be used.
    #[error("the resources of OCEAN__RESOURCES_PATH have {}", faults(.0))]
    Resources(Vec<Diagnostic>),
    /// What outlives a run could not be read or written.
    #[error(transparent)]
    State(#[from] StateError),
    /// A plan cannot be saved or applied.
    #[error("the plan `{}` cannot be used: {why}", path.display())]
    Plan {
        /// The file.
        path: PathBuf,
        /// Why, and what to do.
        why: String,
    },
    /// Something was asked for that only a state directory can have.
    #[error("OCEAN__STATE_DIR is not set, so nothing is kept of what runs delete; set it to a folder")]
    NoStateDir,
    /// Nothing is kept of such a run.
    #[error(
        "no run `{0}` of this installation is kept in OCEAN__STATE_DIR; `ocean-opsgenie undo` lists those that are"
    )]
    NoSuchRun(String),
    /// A signal ended it.
    #[error("stopped")]
    Stopped,
}

fn faults(diagnostics: &[Diagnostic]) -> String {
    let count = diagnostics.iter().filter(|one| one.severity == Severity::Error).count();
    format!("{count} {}", if count == 1 { "fault" } else { "faults" })
}

impl Failure {
    /// What it means for the exit code; none for a stop, whose signal the caller knows.
    pub fn cause(&self) -> Option<Cause> {
        let text = self.to_string();
        Some(match self {
            Self::Http(_) => Cause::Unexpected(text),
            Self::Address(_)
            | Self::NoMapping(_)
            | Self::Mapping(_)
            | Self::Resources(_)
            | Self::State(_)
            | Self::Plan { .. }
            | Self::NoStateDir
            | Self::NoSuchRun(_) => Cause::Configuration(text),
            Self::NotProvisioned(_) => Cause::Unavailable(text),
            Self::Source(error) => return source_cause(error),
            Self::Catalog(error) => return catalog_cause(error),
            Self::Stopped => return None,
        })
    }

    /// Each fault of a mapping or of a folder of resources; empty for other failures.
    pub fn faults(&self) -> &[Diagnostic] {
        match self {
            Self::Mapping(faults) | Self::Resources(faults) => faults,
            _ => &[],
        }
    }
}

/// What an error of Opsgenie means for the exit code. A plan that lacks a kind (402) is a notice, no cause.
pub(super) fn source_cause(error: &opsgenie::Error) -> Option<Cause> {
    use opsgenie::Error;
    let text = error.to_string();
    match error {
        Error::Address { .. } | Error::Query { .. } => Some(Cause::Configuration(text)),
        Error::KeyFormat(_) | Error::KeyRefused { .. } | Error::Forbidden { .. } => {
            Some(Cause::Permission(text))
        }
        Error::Plan { .. } | Error::Stopped => None,
        Error::Unavailable(_) => Some(Cause::Unavailable(text)),
        Error::Recording(fault) if fault.lies_in_the_question() => Some(Cause::Configuration(text)),
        Error::Recording(_)
        | Error::Missing { .. }
        | Error::Unexpected { .. }
        | Error::Malformed { .. }
        | Error::Id(_)
        | Error::Unsettled(_) => Some(Cause::Incomplete(text)),
    }
}

/// What an error of the catalog means for the exit code.
pub(super) fn catalog_cause(error: &catalog::Error) -> Option<Cause> {
    use catalog::Meaning;
    let text = error.to_string();
    match error.meaning() {
        Meaning::Unavailable => Some(Cause::Unavailable(text)),
        Meaning::Denied => Some(Cause::Permission(text)),
        Meaning::Stopped => None,
        Meaning::Refused => Some(Cause::Refused(text)),
        Meaning::Broken => Some(Cause::Unexpected(text)),
    }
}
