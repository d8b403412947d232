//! Expressions that would take for ever, or all of the memory: stopped, told once, and no other field is the worse for it.

use std::time::Instant;

use serde_json::json;

use crate::support::{Stage, alert_id, plain_blueprint, plain_mapping};

#[tokio::test]
async fn an_expression_that_never_ends_is_cut_off() {
    let stage = Stage::with_alerts(2).await;
    let mut mapping = plain_mapping(&[("alert", "a")]);
    mapping["resources"][0]["port"]["entity"]["mappings"]["title"] =
        json!("[range(1e12)] | length | tostring");
    stage.mapping(&mapping, &[plain_blueprint("a")]);
    let run = stage.pass().await;
    run.exits(0);
    let fault = &run.report["expressions"][0];
    assert_eq!((&fault["field"], &fault["count"]), (&json!("title"), &json!(2)));
    assert_eq!(stage.held("a").len(), 2);
}

#[tokio::test]
async fn limits_of_an_expression_can_be_set() {
    let mut stage = Stage::with_alerts(2).await;
    let mut mapping = plain_mapping(&[("alert", "a")]);
    let mappings = &mut mapping["resources"][0]["port"]["entity"]["mappings"];
    // Each is within the defaults, or would take seconds to reach them.
    mappings["title"] = json!("last(repeat(1))");
    mappings["properties"] = json!({
        "status": ".status",
        "made": "[range(2000) | \"x\" * 1000] | length",
        "output": "\"y\" * 20000",
        "steps": "[limit(2000; repeat(1))] | length",
    });
    let mut blueprint = plain_blueprint("a");
    for name in ["made", "output", "steps"] {
        blueprint["schema"]["properties"][name] = json!({});
    }
    stage.mapping(&mapping, &[blueprint]);
    stage.set("OCEAN__JQ__STEPS", "100000");
    stage.set("OCEAN__JQ__MADE_BYTES", "1000000");
    stage.set("OCEAN__JQ__OUTPUT_BYTES", "10000");
    let run = stage.pass().await;
    run.exits(0);
    let faults = run.report["expressions"].as_array().expect("a list");
    let faults: Vec<_> = faults
        .iter()
        .map(|fault| format!("{} {}: {}", fault["count"], fault["field"], fault["message"]))
        .collect();
    insta::assert_snapshot!(faults.join("\n"), @r#"
    2 "title": "stopped, because it took too many steps"
    2 "properties.made": "stopped, because it made too much data"
    2 "properties.output": "stopped, because its output is too large"
    "#);
    let entity = &stage.contents()[&("a".to_owned(), alert_id(0))];
    assert_eq!(entity["properties"], json!({ "status": "open", "steps": 2000 }));
    assert_eq!(stage.held("a").len(), 2);
}

#[tokio::test]
async fn the_time_of_an_expression_can_be_set() {
    let mut stage = Stage::with_alerts(1).await;
    let mut mapping = plain_mapping(&[("alert", "a")]);
    mapping["resources"][0]["port"]["entity"]["mappings"]["title"] = json!("last(repeat(1))");
    stage.mapping(&mapping, &[plain_blueprint("a")]);
    stage.set("OCEAN__JQ__STEPS", "3600000000");
    stage.set("OCEAN__JQ__SECONDS", "1");
    let begin = Instant::now();
    let run = stage.pass().await;
    run.exits(0);
    assert!(begin.elapsed().as_secs() < 9, "the default is ten seconds");
    assert_eq!(run.report["expressions"][0]["message"], "stopped, because it took too long");
    assert_eq!(stage.held("a"), [alert_id(0)]);
}

#[tokio::test]
async fn what_never_ends_for_any_record_does_not_cost_its_time_for_each() {
    let mut stage = Stage::with_alerts(60).await;
    let mut mapping = plain_mapping(&[("alert", "a")]);
    mapping["resources"][0]["port"]["entity"]["mappings"]["title"] = json!("last(repeat(1))");
    stage.mapping(&mapping, &[plain_blueprint("a")]);
    stage.set("OCEAN__JQ__STEPS", "3600000000");
    stage.set("OCEAN__JQ__SECONDS", "1");
    let run = stage.pass().await;
    run.exits(0);
    let fault = &run.report["expressions"][0];
    assert_eq!((&fault["field"], &fault["count"]), (&json!("title"), &json!(60)));
    assert_eq!(
        fault["message"],
        "stopped, because it took too long; then it was tried no more, as that took too long"
    );
    assert_eq!(stage.held("a").len(), 60);
}
