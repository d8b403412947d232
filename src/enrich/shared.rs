//! Listings that more than one reader wants: fetched once, kept for the pass, cut to what is read.

use std::sync::Arc;

use futures::StreamExt as _;
use futures::stream;
use tokio::sync::OnceCell;

use crate::model::{Kind, Lookup, Record};
use crate::opsgenie::{Error, Listing, Opsgenie, Page, Pages, Rotations, RowFault};
use crate::value::{Reach, Value};

use super::Wanted;

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

    async fn gather(mut pages: Pages, kept: &Reach) -> Self {
        let mut listed = Self::default();
        while let Some(page) = pages.next().await {
            match page {
                Ok(page) => {
                    let records = page.records.into_iter();
                    listed
                        .records
                        .extend(records.map(|record| Record { body: kept.cut(&record.body), ..record }));
                    listed.faults.extend(page.faults);
                }
                Err(error) => listed.error = Some(error),
            }
        }
        listed
    }
}

/// A listing that is kept, once it is fetched.
#[derive(Clone, Debug)]
struct Cell {
    listing: Listing,
    /// What is kept of each record.
    kept: Arc<Reach>,
    listed: Arc<OnceCell<Arc<Listed>>>,
}

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
}

impl Shared {
    pub(super) fn new(source: &Opsgenie, wanted: &Wanted) -> Self {
        let joined = |kind: Kind, lookups: &[Lookup]| {
            let read: Vec<_> = lookups.iter().filter_map(|&lookup| wanted.of_each(lookup)).collect();
            let kept = [wanted.of_records(kind), joining(kind)];
            (!read.is_empty()).then(|| Cell::new(Listing::all(kind), read.into_iter().chain(kept)))
        };
        let kept = [
            wanted.of_records(Kind::Schedule),
            wanted.of_records(Kind::ScheduleOncall),
            joining(Kind::Schedule),
        ];
        let schedules = Listing { rotations: wanted.rotations, ..Listing::all(Kind::Schedule) };
        Self {
            source: source.clone(),
            incidents: joined(Kind::Incident, &[Lookup::Incidents, Lookup::RelatedIncident]),
            services: joined(Kind::Service, &[Lookup::ImpactedServices]),
            schedules: Cell::new(schedules, kept),
        }
    }

    pub(super) async fn incidents(&self) -> Arc<Listed> {
        self.listed(self.incidents.as_ref(), Kind::Incident).await
    }

    pub(super) async fn services(&self) -> Arc<Listed> {
        self.listed(self.services.as_ref(), Kind::Service).await
    }

    pub(super) async fn schedules(&self) -> Arc<Listed> {
        self.schedules.fill(&self.source).await
    }

    pub(super) fn pages(&self, listing: &Listing) -> Pages {
        let cell = match listing.kind {
            Kind::Incident => self.incidents.as_ref(),
            Kind::Service => self.services.as_ref(),
            Kind::Schedule | Kind::ScheduleOncall => Some(&self.schedules),
            Kind::Alert | Kind::Team | Kind::User | Kind::WebhookEvent => None,
        };
        let serves = |cell: &&Cell| {
            let lacks_rotations =
                listing.rotations == Rotations::Expanded && cell.listing.rotations == Rotations::Left;
            listing.query.is_none() && !lacks_rotations
        };
        match cell.filter(serves) {
            Some(cell) => from_memory(self.source.clone(), cell.clone(), listing),
            None => self.source.pages(listing),
        }
    }

    async fn listed(&self, cell: Option<&Cell>, kind: Kind) -> Arc<Listed> {
        match cell {
            Some(cell) => cell.fill(&self.source).await,
            // Only a lookup that is needed asks, and then the listing is kept.
            None => Arc::new(Listed::gather(self.source.pages(&Listing::all(kind)), &Reach::all()).await),
        }
    }
}

impl Cell {
    fn new(listing: Listing, kept: impl IntoIterator<Item = Reach>) -> Self {
        let kept = kept.into_iter().fold(Reach::outside(), Reach::or);
        Self { listing, kept: Arc::new(kept), listed: Arc::default() }
    }

    async fn fill(&self, source: &Opsgenie) -> Arc<Listed> {
        let gather = || async { Arc::new(Listed::gather(source.pages(&self.listing), &self.kept).await) };
        Arc::clone(self.listed.get_or_init(gather).await)
    }
}

/// What the joins themselves read of the records of a kind.
fn joining(kind: Kind) -> Reach {
    match kind {
        Kind::Incident => Reach::under("impactedServices", Reach::all()),
        Kind::Service => Reach::under("teamId", Reach::all()),
        Kind::Schedule | Kind::ScheduleOncall => Reach::under("ownerTeam", Reach::under("id", Reach::all())),
        Kind::Alert | Kind::Team | Kind::User | Kind::WebhookEvent => Reach::outside(),
    }
}

/// Records handed on at once from memory, as many as a page has.
const CHUNK: usize = 100;

fn from_memory(source: Opsgenie, cell: Cell, wanted: &Listing) -> Pages {
    let kind = wanted.kind;
    let surplus = cell.listing.rotations != wanted.rotations;
    let given = move |record: &Record| {
        let Record { kind: _, id, body } = record.clone();
        let body = if surplus { body.with("rotations", Value::array(Vec::new())) } else { body };
        Record { kind, id, body }
    };
    let listed = async move { cell.fill(&source).await };
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
