//! What a set-up has made, taken away again.

use std::collections::{BTreeMap, BTreeSet};
use std::pin::pin;
use std::time::Duration;

use futures::stream::TryStreamExt as _;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::failure::catalog_cause;
use super::prepare::resources;
use super::{Failure, Sides};
use crate::catalog::{Catalog, Error, Event, Fault, Integration, Meaning, Migration, Owners, Progress};
use crate::config::{Preset, Resources, ResourcesOrigin, Settings};
use crate::model::{Blueprint, BlueprintId};
use crate::plan::Order;
use crate::report::{Cause, CleanReport, Cleaned, CleanedBlueprint, Signal};

/// Waits between two looks at a removal that goes on in the catalog: the first one, by how much each is longer than the
/// one before, and the longest, which is the peer's only one.
const FIRST_WAIT: Duration = Duration::from_millis(200);
const LONGER: f64 = 1.5;
const LONGEST_WAIT: Duration = Duration::from_secs(5);

/// A removal that has not ended by then is left to the catalog.
const PATIENCE: Duration = Duration::from_secs(3600);

/// What is to go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cleaning {
    /// Which entities may go with their blueprints.
    pub entities: Entities,
    /// Whether the integration goes.
    pub integration: Fate,
    /// What is waited for.
    pub wait: Wait,
}

/// Which entities may go with their blueprints.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Entities {
    /// None.
    None,
    /// Those of a blueprint to which nobody else wrote.
    Ours,
    /// All, whoever wrote them.
    Everybodys,
}

/// What becomes of the integration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It stays.
    Stays,
    /// It goes once no default blueprint stays.
    Goes,
}

/// Which removals that go on in the catalog are waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wait {
    /// Those of blueprints that point at another one which is to go after them.
    WhereOrderNeedsIt,
    /// All.
    ForAll,
}

/// A blueprint that is there.
struct Held {
    id: BlueprintId,
    shape: Blueprint,
}

/// Takes away the default blueprints, and more where `cleaning` says so. First everything is looked at: when something
/// is in the way of one, none goes. What is about to go is announced. Whatever happens, there is a report.
pub async fn clean(
    settings: &Settings,
    sides: &Sides,
    cleaning: Cleaning,
    stop: &CancellationToken,
    signal: impl Fn() -> Option<Signal>,
    announce: impl FnOnce(&CleanReport),
) -> CleanReport {
    let mut report = CleanReport::new(&settings.identifier);
    // The catalog's audit log knows no better word for it.
    let catalog = sides.catalog.for_pass(Event::Resync(Uuid::new_v4()), stop.clone());
    let sides = Sides { catalog, ..sides.clone() };
    match survey(settings, &sides, &mut report).await {
        Err(failure) => {
            report.causes.extend(failure.cause());
            report.faults = failure.faults().to_vec();
        }
        Ok(held) => {
            if let Some(why) = obstacle(&report, cleaning.entities) {
                report.causes.push(Cause::Guarded(why));
            } else {
                let goes = cleaning.integration == Fate::Goes && report.integration.outcome == Cleaned::Kept;
                if goes || !held.is_empty() {
                    announce(&report);
                }
                let removal =
                    Removal { catalog: &sides.catalog, stop, report: &mut report, under_way: Vec::new() };
                removal.run(&held, cleaning).await;
            }
        }
    }
    if stop.is_cancelled() {
        report.causes.push(Cause::Stopped(signal().unwrap_or(Signal::Terminate)));
    }
    report.settled()
}

/// What the catalog holds of the default resources: those that point at others first. The report gets a row for each,
/// and one for each that is not there.
async fn survey(settings: &Settings, sides: &Sides, report: &mut CleanReport) -> Result<Vec<Held>, Failure> {
    let catalog = &sides.catalog;
    let integration = catalog.integration().await?;
    if integration.is_none() {
        report.integration.outcome = Cleaned::Absent;
    }
    let origin = integration.as_ref().and_then(Integration::resources_origin);
    let origin = origin.and_then(ResourcesOrigin::from_name).or(settings.resources.origin);
    let mut shapes = BTreeMap::new();
    for (id, expected) in defaults(settings, sides, origin).await? {
        match catalog.blueprint(&id).await? {
            Some(stored) => {
                shapes.insert(id, stored.shape);
            }
            None if expected == Expected::Surely => report.blueprints.push(CleanedBlueprint {
                blueprint: id.to_string(),
                ours: 0,
                others: Some(0),
                outcome: Cleaned::Absent,
                reason: None,
            }),
            None => {}
        }
    }
    let mut ours: BTreeMap<BlueprintId, u64> = BTreeMap::new();
    if !shapes.is_empty() {
        let mut pages = pin!(catalog.inventory(None));
        while let Some(page) = pages.try_next().await? {
            for key in page {
                *ours.entry(key.blueprint).or_default() += 1;
            }
        }
    }
    let mut held = Vec::new();
    for id in Order::of(shapes.values()).sources_first() {
        let ours = ours.get(id).copied().unwrap_or_default();
        let others = all(catalog, id).await?.map(|all| all.saturating_sub(ours));
        let outcome = Cleaned::Kept;
        report.blueprints.push(CleanedBlueprint {
            blueprint: id.to_string(),
            ours,
            others,
            outcome,
            reason: None,
        });
        held.push(Held { id: id.clone(), shape: shapes[id].clone() });
    }
    Ok(held)
}

