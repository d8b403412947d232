//! What a pass that writes nothing would have done.

use super::desk::Item;
use super::tally::Counts;
use crate::model::{Blueprint, Entity, EntityId, EntityKey, Kind};
use crate::plan::{Change, Changes, Layout};
use crate::value::Value;

/// So many steps of each sort and blueprint are kept as samples.
const SAMPLES: usize = 5;

/// How many of the steps of a rehearsal are kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Keep {
    /// The first few of each sort, per blueprint.
    #[default]
    Samples,
    /// All of them.
    All,
}

impl Keep {
    /// How many of each sort and blueprint.
    pub fn most(self) -> usize {
        match self {
            Self::Samples => SAMPLES,
            Self::All => usize::MAX,
        }
    }
}

/// What would be done about one entity.
#[derive(Clone, Debug, PartialEq)]
pub enum Planned {
    /// It would be created.
    Create,
    /// It would be updated.
    Update {
        /// Where it differs; empty where what is stored could not be read again.
        changes: Vec<Change>,
    },
    /// It would be sent: the catalog finds by a search which entity it is.
    Send,
    /// It would not be sent.
    Blocked {
        /// Why.
        reason: String,
    },
}

/// A step of a rehearsal.
#[derive(Clone, Debug, PartialEq)]
pub struct PlannedStep {
    /// The entity's identifier; for one that is found by a search, the search.
    pub identifier: EntityId,
    /// The kind of its record.
    pub kind: Kind,
    /// Its title, where one is mapped.
    pub title: Option<Value>,
    /// What would be done.
    pub planned: Planned,
}

/// What would be done in one blueprint.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Rehearsed {
    /// Counts of its entities.
    pub counts: Counts,
    /// The steps that were kept, those that came first first.
    pub steps: Vec<PlannedStep>,
}

/// What is stored of an entity that would be updated.
#[derive(Clone, Debug)]
pub(super) enum Old {
    /// Nobody wants to see it.
    Unasked,
    /// It could not be read again, or is gone.
    Unknown,
    /// This.
    Known(Box<Entity>),
}

/// Keeps the steps of one blueprint.
#[derive(Debug)]
pub(super) struct Rehearsal {
    keep: Keep,
    changes: Changes,
    created: usize,
    asked: usize,
    sent: usize,
    blocked: usize,
    pub(super) steps: Vec<PlannedStep>,
}

impl Rehearsal {
    pub(super) fn new(keep: Keep, layout: &Layout, shape: &Blueprint) -> Self {
        let changes = Changes::new(layout, shape);
        Self { keep, changes, created: 0, asked: 0, sent: 0, blocked: 0, steps: Vec::new() }
    }

    /// For how many of so many updates somebody wants to see old values.
    pub(super) fn wanted(&mut self, updates: usize) -> usize {
        let wanted = updates.min(self.keep.most() - self.asked);
        self.asked += wanted;
        wanted
    }

    /// An entity that would be created.
    pub(super) fn create(&mut self, item: &Item) {
        self.created += 1;
        if self.created <= self.keep.most() {
            self.step(item, Planned::Create);
        }
    }

    /// An entity that would be updated.
    pub(super) fn update(&mut self, item: &Item, old: &Old) {
        let changes = match old {
            Old::Unasked => return,
            Old::Unknown => Vec::new(),
            Old::Known(stored) => self.changes.between(stored, &item.entity),
        };
        self.step(item, Planned::Update { changes });
    }

    /// An entity that would be sent for the catalog to find.
    pub(super) fn send(&mut self, item: &Item) {
        self.sent += 1;
        if self.sent <= self.keep.most() {
            self.step(item, Planned::Send);
        }
    }

    /// An entity that would not be sent.
    pub(super) fn block(&mut self, key: &EntityKey, kind: Kind, reason: &str) {
        self.blocked += 1;
        if self.blocked <= self.keep.most() {
            let planned = Planned::Blocked { reason: reason.to_owned() };
            self.steps.push(PlannedStep { identifier: key.identifier.clone(), kind, title: None, planned });
        }
    }

    fn step(&mut self, item: &Item, planned: Planned) {
        let title = item.entity.title.clone();
        let identifier = item.key().identifier;
        self.steps.push(PlannedStep { identifier, kind: item.origin.kind, title, planned });
    }
}
