//! The fields of an entity.

use std::fmt;
use std::sync::Arc;

/// A field of an entity.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Field {
    /// `title`.
    Title,
    /// `icon`.
    Icon,
    /// `team`.
    Team,
    /// A property.
    Property(Arc<str>),
    /// A relation.
    Relation(Arc<str>),
}

impl fmt::Display for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Title => f.write_str("title"),
            Self::Icon => f.write_str("icon"),
            Self::Team => f.write_str("team"),
            Self::Property(id) => write!(f, "properties.{id}"),
            Self::Relation(id) => write!(f, "relations.{id}"),
        }
    }
}
