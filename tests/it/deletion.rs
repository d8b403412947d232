//! What goes and what stays, rule by rule of `docs/deletion.md`, each both ways.

use ocean_opsgenie::sandbox::{Access, Area, Effect, Fault, On, World};
use serde_json::{Value, json};

use crate::support::{OURS, Run, Stage, alert_id, plain_blueprint, plain_mapping};

/// Alerts of the account feed the blueprint `a`, which holds these besides, an hour old and ours.
async fn with_stale(alerts: usize, names: &[&str]) -> Stage {
    let stage = Stage::with_alerts(alerts).await;
    stage.mapping(&plain_mapping(&[("alert", "a")]), &[plain_blueprint("a")]);
    for identifier in names {
        stage.entity(OURS, json!({ "blueprint": "a", "identifier": identifier, "title": "stale" }));
    }
    stage
}

fn many(count: usize) -> Vec<String> {
    (0..count).map(|n| format!("stale-{n:03}")).collect()
}

async fn with_many_stale(alerts: usize, stale: usize) -> Stage {
    let names = many(stale);
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    with_stale(alerts, &names).await
}

/// Changes one key of the stage's mapping.
fn remap(stage: &Stage, key: &str, value: Value) {
    stage.sandbox.catalog().with(|catalog| {
        let mut integration = catalog.integration("my-og").expect("it was seeded");
        integration["config"][key] = value;
        catalog.seed_integration("my-og", &integration);
    });
}

#[track_caller]
fn kept(stage: &Stage, run: &Run, code: i32, count: u64, why: &str) {
    run.exits(code);
    let (deleted, kept, reason) = run.deletion("a").expect("the report says so");
    assert_eq!((deleted, kept), (0, count), "{reason}");
    assert!(reason.contains(why), "{reason}");
    let held = stage.held("a").iter().filter(|id| id.starts_with("stale")).count();
    assert_eq!(held as u64, count);
}

#[track_caller]
fn gone(stage: &Stage, run: &Run, count: u64) {
    run.exits(0);
    assert_eq!(run.deletion("a"), Some((count, 0, String::new())));
    assert!(stage.held("a").iter().all(|id| !id.starts_with("stale")));
}

#[tokio::test]
async fn what_is_stale_goes() {
    let stage = with_stale(3, &["stale-1", "stale-2"]).await;
    let run = stage.pass().await;
    gone(&stage, &run, 2);
    assert_eq!(stage.held("a").len(), 3);
}

#[tokio::test]
async fn an_alert_that_went_takes_its_entity_along() {
    let stage = with_stale(3, &[]).await;
    stage.pass().await.exits(0);
    stage.later();
    let id = alert_id(1);
    stage.sandbox.opsgenie().world(|world| world.delete_alert(&id));
    let run = stage.pass().await;
    run.exits(0);
    assert_eq!(run.deletion("a"), Some((1, 0, String::new())));
    let mut left = vec![alert_id(0), alert_id(2)];
    left.sort();
    assert_eq!(stage.held("a"), left);
}

#[tokio::test]
async fn what_others_wrote_stays() {
    let stage = with_stale(1, &["stale"]).await;
    let others = [
        "port-ocean/opsgenie/0.0.9/another/exporter",
        "port-ocean/opsgenie/0.0.9/not-my-og/exporter",
        "port-ocean/pagerduty/0.0.9/my-og/exporter",
        "port-ocean/opsgenie/0.0.9/my-og",
        "Terraform provider",
        "",
    ];
    for (n, other) in others.iter().enumerate() {
        stage.entity(other, json!({ "blueprint": "a", "identifier": format!("other-{n}") }));
    }
    let run = stage.pass().await;
    gone(&stage, &run, 1);
    assert_eq!(stage.held("a").len(), 1 + others.len());
}

#[tokio::test]
async fn what_changed_since_the_pass_began_stays() {
    let stage = with_stale(1, &["stale"]).await;
    // Somebody writes it, under our stamp, after the pass has begun: another run of this installation, say.
    stage.sandbox.catalog().on_request(|asked, catalog| {
        if asked.path.ends_with("/entities/bulk") {
            catalog.seed_entity(&ocean_opsgenie::sandbox::Seeding {
                entity: json!({ "blueprint": "a", "identifier": "stale" }),
                datasource: OURS.to_owned(),
                updated_at: None,
            });
        }
    });
    let run = stage.pass().await;
    run.exits(0);
    assert_eq!(run.deletion("a"), None);
    assert!(stage.held("a").contains(&"stale".to_owned()));
}

