//! A mapping that does not fit the catalog's blueprints: told before the first write, by a pass and by a plan.

use ocean_opsgenie::sandbox::{Effect, Fault, On};
use serde_json::{Value, json};

use crate::support::{Run, Stage, plain_blueprint, plain_mapping, until};

/// Fields that the blueprint lacks, constants that it never takes, a blueprint that is not there; and fields that fit, or
/// of which nothing is certain.
fn unfit() -> Value {
    let mut mapping = plain_mapping(&[("alert", "a"), ("alert", "b")]);
    let fields = &mut mapping["resources"][0]["port"]["entity"]["mappings"];
    fields["properties"] = json!({
        "statsu": ".status", "count": "\"many\"", "level": "\"P9\"", "open": "true", "tags": "null",
        "since": ".createdAt",
    });
    fields["relations"] = json!({ "team": ".ownerTeamId", "like": "[\"x\"]", "likes": "[\"x\"]" });
    mapping
}

fn blueprint() -> Value {
    let relation = |many: bool| json!({ "target": "a", "many": many, "required": false });
    json!({
        "identifier": "a", "title": "a",
        "schema": { "required": [], "properties": {
            "status": { "type": "string" }, "count": { "type": "number" }, "tags": { "type": "array" },
            "level": { "type": "string", "enum": ["P1", "P2"] }, "open": { "type": "boolean" },
            "since": { "type": "string", "format": "date-time" },
        } },
        "relations": { "like": relation(false), "likes": relation(true) },
    })
}

async fn stage() -> Stage {
    let stage = Stage::with_alerts(2).await;
    stage.mapping(&unfit(), &[blueprint()]);
    stage
}

/// The warning of the log.
fn logged(run: &Run) -> &str {
    let line = run.stderr.lines().find(|line| line.contains("does not fit")).expect("it was logged");
    line.split_once("WARN ").expect("a warning").1
}

#[tokio::test]
async fn everything_that_does_not_fit_is_told_at_once() {
    let stage = stage().await;
    let run = stage.pass().await;
    insta::assert_snapshot!(run.warnings(), @r#"
    the blueprint `a` has no property `statsu` in resource 1 (alert) · properties.statsu (did you mean `status`?)
    the property `count` of blueprint `a` is of type `number`, and this always gives "many" in resource 1 (alert) · properties.count
    the property `level` of blueprint `a` does not allow "P9", which this always gives in resource 1 (alert) · properties.level
    the blueprint `a` has no relation `team` in resource 1 (alert) · relations.team
    the relation `like` of blueprint `a` leads to one entity, and this always gives a list in resource 1 (alert) · relations.like
    the catalog has no blueprint `b`, which is named in resource 2 (alert) · blueprint (create it, or let OCEAN__INITIALIZE_PORT_RESOURCES create the defaults)
    "#);
    insta::assert_snapshot!(logged(&run), @"the mapping does not fit the catalog's blueprints, so entities may be refused: the blueprint `a` has no property `statsu` in resource 1 (alert) · properties.statsu (did you mean `status`?) (and 5 more)");
    run.exits(5);
    assert_eq!(stage.held("a"), [""; 0]);
}

#[tokio::test]
async fn a_plan_tells_the_same() {
    let stage = stage().await;
    let planned = stage.run(&["plan", "--output", "json"]).await;
    assert_eq!(planned.warnings(), stage.pass().await.warnings());
}

#[cfg(unix)]
#[tokio::test]
async fn it_is_told_before_anything_is_written() {
    let stage = stage().await;
    // Nobody answers the first write, and the log has the line all the same.
    let bulk = On::post("/v1/blueprints/*/entities/bulk");
    stage.sandbox.catalog().fault(Fault::always(bulk.clone(), Effect::Stall));
    let running = stage.begin(&[]);
    until("a write is asked for", || !stage.sandbox.catalog().requests_on(&bulk).is_empty()).await;
    running.signal("INT");
    running.signal("INT");
    assert!(!logged(&stage.end(running).await).is_empty());
}

#[tokio::test]
async fn a_mapping_of_a_file_is_told_by_its_lines() {
    let mut stage = Stage::with_alerts(1).await;
    stage.file(
        "own/port-app-config.yml",
        "resources:\n  - kind: alert\n    selector: { query: 'true' }\n    port:\n      entity:\n        mappings:\n          \
         identifier: .id\n          blueprint: '\"a\"'\n          properties:\n            statsu: .status\n",
    );
    stage.file("own/blueprints.json", &json!([plain_blueprint("a")]).to_string());
    stage.set("OCEAN__RESOURCES_PATH", "own");
    let planned = stage.run(&["plan", "--output", "json"]).await;
    insta::assert_snapshot!(planned.warnings(), @"the blueprint `a` has no property `statsu` in own/port-app-config.yml:10:21 (did you mean `status`?)");
    let run = stage.pass().await;
    assert_eq!(run.warnings(), planned.warnings());
    run.exits(5);
}

#[tokio::test]
async fn presets_fit_what_they_install() {
    for preset in ["classic", "full"] {
        let mut stage = Stage::with_alerts(1).await;
        stage.set("OCEAN__RESOURCES_PRESET", preset);
        let run = stage.pass().await;
        run.exits(0);
        assert!(!run.stderr.contains("does not fit"), "{}", run.stderr);
    }
}
