//! What an Opsgenie account holds. The shapes on the wire are made in `render`.
//!
//! Every type has an `extra` map that is laid over the JSON made from the fields: it adds keys, replaces values, and
//! with [`OMIT`] as the value takes a key away, so that a test can send any odd shape the real service might.

mod generated;
mod plain;
mod render;
mod render_alert;
mod seed;

use std::sync::Arc;

use serde_json::{Map, Value};

pub use generated::Size;
pub(in crate::sandbox) use render::{Rotations, View};

/// As a value in `extra`: the key is left out of the JSON.
pub const OMIT: &str = "\u{0}omit";

/// Text that many objects may share.
pub type Text = Arc<str>;

/// A shared text.
pub fn text(from: &str) -> Text {
    Arc::from(from)
}

/// A shared list of texts.
pub fn texts(from: &[&str]) -> Arc<[Text]> {
    from.iter().copied().map(text).collect()
}

/// Keys laid over the JSON of an object.
pub type Extra = Option<Arc<Map<String, Value>>>;

/// Everything an account holds.
#[derive(Clone, Debug, Default)]
pub struct World {
    /// The teams, in the order they are listed.
    pub teams: Vec<Team>,
    /// The users.
    pub users: Vec<User>,
    /// The schedules, in the order they are listed.
    pub schedules: Vec<Schedule>,
    /// The services.
    pub services: Vec<Service>,
    /// The account's name.
    pub account_name: String,
    incidents: Vec<Incident>,
    alerts: Vec<Alert>,
    version: u64,
}

impl World {
    /// An account with nothing in it.
    pub fn empty() -> Self {
        Self { account_name: "sandbox".to_owned(), ..Self::default() }
    }

    /// The alerts, in no particular order.
    pub fn alerts(&self) -> &[Alert] {
        &self.alerts
    }

    /// The alerts, to change them.
    pub fn alerts_mut(&mut self) -> &mut Vec<Alert> {
        self.version += 1;
        &mut self.alerts
    }

    /// One alert by its id.
    pub fn alert(&self, id: &str) -> Option<&Alert> {
        self.alerts.iter().find(|alert| &*alert.id == id)
    }

    /// One alert by its id, to change it.
    pub fn alert_mut(&mut self, id: &str) -> Option<&mut Alert> {
        self.version += 1;
        self.alerts.iter_mut().find(|alert| &*alert.id == id)
    }

    /// The incidents, in no particular order.
    pub fn incidents(&self) -> &[Incident] {
        &self.incidents
    }

    /// The incidents, to change them.
    pub fn incidents_mut(&mut self) -> &mut Vec<Incident> {
        self.version += 1;
        &mut self.incidents
    }

    /// One incident by its id, to change it.
    pub fn incident_mut(&mut self, id: &str) -> Option<&mut Incident> {
        self.version += 1;
        self.incidents.iter_mut().find(|one| &*one.id == id)
    }

    /// One team by its id.
    pub fn team(&self, id: &str) -> Option<&Team> {
        self.teams.iter().find(|team| &*team.id == id)
    }

    /// Closes an alert at `at_ms` (milliseconds since 1970); false when there is none of that id.
    pub fn close_alert(&mut self, id: &str, at_ms: i64) -> bool {
        self.alert_mut(id)
            .map(|alert| {
                alert.status = AlertStatus::Closed;
                alert.updated_ms = at_ms;
            })
            .is_some()
    }

    /// Deletes an alert; false when there is none of that id.
    pub fn delete_alert(&mut self, id: &str) -> bool {
        let before = self.alerts.len();
        self.alerts_mut().retain(|alert| &*alert.id != id);
        self.alerts.len() < before
    }

    /// Moves on whenever alerts or incidents may have changed.
    pub(in crate::sandbox) fn version(&self) -> u64 {
        self.version
    }
}

/// A team; its members are told only when it is read alone.
#[derive(Clone, Debug)]
pub struct Team {
    /// UUID.
    pub id: Text,
    /// Display name.
    pub name: Text,
    /// May be empty.
    pub description: Text,
    /// Who belongs to it.
    pub members: Vec<Member>,
    /// Laid over the JSON.
    pub extra: Extra,
}

/// A member of a team.
#[derive(Clone, Debug)]
pub struct Member {
    /// The user's UUID.
    pub user_id: Text,
    /// The user's mail address.
    pub username: Text,
    /// `admin`, `user` or a custom role.
    pub role: Text,
}

/// A user.
#[derive(Clone, Debug)]
pub struct User {
    /// UUID.
    pub id: Text,
    /// Mail address.
    pub username: Text,
    /// Display name.
    pub full_name: Text,
    /// Name of the role, such as `Admin`.
    pub role: Text,
    /// IANA zone.
    pub time_zone: Text,
    /// May not sign in.
    pub blocked: bool,
    /// Has confirmed the mail address.
    pub verified: bool,
    /// Milliseconds since 1970.
    pub created_ms: i64,
    /// Laid over the JSON.
    pub extra: Extra,
}

/// A schedule and who is on call by it.
#[derive(Clone, Debug)]
pub struct Schedule {
    /// UUID.
    pub id: Text,
    /// Display name.
    pub name: Text,
    /// May be empty.
    pub description: Text,
    /// IANA zone.
    pub timezone: Text,
    /// Whether it is in force.
    pub enabled: bool,
    /// The team that owns it; none for a global schedule.
    pub owner_team: Option<Text>,
    /// Told only with `expand=rotation`.
    pub rotations: Vec<Rotation>,
    /// Mail addresses of those on call now.
    pub on_call: Vec<Text>,
    /// Laid over the JSON.
    pub extra: Extra,
}

