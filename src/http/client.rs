//! Sending: the only place where a request leaves.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use jiff::Timestamp;
use tokio::sync::Semaphore;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::error::{Meaning, meaning};
use super::retry::{self, Dice, Outcome, Reason, TOO_MANY_REQUESTS, Trial, Verdict};
use super::usage::Meter;
use super::{Error, Failure, Pace, Policy, Request, Response, Tls, Url, Usage};

/// Which proxy to go through.
#[derive(Clone, Debug, Default)]
pub enum Proxy {
    /// What `HTTP_PROXY`, `HTTPS_PROXY`, `ALL_PROXY` and `NO_PROXY` say.
    #[default]
    System,
    /// None, whatever the environment says.
    Direct,
    /// This one, for everything.
    Url(Url),
}

/// How a client behaves.
#[derive(Clone, Debug)]
pub struct Options {
    /// The longest one attempt may take, from connecting to the last byte.
    pub timeout: Duration,
    /// The longest silence within one attempt.
    pub stall: Duration,
    /// When to repeat.
    pub policy: Policy,
    /// The longest answer we hold, decompressed, in bytes.
    pub max_body_bytes: usize,
    /// Attempts on the wire at once, over all clones.
    pub max_in_flight: usize,
    /// `User-Agent`; the program's name and version when unset.
    pub user_agent: Option<String>,
    /// Whom to trust; loaded with the defaults when unset.
    pub tls: Option<Tls>,
    /// Which way out.
    pub proxy: Proxy,
    /// Ends every wait and every call at once.
    pub stop: CancellationToken,
    /// Seed of the chance that spreads retries.
    pub seed: u64,
}

/// A page of 100 full records stays far below a mebibyte, a page of 1000 entities below twenty. What is longer is no
/// answer of ours and must not fill the memory.
const MAX_BODY_BYTES: usize = 64 << 20;

/// More would only queue on the other side.
const MAX_IN_FLIGHT: usize = 32;

impl Default for Options {
    fn default() -> Self {
        Self {
            timeout: Duration::from_secs(60),
            stall: Duration::from_secs(30),
            policy: Policy::default(),
            max_body_bytes: MAX_BODY_BYTES,
            max_in_flight: MAX_IN_FLIGHT,
            user_agent: None,
            tls: None,
            proxy: Proxy::System,
            stop: CancellationToken::new(),
            seed: 0x0c_ea_11,
        }
    }
}

/// Sends requests. Clones share connections, budgets and counters.
#[derive(Clone, Debug)]
pub struct Client {
    wire: Arc<Wire>,
    pass: Arc<Pass>,
    stop: CancellationToken,
    pace: Option<Pace>,
    /// Less patience with one call than the policy has, where somebody else tries again.
    call_budget: Option<Duration>,
}

/// What lives as long as the process.
#[derive(Debug)]
struct Wire {
    inner: reqwest::Client,
    policy: Policy,
    max_body_bytes: usize,
    in_flight: Semaphore,
    dice: Dice,
}

/// What lives as long as one pass.
#[derive(Debug, Default)]
struct Pass {
    meter: Meter,
    /// Waits that count against the pass budget, in microseconds.
    spent_micros: AtomicU64,
}

/// Redirects are followed on the same origin only: the key must not travel elsewhere.
const MAX_REDIRECTS: usize = 3;

impl Client {
    /// Sets up connections; opens none.
    pub fn new(options: Options) -> Result<Self, Error> {
        let Options {
            timeout,
            stall,
            policy,
            max_body_bytes,
            max_in_flight,
            user_agent,
            tls,
            proxy,
            stop,
            seed,
        } = options;
        let tls = match tls {
            Some(tls) => tls,
            None => Tls::load(super::Verify::Full, None)?,
        };
        let setup = |error: reqwest::Error| match meaning(&error) {
            Meaning::Invalid(reason) => Error::Setup(reason),
            Meaning::Failure(failure) => Error::Setup(failure.to_string()),
        };
        let agent = user_agent.unwrap_or_else(|| format!("ocean-opsgenie/{}", env!("CARGO_PKG_VERSION")));
        let builder = reqwest::Client::builder()
            .tls_backend_preconfigured(tls.config())
            .user_agent(agent)
            .timeout(timeout)
            .read_timeout(stall)
            .connect_timeout(timeout.min(CONNECT_TIMEOUT))
            .tcp_nodelay(true)
            .retry(reqwest::retry::never())
            .redirect(same_origin());
        let builder = match proxy {
            Proxy::System => builder,
            Proxy::Direct => builder.no_proxy(),
            Proxy::Url(url) => builder.proxy(reqwest::Proxy::all(url).map_err(setup)?),
        };
        let wire = Wire {
            inner: builder.build().map_err(setup)?,
            policy,
            max_body_bytes,
            in_flight: Semaphore::new(max_in_flight.max(1)),
            dice: Dice::new(seed),
        };
        Ok(Self { wire: Arc::new(wire), pass: Arc::default(), stop, pace: None, call_budget: None })
    }

