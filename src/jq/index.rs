//! Reading and setting by key, position and slice.

use std::sync::Arc;

use super::meter;
use super::val::{Outcome, cannot_index, kind, order, sort_order};
use crate::value::{Object, Value};

/// `value[index]`
pub(super) fn get(value: &Value, index: &Value) -> Outcome {
    match (value, index) {
        (Value::Object(object), Value::String(key)) => Ok(object.get(key).cloned().unwrap_or_default()),
        (Value::Array(items), Value::Number(at)) => {
            let at = position(at.as_f64(), items.len());
            Ok(at.and_then(|at| items.get(at)).cloned().unwrap_or_default())
        }
        (Value::Null, Value::String(_) | Value::Number(_) | Value::Object(_)) => Ok(Value::Null),
        (Value::Array(_) | Value::String(_), Value::Object(slice)) => get_slice(value, slice),
        (Value::Array(items), Value::Array(part)) => Ok(super::collections::indices_of(items, part)),
        _ => Err(cannot_index(value, index)),
    }
}

/// Where a position points in a list of this length: its whole part, counted from the end when that is negative.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    reason = "`as` saturates"
)]
pub(super) fn position(at: f64, length: usize) -> Option<usize> {
    let whole = at.trunc();
    let at = if whole < 0.0 { whole + length as f64 } else { whole };
    (at >= 0.0).then_some(at as usize)
}

/// The bounds of a slice within a list of this length: rounded outwards, counted from the end when negative.
pub(super) fn bounds(slice: &Object, length: usize) -> Result<(usize, usize), String> {
    let bound = |name: &str, default: f64| match slice.get(name) {
        Some(Value::Null) => Ok(default),
        Some(Value::Number(number)) => Ok(number.as_f64()),
        None => Err("Array/string slice indices must be integers".to_owned()),
        Some(_) => Err("Start and end indices of an array slice must be numbers".to_owned()),
    };
    #[expect(clippy::cast_precision_loss, reason = "no collection here has 2^53 items")]
    let length = length as f64;
    let place = |at: f64, default: f64| {
        let at = if at.is_nan() { default } else { at };
        (if at < 0.0 { at + length } else { at }).clamp(0.0, length)
    };
    let start = place(bound("start", 0.0)?, 0.0).floor();
    let end = place(bound("end", length)?, length).ceil().min(length).max(start);
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "between zero and the length"
    )]
    Ok((start as usize, end as usize))
}

fn get_slice(value: &Value, slice: &Object) -> Outcome {
    match value {
        Value::Array(items) => {
            let (start, end) = bounds(slice, items.len())?;
            meter::make((end - start) * size_of::<Value>())?;
            Ok(items[start..end].iter().cloned().collect())
        }
        Value::String(text) => {
            meter::read(text.len())?;
            let (start, end) = bounds(slice, text.chars().count())?;
            meter::make(end - start)?;
            Ok(Value::from(text.chars().skip(start).take(end - start).collect::<String>()))
        }
        other => bounds(slice, 0).map(|_| other.clone()),
    }
}

/// Longest list that setting beyond the end may make.
const MAX_PADDED: usize = 1 << 22;

/// `value | .[index] = new`
pub(super) fn set(value: Value, index: &Value, new: Value) -> Outcome {
    match (value, index) {
        (Value::Null, Value::String(key)) => {
            Ok(Value::object([(Arc::clone(key), new)].into_iter().collect()))
        }
        (Value::Object(mut object), Value::String(key)) => {
            Arc::make_mut(&mut object).insert(Arc::clone(key), new);
            Ok(Value::Object(object))
        }
        (Value::Null, Value::Number(_) | Value::Object(_)) => set(Value::array(Vec::new()), index, new),
        (Value::Array(_), Value::Number(at)) if at.as_f64().is_nan() => {
            Err("Cannot set array element at NaN index".to_owned())
        }
        (Value::Array(mut items), Value::Number(at)) => {
            let at = position(at.as_f64(), items.len()).ok_or("Out of bounds negative array index")?;
            if at > MAX_PADDED {
                return Err("Array index too large".to_owned());
            }
            let list = Arc::make_mut(&mut items);
            if list.len() <= at {
                meter::make((at - list.len()) * size_of::<Value>())?;
                list.resize(at + 1, Value::Null);
            }
            list[at] = new;
            Ok(Value::Array(items))
        }
        (Value::Array(mut items), Value::Object(slice)) => {
            let (start, end) = bounds(slice, items.len())?;
            let Value::Array(new) = new else {
                return Err("A slice of an array can only be assigned another array".to_owned());
            };
            Arc::make_mut(&mut items).splice(start..end, new.iter().cloned());
            Ok(Value::Array(items))
        }
        (Value::String(_), Value::Object(_)) => Err("Cannot update string slices".to_owned()),
        (Value::Array(_), Value::Array(_)) => Err("Cannot update field at array index of array".to_owned()),
        (value, _) => Err(cannot_index(&value, index)),
    }
}

/// Longest path that jq takes.
const MAX_PATH: usize = 10_000;
const TOO_DEEP: &str = "Path too deep";

