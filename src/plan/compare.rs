//! One entity against what is stored: the step that makes them agree.

use super::field::{GroupId, Layout};
use super::fingerprint::{Print, Printer};
use super::identifier::{IdentifierFault, check_entity};
use super::ledger::text_of;
use super::snapshot::Snapshot;
use crate::model::{Blueprint, Entity, EntityKey, Field, Identifier};
use crate::value::{Object, Value};

/// What is to be done about one mapped entity.
#[derive(Clone, Debug, PartialEq)]
pub enum Step {
    /// It is not stored.
    Create(Entity),
    /// It differs in these groups of fields.
    Update {
        /// As it is to be.
        entity: Entity,
        /// Where it differs from what is stored; never empty.
        changed: Vec<GroupId>,
    },
    /// It is found by a search in the catalog, so it can only be sent.
    Send(Entity),
    /// It is stored as it is to be.
    Unchanged(EntityKey),
    /// It cannot be sent.
    Blocked {
        /// Its key.
        key: EntityKey,
        /// Why.
        reason: Blocked,
    },
}

/// Why an entity is not sent: the catalog would refuse it, and by the letter of its schema the whole call.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Blocked {
    /// Its identifier cannot be one.
    #[error("the identifier {0}")]
    Identifier(IdentifierFault),
    /// A relation holds something that cannot be an identifier.
    #[error("relation `{relation}`: `{value}` {fault}")]
    Relation {
        /// Which relation.
        relation: String,
        /// What it holds.
        value: String,
        /// Why that is no identifier.
        fault: IdentifierFault,
    },
}

/// Compares entities of one blueprint with its snapshot.
#[derive(Debug)]
pub struct Comparison<'a> {
    layout: &'a Layout,
    shape: &'a Blueprint,
    snapshot: &'a Snapshot,
    printer: Printer,
    prints: Vec<Print>,
}

impl<'a> Comparison<'a> {
    /// Compares with `snapshot`, which was built with the same `layout` and `shape`.
    pub fn new(layout: &'a Layout, shape: &'a Blueprint, snapshot: &'a Snapshot) -> Self {
        Self { layout, shape, snapshot, printer: Printer::default(), prints: vec![0; layout.groups().len()] }
    }

    /// The step that makes the catalog agree with `entity`. Only groups of which the entity carries a field are compared.
    pub fn decide(&mut self, entity: Entity) -> Step {
        let Identifier::Exact(identifier) = &entity.identifier else { return Step::Send(entity) };
        if let Err(reason) = sendable(&entity) {
            let key = EntityKey { blueprint: entity.blueprint.clone(), identifier: identifier.clone() };
            return Step::Blocked { key, reason };
        }
        let Some(stored) = self.snapshot.prints(identifier.as_str()) else { return Step::Create(entity) };
        self.prints.fill(0);
        let incomparable = self.printer.entity(&entity, self.layout, self.shape, &mut self.prints);
        let covered = covered(&entity, self.layout);
        let changed: Vec<GroupId> = (0..self.prints.len())
            .filter(|&group| {
                covered[group]
                    && (self.prints[group] != stored[group] || incomparable.contains(&GroupId(group)))
            })
            .map(GroupId)
            .collect();
        if changed.is_empty() {
            let key = EntityKey { blueprint: entity.blueprint.clone(), identifier: identifier.clone() };
            Step::Unchanged(key)
        } else {
            Step::Update { entity, changed }
        }
    }
}

/// Which groups the entity carries a field of, nulls included.
fn covered(entity: &Entity, layout: &Layout) -> Vec<bool> {
    let mut covered = vec![false; layout.groups().len()];
    let Entity { blueprint: _, identifier: _, title, icon, team, properties, relations } = entity;
    let mut cover = |field: Field| {
        if let Some(group) = layout.group_of(&field) {
            covered[group.0] = true;
        }
    };
    for (value, field) in [(title, Field::Title), (icon, Field::Icon), (team, Field::Team)] {
        if value.is_some() {
            cover(field);
        }
    }
    properties.iter().flat_map(Object::iter).for_each(|(id, _)| cover(Field::Property(id.clone())));
    relations.iter().flat_map(Object::iter).for_each(|(id, _)| cover(Field::Relation(id.clone())));
    covered
}

fn sendable(entity: &Entity) -> Result<(), Blocked> {
    if let Identifier::Exact(identifier) = &entity.identifier {
        check_entity(identifier.as_str()).map_err(Blocked::Identifier)?;
    }
    for (relation, value) in entity.relations.iter().flat_map(Object::iter) {
        let items = match value {
            Value::Null | Value::Object(_) => continue,
            Value::Array(items) => items.as_slice(),
            one => std::slice::from_ref(one),
        };
        for item in items {
            let text = text_of(item);
            check_entity(&text).map_err(|fault| Blocked::Relation {
                relation: relation.to_string(),
                value: text.clone().into_owned(),
                fault,
            })?;
        }
    }
    Ok(())
}
