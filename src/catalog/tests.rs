//! The set-up of a catalog, against the sandbox and its faults.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value as Json, json};
use tokio_util::sync::CancellationToken;

use super::*;
use crate::model::BlueprintId;
use crate::sandbox::{self, Clock, Effect, Fault as Trouble, On, Sandbox};

fn client(stop: CancellationToken) -> http::Client {
    let policy = http::Policy {
        first_wait: Duration::from_millis(1),
        longest_wait: Duration::from_millis(2),
        attempts: 3,
        ..http::Policy::default()
    };
    let options = http::Options { policy, stop, proxy: http::Proxy::Direct, ..http::Options::default() };
    http::Client::new(options).unwrap()
}

fn options(sandbox: &Sandbox) -> Options {
    Options {
        base_url: format!("{}/", sandbox.catalog().url()),
        client_id: Secret::new(Sandbox::CLIENT_ID),
        client_secret: Secret::new(Sandbox::CLIENT_SECRET),
        identifier: "my-og".to_owned(),
        version: "1.2.3".to_owned(),
    }
}

async fn start() -> (Sandbox, Catalog) {
    let sandbox = Sandbox::start(sandbox::Options::default()).await.unwrap();
    let catalog = Catalog::new(client(CancellationToken::new()), options(&sandbox)).unwrap();
    (sandbox, catalog)
}

fn id(text: &str) -> BlueprintId {
    BlueprintId::new(text).unwrap()
}

fn wanted() -> Wanted {
    Wanted {
        destination: Destination::None,
        config: json!({ "resources": [] }),
        resources_origin: "Default".to_owned(),
        maker: Maker::Us,
    }
}

async fn ensure(catalog: &Catalog) -> Result<Integration, Error> {
    catalog.ensure_integration(catalog.integration().await?, &wanted()).await
}

fn blueprint(name: &str, target: Option<&str>) -> Json {
    let mut blueprint = json!({
        "identifier": name, "title": name,
        "schema": { "properties": { "at": { "type": "string", "format": "date-time", "title": "At" } }, "required": [] },
        "relations": {},
    });
    if let Some(target) = target {
        blueprint["relations"]["to"] = json!({ "target": target, "many": true, "required": false });
        blueprint["mirrorProperties"] = json!({ "mirrored": { "title": "Mirrored", "path": "to.at" } });
    }
    blueprint
}

#[tokio::test]
async fn wrong_credentials_are_named_as_such_and_never_shown() {
    let (sandbox, _) = start().await;
    let wrong = Options { client_secret: Secret::new("hunter2-hunter2"), ..options(&sandbox) };
    let catalog = Catalog::new(client(CancellationToken::new()), wrong).unwrap();
    let error = catalog.organization().await.unwrap_err();
    assert_eq!(error.meaning(), Meaning::Denied);
    let text = format!("{error} {error:?}");
    assert!(text.contains("OCEAN__PORT__CLIENT_SECRET"), "{text}");
    assert!(!text.contains("hunter2") && !text.contains(Sandbox::CLIENT_ID), "{text}");
    assert_eq!(sandbox.catalog().counts().calls, 1, "wrong credentials are not repeated");
}

