//! The Port-compatible catalog: what it holds, and what is written to it.
//!
//! Requests are built in `request`, bodies read and written in `wire`, and everything is sent by [`Catalog`], which gives
//! each status its meaning. It decides nothing: what to write is the plan's business.

mod additions;
mod blueprints;
mod error;
mod ingest;
mod integration;
mod lines;
mod read;
mod removal;
mod request;
mod state;
mod teller;
mod token;
mod wire;
mod write;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::sync::OnceCell;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

pub use additions::Addition;
pub use blueprints::{Installed, StoredBlueprint};
pub use error::{Error, Fault, Meaning, Said};
pub use ingest::{Counts, Metric, Part, SyncState};
pub use integration::{Destination, Integration, Maker, Wanted};
pub use lines::{LogLine, LogLines};
pub use read::{Owned, Owners, SnapshotPage};
pub use removal::{Migration, Progress};
pub use request::{
    AddressError, DELETE_CHUNK, Dependents, Event, INTEGRATION_TYPE, Merge, MissingTargets, Parts, Requests,
    UPSERT_CHUNK, UpsertPolicy,
};
pub use state::{End, Schedule, State};
pub use teller::{Examples, Teller, Telling};
pub use wire::{Organization, read_entity, write_entity};
pub use write::{BODY_LIMIT_BYTES, Body, Chunk, Stored};

use crate::http::{self, Request, Response};
use crate::secret::Secret;
use token::Tokens;

/// Where the catalog is and who we are there.
#[derive(Clone, Debug)]
pub struct Options {
    /// `OCEAN__PORT__BASE_URL`; a trailing slash does not matter.
    pub base_url: String,
    /// `OCEAN__PORT__CLIENT_ID`.
    pub client_id: Secret,
    /// `OCEAN__PORT__CLIENT_SECRET`.
    pub client_secret: Secret,
    /// `OCEAN__INTEGRATION__IDENTIFIER`.
    pub identifier: String,
    /// Our version, which the stamp carries.
    pub version: String,
}

/// The catalog. Clones share the token and the connections.
#[derive(Clone, Debug)]
pub struct Catalog {
    account: Arc<Account>,
    http: http::Client,
    event: Option<Event>,
    /// What is ours, read once per pass where the catalog cannot list a blueprint.
    owned: Arc<OnceCell<Vec<Owned>>>,
}

#[derive(Debug)]
struct Account {
    requests: Requests,
    tokens: Tokens,
    version: String,
    clock: Mutex<Option<Tick>>,
}

/// What the catalog's clock said, and when we heard it.
#[derive(Clone, Copy, Debug)]
struct Tick {
    said: Timestamp,
    heard: Instant,
}

impl Catalog {
    /// A catalog to talk to. Sends nothing yet.
    pub fn new(http: http::Client, options: Options) -> Result<Self, AddressError> {
        let Options { base_url, client_id, client_secret, identifier, version } = options;
        let account = Account {
            requests: Requests::new(&base_url, &identifier, &version)?,
            tokens: Tokens::new(client_id, client_secret),
            version,
            clock: Mutex::new(None),
        };
        Ok(Self { account: Arc::new(account), http, event: None, owned: Arc::default() })
    }

    /// The same catalog for another pass: writes carry `event`, counters and budgets start anew, `stop` ends its calls.
    #[must_use]
    pub fn for_pass(&self, event: Event, stop: CancellationToken) -> Self {
        Self {
            account: self.account.clone(),
            http: self.http.fresh(stop),
            event: Some(event),
            owned: Arc::default(),
        }
    }

    /// The same catalog and pass, ended by another token: what must still be said after a stop goes here.
    #[must_use]
    pub fn until(&self, stop: CancellationToken) -> Self {
        Self { http: self.http.until(stop), ..self.clone() }
    }

    /// The same catalog and pass, its calls counted apart and ended by `stop` alone.
    fn aside(&self, stop: CancellationToken) -> Self {
        Self { http: self.http.fresh(stop), ..self.clone() }
    }

    /// The same catalog with so much patience for one call.
    #[must_use]
    pub fn with_patience(&self, call_budget: Duration) -> Self {
        Self { http: self.http.with_patience(call_budget), ..self.clone() }
    }

    /// What the calls of this pass have used.
    pub fn usage(&self) -> http::Usage {
        self.http.usage()
    }

