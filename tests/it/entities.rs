//! Entities of every shape: what the catalog takes, what it refuses, and what counts as a change.

use ocean_opsgenie::sandbox::{BadIdentifier, Effect, Fault, On, Touch, World, text};
use serde_json::{Value, json};

use crate::support::{OURS, Stage, alert_id, plain_blueprint, plain_mapping};

fn mappings(mapping: &mut Value, resource: usize) -> &mut Value {
    &mut mapping["resources"][resource]["port"]["entity"]["mappings"]
}

#[tokio::test]
async fn an_identifier_that_is_none_costs_nobody_else() {
    for manner in [BadIdentifier::Entity, BadIdentifier::WholeCall] {
        let mut world = World::empty();
        world.services.extend(World::seed().services.into_iter().take(4));
        for (service, name) in world.services.iter_mut().zip(["good", "snow ☃", "..", "Ünïcode"]) {
            service.name = text(name);
        }
        let stage = Stage::of(world).await;
        stage.sandbox.catalog().with(|catalog| catalog.manners.bad_identifier = manner);
        let mut mapping = plain_mapping(&[("service", "s")]);
        mappings(&mut mapping, 0)["identifier"] = json!(".name");
        stage.mapping(&mapping, &[plain_blueprint("s")]);
        let run = stage.pass().await;
        run.exits(5);
        assert_eq!(stage.held("s"), ["good", "Ünïcode"], "{manner:?}");
        assert_eq!(run.counts("service", ["mapped", "created", "refused"]), [4, 2, 2], "{manner:?}");
        assert!(run.stdout.contains("snow ☃"), "{}", run.stdout);
    }
}

#[tokio::test]
async fn properties_of_the_wrong_type_are_refused_with_the_catalogs_words() {
    let stage = Stage::with_alerts(2).await;
    let mut mapping = plain_mapping(&[("alert", "a")]);
    mappings(&mut mapping, 0)["properties"] =
        json!({ "status": "if .owner == \"ada@shop.test\" then 5 else .status end" });
    stage.mapping(&mapping, &[plain_blueprint("a")]);
    let run = stage.pass().await;
    run.exits(5);
    assert_eq!(run.counts("alert", ["created", "refused"]), [1, 1]);
    let refusal = &run.report["refusals"][0];
    assert!(refusal["message"].as_str().is_some_and(|text| text.contains("status")), "{refusal}");
    assert_eq!(refusal["examples"], json!([format!("a/{}", alert_id(1))]));
}

/// Alerts point at services and services at alerts, and at themselves.
fn circle() -> (Value, [Value; 2]) {
    let mut mapping = plain_mapping(&[("alert", "a"), ("service", "s")]);
    mapping["createMissingRelatedEntities"] = json!(false);
    let first_service = World::seed().services[0].id.to_string();
    mappings(&mut mapping, 0)["relations"] = json!({ "service": format!("\"{first_service}\"") });
    mappings(&mut mapping, 1)["relations"] =
        json!({ "alert": format!("\"{}\"", alert_id(0)), "next": format!("\"{first_service}\"") });
    let relation = |target: &str| json!({ "target": target, "many": false, "required": false });
    let [mut a, mut s] = ["a", "s"].map(plain_blueprint);
    a["relations"] = json!({ "service": relation("s") });
    s["relations"] = json!({ "alert": relation("a"), "next": relation("s") });
    (mapping, [a, s])
}

#[tokio::test]
async fn entities_that_point_at_each_other_are_all_written() {
    let stage = Stage::with_alerts(25).await;
    stage.sandbox.opsgenie().world(|world| world.services = World::seed().services);
    let (mapping, blueprints) = circle();
    stage.mapping(&mapping, &blueprints);
    let run = stage.pass().await;
    run.exits(0);
    assert_eq!((stage.held("a").len(), stage.held("s").len()), (25, 9));
    // Two calls for an entity are still one entity that was created.
    assert_eq!(run.counts("alert", ["created", "updated", "refused"]), [25, 0, 0]);
    assert_eq!(run.counts("service", ["created", "updated", "refused"]), [9, 0, 0]);
    let all = stage.sandbox.catalog().all_entities();
    let points = |blueprint: &str, relation: &str| {
        let mine = all.iter().filter(|entity| entity.blueprint == blueprint);
        mine.filter(|entity| entity.relations.contains_key(relation)).count()
    };
    assert_eq!([points("a", "service"), points("s", "alert"), points("s", "next")], [25, 9, 9]);
    // Written whole, title and properties included.
    assert!(all.iter().all(|entity| entity.title.is_some()));
    let run = stage.pass().await;
    run.exits(0);
    assert_eq!(run.counts("alert", ["updated", "unchanged"]), [0, 25]);
    assert_eq!(run.counts("service", ["updated", "unchanged"]), [0, 9]);
}

