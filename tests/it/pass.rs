//! One pass from an account into a catalog: what the catalog holds afterwards, and what it cost.

use ocean_opsgenie::sandbox::{Catalog, Effect, Fault, LargePages, Nulls, On, Touch, World, text};
use serde_json::{Value, json};

use crate::expected::{self, Entities};
use crate::support::{Stage, alert_id, plain_blueprint, plain_mapping};

const BULK: &str = "POST /v1/blueprints/*/entities/bulk";

#[track_caller]
fn same(held: &Entities, expected: &Entities) {
    let missing: Vec<_> = expected.keys().filter(|key| !held.contains_key(*key)).collect();
    let surplus: Vec<_> = held.keys().filter(|key| !expected.contains_key(*key)).collect();
    assert!(missing.is_empty() && surplus.is_empty(), "missing: {missing:#?}\nsurplus: {surplus:#?}");
    for (key, entity) in expected {
        assert_eq!(&held[key], entity, "{key:?}");
    }
}

#[tokio::test]
async fn the_classic_preset_entity_for_entity() {
    let stage = Stage::seeded().await;
    let run = stage.pass().await;
    run.exits(0);
    same(&stage.contents(), &expected::classic(&World::seed()));
    assert_eq!(
        run.counts("service", ["listed", "mapped", "created", "unmapped", "refused"]),
        [9, 9, 9, 0, 0]
    );
    assert_eq!(run.counts("alert", ["listed", "mapped", "created", "updated"]), [60, 60, 60, 0]);
    assert_eq!(run.counts("incident", ["listed", "mapped", "created", "unchanged"]), [10, 10, 10, 0]);
    assert_eq!(stage.states(), ["running", "completed"]);
    let stamps = stage.sandbox.catalog().all_entities();
    let stamp = concat!("port-ocean/opsgenie/", env!("CARGO_PKG_VERSION"), "/my-og/exporter");
    assert!(stamps.iter().all(|entity| entity.datasource == stamp), "{:?}", stamps[0]);
}

#[tokio::test]
async fn the_documented_records_become_the_documented_entities() {
    // <https://docs.port.io/build-your-software-catalog/sync-data-to-catalog/incident-management/opsgenie>
    let stage = Stage::seeded().await;
    stage.pass().await.exits(0);
    let contents = stage.contents();
    let show = |blueprint: &str, identifier: &str| {
        let key = (blueprint.to_owned(), identifier.to_owned());
        serde_json::to_string_pretty(&contents[&key]).expect("an entity is JSON")
    };
    insta::assert_snapshot!(show("opsGenieService", "My-Test-Service"));
    insta::assert_snapshot!(show("opsGenieIncident", "652f14b3-019a-4d4c-8b83-e4da527a416c"));
    insta::assert_snapshot!(show("opsGenieAlert", "580e9625-ecc7-42b0-8836-3d3637438bc4-169486700232"));
}

#[tokio::test]
async fn the_full_preset_entity_for_entity() {
    let mut stage = Stage::seeded().await;
    stage.set("OCEAN__RESOURCES_PRESET", "full");
    let run = stage.pass().await;
    run.exits(0);
    same(&stage.contents(), &expected::full(&World::seed()));
    // The account has a schedule without a team, which must not keep stale teams.
    for kind in run.report["kinds"].as_array().expect("a list") {
        assert_eq!(kind["verdict"], "complete", "{kind}");
    }
}

#[tokio::test]
async fn the_full_preset_is_chosen_where_the_catalog_has_its_team() {
    let stage = Stage::seeded().await;
    stage.sandbox.catalog().with(|catalog| {
        let team = include_str!("../../blueprints/full/opsGenieTeam.json");
        catalog.seed_blueprint(&serde_json::from_str(team).expect("a blueprint is JSON"));
    });
    let run = stage.pass().await;
    run.exits(0);
    assert_eq!(run.counts("user", ["listed"]), [12]);
}

