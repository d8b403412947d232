//! One blueprint of a pass: a task that reads what is stored, takes mapped entities, and writes what differs.

use std::collections::{BTreeSet, HashSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use futures::future::Either;
use futures::stream::{FuturesUnordered, StreamExt as _, TryStreamExt as _};
use tokio::sync::mpsc;
use tokio_util::sync::{CancellationToken, DropGuard};

use super::Mode;
use super::desk::{Attempt, Desk, Fate, Flush};
use super::interlock::{self, Interlock};
use super::item::Item;
use super::rehearsal::{Old, PlannedStep, Rehearsal, SavedStep, Saving};
use super::tally::Tally;
use crate::catalog::{
    Catalog, Chunk, Error, Fault, Meaning, Merge, Owners, Parts, SnapshotPage, UpsertPolicy,
};
use crate::model::{
    Blueprint, BlueprintId, Entity, EntityId, EntityKey, Field, Identifier, Kind, Mapped, RecordId,
};
use crate::plan::{Layout, Ledger, Pointed, Snapshot, SnapshotBuilder};

/// Calls of one blueprint at once: enough to hide the way there and back, few enough that a slow catalog is not flooded.
const CALLS: usize = 6;

/// After so many failed calls in a row the catalog is taken for gone, and the rest is not even tried: each call has had
/// its repetitions already.
const GIVE_UP: u32 = 3;

/// So many calls may come to nothing although they were split down to single entities. After that it is not one entity
/// that spoils the others.
const HOPELESS: u32 = 3;

/// What a lane is made of.
pub(super) struct Lane {
    pub(super) catalog: Catalog,
    pub(super) layout: Layout,
    /// The blueprint, or why there is none to write to.
    pub(super) shape: Result<Blueprint, Arc<Error>>,
    pub(super) standing: Standing,
    /// Cancelled when the blueprints that this one points at are written.
    pub(super) gates: Vec<CancellationToken>,
    /// Cancels our own gate when dropped, however the lane ends.
    pub(super) finished: DropGuard,
    pub(super) policy: UpsertPolicy,
    pub(super) mode: Mode,
    pub(super) interlock: Interlock,
    /// Blueprints that point at each other, this one among them, where the catalog would create what they point at.
    pub(super) circle: BTreeSet<BlueprintId>,
    /// Where the steps of a rehearsal go that are saved.
    pub(super) saved: Option<mpsc::Sender<SavedStep>>,
}

/// Whether a blueprint is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    /// It is.
    Stored,
    /// It is, and what it holds is looked up key by key.
    Unread,
    /// The set-up that a rehearsal leaves out would have created it.
    ToCome,
}

/// What a lane did.
#[derive(Debug)]
pub(super) struct Done {
    pub(super) blueprint: BlueprintId,
    pub(super) shape: Option<Blueprint>,
    pub(super) ledger: Ledger,
    pub(super) pointed: Pointed,
    pub(super) tally: Tally,
    pub(super) rewritten: u64,
    pub(super) second_tries: Vec<Item>,
    /// Keys of what was created without the relations that lead into a circle.
    pub(super) opened: BTreeSet<EntityKey>,
    /// What a rehearsal kept.
    pub(super) steps: Vec<PlannedStep>,
    /// Why nothing could be compared or written, if so.
    pub(super) broken: Option<Arc<Error>>,
}

