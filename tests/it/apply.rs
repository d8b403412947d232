//! `plan --out` and `apply`: what was planned is what is done, or nothing is.

use ocean_opsgenie::sandbox::{Effect, Fault, On, World};
use serde_json::{Value, json};

use crate::support::{OURS, Run, Stage, alert_id, plain_blueprint, plain_mapping};

/// An account of eight alerts after a pass, then changed: two are renamed, one is new, one gone.
async fn changed() -> Stage {
    let stage = Stage::with_alerts(8).await;
    stage.mapping(&plain_mapping(&[("alert", "a")]), &[plain_blueprint("a")]);
    stage.pass().await.exits(0);
    stage.later();
    stage.sandbox.opsgenie().world(|world| {
        let seed = World::seed();
        let alerts = world.alerts_mut();
        alerts[0].message = "renamed".into();
        alerts[1].message = "renamed, too".into();
        alerts.push(seed.alerts()[8].clone());
        assert!(world.delete_alert(&alert_id(7)));
    });
    stage
}

async fn plan(stage: &Stage) -> Run {
    stage.run(&["plan", "--out", "the.plan", "--output", "json"]).await
}

async fn apply(stage: &Stage) -> Run {
    stage.run(&["apply", "the.plan", "--output", "json"]).await
}

/// Applies the plan, which is refused with these words, and checks that nothing was written.
#[track_caller]
fn is_refused(run: &Run, before: &Value, stage: &Stage, why: &str) {
    run.exits(2);
    assert!(run.causes().contains(why), "{}", run.causes());
    assert_eq!(&contents(stage), before);
}

fn contents(stage: &Stage) -> Value {
    let all = stage.contents();
    all.into_iter().map(|((blueprint, id), entity)| json!([blueprint, id, entity])).collect()
}

#[tokio::test]
async fn what_was_planned_is_what_is_done() {
    let stage = changed().await;
    plan(&stage).await.exits(0);
    // The source goes on; the plan does not care.
    stage.sandbox.opsgenie().world(|world| world.alerts_mut()[2].message = "later".into());
    stage.sandbox.opsgenie().forget();
    let run = apply(&stage).await;
    run.exits(0);
    assert_eq!(run.counts("alert", ["mapped", "created", "updated", "refused"]), [3, 1, 2, 0]);
    assert_eq!(run.deletion("a"), Some((1, 0, String::new())));
    assert_eq!(stage.sandbox.opsgenie().requests().len(), 0, "nothing is asked of the source");
    let titles = |id: String| stage.contents()[&("a".to_owned(), id)]["title"].clone();
    assert_eq!((titles(alert_id(0)), titles(alert_id(1))), (json!("renamed"), json!("renamed, too")));
    assert_ne!(titles(alert_id(2)), "later");
    assert!(!stage.held("a").contains(&alert_id(7)) && stage.held("a").contains(&alert_id(8)));
    // Then nothing is left but what came later.
    stage
        .sandbox
        .opsgenie()
        .world(|world| world.alerts_mut()[2].message = World::seed().alerts()[2].message.clone());
    let run = stage.run(&["plan", "--exit-code", "--output", "json"]).await;
    run.exits(0);
}

#[tokio::test]
async fn a_first_pass_can_be_saved_and_applied_with_its_set_up() {
    let stage = Stage::seeded().await;
    plan(&stage).await.exits(0);
    let run = apply(&stage).await;
    run.exits(0);
    let saved = contents(&stage);
    let plain = Stage::seeded().await;
    plain.pass().await.exits(0);
    assert_eq!(saved, contents(&plain), "as a pass would have left it");
    let run = stage.run(&["plan", "--exit-code", "--output", "json"]).await;
    run.exits(0);
}

