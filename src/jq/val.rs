//! Our value as jaq-core sees it: access, arithmetic and order, with jq's results and jq's words.

use std::cmp::Ordering;
use std::fmt;
use std::ops::{Add, Div, Mul, Neg, Rem, Sub};
use std::sync::Arc;

use jaq_core::box_iter::BoxIter;
use jaq_core::path::Opt;
use jaq_core::val::{Range, ValR, ValX};
use jaq_core::{Error, ValT};

use super::{arithmetic, index, meter};
use crate::value::{Number, Object, Value};

/// A value under evaluation.
#[derive(Clone, Debug)]
pub(super) struct Val(pub(super) Value);

/// What an operation gives: a value, or the text of an error.
pub(super) type Outcome = Result<Value, String>;

/// An outcome in the form of jaq-core.
pub(super) fn raise(outcome: Outcome) -> ValR<Val> {
    outcome.map(Val).map_err(Error::str)
}

/// Bytes of a value that an error text shows.
const SHOWN_BYTES: usize = 29;

/// The name of the value's type.
pub(super) fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

/// Type and beginning of the value, for error texts.
pub(super) fn shown(value: &Value) -> String {
    format!("{} ({})", kind(value), cut(value))
}

/// The beginning of the value, for error texts.
pub(super) fn cut(value: &Value) -> String {
    let text = super::text::to_json(value);
    if text.len() <= SHOWN_BYTES {
        text
    } else {
        let close = match value {
            Value::String(_) => "\"",
            Value::Array(_) => "]",
            Value::Object(_) => "}",
            Value::Null | Value::Bool(_) | Value::Number(_) => "",
        };
        let mut room = SHOWN_BYTES - "...".len() - close.len();
        while !text.is_char_boundary(room) {
            room -= 1;
        }
        format!("{}...{close}", &text[..room])
    }
}

/// jq's text for an index that the value does not take.
pub(super) fn cannot_index(value: &Value, index: &Value) -> String {
    format!("Cannot index {} with {}", kind(value), shown(index))
}

/// jq's text for a value without children.
pub(super) fn cannot_iterate(value: &Value) -> String {
    format!("Cannot iterate over {}", shown(value))
}

/// Whether the value counts as true.
pub(super) fn is_true(value: &Value) -> bool {
    !matches!(value, Value::Null | Value::Bool(false))
}

/// jq's order of all values: null, false, true, numbers, strings, arrays, objects. NaN is less than itself.
pub(super) fn order(left: &Value, right: &Value) -> Ordering {
    compare(left, right, Ordering::Less)
}

/// The same for sorting, where NaN must equal itself: an order that contradicts itself sorts nothing.
pub(super) fn sort_order(left: &Value, right: &Value) -> Ordering {
    compare(left, right, Ordering::Equal)
}

fn compare(left: &Value, right: &Value, nans: Ordering) -> Ordering {
    // Where the evaluation has used up its limits, whatever the order is for fails.
    if left.is_container() && right.is_container() && meter::spend(1).is_err() {
        return Ordering::Equal;
    }
    match (left, right) {
        (Value::Bool(a), Value::Bool(b)) => a.cmp(b),
        (Value::Number(a), Value::Number(b)) if a.as_f64().is_nan() && b.as_f64().is_nan() => nans,
        (Value::Number(a), Value::Number(b)) => {
            let length = |number: &Number| number.literal().map_or(0, str::len);
            if is_looked_through(length(a).min(length(b))) { a.order(b) } else { Ordering::Equal }
        }
        (Value::String(a), Value::String(b)) => {
            if is_looked_through(a.len().min(b.len())) {
                a.cmp(b)
            } else {
                Ordering::Equal
            }
        }
        (Value::Array(a), Value::Array(b)) => {
            let pairs = a.iter().zip(b.iter()).map(|(a, b)| compare(a, b, nans));
            pairs.into_iter().find(|order| order.is_ne()).unwrap_or_else(|| a.len().cmp(&b.len()))
        }
        (Value::Object(a), Value::Object(b)) => {
            let (keys_a, keys_b) = (sorted_keys(a), sorted_keys(b));
            keys_a.cmp(&keys_b).then_with(|| {
                let at = |object: &Object, key: &str| object.get(key).cloned().unwrap_or_default();
                let pairs = keys_a.iter().map(|key| compare(&at(a, key), &at(b, key), nans));
                pairs.into_iter().find(|order| order.is_ne()).unwrap_or(Ordering::Equal)
            })
        }
        _ => rank(left).cmp(&rank(right)),
    }
}

