//! Joining: what mappings find beside a record's own fields, under `__team`, `__oncalls`, `__incidents`,
//! `__impactedServices`, `__relatedIncident`, `__members` and `__currentOncalls`; and what the listing of alerts leaves out.
//!
//! Every lookup is a join over a listing where one listing serves, and every listing and every single read happens at
//! most once per pass, when the first record asks for it. Listings that lookups need are shared with the kinds that are
//! mapped themselves: [`Lookups::pages`] gives those from memory. What is attached is always the plain record, never an
//! enriched one, so nothing nests.
//!
//! What is kept for the pass is cut to what the mapping may read of it ([`Wanted`]): nobody can tell the difference.
//!
//! A lookup that failed leaves its field out, is named in [`Enriched::failed`] and makes the kind incomplete.

mod details;
mod impact;
mod oncalls;
mod patience;
mod related;
mod shared;
mod teams;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

use futures::StreamExt as _;

use crate::model::{Gap, Kind, Lookup, Record};
use crate::opsgenie::{Error, Listing, Opsgenie, Pages, Rotations};
use crate::value::{Reach, Value};

use details::Details;
use impact::{Impacts, Services};
use oncalls::Oncalls;
pub(crate) use patience::Patience;
use related::Related;
use shared::Shared;
use teams::Teams;

/// Records enriched at once: as many as there may be calls under way in one domain.
const AT_ONCE: usize = 8;

/// The lookups of one pass. Clones share what was fetched.
#[derive(Clone, Debug)]
pub struct Lookups(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    needs: BTreeSet<Lookup>,
    shared: Shared,
    teams: Teams,
    oncalls: Oncalls,
    impacts: Impacts,
    services: Services,
    related: Related,
    details: Details,
    failures: Mutex<BTreeMap<Lookup, Failure>>,
}

/// What is wanted of the records that are kept for the pass, and of what is joined.
#[derive(Clone, Debug)]
pub struct Wanted {
    /// The lookups, and how much of what each finds is read.
    pub lookups: BTreeMap<Lookup, Reach>,
    /// How much of the records of a kind is read, for each kind of which records are read at all.
    pub records: BTreeMap<Kind, Reach>,
    /// Whether somebody may want schedules with their rotations: one listing serves everybody.
    pub rotations: Rotations,
}

impl Wanted {
    /// These lookups and all kinds, all of them whole.
    pub fn whole(lookups: impl IntoIterator<Item = Lookup>) -> Self {
        Self {
            lookups: lookups.into_iter().map(|lookup| (lookup, Reach::all())).collect(),
            records: Kind::ALL.into_iter().map(|kind| (kind, Reach::all())).collect(),
            rotations: Rotations::Left,
        }
    }

    /// How much is read of each record that a lookup attaches, where it is wanted.
    fn of_each(&self, lookup: Lookup) -> Option<Reach> {
        let reach = self.lookups.get(&lookup)?;
        Some(match lookup {
            Lookup::Incidents | Lookup::ImpactedServices => reach.items(),
            Lookup::Team
            | Lookup::Oncalls
            | Lookup::RelatedIncident
            | Lookup::Members
            | Lookup::CurrentOncalls
            | Lookup::Details => reach.clone(),
        })
    }

    /// How much of the records of a kind is read.
    fn of_records(&self, kind: Kind) -> Reach {
        self.records.get(&kind).cloned().unwrap_or_default()
    }
}

/// A record with what was joined to it.
#[derive(Clone, Debug)]
pub struct Enriched {
    /// The record.
    pub record: Record,
    /// Lookups that failed for it: their fields are missing, and say nothing about the source.
    pub failed: Vec<Lookup>,
}

/// A lookup that failed.
#[derive(Clone, Debug)]
pub struct Failure {
    /// Which one.
    pub lookup: Lookup,
    /// Why, the first time.
    pub error: Error,
    /// For how many records.
    pub records: u64,
}

impl Failure {
    /// What it means for the verdict of its kind.
    pub fn gap(&self) -> Gap {
        match &self.error {
            Error::Stopped => Gap::Stopped,
            error => Gap::Lookup(self.lookup, format!("{error} ({} records)", self.records)),
        }
    }
}

impl Lookups {
    /// Lookups of a source; fetches nothing yet.
    pub fn new(source: &Opsgenie, wanted: &Wanted) -> Self {
        Self(Arc::new(Inner {
            shared: Shared::new(source, wanted),
            teams: Teams::new(source, wanted),
            oncalls: Oncalls::new(source, wanted),
            impacts: Impacts::default(),
            services: Services::default(),
            related: Related::new(source),
            details: Details::new(source),
            failures: Mutex::default(),
            needs: wanted.lookups.keys().copied().collect(),
        }))
    }

