//! The write side of a pass: one lane per blueprint, fed by the kinds.

use std::collections::{BTreeMap, BTreeSet};
use std::convert::Infallible;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use futures::stream::{self, StreamExt as _};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::circle;
use super::desk::{Attempt, Desk, Fate};
use super::interlock::Interlock;
use super::item::Item;
use super::lane::{Done, Lane, Sender, Standing};
use super::rehearsal::{Rehearsed, SavedStep};
use super::tally::Tally;
use super::{Mode, Reading};
use crate::catalog::{
    Catalog, Error, Fault, Meaning, MissingTargets, Said, Stored, UPSERT_CHUNK, UpsertPolicy,
};
use crate::model::{Blueprint, BlueprintId, EntityKey, Kind, Mapped};
use crate::plan::{Layout, Ledger, Order, Pointed, Rule, Snapshot, Target, gates};

/// Blueprints read at once at the start.
const PARALLEL: usize = 8;

/// Pages of entities that wait before a lane. A lane that lags holds its kind up rather than the memory.
const PAGES_AHEAD: usize = 4;

/// What a writer is to do.
#[derive(Clone, Debug)]
pub struct Job {
    /// Every rule of the mapping that takes part in the pass.
    pub rules: Vec<Rule>,
    /// How entities are written.
    pub policy: UpsertPolicy,
    /// Whether anything is.
    pub mode: Mode,
    /// Blueprints that do not exist, and would if the set-up were not left out: a rehearsal takes them for empty.
    pub to_come: BTreeMap<BlueprintId, Blueprint>,
    /// Blueprints that were read before and need not be read again.
    pub known: BTreeMap<BlueprintId, Blueprint>,
    /// How it learns what is stored.
    pub reading: Reading,
    /// What live events do meanwhile.
    pub interlock: Interlock,
    /// Where the steps of a rehearsal go that are saved; none saves none.
    pub saved: Option<mpsc::Sender<SavedStep>>,
}

impl Job {
    /// Whether the catalog creates what the written entities point at, so that the order of writing matters.
    fn creates_targets(&self) -> bool {
        (self.policy.missing, self.mode, self.reading)
            == (MissingTargets::Create, Mode::Write, Reading::Whole)
    }

    pub(super) fn sender(&self, catalog: &Catalog, blueprint: &BlueprintId) -> Sender {
        Sender::new(catalog.clone(), blueprint.clone(), self.policy, self.interlock.clone())
    }
}

/// The write side of a pass.
#[derive(Debug)]
pub struct Writer {
    catalog: Catalog,
    job: Arc<Job>,
    feeds: BTreeMap<Kind, Feed>,
    lanes: Arc<Mutex<Vec<JoinHandle<Done>>>>,
    strays: Arc<AtomicU64>,
    /// Closes when the last feed is dropped.
    fed: mpsc::Receiver<Infallible>,
}

/// Where the entities of one kind go in. Dropping it says that the kind is done: blueprints that wait for this one then go
/// on, so it must be dropped however the kind ends.
#[derive(Clone, Debug)]
pub struct Feed {
    lanes: BTreeMap<BlueprintId, mpsc::Sender<Vec<Mapped>>>,
    /// For entities whose blueprint is known only now.
    nursery: Option<Arc<Nursery>>,
    /// Entities that no lane took.
    strays: Arc<AtomicU64>,
    /// Nothing is ever sent: it tells by being there that more may come.
    _open: mpsc::Sender<Infallible>,
}

/// Opens lanes for blueprints that only a dynamic rule names.
#[derive(Debug)]
struct Nursery {
    catalog: Catalog,
    job: Arc<Job>,
    open: tokio::sync::Mutex<BTreeMap<BlueprintId, mpsc::Sender<Vec<Mapped>>>>,
    lanes: Arc<Mutex<Vec<JoinHandle<Done>>>>,
}

