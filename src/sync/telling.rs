//! What the catalog's pages are told of a pass, made of what the stages did.

use std::collections::BTreeMap;
use std::time::Instant;

use jiff::Timestamp;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::harvest::Harvested;
use super::prepare::Prepared;
use super::removal::Removed;
use super::{Request, Sides};
use crate::apply::Written;
use crate::catalog::{
    self, Counts, End, Examples, Integration, Metric, Part, Schedule, State, SyncState, Teller,
};
use crate::config::Settings;
use crate::http::Usage;
use crate::model::{Gap, Kind, RuleId};
use crate::report::Exit;

/// Tells a pass from its beginning to its end. Before the beginning it tells nothing.
pub(super) struct Telling {
    teller: Teller,
    schedule: Option<Schedule>,
    examples: Option<Examples>,
    begin: Instant,
    /// Parts that were told of and have not come to their end.
    open: BTreeMap<Part, SyncState>,
    announced: bool,
}

impl Telling {
    pub(super) fn silent() -> Self {
        Self {
            teller: Teller::silent(),
            schedule: None,
            examples: None,
            begin: Instant::now(),
            open: BTreeMap::new(),
            announced: false,
        }
    }

    /// The pass begins.
    pub(super) fn begin(
        &mut self,
        settings: &Settings,
        sides: &Sides,
        request: &Request,
        run: Uuid,
        integration: Option<&Integration>,
    ) {
        let telling = catalog::Telling {
            beat: settings.heartbeat,
            lines: request.lines.clone().filter(|_| settings.disclosure.logs),
            secrets: settings.secrets().into_iter().cloned().collect(),
        };
        self.teller = sides.catalog.teller(run, integration, telling);
        self.schedule = request.schedule;
        self.examples = self.teller.examples().filter(|_| settings.disclosure.raw_examples);
        self.announced = true;
        self.teller.state(State::Running { started: Timestamp::now() }, self.schedule);
        self.teller.metric(Metric::new(Part::Runtime, SyncState::Syncing));
    }

    /// Where records go that are shown as examples, when that was asked for.
    pub(super) fn examples(&self) -> Option<Examples> {
        self.examples.clone()
    }

    /// These resources are to come, and begin: all kinds are harvested at the same time.
    pub(super) fn resources(&mut self, prepared: &Prepared, wanted: impl Fn(Kind) -> bool) {
        let parts: Vec<Part> =
            parts(prepared).into_values().filter(|part| kind_of(part).is_some_and(&wanted)).collect();
        let told = |state| parts.iter().map(move |part| Metric::new(part.clone(), state));
        self.teller.announce(told(SyncState::Pending).collect());
        for metric in told(SyncState::Syncing) {
            self.open.insert(metric.part.clone(), metric.state);
            self.teller.metric(metric);
        }
    }

    /// The resources have come to their end. What was counted for a listing or a kind as a whole stands with the first
    /// resource that shares it.
    pub(super) fn harvested(&mut self, prepared: &Prepared, harvested: &[Harvested], written: &Written) {
        let parts = parts(prepared);
        let resource = |rule: &RuleId| prepared.rules.rule(*rule).resource;
        let mut told = BTreeMap::new();
        for harvest in harvested {
            let mut first_of_listing = true;
            for rule in &*harvest.rules {
                let Some(part) = parts.get(&resource(rule)) else { continue };
                let metric = told.entry(part.clone()).or_insert_with(|| {
                    let mut metric = Metric::new(part.clone(), ended(harvest.verdict.gaps()));
                    metric.duration = harvest.duration;
                    metric.counts.extracted = harvest.listed;
                    metric
                });
                let counts = &mut metric.counts;
                counts.transformed += harvest.tally.by_rule.get(rule).copied().unwrap_or_default();
                if std::mem::take(&mut first_of_listing) {
                    counts.filtered_out = harvest.tally.skipped;
                    counts.untransformed = harvest.tally.unmapped + harvest.tally.unselected;
                }
            }
        }
        let mut loaded = written.tally.kinds().clone();
        for (part, metric) in &mut told {
            let Some(counts) = kind_of(part).and_then(|kind| loaded.remove(&kind)) else { continue };
            metric.counts = Counts {
                loaded: counts.created + counts.updated,
                skipped: counts.unchanged + counts.merged,
                refused: counts.refused + counts.lost,
                ..metric.counts
            };
        }
        for (part, metric) in told {
            if self.open.remove(&part).is_some() {
                self.teller.metric(metric);
            }
        }
    }