/// How sure it is that a blueprint is one of the default resources of this installation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Expected {
    Surely,
    /// Nobody has said which preset it is.
    Perhaps,
}

/// The default blueprints. Where nobody has said which preset it is, those of every preset: after half a removal the
/// catalog does not tell them apart any more.
async fn defaults(
    settings: &Settings,
    sides: &Sides,
    origin: Option<ResourcesOrigin>,
) -> Result<Vec<(BlueprintId, Expected)>, Failure> {
    let ids = |resources: Resources| -> Vec<BlueprintId> {
        let ids = resources.blueprints.iter().filter_map(|blueprint| blueprint["identifier"].as_str());
        ids.filter_map(|id| BlueprintId::new(id).ok()).collect()
    };
    let named = settings.resources.path.is_some() || settings.resources.preset.is_some();
    if named || origin == Some(ResourcesOrigin::Empty) {
        let given = ids(resources(settings, sides, origin).await?);
        return Ok(given.into_iter().map(|id| (id, Expected::Surely)).collect());
    }
    let sure: BTreeSet<BlueprintId> = ids(Resources::of_preset(Preset::Classic)).into_iter().collect();
    let all = ids(Resources::of_preset(Preset::Full)).into_iter();
    Ok(all
        .map(|id| {
            let expected = if sure.contains(&id) { Expected::Surely } else { Expected::Perhaps };
            (id, expected)
        })
        .collect())
}

/// How many entities a blueprint has, whoever wrote them; `None` when the catalog cannot list them all.
async fn all(catalog: &Catalog, blueprint: &BlueprintId) -> Result<Option<u64>, Error> {
    let mut pages = pin!(catalog.snapshot(blueprint, &[]));
    let mut count = 0;
    while let Some(page) = pages.try_next().await? {
        match page.owners {
            Owners::All => count += page.entities.len() as u64,
            Owners::Ours => return Ok(None),
        }
    }
    Ok(Some(count))
}

/// Why nothing may go, with what to do: entities that nobody has given up.
fn obstacle(report: &CleanReport, entities: Entities) -> Option<String> {
    let in_the_way = |row: &&CleanedBlueprint| match entities {
        Entities::None => !row.is_empty(),
        Entities::Ours => row.others != Some(0),
        Entities::Everybodys => false,
    };
    let found: Vec<String> = report
        .blueprints
        .iter()
        .filter(in_the_way)
        .map(|row| format!("`{}` ({})", row.blueprint, row.entities()))
        .collect();
    let only_ours = report.blueprints.iter().all(|row| row.others == Some(0));
    let what_to_do = match entities {
        Entities::None if only_ours => "`--force` deletes them, too",
        Entities::None | Entities::Ours | Entities::Everybodys => {
            "`--force --yes` deletes them, too, whoever wrote them"
        }
    };
    let found = (!found.is_empty()).then(|| found.join(", "))?;
    Some(format!("default blueprints have entities, so nothing was deleted: {found}; {what_to_do}"))
}

/// What takes things away.
struct Removal<'a> {
    catalog: &'a Catalog,
    stop: &'a CancellationToken,
    report: &'a mut CleanReport,
    /// What the catalog goes on with.
    under_way: Vec<(BlueprintId, Migration)>,
}

