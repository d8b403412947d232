//! What a mapping asks of a listing: conditions on fields of alerts or incidents.
//!
//! One [`Filter`] has two readings that agree: [`Filter::query`], the text that Opsgenie is asked, and [`Filter::judge`],
//! which looks at one record, as a live event needs it.

mod clause;
mod fault;
mod field;
mod judge;
mod text;
mod window;

#[cfg(test)]
mod tests;

use jiff::Timestamp;

use super::Kind;
use crate::value::Value;

pub use clause::{Asked, Clause, Search};
pub use fault::{Imbalance, ValueFault};
pub use field::Field;
pub use judge::Judgement;

/// Values of one field: beyond it a selector of the mapping is the better place.
const MAX_VALUES: usize = 100;

/// Bytes of a query before it is encoded for an address. Servers commonly refuse request lines beyond 8 KiB.
const MAX_QUERY_BYTES: usize = 4096;

/// Conditions on the records of a kind, all of which must hold.
#[derive(Clone, Debug, PartialEq)]
pub struct Filter {
    kind: Kind,
    clauses: Vec<Clause>,
    search: Option<Search>,
}

impl Filter {
    /// All of these conditions together.
    ///
    /// # Errors
    /// [`ValueFault::TooLong`] when no address can carry them.
    pub fn new(kind: Kind, mut clauses: Vec<Clause>, search: Option<Search>) -> Result<Self, ValueFault> {
        clauses.sort_by_key(Clause::field);
        let filter = Self { kind, clauses, search };
        match filter.query(Timestamp::UNIX_EPOCH).map_or(0, |query| query.len()) {
            // Relative times differ by a few digits with the time of asking.
            0..=MAX_QUERY_BYTES => Ok(filter),
            bytes => Err(ValueFault::TooLong(bytes)),
        }
    }

    /// The kind whose records it is about.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// The conditions on fields, in the order of the query.
    pub fn clauses(&self) -> &[Clause] {
        &self.clauses
    }

    /// The text to send as `query`, asked at `now`; nothing when all records are wanted.
    ///
    /// Ask once per pass: with relative times, another `now` is another query.
    pub fn query(&self, now: Timestamp) -> Option<String> {
        let mut parts: Vec<String> = self.clauses.iter().map(|clause| clause.query(now)).collect();
        if let Some(search) = &self.search {
            // It may have an `OR` of its own.
            parts.push(if parts.is_empty() {
                search.text().to_owned()
            } else {
                format!("({})", search.text())
            });
        }
        (!parts.is_empty()).then(|| parts.join(" AND "))
    }

    /// Whether a listing asked at `now` would show this record.
    ///
    /// `body` is a whole record, as `GET /v2/alerts/{id}` or `GET /v1/incidents/{id}` gives it, or one of a listing. What
    /// it does not tell is unknown, never a guess.
    pub fn judge(&self, body: &Value, now: Timestamp) -> Judgement {
        let search = self.search.as_ref().map(|_| Judgement::Unknown);
        self.clauses
            .iter()
            .map(|clause| clause.judge(self.kind, body, now))
            .chain(search)
            .fold(Judgement::Fits, Judgement::and)
    }
}
