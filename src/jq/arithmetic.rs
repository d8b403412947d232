//! jq's arithmetic on all types.

use std::sync::Arc;

use super::meter;
use super::val::{Outcome, shown};
use crate::value::{Object, Value};

/// The longest text that repetition may make, in bytes; jq has a bound too, a larger one.
const MAX_TEXT_BYTES: usize = 64 << 20;

fn undefined(left: &Value, right: &Value, done: &str) -> String {
    format!("{} and {} cannot be {done}", shown(left), shown(right))
}

fn number(double: f64) -> Value {
    Value::from(double)
}

/// `left + right`
pub(super) fn add(left: Value, right: Value) -> Outcome {
    Ok(match (left, right) {
        (Value::Null, other) | (other, Value::Null) => other,
        (Value::Number(a), Value::Number(b)) => number(a.as_f64() + b.as_f64()),
        (Value::String(a), Value::String(b)) => {
            if a.is_empty() {
                return Ok(Value::String(b));
            } else if b.is_empty() {
                return Ok(Value::String(a));
            }
            meter::make(a.len() + b.len())?;
            let mut text = String::with_capacity(a.len() + b.len());
            text.push_str(&a);
            text.push_str(&b);
            Value::from(text)
        }
        (Value::Array(mut a), Value::Array(b)) => {
            if a.is_empty() {
                return Ok(Value::Array(b));
            }
            // In place, unless somebody else holds it too.
            let copied = if Arc::strong_count(&a) > 1 { a.len() } else { 0 };
            meter::make((copied + b.len()) * size_of::<Value>())?;
            Arc::make_mut(&mut a).extend(b.iter().cloned());
            Value::Array(a)
        }
        (Value::Object(mut a), Value::Object(b)) => {
            if a.is_empty() {
                return Ok(Value::Object(b));
            }
            let copied = if Arc::strong_count(&a) > 1 { a.len() } else { 0 };
            meter::make((copied + b.len()) * size_of::<(Arc<str>, Value)>())?;
            let merged = Arc::make_mut(&mut a);
            for (key, value) in b.iter() {
                merged.insert(Arc::clone(key), value.clone());
            }
            Value::Object(a)
        }
        (left, right) => return Err(undefined(&left, &right, "added")),
    })
}

/// `left - right`
pub(super) fn subtract(left: Value, right: Value) -> Outcome {
    match (left, right) {
        (Value::Number(a), Value::Number(b)) => Ok(number(a.as_f64() - b.as_f64())),
        (Value::Array(a), Value::Array(b)) => {
            meter::read(a.len().saturating_mul(b.len()))?;
            let kept = a.iter().filter(|item| !b.iter().any(|other| super::val::order(item, other).is_eq()));
            Ok(kept.cloned().collect())
        }
        (left, right) => Err(undefined(&left, &right, "subtracted")),
    }
}

/// `left * right`
pub(super) fn multiply(left: Value, right: Value) -> Outcome {
    match (left, right) {
        (Value::Number(a), Value::Number(b)) => Ok(number(a.as_f64() * b.as_f64())),
        (Value::String(text), Value::Number(times)) | (Value::Number(times), Value::String(text)) => {
            repeat(&text, times.as_f64())
        }
        (Value::Object(a), Value::Object(b)) => merge(a, &b),
        (left, right) => Err(undefined(&left, &right, "multiplied")),
    }
}

/// The text, as many times; a fraction of a time counts not at all, less than none is null.
fn repeat(text: &str, times: f64) -> Outcome {
    if times < 0.0 || times.is_nan() {
        return Ok(Value::Null);
    }
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "not negative; `as` saturates"
    )]
    let times = times as usize;
    match text.len().checked_mul(times) {
        Some(length) if length <= MAX_TEXT_BYTES => {
            meter::make(length)?;
            Ok(Value::from(text.repeat(times)))
        }
        _ => Err("Repeat string result too long".to_owned()),
    }
}

/// Objects merged at every depth.
fn merge(mut left: Arc<Object>, right: &Object) -> Outcome {
    let copied = if Arc::strong_count(&left) > 1 { left.len() } else { 0 };
    meter::make((copied + right.len()) * size_of::<(Arc<str>, Value)>())?;
    let merged = Arc::make_mut(&mut left);
    for (key, value) in right.iter() {
        let value = match (merged.get(key), value) {
            (Some(Value::Object(a)), Value::Object(b)) => merge(Arc::clone(a), b)?,
            _ => value.clone(),
        };
        merged.insert(Arc::clone(key), value);
    }
    Ok(Value::Object(left))
}

/// `left / right`
pub(super) fn divide(left: &Value, right: &Value) -> Outcome {
    match (left, right) {
        (Value::Number(_), Value::Number(b)) if b.as_f64() == 0.0 => {
            Err(undefined(left, right, "divided because the divisor is zero"))
        }
        (Value::Number(a), Value::Number(b)) => Ok(number(a.as_f64() / b.as_f64())),
        (Value::String(text), Value::String(separator)) => split(text, separator),
        _ => Err(undefined(left, right, "divided")),
    }
}

/// The parts of a text between separators; its characters when the separator is empty.
pub(super) fn split(text: &str, separator: &str) -> Outcome {
    let parts: Value = if text.is_empty() {
        Value::array(Vec::new())
    } else if separator.is_empty() {
        meter::make(text.len() * size_of::<Value>())?;
        text.chars().map(|char| Value::from(char.encode_utf8(&mut [0; 4]) as &str)).collect()
    } else {
        meter::read(text.len())?;
        text.split(separator).map(Value::from).collect()
    };
    meter::make(parts.as_array().map_or(0, <[Value]>::len) * size_of::<Value>())?;
    Ok(parts)
}

/// `left % right`: of the whole parts, with the sign of the left side.
pub(super) fn remainder(left: &Value, right: &Value) -> Outcome {
    let (Value::Number(a), Value::Number(b)) = (left, right) else {
        return Err(undefined(left, right, "divided (remainder)"));
    };
    let (a, b) = (a.as_f64(), b.as_f64());
    if a.is_nan() || b.is_nan() {
        return Ok(number(f64::NAN));
    }
    #[expect(clippy::cast_possible_truncation, reason = "`as` saturates, as jq does")]
    let (a, b) = (a as i64, b as i64);
    match a.checked_rem(b) {
        #[expect(clippy::cast_precision_loss, reason = "jq's numbers are doubles")]
        Some(rest) => Ok(number(rest as f64)),
        None if b == 0 => Err(undefined(left, right, "divided (remainder) because the divisor is zero")),
        // i64::MIN % -1
        None => Ok(number(0.0)),
    }
}
