//! What became of an event, and whether another try may help.

use super::super::Failure;
use crate::catalog::{self, Meaning};
use crate::model::EntityKey;
use crate::opsgenie;

/// What became of an event.
#[derive(Clone, Debug)]
pub enum Outcome {
    /// The catalog is as it should be.
    Settled(Changes),
    /// It is not.
    Failed(Trouble),
}

/// What an event changed.
#[derive(Clone, Debug, Default)]
pub struct Changes {
    /// Entities that are new.
    pub created: u64,
    /// Entities that differed.
    pub updated: u64,
    /// Entities that were as they should be.
    pub unchanged: u64,
    /// Entities that went.
    pub deleted: u64,
    /// Entities that come from the alert now and could not be told from its id alone.
    pub made: Vec<EntityKey>,
}

/// Why an event came to nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trouble {
    /// Whether another try may help.
    pub again: Again,
    /// What was attempted, on what, and why it failed.
    pub text: String,
}

/// Whether another try may help.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Again {
    /// A side was unavailable.
    Later,
    /// It would fail in the same way.
    Never,
}

impl Trouble {
    pub(super) fn of_failure(failure: &Failure) -> Self {
        let again = match failure {
            Failure::Source(error) => again_source(error),
            Failure::Catalog(error) => again_catalog(error),
            // Somebody may mend them, and nothing is wrong with the event.
            Failure::NoMapping(_) | Failure::NotProvisioned(_) | Failure::Mapping(_) | Failure::Stopped => {
                Again::Later
            }
            Failure::Http(_)
            | Failure::Address(_)
            | Failure::Resources(_)
            | Failure::State(_)
            | Failure::Plan { .. }
            | Failure::NoStateDir
            | Failure::NoSuchRun(_) => Again::Never,
        };
        Self { again, text: failure.to_string() }
    }

    pub(super) fn of_source(error: &opsgenie::Error) -> Self {
        Self { again: again_source(error), text: error.to_string() }
    }

    pub(super) fn of_catalog(error: &catalog::Error) -> Self {
        Self { again: again_catalog(error), text: error.to_string() }
    }
}

fn again_source(error: &opsgenie::Error) -> Again {
    match error {
        opsgenie::Error::Id(_) | opsgenie::Error::Address { .. } => Again::Never,
        // A key that is refused may be exchanged; the event is as good then as now.
        _ => Again::Later,
    }
}

fn again_catalog(error: &catalog::Error) -> Again {
    match (&error.fault, error.meaning()) {
        // A blueprint that does not exist may come: the set-up may be under way, or somebody may create it.
        (catalog::Fault::Missing(_), _) => Again::Later,
        (_, Meaning::Refused) => Again::Never,
        _ => Again::Later,
    }
}
