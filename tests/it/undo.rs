//! What a pass deletes is kept first, and can be put back.

use std::path::PathBuf;

use ocean_opsgenie::sandbox::{Effect, Fault, On};
use serde_json::{Value, json};

use crate::support::{OURS, Run, Stage, alert_id, plain_blueprint, plain_mapping};

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

/// The run that a report tells of.
fn id_of(pass: &Run) -> String {
    pass.report["resync"].as_str().expect("a run has an id").to_owned()
}

async fn undo(stage: &Stage, run: &str) -> Run {
    stage.run(&["--output", "json", "undo", run]).await
}

#[tokio::test]
async fn what_was_deleted_comes_back_as_it_was_and_stays() {
    let stage = with_stale(&["one", "two"]).await;
    let before = stage.contents();
    let pass = stage.pass().await;
    assert_eq!(stage.held("a").len(), 3);
    let run = undo(&stage, &id_of(&pass)).await;
    run.exits(0);
    assert_eq!(
        run.report["blueprints"],
        json!([{ "blueprint": "a", "putBack": 2, "there": 0, "refused": 0 }])
    );
    for (key, entity) in before {
        assert_eq!(stage.contents().get(&key), Some(&entity), "{key:?}");
    }
    // It is ours as before, and no pass takes it for stale.
    for _ in 0..2 {
        stage.later();
        let pass = stage.pass().await;
        pass.exits(0);
        let why = "2 put back by `undo`, until a pass makes them again".to_owned();
        assert_eq!(pass.deletion("a"), Some((0, 2, why)));
        let plan = stage.run(&["plan", "--output", "json", "--exit-code"]).await;
        plan.exits(0);
    }
    assert_eq!(stage.held("a").len(), 5);
}

#[tokio::test]
async fn what_the_source_takes_again_is_pinned_no_more() {
    let stage = with_stale(&[]).await;
    stage.pass().await.exits(0);
    let alerts = stage.sandbox.opsgenie().world(|world| world.alerts().to_vec());
    let gone = alert_id(1);
    stage.sandbox.opsgenie().world(|world| assert!(world.delete_alert(&gone)));
    stage.later();
    let pass = stage.pass().await;
    assert_eq!(pass.deletion("a").map(|(deleted, _, _)| deleted), Some(1));
    undo(&stage, &id_of(&pass)).await.exits(0);
    assert!(stage.held("a").contains(&gone));
    // The source has it again: from then on it goes when it goes there.
    stage.later();
    stage.sandbox.opsgenie().world(|world| *world.alerts_mut() = alerts.clone());
    stage.pass().await.exits(0);
    let pins = std::fs::read_to_string(state(&stage).join("pins.jsonl")).expect("there were pins");
    assert_eq!(pins, "");
    stage.later();
    stage.sandbox.opsgenie().world(|world| assert!(world.delete_alert(&gone)));
    let pass = stage.pass().await;
    assert_eq!(pass.deletion("a"), Some((1, 0, String::new())));
}

#[tokio::test]
async fn targets_come_back_before_what_points_at_them() {
    let stage = with_stale(&[]).await;
    let mut source = plain_blueprint("a");
    let relation = |target: &str| json!({ "target": target, "many": false, "required": false });
    source["relations"] = json!({ "to": relation("z"), "like": relation("a") });
    let mut target = plain_blueprint("z");
    target["relations"] = json!({ "back": relation("a") });
    stage.sandbox.catalog().with(|catalog| {
        catalog.seed_blueprint(&plain_blueprint("z"));
        catalog.seed_blueprint(&source);
        catalog.seed_blueprint(&target);
    });
    // One points at a target, one at itself, two of one blueprint at each other's neighbour.
    stage.entity(OURS, json!({ "blueprint": "z", "identifier": "z1" }));
    stage.entity(
        OURS,
        json!({ "blueprint": "a", "identifier": "a1", "relations": { "to": "z1", "like": "a2" } }),
    );
    stage.entity(OURS, json!({ "blueprint": "a", "identifier": "a2", "relations": { "like": "a2" } }));
    let before = stage.contents();
    let pass = stage.pass().await;
    pass.exits(0);
    assert_eq!(stage.held("z"), [""; 0], "{}", pass.stdout);
    let run = undo(&stage, &id_of(&pass)).await;
    run.exits(0);
    for (key, entity) in before {
        assert_eq!(stage.contents().get(&key), Some(&entity), "{key:?}");
    }
}

