//! Taking values apart without overflowing the stack: an expression can nest a value as deep as it likes.

use std::cell::Cell;
use std::sync::Arc;

use super::Value;

/// Containers within containers that are dropped by plain recursion; what lies deeper goes through a list.
const MAX_RECURSION: u32 = 64;

thread_local! {
    static DEPTH: Cell<u32> = const { Cell::new(0) };
}

/// Drops the children of a container.
pub(super) fn children(children: impl Iterator<Item = Value>) {
    let depth = DEPTH.get();
    if depth < MAX_RECURSION {
        DEPTH.set(depth + 1);
        children.for_each(drop);
        DEPTH.set(depth);
        return;
    }
    let mut pending: Vec<Value> = children.collect();
    while let Some(value) = pending.pop() {
        match value {
            Value::Array(items) => {
                pending.extend(Arc::into_inner(items).into_iter().flat_map(super::Array::into_vec));
            }
            Value::Object(object) => {
                if let Some(mut object) = Arc::into_inner(object) {
                    pending.extend(object.values_mut().map(std::mem::take));
                }
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }
}
