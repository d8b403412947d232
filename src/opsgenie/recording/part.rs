//! The files of a recording.

use crate::model::Kind;

/// What one file of a recording holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Part {
    /// The listing of alerts.
    Alerts,
    /// Alerts read one by one; only where that was asked for.
    AlertDetails,
    /// The listing of incidents.
    Incidents,
    /// The ids of the alerts of each incident.
    IncidentAlerts,
    /// The listing of services.
    Services,
    /// The listing of teams.
    Teams,
    /// Teams read one by one, with their members.
    TeamDetails,
    /// The listing of schedules, with their rotations.
    Schedules,
    /// Who is on call in each schedule.
    Oncalls,
    /// The listing of users.
    Users,
}

impl Part {
    /// Every part.
    pub const ALL: [Self; 10] = [
        Self::Alerts,
        Self::AlertDetails,
        Self::Incidents,
        Self::IncidentAlerts,
        Self::Services,
        Self::Teams,
        Self::TeamDetails,
        Self::Schedules,
        Self::Oncalls,
        Self::Users,
    ];

    /// The name of the file.
    pub fn file(self) -> &'static str {
        match self {
            Self::Alerts => "alert.jsonl",
            Self::AlertDetails => "alert.details.jsonl",
            Self::Incidents => "incident.jsonl",
            Self::IncidentAlerts => "incident.alerts.jsonl",
            Self::Services => "service.jsonl",
            Self::Teams => "team.jsonl",
            Self::TeamDetails => "team.details.jsonl",
            Self::Schedules => "schedule.jsonl",
            Self::Oncalls => "schedule.oncalls.jsonl",
            Self::Users => "user.jsonl",
        }
    }

    /// The listing of a kind, if it has one. Both kinds of schedules are made of one.
    pub fn listing(kind: Kind) -> Option<Self> {
        Some(match kind {
            Kind::Alert => Self::Alerts,
            Kind::Incident => Self::Incidents,
            Kind::Service => Self::Services,
            Kind::Team => Self::Teams,
            Kind::Schedule | Kind::ScheduleOncall => Self::Schedules,
            Kind::User => Self::Users,
            Kind::WebhookEvent => return None,
        })
    }
}
