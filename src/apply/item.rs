//! An entity that is to be written, and the queue in which it waits.

use std::collections::{HashMap, HashSet, VecDeque};

use crate::catalog::Body;
use crate::model::{Coverage, Entity, EntityId, EntityKey, Identifier, Mapped, Origin};

/// So many places of withdrawn entities are not worth a clean-up.
const SLACK: usize = 64;

/// Whether an entity is there already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum News {
    /// It is not.
    Create,
    /// It is.
    Update,
    /// It was written before in this pass.
    Again,
}

/// An entity that is to be written.
#[derive(Clone, Debug)]
pub(super) struct Item {
    pub(super) entity: Entity,
    pub(super) body: Body,
    pub(super) origin: Origin,
    pub(super) news: News,
    pub(super) step: StepOf,
    pub(super) coverage: Coverage,
}

/// Which step of writing an entity an item is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum StepOf {
    /// The only one, or the last one.
    Whole,
    /// The first of two: without the relations that lead into the circle of its blueprint.
    Opening,
}

impl Item {
    pub(super) fn new(mapped: Mapped, news: News) -> Self {
        let Mapped { origin, entity, coverage } = mapped;
        Self { body: Body::of(&entity), entity, origin, news, step: StepOf::Whole, coverage }
    }

    /// What it was made of.
    pub(super) fn mapped(&self) -> Mapped {
        Mapped { origin: self.origin.clone(), entity: self.entity.clone(), coverage: self.coverage }
    }

    /// Whether it lacks a field that is to stay as the catalog has it.
    pub(super) fn is_lacking(&self) -> bool {
        self.coverage == Coverage::Lacking
    }

    pub(super) fn identifier(&self) -> Option<&EntityId> {
        match &self.entity.identifier {
            Identifier::Exact(identifier) => Some(identifier),
            Identifier::Search(_) => None,
        }
    }

    /// Whether it was not stored when the pass began.
    pub(super) fn is_new(&self) -> bool {
        self.news == News::Create
    }

    /// Whether it was stored when the pass began.
    pub(super) fn is_update(&self) -> bool {
        self.news == News::Update
    }

    /// Whether it was written before in this pass.
    pub(super) fn comes_again(&self) -> bool {
        self.news == News::Again
    }

    /// The same entity without some of its relations.
    pub(super) fn without(&self, left_out: impl Fn(&str) -> bool) -> Self {
        let mut entity = self.entity.clone();
        entity.relations = entity.relations.map(|relations| {
            let kept = relations.iter().filter(|(id, _)| !left_out(id));
            kept.map(|(id, value)| (id.clone(), value.clone())).collect()
        });
        Self::new(Mapped { entity, ..self.mapped() }, self.news)
    }

    /// Its key; for one that is found by a search, the search.
    pub(super) fn key(&self) -> EntityKey {
        let identifier = match &self.entity.identifier {
            Identifier::Exact(identifier) => identifier.clone(),
            Identifier::Search(query) => {
                EntityId::new(query.to_string()).expect("the JSON text of a value is never empty")
            }
        };
        EntityKey { blueprint: self.entity.blueprint.clone(), identifier }
    }
}

/// Entities in the order in which they came, by key.
#[derive(Debug, Default)]
pub(super) struct Queue {
    order: VecDeque<EntityId>,
    pub(super) items: HashMap<EntityId, Item>,
}

impl Queue {
    pub(super) fn push(&mut self, identifier: EntityId, item: Item) {
        if self.order.len() > 2 * self.items.len() + SLACK {
            // Withdrawn entities leave their place behind.
            let mut seen = HashSet::new();
            self.order.retain(|place| self.items.contains_key(place) && seen.insert(place.clone()));
        }
        self.order.push_back(identifier.clone());
        self.items.insert(identifier, item);
    }

    /// The first that is not on its way already.
    pub(super) fn pop(&mut self, in_flight: &HashSet<EntityId>) -> Option<Item> {
        let mut deferred = Vec::new();
        let found = loop {
            let Some(identifier) = self.order.pop_front() else { break None };
            if in_flight.contains(&identifier) {
                deferred.push(identifier);
            } else if let Some(item) = self.items.remove(&identifier) {
                break Some(item);
            }
        };
        deferred.into_iter().rev().for_each(|identifier| self.order.push_front(identifier));
        found
    }

    pub(super) fn push_front(&mut self, item: Item) {
        if let Some(identifier) = item.identifier().cloned() {
            self.order.push_front(identifier.clone());
            self.items.insert(identifier, item);
        }
    }
}
