//! Live events: the stages of a pass, for a handful of alerts.
//!
//! A notification is a hint and nothing more. The alert is read again, and what is read is mapped as in a pass: the same
//! filter, selectors, lookups and identifiers, so that a pass that follows finds nothing to do.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use futures::{StreamExt as _, stream};
use jiff::Timestamp;
use tokio_util::sync::CancellationToken;

use super::{Failure, Sides, harvest, keeping, prepare, upsert_policy};
use crate::apply::{self, Interlock, Job, Reading, Settled, Writer, Written};
use crate::catalog::{self, Catalog, Event, Meaning, Merge, UpsertPolicy};
use crate::config::Settings;
use crate::enrich::{Enriched, Lookups};
use crate::jq::Environment;
use crate::map::{Blueprints, Rule, Rules, Tally};
use crate::model::filter::{Asked, Clause, Field, Judgement};
use crate::model::{
    Blueprint, BlueprintId, EntityId, EntityKey, Filter, Kind, Lookup, Mapped, Record, RecordId, RuleId,
};
use crate::opsgenie::{self, Listing, Opsgenie};
use crate::plan::merge_record;
use crate::value::{Object, Value};

/// Alerts of one call that are read at once.
const READ_AT_ONCE: usize = 8;

/// One call waits no longer than this to be repeated: whoever works events off tries again by itself.
const PATIENCE: Duration = Duration::from_secs(5);

/// What events stand on is read again when it is older: somebody may have edited the mapping, and incidents come and go.
const FRESH: Duration = Duration::from_secs(300);

/// Works events off. Clones share what they stand on.
#[derive(Clone, Debug)]
pub struct Live(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    settings: Settings,
    sides: Sides,
    environment: Environment,
    interlock: Interlock,
    ground: tokio::sync::Mutex<Option<Arc<Ground>>>,
    /// False once the mapping is known to leave notifications alone.
    notifications: AtomicBool,
}

/// What events stand on: the mapping of the catalog, compiled, and what is known of both sides.
#[derive(Debug)]
struct Ground {
    rules: Arc<Rules>,
    policy: UpsertPolicy,
    /// Kinds that feed each blueprint.
    feeders: BTreeMap<BlueprintId, BTreeSet<Kind>>,
    shapes: BTreeMap<BlueprintId, Blueprint>,
    lookups: Lookups,
    laid: Instant,
}

/// An alert that something has happened to.
#[derive(Clone, Debug)]
pub struct Hinted {
    /// Which.
    pub alert: RecordId,
    /// Entities that are known to have come from it before, where its id does not tell.
    pub before: Vec<EntityKey>,
}

/// A notification that is mapped as it is.
#[derive(Clone, Debug)]
pub struct Notified {
    /// The alert that it is about, or a name of its own.
    pub subject: RecordId,
    /// What was posted.
    pub body: Value,
}

/// What became of an event.
#[derive(Clone, Debug)]
pub enum Outcome {
    /// The catalog is as it should be.
    Settled(Changes),
    /// It is not.
    Failed(Trouble),
}

/// What an event changed.
#[derive(Clone, Debug, Default)]
pub struct Changes {
    /// Entities that are new.
    pub created: u64,
    /// Entities that differed.
    pub updated: u64,
    /// Entities that were as they should be.
    pub unchanged: u64,
    /// Entities that went.
    pub deleted: u64,
    /// Entities that come from the alert now and could not be told from its id alone.
    pub made: Vec<EntityKey>,
}

/// Why an event came to nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trouble {
    /// Whether another try may help.
    pub again: Again,
    /// What was attempted, on what, and why it failed.
    pub text: String,
}

/// Whether another try may help.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Again {
    /// A side was unavailable.
    Later,
    /// It would fail in the same way.
    Never,
}

