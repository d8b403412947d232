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

use std::sync::Arc;

use jiff::Timestamp;

use super::Kind;
use crate::value::Value;

pub use clause::{Asked, Clause, Search};
pub use fault::{Imbalance, ValueFault};
pub use field::{Field, Form};
pub use judge::Judgement;

/// Values of one field: beyond it a selector of the mapping is the better place.
const MAX_VALUES: usize = 100;

/// Bytes of a query before it is encoded for an address. Servers commonly refuse request lines beyond 8 KiB.
const MAX_QUERY_BYTES: usize = 4096;

/// Conditions on the records of a kind, all of which must hold.
#[derive(Clone, Debug, PartialEq, Eq)]
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

    /// The same with one more condition.
    ///
    /// # Errors
    /// [`ValueFault::TooLong`] when no address can carry them together.
    pub fn and(self, clause: Clause) -> Result<Self, ValueFault> {
        let Self { kind, mut clauses, search } = self;
        clauses.push(clause);
        Self::new(kind, clauses, search)
    }

    /// The same with a search text that must find the record, too.
    ///
    /// # Errors
    /// [`ValueFault::TooLong`] when no address can carry them together.
    pub fn and_search(self, search: Search) -> Result<Self, ValueFault> {
        let Self { kind, clauses, search: before } = self;
        let both = match before {
            // Either may have an `OR` of its own.
            Some(before) => Search::new(&format!("({}) AND ({})", before.text(), search.text()))?,
            None => search,
        };
        Self::new(kind, clauses, Some(both))
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

    /// What a listing is asked at `now`; nothing when all records are wanted.
    pub fn at(&self, now: Timestamp) -> Option<Question> {
        let text: Arc<str> = self.query(now)?.into();
        Some(Question { filter: self.clone(), text })
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

/// A filter and the text that it is at one instant: what a listing is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Question {
    filter: Filter,
    text: Arc<str>,
}

impl Question {
    /// What is sent as `query`.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The conditions, for who cannot search.
    pub fn filter(&self) -> &Filter {
        &self.filter
    }
}

#[cfg(test)]
mod tests;

/// Both readings against a second reader of the search language, which knows nothing of this one.
#[cfg(test)]
mod agreement {
    use std::collections::BTreeSet;

    use futures::TryStreamExt as _;

    use super::*;
    use crate::http::{Client, Options, Proxy};
    use crate::model::Record;
    use crate::opsgenie::{Listing, Opsgenie};
    use crate::sandbox::{self, Sandbox};
    use crate::secret::Secret;

    async fn list(source: &Opsgenie, kind: Kind, query: Option<Question>) -> Vec<Record> {
        let listing = Listing { query, ..Listing::all(kind) };
        let pages: Vec<_> =
            source.pages(&listing).try_collect().await.expect("the sandbox understands the query");
        pages.into_iter().flat_map(|page| page.records).collect()
    }

    #[tokio::test]
    async fn a_listing_shows_what_its_filter_judges_to_fit() {
        let sandbox = Sandbox::start(sandbox::Options::default()).await.unwrap();
        let http = Client::new(Options { proxy: Proxy::Direct, ..Options::default() }).unwrap();
        let source = Opsgenie::new(http, &sandbox.opsgenie().url(), Secret::new(Sandbox::API_KEY)).unwrap();
        let now: Timestamp = "2023-05-01T00:00:00Z".parse().unwrap();
        let (mut fitting, mut differing) = (0, 0);
        for (kind, field, asked) in [
            (Kind::Alert, Field::CreatedAt, "21-04-2023"),
            (Kind::Alert, Field::CreatedAt, "> 2023-04-21"),
            (Kind::Alert, Field::CreatedAt, "2023-04-21..now"),
            (Kind::Alert, Field::LastOccurredAt, "-2w"),
            (Kind::Alert, Field::SnoozedUntil, ">= 2020-01-01"),
            (Kind::Alert, Field::Message, "auth*"),
            (Kind::Alert, Field::Message, "Auth not"),
            (Kind::Alert, Field::Message, "a \"quoted\\\" (text) OR status:open"),
            (Kind::Alert, Field::Status, "open"),
            (Kind::Alert, Field::Priority, "P1, P2"),
            (Kind::Alert, Field::Acknowledged, "true"),
            (Kind::Alert, Field::IsSeen, "False"),
            (Kind::Alert, Field::Snoozed, "false"),
            (Kind::Alert, Field::Owner, "testuser@gmail.com"),
            (Kind::Alert, Field::Teams, "payments, platform & SRE"),
            (Kind::Alert, Field::AcknowledgedBy, "testuser@gmail.com"),
            (Kind::Alert, Field::Count, "2..4"),
            (Kind::Alert, Field::Tag, "db"),
            (Kind::Alert, Field::IntegrationName, "Prom-prod"),
            (Kind::Incident, Field::Status, "open, resolved"),
            (Kind::Incident, Field::CreatedAt, "< 2023-04-22"),
            (Kind::Incident, Field::Teams, "payments"),
            (Kind::Incident, Field::Tag, "checkout"),
        ] {
            let clause = Clause::new(kind, field, &Asked::One(asked.to_owned())).unwrap();
            let filter = Filter::new(kind, vec![clause], None).unwrap();
            let shown = list(&source, kind, filter.at(now)).await;
            let shown: BTreeSet<_> = shown.into_iter().map(|record| record.id).collect();
            for record in list(&source, kind, None).await {
                let judgement = filter.judge(&record.body, now);
                let is_shown = shown.contains(&record.id);
                let agrees = match judgement {
                    Judgement::Fits => {
                        fitting += 1;
                        is_shown
                    }
                    Judgement::Differs => {
                        differing += 1;
                        !is_shown
                    }
                    Judgement::Unknown => true,
                };
                assert!(agrees, "{field:?} {asked}: {judgement:?}, shown: {is_shown}: {}", record.body);
            }
        }
        assert!(fitting > 100 && differing > 100, "few were decided: {fitting} and {differing}");
        sandbox.stop().await;
    }
}
