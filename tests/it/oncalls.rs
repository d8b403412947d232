//! Who is on call: schedules of one team are one entity, and none is lost on the way.

use ocean_opsgenie::sandbox::{AllOnCalls, Effect, Fault, On, World};
use serde_json::{Value, json};

use crate::support::{Run, Stage};

/// Schedules by their team, alone in a blueprint of their own.
async fn stage() -> Stage {
    stage_with(&json!({})).await
}

/// The same with other expressions.
async fn stage_with(other: &Value) -> Stage {
    let expression = |name: &str, usual: &str| other[name].as_str().unwrap_or(usual).to_owned();
    let stage = Stage::seeded().await;
    let mapping = json!({ "resources": [{
        "kind": "schedule-oncall",
        "selector": { "query": expression("query", ".ownerTeam != null") },
        "port": { "entity": { "mappings": {
            "identifier": expression("identifier", ".ownerTeam.id"),
            "title": expression("title", ".ownerTeam.name"),
            "blueprint": "\"team\"",
            "properties": { "onCall": ".__currentOncalls.onCallRecipients" },
        } } },
    }] });
    let blueprint = json!({
        "identifier": "team",
        "title": "Team",
        "schema": { "properties": { "onCall": { "type": "array", "items": { "type": "string" } } }, "required": [] },
    });
    stage.mapping(&mapping, &[blueprint]);
    stage
}

/// A team of the fixed account with two schedules.
fn payments() -> (String, Vec<String>) {
    let world = World::seed();
    let owned = |team: &str| {
        let schedules = world.schedules.iter().filter(|one| one.owner_team.as_deref() == Some(team));
        schedules.map(|one| one.id.to_string()).collect::<Vec<_>>()
    };
    let team = world.teams.iter().find(|team| owned(&team.id).len() == 2 && team.name.contains("ayments"));
    let team = team.expect("payments has a day and a night").id.to_string();
    let schedules = owned(&team);
    (team, schedules)
}

fn on_call(stage: &Stage, identifier: &str) -> Value {
    stage.contents()[&("team".to_owned(), identifier.to_owned())]["properties"]["onCall"].clone()
}

fn counts(run: &Run) -> [u64; 4] {
    run.counts("schedule-oncall", ["mapped", "created", "unchanged", "merged"])
}

#[tokio::test]
async fn schedules_of_one_team_are_one_list_in_which_nobody_stands_twice() {
    let stage = stage().await;
    let (team, _) = payments();
    let run = stage.pass().await;
    run.exits(0);
    let [mapped, created, _, merged] = counts(&run);
    assert!(merged > 0, "payments has two schedules: {}", run.stdout);
    assert_eq!(mapped, created + merged);
    assert_eq!(on_call(&stage, &team), json!(["ada@shop.test", "dana@shop.test"]));
    assert_eq!(run.warnings(), "");
    assert_eq!(run.kind("schedule-oncall")["verdict"], "complete");
    let run = stage.pass().await;
    run.exits(0);
    assert_eq!(counts(&run), [mapped, 0, created, merged], "{}", run.stdout);
}

#[tokio::test]
async fn the_last_schedule_counts_where_that_is_set() {
    let mut stage = stage().await;
    stage.set("OCEAN__OPSGENIE__SCHEDULES_OF_ONE_TEAM", "last");
    let (team, schedules) = payments();
    let run = stage.pass().await;
    run.exits(0);
    assert_eq!(on_call(&stage, &team), json!(["dana@shop.test", "ada@shop.test"]));
    let [first, last] = [&schedules[0], &schedules[1]];
    let told = format!("schedule-oncall `{last}` and from `{first}`; the last one wins");
    assert!(run.warnings().contains(&told), "{}", run.warnings());
}

#[tokio::test]
async fn half_of_what_a_team_has_is_not_taken_for_all_of_it() {
    let stage = stage().await;
    let (team, schedules) = payments();
    stage.pass().await.exits(0);
    // One of the two cannot be asked any more; the other has somebody new.
    stage.sandbox.opsgenie().with(|account| account.all_on_calls = AllOnCalls::Forbidden);
    let first = schedules[0].clone();
    let one = On::get("/v2/schedules/*/on-calls").when(move |asked| asked.path.contains(&first));
    stage.sandbox.opsgenie().fault(Fault::always(one, Effect::status(404)));
    stage.sandbox.opsgenie().world(|world| {
        let other = world.schedules.iter_mut().find(|one| *one.id == *schedules[1]);
        other.expect("it is there").on_call = [ocean_opsgenie::sandbox::text("eli@shop.test")].into();
    });
    let run = stage.pass().await;
    run.exits(4);
    assert_eq!(run.kind("schedule-oncall")["verdict"], "degraded");
    assert_eq!(on_call(&stage, &team), json!(["ada@shop.test", "dana@shop.test"]), "as it was");
}

#[tokio::test]
async fn what_is_no_list_and_differs_is_told() {
    let stage = stage_with(&json!({ "title": ".name" })).await;
    let (team, schedules) = payments();
    let run = stage.pass().await;
    run.exits(0);
    let told = format!(
        "`team/{team}` comes from schedule-oncall `{}` and from `{}`; the last one wins",
        schedules[1], schedules[0]
    );
    assert!(run.warnings().contains(&told), "{}", run.warnings());
    assert_eq!(on_call(&stage, &team), json!(["ada@shop.test", "dana@shop.test"]));
}

#[tokio::test]
async fn a_schedule_without_a_team_is_a_record_like_any_other() {
    let stage = stage_with(&json!({ "identifier": ".id", "query": "true" })).await;
    let run = stage.pass().await;
    run.exits(0);
    let world = World::seed();
    assert!(world.schedules.iter().any(|schedule| schedule.owner_team.is_none()));
    assert_eq!(counts(&run)[1], world.schedules.len() as u64);
}
