//! Whether to send again, and when: a pure decision. Nothing here waits.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use jiff::Timestamp;
use reqwest::header::HeaderMap;

use super::{Failure, Repeat};

/// How much patience a client has.
#[derive(Clone, Debug, PartialEq)]
pub struct Policy {
    /// The first wait of the exponential series; the real one is drawn between nothing and this.
    pub first_wait: Duration,
    /// The longest wait of the exponential series.
    pub longest_wait: Duration,
    /// How often a request is sent at most when it fails in other ways than being throttled.
    pub attempts: u32,
    /// The longest one call may spend waiting, throttled or not.
    pub call_budget: Duration,
    /// The longest all calls of a pass may spend waiting together, being throttled not counted: that is the other
    /// side's wish, and each call's own budget bounds it.
    pub pass_budget: Duration,
}

/// Eight attempts wait 16 seconds on average, which survives a restart on the other side. A minute bucket that was
/// emptied by someone else may take two of its periods to let us in: hence three minutes for one call.
impl Default for Policy {
    fn default() -> Self {
        Self {
            first_wait: Duration::from_millis(250),
            longest_wait: Duration::from_secs(30),
            attempts: 8,
            call_budget: Duration::from_secs(3 * 60),
            pass_budget: Duration::from_secs(15 * 60),
        }
    }
}

/// What came of one attempt.
#[derive(Clone, Copy, Debug)]
pub(super) enum Outcome<'a> {
    /// A status with its headers.
    Status(u16, &'a HeaderMap),
    /// No whole answer.
    Failure(&'a Failure),
}

/// What the decision rests on.
#[derive(Clone, Copy, Debug)]
pub(super) struct Trial<'a> {
    pub(super) repeat: Repeat,
    pub(super) outcome: Outcome<'a>,
    /// Which attempt this was, from 1.
    pub(super) attempt: u32,
    /// What this call has spent waiting so far.
    pub(super) call_spent: Duration,
    /// What all calls of the pass have spent waiting so far.
    pub(super) pass_spent: Duration,
    /// For dates in headers.
    pub(super) now: Timestamp,
}

/// What to do next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Send again after this long.
    Retry(Duration),
    /// Hand over what came.
    Stop(Reason),
}

/// Why not again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reason {
    /// The answer is final.
    Final,
    /// The request must not be repeated.
    NotRepeatable,
    /// It was tried often enough.
    Attempts,
    /// The call has no time left for the wait.
    CallBudget,
    /// The pass has none.
    PassBudget,
}

/// The server asked for fewer calls.
pub(super) const TOO_MANY_REQUESTS: u16 = 429;

/// Statuses that may pass by themselves.
fn is_passing(status: u16) -> bool {
    matches!(status, 408 | TOO_MANY_REQUESTS | 500 | 502 | 503 | 504)
}

/// Decides about one attempt.
pub(super) fn verdict(policy: &Policy, trial: &Trial<'_>, dice: &Dice) -> Verdict {
    let passing = match trial.outcome {
        Outcome::Status(status, _) => is_passing(status),
        Outcome::Failure(failure) => failure.is_passing(),
    };
    if !passing {
        return Verdict::Stop(Reason::Final);
    }
    if trial.repeat == Repeat::Never {
        return Verdict::Stop(Reason::NotRepeatable);
    }
    let throttled = matches!(trial.outcome, Outcome::Status(TOO_MANY_REQUESTS, _));
    if !throttled && trial.attempt >= policy.attempts {
        return Verdict::Stop(Reason::Attempts);
    }
    let hint = match trial.outcome {
        Outcome::Status(status, headers) => hint(status, headers, trial.now),
        Outcome::Failure(_) => None,
    };
    let wait = match hint {
        // A little more than asked, so that calls refused together do not come back together.
        Some(hint) => hint + dice.below(Duration::from_millis(50).max(hint / 10).min(Duration::from_secs(1))),
        None => dice.below(ceiling(policy, trial.attempt)),
    };
    if trial.call_spent + wait > policy.call_budget {
        return Verdict::Stop(Reason::CallBudget);
    }
    if !throttled && trial.pass_spent + wait > policy.pass_budget {
        return Verdict::Stop(Reason::PassBudget);
    }
    Verdict::Retry(wait)
}

/// The ceiling of the exponential series after `attempt`.
fn ceiling(policy: &Policy, attempt: u32) -> Duration {
    let factor = 1_u32.checked_shl(attempt.saturating_sub(1)).unwrap_or(u32::MAX);
    policy.first_wait.saturating_mul(factor).min(policy.longest_wait)
}