#[tokio::test]
async fn entities_found_by_a_search_are_met_and_not_multiplied() {
    let stage = Stage::with_alerts(2).await;
    let mut mapping = plain_mapping(&[("alert", "a")]);
    mappings(&mut mapping, 0)["identifier"] = json!({
        "combinator": "\"and\"",
        "rules": [{ "property": "\"$title\"", "operator": "\"=\"", "value": ".message" }],
    });
    stage.mapping(&mapping, &[plain_blueprint("a")]);
    let message = World::seed().alerts()[0].message.to_string();
    stage.entity("Terraform provider", json!({ "blueprint": "a", "identifier": "theirs", "title": message }));
    let run = stage.pass().await;
    // One meets its entity, the other finds none, which the catalog says.
    run.exits(5);
    assert_eq!(stage.held("a"), ["theirs"]);
    let met = stage.sandbox.catalog().entity("a", "theirs").expect("it stays");
    assert_eq!(met.properties["status"], "open");
    assert_eq!(run.counts("alert", ["mapped", "refused"]), [2, 1]);
}

#[tokio::test]
async fn relations_may_be_searches() {
    let stage = Stage::with_alerts(2).await;
    let mut mapping = plain_mapping(&[("alert", "a")]);
    mappings(&mut mapping, 0)["relations"] = json!({ "owner": {
        "combinator": "\"and\"",
        "rules": [{ "property": "\"$title\"", "operator": "\"=\"", "value": ".owner" }],
    } });
    let mut blueprint = plain_blueprint("a");
    blueprint["relations"] = json!({ "owner": { "target": "p", "many": false, "required": false } });
    stage.mapping(&mapping, &[plain_blueprint("p"), blueprint]);
    stage.entity("people", json!({ "blueprint": "p", "identifier": "ada", "title": "ada@shop.test" }));
    stage.pass().await.exits(0);
    let ada = stage.sandbox.catalog().entity("a", &alert_id(1)).expect("it was written");
    assert_eq!(ada.relations["owner"], "ada");
    // What a search finds is not for us to say, and not ours to delete.
    stage.later();
    stage.pass().await.exits(0);
    assert_eq!(stage.held("p"), ["ada"]);
}

#[tokio::test]
async fn what_is_the_same_in_other_words_is_no_change() {
    let stage = Stage::with_alerts(1).await;
    stage.sandbox.catalog().with(|catalog| catalog.manners.touch = Touch::Always);
    let mut mapping = plain_mapping(&[("alert", "a")]);
    let mapped = mappings(&mut mapping, 0);
    mapped["team"] = json!("[\"x\", \"y\", \"x\"]");
    mapped["properties"] = json!({ "status": ".status", "at": ".createdAt", "number": "1.0", "list": ".tags", "object": "{b: 1, a: null}" });
    mapped["relations"] = json!({ "many": "[\"one\", \"two\"]" });
    let mut blueprint = plain_blueprint("a");
    blueprint["schema"]["properties"] = json!({
        "status": { "type": "string" },
        "at": { "type": "string", "format": "date-time" },
        "number": { "type": "number" },
        "list": { "type": "array" },
        "object": { "type": "object" },
    });
    blueprint["relations"] = json!({ "many": { "target": "t", "many": true, "required": false } });
    stage.mapping(&mapping, &[plain_blueprint("t"), blueprint]);
    stage.pass().await.exits(0);
    let id = alert_id(0);
    let mut stored = stage.sandbox.catalog().entity("a", &id).expect("it was written").json();
    assert_eq!(stored["properties"]["at"], "2023-04-21T08:36:18.46Z");
    stored["properties"]["at"] = json!("2023-04-21T10:36:18.460+02:00");
    stored["properties"]["number"] = json!(1);
    stored["relations"]["many"] = json!(["two", "one"]);
    stored["team"] = json!(["y", "x"]);
    stage.entity(crate::support::OURS, stored.clone());
    assert_eq!(stage.pass().await.counts("alert", ["updated", "unchanged"]), [0, 1]);
    // A list is in its order, and an object by its keys.
    stored["properties"]["list"] = json!(["login", "auth"]);
    stage.entity(crate::support::OURS, stored.clone());
    assert_eq!(stage.pass().await.counts("alert", ["updated", "unchanged"]), [1, 0]);
    assert_eq!(stage.pass().await.counts("alert", ["updated", "unchanged"]), [0, 1]);
}

