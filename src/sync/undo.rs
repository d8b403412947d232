//! What a run deleted, put back.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::Failure;
use super::failure::catalog_cause;
use super::keeping::installation;
use super::plan_file::fields;
use crate::apply::{Orderly, Reading, Written};
use crate::catalog::{
    Catalog, Error, Event, Meaning, Merge, MissingTargets, Parts, UpsertPolicy, read_entity,
};
use crate::config::Settings;
use crate::model::{
    Blueprint, BlueprintId, Coverage, Entity, EntityId, EntityKey, Kind, Mapped, Origin, RecordId, RuleId,
};
use crate::report::{Cause, PutBack, Refusal, RunReport, Signal, UndoReport};
use crate::state::{Pins, StateDir};

/// Entities of a page that is handed over.
const PAGE: usize = 100;

/// So many entities that are there already are named.
const NAMED: usize = 20;

/// Fields that nobody mapped are left as they are; a target that is missing is not made up.
const POLICY: UpsertPolicy = UpsertPolicy { merge: Merge::Patch, missing: MissingTargets::Refuse };

/// The runs of this installation that deleted something, the latest first.
pub fn runs(settings: &Settings) -> Result<Vec<RunReport>, Failure> {
    let runs = state(settings)?.runs(&installation(settings))?;
    let report = |run: crate::state::Run| {
        let mut deleted: BTreeMap<String, u64> = BTreeMap::new();
        for (key, _) in &run.deleted {
            *deleted.entry(key.blueprint.to_string()).or_default() += 1;
        }
        RunReport { run: run.id, began: run.began.to_string(), deleted }
    };
    Ok(runs.into_iter().map(report).filter(|run| !run.deleted.is_empty()).collect())
}

/// Puts back what a run deleted, and pins it. What exists again is left alone. Whatever happens, there is a report.
pub async fn undo(
    settings: &Settings,
    catalog: &Catalog,
    run: &str,
    stop: &CancellationToken,
    signal: impl Fn() -> Option<Signal>,
) -> UndoReport {
    let mut report = UndoReport::new(run);
    // The catalog's audit log knows no better word for it.
    let catalog = catalog.for_pass(Event::Resync(Uuid::new_v4()), stop.clone());
    if let Err(failure) = put_back(settings, &catalog, run, &mut report).await {
        report.causes.extend(failure.cause());
    }
    if stop.is_cancelled() {
        report.causes.push(Cause::Stopped(signal().unwrap_or(Signal::Terminate)));
    }
    report.settled()
}

fn state(settings: &Settings) -> Result<StateDir, Failure> {
    let root: &Path = settings.state_dir.as_deref().ok_or(Failure::NoStateDir)?;
    Ok(StateDir::open(root)?)
}

/// What is to be put back into one blueprint.
struct Part {
    shape: Blueprint,
    missing: Vec<Entity>,
}

async fn put_back(
    settings: &Settings,
    catalog: &Catalog,
    run: &str,
    report: &mut UndoReport,
) -> Result<(), Failure> {
    let (state, ours) = (state(settings)?, installation(settings));
    let kept = state.run(run)?.filter(|kept| kept.installation == ours);
    let kept = kept.ok_or_else(|| Failure::NoSuchRun(run.to_owned()))?;
    let mut by_blueprint: BTreeMap<BlueprintId, BTreeMap<EntityId, Entity>> = BTreeMap::new();
    for (key, entity) in kept.deleted {
        if let Some(entity) = read_entity(entity, &key.blueprint) {
            by_blueprint.entry(key.blueprint).or_default().insert(key.identifier, entity);
        }
    }
    let mut parts = BTreeMap::new();
    for (blueprint, entities) in by_blueprint {
        let row = report.row(&blueprint);
        let Some(stored) = catalog.blueprint(&blueprint).await? else {
            row.refused = entities.len() as u64;
            row.reason = Some("the blueprint does not exist any more".to_owned());
            continue;
        };
        let there = there(catalog, &blueprint, entities.keys()).await?;
        row.there = there.len() as u64;
        row.such_as = there.iter().take(NAMED).map(ToString::to_string).collect();
        let missing = entities.into_iter().filter(|(id, _)| !there.contains(id)).map(|(_, entity)| entity);
        parts.insert(blueprint, Part { shape: stored.shape, missing: missing.collect() });
    }
    let keys: BTreeSet<EntityKey> =
        parts.values().flat_map(|part| &part.missing).filter_map(Entity::key).collect();
    // The pins come first: what is there without one goes again with the next pass.
    let mut pins = state.pins(&ours)?;
    for key in &keys {
        pins.add(key.clone(), run);
    }
    if !keys.is_empty() {
        state.set_pins(&ours, &pins)?;
    }
    let written = write(catalog, parts).await?;
    tell(report, &written);
    let stored = settle(catalog, &keys, report).await?;
    if unpin(&mut pins, &keys, &stored) > 0 {
        state.set_pins(&ours, &pins)?;
    }
    Ok(())
}

