//! The service as a user meets it: a process that listens, with an account and a catalog beside it.

use std::time::Duration;

use ocean_opsgenie::sandbox::{AlertStatus, Effect, Fault, On, Size, World, text};
use reqwest::{Client, RequestBuilder, StatusCode};
use serde_json::{Value, json};

use crate::support::{Run, Running, Stage, alert_id, until};

const SECRET: &str = "open-sesame-42";

/// A service and what it stands on.
struct Service {
    stage: Stage,
    running: Option<Running>,
    port: u16,
    client: Client,
}

fn free_port() -> u16 {
    crate::support::free_port().parse().expect("a port is a number")
}

/// A client without a proxy.
fn client() -> Client {
    // Another test may have chosen it before.
    let _chosen = rustls::crypto::ring::default_provider().install_default();
    Client::builder().no_proxy().timeout(Duration::from_secs(30)).build().expect("a client")
}

impl Service {
    /// A service that has not begun, with this listener.
    fn of(mut stage: Stage, listener: &Value) -> Self {
        let port = free_port();
        stage.set("OCEAN__EVENT_LISTENER", &listener.to_string());
        stage.set("APPLICATION__PORT", &port.to_string());
        stage.set("OCEAN__WEBHOOK__SECRET", SECRET);
        stage.set("APPLICATION__LOG_LEVEL", "DEBUG");
        Self { stage, running: None, port, client: client() }
    }

    /// One that polls every second, over the fixed account; its first pass is over.
    async fn begun() -> Self {
        let mut service = Self::of(Stage::seeded().await, &json!({ "type": "POLLING", "interval": 1 }));
        service.start().await;
        service.first_pass().await;
        service
    }

    /// Gives it a state directory.
    fn keep_state(&mut self) {
        let folder = self.stage.directory.path().join("state");
        self.stage.set("OCEAN__STATE_DIR", folder.to_str().expect("a plain path"));
    }

    /// The same without passes.
    async fn of_events(stage: Stage) -> Self {
        let mut service = Self::of(stage, &json!({ "type": "WEBHOOKS_ONLY" }));
        service.start().await;
        service
    }

