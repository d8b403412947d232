//! What a pass produced and what it pointed at: hashes of keys, never bodies.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::fmt;

use xxhash_rust::xxh3::{Xxh3, xxh3_128};

use super::unite::Repeats;
use crate::model::{Blueprint, BlueprintId, Entity, EntityId, EntityKey, Origin, RecordId};
use crate::value::{Object, Value};

/// So many records are remembered by name, for the warning about two that give one key; later ones only by their rule.
/// About a megabyte.
const NAMED_RECORDS: usize = 10_000;

/// So many collisions are kept as examples; the others are only counted.
const COLLISION_EXAMPLES: usize = 20;

/// A hash of a key: 128 bits, so that two keys never meet.
pub(super) type KeyHash = [u64; 2];

/// The hash of an identifier within its blueprint.
pub(super) fn hash_identifier(identifier: &str) -> KeyHash {
    split(xxh3_128(identifier.as_bytes()))
}

fn hash_key(blueprint: &str, identifier: &str) -> KeyHash {
    let mut hasher = Xxh3::new();
    hasher.update(blueprint.as_bytes());
    hasher.update(&[0]);
    hasher.update(identifier.as_bytes());
    split(hasher.digest128())
}

#[expect(clippy::cast_possible_truncation, reason = "the two halves")]
fn split(hash: u128) -> KeyHash {
    [hash as u64, (hash >> 64) as u64]
}

/// A value where a key is meant: keys are compared as text, so that 5 equals "5".
pub(super) fn text_of(value: &Value) -> Cow<'_, str> {
    match value {
        Value::String(text) => Cow::Borrowed(text),
        other => Cow::Owned(other.to_string()),
    }
}

/// Two records that give the same key; the later one wins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Collision {
    /// The key.
    pub key: EntityKey,
    /// The record that gave it first, where it is still known.
    pub earlier: Option<RecordId>,
    /// The record that gave it again.
    pub later: Origin,
}

impl fmt::Display for Collision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { key, earlier, later } = self;
        write!(f, "`{key}` comes from {} `{}`", later.kind, later.record)?;
        match earlier {
            Some(earlier) if *earlier == later.record => f.write_str(" twice; the last one wins"),
            Some(earlier) => write!(f, " and from `{earlier}`; the last one wins"),
            None => f.write_str(" and from an earlier record; the last one wins"),
        }
    }
}

#[derive(Clone, Copy, Debug)]
struct Slot {
    /// Index into the named records, or [`Slot::UNNAMED`].
    record: u32,
    rule: u16,
    written: Written,
}

impl Slot {
    const UNNAMED: u32 = u32::MAX;
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Written {
    No,
    Yes,
}

/// The keys that a pass produced in one blueprint.
#[derive(Debug)]
pub struct Ledger {
    blueprint: BlueprintId,
    slots: HashMap<KeyHash, Slot>,
    records: Vec<RecordId>,
    collisions: u64,
    examples: Vec<Collision>,
    searched: u64,
}

impl Ledger {
    /// An empty ledger for `blueprint`.
    pub fn new(blueprint: BlueprintId) -> Self {
        Self {
            blueprint,
            slots: HashMap::new(),
            records: Vec::new(),
            collisions: 0,
            examples: Vec::new(),
            searched: 0,
        }
    }

    /// Notes that `identifier` was produced. The same rule giving the same key again is a collision, unless the two are
    /// united; other rules add their fields to the same entity.
    pub fn note(&mut self, identifier: &EntityId, origin: &Origin, repeats: Repeats) {
        let hash = hash_identifier(identifier.as_str());
        let rule = u16::try_from(origin.rule.0).unwrap_or(u16::MAX);
        let record = if self.records.len() < NAMED_RECORDS {
            self.records.push(origin.record.clone());
            u32::try_from(self.records.len() - 1).unwrap_or(Slot::UNNAMED)
        } else {
            Slot::UNNAMED
        };
        match self.slots.entry(hash) {
            std::collections::hash_map::Entry::Vacant(vacant) => {
                vacant.insert(Slot { record, rule, written: Written::No });
            }
            std::collections::hash_map::Entry::Occupied(mut occupied) => {
                let slot = occupied.get_mut();
                let earlier = std::mem::replace(slot, Slot { record, rule, ..*slot });
                if earlier.rule == rule && repeats == Repeats::LastWins {
                    let earlier = self.records.get(earlier.record as usize).cloned();
                    self.collide(identifier, earlier, origin);
                }
            }
        }
    }

    /// Notes that what a record gave for `identifier` was replaced by what a later one gave.
    pub fn collide(&mut self, identifier: &EntityId, earlier: Option<RecordId>, later: &Origin) {
        self.collisions += 1;
        if self.examples.len() < COLLISION_EXAMPLES {
            let key = EntityKey { blueprint: self.blueprint.clone(), identifier: identifier.clone() };
            self.examples.push(Collision { key, earlier, later: later.clone() });
        }
    }

