//! An account in a folder: the listings of every kind as JSON lines, the single reads beside them, and a manifest that
//! says how each file ended.
//!
//! What is replayed is what was seen: a kind that was refused is refused again, a listing that broke off breaks off at the
//! same record.

mod fault;
mod lines;
mod manifest;
mod names;
mod part;
mod replay;
mod shelf;

pub use fault::Fault;
pub use manifest::{Contents, FORMAT, MANIFEST, Manifest, PROGRAM, Redactions};
pub use part::Part;
pub use replay::{Recording, Replay};

/// One line for a single read: what it gave, by the id that was read.
pub const ID: &str = "id";
/// What the read gave.
pub const DATA: &str = "data";
/// Why it gave nothing.
pub const FAILED: &str = "failed";
