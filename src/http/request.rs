//! What is sent and what comes back.

use bytes::Bytes;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue, InvalidHeaderValue};
use reqwest::{Method, Url};

use crate::secret::Secret;

/// Whether sending a request twice does the same as sending it once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Repeat {
    /// It may be sent again when it failed in a way that passes.
    Safe,
    /// It is sent once, whatever comes back.
    Never,
}

/// A request, ready to be sent.
#[derive(Clone, Debug)]
pub struct Request {
    /// The method.
    pub method: Method,
    /// The whole address.
    pub url: Url,
    /// Headers beyond those of the client.
    pub headers: HeaderMap,
    /// The body; empty for none.
    pub body: Bytes,
    /// Whether it may be repeated.
    pub repeat: Repeat,
}

impl Request {
    /// A request without body. `GET`, `HEAD`, `PUT` and `DELETE` may be repeated, others not unless said otherwise.
    pub fn new(method: Method, url: Url) -> Self {
        let repeat = if method.is_idempotent() { Repeat::Safe } else { Repeat::Never };
        Self { method, url, headers: HeaderMap::new(), body: Bytes::new(), repeat }
    }

    /// A `GET`.
    pub fn get(url: Url) -> Self {
        Self::new(Method::GET, url)
    }

    /// Sets a header.
    #[must_use]
    pub fn header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.insert(name, value);
        self
    }

    /// Sets `Authorization: <scheme> <secret>`, marked sensitive. Fails when the secret has bytes that no header may
    /// carry (a line break from a file, for example).
    pub fn authorization(mut self, scheme: &str, secret: &Secret) -> Result<Self, InvalidHeaderValue> {
        let mut value = HeaderValue::from_str(&format!("{scheme} {}", secret.expose()))?;
        value.set_sensitive(true);
        self.headers.insert(reqwest::header::AUTHORIZATION, value);
        Ok(self)
    }

    /// Sets a JSON body.
    #[must_use]
    pub fn json(mut self, body: impl Into<Bytes>) -> Self {
        self.body = body.into();
        self.header(reqwest::header::CONTENT_TYPE, HeaderValue::from_static("application/json"))
    }

    /// Says whether it may be repeated.
    #[must_use]
    pub fn repeat(mut self, repeat: Repeat) -> Self {
        self.repeat = repeat;
        self
    }

    /// Method and address for people: without credentials, secret-looking query values masked.
    pub fn describe(&self) -> String {
        describe(&self.method, &self.url)
    }
}

/// Words in a query key that make its value a secret.
const SECRET_WORDS: [&str; 4] = ["key", "token", "secret", "password"];

fn describe(method: &Method, url: &Url) -> String {
    let mut shown = url.clone();
    // Both fail only for addresses that cannot carry credentials in the first place.
    let _kept = shown.set_password(None).and_then(|()| shown.set_username(""));
    let masked = |key: &str| {
        let key = key.to_ascii_lowercase();
        SECRET_WORDS.iter().any(|word| key.contains(word))
    };
    if url.query_pairs().any(|(key, _)| masked(&key)) {
        shown.query_pairs_mut().clear().extend_pairs(url.query_pairs().map(|(key, value)| {
            let value = if masked(&key) { "…".into() } else { value };
            (key, value)
        }));
    }
    format!("{method} {shown}")
}

/// An answer, read to its end.
#[derive(Clone, Debug)]
pub struct Response {
    /// The status.
    pub status: u16,
    /// The headers.
    pub headers: HeaderMap,
    /// The whole body, decompressed.
    pub body: Bytes,
    /// How often the request was sent, at least once.
    pub attempts: u32,
}

impl Response {
    /// Whether the status is 2xx.
    pub fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// A header as text, when it is there and is text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(text: &str) -> Url {
        Url::parse(text).unwrap()
    }

    #[test]
    fn credentials_are_not_described() {
        let request = Request::get(url("https://user:pass@api.test/v2/alerts?apiKey=abc&offset=100"));
        assert_eq!(request.describe(), "GET https://api.test/v2/alerts?apiKey=%E2%80%A6&offset=100");
    }

    #[test]
    fn an_authorization_is_never_printed() {
        let request = Request::get(url("https://api.test/"))
            .authorization("GenieKey", &Secret::new("1b2c-top"))
            .unwrap();
        assert!(!format!("{request:?}").contains("top"));
        // Nor kept by what compresses or logs headers below us.
        assert!(request.headers[reqwest::header::AUTHORIZATION].is_sensitive());
    }

    #[test]
    fn a_key_with_a_line_break_is_refused() {
        let result = Request::get(url("https://api.test/")).authorization("GenieKey", &Secret::new("a\nb"));
        assert!(result.is_err());
    }

    #[test]
    fn only_idempotent_methods_repeat_by_themselves() {
        assert_eq!(Request::new(Method::POST, url("https://a.test")).repeat, Repeat::Never);
        assert_eq!(Request::new(Method::PATCH, url("https://a.test")).repeat, Repeat::Never);
        assert_eq!(Request::new(Method::DELETE, url("https://a.test")).repeat, Repeat::Safe);
    }
}
