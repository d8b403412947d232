//! Removing what is stale, as decided.

use std::collections::BTreeMap;

use futures::stream::TryStreamExt as _;
use jiff::Timestamp;

use super::writer::Written;
use crate::catalog::{Catalog, DELETE_CHUNK, Dependents, Error, Fault, Meaning};
use crate::model::{Blueprint, BlueprintId, EntityId};
use crate::plan::Order;
use crate::plan::deletion::{Decision, Inventory};

/// So many extra calls per blueprint go into finding which entities of a batch have dependents.
const SEARCH_CALLS: usize = 200;

/// Reads what is ours and was last changed before `before`, and sorts it by what the pass has written.
pub async fn inventory(catalog: &Catalog, before: Timestamp, written: &Written) -> Result<Inventory, Error> {
    let mut inventory = Inventory::default();
    let mut pages = std::pin::pin!(catalog.inventory(Some(before)));
    while let Some(page) = pages.try_next().await? {
        for key in page {
            inventory.add(&key.blueprint, key.identifier, &written.ledgers, &written.pointed);
        }
    }
    for (blueprint, count) in &written.rewritten {
        inventory.note_rewritten(blueprint, *count);
    }
    Ok(inventory)
}

/// What was removed from one blueprint.
#[derive(Clone, Debug, Default)]
pub struct Deleted {
    /// What the catalog says it deleted, or had no more.
    pub deleted: Vec<EntityId>,
    /// What stays because other entities depend on it.
    pub depended_on: Vec<EntityId>,
    /// How many stay because a call failed.
    pub failed: u64,
    /// The first such failure.
    pub failure: Option<Error>,
}

/// Removes what was decided, blueprints that point at others first. A failure in one blueprint does not stop the others;
/// refused credentials and a stop do.
pub async fn delete(
    catalog: &Catalog,
    decisions: &BTreeMap<BlueprintId, Decision>,
    shapes: &BTreeMap<BlueprintId, Blueprint>,
) -> BTreeMap<BlueprintId, Deleted> {
    let mut doomed: BTreeMap<BlueprintId, Vec<EntityId>> = BTreeMap::new();
    for (blueprint, decision) in decisions {
        match decision {
            Decision::Delete(ids) => {
                doomed.insert(blueprint.clone(), ids.clone());
            }
            Decision::Guarded { .. } | Decision::Protected { .. } => {}
        }
    }
    let shapes = with_shapes_of(catalog, doomed.keys(), shapes).await;
    let order = Order::of(shapes.values());
    let mut sources_first: Vec<BlueprintId> = order.sources_first().cloned().collect();
    sources_first.extend(doomed.keys().filter(|id| !shapes.contains_key(*id)).cloned());
    let mut all = BTreeMap::new();
    for blueprint in sources_first {
        if let Some(ids) = doomed.remove(&blueprint) {
            let deleted = delete_from(catalog, &blueprint, ids).await;
            let over = deleted.failure.as_ref().is_some_and(ends_the_run);
            all.insert(blueprint, deleted);
            if over {
                break;
            }
        }
    }
    all
}

fn ends_the_run(error: &Error) -> bool {
    matches!(error.meaning(), Meaning::Denied | Meaning::Stopped)
}

/// The shapes of blueprints that no rule feeds any more are read now; one that cannot be read goes last.
async fn with_shapes_of(
    catalog: &Catalog,
    blueprints: impl Iterator<Item = &BlueprintId>,
    known: &BTreeMap<BlueprintId, Blueprint>,
) -> BTreeMap<BlueprintId, Blueprint> {
    let mut shapes = known.clone();
    for blueprint in blueprints {
        if !shapes.contains_key(blueprint) {
            match catalog.blueprint(blueprint).await {
                Ok(Some(stored)) => {
                    shapes.insert(blueprint.clone(), stored.shape);
                }
                Ok(None) => {}
                Err(error) => tracing::warn!(%blueprint, %error, "its relations are not known"),
            }
        }
    }
    shapes
}

/// Removes entities of one blueprint. Whoever calls knows that they are ours and stale.
pub async fn remove(catalog: &Catalog, blueprint: &BlueprintId, ids: Vec<EntityId>) -> Deleted {
    delete_from(catalog, blueprint, ids).await
}

/// Deletes in batches, always asking the catalog to refuse what others depend on. A batch with such an entity is refused
/// whole, so it is halved until the entity stands alone. What depended on something else in the list is tried again when
/// that is gone.
async fn delete_from(catalog: &Catalog, blueprint: &BlueprintId, ids: Vec<EntityId>) -> Deleted {
    let mut result = Deleted::default();
    let mut open: Vec<Vec<EntityId>> = ids.chunks(DELETE_CHUNK).rev().map(<[EntityId]>::to_vec).collect();
    let mut spare = SEARCH_CALLS;
    while let Some(mut batch) = open.pop() {
        match catalog.delete(blueprint, &batch, Dependents::Refuse).await {
            Ok(gone) => match gone {
                None => result.deleted.append(&mut batch),
                Some(gone) => {
                    let gone: std::collections::BTreeSet<String> = gone.into_iter().collect();
                    let (deleted, left): (Vec<_>, Vec<_>) =
                        batch.into_iter().partition(|id| gone.contains(id.as_str()));
                    result.deleted.extend(deleted);
                    result.failed += left.len() as u64;
                }
            },
            Err(error) => match (&error.fault, batch.len()) {
                (Fault::Missing(_), 1) => result.deleted.append(&mut batch),
                (Fault::Missing(_) | Fault::HasDependents(_), 2..) if spare > 0 => {
                    spare -= 1;
                    let second = batch.split_off(batch.len() / 2);
                    open.push(second);
                    open.push(batch);
                }
                (Fault::HasDependents(_), _) => result.depended_on.append(&mut batch),
                _ => {
                    result.failed += batch.len() as u64;
                    let over = ends_the_run(&error);
                    result.failure.get_or_insert(error);
                    if over {
                        result.failed += open.iter().map(|batch| batch.len() as u64).sum::<u64>();
                        return result;
                    }
                }
            },
        }
    }
    result
}