#[tokio::test]
async fn what_exists_again_is_left_alone() {
    let stage = with_stale(&["one", "two"]).await;
    let pass = stage.pass().await;
    stage.entity("some/one", json!({ "blueprint": "a", "identifier": "two", "title": "theirs" }));
    let run = undo(&stage, &id_of(&pass)).await;
    run.exits(0);
    assert_eq!(
        run.report["blueprints"],
        json!([{ "blueprint": "a", "putBack": 1, "there": 1, "suchAs": ["two"], "refused": 0 }])
    );
    assert_eq!(stage.contents()[&("a".to_owned(), "two".to_owned())]["title"], "theirs");
    // A second time there is nothing left to do.
    let run = stage.run(&["undo", &id_of(&pass)]).await;
    assert_eq!(run.code, 0);
    insta::assert_snapshot!(run.stdout, @r"
    a: 0 put back, 2 there already and left alone (one, two)
    done: 0 put back
    ");
}

#[tokio::test]
async fn what_cannot_come_back_is_named_and_the_rest_does() {
    let stage = with_stale(&["one"]).await;
    stage.sandbox.catalog().with(|catalog| catalog.seed_blueprint(&plain_blueprint("gone")));
    stage.entity(OURS, json!({ "blueprint": "gone", "identifier": "x" }));
    stage.entity(OURS, json!({ "blueprint": "a", "identifier": "odd", "properties": { "status": "s" } }));
    let pass = stage.pass().await;
    pass.exits(0);
    let missing = r#"{"ok":false,"error":"not_found","message":"no such blueprint"}"#.to_owned();
    let missing = Effect::Status { status: 404, headers: Vec::new(), body: Some(missing) };
    stage.sandbox.catalog().fault(Fault::always(On::get("/v1/blueprints/gone"), missing));
    let refused = Effect::bulk_errors(&["odd"], 422, "invalid_request", "not today");
    stage.sandbox.catalog().fault(Fault::always(On::post("/v1/blueprints/a/entities/bulk"), refused));
    let run = stage.run(&["undo", &id_of(&pass)]).await;
    assert_eq!(run.code, 5, "{}", run.stdout);
    insta::assert_snapshot!(run.stdout, @r"
    a: 1 put back, 1 not
    gone: 0 put back, 1 not: the blueprint does not exist any more
    refused by the catalog: not today (invalid_request) (1 ×)
      such as a/odd
    done in part: 1 put back, which stay until a pass makes them again
      refused: 2 entities could not be put back
      exit code 5
    ");
    // What did not come back is not pinned.
    let pins = std::fs::read_to_string(state(&stage).join("pins.jsonl")).expect("there are pins");
    assert_eq!(pins.lines().count(), 1, "{pins}");
}

#[tokio::test]
async fn runs_are_listed() {
    let mut stage = with_stale(&["one", "two"]).await;
    assert_eq!(stage.run(&["undo"]).await.stdout, "no run that is kept has deleted anything\n");
    let pass = stage.pass().await;
    let run = stage.run(&["undo", "--output", "json"]).await;
    assert_eq!(run.code, 0);
    assert_eq!(run.report[0]["run"], id_of(&pass));
    assert_eq!(run.report[0]["deleted"], json!({ "a": 2 }));
    let text = stage.run(&["undo"]).await.stdout;
    assert!(text.starts_with(&id_of(&pass)) && text.ends_with("  deleted: a 2\n"), "{text}");
    // Another installation may share the folder.
    stage.set("OCEAN__INTEGRATION__IDENTIFIER", "other");
    assert_eq!(stage.run(&["undo"]).await.stdout, "no run that is kept has deleted anything\n");
    let run = undo(&stage, &id_of(&pass)).await;
    run.exits(2);
    assert!(run.causes().contains("no run `"), "{}", run.causes());
    stage.unset("OCEAN__STATE_DIR");
    let run = stage.run(&["undo"]).await;
    assert_eq!(run.code, 2);
    insta::assert_snapshot!(
        run.talk(),
        @"error: OCEAN__STATE_DIR is not set, so nothing is kept of what runs delete; set it to a folder"
    );
}