/// Sets what lies at a path.
pub(super) fn set_path(value: Value, path: &[Value], new: Value) -> Outcome {
    if path.len() > MAX_PATH {
        return Err(TOO_DEEP.to_owned());
    }
    let Some((first, rest)) = path.split_first() else { return Ok(new) };
    meter::read(copied(&value))?;
    let mut value = value;
    let child = match take(&mut value, first) {
        Some(child) => child,
        None => get(&value, first)?,
    };
    let child = set_path(child, rest, new)?;
    set(value, first, child)
}

/// Bytes that changing a container copies: all of it, when others hold it too.
fn copied(value: &Value) -> usize {
    match value {
        Value::Array(items) if Arc::strong_count(items) > 1 => items.len() * size_of::<Value>(),
        Value::Object(object) if Arc::strong_count(object) > 1 => object.len() * size_of::<Value>() * 2,
        _ => 0,
    }
}

/// What lies at an index, out of its container, so that nobody else holds it while it is changed.
fn take(value: &mut Value, index: &Value) -> Option<Value> {
    match (value, index) {
        (Value::Object(object), Value::String(key)) => Arc::make_mut(object).get_mut(key).map(std::mem::take),
        (Value::Array(items), Value::Number(at)) => {
            let at = position(at.as_f64(), items.len())?;
            Arc::make_mut(items).get_mut(at).map(std::mem::take)
        }
        _ => None,
    }
}

/// What lies at a path.
pub(super) fn get_path(value: &Value, path: &[Value]) -> Outcome {
    if path.len() > MAX_PATH {
        return Err(TOO_DEEP.to_owned());
    }
    path.iter().try_fold(value.clone(), |at, step| get(&at, step))
}

/// Deletes what lies at the paths, as if all at once: positions are those before anything was deleted.
pub(super) fn delete_paths(value: Value, paths: &Value) -> Outcome {
    let Value::Array(paths) = paths else {
        return Err("Paths must be specified as an array".to_owned());
    };
    let steps = |path: &'_ Value| match path {
        Value::Array(path) if path.len() > MAX_PATH => Err(TOO_DEEP.to_owned()),
        Value::Array(_) => Ok(()),
        other => Err(format!("Path must be specified as array, not {}", kind(other))),
    };
    let mut sorted: Vec<&Value> = paths.iter().collect();
    sorted.sort_by(|a, b| sort_order(a, b));
    sorted.iter().try_for_each(|path| steps(path))?;
    let sorted: Vec<&[Value]> = sorted.into_iter().filter_map(Value::as_array).collect();
    match sorted.first() {
        None => Ok(value),
        Some([]) => Ok(Value::Null),
        Some(_) => delete_below(value, &sorted, 0),
    }
}

/// Deletes by the steps of sorted paths from `depth` on, which all of them have.
fn delete_below(mut value: Value, paths: &[&[Value]], depth: usize) -> Outcome {
    meter::read(copied(&value))?;
    let mut whole = Vec::new();
    for group in paths.chunk_by(|a, b| order(&a[depth], &b[depth]).is_eq()) {
        let step = &group[0][depth];
        // The shortest path of a group comes first; what lies below it goes with it.
        if group[0].len() == depth + 1 {
            whole.push(step);
            continue;
        }
        let child = get(&value, step)?;
        if child.is_null() {
            continue;
        }
        // Nobody else holds the child while it is changed.
        drop(take(&mut value, step));
        let child = delete_below(child, group, depth + 1)?;
        value = set(value, step, child)?;
    }
    if whole.is_empty() { Ok(value) } else { delete(value, &whole) }
}

/// Deletes children of one container.
fn delete(value: Value, steps: &[&Value]) -> Outcome {
    match value {
        Value::Null => Ok(Value::Null),
        Value::Object(mut object) => {
            let mut keys = Vec::with_capacity(steps.len());
            for step in steps {
                let Value::String(key) = step else {
                    return Err(format!("Cannot delete {} field of object", kind(step)));
                };
                keys.push(key);
            }
            meter::read(object.len().saturating_mul(keys.len()))?;
            let object_mut = Arc::make_mut(&mut object);
            for key in keys {
                object_mut.remove(key);
            }
            Ok(Value::Object(object))
        }
        Value::Array(mut items) => {
            let mut gone = vec![false; items.len()];
            for step in steps {
                match step {
                    Value::Number(at) => {
                        let at = at.as_f64();
                        // Unlike where it reads, jq counts a negative fraction of one from the end: behind the last.
                        let at = if -1.0 < at && at < 0.0 { None } else { position(at, items.len()) };
                        if let Some(gone) = at.and_then(|at| gone.get_mut(at)) {
                            *gone = true;
                        }
                    }
                    Value::Object(slice) => {
                        let (start, end) = bounds(slice, items.len())?;
                        meter::read(end - start)?;
                        gone[start..end].fill(true);
                    }
                    other => return Err(format!("Cannot delete {} element of array", kind(other))),
                }
            }
            let mut gone = gone.into_iter();
            Arc::make_mut(&mut items).retain(|_| gone.next() != Some(true));
            Ok(Value::Array(items))
        }
        other => Err(format!("Cannot delete fields from {}", kind(&other))),
    }
}
