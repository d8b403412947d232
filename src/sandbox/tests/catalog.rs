use jiff::{SignedDuration, Timestamp};
use reqwest::Method;
use serde_json::{Value, json};

use super::{AGENT, PLAIN_AGENT, Scene};
use crate::sandbox::{Clock, LargePages, Nulls, Removal, Seeding, Touch};

#[tokio::test]
async fn wrong_credentials_and_old_tokens_are_401() {
    let mut scene = Scene::empty().await;
    let body = json!({ "clientId": "x", "clientSecret": "y" });
    let (status, answer) = scene.send(Method::POST, "/v1/auth/access_token", PLAIN_AGENT, Some(&body)).await;
    assert_eq!((status, &answer["error"]), (401, &json!("invalid_credentials")));
    assert_eq!(scene.send(Method::GET, "/v1/organization", PLAIN_AGENT, None).await.0, 200);
    scene.sandbox.catalog().with(crate::sandbox::Side::expire_credentials);
    assert_eq!(scene.send(Method::GET, "/v1/organization", PLAIN_AGENT, None).await.0, 401);
    scene.token = scene.new_token().await;
    assert_eq!(scene.send(Method::GET, "/v1/organization", PLAIN_AGENT, None).await.0, 200);
    assert!(scene.sandbox.catalog().violations().is_empty());
}

#[tokio::test]
async fn an_integration_lives() {
    let scene = Scene::empty().await;
    let path = "/v1/integration/my-og";
    let (status, answer) = scene.send(Method::GET, path, PLAIN_AGENT, None).await;
    assert_eq!((status, &answer["error"]), (404, &json!("not_found")));
    let body = json!({ "installationId": "my-og", "installationAppType": "opsgenie", "version": "0.1.0", "config": {} });
    let (status, answer) = scene.send(Method::POST, "/v1/integration", PLAIN_AGENT, Some(&body)).await;
    assert_eq!(status, 200, "{answer}");
    assert!(
        answer["integration"]["logAttributes"]["ingestUrl"]
            .as_str()
            .is_some_and(|url| url.starts_with("http://127.0.0.1:"))
    );
    assert_eq!(scene.send(Method::POST, "/v1/integration", PLAIN_AGENT, Some(&body)).await.0, 409);
    let config = json!({ "config": { "resources": [] } });
    assert_eq!(scene.send(Method::PATCH, &format!("{path}/config"), PLAIN_AGENT, Some(&config)).await.0, 200);
    let extra = json!({ "config": {}, "version": "1" });
    assert_eq!(scene.send(Method::PATCH, &format!("{path}/config"), PLAIN_AGENT, Some(&extra)).await.0, 422);
    let state = json!({ "status": "running", "lastResyncStart": "2026-11-20T00:00:00.000000+00:00", "intervalInMinuets": null });
    let (status, answer) =
        scene.send(Method::PATCH, &format!("{path}/resync-state"), PLAIN_AGENT, Some(&state)).await;
    assert_eq!(status, 200);
    assert!(answer["integration"]["resyncState"]["updatedAt"].is_string());
    let told = scene.sandbox.catalog().with(|catalog| catalog.resync_states().to_vec());
    assert_eq!(told, [state]);
    let (_, answer) = scene.send(Method::GET, path, PLAIN_AGENT, None).await;
    assert_eq!(answer["integration"]["config"], json!({ "resources": [] }));
}

#[tokio::test]
async fn a_relation_needs_its_target_first() {
    let scene = Scene::empty().await;
    let incident = json!({
        "identifier": "incident", "title": "I", "schema": { "properties": {} },
        "relations": { "services": { "target": "service", "many": true, "required": false } },
    });
    assert_eq!(scene.post("/v1/blueprints", &incident).await.0, 404);
    let mut bare = incident.clone();
    bare["relations"] = json!({});
    assert_eq!(scene.post("/v1/blueprints", &bare).await.0, 201);
    assert_eq!(scene.post("/v1/blueprints", &bare).await.0, 409);
    let service = json!({ "identifier": "service", "title": "S", "schema": { "properties": {} } });
    assert_eq!(scene.post("/v1/blueprints", &service).await.0, 201);
    assert_eq!(scene.send(Method::PATCH, "/v1/blueprints/incident", AGENT, Some(&incident)).await.0, 200);
    assert_eq!(scene.send(Method::DELETE, "/v1/blueprints/service", AGENT, None).await.0, 403);
    assert_eq!(scene.send(Method::DELETE, "/v1/blueprints/incident", AGENT, None).await.0, 200);
    assert_eq!(scene.send(Method::DELETE, "/v1/blueprints/service", AGENT, None).await.0, 200);
    assert!(scene.sandbox.catalog().violations().is_empty());
}