#[tokio::test]
async fn the_catalogs_clock_decides_whatever_ours_says() {
    for hours in [-48, 48] {
        let stage = with_stale(2, &[]).await;
        let by = jiff::SignedDuration::from_hours(hours);
        stage.sandbox.catalog().with(|catalog| catalog.clock.advance(by));
        stage.entity(OURS, json!({ "blueprint": "a", "identifier": "stale" }));
        let run = stage.pass().await;
        gone(&stage, &run, 1);
        assert_eq!(stage.held("a").len(), 2, "{hours}");
    }
}

/// Alerts in `a` point at their team in `t`, which nothing feeds.
async fn pointing() -> Stage {
    let stage = Stage::with_alerts(3).await;
    let mut mapping = plain_mapping(&[("alert", "a")]);
    mapping["resources"][0]["port"]["entity"]["mappings"]["relations"] = json!({ "team": ".teams[0].id" });
    let mut blueprint = plain_blueprint("a");
    blueprint["relations"] = json!({ "team": { "target": "t", "many": false, "required": false } });
    stage.mapping(&mapping, &[plain_blueprint("t"), blueprint]);
    stage
}

#[tokio::test]
async fn what_is_pointed_at_stays_and_goes_when_nothing_points_there() {
    let stage = pointing().await;
    stage.entity(OURS, json!({ "blueprint": "t", "identifier": "nobody-points-here" }));
    let run = stage.pass().await;
    run.exits(0);
    assert_eq!(run.deletion("t"), Some((1, 0, String::new())));
    let teams = stage.held("t");
    assert!(!teams.is_empty() && !teams.contains(&"nobody-points-here".to_owned()));

    // Unchanged entities point, too.
    stage.later();
    let run = stage.pass().await;
    run.exits(0);
    assert_eq!(run.counts("alert", ["unchanged"]), [3]);
    assert_eq!(stage.held("t"), teams);

    stage.later();
    stage.sandbox.opsgenie().world(|world| {
        for alert in world.alerts_mut() {
            alert.teams = std::sync::Arc::from([]);
        }
    });
    let run = stage.pass().await;
    run.exits(0);
    assert_eq!(stage.held("t"), [""; 0]);
}

#[tokio::test]
async fn what_another_owner_depends_on_stays() {
    for cascade in [false, true] {
        let stage = pointing().await;
        stage.entity(OURS, json!({ "blueprint": "t", "identifier": "stale" }));
        stage.entity(OURS, json!({ "blueprint": "t", "identifier": "stale-too" }));
        let foreign = json!({ "blueprint": "a", "identifier": "foreign", "relations": { "team": "stale" } });
        stage.entity("Terraform provider", foreign);
        remap(&stage, "deleteDependentEntities", json!(cascade));
        let run = stage.pass().await;
        assert!(stage.held("t").contains(&"stale".to_owned()));
        assert!(!stage.held("t").contains(&"stale-too".to_owned()));
        assert!(stage.held("a").contains(&"foreign".to_owned()));
        let (deleted, kept, reason) = run.deletion("t").expect("the report says so");
        assert_eq!((deleted, kept), (1, 1));
        assert!(reason.contains("depend"), "{reason}");
    }
}

#[tokio::test]
async fn sources_go_before_their_targets() {
    let stage = pointing().await;
    stage.entity(OURS, json!({ "blueprint": "t", "identifier": "stale" }));
    let source = json!({ "blueprint": "a", "identifier": "stale", "relations": { "team": "stale" } });
    stage.entity(OURS, source);
    let run = stage.pass().await;
    run.exits(0);
    assert_eq!(run.deletion("a"), Some((1, 0, String::new())));
    assert_eq!(run.deletion("t"), Some((1, 0, String::new())));
}

#[tokio::test]
async fn an_incomplete_kind_keeps_and_the_others_do_not() {
    let stage = Stage::with_alerts(3).await;
    stage.sandbox.opsgenie().world(|world| world.services = World::seed().services);
    let mapping = plain_mapping(&[("alert", "a"), ("service", "s")]);
    stage.mapping(&mapping, &[plain_blueprint("a"), plain_blueprint("s")]);
    for blueprint in ["a", "s"] {
        stage.entity(OURS, json!({ "blueprint": blueprint, "identifier": "stale" }));
    }
    stage.sandbox.opsgenie().fault(Fault::always(On::get("/v2/alerts"), Effect::Html));
    let run = stage.pass().await;
    kept(&stage, &run, 4, 1, "alert is incomplete: the listing failed");
    assert_eq!(run.deletion("s"), Some((1, 0, String::new())));
    assert!(!stage.held("s").contains(&"stale".to_owned()));
}