impl Removal<'_> {
    async fn run(mut self, held: &[Held], cleaning: Cleaning) {
        for one in held {
            if let Err(error) = self.blueprint(one, held).await {
                self.tell(&one.id, &error);
                if error.meaning() != Meaning::Refused {
                    // It would not be different for the others.
                    break;
                }
            }
        }
        if cleaning.wait == Wait::ForAll {
            let under_way = std::mem::take(&mut self.under_way);
            for (blueprint, migration) in under_way {
                self.await_end(&blueprint, &migration).await;
            }
        }
        if cleaning.integration == Fate::Goes && self.report.integration.outcome != Cleaned::Absent {
            self.integration().await;
        }
    }

    /// Deletes a blueprint; what the catalog refuses is for the caller to tell.
    async fn blueprint(&mut self, one: &Held, held: &[Held]) -> Result<(), Error> {
        let pointing = |id: &BlueprintId| {
            let other = held.iter().find(|held| held.id == *id && held.id != one.id);
            other.is_some_and(|other| other.shape.relations.values().any(|to| to.target == one.id))
        };
        let (before, others): (Vec<_>, Vec<_>) =
            std::mem::take(&mut self.under_way).into_iter().partition(|(id, _)| pointing(id));
        self.under_way = others;
        for (blueprint, migration) in before {
            self.await_end(&blueprint, &migration).await;
        }
        let stays = held.iter().map(|held| &held.id).find(|id| pointing(id) && !self.row(id).outcome.goes());
        if let Some(stays) = stays.cloned() {
            self.row(&one.id).reason = Some(format!("`{stays}` points at it"));
            return Ok(());
        }
        let outcome = if self.row(&one.id).is_empty() {
            self.catalog.delete_blueprint(&one.id).await.map(|()| Cleaned::Deleted)
        } else {
            self.catalog.delete_with_entities(&one.id).await.map(|migration| {
                self.under_way.extend(migration.map(|migration| (one.id.clone(), migration)));
                Cleaned::UnderWay
            })
        };
        self.row(&one.id).outcome = match outcome {
            // Somebody was faster, or our own first attempt was.
            Err(Error { fault: Fault::Missing(_), .. }) => Cleaned::Deleted,
            outcome => outcome?,
        };
        Ok(())
    }

    /// Waits until the catalog has ended a removal.
    async fn await_end(&mut self, blueprint: &BlueprintId, migration: &Migration) {
        let begin = Instant::now();
        let mut wait = FIRST_WAIT;
        loop {
            let why = match self.catalog.migration(migration).await {
                Ok(Progress::Completed) => {
                    self.row(blueprint).outcome = Cleaned::Deleted;
                    return;
                }
                Ok(Progress::Running) if begin.elapsed() >= PATIENCE => {
                    let text = format!("the catalog still deletes blueprint `{blueprint}`, after an hour");
                    self.report.causes.push(Cause::Unavailable(text));
                    return;
                }
                Ok(Progress::Running) => {
                    // A stop ends the next look.
                    let _stopped = self.stop.run_until_cancelled(tokio::time::sleep(wait)).await;
                    wait = wait.mul_f64(LONGER).min(LONGEST_WAIT);
                    continue;
                }
                Ok(Progress::Failed) => "the catalog could not delete it with its entities",
                Ok(Progress::Cancelled) => "somebody has cancelled its removal in the catalog",
                Err(error) => {
                    // What becomes of it is not known.
                    self.report.causes.extend(catalog_cause(&error));
                    return;
                }
            };
            let row = self.row(blueprint);
            row.outcome = Cleaned::Kept;
            row.reason = Some(format!("{why} (migration `{}`)", migration.0));
            self.report.causes.push(Cause::Refused(format!("blueprint `{blueprint}` stays: {why}")));
            return;
        }
    }

    async fn integration(&mut self) {
        if self.report.blueprints.iter().any(|row| !row.outcome.goes()) {
            self.report.integration.reason = Some("because blueprints stay".to_owned());
            return;
        }
        match self.catalog.delete_integration().await {
            Ok(()) | Err(Error { fault: Fault::Missing(_), .. }) => {
                self.report.integration.outcome = Cleaned::Deleted;
            }
            Err(error) => {
                self.report.integration.outcome = after(&error);
                self.report.integration.reason = Some(error.fault.to_string());
                self.report.causes.extend(catalog_cause(&error));
            }
        }
    }

    fn tell(&mut self, blueprint: &BlueprintId, error: &Error) {
        let row = self.row(blueprint);
        row.outcome = after(error);
        row.reason = Some(error.fault.to_string());
        self.report.causes.extend(catalog_cause(error));
    }

    fn row(&mut self, blueprint: &BlueprintId) -> &mut CleanedBlueprint {
        let rows = &mut self.report.blueprints;
        let at = rows.iter().position(|row| row.blueprint == blueprint.as_str());
        &mut rows[at.expect("the survey has made a row for every blueprint that is there")]
    }
}

/// What has become of a thing whose removal ended so.
fn after(error: &Error) -> Cleaned {
    match error.meaning() {
        Meaning::Refused | Meaning::Denied => Cleaned::Kept,
        Meaning::Unavailable | Meaning::Broken | Meaning::Stopped => Cleaned::Unknown,
    }
}
