//! The kinds of records a mapping may name.

use std::fmt;
use std::str::FromStr;

/// A kind of Opsgenie record, as mappings name it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// `alert`: `GET /v2/alerts`.
    Alert,
    /// `incident`: `GET /v1/incidents`.
    Incident,
    /// `service`: `GET /v1/services`.
    Service,
    /// `team`: `GET /v2/teams`.
    Team,
    /// `schedule`: `GET /v2/schedules`.
    Schedule,
    /// `schedule-oncall`: schedules with who is on call.
    ScheduleOncall,
    /// `user`: `GET /v2/users`.
    User,
    /// `webhook-event`: what Opsgenie's webhook integration posts, as it comes. It has no listing.
    WebhookEvent,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Self; 8] = [
        Self::Alert,
        Self::Incident,
        Self::Service,
        Self::Team,
        Self::Schedule,
        Self::ScheduleOncall,
        Self::User,
        Self::WebhookEvent,
    ];

    /// Every kind that has a listing.
    pub const LISTED: [Self; 7] = [
        Self::Alert,
        Self::Incident,
        Self::Service,
        Self::Team,
        Self::Schedule,
        Self::ScheduleOncall,
        Self::User,
    ];

    /// Whether the source can list it.
    pub fn is_listed(self) -> bool {
        self != Self::WebhookEvent
    }

    /// The name in mappings, reports and logs.
    pub fn name(self) -> &'static str {
        match self {
            Self::Alert => "alert",
            Self::Incident => "incident",
            Self::Service => "service",
            Self::Team => "team",
            Self::Schedule => "schedule",
            Self::ScheduleOncall => "schedule-oncall",
            Self::User => "user",
            Self::WebhookEvent => "webhook-event",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A kind that does not exist.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown kind `{0}`")]
pub struct UnknownKind(pub String);

/// `schedule-on-call`, the spelling of Port's integration specification, is an alias of `schedule-oncall`.
impl FromStr for Kind {
    type Err = UnknownKind;

    fn from_str(text: &str) -> Result<Self, UnknownKind> {
        if text == "schedule-on-call" {
            return Ok(Self::ScheduleOncall);
        }
        Self::ALL.into_iter().find(|kind| kind.name() == text).ok_or_else(|| UnknownKind(text.to_owned()))
    }
}
