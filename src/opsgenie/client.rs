//! An account that is asked over the network: one place that asks.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::http::{self, Pace, Repeat, Request, Response, Url};
use crate::model::RecordId;
use crate::secret::Secret;
use crate::value::Value;

use super::Error;
use super::changed::ByUpdate;
use super::request::{Call, Domain};
use super::wire::{self, Envelope};

/// An account behind its API. Clones share connections, paces and counters.
#[derive(Clone, Debug)]
pub(super) struct Live {
    base: Url,
    token: Arc<Secret>,
    http: http::Client,
    paces: Arc<[Pace; Domain::ALL.len()]>,
    /// Whether the account was asked for its limits.
    limits_asked: Arc<AtomicBool>,
    /// What was found out about its search.
    pub(super) by_update: Arc<ByUpdate>,
}

/// Calls at once within one domain, unless set otherwise: enough to hide the way there and back, few enough that one refusal does not hit a
/// crowd.
const MAX_IN_FLIGHT: usize = 8;

/// How long a hint is waited for.
const PATIENCE_FOR_LIMITS: Duration = Duration::from_secs(5);

/// Pages that an unpaged list may turn out to have, should it be paged one day.
const MAX_FOLLOWED: usize = 1000;

impl Live {
    /// An account behind `api_url` (scheme, host and perhaps a path). Asks nothing yet.
    pub(super) fn new(http: http::Client, api_url: &str, api_token: Secret) -> Result<Self, Error> {
        let wrong = |reason: &str| Error::Address { address: api_url.to_owned(), reason: reason.to_owned() };
        let base = Url::parse(api_url.trim()).map_err(|error| wrong(&error.to_string()))?;
        if !matches!(base.scheme(), "http" | "https") || base.host_str().is_none() {
            return Err(wrong("it begins with https://"));
        }
        let live = Self {
            base,
            token: Arc::new(api_token),
            http,
            paces: paces(MAX_IN_FLIGHT),
            limits_asked: Arc::default(),
            by_update: Arc::default(),
        };
        // A key that no header can carry is found out here, not in the middle of a pass.
        live.sign(Call::Account.request(&live.base)?)?;
        Ok(live)
    }

    /// The same account with at most `calls` at once within each domain.
    #[must_use]
    pub(super) fn with_at_most(self, calls: usize) -> Self {
        Self { paces: paces(calls), ..self }
    }

    /// The same account, with what was learnt about its paces, for another pass that `stop` ends.
    #[must_use]
    pub(super) fn fresh(&self, stop: CancellationToken) -> Self {
        Self { http: self.http.fresh(stop), ..self.clone() }
    }

    /// The same account with so much patience for one call.
    #[must_use]
    pub(super) fn with_patience(&self, call_budget: Duration) -> Self {
        Self { http: self.http.with_patience(call_budget), ..self.clone() }
    }

    /// What was used up so far in this pass.
    pub(super) fn usage(&self) -> http::Usage {
        self.http.usage()
    }

    /// The rate found out for a domain, in calls a second; nothing while nothing was refused.
    pub(super) fn rate(&self, domain: Domain) -> Option<f64> {
        self.pace(domain).rate()
    }

    /// `GET /v2/account`: name, plan, number of users. The cheapest test of a key.
    pub(super) async fn account(&self) -> Result<Value, Error> {
        self.one(&Call::Account).await
    }

    /// A team with its `members`.
    pub(super) async fn team(&self, id: &RecordId) -> Result<Value, Error> {
        self.one(&Call::Team(id.clone())).await
    }

    /// An alert with the fields that the list leaves out (`description`, `details`, `entity`, `actions`).
    pub(super) async fn alert(&self, id: &RecordId) -> Result<Value, Error> {
        self.one(&Call::Alert(id.clone())).await
    }

    /// An incident.
    pub(super) async fn incident(&self, id: &RecordId) -> Result<Value, Error> {
        self.one(&Call::Incident(id.clone())).await
    }

    /// Who is on call in one schedule: `_parent` and `onCallRecipients`.
    pub(super) async fn oncalls(&self, schedule: &RecordId) -> Result<Value, Error> {
        self.one(&Call::OncallsOf(schedule.clone())).await
    }

    /// Who is on call in every schedule, in one call.
    pub(super) async fn all_oncalls(&self) -> Result<Vec<Value>, Error> {
        self.whole(&Call::Oncalls).await
    }