impl Feed {
    /// Hands over mapped entities, a page at a time; those of one record were joined by
    /// [`merge_record`](crate::plan::merge_record). Waits while the lanes are full.
    pub async fn offer(&self, mapped: Vec<Mapped>) {
        let mut by_blueprint: BTreeMap<BlueprintId, Vec<Mapped>> = BTreeMap::new();
        for mapped in mapped {
            match by_blueprint.get_mut(&mapped.entity.blueprint) {
                Some(page) => page.push(mapped),
                None => {
                    by_blueprint.insert(mapped.entity.blueprint.clone(), vec![mapped]);
                }
            }
        }
        for (blueprint, page) in by_blueprint {
            let lane = match (self.lanes.get(&blueprint), &self.nursery) {
                (Some(lane), _) => lane.clone(),
                (None, Some(nursery)) => nursery.lane(blueprint).await,
                (None, None) => {
                    tracing::error!(%blueprint, "entities of a blueprint that no rule of their kind feeds");
                    self.strays.fetch_add(page.len() as u64, Ordering::Relaxed);
                    continue;
                }
            };
            // A lane outlives its senders, unless it has panicked.
            if let Err(refused) = lane.send(page).await {
                self.strays.fetch_add(refused.0.len() as u64, Ordering::Relaxed);
            }
        }
    }
}

impl Nursery {
    async fn lane(&self, blueprint: BlueprintId) -> mpsc::Sender<Vec<Mapped>> {
        let mut open = self.open.lock().await;
        if let Some(lane) = open.get(&blueprint) {
            return lane.clone();
        }
        let shape = shape(&self.catalog, &self.job, &blueprint).await.map_err(Arc::new);
        let layout = Layout::new(blueprint.clone(), &self.job.rules);
        let finished = CancellationToken::new();
        let circle = match &shape {
            Ok(shape) if self.job.creates_targets() => circle::around(&Order::of([shape]), &blueprint),
            Ok(_) | Err(_) => BTreeSet::new(),
        };
        let (sender, task) = start(&self.catalog, &self.job, layout, shape, circle, Vec::new(), finished);
        self.lanes.lock().unwrap_or_else(PoisonError::into_inner).push(task);
        open.insert(blueprint, sender.clone());
        sender
    }
}

fn start(
    catalog: &Catalog,
    job: &Job,
    layout: Layout,
    shape: Result<Blueprint, Arc<Error>>,
    circle: BTreeSet<BlueprintId>,
    gates: Vec<CancellationToken>,
    finished: CancellationToken,
) -> (mpsc::Sender<Vec<Mapped>>, JoinHandle<Done>) {
    let (sender, input) = mpsc::channel(PAGES_AHEAD);
    let to_come = job.to_come.contains_key(layout.blueprint());
    let lane = Lane {
        catalog: catalog.clone(),
        layout,
        shape,
        standing: match job.reading {
            _ if to_come => Standing::ToCome,
            Reading::Whole => Standing::Stored,
            Reading::ByKey => Standing::Unread,
        },
        interlock: job.interlock.clone(),
        gates,
        finished: finished.drop_guard(),
        policy: job.policy,
        mode: job.mode,
        circle,
        saved: job.saved.clone(),
    };
    (sender, tokio::spawn(lane.run(input)))
}

/// A blueprint that does not exist is an error here: there is nothing to write to.
async fn shape(catalog: &Catalog, job: &Job, blueprint: &BlueprintId) -> Result<Blueprint, Error> {
    if let Some(shape) = job.to_come.get(blueprint).or_else(|| job.known.get(blueprint)) {
        return Ok(shape.clone());
    }
    let stored = catalog.blueprint(blueprint).await?;
    let message = || "create it, or let OCEAN__INITIALIZE_PORT_RESOURCES create the defaults".to_owned();
    stored.map(|stored| stored.shape).ok_or_else(|| Error {
        attempted: format!("write to blueprint `{blueprint}`"),
        fault: Fault::Missing(Said { code: String::new(), message: message() }),
    })
}

impl Writer {
    /// Reads the blueprints that `job` feeds and starts a lane for each; a lane reads at once what its blueprint holds.
    /// Only refused credentials and a stop are errors here: a blueprint that is missing or cannot be read refuses its own
    /// entities and no others.
    pub async fn start(catalog: &Catalog, job: Job) -> Result<Self, Error> {
        let fed: BTreeSet<BlueprintId> = job
            .rules
            .iter()
            .filter_map(|rule| match &rule.target {
                Target::Fixed(blueprint) => Some(blueprint.clone()),
                Target::Dynamic => None,
            })
            .collect();
        let read: Vec<(BlueprintId, Result<Blueprint, Error>)> = stream::iter(fed)
            .map(|blueprint| {
                let job = &job;
                async move {
                    let shape = shape(catalog, job, &blueprint).await;
                    (blueprint, shape)
                }
            })
            .buffered(PARALLEL)
            .collect()
            .await;
        let mut parts = Vec::with_capacity(read.len());
        for (blueprint, shape) in read {
            if let Err(error) = &shape
                && matches!(error.meaning(), Meaning::Denied | Meaning::Stopped)
            {
                return Err(error.clone());
            }
            parts.push((Layout::new(blueprint, &job.rules), shape));
        }
        let known: Vec<(&Layout, &Blueprint)> =
            parts.iter().filter_map(|(layout, shape)| Some((layout, shape.as_ref().ok()?))).collect();
        let waits = gates(&known);
        let order = if job.creates_targets() {
            Order::of(known.iter().map(|(_, shape)| *shape))
        } else {
            Order::default()
        };
        Ok(Self::open(catalog, Arc::new(job), parts, &waits, &order))
    }

