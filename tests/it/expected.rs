//! The entities that the presets should make of an account: worked out here from the account itself, without jq, without
//! a mapping and without any code of the program.

use std::collections::BTreeMap;

use jiff::Timestamp;
use ocean_opsgenie::sandbox::{AlertStatus, Incident, IncidentStatus, Responder, ResponderKind, Text, World};
use serde_json::{Map, Value, json};

/// By blueprint and identifier.
pub(crate) type Entities = BTreeMap<(String, String), Value>;

struct Making<'a> {
    world: &'a World,
    entities: Entities,
}

impl Making<'_> {
    /// Nulls are not stored.
    fn add(&mut self, blueprint: &str, identifier: &str, title: &str, properties: Value, relations: Value) {
        let kept = |value: Value| match value {
            Value::Object(map) => map.into_iter().filter(|(_, value)| !value.is_null()).collect(),
            _ => Map::new(),
        };
        let entity = json!({
            "identifier": identifier, "blueprint": blueprint, "title": title, "team": [],
            "properties": kept(properties), "relations": kept(relations),
        });
        self.entities.insert((blueprint.to_owned(), identifier.to_owned()), entity);
    }

    /// What a relation names and nobody wrote exists bare.
    fn bare(&mut self, blueprint: &str, identifier: &str) {
        let key = (blueprint.to_owned(), identifier.to_owned());
        self.entities.entry(key).or_insert_with(|| {
            json!({
                "identifier": identifier, "blueprint": blueprint, "team": [], "properties": {}, "relations": {},
            })
        });
    }
}

fn at(ms: i64) -> String {
    Timestamp::from_millisecond(ms).expect("a time of the account").to_string()
}

fn list(texts: &[Text]) -> Vec<&str> {
    texts.iter().map(|text| &**text).collect()
}

fn responders(all: &[Responder]) -> Value {
    let name = |kind| match kind {
        ResponderKind::User => "user",
        ResponderKind::Team => "team",
        ResponderKind::Escalation => "escalation",
        ResponderKind::Schedule => "schedule",
    };
    all.iter().map(|one| json!({ "type": name(one.kind), "id": &*one.id })).collect()
}

fn teams_of(all: &[Responder]) -> Vec<&str> {
    all.iter().filter(|one| one.kind == ResponderKind::Team).map(|one| &*one.id).collect()
}

fn alert_status(status: AlertStatus) -> &'static str {
    match status {
        AlertStatus::Open => "open",
        AlertStatus::Closed => "closed",
    }
}

fn incident_status(status: IncidentStatus) -> &'static str {
    match status {
        IncidentStatus::Open => "open",
        IncidentStatus::Resolved => "resolved",
        IncidentStatus::Closed => "closed",
    }
}

/// A service's name where it serves as an identifier.
fn name_as_identifier(name: &str) -> String {
    let fits = |letter: char| letter.is_ascii_alphanumeric() || "@_.:/=-".contains(letter);
    name.chars().map(|letter| if fits(letter) { letter } else { '-' }).collect()
}

fn incident_url(incident: &Incident) -> String {
    format!("https://mytestaccount.app.opsgenie.com/incident/detail/{}", incident.id)
}

fn service_url(id: &str) -> String {
    format!("https://mytestaccount.app.opsgenie.com/service/{id}/status")
}

/// Service, incident and alert with their lookups.
pub(crate) fn classic(world: &World) -> Entities {
    let mut making = Making { world, entities: Entities::new() };
    for service in &world.services {
        let team = service.team_id.as_ref().and_then(|id| world.team(id));
        let schedule =
            world.schedules.iter().find(|one| one.owner_team.is_some() && one.owner_team == service.team_id);
        let open = world
            .incidents()
            .iter()
            .filter(|one| one.status == IncidentStatus::Open && one.impacted_services.contains(&service.id));
        let members = team.map(|team| team.members.iter().map(|one| &*one.username).collect::<Vec<_>>());
        let properties = json!({
            "description": &*service.description,
            "url": service_url(&service.id),
            "tags": list(&service.tags),
            "oncallTeam": team.map(|team| &*team.name),
            "teamMembers": members,
            "oncallUsers": schedule.map(|one| list(&one.on_call)),
            "numOpenIncidents": open.count(),
        });
        making.add(
            "opsGenieService",
            &name_as_identifier(&service.name),
            &service.name,
            properties,
            json!({}),
        );
    }
    for incident in world.incidents() {
        let services = incident.impacted_services.iter();
        let named = services.filter_map(|id| world.services.iter().find(|one| one.id == *id));
        let named: Vec<String> = named.map(|one| name_as_identifier(&one.name)).collect();
        let services = if incident.impacted_services.is_empty() { Value::Null } else { json!(named) };
        let properties = json!({
            "status": incident_status(incident.status),
            "responders": responders(&incident.responders),
            "priority": incident.priority.name(),
            "tags": list(&incident.tags),
            "url": incident_url(incident),
            "createdAt": at(incident.created_ms),
            "updatedAt": at(incident.updated_ms),
            "description": &*incident.description,
        });
        making.add(
            "opsGenieIncident",
            &incident.id,
            &incident.message,
            properties,
            json!({ "services": services }),
        );
    }
    for alert in world.alerts() {
        let mut holders = world.incidents().iter().filter(|one| one.associated_alerts.contains(&alert.id));
        let related = holders.next();
        assert!(holders.next().is_none(), "which incident is the first is not for this page to know");
        let properties = json!({
            "status": alert_status(alert.status),
            "acknowledged": alert.acknowledged,
            "responders": responders(&alert.responders),
            "priority": alert.priority.name(),
            "sourceName": &*alert.source,
            "tags": list(&alert.tags),
            "count": alert.count,
            "createdBy": &*alert.owner,
            "createdAt": at(alert.created_ms),
            "updatedAt": at(alert.updated_ms),
            "integration": alert.integration.as_ref().map(|one| &*one.name),
        });
        let relations = json!({ "relatedIncident": related.map(|one| &*one.id) });
        making.add("opsGenieAlert", &alert.id, &alert.message, properties, relations);
    }
    making.entities
}

