//! The state of one blueprint while a pass writes it: what is decided, what waits, what is on its way. No I/O.

use std::collections::{BTreeSet, HashSet, VecDeque};

use super::interlock::{Interlock, Standing};
use super::item::{Item, News, Queue, StepOf};
use super::rehearsal::{Old, Rehearsal};
use super::tally::{Tally, misses_target, words};
use crate::catalog::{Chunk, Error, Meaning, Stored};
use crate::model::{Blueprint, BlueprintId, Entity, EntityId, EntityKey, Identifier, Mapped};
use crate::plan::{Comparison, Fold, Layout, Ledger, Lost, Pointed, Repeats, Snapshot, Step, overlay};
use crate::value::{Object, Value};

/// So many entities wait at most. A changed entity waits as long as there is room, so that another one with its key can
/// replace it, or show that nothing has changed. A thousand alerts take about three megabytes.
const WAITING: usize = 1_000;

/// So many bytes of bodies wait at most: alerts may have long descriptions.
const WAITING_BYTES: usize = 4 << 20;

/// So many entities are kept for a second try at the end of the pass.
const SECOND_TRIES: usize = 2_000;

/// What became of a call for one of its entities.
#[derive(Clone, Debug)]
pub(super) enum Fate {
    /// The catalog answered about it.
    Answered(Stored),
    /// The whole call failed.
    Failed(std::sync::Arc<Error>),
    /// No call was made, because a live event has written something newer.
    Overtaken,
    /// No call was made, because the run only shows what it would do.
    Rehearsed(Old),
}

/// Which waiting entities may go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Flush {
    /// Full chunks; changed entities only when there is no room for them any more.
    Full,
    /// Everything.
    All,
}

/// The state of one blueprint.
#[derive(Debug)]
pub(super) struct Desk<'a> {
    layout: &'a Layout,
    shape: &'a Blueprint,
    comparison: Comparison,
    /// Only where entities wait for others of their key.
    fold: Option<Fold>,
    created: Queue,
    changed: Queue,
    searched: VecDeque<Item>,
    waiting_bytes: usize,
    /// So many entities may wait.
    pub(super) room: usize,
    in_flight: HashSet<EntityId>,
    pub(super) ledger: Ledger,
    pub(super) pointed: Pointed,
    pub(super) tally: Tally,
    pub(super) rewritten: u64,
    pub(super) second_tries: Vec<Item>,
    /// Blueprints that point at each other, this one among them, where the catalog would create what they point at;
    /// empty where there are none.
    pub(super) circle: BTreeSet<BlueprintId>,
    /// Keys of entities that go in two steps, or only at the end.
    deferred: HashSet<EntityId>,
    /// Keys of what the first of two steps has created.
    pub(super) opened: BTreeSet<EntityKey>,
    /// Only where nothing is written.
    pub(super) rehearsal: Option<Rehearsal>,
    interlock: Interlock,
}

impl<'a> Desk<'a> {
    pub(super) fn new(
        layout: &'a Layout,
        shape: &'a Blueprint,
        snapshot: Snapshot,
        interlock: Interlock,
    ) -> Self {
        Self {
            layout,
            shape,
            comparison: Comparison::new(layout, shape, snapshot),
            fold: layout.waits().then(Fold::default),
            created: Queue::default(),
            changed: Queue::default(),
            searched: VecDeque::new(),
            waiting_bytes: 0,
            room: WAITING,
            in_flight: HashSet::new(),
            ledger: Ledger::new(layout.blueprint().clone()),
            pointed: Pointed::default(),
            tally: Tally::default(),
            rewritten: 0,
            second_tries: Vec::new(),
            circle: BTreeSet::new(),
            deferred: HashSet::new(),
            opened: BTreeSet::new(),
            rehearsal: None,
            interlock,
        }
    }

    /// How many entities wait to be written.
    pub(super) fn waiting(&self) -> usize {
        self.created.items.len() + self.changed.items.len() + self.searched.len()
    }

    /// Whether there is room for another page of entities.
    pub(super) fn has_room(&self) -> bool {
        self.waiting() < self.room && self.waiting_bytes < WAITING_BYTES
    }

    /// Keys that are seen for the first time and are not known to be stored.
    pub(super) fn unknown(&self, page: &[Mapped]) -> Vec<EntityId> {
        let exact = page.iter().filter_map(|mapped| match &mapped.entity.identifier {
            Identifier::Exact(identifier) => Some(identifier),
            Identifier::Search(_) => None,
        });
        let known = |identifier: &EntityId| {
            self.comparison.knows(identifier.as_str()) || self.ledger.produced(identifier.as_str())
        };
        exact.filter(|identifier| !known(identifier)).cloned().collect()
    }

    /// Adds stored entities that the snapshot lacked.
    pub(super) fn learn(&mut self, stored: &[Entity]) {
        for stored in stored {
            self.comparison.learn(stored);
        }
    }

