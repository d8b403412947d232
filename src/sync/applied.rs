//! A saved plan, applied exactly: looked over first, then its writes, then its deletions.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::fit::Fit;
use super::keeping::{Keeping, installation};
use super::plan_file::{Part, PlanFile, Step, fields};
use super::prepare::{self, Prepared};
use super::removal::{Removed, doubt};
use super::summary::Summary;
use super::telling::Telling;
use super::{Failure, Request, Sides, upsert_policy};
use crate::apply::{self, Meets, Orderly, Reading, SavedStep, Written};
use crate::catalog::{Catalog, Error, Parts};
use crate::config::Settings;
use crate::model::{Blueprint, BlueprintId, Entity, EntityId, EntityKey, Field, Kind, Mapped, RuleId};
use crate::plan::deletion::{Decision, Permission, Protection};
use crate::plan::{Changes, Layout, Repeats, Rule, Target};
use crate::report::{Mode, Undo};
use crate::state::Pins;

/// Steps that are looked over, or handed on, at once.
const PAGE: usize = 100;

/// So many of the things that have changed are named.
const NAMED: usize = 5;

/// A plan to apply, and what it stands on.
pub(super) struct Applied<'a> {
    pub(super) settings: &'a Settings,
    pub(super) sides: &'a Sides,
    pub(super) request: &'a Request,
    pub(super) resync: Uuid,
    pub(super) stop: &'a CancellationToken,
}

