//! Listings of whole kinds, as streams of pages.

use std::collections::VecDeque;
use std::sync::Arc;

use futures::StreamExt as _;
use futures::stream::{self, BoxStream};
use jiff::Timestamp;
use tokio_util::task::AbortOnDropHandle;
use xxhash_rust::xxh3::xxh3_128;

use crate::http::Response;
use crate::model::filter::Question;
use crate::model::{Kind, Record, RecordId};
use crate::value::Value;

use super::client::Live;
use super::pages::{Ask, Entry, More, Row, Sheet, Stuck, Then, Walk};
use super::request::{Call, Rotations, Span};
use super::wire::{self, Envelope};
use super::{Error, search};

/// Which records to list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listing {
    /// The kind.
    pub kind: Kind,
    /// Which of them; nothing for all. Kinds without search (team, schedule, schedule-oncall) ignore it.
    pub query: Option<Question>,
    /// Whether schedules come with their rotations.
    pub rotations: Rotations,
}

impl Listing {
    /// All records of a kind.
    pub fn all(kind: Kind) -> Self {
        Self { kind, query: None, rotations: Rotations::Left }
    }
}

/// Some records of a listing; each comes once.
#[derive(Clone, Debug, Default)]
pub struct Page {
    /// The records, in the order of the listing.
    pub records: Vec<Record>,
    /// Rows that are none.
    pub faults: Vec<RowFault>,
}

/// A row without identity: no object, or no `id`.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("a row of kind `{kind}` {reason}; it begins with `{}`", wire::excerpt(&.row.to_bytes()))]
pub struct RowFault {
    /// The kind that was listed.
    pub kind: Kind,
    /// What is wrong with it.
    pub reason: RowReason,
    /// The row itself; messages show its beginning, ids blotted out.
    pub row: Value,
}

/// Why a row is no record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RowReason {
    /// It is a number, a list or the like.
    #[error("is no object")]
    NoObject,
    /// It has no `id`, or one that is no text or empty.
    #[error("has no `id`")]
    NoId,
}

/// The pages of a listing. An error is the last item; a stream that ends without one has shown every record that existed
/// and matched throughout.
pub type Pages = BoxStream<'static, Result<Page, Error>>;

/// Pages under way at once: what the pace of a domain allows, and no more than that in memory.
const LOOKAHEAD: usize = 8;

impl Live {
    /// Lists a kind. `schedule-oncall` lists schedules; who is on call is joined to them elsewhere. `webhook-event` has no
    /// listing: nothing comes.
    pub(super) fn pages(&self, listing: &Listing) -> Pages {
        let entry = match listing.kind {
            Kind::Alert | Kind::Incident => Entry::Creation,
            Kind::Service | Kind::User => Entry::Offset,
            Kind::Team | Kind::Schedule | Kind::ScheduleOncall => return self.unpaged(listing),
            Kind::WebhookEvent => return stream::empty().boxed(),
        };
        let run = Run {
            source: self.clone(),
            listing: listing.clone(),
            walk: Walk::new(entry),
            under_way: VecDeque::new(),
            phase: Phase::Walking,
            total: None,
            looks: 0,
        };
        stream::unfold(run, |mut run| async move {
            let item = run.next().await?;
            Some((item, run))
        })
        .boxed()
    }

    fn unpaged(&self, listing: &Listing) -> Pages {
        let (source, kind) = (self.clone(), listing.kind);
        let call = if kind == Kind::Team { Call::Teams } else { Call::Schedules(listing.rotations) };
        stream::once(async move {
            let rows = source.whole(&call).await?;
            let mut seen = std::collections::HashSet::new();
            let mut page = Page::default();
            for row in rows {
                if seen.insert(mark(&row)) {
                    page.push(kind, row);
                }
            }
            Ok(page)
        })
        .boxed()
    }
}

impl Page {
    pub(super) fn push(&mut self, kind: Kind, row: Value) {
        let reason = if row.as_object().is_none() {
            RowReason::NoObject
        } else {
            let id = match row.get("id") {
                // The text is shared with the body.
                Value::String(id) => RecordId::new(Arc::clone(id)).ok(),
                _ => None,
            };
            match id {
                Some(id) => return self.records.push(Record { kind, id, body: row }),
                None => RowReason::NoId,
            }
        };
        self.faults.push(RowFault { kind, reason, row });
    }

