//! Making the catalog agree: a [`Writer`] takes mapped entities while a pass streams, [`delete`] removes what is stale
//! once it is over. A failed entity stops nothing; refused credentials do.

mod delete;
mod desk;
mod lane;
mod tally;
#[cfg(test)]
mod tests;
mod writer;

pub use delete::{Deleted, delete, inventory};
pub use tally::{Counts, RefusalGroup, Tally};
pub use writer::{Feed, Job, Writer, Written};

/// Whether a pass writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// It does.
    Write,
    /// It compares and counts, and writes nothing.
    Rehearse,
}
