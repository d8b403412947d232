//! Entities of one key that come from several rules, kinds or records, joined per field in the order of the mapping file.

use indexmap::IndexMap;

use super::unite::{Loss, Repeats, unite};
use crate::model::{Entity, EntityId, Identifier};
use crate::model::{Mapped, Origin, RecordId};
use crate::value::Object;

/// So many entities wait for their other halves; later ones pass as they are. Blueprints fed by several kinds hold teams
/// and the like, so this is reached only by mappings that feed alerts and something else into one blueprint; there the
/// last write wins, as in the peer.
const WAITING: usize = 10_000;

/// Sets the fields that `over` carries in `base`, nulls included.
pub fn overlay(base: &mut Entity, over: Entity) {
    let Entity { blueprint: _, identifier: _, title, icon, team, properties, relations } = over;
    for (base, over) in [(&mut base.title, title), (&mut base.icon, icon), (&mut base.team, team)] {
        if over.is_some() {
            *base = over;
        }
    }
    overlay_object(&mut base.properties, properties);
    overlay_object(&mut base.relations, relations);
}

fn overlay_object(base: &mut Option<Object>, over: Option<Object>) {
    let Some(over) = over else { return };
    match base {
        Some(base) => over.iter().for_each(|(key, value)| base.insert(key.clone(), value.clone())),
        None => *base = Some(over),
    }
}

/// Joins what the rules made of one record: entities of different rules with one key become one.
pub fn merge_record(mapped: Vec<Mapped>) -> Vec<Mapped> {
    if mapped.len() < 2 {
        return mapped;
    }
    let mut merged: Vec<Mapped> = Vec::with_capacity(mapped.len());
    for next in mapped {
        let same = merged.iter_mut().find(|earlier| {
            earlier.origin.rule != next.origin.rule
                && earlier.entity.blueprint == next.entity.blueprint
                && matches!(
                    (&earlier.entity.identifier, &next.entity.identifier),
                    (Identifier::Exact(a), Identifier::Exact(b)) if a == b
                )
        });
        match same {
            Some(earlier) => {
                overlay(&mut earlier.entity, next.entity);
                earlier.coverage = earlier.coverage.and(next.coverage);
                earlier.origin.rule = next.origin.rule;
            }
            None => merged.push(next),
        }
    }
    merged
}

/// Holds the entities of a blueprint that several kinds feed, or whose records are united, until all of them are done.
#[derive(Debug, Default)]
pub struct Fold {
    waiting: IndexMap<EntityId, Parts>,
    held: usize,
}

#[derive(Debug, Default)]
struct Parts {
    /// One per rule.
    mapped: Vec<Mapped>,
    /// Where those come from that were replaced or united with others.
    gone: Vec<Origin>,
    lost: Option<Lost>,
}

impl Fold {
    /// Takes an entity, or gives it back when it cannot wait: there is no room, or it is found by a search. The same rule
    /// giving a key again adds to what it gave before or replaces it, as `repeats` says. What is to be united always has
    /// room: schedules, which come in one piece.
    pub fn offer(&mut self, mapped: Mapped, repeats: Repeats) -> Option<Mapped> {
        let Identifier::Exact(identifier) = &mapped.entity.identifier else { return Some(mapped) };
        if let Some(Parts { mapped: parts, gone, lost }) = self.waiting.get_mut(identifier)
            && let Some(part) = parts.iter_mut().find(|part| part.origin.rule == mapped.origin.rule)
        {
            match repeats {
                Repeats::LastWins => gone.push(std::mem::replace(part, mapped).origin),
                Repeats::Unite => {
                    if unite(&mut part.entity, mapped.entity) == Loss::Something && lost.is_none() {
                        *lost = Some(Lost { of: part.origin.record.clone(), to: mapped.origin.clone() });
                    }
                    part.coverage = part.coverage.and(mapped.coverage);
                    gone.push(mapped.origin);
                }
            }
            return None;
        }
        if self.held >= WAITING && repeats == Repeats::LastWins {
            return Some(mapped);
        }
        self.held += 1;
        self.waiting.entry(identifier.clone()).or_default().mapped.push(mapped);
        None
    }

    /// The joined entities in the order of their first appearance; of two rules that map one field the later one in the
    /// file wins, whichever came first.
    pub fn finish(self) -> impl Iterator<Item = Joined> {
        self.waiting.into_values().filter_map(|Parts { mapped: mut parts, gone, lost }| {
            parts.sort_by_key(|part| part.origin.rule);
            let mut parts = parts.into_iter();
            let Mapped { origin, mut entity, mut coverage } = parts.next()?;
            let mut others = gone;
            for Mapped { origin, entity: over, coverage: part } in parts {
                overlay(&mut entity, over);
                coverage = coverage.and(part);
                others.push(origin);
            }
            Some(Joined { mapped: Mapped { origin, entity, coverage }, others, lost })
        })
    }
}

/// A value that gave way to another record's when the two were united.
#[derive(Clone, Debug, PartialEq)]
pub struct Lost {
    /// The record whose value it was.
    pub of: RecordId,
    /// Where the value comes from that counts.
    pub to: Origin,
}

/// An entity joined from several rules or records.
#[derive(Clone, Debug, PartialEq)]
pub struct Joined {
    /// The whole, with the origin of its first part.
    pub mapped: Mapped,
    /// Where its other parts come from, those that were replaced included.
    pub others: Vec<Origin>,
    /// The first value that was lost on the way, if one was.
    pub lost: Option<Lost>,
}
