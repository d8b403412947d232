//! One object of the source, with what was joined to it.

use jiff::Timestamp;

use super::{Kind, RecordId};
use crate::value::Value;

/// One Opsgenie object: its body carries the joined fields (`__team`, `__members`, …) too.
#[derive(Clone, Debug)]
pub struct Record {
    /// Which kind it is.
    pub kind: Kind,
    /// Its `id`.
    pub id: RecordId,
    /// What mappings see.
    pub body: Value,
}

impl Record {
    /// When it was last changed, where it says so: `updatedAt`.
    pub fn updated(&self) -> Option<Timestamp> {
        self.body.get("updatedAt").as_str()?.parse().ok()
    }
}

/// What is joined to records of a kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Lookup {
    /// `__team` of a service: `GET /v2/teams/{teamId}`, members included.
    Team,
    /// `__oncalls` of a service: who is on call in its team's first schedule, flat.
    Oncalls,
    /// `__incidents` of a service: the incidents that impact it.
    Incidents,
    /// `__impactedServices` of an incident: the services it impacts, whole.
    ImpactedServices,
    /// `__relatedIncident` of an alert: the first incident with which it is associated.
    RelatedIncident,
    /// `__members` of a team.
    Members,
    /// `__currentOncalls` of a schedule.
    CurrentOncalls,
    /// What the listing leaves out of an alert: `GET /v2/alerts/{id}`.
    Details,
}

impl Lookup {
    /// Every lookup.
    pub const ALL: [Self; 8] = [
        Self::Team,
        Self::Oncalls,
        Self::Incidents,
        Self::ImpactedServices,
        Self::RelatedIncident,
        Self::Members,
        Self::CurrentOncalls,
        Self::Details,
    ];

    /// The keys under which mappings find it.
    pub fn fields(self) -> &'static [&'static str] {
        match self {
            Self::Team => &["__team"],
            Self::Oncalls => &["__oncalls"],
            Self::Incidents => &["__incidents"],
            Self::ImpactedServices => &["__impactedServices"],
            Self::RelatedIncident => &["__relatedIncident"],
            Self::Members => &["__members"],
            Self::CurrentOncalls => &["__currentOncalls"],
            // <https://docs.opsgenie.com/docs/alert-api#get-alert>
            Self::Details => &["details", "description", "entity", "actions"],
        }
    }

    /// The name in reports and logs: its first key.
    pub fn name(self) -> &'static str {
        self.fields()[0]
    }

    /// The kind whose records carry it.
    pub fn kind(self) -> Kind {
        match self {
            Self::Team | Self::Oncalls | Self::Incidents => Kind::Service,
            Self::ImpactedServices => Kind::Incident,
            Self::RelatedIncident | Self::Details => Kind::Alert,
            Self::Members => Kind::Team,
            Self::CurrentOncalls => Kind::ScheduleOncall,
        }
    }
}
