//! The shapes on the wire: the envelope, errors, and what may come instead of either.

use crate::http::Response;
use crate::value::Value;

use super::Error;
use super::request::Domain;

/// A good answer.
#[derive(Debug)]
pub(super) struct Envelope {
    /// `data`: what was asked for.
    pub(super) data: Value,
    /// `paging`; absent where a list is whole.
    pub(super) paging: Option<Paging>,
    /// `totalCount`; with users only.
    pub(super) total: Option<u32>,
}

/// Addresses of other pages.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Paging {
    pub(super) next: Option<String>,
    pub(super) last: Option<String>,
}

impl Paging {
    /// The offset of the last page.
    pub(super) fn last_offset(&self) -> Option<u32> {
        let query = self.last.as_deref()?.split_once('?')?.1;
        let query = query.split('#').next().unwrap_or(query);
        query.split('&').find_map(|pair| pair.strip_prefix("offset=")).and_then(|offset| offset.parse().ok())
    }
}

impl Envelope {
    /// `data` as a list.
    pub(super) fn rows(&self, request: &str) -> Result<&[Value], Error> {
        self.data.as_array().ok_or_else(|| self.wrong(request, "`data` is no list"))
    }

    /// `data` as an object.
    pub(super) fn object(self, request: &str) -> Result<Value, Error> {
        if self.data.as_object().is_some() {
            Ok(self.data)
        } else {
            Err(self.wrong(request, "`data` is no object"))
        }
    }

    pub(super) fn wrong(&self, request: &str, reason: &str) -> Error {
        Error::Malformed {
            request: request.to_owned(),
            reason: reason.to_owned(),
            excerpt: excerpt(&self.data.to_bytes()),
        }
    }
}

/// Reads an answer, whatever it is.
pub(super) fn read(request: &str, response: &Response) -> Result<Envelope, Error> {
    if response.is_success() { envelope(request, response) } else { Err(refusal(request, response)) }
}

fn envelope(request: &str, response: &Response) -> Result<Envelope, Error> {
    let malformed = |reason: String| Error::Malformed {
        request: request.to_owned(),
        reason,
        excerpt: excerpt(&response.body),
    };
    let value = match Value::parse(&response.body) {
        Ok(value) => value,
        Err(_) if is_html(&response.body) => return Err(malformed("HTML instead of JSON".to_owned())),
        Err(error) => return Err(malformed(error.to_string())),
    };
    let Some(object) = value.as_object() else {
        return Err(malformed("no JSON object".to_owned()));
    };
    let Some(data) = object.get("data") else {
        return Err(malformed("no `data` in it".to_owned()));
    };
    let paging = object.get("paging").filter(|paging| paging.as_object().is_some());
    let link = |paging: &Value, name: &str| {
        paging.get(name).as_str().filter(|link| !link.is_empty()).map(str::to_owned)
    };
    Ok(Envelope {
        data: data.clone(),
        paging: paging.map(|paging| Paging { next: link(paging, "next"), last: link(paging, "last") }),
        total: object.get("totalCount").and_then(count),
    })
}

/// Calls a second in the long run, by domain, as `GET /v2/request-limits/` states them. Of several limits of a domain the
/// one with the shortest period counts: a longer one matters only to who needs more calls than it has.
pub(super) fn rates(limits: &Value) -> Vec<(Domain, f64)> {
    let plain =
        |name: &str| name.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_lowercase();
    let mut rates = Vec::new();
    for stated in limits.get("rateLimits").as_array().unwrap_or_default() {
        let name = plain(stated.get("domain").as_str().unwrap_or_default());
        let Some(domain) = Domain::ALL.into_iter().find(|domain| plain(domain.name()) == name) else {
            continue;
        };
        let each = stated.get("limits").as_array().unwrap_or_default().iter();
        let each =
            each.filter_map(|one| Some((one.get("limit").as_f64()?, one.get("periodInSeconds").as_f64()?)));
        let sound = each.filter(|(calls, seconds)| *calls > 0.0 && *seconds > 0.0);
        if let Some((calls, seconds)) = sound.min_by(|(_, one), (_, other)| one.total_cmp(other)) {
            rates.push((domain, calls / seconds));
        }
    }
    rates
}