impl Lane {
    /// Takes pages of entities until every kind that feeds the lane is done, and writes what differs.
    pub(super) async fn run(self, mut input: mpsc::Receiver<Vec<Mapped>>) -> Done {
        let Self {
            catalog,
            layout,
            shape,
            standing,
            gates,
            finished,
            policy,
            mode,
            interlock,
            circle,
            saved,
        } = self;
        let done = match shape {
            Err(error) => refuse_all(&layout, None, error, &mut input).await,
            Ok(shape) => match read(&catalog, &layout, &shape, standing).await {
                Err(error) => {
                    let done = refuse_all(&layout, Some(&shape), Arc::new(error), &mut input).await;
                    Done { shape: Some(shape), ..done }
                }
                Ok((snapshot, owners)) => {
                    let sender =
                        Sender::new(catalog.clone(), layout.blueprint().clone(), policy, interlock.clone());
                    let mut desk = Desk::new(&layout, &shape, snapshot, interlock);
                    desk.rehearsal = match mode {
                        Mode::Write => None,
                        Mode::Rehearse(keep) => {
                            let saving = if saved.is_some() { Saving::EveryStep } else { Saving::Nothing };
                            Some(Rehearsal::new(keep, saving, &layout, &shape))
                        }
                    };
                    desk.circle = circle;
                    let pages = Pages { input: &mut input, catalog: &catalog, layout: &layout, owners };
                    let desk = write(desk, &sender, &gates, mode, pages, saved.as_ref()).await;
                    Done {
                        blueprint: layout.blueprint().clone(),
                        ledger: desk.ledger,
                        pointed: desk.pointed,
                        tally: desk.tally,
                        rewritten: desk.rewritten,
                        second_tries: desk.second_tries,
                        opened: desk.opened,
                        steps: desk.rehearsal.map(|rehearsal| rehearsal.steps).unwrap_or_default(),
                        broken: None,
                        shape: Some(shape),
                    }
                }
            },
        };
        drop(finished);
        done
    }
}

async fn read(
    catalog: &Catalog,
    layout: &Layout,
    shape: &Blueprint,
    standing: Standing,
) -> Result<(Snapshot, Owners), Error> {
    let fields: Vec<Field> = layout.fields().cloned().collect();
    let mut builder = SnapshotBuilder::new(layout, shape);
    match standing {
        Standing::Stored => {}
        Standing::Unread => return Ok((builder.finish(), Owners::Ours)),
        Standing::ToCome => return Ok((builder.finish(), Owners::All)),
    }
    let mut seen = Owners::All;
    let mut pages = std::pin::pin!(catalog.snapshot(layout.blueprint(), &fields));
    while let Some(SnapshotPage { entities, owners }) = pages.try_next().await? {
        for stored in &entities {
            builder.add(stored);
        }
        seen = owners;
    }
    Ok((builder.finish(), seen))
}

/// The pages of entities that come in, and what there is to look up about them.
struct Pages<'a> {
    input: &'a mut mpsc::Receiver<Vec<Mapped>>,
    catalog: &'a Catalog,
    layout: &'a Layout,
    owners: Owners,
}

impl Pages<'_> {
    /// Where the snapshot holds only what is ours, the keys that it lacks are looked up. A failure costs a comparison,
    /// not the entities: they are written as new.
    async fn look_up(&mut self, desk: &mut Desk<'_>, page: &[Mapped]) {
        let unknown = match self.owners {
            Owners::All => return,
            Owners::Ours => desk.unknown(page),
        };
        let blueprint = self.layout.blueprint();
        let fields: Vec<Field> = self.layout.fields().cloned().collect();
        match self.catalog.lookup(blueprint, &unknown, Parts::Fields(&fields)).await {
            Ok(stored) => desk.learn(&stored),
            Err(error) => {
                tracing::warn!(%error, "entities are written without comparison");
                self.owners = Owners::All;
            }
        }
    }
}

async fn write<'a>(
    mut desk: Desk<'a>,
    sender: &Sender,
    gates: &[CancellationToken],
    mode: Mode,
    mut pages: Pages<'_>,
    saved: Option<&mpsc::Sender<SavedStep>>,
) -> Desk<'a> {
    let mut opening = std::pin::pin!(async {
        for gate in gates {
            gate.cancelled().await;
        }
    });
    let mut open = false;
    let mut flush = Flush::Full;
    let layout = pages.layout;
    let mut calls = FuturesUnordered::new();
    loop {
        while open && calls.len() < CALLS {
            let Some(items) = desk.next_call(flush) else { break };
            match mode {
                Mode::Write => calls.push(Either::Left(sender.send(items))),
                Mode::Rehearse(_) => {
                    let again = desk.read_again(&items);
                    calls.push(Either::Right(sender.rehearse(layout, items, again)));
                }
            }
        }
        if flush == Flush::All && desk.waiting() == 0 && calls.is_empty() {
            return desk;
        }
        tokio::select! {
            () = &mut opening, if !open => open = true,
            Some(fates) = calls.next(), if !calls.is_empty() => {
                desk.settle(fates, Attempt::First);
                save(&mut desk, saved).await;
            }
            page = pages.input.recv(), if flush == Flush::Full && desk.has_room() => {
                if let Some(page) = page {
                    pages.look_up(&mut desk, &page).await;
                    for mapped in page {
                        desk.take(mapped);
                    }
                } else {
                    desk.close();
                    flush = Flush::All;
                }
            }
        }
    }
}

