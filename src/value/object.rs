//! Objects: keys in the order of their first appearance.

use std::collections::HashMap;
use std::sync::Arc;

use super::{Value, release, write};

/// From this many keys on an index is kept; below it, looking through the keys is quicker than hashing.
const INDEXED_FROM: usize = 24;

/// An ordered map from text to values.
#[derive(Clone, Debug, Default)]
pub struct Object {
    entries: Vec<(Arc<str>, Value)>,
    /// Where each key stands; only in large objects.
    index: Option<HashMap<Arc<str>, usize>>,
}

impl Object {
    /// An empty object with room for `capacity` keys.
    pub fn with_capacity(capacity: usize) -> Self {
        Self { entries: Vec::with_capacity(capacity), index: None }
    }

    /// The value under `key`.
    pub fn get(&self, key: &str) -> Option<&Value> {
        self.position(key).map(|at| &self.entries[at].1)
    }

    /// The value under `key`, to be changed in place.
    pub fn get_mut(&mut self, key: &str) -> Option<&mut Value> {
        self.position(key).map(|at| &mut self.entries[at].1)
    }

    /// Sets `key`, in place when it is there, else at the end.
    pub fn insert(&mut self, key: impl Into<Arc<str>>, value: Value) {
        let key = key.into();
        if let Some(at) = self.position(&key) {
            self.entries[at].1 = value;
            return;
        }
        if let Some(index) = &mut self.index {
            index.insert(Arc::clone(&key), self.entries.len());
        }
        self.entries.push((key, value));
        if self.index.is_none() && self.entries.len() >= INDEXED_FROM {
            self.build_index();
        }
    }

    /// Removes `key` and keeps the order of the others.
    pub fn remove(&mut self, key: &str) -> Option<Value> {
        let (_key, value) = self.entries.remove(self.position(key)?);
        if self.index.take().is_some() && self.entries.len() >= INDEXED_FROM {
            self.build_index();
        }
        Some(value)
    }

    /// Pairs in order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (&Arc<str>, &Value)> + Clone {
        self.entries.iter().map(|(key, value)| (key, value))
    }

    /// The pair at a place in the order.
    pub fn get_index(&self, at: usize) -> Option<(&Arc<str>, &Value)> {
        self.entries.get(at).map(|(key, value)| (key, value))
    }

    /// Values in order, to be changed in place.
    pub fn values_mut(&mut self) -> impl Iterator<Item = &mut Value> {
        self.entries.iter_mut().map(|(_key, value)| value)
    }

    /// Appends the compact JSON text of this object.
    pub fn write(&self, out: &mut Vec<u8>) {
        write::write_object(self, out);
    }

    /// Number of keys.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there is no key.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    fn position(&self, key: &str) -> Option<usize> {
        match &self.index {
            Some(index) => index.get(key).copied(),
            None => self.entries.iter().position(|(other, _value)| **other == *key),
        }
    }

    fn build_index(&mut self) {
        let places = self.entries.iter().enumerate();
        self.index = Some(places.map(|(at, (key, _value))| (Arc::clone(key), at)).collect());
    }
}

/// Same keys with the same values, whatever their order.
impl PartialEq for Object {
    fn eq(&self, other: &Self) -> bool {
        self.len() == other.len() && self.iter().all(|(key, value)| other.get(key) == Some(value))
    }
}

impl<K: Into<Arc<str>>> FromIterator<(K, Value)> for Object {
    fn from_iter<I: IntoIterator<Item = (K, Value)>>(pairs: I) -> Self {
        let pairs = pairs.into_iter();
        let mut object = Self::with_capacity(pairs.size_hint().0);
        for (key, value) in pairs {
            object.insert(key, value);
        }
        object
    }
}

/// Deep nesting is taken apart without recursion.
impl Drop for Object {
    fn drop(&mut self) {
        if self.entries.iter().any(|(_key, value)| value.is_container()) {
            release::children(self.entries.drain(..).map(|(_key, value)| value));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn order_is_kept_and_keys_are_unique_small_and_large() {
        for size in [3, INDEXED_FROM - 1, INDEXED_FROM, 100] {
            let mut object: Object = (0..size).map(|n| (format!("k{n}"), Value::from(1.0))).collect();
            object.insert("k1", Value::from("changed"));
            assert_eq!(object.len(), size);
            assert_eq!(object.get("k1").and_then(Value::as_str), Some("changed"));
            assert_eq!(object.remove("k0"), Some(Value::from(1.0)));
            assert_eq!(object.remove("k0"), None);
            assert_eq!(object.get("k1").and_then(Value::as_str), Some("changed"));
            let keys: Vec<_> = object.iter().map(|(key, _value)| key.to_string()).collect();
            assert_eq!(keys, (1..size).map(|n| format!("k{n}")).collect::<Vec<_>>());
        }
    }

    #[test]
    fn the_order_of_keys_does_not_matter_for_equality() {
        let object = |keys: [&str; 2]| keys.iter().map(|key| (*key, Value::from(*key))).collect::<Object>();
        assert_eq!(object(["a", "b"]), object(["b", "a"]));
        assert_ne!(object(["a", "b"]), object(["a", "c"]));
    }
}
