//! `plan --against-peer`: what this program would write beside what Port's integration wrote under the same stamp.

use ocean_opsgenie::sandbox::Seeding;
use serde_json::{Value, json};

use crate::support::{Run, Stage};

/// The stamp of Port's integration.
const PEER: &str = "port-ocean/opsgenie/0.2.329/my-og/exporter";

/// What a pass of the full preset writes, as if Port's integration had written it.
async fn taken_over() -> Stage {
    let mut stage = Stage::seeded().await;
    stage.set("OCEAN__RESOURCES_PRESET", "full");
    stage.pass().await.exits(0);
    for entity in stage.sandbox.catalog().all_entities() {
        seed(&stage, entity.json());
    }
    stage.later();
    stage
}

fn seed(stage: &Stage, entity: Value) {
    stage.sandbox.catalog().with(|catalog| {
        catalog.seed_entity(&Seeding { entity, datasource: PEER.to_owned(), updated_at: None });
    });
}

/// Changes the first entity of a blueprint for which `change` finds something to change.
fn change(stage: &Stage, blueprint: &str, change: impl Fn(&mut Value) -> bool) {
    let entities = stage.sandbox.catalog().entities(blueprint);
    let changed = entities
        .iter()
        .map(ocean_opsgenie::sandbox::Entity::json)
        .find_map(|mut entity| change(&mut entity).then_some(entity));
    seed(stage, changed.expect("one can be changed"));
}

async fn compare(stage: &Stage) -> Run {
    stage.run(&["plan", "--against-peer", "--output", "json"]).await
}

fn differences(run: &Run) -> String {
    let differences = run.report["plan"]["peer"]["differences"].as_array().expect("a list");
    let line = |one: &Value| {
        let explanation = one["explanation"].as_str().unwrap_or("unexplained");
        format!("{} × {}: {explanation}", one["count"], one["what"].as_str().unwrap_or_default())
    };
    differences.iter().map(line).collect::<Vec<_>>().join("\n")
}

#[tokio::test]
async fn what_is_the_same_does_not_differ() {
    let stage = taken_over().await;
    let run = compare(&stage).await;
    run.exits(0);
    assert_eq!(run.report["plan"]["peer"]["entities"], json!(stage.contents().len()), "{}", run.stdout);
    assert_eq!(differences(&run), "");
}

#[tokio::test]
async fn differences_are_explained_by_their_rows() {
    let stage = taken_over().await;
    change(&stage, "opsGenieTeam", |team| {
        let users = team["properties"]["oncallUsers"].as_array_mut();
        users.and_then(Vec::pop).is_some()
    });
    change(&stage, "opsGenieIncident", |incident| {
        // One that is only pointed at has no title.
        if incident["title"].is_null() {
            return false;
        }
        let properties = incident["properties"].as_object_mut().expect("it has some");
        properties.values_mut().for_each(|value| *value = Value::Null);
        incident["title"] = Value::Null;
        true
    });
    seed(&stage, json!({ "identifier": "gone", "blueprint": "opsGenieAlert", "title": "gone" }));
    stage.later();
    let run = compare(&stage).await;
    run.exits(0);
    insta::assert_snapshot!(differences(&run), @r"
    1 × team: properties.oncallUsers: several schedules of one team
    1 × incident: title and properties: retry of rejected entities
    1 × would go: when stale entities go
    ");
}

#[tokio::test]
async fn what_nothing_explains_is_named() {
    let stage = taken_over().await;
    change(&stage, "opsGenieService", |service| {
        service["properties"]["description"] = json!("odd");
        true
    });
    let run = stage.run(&["plan", "--against-peer"]).await;
    assert_eq!(run.code, 7, "{}", run.stdout);
    let shown = run.stdout.lines().skip_while(|line| !line.starts_with("written by")).take(2);
    let shown = shown.collect::<Vec<_>>().join("\n");
    let (shown, _id) = shown.rsplit_once('/').expect("an example");
    insta::assert_snapshot!(shown, @r"
    written by Port's integration: 83 entities
      1 × service: properties.description: unexplained (such as opsGenieService
    ");
    // What this program wrote since is not compared.
    stage.pass().await.exits(0);
    let run = compare(&stage).await;
    run.exits(0);
    assert_eq!(differences(&run), "");
}

#[tokio::test]
async fn entities_of_others_are_not_compared() {
    let stage = taken_over().await;
    let user = stage.sandbox.catalog().entities("opsGenieUser")[0].json();
    stage.sandbox.catalog().with(|catalog| {
        let mut entity = user;
        entity["title"] = json!("by hand");
        catalog.seed_entity(&Seeding { entity, datasource: "somebody".to_owned(), updated_at: None });
    });
    let run = compare(&stage).await;
    run.exits(0);
    assert_eq!(differences(&run), "");
}