/// A whole number that counts something.
pub(super) fn count(value: &Value) -> Option<u32> {
    let number = value.as_f64().filter(|number| (0.0..=f64::from(u32::MAX)).contains(number))?;
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "within bounds, and a count")]
    Some(number as u32)
}

fn refusal(request: &str, response: &Response) -> Error {
    let request = request.to_owned();
    let message = message(response);
    match response.status {
        401 => Error::KeyRefused { request, message },
        402 => Error::Plan { request, message },
        403 => Error::Forbidden { request, message },
        404 => Error::Missing { request, message },
        422 if is_about_the_key(&message) => Error::KeyFormat(message),
        400 | 422 => Error::Query { request, message },
        408 | 429 | 500 | 502 | 503 | 504 => Error::Unavailable(format!(
            "`{request}` answered {} at attempt {} ({message})",
            response.status, response.attempts
        )),
        status => Error::Unexpected { request, status, message },
    }
}

/// A key of a wrong format is answered with 422 like a wrong query; only the text tells them apart.
fn is_about_the_key(message: &str) -> bool {
    let message = message.to_ascii_lowercase();
    message.contains("key format") || message.contains("api key")
}

/// Opsgenie's own words, with those about single fields; or the beginning of whatever came instead.
fn message(response: &Response) -> String {
    let body = Value::parse(&response.body).unwrap_or_default();
    let mut text = match body.get("message").as_str() {
        Some(message) => short(message),
        None if response.body.is_empty() => format!("status {} without a body", response.status),
        None => excerpt(&response.body),
    };
    if let Some(errors) = body.get("errors").as_object() {
        for (field, error) in errors.iter().take(MAX_FIELDS) {
            text.push_str(&short(&format!("; {field}: {}", error.as_str().unwrap_or_default())));
        }
    }
    text
}

/// More faulty fields than a person reads.
const MAX_FIELDS: usize = 5;
/// As much of a foreign text as fits a line.
const MAX_EXCERPT: usize = 120;

fn is_html(body: &[u8]) -> bool {
    body.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b'<')
}

/// The beginning of a body for people: one line, ids and keys (which look alike) blotted out.
pub(super) fn excerpt(body: &[u8]) -> String {
    short(&String::from_utf8_lossy(&body[..body.len().min(4 * MAX_EXCERPT)]))
}