impl Trouble {
    fn of_failure(failure: &Failure) -> Self {
        let again = match failure {
            Failure::Source(error) => again_source(error),
            Failure::Catalog(error) => again_catalog(error),
            // Somebody may mend them, and nothing is wrong with the event.
            Failure::NoMapping(_) | Failure::NotProvisioned(_) | Failure::Mapping(_) | Failure::Stopped => {
                Again::Later
            }
            Failure::Http(_)
            | Failure::Address(_)
            | Failure::Resources(_)
            | Failure::State(_)
            | Failure::Plan { .. }
            | Failure::NoStateDir
            | Failure::NoSuchRun(_) => Again::Never,
        };
        Self { again, text: failure.to_string() }
    }
}

fn again_source(error: &opsgenie::Error) -> Again {
    match error {
        opsgenie::Error::Id(_) | opsgenie::Error::Address { .. } => Again::Never,
        // A key that is refused may be exchanged; the event is as good then as now.
        _ => Again::Later,
    }
}

fn again_catalog(error: &catalog::Error) -> Again {
    match (&error.fault, error.meaning()) {
        // A blueprint that does not exist may come: the set-up may be under way, or somebody may create it.
        (catalog::Fault::Missing(_), _) => Again::Later,
        (_, Meaning::Refused) => Again::Never,
        _ => Again::Later,
    }
}

impl Live {
    /// Events of these sides. Nothing is read before the first one comes.
    pub fn new(settings: &Settings, sides: &Sides, environment: Environment, interlock: Interlock) -> Self {
        Self(Arc::new(Inner {
            settings: settings.clone(),
            sides: sides.clone(),
            environment,
            interlock,
            ground: tokio::sync::Mutex::default(),
            notifications: AtomicBool::new(true),
        }))
    }

    /// Forgets what events stand on: the mapping has changed.
    pub async fn lay_anew(&self) {
        *self.0.ground.lock().await = None;
    }

    /// Whether the mapping may take notifications as they are (kind `webhook-event`): true until it is known.
    pub fn may_take_notifications(&self) -> bool {
        self.0.notifications.load(Ordering::Relaxed)
    }

    /// Makes the catalog agree with these alerts, which must be distinct; an outcome each, in their order.
    pub async fn alerts(&self, hinted: Vec<Hinted>, stop: &CancellationToken) -> Vec<Outcome> {
        let ground = match self.ground(stop).await {
            Ok(ground) => ground,
            Err(trouble) => return vec![Outcome::Failed(trouble); hinted.len()],
        };
        let rules = ground.of_kind(Kind::Alert);
        if rules.is_empty() {
            return vec![Outcome::Settled(Changes::default()); hinted.len()];
        }
        let sides = self.sides(stop);
        let _claim =
            self.0.interlock.claim_for_event(hinted.iter().map(|one| one.alert.clone()).collect()).await;
        let work = Work { ground: &ground, sides: &sides, settings: &self.0.settings, rules: &rules };
        let reads: Vec<_> = hinted.into_iter().map(|hinted| work.read(hinted)).collect();
        let readings: Vec<(Hinted, Result<Made, Trouble>)> =
            stream::iter(reads).buffered(READ_AT_ONCE).collect().await;
        let mut outcomes = work.settle(&readings).await;
        let refused =
            |outcome: &Outcome| matches!(outcome, Outcome::Failed(Trouble { again: Again::Never, .. }));
        if readings.len() > 1 && outcomes.iter().any(refused) {
            // The catalog's counts are of the whole call: one by one they tell whose entity it did not take.
            for (reading, outcome) in readings.iter().zip(&mut outcomes) {
                if reading.1.is_ok() {
                    *outcome = work.settle(std::slice::from_ref(reading)).await.remove(0);
                }
            }
        }
        for ((hinted, made), outcome) in readings.iter().zip(&outcomes) {
            if let (Ok(made), Outcome::Settled(_)) = (made, outcome) {
                let keys = made.mapped.iter().filter_map(|mapped| mapped.entity.key());
                self.0.interlock.note(&hinted.alert, made.settled, keys);
            }
        }
        outcomes
    }

