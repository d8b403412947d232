//! The fixed account's alerts and incidents.

use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::super::{
    Alert, AlertStatus, Incident, IncidentStatus, Integration, OMIT, Priority, Report, Responder,
    ResponderKind, Text, text, texts,
};
use super::{
    CHECKOUT, DATA_SCIENCE, DAY_MS, DEV_TESTER, HOUR_MS, MOBILE, MY_TEST_SERVICE, NOVEMBER_MS, PAYMENTS,
    PEOPLE, PLATFORM, PORT_OUTBOUND, SERVICES, TEST_USER, person_id,
};

const MINUTE_MS: i64 = 60_000;

const MY_INCIDENT: &str = "4a0c5e6d-b239-4cd9-a7e8-a5f880e99473";
const OPENAI_INCIDENT: &str = "652f14b3-019a-4d4c-8b83-e4da527a416c";
const DOC_ALERT: &str = "580e9625-ecc7-42b0-8836-3d3637438bc4-169486700232";

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

pub(super) fn alerts() -> Vec<Alert> {
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
        alias: if from_incident {
            Some(format!("{}_{}", incident_id(index % 8), person_id(line % PEOPLE.len())).into())
        } else {
            index.is_multiple_of(2).then(|| format!("{source}:disk_full_{line}").into())
        },
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

pub(super) fn incidents(alerts: &[Alert]) -> Vec<Incident> {
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

fn incident_id(index: u32) -> Text {
    format!("b2f17c44-0d4e-4b57-b6a0-{:012x}", 0x70 + index).into()
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
    // One without the key at all, which the API leaves out now and then.
    let extra = (index == 6).then(|| Arc::new(Map::from_iter([("ownerTeam".to_owned(), Value::from(OMIT))])));
    let impacted = match index {
        7 => Arc::from([]),
        _ => texts(&[SERVICES[index as usize % SERVICES.len()]]),
    };
    Incident {
        id: incident_id(index),
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
        extra,
    }
}