    /// The same connections with fresh counters and budgets, for another pass that `stop` ends.
    #[must_use]
    pub fn fresh(&self, stop: CancellationToken) -> Self {
        Self { pass: Arc::default(), stop, ..self.clone() }
    }

    /// The same client, counters included, ended by another token: what must still be said after a stop goes here.
    #[must_use]
    pub fn until(&self, stop: CancellationToken) -> Self {
        Self { stop, ..self.clone() }
    }

    /// The same client with so much patience for one call: whoever uses it tries again by itself.
    #[must_use]
    pub fn with_patience(&self, call_budget: Duration) -> Self {
        Self { call_budget: Some(call_budget), ..self.clone() }
    }

    /// The same client, its calls under `pace`.
    #[must_use]
    pub fn paced(&self, pace: Pace) -> Self {
        Self { pace: Some(pace), ..self.clone() }
    }

    /// What was used up so far, over all clones of this pass.
    pub fn usage(&self) -> Usage {
        self.pass.meter.read()
    }

    /// Sends `request`, again where that is safe and promising, and hands back the last answer, whatever its status.
    pub async fn send(&self, request: Request) -> Result<Response, Error> {
        match self.stop.run_until_cancelled(self.repeat(&request)).await {
            Some(result) => result,
            None => Err(Error::Stopped { request: request.describe() }),
        }
    }

    async fn repeat(&self, request: &Request) -> Result<Response, Error> {
        let mut policy = self.wire.policy.clone();
        policy.call_budget = self.call_budget.unwrap_or(policy.call_budget);
        let mut call_spent = Duration::ZERO;
        let mut attempt = 0;
        loop {
            attempt += 1;
            let result = self.attempt(request, attempt).await;
            let outcome = match &result {
                Ok(response) => Outcome::Status(response.status, &response.headers),
                Err(Ended::Passing(failure)) => Outcome::Failure(failure),
                Err(Ended::Fatal(_)) => return result.map_err(|ended| ended.into_error(request, attempt)),
            };
            let throttled = matches!(outcome, Outcome::Status(TOO_MANY_REQUESTS, _));
            let pass_spent = Duration::from_micros(self.pass.spent_micros.load(Ordering::Relaxed));
            let trial = Trial {
                repeat: request.repeat,
                outcome,
                attempt,
                call_spent,
                pass_spent,
                now: Timestamp::now(),
            };
            match retry::verdict(&policy, &trial, &self.wire.dice) {
                Verdict::Retry(wait) => {
                    tracing::debug!(
                        request = request.describe(),
                        attempt,
                        wait_ms = u64::try_from(wait.as_millis()).unwrap_or(u64::MAX),
                        outcome =
                            result.as_ref().map_or_else(Ended::describe, |r| format!("status {}", r.status)),
                        "trying again"
                    );
                    tokio::time::sleep(wait).await;
                    call_spent += wait;
                    self.pass.meter.waited(wait);
                    if !throttled {
                        let micros = u64::try_from(wait.as_micros()).unwrap_or(u64::MAX);
                        self.pass.spent_micros.fetch_add(micros, Ordering::Relaxed);
                    }
                }
                Verdict::Stop(reason) => {
                    if reason != Reason::Final {
                        tracing::debug!(request = request.describe(), attempt, ?reason, "not trying again");
                    }
                    return result.map_err(|ended| ended.into_error(request, attempt));
                }
            }
        }
    }