async fn second_pass_of(preset: &str) -> String {
    let mut stage = Stage::seeded().await;
    stage.set("OCEAN__RESOURCES_PRESET", preset);
    // A write would show, even one that changes nothing.
    stage.sandbox.catalog().with(|catalog| catalog.manners.touch = Touch::Always);
    stage.pass().await.exits(0);
    let before = stage.sandbox.catalog().all_entities();
    stage.sandbox.catalog().forget();
    stage.sandbox.opsgenie().forget();
    let run = stage.pass().await;
    run.exits(0);
    assert_eq!(stage.sandbox.catalog().all_entities(), before);
    for row in run.report["kinds"].as_array().expect("kinds") {
        assert_eq!((&row["created"], &row["updated"]), (&json!(0), &json!(0)), "{row}");
    }
    let routes = |counts: ocean_opsgenie::sandbox::Counts| {
        // How much is told of a pass depends on how long it takes.
        let asked = counts.by_route.into_iter().filter(|(route, _)| !route.contains("/ingest/"));
        let lines = asked.map(|(route, calls)| format!("{calls} {route}\n"));
        lines.collect::<String>()
    };
    let [source, catalog] = [stage.sandbox.opsgenie().counts(), stage.sandbox.catalog().counts()].map(routes);
    format!("{source}\n{catalog}")
}

#[tokio::test]
async fn a_second_pass_writes_nothing_and_asks_little() {
    insta::assert_snapshot!(second_pass_of("classic").await);
}

#[tokio::test]
async fn a_second_pass_of_the_full_preset_writes_nothing_and_asks_little() {
    insta::assert_snapshot!(second_pass_of("full").await);
}

#[tokio::test]
async fn what_changed_is_written_and_nothing_else() {
    let stage = Stage::seeded().await;
    stage.pass().await.exits(0);
    stage.later();
    let (changed, closed, deleted) = (alert_id(3), alert_id(0), alert_id(7));
    stage.sandbox.opsgenie().world(|world| {
        let alert = world.alert_mut(&changed).expect("the alert is there");
        alert.message = text("changed");
        alert.updated_ms += 1_000;
        assert!(world.close_alert(&closed, 1_793_600_000_000));
        assert!(world.delete_alert(&deleted));
    });
    stage.sandbox.catalog().forget();
    let run = stage.pass().await;
    run.exits(0);
    let columns = ["listed", "created", "updated", "unchanged"];
    assert_eq!(run.counts("alert", columns), [59, 0, 2, 57]);
    assert_eq!(run.counts("incident", columns), [10, 0, 0, 10]);
    assert_eq!(run.deletion("opsGenieAlert"), Some((1, 0, String::new())));
    let writes = stage.sandbox.catalog().requests_on(&On::post("/v1/blueprints/*/entities/bulk"));
    let mut ids = Vec::new();
    for call in &writes {
        for entity in call.json()["entities"].as_array().expect("entities") {
            ids.push(entity["identifier"].as_str().expect("an identifier").to_owned());
        }
    }
    ids.sort();
    let mut expected = [changed, closed];
    expected.sort();
    assert_eq!(ids, expected);
    let world = stage.sandbox.opsgenie().world(|world| world.clone());
    same(&stage.contents(), &expected::classic(&world));
}

#[tokio::test]
async fn icons_are_written_compared_and_changed() {
    let stage = Stage::with_alerts(2).await;
    let mut mapping = plain_mapping(&[("alert", "a")]);
    mapping["resources"][0]["port"]["entity"]["mappings"]["icon"] = json!("\"Alert\"");
    stage.mapping(&mapping, &[plain_blueprint("a")]);
    stage.pass().await.exits(0);
    let icons = || stage.sandbox.catalog().entities("a").into_iter().map(|one| one.icon).collect::<Vec<_>>();
    assert_eq!(icons(), [Some(json!("Alert")), Some(json!("Alert"))]);
    assert_eq!(stage.pass().await.counts("alert", ["updated", "unchanged"]), [0, 2]);
    mapping["resources"][0]["port"]["entity"]["mappings"]["icon"] = json!("\"Clock\"");
    stage.mapping(&mapping, &[]);
    assert_eq!(stage.pass().await.counts("alert", ["updated", "unchanged"]), [2, 0]);
    assert_eq!(icons(), [Some(json!("Clock")), Some(json!("Clock"))]);
}

