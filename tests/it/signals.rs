//! Stopped in the middle: nothing is deleted, the catalog is told, the exit code says which signal it was.

use std::time::{Duration, Instant};

use ocean_opsgenie::sandbox::{Effect, Fault, On};
use serde_json::json;

use crate::support::{OURS, Run, Running, Stage, plain_blueprint, plain_mapping, until};

/// What a scheduler allows between its SIGTERM and its SIGKILL is ten seconds and more.
const QUICK: Duration = Duration::from_secs(3);

/// A pass that hangs in the listing of alerts, with a stale entity that it would delete.
async fn hanging() -> (Stage, Running) {
    let stage = Stage::seeded().await;
    let mapping = plain_mapping(&[("alert", "a"), ("service", "s")]);
    stage.mapping(&mapping, &[plain_blueprint("a"), plain_blueprint("s")]);
    for blueprint in ["a", "s"] {
        stage.entity(OURS, json!({ "blueprint": blueprint, "identifier": "stale" }));
    }
    stage.sandbox.opsgenie().fault(Fault::always(On::get("/v2/alerts"), Effect::Stall));
    let running = stage.begin(&["--output", "json"]);
    until("the alerts are asked for", || stage.sandbox.opsgenie().counts().of("GET /v2/alerts") > 0).await;
    until("the services are written", || stage.held("s").len() == 10).await;
    (stage, running)
}

#[track_caller]
fn stopped(stage: &Stage, run: &Run, code: i32) {
    run.exits(code);
    assert_eq!(stage.states(), ["running", "aborted"]);
    assert_eq!(run.deletion("s"), None);
    assert!(["a", "s"].iter().all(|blueprint| stage.held(blueprint).contains(&"stale".to_owned())));
    assert_eq!(run.kind("alert")["verdict"], "incomplete");
    // What was under way is told as far as it came.
    assert_eq!(run.counts("service", ["listed", "created"]), [9, 9]);
}

#[tokio::test]
async fn a_terminated_pass_is_aborted() {
    let (stage, running) = hanging().await;
    let begin = Instant::now();
    running.signal("TERM");
    let run = stage.end(running).await;
    assert!(begin.elapsed() < QUICK, "{:?}", begin.elapsed());
    stopped(&stage, &run, 143);
    assert_eq!(run.causes(), "stopped: SIGTERM");
}

#[tokio::test]
async fn an_interrupted_pass_is_aborted() {
    let (stage, running) = hanging().await;
    let begin = Instant::now();
    running.signal("INT");
    let run = stage.end(running).await;
    assert!(begin.elapsed() < QUICK, "{:?}", begin.elapsed());
    stopped(&stage, &run, 130);
    assert_eq!(run.causes(), "stopped: SIGINT");
    assert!(run.stderr.contains("once more stops at once"), "{}", run.stderr);
}

#[tokio::test]
async fn a_wait_before_a_repeat_is_cut_short() {
    let mut stage = Stage::with_alerts(1).await;
    stage.set("OCEAN__RETRY_BUDGET", "600");
    stage.sandbox.opsgenie().fault(Fault::always(On::get("/v2/alerts"), Effect::throttled(60)));
    let running = stage.begin(&["--output", "json"]);
    until("it is throttled", || {
        let alerts = stage.sandbox.opsgenie().requests_on(&On::get("/v2/alerts"));
        alerts.first().is_some_and(|first| first.status.is_some())
    })
    .await;
    let begin = Instant::now();
    running.signal("TERM");
    let run = stage.end(running).await;
    assert!(begin.elapsed() < QUICK, "{:?}", begin.elapsed());
    run.exits(143);
    assert_eq!(stage.states(), ["running", "aborted"]);
}

#[tokio::test]
async fn a_pass_that_is_stopped_before_it_began() {
    let stage = Stage::seeded().await;
    stage.sandbox.catalog().fault(Fault::always(On::get("/v1/integration/*"), Effect::Stall));
    let running = stage.begin(&["--output", "json"]);
    until("the integration is asked for", || {
        stage.sandbox.catalog().counts().of("GET /v1/integration/*") > 0
    })
    .await;
    let begin = Instant::now();
    running.signal("TERM");
    let run = stage.end(running).await;
    assert!(begin.elapsed() < QUICK, "{:?}", begin.elapsed());
    run.exits(143);
    assert_eq!(stage.states(), [""; 0]);
    assert_eq!(stage.sandbox.opsgenie().counts().calls, 0);
}

#[tokio::test]
async fn a_second_signal_stops_at_once() {
    let (stage, running) = hanging().await;
    // The last words to the catalog would take their time.
    stage.sandbox.catalog().fault(Fault::always(On::patch("/v1/integration/*/resync-state"), Effect::Stall));
    running.signal("INT");
    until("the last words are on their way", || {
        stage.sandbox.catalog().counts().of("PATCH /v1/integration/*/resync-state") == 2
    })
    .await;
    let begin = Instant::now();
    running.signal("TERM");
    let run = stage.end(running).await;
    assert!(begin.elapsed() < Duration::from_secs(1), "{:?}", begin.elapsed());
    assert_eq!(run.code, 130, "the first signal is the reason");
    assert!(run.talk().contains("stopped at once"), "{}", run.stderr);
    assert!(["a", "s"].iter().all(|blueprint| stage.held(blueprint).contains(&"stale".to_owned())));
}

#[tokio::test]
async fn a_catalog_that_hangs_holds_nobody_up_for_long() {
    let (stage, running) = hanging().await;
    stage.sandbox.catalog().fault(Fault::always(On::any(), Effect::Stall));
    let begin = Instant::now();
    running.signal("TERM");
    let run = stage.end(running).await;
    // The last words have five seconds.
    assert!(begin.elapsed() < Duration::from_secs(8), "{:?}", begin.elapsed());
    run.exits(143);
    assert_eq!(stage.states(), ["running"]);
}

#[tokio::test]
async fn a_pass_that_was_stopped_is_made_good_by_the_next() {
    let (stage, running) = hanging().await;
    running.signal("TERM");
    stage.end(running).await.exits(143);
    stage.sandbox.opsgenie().mend_all();
    stage.later();
    let run = stage.pass().await;
    run.exits(0);
    assert_eq!((stage.held("a").len(), stage.held("s").len()), (60, 9));
    assert_eq!(stage.states(), ["running", "aborted", "running", "completed"]);
}
