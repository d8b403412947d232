//! The stages of a pass, for the alerts of one call.

use std::collections::{BTreeMap, BTreeSet};

use futures::StreamExt as _;
use jiff::Timestamp;

use super::super::{Sides, keeping, prepare};
use super::ground::Ground;
use super::{Again, Changes, Hinted, Outcome, Trouble};
use crate::apply::{self, Interlock, Job, Reading, Settled, Writer, Written};
use crate::catalog::{Catalog, Meaning, Merge, UpsertPolicy};
use crate::config::Settings;
use crate::enrich::Enriched;
use crate::map::{Blueprints, Rule, Tally};
use crate::model::filter::{Asked, Clause, Field, Judgement};
use crate::model::{
    BlueprintId, EntityId, EntityKey, Filter, Kind, Lookup, Mapped, Record, RecordId, RuleId,
};
use crate::opsgenie::{self, Listing, Opsgenie};
use crate::plan::merge_record;
use crate::value::{Object, Value};

/// What came of one alert.
#[derive(Debug)]
pub(super) struct Made {
    pub(super) settled: Settled,
    pub(super) mapped: Vec<Mapped>,
    /// What came from it before, or may have, and does no more.
    stale: Vec<EntityKey>,
}

/// One call of [`Live`](super::Live).
pub(super) struct Work<'a> {
    pub(super) ground: &'a Ground,
    pub(super) sides: &'a Sides,
    pub(super) settings: &'a Settings,
    pub(super) rules: &'a [RuleId],
}

impl Work<'_> {
    pub(super) async fn read(&self, hinted: Hinted) -> (Hinted, Result<Made, Trouble>) {
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
            Err(error) => return Err(Trouble::of_source(&error)),
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

    pub(super) fn map(&self, enriched: &Enriched, rules: &[RuleId]) -> Result<Made, Trouble> {
        let mut tally = Tally::default();
        let mut mapped = Vec::new();
        self.ground.rules.apply(&enriched.record, &enriched.failed, rules, &mut tally, &mut mapped);
        if tally.unselected + tally.unmapped > 0 {
            let faults = super::super::expressions(&self.ground.rules, &tally);
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
    pub(super) async fn settle(&self, readings: &[(Hinted, Result<Made, Trouble>)]) -> Vec<Outcome> {
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
        let mut writer =
            Writer::start(&self.sides.catalog, job).await.map_err(|error| Trouble::of_catalog(&error))?;
        if let Some(feed) = writer.feed(kind) {
            feed.offer(mapped).await;
        }
        let written = writer.finish().await;
        if let Some(error) = written.broken.values().next() {
            return Err(Trouble::of_catalog(error));
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
        let catalog: &Catalog = &self.sides.catalog;
        let mut deleted = 0;
        for (blueprint, identifiers) in by_blueprint {
            let ours =
                catalog.ours(blueprint, &identifiers).await.map_err(|error| Trouble::of_catalog(&error))?;
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
                return Err(Trouble::of_catalog(error));
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
        if page.map_err(|error| Trouble::of_source(&error))?.records.iter().any(|record| record.id == *alert)
        {
            return Ok(true);
        }
    }
    Ok(false)
}
