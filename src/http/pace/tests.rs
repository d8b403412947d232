use std::cell::RefCell;

use futures::StreamExt as _;

use super::*;

/// A server that counts.
trait Limit {
    /// Serves, or names the wait.
    fn draw(&mut self, now: Instant) -> Result<(), Duration>;
}

struct Unlimited;

impl Limit for Unlimited {
    fn draw(&mut self, _now: Instant) -> Result<(), Duration> {
        Ok(())
    }
}

/// Tokens that come back at an even rate.
struct Tokens {
    rate: f64,
    burst: f64,
    left: f64,
    at: Instant,
    period: Duration,
}

impl Tokens {
    fn new(rate: f64, burst: f64, period_secs: u64) -> Self {
        let period = Duration::from_secs(period_secs);
        Self { rate, burst, left: burst, at: Instant::now(), period }
    }
}

impl Limit for Tokens {
    fn draw(&mut self, now: Instant) -> Result<(), Duration> {
        let rested = now.duration_since(self.at).as_secs_f64();
        self.at = now;
        self.left = (self.left + rested * self.rate).min(self.burst);
        if self.left < 1.0 {
            return Err(self.period);
        }
        self.left -= 1.0;
        Ok(())
    }
}

/// At most so many within any period.
struct Window {
    most: usize,
    period: Duration,
    served: VecDeque<Instant>,
}

impl Limit for Window {
    fn draw(&mut self, now: Instant) -> Result<(), Duration> {
        while self.served.front().is_some_and(|&at| now.duration_since(at) >= self.period) {
            self.served.pop_front();
        }
        if self.served.len() >= self.most {
            return Err(self.period);
        }
        self.served.push_back(now);
        Ok(())
    }
}

#[derive(Debug)]
struct Run {
    took: Duration,
    refused: u32,
}

/// Makes `calls` calls, 16 wanted at once, each taking `trip`; a refused one waits as it was told.
async fn run(calls: u32, trip: Duration, limit: impl Limit) -> Run {
    let pace = Pace::new("test", 8);
    let limit = RefCell::new(limit);
    let refused = RefCell::new(0);
    let begin = Instant::now();
    let one = async |_| {
        loop {
            let ticket = pace.admit().await;
            tokio::time::sleep(trip / 2).await;
            let drawn = limit.borrow_mut().draw(Instant::now());
            tokio::time::sleep(trip / 2).await;
            match drawn {
                Ok(()) => return ticket.served(),
                Err(wait) => {
                    ticket.refused(Some(wait));
                    *refused.borrow_mut() += 1;
                    tokio::time::sleep(wait).await;
                }
            }
        }
    };
    futures::stream::iter(0..calls).map(one).buffer_unordered(16).collect::<Vec<()>>().await;
    let refused = *refused.borrow();
    Run { took: begin.elapsed(), refused }
}

const NEAR: Duration = Duration::from_millis(2);
const FAR: Duration = Duration::from_millis(100);

#[tokio::test(start_paused = true)]
async fn a_server_without_limits_is_not_slowed_down() {
    for trip in [NEAR, FAR] {
        let run = run(150, trip, Unlimited).await;
        // 150 calls, 8 at once, are 19 round trips; the gentle start may cost some more.
        assert!(run.took <= trip * 26, "{trip:?}: {run:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_limit_is_found_and_nearly_reached() {
    // Calls a second, at once, calls made; at most so many times the best time, and one refusal in so many calls.
    let cases = [
        (20.0, 5.0, 150, 1.25, 20),
        (10.0, 10.0, 150, 1.1, 12),
        (5.0, 2.0, 100, 1.2, 16),
        (50.0, 10.0, 400, 1.4, 20),
    ];
    for (rate, burst, calls, times, one_in) in cases {
        for trip in [NEAR, FAR] {
            let run = run(calls, trip, Tokens::new(rate, burst, 1)).await;
            let best = f64::from(calls) / rate;
            let label = format!("{rate}/s, {burst} at once, {trip:?}: {run:?}");
            assert!(run.took.as_secs_f64() <= best * times, "{label}");
            assert!(run.refused <= calls / one_in, "{label}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_window_is_found_and_nearly_reached() {
    for most in [5_u16, 20] {
        let window = Window { most: most.into(), period: Duration::from_secs(1), served: VecDeque::new() };
        let calls = u32::from(most) * 10;
        let run = run(calls, NEAR, window).await;
        assert!(run.took.as_secs_f64() <= 13.0, "{most} a second: {run:?}");
        assert!(run.refused <= calls / 10, "{most} a second: {run:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_minute_that_is_used_up_is_waited_out_once() {
    let run = run(500, NEAR, Tokens::new(5.0, 300.0, 60)).await;
    assert!(run.took <= Duration::from_secs(60 + 60), "{run:?}");
    assert!(run.refused <= 25, "{run:?}");
}

#[tokio::test(start_paused = true)]
async fn a_stated_rate_is_kept_from_the_start() {
    let pace = Pace::new("test", 8);
    pace.expect(10.0);
    let begin = Instant::now();
    for _ in 0..10 {
        pace.admit().await.served();
    }
    assert!(begin.elapsed() >= Duration::from_millis(900), "{:?}", begin.elapsed());
    pace.expect(f64::NAN);
    pace.expect(-1.0);
    assert!(pace.rate().is_some_and(|rate| rate > 8.0));
}

#[tokio::test(start_paused = true)]
async fn a_turn_given_up_is_free_again() {
    let pace = Pace::new("test", 1);
    let held = pace.admit().await;
    let waiting = pace.admit();
    let mut waiting = std::pin::pin!(waiting);
    assert!(futures::poll!(waiting.as_mut()).is_pending());
    drop(held);
    assert!(futures::poll!(waiting.as_mut()).is_ready());
}

#[tokio::test(start_paused = true)]
async fn slow_answers_take_calls_back() {
    let pace = Pace::new("test", 8);
    for _ in 0..40 {
        pace.admit().await.served();
    }
    let full = pace.state().allowed;
    for _ in 0..8 {
        let ticket = pace.admit().await;
        tokio::time::advance(Duration::from_secs(2)).await;
        ticket.served();
    }
    assert!(pace.state().allowed < full);
}
