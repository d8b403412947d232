//! Accounts of any size, the same every time.

use std::sync::Arc;

use serde_json::json;

use super::{
    Alert, AlertStatus, Incident, IncidentStatus, Integration, Member, Priority, Report, Responder,
    ResponderKind, Rotation, Schedule, Service, Team, Text, User, World, text, texts,
};

/// How much a generated account holds; there is one schedule per team.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Size {
    /// Alerts; 200,000 take about a hundred megabytes.
    pub alerts: u32,
    /// Incidents.
    pub incidents: u32,
    /// Services.
    pub services: u32,
    /// Users.
    pub users: u32,
    /// Teams.
    pub teams: u32,
}

/// 2026-01-01T00:00:00Z, where the generated history begins.
const BEGIN_MS: i64 = 1_767_225_600_000;

/// Creations are this far apart: some two minutes, so that 200,000 alerts span most of a year.
const STEP_MS: i64 = 131_071;

/// Different things a generated alert may say; each text is held once however many alerts there are.
const MESSAGES: u32 = 997;

/// A generator of 64 bits from a counter (`SplitMix64`), so that item `n` needs none of the items before it.
fn scattered(seed: u64) -> u64 {
    let mut mixed = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

/// The upper half.
fn upper(chance: u64) -> u32 {
    u32::try_from(chance >> 32).expect("half of 64 bits fits into 32")
}

/// What an id is for; it keeps the ids of different kinds apart.
#[derive(Clone, Copy)]
enum Salt {
    Alert = 1,
    Incident,
    Service,
    User,
    Team,
    Schedule,
    Rotation,
}

fn uuid(salt: Salt, index: u32) -> String {
    let seed = (salt as u64) << 40 | u64::from(index);
    let (high, low) = (scattered(seed), scattered(seed ^ (1 << 60)));
    format!(
        "{:08x}-{:04x}-4{:03x}-8{:03x}-{:012x}",
        high >> 32,
        (high >> 16) & 0xffff,
        high & 0xfff,
        low >> 52,
        low & 0xffff_ffff_ffff
    )
}

/// Position `index` of a list, going round; an empty list gives none.
fn round<T>(list: &[T], index: u32) -> Option<&T> {
    list.get((index as usize).checked_rem(list.len())?)
}

impl World {
    /// An account of the given size; the same size gives the same account.
    pub fn generated(size: Size) -> Self {
        let mut world = Self::empty();
        world.account_name = "generated".into();
        world.users = (0..size.users).map(user).collect();
        world.teams = (0..size.teams).map(|index| team(index, &world.users)).collect();
        world.schedules = (0..size.teams).map(|index| schedule(index, &world.teams)).collect();
        world.services = (0..size.services).map(|index| service(index, &world.teams)).collect();
        let pool = Pool::new(&world.teams);
        *world.alerts_mut() = (0..size.alerts).map(|index| pool.alert(index)).collect();
        let incidents = (0..size.incidents).map(|index| pool.incident(index, &world));
        *world.incidents_mut() = incidents.collect();
        world
    }
}

fn user(index: u32) -> User {
    User {
        id: uuid(Salt::User, index).into(),
        username: format!("person{index}@corp.test").into(),
        full_name: format!("Person {index} of Corp").into(),
        role: text(if index.is_multiple_of(20) { "Admin" } else { "User" }),
        time_zone: text("Europe/Berlin"),
        blocked: index % 50 == 49,
        verified: true,
        created_ms: BEGIN_MS - i64::from(index) * 60_000,
        extra: None,
    }
}

fn team(index: u32, users: &[User]) -> Team {
    let members = (0..8).filter_map(|nth| round(users, index * 8 + nth));
    Team {
        id: uuid(Salt::Team, index).into(),
        name: format!("Team {index:03}").into(),
        description: text(""),
        members: members
            .zip(0_u32..)
            .map(|(user, nth)| Member {
                user_id: Arc::clone(&user.id),
                username: Arc::clone(&user.username),
                role: text(if nth == 0 { "admin" } else { "user" }),
            })
            .collect(),
        extra: None,
    }
}

fn schedule(index: u32, teams: &[Team]) -> Schedule {
    let owner = round(teams, index);
    let members = owner.map(|team| team.members.as_slice()).unwrap_or_default();
    Schedule {
        id: uuid(Salt::Schedule, index).into(),
        name: format!("Team {index:03}_schedule").into(),
        description: text(""),
        timezone: text("Europe/Berlin"),
        enabled: true,
        owner_team: owner.map(|team| Arc::clone(&team.id)),
        rotations: vec![Rotation {
            id: uuid(Salt::Rotation, index).into(),
            name: text("weekly"),
            start_ms: BEGIN_MS,
            end_ms: None,
            participants: members
                .iter()
                .map(
                    |member| json!({ "type": "user", "id": &*member.user_id, "username": &*member.username }),
                )
                .collect(),
        }],
        on_call: members.iter().take(2).map(|member| Arc::clone(&member.username)).collect(),
        extra: None,
    }
}

fn service(index: u32, teams: &[Team]) -> Service {
    Service {
        id: uuid(Salt::Service, index).into(),
        name: format!("Service {index:04} (core)").into(),
        description: format!("What service {index} does for the shop").into(),
        team_id: round(teams, index).map(|team| Arc::clone(&team.id)),
        tags: texts(&["generated", "tier2"]),
        extra: None,
    }
}

/// Parts that many alerts share.
struct Pool {
    messages: Vec<Text>,
    aliases: Vec<Text>,
    description: Text,
    sources: [Text; 4],
    entity: Text,
    tags: [Arc<[Text]>; 3],
    owners: Vec<Ownership>,
    integration: Arc<Integration>,
    acknowledged: Arc<Report>,
    closed: Arc<Report>,
    details: Arc<[(Text, Text)]>,
}

struct Ownership {
    team: Text,
    teams: Arc<[Text]>,
    owner: Text,
    /// The team alone.
    team_only: Arc<[Responder]>,
    /// The team and its first member.
    responders: Arc<[Responder]>,
}

impl Pool {
    fn new(teams: &[Team]) -> Self {
        let mut owners: Vec<Ownership> = teams.iter().map(Ownership::of).collect();
        if owners.is_empty() {
            owners.push(Ownership {
                team: text(""),
                teams: Arc::from([]),
                owner: text(""),
                team_only: Arc::from([]),
                responders: Arc::from([]),
            });
        }
        Self {
            messages: (0..MESSAGES)
                .map(|nth| format!("Error rate of pool {nth:03} above 5 %").into())
                .collect(),
            aliases: (0..MESSAGES).map(|nth| format!("pool-{nth:03}:error-rate").into()).collect(),
            description: text("The pool answers slowly; see the runbook"),
            sources: ["prometheus", "cloudwatch", "datadog", "nagios"].map(text),
            entity: text("pool"),
            tags: [texts(&["prod", "eu-1"]), texts(&["staging"]), texts(&[])],
            owners,
            integration: Arc::new(Integration {
                id: text("aa100000-1d7e-4f0b-8f3c-0000000000ff"),
                name: text("Generated API"),
                kind: text("API"),
            }),
            acknowledged: Arc::new(Report {
                ack_ms: Some(95_211),
                acknowledged_by: Some(text("person1@corp.test")),
                ..Report::default()
            }),
            closed: Arc::new(Report { close_ms: Some(1_195_300), ..Report::default() }),
            details: Arc::from([(text("region"), text("eu-1"))]),
        }
    }

    fn alert(&self, index: u32) -> Alert {
        let chance = scattered(u64::from(index));
        let jitter = i64::try_from(chance % 60_000).unwrap_or(0);
        let created_ms = BEGIN_MS + i64::from(index) * STEP_MS + jitter;
        let closed = chance % 10 >= 4;
        let acknowledged = closed || chance.is_multiple_of(3);
        let pick = upper(chance);
        let owning = round(&self.owners, pick);
        let texts_of =
            |of: fn(&Ownership) -> &Text| owning.map_or_else(|| text(""), |owning| Arc::clone(of(owning)));
        Alert {
            id: format!("{}-{created_ms}", uuid(Salt::Alert, index)).into(),
            tiny_id: u64::from(index) % 10_000,
            alias: round(&self.aliases, pick >> 3).map(Arc::clone),
            message: round(&self.messages, pick >> 3).map_or_else(|| text(""), Arc::clone),
            status: if closed { AlertStatus::Closed } else { AlertStatus::Open },
            acknowledged,
            is_seen: acknowledged,
            snoozed_until_ms: None,
            count: 1 + chance % 9,
            tags: Arc::clone(&self.tags[index as usize % self.tags.len()]),
            created_ms,
            updated_ms: created_ms + 1_200_017,
            last_occurred_ms: created_ms + 600_500,
            source: Arc::clone(&self.sources[index as usize % self.sources.len()]),
            owner: texts_of(|owning| &owning.owner),
            priority: priority(pick),
            responders: owning.map_or_else(|| Arc::from([]), |owning| Arc::clone(owning.answering(pick))),
            teams: owning
                .filter(|_| pick.is_multiple_of(2))
                .map_or_else(|| Arc::from([]), |owning| Arc::clone(&owning.teams)),
            owner_team_id: texts_of(|owning| &owning.team),
            integration: chance.is_multiple_of(3).then(|| Arc::clone(&self.integration)),
            report: match (closed, acknowledged) {
                (true, _) => Some(Arc::clone(&self.closed)),
                (false, true) => Some(Arc::clone(&self.acknowledged)),
                (false, false) => None,
            },
            description: Arc::clone(&self.description),
            entity: Arc::clone(&self.entity),
            details: Arc::clone(&self.details),
            extra: None,
        }
    }

    fn incident(&self, index: u32, world: &World) -> Incident {
        let chance = scattered(u64::from(index) | 1 << 50);
        let pick = upper(chance);
        let created_ms = BEGIN_MS + i64::from(index) * 10 * STEP_MS;
        let status = match chance % 4 {
            0 | 1 => IncidentStatus::Open,
            2 => IncidentStatus::Resolved,
            _ => IncidentStatus::Closed,
        };
        let services = (0..=pick % 2).filter_map(|nth| round(&world.services, pick + nth));
        let alerts = (0..2).filter_map(|nth| world.alerts.get((index * 2 + nth) as usize));
        let owning = round(&self.owners, pick);
        Incident {
            id: uuid(Salt::Incident, index).into(),
            tiny_id: u64::from(index) + 1,
            message: format!("Incident {index}: customers cannot pay").into(),
            description: text("Opened by the generator"),
            status,
            priority: priority(pick >> 4),
            tags: texts(&["generated"]),
            impacted_services: services.map(|service| Arc::clone(&service.id)).collect(),
            owner_team: owning.map_or_else(|| text(""), |owning| Arc::clone(&owning.team)),
            responders: owning.map_or_else(|| Arc::from([]), |owning| Arc::clone(&owning.responders)),
            created_ms,
            updated_ms: created_ms + 3_600_120,
            impact_start_ms: created_ms - 60_000,
            impact_end_ms: (status != IncidentStatus::Open).then_some(created_ms + 3_000_000),
            associated_alerts: alerts.map(|alert| Arc::clone(&alert.id)).collect(),
            extra: None,
        }
    }
}

impl Ownership {
    fn answering(&self, pick: u32) -> &Arc<[Responder]> {
        if pick.is_multiple_of(4) { &self.responders } else { &self.team_only }
    }

    fn of(team: &Team) -> Self {
        let mut responders = vec![Responder { kind: ResponderKind::Team, id: Arc::clone(&team.id) }];
        let team_only = Arc::from(responders.as_slice());
        let owner = team.members.first().map(|member| {
            responders.push(Responder { kind: ResponderKind::User, id: Arc::clone(&member.user_id) });
            Arc::clone(&member.username)
        });
        Self {
            team: Arc::clone(&team.id),
            teams: Arc::from([Arc::clone(&team.id)]),
            owner: owner.unwrap_or_else(|| text("")),
            team_only,
            responders: responders.into(),
        }
    }
}

fn priority(pick: u32) -> Priority {
    match pick % 5 {
        0 => Priority::P1,
        1 => Priority::P2,
        2 => Priority::P3,
        3 => Priority::P4,
        _ => Priority::P5,
    }
}

#[cfg(test)]
mod tests {
    use super::super::View;
    use super::*;

    const SMALL: Size = Size { alerts: 500, incidents: 20, services: 7, users: 11, teams: 3 };

    #[test]
    fn the_same_size_gives_the_same_account() {
        let rows = || {
            let world = World::generated(SMALL);
            world.alerts().iter().map(|alert| alert.json(View::Row).to_string()).collect::<Vec<_>>()
        };
        assert_eq!(rows(), rows());
    }

    #[test]
    fn alerts_are_as_large_as_real_ones() {
        let world = World::generated(SMALL);
        let bytes: usize = world.alerts().iter().map(|alert| alert.json(View::Row).to_string().len()).sum();
        let mean = bytes / world.alerts().len();
        assert!((640..=700).contains(&mean), "{mean}");
    }

    #[test]
    fn ids_differ_and_creations_ascend() {
        let world = World::generated(SMALL);
        let ids: std::collections::BTreeSet<_> = world.alerts().iter().map(|alert| &alert.id).collect();
        assert_eq!(ids.len(), 500);
        assert!(world.alerts().is_sorted_by_key(|alert| alert.created_ms));
    }

    #[test]
    fn nothing_to_share_is_no_fault() {
        let world = World::generated(Size { services: 0, users: 0, teams: 0, ..SMALL });
        assert_eq!(world.alerts().len(), 500);
        assert!(world.incidents().iter().all(|one| one.impacted_services.is_empty()));
    }
}
