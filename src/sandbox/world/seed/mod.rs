//! A small, fixed, believable account: a shop's teams, their services, a few bad nights.
//!
//! It contains the objects of Port's public documentation of its Opsgenie integration
//! (<https://docs.port.io/build-your-software-catalog/sync-data-to-catalog/incident-management/opsgenie>), so that the
//! entities shown there come out of it.

mod events;

use std::sync::Arc;

use serde_json::{Value, json};

use super::{Member, Rotation, Schedule, Service, Team, Text, User, World, text, texts};

const HOUR_MS: i64 = 60 * 60_000;
const DAY_MS: i64 = 24 * HOUR_MS;
/// 2026-11-01T00:00:00Z, from where the made-up part of the account counts.
const NOVEMBER_MS: i64 = 1_793_491_200_000;

const DATA_SCIENCE: &str = "63374eee-0b03-42d4-bb8c-50d1fa64827c";
const PAYMENTS: &str = "7e0a4c52-91b3-4b0e-8a55-0d6f3c1e0a01";
const CHECKOUT: &str = "7e0a4c52-91b3-4b0e-8a55-0d6f3c1e0a02";
const PLATFORM: &str = "7e0a4c52-91b3-4b0e-8a55-0d6f3c1e0a03";
const MOBILE: &str = "7e0a4c52-91b3-4b0e-8a55-0d6f3c1e0a04";

const TEST_USER: &str = "ce544b61-7b35-43ea-89ee-a8750638d3a4";
const DEV_TESTER: &str = "9ea8f86a-6648-46d6-a2fc-1a6eb5f739c8";

const MY_TEST_SERVICE: &str = "59591948-d418-4bb9-af16-170d6b232b7d";
const PORT_OUTBOUND: &str = "daa0d66f-ad35-4396-b30d-70f0314c697a";

/// Username, full name, role, zone.
const PEOPLE: [(&str, &str, &str, &str); 10] = [
    ("ada@shop.test", "Ada Moreau", "Owner", "Europe/Paris"),
    ("bo@shop.test", "Bo Lindqvist", "Admin", "Europe/Stockholm"),
    ("chidi@shop.test", "Chidi Okafor", "User", "Africa/Lagos"),
    ("dana@shop.test", "Dana Weiss", "User", "Europe/Berlin"),
    ("emi@shop.test", "遠藤 恵美", "User", "Asia/Tokyo"),
    ("farid@shop.test", "Farid Rahimi", "User", "Europe/London"),
    ("gil@shop.test", "Gil Ferreira", "User", "America/Sao_Paulo"),
    ("hana@shop.test", "Hana Nováková", "User", "Europe/Prague"),
    ("ines@shop.test", "Inés García", "User", "Europe/Madrid"),
    ("jo@shop.test", "Jo O'Brien", "Stakeholder", "Europe/Dublin"),
];

impl World {
    /// The fixed account: 5 teams, 12 users, 6 schedules, 9 services, 10 incidents, 60 alerts.
    pub fn seed() -> Self {
        let mut world = Self::empty();
        world.account_name = "mytestaccount".into();
        world.users = users();
        world.teams = teams(&world.users);
        world.schedules = schedules(&world.users);
        world.services = services();
        *world.alerts_mut() = events::alerts();
        *world.incidents_mut() = events::incidents(world.alerts());
        world
    }
}

fn person_id(index: usize) -> Text {
    format!("91bd0f6e-2c3a-4f1d-9b7e-{:012x}", 0x22 + index).into()
}

fn users() -> Vec<User> {
    let documented =
        [(TEST_USER, "testuser@gmail.com", "Test User"), (DEV_TESTER, "devtester@gmail.com", "Dev Tester")];
    let documented = documented.iter().map(|(id, username, full_name)| User {
        id: text(id),
        username: text(username),
        full_name: text(full_name),
        role: text("Admin"),
        time_zone: text("Asia/Jerusalem"),
        blocked: false,
        verified: true,
        created_ms: 1_680_000_000_123,
        extra: None,
    });
    let made_up = PEOPLE.iter().zip(0..).map(|((username, full_name, role, zone), index)| User {
        id: person_id(index),
        username: text(username),
        full_name: text(full_name),
        role: text(role),
        time_zone: text(zone),
        blocked: *username == "jo@shop.test",
        verified: *username != "ines@shop.test",
        created_ms: NOVEMBER_MS - 400 * DAY_MS + 3_700 * i64::try_from(index).unwrap_or(0),
        extra: None,
    });
    documented.chain(made_up).collect()
}

fn teams(users: &[User]) -> Vec<Team> {
    let member = |username: &str, role: &str| Member {
        user_id: id_of(users, username),
        username: text(username),
        role: text(role),
    };
    let team = |id: &str, name: &str, description: &str, members: &[(&str, &str)]| Team {
        id: text(id),
        name: text(name),
        description: text(description),
        members: members.iter().map(|(name, role)| member(name, role)).collect(),
        extra: None,
    };
    vec![
        team(
            DATA_SCIENCE,
            "Data Science Team",
            "",
            &[("testuser@gmail.com", "admin"), ("devtester@gmail.com", "user")],
        ),
        team(
            PAYMENTS,
            "payments",
            "Cards, wallets, refunds",
            &[("ada@shop.test", "admin"), ("chidi@shop.test", "user"), ("dana@shop.test", "user")],
        ),
        team(
            CHECKOUT,
            "checkout",
            "From basket to order",
            &[("bo@shop.test", "admin"), ("emi@shop.test", "user")],
        ),
        team(
            PLATFORM,
            "platform & SRE",
            "Clusters, databases, network",
            &[("farid@shop.test", "admin"), ("gil@shop.test", "on-call lead"), ("hana@shop.test", "user")],
        ),
        team(MOBILE, "モバイル", "", &[]),
    ]
}