    pub(super) fn is_empty(&self) -> bool {
        self.records.is_empty() && self.faults.is_empty()
    }
}

/// A page as it came, decoded.
struct Answer {
    rows: Vec<Value>,
    sheet: Sheet,
    total: Option<u32>,
    /// The instant at which the server answered, in milliseconds since 1970, by its own clock.
    dated_ms: Option<i64>,
}

/// A page on its way.
type Fetch = AbortOnDropHandle<Result<Answer, Error>>;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Walking,
    Checking,
    Done,
}

/// A walk under way.
struct Run {
    source: Live,
    listing: Listing,
    walk: Walk,
    under_way: VecDeque<(Ask, Fetch)>,
    phase: Phase,
    /// What the server says there is, where it says so with every page.
    total: Option<u32>,
    looks: u32,
}

/// How often a listing is compared with what the server counts: a second look settles what a slow index had hidden.
const MAX_LOOKS: u32 = 2;

impl Run {
    async fn next(&mut self) -> Option<Result<Page, Error>> {
        loop {
            let step = match self.phase {
                Phase::Walking => self.walk().await,
                Phase::Checking => self.check().await.map(|()| None),
                Phase::Done => return None,
            };
            match step {
                Ok(Some(page)) if !page.is_empty() => return Some(Ok(page)),
                Ok(_) => {}
                Err(error) => {
                    self.phase = Phase::Done;
                    self.under_way = VecDeque::new();
                    return Some(Err(error));
                }
            }
        }
    }

    /// Takes one page; nothing when the walk has come to its end.
    async fn walk(&mut self) -> Result<Option<Page>, Error> {
        while self.under_way.len() < LOOKAHEAD
            && let Some(ask) = self.walk.ask()
        {
            self.under_way.push_back((ask, self.fetch(ask)));
        }
        let Some((ask, fetch)) = self.under_way.pop_front() else {
            self.phase = Phase::Checking;
            return Ok(None);
        };
        let answer = match fetch.await {
            Ok(Ok(answer)) => answer,
            // The search itself was answered before; what is not understood is what we added to it.
            Ok(Err(Error::Query { message, .. })) if ask.since_ms.is_some() => {
                return Err(Error::Unsettled(format!("it cannot be searched by creation time ({message})")));
            }
            Ok(Err(error)) => return Err(error),
            Err(failed) if failed.is_panic() => std::panic::resume_unwind(failed.into_panic()),
            // Only the end of the runtime cancels a task that still has its handle.
            Err(_) => return Err(Error::Stopped),
        };
        if let Some(dated) = answer.dated_ms {
            self.walk.count_until(dated);
        }
        self.total = answer.total.or(self.total);
        let taken = self.walk.take(&ask, &answer.sheet).map_err(|stuck| self.unsettled(stuck))?;
        if taken.then != Then::Onward {
            self.under_way = VecDeque::new();
        }
        if taken.then == Then::End {
            self.phase = Phase::Checking;
        }
        let mut page = Page::default();
        let mut fresh: VecDeque<usize> = taken.fresh.into();
        for (index, row) in answer.rows.into_iter().enumerate() {
            if fresh.front() == Some(&index) {
                fresh.pop_front();
                page.push(self.listing.kind, row);
            }
        }
        Ok(Some(page))
    }

    /// Compares what was seen with what the server counts. One page alone shows one moment and needs no comparison.
    async fn check(&mut self) -> Result<(), Error> {
        self.phase = Phase::Done;
        if self.walk.pages() <= 1 {
            return Ok(());
        }
        let Some(counted) = self.counted().await? else { return Ok(()) };
        let seen = self.walk.seen_until();
        if counted <= seen {
            return Ok(());
        }
        self.looks += 1;
        if self.looks >= MAX_LOOKS {
            return Err(Error::Unsettled(format!("{counted} records are there, {seen} were seen")));
        }
        tracing::debug!(kind = %self.listing.kind, counted, seen, "records are missing: looking again");
        self.walk.again().map_err(|stuck| self.unsettled(stuck))?;
        self.phase = Phase::Walking;
        Ok(())
    }

