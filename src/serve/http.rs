//! Our own HTTP server: the webhook, the resync that the catalog calls, health, metrics, and a page for people.

use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::time::Instant;

use axum::Router;
use axum::body::Body;
use axum::extract::{Path, Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use serde_json::json;
use uuid::Uuid;

use super::Inside;
use super::agenda::Reason;
use super::door::Entry;
use super::hint::{self, Posted};
use super::metrics::Call;
use super::queue::Offered;
use crate::config::EventListener;

/// The largest body of a webhook call.
const BODY_LIMIT_BYTES: usize = 1 << 20;

/// Calls of the webhook a second, as many at once: beyond it they are told to come again.
const CALLS_A_SECOND: f64 = 10_000.0;

/// What a caller is told to wait, in seconds.
const COME_AGAIN: &str = "1";

/// The header that names a request in logs.
const REQUEST_ID: &str = "x-request-id";

/// A bucket of calls that fills by itself.
#[derive(Debug)]
pub(super) struct Bucket(Mutex<(f64, Instant)>);

impl Bucket {
    pub(super) fn full() -> Self {
        Self(Mutex::new((CALLS_A_SECOND, Instant::now())))
    }

    /// Takes a call out; false when it is empty.
    fn take(&self, now: Instant) -> bool {
        let mut bucket = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (left, since) = *bucket;
        let filled = left + now.saturating_duration_since(since).as_secs_f64() * CALLS_A_SECOND;
        let left = filled.min(CALLS_A_SECOND);
        let taken = left >= 1.0;
        *bucket = (if taken { left - 1.0 } else { left }, now);
        taken
    }
}

/// Every route.
pub(super) fn routes(inside: &Arc<Inside>) -> Router {
    let prefix = &inside.settings.server.path_prefix;
    let mut router = Router::new()
        .route("/", get(page))
        .route("/health/live", get(live))
        .route("/health/ready", get(ready))
        .route("/metrics", get(metrics))
        .route("/metrics/", get(metrics));
    let mut prefixes = vec![""];
    if !prefix.is_empty() {
        prefixes.push(prefix);
    }
    for prefix in prefixes {
        router = router
            .route(&format!("{prefix}/integration/webhook"), post(webhook))
            .route(&format!("{prefix}/integration/webhook/"), post(webhook))
            .route(&format!("{prefix}/integration/webhook/{{token}}"), post(webhook_with_token));
        if let EventListener::Webhook { .. } = inside.settings.listener {
            router = router.route(&format!("{prefix}/resync"), post(resync));
        }
    }
    router.layer(middleware::from_fn(named)).with_state(inside.clone())
}

/// Gives every request a name, in the answer and in the log.
async fn named(request: Request, next: Next) -> Response {
    let begin = Instant::now();
    let plain = |value: &&HeaderValue| {
        value.len() <= 64
            && value.as_bytes().iter().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(byte))
    };
    let given = request.headers().get(REQUEST_ID).filter(plain).cloned();
    let name = given.unwrap_or_else(|| {
        HeaderValue::from_str(&Uuid::new_v4().to_string()).expect("digits and hyphens make a header")
    });
    // A token may stand at the end of the path.
    let path = request.uri().path();
    let path = path.split_once("/webhook/").map_or(path, |(before, _)| before).to_owned();
    let method = request.method().clone();
    let mut response = next.run(request).await;
    tracing::debug!(
        request = name.to_str().unwrap_or_default(),
        %method,
        path,
        status = response.status().as_u16(),
        micros = u64::try_from(begin.elapsed().as_micros()).unwrap_or(u64::MAX),
        "answered"
    );
    response.headers_mut().insert(REQUEST_ID, name);
    response
}

async fn webhook(State(inside): State<Arc<Inside>>, request: Request) -> Response {
    take(&inside, None, request).await
}

async fn webhook_with_token(
    State(inside): State<Arc<Inside>>,
    Path(token): Path<String>,
    request: Request,
) -> Response {
    take(&inside, Some(&token), request).await
}

