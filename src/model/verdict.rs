//! Whether everything of a kind was seen: what deletion depends on.

use std::fmt;

use super::Lookup;

/// One reason why a kind was not seen whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Gap {
    /// A page or the whole listing could not be read.
    Listing(String),
    /// The listing ended before its end was seen, or rows moved while we paged.
    Unsettled(String),
    /// A lookup failed: records were written without the fields that may read it.
    Lookup(Lookup, String),
    /// The selector failed or gave no boolean for this many items.
    Selector(u64),
    /// Identifier or blueprint came out null for this many items: whose entities these are, nobody knows.
    Unmapped(u64),
    /// The plan or the key does not allow this kind: the source's own words.
    Refused(String),
    /// The run was limited to a part of the kind, or the kind was left out.
    Limited,
    /// It has no listing, so nothing of it can be known to be stale.
    Unlisted,
    /// A signal ended the run.
    Stopped,
}

impl Gap {
    /// What a kind with these gaps is: `complete` without any, `degraded` where nothing but lookups failed (every record
    /// was seen, some of their fields are as they were), else `incomplete`.
    pub fn sum_up(gaps: &[Self]) -> &'static str {
        match gaps {
            [] => "complete",
            gaps if gaps.iter().all(|gap| matches!(gap, Self::Lookup(..))) => "degraded",
            _ => "incomplete",
        }
    }
}

impl fmt::Display for Gap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Listing(why) => write!(f, "the listing failed: {why}"),
            Self::Unsettled(why) => write!(f, "the listing did not settle: {why}"),
            Self::Lookup(lookup, why) => write!(f, "lookup `{}` failed: {why}", lookup.name()),
            Self::Selector(count) => write!(f, "the selector failed for {}", Items(*count)),
            Self::Unmapped(count) => write!(f, "{} gave no identifier or no blueprint", Items(*count)),
            Self::Refused(why) => write!(f, "not allowed: {why}"),
            Self::Limited => f.write_str("limited on request"),
            Self::Unlisted => f.write_str("it has no listing"),
            Self::Stopped => f.write_str("stopped by a signal"),
        }
    }
}

/// Whether a kind was seen whole. Only a complete kind may delete.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Every record that existed and matched throughout was seen and mapped.
    Complete,
    /// Something is missing.
    Incomplete(Vec<Gap>),
}

impl Verdict {
    /// Whether nothing is missing.
    pub fn is_complete(&self) -> bool {
        matches!(self, Self::Complete)
    }

    /// Adds a gap.
    pub fn add(&mut self, gap: Gap) {
        match self {
            Self::Complete => *self = Self::Incomplete(vec![gap]),
            Self::Incomplete(gaps) => gaps.push(gap),
        }
    }

    /// The gaps; none when complete.
    pub fn gaps(&self) -> &[Gap] {
        match self {
            Self::Complete => &[],
            Self::Incomplete(gaps) => gaps,
        }
    }
}

/// A number of items, for people.
struct Items(u64);

impl fmt::Display for Items {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.0, if self.0 == 1 { "item" } else { "items" })
    }
}