    /// What the server counts; nothing where it does not count.
    async fn counted(&self) -> Result<Option<u32>, Error> {
        let query = || search::until(self.query(), self.walk.until_ms());
        match self.listing.kind {
            Kind::Alert => match self.source.ask(&Call::CountAlerts { query: query() }).await {
                Ok((envelope, _, request)) => match wire::count(envelope.data.get("count")) {
                    Some(count) => Ok(Some(count)),
                    None => Err(envelope.wrong(&request, "`data.count` is no number")),
                },
                // Where counting is not possible, the listing itself says how long it is.
                Err(error) if error.is_refusal() || matches!(error, Error::Query { .. }) => {
                    self.counted_by_paging(query()).await
                }
                Err(error) => Err(error),
            },
            Kind::Incident => self.counted_by_paging(query()).await,
            Kind::User => Ok(self.total),
            Kind::Service | Kind::Team | Kind::Schedule | Kind::ScheduleOncall | Kind::WebhookEvent => {
                Ok(None)
            }
        }
    }

    /// A page of one row: the offset of the last such page is the number of rows before it.
    async fn counted_by_paging(&self, query: Option<String>) -> Result<Option<u32>, Error> {
        let asked = self.source.ask(&self.call(query, Span { offset: 0, limit: 1 })).await;
        let (envelope, _, request) = asked.map_err(|error| match error {
            Error::Query { message, .. } => Error::Unsettled(format!("it cannot be counted ({message})")),
            error => error,
        })?;
        let rows = u32::try_from(envelope.rows(&request)?.len()).unwrap_or(u32::MAX);
        let last = envelope.paging.and_then(|paging| paging.last_offset());
        Ok(Some(last.map_or(rows, |last| last.saturating_add(1))))
    }

    /// The text of the search.
    fn query(&self) -> Option<&str> {
        self.listing.query.as_ref().map(Question::text)
    }

    fn call(&self, query: Option<String>, span: Span) -> Call {
        match self.listing.kind {
            Kind::Alert => Call::Alerts { query, span },
            Kind::Incident => Call::Incidents { query, span },
            Kind::User => Call::Users { query, span },
            Kind::Service => Call::Services { query, span },
            Kind::Team => Call::Teams,
            Kind::Schedule | Kind::ScheduleOncall => Call::Schedules(self.listing.rotations),
            Kind::WebhookEvent => unreachable!("`pages` lists nothing of it"),
        }
    }

    /// Fetches and decodes a page as a task of its own, so that it goes on while the pages before it are worked on.
    fn fetch(&self, ask: Ask) -> Fetch {
        let call = self.call(search::since(self.query(), ask.since_ms), ask.span);
        let source = self.source.clone();
        AbortOnDropHandle::new(tokio::spawn(async move {
            let (envelope, response, request) = source.ask(&call).await?;
            Answer::read(&envelope, &response, &request)
        }))
    }

    fn unsettled(&self, stuck: Stuck) -> Error {
        Error::Unsettled(format!("{} ({stuck}) after {} slips", self.listing.kind, self.walk.slips()))
    }
}

impl Answer {
    fn read(envelope: &Envelope, response: &Response, request: &str) -> Result<Self, Error> {
        let rows = envelope.rows(request)?.to_vec();
        let more = match &envelope.paging {
            None => More::Unsaid,
            Some(paging) if paging.next.is_some() => More::Yes,
            Some(_) => More::No,
        };
        let sheet = Sheet {
            rows: rows.iter().map(|row| Row { mark: mark(row), created_ms: created_ms(row) }).collect(),
            more,
            last_offset: envelope.paging.as_ref().and_then(super::wire::Paging::last_offset),
        };
        let dated = response
            .header("date")
            .and_then(|date| jiff::fmt::rfc2822::DateTimeParser::new().parse_timestamp(date).ok());
        Ok(Self { rows, sheet, total: envelope.total, dated_ms: dated.map(Timestamp::as_millisecond) })
    }
}

/// A fingerprint of a row's id, or of the whole row.
fn mark(row: &Value) -> u128 {
    match row.get("id").as_str() {
        Some(id) => xxh3_128(id.as_bytes()),
        None => xxh3_128(&row.to_bytes()),
    }
}

fn created_ms(row: &Value) -> Option<i64> {
    row.get("createdAt").as_str()?.parse().ok().map(Timestamp::as_millisecond)
}
