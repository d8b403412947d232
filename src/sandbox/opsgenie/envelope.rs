//! The envelope of answers, paging addresses and errors.

use axum::http::StatusCode;
use serde_json::{Value, json};

use crate::sandbox::server::{Answer, Asked};

/// The host that paging addresses name, whatever host was called: a client that follows them leaves the sandbox and
/// fails, as it would leave a proxy.
const PUBLIC_HOST: &str = "https://api.opsgenie.com";

/// Opsgenie serves nothing at or beyond this sum of offset and limit.
pub(super) const WINDOW: usize = 20_000;

/// A request id; the figure is of no use to anybody.
const REQUEST_ID: &str = "0b6f6a0e-6c1a-4a35-9f5e-5f0a52b6a8f1";

/// Why a request is not answered.
#[derive(Clone, Debug)]
pub(super) struct Refusal {
    status: StatusCode,
    message: String,
    code: Option<u32>,
    headers: Vec<(&'static str, String)>,
    syntax: bool,
}

impl Refusal {
    pub(super) fn new(status: StatusCode, message: impl Into<String>) -> Self {
        Self { status, message: message.into(), code: None, headers: Vec::new(), syntax: false }
    }

    /// A request that no correct client sends: it is counted as a violation too.
    pub(super) fn syntax(message: impl Into<String>) -> Self {
        Self { syntax: true, ..Self::new(StatusCode::UNPROCESSABLE_ENTITY, message) }
    }

    pub(super) fn not_found(what: &str) -> Self {
        Self::new(StatusCode::NOT_FOUND, format!("{what} does not exist"))
    }

    pub(super) fn code(mut self, code: u32) -> Self {
        self.code = Some(code);
        self
    }

    pub(super) fn header(mut self, name: &'static str, value: &str) -> Self {
        self.headers.push((name, value.to_string()));
        self
    }

    pub(super) fn is_syntax(&self) -> bool {
        self.syntax
    }

    pub(super) fn message(&self) -> &str {
        &self.message
    }
}

pub(super) fn refused(refusal: &Refusal) -> Answer {
    let mut body = json!({ "message": refusal.message, "took": 0.002, "requestId": REQUEST_ID });
    if let Some(code) = refusal.code {
        body["code"] = json!(code);
    }
    refusal
        .headers
        .iter()
        .fold(Answer::json(refusal.status, &body), |answer, (name, value)| answer.header(name, value))
}

/// An answer that is not paged.
pub(super) fn whole(data: Value) -> Answer {
    Answer::json(StatusCode::OK, &envelope(data))
}

pub(super) fn envelope(data: Value) -> Value {
    let mut body = serde_json::Map::new();
    body.insert("data".to_owned(), data);
    body.insert("took".to_owned(), json!(0.021));
    body.insert("requestId".to_owned(), json!(REQUEST_ID));
    Value::Object(body)
}

/// What part of a listing was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Page {
    pub(super) offset: usize,
    pub(super) limit: usize,
}

/// How many rows a page has: when nothing was asked, and at most.
#[derive(Clone, Copy, Debug)]
pub(super) struct PageSize {
    pub(super) default: usize,
    pub(super) max: usize,
}

/// Alerts, incidents and services: 20 rows a page unless asked otherwise, at most 100.
pub(super) const ROWS: PageSize = PageSize { default: 20, max: 100 };

impl Page {
    /// Reads `offset` and `limit`; the sum must stay below the window.
    pub(super) fn of(asked: &Asked, size: PageSize) -> Result<Self, Refusal> {
        let number = |name: &str, default: usize| match asked.param(name) {
            None => Ok(default),
            Some(given) => given.parse().map_err(|_| Refusal::syntax(format!("{name} must be a number"))),
        };
        let page = Self { offset: number("offset", 0)?, limit: number("limit", size.default)? };
        if page.limit == 0 || page.limit > size.max {
            return Err(Refusal::syntax(format!("limit must be between 1 and {}", size.max)));
        }
        if page.offset.saturating_add(page.limit) >= WINDOW {
            return Err(Refusal::syntax(format!("Sum of offset and limit should be lower than {WINDOW}")));
        }
        Ok(page)
    }

    /// The rows of this page out of `total`.
    pub(super) fn rows(self, total: usize) -> std::ops::Range<usize> {
        let begin = self.offset.min(total);
        begin..(begin + self.limit).min(total)
    }

    /// The addresses of other pages, in the body's form.
    pub(super) fn paging(self, asked: &Asked, total: usize) -> Value {
        let at = |offset: usize| {
            let mut pairs = vec![format!("limit={}", self.limit), format!("offset={offset}")];
            for (key, value) in &asked.query {
                if key != "offset" && key != "limit" {
                    pairs.push(format!("{key}={}", escaped(value)));
                }
            }
            format!("{PUBLIC_HOST}{}?{}", asked.path, pairs.join("&"))
        };
        let mut paging = serde_json::Map::new();
        if self.offset + self.limit < total {
            paging.insert("next".to_owned(), at(self.offset + self.limit).into());
        }
        if self.offset > 0 {
            paging.insert("prev".to_owned(), at(self.offset.saturating_sub(self.limit)).into());
        }
        paging.insert("first".to_owned(), at(0).into());
        let last = total.saturating_sub(1) / self.limit * self.limit;
        paging.insert("last".to_owned(), at(last).into());
        Value::Object(paging)
    }

    /// A page's answer, from rows that are JSON text already.
    pub(super) fn answer_rows(
        self,
        asked: &Asked,
        total: usize,
        rows: impl IntoIterator<Item: Fn(&mut Vec<u8>)>,
    ) -> Answer {
        let mut body = br#"{"data":["#.to_vec();
        for (at, row) in rows.into_iter().enumerate() {
            if at > 0 {
                body.push(b',');
            }
            row(&mut body);
        }
        let tail = json!({ "paging": self.paging(asked, total), "took": 0.021, "requestId": REQUEST_ID })
            .to_string();
        body.extend_from_slice(b"],");
        body.extend_from_slice(&tail.as_bytes()[1..]);
        Answer::raw_json(StatusCode::OK, body)
    }

    /// A page's answer.
    pub(super) fn answer(self, asked: &Asked, total: usize, data: Value) -> Answer {
        let mut body = envelope(data);
        body["paging"] = self.paging(asked, total);
        Answer::json(StatusCode::OK, &body)
    }
}

/// Percent-encoding of a query value.
fn escaped(value: &str) -> String {
    value
        .bytes()
        .map(|byte| match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => {
                char::from(byte).to_string()
            }
            _ => format!("%{byte:02X}"),
        })
        .collect()
}