#[tokio::test]
async fn fields_that_nobody_maps_stay_unless_entities_are_replaced() {
    let stage = Stage::with_alerts(1).await;
    let mut mapping = plain_mapping(&[("alert", "a")]);
    let mut blueprint = plain_blueprint("a");
    blueprint["schema"]["properties"]["note"] = json!({ "type": "string" });
    stage.mapping(&mapping, &[blueprint]);
    let id = alert_id(0);
    let noted =
        json!({ "blueprint": "a", "identifier": id, "title": "old", "properties": { "note": "by hand" } });
    stage.entity("somebody", noted.clone());
    stage.pass().await.exits(0);
    let note =
        || stage.sandbox.catalog().entity("a", &id).expect("it is there").properties.get("note").cloned();
    assert_eq!(note(), Some(json!("by hand")));
    mapping["enableMergeEntity"] = json!(false);
    stage.mapping(&mapping, &[]);
    stage.entity("somebody", noted);
    stage.pass().await.exits(0);
    assert_eq!(note(), None);
}

#[tokio::test]
async fn a_program_that_halts_or_runs_wild_costs_one_field() {
    for wild in [
        "halt",
        "\"x\" | halt_error",
        "def f: f; f",
        "[repeat(1)]",
        "last(range(1e18))",
        "\"a\" * 1e9 | length",
    ] {
        let stage = Stage::with_alerts(1).await;
        let mut mapping = plain_mapping(&[("alert", "a")]);
        mappings(&mut mapping, 0)["title"] = json!(wild);
        stage.mapping(&mapping, &[plain_blueprint("a")]);
        let begin = std::time::Instant::now();
        let run = stage.pass().await;
        assert_eq!(run.code, 0, "{wild}: {}", run.stderr);
        assert_eq!(stage.held("a"), [alert_id(0)], "{wild}");
        assert!(begin.elapsed().as_secs() < 15, "{wild} took {:?}", begin.elapsed());
    }
}

#[tokio::test]
async fn what_could_not_be_worked_out_stays_even_where_entities_are_replaced() {
    for fails in [true, false] {
        let stage = Stage::seeded().await;
        let mut mapping = plain_mapping(&[("service", "a")]);
        mapping["enableMergeEntity"] = json!(false);
        mapping["resources"][0]["port"]["entity"]["mappings"]["properties"] =
            json!({ "status": ".__team.name" });
        let mut blueprint = plain_blueprint("a");
        blueprint["schema"]["properties"]["by_hand"] = json!({ "type": "string" });
        stage.mapping(&mapping, &[blueprint]);
        stage.pass().await.exits(0);
        let entity = |id: &str| stage.contents()[&("a".to_owned(), id.to_owned())].clone();
        let services = stage.sandbox.opsgenie().world(|world| world.services.clone());
        let service = services.iter().find(|one| entity(&one.id)["properties"]["status"].is_string());
        let id = service.expect("a service has a team").id.to_string();
        let status = entity(&id)["properties"]["status"].clone();
        // Somebody adds a field by hand, and the service gets another name.
        let mut edited = entity(&id);
        edited["blueprint"] = json!("a");
        edited["properties"]["by_hand"] = json!("x");
        stage.entity(OURS, edited);
        stage.sandbox.opsgenie().world(|world| {
            for service in &mut world.services {
                service.name = format!("new {}", service.name).into();
            }
        });
        if fails {
            stage.sandbox.opsgenie().fault(Fault::always(On::get("/v2/teams/*"), Effect::Html));
        }
        stage.pass().await.exits(if fails { 4 } else { 0 });
        let entity = entity(&id);
        assert!(entity["title"].as_str().is_some_and(|title| title.starts_with("new ")), "{entity}");
        assert_eq!(entity["properties"]["status"], status, "the lookup fails: {fails}");
        // An entity that lacks a field is merged; one that has all of them is replaced.
        assert_eq!(entity["properties"].get("by_hand").is_some_and(Value::is_string), fails, "{entity}");
    }
}