async fn take(inside: &Inside, token: Option<&str>, request: Request) -> Response {
    if !inside.calls.take(Instant::now()) {
        inside.metrics.called(Call::TooMany);
        return again(StatusCode::TOO_MANY_REQUESTS, "too many calls");
    }
    let (head, body) = request.into_parts();
    let entry = inside.door.entry(&head.headers, token);
    if let Entry::Refused | Entry::Closed = entry {
        inside.metrics.called(Call::Refused);
        let why = match entry {
            Entry::Closed => "this webhook takes no calls: OCEAN__WEBHOOK__SECRET is not set",
            _ => "the secret is missing or wrong",
        };
        return said(StatusCode::UNAUTHORIZED, why);
    }
    let Ok(body) = axum::body::to_bytes(body, BODY_LIMIT_BYTES).await else {
        inside.metrics.called(Call::TooLarge);
        return said(StatusCode::PAYLOAD_TOO_LARGE, "the body is larger than a mebibyte");
    };
    let hint = match hint::read(&body) {
        Ok(Posted::Alert(hint)) => hint,
        Ok(Posted::Other) => {
            tracing::debug!("a call of the webhook that is about no alert");
            inside.metrics.called(Call::Other);
            return said(StatusCode::ACCEPTED, "this is about no alert");
        }
        Err(error) => {
            inside.metrics.called(Call::Unreadable);
            return said(StatusCode::BAD_REQUEST, &error.to_string());
        }
    };
    // What nobody vouches for is read again from Opsgenie, never taken at its word.
    if entry == Entry::Known && inside.live.may_take_notifications() {
        match inside.queue.offer(hint.as_notification(body)).await {
            Offered::Full | Offered::Unkept => return full(inside),
            Offered::Taken | Offered::Merged | Offered::Old => {}
        }
    }
    let call = match inside.queue.offer(hint).await {
        Offered::Taken => Call::Accepted,
        Offered::Merged => Call::Merged,
        Offered::Old => Call::Old,
        Offered::Full | Offered::Unkept => return full(inside),
    };
    inside.metrics.called(call);
    said(StatusCode::ACCEPTED, "accepted")
}

fn full(inside: &Inside) -> Response {
    inside.metrics.called(Call::Full);
    again(StatusCode::SERVICE_UNAVAILABLE, "there is no room for more events")
}

/// Runs a pass, and answers when it is over.
async fn resync(State(inside): State<Arc<Inside>>) -> Response {
    match inside.resync(Reason::Called).await {
        Some(exit) if exit.code() == 0 => {
            (StatusCode::OK, axum::Json(serde_json::Value::Null)).into_response()
        }
        Some(exit) => {
            said(StatusCode::INTERNAL_SERVER_ERROR, &format!("the resync ended as {}", exit.name()))
        }
        None => {
            again(StatusCode::SERVICE_UNAVAILABLE, "another replica runs the passes, or this one is stopping")
        }
    }
}

async fn live() -> Response {
    healthy("live")
}

async fn ready(State(inside): State<Arc<Inside>>) -> Response {
    match inside.unready() {
        None => healthy("ready"),
        Some(why) => {
            let body = json!({ "status": "unhealthy", "check": "ready", "reason": why, "version": crate::sync::VERSION });
            (StatusCode::SERVICE_UNAVAILABLE, axum::Json(body)).into_response()
        }
    }
}

fn healthy(check: &str) -> Response {
    axum::Json(json!({ "status": "healthy", "check": check, "version": crate::sync::VERSION }))
        .into_response()
}

async fn metrics(State(inside): State<Arc<Inside>>) -> Response {
    let ready = inside.unready().is_none();
    let text = inside.metrics.text(inside.queue.depth(), inside.target.is_paused(), ready);
    let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    ([(header::CONTENT_TYPE, kind)], text).into_response()
}

async fn page(State(inside): State<Arc<Inside>>) -> Response {
    ([(header::CONTENT_TYPE, "text/html; charset=utf-8")], super::page::html(&inside.status()))
        .into_response()
}

fn said(status: StatusCode, message: &str) -> Response {
    (status, axum::Json(json!({ "message": message }))).into_response()
}

fn again(status: StatusCode, message: &str) -> Response {
    let mut response: Response<Body> = said(status, message);
    response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static(COME_AGAIN));
    response
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_bucket_fills_by_itself() {
        let bucket = Bucket::full();
        let begin = Instant::now();
        let taken = (0..20_000).filter(|_| bucket.take(begin)).count();
        assert!((10_000..=10_001).contains(&taken), "{taken}");
        assert!(!bucket.take(begin));
        let later = (0..20_000).filter(|_| bucket.take(begin + Duration::from_millis(500))).count();
        assert!((4_999..=5_001).contains(&later), "{later}");
    }
}