    /// The ids of the alerts that opened an incident or were attached to it.
    pub(super) async fn associated_alert_ids(&self, incident: &RecordId) -> Result<Value, Error> {
        self.whole(&Call::AssociatedAlerts(incident.clone())).await.map(Value::array)
    }

    /// A list that comes whole, or page after page where the server says so.
    pub(super) async fn whole(&self, call: &Call) -> Result<Vec<Value>, Error> {
        let mut request = call.request(&self.base)?;
        let mut rows: Vec<Value> = Vec::new();
        for _ in 0..MAX_FOLLOWED {
            let described = request.describe();
            let asked = request.url.clone();
            let (envelope, _) = self.exchange(call.domain(), request).await?;
            rows.extend_from_slice(envelope.rows(&described)?);
            let Some(next) = envelope.paging.as_ref().and_then(|paging| paging.next.as_deref()) else {
                return Ok(rows);
            };
            request = call.following(&self.base, next)?;
            if request.url == asked {
                return Err(envelope.wrong(&described, "`paging.next` leads back to the same page"));
            }
        }
        Err(Error::Unsettled(format!("more than {MAX_FOLLOWED} pages of a list that has none")))
    }

    async fn one(&self, call: &Call) -> Result<Value, Error> {
        let request = call.request(&self.base)?;
        let described = request.describe();
        let (envelope, _) = self.exchange(call.domain(), request).await?;
        envelope.object(&described)
    }

    /// One call, with the raw answer for its headers.
    pub(super) async fn ask(&self, call: &Call) -> Result<(Envelope, Response, String), Error> {
        let request = call.request(&self.base)?;
        let described = request.describe();
        let (envelope, response) = self.exchange(call.domain(), request).await?;
        Ok((envelope, response, described))
    }

    async fn exchange(&self, domain: Domain, request: Request) -> Result<(Envelope, Response), Error> {
        let described = request.describe();
        let request = self.sign(request)?;
        let response = self.http.paced(self.pace(domain).clone()).send(request).await?;
        if self.rate(domain).is_some() && !self.limits_asked.swap(true, Ordering::Relaxed) {
            self.heed_limits().await;
        }
        Ok((wire::read(&described, &response)?, response))
    }

    /// Asks the account for its own limits once calls turned out to be counted, and starts from them. Not every key may
    /// ask, and nobody promises an answer: without one the paces go on by themselves. It is asked once and outside of every
    /// pace, lest a caller wait for what is only a hint.
    async fn heed_limits(&self) {
        let Ok(request) = Call::RequestLimits.request(&self.base).and_then(|request| self.sign(request))
        else {
            return;
        };
        let described = request.describe();
        let sent = self.http.send(request.repeat(Repeat::Never));
        let answer = match tokio::time::timeout(PATIENCE_FOR_LIMITS, sent).await {
            Ok(Ok(response)) => wire::read(&described, &response).map(|envelope| envelope.data),
            Ok(Err(error)) => Err(error.into()),
            Err(_) => return,
        };
        match answer {
            Ok(limits) => {
                for (domain, rate) in wire::rates(&limits) {
                    tracing::debug!(budget = domain.name(), rate, "the account states its limit");
                    self.pace(domain).expect(rate);
                }
            }
            Err(error) => tracing::debug!(%error, "the account does not state its limits"),
        }
    }

    fn pace(&self, domain: Domain) -> &Pace {
        &self.paces[domain as usize]
    }

    fn sign(&self, request: Request) -> Result<Request, Error> {
        request.authorization("GenieKey", &self.token).map_err(|_| {
            Error::KeyFormat("it has a line break or another byte that no header may carry".into())
        })
    }
}

fn paces(most_in_flight: usize) -> Arc<[Pace; Domain::ALL.len()]> {
    Arc::new(Domain::ALL.map(|domain| Pace::new(domain.name(), most_in_flight)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn account(url: &str, key: &str) -> Result<Live, Error> {
        let http = http::Client::new(http::Options::default()).unwrap();
        Live::new(http, url, Secret::new(key))
    }

    #[test]
    fn what_is_no_address_is_refused_at_once() {
        for bad in ["", "api.opsgenie.com", "ftp://api.opsgenie.com", "https://", "mailto:a@b.test"] {
            assert!(matches!(account(bad, "k"), Err(Error::Address { .. })), "{bad}");
        }
    }

    #[test]
    fn a_key_with_a_line_break_is_refused_at_once() {
        let error = account("https://api.opsgenie.com", "1b2c\n").unwrap_err();
        assert!(matches!(error, Error::KeyFormat(_)));
        assert!(!error.to_string().contains("1b2c"));
    }
}
