//! How much time a pass loses to one expression: what is stopped for record after record would hold it up for hours.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// An expression may be stopped until this many times its time limit is lost; then it is tried no more in this pass.
const TIME_LIMITS: u32 = 2;

/// The time that evaluations of an expression took which were stopped. Clones share it.
#[derive(Clone, Debug, Default)]
pub(super) struct Patience {
    lost_us: Arc<AtomicU64>,
}

impl Patience {
    /// Notes an evaluation that was stopped.
    pub(super) fn lose(&self, took: Duration) {
        let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX / 2);
        self.lost_us.fetch_add(micros, Ordering::Relaxed);
    }

    /// Whether too much was lost, for an evaluation that may take so long.
    pub(super) fn is_over(&self, time_limit: Duration) -> bool {
        let lost = self.lost_us.load(Ordering::Relaxed);
        lost > 0 && Duration::from_micros(lost) >= time_limit.saturating_mul(TIME_LIMITS)
    }
}
