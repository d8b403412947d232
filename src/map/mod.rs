//! Records to entities, by the user's mapping: compile once, run many.
//!
//! A pure stage. [`Rules::compile`] reports every fault of a mapping at once; [`Rules::apply`] turns one record into
//! the entities of every resource of its kind. A field whose expression fails is null and counted, never an error;
//! a selector that fails, or an identifier or blueprint that comes out null, leaves the record unmapped, which keeps
//! its kind from deleting anything.

mod compile;
pub mod expect;
pub mod explain;
pub mod filter;
mod fit;
mod items;
mod patience;
mod project;
mod rules;
mod tally;

pub use compile::{Sound, faults_of_resources, sound};
pub use fit::{Against, unfit};
pub use project::Shape;
pub use rules::{Blueprints, Details, FieldId, Members, Rotations, Rule, Rules};
pub use tally::{FieldFault, FieldNulls, Tally};

#[cfg(test)]
mod tests;
