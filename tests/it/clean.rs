//! `defaults clean`: what the first start gave the catalog goes again, and nothing that nobody gave up.

use ocean_opsgenie::sandbox::{Effect, Fault, LargePages, On, Removal, Times};
use serde_json::{Value, json};

use crate::support::{IDENTIFIER, Run, Stage, plain_blueprint};

/// An installation after its first pass.
async fn installed() -> Stage {
    let stage = Stage::seeded().await;
    stage.pass().await.exits(0);
    stage.sandbox.catalog().forget();
    stage
}

async fn clean(stage: &Stage, flags: &[&str]) -> Run {
    stage.run(&[&["defaults", "clean", "--output", "json"], flags].concat()).await
}

fn blueprints(stage: &Stage) -> Vec<String> {
    let all = stage.sandbox.catalog().with(|catalog| catalog.blueprints());
    all.iter().map(|one| one["identifier"].as_str().unwrap_or_default().to_owned()).collect()
}

fn has_integration(stage: &Stage) -> bool {
    stage.sandbox.catalog().with(|catalog| catalog.integration(IDENTIFIER).is_some())
}

/// Each thing with what became of it, in the order of the report.
fn outcomes(run: &Run) -> String {
    let rows = run.report["blueprints"].as_array().expect("a list").iter();
    let row = |name: &str, row: &Value| {
        let reason = row["reason"].as_str().map_or_else(String::new, |reason| format!(" ({reason})"));
        format!("{name}: {}{reason}", row["outcome"].as_str().unwrap_or_default())
    };
    let rows = rows.map(|one| row(one["blueprint"].as_str().unwrap_or_default(), one));
    rows.chain([row("integration", &run.report["integration"])]).collect::<Vec<_>>().join("\n")
}

/// An entity that somebody else has written.
fn of_others(stage: &Stage) {
    let entity = json!({ "blueprint": "opsGenieService", "identifier": "theirs" });
    stage.entity("port-ocean/opsgenie/0.2.329/their-og/exporter", entity);
}

/// Calls that take something away.
fn deletions(stage: &Stage) -> usize {
    let calls = stage.sandbox.catalog().requests_on(&On::any());
    calls.iter().filter(|call| call.method == "DELETE").count()
}