    async fn attempt(&self, request: &Request, attempt: u32) -> Result<Response, Ended> {
        let ticket = match &self.pace {
            Some(pace) => {
                let asked = Instant::now();
                let ticket = pace.admit().await;
                self.pass.meter.paced(asked.elapsed());
                Some(ticket)
            }
            None => None,
        };
        // The semaphore is never closed.
        let _permit = self.wire.in_flight.acquire().await.ok();
        self.pass.meter.sent(attempt, request.body.len());
        let result = self.exchange(request, attempt).await;
        if let Ok(response) = &result
            && response.status == TOO_MANY_REQUESTS
        {
            self.pass.meter.throttled();
        }
        if let Some(ticket) = ticket {
            match &result {
                Ok(response) if response.status == TOO_MANY_REQUESTS => {
                    let hint = retry::hint(response.status, &response.headers, Timestamp::now());
                    ticket.refused(hint);
                }
                Ok(_) => ticket.served(),
                Err(_) => ticket.failed(),
            }
        }
        result
    }

    async fn exchange(&self, request: &Request, attempt: u32) -> Result<Response, Ended> {
        let sent = self
            .wire
            .inner
            .request(request.method.clone(), request.url.clone())
            .headers(request.headers.clone())
            .body(request.body.clone())
            .send()
            .await;
        let mut answer = sent.map_err(|error| Ended::from(&error))?;
        let status = answer.status().as_u16();
        let headers = std::mem::take(answer.headers_mut());
        let body = self.read(answer).await?;
        self.pass.meter.received(body.len());
        Ok(Response { status, headers, body, attempts: attempt })
    }

    async fn read(&self, mut answer: reqwest::Response) -> Result<Bytes, Ended> {
        let limit = self.wire.max_body_bytes;
        let promised = answer.content_length().and_then(|length| usize::try_from(length).ok()).unwrap_or(0);
        if promised > limit {
            return Err(Ended::Fatal(Fatal::TooLarge(limit)));
        }
        let mut whole: Option<BytesMut> = None;
        let mut first = Bytes::new();
        while let Some(chunk) = answer.chunk().await.map_err(|error| Ended::from(&error))? {
            let held = whole.as_ref().map_or(first.len(), BytesMut::len);
            if held + chunk.len() > limit {
                return Err(Ended::Fatal(Fatal::TooLarge(limit)));
            }
            // A body in one piece is handed on as it came.
            if held == 0 {
                first = chunk;
            } else {
                let whole = whole.get_or_insert_with(|| {
                    let mut whole = BytesMut::with_capacity(promised.max(held + chunk.len()));
                    whole.extend_from_slice(&first);
                    whole
                });
                whole.extend_from_slice(&chunk);
            }
        }
        Ok(whole.map_or(first, BytesMut::freeze))
    }
}

/// No host that is up takes longer to accept.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(15);

fn same_origin() -> reqwest::redirect::Policy {
    reqwest::redirect::Policy::custom(|attempt| {
        let same = attempt.previous().last().is_some_and(|from| from.origin() == attempt.url().origin());
        if same && attempt.previous().len() <= MAX_REDIRECTS { attempt.follow() } else { attempt.stop() }
    })
}

/// Why an attempt gave no answer.
enum Ended {
    Passing(Failure),
    Fatal(Fatal),
}

enum Fatal {
    Invalid(String),
    TooLarge(usize),
}

impl From<&reqwest::Error> for Ended {
    fn from(error: &reqwest::Error) -> Self {
        match meaning(error) {
            Meaning::Invalid(reason) => Self::Fatal(Fatal::Invalid(reason)),
            Meaning::Failure(failure) => Self::Passing(failure),
        }
    }
}

impl Ended {
    fn describe(&self) -> String {
        match self {
            Self::Passing(failure) => failure.to_string(),
            Self::Fatal(Fatal::Invalid(reason)) => reason.clone(),
            Self::Fatal(Fatal::TooLarge(limit)) => format!("more than {limit} bytes"),
        }
    }

    fn into_error(self, request: &Request, attempts: u32) -> Error {
        let request = request.describe();
        match self {
            Self::Passing(last) => Error::Unreachable { request, attempts, last },
            Self::Fatal(Fatal::Invalid(reason)) => Error::Invalid { request, reason },
            Self::Fatal(Fatal::TooLarge(limit_bytes)) => Error::TooLarge { request, limit_bytes },
        }
    }
}

#[cfg(test)]
mod tests;
