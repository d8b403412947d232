//! Pure domain types: what the stages hand to each other. No I/O.

mod blueprint;
mod entity;
mod field;
pub mod filter;
mod ids;
mod kind;
mod mapped;
mod record;
mod verdict;

pub use blueprint::{Arity, Blueprint, PropertyForm, RelationShape};
pub use entity::{Entity, EntityKey, Identifier};
pub use field::Field;
pub use filter::Filter;
pub use ids::{BlueprintId, EntityId, IdError, RecordId};
pub use kind::{Kind, UnknownKind};
pub use mapped::{Coverage, Mapped, Origin, RuleId};
pub use record::{Lookup, Record};
pub use verdict::{Gap, Verdict};