#[tokio::test]
async fn one_incomplete_feeder_of_two_keeps() {
    let stage = Stage::with_alerts(3).await;
    stage.sandbox.opsgenie().world(|world| world.services = World::seed().services);
    stage.mapping(&plain_mapping(&[("alert", "a"), ("service", "a")]), &[plain_blueprint("a")]);
    stage.entity(OURS, json!({ "blueprint": "a", "identifier": "stale" }));
    stage.sandbox.opsgenie().fault(Fault::always(On::get("/v1/services"), Effect::Html));
    let run = stage.pass().await;
    kept(&stage, &run, 4, 1, "service is incomplete");
}

#[tokio::test]
async fn a_lookup_that_failed_keeps() {
    let stage = Stage::seeded().await;
    let mut mapping = plain_mapping(&[("service", "a")]);
    mapping["resources"][0]["port"]["entity"]["mappings"]["properties"] = json!({ "status": ".__team.name" });
    stage.mapping(&mapping, &[plain_blueprint("a")]);
    stage.entity(OURS, json!({ "blueprint": "a", "identifier": "stale" }));
    let id = stage.sandbox.opsgenie().fault(Fault::always(On::get("/v2/teams/*"), Effect::Html));
    let run = stage.pass().await;
    kept(&stage, &run, 4, 1, "`__team`");
    stage.sandbox.opsgenie().mend(id);
    stage.later();
    let run = stage.pass().await;
    gone(&stage, &run, 1);
}

#[tokio::test]
async fn a_selector_that_failed_keeps() {
    for (selector, left_out) in
        [(".owner", 3), ("if .status == \"open\" then true else null end", 1), ("empty", 3)]
    {
        let stage = with_stale(3, &["stale"]).await;
        let mut resources = plain_mapping(&[("alert", "a")]);
        resources["resources"][0]["selector"]["query"] = json!(selector);
        remap(&stage, "resources", resources["resources"].clone());
        let run = stage.pass().await;
        kept(&stage, &run, 4, 1, "the selector failed");
        assert_eq!(run.counts("alert", ["unmapped"]), [left_out], "{selector}");
        // The others are written.
        assert_eq!(stage.held("a").len() as u64, 1 + 3 - left_out, "{selector}");
    }
}

#[tokio::test]
async fn what_a_selector_leaves_out_goes() {
    let stage = with_stale(3, &[]).await;
    stage.pass().await.exits(0);
    stage.later();
    let mut resources = plain_mapping(&[("alert", "a")]);
    resources["resources"][0]["selector"]["query"] = json!(".status == \"open\"");
    remap(&stage, "resources", resources["resources"].clone());
    let run = stage.pass().await;
    run.exits(0);
    assert_eq!(run.counts("alert", ["listed", "skipped"]), [3, 1]);
    assert_eq!(run.deletion("a"), Some((1, 0, String::new())));
    assert_eq!(stage.held("a").len(), 2);
}

#[tokio::test]
async fn a_record_that_names_nothing_keeps_and_is_no_failure() {
    for (key, expression) in [
        ("identifier", ".owner | select(. != \"\")"),
        ("blueprint", "if .owner == \"\" then null else \"a\" end"),
    ] {
        let stage = with_stale(3, &["stale"]).await;
        let mut resources = plain_mapping(&[("alert", "a")]);
        resources["resources"][0]["port"]["entity"]["mappings"][key] = json!(expression);
        remap(&stage, "resources", resources["resources"].clone());
        let run = stage.pass().await;
        kept(&stage, &run, 0, 1, "no identifier or no blueprint");
        assert!(run.warnings().contains("1 item gave no identifier"), "{}", run.warnings());
    }
}

#[tokio::test]
async fn a_kind_that_is_not_allowed_keeps() {
    for (access, code) in [(Access::NotInPlan, 0), (Access::Forbidden, 3)] {
        let stage = with_stale(3, &["stale"]).await;
        stage.sandbox.opsgenie().with(|account| account.rights.set(Area::Alerts, access));
        let run = stage.pass().await;
        kept(&stage, &run, code, 1, "not allowed");
    }
}

#[tokio::test]
async fn nothing_listed_keeps_unless_that_is_said_to_be_right() {
    let mut stage = with_stale(0, &["stale"]).await;
    let run = stage.pass().await;
    kept(&stage, &run, 6, 1, "the source listed no alert at all");
    assert!(run.stderr.contains("OCEAN__DELETION__ALLOW_EMPTY"), "{}", run.stderr);
    assert_eq!(stage.states(), ["running", "completed"]);
    // Another kind's name changes nothing, and the guard does not tire.
    stage.set("OCEAN__DELETION__ALLOW_EMPTY", "incident,team");
    kept(&stage, &stage.pass().await, 6, 1, "the source listed no alert at all");
    stage.set("OCEAN__DELETION__ALLOW_EMPTY", "incident,alert");
    gone(&stage, &stage.pass().await, 1);
}

