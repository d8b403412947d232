//! New entities that point at each other, or at others of their blueprint: they are created without the relations that
//! close the circle, and then written whole.

use std::collections::{BTreeMap, BTreeSet};

use super::Job;
use super::desk::Fate;
use super::item::Item;
use crate::catalog::{Catalog, MissingTargets, Stored, UPSERT_CHUNK};
use crate::model::{Blueprint, BlueprintId, EntityId, EntityKey};
use crate::plan::Order;
use crate::value::{Object, Value};

/// The blueprints of the circle in which a blueprint is; empty where it is in none.
pub(super) fn around(order: &Order, blueprint: &BlueprintId) -> BTreeSet<BlueprintId> {
    let circle = order.cycles.iter().find(|circle| circle.contains(blueprint));
    circle.into_iter().flatten().cloned().collect()
}

/// Creates those of the entities `left` that wait for another one of them in their circle, without the relations that
/// lead into it; gives the keys of what was created. Whoever waits for something that nobody writes is left alone, so
/// that it is refused whole. What fails here is tried again whole, and told then. Where the catalog creates what is missing,
/// lanes have done so already.
pub(super) async fn open(
    catalog: &Catalog,
    job: &Job,
    order: &Order,
    shapes: &BTreeMap<BlueprintId, Blueprint>,
    left: &BTreeMap<BlueprintId, Vec<Item>>,
) -> BTreeSet<EntityKey> {
    if job.policy.missing == MissingTargets::Create {
        return BTreeSet::new();
    }
    let waiting: BTreeSet<EntityKey> = left.values().flatten().map(Item::key).collect();
    let mut created = BTreeSet::new();
    for cycle in &order.cycles {
        for blueprint in cycle {
            let (Some(shape), Some(items)) = (shapes.get(blueprint), left.get(blueprint)) else { continue };
            let within = |relation: &str| {
                let target = &shape.relations.get(relation)?.target;
                cycle.contains(target).then_some(target)
            };
            let waits = |item: &&Item| {
                let relations = item.entity.relations.iter().flat_map(Object::iter);
                let mut targets = relations.filter_map(|(id, value)| Some((within(id)?, value)));
                item.is_new() && targets.any(|(target, value)| names_one_of(target, value, &waiting))
            };
            let bare = items.iter().filter(waits).map(|item| item.without(|id| within(id).is_some()));
            let bare: Vec<Item> = bare.collect();
            let sender = job.sender(catalog, blueprint);
            for chunk in bare.chunks(UPSERT_CHUNK) {
                let fates = sender.send(chunk.to_vec()).await;
                let new = fates.iter().filter(|(_, fate)| matches!(fate, Fate::Answered(Stored::Created)));
                created.extend(new.map(|(item, _)| item.key()));
            }
        }
    }
    created
}

/// Whether the value of a relation names one of these entities of `target`.
fn names_one_of(target: &BlueprintId, value: &Value, keys: &BTreeSet<EntityKey>) -> bool {
    let named = |name: &Value| {
        let identifier = name.as_str().and_then(|name| EntityId::new(name).ok());
        identifier
            .is_some_and(|identifier| keys.contains(&EntityKey { blueprint: target.clone(), identifier }))
    };
    value.as_array().map_or_else(|| named(value), |names| names.iter().any(named))
}
