//! Making the catalog agree: a [`Writer`] takes mapped entities while a pass streams, [`delete`] removes what is stale
//! once it is over. A failed entity stops nothing; refused credentials do.

mod circle;
mod delete;
mod desk;
mod interlock;
mod item;
mod lane;
mod ordered;
mod rehearsal;
mod tally;
#[cfg(test)]
mod tests;
mod writer;

pub use delete::{Deleted, Failed, delete, inventory, remove};
pub use interlock::{Claim, Interlock, Passing, Settled, Standing};
pub use ordered::Orderly;
pub use rehearsal::{Keep, Meets, Planned, PlannedStep, Rehearsed, SavedStep};
pub use tally::{Counts, RefusalGroup, Tally};
pub use writer::{Feed, Job, Writer, Written};

/// Whether a pass writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// It does.
    Write,
    /// It compares, counts and keeps what it would do, and writes nothing.
    Rehearse(Keep),
}

/// How a writer learns what is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reading {
    /// Every blueprint whole, before anything is compared: for a pass.
    Whole,
    /// Only the keys that come: for a handful of entities.
    ByKey,
}