    /// Maps notifications as they are, for kind `webhook-event`; an outcome each, in their order. Nothing is read back
    /// from Opsgenie, and nothing is deleted.
    pub async fn notifications(&self, notified: Vec<Notified>, stop: &CancellationToken) -> Vec<Outcome> {
        let ground = match self.ground(stop).await {
            Ok(ground) => ground,
            Err(trouble) => return vec![Outcome::Failed(trouble); notified.len()],
        };
        let rules = ground.of_kind(Kind::WebhookEvent);
        let sides = self.sides(stop);
        let work = Work { ground: &ground, sides: &sides, settings: &self.0.settings, rules: &rules };
        let mut outcomes = Vec::with_capacity(notified.len());
        for Notified { subject, body } in notified {
            let record = Record { kind: Kind::WebhookEvent, id: subject.clone(), body };
            let made = work.map(&Enriched { record, failed: Vec::new() }, &rules);
            let reading = (Hinted { alert: subject, before: Vec::new() }, made);
            outcomes.push(work.settle(std::slice::from_ref(&reading)).await.remove(0));
        }
        outcomes
    }

    fn sides(&self, stop: &CancellationToken) -> Sides {
        Sides {
            source: self.0.sides.source.fresh(stop.clone()).with_patience(PATIENCE),
            catalog: self.0.sides.catalog.for_pass(Event::Webhook, stop.clone()).with_patience(PATIENCE),
        }
    }

    async fn ground(&self, stop: &CancellationToken) -> Result<Arc<Ground>, Trouble> {
        let mut held = self.0.ground.lock().await;
        if let Some(ground) = held.as_ref().filter(|ground| ground.laid.elapsed() < FRESH) {
            return Ok(ground.clone());
        }
        let laid = self.lay(stop).await.map_err(|failure| Trouble::of_failure(&failure));
        match (laid, &*held) {
            (Ok(ground), _) => Ok(held.insert(Arc::new(ground)).clone()),
            // What was good a while ago is better than nothing.
            (Err(trouble), Some(old)) => {
                tracing::warn!(
                    error = trouble.text,
                    "live events go on with the mapping that was read before"
                );
                Ok(old.clone())
            }
            (Err(trouble), None) => Err(trouble),
        }
    }

    async fn lay(&self, stop: &CancellationToken) -> Result<Ground, Failure> {
        let Inner { settings, environment, .. } = &*self.0;
        let sides = self.sides(stop);
        let standing = prepare::standing(&sides).await?;
        let prepared = prepare::compile(settings, standing, environment.clone())?;
        let rules = prepared.rules;
        let notified = rules.kinds().contains(&Kind::WebhookEvent);
        self.0.notifications.store(notified, Ordering::Relaxed);
        let mut feeders: BTreeMap<BlueprintId, BTreeSet<Kind>> = BTreeMap::new();
        for rule in rules.iter() {
            if let Blueprints::Constant(blueprint) = &rule.blueprints {
                feeders.entry(blueprint.clone()).or_default().insert(rule.kind);
            }
        }
        let mut shapes = BTreeMap::new();
        let live = [Kind::Alert, Kind::WebhookEvent];
        for (blueprint, _) in feeders.iter().filter(|(_, kinds)| live.iter().any(|kind| kinds.contains(kind)))
        {
            if let Some(stored) = sides.catalog.blueprint(blueprint).await? {
                shapes.insert(blueprint.clone(), stored.shape);
            }
        }
        // An alert that was read by its id is whole.
        let mut read = harvest::read(&rules);
        read.lookups.remove(&Lookup::Details);
        let lookups = Lookups::new(&sides.source, &read);
        lookups.fetch_for(Kind::Alert).await;
        Ok(Ground {
            policy: upsert_policy(&prepared.mapping),
            rules,
            feeders,
            shapes,
            lookups,
            laid: Instant::now(),
        })
    }
}

