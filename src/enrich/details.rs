//! What a listing of alerts leaves out: one read per alert, because nothing else shows it.

use crate::model::Record;
use crate::opsgenie::{Error, Opsgenie};
use crate::value::{Object, Value};

use super::patience::Patience;

#[derive(Debug)]
pub(super) struct Details {
    source: Opsgenie,
    patience: Patience,
}

impl Details {
    pub(super) fn new(source: &Opsgenie) -> Self {
        Self { source: source.clone(), patience: Patience::default() }
    }

    /// The alert as it was listed, with the fields that only a read of its own shows.
    pub(super) async fn of_alert(&self, alert: &Record) -> Result<Value, Error> {
        let read = self.patience.ask(|| self.source.alert(&alert.id)).await?;
        Ok(with_missing(&alert.body, &read.body))
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
