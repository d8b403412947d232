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
        self.state().expect(rate);
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

/// Calls at once before anything is known.
const GENTLE: f64 = 2.0;
/// An answer is quick below this, or below [`SLOWER`] times the quickest so far. Opsgenie delays calls before it refuses.
const QUICK: Duration = Duration::from_millis(400);
const SLOWER: u32 = 4;
/// What is taken off the rate that was really served.
const MARGIN: f64 = 0.9;
/// No server allows less; and no measurement error may stop us for good.
const SLOWEST: f64 = 0.2;
/// The period of a refusal that names none: the shorter of Opsgenie's two.
const PERIOD: Duration = Duration::from_secs(1);
/// How much faster each climbing step is, and how much faster each probe.
const CLIMB: f64 = 1.5;
const PROBE: f64 = 1.08;
/// Climbing takes a step whenever it was served for this long; a settled rate is probed only after that many answers.
const CLIMB_AFTER: Duration = Duration::from_millis(500);
const PROBE_AFTER: u32 = 200;
/// Instants of answers kept for measuring: more than a minute at any rate that a limit of ours ever had.
const REMEMBERED: usize = 8192;

/// Where we are with the rate.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Search {
    /// Nothing was refused yet.
    Free,
    /// Below the limit, on the way up; the last step was taken then.
    Climbing(Instant),
    /// At the limit as far as we know; served this many since.
    Settled(u32),
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
        }
    }

    fn expect(&mut self, rate: f64) {
        if rate.is_finite() && rate > 0.0 {
            self.rate = Some((rate * MARGIN).max(SLOWEST));
            self.search = Search::Settled(0);
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
            self.allowed = (self.allowed + 1.0).min(self.most);
        } else {
            self.allowed = (self.allowed - 0.5).max(1.0);
        }
        let Some(rate) = self.rate else { return };
        match &mut self.search {
            Search::Free => {}
            Search::Climbing(since) => {
                if now.duration_since(*since) >= CLIMB_AFTER {
                    *since = now;
                    self.rate = Some(rate * CLIMB);
                }
            }
            Search::Settled(count) => {
                *count += 1;
                if *count >= PROBE_AFTER {
                    *count = 0;
                    self.rate = Some(rate * PROBE);
                }
            }
        }
    }

    fn note_refused(&mut self, wait: Option<Duration>, sent: Instant, now: Instant) {
        let period = wait.unwrap_or(PERIOD).max(PERIOD);
        self.blocked = self.blocked.max(now + wait.unwrap_or(PERIOD));
        if sent < self.heard {
            return;
        }
        self.heard = now;
        let measured = self.measure(period, now);
        let rate = match (self.search, self.rate) {
            // A burst says little about the rate: take what the period gave as a floor, and climb.
            (Search::Free, _) | (_, None) => {
                self.search = Search::Climbing(self.blocked);
                measured
            }
            (Search::Climbing(_) | Search::Settled(_), Some(rate)) => {
                self.search = Search::Settled(0);
                // Tokens saved up while we were slow make the measurement too high, so never above what was refused.
                (measured * MARGIN).min(rate * MARGIN)
            }
        };
        let rate = rate.max(SLOWEST);
        tracing::debug!(budget = self.name, rate, wait_ms = (self.blocked - now).as_millis(), "throttled");
        self.rate = Some(rate);
        self.next = self.blocked;
    }

    /// Calls a second that were really served over the last `period`.
    fn measure(&self, period: Duration, now: Instant) -> f64 {
        let served = self.served.iter().rev().take_while(|&&at| now.duration_since(at) < period).count();
        f64::from(u32::try_from(served).unwrap_or(u32::MAX)) / period.as_secs_f64()
    }
}
