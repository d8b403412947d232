//! The shape of a blueprint, as far as comparing and ordering need it.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::BlueprintId;

/// A blueprint of the catalog.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Blueprint {
    /// Its identifier.
    pub identifier: BlueprintId,
    /// Its properties by id.
    pub properties: BTreeMap<Arc<str>, PropertyForm>,
    /// Its relations by id.
    pub relations: BTreeMap<Arc<str>, RelationShape>,
}

/// How the values of a property are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PropertyForm {
    /// `format: date-time`: by instant.
    DateTime,
    /// Anything else: as it is.
    Plain,
}

/// Where a relation leads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RelationShape {
    /// The blueprint it points at.
    pub target: BlueprintId,
    /// To how many entities.
    pub arity: Arity,
}

/// To how many entities a relation leads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arity {
    /// At most one: `many: false`.
    One,
    /// Any number: `many: true`.
    Many,
}