#[tokio::test]
async fn up_to_ten_go_whatever_their_share() {
    let stage = with_many_stale(1, 10).await;
    gone(&stage, &stage.pass().await, 10);
}

#[tokio::test]
async fn too_large_a_share_stays() {
    let stage = with_many_stale(1, 11).await;
    kept(&stage, &stage.pass().await, 6, 11, "entityDeletionThreshold");
    assert_eq!(stage.states(), ["running", "completed"]);
    // It is refused again, not worn down.
    stage.later();
    kept(&stage, &stage.pass().await, 6, 11, "entityDeletionThreshold");
}

#[tokio::test]
async fn a_share_below_the_threshold_goes() {
    // 11 of 13 are less than 0.9 of them.
    let stage = with_many_stale(2, 11).await;
    stage.pass().await;
    stage.later();
    gone(&stage, &stage.pass().await, 11);
}

#[tokio::test]
async fn the_share_is_that_of_the_mapping() {
    for (threshold, goes) in [(0.5, false), (0.8, true)] {
        let stage = with_many_stale(10, 15).await;
        stage.pass().await;
        stage.later();
        remap(&stage, "entityDeletionThreshold", json!(threshold));
        let run = stage.pass().await;
        if goes {
            gone(&stage, &run, 15);
        } else {
            kept(&stage, &run, 6, 15, "the share of 0.5");
        }
    }
}

#[tokio::test]
async fn a_threshold_of_nothing_deletes_nothing() {
    let stage = with_stale(3, &["stale"]).await;
    remap(&stage, "entityDeletionThreshold", json!(0));
    kept(&stage, &stage.pass().await, 0, 1, "entityDeletionThreshold is 0");
}

#[tokio::test]
async fn a_threshold_of_everything_deletes_everything() {
    let stage = with_many_stale(1, 250).await;
    remap(&stage, "entityDeletionThreshold", json!(1));
    gone(&stage, &stage.pass().await, 250);
    let calls = stage.sandbox.catalog().requests_on(&On::post("/v1/blueprints/a/bulk/entities/delete"));
    assert_eq!(calls.len(), 3, "a hundred at a time");
}

#[tokio::test]
async fn a_blueprint_that_nothing_feeds_any_more() {
    let stage = with_stale(1, &["stale"]).await;
    stage.sandbox.catalog().with(|catalog| catalog.seed_blueprint(&plain_blueprint("dropped")));
    for name in many(10) {
        stage.entity(OURS, json!({ "blueprint": "dropped", "identifier": name }));
    }
    let run = stage.pass().await;
    gone(&stage, &run, 1);
    assert_eq!(run.deletion("dropped"), Some((10, 0, String::new())));

    for name in many(11) {
        stage.entity(OURS, json!({ "blueprint": "dropped", "identifier": name }));
    }
    let run = stage.pass().await;
    run.exits(6);
    assert_eq!(stage.held("dropped").len(), 11);
}

#[tokio::test]
async fn nothing_goes_when_told_so() {
    let stage = with_stale(3, &["stale"]).await;
    let run = stage.sync(&["--no-delete"]).await;
    run.exits(0);
    assert_eq!(stage.held("a").len(), 4);
    assert_eq!(run.deletion("a").map_or(0, |(deleted, _, _)| deleted), 0);
    gone(&stage, &stage.sync(&[]).await, 1);
}

#[tokio::test]
async fn a_limited_pass_keeps() {
    let stage = with_stale(3, &["stale"]).await;
    let run = stage.sync(&["--limit", "2"]).await;
    kept(&stage, &run, 0, 1, "limited on request");
    assert_eq!(run.counts("alert", ["listed", "created"]), [2, 2]);
    // A limit above what there is is a limit all the same.
    kept(&stage, &stage.sync(&["--limit", "200"]).await, 0, 1, "limited on request");
}

#[tokio::test]
async fn a_kind_that_was_left_out_keeps() {
    let stage = Stage::with_alerts(3).await;
    stage.sandbox.opsgenie().world(|world| world.services = World::seed().services);
    let mapping = plain_mapping(&[("alert", "a"), ("service", "s")]);
    stage.mapping(&mapping, &[plain_blueprint("a"), plain_blueprint("s")]);
    for blueprint in ["a", "s"] {
        stage.entity(OURS, json!({ "blueprint": blueprint, "identifier": "stale" }));
    }
    let run = stage.sync(&["--only", "service"]).await;
    kept(&stage, &run, 0, 1, "alert is incomplete: limited on request");
    assert_eq!(run.deletion("s"), Some((1, 0, String::new())));
    assert_eq!(stage.sandbox.opsgenie().counts().of("GET /v2/alerts"), 0);
}

