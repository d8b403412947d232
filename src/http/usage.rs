//! What a client has used up.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Counts of one client since it was made or made fresh.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// Requests sent, repetitions included.
    pub calls: u64,
    /// Repetitions among them.
    pub retries: u64,
    /// Answers 429.
    pub throttled: u64,
    /// Bytes of request bodies.
    pub bytes_out: u64,
    /// Bytes of answer bodies, decompressed.
    pub bytes_in: u64,
    /// Time spent waiting before repetitions, summed over calls (calls in parallel count each).
    pub waited: Duration,
    /// Time spent waiting for a turn under a pace, summed likewise.
    pub paced: Duration,
}

/// The counters behind [`Usage`].
#[derive(Debug, Default)]
pub(super) struct Meter {
    calls: AtomicU64,
    retries: AtomicU64,
    throttled: AtomicU64,
    bytes_out: AtomicU64,
    bytes_in: AtomicU64,
    waited_micros: AtomicU64,
    paced_micros: AtomicU64,
}

impl Meter {
    pub(super) fn sent(&self, attempt: u32, bytes: usize) {
        add(&self.calls, 1);
        add(&self.retries, u64::from(attempt > 1));
        add(&self.bytes_out, bytes as u64);
    }

    pub(super) fn received(&self, bytes: usize) {
        add(&self.bytes_in, bytes as u64);
    }

    pub(super) fn throttled(&self) {
        add(&self.throttled, 1);
    }

    pub(super) fn waited(&self, time: Duration) {
        add(&self.waited_micros, micros(time));
    }

    pub(super) fn paced(&self, time: Duration) {
        add(&self.paced_micros, micros(time));
    }

    pub(super) fn read(&self) -> Usage {
        let get = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Usage {
            calls: get(&self.calls),
            retries: get(&self.retries),
            throttled: get(&self.throttled),
            bytes_out: get(&self.bytes_out),
            bytes_in: get(&self.bytes_in),
            waited: Duration::from_micros(get(&self.waited_micros)),
            paced: Duration::from_micros(get(&self.paced_micros)),
        }
    }
}

fn add(counter: &AtomicU64, amount: u64) {
    counter.fetch_add(amount, Ordering::Relaxed);
}

fn micros(time: Duration) -> u64 {
    u64::try_from(time.as_micros()).unwrap_or(u64::MAX)
}
