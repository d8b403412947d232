//! What was asked, how often, and what was wrong with it.

use std::collections::BTreeMap;

use axum::body::Bytes;
use axum::http::{Method, StatusCode};

use super::Asked;

/// How much of every request is remembered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Detail {
    /// Line, headers and body.
    Everything,
    /// Line and headers, no body.
    Lines,
    /// Only the counters: for long runs.
    Counts,
}

/// A request that was made.
#[derive(Clone, Debug)]
pub struct Logged {
    /// The method.
    pub method: Method,
    /// The path as it was sent.
    pub path: String,
    /// The query's pairs, decoded, in order.
    pub query: Vec<(String, String)>,
    /// The `User-Agent`, or an empty text.
    pub user_agent: String,
    /// The scheme of the `Authorization` header, without the credential; empty when there was none.
    pub authorization: String,
    /// The body, unless only lines are kept.
    pub body: Bytes,
    /// The status answered; none while the answer is on the way or was never given.
    pub status: Option<StatusCode>,
}

impl Logged {
    /// The first value of a query parameter.
    pub fn param(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// The body as JSON; null when it is none.
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap_or(serde_json::Value::Null)
    }
}

/// Sums over all requests since the start (or since they were forgotten).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Requests.
    pub calls: u64,
    /// Requests answered with a status of 400 or above.
    pub refused: u64,
    /// Bytes of request bodies.
    pub bytes_in: u64,
    /// Bytes of answer bodies.
    pub bytes_out: u64,
    /// Requests being answered right now.
    pub in_flight: u64,
    /// The most requests that were being answered at once.
    pub most_in_flight: u64,
    /// Requests by route, such as `GET /v2/alerts`.
    pub by_route: BTreeMap<&'static str, u64>,
}

impl Counts {
    /// Requests of one route, such as `POST /v1/blueprints/*/entities/bulk`.
    pub fn of(&self, route: &str) -> u64 {
        self.by_route.get(route).copied().unwrap_or(0)
    }
}

#[derive(Debug)]
pub(super) struct Journal {
    detail: Detail,
    requests: Vec<Logged>,
    /// Entries of an earlier age (before a clear) must not be completed in a later one.
    age: u64,
    counts: Counts,
    violations: Vec<String>,
}

/// Where the request being answered stands in the journal.
#[derive(Clone, Copy, Debug)]
pub(super) struct Entry {
    index: usize,
    age: u64,
}

impl Journal {
    pub(super) fn new(detail: Detail) -> Self {
        Self { detail, requests: Vec::new(), age: 0, counts: Counts::default(), violations: Vec::new() }
    }

    pub(super) fn arrived(&mut self, asked: &Asked, route: &'static str) -> Entry {
        let counts = &mut self.counts;
        counts.calls += 1;
        counts.bytes_in += asked.body.len() as u64;
        counts.in_flight += 1;
        counts.most_in_flight = counts.most_in_flight.max(counts.in_flight);
        *counts.by_route.entry(route).or_default() += 1;
        let entry = Entry { index: self.requests.len(), age: self.age };
        let body = match self.detail {
            Detail::Counts => return entry,
            Detail::Lines => Bytes::new(),
            Detail::Everything => asked.body.clone(),
        };
        let authorization = asked.header("authorization").unwrap_or_default();
        self.requests.push(Logged {
            method: asked.method.clone(),
            path: asked.path.clone(),
            query: asked.query.clone(),
            user_agent: asked.header("user-agent").unwrap_or_default().to_owned(),
            authorization: authorization.split(' ').next().unwrap_or_default().to_owned(),
            body,
            status: None,
        });
        entry
    }

    pub(super) fn answered(&mut self, entry: Entry, status: StatusCode, bytes: usize) {
        if entry.age != self.age {
            return;
        }
        self.counts.bytes_out += bytes as u64;
        if status.is_client_error() || status.is_server_error() {
            self.counts.refused += 1;
        }
        if let Some(logged) = self.requests.get_mut(entry.index) {
            logged.status = Some(status);
        }
    }

    /// The answer has gone out, or the client has gone away.
    pub(super) fn over(&mut self, entry: Entry) {
        if entry.age == self.age {
            self.counts.in_flight = self.counts.in_flight.saturating_sub(1);
        }
    }

    pub(super) fn violated(&mut self, violations: Vec<String>) {
        self.violations.extend(violations);
    }

    pub(super) fn requests(&self) -> Vec<Logged> {
        self.requests.clone()
    }

    pub(super) fn counts(&self) -> Counts {
        self.counts.clone()
    }

    pub(super) fn violations(&self) -> Vec<String> {
        self.violations.clone()
    }

    pub(super) fn clear(&mut self) {
        self.age += 1;
        self.requests.clear();
        self.violations.clear();
        self.counts = Counts::default();
    }
}