/// Hands over what is to be saved. Whoever writes it down may have failed, and tells so.
async fn save(desk: &mut Desk<'_>, saved: Option<&mpsc::Sender<SavedStep>>) {
    let (Some(rehearsal), Some(saved)) = (&mut desk.rehearsal, saved) else { return };
    for step in rehearsal.take_unsaved() {
        if saved.send(step).await.is_err() {
            return;
        }
    }
}

/// Nothing can be compared or written: every entity is refused, but what was produced and pointed at is still noted, so
/// that nothing of it is ever taken for stale.
async fn refuse_all(
    layout: &Layout,
    shape: Option<&Blueprint>,
    error: Arc<Error>,
    input: &mut mpsc::Receiver<Vec<Mapped>>,
) -> Done {
    let blueprint = layout.blueprint().clone();
    let mut ledger = Ledger::new(blueprint.clone());
    let mut tally = Tally::default();
    // A blueprint that does not exist has no stored entities, so none of them points anywhere. One that could not be read
    // may have some that point at anything.
    let mut pointed = match (shape, &error.fault) {
        (Some(_), _) | (None, Fault::Missing(_)) => Pointed::default(),
        (None, _) => Pointed::anything(),
    };
    let (message, meaning) = (error.to_string(), error.meaning());
    while let Some(page) = input.recv().await {
        for Mapped { origin, entity, coverage: _ } in page {
            if let Some(shape) = shape {
                pointed.note(&entity, shape);
            }
            let identifier = match entity.identifier {
                Identifier::Exact(identifier) => {
                    ledger.note(&identifier, &origin, layout.repeats(origin.rule));
                    identifier
                }
                Identifier::Search(query) => {
                    ledger.note_search();
                    EntityId::new(query.to_string()).expect("the JSON text of a value is never empty")
                }
            };
            let key = EntityKey { blueprint: blueprint.clone(), identifier };
            tally.refuse(origin.kind, key, &message, meaning);
        }
    }
    Done {
        blueprint,
        shape: None,
        ledger,
        pointed,
        tally,
        rewritten: 0,
        second_tries: Vec::new(),
        opened: BTreeSet::new(),
        steps: Vec::new(),
        broken: Some(error),
    }
}

/// Sends calls of one blueprint.
pub(super) struct Sender {
    catalog: Catalog,
    blueprint: BlueprintId,
    policy: UpsertPolicy,
    interlock: Interlock,
    failed_in_a_row: AtomicU32,
    hopeless: AtomicU32,
    /// Why no further call is made, once that is so.
    given_up: std::sync::OnceLock<Arc<Error>>,
}

impl Sender {
    pub(super) fn new(
        catalog: Catalog,
        blueprint: BlueprintId,
        policy: UpsertPolicy,
        interlock: Interlock,
    ) -> Self {
        Self {
            catalog,
            blueprint,
            policy,
            interlock,
            failed_in_a_row: AtomicU32::new(0),
            hopeless: AtomicU32::new(0),
            given_up: std::sync::OnceLock::new(),
        }
    }

