//! Values as comparison sees them: 128 bits per group of fields, whatever the order.
//!
//! Equality: null equals absence; `team` and relations as sets of texts (an empty set is an absence); `date-time`
//! properties by instant; numbers by value; objects without regard to the order of keys; everything else as it is.

use std::collections::BTreeSet;

use jiff::Timestamp;
use xxhash_rust::xxh3::xxh3_128;

use super::field::{GroupId, Layout};
use crate::model::{Blueprint, Entity, Field, PropertyForm};
use crate::value::{Object, Value};

/// A value that cannot be compared, because the catalog decides what it stands for: a search query.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Incomparable;

/// The fingerprint of one group.
pub(super) type Print = u128;

/// Scratch space, so that hashing an entity allocates nothing.
#[derive(Debug, Default)]
pub(super) struct Printer {
    bytes: Vec<u8>,
}

impl Printer {
    /// Adds the fields of `entity` to `prints` (one per group of `layout`); a field outside the layout is passed over.
    /// Groups that hold a search query are returned: nothing can be said about them.
    pub(super) fn entity(
        &mut self,
        entity: &Entity,
        layout: &Layout,
        shape: &Blueprint,
        prints: &mut [Print],
    ) -> BTreeSet<GroupId> {
        let mut incomparable = BTreeSet::new();
        let Entity { blueprint: _, identifier: _, title, icon, team, properties, relations } = entity;
        let mut add = |field: Field, print: Result<Print, Incomparable>| {
            let Some(group) = layout.group_of(&field) else { return };
            match print {
                Ok(print) => prints[group.0] = prints[group.0].wrapping_add(print),
                Err(Incomparable) => {
                    incomparable.insert(group);
                }
            }
        };
        for (field, value) in [(Field::Title, title), (Field::Icon, icon)] {
            if let Some(value) = value {
                add(field.clone(), Ok(self.plain(&field, value)));
            }
        }
        if let Some(team) = team {
            add(Field::Team, self.set(&Field::Team, team));
        }
        for (id, value) in properties.iter().flat_map(Object::iter) {
            let field = Field::Property(id.clone());
            let print = match shape.properties.get(id) {
                Some(PropertyForm::DateTime) => self.instant(&field, value),
                Some(PropertyForm::Plain) | None => self.plain(&field, value),
            };
            add(field, Ok(print));
        }
        for (id, value) in relations.iter().flat_map(Object::iter) {
            let field = Field::Relation(id.clone());
            let print = self.set(&field, value);
            add(field, print);
        }
        incomparable
    }

    fn start(&mut self, field: &Field) {
        self.bytes.clear();
        let (tag, id): (u8, &str) = match field {
            Field::Title => (b't', ""),
            Field::Icon => (b'i', ""),
            Field::Team => (b'm', ""),
            Field::Property(id) => (b'p', id),
            Field::Relation(id) => (b'r', id),
        };
        self.bytes.push(tag);
        self.bytes.extend_from_slice(id.as_bytes());
        self.bytes.push(0);
    }

    fn plain(&mut self, field: &Field, value: &Value) -> Print {
        if value.is_null() {
            return 0;
        }
        self.start(field);
        canonical(value, &mut self.bytes);
        xxh3_128(&self.bytes)
    }

    fn instant(&mut self, field: &Field, value: &Value) -> Print {
        match value.as_str().and_then(|text| text.parse::<Timestamp>().ok()) {
            Some(instant) => {
                self.start(field);
                self.bytes.push(b'T');
                self.bytes.extend_from_slice(&instant.as_nanosecond().to_le_bytes());
                xxh3_128(&self.bytes)
            }
            None => self.plain(field, value),
        }
    }

    fn set(&mut self, field: &Field, value: &Value) -> Result<Print, Incomparable> {
        let mut items = BTreeSet::new();
        match value {
            Value::Null => {}
            Value::Object(_) => return Err(Incomparable),
            Value::Array(all) => {
                items.extend(all.iter().filter(|item| !item.is_null()).map(super::ledger::text_of));
            }
            one => {
                items.insert(super::ledger::text_of(one));
            }
        }
        if items.is_empty() {
            return Ok(0);
        }
        self.start(field);
        for item in items {
            self.bytes.extend_from_slice(&item.len().to_le_bytes());
            self.bytes.extend_from_slice(item.as_bytes());
        }
        Ok(xxh3_128(&self.bytes))
    }
}

/// A text that is the same exactly for equal values: tagged, lengths before contents, keys sorted.
fn canonical(value: &Value, out: &mut Vec<u8>) {
    match value {
        Value::Null => out.push(b'n'),
        Value::Bool(bool) => out.extend_from_slice(if *bool { b"b1" } else { b"b0" }),
        Value::Number(number) => {
            out.push(b'd');
            // Adding zero makes one zero of the two.
            out.extend_from_slice(&(number.as_f64() + 0.0).to_bits().to_le_bytes());
        }
        Value::String(text) => {
            out.push(b's');
            out.extend_from_slice(&text.len().to_le_bytes());
            out.extend_from_slice(text.as_bytes());
        }
        Value::Array(items) => {
            out.push(b'a');
            out.extend_from_slice(&items.len().to_le_bytes());
            for item in items.iter() {
                canonical(item, out);
            }
        }
        Value::Object(object) => {
            out.push(b'o');
            out.extend_from_slice(&object.len().to_le_bytes());
            let mut pairs: Vec<_> = object.iter().collect();
            pairs.sort_unstable_by_key(|(key, _)| *key);
            for (key, value) in pairs {
                out.extend_from_slice(&key.len().to_le_bytes());
                out.extend_from_slice(key.as_bytes());
                canonical(value, out);
            }
        }
    }
}