/// Numbers above this are instants (seconds since 1970), below it they are seconds from now.
const EPOCH_FROM: i64 = 1_000_000_000;

/// What the server said about when to come back; nothing when it said nothing or "now".
///
/// Opsgenie names the emptied bucket in `X-RateLimit-Period-In-Sec` (1 or 60), Port the end of the window in
/// `x-ratelimit-reset` (its documentation has both seconds and epoch seconds). Both are sent with good answers too, so
/// they count only on 429.
pub(super) fn hint(status: u16, headers: &HeaderMap, now: Timestamp) -> Option<Duration> {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).map(str::trim);
    let told = text("retry-after").and_then(|text| after(text, now));
    let limited = || {
        text("x-ratelimit-period-in-sec")
            .and_then(|text| after_seconds(text, now))
            .or_else(|| text("x-ratelimit-reset").and_then(|text| after(text, now)))
    };
    told.or_else(|| if status == TOO_MANY_REQUESTS { limited() } else { None }).filter(|wait| !wait.is_zero())
}

fn after(text: &str, now: Timestamp) -> Option<Duration> {
    after_seconds(text, now).or_else(|| after_date(text, now))
}

fn after_seconds(text: &str, now: Timestamp) -> Option<Duration> {
    let seconds: f64 = text.parse().ok().filter(|seconds: &f64| seconds.is_finite())?;
    #[expect(clippy::cast_precision_loss, reason = "an instant of this millennium is exact in a double")]
    let seconds =
        if seconds >= EPOCH_FROM as f64 { seconds - now.as_millisecond() as f64 / 1000.0 } else { seconds };
    Some(Duration::try_from_secs_f64(seconds).unwrap_or_default())
}

fn after_date(text: &str, now: Timestamp) -> Option<Duration> {
    let then =
        jiff::fmt::rfc2822::DateTimeParser::new().parse_timestamp(text).ok().or_else(|| text.parse().ok())?;
    Some(Duration::try_from(then.duration_since(now)).unwrap_or_default())
}

/// Chance with a seed: spreads retries, and repeats itself in tests.
#[derive(Debug)]
pub(super) struct Dice(AtomicU64);

impl Dice {
    pub(super) fn new(seed: u64) -> Self {
        Self(AtomicU64::new(seed))
    }

    /// A time between nothing and `most`.
    fn below(&self, most: Duration) -> Duration {
        // SplitMix64 (Steele, Lea, Flood: Fast splittable pseudorandom number generators, 2014).
        const STEP: u64 = 0x9e37_79b9_7f4a_7c15;
        let mut z = self.0.fetch_add(STEP, Ordering::Relaxed).wrapping_add(STEP);
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^= z >> 31;
        #[expect(clippy::cast_precision_loss, reason = "53 bits are kept, and a double holds them")]
        let share = (z >> 11) as f64 / (1_u64 << 53) as f64;
        most.mul_f64(share)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use reqwest::header::{HeaderName, HeaderValue};

    use super::*;

    const NOW: &str = "2026-11-20T00:00:00Z";

    fn now() -> Timestamp {
        NOW.parse().unwrap()
    }

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        pairs.iter().map(|(k, v)| (HeaderName::from_static(k), HeaderValue::from_static(v))).collect()
    }

