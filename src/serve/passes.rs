//! The loop of passes. A failed pass never ends it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::PoisonError;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};

use super::agenda::{Ended, Reason, Task};
use super::metrics::Extent;
use super::poller::{self, Mark};
use super::{Inside, page};
use crate::catalog::Schedule;
use crate::config::{EventListener, Settings};
use crate::model::Kind;
use crate::plan::deletion::Permission;
use crate::report::{Exit, Report};
use crate::sync::{self, Request, Shown};

/// What is looked at again before the last look: clocks differ, and searches lag behind.
const OVERLAP: SignedDuration = SignedDuration::from_mins(2);

/// The time from one full pass to the next; none when nothing but a request makes one due.
pub(super) fn interval(settings: &Settings) -> Option<Duration> {
    match settings.listener {
        EventListener::WebhooksOnly => None,
        _ => settings.resync_interval,
    }
}

/// The kinds that are looked at between full passes.
pub(super) fn kinds(settings: &Settings) -> BTreeMap<Kind, Duration> {
    match settings.listener {
        EventListener::WebhooksOnly => BTreeMap::new(),
        _ => settings.schedule.clone(),
    }
}

/// Runs passes until the service is stopped.
pub(super) async fn run(inside: &Arc<Inside>, kept: Vec<(String, i64)>) {
    if !leads(inside).await {
        return;
    }
    let mut cursors = Cursors::new(inside, kept);
    let _polling = begin(inside).await;
    loop {
        // A lease may be lost.
        if !leads(inside).await {
            return;
        }
        let (task, wake_at) = {
            let mut agenda = inside.agenda();
            (agenda.next(Instant::now()), agenda.wake_at())
        };
        if let Some(task) = task {
            // A pass sees the stop itself, and ends by itself.
            let ended = perform(inside, task, &mut cursors).await;
            inside.agenda().ended(task, ended, Instant::now());
        }
        if inside.stop.is_cancelled() {
            return;
        }
        if task.is_some() {
            continue;
        }
        let wait = async {
            match wake_at {
                Some(at) => tokio::time::sleep_until(at.into()).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = inside.stop.cancelled() => return,
            () = inside.asked.notified() => {}
            () = wait => {}
        }
    }
}

/// Waits until this replica runs the passes; false when the service stops before.
async fn leads(inside: &Inside) -> bool {
    tokio::select! {
        biased;
        () = inside.lease.gained() => true,
        () = inside.stop.cancelled() => false,
    }
}

/// Sets the integration up and marks what is there, so that a request which our own set-up has caused is not served as
/// if somebody had asked.
async fn begin(inside: &Arc<Inside>) -> Option<tokio_util::task::AbortOnDropHandle<()>> {
    let before = inside.sides.catalog.resync_requested().await;
    if before.is_ok() {
        inside.token_obtained.store(true, Ordering::Relaxed);
    }
    let mark = match sync::set_up(&inside.settings, &inside.sides, &inside.stop).await {
        Ok(()) => Mark::read(inside).await.unwrap_or_default(),
        Err(failure) => {
            tracing::warn!(error = %failure, "the integration could not be set up yet");
            Mark::default()
        }
    };
    match inside.settings.listener {
        EventListener::Polling { interval, resync_on_start } => {
            let requested = matches!(before, Ok(Some(_)));
            if resync_on_start {
                inside.ask(Reason::Start);
            } else if requested {
                inside.ask(Reason::Requested);
            }
            Some(poller::start(inside, mark, interval))
        }
        EventListener::Once => {
            inside.ask(Reason::Start);
            None
        }
        EventListener::Webhook { .. } | EventListener::WebhooksOnly => None,
    }
}

async fn perform(inside: &Inside, task: Task, cursors: &mut Cursors) -> Ended {
    match task {
        Task::Full(reason) => {
            tracing::info!(reason = reason.name(), "a pass begins");
            full(inside, cursors).await
        }
        Task::Kind(kind) => part(inside, kind, cursors).await,
    }
}

async fn full(inside: &Inside, cursors: &mut Cursors) -> Ended {
    inside.passes.send_modify(|passes| passes.begun += 1);
    let began = Timestamp::now();
    let request = Request {
        schedule: schedule(&inside.settings),
        interlock: inside.interlock.clone(),
        ..inside.request.clone()
    };
    let report = pass(inside, &request).await;
    // What could not be shown was told; the next report may find room again.
    (inside.show)(&report);
    inside.metrics.passed(&report, Extent::Full);
    if report.catalog.calls > 0 && !matches!(report.exit, Exit::Permission | Exit::Unavailable) {
        inside.token_obtained.store(true, Ordering::Relaxed);
    }
    for row in report.kinds.iter().filter(|row| row.verdict.is_complete()) {
        cursors.seen(inside, row.kind, began).await;
    }
    *inside.last.lock().unwrap_or_else(PoisonError::into_inner) = Some(last(&report));
    inside.passes.send_modify(|passes| {
        passes.ended = passes.begun;
        passes.last = Some(report.exit);
    });
    ended(report.exit)
}

/// A look at one kind: what has changed of alerts and incidents, all of the others. Nothing is deleted.
async fn part(inside: &Inside, kind: Kind, cursors: &mut Cursors) -> Ended {
    let changed_since = match kind {
        Kind::Alert | Kind::Incident => match cursors.since(kind) {
            Some(since) => Some(since),
            // Nothing was ever seen whole: that is for a full pass.
            None => return Ended::Done,
        },
        _ => None,
    };
    let began = Timestamp::now();
    let request = Request {
        only: [kind].into(),
        deletion: Permission::Never,
        changed_since,
        shown: Shown::Nowhere,
        schedule: schedule(&inside.settings),
        interlock: inside.interlock.clone(),
        ..inside.request.clone()
    };
    let report = pass(inside, &request).await;
    inside.metrics.passed(&report, Extent::Part);
    let row = report.kinds.iter().find(|row| row.kind == kind);
    match (report.exit, row) {
        (Exit::Done, Some(row)) => {
            tracing::info!(%kind, listed = row.listed, created = row.created, updated = row.updated, "looked at");
            cursors.seen(inside, kind, began).await;
        }
        (Exit::Done, None) => tracing::debug!(%kind, "no resource maps it"),
        (exit, _) => {
            for cause in &report.causes {
                tracing::warn!(%kind, exit = exit.name(), "{}", cause.detail());
            }
        }
    }
    ended(report.exit)
}

async fn pass(inside: &Inside, request: &Request) -> Report {
    let signal = inside.signal.clone();
    sync::run(&inside.settings, &inside.sides, request, &inside.stop, || signal()).await
}

/// What a guard keeps or the catalog refuses is the same in a minute; what was not seen may be seen then.
fn ended(exit: Exit) -> Ended {
    match exit {
        Exit::Done | Exit::Guarded | Exit::Refused | Exit::Mismatch | Exit::Due => Ended::Done,
        Exit::Unexpected
        | Exit::Configuration
        | Exit::Permission
        | Exit::Incomplete
        | Exit::Unavailable
        | Exit::Interrupted
        | Exit::Terminated => Ended::Failed,
    }
}

fn last(report: &Report) -> page::Last {
    let row = |row: &crate::report::KindReport| page::Row {
        kind: row.kind.name(),
        listed: row.listed,
        created: row.created,
        updated: row.updated,
        unchanged: row.unchanged,
        deleted: row.deleted,
        verdict: crate::model::Gap::sum_up(row.verdict.gaps()),
    };
    page::Last {
        exit: report.exit,
        ended: Timestamp::now(),
        duration: report.duration,
        rows: report.kinds.iter().map(row).collect(),
    }
}

/// When the pass after this one is due, for the catalog's pages.
fn schedule(settings: &Settings) -> Option<Schedule> {
    let interval = settings.resync_interval?;
    let next = Timestamp::now().checked_add(SignedDuration::try_from(interval).ok()?).ok()?;
    Some(Schedule { next, interval_minutes: u32::try_from(interval.as_secs() / 60).ok()? })
}

/// Until when each kind was seen whole.
struct Cursors(BTreeMap<Kind, Timestamp>);

impl Cursors {
    /// With a state directory, what was kept; never more than a full pass would see anyway.
    fn new(_inside: &Inside, kept: Vec<(String, i64)>) -> Self {
        let kept = kept
            .into_iter()
            .filter_map(|(kind, at_ms)| Some((kind.parse().ok()?, Timestamp::from_millisecond(at_ms).ok()?)));
        Self(kept.collect())
    }

    fn since(&self, kind: Kind) -> Option<Timestamp> {
        self.0.get(&kind)?.checked_sub(OVERLAP).ok()
    }

    async fn seen(&mut self, inside: &Inside, kind: Kind, at: Timestamp) {
        self.0.insert(kind, at);
        if let Some(store) = inside.queue.store() {
            store.cursor(kind.name(), at.as_millisecond()).await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Sources;

    fn settings(listener: &str) -> Settings {
        let sources = Sources::from_variables([
            ("OCEAN__EVENT_LISTENER__TYPE", listener.to_owned()),
            ("OCEAN__SCHEDULED_RESYNC_INTERVAL", "60".to_owned()),
            ("OCEAN__SCHEDULE__ALERT", "5m".to_owned()),
        ]);
        Settings::resolve_offline(&sources).unwrap().0
    }

    #[test]
    fn only_events_means_no_passes_by_the_clock() {
        let hour = Some(Duration::from_secs(3600));
        assert_eq!((interval(&settings("POLLING")), kinds(&settings("POLLING")).len()), (hour, 1));
        assert_eq!(
            (interval(&settings("WEBHOOKS_ONLY")), kinds(&settings("WEBHOOKS_ONLY")).len()),
            (None, 0)
        );
    }
}