#[tokio::test]
async fn a_plan_is_refused_when_something_that_it_touches_has_changed() {
    let stage = changed().await;
    plan(&stage).await.exits(0);
    let edit = |id: &str, title: &str| {
        stage.entity(OURS, json!({ "blueprint": "a", "identifier": id, "title": title, "properties": {} }));
    };
    // One that is not in the plan may change.
    edit(&alert_id(4), "by hand");
    edit(&alert_id(0), "by hand");
    edit(&alert_id(7), "by hand");
    edit(&alert_id(8), "by hand");
    let before = contents(&stage);
    let run = apply(&stage).await;
    let told = format!("`a/{}` exists by now", alert_id(8));
    is_refused(&run, &before, &stage, &told);
    let told = format!("`a/{}` has changed (properties.status, title)", alert_id(0));
    is_refused(&run, &before, &stage, &told);
    let told = format!("`a/{}` has changed", alert_id(7));
    is_refused(&run, &before, &stage, &told);
    assert!(!run.causes().contains(&alert_id(4)), "{}", run.causes());
    assert_eq!(stage.states(), ["running", "completed"], "the catalog was told of the first pass only");
    plan(&stage).await.exits(0);
    apply(&stage).await.exits(0);
}

#[tokio::test]
async fn a_plan_is_refused_when_what_would_go_is_not_ours_any_more() {
    let stage = changed().await;
    plan(&stage).await.exits(0);
    let mut entity = stage.contents()[&("a".to_owned(), alert_id(7))].clone();
    entity["blueprint"] = json!("a");
    stage.entity("some/one", entity);
    let before = contents(&stage);
    is_refused(&apply(&stage).await, &before, &stage, "is not ours any more");
}

#[tokio::test]
async fn a_plan_is_refused_when_the_mapping_or_the_side_is_another() {
    let mut stage = changed().await;
    plan(&stage).await.exits(0);
    let before = contents(&stage);
    let mut mapping = plain_mapping(&[("alert", "a")]);
    mapping["resources"][0]["port"]["entity"]["mappings"]["title"] = json!(".alias");
    stage.mapping(&mapping, &[]);
    is_refused(&apply(&stage).await, &before, &stage, "the mapping has changed");
    stage.mapping(&plain_mapping(&[("alert", "a")]), &[]);
    stage.set("OCEAN__INTEGRATION__IDENTIFIER", "other");
    is_refused(&apply(&stage).await, &before, &stage, "it is for the integration `my-og`");
    stage.set("OCEAN__INTEGRATION__IDENTIFIER", "my-og");
    apply(&stage).await.exits(0);
}

#[tokio::test]
async fn a_file_that_is_no_whole_plan_is_refused() {
    let stage = changed().await;
    plan(&stage).await.exits(0);
    let before = contents(&stage);
    let path = stage.directory.path().join("the.plan");
    let text = std::fs::read_to_string(&path).expect("it was saved");
    let lines: Vec<&str> = text.lines().collect();
    for (text, why) in [
        (lines[..lines.len() - 1].join("\n"), "its last line is missing"),
        ([&lines[..1], &lines[2..]].concat().join("\n"), "steps are missing in it"),
        (text.replace("\"version\":1", "\"version\":7"), "this version of the program reads"),
        (lines[1..].join("\n"), "its first line is not that of a plan"),
        (text.replacen("\"step\":\"create\"", "\"step\":\"vanish\"", 1), "is no step"),
        (String::new(), "its first line is not that of a plan"),
    ] {
        std::fs::write(&path, text).expect("it can be written");
        is_refused(&apply(&stage).await, &before, &stage, why);
    }
    std::fs::remove_file(&path).expect("it is there");
    is_refused(&apply(&stage).await, &before, &stage, "cannot read the plan");
}

#[tokio::test]
#[cfg(unix)]
async fn only_its_owner_may_read_a_plan() {
    use std::os::unix::fs::PermissionsExt as _;
    let stage = changed().await;
    plan(&stage).await.exits(0);
    let file = std::fs::metadata(stage.directory.path().join("the.plan")).expect("it was saved");
    assert_eq!(file.permissions().mode() & 0o777, 0o600);
}

