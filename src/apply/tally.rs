//! Counting what became of entities.

use std::collections::BTreeMap;

use indexmap::IndexMap;

use crate::catalog::{Meaning, Said};
use crate::model::{Blueprint, EntityKey, Kind};

/// So many examples of a refusal are kept.
const EXAMPLES: usize = 3;

/// So many different messages are told apart; a catalog that words each refusal differently must not fill the memory.
const GROUPS: usize = 200;

/// What stands for the messages beyond [`GROUPS`].
const OTHERS: &str = "other messages";

/// What became of the entities of one kind. Their sum is the number of entities offered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Not stored before.
    pub created: u64,
    /// Stored before, and different.
    pub updated: u64,
    /// Stored as mapped.
    pub unchanged: u64,
    /// Refused by the catalog, or by us on its behalf.
    pub refused: u64,
    /// Not written because the catalog was not available, or the run was stopped.
    pub lost: u64,
    /// Joined to, or replaced by, another entity of the same key.
    pub merged: u64,
}

impl Counts {
    fn add(&mut self, other: Self) {
        let Self { created, updated, unchanged, refused, lost, merged } = other;
        self.created += created;
        self.updated += updated;
        self.unchanged += unchanged;
        self.refused += refused;
        self.lost += lost;
        self.merged += merged;
    }
}

/// Entities that were refused with the same words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefusalGroup {
    /// The words, the entity's own identifier left out.
    pub message: String,
    /// What it means for the run.
    pub meaning: Meaning,
    /// How many.
    pub count: u64,
    /// The first few.
    pub examples: Vec<EntityKey>,
}

/// Counts by kind, refusals by message.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    kinds: BTreeMap<Kind, Counts>,
    groups: IndexMap<String, RefusalGroup>,
}

impl Tally {
    /// The counts of a kind, to be changed.
    pub(super) fn of(&mut self, kind: Kind) -> &mut Counts {
        self.kinds.entry(kind).or_default()
    }

    /// Counts a refusal.
    pub(super) fn refuse(&mut self, kind: Kind, key: EntityKey, message: &str, meaning: Meaning) {
        let counts = self.of(kind);
        match meaning {
            Meaning::Unavailable | Meaning::Stopped => counts.lost += 1,
            Meaning::Denied | Meaning::Refused | Meaning::Broken => counts.refused += 1,
        }
        let mut message = message.replace(key.identifier.as_str(), "…");
        if self.groups.len() >= GROUPS && !self.groups.contains_key(&message) {
            OTHERS.clone_into(&mut message);
        }
        let group = self.groups.entry(message.clone()).or_insert_with(|| RefusalGroup {
            message,
            meaning,
            count: 0,
            examples: Vec::new(),
        });
        group.count += 1;
        if group.examples.len() < EXAMPLES {
            group.examples.push(key);
        }
    }

    /// The counts of all kinds.
    pub fn total(&self) -> Counts {
        let mut total = Counts::default();
        self.kinds.values().for_each(|counts| total.add(*counts));
        total
    }

    /// Adds what another lane counted.
    pub(super) fn add(&mut self, other: Self) {
        for (kind, counts) in other.kinds {
            self.of(kind).add(counts);
        }
        for (message, group) in other.groups {
            match self.groups.get_mut(&message) {
                Some(mine) => {
                    mine.count += group.count;
                    let room = EXAMPLES.saturating_sub(mine.examples.len());
                    mine.examples.extend(group.examples.into_iter().take(room));
                }
                None => {
                    self.groups.insert(message, group);
                }
            }
        }
    }

    /// Counts by kind.
    pub fn kinds(&self) -> &BTreeMap<Kind, Counts> {
        &self.kinds
    }

    /// Refusals, those that came first first.
    pub fn refusals(&self) -> impl Iterator<Item = &RefusalGroup> {
        self.groups.values()
    }
}

/// The catalog's words about one entity of a call.
pub(super) fn words(status: Option<u16>, said: &Said) -> String {
    match (said.message.as_str(), said.code.as_str(), status) {
        ("", "", None) => "refused without a reason".to_owned(),
        ("", "", Some(status)) => format!("refused with status {status}"),
        ("", code, _) => code.to_owned(),
        (message, "", _) => message.to_owned(),
        (message, code, _) => format!("{message} ({code})"),
    }
}

/// Whether an entity was refused because what it points at is not there.
pub(super) fn misses_target(status: Option<u16>, said: &Said, shape: &Blueprint) -> bool {
    !shape.relations.is_empty() && (said.code == "not_found" || status == Some(404))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{BlueprintId, EntityId};

    fn key(id: &str) -> EntityKey {
        EntityKey { blueprint: BlueprintId::new("b").unwrap(), identifier: EntityId::new(id).unwrap() }
    }

    #[test]
    fn the_same_words_are_one_group_whatever_entity_they_name() {
        let mut tally = Tally::default();
        for id in ["a-1", "a-2", "a-3", "a-4"] {
            let message = format!("entity {id} has no url");
            tally.refuse(Kind::Alert, key(id), &message, Meaning::Refused);
        }
        let groups: Vec<_> = tally.refusals().collect();
        assert_eq!(groups.len(), 1);
        assert_eq!(groups[0].message, "entity … has no url");
        assert_eq!((groups[0].count, groups[0].examples.len()), (4, 3));
        assert_eq!(tally.kinds()[&Kind::Alert].refused, 4);
    }

    #[test]
    fn different_words_without_end_are_bounded() {
        let mut tally = Tally::default();
        for n in 0..GROUPS * 2 {
            tally.refuse(Kind::Alert, key("id"), &format!("word {n}"), Meaning::Refused);
        }
        assert_eq!(tally.refusals().count(), GROUPS + 1);
        let total: u64 = tally.refusals().map(|group| group.count).sum();
        assert_eq!(total, GROUPS as u64 * 2);
    }

    #[test]
    fn what_was_not_available_is_lost_not_refused() {
        let mut tally = Tally::default();
        tally.refuse(Kind::Alert, key("a"), "503", Meaning::Unavailable);
        tally.refuse(Kind::Alert, key("b"), "stop", Meaning::Stopped);
        assert_eq!(tally.kinds()[&Kind::Alert].lost, 2);
        assert_eq!(tally.kinds()[&Kind::Alert].refused, 0);
    }
}