impl Ground {
    fn of_kind(&self, kind: Kind) -> Vec<RuleId> {
        self.rules.iter().filter(|rule| rule.kind == kind).map(|rule| rule.id).collect()
    }
}

/// What came of one alert.
#[derive(Debug)]
struct Made {
    settled: Settled,
    mapped: Vec<Mapped>,
    /// What came from it before, or may have, and does no more.
    stale: Vec<EntityKey>,
}

/// One call of [`Live`].
struct Work<'a> {
    ground: &'a Ground,
    sides: &'a Sides,
    settings: &'a Settings,
    rules: &'a [RuleId],
}

impl Work<'_> {
    async fn read(&self, hinted: Hinted) -> (Hinted, Result<Made, Trouble>) {
        let made = self.made_of(&hinted).await;
        (hinted, made)
    }

    async fn made_of(&self, hinted: &Hinted) -> Result<Made, Trouble> {
        let record = match self.sides.source.alert(&hinted.alert).await {
            Ok(record) => self.as_listed(record),
            Err(opsgenie::Error::Missing { .. }) => {
                let stale = self.stale(hinted, &[]);
                return Ok(Made { settled: Settled::Gone, mapped: Vec::new(), stale });
            }
            Err(error) => return Err(source_trouble(&error)),
        };
        let updated = record.updated();
        let taken = self.taken(&record).await?;
        let enriched = self.ground.lookups.enrich(record).await;
        let made = self.map(&enriched, &taken)?;
        let stale = self.stale(hinted, &made.mapped);
        Ok(Made { settled: Settled::As(updated), stale, ..made })
    }

    /// A pass sees what the listing shows, unless some resource wants details; so does an event, or each would undo what
    /// the other has written.
    fn as_listed(&self, record: Record) -> Record {
        let Some(body) = record.body.as_object() else { return record };
        if self.ground.rules.needs().contains_key(&Lookup::Details) {
            return record;
        }
        let details = Lookup::Details.fields();
        let listed = body.iter().filter(|(key, _)| !details.contains(&&***key));
        let body: Object = listed.map(|(key, value)| (key.clone(), value.clone())).collect();
        let body = Value::object(body);
        Record { body, ..record }
    }

    /// The rules whose filter takes the record.
    async fn taken(&self, record: &Record) -> Result<Vec<RuleId>, Trouble> {
        let now = Timestamp::now();
        let mut taken = Vec::with_capacity(self.rules.len());
        for &id in self.rules {
            let Some(filter) = self.ground.rules.rule(id).filter() else {
                taken.push(id);
                continue;
            };
            let fits = match filter.judge(&record.body, now) {
                Judgement::Fits => true,
                Judgement::Differs => false,
                Judgement::Unknown => finds(&self.sides.source, &record.id, filter, now).await?,
            };
            if fits {
                taken.push(id);
            }
        }
        Ok(taken)
    }

    fn map(&self, enriched: &Enriched, rules: &[RuleId]) -> Result<Made, Trouble> {
        let mut tally = Tally::default();
        let mut mapped = Vec::new();
        self.ground.rules.apply(&enriched.record, &enriched.failed, rules, &mut tally, &mut mapped);
        if tally.unselected + tally.unmapped > 0 {
            let faults = super::expressions(&self.ground.rules, &tally);
            let text = match faults.first() {
                Some(fault) => format!(
                    "{} `{}`, resource {}, {}: {}",
                    fault.kind, enriched.record.id, fault.resource, fault.field, fault.message
                ),
                None => format!("`{}` gave no identifier or no blueprint", enriched.record.id),
            };
            return Err(Trouble { again: Again::Never, text });
        }
        Ok(Made { settled: Settled::As(None), mapped: merge_record(mapped), stale: Vec::new() })
    }

    /// The entities that came from a record, or may have, and are not among those that come from it now.
    fn stale(&self, hinted: &Hinted, mapped: &[Mapped]) -> Vec<EntityKey> {
        let now: BTreeSet<EntityKey> = mapped.iter().filter_map(|mapped| mapped.entity.key()).collect();
        let told = self.rules.iter().filter_map(|id| told_by_id(self.ground.rules.rule(*id), &hinted.alert));
        let before: BTreeSet<EntityKey> = hinted.before.iter().cloned().chain(told).collect();
        before.difference(&now).cloned().collect()
    }

    /// Writes what differs and removes what is stale. A trouble of the catalog is everybody's.
    async fn settle(&self, readings: &[(Hinted, Result<Made, Trouble>)]) -> Vec<Outcome> {
        let made: Vec<&Made> = readings.iter().filter_map(|(_, made)| made.as_ref().ok()).collect();
        let written = self.write(&made).await;
        let removed = match &written {
            Ok(_) => self.remove(&made).await,
            Err(trouble) => Err(trouble.clone()),
        };
        let counted = written.and_then(|written| Ok((written, removed?)));
        let mut first = true;
        let outcome = |(_, made): &(Hinted, Result<Made, Trouble>)| match (made, &counted) {
            (Err(trouble), _) | (Ok(_), Err(trouble)) => Outcome::Failed(trouble.clone()),
            (Ok(made), Ok((written, deleted))) => {
                let mut changes = Changes { made: self.untold(made), ..Changes::default() };
                // Counts are of the whole call.
                if std::mem::take(&mut first) {
                    let counts = written.tally.total();
                    changes.created = counts.created;
                    changes.updated = counts.updated;
                    changes.unchanged = counts.unchanged;
                    changes.deleted = *deleted;
                }
                Outcome::Settled(changes)
            }
        };
        readings.iter().map(outcome).collect()
    }

    /// Keys that the id of an alert does not tell.
    fn untold(&self, made: &Made) -> Vec<EntityKey> {
        let told =
            |mapped: &Mapped| told_by_id(self.ground.rules.rule(mapped.origin.rule), &mapped.origin.record);
        let untold = made.mapped.iter().filter_map(|mapped| {
            let key = mapped.entity.key()?;
            (told(mapped).as_ref() != Some(&key)).then_some(key)
        });
        untold.collect()
    }

    async fn write(&self, made: &[&Made]) -> Result<Written, Trouble> {
        let mapped: Vec<Mapped> = made.iter().flat_map(|made| made.mapped.iter().cloned()).collect();
        let Some(kind) = mapped.first().map(|mapped| mapped.origin.kind) else {
            return Ok(Written::default());
        };
        let Ground { rules, policy, feeders, shapes, .. } = self.ground;
        // Alone in its blueprint an event may replace an entity; beside other kinds it knows only a part of it.
        let shared = mapped.iter().any(|mapped| {
            feeders
                .get(&mapped.entity.blueprint)
                .is_some_and(|kinds| kinds.iter().any(|other| *other != kind))
        });
        let policy = UpsertPolicy { merge: if shared { Merge::Patch } else { policy.merge }, ..*policy };
        let of_kind = rules.iter().filter(|rule| rule.kind == kind);
        let job = Job {
            rules: of_kind.map(|rule| prepare::plan_rule(rule, self.settings)).collect(),
            policy,
            mode: apply::Mode::Write,
            to_come: BTreeMap::new(),
            known: shapes.clone(),
            reading: Reading::ByKey,
            // The alerts are ours already.
            interlock: Interlock::default(),
            saved: None,
        };
        let trouble =
            |error: &catalog::Error| Trouble { again: again_catalog(error), text: error.to_string() };
        let mut writer = Writer::start(&self.sides.catalog, job).await.map_err(|error| trouble(&error))?;
        if let Some(feed) = writer.feed(kind) {
            feed.offer(mapped).await;
        }
        let written = writer.finish().await;
        if let Some(error) = written.broken.values().next() {
            return Err(trouble(error));
        }
        let mut refusals: Vec<_> = written.tally.refusals().collect();
        // What may pass by itself comes first: then the others may be written yet.
        refusals.sort_by_key(|group| group.meaning == Meaning::Refused);
        match refusals.first() {
            None => Ok(written),
            Some(group) => {
                let again = if group.meaning == Meaning::Refused { Again::Never } else { Again::Later };
                let example =
                    group.examples.first().map(|key| format!("entity `{key}`: ")).unwrap_or_default();
                Err(Trouble { again, text: format!("{example}{}", group.message) })
            }
        }
    }

    /// Removes those of the stale entities that are stored and ours. What others depend on stays.
    async fn remove(&self, made: &[&Made]) -> Result<u64, Trouble> {
        let produced: BTreeSet<EntityKey> =
            made.iter().flat_map(|made| &made.mapped).filter_map(|mapped| mapped.entity.key()).collect();
        let mut by_blueprint: BTreeMap<&BlueprintId, Vec<EntityId>> = BTreeMap::new();
        for key in made.iter().flat_map(|made| &made.stale).filter(|key| !produced.contains(key)) {
            by_blueprint.entry(&key.blueprint).or_default().push(key.identifier.clone());
        }
        let trouble =
            |error: &catalog::Error| Trouble { again: again_catalog(error), text: error.to_string() };
        let catalog: &Catalog = &self.sides.catalog;
        let mut deleted = 0;
        for (blueprint, identifiers) in by_blueprint {
            let ours = catalog.ours(blueprint, &identifiers).await.map_err(|error| trouble(&error))?;
            if ours.is_empty() {
                continue;
            }
            // What somebody has put back stays until a pass produces it again.
            let pins = keeping::pins(self.settings)
                .map_err(|error| Trouble { again: Again::Later, text: error.to_string() })?;
            let pinned = |identifier: &EntityId| {
                let key = EntityKey { blueprint: blueprint.clone(), identifier: identifier.clone() };
                pins.contains(&key)
            };
            let doomed: Vec<EntityId> = ours.into_iter().filter(|identifier| !pinned(identifier)).collect();
            if doomed.is_empty() {
                continue;
            }
            let removed = apply::remove(catalog, blueprint, doomed).await;
            deleted += removed.deleted.len() as u64;
            if let Some(apply::Failed::Call(error)) = &removed.failure {
                return Err(trouble(error));
            }
            if !removed.depended_on.is_empty() {
                tracing::info!(%blueprint, count = removed.depended_on.len(), "stay: other entities depend on them");
            }
        }
        Ok(deleted)
    }
}