#[tokio::test]
async fn a_bulk_write_tells_each_entity_apart() {
    let scene = Scene::empty().await;
    scene.blueprints().await;
    let entities = [
        json!({ "identifier": "good", "blueprint": "service", "title": "Good", "properties": { "url": "https://a.test", "tier": 1 } }),
        json!({ "identifier": "not good", "blueprint": "service" }),
        json!({ "identifier": "url", "blueprint": "service", "properties": { "url": "nowhere" } }),
        json!({ "identifier": "unknown-property", "blueprint": "service", "properties": { "colour": "red" } }),
        json!({ "identifier": "unknown-relation", "blueprint": "service", "relations": { "owner": "x" } }),
        json!({ "identifier": "nulls", "blueprint": "service", "title": null, "properties": { "url": null } }),
    ];
    let (status, answer) = scene.upsert("service", &entities).await;
    assert_eq!(status, 207);
    assert_eq!(answer["ok"], false);
    let indexes = |key: &str| -> Vec<Value> {
        answer[key].as_array().expect("a list").iter().map(|one| one["index"].clone()).collect()
    };
    assert_eq!(indexes("entities"), [json!(0), json!(5)]);
    assert_eq!(indexes("errors"), [json!(1), json!(2), json!(3), json!(4)]);
    assert_eq!(answer["errors"][1]["error"], "blueprint_schema_mismatch");
    let held = scene.sandbox.catalog().with(|catalog| catalog.entities("service"));
    assert_eq!(held.len(), 2);
    assert_eq!(held[0].datasource, AGENT);
    assert_eq!(
        held[1].json(),
        json!({ "identifier": "nulls", "blueprint": "service", "team": [], "properties": {}, "relations": {} })
    );
}

#[tokio::test]
async fn whole_calls_are_refused() {
    let scene = Scene::empty().await;
    scene.blueprints().await;
    let many: Vec<Value> = (0..21).map(|nth| json!({ "identifier": format!("e{nth}") })).collect();
    assert_eq!(scene.upsert("service", &many).await.0, 422);
    assert_eq!(scene.upsert("service", &[]).await.0, 422);
    assert_eq!(scene.upsert("nowhere", &many[..1]).await.0, 404);
    let large = json!({ "identifier": "e", "title": "x".repeat(1024 * 1024) });
    assert_eq!(scene.upsert("service", &[large]).await.0, 413);
    assert_eq!(scene.upsert_with("service", "merge=true", &many[..1]).await.0, 422);
    assert_eq!(scene.sandbox.catalog().with(|catalog| catalog.all_entities().len()), 0);
    assert!(!scene.sandbox.catalog().violations().is_empty());
}

#[tokio::test]
async fn merging_keeps_what_was_not_sent_and_replacing_does_not() {
    let scene = Scene::empty().await;
    scene.blueprints().await;
    let first =
        json!({ "identifier": "a", "title": "A", "properties": { "url": "https://a.test", "tier": 1 } });
    let second = json!({ "identifier": "a", "properties": { "tier": 2 } });
    let entity =
        || scene.sandbox.catalog().with(|catalog| catalog.entity("service", "a")).expect("it was written");
    scene.upsert("service", std::slice::from_ref(&first)).await;
    scene.upsert("service", std::slice::from_ref(&second)).await;
    assert_eq!(entity().json()["properties"], json!({ "url": "https://a.test", "tier": 2 }));
    let replace = "upsert=true&merge=false&create_missing_related_entities=true&validation_only=false";
    scene.upsert_with("service", replace, std::slice::from_ref(&second)).await;
    assert_eq!(entity().json()["properties"], json!({ "tier": 2 }));
    assert_eq!(entity().title, None);
    let create = "upsert=false&merge=false&create_missing_related_entities=true&validation_only=false";
    let (_, answer) = scene.upsert_with("service", create, &[second]).await;
    assert_eq!(answer["errors"][0]["error"], "identifier_taken");
    let check = "upsert=true&merge=true&create_missing_related_entities=true&validation_only=true";
    let (status, _) = scene.upsert_with("service", check, &[first]).await;
    assert_eq!((status, entity().title), (200, None));
}