    /// The pages of a listing: from memory where a lookup needs the same listing whole, from Opsgenie otherwise.
    pub fn pages(&self, listing: &Listing) -> Pages {
        self.0.shared.pages(listing)
    }

    /// Fetches what lookups of a kind share, before the first record asks for it.
    pub async fn fetch_for(&self, kind: Kind) {
        let Inner { needs, shared, related, .. } = &*self.0;
        if kind == Kind::Alert && needs.contains(&Lookup::RelatedIncident) {
            related.fetch(shared).await;
        }
    }

    /// Joins to each record what is needed of it; the order stays.
    pub async fn enrich_all(&self, records: Vec<Record>) -> Vec<Enriched> {
        let joined = self.join_all(records).await;
        self.read_all(joined, |_| true).await
    }

    /// The same without details, each of which costs a call: [`Lookups::read_all`] adds those that are wanted.
    pub async fn join_all(&self, records: Vec<Record>) -> Vec<Enriched> {
        let joined = records.into_iter().map(|record| Enriched { record, failed: Vec::new() }).collect();
        self.add_all(joined, |lookup| lookup != Lookup::Details, |_| true).await
    }

    /// Whether records of a kind are read one by one.
    pub fn reads(&self, kind: Kind) -> bool {
        kind == Lookup::Details.kind() && self.0.needs.contains(&Lookup::Details)
    }

    /// Adds details to those records that are wanted; the order stays.
    pub async fn read_all(
        &self,
        joined: Vec<Enriched>,
        is_wanted: impl Fn(&Enriched) -> bool,
    ) -> Vec<Enriched> {
        self.add_all(joined, |lookup| lookup == Lookup::Details, is_wanted).await
    }

    /// Adds what some of the lookups find to those records that are wanted.
    async fn add_all(
        &self,
        enriched: Vec<Enriched>,
        is_meant: impl Fn(Lookup) -> bool,
        is_wanted: impl Fn(&Enriched) -> bool,
    ) -> Vec<Enriched> {
        let meant: Vec<Lookup> = self.0.needs.iter().copied().filter(|lookup| is_meant(*lookup)).collect();
        if !enriched.iter().any(|one| meant.iter().any(|lookup| lookup.kind() == one.record.kind)) {
            return enriched;
        }
        let added = enriched.into_iter().map(async |one| {
            let wanted = if is_wanted(&one) { &*meant } else { &[] };
            self.add(wanted, one).await
        });
        futures::stream::iter(added).buffered(AT_ONCE).collect().await
    }

    /// Joins to one record what is needed of it.
    pub async fn enrich(&self, record: Record) -> Enriched {
        let needs: Vec<Lookup> = self.0.needs.iter().copied().collect();
        self.add(&needs, Enriched { record, failed: Vec::new() }).await
    }

    async fn add(&self, lookups: &[Lookup], mut enriched: Enriched) -> Enriched {
        for &lookup in lookups.iter().filter(|lookup| lookup.kind() == enriched.record.kind) {
            match self.find(lookup, &enriched.record).await {
                Ok(None) => {}
                Ok(Some(whole)) if lookup == Lookup::Details => enriched.record.body = whole,
                Ok(Some(found)) => enriched.record.body = enriched.record.body.with(lookup.name(), found),
                Err(error) => {
                    self.note(lookup, error);
                    enriched.failed.push(lookup);
                }
            }
        }
        enriched
    }

    /// Lookups of a kind that failed so far.
    pub fn failures(&self, kind: Kind) -> Vec<Failure> {
        let failures = self.0.failures.lock().unwrap_or_else(PoisonError::into_inner);
        failures.values().filter(|failure| failure.lookup.kind() == kind).cloned().collect()
    }

    /// What a lookup finds for a record; nothing where there is nothing to attach. Details are the record with more in it.
    async fn find(&self, lookup: Lookup, record: &Record) -> Result<Option<Value>, Error> {
        let Inner { shared, teams, oncalls, impacts, services, related, details, .. } = &*self.0;
        match lookup {
            Lookup::Team => teams.of_service(record).await,
            Lookup::Members => teams.members(record).await.map(Some),
            Lookup::Oncalls => oncalls.of_service(shared, record).await,
            Lookup::CurrentOncalls => oncalls.of(&record.id).await.map(Some),
            Lookup::Incidents => impacts.of_service(shared, record).await.map(Some),
            Lookup::ImpactedServices => services.of_incident(shared, record).await,
            Lookup::RelatedIncident => related.of_alert(shared, record).await,
            Lookup::Details => details.of_alert(record).await.map(Some),
        }
    }

    fn note(&self, lookup: Lookup, error: Error) {
        let mut failures = self.0.failures.lock().unwrap_or_else(PoisonError::into_inner);
        failures.entry(lookup).or_insert(Failure { lookup, error, records: 0 }).records += 1;
    }
}

#[cfg(test)]
mod tests;
