//! What fails at the source, for every listing and every lookup, and what comes of it: a table.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use futures::{StreamExt as _, stream};
use ocean_opsgenie::sandbox::{Effect, Fault, On, World};
use serde_json::{Value, json};

use crate::support::{OURS, Stage, plain_blueprint, plain_mapping};

const KINDS: [&str; 7] = ["alert", "incident", "service", "team", "schedule", "schedule-oncall", "user"];

/// Runs at once: they mostly wait.
const AT_ONCE: usize = 4;

/// Every kind into a blueprint of its name, which holds something stale; every lookup is read by the property `status`.
async fn stage() -> Stage {
    let mut world = World::seed();
    world.alerts_mut().truncate(12);
    let mut stage = Stage::of(world).await;
    let mut mapping = plain_mapping(&KINDS.map(|kind| (kind, kind)));
    let reads = [
        (0, "(.description | tostring) + (.__relatedIncident.id | tostring)"),
        (1, ".__impactedServices | tostring"),
        (2, "(.__team.name | tostring) + (.__oncalls | tostring) + (.__incidents | tostring)"),
        (3, ".__members | tostring"),
        (5, ".__currentOncalls | tostring"),
    ];
    for (resource, expression) in reads {
        let resource = &mut mapping["resources"][resource];
        resource["port"]["entity"]["mappings"]["properties"]["status"] = json!(expression);
    }
    mapping["resources"][0]["selector"]["includeDetails"] = json!(true);
    mapping["resources"][3]["selector"]["includeMembers"] = json!(true);
    stage.mapping(&mapping, &KINDS.map(plain_blueprint));
    for kind in KINDS {
        stage.entity(OURS, json!({ "blueprint": kind, "identifier": "stale", "title": "stale" }));
    }
    stage.set("OCEAN__RETRY_BUDGET", "0");
    stage.set("OCEAN__CLIENT_TIMEOUT", "1");
    stage
}

