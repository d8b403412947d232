//! One pass, all stages in order; the only file that knows the order.
//!
//! ```text
//! set up ─▶ compile ─▶ harvest every kind, write what differs while it streams ─▶ remove what is stale ─▶ report
//! ```

mod applied;
mod checkup;
mod clean;
mod connect;
mod examples;
mod failure;
mod filter_check;
mod fit;
mod harvest;
mod keeping;
mod live;
mod peer;
mod plan_file;
mod planned;
mod prepare;
mod removal;
mod summary;
mod telling;
mod undo;
mod watch;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::time::Instant;

use futures::future::join_all;
use jiff::Timestamp;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

pub use checkup::check_up;
pub use clean::{Cleaning, Entities, Fate, Wait, clean};
pub use connect::{Sides, VERSION, source};
pub use failure::Failure;
pub use live::{Again, Changes, Hinted, Live, Notified, Outcome, Trouble};
pub use summary::{expressions, nulls};
pub use undo::{runs, undo};
pub use watch::{Seen, Stage, Watch};

use crate::apply::{Interlock, Job, Writer};
use crate::catalog::{Event, Examples, LogLines, Merge, MissingTargets, Schedule, UpsertPolicy};
use crate::config::{MappingFile, Settings};
use crate::enrich::{Lookups, Wanted};
use crate::jq::Environment;
use crate::model::Kind;
use crate::plan::deletion::Permission;
use crate::report::{Cause, Mode, Report, Signal};
use applied::Applied;
use examples::Showing;
use harvest::{Extent, Harvested, Onlookers};
use keeping::Keeping;
use prepare::Prepared;
use summary::Summary;
use telling::Telling;

/// What a pass is asked to do, beyond what the settings and the mapping say.
#[derive(Clone, Debug)]
pub struct Request {
    /// Whether it writes.
    pub mode: Mode,
    /// What a plan is held against, beside the catalog.
    pub beside: Beside,
    /// How much is kept of what a plan finds.
    pub keep: crate::apply::Keep,
    /// Where what a plan finds is saved; none saves it nowhere.
    pub save: Option<PathBuf>,
    /// Only these kinds; all when empty. The others count as not seen.
    pub only: BTreeSet<Kind>,
    /// At most so many records of each listing.
    pub limit: Option<u64>,
    /// Whether anything may be deleted.
    pub deletion: Permission,
    /// What mappings see as `env`.
    pub environment: Environment,
    /// When the next pass is due, for the catalog's pages.
    pub schedule: Option<Schedule>,
    /// What live events do meanwhile, where there are some.
    pub interlock: Interlock,
    /// Log lines for the catalog's pages; none: none are told.
    pub lines: Option<LogLines>,
    /// Only alerts and incidents that were changed since; all when unset. Nothing may be deleted then.
    pub changed_since: Option<Timestamp>,
    /// Whether the catalog's pages show it.
    pub shown: Shown,
    /// Where it can be seen how far it has come.
    pub watch: Watch,
}

/// Whether the catalog's pages show a pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shown {
    /// They do.
    InCatalog,
    /// They do not: a look at a part is no resync.
    Nowhere,
}

/// What a plan is held against, beside the catalog.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Beside {
    /// Nothing.
    Nothing,
    /// What Port's integration wrote under the same stamp; needs [`Keep::All`](crate::apply::Keep::All).
    Peer,
}

impl Default for Request {
    fn default() -> Self {
        Self {
            mode: Mode::Apply,
            beside: Beside::Nothing,
            keep: crate::apply::Keep::Samples,
            save: None,
            only: BTreeSet::new(),
            limit: None,
            deletion: Permission::Guarded,
            environment: Environment::default(),
            schedule: None,
            interlock: Interlock::default(),
            lines: None,
            changed_since: None,
            shown: Shown::InCatalog,
            watch: Watch::default(),
        }
    }
}

impl Request {
    fn wants(&self, kind: Kind) -> bool {
        self.only.is_empty() || self.only.contains(&kind)
    }
}