impl Applied<'_> {
    pub(super) async fn run(
        &self,
        path: &Path,
        summary: &mut Summary,
        telling: &mut Telling,
    ) -> Result<(), Failure> {
        let Self { settings, sides, request, .. } = *self;
        let plan = PlanFile::open(path)?;
        let refused = |why: String| Failure::Plan { path: path.to_owned(), why };
        let (theirs, ours) = (&plan.head.installation, installation(settings));
        if *theirs != ours {
            return Err(refused(format!(
                "it is for the integration `{}` of {}, and the settings name `{}` of {}",
                theirs.integration, theirs.catalog, ours.integration, ours.catalog
            )));
        }
        let mut keeping = Keeping::open(settings, &self.resync.to_string(), Mode::Apply)?;
        let mut installed = prepare::install(settings, sides, Mode::Plan, self.stop).await?;
        let mut drift = Drift::default();
        let prepared = prepare::compile(settings, installed.clone(), request.environment.clone())?;
        if prepared.fingerprint != plan.head.mapping {
            drift.add("the mapping has changed".to_owned());
        }
        if prepared.set_up.steps != plan.head.set_up {
            drift.add("the set-up of the integration has changed".to_owned());
        }
        let pins = keeping.as_ref().map(|keeping| keeping.pins.clone()).unwrap_or_default();
        let shapes = self.look_over(&plan, &prepared, &pins, &mut drift).await?;
        if let Some(why) = drift.told() {
            return Err(refused(why));
        }
        if !prepared.set_up.steps.is_empty() {
            installed = prepare::install(settings, sides, Mode::Apply, self.stop).await?;
        }
        telling.begin(settings, sides, request, self.resync, installed.integration());
        summary.prepared(&prepared, &Fit::default());
        summary.applying(&prepared.rules, &plan.by_kind);
        let written = self.write(&plan, &prepared, &shapes).await?;
        summary.written(&written);
        if !self.stop.is_cancelled() {
            let removed = self.remove(&plan, &written, &shapes, keeping.as_mut()).await?;
            summary.removed(&prepared.rules, removed);
        }
        if let Some(Err(error)) = keeping.as_mut().map(|keeping| keeping.release(&written.ledgers)) {
            summary.warning(format!("what was put back stays pinned: {error}"));
        }
        Ok(())
    }

    /// Reads again every key that the plan touches and compares it with what the plan met there.
    async fn look_over(
        &self,
        plan: &PlanFile,
        prepared: &Prepared,
        pins: &Pins,
        drift: &mut Drift,
    ) -> Result<BTreeMap<BlueprintId, Blueprint>, Failure> {
        let catalog = &self.sides.catalog;
        let mut shapes = BTreeMap::new();
        let touched: BTreeSet<&BlueprintId> =
            plan.blueprints(Part::Writes).chain(plan.blueprints(Part::Deletions)).collect();
        for blueprint in touched {
            if let Some(shape) = prepared.set_up.blueprints.get(blueprint) {
                // What is still to be created holds nothing.
                shapes.insert(blueprint.clone(), shape.clone());
                continue;
            }
            let Some(stored) = catalog.blueprint(blueprint).await? else {
                drift.add(format!("blueprint `{blueprint}` is gone"));
                continue;
            };
            let mapped: Vec<Field> = self.layout(prepared, blueprint).fields().cloned().collect();
            for (part, parts) in [(Part::Writes, Parts::Fields(&mapped)), (Part::Deletions, Parts::Whole)] {
                for from in (0..plan.count(part, blueprint)).step_by(PAGE) {
                    let steps = plan.steps(part, blueprint, from, PAGE)?;
                    compare(catalog, &stored.shape, &steps, parts, pins, drift).await?;
                }
            }
            shapes.insert(blueprint.clone(), stored.shape);
        }
        Ok(shapes)
    }

    fn layout(&self, prepared: &Prepared, blueprint: &BlueprintId) -> Layout {
        Layout::new(blueprint.clone(), &prepare::listed_rules(&prepared.rules, self.settings))
    }

    async fn write(
        &self,
        plan: &PlanFile,
        prepared: &Prepared,
        shapes: &BTreeMap<BlueprintId, Blueprint>,
    ) -> Result<Written, Failure> {
        let blueprints = plan.blueprints(Part::Writes).filter_map(|blueprint| {
            let fields = self.layout(prepared, blueprint).fields().cloned().collect();
            Some((blueprint.clone(), (shapes.get(blueprint)?.clone(), fields)))
        });
        let orderly = Orderly {
            blueprints: blueprints.collect(),
            policy: upsert_policy(&prepared.mapping),
            reading: Reading::Whole,
        };
        let mut from: BTreeMap<BlueprintId, usize> = BTreeMap::new();
        let page = |blueprint: &BlueprintId| -> Result<Vec<Mapped>, Failure> {
            let from = from.entry(blueprint.clone()).or_default();
            let steps = plan.steps(Part::Writes, blueprint, *from, PAGE)?;
            *from += steps.len();
            let entity = |step| match step {
                Step::Write(SavedStep { mapped, meets: _ }) => Some(mapped),
                Step::Delete(_) => None,
            };
            Ok(steps.into_iter().filter_map(entity).collect())
        };
        orderly.write(&self.sides.catalog, page).await
    }

    async fn remove(
        &self,
        plan: &PlanFile,
        written: &Written,
        shapes: &BTreeMap<BlueprintId, Blueprint>,
        keeping: Option<&mut Keeping>,
    ) -> Result<Removed, Failure> {
        if let Some(why) = doubt(written) {
            return Ok(Removed { withheld: Some(why), ..Removed::default() });
        }
        let mut decisions = BTreeMap::new();
        for blueprint in plan.blueprints(Part::Deletions) {
            let count = plan.count(Part::Deletions, blueprint);
            let steps = plan.steps(Part::Deletions, blueprint, 0, count)?;
            let ids = steps.iter().filter_map(key_of).map(|key| key.identifier).collect();
            let decision = match self.request.deletion {
                Permission::Guarded => Decision::Delete(ids),
                Permission::Never => {
                    Decision::Protected { candidates: count as u64, protection: Protection::NotAllowed }
                }
            };
            decisions.insert(blueprint.clone(), decision);
        }
        let undo = if keeping.is_some() { Undo::Run } else { Undo::Never };
        let journal = keeping.map(|keeping| &mut keeping.journal);
        let deleted = apply::delete(&self.sides.catalog, &decisions, shapes, journal).await;
        Ok(Removed { decisions, deleted, undo, ..Removed::default() })
    }
}

