//! Filters on text.

use super::{Table, binary, unary};
use crate::jq::val::{Outcome, count, shown};
use crate::jq::{arithmetic, meter};
use crate::value::Value;

pub(super) fn table() -> Table {
    vec![
        unary!("utf8bytelength", |value: &Value| match value {
            Value::String(text) => Ok(count(text.len())),
            other => Err(format!("{} only strings have UTF-8 byte length", shown(other))),
        }),
        unary!("explode", explode),
        unary!("implode", implode),
        unary!("ascii_downcase", |value: &Value| match value {
            Value::String(text) => meter::make(text.len()).map(|()| Value::from(text.to_ascii_lowercase())),
            _ => Err("explode input must be a string".to_owned()),
        }),
        unary!("ascii_upcase", |value: &Value| match value {
            Value::String(text) => meter::make(text.len()).map(|()| Value::from(text.to_ascii_uppercase())),
            _ => Err("explode input must be a string".to_owned()),
        }),
        unary!("trim", |value| trim(value, |text| text.trim_matches(is_space))),
        unary!("ltrim", |value| trim(value, |text| text.trim_start_matches(is_space))),
        unary!("rtrim", |value| trim(value, |text| text.trim_end_matches(is_space))),
        binary!("startswith", |value: &Value, part: &Value| match (value.as_str(), part.as_str()) {
            (Some(text), Some(part)) => Ok(Value::Bool(text.starts_with(part))),
            _ => Err("startswith() requires string inputs".to_owned()),
        }),
        binary!("endswith", |value: &Value, part: &Value| match (value.as_str(), part.as_str()) {
            (Some(text), Some(part)) => Ok(Value::Bool(text.ends_with(part))),
            _ => Err("endswith() requires string inputs".to_owned()),
        }),
        binary!("ltrimstr", |value: &Value, part: &Value| cut(value, part, Ends::Start)),
        binary!("rtrimstr", |value: &Value, part: &Value| cut(value, part, Ends::End)),
        binary!("trimstr", |value: &Value, part: &Value| cut(value, part, Ends::Both)),
        binary!("split", |value: &Value, separator: &Value| match (value.as_str(), separator.as_str()) {
            (Some(text), Some(separator)) => arithmetic::split(text, separator),
            _ => Err("split input and separator must be strings".to_owned()),
        }),
    ]
}

/// White space as jq trims it.
fn is_space(char: char) -> bool {
    char.is_whitespace()
}

fn trim(value: &Value, trimmed: fn(&str) -> &str) -> Outcome {
    match value {
        Value::String(text) => {
            meter::make(text.len())?;
            let trimmed = trimmed(text);
            Ok(if trimmed.len() == text.len() { value.clone() } else { Value::from(trimmed) })
        }
        _ => Err("trim input must be a string".to_owned()),
    }
}

#[derive(Clone, Copy)]
enum Ends {
    Start,
    End,
    Both,
}

/// Without the part at one end or both.
fn cut(value: &Value, part: &Value, ends: Ends) -> Outcome {
    let (Some(text), Some(part)) = (value.as_str(), part.as_str()) else {
        return Err(match ends {
            Ends::Start | Ends::Both => "startswith() requires string inputs",
            Ends::End => "endswith() requires string inputs",
        }
        .to_owned());
    };
    meter::make(text.len())?;
    let start = |text: &'_ str| text.strip_prefix(part).map_or(text.len(), str::len);
    let from = match ends {
        Ends::Start | Ends::Both => text.len() - start(text),
        Ends::End => 0,
    };
    let rest = &text[from..];
    let rest = match ends {
        Ends::End | Ends::Both => rest.strip_suffix(part).unwrap_or(rest),
        Ends::Start => rest,
    };
    Ok(if rest.len() == text.len() { value.clone() } else { Value::from(rest) })
}

fn explode(value: &Value) -> Outcome {
    match value {
        Value::String(text) => meter::make(text.len() * size_of::<Value>())
            .map(|()| text.chars().map(|char| Value::from(f64::from(u32::from(char)))).collect()),
        _ => Err("explode input must be a string".to_owned()),
    }
}

fn implode(value: &Value) -> Outcome {
    let Value::Array(points) = value else {
        return Err("implode input must be an array".to_owned());
    };
    meter::make(points.len().saturating_mul(char::MAX.len_utf8()))?;
    let mut text = String::with_capacity(points.len());
    for point in points.iter() {
        let Some(number) = point.as_f64().filter(|number| !number.is_nan()) else {
            return Err(format!("{} can't be imploded, unicode codepoint needs to be numeric", shown(point)));
        };
        #[expect(
            clippy::cast_possible_truncation,
            reason = "`as` saturates, and out of range is no character"
        )]
        let point = number as i64;
        let char = u32::try_from(point).ok().and_then(char::from_u32);
        text.push(char.unwrap_or(char::REPLACEMENT_CHARACTER));
    }
    Ok(Value::from(text))
}
