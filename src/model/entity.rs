//! What the catalog holds.

use std::fmt;

use super::{BlueprintId, EntityId};
use crate::value::{Object, Value};

/// Where an entity stands in the catalog.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EntityKey {
    /// Its blueprint.
    pub blueprint: BlueprintId,
    /// Its identifier within the blueprint.
    pub identifier: EntityId,
}

impl fmt::Display for EntityKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.blueprint, self.identifier)
    }
}

/// How an entity names itself.
#[derive(Clone, Debug, PartialEq)]
pub enum Identifier {
    /// By its identifier.
    Exact(EntityId),
    /// By a search query that must match one existing entity; such an entity is never compared and never deleted by us.
    Search(Value),
}

/// A mapped entity. A field is present exactly when the mapping defines it; a mapped null is sent as null.
#[derive(Clone, Debug, PartialEq)]
pub struct Entity {
    /// Its blueprint.
    pub blueprint: BlueprintId,
    /// Its identifier, or the search for it.
    pub identifier: Identifier,
    /// `title`.
    pub title: Option<Value>,
    /// `icon`.
    pub icon: Option<Value>,
    /// `team`: a string, a list of strings, or a search query.
    pub team: Option<Value>,
    /// `properties`, in the order of the mapping.
    pub properties: Option<Object>,
    /// `relations`: a string, a list of strings, null or a search query each.
    pub relations: Option<Object>,
}

impl Entity {
    /// Its key, unless it is found by a search.
    pub fn key(&self) -> Option<EntityKey> {
        match &self.identifier {
            Identifier::Exact(identifier) => {
                Some(EntityKey { blueprint: self.blueprint.clone(), identifier: identifier.clone() })
            }
            Identifier::Search(_) => None,
        }
    }
}
