//! What fails at the catalog, call by call, once or for ever: what it holds afterwards and what the program says, as a table.

use std::fmt::Write as _;

use futures::{StreamExt as _, stream};
use ocean_opsgenie::sandbox::{Effect, Fault, On, Times};
use serde_json::json;

use crate::support::{OURS, Stage, alert_id, plain_blueprint, plain_mapping};

/// Runs at once: they mostly wait.
const AT_ONCE: usize = 6;

/// After a pass over four alerts: one is renamed, one is new, one is stale, and a service is new; somebody else's entity
/// stands beside them.
async fn stage() -> Stage {
    let mut stage = Stage::with_alerts(4).await;
    stage.mapping(&plain_mapping(&[("alert", "a"), ("service", "s")]), &["a", "s"].map(plain_blueprint));
    stage.pass().await.exits(0);
    stage.entity(OURS, json!({ "blueprint": "a", "identifier": "stale", "title": "stale" }));
    stage.entity("somebody", json!({ "blueprint": "a", "identifier": "foreign", "title": "foreign" }));
    stage.later();
    let seed = ocean_opsgenie::sandbox::World::seed();
    stage.sandbox.opsgenie().world(|world| {
        world.alerts_mut()[0].message = "renamed".into();
        world.alerts_mut().push(seed.alerts()[4].clone());
        world.services.push(seed.services[0].clone());
    });
    stage.set("OCEAN__CLIENT_TIMEOUT", "1");
    stage
}

