//! The one value type of records and entities: parsed once from bytes, evaluated by the engine, written once to bytes.
//!
//! A leaf: it imports nothing of ours. Clones are cheap (shared by [`Arc`]), objects keep the order of their keys,
//! numbers keep the spelling they came with where it differs from what we would write.

mod array;
mod number;
mod object;
mod reach;
mod read;
mod release;
#[cfg(test)]
mod round_trip_tests;
mod write;

use std::sync::Arc;

pub use array::Array;
pub use number::Number;
pub use object::Object;
pub use reach::Reach;
pub use read::ParseError;
pub(crate) use write::write_string;

/// A JSON value.
#[derive(Clone, Debug, Default)]
pub enum Value {
    /// `null`; also what reading an absent key gives.
    #[default]
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A double, with its spelling where that matters.
    Number(Number),
    /// A string of Unicode scalar values.
    String(Arc<str>),
    /// An ordered list.
    Array(Arc<Array>),
    /// Keys in the order of their first appearance.
    Object(Arc<Object>),
}

/// What indexing with an absent key gives.
static NULL: Value = Value::Null;

impl Value {
    /// Parses exactly one JSON text. Lone surrogate escapes become U+FFFD, so that one odd string costs no page.
    pub fn parse(bytes: &[u8]) -> Result<Self, ParseError> {
        read::parse(bytes)
    }

    /// Parses exactly one text as jq does: numbers may be spelled `+1`, `.5`, `nan` and `infinity` too, lone surrogate
    /// escapes are refused, and it may nest as deep as `max_depth`.
    pub fn parse_like_jq(bytes: &[u8], max_depth: usize) -> Result<Self, ParseError> {
        read::parse_like_jq(bytes, max_depth)
    }

    /// Appends the compact JSON text of this value.
    pub fn write(&self, out: &mut Vec<u8>) {
        write::write(self, out);
    }

    /// The compact JSON text of this value.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(256);
        self.write(&mut out);
        out
    }

    /// A string value.
    pub fn string(text: impl Into<Arc<str>>) -> Self {
        Self::String(text.into())
    }

    /// An array value.
    pub fn array(items: Vec<Self>) -> Self {
        Self::Array(Arc::new(Array::from(items)))
    }

    /// An object value.
    pub fn object(object: Object) -> Self {
        Self::Object(Arc::new(object))
    }

    /// The value under `key`; null when this is no object or has no such key.
    pub fn get(&self, key: &str) -> &Self {
        match self {
            Self::Object(object) => object.get(key).unwrap_or(&NULL),
            _ => &NULL,
        }
    }

    /// Whether this is an array or an object.
    pub fn is_container(&self) -> bool {
        matches!(self, Self::Array(_) | Self::Object(_))
    }

    /// Whether this is `null`.
    pub fn is_null(&self) -> bool {
        matches!(self, Self::Null)
    }

    /// The text, if this is a string.
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Self::String(text) => Some(text),
            _ => None,
        }
    }

    /// The boolean, if this is one.
    pub fn as_bool(&self) -> Option<bool> {
        match self {
            Self::Bool(bool) => Some(*bool),
            _ => None,
        }
    }

    /// The double, if this is a number.
    pub fn as_f64(&self) -> Option<f64> {
        match self {
            Self::Number(number) => Some(number.as_f64()),
            _ => None,
        }
    }

    /// The items, if this is an array.
    pub fn as_array(&self) -> Option<&[Self]> {
        match self {
            Self::Array(items) => Some(items),
            _ => None,
        }
    }

    /// The object, if this is one.
    pub fn as_object(&self) -> Option<&Object> {
        match self {
            Self::Object(object) => Some(object),
            _ => None,
        }
    }

    /// This object with `key` set (an absent key comes last); anything but an object is returned unchanged.
    #[must_use]
    pub fn with(self, key: &str, value: Self) -> Self {
        match self {
            Self::Object(mut object) => {
                Arc::make_mut(&mut object).insert(key, value);
                Self::Object(object)
            }
            other => other,
        }
    }
}

/// The compact JSON text.
impl std::fmt::Display for Value {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&String::from_utf8_lossy(&self.to_bytes()))
    }
}

/// Same JSON value: numbers by value, objects without regard to the order of keys.
impl PartialEq for Value {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Null, Self::Null) => true,
            (Self::Bool(a), Self::Bool(b)) => a == b,
            (Self::Number(a), Self::Number(b)) => a == b,
            (Self::String(a), Self::String(b)) => a == b,
            (Self::Array(a), Self::Array(b)) => Arc::ptr_eq(a, b) || a == b,
            (Self::Object(a), Self::Object(b)) => Arc::ptr_eq(a, b) || a == b,
            _ => false,
        }
    }
}

impl From<bool> for Value {
    fn from(bool: bool) -> Self {
        Self::Bool(bool)
    }
}

impl From<f64> for Value {
    fn from(number: f64) -> Self {
        Self::Number(Number::from(number))
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::String(text.into())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::String(text.into())
    }
}

impl FromIterator<Value> for Value {
    fn from_iter<I: IntoIterator<Item = Self>>(items: I) -> Self {
        Self::array(items.into_iter().collect())
    }
}