#[tokio::test]
async fn without_force_no_entity_goes_and_nothing_at_all() {
    let stage = installed().await;
    of_others(&stage);
    let before = stage.contents();
    let run = stage.run(&["defaults", "clean", "--destroy"]).await;
    assert_eq!(run.code, 6, "{}", run.stderr);
    insta::assert_snapshot!(run.stdout, @"
    blueprint opsGenieAlert: stays, 60 entities: 60 ours, 0 of others
    blueprint opsGenieIncident: stays, 10 entities: 10 ours, 0 of others
    blueprint opsGenieService: stays, 10 entities: 9 ours, 1 of others
    integration my-og: stays
    done in part
      not deleted: default blueprints have entities, so nothing was deleted: `opsGenieAlert` (60 entities: 60 ours, 0 of others), `opsGenieIncident` (10 entities: 10 ours, 0 of others), `opsGenieService` (10 entities: 9 ours, 1 of others); `--force --yes` deletes them, too, whoever wrote them
      exit code 6
    ");
    assert_eq!(run.talk(), "", "nothing was about to go");
    assert_eq!((deletions(&stage), stage.contents() == before), (0, true));
    assert!(has_integration(&stage));
    clean(&stage, &[]).await.exits(6);
}

#[tokio::test]
async fn empty_blueprints_go_without_force() {
    let stage = Stage::with_alerts(0).await;
    stage.pass().await.exits(0);
    let run = stage.run(&["defaults", "clean", "."]).await;
    assert_eq!(run.code, 0, "{}", run.stderr);
    insta::assert_snapshot!(run.talk(), @"
    going to delete:
      blueprint `opsGenieAlert`, no entities
      blueprint `opsGenieIncident`, no entities
      blueprint `opsGenieService`, no entities
    ");
    insta::assert_snapshot!(run.stdout, @"
    blueprint opsGenieAlert: deleted
    blueprint opsGenieIncident: deleted
    blueprint opsGenieService: deleted
    integration my-og: stays and counts as set up: the next start makes no blueprints; `--destroy` deletes it, too
    done
    ");
    assert_eq!(blueprints(&stage), [""; 0]);
    assert!(has_integration(&stage));
    // Once more there is nothing to do.
    let run = clean(&stage, &[]).await;
    run.exits(0);
    insta::assert_snapshot!(outcomes(&run), @"
    opsGenieService: absent
    opsGenieIncident: absent
    opsGenieAlert: absent
    integration: kept
    ");
    assert_eq!(run.talk(), "");
}

#[tokio::test]
async fn force_takes_the_entities_of_this_installation_and_destroy_the_integration() {
    for preset in ["classic", "full"] {
        let mut stage = Stage::seeded().await;
        stage.set("OCEAN__RESOURCES_PRESET", preset);
        stage.pass().await.exits(0);
        // What the peer's scripts say.
        let run = stage.run(&["defaults", "clean", "-f", "-d", "-w"]).await;
        assert_eq!(run.code, 0, "{preset}: {}{}", run.stdout, run.stderr);
        assert_eq!((blueprints(&stage).len(), stage.contents().len()), (0, 0), "{preset}");
        assert!(!has_integration(&stage), "{preset}");
        if preset == "classic" {
            insta::assert_snapshot!(run.talk(), @"
            going to delete:
              blueprint `opsGenieAlert`, 60 entities: 60 ours, 0 of others
              blueprint `opsGenieIncident`, 10 entities: 10 ours, 0 of others
              blueprint `opsGenieService`, 9 entities: 9 ours, 0 of others
              integration `my-og`, with the mapping that the catalog holds for it
            ");
            insta::assert_snapshot!(run.stdout, @"
            blueprint opsGenieAlert: deleted, with 60 entities: 60 ours, 0 of others
            blueprint opsGenieIncident: deleted, with 10 entities: 10 ours, 0 of others
            blueprint opsGenieService: deleted, with 9 entities: 9 ours, 0 of others
            integration my-og: deleted
            done
            ");
        }
        // The next start sets up anew.
        stage.pass().await.exits(0);
        assert!(!stage.held("opsGenieAlert").is_empty(), "{preset}");
    }
}

#[tokio::test]
async fn what_others_wrote_needs_a_word_more() {
    let stage = installed().await;
    of_others(&stage);
    let before = stage.contents();
    let run = clean(&stage, &["--force", "--destroy"]).await;
    run.exits(6);
    insta::assert_snapshot!(run.causes(), @"guarded: default blueprints have entities, so nothing was deleted: `opsGenieService` (10 entities: 9 ours, 1 of others); `--force --yes` deletes them, too, whoever wrote them");
    assert_eq!((deletions(&stage), stage.contents() == before), (0, true));
    let run = clean(&stage, &["--force", "--yes"]).await;
    run.exits(0);
    assert!(run.talk().contains("10 entities: 9 ours, 1 of others"), "{}", run.talk());
    assert_eq!((blueprints(&stage).len(), stage.contents().len()), (0, 0));
    assert!(has_integration(&stage));
    // A word alone gives nothing up.
    assert_eq!(clean(&stage, &["--yes"]).await.code, 2);
}

#[tokio::test]
async fn where_owners_cannot_be_told_nothing_is_taken_for_ours() {
    let stage = installed().await;
    stage.sandbox.catalog().with(|catalog| catalog.manners.large_pages = LargePages::Missing);
    for flags in [&[][..], &["--force"]] {
        let run = clean(&stage, flags).await;
        run.exits(6);
        assert!(run.causes().contains("whether others wrote there cannot be told"), "{}", run.causes());
        assert_eq!(blueprints(&stage).len(), 3);
    }
    clean(&stage, &["--force", "--yes"]).await.exits(0);
    assert_eq!(blueprints(&stage).len(), 0);
}

#[tokio::test]
async fn a_removal_is_waited_for_where_order_needs_it_and_where_it_is_asked_for() {
    let stage = installed().await;
    stage.sandbox.catalog().with(|catalog| catalog.manners.removal = Removal::Done { after: 2 });
    let run = clean(&stage, &["--force"]).await;
    run.exits(0);
    insta::assert_snapshot!(outcomes(&run), @"
    opsGenieAlert: deleted
    opsGenieIncident: deleted
    opsGenieService: under-way
    integration: kept
    ");
    assert_eq!(blueprints(&stage), ["opsGenieService"]);
    stage.sandbox.catalog().with(ocean_opsgenie::sandbox::Catalog::complete_removals);
    assert_eq!(blueprints(&stage), [""; 0]);

    let stage = installed().await;
    stage.sandbox.catalog().with(|catalog| catalog.manners.removal = Removal::Done { after: 2 });
    let run = clean(&stage, &["--force", "--wait", "--destroy"]).await;
    run.exits(0);
    insta::assert_snapshot!(outcomes(&run), @"
    opsGenieAlert: deleted
    opsGenieIncident: deleted
    opsGenieService: deleted
    integration: deleted
    ");
    assert_eq!((blueprints(&stage).len(), has_integration(&stage)), (0, false));
}

#[tokio::test]
async fn a_removal_that_fails_keeps_what_the_blueprint_points_at() {
    let stage = installed().await;
    stage.sandbox.catalog().with(|catalog| catalog.manners.removal = Removal::Fails);
    let run = clean(&stage, &["--force", "--wait", "--destroy"]).await;
    run.exits(5);
    insta::assert_snapshot!(outcomes(&run), @"
    opsGenieAlert: kept (the catalog could not delete it with its entities (migration `migration_1`))
    opsGenieIncident: kept (`opsGenieAlert` points at it)
    opsGenieService: kept (`opsGenieIncident` points at it)
    integration: kept (because blueprints stay)
    ");
    insta::assert_snapshot!(run.causes(), @"refused: blueprint `opsGenieAlert` stays: the catalog could not delete it with its entities");
    assert_eq!((blueprints(&stage).len(), has_integration(&stage), deletions(&stage)), (3, true, 1));
}

#[tokio::test]
async fn a_blueprint_of_others_that_points_at_ours_keeps_it() {
    let stage = installed().await;
    let mut theirs = plain_blueprint("theirs");
    theirs["relations"] = json!({ "to": { "target": "opsGenieIncident", "many": false, "required": false } });
    stage.sandbox.catalog().with(|catalog| catalog.seed_blueprint(&theirs));
    let run = clean(&stage, &["--force", "--destroy"]).await;
    run.exits(5);
    insta::assert_snapshot!(outcomes(&run), @r#"
    opsGenieAlert: deleted
    opsGenieIncident: kept (other entities depend on it: Blueprint "theirs" has a relation to "opsGenieIncident" (has_dependents))
    opsGenieService: kept (`opsGenieIncident` points at it)
    integration: kept (because blueprints stay)
    "#);
    insta::assert_snapshot!(run.causes(), @r#"refused: cannot delete blueprint `opsGenieIncident` with its entities: other entities depend on it: Blueprint "theirs" has a relation to "opsGenieIncident" (has_dependents)"#);
    assert_eq!(blueprints(&stage), ["opsGenieService", "opsGenieIncident", "theirs"]);
    assert!(has_integration(&stage));
}

#[tokio::test]
async fn each_fault_has_its_code_and_takes_nothing_by_mistake() {
    let all = On::delete("/v1/blueprints/*/all-entities");
    let integration = On::delete("/v1/integration/*");
    let counting = On::post("/v1/blueprints/*/entities/search");
    let inventory = On::post("/v1/blueprints/entities/datasource-entities");
    for (on, effect, code, left) in [
        (all.clone(), Effect::status(403), 3, 3),
        (all.clone(), Effect::status(422), 5, 3),
        (all.clone(), Effect::status(500), 75, 3),
        (all.clone(), Effect::Reset, 75, 3),
        (all, Effect::Malformed, 1, 2),
        (On::get("/v1/migrations/*"), Effect::status(500), 75, 3),
        (On::get("/v1/migrations/*"), Effect::status(404), 5, 3),
        (integration.clone(), Effect::status(403), 3, 0),
        (integration, Effect::status(500), 75, 0),
        (counting.clone(), Effect::status(500), 75, 3),
        (counting, Effect::status(403), 3, 3),
        (inventory, Effect::status(500), 75, 3),
        (On::get("/v1/blueprints/*"), Effect::status(500), 75, 3),
        (On::get("/v1/integration/*"), Effect::status(401), 3, 3),
    ] {
        let stage = installed().await;
        let shown = format!("{on:?} {effect:?}");
        if shown.contains("migrations") {
            // It stays under way for as long as nobody is told how far it is.
            stage.sandbox.catalog().with(|catalog| catalog.manners.removal = Removal::Done { after: 9 });
        }
        stage.sandbox.catalog().fault(Fault::always(on, effect));
        let run = clean(&stage, &["--force", "--wait", "--destroy"]).await;
        assert_eq!(
            (run.code, run.report["exitCode"].as_i64()),
            (code, Some(code.into())),
            "{shown}: {}",
            run.stdout
        );
        assert_ne!(run.causes(), "", "{shown}");
        assert_eq!(blueprints(&stage).len(), left, "{shown}: {}", run.stdout);
        assert!(has_integration(&stage), "{shown}");
    }
}

#[tokio::test]
async fn an_answer_that_is_lost_is_made_up_for() {
    let stage = installed().await;
    for on in ["/v1/blueprints/*/all-entities", "/v1/integration/*"] {
        let what = Effect::LoseAnswer;
        stage.sandbox.catalog().fault(Fault { on: On::delete(on), times: Times::Nth(1), what });
    }
    clean(&stage, &["--force", "--wait", "--destroy"]).await.exits(0);
    assert_eq!((blueprints(&stage).len(), has_integration(&stage)), (0, false));
}

#[tokio::test]
async fn without_a_catalog_or_with_wrong_credentials_it_says_so() {
    let mut stage = installed().await;
    stage.set("OCEAN__PORT__CLIENT_SECRET", "wrong");
    clean(&stage, &["--force"]).await.exits(3);
    stage.set("OCEAN__PORT__BASE_URL", "http://127.0.0.1:1");
    clean(&stage, &["--force"]).await.exits(75);
    stage.unset("OCEAN__PORT__CLIENT_SECRET");
    let run = clean(&stage, &["--force"]).await;
    run.exits(2);
    assert_eq!(blueprints(&stage).len(), 3);
}

#[tokio::test]
async fn a_folder_names_what_it_has_given() {
    let mut stage = Stage::with_alerts(0).await;
    stage.file("own/port-app-config.yaml", "resources: []\n");
    stage.file("own/blueprints.json", &json!([plain_blueprint("a"), plain_blueprint("b")]).to_string());
    stage.set("OCEAN__RESOURCES_PATH", "own");
    stage.pass().await.exits(0);
    stage.sandbox.catalog().with(|catalog| catalog.seed_blueprint(&plain_blueprint("opsGenieAlert")));
    let run = clean(&stage, &[]).await;
    run.exits(0);
    assert_eq!(blueprints(&stage), ["opsGenieAlert"]);
    stage.file("own/blueprints.json", "{}");
    let run = clean(&stage, &[]).await;
    run.exits(2);
    assert!(run.talk().contains("`own/blueprints.json` must hold a list"), "{}", run.stderr);
}

#[tokio::test]
async fn half_a_removal_is_ended_by_the_next_one() {
    let mut stage = Stage::seeded().await;
    stage.set("OCEAN__RESOURCES_PRESET", "full");
    stage.pass().await.exits(0);
    // Nobody says which preset it was, and the blueprint that tells them apart goes before the last one.
    stage.unset("OCEAN__RESOURCES_PRESET");
    let on = On::delete("/v1/blueprints/*/all-entities");
    stage.sandbox.catalog().fault(Fault { on, times: Times::Nth(6), what: Effect::status(422) });
    clean(&stage, &["--force"]).await.exits(5);
    assert_eq!(blueprints(&stage), ["opsGenieUser"]);
    clean(&stage, &["--force"]).await.exits(0);
    assert_eq!(blueprints(&stage), [""; 0]);
}

#[tokio::test]
async fn an_empty_origin_has_given_nothing() {
    let mut stage = Stage::with_alerts(0).await;
    stage.set("OCEAN__CREATE_PORT_RESOURCES_ORIGIN", "Empty");
    stage.pass().await.exits(0);
    // What the catalog has stored of the origin counts.
    stage.unset("OCEAN__CREATE_PORT_RESOURCES_ORIGIN");
    stage.sandbox.catalog().with(|catalog| catalog.seed_blueprint(&plain_blueprint("opsGenieAlert")));
    let run = clean(&stage, &["--destroy"]).await;
    run.exits(0);
    assert_eq!((blueprints(&stage).len(), has_integration(&stage)), (1, false));
}

#[cfg(unix)]
#[tokio::test]
async fn a_signal_ends_the_waiting() {
    let stage = installed().await;
    stage.sandbox.catalog().with(|catalog| catalog.manners.removal = Removal::Done { after: 999 });
    let running = stage.begin(&["defaults", "clean", "--force", "--output", "json"]);
    crate::support::until("the removal goes on", || {
        stage.sandbox.catalog().counts().of("GET /v1/migrations/*") > 0
    })
    .await;
    running.signal("TERM");
    let run = stage.end(running).await;
    run.exits(143);
    assert!(outcomes(&run).contains("opsGenieAlert: under-way"), "{}", outcomes(&run));
}
