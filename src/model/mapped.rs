//! What the mapping gives: an entity and where it comes from.

use jiff::Timestamp;

use super::{Entity, Kind, RecordId};

/// The place of a resource's mapping in the file: a later one wins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RuleId(pub usize);

/// Where a mapped entity comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    /// The rule that mapped it.
    pub rule: RuleId,
    /// The kind of the record.
    pub kind: Kind,
    /// The record.
    pub record: RecordId,
    /// When the record was last changed, where it says so (`updatedAt`).
    pub updated: Option<Timestamp>,
}

/// A mapped entity and where it comes from.
#[derive(Clone, Debug, PartialEq)]
pub struct Mapped {
    /// Where it comes from.
    pub origin: Origin,
    /// What it is to be.
    pub entity: Entity,
    /// Whether it has every field that it is to have.
    pub coverage: Coverage,
}

/// Whether every field that a mapping has for an entity could be worked out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Coverage {
    /// Each was.
    Full,
    /// A field was left out, because a lookup that it reads has failed or its expression was given up: it is to stay as
    /// the catalog has it, however the entity is written.
    Lacking,
}

impl Coverage {
    /// That of two parts together.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        if self == Self::Full { other } else { self }
    }
}