    fn trial(outcome: Outcome<'_>) -> Trial<'_> {
        Trial {
            repeat: Repeat::Safe,
            outcome,
            attempt: 1,
            call_spent: Duration::ZERO,
            pass_spent: Duration::ZERO,
            now: now(),
        }
    }

    fn decide(trial: &Trial<'_>) -> Verdict {
        verdict(&Policy::default(), trial, &Dice::new(7))
    }

    #[test]
    fn what_the_other_side_means_is_final() {
        let none = HeaderMap::new();
        for status in [200, 201, 207, 301, 400, 401, 402, 403, 404, 405, 409, 410, 413, 422, 501] {
            assert_eq!(
                decide(&trial(Outcome::Status(status, &none))),
                Verdict::Stop(Reason::Final),
                "{status}"
            );
        }
        let refused = Failure::Certificate("unknown issuer".into());
        assert_eq!(decide(&trial(Outcome::Failure(&refused))), Verdict::Stop(Reason::Final));
    }

    #[test]
    fn what_passes_is_sent_again() {
        let none = HeaderMap::new();
        for status in [408, 429, 500, 502, 503, 504] {
            assert!(matches!(decide(&trial(Outcome::Status(status, &none))), Verdict::Retry(_)), "{status}");
        }
        let cut = Failure::Broken("cut".into());
        assert!(matches!(decide(&trial(Outcome::Failure(&cut))), Verdict::Retry(_)));
    }

    #[test]
    fn what_must_not_be_repeated_is_not() {
        let none = HeaderMap::new();
        for outcome in [Outcome::Status(429, &none), Outcome::Status(503, &none)] {
            let trial = Trial { repeat: Repeat::Never, ..trial(outcome) };
            assert_eq!(decide(&trial), Verdict::Stop(Reason::NotRepeatable));
        }
    }

    #[test]
    fn attempts_end_except_under_throttling() {
        let none = HeaderMap::new();
        let last = Policy::default().attempts;
        let failing = Trial { attempt: last, ..trial(Outcome::Status(500, &none)) };
        assert_eq!(decide(&failing), Verdict::Stop(Reason::Attempts));
        let throttled = Trial { attempt: last, ..trial(Outcome::Status(429, &none)) };
        assert!(matches!(decide(&throttled), Verdict::Retry(_)));
    }

    #[test]
    fn a_wait_beyond_the_budget_is_not_begun() {
        let minute = headers(&[("x-ratelimit-period-in-sec", "60")]);
        let spent = Trial { call_spent: Duration::from_secs(150), ..trial(Outcome::Status(429, &minute)) };
        assert_eq!(decide(&spent), Verdict::Stop(Reason::CallBudget));
        let late = headers(&[("retry-after", "120")]);
        let spent = Trial { pass_spent: Duration::from_secs(14 * 60), ..trial(Outcome::Status(503, &late)) };
        assert_eq!(decide(&spent), Verdict::Stop(Reason::PassBudget));
    }

    #[test]
    fn hints_are_read_in_every_form() {
        let seconds = |status, pairs: &[(&'static str, &'static str)]| {
            hint(status, &headers(pairs), now()).map(|wait| wait.as_secs())
        };
        assert_eq!(seconds(503, &[("retry-after", "90")]), Some(90));
        assert_eq!(seconds(429, &[("retry-after", "Fri, 20 Nov 2026 00:00:30 GMT")]), Some(30));
        assert_eq!(seconds(429, &[("x-ratelimit-period-in-sec", "60")]), Some(60));
        assert_eq!(seconds(429, &[("x-ratelimit-reset", "12")]), Some(12));
        assert_eq!(seconds(429, &[("x-ratelimit-reset", "1795132815")]), Some(15));
        assert_eq!(seconds(429, &[("retry-after", "2"), ("x-ratelimit-reset", "12")]), Some(2));
        assert_eq!(seconds(429, &[("retry-after", "Thu, 19 Nov 2026 00:00:30 GMT")]), None);
        assert_eq!(seconds(429, &[("retry-after", "soon"), ("x-ratelimit-reset", "12")]), Some(12));
        assert_eq!(seconds(502, &[("x-ratelimit-reset", "300")]), None, "sent with every answer");
        assert_eq!(seconds(429, &[("retry-after", "-5")]), None);
        assert_eq!(seconds(429, &[("retry-after", "nan")]), None);
    }

    #[test]
    fn a_hinted_wait_is_never_shorter_than_asked() {
        let asked = headers(&[("x-ratelimit-period-in-sec", "1")]);
        for seed in 0..100 {
            let verdict = verdict(&Policy::default(), &trial(Outcome::Status(429, &asked)), &Dice::new(seed));
            let Verdict::Retry(wait) = verdict else { panic!("{verdict:?}") };
            assert!((1000..=1100).contains(&wait.as_millis()), "{wait:?}");
        }
    }

    proptest! {
        #[test]
        fn no_header_breaks_the_decision(status: u16, name in 0..3_usize, text in "[ -~]{0,40}", attempt in 1..u32::MAX) {
            let names = ["retry-after", "x-ratelimit-period-in-sec", "x-ratelimit-reset"];
            let mut map = HeaderMap::new();
            map.insert(HeaderName::from_static(names[name]), HeaderValue::from_str(&text).unwrap());
            let trial = Trial { attempt, ..trial(Outcome::Status(status, &map)) };
            if let Verdict::Retry(wait) = decide(&trial) {
                prop_assert!(wait <= Policy::default().call_budget);
            }
        }

        #[test]
        fn chance_stays_in_bounds(seed: u64, most in 0..100_000_u64) {
            let most = Duration::from_millis(most);
            prop_assert!(Dice::new(seed).below(most) <= most);
        }
    }
}
