//! `plan`: what a pass would do, shown and not done.

use ocean_opsgenie::sandbox::{Logged, World};
use serde_json::{Value, json};

use crate::support::{OURS, Run, Stage, alert_id, plain_blueprint, plain_mapping};

/// Calls that change something; a search and a token are asked for by POST.
fn writes(asked: &[Logged]) -> Vec<String> {
    let reads = |logged: &&Logged| {
        logged.method == "GET"
            || logged.path.ends_with("/search")
            || logged.path.ends_with("/access_token")
            || logged.path.ends_with("/datasource-entities")
    };
    let writes = asked.iter().filter(|logged| !reads(logged));
    writes.map(|logged| format!("{} {}", logged.method, logged.path)).collect()
}

/// Runs `plan`, and checks that it writes to neither side.
async fn plan(stage: &Stage, arguments: &[&str]) -> Run {
    stage.sandbox.catalog().forget();
    stage.sandbox.opsgenie().forget();
    let before = stage.contents();
    let run = stage.run(&[&["plan"], arguments].concat()).await;
    let none: [String; 0] = [];
    assert_eq!(writes(&stage.sandbox.catalog().requests()), none);
    assert_eq!(writes(&stage.sandbox.opsgenie().requests()), none);
    assert_eq!(stage.contents(), before);
    run
}

fn steps<'r>(run: &'r Run, blueprint: &str) -> Vec<&'r Value> {
    let plans = run.report["plan"]["blueprints"].as_array().expect("a plan has blueprints");
    let plan = plans.iter().find(|plan| plan["blueprint"] == blueprint).expect("the blueprint is planned");
    plan["steps"].as_array().expect("it has steps").iter().collect()
}

/// The text without what depends on the clock.
fn lasting(text: &str) -> String {
    let line = |line: &str| match line.split_once(" in ").zip(line.split_once(": ")) {
        Some(((word, _), (_, rest))) if word.starts_with("done") || word == "failed" => {
            format!("{word} in TIME: {rest}")
        }
        _ if line.starts_with("Opsgenie ") || line.starts_with("catalog ") => "CALLS".to_owned(),
        _ => line.to_owned(),
    };
    text.lines().map(line).collect::<Vec<_>>().join("\n")
}

/// An account of eight alerts after a pass, then changed: one is renamed, one is new, one gone, and one cannot be sent.
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