/// The entity that a rule makes of an alert, where its id alone tells.
fn told_by_id(rule: &Rule, alert: &RecordId) -> Option<EntityKey> {
    let Blueprints::Constant(blueprint) = &rule.blueprints else { return None };
    let identifier = EntityId::new(alert.as_str()).ok()?;
    rule.record_of(&identifier)?;
    Some(EntityKey { blueprint: blueprint.clone(), identifier })
}

fn source_trouble(error: &opsgenie::Error) -> Trouble {
    Trouble { again: again_source(error), text: error.to_string() }
}

/// Whether Opsgenie finds an alert by a search, where the alert itself does not tell.
async fn finds(
    source: &Opsgenie,
    alert: &RecordId,
    filter: &Filter,
    now: Timestamp,
) -> Result<bool, Trouble> {
    let this = Clause::new(Kind::Alert, Field::AlertId, &Asked::Any(vec![alert.to_string()]));
    let both = this.and_then(|this| filter.clone().and(this));
    let both = both.map_err(|fault| Trouble { again: Again::Never, text: fault.to_string() })?;
    let mut pages = source.pages(&Listing { query: both.at(now), ..Listing::all(Kind::Alert) });
    while let Some(page) = pages.next().await {
        if page.map_err(|error| source_trouble(&error))?.records.iter().any(|record| record.id == *alert) {
            return Ok(true);
        }
    }
    Ok(false)
}
