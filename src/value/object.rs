//! Objects: keys in the order of their first appearance.

use std::sync::Arc;

use indexmap::IndexMap;

use super::Value;

/// An ordered map from text to values.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Object(IndexMap<Arc<str>, Value>);

impl Object {
    /// An empty object with room for `capacity` keys.
    pub fn with_capacity(capacity: usize) -> Self {
        Self(IndexMap::with_capacity(capacity))
    }

    /// The value under `key`.
    pub fn get(&self, key: &str) -> Option<&Value> {
        self.0.get(key)
    }

    /// Sets `key`, in place when it is there, else at the end.
    pub fn insert(&mut self, key: impl Into<Arc<str>>, value: Value) {
        self.0.insert(key.into(), value);
    }

    /// Removes `key` and keeps the order of the others.
    pub fn remove(&mut self, key: &str) -> Option<Value> {
        self.0.shift_remove(key)
    }

    /// Pairs in order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&Arc<str>, &Value)> {
        self.0.iter()
    }

    /// Number of keys.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is no key.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl<K: Into<Arc<str>>> FromIterator<(K, Value)> for Object {
    fn from_iter<I: IntoIterator<Item = (K, Value)>>(pairs: I) -> Self {
        Self(pairs.into_iter().map(|(key, value)| (key.into(), value)).collect())
    }
}