fn short(text: &str) -> String {
    let mut out = String::new();
    let mut run = String::new();
    // A run of hexadecimal digits and hyphens as long as the first half of a UUID may be a key.
    let flush = |run: &mut String, out: &mut String| {
        if run.len() >= 18 {
            out.push('…');
        } else {
            out.push_str(run);
        }
        run.clear();
    };
    for char in text.chars().map(|char| if char.is_control() { ' ' } else { char }) {
        if char.is_ascii_hexdigit() || char == '-' {
            run.push(char);
        } else {
            flush(&mut run, &mut out);
            out.push(char);
        }
        if out.chars().count() >= MAX_EXCERPT {
            out.push('…');
            return out;
        }
    }
    flush(&mut run, &mut out);
    out
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use crate::http::HeaderMap;

    use super::*;

    fn answer(status: u16, body: &'static str) -> Response {
        Response { status, headers: HeaderMap::new(), body: Bytes::from_static(body.as_bytes()), attempts: 3 }
    }

    fn fault(status: u16, body: &'static str) -> String {
        read("GET /v2/teams", &answer(status, body)).unwrap_err().to_string()
    }

    /// What the JSON reader says about the place is its own affair.
    fn without_reason(fault: &str) -> String {
        match (fault.find("at byte "), fault.find("; it begins")) {
            (Some(place), Some(end)) => {
                let digits = fault[place..].find(':').unwrap_or(0);
                format!("{}{}", &fault[..place + digits], &fault[end..])
            }
            _ => fault.to_owned(),
        }
    }

    #[test]
    fn what_is_no_envelope_says_what_it_is() {
        let faults = [
            fault(200, "<html><title>Proxy login</title></html>"),
            fault(200, r#"{"data": [{"id": "5f0a52b6-0b6f-6a0e-9f5e-5f0a52b6a8f1", "na"#),
            fault(200, "[]"),
            fault(200, "{}"),
            fault(200, ""),
        ]
        .map(|fault| without_reason(&fault))
        .join("\n");
        insta::assert_snapshot!(faults, @r#"
        `GET /v2/teams` answered something else than expected: HTML instead of JSON; it begins with `<html><title>Proxy login</title></html>`
        `GET /v2/teams` answered something else than expected: invalid JSON at byte 60; it begins with `{"data": [{"id": "…", "na`
        `GET /v2/teams` answered something else than expected: no JSON object; it begins with `[]`
        `GET /v2/teams` answered something else than expected: no `data` in it; it begins with `{}`
        `GET /v2/teams` answered something else than expected: invalid JSON at byte 0; it begins with ``
        "#);
    }

    #[test]
    fn every_status_has_a_meaning() {
        let faults = [
            fault(401, r#"{"message": "Could not authenticate"}"#),
            fault(402, r#"{"message": "Upgrade"}"#),
            fault(403, r#"{"code": 40301, "message": "not granted with configuration access"}"#),
            fault(404, ""),
            fault(422, r#"{"message": "Key format is not valid!"}"#),
            fault(
                422,
                r#"{"message": "Request body is not processable", "errors": {"query": "cannot parse"}}"#,
            ),
            fault(429, r#"{"message": "You are making too many requests!"}"#),
            fault(503, "<html>down</html>"),
            fault(302, ""),
        ]
        .join("\n");
        insta::assert_snapshot!(faults, @r#"
        Opsgenie refused the API key (Could not authenticate); check the key, that its integration is on, and its region (US or EU)
        the plan of this Opsgenie account does not include `GET /v2/teams` (Upgrade)
        the API key may not `GET /v2/teams` (not granted with configuration access); it needs the rights "Read" and "Configuration access"
        `GET /v2/teams`: not found (status 404 without a body)
        the Opsgenie API key has a wrong format (Key format is not valid!); a key looks like 12345678-1234-1234-1234-123456789abc
        Opsgenie cannot answer `GET /v2/teams` (Request body is not processable; query: cannot parse); check the query of this kind
        Opsgenie is unavailable: `GET /v2/teams` answered 429 at attempt 3 (You are making too many requests!)
        Opsgenie is unavailable: `GET /v2/teams` answered 503 at attempt 3 (<html>down</html>)
        `GET /v2/teams` answered 302 (status 302 without a body)
        "#);
    }

    #[test]
    fn data_of_another_shape_is_malformed() {
        let list = read("GET /v2/teams", &answer(200, r#"{"data": {"id": 1}}"#)).unwrap();
        assert!(matches!(list.rows("GET /v2/teams"), Err(Error::Malformed { .. })));
        let one = read("GET /v2/teams/x", &answer(200, r#"{"data": null}"#)).unwrap();
        assert!(matches!(one.object("GET /v2/teams/x"), Err(Error::Malformed { .. })));
    }

    #[test]
    fn paging_is_read_where_it_is() {
        let with = r#"{"data": [], "paging": {"next": "", "last": "https://x.test/v2/alerts?limit=100&offset=2300&order=asc"}}"#;
        let paging = read("GET", &answer(200, with)).unwrap().paging.unwrap();
        assert_eq!(paging.next, None);
        assert_eq!(paging.last_offset(), Some(2300));
        assert_eq!(read("GET", &answer(200, r#"{"data": []}"#)).unwrap().paging, None);
        let odd = Paging { next: None, last: Some("offset=abc".into()) };
        assert_eq!(odd.last_offset(), None);
    }

    #[test]
    fn a_key_in_a_foreign_text_is_blotted_out() {
        assert_eq!(short("key 0b6f6a0e-6c1a-4a35-9f5e-5f0a52b6a8f1 of Ada"), "key … of Ada");
        assert!(excerpt(&[b'x'; 5000]).chars().count() <= MAX_EXCERPT + 1);
    }
}
