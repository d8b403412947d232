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
}
