//! How long an event waits for a side that is unavailable, and when a side is left alone.

use std::time::{Duration, Instant};

/// Waits before each further try, in seconds: three rounds, of seconds, of seconds, of minutes.
const WAITS: [u64; 16] = [1, 3, 5, 10, 10, 0, 1, 3, 5, 30, 60, 60, 180, 300, 600, 1800];

/// How long to wait after so many tries; none when there were enough.
pub(super) fn wait_after(tries: u32) -> Option<Duration> {
    let index = usize::try_from(tries.checked_sub(1)?).ok()?;
    WAITS.get(index).map(|seconds| Duration::from_secs(*seconds))
}

/// One bucket of deliveries.
const BUCKET: Duration = Duration::from_secs(60 * 60);

/// Twelve hours.
const BUCKETS: usize = 12;

/// Fewer deliveries say nothing.
const FEWEST: u64 = 20;

/// From this share of failed deliveries on, in percent, a target is left alone.
const FAILED_PERCENT: u64 = 60;

/// A target that is left alone is tried again in such intervals.
const PROBE: Duration = Duration::from_secs(10 * 60);

/// What became of the deliveries of the last twelve hours, and whether the target is left alone. No clock of its own.
#[derive(Debug)]
pub(super) struct Deliveries {
    buckets: [Counts; BUCKETS],
    /// Where the newest bucket begins.
    since: Instant,
    /// When the target is tried again, while it is left alone.
    probe_at: Option<Instant>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Counts {
    done: u64,
    failed: u64,
}

/// What a delivery changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Turn {
    /// Nothing.
    None,
    /// The target is left alone from now on.
    Paused,
    /// The target is back.
    Resumed,
}

/// Whether a delivery reached its target.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Delivery {
    /// It did, whatever the answer was.
    Done,
    /// It did not.
    Failed,
}

impl Deliveries {
    pub(super) fn new(now: Instant) -> Self {
        Self { buckets: [Counts::default(); BUCKETS], since: now, probe_at: None }
    }

    /// Notes a delivery.
    pub(super) fn note(&mut self, delivery: Delivery, now: Instant) -> Turn {
        self.shift(now);
        match delivery {
            Delivery::Done => self.buckets[0].done += 1,
            Delivery::Failed => self.buckets[0].failed += 1,
        }
        match (self.probe_at, delivery) {
            (Some(_), Delivery::Done) => {
                *self = Self::new(now);
                Turn::Resumed
            }
            (Some(_), Delivery::Failed) => {
                self.probe_at = Some(now + PROBE);
                Turn::None
            }
            (None, Delivery::Failed) if self.too_many_failed() => {
                self.probe_at = Some(now + PROBE);
                Turn::Paused
            }
            (None, _) => Turn::None,
        }
    }

    /// When the next delivery may be tried; none when at once.
    pub(super) fn probe_at(&self) -> Option<Instant> {
        self.probe_at
    }

    fn too_many_failed(&self) -> bool {
        let done: u64 = self.buckets.iter().map(|counts| counts.done).sum();
        let failed: u64 = self.buckets.iter().map(|counts| counts.failed).sum();
        let all = done + failed;
        all >= FEWEST && failed * 100 >= all * FAILED_PERCENT
    }

    fn shift(&mut self, now: Instant) {
        while now.duration_since(self.since) >= BUCKET {
            self.buckets.rotate_right(1);
            self.buckets[0] = Counts::default();
            self.since += BUCKET;
            // After a long silence nothing of it is left anyway.
            if now.duration_since(self.since) > BUCKET * 24 {
                self.buckets = [Counts::default(); BUCKETS];
                self.since = now;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ladder_has_three_rounds() {
        let waits: Vec<u64> = (1..).map_while(wait_after).map(|wait| wait.as_secs()).collect();
        assert_eq!(waits[..5], [1, 3, 5, 10, 10]);
        assert_eq!(waits[5..10], [0, 1, 3, 5, 30]);
        assert_eq!(waits[10..], [60, 60, 180, 300, 600, 1800]);
        assert_eq!(wait_after(0), None);
    }

    #[test]
    fn a_target_is_left_alone_when_most_deliveries_fail_and_is_tried_again() {
        let begin = Instant::now();
        let mut deliveries = Deliveries::new(begin);
        for _ in 0..8 {
            assert_eq!(deliveries.note(Delivery::Done, begin), Turn::None);
        }
        let turns: Vec<Turn> = (0..12).map(|_| deliveries.note(Delivery::Failed, begin)).collect();
        assert_eq!(turns.iter().filter(|turn| **turn == Turn::Paused).count(), 1);
        assert_eq!(turns.last(), Some(&Turn::Paused), "60 % of twenty");
        let probe = deliveries.probe_at().unwrap();
        assert!(probe > begin);
        assert_eq!(deliveries.note(Delivery::Failed, probe), Turn::None);
        let later = deliveries.probe_at().unwrap();
        assert!(later > probe);
        assert_eq!(deliveries.note(Delivery::Done, later), Turn::Resumed);
        assert_eq!(deliveries.probe_at(), None);
        assert_eq!(deliveries.note(Delivery::Failed, later), Turn::None, "what was before is forgotten");
    }

    #[test]
    fn what_is_older_than_twelve_hours_does_not_count() {
        let begin = Instant::now();
        let mut deliveries = Deliveries::new(begin);
        for _ in 0..19 {
            deliveries.note(Delivery::Failed, begin);
        }
        let later = begin + BUCKET * 12;
        assert_eq!(deliveries.note(Delivery::Failed, later), Turn::None);
        let much_later = later + BUCKET * 1000;
        assert_eq!(deliveries.note(Delivery::Failed, much_later), Turn::None);
    }

    #[test]
    fn few_deliveries_say_nothing() {
        let now = Instant::now();
        let mut deliveries = Deliveries::new(now);
        assert!((0..19).all(|_| deliveries.note(Delivery::Failed, now) == Turn::None));
        assert_eq!(deliveries.note(Delivery::Failed, now), Turn::Paused);
    }
}
