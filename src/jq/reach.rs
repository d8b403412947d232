//! What a program may read of its input.

use std::collections::BTreeSet;

/// Which parts of its input a program may read. It is an upper bound: what is not in it, the program cannot tell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reach {
    /// Anything, or more than can be told from the program.
    All,
    /// Only what lies at these chains of keys from the root, and below them.
    Paths(BTreeSet<Vec<String>>),
}

impl Reach {
    /// Whether the field of the root may be read, whole or in part.
    pub fn reads(&self, field: &str) -> bool {
        match self {
            Self::All => true,
            Self::Paths(paths) => paths.iter().any(|path| path.first().is_none_or(|first| first == field)),
        }
    }
}

/// The reach of a parsed program.
pub(super) fn of(_term: &jaq_core::load::parse::Term<&str>) -> Reach {
    Reach::All
}
