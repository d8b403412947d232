//! Objects with nothing remarkable about them, for tests that change only what they are about.

use std::sync::Arc;

use super::{Alert, AlertStatus, Incident, IncidentStatus, Priority, Schedule, Service, Team, User, text};

impl Alert {
    /// An open alert made at `created_ms` (milliseconds since 1970); different numbers give different ids.
    pub fn numbered(nth: u32, created_ms: i64) -> Self {
        Self {
            id: format!("a1e70000-0000-4000-8000-{nth:012x}-{created_ms}").into(),
            tiny_id: u64::from(nth),
            alias: None,
            message: format!("Alert {nth}").into(),
            status: AlertStatus::Open,
            acknowledged: false,
            is_seen: false,
            snoozed_until_ms: None,
            count: 1,
            tags: Arc::from([]),
            created_ms,
            updated_ms: created_ms,
            last_occurred_ms: created_ms,
            source: text("test"),
            owner: text(""),
            priority: Priority::P3,
            responders: Arc::from([]),
            teams: Arc::from([]),
            owner_team_id: text(""),
            integration: None,
            report: None,
            description: text(""),
            entity: text(""),
            details: Arc::from([]),
            extra: None,
        }
    }
}

impl Incident {
    /// An open incident made at `created_ms` (milliseconds since 1970); different numbers give different ids.
    pub fn numbered(nth: u32, created_ms: i64) -> Self {
        Self {
            id: format!("14c10000-0000-4000-8000-{nth:012x}").into(),
            tiny_id: u64::from(nth),
            message: format!("Incident {nth}").into(),
            description: text(""),
            status: IncidentStatus::Open,
            priority: Priority::P3,
            tags: Arc::from([]),
            impacted_services: Arc::from([]),
            owner_team: text(""),
            responders: Arc::from([]),
            created_ms,
            updated_ms: created_ms,
            impact_start_ms: created_ms,
            impact_end_ms: None,
            associated_alerts: Arc::from([]),
            extra: None,
        }
    }
}

impl Service {
    /// A service without an owner.
    pub fn named(id: &str, name: &str) -> Self {
        Self {
            id: text(id),
            name: text(name),
            description: text(""),
            team_id: None,
            tags: Arc::from([]),
            extra: None,
        }
    }
}

impl Team {
    /// A team without members.
    pub fn named(id: &str, name: &str) -> Self {
        Self { id: text(id), name: text(name), description: text(""), members: Vec::new(), extra: None }
    }
}

impl User {
    /// A verified user; the mail address serves as name.
    pub fn named(id: &str, username: &str) -> Self {
        Self {
            id: text(id),
            username: text(username),
            full_name: text(username),
            role: text("User"),
            time_zone: text("UTC"),
            blocked: false,
            verified: true,
            created_ms: 0,
            extra: None,
        }
    }
}

impl Schedule {
    /// An enabled schedule with nobody on call; `owner_team` is the id of a team.
    pub fn named(id: &str, name: &str, owner_team: Option<&str>) -> Self {
        Self {
            id: text(id),
            name: text(name),
            description: text(""),
            timezone: text("UTC"),
            enabled: true,
            owner_team: owner_team.map(text),
            rotations: Vec::new(),
            on_call: Vec::new(),
            extra: None,
        }
    }
}