#[tokio::test]
async fn a_null_clears_what_is_there_and_rewrites_nothing_else() {
    for nulls in [Nulls::Dropped, Nulls::Kept] {
        let stage = Stage::with_alerts(2).await;
        stage.sandbox.catalog().with(|catalog| catalog.manners.nulls = nulls);
        let mut mapping = plain_mapping(&[("alert", "a")]);
        mapping["resources"][0]["port"]["entity"]["mappings"]["properties"] =
            json!({ "status": "if .owner == \"\" then null else .owner end", "never": ".nothing" });
        let mut blueprint = plain_blueprint("a");
        blueprint["schema"]["properties"]["never"] = json!({ "type": "string" });
        stage.mapping(&mapping, &[blueprint]);
        stage.pass().await.exits(0);
        assert_eq!(stage.pass().await.counts("alert", ["updated", "unchanged"]), [0, 2], "{nulls:?}");
        let id = alert_id(0);
        stage.sandbox.opsgenie().world(|world| {
            world.alert_mut(&id).expect("the alert is there").owner = text("");
        });
        assert_eq!(stage.pass().await.counts("alert", ["updated", "unchanged"]), [1, 1], "{nulls:?}");
        let entity = stage.sandbox.catalog().entity("a", &id).expect("it stays");
        assert!(entity.properties.get("status").is_none_or(Value::is_null), "{nulls:?}: {entity:?}");
        assert_eq!(stage.pass().await.counts("alert", ["updated", "unchanged"]), [0, 2], "{nulls:?}");
    }
}

#[tokio::test]
async fn odd_texts_arrive_as_they_are() {
    let stage = Stage::with_alerts(0).await;
    stage.mapping(&plain_mapping(&[("service", "a")]), &[plain_blueprint("a")]);
    // A lone half of a surrogate pair, a zero, a right-to-left mark, a family of four, an escaped pair, a private letter.
    let services = r#"{"data":[
        {"id":"s1","name":"half \ud83d of a pair","teamId":null},
        {"id":"s2","name":"nul \u0000 and tab \t","teamId":null},
        {"id":"s3","name":"\u200f👨‍👩‍👧‍👦 \ud83d\ude00 \ue000","teamId":null},
        {"id":"s4","name":"","teamId":null}
    ],"totalCount":4,"took":0.1,"requestId":"r"}"#;
    let what = Effect::Status {
        status: 200,
        headers: vec![("content-type".into(), "application/json".into())],
        body: Some(services.to_owned()),
    };
    stage.sandbox.opsgenie().fault(Fault::always(On::get("/v1/services"), what));
    let run = stage.pass().await;
    run.exits(0);
    let titles: Vec<_> = stage.sandbox.catalog().entities("a").into_iter().map(|one| one.title).collect();
    let expected = [
        json!("half \u{fffd} of a pair"),
        json!("nul \u{0} and tab \t"),
        json!("\u{200f}👨\u{200d}👩\u{200d}👧\u{200d}👦 😀 \u{e000}"),
        json!(""),
    ];
    assert_eq!(titles, expected.map(Some));
    assert_eq!(stage.pass().await.counts("service", ["updated", "unchanged"]), [0, 4]);
}

#[tokio::test]
async fn an_account_with_nothing_in_it_is_no_fault() {
    for preset in ["classic", "full"] {
        let mut stage = Stage::of(World::empty()).await;
        stage.set("OCEAN__RESOURCES_PRESET", preset);
        let run = stage.pass().await;
        run.exits(0);
        assert_eq!(run.causes(), "");
        assert_eq!(run.warnings(), "");
        for row in run.report["kinds"].as_array().expect("kinds") {
            assert_eq!((&row["listed"], &row["verdict"]), (&json!(0), &json!("complete")), "{row}");
        }
        assert_eq!(stage.contents(), Entities::new());
        assert_eq!(stage.states(), ["running", "completed"]);
    }
}

#[tokio::test]
async fn two_records_of_one_key_are_a_warning_with_both_names() {
    let mut world = World::empty();
    world.services.extend(World::seed().services.into_iter().take(2));
    for (service, name) in world.services.iter_mut().zip(["a b", "a?b"]) {
        service.name = text(name);
        service.team_id = None;
    }
    let [first, second] = [0, 1].map(|n: usize| world.services[n].id.to_string());
    let stage = Stage::of(world).await;
    let run = stage.pass().await;
    run.exits(0);
    assert_eq!(stage.held("opsGenieService"), ["a-b"]);
    let warnings = run.warnings();
    for part in ["opsGenieService/a-b", &first, &second] {
        assert!(warnings.contains(part), "{part} in {warnings}");
    }
    assert_eq!(run.counts("service", ["mapped", "created", "merged"]), [2, 1, 1]);
}

