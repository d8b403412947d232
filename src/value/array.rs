//! Arrays.

use std::ops::{Deref, DerefMut};

use super::{Value, release};

/// An ordered list of values; works like the `Vec` that it wraps.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Array(Vec<Value>);

impl Array {
    /// The list itself.
    pub fn into_vec(mut self) -> Vec<Value> {
        std::mem::take(&mut self.0)
    }
}

impl From<Vec<Value>> for Array {
    fn from(items: Vec<Value>) -> Self {
        Self(items)
    }
}

impl Deref for Array {
    type Target = Vec<Value>;

    fn deref(&self) -> &Vec<Value> {
        &self.0
    }
}

impl DerefMut for Array {
    fn deref_mut(&mut self) -> &mut Vec<Value> {
        &mut self.0
    }
}

/// Deep nesting is taken apart without recursion.
impl Drop for Array {
    fn drop(&mut self) {
        if self.0.iter().any(Value::is_container) {
            release::children(self.0.drain(..));
        }
    }
}