#[tokio::test]
async fn missing_targets_are_made_bare_or_refused() {
    let scene = Scene::empty().await;
    scene.blueprints().await;
    let incident = json!({ "identifier": "i", "relations": { "services": ["s1", "s2"] } });
    let strict = "upsert=true&merge=true&create_missing_related_entities=false&validation_only=false";
    let (_, answer) = scene.upsert_with("incident", strict, std::slice::from_ref(&incident)).await;
    assert_eq!(
        (&answer["errors"][0]["statusCode"], &answer["errors"][0]["error"]),
        (&json!(404), &json!("not_found"))
    );
    assert_eq!(scene.upsert("incident", &[incident]).await.0, 200);
    let bare = scene.sandbox.catalog().with(|catalog| catalog.entity("service", "s2")).expect("it was made");
    assert_eq!((bare.title, bare.datasource.as_str()), (None, AGENT));
    let wrong = json!({ "identifier": "i", "relations": { "services": "s1" } });
    let (_, answer) = scene.upsert("incident", &[wrong]).await;
    assert_eq!(answer["errors"][0]["error"], "relation_many_violation");
    let own = json!({ "identifier": "j", "relations": { "parent": "j" } });
    assert_eq!(scene.upsert_with("incident", strict, &[own]).await.0, 200);
}

#[tokio::test]
async fn search_identifiers_and_relations_are_looked_up() {
    let scene = Scene::empty().await;
    scene.blueprints().await;
    let services =
        ["one", "two"].map(|name| json!({ "identifier": name, "title": name, "properties": { "tier": 1 } }));
    scene.upsert("service", &services).await;
    let query = |property: &str, value: Value| json!({ "combinator": "and", "rules": [{ "property": property, "operator": "=", "value": value }] });
    let found = json!({ "identifier": query("$title", json!("two")), "properties": { "tier": 3 } });
    let (status, answer) = scene.upsert("service", &[found]).await;
    assert_eq!((status, &answer["entities"][0]["identifier"]), (200, &json!("two")));
    let vague = json!({ "identifier": query("$blueprint", json!("service")) });
    assert_eq!(scene.upsert("service", &[vague]).await.1["errors"][0]["identifier"], "unknown");
    let related = json!({ "identifier": "i", "relations": { "services": query("tier", json!(1)) } });
    scene.upsert("incident", &[related]).await;
    let incident =
        scene.sandbox.catalog().with(|catalog| catalog.entity("incident", "i")).expect("it was written");
    assert_eq!(incident.relations["services"], json!(["one"]));
}

#[tokio::test]
async fn times_move_as_told() {
    let scene = Scene::empty().await;
    scene.blueprints().await;
    let begin: Timestamp = "2026-01-01T00:00:00Z".parse().expect("a date and time");
    let catalog = scene.sandbox.catalog();
    catalog.with(|state| state.clock = Clock::Standing(begin));
    let entity = [json!({ "identifier": "a", "title": "A" })];
    scene.upsert("service", &entity).await;
    catalog.with(|state| state.clock.advance(SignedDuration::from_secs(60)));
    let updated = || catalog.with(|state| state.entity("service", "a")).expect("it was written").updated_at;
    scene.upsert("service", &entity).await;
    assert_eq!(updated(), begin);
    catalog.with(|state| state.manners.touch = Touch::Always);
    scene.upsert("service", &entity).await;
    assert_eq!(updated(), begin + SignedDuration::from_secs(60));
    let response =
        scene.http.get(format!("{}/v1/organization", catalog.url())).send().await.expect("an answer");
    assert_eq!(response.headers()["date"], "Thu, 01 Jan 2026 00:01:00 GMT");
}