#[tokio::test]
async fn a_plan_that_cannot_be_saved_is_told() {
    let stage = changed().await;
    let run = stage.run(&["plan", "--out", "no/such/folder/plan", "--output", "json"]).await;
    run.exits(2);
    assert!(run.causes().contains("cannot write `no/such/folder/plan`"), "{}", run.causes());
    // What is stored cannot be read again: no half of a plan is left.
    let on = On::post("/v1/entities/search");
    let fault = stage.sandbox.catalog().fault(Fault::always(on, Effect::status(400)));
    let run = plan(&stage).await;
    run.exits(2);
    assert!(run.causes().contains("could not be read again"), "{}", run.causes());
    let left = std::fs::read_dir(stage.directory.path()).expect("it is there").count();
    assert_eq!(left, 0);
    stage.sandbox.catalog().mend(fault);
    plan(&stage).await.exits(0);
}

#[tokio::test]
async fn what_a_plan_protects_stays_and_nothing_goes_when_told_so() {
    let stage = changed().await;
    let fault = stage.sandbox.opsgenie().fault(Fault::always(On::get("/v2/alerts"), Effect::Html));
    plan(&stage).await.exits(4);
    stage.sandbox.opsgenie().mend(fault);
    let before = contents(&stage);
    apply(&stage).await.exits(0);
    assert_eq!(contents(&stage), before, "an incomplete kind gives no deletions");
    plan(&stage).await.exits(0);
    let run = stage.run(&["apply", "the.plan", "--no-delete", "--output", "json"]).await;
    run.exits(0);
    let (deleted, kept, why) = run.deletion("a").expect("the report says so");
    assert_eq!((deleted, kept), (0, 1), "{why}");
    assert!(stage.held("a").contains(&alert_id(7)));
}

#[tokio::test]
async fn what_apply_deletes_can_be_put_back() {
    let mut stage = changed().await;
    let folder = stage.directory.path().join("state").display().to_string();
    stage.set("OCEAN__STATE_DIR", &folder);
    let before = contents(&stage);
    plan(&stage).await.exits(0);
    let run = apply(&stage).await;
    run.exits(0);
    assert_eq!(run.report["undo"], "run");
    let id = run.report["resync"].as_str().expect("a run has an id").to_owned();
    stage.run(&["undo", &id, "--output", "json"]).await.exits(0);
    let row = |all: &Value| {
        let rows = all.as_array().cloned().unwrap_or_default();
        rows.into_iter().find(|row| row[1] == alert_id(7)).expect("it is there")
    };
    assert_eq!(row(&contents(&stage)), row(&before));
}

#[tokio::test]
async fn targets_and_circles_are_applied_in_order() {
    let stage = Stage::seeded().await;
    stage.sandbox.opsgenie().world(|world| world.alerts_mut().truncate(5));
    let relation = |target: &str| json!({ "target": target, "many": false, "required": false });
    let (mut a, mut s) = (plain_blueprint("a"), plain_blueprint("s"));
    a["relations"] = json!({ "to": relation("s"), "self": relation("a") });
    s["relations"] = json!({ "back": relation("a") });
    let mut mapping = plain_mapping(&[("alert", "a"), ("service", "s")]);
    mapping["createMissingRelatedEntities"] = json!(false);
    let first = World::seed();
    let service = first.services.first().expect("the seed has services").id.to_string();
    mapping["resources"][0]["port"]["entity"]["mappings"]["relations"] =
        json!({ "to": format!("\"{service}\""), "self": ".id" });
    mapping["resources"][1]["port"]["entity"]["mappings"]["relations"] =
        json!({ "back": format!("\"{}\"", alert_id(0)) });
    stage.mapping(&mapping, &[plain_blueprint("a"), plain_blueprint("s"), a, s]);
    plan(&stage).await.exits(0);
    let run = apply(&stage).await;
    run.exits(0);
    assert_eq!(run.counts("alert", ["created", "refused"]), [5, 0]);
    stage.run(&["plan", "--exit-code", "--output", "json"]).await.exits(0);
}
