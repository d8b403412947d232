//! Faults that can be switched on.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use axum::http::Method;

use super::Asked;

type Test = Arc<dyn Fn(&Asked) -> bool + Send + Sync>;

/// Which requests a fault (or a question about past requests) concerns.
#[derive(Clone)]
pub struct On {
    method: Option<Method>,
    pattern: Option<&'static str>,
    test: Option<Test>,
}

impl fmt::Debug for On {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("On")
            .field("method", &self.method)
            .field("pattern", &self.pattern)
            .finish_non_exhaustive()
    }
}

impl On {
    /// Every request.
    pub fn any() -> Self {
        Self { method: None, pattern: None, test: None }
    }

    /// Requests of any method whose path fits: `*` stands for one segment, a final `**` for any rest.
    pub fn path(pattern: &'static str) -> Self {
        Self { pattern: Some(pattern), ..Self::any() }
    }

    /// GET requests whose path fits.
    pub fn get(pattern: &'static str) -> Self {
        Self::path(pattern).method(Method::GET)
    }

    /// POST requests whose path fits.
    pub fn post(pattern: &'static str) -> Self {
        Self::path(pattern).method(Method::POST)
    }

    /// PATCH requests whose path fits.
    pub fn patch(pattern: &'static str) -> Self {
        Self::path(pattern).method(Method::PATCH)
    }

    /// DELETE requests whose path fits.
    pub fn delete(pattern: &'static str) -> Self {
        Self::path(pattern).method(Method::DELETE)
    }

    /// Only this method.
    #[must_use]
    pub fn method(mut self, method: Method) -> Self {
        self.method = Some(method);
        self
    }

    /// Only requests for which `test` holds as well.
    #[must_use]
    pub fn when(mut self, test: impl Fn(&Asked) -> bool + Send + Sync + 'static) -> Self {
        self.test = Some(Arc::new(test));
        self
    }

    pub(super) fn fits(&self, method: &Method, path: &str) -> bool {
        self.method.as_ref().is_none_or(|wanted| wanted == method)
            && self.pattern.is_none_or(|pattern| fits(pattern, path))
    }

    fn matches(&self, asked: &Asked) -> bool {
        self.fits(&asked.method, &asked.path) && self.test.as_ref().is_none_or(|test| test(asked))
    }
}

fn fits(pattern: &str, path: &str) -> bool {
    let mut wanted = pattern.trim_matches('/').split('/');
    let mut given = path.trim_matches('/').split('/');
    loop {
        match (wanted.next(), given.next()) {
            (Some("**"), _) | (None, None) => return true,
            (Some("*"), Some(_)) => {}
            (Some(wanted), Some(given)) if wanted == given => {}
            _ => return false,
        }
    }
}

/// How often a fault strikes, counted over the requests it matches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Times {
    /// Every time.
    Always,
    /// The first so many times.
    First(u64),
    /// Every time after the first so many.
    After(u64),
    /// Only this one, counted from 1.
    Nth(u64),
    /// Every so many: 3 strikes the third, sixth and so on.
    Every(u64),
}

impl Times {
    fn strikes(self, nth: u64) -> bool {
        match self {
            Self::Always => true,
            Self::First(count) => nth <= count,
            Self::After(count) => nth > count,
            Self::Nth(wanted) => nth == wanted,
            Self::Every(step) => step > 0 && nth.is_multiple_of(step),
        }
    }
}

/// Which items of a bulk write are refused, and how.
#[derive(Clone, Debug)]
pub struct ItemRefusal {
    /// The identifiers refused; empty refuses all.
    pub identifiers: Vec<String>,
    /// The status of each refused item.
    pub status: u16,
    /// The error code of each refused item.
    pub error: String,
    /// The text of each refused item.
    pub message: String,
}

impl ItemRefusal {
    /// Whether this item is to be refused.
    pub fn concerns(&self, identifier: &str) -> bool {
        self.identifiers.is_empty() || self.identifiers.iter().any(|one| one == identifier)
    }
}

/// What goes wrong.
#[derive(Clone, Debug)]
pub enum Effect {
    /// An error in the side's own shape instead of the work; `body` replaces the shape.
    Status {
        /// The status code.
        status: u16,
        /// Headers to add.
        headers: Vec<(String, String)>,
        /// A body to send instead of the side's own.
        body: Option<String>,
    },
    /// A sign-in page with status 200, as proxies answer.
    Html,
    /// The work is done, then half of the body is sent and the connection breaks.
    CutBody,
    /// The work is done, then a whole body is sent that is not JSON.
    Malformed,
    /// The connection is reset before anything is done.
    Reset,
    /// The work is done, then the connection is reset: a repeat meets its own effects.
    LoseAnswer,
    /// No answer, ever (until the sandbox stops).
    Stall,
    /// The answer comes late; may stand together with other effects.
    Slow(Duration),
    /// Every token given out so far is worthless from here on.
    ExpireCredentials,
    /// A bulk write refuses these items.
    BulkErrors(ItemRefusal),
}