    /// Runs the program until it listens.
    async fn start(&mut self) {
        self.running = Some(self.stage.begin(&[]));
        for _ in 0..3000 {
            if self.get("/health/live").send().await.is_ok() {
                return;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("it does not listen");
    }

    async fn first_pass(&self) {
        until("the first pass is over", || self.stage.states().len() == 2).await;
    }

    fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }

    fn get(&self, path: &str) -> RequestBuilder {
        self.client.get(self.url(path))
    }

    fn webhook(&self) -> RequestBuilder {
        self.client.post(self.url("/integration/webhook"))
    }

    /// Posts a notification about an alert, as somebody who knows the secret.
    async fn notify(&self, alert: &str, action: &str) {
        let body = json!({ "action": action, "alert": { "alertId": alert, "updatedAt": 1_763_598_720_017_002_246_i64 } });
        let answer = self.webhook().header("X-Webhook-Secret", SECRET).body(body.to_string()).send().await;
        let answer = answer.expect("it answers");
        assert_eq!(answer.status(), StatusCode::ACCEPTED, "{:?}", answer.text().await);
    }

    fn title(&self, alert: &str) -> Option<String> {
        let entity = self.stage.sandbox.catalog().entity("opsGenieAlert", alert)?;
        entity.json()["title"].as_str().map(str::to_owned)
    }

    fn rename(&self, alert: &str, message: &str) {
        self.stage.sandbox.opsgenie().world(|world| {
            let alert = world.alert_mut(alert).expect("the alert is there");
            alert.message = text(message);
            alert.updated_ms += 60_000;
        });
    }

    async fn end(mut self) -> (Stage, Run) {
        let running = self.running.take().expect("it runs");
        running.signal("TERM");
        let run = self.stage.end(running).await;
        assert_eq!(run.code, 143, "{}", run.stderr);
        assert!(!run.stderr.contains(SECRET), "a secret on standard error:\n{}", run.stderr);
        (self.stage, run)
    }

    /// Waits until no event is ready or in hand.
    async fn until_idle(&self) {
        for _ in 0..1500 {
            let text = self.get("/metrics").send().await.expect("it answers").text().await.expect("a text");
            let is = |line: &str| text.lines().any(|found| found == line);
            let (ready, in_hand) = ("ready", "in_hand");
            let none = |state| is(&format!("ocean_opsgenie_queued_events{{state=\"{state}\"}} 0"));
            if none(ready) && none(in_hand) {
                return;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("events are still worked on");
    }

    /// Waits until the metrics have a line that begins so.
    async fn until_metric(&self, line: &str) {
        for _ in 0..1500 {
            if self.metric(line).await {
                return;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        let text = self.get("/metrics").send().await.expect("it answers").text().await.expect("a text");
        panic!("still waiting for {line}:\n{text}");
    }

    async fn metric(&self, line: &str) -> bool {
        let text = self.get("/metrics").send().await.expect("it answers").text().await.expect("a text");
        text.lines().any(|found| found.starts_with(line))
    }
}

#[tokio::test]
async fn a_notification_makes_the_catalog_agree_with_the_alert() {
    let service = Service::begun().await;
    let alert = alert_id(0);
    service.rename(&alert, "renamed a moment ago");
    service.notify(&alert, "UpdateMessage").await;
    until("the catalog has it", || {
        service.title(&alert).is_some_and(|title| title.contains("renamed a moment"))
    })
    .await;
    // The same again changes nothing, so nothing is written.
    let writes =
        || service.stage.sandbox.catalog().requests_on(&On::post("/v1/blueprints/*/entities/bulk")).len();
    let before = writes();
    service.notify(&alert, "AddNote").await;
    service.until_metric(r#"ocean_opsgenie_events_total{outcome="settled"} 2"#).await;
    assert_eq!(writes(), before);
    service.end().await;
}

#[tokio::test]
async fn what_events_leave_a_pass_finds_as_it_would_have_made_it() {
    let service = Service::begun().await;
    let ids: Vec<String> = (0..12).map(alert_id).collect();
    service.stage.sandbox.opsgenie().world(|world| {
        for (index, id) in ids.iter().enumerate() {
            match index % 3 {
                0 => assert!(world.delete_alert(id)),
                1 => assert!(world.close_alert(id, 1_763_598_720_017)),
                _ => world.alert_mut(id).expect("there").acknowledged = true,
            }
        }
    });
    for id in ids.iter().chain(ids.iter().rev()) {
        service.notify(id, "Close").await;
    }
    service.until_idle().await;
    let (stage, _) = service.end().await;
    let after_events = stage.contents();
    assert!(!after_events.keys().any(|(_, id)| *id == ids[0]), "a deleted alert is gone");
    let run = Stage::sync(&stage, &["--once"]).await;
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert_eq!(stage.contents(), after_events);
}

#[tokio::test]
async fn what_no_filter_takes_any_more_goes() {
    let stage = Stage::with_alerts(3).await;
    let mapping = json!({ "resources": [{
        "kind": "alert",
        "selector": { "query": "true", "apiQueryParams": { "status": "open" } },
        "port": { "entity": { "mappings": { "identifier": ".id", "blueprint": "\"alert\"", "title": ".message" } } },
    }] });
    let blueprint =
        json!({ "identifier": "alert", "title": "Alert", "schema": { "properties": {}, "required": [] } });
    stage.mapping(&mapping, &[blueprint]);
    stage.sandbox.opsgenie().world(|world| {
        for alert in world.alerts_mut() {
            alert.status = AlertStatus::Open;
        }
    });
    let service = Service::of_events(stage).await;
    for n in 0..3 {
        service.notify(&alert_id(n), "Create").await;
    }
    until("all are there", || service.stage.held("alert").len() == 3).await;
    assert!(
        service.stage.sandbox.opsgenie().world(|world| world.close_alert(&alert_id(1), 1_763_598_720_017))
    );
    service.notify(&alert_id(1), "Close").await;
    until("the closed one is gone", || service.stage.held("alert").len() == 2).await;
    // Somebody else's entity of the same key is none of our business.
    let entity = json!({ "identifier": "foreign", "blueprint": "alert", "title": "theirs" });
    service.stage.entity("port-ocean/opsgenie/0.1.0/another/exporter", entity);
    service.notify("foreign", "Delete").await;
    service.notify(&alert_id(2), "Acknowledge").await;
    service.stage.sandbox.opsgenie().world(|world| assert!(world.delete_alert(&alert_id(2))));
    service.notify(&alert_id(2), "Delete").await;
    until("the deleted one is gone", || service.stage.held("alert").len() == 2).await;
    assert!(service.stage.held("alert").contains(&"foreign".to_owned()));
    service.end().await;
}

#[tokio::test]
async fn only_who_knows_the_secret_is_let_in() {
    let service = Service::of_events(Stage::with_alerts(1).await).await;
    let body = json!({ "action": "Create", "alert": { "alertId": alert_id(0) } });
    let status = async |request: RequestBuilder| {
        request.body(body.to_string()).send().await.expect("it answers").status()
    };
    assert_eq!(status(service.webhook()).await, StatusCode::UNAUTHORIZED);
    assert_eq!(status(service.webhook().header("X-Webhook-Secret", "wrong")).await, StatusCode::UNAUTHORIZED);
    assert_eq!(
        status(service.webhook().basic_auth("opsgenie", Some("wrong"))).await,
        StatusCode::UNAUTHORIZED
    );
    let with_token = |token: &str| service.client.post(service.url(&format!("/integration/webhook/{token}")));
    assert_eq!(status(with_token("wrong")).await, StatusCode::UNAUTHORIZED);
    assert_eq!(service.stage.sandbox.opsgenie().counts().calls, 0, "nothing was read for them");
    for request in [
        service.webhook().header("X-Webhook-Secret", SECRET),
        service.webhook().bearer_auth(SECRET),
        service.webhook().basic_auth("opsgenie", Some(SECRET)),
        with_token(SECRET),
    ] {
        assert_eq!(status(request).await, StatusCode::ACCEPTED);
    }
    service.end().await;
}

#[tokio::test]
async fn without_a_secret_nobody_may_call_unless_that_is_said() {
    let mut service = Service::of(Stage::with_alerts(1).await, &json!({ "type": "WEBHOOKS_ONLY" }));
    service.stage.unset("OCEAN__WEBHOOK__SECRET");
    service.start().await;
    let body = json!({ "alert": { "alertId": alert_id(0) } });
    let answer = service.webhook().body(body.to_string()).send().await.expect("it answers");
    assert_eq!(answer.status(), StatusCode::UNAUTHORIZED);
    assert!(answer.text().await.expect("a text").contains("OCEAN__WEBHOOK__SECRET"));
    let (stage, run) = service.end().await;
    assert!(run.stderr.contains("the webhook takes no calls"), "{}", run.stderr);
    let mut service = Service::of(stage, &json!({ "type": "WEBHOOKS_ONLY" }));
    service.stage.unset("OCEAN__WEBHOOK__SECRET");
    service.stage.set("OCEAN__WEBHOOK__AUTHENTICATION", "off");
    service.start().await;
    let answer = service.webhook().body(body.to_string()).send().await.expect("it answers");
    assert_eq!(answer.status(), StatusCode::ACCEPTED);
    let (_, run) = service.end().await;
    assert!(run.stderr.contains("OCEAN__WEBHOOK__AUTHENTICATION is off"), "{}", run.stderr);
}

#[tokio::test]
async fn every_body_has_its_answer() {
    let mut service = Service::of(Stage::with_alerts(1).await, &json!({ "type": "WEBHOOKS_ONLY" }));
    service.stage.set("OCEAN__PATH_PREFIX", "/ocean/");
    service.start().await;
    let post = async |path: &str, body: Vec<u8>| {
        let request = service.client.post(service.url(path)).header("X-Webhook-Secret", SECRET).body(body);
        request.send().await.expect("it answers")
    };
    let webhook = "/integration/webhook";
    for (body, status) in [
        (&br#"{"incident":{"id":"i"}}"#[..], 202),
        (b"[]", 202),
        (b"", 400),
        (b"<html>", 400),
        (br#"{"alert":{"alertId":"../users"}}"#, 400),
        (br#"{"alert":{"alertId":"a"}}"#, 202),
    ] {
        let answer = post(webhook, body.to_vec()).await;
        assert_eq!(answer.status().as_u16(), status, "{}", String::from_utf8_lossy(body));
        assert!(answer.headers().contains_key("x-request-id"));
    }
    assert_eq!(post(webhook, vec![b' '; (1 << 20) + 1]).await.status(), StatusCode::PAYLOAD_TOO_LARGE);
    assert_eq!(post("/ocean/integration/webhook", b"{}".to_vec()).await.status(), StatusCode::ACCEPTED);
    assert_eq!(post("/elsewhere", b"{}".to_vec()).await.status(), StatusCode::NOT_FOUND);
    assert_eq!(
        post("/resync", b"{}".to_vec()).await.status(),
        StatusCode::NOT_FOUND,
        "only the listener WEBHOOK"
    );
    let answer = service.get(webhook).header("X-Request-Id", "mine-1").send().await.expect("it answers");
    assert_eq!(answer.status(), StatusCode::METHOD_NOT_ALLOWED);
    assert_eq!(answer.headers()["x-request-id"], "mine-1");
    service.end().await;
}

/// Blueprint, mapping, payload and entity of the page about the webhook installation.
#[tokio::test]
async fn notifications_may_be_mapped_as_they_are() {
    let read = |name: &str| {
        let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/webhook-event").join(name);
        std::fs::read_to_string(path).expect("the example is there")
    };
    let stage = Stage::of(World::empty()).await;
    let mapping: Value = serde_yaml::from_str(&read("mapping.yaml")).expect("YAML");
    let blueprint: Value = serde_json::from_str(&read("blueprint.json")).expect("JSON");
    stage.mapping(&mapping, &[blueprint]);
    let service = Service::of_events(stage).await;
    let payload = read("payload.json");
    let post = async |body: String| {
        let answer = service.webhook().header("X-Webhook-Secret", SECRET).body(body).send().await;
        assert_eq!(answer.expect("it answers").status(), StatusCode::ACCEPTED);
    };
    post(payload.clone()).await;
    let key = ("opsGenieAlert".to_owned(), "052652ac-5d1c-464a-812a-7dd18bbfba8c".to_owned());
    until("it is there", || service.stage.contents().contains_key(&key)).await;
    let expected: Value = serde_json::from_str(&read("entity.json")).expect("JSON");
    let stored = service.stage.contents()[&key].clone();
    for field in ["identifier", "title", "blueprint", "properties"] {
        assert_eq!(stored[field], expected[field], "{field}");
    }
    // One that is older comes late.
    let older = payload.replace("1686916266116", "1686916260000").replace("\"Create\"", "\"AddNote\"");
    post(older).await;
    let newer = payload.replace("1686916266116", "1686916269999").replace("\"Create\"", "\"Close\"");
    post(newer).await;
    until("the newer one is there", || {
        service.stage.contents()[&key]["properties"]["lastChangeType"] == "Close"
    })
    .await;
    assert_eq!(service.stage.sandbox.opsgenie().counts().calls, 0, "nothing is read back");
    service.end().await;
}

#[tokio::test]
async fn nothing_that_was_accepted_is_lost() {
    let size = Size { alerts: 200, incidents: 1, services: 1, users: 1, teams: 1 };
    let stage = Stage::of(World::generated(size)).await;
    let alerts: Vec<String> = stage
        .sandbox
        .opsgenie()
        .world(|world| world.alerts().iter().map(|alert| alert.id.to_string()).collect());
    let mut service = Service::of(stage, &json!({ "type": "WEBHOOKS_ONLY" }));
    service.keep_state();
    service.start().await;
    for (round, alerts) in (1_u64..).zip(alerts.chunks(50)) {
        let bulk = On::post("/v1/blueprints/*/entities/bulk");
        let fault = service.stage.sandbox.catalog().fault(Fault::always(bulk, Effect::status(503)));
        for alert in alerts {
            service.notify(alert, "Create").await;
        }
        // At some point of its work, never the same.
        tokio::time::sleep(Duration::from_millis(37 * round)).await;
        let running = service.running.take().expect("it runs");
        running.signal("KILL");
        service.stage.end_killed(running).await;
        service.stage.sandbox.catalog().mend(fault);
        service.start().await;
    }
    until("all are there", || service.stage.held("opsGenieAlert").len() == 200).await;
    service.end().await;
}

/// A pass that has read the alerts and waits for the incidents to be written, and events meanwhile.
#[tokio::test]
async fn a_pass_neither_overwrites_nor_brings_back_what_events_settled_meanwhile() {
    let mut service = Service::of(Stage::seeded().await, &json!({ "type": "POLLING" }));
    let incidents = On::post("/v1/blueprints/opsGenieIncident/entities/bulk");
    let slow = Fault::always(incidents.clone(), Effect::Slow(Duration::from_secs(3)));
    service.stage.sandbox.catalog().fault(slow);
    service.start().await;
    until("incidents are written", || !service.stage.sandbox.catalog().requests_on(&incidents).is_empty())
        .await;
    until("the alerts are listed", || service.stage.sandbox.opsgenie().counts().of("GET /v2/alerts") > 0)
        .await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    let (renamed, deleted) = (alert_id(0), alert_id(1));
    service.rename(&renamed, "renamed while a pass ran");
    assert!(service.stage.sandbox.opsgenie().world(|world| world.delete_alert(&deleted)));
    service.notify(&renamed, "UpdateMessage").await;
    service.notify(&deleted, "Delete").await;
    service.until_idle().await;
    assert_eq!(service.stage.states().len(), 1, "the pass goes on");
    assert!(
        service.title(&renamed).is_some_and(|title| title.contains("renamed while")),
        "the event was faster"
    );
    service.first_pass().await;
    assert!(service.title(&renamed).is_some_and(|title| title.contains("renamed while")));
    assert_eq!(service.title(&deleted), None, "it is not brought back");
    assert_eq!(service.stage.held("opsGenieAlert").len(), 59);
    service.end().await;
}

#[tokio::test]
async fn what_cannot_be_delivered_is_kept_and_may_be_tried_again() {
    let stage = Stage::with_alerts(2).await;
    let mapping = json!({ "resources": [{
        "kind": "alert",
        "selector": { "query": "true" },
        "port": { "entity": { "mappings": {
            "identifier": ".id", "blueprint": "\"alert\"", "properties": { "count": ".message" } } } },
    }] });
    let blueprint = |kind: &str| {
        json!({ "identifier": "alert", "title": "Alert",
        "schema": { "properties": { "count": { "type": kind } }, "required": [] } })
    };
    stage.mapping(&mapping, &[blueprint("number")]);
    let mut service = Service::of(stage, &json!({ "type": "WEBHOOKS_ONLY" }));
    service.keep_state();
    service.start().await;
    service.notify(&alert_id(0), "Create").await;
    service.notify(&alert_id(1), "Close").await;
    service.until_metric(r#"ocean_opsgenie_queued_events{state="failed"} 2"#).await;
    let listed = service.stage.run(&["events", "list"]).await;
    assert_eq!(listed.code, 0, "{}", listed.stderr);
    assert!(listed.stdout.contains(&alert_id(0)) && listed.stdout.contains("failed"), "{}", listed.stdout);
    assert!(listed.stdout.contains("count"), "it says why: {}", listed.stdout);
    let json = service.stage.run(&["--output", "json", "events", "list"]).await;
    assert_eq!(json.stdout.lines().count(), 2);
    // Somebody mends the blueprint.
    service.stage.sandbox.catalog().with(|catalog| catalog.seed_blueprint(&blueprint("string")));
    let retried = service.stage.run(&["events", "retry", &alert_id(0)]).await;
    assert_eq!(
        (retried.code, retried.stderr.contains("1 event will be tried again")),
        (0, true),
        "{}",
        retried.stderr
    );
    until("it is there", || service.stage.held("alert") == [alert_id(0)]).await;
    let cleared = service.stage.run(&["events", "clear"]).await;
    assert!(cleared.stderr.contains("1 event forgotten"), "{}", cleared.stderr);
    let listed = service.stage.run(&["events", "list"]).await;
    assert!(listed.stdout.contains("no events"), "{}", listed.stdout);
    service.end().await;
}

#[tokio::test]
async fn events_need_a_state_directory() {
    let stage = Stage::with_alerts(1).await;
    let run = stage.run(&["events", "list"]).await;
    assert_eq!(run.code, 2);
    assert!(run.stderr.contains("OCEAN__STATE_DIR"), "{}", run.stderr);
}

#[tokio::test]
async fn it_shows_how_it_goes() {
    let mut service = Service::of(Stage::seeded().await, &json!({ "type": "POLLING" }));
    service.stage.set("OCEAN__METRICS__COMPAT", "true");
    let fault = service
        .stage
        .sandbox
        .catalog()
        .fault(Fault::always(On::post("/v1/auth/access_token"), Effect::status(503)));
    service.start().await;
    let ready = service.get("/health/ready").send().await.expect("it answers");
    assert_eq!(ready.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert!(ready.text().await.expect("a text").contains("token"));
    assert_eq!(service.get("/health/live").send().await.expect("it answers").status(), StatusCode::OK);
    service.stage.sandbox.catalog().mend(fault);
    // A pass that failed is tried again after half a minute; an event proves the catalog sooner.
    let (stage, _) = service.end().await;
    let mut service = Service::of(stage, &json!({ "type": "POLLING" }));
    service.stage.set("OCEAN__METRICS__COMPAT", "true");
    service.start().await;
    service.first_pass().await;
    let ready = service.get("/health/ready").send().await.expect("it answers");
    assert_eq!(ready.status(), StatusCode::OK);
    service.until_metric(r#"ocean_opsgenie_passes_total{outcome="done"} 1"#).await;
    for line in [
        r#"ocean_opsgenie_passes_total{outcome="done"} 1"#,
        r#"ocean_opsgenie_complete_pass_age_seconds{kind="alert"}"#,
        r#"ocean_opsgenie_entities_total{kind="alert",outcome="created"} 60"#,
        "ocean_opsgenie_ready 1",
        r#"success{kind="__runtime__",phase="resync"} 1"#,
    ] {
        assert!(service.metric(line).await, "{line}");
    }
    let page = service.get("/").send().await.expect("it answers").text().await.expect("a text");
    assert!(page.contains("<td>alert<td>60"), "{page}");
    service.end().await;
}

#[tokio::test]
async fn a_request_in_the_catalog_and_an_edited_mapping_are_served_and_our_own_set_up_is_not() {
    let service = Service::begun().await;
    // Three looks.
    tokio::time::sleep(Duration::from_millis(3200)).await;
    assert_eq!(service.stage.states().len(), 2, "nobody has asked");
    service.stage.sandbox.catalog().with(ocean_opsgenie::sandbox::Catalog::request_resync);
    until("the request is served", || service.stage.states().len() == 4).await;
    let mapping = json!({ "resources": [{
        "kind": "team",
        "selector": { "query": "true" },
        "port": { "entity": { "mappings": { "identifier": ".id", "blueprint": "\"team\"", "title": ".name" } } },
    }] });
    let blueprint =
        json!({ "identifier": "team", "title": "Team", "schema": { "properties": {}, "required": [] } });
    service.stage.mapping(&mapping, &[blueprint]);
    until("the mapping is served", || !service.stage.held("team").is_empty()).await;
    service.end().await;
}

#[tokio::test]
async fn the_catalog_may_call_for_a_pass_and_is_told_how_it_ended() {
    let listener = json!({ "type": "WEBHOOK", "appHost": "https://exporter.example.com" });
    let mut service = Service::of(Stage::with_alerts(3).await, &listener);
    service.start().await;
    let answer = service.client.post(service.url("/resync")).send().await.expect("it answers");
    assert_eq!(answer.status(), StatusCode::OK);
    assert_eq!(answer.text().await.expect("a text"), "null");
    assert_eq!(service.stage.held("opsGenieAlert").len(), 3);
    let (_, run) = service.end().await;
    assert!(run.stderr.contains("called"), "{}", run.stderr);
}

#[tokio::test]
async fn kinds_with_an_interval_of_their_own_are_looked_at_between_passes() {
    let mut service = Service::of(Stage::seeded().await, &json!({ "type": "POLLING" }));
    service.stage.set("OCEAN__RESOURCES_PRESET", "full");
    service.stage.set("OCEAN__SCHEDULE__SCHEDULE_ONCALL", "1s");
    service.stage.set("OCEAN__SCHEDULE__ALERT", "1s");
    service.stage.set("OCEAN__SCHEDULE__INCIDENT", "1s");
    service.start().await;
    service.first_pass().await;
    let alert = alert_id(0);
    service.rename(&alert, "changed between two passes");
    service.stage.sandbox.opsgenie().world(|world| {
        let now = jiff::Timestamp::now().as_millisecond();
        world.alert_mut(&alert).expect("there").updated_ms = now;
        for schedule in &mut world.schedules {
            schedule.on_call = vec![text("somebody.new@example.com")];
        }
    });
    until("the alert has changed", || {
        service.title(&alert).is_some_and(|title| title.contains("changed between"))
    })
    .await;
    until("who is on call has changed", || {
        service
            .stage
            .sandbox
            .catalog()
            .entities("opsGenieTeam")
            .iter()
            .any(|team| team.json().to_string().contains("somebody.new@example.com"))
    })
    .await;
    assert_eq!(service.stage.states().len(), 2, "no look is a resync");
    service.end().await;
}

#[tokio::test]
async fn one_of_two_replicas_runs_the_passes_and_both_take_webhooks() {
    let mut first = Service::of(Stage::with_alerts(2).await, &json!({ "type": "POLLING" }));
    first.keep_state();
    first.start().await;
    first.first_pass().await;
    let port = free_port();
    first.stage.set("APPLICATION__PORT", &port.to_string());
    let second = first.stage.begin(&[]);
    let knock = async |port: u16| {
        let body = json!({ "alert": { "alertId": alert_id(0) } });
        let url = format!("http://127.0.0.1:{port}/integration/webhook");
        first
            .client
            .post(url)
            .header("X-Webhook-Secret", SECRET)
            .body(body.to_string())
            .send()
            .await
            .map(|answer| answer.status())
    };
    let mut answer = knock(port).await;
    for _ in 0..1000 {
        if answer.is_ok() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
        answer = knock(port).await;
    }
    assert_eq!(answer.expect("it answers"), StatusCode::ACCEPTED);
    assert_eq!(first.stage.states().len(), 2, "the second one runs no pass");
    let running = first.running.take().expect("it runs");
    running.signal("TERM");
    assert_eq!(first.stage.end(running).await.code, 143);
    until("the second one takes over", || first.stage.states().len() == 4).await;
    second.signal("TERM");
    let run = first.stage.end(second).await;
    assert!(run.stderr.contains("another replica runs the passes"), "{}", run.stderr);
}

#[tokio::test]
async fn a_replica_that_runs_no_passes_says_so() {
    let listener = json!({ "type": "WEBHOOK", "appHost": "https://exporter.example.com" });
    let mut first = Service::of(Stage::with_alerts(2).await, &listener);
    first.keep_state();
    first.start().await;
    let resync = async |port: u16| {
        let answer = first.client.post(format!("http://127.0.0.1:{port}/resync")).send().await;
        answer.map(|answer| answer.status())
    };
    assert_eq!(resync(first.port).await.expect("it answers"), StatusCode::OK);
    let port = free_port();
    first.stage.set("APPLICATION__PORT", &port.to_string());
    let second = first.stage.begin(&[]);
    let mut answer = resync(port).await;
    for _ in 0..1000 {
        if answer.is_ok() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
        answer = resync(port).await;
    }
    assert_eq!(answer.expect("it answers"), StatusCode::SERVICE_UNAVAILABLE);
    second.signal("TERM");
    assert_eq!(first.stage.end(second).await.code, 143);
    first.end().await;
}
