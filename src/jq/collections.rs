//! Filters on arrays and objects.

use std::cmp::Ordering;
use std::sync::Arc;

use super::val::{Outcome, cannot_index, cannot_iterate, count, kind, order, shown, sort_order, sorted_keys};
use super::{arithmetic, meter};
use crate::value::{Number, Value};

/// `length`: characters, items, keys, the absolute of a number, zero for null.
pub(super) fn length(value: &Value) -> Outcome {
    Ok(match value {
        Value::Null => count(0),
        Value::Number(number) => Value::Number(absolute(number)),
        Value::String(text) => {
            meter::read(text.len())?;
            count(text.chars().count())
        }
        Value::Array(items) => count(items.len()),
        Value::Object(object) => count(object.len()),
        Value::Bool(_) => return Err(format!("{} has no length", shown(value))),
    })
}

/// Without its sign.
pub(super) fn absolute(number: &Number) -> Number {
    if number.as_f64() < 0.0 { number.negated() } else { number.clone() }
}

/// `keys`: in order; the positions of an array.
pub(super) fn keys(value: &Value) -> Outcome {
    match value {
        Value::Object(object) => Ok(sorted_keys(object).into_iter().map(Value::String).collect()),
        _ => keys_unsorted(value),
    }
}

/// `keys_unsorted`: as they stand.
pub(super) fn keys_unsorted(value: &Value) -> Outcome {
    match value {
        Value::Object(object) => {
            Ok(object.iter().map(|(key, _value)| Value::String(Arc::clone(key))).collect())
        }
        Value::Array(items) => Ok((0..items.len()).map(count).collect()),
        _ => Err(format!("{} has no keys", shown(value))),
    }
}

/// `to_entries`
pub(super) fn to_entries(value: &Value) -> Outcome {
    match value {
        Value::Object(object) => {
            let entry = |(key, value): (&Arc<str>, &Value)| {
                let pairs = [("key", Value::String(Arc::clone(key))), ("value", value.clone())];
                Value::object(pairs.into_iter().collect())
            };
            Ok(object.iter().map(entry).collect())
        }
        // jq asks for the keys first and then for the value of each.
        Value::Array(items) if !items.is_empty() => {
            let pairs = |(at, item): (usize, &Value)| {
                Value::object([("key", count(at)), ("value", item.clone())].into_iter().collect())
            };
            Ok(items.iter().enumerate().map(pairs).collect())
        }
        Value::Array(_) => Ok(Value::array(Vec::new())),
        _ => Err(format!("{} has no keys", shown(value))),
    }
}

fn children(value: &Value) -> Result<Vec<Value>, String> {
    match value {
        Value::Array(items) => {
            meter::make(items.len() * size_of::<Value>() / 8)?;
            Ok(items.to_vec())
        }
        Value::Object(object) => Ok(object.iter().map(|(_key, value)| value.clone()).collect()),
        other => Err(cannot_iterate(other)),
    }
}

/// `add`: of all children; null when there is none.
pub(super) fn add(value: &Value) -> Outcome {
    let children = children(value)?;
    if children.len() > 1 && children.iter().all(|child| child.as_str().is_some()) {
        let texts: Vec<&str> = children.iter().filter_map(Value::as_str).collect();
        meter::make(texts.iter().map(|text| text.len()).sum())?;
        return Ok(Value::from(texts.concat()));
    }
    children.into_iter().try_fold(Value::Null, arithmetic::add)
}

/// `join`: null is nothing, numbers and booleans as text.
pub(super) fn join(value: &Value, separator: &Value) -> Outcome {
    let children = children(value)?;
    if let Value::String(separator) = separator
        && let Some(parts) = children.iter().map(part_of_join).collect::<Option<Vec<_>>>()
    {
        let length = parts.iter().map(String::len).sum::<usize>() + separator.len() * parts.len();
        meter::make(length)?;
        return Ok(Value::from(parts.join(separator)));
    }
    // Something is neither text nor scalar: jq's words for the first addition that fails.
    let mut joined: Option<Value> = None;
    for child in children {
        let part = match child {
            Value::Null => Value::from(""),
            Value::Bool(_) | Value::Number(_) => Value::from(super::text::to_json(&child)),
            other => other,
        };
        let before = match joined {
            None => Value::from(""),
            Some(before) => arithmetic::add(before, separator.clone())?,
        };
        joined = Some(arithmetic::add(before, part)?);
    }
    Ok(joined.unwrap_or_else(|| Value::from("")))
}