/// Counts the steps of comparing long texts; whether that was within the limits.
fn is_looked_through(bytes: usize) -> bool {
    const SHORT: usize = 1024;
    bytes <= SHORT || meter::read(bytes).is_ok()
}

fn rank(value: &Value) -> u8 {
    match value {
        Value::Null => 0,
        Value::Bool(_) => 1,
        Value::Number(_) => 2,
        Value::String(_) => 3,
        Value::Array(_) => 4,
        Value::Object(_) => 5,
    }
}

/// The keys in jq's order.
pub(super) fn sorted_keys(object: &Object) -> Vec<Arc<str>> {
    let mut keys: Vec<_> = object.iter().map(|(key, _value)| Arc::clone(key)).collect();
    keys.sort_unstable();
    keys
}

/// A whole number as a value.
pub(super) fn count(count: usize) -> Value {
    #[expect(clippy::cast_precision_loss, reason = "no collection here has 2^53 items")]
    Value::from(count as f64)
}

impl ValT for Val {
    fn from_num(text: &str) -> ValR<Self> {
        let number = Number::from_literal(text).ok_or_else(|| format!("Invalid numeric literal {text}"));
        raise(number.map(Value::Number))
    }

    fn from_map<I: IntoIterator<Item = (Self, Self)>>(pairs: I) -> ValR<Self> {
        let mut object = Object::default();
        for (Val(key), Val(value)) in pairs {
            match &key {
                Value::String(key) => object.insert(Arc::clone(key), value),
                _ => return Err(Error::str(format!("Cannot use {} as object key", shown(&key)))),
            }
        }
        Ok(Val(Value::object(object)))
    }

    fn key_values(self) -> BoxIter<'static, ValR<(Self, Self), Self>> {
        match self.0 {
            Value::Array(items) => Box::new((0..items.len()).map(move |at| {
                step()?;
                Ok((Val(count(at)), Val(items[at].clone())))
            })),
            Value::Object(object) => Box::new((0..object.len()).filter_map(move |at| {
                let (key, value) = object.get_index(at)?;
                Some(step().map(|()| (Val(Value::String(Arc::clone(key))), Val(value.clone()))))
            })),
            other => Box::new(std::iter::once(Err(Error::str(cannot_iterate(&other))))),
        }
    }

    fn values(self) -> Box<dyn Iterator<Item = ValR<Self>>> {
        match self.0 {
            Value::Array(items) => {
                Box::new((0..items.len()).map(move |at| step().map(|()| Val(items[at].clone()))))
            }
            Value::Object(object) => Box::new(
                (0..object.len())
                    .filter_map(move |at| object.get_index(at).map(|(_key, value)| Ok(Val(value.clone())))),
            ),
            other => Box::new(std::iter::once(Err(Error::str(cannot_iterate(&other))))),
        }
    }

    fn index(self, index: &Self) -> ValR<Self> {
        raise(index::get(&self.0, &index.0))
    }

    fn range(self, range: Range<&Self>) -> ValR<Self> {
        let Val(slice) = Val::from(range.start.cloned()..range.end.cloned());
        raise(index::get(&self.0, &slice))
    }

    // Updates are rewritten to reading and setting paths, so jaq's own way of updating is never taken.
    fn map_values<'a, I: Iterator<Item = ValX<'a, Self>>>(
        self,
        _opt: Opt,
        _f: impl Fn(Self) -> I,
    ) -> ValX<'a, Self> {
        Err(Error::str("update outside of a path").into())
    }

    fn map_index<'a, I: Iterator<Item = ValX<'a, Self>>>(
        self,
        _index: &Self,
        _opt: Opt,
        _f: impl Fn(Self) -> I,
    ) -> ValX<'a, Self> {
        Err(Error::str("update outside of a path").into())
    }

    fn map_range<'a, I: Iterator<Item = ValX<'a, Self>>>(
        self,
        _range: Range<&Self>,
        _opt: Opt,
        _f: impl Fn(Self) -> I,
    ) -> ValX<'a, Self> {
        Err(Error::str("update outside of a path").into())
    }

    fn as_bool(&self) -> bool {
        is_true(&self.0)
    }

    fn into_string(self) -> Self {
        match self.0 {
            text @ Value::String(_) => Val(text),
            other => Val(Value::from(super::text::to_json(&other))),
        }
    }
}

/// What error texts and `catch` see of a value: strings as they are, anything else as JSON.
impl fmt::Display for Val {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Value::String(text) => f.write_str(text),
            other => f.write_str(&super::text::to_json(other)),
        }
    }
}

impl From<bool> for Val {
    fn from(bool: bool) -> Self {
        Val(Value::Bool(bool))
    }
}