#[tokio::test]
async fn several_resources_of_a_kind_share_one_listing() {
    let stage = Stage::with_alerts(6).await;
    let mut mapping = plain_mapping(&[("alert", "open"), ("alert", "closed"), ("alert", "all")]);
    mapping["resources"][0]["selector"]["query"] = json!(".status == \"open\"");
    mapping["resources"][1]["selector"]["query"] = json!(".status == \"closed\"");
    stage.mapping(&mapping, &["open", "closed", "all"].map(plain_blueprint));
    let run = stage.pass().await;
    run.exits(0);
    let counts = ["open", "closed", "all"].map(|blueprint| stage.held(blueprint).len());
    assert_eq!((counts[0] + counts[1], counts[2]), (6, 6));
    assert!(counts[0] > 0 && counts[1] > 0);
    assert_eq!(run.counts("alert", ["listed", "mapped", "skipped", "created"]), [6, 12, 6, 12]);
    assert_eq!(stage.sandbox.opsgenie().counts().of("GET /v2/alerts"), 1);
}

#[tokio::test]
async fn several_resources_of_a_kind_join_in_one_entity() {
    let stage = Stage::with_alerts(2).await;
    let mut mapping = plain_mapping(&[("alert", "a"), ("alert", "a")]);
    mapping["resources"][1]["port"]["entity"]["mappings"]["title"] = json!(".source");
    mapping["resources"][1]["port"]["entity"]["mappings"]["properties"] = json!({ "urgency": ".priority" });
    let mut blueprint = plain_blueprint("a");
    blueprint["schema"]["properties"]["urgency"] = json!({ "type": "string" });
    stage.mapping(&mapping, &[blueprint]);
    let run = stage.pass().await;
    run.exits(0);
    assert_eq!(stage.sandbox.catalog().counts().of(BULK), 1);
    let entity = stage.sandbox.catalog().entity("a", &alert_id(0)).expect("it was written");
    assert_eq!(entity.title, Some(json!(&*World::seed().alerts()[0].source)), "the later resource wins");
    assert_eq!(Value::Object(entity.properties), json!({ "status": "open", "urgency": "P3" }));
    assert_eq!(stage.pass().await.counts("alert", ["updated"]), [0]);
}

#[tokio::test]
async fn two_kinds_write_one_blueprint_once() {
    let mut stage = Stage::seeded().await;
    stage.set("OCEAN__RESOURCES_PRESET", "full");
    stage.pass().await.exits(0);
    let calls = stage.sandbox.catalog().requests_on(&On::post("/v1/blueprints/opsGenieTeam/entities/bulk"));
    let mut written = Vec::new();
    for call in &calls {
        for entity in call.json()["entities"].as_array().expect("entities") {
            written.push(entity["identifier"].as_str().expect("an identifier").to_owned());
        }
    }
    written.sort();
    let mut teams: Vec<_> = World::seed().teams.iter().map(|team| team.id.to_string()).collect();
    teams.sort();
    assert_eq!(written, teams);
}

#[tokio::test]
async fn items_to_parse_make_an_entity_each() {
    let stage = Stage::with_alerts(4).await;
    let mut mapping = plain_mapping(&[("alert", "a")]);
    mapping["resources"][0]["port"]["itemsToParse"] = json!(".tags");
    mapping["resources"][0]["port"]["itemsToParseName"] = json!("tag");
    mapping["resources"][0]["selector"]["query"] = json!(".tag != \"prod\"");
    mapping["resources"][0]["port"]["entity"]["mappings"]["identifier"] = json!(".id + \"_\" + .tag");
    stage.mapping(&mapping, &[plain_blueprint("a")]);
    stage.pass().await.exits(0);
    let seed = World::seed();
    let mut expected: Vec<String> = seed.alerts()[..4]
        .iter()
        .flat_map(|alert| alert.tags.iter().map(|tag| (alert.id.clone(), tag.clone())))
        .filter(|(_, tag)| &**tag != "prod")
        .map(|(id, tag)| format!("{id}_{tag}"))
        .collect();
    expected.sort();
    assert!(expected.len() > 3);
    assert_eq!(stage.held("a"), expected);
}

#[tokio::test]
async fn a_catalog_without_large_pages_is_compared_all_the_same() {
    let stage = Stage::seeded().await;
    stage.sandbox.catalog().with(|catalog| catalog.manners.large_pages = LargePages::Missing);
    stage.pass().await.exits(0);
    same(&stage.contents(), &expected::classic(&World::seed()));
    stage.sandbox.catalog().forget();
    let run = stage.pass().await;
    run.exits(0);
    assert_eq!(stage.sandbox.catalog().counts().of(BULK), 0);
    assert_eq!(run.counts("alert", ["unchanged"]), [60]);
}