#[tokio::test]
async fn nulls_can_be_kept() {
    let scene = Scene::empty().await;
    scene.blueprints().await;
    scene.sandbox.catalog().with(|catalog| catalog.manners.nulls = Nulls::Kept);
    scene.upsert("service", &[json!({ "identifier": "a", "properties": { "url": null } })]).await;
    let entity =
        scene.sandbox.catalog().with(|catalog| catalog.entity("service", "a")).expect("it was written");
    assert_eq!(entity.properties.get("url"), Some(&Value::Null));
}

#[tokio::test]
async fn large_pages_walk_a_blueprint() {
    let scene = Scene::empty().await;
    scene.blueprints().await;
    for nth in 0..7 {
        let entity = json!({ "identifier": format!("e{nth}"), "title": "E", "properties": { "tier": nth } });
        scene.upsert("service", &[entity]).await;
    }
    let path = "/v1/blueprints/service/entities/search";
    let mut body = json!({ "limit": 3, "include": ["tier"] });
    let mut found = Vec::new();
    loop {
        let (status, answer) = scene.post(path, &body).await;
        assert_eq!(status, 200, "{answer}");
        found.extend(answer["entities"].as_array().expect("a list").clone());
        match answer.get("next") {
            Some(next) => body["from"] = next.clone(),
            None => break,
        }
    }
    assert_eq!(found.len(), 7);
    assert_eq!(
        found[6],
        json!({ "identifier": "e6", "blueprint": "service", "properties": { "tier": 6 }, "relations": {} })
    );
    for wrong in [
        json!({ "limit": 1001 }),
        json!({ "from": "zz" }),
        json!({ "page": 1 }),
        json!({ "include": [], "exclude": [] }),
    ] {
        assert_eq!(scene.post(path, &wrong).await.0, 422, "{wrong}");
    }
    assert_eq!(
        scene.post("/v1/blueprints/nowhere/entities/search", &json!({})).await.1["error"],
        "not_found"
    );
    scene.sandbox.catalog().with(|catalog| catalog.manners.large_pages = LargePages::Missing);
    let (status, answer) = scene.post(path, &json!({})).await;
    assert_eq!((status, &answer["error"]), (404, &json!("route_not_found")));
}

#[tokio::test]
async fn the_small_search_finds_by_key_and_stamp() {
    let scene = Scene::empty().await;
    scene.blueprints().await;
    scene.upsert("service", &["a", "b", "c"].map(|id| json!({ "identifier": id, "title": id }))).await;
    let body = json!({ "combinator": "and", "rules": [
        { "property": "$identifier", "operator": "in", "value": ["a", "c", "x"] },
        { "property": "$blueprint", "operator": "=", "value": "service" },
        { "property": "$datasource", "operator": "contains", "value": "port-ocean/opsgenie/" },
        { "property": "$datasource", "operator": "contains", "value": "/tests/exporter" },
    ] });
    let path = "/v1/entities/search?exclude_calculated_properties=true&include=blueprint&include=identifier&include=title";
    let (status, answer) = scene.post(path, &body).await;
    assert_eq!(status, 200, "{answer}");
    assert_eq!(
        answer["entities"][1],
        json!({ "identifier": "c", "blueprint": "service", "title": "c", "properties": {}, "relations": {} })
    );
    assert_eq!(answer["entities"].as_array().map(Vec::len), Some(2));
    let wrong =
        json!({ "combinator": "and", "rules": [{ "property": "$title", "operator": "like", "value": "a" }] });
    assert_eq!(scene.post(path, &wrong).await.0, 422);
}