impl From<isize> for Val {
    fn from(integer: isize) -> Self {
        match i32::try_from(integer) {
            Ok(small) => Val(Value::from(f64::from(small))),
            // Beyond 2^53 the digits matter.
            Err(_) => Val(Number::from_literal(&integer.to_string()).map_or(Value::Null, Value::Number)),
        }
    }
}

impl From<String> for Val {
    fn from(text: String) -> Self {
        Val(Value::from(text))
    }
}

/// A slice as it stands in a path: `{"start": …, "end": …}`.
impl From<Range<Val>> for Val {
    fn from(range: Range<Val>) -> Self {
        let bound = |bound: Option<Val>| bound.map_or(Value::Null, |Val(value)| value);
        let slice = [("start", bound(range.start)), ("end", bound(range.end))];
        Val(Value::object(slice.into_iter().collect()))
    }
}

/// Where the evaluation has used up its limits, the list ends early; what it is for fails then.
impl FromIterator<Val> for Val {
    fn from_iter<I: IntoIterator<Item = Val>>(items: I) -> Self {
        let metered = items.into_iter().take_while(|_| meter::make(size_of::<Value>()).is_ok());
        Val(Value::array(metered.map(|Val(value)| value).collect()))
    }
}

/// One step, for iterators.
fn step() -> Result<(), Error<Val>> {
    meter::spend(1).map_err(Error::str)
}

impl PartialEq for Val {
    fn eq(&self, other: &Self) -> bool {
        order(&self.0, &other.0).is_eq()
    }
}

impl PartialOrd for Val {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Eq for Val {}

impl Ord for Val {
    fn cmp(&self, other: &Self) -> Ordering {
        order(&self.0, &other.0)
    }
}

impl From<f64> for Val {
    fn from(number: f64) -> Self {
        Val(Value::from(number))
    }
}

impl From<usize> for Val {
    fn from(integer: usize) -> Self {
        Val(count(integer))
    }
}

/// For the natives that we take from jaq.
impl jaq_std::ValT for Val {
    fn into_seq<S: FromIterator<Self>>(self) -> Result<S, Self> {
        match self.0 {
            Value::Array(items) => Ok(items.iter().cloned().map(Val).collect()),
            other => Err(Val(other)),
        }
    }

    fn is_int(&self) -> bool {
        self.0.as_f64().is_some_and(|number| number.fract() == 0.0)
    }

    fn as_isize(&self) -> Option<isize> {
        #[expect(clippy::cast_possible_truncation, reason = "whole, and `as` saturates")]
        self.0.as_f64().filter(|number| number.fract() == 0.0).map(|number| number as isize)
    }

    fn as_f64(&self) -> Option<f64> {
        self.0.as_f64()
    }

    fn is_utf8_str(&self) -> bool {
        self.0.as_str().is_some()
    }

    fn as_bytes(&self) -> Option<&[u8]> {
        self.0.as_str().map(str::as_bytes)
    }

    fn as_sub_str(&self, part: &[u8]) -> Self {
        Val(Value::from(&*String::from_utf8_lossy(part)))
    }

    fn from_utf8_bytes(bytes: impl AsRef<[u8]> + Send + 'static) -> Self {
        Val(Value::from(&*String::from_utf8_lossy(bytes.as_ref())))
    }
}

impl Add for Val {
    type Output = ValR<Self>;
    fn add(self, right: Self) -> Self::Output {
        raise(arithmetic::add(self.0, right.0))
    }
}

impl Sub for Val {
    type Output = ValR<Self>;
    fn sub(self, right: Self) -> Self::Output {
        raise(arithmetic::subtract(self.0, right.0))
    }
}

impl Mul for Val {
    type Output = ValR<Self>;
    fn mul(self, right: Self) -> Self::Output {
        raise(arithmetic::multiply(self.0, right.0))
    }
}

impl Div for Val {
    type Output = ValR<Self>;
    fn div(self, right: Self) -> Self::Output {
        raise(arithmetic::divide(&self.0, &right.0))
    }
}

impl Rem for Val {
    type Output = ValR<Self>;
    fn rem(self, right: Self) -> Self::Output {
        raise(arithmetic::remainder(&self.0, &right.0))
    }
}

impl Neg for Val {
    type Output = ValR<Self>;
    fn neg(self) -> Self::Output {
        raise(match &self.0 {
            Value::Number(number) => {
                let length = number.literal().map_or(0, str::len);
                meter::make(length).map(|()| Value::Number(number.negated()))
            }
            other => Err(format!("{} cannot be negated", shown(other))),
        })
    }
}
