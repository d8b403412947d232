//! Values as comparison sees them: 128 bits per group of fields, whatever the order.
//!
//! Equality: null equals absence; `team` and relations as sets of texts (an empty set is an absence); `date-time`
//! properties by instant; numbers by value; objects without regard to the order of keys; everything else as it is.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;

use jiff::Timestamp;
use xxhash_rust::xxh3::xxh3_128;

use super::field::{GroupId, Layout};
use super::ledger::text_of;
use crate::model::{Blueprint, Entity, Field, PropertyForm};
use crate::value::{Object, Value};

/// The fingerprint of one group.
pub(super) type Print = u128;

/// What an entity looks like in one group.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Look {
    /// The sum over its fields, so that their order does not matter. A null adds nothing.
    pub(super) print: Print,
    /// Whether it carries a field of the group, nulls included.
    pub(super) covered: bool,
    /// Whether a field holds a search query: the catalog decides what that stands for.
    pub(super) incomparable: bool,
}

/// Fingerprints entities of one blueprint. Holds scratch space, so that hashing an entity allocates next to nothing.
#[derive(Debug)]
pub(super) struct Printer {
    title: Option<GroupId>,
    icon: Option<GroupId>,
    team: Option<GroupId>,
    properties: HashMap<Arc<str>, (GroupId, PropertyForm)>,
    relations: HashMap<Arc<str>, GroupId>,
    looks: Vec<Look>,
    bytes: Vec<u8>,
}

/// Which field a value belongs to; part of what is hashed.
#[derive(Clone, Copy)]
enum Tag<'a> {
    Title,
    Icon,
    Team,
    Property(&'a str),
    Relation(&'a str),
}

impl Printer {
    pub(super) fn new(layout: &Layout, shape: &Blueprint) -> Self {
        let mut printer = Self {
            title: None,
            icon: None,
            team: None,
            properties: HashMap::new(),
            relations: HashMap::new(),
            looks: vec![Look::default(); layout.groups().len()],
            bytes: Vec::new(),
        };
        for field in layout.fields() {
            let Some(group) = layout.group_of(field) else { continue };
            match field {
                Field::Title => printer.title = Some(group),
                Field::Icon => printer.icon = Some(group),
                Field::Team => printer.team = Some(group),
                Field::Property(id) => {
                    let form = shape.properties.get(id).copied().unwrap_or(PropertyForm::Plain);
                    printer.properties.insert(id.clone(), (group, form));
                }
                Field::Relation(id) => {
                    printer.relations.insert(id.clone(), group);
                }
            }
        }
        printer
    }

    /// What `entity` looks like, one entry per group; a field that is not mapped is passed over.
    pub(super) fn look(&mut self, entity: &Entity) -> &[Look] {
        let Self { title, icon, team, properties, relations, looks, bytes } = self;
        looks.fill(Look::default());
        let mut add = |group: GroupId, print: Option<Print>| {
            let look = &mut looks[group.0];
            look.covered = true;
            match print {
                Some(print) => look.print = look.print.wrapping_add(print),
                None => look.incomparable = true,
            }
        };
        if let (Some(group), Some(value)) = (*title, &entity.title) {
            add(group, Some(plain(Tag::Title, value, bytes)));
        }
        if let (Some(group), Some(value)) = (*icon, &entity.icon) {
            add(group, Some(plain(Tag::Icon, value, bytes)));
        }
        if let (Some(group), Some(value)) = (*team, &entity.team) {
            add(group, set(Tag::Team, value, bytes));
        }
        for (id, value) in entity.properties.iter().flat_map(Object::iter) {
            match properties.get(id) {
                Some((group, PropertyForm::DateTime)) => {
                    add(*group, Some(instant(Tag::Property(id), value, bytes)));
                }
                Some((group, PropertyForm::Plain)) => {
                    add(*group, Some(plain(Tag::Property(id), value, bytes)));
                }
                None => {}
            }
        }
        for (id, value) in entity.relations.iter().flat_map(Object::iter) {
            if let Some(group) = relations.get(id) {
                add(*group, set(Tag::Relation(id), value, bytes));
            }
        }
        looks
    }
}

fn start(tag: Tag<'_>, bytes: &mut Vec<u8>) {
    let (mark, id) = match tag {
        Tag::Title => (b't', ""),
        Tag::Icon => (b'i', ""),
        Tag::Team => (b'm', ""),
        Tag::Property(id) => (b'p', id),
        Tag::Relation(id) => (b'r', id),
    };
    bytes.clear();
    bytes.push(mark);
    bytes.extend_from_slice(id.as_bytes());
    bytes.push(0);
}

fn plain(tag: Tag<'_>, value: &Value, bytes: &mut Vec<u8>) -> Print {
    if value.is_null() {
        return 0;
    }
    start(tag, bytes);
    canonical(value, bytes);
    xxh3_128(bytes)
}

fn instant(tag: Tag<'_>, value: &Value, bytes: &mut Vec<u8>) -> Print {
    match value.as_str().and_then(|text| text.parse::<Timestamp>().ok()) {
        Some(instant) => {
            start(tag, bytes);
            bytes.push(b'T');
            bytes.extend_from_slice(&instant.as_nanosecond().to_le_bytes());
            xxh3_128(bytes)
        }
        None => plain(tag, value, bytes),
    }
}

/// The print of a set; `None` for a search query.
fn set(tag: Tag<'_>, value: &Value, bytes: &mut Vec<u8>) -> Option<Print> {
    let mut items: Vec<Cow<'_, str>> = match value {
        Value::Null => return Some(0),
        Value::Object(_) => return None,
        Value::Array(all) => all.iter().filter(|item| !item.is_null()).map(text_of).collect(),
        one => vec![text_of(one)],
    };
    if items.is_empty() {
        return Some(0);
    }
    items.sort_unstable();
    items.dedup();
    start(tag, bytes);
    for item in items {
        bytes.extend_from_slice(&item.len().to_le_bytes());
        bytes.extend_from_slice(item.as_bytes());
    }
    Some(xxh3_128(bytes))
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
