//! The JSON of every object, shaped as the public API documents and real payloads show it.
//!
//! See the Alert, Incident, Service, Team, User and Schedule API pages on <https://docs.opsgenie.com/docs>.

use jiff::Timestamp;

use serde_json::{Value, json};

use super::{
    AlertStatus, Extra, Incident, IncidentStatus, Member, OMIT, Responder, ResponderKind, Rotation, Schedule,
    Service, Team, Text, User,
};

/// Whether a listing or a single read is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::sandbox) enum View {
    /// One row of many: without the fields that only a single read has.
    Row,
    /// The whole object.
    Whole,
}

/// RFC 3339 in UTC; trailing zeros of the fraction are trimmed as the real service trims them.
pub(in crate::sandbox) fn instant(at_ms: i64) -> Value {
    Timestamp::from_millisecond(at_ms).map_or(Value::Null, |at| Value::String(at.to_string()))
}

pub(super) fn overlaid(value: Value, extra: &Extra) -> Value {
    let (Value::Object(mut object), Some(extra)) = (value.clone(), extra) else {
        return value;
    };
    for (key, laid) in extra.iter() {
        if laid.as_str() == Some(OMIT) {
            object.shift_remove(key);
        } else {
            object.insert(key.clone(), laid.clone());
        }
    }
    Value::Object(object)
}

fn strings(list: &[Text]) -> Value {
    list.iter().map(|one| Value::String(one.to_string())).collect()
}

impl Responder {
    fn json(&self) -> Value {
        json!({ "type": self.kind.name(), "id": &*self.id })
    }
}

impl ResponderKind {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Team => "team",
            Self::Escalation => "escalation",
            Self::Schedule => "schedule",
        }
    }
}

impl AlertStatus {
    /// As it stands on the wire.
    pub(in crate::sandbox) fn name(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Closed => "closed",
        }
    }
}

impl IncidentStatus {
    /// As it stands on the wire.
    pub(in crate::sandbox) fn name(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Resolved => "resolved",
            Self::Closed => "closed",
        }
    }
}

impl Incident {
    pub(in crate::sandbox) fn json(&self) -> Value {
        let mut out = json!({
            "id": &*self.id,
            "description": &*self.description,
            "impactedServices": strings(&self.impacted_services),
            "tinyId": self.tiny_id.to_string(),
            "message": &*self.message,
            "status": self.status.name(),
            "tags": strings(&self.tags),
            "createdAt": instant(self.created_ms),
            "updatedAt": instant(self.updated_ms),
            "priority": self.priority.name(),
            "ownerTeam": &*self.owner_team,
            "responders": self.responders.iter().map(Responder::json).collect::<Value>(),
            "extraProperties": {},
            "links": {
                "web": format!("https://mytestaccount.app.opsgenie.com/incident/detail/{}", self.id),
                "api": format!("https://api.opsgenie.com/v1/incidents/{}", self.id),
            },
            "impactStartDate": instant(self.impact_start_ms),
        });
        if let Some(at_ms) = self.impact_end_ms {
            out["impactEndDate"] = instant(at_ms);
        }
        out["actions"] = json!([]);
        overlaid(out, &self.extra)
    }
}

impl Service {
    pub(in crate::sandbox) fn json(&self) -> Value {
        let out = json!({
            "id": &*self.id,
            "name": &*self.name,
            "description": &*self.description,
            "teamId": self.team_id.as_deref(),
            "tags": strings(&self.tags),
            "links": {
                "web": format!("https://mytestaccount.app.opsgenie.com/service/{}/status", self.id),
                "api": format!("https://api.opsgenie.com/v1/services/{}", self.id),
            },
            "isExternal": false,
        });
        overlaid(out, &self.extra)
    }
}

impl Member {
    fn json(&self) -> Value {
        json!({ "user": { "id": &*self.user_id, "username": &*self.username }, "role": &*self.role })
    }
}

impl Team {
    pub(in crate::sandbox) fn json(&self, view: View) -> Value {
        let mut out = json!({
            "id": &*self.id,
            "name": &*self.name,
            "description": &*self.description,
        });
        if view == View::Whole {
            out["members"] = self.members.iter().map(Member::json).collect();
        }
        out["links"] = json!({
            "web": format!("https://app.opsgenie.com/teams/dashboard/{}/main", self.id),
            "api": format!("https://api.opsgenie.com/v2/teams/{}", self.id),
        });
        overlaid(out, &self.extra)
    }
}

impl User {
    pub(in crate::sandbox) fn json(&self) -> Value {
        let out = json!({
            "blocked": self.blocked,
            "verified": self.verified,
            "id": &*self.id,
            "username": &*self.username,
            "fullName": &*self.full_name,
            "role": { "id": &*self.role, "name": &*self.role },
            "timeZone": &*self.time_zone,
            "locale": "en_US",
            "userAddress": { "country": "", "state": "", "city": "", "line": "", "zipCode": "" },
            "createdAt": instant(self.created_ms),
        });
        overlaid(out, &self.extra)
    }
}

impl Rotation {
    fn json(&self) -> Value {
        json!({
            "id": &*self.id,
            "name": &*self.name,
            "startDate": instant(self.start_ms),
            "endDate": self.end_ms.map(instant),
            "type": "weekly",
            "length": 1,
            "participants": self.participants,
            "timeRestriction": null,
        })
    }
}

/// Whether `expand=rotation` was asked for; without it the list is there and empty.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::sandbox) enum Rotations {
    Expanded,
    Left,
}

impl Schedule {
    pub(in crate::sandbox) fn json(&self, teams: &[Team], rotations: Rotations) -> Value {
        let mut out = json!({
            "id": &*self.id,
            "name": &*self.name,
            "description": &*self.description,
            "timezone": &*self.timezone,
            "enabled": self.enabled,
        });
        if let Some(owner) = &self.owner_team {
            let name = teams.iter().find(|team| team.id == *owner).map_or("", |team| &*team.name);
            out["ownerTeam"] = json!({ "id": &**owner, "name": name });
        }
        out["rotations"] = match rotations {
            Rotations::Expanded => self.rotations.iter().map(Rotation::json).collect(),
            Rotations::Left => json!([]),
        };
        overlaid(out, &self.extra)
    }

    fn parent(&self) -> Value {
        json!({ "id": &*self.id, "name": &*self.name, "enabled": self.enabled })
    }

    /// With `flat=true`: user names.
    pub(in crate::sandbox) fn on_call_flat(&self) -> Value {
        json!({ "_parent": self.parent(), "onCallRecipients": strings(&self.on_call) })
    }

    /// With `flat=false`: participants.
    pub(in crate::sandbox) fn on_call_tree(&self, users: &[User]) -> Value {
        let participants = self.on_call.iter().map(|name| {
            let id = users.iter().find(|user| user.username == *name).map_or("", |user| &*user.id);
            json!({ "id": id, "name": &**name, "type": "user" })
        });
        json!({ "_parent": self.parent(), "onCallParticipants": participants.collect::<Value>() })
    }
}
