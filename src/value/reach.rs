//! Which parts of a value may be read, and a value cut to them.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{Object, Value};

/// Which parts of a value somebody may read: an upper bound. What is not in it, its owner cannot tell.
///
/// A part that is in it is known at least for what it is: a scalar as such, a list or an object as being one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reach {
    whole: bool,
    /// What is read of each item of a list, and of each value of an object. How many there are is read with it.
    each: Option<Box<Self>>,
    /// What is read below these keys of an object.
    keys: BTreeMap<String, Self>,
}

impl Reach {
    /// Everything.
    pub fn all() -> Self {
        Self { whole: true, ..Self::default() }
    }

    /// No part, only what the value itself is.
    pub fn outside() -> Self {
        Self::default()
    }

    /// This much of what stands under `key`.
    pub fn under(key: impl Into<String>, below: Self) -> Self {
        Self { keys: BTreeMap::from([(key.into(), below)]), ..Self::default() }
    }

    /// This much of each item of a list and of each value of an object.
    pub fn of_each(below: Self) -> Self {
        Self { each: Some(Box::new(below)), ..Self::default() }
    }

    /// Whether everything may be read.
    pub fn is_all(&self) -> bool {
        self.whole
    }

    /// Whether what stands under `key` may be read, whole or in part.
    pub fn reads(&self, key: &str) -> bool {
        self.whole || self.each.is_some() || self.keys.contains_key(key)
    }

    /// What may be read below `key`; none where nothing is.
    pub fn below(&self, key: &str) -> Option<Self> {
        if self.whole {
            return Some(Self::all());
        }
        let parts = self.each.as_deref().into_iter().chain(self.keys.get(key));
        parts.cloned().reduce(Self::or)
    }

    /// What may be read of each item of a list.
    #[must_use]
    pub fn items(&self) -> Self {
        if self.whole { Self::all() } else { self.each.as_deref().cloned().unwrap_or_default() }
    }

    /// What is in this one or in the other.
    #[must_use]
    pub fn or(mut self, other: Self) -> Self {
        self.add(other);
        self
    }

    /// Adds what is in the other.
    pub fn add(&mut self, other: Self) {
        if self.whole {
            return;
        }
        if other.whole {
            *self = other;
            return;
        }
        if let Some(more) = other.each {
            self.each.get_or_insert_default().add(*more);
        }
        for (key, more) in other.keys {
            self.keys.entry(key).or_default().add(more);
        }
    }

    /// The value without what is out of reach: for whoever reads no more than this, the same value. Scalars stay, lists
    /// and objects stay lists and objects; a list keeps its length if its items are read, an object its keys if all are.
    pub fn cut(&self, value: &Value) -> Value {
        match value {
            Value::Object(object) if !self.whole => {
                let kept = object
                    .iter()
                    .filter_map(|(key, value)| Some((Arc::clone(key), self.part(key)?.cut(value))));
                let mut cut =
                    Object::with_capacity(if self.each.is_some() { object.len() } else { self.keys.len() });
                kept.for_each(|(key, value)| cut.insert(key, value));
                Value::object(cut)
            }
            Value::Array(items) if !self.whole => match &self.each {
                Some(each) => items.iter().map(|item| each.cut(item)).collect(),
                None => Value::array(Vec::new()),
            },
            other => other.clone(),
        }
    }

    /// As [`Reach::below`], without a copy where one part says it all.
    fn part(&self, key: &str) -> Option<std::borrow::Cow<'_, Self>> {
        use std::borrow::Cow;
        match (self.each.as_deref(), self.keys.get(key)) {
            (None, None) => None,
            (Some(one), None) | (None, Some(one)) => Some(Cow::Borrowed(one)),
            (Some(each), Some(below)) => Some(Cow::Owned(each.clone().or(below.clone()))),
        }
    }
}

/// The paths, as in jq: `.a.b`, `.a[].b`; `.a?` where only what it is is read; `.` for everything.
impl std::fmt::Display for Reach {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        fn paths(reach: &Reach, at: &str, out: &mut Vec<String>) {
            if reach.whole {
                out.push(if at.is_empty() { ".".to_owned() } else { at.to_owned() });
            } else if reach.each.is_none() && reach.keys.is_empty() && !at.is_empty() {
                out.push(format!("{at}?"));
            }
            for (key, below) in &reach.keys {
                paths(below, &format!("{at}.{key}"), out);
            }
            if let Some(each) = &reach.each {
                paths(each, &format!("{at}[]"), out);
            }
        }
        let mut out = Vec::new();
        paths(self, "", &mut out);
        f.write_str(&out.join(" "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(text: &str) -> Value {
        Value::parse(text.as_bytes()).expect("valid")
    }

    #[test]
    fn what_is_out_of_reach_is_cut_and_nothing_changes_its_type() {
        let name = || Reach::under("name", Reach::all());
        let whole = r#"{"id":"i","name":{"first":"a"},"list":[{"name":1,"x":2},[3],"s",null],"n":4}"#;
        let cases = [
            (Reach::all(), whole),
            (Reach::outside(), "{}"),
            (name(), r#"{"name":{"first":"a"}}"#),
            (Reach::under("name", Reach::outside()), r#"{"name":{}}"#),
            (Reach::under("list", Reach::outside()), r#"{"list":[]}"#),
            (Reach::under("n", Reach::outside()), r#"{"n":4}"#),
            (Reach::under("gone", Reach::all()), "{}"),
            (Reach::under("list", name()), r#"{"list":[]}"#),
            (Reach::under("list", Reach::of_each(name())), r#"{"list":[{"name":1},[],"s",null]}"#),
            (Reach::of_each(Reach::outside()), r#"{"id":"i","name":{},"list":[],"n":4}"#),
            (
                Reach::of_each(Reach::outside()).or(name()),
                r#"{"id":"i","name":{"first":"a"},"list":[],"n":4}"#,
            ),
            (name().or(Reach::all()), whole),
        ];
        for (reach, expected) in cases {
            assert_eq!(reach.cut(&value(whole)).to_string(), expected, "{reach}");
        }
        assert_eq!(Reach::outside().cut(&value("[1]")).to_string(), "[]");
        assert_eq!(Reach::outside().cut(&value("1.50")).to_string(), value("1.50").to_string());
    }

    #[test]
    fn what_is_read_below_a_key_is_all_that_leads_through_it() {
        let reach = Reach::under("a", Reach::under("b", Reach::all()))
            .or(Reach::of_each(Reach::under("c", Reach::all())));
        assert_eq!(reach.below("a").map(|below| below.to_string()), Some(".b .c".to_owned()));
        assert_eq!(reach.below("x").map(|below| below.to_string()), Some(".c".to_owned()));
        assert_eq!(Reach::under("a", Reach::all()).below("x"), None);
        assert_eq!(Reach::all().below("x"), Some(Reach::all()));
        assert_eq!((reach.items().to_string(), Reach::all().items()), (".c".to_owned(), Reach::all()));
    }
}
