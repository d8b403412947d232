//! A small, fixed, believable account: a shop's teams, their services, a few bad nights.
//!
//! It contains the objects of Port's public documentation of its Opsgenie integration
//! (<https://docs.port.io/build-your-software-catalog/sync-data-to-catalog/incident-management/opsgenie>), so that the
//! entities shown there come out of it.

use std::sync::Arc;

use serde_json::{Value, json};

use super::{
    Alert, AlertStatus, Incident, IncidentStatus, Integration, Member, Priority, Report, Responder,
    ResponderKind, Rotation, Schedule, Service, Team, Text, User, World, text, texts,
};

const MINUTE_MS: i64 = 60_000;
const HOUR_MS: i64 = 60 * MINUTE_MS;
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

const MY_INCIDENT: &str = "4a0c5e6d-b239-4cd9-a7e8-a5f880e99473";
const OPENAI_INCIDENT: &str = "652f14b3-019a-4d4c-8b83-e4da527a416c";
const DOC_ALERT: &str = "580e9625-ecc7-42b0-8836-3d3637438bc4-169486700232";

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
        *world.alerts_mut() = alerts();
        *world.incidents_mut() = incidents(world.alerts());
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

fn responder(kind: ResponderKind, id: &str) -> Responder {
    Responder { kind, id: text(id) }
}

/// Message, source, owner team, owner (may be empty), priority, labels.
type Line = (&'static str, &'static str, &'static str, &'static str, Priority, &'static [&'static str]);

const LINES: [Line; 12] = [
    (
        "Card authorisations below 97 %",
        "prometheus",
        PAYMENTS,
        "ada@shop.test",
        Priority::P1,
        &["payments", "prod"],
    ),
    ("Ledger replication lag above 30 s", "prometheus", PAYMENTS, "", Priority::P2, &["db", "prod"]),
    ("Refund queue older than 10 min", "cloudwatch", PAYMENTS, "chidi@shop.test", Priority::P3, &["queue"]),
    ("Checkout 5xx above 4 %", "prometheus", CHECKOUT, "bo@shop.test", Priority::P1, &["checkout", "prod"]),
    ("Coupon service p99 above 2 s", "datadog", CHECKOUT, "", Priority::P4, &[]),
    ("Disk 93 % on db-7", "prometheus", PLATFORM, "farid@shop.test", Priority::P2, &["db", "disk"]),
    ("Node eu-1-n14 not ready", "kube-state", PLATFORM, "", Priority::P3, &["k8s"]),
    (
        "Certificate shop.test expires in 6 days",
        "blackbox",
        PLATFORM,
        "hana@shop.test",
        Priority::P5,
        &["tls"],
    ),
    ("クラッシュ率が 1% を超えました", "crashlytics", MOBILE, "", Priority::P2, &["app", "ios"]),
    ("Backup of orders finished late", "cron", PLATFORM, "gil@shop.test", Priority::P5, &["backup"]),
    ("Synthetic purchase failed", "checkly", CHECKOUT, "emi@shop.test", Priority::P1, &["synthetic"]),
    ("Model drift on recommendations", "airflow", DATA_SCIENCE, "devtester@gmail.com", Priority::P4, &["ml"]),
];

/// Alerts besides the documented one.
const MADE_UP_ALERTS: u32 = 59;

fn alerts() -> Vec<Alert> {
    let prometheus = Arc::new(Integration {
        id: text("aa100000-1d7e-4f0b-8f3c-00000000009c"),
        name: text("Prom-prod"),
        kind: text("Prometheus"),
    });
    let api = Arc::new(Integration {
        id: text("aa100000-1d7e-4f0b-8f3c-00000000009d"),
        name: text("Default API"),
        kind: text("API"),
    });
    let mut all = vec![documented_alert()];
    for index in 0..MADE_UP_ALERTS {
        all.push(alert(index, &prometheus, &api));
    }
    all
}

fn alert(index: u32, prometheus: &Arc<Integration>, api: &Arc<Integration>) -> Alert {
    let line = index as usize % LINES.len();
    let (message, source, team, owner, priority, tags) = LINES[line];
    let step = i64::from(index);
    let created_ms = NOVEMBER_MS + step * 7 * HOUR_MS + (step * 37_501) % 60_000;
    let closed = index % 3 == 1;
    let from_incident = index % 20 == 19;
    let report = match index % 3 {
        0 => None,
        1 => Some(Report {
            ack_ms: Some(95_211 + step),
            close_ms: Some(20 * MINUTE_MS + step),
            acknowledged_by: (!owner.is_empty()).then(|| text(owner)),
            closed_by: Some(text("System")),
        }),
        _ => Some(Report { ack_ms: Some(158_449 + step), ..Report::default() }),
    };
    Alert {
        id: format!("3c6f5a20-58d1-4e7c-9d0b-{:012x}-{created_ms}", 0xb1 + index).into(),
        tiny_id: 4_700 + u64::from(index),
        alias: index.is_multiple_of(2).then(|| format!("{source}:disk_full_{line}").into()),
        message: text(message),
        status: if closed { AlertStatus::Closed } else { AlertStatus::Open },
        acknowledged: !index.is_multiple_of(3),
        is_seen: !index.is_multiple_of(4),
        snoozed_until_ms: (index % 15 == 14).then_some(NOVEMBER_MS + 60 * DAY_MS),
        count: 1 + u64::from(index % 7),
        tags: texts(tags),
        created_ms,
        updated_ms: created_ms + 31 * MINUTE_MS + 600,
        last_occurred_ms: created_ms + 11 * MINUTE_MS + 90,
        source: text(if from_incident { "" } else { source }),
        owner: text(owner),
        priority,
        responders: if owner.is_empty() {
            Arc::from([responder(ResponderKind::Team, team)])
        } else {
            Arc::from([
                responder(ResponderKind::Team, team),
                responder(ResponderKind::User, &person_id(line % PEOPLE.len())),
            ])
        },
        teams: Arc::from([text(team)]),
        owner_team_id: text(team),
        integration: (!from_incident)
            .then(|| Arc::clone(if index.is_multiple_of(2) { prometheus } else { api })),
        report: report.map(Arc::new),
        description: format!("{message}: see the runbook of {source}").into(),
        entity: text(source),
        details: Arc::from([(text("region"), text("eu-1"))]),
        extra: None,
    }
}

