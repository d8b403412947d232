//! `POLLING`: looks for a request to resync, and whether somebody has edited the mapping.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use jiff::Timestamp;
use tokio_util::task::AbortOnDropHandle;
use xxhash_rust::xxh3::xxh3_128;

use super::Inside;
use super::agenda::Reason;
use crate::catalog::{Error, Integration};

/// What was seen last.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Mark {
    /// The newest request that was served, or that our own start has caused.
    pub(super) requested: Option<Timestamp>,
    /// The mapping.
    pub(super) mapping: Option<u128>,
}

impl Mark {
    /// What is there now.
    pub(super) async fn read(inside: &Inside) -> Result<Self, Error> {
        let requested = inside.sides.catalog.resync_requested().await?;
        inside.token_obtained.store(true, Ordering::Relaxed);
        let integration = inside.sides.catalog.integration().await?;
        Ok(Self { requested, mapping: integration.as_ref().and_then(Integration::config).map(print) })
    }

    /// Why a pass should run, when this was seen last and `now` is there.
    pub(super) fn reason(&self, now: &Self) -> Option<Reason> {
        // A mapping that went away is no mapping to run.
        let edited = now.mapping.is_some() && self.mapping.is_some() && now.mapping != self.mapping;
        let requested = match (self.requested, now.requested) {
            (_, None) => false,
            (None, Some(_)) => true,
            (Some(before), Some(after)) => after > before,
        };
        match (edited, requested) {
            (true, _) => Some(Reason::Mapping),
            (false, true) => Some(Reason::Requested),
            (false, false) => None,
        }
    }
}

fn print(config: &serde_json::Value) -> u128 {
    xxh3_128(config.to_string().as_bytes())
}

/// Looks every `interval`, from `mark` on.
pub(super) fn start(inside: &Arc<Inside>, mark: Mark, interval: Duration) -> AbortOnDropHandle<()> {
    let inside = inside.clone();
    let mut mark = mark;
    AbortOnDropHandle::new(tokio::spawn(async move {
        loop {
            tokio::time::sleep(interval).await;
            match Mark::read(&inside).await {
                Ok(now) => {
                    if let Some(reason) = mark.reason(&now) {
                        if reason == Reason::Mapping {
                            inside.live.lay_anew().await;
                        }
                        inside.ask(reason);
                    }
                    mark = now;
                }
                Err(error) => tracing::warn!(%error, "looking again later"),
            }
        }
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mark(requested: Option<&str>, mapping: Option<u128>) -> Mark {
        Mark { requested: requested.map(|text| text.parse().unwrap()), mapping }
    }

    #[test]
    fn only_what_is_new_is_a_reason() {
        let (early, late) = (Some("2026-01-01T00:00:00Z"), Some("2026-01-01T00:00:01Z"));
        for (before, now, reason) in [
            (mark(None, None), mark(None, None), None),
            (mark(None, Some(1)), mark(early, Some(1)), Some(Reason::Requested)),
            (mark(early, Some(1)), mark(early, Some(1)), None),
            (mark(late, Some(1)), mark(early, Some(1)), None),
            (mark(early, Some(1)), mark(late, Some(1)), Some(Reason::Requested)),
            (mark(early, Some(1)), mark(late, Some(2)), Some(Reason::Mapping)),
            (mark(early, Some(1)), mark(early, None), None),
            (mark(early, None), mark(early, Some(2)), None),
        ] {
            assert_eq!(before.reason(&now), reason, "{before:?} {now:?}");
        }
    }
}