fn id_of(users: &[User], username: &str) -> Text {
    users
        .iter()
        .find(|user| &*user.username == username)
        .map_or_else(|| text(""), |user| Arc::clone(&user.id))
}

fn schedules(users: &[User]) -> Vec<Schedule> {
    let turn =
        |username: &str| json!({ "type": "user", "id": &*id_of(users, username), "username": username });
    let rotation = |id: &str, name: &str, participants: Vec<Value>| Rotation {
        id: text(id),
        name: text(name),
        start_ms: NOVEMBER_MS - 300 * DAY_MS + 8 * HOUR_MS,
        end_ms: None,
        participants,
    };
    let schedule =
        |id: &str, name: &str, owner: Option<&str>, rotations: Vec<Rotation>, on_call: &[&str]| Schedule {
            id: text(id),
            name: text(name),
            description: text(""),
            timezone: text("Europe/Paris"),
            enabled: true,
            owner_team: owner.map(text),
            rotations,
            on_call: on_call.iter().copied().map(text).collect(),
            extra: None,
        };
    let mut night = schedule(
        "c0de1f5a-77aa-4b5e-9c11-000000000030",
        "payments_night",
        Some(PAYMENTS),
        vec![rotation("c0de1f5a-77aa-4b5e-9c11-000000000031", "night", vec![turn("dana@shop.test")])],
        &["dana@shop.test", "ada@shop.test"],
    );
    night.timezone = text("America/New_York");
    let mut retired =
        schedule("c0de1f5a-77aa-4b5e-9c11-000000000060", "platform_old", Some(PLATFORM), vec![], &[]);
    retired.enabled = false;
    vec![
        schedule(
            "d55e148e-d320-4766-9dcf-4fc2ce9daef1",
            "Data Science Team_schedule",
            Some(DATA_SCIENCE),
            vec![rotation(
                "d55e148e-d320-4766-9dcf-4fc2ce9daef2",
                "Rot1",
                vec![turn("testuser@gmail.com"), turn("devtester@gmail.com")],
            )],
            &["testuser@gmail.com"],
        ),
        schedule(
            "c0de1f5a-77aa-4b5e-9c11-000000000020",
            "payments_schedule",
            Some(PAYMENTS),
            vec![
                rotation(
                    "c0de1f5a-77aa-4b5e-9c11-000000000021",
                    "primary",
                    vec![
                        turn("ada@shop.test"),
                        turn("chidi@shop.test"),
                        json!({ "type": "escalation", "id": "e5ca0000-0000-4000-8000-000000000001", "name": "pay_esc" }),
                    ],
                ),
                rotation(
                    "c0de1f5a-77aa-4b5e-9c11-000000000022",
                    "secondary",
                    vec![json!({ "type": "none" })],
                ),
            ],
            &["ada@shop.test"],
        ),
        night,
        schedule(
            "c0de1f5a-77aa-4b5e-9c11-000000000040",
            "checkout_schedule",
            Some(CHECKOUT),
            vec![rotation(
                "c0de1f5a-77aa-4b5e-9c11-000000000041",
                "office hours",
                vec![turn("bo@shop.test"), turn("emi@shop.test")],
            )],
            &["emi@shop.test"],
        ),
        schedule("c0de1f5a-77aa-4b5e-9c11-000000000050", "global_noc", None, vec![], &["hana@shop.test"]),
        retired,
    ]
}

fn services() -> Vec<Service> {
    let service = |id: &str, name: &str, description: &str, team: Option<&str>, tags: &[&str]| Service {
        id: text(id),
        name: text(name),
        description: text(description),
        team_id: team.map(text),
        tags: texts(tags),
        extra: None,
    };
    vec![
        service(
            MY_TEST_SERVICE,
            "My Test Service",
            "This is for Opsgenie testing",
            Some(DATA_SCIENCE),
            &["port", "devops", "ai"],
        ),
        service(
            PORT_OUTBOUND,
            "Port Outbound Service",
            "For outbound communications and integrations",
            Some(DATA_SCIENCE),
            &["communication", "channel"],
        ),
        service(SERVICES[0], "payments-api", "Takes cards", Some(PAYMENTS), &["tier1", "pci"]),
        service(SERVICES[1], "Payments Ledger (EU)", "Double-entry book", Some(PAYMENTS), &["tier1"]),
        service(SERVICES[2], "checkout", "", Some(CHECKOUT), &["tier1"]),
        service(SERVICES[3], "Basket & Coupons", "What people are about to buy", Some(CHECKOUT), &["tier2"]),
        service(SERVICES[4], "kubernetes: prod/eu-1", "The cluster", Some(PLATFORM), &[]),
        service(SERVICES[5], "モバイルアプリ", "iOS と Android", Some(MOBILE), &["app"]),
        service(SERVICES[6], "Opsgenie System", "Belongs to nobody", None, &[]),
    ]
}

const SERVICES: [&str; 7] = [
    "5d90aa10-3f3c-4a8e-b0aa-000000000001",
    "5d90aa10-3f3c-4a8e-b0aa-000000000002",
    "5d90aa10-3f3c-4a8e-b0aa-000000000003",
    "5d90aa10-3f3c-4a8e-b0aa-000000000004",
    "5d90aa10-3f3c-4a8e-b0aa-000000000005",
    "5d90aa10-3f3c-4a8e-b0aa-000000000006",
    "5d90aa10-3f3c-4a8e-b0aa-000000000007",
];
