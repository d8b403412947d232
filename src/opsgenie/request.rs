//! What is asked of Opsgenie: paths and queries, no network.

use crate::http::{Request, Url};
use crate::model::RecordId;

use super::Error;

/// The budgets that Opsgenie keeps apart: calls of one do not slow calls of another.
/// <https://docs.opsgenie.com/docs/api-rate-limiting>
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Domain {
    /// Lists of alerts and users.
    Search,
    /// Everything about incidents.
    Incident,
    /// Teams, schedules, services, the account.
    Configuration,
    /// Who is on call.
    ScheduleOncalls,
    /// Single alerts.
    Alert,
}

impl Domain {
    /// Every domain.
    pub const ALL: [Self; 5] =
        [Self::Search, Self::Incident, Self::Configuration, Self::ScheduleOncalls, Self::Alert];

    /// The name in logs and reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::Search => "search",
            Self::Incident => "incident",
            Self::Configuration => "configuration",
            Self::ScheduleOncalls => "schedule-oncalls",
            Self::Alert => "alert",
        }
    }
}

/// Whether schedules come with their rotations.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Rotations {
    /// `rotations` is an empty list.
    #[default]
    Left,
    /// `expand=rotation`.
    Expanded,
}

/// Where a page begins and how long it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Span {
    pub(super) offset: u32,
    pub(super) limit: u32,
}

/// One call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Call {
    /// Oldest first.
    Alerts {
        query: Option<String>,
        span: Span,
    },
    CountAlerts {
        query: Option<String>,
    },
    /// Oldest first.
    Incidents {
        query: Option<String>,
        span: Span,
    },
    Services {
        query: Option<String>,
        span: Span,
    },
    Users {
        query: Option<String>,
        span: Span,
    },
    Teams,
    Schedules(Rotations),
    Oncalls,
    OncallsOf(RecordId),
    Team(RecordId),
    Alert(RecordId),
    Incident(RecordId),
    AssociatedAlerts(RecordId),
    Account,
    RequestLimits,
}

/// The most that `associated-alert-ids` gives at once.
const ASSOCIATED_LIMIT: u32 = 25;

impl Call {
    pub(super) fn domain(&self) -> Domain {
        match self {
            Self::Alerts { .. } | Self::CountAlerts { .. } | Self::Users { .. } => Domain::Search,
            Self::Incidents { .. } | Self::Incident(_) | Self::AssociatedAlerts(_) => Domain::Incident,
            Self::Services { .. }
            | Self::Teams
            | Self::Schedules(_)
            | Self::Team(_)
            | Self::Account
            | Self::RequestLimits => Domain::Configuration,
            Self::Oncalls | Self::OncallsOf(_) => Domain::ScheduleOncalls,
            Self::Alert(_) => Domain::Alert,
        }
    }

    /// The request, under `base`.
    pub(super) fn request(&self, base: &Url) -> Result<Request, Error> {
        let mut url = self.address(base)?;
        let pairs = self.query();
        if !pairs.is_empty() {
            url.query_pairs_mut().extend_pairs(pairs);
        }
        Ok(Request::get(url))
    }

    /// The request for what follows a page: of `next`, a whole address, only the query is taken. Host and path stay
    /// those configured, because the key goes there.
    pub(super) fn following(&self, base: &Url, next: &str) -> Result<Request, Error> {
        let mut url = self.address(base)?;
        let next = url.join(next).map_err(|error| Error::Malformed {
            request: Request::get(url.clone()).describe(),
            reason: format!("`paging.next` is no address ({error})"),
            excerpt: super::wire::excerpt(next.as_bytes()),
        })?;
        url.set_query(next.query());
        Ok(Request::get(url))
    }

    fn address(&self, base: &Url) -> Result<Url, Error> {
        let mut url = base.clone();
        url.set_query(None);
        url.set_fragment(None);
        let path = self.path()?;
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().extend(path);
        }
        Ok(url)
    }

    fn path(&self) -> Result<Vec<&str>, Error> {
        Ok(match self {
            Self::Alerts { .. } => vec!["v2", "alerts"],
            Self::CountAlerts { .. } => vec!["v2", "alerts", "count"],
            Self::Incidents { .. } => vec!["v1", "incidents"],
            Self::Services { .. } => vec!["v1", "services"],
            Self::Users { .. } => vec!["v2", "users"],
            Self::Teams => vec!["v2", "teams"],
            Self::Schedules(_) => vec!["v2", "schedules"],
            Self::Oncalls => vec!["v2", "schedules", "on-calls"],
            Self::OncallsOf(id) => vec!["v2", "schedules", segment(id)?, "on-calls"],
            Self::Team(id) => vec!["v2", "teams", segment(id)?],
            Self::Alert(id) => vec!["v2", "alerts", segment(id)?],
            Self::Incident(id) => vec!["v1", "incidents", segment(id)?],
            Self::AssociatedAlerts(id) => vec!["v1", "incidents", segment(id)?, "associated-alert-ids"],
            Self::Account => vec!["v2", "account"],
            Self::RequestLimits => vec!["v2", "request-limits", ""],
        })
    }

    fn query(&self) -> Vec<(&'static str, String)> {
        let paged = |span: &Span, query: &Option<String>| {
            let mut pairs = vec![("limit", span.limit.to_string())];
            // The first page is asked without an offset, as the peer does.
            if span.offset > 0 {
                pairs.push(("offset", span.offset.to_string()));
            }
            pairs.extend(query.clone().map(|query| ("query", query)));
            pairs
        };
        match self {
            Self::Alerts { query, span } | Self::Incidents { query, span } => {
                let mut pairs = paged(span, query);
                pairs.extend([("sort", "createdAt".to_owned()), ("order", "asc".to_owned())]);
                pairs
            }
            Self::Services { query, span } | Self::Users { query, span } => paged(span, query),
            Self::CountAlerts { query } => query.clone().map(|query| ("query", query)).into_iter().collect(),
            Self::Schedules(Rotations::Expanded) => vec![("expand", "rotation".to_owned())],
            Self::Oncalls | Self::OncallsOf(_) => vec![("flat", "true".to_owned())],
            Self::AssociatedAlerts(_) => vec![("limit", ASSOCIATED_LIMIT.to_string())],
            Self::Schedules(Rotations::Left)
            | Self::Teams
            | Self::Team(_)
            | Self::Alert(_)
            | Self::Incident(_)
            | Self::Account
            | Self::RequestLimits => Vec::new(),
        }
    }
}

