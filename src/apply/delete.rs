//! Removing what is stale, as decided.

use std::collections::BTreeMap;
use std::sync::Arc;

use futures::stream::TryStreamExt as _;
use jiff::Timestamp;

use super::writer::Written;
use crate::catalog::{Catalog, DELETE_CHUNK, Dependents, Error, Fault, Meaning, Parts, write_entity};
use crate::model::{Blueprint, BlueprintId, EntityId};
use crate::plan::Order;
use crate::plan::deletion::{Decision, Inventory};
use crate::state::{Journal, Pins, StateError};

/// So many extra calls per blueprint go into finding which entities of a batch have dependents.
const SEARCH_CALLS: usize = 200;

/// Reads what is ours and was last changed before `before`, and sorts it by what the pass has written.
/// What was put back by hand is told apart by its pins.
pub async fn inventory(
    catalog: &Catalog,
    before: Timestamp,
    written: &Written,
    pins: &Pins,
) -> Result<Inventory, Error> {
    let mut inventory = Inventory::with_pins(pins.keys().cloned().collect());
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
    /// How many stay because something failed.
    pub failed: u64,
    /// The first such failure.
    pub failure: Option<Failed>,
}

/// Why something stays that was to go.
#[derive(Clone, Debug)]
pub enum Failed {
    /// A call failed.
    Call(Error),
    /// What was to go could not be kept first.
    Journal(Arc<StateError>),
}

impl Failed {
    /// Whether nothing more is worth an attempt.
    fn ends_the_run(&self) -> bool {
        match self {
            Self::Call(error) => ends_the_run(error),
            Self::Journal(_) => true,
        }
    }
}

impl std::fmt::Display for Failed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Call(error) => error.fmt(f),
            Self::Journal(error) => write!(f, "what goes must be kept first, and the journal {error}"),
        }
    }
}

/// Removes what was decided, blueprints that point at others first; with a journal, what goes is read whole and kept
/// there first. A failure in one blueprint does not stop the others; refused credentials, a stop, and a journal that
/// cannot be written do.
pub async fn delete(
    catalog: &Catalog,
    decisions: &BTreeMap<BlueprintId, Decision>,
    shapes: &BTreeMap<BlueprintId, Blueprint>,
    mut journal: Option<&mut Journal>,
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
    let mut all: BTreeMap<BlueprintId, Deleted> = BTreeMap::new();
    let mut over: Option<Failed> = None;
    for blueprint in sources_first {
        let Some(ids) = doomed.remove(&blueprint) else { continue };
        let deleted = match &over {
            None => delete_from(catalog, &blueprint, &ids, journal.as_deref_mut()).await,
            Some(failed) => {
                Deleted { failed: ids.len() as u64, failure: Some(failed.clone()), ..Deleted::default() }
            }
        };
        over = over.or_else(|| deleted.failure.clone().filter(Failed::ends_the_run));
        all.insert(blueprint, deleted);
    }
    if over.is_none() {
        try_again(catalog, &mut all).await;
    }
    for (blueprint, deleted) in &all {
        let noted = journal.as_deref_mut().map(|journal| journal.stayed(blueprint, &deleted.depended_on));
        if let Some(Err(error)) = noted {
            tracing::warn!(%error, "the journal names entities that stayed");
        }
    }
    all
}

/// What depended on something that is gone by now: within a blueprint, or where blueprints point at each other. It was
/// kept in the journal the first time.
async fn try_again(catalog: &Catalog, all: &mut BTreeMap<BlueprintId, Deleted>) {
    let count = |all: &BTreeMap<BlueprintId, Deleted>| all.values().map(|one| one.deleted.len()).sum();
    let mut before: usize = 0;
    let mut gone: usize = count(all);
    while gone > before {
        for (blueprint, result) in all.iter_mut().filter(|(_, result)| !result.depended_on.is_empty()) {
            let mut spare = SEARCH_CALLS;
            for batch in std::mem::take(&mut result.depended_on).chunks(DELETE_CHUNK) {
                delete_batch(catalog, blueprint, batch, &mut spare, result).await;
            }
        }
        before = gone;
        gone = count(all);
    }
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
    delete_from(catalog, blueprint, &ids, None).await
}

/// Deletes in batches, always asking the catalog to refuse what others depend on.
async fn delete_from(
    catalog: &Catalog,
    blueprint: &BlueprintId,
    ids: &[EntityId],
    mut journal: Option<&mut Journal>,
) -> Deleted {
    let mut result = Deleted::default();
    let mut spare = SEARCH_CALLS;
    for batch in ids.chunks(DELETE_CHUNK) {
        let over = result.failure.as_ref().is_some_and(Failed::ends_the_run);
        let kept = match journal.as_deref_mut() {
            Some(journal) if !over => keep(catalog, blueprint, batch, journal).await,
            Some(_) | None => Ok(()),
        };
        match kept {
            Ok(()) if !over => delete_batch(catalog, blueprint, batch, &mut spare, &mut result).await,
            Ok(()) => result.failed += batch.len() as u64,
            Err(failed) => {
                result.failed += batch.len() as u64;
                result.failure.get_or_insert(failed);
            }
        }
    }
    result
}

/// Reads entities whole and keeps them in the journal. Those that are gone already have nothing to keep.
async fn keep(
    catalog: &Catalog,
    blueprint: &BlueprintId,
    batch: &[EntityId],
    journal: &mut Journal,
) -> Result<(), Failed> {
    let whole = catalog.lookup(blueprint, batch, Parts::Whole).await.map_err(Failed::Call)?;
    let lines = whole.iter().map(|entity| {
        let mut line = Vec::new();
        write_entity(entity, &mut line);
        line
    });
    journal.keep(lines).map_err(|error| Failed::Journal(Arc::new(error)))
}

/// Deletes a batch. One with an entity that others depend on is refused whole, so it is halved until the entity stands
/// alone, as long as there are calls to spare.
async fn delete_batch(
    catalog: &Catalog,
    blueprint: &BlueprintId,
    batch: &[EntityId],
    spare: &mut usize,
    result: &mut Deleted,
) {
    let mut open = vec![batch.to_vec()];
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
                (Fault::Missing(_) | Fault::HasDependents(_), 2..) if *spare > 0 => {
                    *spare -= 1;
                    let second = batch.split_off(batch.len() / 2);
                    open.push(second);
                    open.push(batch);
                }
                (Fault::HasDependents(_), _) => result.depended_on.append(&mut batch),
                _ => {
                    result.failed += batch.len() as u64;
                    let over = ends_the_run(&error);
                    result.failure.get_or_insert(Failed::Call(error));
                    if over {
                        result.failed += open.iter().map(|batch| batch.len() as u64).sum::<u64>();
                        return;
                    }
                }
            },
        }
    }
}
