//! From the source to mapped entities: one listing, joined and mapped page by page while the next pages are on the way.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures::{Stream, StreamExt as _, TryStreamExt as _, stream};
use jiff::Timestamp;

use super::examples::Showing;
use super::watch::Watch;
use crate::apply::Feed;
use crate::enrich::{Enriched, Failure, Lookups, Wanted};
use crate::map::{self, Rules, Tally};
use crate::model::filter::Search;
use crate::model::{Filter, Gap, Kind, Lookup, Mapped, Record, RecordId, RuleId, Verdict};
use crate::opsgenie::{Error, Listing, Page, Rotations};
use crate::plan::merge_record;

/// Pages of one listing that are joined and mapped at once: enough for the cores that a pass is given.
const PAGES_AT_ONCE: usize = 3;

/// One listing and the rules that take its records.
#[derive(Clone, Debug)]
pub(super) struct Harvest {
    pub(super) listing: Listing,
    pub(super) rules: Arc<[RuleId]>,
}

/// Who looks on while records pass.
pub(super) struct Onlookers {
    pub(super) showing: Showing,
    pub(super) watch: Watch,
}

/// What a harvest came to.
#[derive(Debug)]
pub(super) struct Harvested {
    pub(super) kind: Kind,
    /// The rules that took its records.
    pub(super) rules: Arc<[RuleId]>,
    pub(super) listed: u64,
    pub(super) enriched: u64,
    pub(super) tally: Tally,
    pub(super) verdict: Verdict,
    /// Rows that are no records, and what is wrong with the first.
    unreadable: u64,
    first_unreadable: Option<String>,
    /// What ended the listing early.
    pub(super) error: Option<Error>,
    /// Lookups of the kind that failed.
    pub(super) failures: Vec<Failure>,
    pub(super) duration: Duration,
}

/// How much of a listing is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Extent {
    Whole,
    /// At most so many records.
    Limited(u64),
}

/// Whether some rule wants schedules with their rotations: then all of kind `schedule` come so.
fn rotations(rules: &Rules) -> Rotations {
    let expanded = rules.iter().any(|rule| rule.rotations == map::Rotations::Expanded);
    if expanded { Rotations::Expanded } else { Rotations::Left }
}

/// What the rules read of records that are kept, and of what is joined.
pub(super) fn read(rules: &Rules) -> Wanted {
    Wanted { lookups: rules.needs(), records: rules.reads(), rotations: rotations(rules) }
}

/// The listings that the rules need at `now`, by kind, in the order of the file: each once, whatever number of resources maps it.
pub(super) fn by_kind(rules: &Rules, now: Timestamp) -> Vec<(Kind, Vec<Harvest>)> {
    let mut by_listing: Vec<(Listing, Vec<RuleId>)> = Vec::new();
    let of_schedules = rotations(rules);
    for rule in rules.iter().filter(|rule| rule.kind.is_listed()) {
        let rotations = match rule.kind {
            Kind::Schedule => of_schedules,
            _ => Rotations::Left,
        };
        let listing =
            Listing { kind: rule.kind, query: rule.filter().and_then(|filter| filter.at(now)), rotations };
        match by_listing.iter_mut().find(|(known, _)| *known == listing) {
            Some((_, rules)) => rules.push(rule.id),
            None => by_listing.push((listing, vec![rule.id])),
        }
    }
    let mut kinds: Vec<(Kind, Vec<Harvest>)> = Vec::new();
    for (listing, rules) in by_listing {
        let harvest = Harvest { listing, rules: rules.into() };
        match kinds.iter_mut().find(|(kind, _)| *kind == harvest.listing.kind) {
            Some((_, harvests)) => harvests.push(harvest),
            None => kinds.push((harvest.listing.kind, vec![harvest])),
        }
    }
    kinds
}