    /// The catalog's clock, by the `Date` of its last answer; never ahead of it. `None` before the first answer, or when
    /// answers carry no date.
    pub fn clock(&self) -> Option<Timestamp> {
        let tick = (*self.account.clock.lock().unwrap_or_else(PoisonError::into_inner))?;
        let since = SignedDuration::try_from(tick.heard.elapsed()).unwrap_or(SignedDuration::ZERO);
        Some(tick.said.checked_add(since).unwrap_or(tick.said))
    }

    /// The organization behind the credentials: the cheapest call that proves them.
    pub async fn organization(&self) -> Result<Organization, Error> {
        let attempted = || "read the organization".to_owned();
        let response = self.call(attempted, self.account.requests.organization()).await?;
        let answer: wire::OrganizationAnswer = wire::decode(&response).map_err(at(attempted))?;
        Ok(answer.organization)
    }

    fn requests(&self) -> &Requests {
        &self.account.requests
    }

    /// Sends a request with a token and gives its answer back when it is a success.
    async fn call(&self, attempted: impl Fn() -> String, request: Request) -> Result<Response, Error> {
        let response = self.send(request).await.map_err(at(&attempted))?;
        if response.is_success() { Ok(response) } else { Err(at(&attempted)(meaning_of(&response))) }
    }

    /// Sends a request with a token. A token that is not taken is renewed once.
    async fn send(&self, request: Request) -> Result<Response, Fault> {
        let Account { requests, tokens, version: _, clock: _ } = &*self.account;
        let token = tokens.current(&self.http, requests).await?;
        let response = self.send_with(request.clone(), &token).await?;
        if response.status != UNAUTHORIZED {
            return Ok(response);
        }
        let token = tokens.renew(&token, &self.http, requests).await?;
        self.send_with(request, &token).await
    }

    /// Sends a request with the token that is there, whatever comes of it.
    async fn send_once(&self, request: Request) -> Result<Response, Fault> {
        let token = self.account.tokens.current(&self.http, self.requests()).await?;
        self.send_with(request, &token).await
    }

    async fn send_with(&self, request: Request, token: &token::Token) -> Result<Response, Fault> {
        let request = request
            .authorization(&token.scheme, &token.secret)
            .map_err(|_| Fault::Unsendable("the access token cannot be a header".to_owned()))?;
        let response = self.http.send(request).await.map_err(unanswered)?;
        self.hear(&response);
        Ok(response)
    }

    fn hear(&self, response: &Response) {
        let date = response.header("date").and_then(|date| jiff::fmt::rfc2822::parse(date).ok());
        if let Some(date) = date {
            let tick = Tick { said: date.timestamp(), heard: Instant::now() };
            *self.account.clock.lock().unwrap_or_else(PoisonError::into_inner) = Some(tick);
        }
    }
}

const UNAUTHORIZED: u16 = 401;

/// Names what was attempted.
fn at(attempted: impl Fn() -> String) -> impl Fn(Fault) -> Error {
    move |fault| Error { attempted: attempted(), fault }
}

fn unanswered(error: http::Error) -> Fault {
    match error {
        http::Error::Stopped { .. } => Fault::Stopped,
        http::Error::Setup(reason) | http::Error::Invalid { reason, .. } => Fault::Unsendable(reason),
        http::Error::TooLarge { limit_bytes, .. } => Fault::Malformed {
            reason: format!("it is longer than {limit_bytes} bytes"),
            excerpt: String::new(),
        },
        error @ http::Error::Unreachable { .. } => Fault::Unreachable(error),
    }
}

/// What an answer that is no success means.
fn meaning_of(response: &Response) -> Fault {
    let said = wire::said(response);
    match response.status {
        UNAUTHORIZED => Fault::Credentials(said),
        403 if said.code == "has_dependents" => Fault::HasDependents(said),
        403 => Fault::Forbidden(said),
        404 if said.code == "not_found" => Fault::Missing(said),
        404 | 405 => Fault::NoRoute(response.status),
        409 => Fault::Conflict(said),
        413 => Fault::TooLarge(said),
        400 | 422 => Fault::Invalid(said),
        status @ (408 | 429 | 500..=599) => Fault::Unavailable { status, said },
        status => Fault::Unexpected { status, said },
    }
}

#[cfg(test)]
mod tests;