/// A scalar as `join` writes it.
fn part_of_join(value: &Value) -> Option<String> {
    match value {
        Value::Null => Some(String::new()),
        Value::Bool(_) | Value::Number(_) => Some(super::text::to_json(value)),
        Value::String(text) => Some(text.to_string()),
        Value::Array(_) | Value::Object(_) => None,
    }
}

/// `reverse`: of arrays; of whatever has no length.
pub(super) fn reverse(value: &Value) -> Outcome {
    match value {
        Value::Array(items) => Ok(items.iter().rev().cloned().collect()),
        other => match length(other)?.as_f64() {
            Some(0.0) => Ok(Value::array(Vec::new())),
            length => Err(cannot_index(other, &Value::from(length.unwrap_or_default() - 1.0))),
        },
    }
}

fn array_of<'v>(value: &'v Value, done: &str) -> Result<&'v [Value], String> {
    value.as_array().ok_or_else(|| format!("{} cannot be {done}, as it is not an array", shown(value)))
}

/// `sort`
pub(super) fn sort(value: &Value) -> Outcome {
    let mut items = array_of(value, "sorted")?.to_vec();
    items.sort_by(sort_order);
    Ok(Value::array(items))
}

/// `unique`
pub(super) fn unique(value: &Value) -> Outcome {
    let mut items = array_of(value, "sorted")?.to_vec();
    items.sort_by(sort_order);
    items.dedup_by(|b, a| order(a, b).is_eq());
    Ok(Value::array(items))
}

fn extreme<'v>(items: impl Iterator<Item = (&'v Value, &'v Value)>, replaces: fn(Ordering) -> bool) -> Value {
    let mut best: Option<(&Value, &Value)> = None;
    for (item, key) in items {
        if best.is_none_or(|(_item, best)| replaces(order(key, best))) {
            best = Some((item, key));
        }
    }
    best.map(|(item, _key)| item.clone()).unwrap_or_default()
}

/// `min`
pub(super) fn min(value: &Value) -> Outcome {
    let items = value.as_array().ok_or_else(|| not_arrays(value, value, "iterated over"))?;
    Ok(extreme(items.iter().zip(items), Ordering::is_lt))
}

/// `max`
pub(super) fn max(value: &Value) -> Outcome {
    let items = value.as_array().ok_or_else(|| not_arrays(value, value, "iterated over"))?;
    Ok(extreme(items.iter().zip(items), Ordering::is_ge))
}

fn not_arrays(value: &Value, keys: &Value, done: &str) -> String {
    format!("{} and {} cannot be {done}", shown(value), shown(keys))
}

fn sorted<'v>(value: &'v Value, keys: &'v Value) -> Result<Vec<(&'v Value, &'v Value)>, String> {
    let (Value::Array(items), Value::Array(keys)) = (value, keys) else {
        return Err(format!("{}, as they are not both arrays", not_arrays(value, keys, "sorted")));
    };
    let mut pairs: Vec<_> = items.iter().zip(keys.iter()).collect();
    pairs.sort_by(|(_, a), (_, b)| sort_order(a, b));
    Ok(pairs)
}

/// `sort_by`, given the keys.
pub(super) fn sort_by(value: &Value, keys: &Value) -> Outcome {
    Ok(sorted(value, keys)?.into_iter().map(|(item, _key)| item.clone()).collect())
}

/// `group_by`, given the keys.
pub(super) fn group_by(value: &Value, keys: &Value) -> Outcome {
    let pairs = sorted(value, keys)?;
    let groups = pairs.chunk_by(|(_, a), (_, b)| order(a, b).is_eq());
    Ok(groups.map(|group| group.iter().map(|(item, _key)| (*item).clone()).collect()).collect())
}

/// `unique_by`, given the keys: the first of each group.
pub(super) fn unique_by(value: &Value, keys: &Value) -> Outcome {
    let pairs = sorted(value, keys)?;
    let groups = pairs.chunk_by(|(_, a), (_, b)| order(a, b).is_eq());
    Ok(groups.filter_map(|group| group.first().map(|(item, _key)| (*item).clone())).collect())
}