impl Harvest {
    /// The same listing at `now`, narrowed by another condition. One that no address could carry is left out: then more
    /// is listed than need be.
    pub(super) fn narrowed(self, condition: Option<&str>, now: Timestamp) -> Self {
        let kind = self.listing.kind;
        let filter = match &self.listing.query {
            Some(question) => Ok(question.filter().clone()),
            None => Filter::new(kind, Vec::new(), None),
        };
        let narrowed = condition
            .map(Search::new)
            .and_then(|search| filter.and_then(|filter| filter.and_search(search?)).ok());
        match narrowed {
            Some(filter) => Self { listing: Listing { query: filter.at(now), ..self.listing }, ..self },
            None => self,
        }
    }

    /// Lists, joins and maps; hands the entities over as they come. The first records are shown.
    pub(super) async fn run(
        self,
        lookups: Lookups,
        rules: Arc<Rules>,
        extent: Extent,
        to: Feed,
        onlookers: Onlookers,
    ) -> Harvested {
        let begin = Instant::now();
        let kind = self.listing.kind;
        let Onlookers { mut showing, watch } = onlookers;
        let mut harvested = Harvested {
            kind,
            rules: self.rules.clone(),
            listed: 0,
            enriched: 0,
            tally: Tally::default(),
            verdict: Verdict::Complete,
            unreadable: 0,
            first_unreadable: None,
            error: None,
            failures: Vec::new(),
            duration: Duration::ZERO,
        };
        let pages = limited(lookups.pages(&self.listing), extent);
        let pages = pages.inspect_ok(|page| showing.show(&page.records));
        let mapped = pages.map(|page| map_page(page, &lookups, &rules, &self.rules)).buffered(PAGES_AT_ONCE);
        let mut mapped = std::pin::pin!(mapped);
        while let Some(page) = mapped.next().await {
            match page {
                Ok(page) => {
                    watch.listed(kind, page.listed);
                    to.offer(harvested.count(page)).await;
                }
                Err(error) => {
                    harvested.verdict.add(error.gap());
                    harvested.error = Some(error);
                }
            }
        }
        harvested.conclude(extent, &lookups);
        harvested.duration = begin.elapsed();
        harvested
    }
}

impl Harvested {
    /// Counts a page and gives its entities back.
    fn count(&mut self, page: MappedPage) -> Vec<Mapped> {
        self.listed += page.listed;
        self.enriched += page.enriched;
        self.tally.absorb(page.tally);
        self.unreadable += page.faults.len() as u64;
        if let (None, Some(first)) = (&self.first_unreadable, page.faults.into_iter().next()) {
            self.first_unreadable = Some(first);
        }
        page.mapped
    }

    fn conclude(&mut self, extent: Extent, lookups: &Lookups) {
        if let Some(first) = &self.first_unreadable {
            self.verdict.add(Gap::Listing(format!("{} rows are no records; {first}", self.unreadable)));
        }
        self.failures = lookups.failures(self.kind);
        for failure in &self.failures {
            self.verdict.add(failure.gap());
        }
        if self.tally.unselected > 0 {
            self.verdict.add(Gap::Selector(self.tally.unselected));
        }
        if self.tally.unmapped > 0 {
            self.verdict.add(Gap::Unmapped(self.tally.unmapped));
        }
        if extent != Extent::Whole {
            self.verdict.add(Gap::Limited);
        }
    }
}

/// A page after the mapping.
struct MappedPage {
    listed: u64,
    enriched: u64,
    faults: Vec<String>,
    tally: Tally,
    mapped: Vec<Mapped>,
}

async fn map_page(
    page: Result<Page, Error>,
    lookups: &Lookups,
    rules: &Arc<Rules>,
    ids: &Arc<[RuleId]>,
) -> Result<MappedPage, Error> {
    let Page { records, faults } = page?;
    let listed = (records.len() + faults.len()) as u64;
    let enriched = enrich(records, lookups, rules, ids).await;
    let (rules, ids) = (rules.clone(), ids.clone());
    let (tally, mapped, enriched) = computing(move || map_records(&enriched, &rules, &ids)).await;
    let faults = faults.iter().map(ToString::to_string).collect();
    Ok(MappedPage { listed, enriched, faults, tally, mapped })
}

