//! What the catalog's pages are told of a pass, and that a pass is never the worse for it.

use std::fmt::Write as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use futures::{StreamExt as _, stream};
use ocean_opsgenie::sandbox::{Effect, Fault, On, Sandbox, Told};
use serde_json::{Value, json};

use crate::support::{OURS, Run, Stage, plain_blueprint, plain_mapping};

/// Alerts and services, and something stale.
async fn stage() -> Stage {
    let stage = Stage::seeded().await;
    stage.mapping(&plain_mapping(&[("alert", "a"), ("service", "s")]), &["a", "s"].map(plain_blueprint));
    stage.entity(OURS, json!({ "blueprint": "s", "identifier": "stale", "title": "stale" }));
    stage
}

fn told(stage: &Stage) -> Vec<Told> {
    stage.sandbox.catalog().with(|catalog| catalog.told().to_vec())
}

fn sync_states(stage: &Stage) -> String {
    stage.sandbox.catalog().with(|catalog| catalog.sync_states()).join("\n")
}

/// The last metric of a part.
fn metric(stage: &Stage, part: &str) -> Value {
    let mut metrics = told(stage).into_iter().filter_map(|told| match told {
        Told::Metric(metric) => Some(metric),
        _ => None,
    });
    metrics.rfind(|metric| metric["kindIdentifier"] == part).expect("the part was told of")
}

fn lines(stage: &Stage) -> Vec<Value> {
    let lines = told(stage).into_iter().filter_map(|told| match told {
        Told::Line(line) => Some(line),
        _ => None,
    });
    lines.collect()
}

fn examples(stage: &Stage) -> Vec<(String, Value)> {
    let examples = told(stage).into_iter().filter_map(|told| match told {
        Told::Example(kind, example) => Some((kind, example)),
        _ => None,
    });
    examples.collect()
}

#[tokio::test]
async fn every_resource_goes_through_its_states() {
    let stage = stage().await;
    let run = stage.pass().await;
    run.exits(0);
    assert_eq!(stage.states(), ["running", "completed"]);
    let states = sync_states(&stage);
    // A pass this short may be over before all its beginnings are told; what is told is told in this order.
    let announced = states.find("alert-0 pending\nservice-1 pending").expect("both are announced");
    assert!(states.find("alert-0 completed") > Some(announced), "{states}");
    for part in ["alert-0", "service-1", "__reconciliation__", "__runtime__"] {
        assert_eq!(states.matches(&format!("{part} completed")).count(), 1, "{states}");
        assert_eq!(metric(&stage, part)["syncState"], "completed", "{states}");
    }
    assert!(states.ends_with("__runtime__ completed"), "{states}");
    let alert = metric(&stage, "alert-0");
    assert_eq!(alert["eventId"], run.report["resync"]);
    assert_eq!(alert["blueprint"], "\"a\"");
    let phases = |part: &str| metric(&stage, part)["metrics"]["phase"].clone();
    let count = |part: &str, phase: &str, count: &str| {
        phases(part)[phase]["object_count_type"][count]["object_count"].clone()
    };
    let counts = ["raw_extracted", "transformed", "loaded"];
    let of_phase = |name: &str| match name {
        "raw_extracted" => "extract",
        "transformed" => "transform",
        _ => "load",
    };
    assert_eq!(
        counts.map(|name| count("alert-0", of_phase(name), name)),
        [json!(60.0), json!(60.0), json!(60.0)]
    );
    assert_eq!(count("__reconciliation__", "delete", "deleted"), json!(1.0));
    assert_eq!(phases("alert-0")["resync"]["success"], 1.0);
}

#[tokio::test]
async fn what_is_told_is_counted_apart() {
    let stage = stage().await;
    let run = stage.pass().await;
    let calls = |side: &str| run.report[side]["calls"].as_u64().expect("a number");
    let counts = stage.sandbox.catalog().counts();
    let telling = counts.of("PATCH /v1/integration/*/resync-state")
        + counts.of("POST /v1/ingest/*")
        + counts.of("PUT /v1/ingest/syncMetrics/resync/*/kind/*");
    assert_eq!((calls("progress"), calls("catalog")), (telling, counts.calls - telling));
    assert!(telling >= 6, "{counts:?}");
}

#[tokio::test]
async fn a_kind_that_was_not_seen_whole_has_failed() {
    let stage = stage().await;
    stage.sandbox.opsgenie().fault(Fault::always(On::get("/v1/services"), Effect::status(404)));
    stage.pass().await.exits(4);
    let ended = |part: &str| metric(&stage, part)["syncState"].clone();
    assert_eq!(["alert-0", "service-1"].map(ended), ["completed", "failed"]);
    assert_eq!(metric(&stage, "__runtime__")["syncState"], "failed");
    assert_eq!(metric(&stage, "__runtime__")["metrics"]["phase"]["resync"]["success"], 0.0);
    assert_eq!(stage.states(), ["running", "failed"]);
}