/// The longest id that exists: a service's.
/// <https://docs.opsgenie.com/docs/service-api>
const MAX_ID: usize = 130;

/// Whether an id may become a part of a path: nothing in it can change the path.
pub fn is_plain(id: &RecordId) -> bool {
    segment(id).is_ok()
}

/// An id may become a part of a path when nothing in it can change the path.
fn segment(id: &RecordId) -> Result<&str, Error> {
    let text = id.as_str();
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b':' | b'@');
    if text.len() <= MAX_ID && text.bytes().all(plain) && text.bytes().any(|byte| byte != b'.') {
        Ok(text)
    } else {
        Err(Error::Id(super::wire::excerpt(text.as_bytes())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn base(text: &str) -> Url {
        Url::parse(text).unwrap()
    }

    fn id(text: &str) -> RecordId {
        RecordId::new(text).unwrap()
    }

    fn asked(call: &Call) -> String {
        call.request(&base("https://api.opsgenie.com")).unwrap().url.to_string()
    }

    #[test]
    fn an_id_that_would_change_the_path_is_refused() {
        for bad in ["..", ".", "a/b", "a?b", "a#b", "a%2fb", "a b", "é", &"x".repeat(131)] {
            let result = Call::Team(id(bad)).request(&base("https://api.opsgenie.com"));
            assert!(matches!(result, Err(Error::Id(_))), "{bad}");
        }
    }

    #[test]
    fn of_a_next_page_only_the_query_is_taken() {
        let call = Call::Teams;
        let next = "https://evil.test/v2/other?limit=100&offset=100";
        let request = call.following(&base("http://127.0.0.1:9/proxy/"), next).unwrap();
        assert_eq!(request.url.as_str(), "http://127.0.0.1:9/proxy/v2/teams?limit=100&offset=100");
        let request = call.following(&base("http://127.0.0.1:9"), "/v2/teams?offset=7").unwrap();
        assert_eq!(request.url.as_str(), "http://127.0.0.1:9/v2/teams?offset=7");
    }

    #[test]
    fn a_base_keeps_its_path() {
        let request = Call::Account.request(&base("https://proxy.test/opsgenie/")).unwrap();
        assert_eq!(request.url.as_str(), "https://proxy.test/opsgenie/v2/account");
    }

    #[test]
    fn every_call_has_its_address() {
        let first = Span { offset: 0, limit: 100 };
        let third = Span { offset: 198, limit: 100 };
        let addresses = [
            Call::Alerts { query: None, span: first },
            Call::Alerts { query: Some("status:open".into()), span: third },
            Call::CountAlerts { query: Some("createdAt <= 5".into()) },
            Call::Incidents { query: None, span: first },
            Call::Services { query: None, span: third },
            Call::Users { query: None, span: first },
            Call::Teams,
            Call::Schedules(Rotations::Left),
            Call::Schedules(Rotations::Expanded),
            Call::Oncalls,
            Call::OncallsOf(id("c0de-10")),
            Call::Team(id("7e0a-01")),
            Call::Alert(id("3c6f-1763596812044")),
            Call::Incident(id("b2f1")),
            Call::AssociatedAlerts(id("b2f1-70")),
            Call::Account,
            Call::RequestLimits,
        ]
        .map(|call| asked(&call))
        .join("\n");
        insta::assert_snapshot!(addresses, @r"
        https://api.opsgenie.com/v2/alerts?limit=100&sort=createdAt&order=asc
        https://api.opsgenie.com/v2/alerts?limit=100&offset=198&query=status%3Aopen&sort=createdAt&order=asc
        https://api.opsgenie.com/v2/alerts/count?query=createdAt+%3C%3D+5
        https://api.opsgenie.com/v1/incidents?limit=100&sort=createdAt&order=asc
        https://api.opsgenie.com/v1/services?limit=100&offset=198
        https://api.opsgenie.com/v2/users?limit=100
        https://api.opsgenie.com/v2/teams
        https://api.opsgenie.com/v2/schedules
        https://api.opsgenie.com/v2/schedules?expand=rotation
        https://api.opsgenie.com/v2/schedules/on-calls?flat=true
        https://api.opsgenie.com/v2/schedules/c0de-10/on-calls?flat=true
        https://api.opsgenie.com/v2/teams/7e0a-01
        https://api.opsgenie.com/v2/alerts/3c6f-1763596812044
        https://api.opsgenie.com/v1/incidents/b2f1
        https://api.opsgenie.com/v1/incidents/b2f1-70/associated-alert-ids?limit=25
        https://api.opsgenie.com/v2/account
        https://api.opsgenie.com/v2/request-limits/
        ");
    }
}
