//! One request and one answer, as the sides see them.

use axum::body::{Body, Bytes};
use axum::extract::Query;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use axum::response::Response;
use serde_json::Value;

use super::fault::ItemRefusal;

/// A request whose body has come in whole.
#[derive(Clone, Debug)]
pub struct Asked {
    /// The method.
    pub method: Method,
    /// The path as it was sent.
    pub path: String,
    /// The parts of the path, percent-decoded; a trailing slash adds none.
    pub segments: Vec<String>,
    /// The query's pairs, decoded, in order.
    pub query: Vec<(String, String)>,
    /// The headers.
    pub headers: HeaderMap,
    /// The body.
    pub body: Bytes,
    pub(in crate::sandbox) refuse_items: Option<ItemRefusal>,
}

impl Asked {
    pub(super) fn new(head: &Parts, body: Bytes) -> Self {
        let path = head.uri.path().to_owned();
        let query = Query::<Vec<(String, String)>>::try_from_uri(&head.uri)
            .map_or_else(|_| Vec::new(), |Query(pairs)| pairs);
        Self {
            method: head.method.clone(),
            segments: segments(&path),
            path,
            query,
            headers: head.headers.clone(),
            body,
            refuse_items: None,
        }
    }

    /// The first value of a query parameter.
    pub fn param(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// Every value of a repeated query parameter.
    pub fn params<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.query.iter().filter(move |(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// A header as text, when it is there and is text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// The body as JSON.
    ///
    /// # Errors
    /// When it is not JSON.
    pub fn json(&self) -> Result<Value, serde_json::Error> {
        serde_json::from_slice(&self.body)
    }

    /// The path's parts as text, for matching.
    pub fn parts(&self) -> Vec<&str> {
        self.segments.iter().map(String::as_str).collect()
    }
}

fn segments(path: &str) -> Vec<String> {
    let inner = path.strip_prefix('/').unwrap_or(path);
    let inner = inner.strip_suffix('/').unwrap_or(inner);
    inner.split('/').map(decoded).collect()
}

/// Percent-decoding of one path segment; a broken escape stays as it is.
fn decoded(segment: &str) -> String {
    let bytes = segment.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let escaped = (bytes[at] == b'%')
            .then(|| segment.get(at + 1..at + 3))
            .flatten()
            .and_then(|digits| u8::from_str_radix(digits, 16).ok());
        if let Some(byte) = escaped {
            out.push(byte);
            at += 3;
        } else {
            out.push(bytes[at]);
            at += 1;
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

/// What a side answers.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The status.
    pub status: StatusCode,
    /// Headers beyond the length.
    pub headers: HeaderMap,
    /// The body.
    pub body: Vec<u8>,
    pub(super) cut: bool,
}

impl Answer {
    pub(in crate::sandbox) fn new(status: StatusCode, body: Vec<u8>) -> Self {
        Self { status, headers: HeaderMap::new(), body, cut: false }
    }

    pub(in crate::sandbox) fn json(status: StatusCode, body: &Value) -> Self {
        Self::raw_json(status, body.to_string().into_bytes())
    }

    pub(in crate::sandbox) fn raw_json(status: StatusCode, body: Vec<u8>) -> Self {
        Self::new(status, body).header("content-type", "application/json; charset=utf-8")
    }

    pub(super) fn html() -> Self {
        let page =
            "<!doctype html><html><head><title>Sign in</title></head><body>Please sign in</body></html>";
        Self::new(StatusCode::OK, page.into()).header("content-type", "text/html; charset=utf-8")
    }

    /// Adds a header; one that HTTP does not allow is left out.
    pub(in crate::sandbox) fn header(mut self, name: &str, value: &str) -> Self {
        if let (Ok(name), Ok(value)) = (HeaderName::from_bytes(name.as_bytes()), HeaderValue::from_str(value))
        {
            self.headers.insert(name, value);
        }
        self
    }

    pub(super) fn into_response(mut self) -> Response {
        let body = std::mem::take(&mut self.body);
        self.into_response_with(Body::from(body))
    }

    pub(super) fn into_response_with(self, body: Body) -> Response {
        let mut response = Response::new(body);
        *response.status_mut() = self.status;
        *response.headers_mut() = self.headers;
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn segments_are_decoded_and_a_trailing_slash_adds_none() {
        assert_eq!(segments("/v1/incidents/"), ["v1", "incidents"]);
        assert_eq!(segments("/v1/a%20b%2Fc/%zz%4"), ["v1", "a b/c", "%zz%4"]);
        assert_eq!(segments("//v1"), ["", "v1"]);
        assert_eq!(segments("/caf%C3%A9/ü%4"), ["café", "ü%4"]);
    }
}
