//! What a pass deletes is kept first.

use std::path::PathBuf;

use ocean_opsgenie::sandbox::{Effect, Fault, On};
use serde_json::{Value, json};

use crate::support::{OURS, Stage, plain_blueprint, plain_mapping};

/// An account of three alerts and a catalog with `stale` entities besides; what is deleted is kept in a folder.
async fn with_stale(names: &[&str]) -> Stage {
    let mut stage = Stage::with_alerts(3).await;
    stage.mapping(&plain_mapping(&[("alert", "a")]), &[plain_blueprint("a")]);
    for name in names {
        stale(&stage, name);
    }
    let folder = state(&stage);
    stage.set("OCEAN__STATE_DIR", &folder.display().to_string());
    stage
}

fn stale(stage: &Stage, name: &str) {
    stage.entity(
        OURS,
        json!({
            "blueprint": "a", "identifier": name, "title": format!("title of {name}"),
            "properties": { "status": "closed" },
        }),
    );
}

fn state(stage: &Stage) -> PathBuf {
    stage.directory.path().join("state")
}

/// The lines of a run's journal.
fn journal(stage: &Stage, run: &str) -> Vec<Value> {
    let path = state(stage).join("runs").join(run).join("deleted.jsonl");
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    text.lines().map(|line| serde_json::from_str(line).expect("a line of JSON")).collect()
}

#[tokio::test]
async fn what_goes_is_kept_whole_first() {
    let stage = with_stale(&["one", "two"]).await;
    let pass = stage.pass().await;
    pass.exits(0);
    assert_eq!(pass.report["undo"], "run");
    let run = pass.report["resync"].as_str().expect("a run has an id");
    let lines = journal(&stage, run);
    assert_eq!((&lines[0]["run"], &lines[0]["integration"]), (&json!(run), &json!("my-og")));
    assert_eq!(
        lines[1],
        json!({
            "identifier": "one", "blueprint": "a", "title": "title of one", "team": [],
            "properties": { "status": "closed" }, "relations": {},
        })
    );
    assert_eq!(lines.len(), 3);
    stage.later();
    let pass = stage.run(&[]).await;
    assert!(!pass.stdout.contains("put back"), "nothing was deleted: {}", pass.stdout);
}

#[tokio::test]
async fn a_person_is_told_whether_it_can_be_put_back() {
    let mut stage = with_stale(&["one"]).await;
    let pass = stage.run(&["sync"]).await;
    let told = "what was deleted can be put back: ocean-opsgenie undo ";
    assert!(pass.stdout.contains(told), "{}", pass.stdout);
    stage.unset("OCEAN__STATE_DIR");
    stale(&stage, "two");
    let pass = stage.run(&["sync"]).await;
    assert_eq!(pass.code, 0, "{}", pass.stderr);
    let told = "what was deleted cannot be put back: OCEAN__STATE_DIR is not set\n";
    assert!(pass.stdout.contains(told), "{}", pass.stdout);
    assert_eq!(stage.held("a").len(), 3);
}

#[tokio::test]
async fn what_cannot_be_kept_does_not_go() {
    let stage = with_stale(&["one", "two"]).await;
    // A file stands where the folder of runs is to be.
    stage.file("state/runs", "");
    let pass = stage.pass().await;
    pass.exits(6);
    let (deleted, kept, why) = pass.deletion("a").expect("the report says so");
    assert_eq!((deleted, kept), (0, 2));
    assert!(why.starts_with("what goes must be kept first, and the journal cannot write `"), "{why}");
    assert!(pass.causes().contains("2 stay"), "{}", pass.causes());
    assert_eq!(pass.report.get("undo"), None);
    assert_eq!(stage.held("a").len(), 5);
}

#[tokio::test]
async fn what_cannot_be_read_does_not_go() {
    let stage = with_stale(&["one"]).await;
    let on = On::post("/v1/entities/search");
    let fault = stage.sandbox.catalog().fault(Fault::always(on, Effect::status(503)));
    let pass = stage.pass().await;
    pass.exits(75);
    assert_eq!(stage.held("a").len(), 4);
    stage.sandbox.catalog().mend(fault);
    stage.pass().await.exits(0);
    assert_eq!(stage.held("a").len(), 3);
}

#[tokio::test]
async fn a_state_directory_that_cannot_be_used_is_told_before_anything_is_written() {
    let stage = with_stale(&["one"]).await;
    stage.file("state", "");
    let pass = stage.pass().await;
    pass.exits(2);
    assert!(pass.causes().contains("a file is in the way"), "{}", pass.causes());
    assert_eq!(stage.held("a"), ["one"]);
}

#[tokio::test]
async fn a_plan_keeps_nothing() {
    let stage = with_stale(&["one"]).await;
    let plan = stage.run(&["plan", "--output", "json"]).await;
    plan.exits(0);
    assert_eq!(plan.deletion("a").map(|(deleted, _, _)| deleted), Some(1));
    assert!(!state(&stage).exists());
}
