//! What is looked at before a route does its work: credentials, size, headers.

use axum::http::{Method, StatusCode};
use serde_json::{Value, json};
use tokio::time::Instant;

use super::answer::{Refusal, object_with};
use super::route::{Route, Suffix};
use super::{Answer, Asked, Catalog};

/// Largest request body, as the API reference states it.
const BODY_LIMIT_BYTES: usize = 1024 * 1024;

/// An unsigned token whose claims are those of a machine; only the last part differs from one to the next.
const TOKEN_HEAD: &str = "eyJhbGciOiJub25lIn0.eyJpc01hY2hpbmUiOnRydWV9";

impl Catalog {
    pub(super) fn give_token(&mut self, asked: &Asked) -> Result<Answer, Refusal> {
        let body = object_with(asked, &["clientId", "clientSecret"])?;
        let said = |key: &str| body.get(key).and_then(Value::as_str).unwrap_or_default();
        let known = self.clients.get(said("clientId"));
        if known.is_none_or(|secret| secret != said("clientSecret")) {
            return Err(Refusal::new(
                StatusCode::UNAUTHORIZED,
                "invalid_credentials",
                "Invalid credentials, please check your clientId and clientSecret",
            ));
        }
        self.tokens_issued += 1;
        let token = format!("{TOKEN_HEAD}.{}", self.tokens_issued);
        let expires_in = self.manners.token_lifetime.as_secs();
        self.tokens.insert(token.clone(), Instant::now());
        let body =
            json!({ "ok": true, "accessToken": token, "expiresIn": expires_in, "tokenType": "Bearer" });
        Ok(Answer::json(StatusCode::OK, &body))
    }

    pub(super) fn authenticate(&self, asked: &Asked) -> Result<(), Refusal> {
        let given = asked.header("authorization").unwrap_or_default();
        let given_at = given.strip_prefix("Bearer ").and_then(|token| self.tokens.get(token));
        let refused = |message| Err(Refusal::new(StatusCode::UNAUTHORIZED, "invalid_credentials", message));
        match given_at {
            None => refused("Token is missing or not valid"),
            Some(at) if at.elapsed() >= self.manners.token_lifetime => refused("Token has expired"),
            Some(_) => Ok(()),
        }
    }

    /// How many tokens were given out.
    pub fn tokens_issued(&self) -> u64 {
        self.tokens_issued
    }
}

pub(super) fn limit_size(asked: &Asked) -> Result<(), Refusal> {
    if asked.body.len() <= BODY_LIMIT_BYTES {
        return Ok(());
    }
    Err(Refusal::new(StatusCode::PAYLOAD_TOO_LARGE, "bad_request", "Request body is too large"))
}

/// Notes what a client of the framework would not do, although the answer is given.
pub(super) fn inspect(asked: &Asked, route: Route, violations: &mut Vec<String>) {
    let line = format!("{} {}", asked.method, asked.path);
    if let Some(fault) = agent_fault(asked.header("user-agent").unwrap_or_default(), route) {
        violations.push(format!("{line}: {fault}"));
    }
    let json_sent = asked
        .header("content-type")
        .is_some_and(|kind| kind.split(';').next().map(str::trim) == Some("application/json"));
    if !asked.body.is_empty() && !json_sent {
        violations.push(format!("{line}: the body's content type is not JSON"));
    }
    if asked.method == Method::GET && !asked.body.is_empty() {
        violations.push(format!("{line}: a body where none belongs"));
    }
    if route.names_event() {
        match asked.param("ocean_info_event_type") {
            Some("resync") if asked.param("ocean_info_resync_id").is_none() => {
                violations.push(format!("{line}: a resync without `ocean_info_resync_id`"));
            }
            Some("resync" | "http_request" | "start") => {}
            _ => violations.push(format!("{line}: no `ocean_info_event_type`")),
        }
    }
}

/// `port-ocean/<type>/<version>/<identifier>[/exporter]`.
fn agent_fault(agent: &str, route: Route) -> Option<String> {
    let parts: Vec<&str> = agent.split('/').collect();
    let suffixed = match parts.as_slice() {
        ["port-ocean", kind, version, identifier]
            if [kind, version, identifier].iter().all(|part| !part.is_empty()) =>
        {
            Suffix::Absent
        }
        ["port-ocean", kind, version, identifier, "exporter"]
            if [kind, version, identifier].iter().all(|part| !part.is_empty()) =>
        {
            Suffix::Present
        }
        _ => return Some(format!("ill-formed User-Agent `{agent}`")),
    };
    let wanted = route.suffix();
    (wanted != Suffix::Either && wanted != suffixed)
        .then(|| format!("User-Agent `{agent}` has the suffix {suffixed:?}, wanted {wanted:?}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn user_agents() {
        let wrong = |agent: &str, route| agent_fault(agent, route).is_some();
        assert!(!wrong("port-ocean/opsgenie/0.1.0/my-og", Route::Token));
        assert!(wrong("port-ocean/opsgenie/0.1.0/my-og/exporter", Route::Token));
        assert!(!wrong("port-ocean/opsgenie/0.1.0/my-og/exporter", Route::Bulk));
        assert!(wrong("port-ocean/opsgenie/0.1.0/my-og", Route::Bulk));
        assert!(!wrong("port-ocean/opsgenie/0.1.0/my-og", Route::LargePage));
        for agent in ["", "reqwest", "port-ocean/opsgenie//x", "port-ocean/a/b/c/d/exporter"] {
            assert!(wrong(agent, Route::LargePage), "{agent}");
        }
    }
}
