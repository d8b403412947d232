//! Errors and successes in the catalog's own shape.

use axum::http::StatusCode;
use serde_json::{Map, Value, json};

use super::Catalog;
use crate::sandbox::server::{Answer, Asked};

/// Why a request is not answered.
#[derive(Clone, Debug)]
pub(super) struct Refusal {
    pub(super) status: StatusCode,
    pub(super) error: &'static str,
    message: String,
    syntax: bool,
}

impl Refusal {
    pub(super) fn new(status: StatusCode, error: &'static str, message: impl Into<String>) -> Self {
        Self { status, error, message: message.into(), syntax: false }
    }

    /// A request that no correct client sends: it is counted as a violation too.
    pub(super) fn syntax(message: impl Into<String>) -> Self {
        Self { syntax: true, ..Self::unprocessable("invalid_request", message) }
    }

    pub(super) fn unprocessable(error: &'static str, message: impl Into<String>) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, error, message)
    }

    pub(super) fn not_found(what: &str, identifier: &str) -> Self {
        let message = format!("{what} with identifier \"{identifier}\" was not found");
        Self::new(StatusCode::NOT_FOUND, "not_found", message)
    }

    pub(super) fn no_route(asked: &Asked) -> Self {
        let message = format!("Route {}:{} not found", asked.method, asked.path);
        Self::new(StatusCode::NOT_FOUND, "route_not_found", message)
    }

    /// A fault that was asked for.
    pub(super) fn bare(status: StatusCode) -> Self {
        let error = match status {
            StatusCode::UNAUTHORIZED => "invalid_credentials",
            StatusCode::FORBIDDEN => "missing_permissions",
            StatusCode::NOT_FOUND => "not_found",
            StatusCode::PAYLOAD_TOO_LARGE | StatusCode::BAD_REQUEST => "bad_request",
            StatusCode::TOO_MANY_REQUESTS => "too_many_requests",
            StatusCode::UNPROCESSABLE_ENTITY => "invalid_request",
            _ => "internal_error",
        };
        Self::new(status, error, status.canonical_reason().unwrap_or("Error"))
    }

    pub(super) fn is_syntax(&self) -> bool {
        self.syntax
    }

    pub(super) fn message(&self) -> &str {
        &self.message
    }

    pub(super) fn answer(&self) -> Answer {
        let body = json!({ "ok": false, "error": self.error, "message": self.message });
        Answer::json(self.status, &body)
    }
}

/// A success that carries `value` under `key`.
pub(super) fn carrying(status: StatusCode, key: &str, value: Value) -> Answer {
    Answer::json(status, &Value::Object(success(key, value)))
}

pub(super) fn success(key: &str, value: Value) -> Map<String, Value> {
    let mut body = Map::new();
    body.insert("ok".to_owned(), Value::Bool(true));
    body.insert(key.to_owned(), value);
    body
}

/// The body as an object that has no keys but these.
pub(super) fn object_with(asked: &Asked, allowed: &[&str]) -> Result<Map<String, Value>, Refusal> {
    let body = object(asked)?;
    match body.keys().find(|key| !allowed.contains(&key.as_str())) {
        Some(key) => Err(Refusal::syntax(format!("body has the key `{key}`, which is not allowed"))),
        None => Ok(body),
    }
}

/// The body as an object.
pub(super) fn object(asked: &Asked) -> Result<Map<String, Value>, Refusal> {
    match asked.json() {
        Ok(Value::Object(object)) => Ok(object),
        Ok(_) => Err(Refusal::syntax("body must be an object")),
        Err(fault) => Err(Refusal {
            syntax: true,
            ..Refusal::new(StatusCode::BAD_REQUEST, "bad_request", format!("body is not valid JSON: {fault}"))
        }),
    }
}

impl Catalog {
    /// The headers that every answer has.
    pub(super) fn dated(&self, answer: Answer) -> Answer {
        answer
            .header("date", &self.clock.http_date())
            .header("x-ratelimit-period", "300")
            .header("x-ratelimit-limit", "35000")
            .header("x-ratelimit-remaining", "34000")
            .header("x-ratelimit-reset", "240")
    }
}