/// Creates the integration or brings it up to date, and installs the resources at the first start, as a pass does before
/// anything else.
pub async fn set_up(settings: &Settings, sides: &Sides, stop: &CancellationToken) -> Result<(), Failure> {
    prepare::install(settings, sides, Mode::Apply, stop).await.map(|_installed| ())
}

/// Runs one pass. Whatever happens, there is a report; its exit code says how it went. `signal` tells which signal
/// cancelled `stop`, if one did.
pub async fn run(
    settings: &Settings,
    sides: &Sides,
    request: &Request,
    stop: &CancellationToken,
    signal: impl Fn() -> Option<Signal>,
) -> Report {
    work(Work::Pass, settings, sides, request, stop, signal).await
}

/// Applies a saved plan, exactly: nothing is read of the source, and the whole plan is refused where the catalog or the
/// mapping has changed since in what it touches. Of the request only what is about deletion counts, and the catalog's
/// pages. There is a report as after a pass.
pub async fn apply(
    plan: &Path,
    settings: &Settings,
    sides: &Sides,
    request: &Request,
    stop: &CancellationToken,
    signal: impl Fn() -> Option<Signal>,
) -> Report {
    work(Work::Saved(plan), settings, sides, request, stop, signal).await
}

/// What there is to do.
#[derive(Clone, Copy)]
enum Work<'a> {
    Pass,
    Saved(&'a Path),
}

async fn work(
    work: Work<'_>,
    settings: &Settings,
    sides: &Sides,
    request: &Request,
    stop: &CancellationToken,
    signal: impl Fn() -> Option<Signal>,
) -> Report {
    let begin = Instant::now();
    let resync = Uuid::new_v4();
    let sides = Sides {
        source: sides.source.fresh(stop.clone()),
        catalog: sides.catalog.for_pass(Event::Resync(resync), stop.clone()),
    };
    let _passing = request.interlock.begin_pass();
    let mut summary = Summary::new(settings, request, resync);
    let mut telling = Telling::silent();
    let result = match work {
        Work::Pass => pass(settings, &sides, request, resync, stop, &mut summary, &mut telling).await,
        Work::Saved(plan) => {
            let applied = Applied { settings, sides: &sides, request, resync, stop };
            applied.run(plan, &mut summary, &mut telling).await
        }
    };
    if let Err(failure) = &result {
        summary.failure(failure);
    }
    if stop.is_cancelled() {
        summary.cause(Cause::Stopped(signal().unwrap_or(Signal::Terminate)));
    }
    let report = summary.finish(&sides, begin.elapsed());
    let progress = telling.finish(report.exit, stop).await;
    Report { progress: summary::traffic(&progress), ..report }
}