/// Those that the catalog holds.
async fn there(
    catalog: &Catalog,
    blueprint: &BlueprintId,
    identifiers: impl Iterator<Item = &EntityId>,
) -> Result<BTreeSet<EntityId>, Error> {
    let identifiers: Vec<EntityId> = identifiers.cloned().collect();
    let found = catalog.lookup(blueprint, &identifiers, Parts::Fields(&[])).await?;
    Ok(found.iter().filter_map(Entity::key).map(|key| key.identifier).collect())
}

async fn write(catalog: &Catalog, parts: BTreeMap<BlueprintId, Part>) -> Result<Written, Error> {
    let blueprints = parts.iter().map(|(id, part)| {
        let fields = part.missing.iter().flat_map(fields).collect();
        (id.clone(), (part.shape.clone(), fields))
    });
    let orderly = Orderly { blueprints: blueprints.collect(), policy: POLICY, reading: Reading::ByKey };
    let mut left: BTreeMap<BlueprintId, std::vec::IntoIter<Entity>> =
        parts.into_iter().map(|(id, part)| (id, part.missing.into_iter())).collect();
    let page = |blueprint: &BlueprintId| {
        let entities = left.get_mut(blueprint).into_iter().flat_map(|left| left.by_ref().take(PAGE));
        Ok(entities.filter_map(mapped).collect())
    };
    orderly.write(catalog, page).await
}

/// As if it came from a mapping.
fn mapped(entity: Entity) -> Option<Mapped> {
    let record = RecordId::new(entity.key()?.identifier.as_str()).ok()?;
    let origin = Origin { rule: RuleId(0), kind: Kind::Alert, record, updated: None };
    Some(Mapped { origin, entity, coverage: Coverage::Full })
}

fn tell(report: &mut UndoReport, written: &Written) {
    for group in written.tally.refusals() {
        report.refusals.push(Refusal {
            message: group.message.clone(),
            count: group.count,
            examples: group.examples.iter().map(ToString::to_string).collect(),
        });
        let text = format!("{} ({} entities)", group.message, group.count);
        match group.meaning {
            Meaning::Denied => report.causes.push(Cause::Permission(text)),
            Meaning::Unavailable => report.causes.push(Cause::Unavailable(text)),
            Meaning::Broken => report.causes.push(Cause::Unexpected(text)),
            Meaning::Refused | Meaning::Stopped => {}
        }
    }
    report.causes.extend(written.broken.values().filter_map(|error| catalog_cause(error)));
}

/// Looks what became of it: the catalog's own word, whatever the calls said.
async fn settle(
    catalog: &Catalog,
    keys: &BTreeSet<EntityKey>,
    report: &mut UndoReport,
) -> Result<BTreeSet<EntityKey>, Error> {
    let mut stored = BTreeSet::new();
    let mut by_blueprint: BTreeMap<&BlueprintId, Vec<&EntityId>> = BTreeMap::new();
    for key in keys {
        by_blueprint.entry(&key.blueprint).or_default().push(&key.identifier);
    }
    for (blueprint, identifiers) in by_blueprint {
        let found = there(catalog, blueprint, identifiers.iter().copied()).await?;
        let row: &mut PutBack = report.row(blueprint);
        row.put_back = found.len() as u64;
        row.refused = (identifiers.len() - found.len()) as u64;
        stored.extend(
            found.into_iter().map(|identifier| EntityKey { blueprint: blueprint.clone(), identifier }),
        );
    }
    Ok(stored)
}

/// What did not come back needs no pin.
fn unpin(pins: &mut Pins, keys: &BTreeSet<EntityKey>, stored: &BTreeSet<EntityKey>) -> usize {
    pins.retain(|key| stored.contains(key) || !keys.contains(key))
}
