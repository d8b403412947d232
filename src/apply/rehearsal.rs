//! What a pass that writes nothing would have done.

use jiff::Timestamp;

use super::item::Item;
use super::tally::Counts;
use crate::model::{Blueprint, Entity, EntityId, EntityKey, Kind, Mapped};
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
    /// When its record was last changed, where it says so.
    pub updated: Option<Timestamp>,
    /// What would be done.
    pub planned: Planned,
}

/// A step of a rehearsal that is saved, with all that is needed to do it later.
#[derive(Clone, Debug, PartialEq)]
pub struct SavedStep {
    /// The entity as it would be sent.
    pub mapped: Mapped,
    /// What it would meet.
    pub meets: Meets,
}

/// What an entity meets in the catalog.
#[derive(Clone, Debug, PartialEq)]
pub enum Meets {
    /// Nothing: it is new.
    Nothing,
    /// This.
    Stored(Box<Entity>),
    /// What a step before this one has written.
    Earlier,
    /// What the catalog finds by a search.
    Search,
    /// Something that could not be read again.
    Unknown,
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
    updated: usize,
    sent: usize,
    blocked: usize,
    pub(super) steps: Vec<PlannedStep>,
    saving: Saving,
    unsaved: Vec<SavedStep>,
}

/// Whether the steps of a rehearsal are saved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Saving {
    Nothing,
    EveryStep,
}

impl Rehearsal {
    pub(super) fn new(keep: Keep, saving: Saving, layout: &Layout, shape: &Blueprint) -> Self {
        Self {
            keep,
            changes: Changes::new(layout, shape),
            created: 0,
            asked: 0,
            updated: 0,
            sent: 0,
            blocked: 0,
            steps: Vec::new(),
            saving,
            unsaved: Vec::new(),
        }
    }

    /// For how many of so many updates old values are wanted: those that are shown, and all that are saved.
    pub(super) fn wanted(&mut self, updates: usize) -> usize {
        let shown = updates.min(self.keep.most() - self.asked);
        self.asked += shown;
        match self.saving {
            Saving::Nothing => shown,
            Saving::EveryStep => updates,
        }
    }

    /// The steps to save since the last time.
    pub(super) fn take_unsaved(&mut self) -> Vec<SavedStep> {
        std::mem::take(&mut self.unsaved)
    }

    fn save(&mut self, item: &Item, meets: impl FnOnce() -> Meets) {
        if self.saving == Saving::EveryStep {
            self.unsaved.push(SavedStep { mapped: item.mapped(), meets: meets() });
        }
    }

    /// An entity that would be created.
    pub(super) fn create(&mut self, item: &Item) {
        self.save(item, || Meets::Nothing);
        self.created += 1;
        if self.created <= self.keep.most() {
            self.step(item, Planned::Create);
        }
    }

    /// An entity that would be updated.
    pub(super) fn update(&mut self, item: &Item, old: &Old) {
        self.save(item, || match old {
            _ if item.comes_again() => Meets::Earlier,
            Old::Known(stored) => Meets::Stored(stored.clone()),
            Old::Unasked | Old::Unknown => Meets::Unknown,
        });
        let changes = match old {
            Old::Unasked => return,
            _ if self.updated >= self.keep.most() => return,
            Old::Unknown => Vec::new(),
            Old::Known(stored) => self.changes.between(stored, &item.entity),
        };
        self.updated += 1;
        self.step(item, Planned::Update { changes });
    }

    /// An entity that would be sent for the catalog to find.
    pub(super) fn send(&mut self, item: &Item) {
        self.save(item, || Meets::Search);
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
            let identifier = key.identifier.clone();
            self.steps.push(PlannedStep { identifier, kind, title: None, updated: None, planned });
        }
    }

    fn step(&mut self, item: &Item, planned: Planned) {
        let title = item.entity.title.clone();
        let identifier = item.key().identifier;
        let updated = item.origin.updated;
        self.steps.push(PlannedStep { identifier, kind: item.origin.kind, title, updated, planned });
    }
}