    /// Notes an entity that is found by a search: its key is the catalog's secret, so nothing here may be deleted.
    pub fn note_search(&mut self) {
        self.searched += 1;
    }

    /// Whether this pass produced `identifier`.
    pub fn produced(&self, identifier: &str) -> bool {
        self.slots.contains_key(&hash_identifier(identifier))
    }

    /// Notes that `identifier` was written, so that the snapshot no longer tells what is stored.
    pub fn mark_written(&mut self, identifier: &EntityId) {
        if let Some(slot) = self.slots.get_mut(&hash_identifier(identifier.as_str())) {
            slot.written = Written::Yes;
        }
    }

    /// Whether `identifier` was written in this pass.
    pub fn written(&self, identifier: &EntityId) -> bool {
        self.slots.get(&hash_identifier(identifier.as_str())).is_some_and(|slot| slot.written == Written::Yes)
    }

    /// How many keys were produced.
    pub fn len(&self) -> usize {
        self.slots.len()
    }

    /// Whether nothing was produced.
    pub fn is_empty(&self) -> bool {
        self.slots.is_empty()
    }

    /// How many entities were found by a search.
    pub fn searched(&self) -> u64 {
        self.searched
    }

    /// How often a key came a second time, and the first few.
    pub fn collisions(&self) -> (u64, &[Collision]) {
        (self.collisions, &self.examples)
    }
}

/// The keys that entities of a pass point at, across blueprints.
#[derive(Clone, Debug, Default)]
pub struct Pointed {
    keys: HashSet<KeyHash>,
    sight: Sight,
}

/// Whether everything that was pointed at is known.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Sight {
    #[default]
    Known,
    Blind,
}

impl Pointed {
    /// Nobody knows what was pointed at, so it may be anything.
    pub fn anything() -> Self {
        Self { keys: HashSet::new(), sight: Sight::Blind }
    }

    /// Whether it may be anything.
    pub fn is_anything(&self) -> bool {
        self.sight == Sight::Blind
    }

    /// Notes what `entity`, of the blueprint `shape`, points at. A search relation creates no bare target and names no
    /// key, so it protects none.
    pub fn note(&mut self, entity: &Entity, shape: &Blueprint) {
        for (id, value) in entity.relations.iter().flat_map(Object::iter) {
            let Some(relation) = shape.relations.get(id) else { continue };
            match value {
                Value::Null | Value::Object(_) => {}
                Value::Array(items) => items.iter().for_each(|item| self.add(&relation.target, item)),
                one => self.add(&relation.target, one),
            }
        }
    }

    fn add(&mut self, target: &BlueprintId, value: &Value) {
        if !value.is_null() {
            self.keys.insert(hash_key(target.as_str(), &text_of(value)));
        }
    }

    /// Whether something points, or may point, at this key.
    pub fn contains(&self, blueprint: &BlueprintId, identifier: &str) -> bool {
        self.is_anything() || self.keys.contains(&hash_key(blueprint.as_str(), identifier))
    }

    /// Adds what another part of the pass pointed at.
    pub fn merge(&mut self, other: Self) {
        let Self { keys, sight } = other;
        if self.keys.is_empty() {
            self.keys = keys;
        } else {
            self.keys.extend(keys);
        }
        if sight == Sight::Blind {
            self.sight = sight;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Kind, RuleId};

    fn origin(rule: usize, record: &str) -> Origin {
        Origin {
            rule: RuleId(rule),
            kind: Kind::Service,
            record: RecordId::new(record).unwrap(),
            updated: None,
        }
    }

    #[test]
    fn two_records_with_one_key_are_named_both() {
        let mut ledger = Ledger::new(BlueprintId::new("service").unwrap());
        let id = EntityId::new("A-B").unwrap();
        ledger.note(&id, &origin(0, "r1"), Repeats::LastWins);
        assert_eq!(ledger.collisions().0, 0);
        ledger.note(&id, &origin(0, "r2"), Repeats::LastWins);
        let (count, examples) = ledger.collisions();
        assert_eq!(count, 1);
        assert_eq!(
            examples[0].to_string(),
            "`service/A-B` comes from service `r2` and from `r1`; the last one wins"
        );
        assert_eq!(ledger.len(), 1);
    }

    #[test]
    fn two_rules_that_feed_one_key_do_not_collide() {
        let mut ledger = Ledger::new(BlueprintId::new("team").unwrap());
        let id = EntityId::new("t").unwrap();
        ledger.note(&id, &origin(0, "t"), Repeats::LastWins);
        ledger.note(&id, &origin(1, "s"), Repeats::LastWins);
        assert_eq!(ledger.collisions().0, 0);
    }

    #[test]
    fn numbers_and_texts_are_one_key() {
        assert_eq!(text_of(&Value::from(5.0)), "5");
        assert_eq!(text_of(&Value::from("5")), "5");
    }
}