impl Effect {
    /// A bare error status.
    pub fn status(status: u16) -> Self {
        Self::Status { status, headers: Vec::new(), body: None }
    }

    /// An error status with headers.
    pub fn status_with(status: u16, headers: &[(&str, &str)]) -> Self {
        Self::Status {
            status,
            headers: headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
            body: None,
        }
    }

    /// Throttled as Opsgenie does it: only the period of the empty bucket, in seconds, is told.
    pub fn throttled(period_secs: u64) -> Self {
        Self::status_with(
            429,
            &[
                ("X-RateLimit-State", "THROTTLED"),
                ("X-RateLimit-Reason", "ACCOUNT"),
                ("X-RateLimit-Period-In-Sec", &period_secs.to_string()),
            ],
        )
    }

    /// Throttled as the catalog does it: seconds until the window ends.
    pub fn throttled_until_reset(secs: u64) -> Self {
        Self::status_with(429, &[("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", &secs.to_string())])
    }

    /// Refuses the items with these identifiers (all when empty) of a bulk write.
    pub fn bulk_errors(identifiers: &[&str], status: u16, error: &str, message: &str) -> Self {
        Self::BulkErrors(ItemRefusal {
            identifiers: identifiers.iter().map(|id| (*id).to_owned()).collect(),
            status,
            error: error.to_owned(),
            message: message.to_owned(),
        })
    }
}

/// A fault: on which requests, how often, what.
#[derive(Clone, Debug)]
pub struct Fault {
    /// Which requests.
    pub on: On,
    /// How often among those.
    pub times: Times,
    /// What goes wrong.
    pub what: Effect,
}

impl Fault {
    /// A fault that strikes every time.
    pub fn always(on: On, what: Effect) -> Self {
        Self { on, times: Times::Always, what }
    }

    /// A fault that strikes the first so many times.
    pub fn first(count: u64, on: On, what: Effect) -> Self {
        Self { on, times: Times::First(count), what }
    }
}

/// Names a fault that was switched on, to switch it off again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FaultId(u64);

#[derive(Debug, Default)]
pub(super) struct Faults {
    next: u64,
    active: Vec<(FaultId, Fault, u64)>,
}

impl Faults {
    pub(super) fn add(&mut self, fault: Fault) -> FaultId {
        let id = FaultId(self.next);
        self.next += 1;
        self.active.push((id, fault, 0));
        id
    }

    pub(super) fn remove(&mut self, id: FaultId) {
        self.active.retain(|(one, _, _)| *one != id);
    }

    pub(super) fn clear(&mut self) {
        self.active.clear();
    }

    /// Counts this request against every fault and gives the effects that strike, in order of switching on.
    pub(super) fn due(&mut self, asked: &Asked) -> Vec<Effect> {
        let mut due = Vec::new();
        for (_, fault, seen) in &mut self.active {
            if fault.on.matches(asked) {
                *seen += 1;
                if fault.times.strikes(*seen) {
                    due.push(fault.what.clone());
                }
            }
        }
        due
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns() {
        assert!(fits("/v2/alerts", "/v2/alerts"));
        assert!(!fits("/v2/alerts", "/v2/alerts/count"));
        assert!(!fits("/v2/alerts/count", "/v2/alerts"));
        assert!(fits("/v2/alerts/*", "/v2/alerts/count"));
        assert!(!fits("/v2/alerts/*", "/v2/alerts/a/notes"));
        assert!(fits("/v2/**", "/v2/alerts/a/notes"));
        assert!(fits("/v2/alerts/**", "/v2/alerts"));
        assert!(fits("/v1/incidents/*/associated-alert-ids", "/v1/incidents/x/associated-alert-ids"));
    }

    #[test]
    fn times() {
        let struck = |times: Times| (1..=6).filter(|nth| times.strikes(*nth)).collect::<Vec<_>>();
        assert_eq!(struck(Times::Always), [1, 2, 3, 4, 5, 6]);
        assert_eq!(struck(Times::First(2)), [1, 2]);
        assert_eq!(struck(Times::After(4)), [5, 6]);
        assert_eq!(struck(Times::Nth(3)), [3]);
        assert_eq!(struck(Times::Every(3)), [3, 6]);
        assert_eq!(struck(Times::Every(0)), [0u64; 0]);
    }
}