/// Joins what is needed. Records that are read one by one are read only where some rule may take them.
async fn enrich(
    records: Vec<Record>,
    lookups: &Lookups,
    rules: &Arc<Rules>,
    ids: &Arc<[RuleId]>,
) -> Vec<Enriched> {
    let joined = lookups.join_all(records).await;
    if !joined.first().is_some_and(|one| lookups.reads(one.record.kind)) {
        return joined;
    }
    let (rules, ids) = (rules.clone(), ids.clone());
    let (joined, left_out) = computing(move || {
        let left_out = joined.iter().filter(|one| {
            let missing = [&*one.failed, &[Lookup::Details]].concat();
            !rules.may_take(&one.record, &missing, &ids)
        });
        let left_out: HashSet<RecordId> = left_out.map(|one| one.record.id.clone()).collect();
        (joined, left_out)
    })
    .await;
    lookups.read_all(joined, |one| !left_out.contains(&one.record.id)).await
}

/// Evaluating computes: it does not belong on the threads that drive calls.
async fn computing<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done,
        Err(panicked) => std::panic::resume_unwind(panicked.into_panic()),
    }
}

fn map_records(enriched: &[Enriched], rules: &Rules, ids: &[RuleId]) -> (Tally, Vec<Mapped>, u64) {
    let mut tally = Tally::default();
    let mut mapped = Vec::with_capacity(enriched.len() * ids.len());
    for Enriched { record, failed } in enriched {
        let mut of_record = Vec::with_capacity(ids.len());
        rules.apply(record, failed, ids, &mut tally, &mut of_record);
        mapped.extend(merge_record(of_record));
    }
    let joined = enriched.iter().filter(|one| is_joined(&one.record)).count() as u64;
    (tally, mapped, joined)
}

/// Whether something was joined to a record.
fn is_joined(record: &Record) -> bool {
    let lookups = Lookup::ALL.into_iter().filter(|lookup| lookup.kind() == record.kind);
    lookups.flat_map(Lookup::fields).any(|field| !record.body.get(field).is_null())
}

/// The pages up to a number of records.
fn limited(
    pages: impl Stream<Item = Result<Page, Error>>,
    extent: Extent,
) -> impl Stream<Item = Result<Page, Error>> {
    let left = match extent {
        Extent::Whole => u64::MAX,
        Extent::Limited(records) => records,
    };
    stream::unfold((Box::pin(pages), left), |(mut pages, left)| async move {
        if left == 0 {
            return None;
        }
        let mut page = pages.next().await?;
        let mut remaining = left;
        if let Ok(page) = &mut page {
            page.records.truncate(usize::try_from(left).unwrap_or(usize::MAX));
            remaining -= (page.records.len() as u64).min(left);
        }
        Some((page, (pages, remaining)))
    })
}

/// The harvests of each kind, summed up.
pub(super) fn sum_by_kind(all: Vec<Harvested>) -> BTreeMap<Kind, Harvested> {
    let mut kinds: BTreeMap<Kind, Harvested> = BTreeMap::new();
    for one in all {
        match kinds.get_mut(&one.kind) {
            None => {
                kinds.insert(one.kind, one);
            }
            Some(sum) => {
                sum.listed += one.listed;
                sum.enriched += one.enriched;
                sum.tally.absorb(one.tally);
                for gap in one.verdict.gaps() {
                    if !sum.verdict.gaps().contains(gap) {
                        sum.verdict.add(gap.clone());
                    }
                }
                sum.error = sum.error.take().or(one.error);
                sum.duration = sum.duration.max(one.duration);
            }
        }
    }
    kinds
}
