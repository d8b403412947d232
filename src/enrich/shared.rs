//! Listings that more than one reader wants: fetched once, kept for the pass.

use std::collections::BTreeSet;
use std::sync::Arc;

use futures::StreamExt as _;
use futures::stream;
use tokio::sync::OnceCell;

use crate::model::{Kind, Lookup, Record};
use crate::opsgenie::{Error, Listing, Opsgenie, Page, Pages, Rotations, RowFault};
use crate::value::Value;

/// A listing in memory.
#[derive(Debug, Default)]
pub(super) struct Listed {
    /// In the order of the listing.
    pub(super) records: Vec<Record>,
    faults: Vec<RowFault>,
    /// Why it is not whole.
    error: Option<Error>,
}

impl Listed {
    /// The records, if those are all.
    pub(super) fn whole(&self) -> Result<&[Record], Error> {
        match &self.error {
            None => Ok(&self.records),
            Some(error) => Err(error.clone()),
        }
    }

    async fn gather(mut pages: Pages) -> Self {
        let mut listed = Self::default();
        while let Some(page) = pages.next().await {
            match page {
                Ok(page) => {
                    listed.records.extend(page.records);
                    listed.faults.extend(page.faults);
                }
                Err(error) => listed.error = Some(error),
            }
        }
        listed
    }
}

type Cell = Arc<OnceCell<Arc<Listed>>>;

/// The listings that are kept.
#[derive(Debug)]
pub(super) struct Shared {
    source: Opsgenie,
    /// Kept when a lookup needs them, otherwise they stream through.
    incidents: Option<Cell>,
    services: Option<Cell>,
    /// Kept always: they come in one piece, and two kinds are made of them. They come with their rotations where somebody
    /// wants those; whoever does not is given none, as Opsgenie gives none.
    schedules: Cell,
    rotations: Rotations,
}

impl Shared {
    pub(super) fn new(source: &Opsgenie, needs: &BTreeSet<Lookup>, rotations: Rotations) -> Self {
        let kept =
            |lookups: &[Lookup]| lookups.iter().any(|lookup| needs.contains(lookup)).then(Cell::default);
        Self {
            source: source.clone(),
            incidents: kept(&[Lookup::Incidents, Lookup::RelatedIncident]),
            services: kept(&[Lookup::ImpactedServices]),
            schedules: Cell::default(),
            rotations,
        }
    }

    pub(super) async fn incidents(&self) -> Arc<Listed> {
        self.listed(self.incidents.as_ref(), &Listing::all(Kind::Incident)).await
    }

    pub(super) async fn services(&self) -> Arc<Listed> {
        self.listed(self.services.as_ref(), &Listing::all(Kind::Service)).await
    }

    pub(super) async fn schedules(&self) -> Arc<Listed> {
        self.listed(Some(&self.schedules), &self.all_schedules()).await
    }

    fn all_schedules(&self) -> Listing {
        Listing { rotations: self.rotations, ..Listing::all(Kind::Schedule) }
    }

    pub(super) fn pages(&self, listing: &Listing) -> Pages {
        let (cell, stored) = match listing.kind {
            Kind::Incident => (self.incidents.as_ref(), Listing::all(Kind::Incident)),
            Kind::Service => (self.services.as_ref(), Listing::all(Kind::Service)),
            Kind::Schedule | Kind::ScheduleOncall => (Some(&self.schedules), self.all_schedules()),
            Kind::Alert | Kind::Team | Kind::User | Kind::WebhookEvent => (None, Listing::all(listing.kind)),
        };
        let lacks_rotations = listing.rotations == Rotations::Expanded && stored.rotations == Rotations::Left;
        match cell {
            Some(cell) if listing.query.is_none() && !lacks_rotations => {
                from_memory(self.source.clone(), Arc::clone(cell), stored, listing)
            }
            _ => self.source.pages(listing),
        }
    }

    async fn listed(&self, cell: Option<&Cell>, listing: &Listing) -> Arc<Listed> {
        match cell {
            Some(cell) => fill(&self.source, cell, listing).await,
            // Only a lookup that is needed asks, and then the listing is kept.
            None => Arc::new(Listed::gather(self.source.pages(listing)).await),
        }
    }
}

async fn fill(source: &Opsgenie, cell: &Cell, listing: &Listing) -> Arc<Listed> {
    let gather = || async { Arc::new(Listed::gather(source.pages(listing)).await) };
    Arc::clone(cell.get_or_init(gather).await)
}

/// Records handed on at once from memory, as many as a page has.
const CHUNK: usize = 100;

fn from_memory(source: Opsgenie, cell: Cell, stored: Listing, wanted: &Listing) -> Pages {
    let (kind, rotations) = (wanted.kind, wanted.rotations);
    let surplus = stored.rotations != rotations;
    let given = move |record: &Record| {
        let Record { kind: _, id, body } = record.clone();
        let body = if surplus { body.with("rotations", Value::array(Vec::new())) } else { body };
        Record { kind, id, body }
    };
    let listed = async move { fill(&source, &cell, &stored).await };
    stream::once(listed)
        .flat_map(move |listed| {
            let chunks = listed.records.len().div_ceil(CHUNK);
            let faults = listed.faults.iter().map(|fault| RowFault { kind, ..fault.clone() });
            let faults = Page { records: Vec::new(), faults: faults.collect() };
            let faults = (!faults.faults.is_empty()).then_some(Ok(faults));
            let error = listed.error.clone().map(Err);
            let pages = (0..chunks).map(move |chunk| {
                let records = listed.records.iter().skip(chunk * CHUNK).take(CHUNK);
                let records = records.map(given).collect();
                Ok(Page { records, faults: Vec::new() })
            });
            stream::iter(pages.chain(faults).chain(error))
        })
        .boxed()
}