#[tokio::test]
async fn a_catalog_without_a_clock_is_no_fault() {
    let mut stage = Stage::seeded().await;
    let proxy = crate::support::proxy::without_dates(&stage.sandbox.catalog().url()).await;
    stage.set("OCEAN__PORT__BASE_URL", &proxy);
    stage.pass().await.exits(0);
    same(&stage.contents(), &expected::classic(&World::seed()));
    let run = stage.pass().await;
    run.exits(0);
    assert_eq!(run.counts("alert", ["updated", "unchanged"]), [0, 60]);
}

#[tokio::test]
async fn what_is_mapped_by_a_folder_of_ones_own() {
    let mut stage = Stage::with_alerts(3).await;
    let blueprints = ["mine", "other"].map(plain_blueprint);
    stage.file("own/blueprints.json", &json!(blueprints).to_string());
    let mapping = plain_mapping(&[("alert", "mine")]);
    stage.file("own/port-app-config.yaml", &serde_yaml::to_string(&mapping).expect("JSON is YAML"));
    stage.file("own/actions.json", &json!([{ "identifier": "ack" }]).to_string());
    let ready = json!([{ "identifier": "ready", "title": "Ready" }]);
    let of = |blueprint: &str| json!({ "blueprint": blueprint, "data": ready });
    let scorecards = json!([of("absent"), of("mine"), of("other")]);
    stage.file("own/scorecards.json", &scorecards.to_string());
    stage.file("own/pages.json", &json!([{ "identifier": "home" }]).to_string());
    stage.set("OCEAN__RESOURCES_PATH", "own");
    let plan = stage.run(&["plan", "--output", "json"]).await;
    plan.exits(0);
    insta::assert_snapshot!(plan.report["plan"]["setUp"], @r#"["create the integration `my-og`","create blueprint `mine`","create blueprint `other`","give the catalog the mapping","create action `ack` where it is missing","create scorecard `ready` of blueprint `absent` where it is missing","create scorecard `ready` of blueprint `mine` where it is missing","create scorecard `ready` of blueprint `other` where it is missing","create page `home` where it is missing"]"#);
    let run = stage.pass().await;
    run.exits(0);
    let told = run.stderr.lines().filter(|line| line.contains("WARN")).collect::<Vec<_>>();
    assert!(
        matches!(told[..], [line] if line.contains("cannot create scorecard `ready` of blueprint `absent`")),
        "{told:?}"
    );
    assert_eq!(stage.held("mine").len(), 3);
    let added = |catalog: &mut Catalog| {
        let identifiers = catalog.additions().iter().map(|(_, body)| body["identifier"].to_string());
        identifiers.collect::<Vec<_>>().join(" ")
    };
    assert_eq!(
        stage.sandbox.catalog().with(added),
        r#""ack" "ready" "ready" "home""#,
        "one at fault stops nothing"
    );
    assert!(stage.sandbox.catalog().with(|catalog| catalog.blueprint("opsGenieAlert").is_none()));
}

#[tokio::test]
async fn targets_that_nobody_wrote_are_made_bare_or_refused() {
    let world = World::seed();
    let mut mapping = plain_mapping(&[("alert", "a")]);
    mapping["resources"][0]["port"]["entity"]["mappings"]["relations"] = json!({ "team": ".teams[0].id" });
    let mut blueprint = plain_blueprint("a");
    blueprint["relations"] = json!({ "team": { "target": "t", "many": false, "required": false } });
    let blueprints = [plain_blueprint("t"), blueprint];
    let owned = world.alerts()[..5].iter().filter(|alert| !alert.teams.is_empty()).count();

    let stage = Stage::with_alerts(5).await;
    stage.mapping(&mapping, &blueprints);
    stage.pass().await.exits(0);
    assert_eq!(stage.held("a").len(), 5);
    assert!(!stage.held("t").is_empty());

    let stage = Stage::with_alerts(5).await;
    mapping["createMissingRelatedEntities"] = json!(false);
    stage.mapping(&mapping, &blueprints);
    let run = stage.pass().await;
    run.exits(5);
    assert_eq!((stage.held("a").len(), stage.held("t").len()), (5 - owned, 0));
    assert_eq!(run.counts("alert", ["refused"]), [owned as u64]);
}