/// A rotation of a schedule.
#[derive(Clone, Debug)]
pub struct Rotation {
    /// UUID.
    pub id: Text,
    /// Display name.
    pub name: Text,
    /// Milliseconds since 1970.
    pub start_ms: i64,
    /// Milliseconds since 1970; none has no end and is sent as null.
    pub end_ms: Option<i64>,
    /// Who takes turns: objects as the API sends them.
    pub participants: Vec<Value>,
}

/// A service.
#[derive(Clone, Debug)]
pub struct Service {
    /// UUID.
    pub id: Text,
    /// Display name, in any characters.
    pub name: Text,
    /// May be empty.
    pub description: Text,
    /// The owning team; none (sent as null) for system services.
    pub team_id: Option<Text>,
    /// Labels.
    pub tags: Arc<[Text]>,
    /// Laid over the JSON.
    pub extra: Extra,
}

/// `P1` is the most urgent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Priority {
    /// Critical.
    P1,
    /// High.
    P2,
    /// Moderate, the default.
    P3,
    /// Low.
    P4,
    /// Informational.
    P5,
}

impl Priority {
    /// As it stands on the wire.
    pub fn name(self) -> &'static str {
        match self {
            Self::P1 => "P1",
            Self::P2 => "P2",
            Self::P3 => "P3",
            Self::P4 => "P4",
            Self::P5 => "P5",
        }
    }
}

/// What answers for an alert or incident.
#[derive(Clone, Debug)]
pub struct Responder {
    /// User, team, escalation or schedule.
    pub kind: ResponderKind,
    /// UUID.
    pub id: Text,
}

/// What a responder is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ResponderKind {
    /// A user.
    User,
    /// A team.
    Team,
    /// An escalation.
    Escalation,
    /// A schedule.
    Schedule,
}

/// Whether an alert is open.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum AlertStatus {
    /// Still open.
    Open,
    /// Closed.
    Closed,
}

/// Where an incident stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum IncidentStatus {
    /// Still open.
    Open,
    /// Resolved, not yet closed.
    Resolved,
    /// Closed.
    Closed,
}

/// Where an alert came in.
#[derive(Clone, Debug)]
pub struct Integration {
    /// UUID.
    pub id: Text,
    /// Display name.
    pub name: Text,
    /// Such as `Prometheus`.
    pub kind: Text,
}

/// When and by whom an alert was acknowledged and closed; times are milliseconds since its creation.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// Milliseconds from creation to acknowledgement.
    pub ack_ms: Option<i64>,
    /// Milliseconds from creation to closing.
    pub close_ms: Option<i64>,
    /// Mail address.
    pub acknowledged_by: Option<Text>,
    /// Mail address.
    pub closed_by: Option<Text>,
}

/// An alert.
#[derive(Clone, Debug)]
pub struct Alert {
    /// `<uuid>-<milliseconds of creation>`.
    pub id: Text,
    /// Digits; rolls over.
    pub tiny_id: u64,
    /// None: the id serves as alias.
    pub alias: Option<Text>,
    /// The headline.
    pub message: Text,
    /// Open or closed.
    pub status: AlertStatus,
    /// Someone took note.
    pub acknowledged: bool,
    /// Someone looked.
    pub is_seen: bool,
    /// Milliseconds since 1970; none: not snoozed.
    pub snoozed_until_ms: Option<i64>,
    /// Occurrences folded into this alert.
    pub count: u64,
    /// Labels.
    pub tags: Arc<[Text]>,
    /// Milliseconds since 1970.
    pub created_ms: i64,
    /// Milliseconds since 1970.
    pub updated_ms: i64,
    /// Milliseconds since 1970.
    pub last_occurred_ms: i64,
    /// May be empty.
    pub source: Text,
    /// Mail address, or empty.
    pub owner: Text,
    /// Urgency.
    pub priority: Priority,
    /// Who answers for it.
    pub responders: Arc<[Responder]>,
    /// Ids of teams.
    pub teams: Arc<[Text]>,
    /// Id of a team, or empty.
    pub owner_team_id: Text,
    /// None for alerts made by an incident.
    pub integration: Option<Arc<Integration>>,
    /// None until someone acts.
    pub report: Option<Arc<Report>>,
    /// Told only when the alert is read alone.
    pub description: Text,
    /// Told only when the alert is read alone.
    pub entity: Text,
    /// Told only when the alert is read alone.
    pub details: Arc<[(Text, Text)]>,
    /// Laid over the JSON.
    pub extra: Extra,
}

/// An incident.
#[derive(Clone, Debug)]
pub struct Incident {
    /// UUID.
    pub id: Text,
    /// Digits.
    pub tiny_id: u64,
    /// The headline.
    pub message: Text,
    /// May be empty.
    pub description: Text,
    /// Open, resolved or closed.
    pub status: IncidentStatus,
    /// Urgency.
    pub priority: Priority,
    /// Labels.
    pub tags: Arc<[Text]>,
    /// Ids of services.
    pub impacted_services: Arc<[Text]>,
    /// Id of a team, or empty.
    pub owner_team: Text,
    /// Who answers for it.
    pub responders: Arc<[Responder]>,
    /// Milliseconds since 1970.
    pub created_ms: i64,
    /// Milliseconds since 1970.
    pub updated_ms: i64,
    /// Milliseconds since 1970.
    pub impact_start_ms: i64,
    /// Milliseconds since 1970; none while the impact lasts (the key is absent).
    pub impact_end_ms: Option<i64>,
    /// Ids of the alerts attached to it.
    pub associated_alerts: Arc<[Text]>,
    /// Laid over the JSON.
    pub extra: Extra,
}