#[tokio::test]
async fn a_mapping_at_fault_is_told_as_a_failure() {
    let stage = Stage::with_alerts(1).await;
    stage.mapping(&plain_mapping(&[("alrt", "a")]), &[plain_blueprint("a")]);
    stage.pass().await.exits(2);
    assert_eq!(stage.states(), ["running", "failed"]);
    assert!(sync_states(&stage).ends_with("__runtime__ failed"), "{}", sync_states(&stage));
}

#[cfg(unix)]
#[tokio::test]
async fn a_pass_that_is_stopped_is_aborted_part_by_part() {
    let stage = stage().await;
    stage.sandbox.opsgenie().fault(Fault::always(On::get("/v2/alerts"), Effect::Stall));
    let running = stage.begin(&["--output", "json"]);
    crate::support::until("a kind is syncing", || sync_states(&stage).contains("alert-0 syncing")).await;
    running.signal("TERM");
    stage.end(running).await.exits(143);
    let ended = |part: &str| metric(&stage, part)["syncState"].clone();
    assert_eq!(["alert-0", "__runtime__"].map(ended), ["aborted", "aborted"]);
    assert_eq!(stage.states(), ["running", "aborted"]);
}

#[tokio::test]
async fn a_long_pass_gives_signs_of_life() {
    let mut stage = stage().await;
    stage.set("OCEAN__STATUS_HEARTBEAT_INTERVAL_SECONDS", "1");
    let slow = Effect::Slow(Duration::from_millis(1500));
    stage.sandbox.opsgenie().fault(Fault::first(1, On::get("/v1/services"), slow));
    let run = stage.pass().await;
    run.exits(0);
    let beats: Vec<Told> =
        told(&stage).into_iter().filter(|told| matches!(told, Told::Heartbeat(_))).collect();
    let ours = Told::Heartbeat(run.report["resync"].as_str().expect("an id").to_owned());
    assert!(!beats.is_empty() && beats.iter().all(|beat| *beat == ours), "{beats:?}");
}

#[tokio::test]
async fn an_integration_that_is_new_is_told_too() {
    let stage = Stage::with_alerts(1).await;
    stage.pass().await.exits(0);
    assert!(sync_states(&stage).ends_with("__runtime__ completed"), "{}", sync_states(&stage));
}

#[tokio::test]
async fn log_lines_are_told_unless_that_is_off() {
    let mut stage = Stage::with_alerts(1).await;
    stage.pass().await.exits(0);
    let told = lines(&stage);
    let line = told.iter().find(|line| line["message"] == "blueprint created").expect("it was told");
    assert_eq!((&line["level"], &line["extra"]["event_kind"]), (&json!("INFO"), &json!("resync")));
    assert!(line["extra"]["blueprint"].is_string(), "{line}");

    stage.set("APPLICATION__ENABLE_HTTP_LOGGING", "false");
    stage.set("APPLICATION__LOG_LEVEL", "debug");
    stage.pass().await.exits(0);
    assert_eq!(lines(&stage).len(), told.len());
}

#[tokio::test]
async fn records_are_shown_only_when_that_is_asked_for_and_without_secrets() {
    let mut stage = stage().await;
    stage.sandbox.opsgenie().world(|world| {
        world.alerts_mut()[0].message = format!("leaked {} here", Sandbox::API_KEY).into();
    });
    stage.pass().await.exits(0);
    assert_eq!(examples(&stage), []);

    stage.set("OCEAN__SEND_RAW_DATA_EXAMPLES", "true");
    stage.pass().await.exits(0);
    let shown = examples(&stage);
    let of_kind = |kind: &str| shown.iter().filter(|(of, _)| of == kind).count();
    assert_eq!([of_kind("alert"), of_kind("service")], [5, 5]);
    let text = format!("{shown:?}");
    assert!(text.contains("leaked [REDACTED] here") && !text.contains(Sandbox::API_KEY), "{text}");
}

#[tokio::test]
async fn records_that_stay_in_memory_are_shown_whole() {
    let mut stage = Stage::seeded().await;
    let mut mapping = plain_mapping(&[("incident", "i"), ("service", "s")]);
    mapping["resources"][0]["port"]["entity"]["mappings"]["properties"]["status"] =
        json!("[.__impactedServices[]?.name] | join(\" \")");
    stage.mapping(&mapping, &["i", "s"].map(plain_blueprint));
    stage.set("OCEAN__SEND_RAW_DATA_EXAMPLES", "true");
    stage.pass().await.exits(0);
    let shown = examples(&stage);
    let services: Vec<_> = shown.iter().filter(|(kind, _)| kind == "service").collect();
    assert_eq!(services.len(), 5);
    assert!(services.iter().all(|(_, example)| example["links"]["api"].is_string()), "{services:?}");
}