/// All seven kinds.
pub(crate) fn full(world: &World) -> Entities {
    let mut making = Making { world, entities: Entities::new() };
    making.people();
    making.rotations();
    making.services();
    making.events();
    making.entities
}

impl Making<'_> {
    fn people(&mut self) {
        for user in &self.world.users {
            let properties = json!({
                "email": &*user.username,
                "role": &*user.role,
                "timeZone": &*user.time_zone,
                "isVerified": user.verified,
                "isBlocked": user.blocked,
                "address": { "country": "", "state": "", "city": "", "line": "", "zipCode": "" },
                "createdAt": at(user.created_ms),
            });
            self.add("opsGenieUser", &user.id, &user.full_name, properties, json!({}));
        }
        for team in &self.world.teams {
            // Of several schedules of a team: whoever is on call in one of them, once.
            let schedules = self.world.schedules.iter();
            let schedules: Vec<_> =
                schedules.filter(|one| one.owner_team.as_ref() == Some(&team.id)).collect();
            let mut names: Vec<&str> = Vec::new();
            for name in schedules.iter().flat_map(|one| one.on_call.iter()) {
                if !names.contains(&&**name) {
                    names.push(name);
                }
            }
            let on_call = (!schedules.is_empty()).then_some(names);
            let properties = json!({
                "description": &*team.description,
                "url": format!("https://app.opsgenie.com/teams/dashboard/{}/main", team.id),
                "oncallUsers": on_call,
            });
            let members: Vec<&str> = team.members.iter().map(|one| &*one.user_id).collect();
            self.add("opsGenieTeam", &team.id, &team.name, properties, json!({ "members": members }));
        }
    }

    fn rotations(&mut self) {
        for schedule in &self.world.schedules {
            for rotation in &schedule.rotations {
                let users = rotation.participants.iter().filter_map(|one| one["username"].as_str());
                let properties = json!({
                    "timezone": &*schedule.timezone,
                    "description": &*schedule.description,
                    "startDate": at(rotation.start_ms),
                    "endDate": rotation.end_ms.map(at),
                    "rotationType": "weekly",
                    "users": users.collect::<Vec<_>>(),
                });
                let relations = json!({ "ownerTeam": schedule.owner_team.as_deref() });
                let identifier = format!("{}_{}", schedule.id, rotation.id);
                let title = format!("{}_{}", schedule.name, rotation.name);
                self.add("opsGenieSchedule", &identifier, &title, properties, relations);
            }
        }
    }

    fn services(&mut self) {
        for service in &self.world.services {
            let properties = json!({
                "description": &*service.description,
                "url": service_url(&service.id),
                "tags": list(&service.tags),
            });
            let relations = json!({ "ownerTeam": service.team_id.as_deref() });
            self.add("opsGenieService", &service.id, &service.name, properties, relations);
        }
    }

    fn events(&mut self) {
        for alert in self.world.alerts().iter().filter(|one| one.status == AlertStatus::Open) {
            let properties = json!({
                "status": "open",
                "acknowledged": alert.acknowledged,
                "priority": alert.priority.name(),
                "sourceName": &*alert.source,
                "tags": list(&alert.tags),
                "count": alert.count,
                "createdBy": &*alert.owner,
                "createdAt": at(alert.created_ms),
                "updatedAt": at(alert.updated_ms),
                "integration": alert.integration.as_ref().map(|one| &*one.name),
            });
            let alias = alert.alias.as_deref().unwrap_or(&alert.id);
            let related = alias.split_once('_').map(|(incident, _)| incident);
            let relations =
                json!({ "relatedIncident": related, "respondingTeam": teams_of(&alert.responders) });
            self.add("opsGenieAlert", &alert.id, &alert.message, properties, relations);
        }
        for incident in self.world.incidents().iter().filter(|one| one.status == IncidentStatus::Open) {
            let properties = json!({
                "status": "open",
                "priority": incident.priority.name(),
                "tags": list(&incident.tags),
                "url": incident_url(incident),
                "createdAt": at(incident.created_ms),
                "updatedAt": at(incident.updated_ms),
                "description": &*incident.description,
            });
            let relations = json!({
                "services": list(&incident.impacted_services), "respondingTeam": teams_of(&incident.responders),
            });
            self.add("opsGenieIncident", &incident.id, &incident.message, properties, relations);
        }
        let related: Vec<String> = self
            .entities
            .values()
            .filter_map(|entity| Some(entity["relations"].get("relatedIncident")?.as_str()?.to_owned()))
            .collect();
        for incident in related {
            self.bare("opsGenieIncident", &incident);
        }
    }
}