async fn pass(
    settings: &Settings,
    sides: &Sides,
    request: &Request,
    resync: Uuid,
    stop: &CancellationToken,
    summary: &mut Summary,
    telling: &mut Telling,
) -> Result<(), Failure> {
    let mut keeping = Keeping::open(settings, &resync.to_string(), request.mode)?;
    let installed = prepare::install(settings, sides, request.mode, stop).await?;
    let began = sides.catalog.clock().unwrap_or_else(Timestamp::now);
    if request.mode == Mode::Apply && request.shown == Shown::InCatalog {
        telling.begin(settings, sides, request, resync, installed.integration());
    }
    let last_pass = peer::last_pass(installed.integration());
    let prepared = prepare::compile(settings, installed, request.environment.clone())?;
    let fit = fit::of(&sides.catalog, &prepared).await;
    fit.tell();
    summary.prepared(&prepared, &fit);
    let (saving, saved) = match request.save.as_ref().filter(|_| request.mode == Mode::Plan) {
        None => (None, None),
        Some(path) => {
            let ours = keeping::installation(settings);
            let head = plan_file::Head::new(ours, &prepared.fingerprint, &prepared.set_up.steps);
            let (saving, saved) = plan_file::Saving::begin(path, &head)?;
            (Some(saving), Some(saved))
        }
    };
    let job = Job {
        rules: prepare::listed_rules(&prepared.rules, settings),
        policy: if request.only.is_empty() {
            upsert_policy(&prepared.mapping)
        } else {
            // Some of the kinds know only a part of what several of them feed.
            UpsertPolicy { merge: Merge::Patch, ..upsert_policy(&prepared.mapping) }
        },
        mode: match request.mode {
            Mode::Apply => crate::apply::Mode::Write,
            Mode::Plan => crate::apply::Mode::Rehearse(request.keep),
        },
        to_come: prepared.set_up.blueprints.clone(),
        known: fit.known,
        reading: match request.changed_since {
            None => crate::apply::Reading::Whole,
            Some(_) => crate::apply::Reading::ByKey,
        },
        interlock: request.interlock.clone(),
        saved,
    };
    let mut writer = Writer::start(&sides.catalog, job).await?;
    telling.resources(&prepared, |kind| request.wants(kind));
    request.watch.stage(Stage::Streaming);
    let harvested = harvest_all(sides, request, &prepared, &mut writer, telling.examples()).await;
    let written = writer.finish().await;
    telling.harvested(&prepared, &harvested, &written);
    let listed = peer::listed(&harvested);
    summary.harvested(&prepared, harvested);
    summary.written(&written);
    let mut decisions = BTreeMap::new();
    if !stop.is_cancelled() {
        let seen = summary.seen();
        let removal = removal::Removal {
            settings,
            sides,
            request,
            prepared: &prepared,
            began,
            keeping: keeping.as_mut(),
        };
        telling.reconciling();
        request.watch.stage(Stage::Removing);
        let removed = removal.run(&written, &seen).await;
        telling.reconciled(&removed);
        decisions.clone_from(&removed.decisions);
        summary.removed(&prepared.rules, removed);
    }
    if let Some(keeping) = keeping.as_mut().filter(|_| request.mode == Mode::Apply)
        && let Err(error) = keeping.release(&written.ledgers)
    {
        summary.warning(format!("what was put back stays pinned: {error}"));
    }
    if request.mode == Mode::Plan {
        let mut plan = planned::report(&prepared, request, &written, &decisions);
        if request.beside == Beside::Peer {
            let catalog = &sides.catalog;
            let compared = peer::compare(catalog, &prepared, listed, &written, &decisions, last_pass).await?;
            plan.peer = Some(compared);
        }
        summary.planned(plan);
    }
    if let Some(saving) = saving.filter(|_| !stop.is_cancelled()) {
        saving.finish(&sides.catalog, &decisions).await?;
    }
    Ok(())
}

/// Every kind at the same time; large ones stream, and what several kinds need is fetched once.
async fn harvest_all(
    sides: &Sides,
    request: &Request,
    prepared: &Prepared,
    writer: &mut Writer,
    examples: Option<Examples>,
) -> Vec<Harvested> {
    let extent = request.limit.map_or(Extent::Whole, Extent::Limited);
    let mut read = harvest::read(&prepared.rules);
    if examples.is_some() {
        // Whoever looks at an example wants to see the record as it came.
        read.records = Wanted::whole([]).records;
    }
    let lookups = Lookups::new(&sides.source, &read);
    let mut running = Vec::new();
    let now = Timestamp::now();
    for (kind, harvests) in harvest::by_kind(&prepared.rules, now) {
        let Some(feed) = writer.feed(kind).filter(|_| request.wants(kind)) else { continue };
        let changed = match request.changed_since {
            Some(since) => sides.source.changed_since(kind, since).await,
            None => None,
        };
        for harvest in harvests {
            let harvest = harvest.narrowed(changed.as_deref(), now);
            let onlookers =
                Onlookers { showing: Showing::new(examples.clone(), kind), watch: request.watch.clone() };
            running.push(harvest.run(
                lookups.clone(),
                prepared.rules.clone(),
                extent,
                feed.clone(),
                onlookers,
            ));
        }
    }
    join_all(running).await
}

fn upsert_policy(mapping: &MappingFile) -> UpsertPolicy {
    UpsertPolicy {
        merge: if mapping.enable_merge_entity { Merge::Patch } else { Merge::Replace },
        missing: if mapping.create_missing_related_entities {
            MissingTargets::Create
        } else {
            MissingTargets::Refuse
        },
    }
}