/// Every call that only tells, by what it tells.
fn routes() -> [(&'static str, On); 6] {
    [
        ("state", On::patch("/v1/integration/*/resync-state")),
        ("announcement", On::post("/v1/ingest/syncMetrics")),
        ("metric", On::path("/v1/ingest/syncMetrics/resync/**")),
        ("heartbeat", On::post("/v1/ingest/heartbeat")),
        ("logs", On::post("/v1/ingest/logs")),
        ("examples", On::post("/v1/integration/*/kinds/*/examples")),
    ]
}

fn faults() -> [(&'static str, Effect); 7] {
    [
        ("401", Effect::status(401)),
        ("429", Effect::throttled_until_reset(60)),
        ("500", Effect::status(500)),
        ("HTML", Effect::Html),
        ("cut", Effect::CutBody),
        ("reset", Effect::Reset),
        ("stall", Effect::Stall),
    ]
}

/// The longest that last words may take, and what a machine under load adds.
const LAST_WORDS: Duration = Duration::from_secs(5 + 4);

async fn faulty(on: On, effect: Effect) -> (Run, Duration) {
    let mut stage = stage().await;
    stage.set("OCEAN__SEND_RAW_DATA_EXAMPLES", "true");
    stage.set("OCEAN__STATUS_HEARTBEAT_INTERVAL_SECONDS", "1");
    stage.set("APPLICATION__LOG_LEVEL", "debug");
    // Something to log, and long enough for a heartbeat.
    stage.sandbox.opsgenie().fault(Fault::first(1, On::get("/v2/alerts"), Effect::status(500)));
    let slow = Effect::Slow(Duration::from_millis(1100));
    stage.sandbox.opsgenie().fault(Fault::first(1, On::get("/v1/services"), slow));
    let struck = Arc::new(AtomicBool::new(false));
    let strikes = struck.clone();
    let on = on.when(move |_asked| {
        strikes.store(true, Ordering::Relaxed);
        true
    });
    stage.sandbox.catalog().fault(Fault::always(on, effect));
    let begin = Instant::now();
    let run = stage.pass().await;
    let took = begin.elapsed();
    assert!(struck.load(Ordering::Relaxed), "the fault was not met");
    assert_eq!((stage.held("a").len(), stage.held("s").len()), (60, 9));
    assert_eq!(run.counts("alert", ["created", "refused"]), [60, 0]);
    (run, took)
}

#[tokio::test]
async fn no_fault_of_what_is_told_changes_a_pass() {
    let mut table = String::new();
    for (route, on) in routes() {
        let outcomes: Vec<(&str, i32)> = stream::iter(faults())
            .map(|(name, effect)| {
                let on = on.clone();
                async move {
                    let (run, took) = faulty(on, effect).await;
                    assert!(took < LAST_WORDS, "{route} {name}: {took:?}");
                    (name, run.code)
                }
            })
            .buffered(8)
            .collect()
            .await;
        let codes: Vec<String> = outcomes.iter().map(|(name, code)| format!("{name} {code}")).collect();
        writeln!(table, "{route}: {}", codes.join(", ")).expect("a text takes everything");
    }
    insta::assert_snapshot!(table, @r"
    state: 401 0, 429 0, 500 0, HTML 0, cut 0, reset 0, stall 0
    announcement: 401 0, 429 0, 500 0, HTML 0, cut 0, reset 0, stall 0
    metric: 401 0, 429 0, 500 0, HTML 0, cut 0, reset 0, stall 0
    heartbeat: 401 0, 429 0, 500 0, HTML 0, cut 0, reset 0, stall 0
    logs: 401 0, 429 0, 500 0, HTML 0, cut 0, reset 0, stall 0
    examples: 401 0, 429 0, 500 0, HTML 0, cut 0, reset 0, stall 0
    ");
}

#[tokio::test]
async fn all_of_it_stalled_costs_a_few_seconds_once() {
    let (run, took) = faulty(On::path("/v1/ingest/**"), Effect::Stall).await;
    run.exits(0);
    assert!(took < LAST_WORDS, "{took:?}");
    assert!(
        run.report["durationSeconds"].as_f64() < Some(2.0),
        "the pass itself does not wait: {}",
        run.stdout
    );
}
