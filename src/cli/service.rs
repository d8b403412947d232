//! `POLLING`: a pass at the start and at every interval, until stopped. A failed pass never ends the loop.

use jiff::{SignedDuration, Timestamp};

use crate::catalog::Schedule;
use crate::config::{EventListener, Settings};
use crate::http::Proxy;
use crate::report::Exit;

use super::arguments::{OutputArguments, SyncArguments};
use super::show;
use super::stop::Stop;
use super::sync::{connect, pass, request};

/// Runs passes until stopped.
pub(super) async fn poll(
    settings: &Settings,
    arguments: &SyncArguments,
    output: &OutputArguments,
    stop: &Stop,
) -> Exit {
    let sides = match connect(settings, &Proxy::System, stop) {
        Ok(sides) => sides,
        Err(exit) => return exit,
    };
    let mut due = match settings.listener {
        EventListener::Polling { resync_on_start: false, .. } => Due::NextInterval,
        _ => Due::Now,
    };
    if settings.resync_interval.is_none() {
        tracing::info!(
            "no OCEAN__SCHEDULED_RESYNC_INTERVAL: one pass at the start, then waiting to be stopped"
        );
    }
    loop {
        if due == Due::Now {
            let report =
                pass(settings, &sides, &request(settings, &arguments.scope, schedule(settings)), stop).await;
            // What could not be shown was told; the next report may find room again.
            let _told: Result<(), Exit> = show(&report, output);
        }
        due = Due::Now;
        tokio::select! {
            () = stop.first.cancelled() => {
                return stop.signal().map_or(Exit::Terminated, |signal| crate::report::Cause::Stopped(signal).exit());
            }
            () = interval(settings) => {}
        }
    }
}

/// Whether the first pass runs at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Due {
    Now,
    NextInterval,
}

/// The time to the next pass; for ever when no interval is set.
async fn interval(settings: &Settings) {
    match settings.resync_interval {
        Some(interval) => tokio::time::sleep(interval).await,
        None => std::future::pending().await,
    }
}

/// When the pass after this one is due, for the catalog's pages.
fn schedule(settings: &Settings) -> Option<Schedule> {
    let interval = settings.resync_interval?;
    let next = Timestamp::now().checked_add(SignedDuration::try_from(interval).ok()?).ok()?;
    Some(Schedule { next, interval_minutes: u32::try_from(interval.as_secs() / 60).ok()? })
}
