//! Joining: what mappings find beside a record's own fields, under `__team`, `__oncalls`, `__incidents`,
//! `__impactedServices`, `__relatedIncident`, `__members` and `__currentOncalls`.
//!
//! Every lookup is a join over a listing where one listing serves, and every listing and every single read happens at
//! most once per pass, when the first record asks for it. Listings that lookups need are shared with the kinds that are
//! mapped themselves: [`Lookups::pages`] gives those from memory. What is attached is always the plain record, never an
//! enriched one, so nothing nests.
//!
//! A lookup that failed leaves its field out, is named in [`Enriched::failed`] and makes the kind incomplete.

mod impact;
mod oncalls;
mod related;
mod shared;
mod teams;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

use futures::StreamExt as _;

use crate::model::{Gap, Kind, Lookup, Record};
use crate::opsgenie::{Error, Listing, Opsgenie, Pages};
use crate::value::Value;

use impact::{Impacts, Services};
use oncalls::Oncalls;
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
    failures: Mutex<BTreeMap<Lookup, Failure>>,
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
    /// Lookups that the mapping reads; fetches nothing yet.
    pub fn new(source: &Opsgenie, needs: impl IntoIterator<Item = Lookup>) -> Self {
        let needs: BTreeSet<Lookup> = needs.into_iter().collect();
        Self(Arc::new(Inner {
            shared: Shared::new(source, &needs),
            teams: Teams::new(source),
            oncalls: Oncalls::new(source),
            impacts: Impacts::default(),
            services: Services::default(),
            related: Related::new(source),
            failures: Mutex::default(),
            needs,
        }))
    }

    /// The pages of a listing: from memory where a lookup needs the same listing whole, from Opsgenie otherwise.
    pub fn pages(&self, listing: &Listing) -> Pages {
        self.0.shared.pages(listing)
    }

    /// Joins to each record what is needed of it; the order stays.
    pub async fn enrich_all(&self, records: Vec<Record>) -> Vec<Enriched> {
        let wanted = |record: &Record| self.0.needs.iter().any(|lookup| lookup.kind() == record.kind);
        if !records.iter().any(wanted) {
            return records.into_iter().map(|record| Enriched { record, failed: Vec::new() }).collect();
        }
        futures::stream::iter(records).map(|record| self.enrich(record)).buffered(AT_ONCE).collect().await
    }

    /// Joins to a record what is needed of it.
    pub async fn enrich(&self, record: Record) -> Enriched {
        let mut enriched = Enriched { record, failed: Vec::new() };
        for &lookup in self.0.needs.iter().filter(|lookup| lookup.kind() == enriched.record.kind) {
            match self.find(lookup, &enriched.record).await {
                Ok(None) => {}
                Ok(Some(found)) => enriched.record.body = enriched.record.body.with(lookup.field(), found),
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

    /// What a lookup finds for a record; nothing where there is nothing to attach.
    async fn find(&self, lookup: Lookup, record: &Record) -> Result<Option<Value>, Error> {
        let Inner { shared, teams, oncalls, impacts, services, related, .. } = &*self.0;
        match lookup {
            Lookup::Team => teams.of_service(record).await,
            Lookup::Members => teams.members(record).await.map(Some),
            Lookup::Oncalls => oncalls.of_service(shared, record).await,
            Lookup::CurrentOncalls => oncalls.of(&record.id).await.map(Some),
            Lookup::Incidents => impacts.of_service(shared, record).await.map(Some),
            Lookup::ImpactedServices => services.of_incident(shared, record).await,
            Lookup::RelatedIncident => related.of_alert(shared, record).await,
        }
    }

    fn note(&self, lookup: Lookup, error: Error) {
        let mut failures = self.0.failures.lock().unwrap_or_else(PoisonError::into_inner);
        failures.entry(lookup).or_insert(Failure { lookup, error, records: 0 }).records += 1;
    }
}