#[tokio::test]
async fn a_person_is_shown_samples() {
    let stage = changed().await;
    let run = plan(&stage, &[]).await;
    assert_eq!(run.code, 0, "{}", run.stderr);
    insta::assert_snapshot!(lasting(&run.stdout), @r#"
    kind   listed  mapped  created  updated  unchanged  refused  verdict
    alert       8       8        1        2          5        0  complete

    blueprint  create  update  unchanged  delete  blocked
    a               1       2          5       1        0

    a
      create 3c6f5a20-58d1-4e7c-9d0b-0000000000b8-1793667622507 "Certificate shop.test expires in 6 days"
      update 3c6f5a20-58d1-4e7c-9d0b-0000000000b1-1793491200000: title
      update 580e9625-ecc7-42b0-8836-3d3637438bc4-169486700232: title
      delete 3c6f5a20-58d1-4e7c-9d0b-0000000000b7-1793642445006

    lookups
      off  __relatedIncident of alert: nothing in the mapping asks for it
      off  details of alert: nothing in the mapping asks for it

    CALLS
    CALLS

    done in TIME: 1 would be created, 2 updated, 5 unchanged, 1 deleted
    "#);
}

#[tokio::test]
async fn with_detail_old_and_new_values_are_shown() {
    let stage = changed().await;
    let run = plan(&stage, &["--detail"]).await;
    insta::assert_snapshot!(lasting(&run.stdout), @r#"
    kind   listed  mapped  created  updated  unchanged  refused  verdict
    alert       8       8        1        2          5        0  complete

    blueprint  create  update  unchanged  delete  blocked
    a               1       2          5       1        0

    a
      create 3c6f5a20-58d1-4e7c-9d0b-0000000000b8-1793667622507 "Certificate shop.test expires in 6 days"
      update 3c6f5a20-58d1-4e7c-9d0b-0000000000b1-1793491200000
          title: "Card authorisations below 97 %" → "renamed, too"
      update 580e9625-ecc7-42b0-8836-3d3637438bc4-169486700232
          title: "Login Auth not working" → "renamed"
      delete 3c6f5a20-58d1-4e7c-9d0b-0000000000b7-1793642445006

    lookups
      off  __relatedIncident of alert: nothing in the mapping asks for it
      off  details of alert: nothing in the mapping asks for it

    CALLS
    CALLS

    done in TIME: 1 would be created, 2 updated, 5 unchanged, 1 deleted
    "#);
}

#[tokio::test]
async fn a_program_gets_all_of_it_and_the_pass_does_the_same() {
    let stage = changed().await;
    let run = plan(&stage, &["--output", "json", "--exit-code"]).await;
    run.exits(10);
    let update = steps(&run, "a").into_iter().find(|step| step["identifier"] == alert_id(0));
    assert_eq!(
        update.expect("one is renamed")["changes"][0],
        json!({ "field": "title", "old": World::seed().alerts()[0].message.to_string(), "new": "renamed" })
    );
    let row = &run.report["plan"]["blueprints"][0];
    let count = |step: &str| steps(&run, "a").iter().filter(|row| row["step"] == step).count();
    assert_eq!([count("create"), count("update"), count("delete")], [1, 2, 1]);
    let planned = ["create", "update", "unchanged", "delete"].map(|name| row[name].as_u64());
    let pass = stage.pass().await;
    pass.exits(0);
    let [created, updated, unchanged, deleted] =
        pass.counts("alert", ["created", "updated", "unchanged", "deleted"]);
    assert_eq!(planned, [created, updated, unchanged, deleted].map(Some));
    assert_eq!(pass.report.get("plan"), None);

    let run = plan(&stage, &["--output", "json", "--exit-code"]).await;
    run.exits(0);
    assert_eq!(steps(&run, "a"), Vec::<&Value>::new(), "a plan after a pass is empty");
}

#[tokio::test]
async fn samples_cost_few_calls_and_say_how_many_more_there_are() {
    let stage = Stage::seeded().await;
    stage.mapping(&plain_mapping(&[("alert", "a")]), &[plain_blueprint("a")]);
    stage.pass().await.exits(0);
    stage.sandbox.opsgenie().world(|world| {
        for alert in world.alerts_mut() {
            alert.message = "the same".into();
        }
    });
    let searches = |stage: &Stage| {
        let asked = stage.sandbox.catalog().requests();
        asked.iter().filter(|logged| logged.path.ends_with("/search")).count()
    };
    let run = plan(&stage, &[]).await;
    assert!(run.stdout.contains("… and 55 more to update; all of them with --detail"), "{}", run.stdout);
    let sampled = searches(&stage);
    plan(&stage, &["--detail"]).await;
    assert!(sampled < searches(&stage), "old values are read again only for what is shown");
}

#[tokio::test]
async fn a_first_pass_is_planned_with_its_set_up() {
    let stage = Stage::seeded().await;
    let run = plan(&stage, &["--output", "json", "--exit-code"]).await;
    run.exits(10);
    assert_eq!(
        run.report["plan"]["setUp"],
        json!([
            "create the integration `my-og`",
            "create blueprint `opsGenieService`",
            "create blueprint `opsGenieIncident`",
            "create blueprint `opsGenieAlert`",
            "give the catalog the mapping",
        ])
    );
    assert_eq!(run.counts("alert", ["created", "refused"]), [60, 0]);
    assert!(stage.sandbox.catalog().with(|catalog| catalog.blueprints().is_empty()));
    let pass = stage.pass().await;
    pass.exits(0);
    for kind in ["alert", "incident", "service"] {
        assert_eq!(pass.counts(kind, ["created"]), run.counts(kind, ["created"]), "{kind}");
    }
}

#[tokio::test]
async fn lookups_are_listed_with_what_reads_them() {
    let stage = Stage::seeded().await;
    let mut mapping = plain_mapping(&[("service", "s"), ("alert", "a")]);
    mapping["resources"][0]["port"]["entity"]["mappings"]["properties"]["status"] = json!(".__team.name");
    stage.mapping(&mapping, &["s", "a"].map(plain_blueprint));
    let run = plan(&stage, &["--output", "json"]).await;
    assert_eq!(
        run.report["plan"]["lookups"],
        json!([
            { "lookup": "__team", "kind": "service", "readBy": ["resource 1 · properties.status"] },
            { "lookup": "__oncalls", "kind": "service", "readBy": [] },
            { "lookup": "__incidents", "kind": "service", "readBy": [] },
            { "lookup": "__relatedIncident", "kind": "alert", "readBy": [] },
            { "lookup": "details", "kind": "alert", "readBy": [] },
        ])
    );
}

#[tokio::test]
async fn what_cannot_be_sent_is_blocked_with_its_reason() {
    let stage = Stage::with_alerts(2).await;
    let mut mapping = plain_mapping(&[("alert", "a")]);
    mapping["resources"][0]["port"]["entity"]["mappings"]["identifier"] = json!("\"a b \" + .id");
    stage.mapping(&mapping, &[plain_blueprint("a")]);
    let run = plan(&stage, &["--output", "json", "--exit-code"]).await;
    // What a pass would end with wins over what there is to do.
    run.exits(5);
    let [first, _] = steps(&run, "a")[..] else { panic!("two are blocked: {}", run.stdout) };
    assert_eq!(first["step"], "blocked");
    assert!(first["reason"].as_str().is_some_and(|why| why.starts_with("the identifier ")), "{first}");
}

#[tokio::test]
async fn a_guard_holds_in_a_plan_as_in_a_pass() {
    let stage = Stage::with_alerts(0).await;
    stage.mapping(&plain_mapping(&[("alert", "a")]), &[plain_blueprint("a")]);
    stage.entity(OURS, json!({ "blueprint": "a", "identifier": "old", "title": "old" }));
    let run = plan(&stage, &["--output", "json", "--exit-code"]).await;
    run.exits(6);
    assert_eq!(run.report["plan"]["blueprints"][0]["delete"], 0);
}

#[tokio::test]
async fn kinds_limits_and_deletion_are_chosen_as_for_a_pass() {
    let stage = changed().await;
    let run = plan(&stage, &["--output", "json", "--no-delete"]).await;
    run.exits(0);
    assert_eq!(run.deletion("a").map(|(deleted, _, _)| deleted).unwrap_or_default(), 0);
    let run = plan(&stage, &["--output", "json", "--limit", "1"]).await;
    assert_eq!(run.counts("alert", ["listed"]), [1]);
    let run = plan(&stage, &["--output", "json", "--only", "service"]).await;
    assert_eq!(run.counts("alert", ["listed"]), [0]);
}

#[tokio::test]
async fn what_others_wrote_is_in_no_plan() {
    let stage = changed().await;
    let others =
        ["port-ocean/opsgenie/0.0.9/another/exporter", "port-ocean/pagerduty/0.0.9/my-og/exporter", ""];
    for (n, other) in others.iter().enumerate() {
        stage.entity(other, json!({ "blueprint": "a", "identifier": format!("other-{n}") }));
    }
    let run = plan(&stage, &["--detail", "--output", "json", "--out", "the.plan"]).await;
    run.exits(0);
    let saved = std::fs::read_to_string(stage.directory.path().join("the.plan")).expect("it was saved");
    assert_eq!(saved.lines().count(), 1 + 4 + 1, "{saved}");
    assert!(!saved.contains("other-") && !run.stdout.contains("other-"), "{saved}");
}

#[tokio::test]
async fn the_order_in_which_records_come_is_irrelevant() {
    let stage = Stage::seeded().await;
    stage.pass().await.exits(0);
    let turned = Stage::seeded().await;
    for stage in [&stage, &turned] {
        stage.later();
    }
    // Schedules keep theirs: an expression may ask for the first of a team.
    turned.sandbox.opsgenie().world(|world| {
        world.alerts_mut().reverse();
        world.services.reverse();
        world.teams.reverse();
    });
    turned.pass().await.exits(0);
    let (found, wanted) = (turned.contents(), stage.contents());
    for (key, entity) in &wanted {
        assert_eq!(found.get(key), Some(entity), "{key:?}");
    }
    assert_eq!(found.len(), wanted.len());
    // Nor does it matter for what is stored already.
    stage.sandbox.opsgenie().world(|world| {
        world.alerts_mut().reverse();
        world.services.reverse();
    });
    plan(&stage, &["--exit-code", "--output", "json"]).await.exits(0);
}
