//! How fast a server lets us go: found out by listening to it.
//!
//! Calls begin one or two at a time; while answers stay quick, more go out together. The first refusal (429) says that
//! calls are counted: from then on they leave at an even rate, which starts from what was really served and is probed
//! upwards, quickly at first, seldom once a second refusal has told where the limit is.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::Instant;

/// A pace that several clients may share: one for each budget that the server keeps. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Pace(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    state: Mutex<State>,
    changed: Notify,
}

impl Pace {
    /// A pace for the budget `name` (for logs) with at most `most_in_flight` calls at once.
    pub fn new(name: &'static str, most_in_flight: usize) -> Self {
        let state = State::new(name, most_in_flight.max(1), Instant::now());
        Self(Arc::new(Shared { state: Mutex::new(state), changed: Notify::new() }))
    }

    /// The rate found out so far, in calls a second; nothing while nothing was refused.
    pub fn rate(&self) -> Option<f64> {
        self.state().rate
    }

    /// Starts from a rate that the server has stated itself, in calls a second.
    pub fn expect(&self, rate: f64) {
        self.state().expect(rate, Instant::now());
    }

    /// Waits for a turn.
    pub(super) async fn admit(&self) -> Ticket {
        loop {
            let changed = self.0.changed.notified();
            let mut changed = std::pin::pin!(changed);
            // Registered before looking, so that no change is missed in between.
            changed.as_mut().enable();
            let now = Instant::now();
            let admission = self.state().ask(now);
            match admission {
                Admission::Go => return Ticket { pace: self.clone(), sent: now, open: true },
                Admission::At(then) => {
                    tokio::select! {
                        () = tokio::time::sleep_until(then) => {}
                        () = changed => {}
                    }
                }
                Admission::Full => changed.await,
            }
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Nothing panics while it holds the lock; if it did, the numbers would still be usable.
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A turn that was given; says back what came of it. Dropped without a word it was given up.
#[derive(Debug)]
pub(super) struct Ticket {
    pace: Pace,
    sent: Instant,
    open: bool,
}

impl Ticket {
    pub(super) fn served(self) {
        self.close(Ending::Served);
    }

    /// Refused, with the wait that the server asked for.
    pub(super) fn refused(self, wait: Option<Duration>) {
        self.close(Ending::Refused(wait));
    }

    pub(super) fn failed(self) {
        self.close(Ending::Failed);
    }

    fn close(mut self, ending: Ending) {
        self.open = false;
        self.end(ending);
    }

    fn end(&self, ending: Ending) {
        self.pace.state().end(ending, self.sent, Instant::now());
        self.pace.0.changed.notify_waiters();
    }
}

impl Drop for Ticket {
    fn drop(&mut self) {
        if self.open {
            self.end(Ending::GivenUp);
        }
    }
}

/// How a call under a pace ended.
#[derive(Clone, Copy, Debug)]
enum Ending {
    Served,
    Refused(Option<Duration>),
    Failed,
    GivenUp,
}

/// The answer to "may I".
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Admission {
    Go,
    At(Instant),
    Full,
}

/// Calls at once before anything is known, and how many more each quick answer allows: half as many again with each
/// round trip or so, so that a first refusal hits a handful of calls.
const GENTLE: f64 = 2.0;
const GROWTH: f64 = 0.25;
/// An answer is quick below this, or below [`SLOWER`] times the quickest so far. Opsgenie delays calls before it
/// refuses any.
const QUICK: Duration = Duration::from_millis(400);
const SLOWER: u32 = 4;
/// What is taken off the rate that was really served.
const MARGIN: f64 = 0.9;
/// No server allows less; and no measurement error may stop us for good.
const SLOWEST: f64 = 0.2;
/// The period of a refusal that names none: the shorter of Opsgenie's two.
const PERIOD: Duration = Duration::from_secs(1);
/// A refusal that asks for no more than this is met by going slower; for a longer wait everybody stops.
const SHORT: Duration = Duration::from_secs(2);
/// After the first refusal the rate doubles at this interval, until the second.
const CLIMB: f64 = 2.0;
const CLIMB_EVERY: Duration = Duration::from_millis(250);
/// A settled rate is raised a little now and then; each refusal doubles the time until the next attempt.
const PROBE: f64 = 1.05;
const PROBE_FIRST: Duration = Duration::from_millis(500);
const PROBE_LAST: Duration = Duration::from_secs(120);
/// No limit of ours was ever higher; halving this so often finds a rate to a thousandth.
const FASTEST: f64 = 1_000.0;
const HALVINGS: usize = 20;
/// A bucket that refills more slowly than this share of what was served does not explain what was served.
const PLAUSIBLE: f64 = 0.5;
/// Instants of answers kept for measuring: more than a minute at any rate that a limit of ours ever had.
const REMEMBERED: usize = 8192;

/// Where we are with the rate.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Search {
    /// Nothing was refused yet.
    Free,
    /// Below the limit, on the way up; the last step was taken then.
    Climbing(Instant),
    /// About at the limit; the rate was last changed then, and is raised after this long without a refusal.
    Settled(Instant, Duration),
}

/// The decision, without waiting: everything takes the instant as an argument.
#[derive(Debug)]
struct State {
    name: &'static str,
    most: f64,
    allowed: f64,
    in_flight: u32,
    rate: Option<f64>,
    search: Search,
    next: Instant,
    blocked: Instant,
    /// Refusals of calls sent before this belong to a refusal that was already heard.
    heard: Instant,
    quickest: Duration,
    served: VecDeque<Instant>,
    bucket: Bucket,
}

/// What a server that gives out tokens at an even rate had left at some instant, and how many it saves up.
#[derive(Clone, Copy, Debug)]
struct Bucket {
    left: f64,
    at: Instant,
    most: f64,
}

impl State {
    fn new(name: &'static str, most_in_flight: usize, now: Instant) -> Self {
        let most = f64::from(u32::try_from(most_in_flight).unwrap_or(u32::MAX));
        Self {
            name,
            most,
            allowed: GENTLE.min(most),
            in_flight: 0,
            rate: None,
            search: Search::Free,
            next: now,
            blocked: now,
            heard: now,
            quickest: Duration::MAX,
            served: VecDeque::new(),
            bucket: Bucket { left: 0.0, at: now, most: 1.0 },
        }
    }

    fn expect(&mut self, rate: f64, now: Instant) {
        if rate.is_finite() && rate > 0.0 {
            self.rate = Some((rate * MARGIN).max(SLOWEST));
            self.search = Search::Settled(now, PROBE_FIRST);
        }
    }

    fn ask(&mut self, now: Instant) -> Admission {
        if f64::from(self.in_flight) >= self.allowed.floor() {
            return Admission::Full;
        }
        let at = self.blocked.max(if self.rate.is_some() { self.next } else { now });
        if at > now {
            return Admission::At(at);
        }
        if let Some(rate) = self.rate {
            self.next = self.next.max(now) + Duration::from_secs_f64(1.0 / rate);
        }
        self.in_flight += 1;
        Admission::Go
    }

    fn end(&mut self, ending: Ending, sent: Instant, now: Instant) {
        self.in_flight = self.in_flight.saturating_sub(1);
        match ending {
            Ending::Served => self.note_served(now.duration_since(sent), now),
            Ending::Refused(wait) => self.note_refused(wait, sent, now),
            Ending::Failed => self.allowed = (self.allowed / 2.0).max(1.0),
            Ending::GivenUp => {}
        }
    }

    fn note_served(&mut self, took: Duration, now: Instant) {
        if self.served.len() == REMEMBERED {
            self.served.pop_front();
        }
        self.served.push_back(now);
        self.quickest = self.quickest.min(took);
        if took <= QUICK.max(self.quickest.saturating_mul(SLOWER)) {
            self.allowed = (self.allowed + GROWTH).min(self.most);
        } else {
            self.allowed = (self.allowed - GROWTH).max(1.0);
        }
        let Some(rate) = self.rate else { return };
        match &mut self.search {
            Search::Free => {}
            Search::Climbing(since) => {
                if now.saturating_duration_since(*since) >= CLIMB_EVERY {
                    *since = now;
                    self.rate = Some(rate * CLIMB);
                }
            }
            Search::Settled(since, calm) => {
                if now.saturating_duration_since(*since) >= *calm {
                    *since = now;
                    self.rate = Some(rate * PROBE);
                }
            }
        }
    }

    fn note_refused(&mut self, wait: Option<Duration>, sent: Instant, now: Instant) {
        if sent < self.heard {
            return;
        }
        let wait = wait.unwrap_or(PERIOD);
        let silent = self.served.back().is_none_or(|&last| last < self.heard);
        self.heard = now;
        let measured = self.measure(wait.max(PERIOD), now);
        let (rate, search) = match (self.search, self.rate) {
            // A burst says little about the rate: what the period gave is a floor to climb from. It gives one at least.
            (Search::Free, _) | (_, None) => {
                self.bucket.most = f64::from(u32::try_from(self.served.len()).unwrap_or(u32::MAX)).max(1.0);
                let one = 1.0 / wait.max(PERIOD).as_secs_f64();
                (measured.max(one), Search::Climbing(now + wait))
            }
            (Search::Climbing(_), Some(_)) => {
                (self.found(measured, now) * MARGIN, Search::Settled(now, PROBE_FIRST))
            }
            (Search::Settled(_, calm), Some(rate)) => {
                let found = self.found(measured, now).min(rate);
                (found * MARGIN, Search::Settled(now, (calm * 2).min(PROBE_LAST)))
            }
        };
        let rate = rate.max(SLOWEST);
        // Calls that leave evenly free their places evenly: then going slower is enough.
        let everybody = self.search == Search::Free || silent || wait > SHORT;
        self.bucket = if everybody {
            self.blocked = self.blocked.max(now + wait);
            Bucket { left: self.bucket.most, at: self.blocked, ..self.bucket }
        } else {
            Bucket { left: 0.0, at: now, ..self.bucket }
        };
        tracing::debug!(budget = self.name, rate, wait_ms = wait.as_millis(), everybody, "throttled");
        self.rate = Some(rate);
        self.search = search;
        self.next = (now + Duration::from_secs_f64(1.0 / rate)).max(self.blocked);
    }

    /// The rate of the server: what a bucket would have to refill at, unless that contradicts what was served; then the
    /// server counts in another way, and what it served is what it allows.
    fn found(&self, measured: f64, now: Instant) -> f64 {
        let refill = self.refill(now);
        if refill < measured * PLAUSIBLE { measured } else { refill }
    }

    /// The rate at which a bucket of tokens would have had to fill so that it is empty now, after what it served.
    fn refill(&self, now: Instant) -> f64 {
        let Bucket { left, at, most } = self.bucket;
        if now.saturating_duration_since(at) < CLIMB_EVERY {
            return 0.0;
        }
        let left_at = |rate: f64| {
            let (mut tokens, mut then) = (left, at);
            for &served in self.served.iter().skip_while(|&&served| served <= at) {
                tokens = (tokens + rate * served.duration_since(then).as_secs_f64()).min(most) - 1.0;
                then = served;
            }
            tokens + rate * now.duration_since(then).as_secs_f64()
        };
        let (mut low, mut high) = (0.0, FASTEST);
        for _ in 0..HALVINGS {
            let middle = f64::midpoint(low, high);
            if left_at(middle) < 1.0 { low = middle } else { high = middle }
        }
        low
    }

    /// Calls a second that were really served over the last `period`.
    fn measure(&self, period: Duration, now: Instant) -> f64 {
        let served = self.served.iter().rev().take_while(|&&at| now.duration_since(at) < period).count();
        f64::from(u32::try_from(served).unwrap_or(u32::MAX)) / period.as_secs_f64()
    }
}

#[cfg(test)]
mod tests;