fn key_of(step: &Step) -> Option<EntityKey> {
    match step {
        Step::Write(SavedStep { mapped, meets: _ }) => mapped.entity.key(),
        Step::Delete(stored) => stored.key(),
    }
}

/// What is no longer as a plan met it.
#[derive(Debug, Default)]
struct Drift {
    named: Vec<String>,
    count: u64,
}

impl Drift {
    fn add(&mut self, what: String) {
        self.count += 1;
        if self.named.len() < NAMED {
            self.named.push(what);
        }
    }

    fn told(&self) -> Option<String> {
        let more = match self.count - self.named.len() as u64 {
            0 => String::new(),
            more => format!("; and {more} more"),
        };
        let named = self.named.join("; ");
        (self.count > 0)
            .then(|| format!("something has changed since it was made: {named}{more}; plan again"))
    }
}

/// Compares steps of one blueprint with what is stored now.
async fn compare(
    catalog: &Catalog,
    shape: &Blueprint,
    steps: &[Step],
    parts: Parts<'_>,
    pins: &Pins,
    drift: &mut Drift,
) -> Result<(), Error> {
    let blueprint = &shape.identifier;
    let identifiers: Vec<EntityId> = steps
        .iter()
        .filter_map(key_of)
        .map(|key| key.identifier)
        .collect::<BTreeSet<_>>()
        .into_iter()
        .collect();
    let stored = catalog.lookup(blueprint, &identifiers, parts).await?;
    let doomed = |step: &Step| matches!(step, Step::Delete(_));
    let ours =
        if steps.iter().any(doomed) { catalog.ours(blueprint, &identifiers).await? } else { Vec::new() };
    let now: BTreeMap<EntityKey, &Entity> =
        stored.iter().filter_map(|entity| Some((entity.key()?, entity))).collect();
    for step in steps {
        let Some(key) = key_of(step) else { continue };
        let (met, now) = (met(step), now.get(&key).copied());
        match (met, now) {
            (Met::Whatever, _) | (Met::Nothing, None) => {}
            (Met::Nothing, Some(_)) => drift.add(format!("`{key}` exists by now")),
            (Met::Entity(_), None) => drift.add(format!("`{key}` is gone")),
            (Met::Entity(then), Some(now)) => {
                let changed = differences(shape, then, now);
                if !changed.is_empty() {
                    drift.add(format!("`{key}` has changed ({})", changed.join(", ")));
                } else if doomed(step) && !ours.contains(&key.identifier) {
                    drift.add(format!("`{key}` is not ours any more"));
                } else if doomed(step) && pins.contains(&key) {
                    drift.add(format!("`{key}` was put back by `undo`"));
                }
            }
        }
    }
    Ok(())
}

/// What a plan met.
enum Met<'s> {
    Nothing,
    Entity(&'s Entity),
    /// Not to be looked at.
    Whatever,
}

fn met(step: &Step) -> Met<'_> {
    match step {
        Step::Delete(stored) => Met::Entity(stored),
        Step::Write(SavedStep { meets, .. }) => match meets {
            Meets::Nothing => Met::Nothing,
            Meets::Stored(stored) => Met::Entity(stored),
            Meets::Earlier | Meets::Search | Meets::Unknown => Met::Whatever,
        },
    }
}

/// The fields in which two states of an entity differ, either way.
fn differences(shape: &Blueprint, then: &Entity, now: &Entity) -> Vec<String> {
    let rule = Rule {
        id: RuleId(0),
        kind: Kind::Alert,
        target: Target::Fixed(shape.identifier.clone()),
        fields: fields(then).chain(fields(now)).collect(),
        repeats: Repeats::LastWins,
    };
    let mut changes = Changes::new(&Layout::new(shape.identifier.clone(), &[rule]), shape);
    let there = changes.between(then, now);
    let back = changes.between(now, then);
    let named: BTreeSet<String> = there.iter().chain(&back).map(|change| change.field.to_string()).collect();
    named.into_iter().collect()
}