    /// Writes entities in one call, or in two where those that lack a field must be merged. A call that the catalog does
    /// not accept as a whole is made again in halves, so that one entity does not take the others with it.
    pub(super) async fn send(&self, items: Vec<Item>) -> Vec<(Item, Fate)> {
        let mut fates = Vec::with_capacity(items.len());
        let of_alerts = items.iter().filter(|item| item.origin.kind == Kind::Alert);
        let alerts: HashSet<RecordId> = of_alerts.map(|item| item.origin.record.clone()).collect();
        let _claim = self.interlock.claim_for_pass(alerts.into_iter().collect()).await;
        let overtaken = |item: &Item| self.interlock.standing(&item.origin) == interlock::Standing::Overtaken;
        let (overtaken, items): (Vec<Item>, Vec<Item>) = items.into_iter().partition(overtaken);
        fates.extend(overtaken.into_iter().map(|item| (item, Fate::Overtaken)));
        let (lacking, full): (Vec<Item>, Vec<Item>) =
            items.into_iter().partition(|item| self.must_merge(item));
        let mut open: Vec<Vec<Item>> =
            [lacking, full].into_iter().filter(|items| !items.is_empty()).collect();
        let mut splits = 0;
        let mut accepted = 0;
        while let Some(mut items) = open.pop() {
            match self.call(&items).await {
                Ok(stored) => {
                    accepted += 1;
                    fates.extend(
                        items.into_iter().zip(stored).map(|(item, stored)| (item, Fate::Answered(stored))),
                    );
                }
                Err(error) if error.may_pass_split() && items.len() > 1 && self.may_split(&error) => {
                    splits += 1;
                    let second = items.split_off(items.len() / 2);
                    open.push(second);
                    open.push(items);
                }
                Err(error) => {
                    fates.extend(items.into_iter().map(|item| (item, Fate::Failed(error.clone()))));
                }
            }
        }
        if splits > 0 && accepted == 0 {
            self.hopeless.fetch_add(1, Ordering::Relaxed);
        }
        fates
    }

    /// Writes nothing; reads again what is stored of the entities `again`. Where that fails, their old values are not
    /// known, and no further ones are asked for.
    async fn rehearse(&self, layout: &Layout, items: Vec<Item>, again: Vec<EntityId>) -> Vec<(Item, Fate)> {
        let mut stored = Vec::new();
        if !again.is_empty() && self.given_up.get().is_none() {
            let fields: Vec<Field> = layout.fields().cloned().collect();
            match self.catalog.lookup(&self.blueprint, &again, Parts::Fields(&fields)).await {
                Ok(found) => stored = found,
                Err(error) => {
                    let error = Arc::new(error);
                    if self.given_up.set(error.clone()).is_ok() {
                        tracing::warn!(blueprint = %self.blueprint, %error, "the plan lacks old values");
                    }
                }
            }
        }
        let rehearsed = |item: Item| {
            let same = |stored: &Entity| stored.identifier == item.entity.identifier;
            let asked = again.iter().any(|id| item.entity.identifier == Identifier::Exact(id.clone()));
            let old = match stored.iter().position(same) {
                Some(found) => Old::Known(Box::new(stored.swap_remove(found))),
                None if asked => Old::Unknown,
                None => Old::Unasked,
            };
            (item, Fate::Rehearsed(old))
        };
        items.into_iter().map(rehearsed).collect()
    }

    /// Where entities are replaced, a field that is left out would go: what is to stay as the catalog has it is merged.
    fn must_merge(&self, item: &Item) -> bool {
        self.policy.merge == Merge::Replace && item.is_lacking()
    }

    /// What is too large is always worth a split; what is not accepted only while splitting has helped.
    fn may_split(&self, error: &Error) -> bool {
        matches!(error.fault, Fault::TooLarge(_)) || self.hopeless.load(Ordering::Relaxed) < HOPELESS
    }

    async fn call(&self, items: &[Item]) -> Result<Vec<crate::catalog::Stored>, Arc<Error>> {
        if let Some(error) = self.given_up.get() {
            return Err(error.clone());
        }
        let mut chunk = Chunk::default();
        for item in items {
            chunk.push(&item.body);
        }
        let merge =
            if items.iter().any(|item| self.must_merge(item)) { Merge::Patch } else { self.policy.merge };
        let policy = UpsertPolicy { merge, ..self.policy };
        match self.catalog.upsert(&self.blueprint, chunk, policy).await {
            Ok(stored) => {
                self.failed_in_a_row.store(0, Ordering::Relaxed);
                Ok(stored)
            }
            Err(error) => {
                let error = Arc::new(error);
                let last = match error.meaning() {
                    Meaning::Stopped | Meaning::Denied => true,
                    Meaning::Unavailable | Meaning::Broken => {
                        self.failed_in_a_row.fetch_add(1, Ordering::Relaxed) + 1 >= GIVE_UP
                    }
                    Meaning::Refused => matches!(error.fault, Fault::Missing(_)),
                };
                if last && self.given_up.set(error.clone()).is_ok() && error.meaning() != Meaning::Stopped {
                    tracing::warn!(blueprint = %self.blueprint, %error, "giving up on this blueprint");
                }
                Err(error)
            }
        }
    }
}
