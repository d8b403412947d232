//! What is to be done: pure decisions on values, made from what was mapped and what the catalog holds.
//!
//! Nothing here does I/O. [`Layout`] says which fields the mapping governs, [`Snapshot`] holds what is stored as
//! fingerprints of those fields, [`Ledger`] remembers what a pass produced and pointed at, [`Fold`] joins entities of
//! several kinds, [`Comparison`] decides one step, and [`deletion`] says what may go. [`Changes`] names fields and
//! values, where somebody reads a plan.

mod change;
mod compare;
pub mod deletion;
mod field;
mod fingerprint;
mod fold;
mod gate;
mod identifier;
mod ledger;
mod order;
mod snapshot;
mod unite;

pub use change::{Change, Changes};
pub use compare::{Blocked, Comparison, Step};
pub use field::{Group, GroupId, Layout, Rule, Target};
pub use fold::{Fold, Joined, Lost, merge_record, overlay};
pub use gate::gates;
pub use identifier::{IdentifierFault, check_blueprint, check_entity};
pub use ledger::{Collision, Ledger, Pointed};
pub use order::Order;
pub use snapshot::{Snapshot, SnapshotBuilder};
pub use unite::Repeats;

pub use crate::model::{Mapped, Origin, RuleId};