fn faults() -> [(&'static str, Effect); 8] {
    [
        // Longer periods hold up every call of a domain, which is right and slow.
        ("429", Effect::throttled(1)),
        ("500", Effect::status(500)),
        ("403", Effect::status(403)),
        ("404", Effect::status(404)),
        ("reset", Effect::Reset),
        ("cut", Effect::CutBody),
        ("malformed", Effect::Malformed),
        ("stall", Effect::Stall),
    ]
}

/// What came of one fault, in a line. Whatever it was: what could be seen is written, and a blueprint loses what is stale
/// exactly when its kind is complete.
async fn outcome(path: &'static str, effect: Effect) -> String {
    let stage = stage().await;
    stage.sandbox.opsgenie().fault(Fault::always(On::get(path), effect));
    let run = stage.pass().await;
    let mut verdicts: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for kind in KINDS {
        let row = run.kind(kind);
        let verdict = row["verdict"].as_str().expect("a word");
        let held = stage.held(kind);
        let is_stale_there = held.iter().any(|identifier| identifier == "stale");
        assert_eq!(is_stale_there, verdict != "complete", "{path}: {kind}: {}", run.stdout);
        let listed = row["listed"].as_u64();
        assert_eq!(row["mapped"].as_u64(), listed, "{path}: {kind}: {}", run.stdout);
        assert_eq!(
            held.len() as u64 - u64::from(is_stale_there),
            listed.unwrap_or_default(),
            "{path}: {kind}"
        );
        if verdict != "incomplete" {
            assert!(listed > Some(0), "{path}: {kind}: {}", run.stdout);
        }
        if verdict != "complete" {
            verdicts
                .entry(match verdict {
                    "degraded" => "degraded",
                    _ => "incomplete",
                })
                .or_default()
                .push(kind);
        }
    }
    let told: Vec<String> =
        verdicts.iter().map(|(verdict, kinds)| format!("{} {verdict}", kinds.join(", "))).collect();
    assert_eq!(run.code == 0, told.is_empty(), "{path}: {}", run.stdout);
    if told.is_empty() {
        "exit 0: complete".to_owned()
    } else {
        format!("exit {}: {}", run.code, told.join("; "))
    }
}

/// The outcomes of all faults at a path; faults that come to the same stand together.
async fn row(path: &'static str) -> String {
    let outcomes: Vec<(&str, String)> = stream::iter(faults())
        .map(|(name, effect)| async move { (name, outcome(path, effect).await) })
        .buffered(AT_ONCE)
        .collect()
        .await;
    let mut alike: Vec<(Vec<&str>, String)> = Vec::new();
    for (name, outcome) in outcomes {
        match alike.iter_mut().find(|(_, known)| *known == outcome) {
            Some((names, _)) => names.push(name),
            None => alike.push((vec![name], outcome)),
        }
    }
    let mut row = format!("{path}\n");
    for (names, outcome) in alike {
        writeln!(row, "  {}: {outcome}", names.join(" ")).expect("a text takes everything");
    }
    row
}

async fn table(paths: &[&'static str]) -> String {
    let mut table = String::new();
    for path in paths {
        table += &row(path).await;
    }
    table
}

#[tokio::test]
async fn every_fault_of_every_listing() {
    let table =
        table(&["/v2/alerts", "/v1/incidents", "/v1/services", "/v2/teams", "/v2/schedules", "/v2/users"]);
    insta::assert_snapshot!(table.await, @r"
    /v2/alerts
      429 500 404 reset cut malformed stall: exit 4: alert incomplete
      403: exit 3: alert incomplete
    /v1/incidents
      429 500 404 reset cut malformed stall: exit 4: alert, service degraded; incident incomplete
      403: exit 3: alert, service degraded; incident incomplete
    /v1/services
      429 500 404 reset cut malformed stall: exit 4: incident degraded; service incomplete
      403: exit 3: incident degraded; service incomplete
    /v2/teams
      429 500 404 reset cut malformed stall: exit 4: team incomplete
      403: exit 3: team incomplete
    /v2/schedules
      429 500 404 reset cut malformed stall: exit 4: service degraded; schedule, schedule-oncall incomplete
      403: exit 3: service degraded; schedule, schedule-oncall incomplete
    /v2/users
      429 500 404 reset cut malformed stall: exit 4: user incomplete
      403: exit 3: user incomplete
    ");
}

#[tokio::test]
async fn every_fault_of_every_lookup() {
    let table = table(&[
        "/v2/teams/*",
        "/v2/schedules/on-calls",
        "/v1/incidents/*/associated-alert-ids",
        "/v2/alerts/*",
    ]);
    insta::assert_snapshot!(table.await, @r"
    /v2/teams/*
      429 500 404 reset cut malformed stall: exit 4: service, team degraded
      403: exit 3: service, team degraded
    /v2/schedules/on-calls
      429 500 reset cut malformed stall: exit 4: service, schedule-oncall degraded
      403 404: exit 0: complete
    /v1/incidents/*/associated-alert-ids
      429 500 reset cut malformed stall: exit 4: alert degraded
      403: exit 3: alert degraded
      404: exit 0: complete
    /v2/alerts/*
      429 500 404 reset cut malformed stall: exit 4: alert degraded
      403: exit 3: alert degraded
    ");
}

/// Only the records concerned are the worse for a lookup that fails for one of them.
#[tokio::test]
async fn a_lookup_that_fails_for_one_record_leaves_the_others_alone() {
    let stage = stage().await;
    let world = World::seed();
    let team = world.teams[1].id.to_string();
    let alert = world.alerts()[4].id.to_string();
    for (path, id) in [("/v2/teams/*", team.clone()), ("/v2/alerts/*", alert.clone())] {
        let on = On::get(path).when(move |asked| asked.path.contains(&id));
        stage.sandbox.opsgenie().fault(Fault::always(on, Effect::status(500)));
    }
    let run = stage.pass().await;
    run.exits(4);
    let status = |kind: &str, identifier: &str| {
        let contents = stage.contents();
        contents[&(kind.to_owned(), identifier.to_owned())]["properties"]["status"].clone()
    };
    for (kind, failed) in [("team", vec![&team]), ("alert", vec![&alert])] {
        for identifier in stage.held(kind).iter().filter(|identifier| *identifier != "stale") {
            let expected = if failed.contains(&identifier) { "null" } else { "string" };
            let found = if status(kind, identifier) == Value::Null { "null" } else { "string" };
            assert_eq!(found, expected, "{kind} {identifier}");
        }
    }
}
