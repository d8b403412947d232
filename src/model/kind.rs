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

    /// Other names that are understood: the spelling of Port's integration specification.
    pub const ALIASES: [(&str, Self); 1] = [("schedule-on-call", Self::ScheduleOncall)];

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

    /// Every name that is understood, aliases last.
    pub fn names() -> impl Iterator<Item = (&'static str, Self)> {
        Self::ALL.into_iter().map(|kind| (kind.name(), kind)).chain(Self::ALIASES)
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

/// A name of [`Kind::names`].
impl FromStr for Kind {
    type Err = UnknownKind;

    fn from_str(text: &str) -> Result<Self, UnknownKind> {
        let named = Self::names().find(|(name, _)| *name == text);
        named.map(|(_, kind)| kind).ok_or_else(|| UnknownKind(text.to_owned()))
    }
}
