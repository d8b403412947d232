//! Between types.

use super::{Table, unary};
use crate::jq::meter;
use crate::jq::text::to_json;
use crate::jq::val::{Outcome, shown};
use crate::value::{Number, Value};

/// Nesting that `fromjson` reads, as in jq.
const MAX_JSON_DEPTH: usize = 10_000;

pub(super) fn table() -> Table {
    vec![
        unary!("tostring", |value: &Value| Ok(match value {
            Value::String(_) => value.clone(),
            other => Value::from(to_json(other)),
        })),
        unary!("tojson", |value: &Value| Ok(Value::from(to_json(value)))),
        unary!("fromjson", from_json),
        unary!("tonumber", to_number),
        unary!("toboolean", |value: &Value| match (value, value.as_str()) {
            (Value::Bool(_), _) => Ok(value.clone()),
            (_, Some("true")) => Ok(Value::Bool(true)),
            (_, Some("false")) => Ok(Value::Bool(false)),
            (other, _) => Err(format!("{} cannot be parsed as a boolean", shown(other))),
        }),
    ]
}

fn to_number(value: &Value) -> Outcome {
    let text = match value {
        Value::Number(_) => return Ok(value.clone()),
        Value::String(text) => text,
        other => return Err(format!("{} cannot be parsed as a number", shown(other))),
    };
    meter::make(text.len())?;
    match Number::from_lenient(text) {
        Some(number) => Ok(Value::Number(number)),
        None => Err(format!("{} cannot be parsed as a number", shown(value))),
    }
}

fn from_json(value: &Value) -> Outcome {
    let Some(text) = value.as_str() else {
        return Err(format!("{} only strings can be parsed", shown(value)));
    };
    if text.trim_ascii().is_empty() {
        return Err(format!("Expected JSON value (while parsing '{text}')"));
    }
    meter::read(text.len())?;
    Value::parse_like_jq(text.as_bytes(), MAX_JSON_DEPTH)
        .map_err(|error| format!("{error} (while parsing '{text}')"))
}