#[tokio::test]
async fn a_blueprint_worked_out_per_record_may_be_any() {
    let stage = with_stale(3, &["stale"]).await;
    stage.sandbox.opsgenie().world(|world| world.services = World::seed().services);
    let mut mapping = plain_mapping(&[("alert", "a"), ("service", "a")]);
    mapping["resources"][1]["port"]["entity"]["mappings"]["blueprint"] =
        json!("if .teamId then \"s\" else \"a\" end");
    stage.mapping(&mapping, &[plain_blueprint("s")]);
    let fault = stage.sandbox.opsgenie().fault(Fault::always(On::get("/v1/services"), Effect::Html));
    kept(&stage, &stage.pass().await, 4, 1, "service is incomplete");
    stage.sandbox.opsgenie().mend(fault);
    gone(&stage, &stage.pass().await, 1);
    assert_eq!((stage.held("a").len(), stage.held("s").len()), (4, 8));
}

#[tokio::test]
async fn a_blueprint_whose_entities_are_searched_for_is_left_alone() {
    let stage = with_stale(3, &["stale"]).await;
    let mut resources = plain_mapping(&[("alert", "a"), ("alert", "a")]);
    resources["resources"][1]["port"]["entity"]["mappings"]["identifier"] = json!({
        "combinator": "\"and\"",
        "rules": [{ "property": "\"$identifier\"", "operator": "\"=\"", "value": ".id" }],
    });
    remap(&stage, "resources", resources["resources"].clone());
    stage.pass().await;
    stage.later();
    kept(&stage, &stage.pass().await, 0, 1, "by a search");
}

/// Open alerts only, asked of the source; two of three are open.
async fn filtered() -> Stage {
    let stage = with_stale(3, &[]).await;
    let mut resources = plain_mapping(&[("alert", "a")]);
    resources["resources"][0]["selector"]["apiQueryParams"] = json!({ "status": "open" });
    remap(&stage, "resources", resources["resources"].clone());
    stage
}

#[tokio::test]
async fn what_left_a_filter_goes_when_the_source_agrees() {
    let stage = filtered().await;
    let run = stage.pass().await;
    run.exits(0);
    assert_eq!(run.counts("alert", ["listed"]), [2]);
    stage.later();
    let (closed, deleted) = (alert_id(0), alert_id(1));
    stage.sandbox.opsgenie().world(|world| assert!(world.close_alert(&closed, 1_793_600_000_000)));
    let run = stage.pass().await;
    run.exits(0);
    assert_eq!(run.deletion("a"), Some((1, 0, String::new())));
    // Even the last one, since the source says that it is right.
    stage.later();
    stage.sandbox.opsgenie().world(|world| assert!(world.delete_alert(&deleted)));
    let run = stage.pass().await;
    run.exits(0);
    assert_eq!(stage.held("a"), [""; 0]);
}

#[tokio::test]
async fn what_left_a_filtered_listing_stays_when_the_source_still_has_it() {
    let stage = filtered().await;
    stage.pass().await.exits(0);
    stage.later();
    // The listing loses an alert that is open still.
    let nothing = r#"{"data":[],"took":0.1,"requestId":"r"}"#;
    let what = Effect::Status { status: 200, headers: Vec::new(), body: Some(nothing.to_owned()) };
    let on =
        On::get("/v2/alerts").when(|asked| asked.param("query").is_some_and(|query| query.contains("open")));
    stage.sandbox.opsgenie().fault(Fault::always(on, what));
    let run = stage.pass().await;
    assert!([4, 6].contains(&run.code), "{}\n{}", run.stdout, run.stderr);
    assert_eq!(stage.held("a").len(), 2);
}

#[tokio::test]
async fn a_catalog_that_takes_nothing_loses_nothing() {
    for (status, code) in [(403, 3), (503, 75)] {
        let mut stage = with_stale(3, &["stale-1"]).await;
        stage.set("OCEAN__RETRY_BUDGET", "0");
        let on = On::post("/v1/blueprints/*/entities/bulk");
        let fault = stage.sandbox.catalog().fault(Fault::always(on, Effect::status(status)));
        stage.pass().await.exits(code);
        assert_eq!(stage.held("a"), ["stale-1"], "after {status}");
        stage.sandbox.catalog().mend(fault);
        let run = stage.pass().await;
        gone(&stage, &run, 1);
    }
}