    /// Takes a mapped entity.
    pub(super) fn take(&mut self, mapped: Mapped) {
        let repeats = self.layout.repeats(mapped.origin.rule);
        self.note(&mapped, repeats);
        let mapped = match &mut self.fold {
            Some(fold) => match fold.offer(mapped, repeats) {
                Some(mapped) => mapped,
                None => return,
            },
            None => mapped,
        };
        self.decide(mapped);
    }

    /// Decides about what waited for other kinds and records: all of them are done.
    pub(super) fn close(&mut self) {
        let Some(fold) = self.fold.take() else { return };
        for joined in fold.finish() {
            for other in &joined.others {
                self.tally.of(other.kind).merged += 1;
            }
            if let (Some(Lost { of, to }), Some(key)) = (joined.lost, joined.mapped.entity.key()) {
                self.ledger.collide(&key.identifier, Some(of), &to);
            }
            self.decide(joined.mapped);
        }
    }

    fn note(&mut self, mapped: &Mapped, repeats: Repeats) {
        self.pointed.note(&mapped.entity, self.shape);
        match &mapped.entity.identifier {
            Identifier::Exact(identifier) => self.ledger.note(identifier, &mapped.origin, repeats),
            Identifier::Search(_) => self.ledger.note_search(),
        }
    }

    fn decide(&mut self, mapped: Mapped) {
        let Mapped { origin, mut entity, mut coverage } = mapped;
        let standing = self.interlock.standing(&origin);
        if standing == Standing::Overtaken {
            self.tally.of(origin.kind).unchanged += 1;
            return;
        }
        if let Identifier::Exact(identifier) = &entity.identifier {
            let identifier = identifier.clone();
            if let Some(earlier) = self.withdraw(&identifier) {
                self.tally.of(earlier.origin.kind).merged += 1;
                coverage = coverage.and(earlier.coverage);
                let mut whole = earlier.entity;
                overlay(&mut whole, entity);
                entity = whole;
            }
            if self.ledger.written(&identifier) || standing == Standing::Newer {
                // What is stored is no longer what the snapshot says.
                return self.accept(Item::new(Mapped { origin, entity, coverage }, News::Again));
            }
        }
        match self.comparison.decide(entity) {
            Step::Create(entity) => {
                self.accept(Item::new(Mapped { origin, entity, coverage }, News::Create));
            }
            Step::Update { entity, changed: _ } | Step::Send(entity) => {
                self.accept(Item::new(Mapped { origin, entity, coverage }, News::Update));
            }
            Step::Unchanged(_) => self.tally.of(origin.kind).unchanged += 1,
            Step::Blocked { key, reason } => {
                let reason = reason.to_string();
                if let Some(rehearsal) = &mut self.rehearsal {
                    rehearsal.block(&key, origin.kind, &reason);
                }
                self.tally.refuse(origin.kind, key, &reason, Meaning::Refused);
            }
        }
    }

    /// Lets an entity wait to be written. The catalog would create, bare, what it points at and does not hold; in a circle
    /// that may be something that this pass writes itself a little later. So a new entity that points into the circle of
    /// its blueprint goes without that relation first, and whole at the end; one that is stored only at the end.
    fn accept(&mut self, item: Item) {
        let Some(identifier) = item.identifier().cloned() else { return self.wait(item) };
        let is_open = self.points_into_circle(&item) && self.second_tries.len() < SECOND_TRIES;
        // What comes after something that goes at the end goes after it.
        if !is_open && !self.deferred.contains(&identifier) {
            return self.wait(item);
        }
        if item.is_new() {
            let within = |relation: &str| self.leads_into_circle(relation);
            let opening = Item { step: StepOf::Opening, ..item.without(within) };
            self.wait(opening);
        }
        self.ledger.mark_written(&identifier);
        self.deferred.insert(identifier);
        self.second_tries.push(item);
    }

    fn leads_into_circle(&self, relation: &str) -> bool {
        self.shape.relations.get(relation).is_some_and(|relation| self.circle.contains(&relation.target))
    }

    /// Whether it names something in the circle of its blueprint that is not known to be there.
    fn points_into_circle(&self, item: &Item) -> bool {
        if self.circle.is_empty() {
            return false;
        }
        let own = |target: &BlueprintId| target == self.layout.blueprint();
        let is_unknown = |target: &BlueprintId, name: &Value| match name.as_str() {
            Some(name) => !(own(target) && self.comparison.knows(name)),
            None => false,
        };
        let mut relations = item.entity.relations.iter().flat_map(Object::iter);
        relations.any(|(id, value)| {
            let Some(relation) = self.shape.relations.get(id).filter(|_| self.leads_into_circle(id)) else {
                return false;
            };
            let names = value.as_array().unwrap_or(std::slice::from_ref(value));
            names.iter().any(|name| is_unknown(&relation.target, name))
        })
    }