/// The calls of a pass to the catalog. Those that only tell are in `progress.rs`.
fn calls() -> [(&'static str, On); 7] {
    [
        ("token", On::post("/v1/auth/access_token")),
        ("integration", On::get("/v1/integration/*")),
        ("blueprint", On::get("/v1/blueprints/a")),
        ("search", On::post("/v1/blueprints/a/entities/search")),
        ("bulk", On::post("/v1/blueprints/a/entities/bulk")),
        ("inventory", On::post("/v1/blueprints/entities/datasource-entities")),
        ("delete", On::post("/v1/blueprints/a/bulk/entities/delete")),
    ]
}

fn faults() -> [(&'static str, Effect); 11] {
    [
        ("401", Effect::ExpireCredentials),
        ("403", Effect::status(403)),
        ("413", Effect::status(413)),
        ("429", Effect::status_with(429, &[("Retry-After", "1")])),
        ("500", Effect::status(500)),
        ("503", Effect::status(503)),
        ("reset", Effect::Reset),
        ("lost", Effect::LoseAnswer),
        ("cut", Effect::CutBody),
        ("HTML", Effect::Html),
        ("stall", Effect::Stall),
    ]
}

/// What came of one fault, in a line. Whatever it was: what is not ours stays, what the source has stays, and each entity
/// is as it was or as it should be.
async fn outcome(call: &str, on: On, times: Times, effect: Effect) -> String {
    let ends_all = matches!(effect, Effect::ExpireCredentials) && times == Times::Always;
    let mut stage = stage().await;
    stage.set("OCEAN__RETRY_BUDGET", if times == Times::Always { "0" } else { "3" });
    let before = stage.contents();
    stage.sandbox.catalog().fault(Fault { on, times, what: effect });
    let run = stage.pass().await;
    let after = stage.contents();
    let key = |blueprint: &str, identifier: &str| (blueprint.to_owned(), identifier.to_owned());
    for kept in [1, 2, 3].map(alert_id).iter().map(String::as_str).chain(["foreign"]) {
        assert_eq!(after.get(&key("a", kept)), before.get(&key("a", kept)), "{call}: {kept}");
    }
    let renamed = &after[&key("a", &alert_id(0))]["title"];
    assert!(
        *renamed == before[&key("a", &alert_id(0))]["title"] || renamed == "renamed",
        "{call}: {renamed}"
    );
    let is_kept = after.contains_key(&key("a", "stale"));
    let new = after.get(&key("a", &alert_id(4)));
    assert!(new.is_none_or(|new| new["properties"]["status"].is_string()), "{call}: {new:?}");
    let done = [
        ("updated", renamed == "renamed"),
        ("created", new.is_some()),
        ("deleted", !is_kept),
        ("others written", !stage.held("s").is_empty()),
    ];
    if run.code == 0 {
        assert!(done.iter().all(|(_, done)| *done), "{call}: the code says that all is done: {done:?}");
    }
    if ends_all && matches!(call, "search" | "bulk") {
        // All share the token: how far the other blueprint came is chance.
        return format!("exit {}: nothing, or only others", run.code);
    }
    let done: Vec<&str> = done.into_iter().filter_map(|(what, done)| done.then_some(what)).collect();
    let done = if done.is_empty() { "nothing".to_owned() } else { done.join(", ") };
    // The next pass makes up for it.
    stage.sandbox.catalog().mend_all();
    stage.later();
    stage.set("OCEAN__RETRY_BUDGET", "3");
    stage.pass().await.exits(0);
    assert_eq!((stage.held("a").len(), stage.held("s").len()), (6, 1), "{call}");
    format!("exit {}: {done}", run.code)
}

async fn table(times: Times) -> String {
    let mut table = String::new();
    for (call, on) in calls() {
        let outcomes: Vec<(&str, String)> = stream::iter(faults())
            .map(|(name, effect)| {
                let on = on.clone();
                async move { (name, outcome(call, on, times, effect).await) }
            })
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
        writeln!(table, "{call}").expect("a text takes everything");
        for (names, outcome) in alike {
            writeln!(table, "  {}: {outcome}", names.join(" ")).expect("a text takes everything");
        }
    }
    table
}

#[tokio::test]
async fn every_fault_of_every_call_for_ever() {
    insta::assert_snapshot!(table(Times::Always).await, @r"
    token
      401: exit 0: updated, created, deleted, others written
      403: exit 3: nothing
      413: exit 5: nothing
      429 500 503 reset lost cut stall: exit 75: nothing
      HTML: exit 1: nothing
    integration
      401 403: exit 3: nothing
      413: exit 5: nothing
      429 500 503 reset lost cut stall: exit 75: nothing
      HTML: exit 1: nothing
    blueprint
      401 403: exit 3: nothing
      413: exit 5: others written
      429 500 503 reset lost cut stall: exit 75: others written
      HTML: exit 1: others written
    search
      401: exit 3: nothing, or only others
      403: exit 3: others written
      413: exit 5: others written
      429 500 503 reset lost cut stall: exit 75: others written
      HTML: exit 1: others written
    bulk
      401: exit 3: nothing, or only others
      403: exit 3: others written
      413: exit 5: deleted, others written
      429 500 503 reset stall: exit 75: others written
      lost cut: exit 75: updated, created, others written
      HTML: exit 1: others written
    inventory
      401 403: exit 3: updated, created, others written
      413: exit 5: updated, created, others written
      429 500 503 reset lost cut stall: exit 75: updated, created, others written
      HTML: exit 1: updated, created, others written
    delete
      401 403: exit 3: updated, created, others written
      413: exit 5: updated, created, others written
      429 500 503 reset stall: exit 75: updated, created, others written
      lost cut: exit 75: updated, created, deleted, others written
      HTML: exit 1: updated, created, others written
    ");
}

#[tokio::test]
async fn every_fault_of_every_call_once() {
    insta::assert_snapshot!(table(Times::First(1)).await, @r"
    token
      401 429 500 503 reset lost cut stall: exit 0: updated, created, deleted, others written
      403: exit 3: nothing
      413: exit 5: nothing
      HTML: exit 1: nothing
    integration
      401 429 500 503 reset lost cut stall: exit 0: updated, created, deleted, others written
      403: exit 3: nothing
      413: exit 5: nothing
      HTML: exit 1: nothing
    blueprint
      401 403 413 429 500 503 reset lost cut HTML stall: exit 0: updated, created, deleted, others written
    search
      401 429 500 503 reset lost cut stall: exit 0: updated, created, deleted, others written
      403: exit 3: others written
      413: exit 5: others written
      HTML: exit 1: others written
    bulk
      401 413 429 500 503 reset lost cut stall: exit 0: updated, created, deleted, others written
      403: exit 3: others written
      HTML: exit 1: others written
    inventory
      401 429 500 503 reset lost cut stall: exit 0: updated, created, deleted, others written
      403: exit 3: updated, created, others written
      413: exit 5: updated, created, others written
      HTML: exit 1: updated, created, others written
    delete
      401 429 500 503 reset lost cut stall: exit 0: updated, created, deleted, others written
      403: exit 3: updated, created, others written
      413: exit 5: updated, created, others written
      HTML: exit 1: updated, created, others written
    ");
}

/// 207: some are refused, the others are written, and nothing that was refused is taken for stale.
#[tokio::test]
async fn entities_that_are_refused_one_by_one() {
    let stage = stage().await;
    let refused = alert_id(0);
    let effect = Effect::bulk_errors(&[&refused], 422, "blueprint_schema_mismatch", "not so");
    let bulk = On::post("/v1/blueprints/a/entities/bulk");
    stage.sandbox.catalog().fault(Fault::always(bulk, effect));
    let run = stage.pass().await;
    run.exits(5);
    let held = stage.held("a");
    assert!(held.contains(&refused) && held.contains(&alert_id(4)), "{held:?}");
    assert!(!held.contains(&"stale".to_owned()), "{held:?}");
}