    fn open(
        catalog: &Catalog,
        job: Arc<Job>,
        parts: Vec<(Layout, Result<Blueprint, Error>)>,
        waits: &BTreeMap<BlueprintId, BTreeSet<BlueprintId>>,
        order: &Order,
    ) -> Self {
        let finished: BTreeMap<BlueprintId, CancellationToken> =
            parts.iter().map(|(layout, _)| (layout.blueprint().clone(), CancellationToken::new())).collect();
        let mut lanes = Vec::new();
        let mut senders: BTreeMap<BlueprintId, mpsc::Sender<Vec<Mapped>>> = BTreeMap::new();
        for (layout, shape) in parts {
            let blueprint = layout.blueprint().clone();
            let first = waits.get(&blueprint).into_iter().flatten();
            let gates = first.filter_map(|target| finished.get(target).cloned()).collect();
            let own = finished.get(&blueprint).cloned().unwrap_or_default();
            let circle = circle::around(order, &blueprint);
            let (sender, task) = start(catalog, &job, layout, shape.map_err(Arc::new), circle, gates, own);
            senders.insert(blueprint, sender);
            lanes.push(task);
        }
        let lanes = Arc::new(Mutex::new(lanes));
        let nursery = Arc::new(Nursery {
            catalog: catalog.clone(),
            job: job.clone(),
            open: tokio::sync::Mutex::default(),
            lanes: lanes.clone(),
        });
        let strays = Arc::new(AtomicU64::new(0));
        let (open, fed) = mpsc::channel(1);
        let feeds = job
            .rules
            .iter()
            .map(|rule| rule.kind)
            .collect::<BTreeSet<Kind>>()
            .into_iter()
            .map(|kind| {
                let rules = || job.rules.iter().filter(|rule| rule.kind == kind);
                let dynamic = rules().any(|rule| rule.target == Target::Dynamic);
                let feeds = |blueprint: &BlueprintId| {
                    dynamic || rules().any(|rule| rule.target == Target::Fixed(blueprint.clone()))
                };
                let lanes = senders
                    .iter()
                    .filter(|(blueprint, _)| feeds(blueprint))
                    .map(|(blueprint, sender)| (blueprint.clone(), sender.clone()))
                    .collect();
                let nursery = dynamic.then(|| nursery.clone());
                (kind, Feed { lanes, nursery, strays: strays.clone(), _open: open.clone() })
            })
            .collect();
        Self { catalog: catalog.clone(), job, feeds, lanes, strays, fed }
    }

    /// Takes the feed of a kind out; `None` when no rule maps it, or it was taken before.
    pub fn feed(&mut self, kind: Kind) -> Option<Feed> {
        self.feeds.remove(&kind)
    }

    /// Waits until every lane has written what it was fed, and tries once more what was refused because something it
    /// points at was not there yet. Every feed that was taken must have been dropped, or be about to be.
    pub async fn finish(self) -> Written {
        let Self { catalog, job, feeds, lanes, strays, mut fed } = self;
        drop(feeds);
        // Feeds of dynamic rules may open lanes until the last of them is dropped.
        let None = fed.recv().await;
        let mut written = Written::default();
        let mut second_tries = BTreeMap::new();
        let mut opened = BTreeSet::new();
        loop {
            let task = lanes.lock().unwrap_or_else(PoisonError::into_inner).pop();
            let Some(task) = task else { break };
            match task.await {
                Ok(mut done) => {
                    opened.append(&mut done.opened);
                    let (blueprint, items) = written.add(done, job.mode);
                    second_tries.insert(blueprint, items);
                }
                // A fault of this program: nothing may be concluded from what the lane did.
                Err(error) => match error.try_into_panic() {
                    Ok(panic) => std::panic::resume_unwind(panic),
                    Err(_) => written.pointed.merge(Pointed::anything()),
                },
            }
        }
        written.strays = strays.load(Ordering::Relaxed);
        if written.strays > 0 {
            written.pointed.merge(Pointed::anything());
        }
        let order = Order::of(written.shapes.values());
        let mut created = circle::open(&catalog, &job, &order, &written.shapes, &second_tries).await;
        created.append(&mut opened);
        for blueprint in &order.targets_first {
            if let Some(items) = second_tries.remove(blueprint).filter(|items| !items.is_empty()) {
                written
                    .try_again(blueprint, items, &mut created, &job.sender(&catalog, blueprint), &job)
                    .await;
            }
        }
        written
    }
}