    fn withdraw(&mut self, identifier: &EntityId) -> Option<Item> {
        if self.deferred.contains(identifier) {
            return None;
        }
        let item = self.created.items.remove(identifier).or_else(|| self.changed.items.remove(identifier))?;
        self.waiting_bytes -= item.body.bytes();
        Some(item)
    }

    fn wait(&mut self, item: Item) {
        self.waiting_bytes += item.body.bytes();
        match (item.identifier().cloned(), item.news) {
            (None, _) => self.searched.push_back(item),
            (Some(identifier), News::Create) => self.created.push(identifier, item),
            (Some(identifier), News::Update | News::Again) => self.changed.push(identifier, item),
        }
    }

    /// The entities of the next call, if there is one to make.
    pub(super) fn next_call(&mut self, flush: Flush) -> Option<Vec<Item>> {
        let everything = flush == Flush::All || !self.has_room();
        let ready = self.created.items.len() + if everything { self.changed.items.len() } else { 0 };
        let ready = ready + self.searched.len();
        if ready == 0 || (!everything && ready < crate::catalog::UPSERT_CHUNK) {
            return None;
        }
        let mut sizes = Chunk::default();
        let mut items = Vec::new();
        while let Some(item) = self.pop(everything) {
            if !sizes.fits(&item.body) {
                self.put_back(item);
                break;
            }
            sizes.push(&item.body);
            self.waiting_bytes -= item.body.bytes();
            if let Some(identifier) = item.identifier() {
                self.ledger.mark_written(identifier);
                self.in_flight.insert(identifier.clone());
            }
            items.push(item);
        }
        (!items.is_empty()).then_some(items)
    }

    fn pop(&mut self, everything: bool) -> Option<Item> {
        let created = self.created.pop(&self.in_flight);
        let changed = || if everything { self.changed.pop(&self.in_flight) } else { None };
        created.or_else(changed).or_else(|| self.searched.pop_front())
    }

    fn put_back(&mut self, item: Item) {
        match (item.identifier(), item.news) {
            (None, _) => self.searched.push_front(item),
            (Some(_), News::Create) => self.created.push_front(item),
            (Some(_), News::Update | News::Again) => self.changed.push_front(item),
        }
    }

    /// Notes what became of the entities of a call.
    pub(super) fn settle(&mut self, fates: Vec<(Item, Fate)>, attempt: Attempt) {
        for (item, fate) in fates {
            if let Some(identifier) = item.identifier() {
                self.in_flight.remove(identifier);
            }
            if item.step == StepOf::Opening {
                // What fails here is tried again whole, and told then.
                if let Fate::Answered(Stored::Created) = fate {
                    self.opened.insert(item.key());
                }
                continue;
            }
            let kind = item.origin.kind;
            match fate {
                Fate::Answered(Stored::Created) => self.tally.of(kind).created += 1,
                Fate::Answered(Stored::Updated) => {
                    self.tally.of(kind).updated += 1;
                    self.rewritten += u64::from(attempt == Attempt::First && item.news == News::Update);
                }
                Fate::Answered(Stored::Refused { status, said }) => {
                    let again = attempt == Attempt::First
                        && self.second_tries.len() < SECOND_TRIES
                        && misses_target(status, &said, self.shape);
                    if again {
                        self.second_tries.push(item);
                    } else {
                        self.tally.refuse(kind, item.key(), &words(status, &said), Meaning::Refused);
                    }
                }
                Fate::Failed(error) => {
                    self.tally.refuse(kind, item.key(), &error.fault.gist(), error.meaning());
                }
                Fate::Overtaken => self.tally.of(kind).unchanged += 1,
                Fate::Rehearsed(old) => self.rehearsed(&item, &old),
            }
        }
    }

    fn rehearsed(&mut self, item: &Item, old: &Old) {
        let counts = self.tally.of(item.origin.kind);
        match item.news {
            News::Create => counts.created += 1,
            News::Update | News::Again => counts.updated += 1,
        }
        let Some(rehearsal) = &mut self.rehearsal else { return };
        match (item.identifier(), item.news) {
            (None, _) => rehearsal.send(item),
            (Some(_), News::Create) => rehearsal.create(item),
            (Some(_), News::Update | News::Again) => rehearsal.update(item, old),
        }
    }

    /// Of the entities of a call that is not made, those whose old values somebody wants to see.
    pub(super) fn read_again(&mut self, items: &[Item]) -> Vec<EntityId> {
        let Some(rehearsal) = &mut self.rehearsal else { return Vec::new() };
        let updated = items.iter().filter(|item| item.news != News::Create);
        let mut identifiers: Vec<EntityId> = updated.filter_map(Item::identifier).cloned().collect();
        identifiers.truncate(rehearsal.wanted(identifiers.len()));
        identifiers
    }
}

/// Whether an entity may be tried again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Attempt {
    /// It may.
    First,
    /// It was.
    Second,
}