/// The alert of the documentation, whose `integration` is a plain text there.
fn documented_alert() -> Alert {
    let extra = json!({ "integration": "Default API" });
    Alert {
        id: text(DOC_ALERT),
        tiny_id: 2,
        alias: Some(text("355f1681-f6e3-4355-a927-897cd8edaf8f_4d37bc8a-030b-4e8f-a230-aa429947253c")),
        message: text("Login Auth not working"),
        status: AlertStatus::Open,
        acknowledged: false,
        is_seen: true,
        snoozed_until_ms: None,
        count: 1,
        tags: texts(&["auth", "login"]),
        created_ms: 1_682_066_178_460,
        updated_ms: 1_691_750_476_533,
        last_occurred_ms: 1_682_066_178_460,
        source: text("testuser@gmail.com"),
        owner: text("testuser@gmail.com"),
        priority: Priority::P3,
        responders: Arc::from([responder(ResponderKind::User, TEST_USER)]),
        teams: Arc::from([]),
        owner_team_id: text(""),
        integration: None,
        report: Some(Arc::new(Report { ack_ms: Some(4_852_912_663), ..Report::default() })),
        description: text(""),
        entity: text(""),
        details: Arc::from([]),
        extra: extra.as_object().cloned().map(Arc::new),
    }
}

fn incidents(alerts: &[Alert]) -> Vec<Incident> {
    let team = responder(ResponderKind::Team, DATA_SCIENCE);
    let user = responder(ResponderKind::User, TEST_USER);
    let tester = responder(ResponderKind::User, DEV_TESTER);
    let documented = |id: &str, tiny_id: u64, message: &str, description: &str| Incident {
        id: text(id),
        tiny_id,
        message: text(message),
        description: text(description),
        status: IncidentStatus::Open,
        priority: Priority::P3,
        tags: texts(&["hello"]),
        impacted_services: texts(&[MY_TEST_SERVICE, PORT_OUTBOUND]),
        owner_team: text(""),
        responders: Arc::from([team.clone(), user.clone(), tester.clone()]),
        created_ms: 1_695_216_780_941,
        updated_ms: 1_695_750_534_480,
        impact_start_ms: 1_695_216_780_941,
        impact_end_ms: None,
        associated_alerts: texts(&[DOC_ALERT]),
        extra: None,
    };
    let mine = documented(MY_INCIDENT, 2, "My Incident", "descirption");
    let openai = Incident {
        tags: texts(&["tags"]),
        impacted_services: texts(&[PORT_OUTBOUND]),
        responders: Arc::from([team.clone(), user.clone()]),
        created_ms: 1_695_747_976_824,
        updated_ms: 1_695_750_550_170,
        impact_start_ms: 1_695_747_976_824,
        impact_end_ms: Some(1_695_750_325_719),
        associated_alerts: Arc::from([]),
        ..documented(OPENAI_INCIDENT, 3, "OpenAI Incident", "summary")
    };
    let made_up = (0..8_u32).map(|index| incident(index, alerts));
    [openai, mine].into_iter().chain(made_up).collect()
}

fn incident(index: u32, alerts: &[Alert]) -> Incident {
    let (message, _, team, _, priority, tags) = LINES[(index as usize * 3) % LINES.len()];
    let step = i64::from(index);
    let created_ms = NOVEMBER_MS + 2 * DAY_MS * step + 900;
    let status = match index % 4 {
        0 | 1 => IncidentStatus::Open,
        2 => IncidentStatus::Resolved,
        _ => IncidentStatus::Closed,
    };
    // The sixth has more associated alerts than fit on one of the API's pages of 25.
    let attached: Arc<[Text]> = match index {
        5 => alerts.iter().skip(30).map(|alert| Arc::clone(&alert.id)).collect(),
        _ => alerts.iter().skip(1 + index as usize * 3).take(2).map(|alert| Arc::clone(&alert.id)).collect(),
    };
    let impacted = match index {
        7 => Arc::from([]),
        _ => texts(&[SERVICES[index as usize % SERVICES.len()]]),
    };
    Incident {
        id: format!("b2f17c44-0d4e-4b57-b6a0-{:012x}", 0x70 + index).into(),
        tiny_id: 88 + u64::from(index),
        message: format!("{message} (major)").into(),
        description: text(if index.is_multiple_of(2) { "Customers are affected" } else { "" }),
        status,
        priority,
        tags: texts(tags),
        impacted_services: impacted,
        owner_team: text(if index.is_multiple_of(2) { team } else { "" }),
        responders: Arc::from([responder(ResponderKind::Team, team)]),
        created_ms,
        updated_ms: created_ms + HOUR_MS + 120,
        impact_start_ms: created_ms - 2 * MINUTE_MS - 900,
        impact_end_ms: (status != IncidentStatus::Open).then_some(created_ms + HOUR_MS),
        associated_alerts: attached,
        extra: None,
    }
}
