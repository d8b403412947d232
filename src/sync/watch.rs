//! How far a pass has come, for whoever looks on meanwhile.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use crate::model::Kind;

/// How far a pass has come. Copies look at the same pass; looking never holds it up.
#[derive(Clone, Debug, Default)]
pub struct Watch(Arc<Mutex<Seen>>);

/// What a pass has done so far.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Seen {
    /// What it is at.
    pub stage: Stage,
    /// Records that have been listed and mapped, by kind.
    pub listed: BTreeMap<Kind, u64>,
}

/// What a pass is at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Stage {
    /// Integration, blueprints and mapping.
    #[default]
    SetUp,
    /// Records stream from one side to the other.
    Streaming,
    /// What is stale is looked for and removed.
    Removing,
}

impl Watch {
    /// How far it has come.
    pub fn seen(&self) -> Seen {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(super) fn stage(&self, stage: Stage) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).stage = stage;
    }

    pub(super) fn listed(&self, kind: Kind, records: u64) {
        let mut seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *seen.listed.entry(kind).or_default() += records;
    }
}