#[tokio::test]
async fn the_inventory_is_by_stamp_and_age() {
    let scene = Scene::empty().await;
    scene.blueprints().await;
    let begin: Timestamp = "2026-01-01T00:00:00Z".parse().expect("a date and time");
    let seed = |id: &str, datasource: &str, secs: i64| Seeding {
        entity: json!({ "identifier": id, "blueprint": "service" }),
        datasource: datasource.to_owned(),
        updated_at: Some(begin + SignedDuration::from_secs(secs)),
    };
    scene.sandbox.catalog().with(|catalog| {
        catalog.seed_entity(&seed("old", "port-ocean/opsgenie/0.2.329/tests/exporter", 0));
        catalog.seed_entity(&seed("older", AGENT, -1));
        catalog.seed_entity(&seed("new", AGENT, 10));
        catalog.seed_entity(&seed("foreign", "port-ocean/opsgenie/0.1.0/others/exporter", 0));
        catalog.seed_entity(&seed("manual", "ada@corp.test", 0));
    });
    let path = "/v1/blueprints/entities/datasource-entities";
    let mut body = json!({
        "datasource_prefix": "port-ocean/opsgenie/", "datasource_suffix": "/tests/exporter",
        "limit": 1, "before": "2026-01-01T00:00:05.000000+00:00",
    });
    let mut found = Vec::new();
    loop {
        let (status, answer) = scene.post(path, &body).await;
        assert_eq!(status, 200, "{answer}");
        found.extend(answer["entities"].as_array().expect("a list").clone());
        if answer["next"].is_null() {
            break;
        }
        body["from"] = answer["next"].clone();
    }
    let ids: Vec<&str> = found.iter().filter_map(|one| one["identifier"].as_str()).collect();
    assert_eq!(ids, ["old", "older"]);
    assert!(scene.sandbox.catalog().violations().is_empty());
}

#[tokio::test]
async fn dependents_protect_or_go_too() {
    let scene = Scene::empty().await;
    scene.blueprints().await;
    scene.upsert("incident", &[json!({ "identifier": "i", "relations": { "services": ["s"] } })]).await;
    scene.upsert("incident", &[json!({ "identifier": "j", "relations": { "parent": "i" } })]).await;
    let (status, answer) = scene.delete("service", "false", &["s"]).await;
    assert_eq!((status, &answer["error"]), (403, &json!("has_dependents")));
    let count = || scene.sandbox.catalog().with(|catalog| catalog.all_entities().len());
    assert_eq!(count(), 3);
    let many: Vec<String> = (0..101).map(|nth| nth.to_string()).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    assert_eq!(scene.delete("service", "true", &many).await.0, 422);
    let (status, answer) = scene.delete("service", "true", &["s", "gone"]).await;
    assert_eq!((status, &answer["deletedEntities"]), (200, &json!(["s"])));
    assert_eq!(count(), 0);
}

#[tokio::test]
async fn a_blueprint_goes_with_all_its_entities_and_not_at_once() {
    let scene = Scene::empty().await;
    scene.blueprints().await;
    scene.upsert("incident", &[json!({ "identifier": "i", "relations": { "services": ["s"] } })]).await;
    let event = "ocean_info_event_type=start";
    let all =
        |blueprint: &str| format!("/v1/blueprints/{blueprint}/all-entities?delete_blueprint=true&{event}");
    let (status, answer) = scene.send(Method::DELETE, &all("service"), AGENT, None).await;
    assert_eq!((status, &answer["error"]), (403, &json!("has_dependents")), "incidents point at it");
    assert_eq!(scene.send(Method::DELETE, &all("nowhere"), AGENT, None).await.0, 404);
    let alone = format!("/v1/blueprints/incident?{event}");
    assert_eq!(scene.send(Method::DELETE, &alone, AGENT, None).await.0, 403, "it has entities");
    let held = || {
        let catalog = scene.sandbox.catalog();
        catalog.with(|catalog| (catalog.blueprint("incident").is_some(), catalog.entities("incident").len()))
    };
    for (removal, statuses, left) in [
        (Removal::Fails, ["FAILURE", "FAILURE", "FAILURE"], (true, 1)),
        (Removal::Done { after: 2 }, ["RUNNING", "RUNNING", "COMPLETED"], (false, 0)),
    ] {
        scene.sandbox.catalog().with(|catalog| catalog.manners.removal = removal);
        let (status, answer) = scene.send(Method::DELETE, &all("incident"), AGENT, None).await;
        assert_eq!((status, held()), (200, (true, 1)), "{answer}");
        let path = format!("/v1/migrations/{}", answer["migrationId"].as_str().expect("an id"));
        for expected in statuses {
            let (_, answer) = scene.send(Method::GET, &path, PLAIN_AGENT, None).await;
            assert_eq!(answer["migration"]["status"], expected);
        }
        assert_eq!(held(), left);
    }
    assert_eq!(scene.send(Method::GET, "/v1/migrations/other", PLAIN_AGENT, None).await.0, 404);
    assert!(scene.sandbox.catalog().violations().is_empty());
}