    /// What is stale is looked for.
    pub(super) fn reconciling(&mut self) {
        self.open.insert(Part::Reconciliation, SyncState::Syncing);
        self.teller.metric(Metric::new(Part::Reconciliation, SyncState::Syncing));
    }

    /// It was found, and what may go is gone.
    pub(super) fn reconciled(&mut self, removed: &Removed) {
        let is_whole = removed.error.is_none() && removed.withheld.is_none();
        let state = if is_whole { SyncState::Completed } else { SyncState::Failed };
        let mut metric = Metric::new(Part::Reconciliation, state);
        metric.counts.deleted = removed.deleted.values().map(|done| done.deleted.len() as u64).sum();
        self.open.remove(&Part::Reconciliation);
        self.teller.metric(metric);
    }

    /// The pass is over; gives what telling it used. Takes a few seconds at most.
    pub(super) async fn finish(self, exit: Exit, stop: &CancellationToken) -> Usage {
        let Self { teller, schedule, examples, begin, open, announced } = self;
        drop(examples);
        if !announced {
            return Usage::default();
        }
        let (end, state) = match exit {
            Exit::Interrupted | Exit::Terminated => (End::Aborted, SyncState::Aborted),
            Exit::Done | Exit::Guarded | Exit::Refused => (End::Completed, SyncState::Completed),
            Exit::Unexpected
            | Exit::Configuration
            | Exit::Permission
            | Exit::Incomplete
            | Exit::Mismatch
            | Exit::Due
            | Exit::Unavailable => (End::Failed, SyncState::Failed),
        };
        let cut_short = if stop.is_cancelled() { SyncState::Aborted } else { SyncState::Failed };
        for part in open.into_keys() {
            teller.metric(Metric::new(part, cut_short));
        }
        let pass = Metric { duration: begin.elapsed(), ..Metric::new(Part::Runtime, state) };
        teller.finish(State::Ended { end, ended: Timestamp::now() }, schedule, pass).await
    }
}

/// The resources of the mapping by their position, from 0.
fn parts(prepared: &Prepared) -> BTreeMap<usize, Part> {
    let resources = prepared.mapping.resources.iter().enumerate();
    let part = |(index, resource): (usize, &crate::config::mapping::Resource)| {
        let blueprint = resource.mappings.first().map_or("", |mapping| mapping.blueprint.text.as_str());
        (index, Part::Resource { index, kind: resource.kind, blueprint: blueprint.to_owned() })
    };
    resources.map(part).collect()
}

fn kind_of(part: &Part) -> Option<Kind> {
    match part {
        Part::Resource { kind, .. } => Some(*kind),
        Part::Reconciliation | Part::Runtime => None,
    }
}

/// How a resource ended that was seen with these gaps. A record that gives no entity is no failure, as with the peer.
fn ended(gaps: &[Gap]) -> SyncState {
    if gaps.contains(&Gap::Stopped) {
        return SyncState::Aborted;
    }
    let missing = gaps.iter().any(|gap| match gap {
        Gap::Listing(_) | Gap::Unsettled(_) | Gap::Lookup(..) | Gap::Selector(_) | Gap::Refused(_) => true,
        Gap::Unmapped(_) | Gap::Unlisted | Gap::Limited | Gap::Stopped => false,
    });
    if missing { SyncState::Failed } else { SyncState::Completed }
}
