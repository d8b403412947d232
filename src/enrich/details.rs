//! What a listing of alerts leaves out: one read per alert, because nothing else shows it.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

use crate::model::Record;
use crate::opsgenie::{Error, Opsgenie};
use crate::value::{Object, Value};

/// After so many reads in a row that came to nothing, although each was repeated, the others are not even tried.
const GIVE_UP: u32 = 3;

#[derive(Debug)]
pub(super) struct Details {
    source: Opsgenie,
    failed_in_a_row: AtomicU32,
    /// Why no further alert is read, once that is so.
    given_up: OnceLock<Error>,
}

impl Details {
    pub(super) fn new(source: &Opsgenie) -> Self {
        Self { source: source.clone(), failed_in_a_row: AtomicU32::new(0), given_up: OnceLock::new() }
    }

    /// The alert as it was listed, with the fields that only a read of its own shows.
    pub(super) async fn of_alert(&self, alert: &Record) -> Result<Value, Error> {
        if let Some(error) = self.given_up.get() {
            return Err(error.clone());
        }
        let read = self.source.alert(&alert.id).await;
        match &read {
            Ok(_) => self.failed_in_a_row.store(0, Ordering::Relaxed),
            Err(error) => self.note(error),
        }
        Ok(with_missing(&alert.body, &read?.body))
    }

    fn note(&self, error: &Error) {
        let in_a_row = self.failed_in_a_row.fetch_add(1, Ordering::Relaxed) + 1;
        let lasting = match error {
            // These will not be different for the next one.
            Error::Stopped | Error::Plan { .. } | Error::Forbidden { .. } | Error::KeyRefused { .. } => true,
            Error::Unavailable(_) => in_a_row >= GIVE_UP,
            _ => false,
        };
        if lasting {
            // Another one may have said so at the same time.
            self.given_up.get_or_init(|| error.clone());
        }
    }
}

/// What was listed stays as it was listed, so that all fields of the list show one moment.
fn with_missing(listed: &Value, read: &Value) -> Value {
    let fields = read.as_object().into_iter().flat_map(Object::iter);
    let missing = fields.filter(|(name, _)| listed.as_object().is_none_or(|has| has.get(name).is_none()));
    missing.fold(listed.clone(), |whole, (name, value)| whole.with(name, value.clone()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_listed_is_not_overwritten() {
        let value = |text: &str| Value::parse(text.as_bytes()).unwrap();
        let whole = with_missing(
            &value(r#"{"id":"a","status":"open","owner":null}"#),
            &value(r#"{"id":"a","status":"closed","owner":"ada","description":"d","details":{"k":"v"}}"#),
        );
        assert_eq!(
            whole.to_string(),
            r#"{"id":"a","status":"open","owner":null,"description":"d","details":{"k":"v"}}"#
        );
    }
}
