//! What Opsgenie's webhook integration posts, read as far as anybody may rely on it: which alert it is about.
//!
//! Nothing signs these bodies, they come more than once and in any order, and their shape is not that of the API
//! (<https://support.atlassian.com/opsgenie/docs/opsgenie-edge-connector-alert-action-data/>). So a body is a hint to read
//! the alert again, except where a mapping asks for the bodies themselves.

use bytes::Bytes;

use crate::model::RecordId;
use crate::opsgenie;
use crate::value::Value;

/// What a hint is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum What {
    /// The alert is read again.
    Alert,
    /// The body itself is mapped: kind `webhook-event`.
    Notification,
}

/// What there is one piece of work for, however many hints come.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Subject {
    pub(super) what: What,
    pub(super) alert: RecordId,
}

/// A hint that was accepted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Hint {
    pub(super) subject: Subject,
    /// The action, as it was spelled.
    pub(super) action: String,
    /// `alert.updatedAt`, as a number of milliseconds since 1970.
    pub(super) updated_ms: Option<i64>,
    /// The body, where it is mapped itself.
    pub(super) body: Option<Bytes>,
}

/// What a body is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Posted {
    /// About an alert.
    Alert(Hint),
    /// JSON about something else: incidents, tests.
    Other,
}

/// Why a body cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Unreadable {
    #[error("the body is no JSON: {0}")]
    NoJson(String),
    #[error("`alert.alertId` is not the id of an alert")]
    Id,
}

/// Reads a body.
pub(super) fn read(body: &[u8]) -> Result<Posted, Unreadable> {
    let value = Value::parse(body).map_err(|error| Unreadable::NoJson(error.to_string()))?;
    let alert = value.get("alert");
    let Some(id) = alert.get("alertId").as_str() else { return Ok(Posted::Other) };
    let id = RecordId::new(id).ok().filter(opsgenie::is_plain).ok_or(Unreadable::Id)?;
    Ok(Posted::Alert(Hint {
        subject: Subject { what: What::Alert, alert: id },
        action: value.get("action").as_str().unwrap_or_default().to_owned(),
        updated_ms: milliseconds(alert.get("updatedAt")),
        body: None,
    }))
}

/// An instant as webhooks write it: milliseconds, or nineteen digits that are nanoseconds, which no double can hold.
fn milliseconds(value: &Value) -> Option<i64> {
    const NANOSECONDS_FROM: i64 = 100_000_000_000_000_000;
    let number: i64 = std::str::from_utf8(&value.to_bytes()).ok()?.parse().ok()?;
    Some(if number >= NANOSECONDS_FROM { number / 1_000_000 } else { number })
}

impl Hint {
    /// The same hint, for the body itself.
    pub(super) fn as_notification(&self, body: Bytes) -> Self {
        let subject = Subject { what: What::Notification, alert: self.subject.alert.clone() };
        Self { subject, body: Some(body), ..self.clone() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hint(body: &str) -> Hint {
        match read(body.as_bytes()) {
            Ok(Posted::Alert(hint)) => hint,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn an_alert_is_known_by_its_id_alone() {
        let read = hint(r#"{"alert":{"alertId":"70413a06-1686916265415"}}"#);
        assert_eq!(read.subject.alert.as_str(), "70413a06-1686916265415");
        assert_eq!((read.action.as_str(), read.updated_ms), ("", None));
    }

    #[test]
    fn nineteen_digits_are_nanoseconds() {
        let read = hint(r#"{"action":"Create","alert":{"alertId":"a","updatedAt":1763598720017002246}}"#);
        assert_eq!(read.updated_ms, Some(1_763_598_720_017));
        let read = hint(r#"{"action":"Create","alert":{"alertId":"a","updatedAt":1686916266116}}"#);
        assert_eq!(read.updated_ms, Some(1_686_916_266_116));
        assert_eq!(hint(r#"{"alert":{"alertId":"a","updatedAt":"soon"}}"#).updated_ms, None);
    }

    #[test]
    fn what_is_about_no_alert_is_no_fault() {
        for body in
            ["{}", "[]", "1", r#"{"incident":{"id":"i"}}"#, r#"{"alert":null}"#, r#"{"alert":{"alertId":7}}"#]
        {
            assert_eq!(read(body.as_bytes()), Ok(Posted::Other), "{body}");
        }
    }

    #[test]
    fn what_cannot_be_read_is_one() {
        for body in ["", "{", "<html>", r#"{"alert":{"alertId":"a"}"#] {
            assert!(matches!(read(body.as_bytes()), Err(Unreadable::NoJson(_))), "{body}");
        }
        for id in ["", "../users", "a/b", "a b", "é", &"x".repeat(200)] {
            let body = serde_json::json!({ "alert": { "alertId": id } }).to_string();
            assert_eq!(read(body.as_bytes()), Err(Unreadable::Id), "{id}");
        }
    }
}
