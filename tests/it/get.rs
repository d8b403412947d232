//! `get`: what it prints, and how it ends.

use ocean_opsgenie::sandbox::{Access, Area, Effect, Fault, On, Size, World};
use serde_json::Value;

use crate::support::{Run, Stage};

fn records(run: &Run) -> Vec<Value> {
    run.stdout.lines().map(|line| serde_json::from_str(line).expect("a line is JSON")).collect()
}

fn ids(records: &[Value]) -> Vec<&str> {
    records.iter().map(|record| record["id"].as_str().expect("a record has an id")).collect()
}

#[tokio::test]
async fn every_kind_is_printed_and_the_catalog_is_left_alone() {
    let mut stage = Stage::seeded().await;
    stage.unset("OCEAN__PORT__CLIENT_ID");
    stage.unset("OCEAN__PORT__CLIENT_SECRET");
    let world = World::seed();
    for (kind, count) in [
        ("alert", world.alerts().len()),
        ("incident", world.incidents().len()),
        ("service", world.services.len()),
        ("team", world.teams.len()),
        ("schedule", world.schedules.len()),
        ("schedule-oncall", world.schedules.len()),
        ("schedule-on-call", world.schedules.len()),
        ("user", world.users.len()),
    ] {
        let run = stage.run(&["get", kind]).await;
        assert_eq!((run.code, run.stderr.as_str()), (0, ""), "{kind}");
        assert_eq!(records(&run).len(), count, "{kind}");
        assert!(!run.stdout.contains("\"__"), "{kind}: nothing is joined");
    }
    assert_eq!(stage.sandbox.catalog().requests().len(), 0);
}

#[tokio::test]
async fn everything_that_a_mapping_may_read_is_joined_on_request() {
    let stage = Stage::seeded().await;
    for (kind, fields) in [
        ("alert", vec!["__relatedIncident", "description", "details"]),
        ("incident", vec!["__impactedServices"]),
        ("service", vec!["__team", "__oncalls", "__incidents"]),
        ("team", vec!["__members"]),
        ("schedule-oncall", vec!["__currentOncalls"]),
    ] {
        let run = stage.run(&["get", kind, "--enrich"]).await;
        assert_eq!(run.code, 0, "{}", run.stderr);
        for field in fields {
            assert!(records(&run).iter().any(|record| !record[field].is_null()), "{kind}: {field}");
        }
    }
    let run = stage.run(&["get", "schedule", "--enrich"]).await;
    assert!(records(&run).iter().any(|record| record["rotations"] != serde_json::json!([])));
}

#[tokio::test]
async fn no_more_is_asked_for_than_is_printed() {
    let stage =
        Stage::of(World::generated(Size { alerts: 1_000, incidents: 0, services: 0, users: 0, teams: 0 }))
            .await;
    let run = stage.run(&["get", "alert", "--limit", "3", "--enrich"]).await;
    assert_eq!((run.code, records(&run).len()), (0, 3), "{}", run.stderr);
    let counts = stage.sandbox.opsgenie().counts();
    assert_eq!((counts.of("GET /v2/alerts"), counts.of("GET /v2/alerts/*")), (1, 3));
    let run = stage.run(&["get", "alert", "--limit", "0"]).await;
    assert_eq!((run.code, run.stdout.as_str()), (0, ""));
    let run = stage.run(&["get", "alert"]).await;
    let all = records(&run);
    let mut ids = ids(&all);
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), 1_000);
}

#[tokio::test]
async fn a_search_is_opsgenies() {
    let stage = Stage::seeded().await;
    let run = stage.run(&["get", "alert", "--query", "status:open AND priority:P1"]).await;
    assert_eq!(run.code, 0, "{}", run.stderr);
    let found = records(&run);
    assert!(!found.is_empty());
    assert!(found.iter().all(|alert| alert["status"] == "open" && alert["priority"] == "P1"));
    stage.sandbox.opsgenie().fault(Fault::always(On::get("/v2/alerts"), Effect::status(422)));
    let run = stage.run(&["get", "alert", "--query", "status=open"]).await;
    assert_eq!((run.code, run.stdout.as_str()), (2, ""), "{}", run.stderr);
    for bad in ["status:(open", ""] {
        let before = stage.sandbox.opsgenie().requests().len();
        let run = stage.run(&["get", "alert", "--query", bad]).await;
        assert_eq!((run.code, run.stdout.as_str()), (2, ""));
        assert!(run.stderr.starts_with("error: Opsgenie cannot be asked for `--query "), "{}", run.stderr);
        assert_eq!(stage.sandbox.opsgenie().requests().len(), before);
    }
    let run = stage.run(&["get", "team", "--query", "x"]).await;
    assert_eq!((run.code, run.stdout.as_str()), (2, ""));
    insta::assert_snapshot!(run.stderr, @"
    error: Opsgenie has no search for kind `team`
      hint: take all of them, and choose with `jq`
    ");
}

#[tokio::test]
async fn it_ends_as_a_pass_would() {
    for (access, code, word) in [
        (Access::Forbidden, 3, "error: incident: the API key may not"),
        (Access::NotInPlan, 0, "notice: incident: the plan of this"),
        (Access::Missing, 4, "error: incident:"),
    ] {
        let stage = Stage::seeded().await;
        stage.sandbox.opsgenie().with(|account| account.rights.set(Area::Incidents, access));
        let run = stage.run(&["get", "incident"]).await;
        assert_eq!((run.code, run.stdout.as_str()), (code, ""), "{}", run.stderr);
        assert!(run.stderr.starts_with(word), "{}", run.stderr);
    }
    let mut stage = Stage::seeded().await;
    stage.sandbox.opsgenie().fault(Fault::always(On::get("/v1/services"), Effect::status(500)));
    stage.set("OCEAN__RETRY_BUDGET", "0");
    assert_eq!(stage.run(&["get", "service"]).await.code, 75);
    stage.unset("OCEAN__INTEGRATION__CONFIG__API_TOKEN");
    let run = stage.run(&["get", "user"]).await;
    assert_eq!((run.code, run.stdout.as_str()), (2, ""));
    assert!(run.stderr.contains("OCEAN__INTEGRATION__CONFIG__API_TOKEN"), "{}", run.stderr);
    assert!(!run.stderr.contains("CLIENT_ID"), "{}", run.stderr);
}

#[tokio::test]
async fn what_came_before_a_fault_is_printed_and_the_end_says_so() {
    let mut stage =
        Stage::of(World::generated(Size { alerts: 450, incidents: 0, services: 0, users: 0, teams: 0 }))
            .await;
    stage.set("OCEAN__RETRY_BUDGET", "0");
    let third = On::get("/v2/alerts").when(|asked| asked.param("offset") == Some("198"));
    stage.sandbox.opsgenie().fault(Fault::always(third, Effect::status(500)));
    let run = stage.run(&["get", "alert"]).await;
    assert_eq!((run.code, records(&run).len()), (4, 199), "{}", run.stderr);
}

#[tokio::test]
async fn a_lookup_that_fails_leaves_its_field_out_and_is_told() {
    let stage = Stage::seeded().await;
    stage.sandbox.opsgenie().fault(Fault::always(On::get("/v2/teams/*"), Effect::status(404)));
    let run = stage.run(&["get", "team", "--enrich"]).await;
    assert_eq!((run.code, records(&run).len()), (4, World::seed().teams.len()));
    assert!(records(&run).iter().all(|team| team.get("__members").is_none()));
    assert!(run.stderr.starts_with("error: team: 5 records lack `__members`: "), "{}", run.stderr);
}
