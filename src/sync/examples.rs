//! Raw records that the catalog's pages show as examples, when that was asked for.

use std::sync::Arc;

use crate::catalog::Examples;
use crate::config::{holds_a_password, names_a_secret};
use crate::model::{Kind, Record};
use crate::value::Value;

/// So many records of a listing are shown, as with the peer.
const SHOWN: usize = 5;

/// What stands in place of something secret, as with the peer.
const MASK: &str = "[REDACTED]";

/// Shows the first records of a listing.
#[derive(Debug)]
pub(super) struct Showing {
    to: Option<Examples>,
    kind: Kind,
    left: usize,
}

impl Showing {
    pub(super) fn new(to: Option<Examples>, kind: Kind) -> Self {
        Self { to, kind, left: SHOWN }
    }

    /// Shows what it has room for, as it was listed.
    pub(super) fn show(&mut self, records: &[Record]) {
        let Some(to) = self.to.as_ref().filter(|_| self.left > 0) else { return };
        let shown: Vec<String> =
            records.iter().take(self.left).map(|record| masked(&record.body).to_string()).collect();
        self.left -= shown.len();
        to.offer(self.kind, shown);
    }
}

/// A value without what is secret by its name, or by a password in an address.
fn masked(value: &Value) -> Value {
    let mask = || Value::string(MASK);
    match value {
        Value::Object(object) => {
            let of_entry = |(key, value): (&Arc<str>, &Value)| {
                let is_secret = names_a_secret(key) && !matches!(value, Value::Null | Value::Bool(_));
                (key.clone(), if is_secret { mask() } else { masked(value) })
            };
            Value::object(object.iter().map(of_entry).collect())
        }
        Value::Array(items) => items.iter().map(masked).collect(),
        Value::String(_) if value.as_str().is_some_and(holds_a_password) => mask(),
        other => other.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_secret_is_not_shown() {
        let value = Value::parse(
            br#"{"id":"a","apiKey":"k","details":{"Auth Token":null,"db_password":"p","n":[{"secret":{"x":1}}],
                "url":"postgres://me:word@db/x","page":"https://x.test/@a:b"}}"#,
        );
        insta::assert_snapshot!(masked(&value.expect("JSON")), @r#"{"id":"a","apiKey":"[REDACTED]","details":{"Auth Token":null,"db_password":"[REDACTED]","n":[{"secret":"[REDACTED]"}],"url":"[REDACTED]","page":"https://x.test/@a:b"}}"#);
    }
}