/// What a writer did.
#[derive(Debug, Default)]
pub struct Written {
    /// Counts and refusals.
    pub tally: Tally,
    /// What was produced, by blueprint. Blueprints that nothing was mapped to are here too.
    pub ledgers: BTreeMap<BlueprintId, Ledger>,
    /// What was pointed at.
    pub pointed: Pointed,
    /// The blueprints that were fed.
    pub shapes: BTreeMap<BlueprintId, Blueprint>,
    /// How many entities that existed before were changed, by blueprint.
    pub rewritten: BTreeMap<BlueprintId, u64>,
    /// Blueprints that could not be compared or written at all, and why.
    pub broken: BTreeMap<BlueprintId, Arc<Error>>,
    /// What a rehearsal would have done, by blueprint; empty when anything was written.
    pub rehearsed: BTreeMap<BlueprintId, Rehearsed>,
    /// Entities that no lane took: a fault of this program. Nothing is deleted then.
    pub strays: u64,
}

impl Written {
    fn add(&mut self, done: Done, mode: Mode) -> (BlueprintId, Vec<Item>) {
        let Done {
            blueprint,
            shape,
            ledger,
            pointed,
            tally,
            rewritten,
            second_tries,
            opened: _,
            steps,
            broken,
        } = done;
        if let Mode::Rehearse(_) = mode {
            self.rehearsed.insert(blueprint.clone(), Rehearsed { counts: tally.total(), steps });
        }
        self.tally.add(tally);
        self.ledgers.insert(blueprint.clone(), ledger);
        self.pointed.merge(pointed);
        self.rewritten.insert(blueprint.clone(), rewritten);
        if let Some(shape) = shape {
            self.shapes.insert(blueprint.clone(), shape);
        }
        if let Some(error) = broken {
            self.broken.insert(blueprint.clone(), error);
        }
        (blueprint, second_tries)
    }

    /// Adds what another writer did, in other blueprints.
    pub(super) fn join(&mut self, other: Self) {
        let Self { tally, ledgers, pointed, shapes, rewritten, broken, rehearsed, strays } = other;
        self.tally.add(tally);
        self.ledgers.extend(ledgers);
        self.pointed.merge(pointed);
        self.shapes.extend(shapes);
        self.rewritten.extend(rewritten);
        self.broken.extend(broken);
        self.rehearsed.extend(rehearsed);
        self.strays += strays;
    }

    async fn try_again(
        &mut self,
        blueprint: &BlueprintId,
        mut items: Vec<Item>,
        created: &mut BTreeSet<EntityKey>,
        sender: &Sender,
        job: &Job,
    ) {
        let Some(shape) = self.shapes.get(blueprint) else { return };
        let layout = Layout::new(blueprint.clone(), &job.rules);
        // Nothing is decided here any more: what is left is sent as it is.
        let mut desk = Desk::new(&layout, shape, Snapshot::default(), job.interlock.clone());
        while !items.is_empty() {
            let rest = items.split_off(items.len().min(UPSERT_CHUNK));
            let mut fates = sender.send(items).await;
            for (item, fate) in &mut fates {
                // It was created a moment ago, without what closes a circle.
                if matches!(fate, Fate::Answered(Stored::Updated)) {
                    if created.remove(&item.key()) {
                        *fate = Fate::Answered(Stored::Created);
                    } else if item.is_update() {
                        *self.rewritten.entry(blueprint.clone()).or_default() += 1;
                    }
                }
            }
            desk.settle(fates, Attempt::Second);
            items = rest;
        }
        self.tally.add(desk.tally);
    }

    /// Blueprints in which entities were found by a search.
    pub fn searched(&self) -> BTreeSet<BlueprintId> {
        let searched = self.ledgers.iter().filter(|(_, ledger)| ledger.searched() > 0);
        searched.map(|(blueprint, _)| blueprint.clone()).collect()
    }
}