fn keyed<'v>(
    value: &'v Value,
    keys: &'v Value,
) -> Result<impl Iterator<Item = (&'v Value, &'v Value)>, String> {
    match (value, keys) {
        (Value::Array(items), Value::Array(keys)) => Ok(items.iter().zip(keys.iter())),
        _ => Err(not_arrays(value, keys, "iterated over")),
    }
}

/// `min_by`, given the keys.
pub(super) fn min_by(value: &Value, keys: &Value) -> Outcome {
    Ok(extreme(keyed(value, keys)?, Ordering::is_lt))
}

/// `max_by`, given the keys.
pub(super) fn max_by(value: &Value, keys: &Value) -> Outcome {
    Ok(extreme(keyed(value, keys)?, Ordering::is_ge))
}

/// `has`
pub(super) fn has(value: &Value, key: &Value) -> Outcome {
    match (value, key) {
        (Value::Object(object), Value::String(key)) => Ok(Value::Bool(object.get(key).is_some())),
        (Value::Array(items), Value::Number(at)) => {
            let at = at.as_f64().trunc();
            #[expect(clippy::cast_precision_loss, reason = "no collection here has 2^53 items")]
            let inside = at >= 0.0 && at < items.len() as f64;
            Ok(Value::Bool(inside))
        }
        (Value::Null, Value::String(_) | Value::Number(_)) => Ok(Value::Bool(false)),
        _ => Err(format!("Cannot check whether {} has a {} key", kind(value), kind(key))),
    }
}

/// `contains`
pub(super) fn contains(value: &Value, part: &Value) -> Outcome {
    if kind(value) == kind(part) {
        Ok(Value::Bool(includes(value, part)))
    } else {
        Err(format!("{} and {} cannot have their containment checked", shown(value), shown(part)))
    }
}

fn includes(value: &Value, part: &Value) -> bool {
    if meter::spend(1).is_err() {
        return false;
    }
    match (value, part) {
        (Value::Object(object), Value::Object(part)) => {
            part.iter().all(|(key, part)| object.get(key).is_some_and(|value| includes(value, part)))
        }
        (Value::Array(items), Value::Array(part)) => {
            part.iter().all(|part| items.iter().any(|item| includes(item, part)))
        }
        (Value::String(text), Value::String(part)) => {
            meter::read(text.len()).is_ok() && text.contains(&**part)
        }
        _ => order(value, part).is_eq(),
    }
}

/// Where a list occurs within a list; nowhere when it is empty.
pub(super) fn indices_of(items: &[Value], part: &[Value]) -> Value {
    if part.is_empty() || meter::read(items.len().saturating_mul(part.len())).is_err() {
        return Value::array(Vec::new());
    }
    let same = |window: &[Value]| window.iter().zip(part).all(|(a, b)| order(a, b).is_eq());
    let found = items.windows(part.len()).enumerate().filter(|(_at, window)| same(window));
    found.map(|(at, _window)| count(at)).collect()
}

/// Where a text occurs within a text, overlaps included, counted in characters; nowhere when it is empty.
pub(super) fn text_indices(value: &Value, part: &Value) -> Outcome {
    let (Some(text), Some(part)) = (value.as_str(), part.as_str()) else {
        return Err(format!("Cannot determine indices of {} in {}", shown(part), shown(value)));
    };
    if part.is_empty() {
        return Ok(Value::array(Vec::new()));
    }
    meter::read(text.len().saturating_mul(part.len()))?;
    let starts = text.char_indices().enumerate().filter(|(_, (at, _))| text[*at..].starts_with(part));
    Ok(starts.map(|(at, _)| count(at)).collect())
}

/// `bsearch`: where the value stands in a sorted array, or minus one minus where it would.
pub(super) fn bsearch(value: &Value, target: &Value) -> Outcome {
    let Value::Array(items) = value else {
        return Err(format!("{} cannot be searched from", shown(value)));
    };
    #[expect(clippy::cast_precision_loss, reason = "no collection here has 2^53 items")]
    let number = |at: usize| at as f64;
    // Halving as jq does it, so that unsorted arrays give the same too.
    let (mut from, mut upto) = (0, items.len());
    while from < upto {
        let middle = from + (upto - from) / 2;
        match order(target, &items[middle]) {
            Ordering::Equal => return Ok(count(middle)),
            Ordering::Less => upto = middle,
            Ordering::Greater => from = middle + 1,
        }
    }
    Ok(Value::from(-1.0 - number(from)))
}