#[tokio::test]
async fn an_answer_that_echoes_the_secret_does_not_show_it() {
    let (sandbox, catalog) = start().await;
    let body = format!(r#"{{"ok":false,"error":"no","message":"{} is wrong"}}"#, Sandbox::CLIENT_SECRET);
    let echo = Effect::Status { status: 422, headers: Vec::new(), body: Some(body) };
    sandbox.catalog().fault(Trouble::always(On::post("/v1/auth/access_token"), echo));
    let error = catalog.organization().await.unwrap_err();
    let text = format!("{error} {error:?}");
    assert!(text.contains("[secret] is wrong") && !text.contains(Sandbox::CLIENT_SECRET), "{text}");
}

#[tokio::test]
async fn calls_in_parallel_share_one_token() {
    let (sandbox, catalog) = start().await;
    let calls = (0..8).map(|_| catalog.organization());
    futures::future::try_join_all(calls).await.unwrap();
    assert_eq!(sandbox.catalog().requests_on(&On::post("/v1/auth/access_token")).len(), 1);
}

#[tokio::test]
async fn a_token_is_renewed_before_its_end() {
    let (sandbox, catalog) = start().await;
    sandbox.catalog().with(|state| state.manners.token_lifetime = Duration::ZERO);
    catalog.organization().await.ok();
    catalog.organization().await.ok();
    assert!(sandbox.catalog().requests_on(&On::post("/v1/auth/access_token")).len() >= 2);
}

#[tokio::test]
async fn a_page_of_a_proxy_is_called_by_its_name() {
    let (sandbox, catalog) = start().await;
    sandbox.catalog().fault(Trouble::always(On::get("/v1/organization"), Effect::Html));
    let error = catalog.organization().await.unwrap_err();
    assert_eq!(error.meaning(), Meaning::Broken);
    assert!(error.to_string().contains("it is an HTML page, not JSON"), "{error}");
}

#[tokio::test]
async fn a_stop_is_a_stop() {
    let (sandbox, _) = start().await;
    let stop = CancellationToken::new();
    let catalog = Catalog::new(client(stop.clone()), options(&sandbox)).unwrap();
    stop.cancel();
    assert_eq!(catalog.organization().await.unwrap_err().meaning(), Meaning::Stopped);
    let after = catalog.until(CancellationToken::new());
    after.organization().await.unwrap();
}

#[tokio::test]
async fn the_clock_is_the_catalogs_and_never_ahead_of_it() {
    let (sandbox, catalog) = start().await;
    assert_eq!(catalog.clock(), None);
    let standing: Timestamp = "2026-03-01T12:00:00.9Z".parse().unwrap();
    sandbox.catalog().with(|state| state.clock = Clock::Standing(standing));
    catalog.organization().await.unwrap();
    let clock = catalog.clock().unwrap();
    let second: Timestamp = "2026-03-01T12:00:00Z".parse().unwrap();
    assert!(clock >= second && clock < second + SignedDuration::from_mins(1), "{clock}");
}

#[tokio::test]
async fn an_integration_is_created_once_and_patched_only_when_it_differs() {
    let (sandbox, catalog) = start().await;
    assert_eq!(catalog.integration().await.unwrap(), None);
    let integration = ensure(&catalog).await.unwrap();
    assert_eq!(integration.config(), Some(&json!({ "resources": [] })));
    assert!(!integration.is_initialized());

    sandbox.catalog().forget();
    ensure(&catalog).await.unwrap();
    assert_eq!(sandbox.catalog().counts().calls, 1, "one look, no patch");

    let newer = Options { version: "1.3.0".to_owned(), ..options(&sandbox) };
    let catalog = Catalog::new(client(CancellationToken::new()), newer).unwrap();
    ensure(&catalog).await.unwrap();
    let patches = sandbox.catalog().requests_on(&On::patch("/v1/integration/my-og"));
    assert_eq!(patches.len(), 1);
    assert_eq!(patches[0].json(), json!({ "version": "1.3.0", "installationAppType": "opsgenie" }));

    catalog.mark_initialized().await.unwrap();
    assert!(catalog.integration().await.unwrap().unwrap().is_initialized());
    assert_eq!(sandbox.catalog().violations(), Vec::<String>::new());
}

#[tokio::test]
async fn a_failing_look_is_not_taken_for_no_integration() {
    let (sandbox, catalog) = start().await;
    sandbox.catalog().fault(Trouble::always(On::get("/v1/integration/my-og"), Effect::status(500)));
    let error = ensure(&catalog).await.unwrap_err();
    assert_eq!(error.meaning(), Meaning::Unavailable);
    assert!(sandbox.catalog().requests_on(&On::post("/v1/integration")).is_empty());
}

#[tokio::test]
async fn an_integration_whose_creation_lost_its_answer_is_found() {
    let (sandbox, catalog) = start().await;
    sandbox.catalog().fault(Trouble::first(1, On::post("/v1/integration"), Effect::LoseAnswer));
    let integration = ensure(&catalog).await.unwrap();
    assert!(integration.config().is_some());
}

#[tokio::test]
async fn blueprints_are_created_whatever_their_order_and_never_touched_again() {
    let (sandbox, catalog) = start().await;
    let all = [blueprint("a", Some("b")), blueprint("b", Some("a")), blueprint("c", Some("c"))];
    let installed = catalog.install(&all).await.unwrap();
    assert_eq!(installed.created, [id("a"), id("b"), id("c")]);
    let stored = catalog.blueprint(&id("a")).await.unwrap().unwrap();
    assert_eq!(stored.shape.relations["to"].target, id("b"));
    assert_eq!(stored.shape.properties["at"], crate::model::PropertyForm::DateTime);
    assert!(stored.raw.pointer("/mirrorProperties/mirrored").is_some());

    sandbox.catalog().forget();
    let more = [blueprint("a", None), blueprint("d", Some("a"))];
    let installed = catalog.install(&more).await.unwrap();
    assert_eq!((installed.existing, installed.created), (vec![id("a")], vec![id("d")]));
    let stored = catalog.blueprint(&id("a")).await.unwrap().unwrap();
    assert!(stored.shape.relations.contains_key("to"), "an existing blueprint is left alone");
    assert!(sandbox.catalog().requests_on(&On::patch("/v1/blueprints/a")).is_empty());
    assert_eq!(sandbox.catalog().violations(), Vec::<String>::new());
}

#[tokio::test]
async fn a_failed_set_up_takes_back_what_it_created_and_can_be_done_again() {
    let (sandbox, catalog) = start().await;
    catalog.install(&[blueprint("a", None)]).await.unwrap();
    let all = [blueprint("a", None), blueprint("b", Some("a")), blueprint("c", Some("b"))];
    for trouble in [
        On::patch("/v1/blueprints/c"),
        On::post("/v1/blueprints").when(|asked| String::from_utf8_lossy(&asked.body).contains("\"c\"")),
    ] {
        let trouble = sandbox.catalog().fault(Trouble::always(trouble, Effect::status(422)));
        let error = catalog.install(&all).await.unwrap_err();
        assert_eq!(error.meaning(), Meaning::Refused);
        let left = sandbox.catalog().with(|state| state.blueprints().len());
        assert_eq!(left, 1, "only the one that was there before");
        sandbox.catalog().mend(trouble);
    }
    let installed = catalog.install(&all).await.unwrap();
    assert_eq!(installed.created.len(), 2);
}

#[tokio::test]
async fn a_creation_that_lost_its_answer_is_still_ours_to_complete() {
    let (sandbox, catalog) = start().await;
    sandbox.catalog().fault(Trouble::first(1, On::post("/v1/blueprints"), Effect::LoseAnswer));
    let installed = catalog.install(&[blueprint("a", Some("a"))]).await.unwrap();
    assert_eq!(installed.created, [id("a")]);
    assert!(catalog.blueprint(&id("a")).await.unwrap().unwrap().shape.relations.contains_key("to"));
}

#[tokio::test]
async fn the_state_of_a_resync_is_told() {
    let (sandbox, catalog) = start().await;
    ensure(&catalog).await.unwrap();
    let now = Timestamp::now();
    catalog.tell_state(State::Running { started: now }, None).await.unwrap();
    catalog.tell_state(State::Ended { end: End::Failed, ended: now }, None).await.unwrap();
    let states: Vec<Json> = sandbox.catalog().with(|state| state.resync_states().to_vec());
    let words: Vec<&str> = states.iter().filter_map(|state| state["status"].as_str()).collect();
    assert_eq!(words, ["running", "failed"]);
    assert_eq!(sandbox.catalog().violations(), Vec::<String>::new());
}