#[tokio::test]
async fn broken_manners_are_noted() {
    let scene = Scene::empty().await;
    scene.blueprints().await;
    scene.sandbox.catalog().forget();
    let path = "/v1/blueprints/service/entities/bulk?upsert=true";
    let body = json!({ "entities": [{ "identifier": "a", "blueprint": "other" }] });
    assert_eq!(scene.send(Method::POST, path, PLAIN_AGENT, Some(&body)).await.0, 200);
    let violations = scene.sandbox.catalog().violations().join("\n");
    for part in ["suffix", "`merge` is missing", "ocean_info_event_type", "names another blueprint"] {
        assert!(violations.contains(part), "{part} is not in {violations}");
    }
}

#[tokio::test]
async fn a_provisioned_mapping_appears_after_a_while() {
    let scene = Scene::empty().await;
    scene.sandbox.catalog().with(|catalog| {
        catalog.manners.provision_enabled = vec!["opsgenie".to_owned()];
        catalog.manners.feature_flags = vec!["USE_PROVISIONED_DEFAULTS".to_owned()];
        catalog.manners.provisioned_config = Some(json!({ "resources": [1] }));
        catalog.manners.provisioned_after = 2;
    });
    let body = json!({ "installationId": "my-og", "installationAppType": "opsgenie", "config": {} });
    let path = "/v1/integration?integration_modes=create_resources";
    scene.send(Method::POST, path, PLAIN_AGENT, Some(&body)).await;
    let mut configs = Vec::new();
    for _ in 0..3 {
        let (_, answer) = scene.send(Method::GET, "/v1/integration/my-og", PLAIN_AGENT, None).await;
        configs.push(answer["integration"]["config"].clone());
    }
    assert_eq!(configs, [json!({}), json!({}), json!({ "resources": [1] })]);
    let (_, answer) = scene.send(Method::GET, "/v1/integration/provision-enabled", PLAIN_AGENT, None).await;
    assert_eq!(answer["integrations"], json!(["opsgenie"]));
}

#[tokio::test]
async fn pollers_are_asked_for_a_resync() {
    let scene = Scene::empty().await;
    scene.sandbox.catalog().with(|catalog| catalog.seed_integration("my-og", &json!({ "config": {} })));
    let path = "/v1/integration/my-og/resync-request";
    assert_eq!(scene.send(Method::GET, path, PLAIN_AGENT, None).await.1["request"], Value::Null);
    scene.sandbox.catalog().with(crate::sandbox::Catalog::request_resync);
    assert!(scene.send(Method::GET, path, PLAIN_AGENT, None).await.1["request"]["updatedAt"].is_string());
}

#[tokio::test]
async fn additions_are_remembered() {
    let scene = Scene::empty().await;
    scene.blueprints().await;
    let card = json!({ "identifier": "card", "title": "Card" });
    assert_eq!(scene.post("/v1/blueprints/service/scorecards", &card).await.0, 201);
    assert_eq!(scene.post("/v1/blueprints/service/scorecards", &card).await.0, 409);
    assert_eq!(scene.post("/v1/blueprints/nowhere/scorecards", &card).await.0, 404);
    assert_eq!(scene.post("/v1/pages", &json!({})).await.0, 422);
    assert_eq!(scene.post("/v1/actions", &card).await.0, 201);
    assert_eq!(scene.sandbox.catalog().with(|catalog| catalog.additions().len()), 2);
}
