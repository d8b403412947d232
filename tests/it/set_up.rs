//! The first start: the integration, the blueprints, the mapping, and what is left alone.

use ocean_opsgenie::sandbox::{Effect, Fault, On, Times};
use serde_json::{Value, json};

use crate::support::{IDENTIFIER, Stage, plain_mapping};

fn integration(stage: &Stage) -> Option<Value> {
    stage.sandbox.catalog().with(|catalog| catalog.integration(IDENTIFIER))
}

fn blueprints(stage: &Stage) -> Vec<String> {
    let all = stage.sandbox.catalog().with(|catalog| catalog.blueprints());
    all.iter().map(|one| one["identifier"].as_str().unwrap_or_default().to_owned()).collect()
}

fn patches(stage: &Stage) -> Vec<Value> {
    let calls = stage.sandbox.catalog().requests_on(&On::patch("/v1/integration/*"));
    calls.iter().map(ocean_opsgenie::sandbox::Logged::json).collect()
}

#[tokio::test]
async fn a_new_installation_is_given_everything() {
    let stage = Stage::with_alerts(1).await;
    stage.pass().await.exits(0);
    let stored = integration(&stage).expect("it was created");
    assert_eq!(stored["installationAppType"], "opsgenie");
    assert_eq!(stored["version"], env!("CARGO_PKG_VERSION"));
    assert_eq!(stored["arePortResourcesInitialized"], true);
    assert_eq!(stored["processingMode"], "ocean-core");
    let kinds: Vec<_> =
        stored["config"]["resources"].as_array().into_iter().flatten().map(|one| &one["kind"]).collect();
    assert_eq!(kinds, ["service", "alert", "incident"]);
    assert_eq!(stored["config"]["entityDeletionThreshold"], 0.9);
    assert_eq!(stored["resyncState"]["status"], "completed");
    let shown = |identifier| stage.sandbox.catalog().with(|catalog| catalog.blueprint(identifier));
    let service = shown("opsGenieService").expect("it was created");
    assert!(
        service["calculationProperties"].get("teamSize").is_some(),
        "the last step is done, too: {service}"
    );
    let alert = shown("opsGenieAlert").expect("it was created");
    assert_eq!(alert["relations"]["relatedIncident"]["target"], "opsGenieIncident");
}

#[tokio::test]
async fn a_set_up_that_fails_leaves_no_half_and_is_tried_again() {
    for status in [422, 500] {
        let stage = Stage::with_alerts(1).await;
        let on = On::post("/v1/blueprints")
            .when(|asked| asked.json().is_ok_and(|body| body["identifier"] == "opsGenieAlert"));
        let fault = stage.sandbox.catalog().fault(Fault::always(on, Effect::status(status)));
        let run = stage.pass().await;
        assert_ne!(run.code, 0);
        assert_eq!(blueprints(&stage), [""; 0], "after {status}");
        let stored = integration(&stage).expect("it was created");
        assert_ne!(stored["arePortResourcesInitialized"], true, "after {status}");
        assert_eq!(stage.sandbox.opsgenie().counts().calls, 0);
        stage.sandbox.catalog().mend(fault);
        stage.pass().await.exits(0);
        assert_eq!(blueprints(&stage).len(), 3);
        assert_eq!(integration(&stage).expect("it is there")["arePortResourcesInitialized"], true);
    }
}

#[tokio::test]
async fn a_blueprint_that_is_there_is_never_touched_and_the_missing_ones_are_made() {
    let stage = Stage::with_alerts(1).await;
    let own: Value = serde_json::from_str(include_str!("../../blueprints/classic/opsGenieService.json"))
        .map(|mut blueprint: Value| {
            blueprint["title"] = json!("Ours");
            blueprint
        })
        .expect("a blueprint is JSON");
    stage.sandbox.catalog().with(|catalog| catalog.seed_blueprint(&own));
    stage.pass().await.exits(0);
    let service = stage.sandbox.catalog().with(|catalog| catalog.blueprint("opsGenieService"));
    assert_eq!(service.expect("it stays")["title"], "Ours");
    assert_eq!(blueprints(&stage).len(), 3);
}

#[tokio::test]
async fn nothing_is_made_when_told_so() {
    let mut stage = Stage::with_alerts(1).await;
    stage.set("OCEAN__INITIALIZE_PORT_RESOURCES", "false");
    let run = stage.pass().await;
    run.exits(5);
    assert_eq!(blueprints(&stage), [""; 0]);
    assert!(run.warnings().contains("OCEAN__INITIALIZE_PORT_RESOURCES"), "{}", run.warnings());
    let stored = integration(&stage).expect("it is created all the same");
    assert_ne!(stored["arePortResourcesInitialized"], true);
    // The same as a flag, as the peer has it.
    let run = stage.sync(&["-i", "true"]).await;
    run.exits(0);
    assert_eq!(blueprints(&stage).len(), 3);
}

#[tokio::test]
async fn an_installation_of_the_peer_is_taken_over_as_it_is() {
    let stage = Stage::with_alerts(2).await;
    // What the Python integration left behind, at a version of its own and with a mapping edited in the catalog.
    let mapping = plain_mapping(&[("alert", "opsGenieAlert")]);
    let left = json!({
        "installationAppType": "opsgenie", "version": "0.2.329", "installationType": "OnPrem",
        "changelogDestination": {}, "processingMode": "dsp", "actionsProcessingEnabled": false,
        "arePortResourcesInitialized": true, "config": mapping,
    });
    let blueprint: Value =
        serde_json::from_str(include_str!("../../blueprints/full/opsGenieAlert.json")).expect("JSON");
    stage.sandbox.catalog().with(|catalog| {
        catalog.seed_integration(IDENTIFIER, &left);
        for target in ["opsGenieIncident", "opsGenieTeam", "opsGenieUser", "opsGenieService"] {
            catalog.seed_blueprint(&crate::support::plain_blueprint(target));
        }
        catalog.seed_blueprint(&blueprint);
    });
    let gone = json!({ "blueprint": "opsGenieAlert", "identifier": "gone-since" });
    stage.entity("port-ocean/opsgenie/0.2.329/my-og/exporter", gone);
    let run = stage.pass().await;
    run.exits(0);
    assert_eq!(stage.held("opsGenieAlert").len(), 2, "what the peer wrote is ours");
    assert_eq!(integration(&stage).expect("it is there")["config"], mapping);
    let patched = patches(&stage);
    assert_eq!(patched.len(), 1, "{patched:?}");
    assert_eq!(
        (&patched[0]["version"], &patched[0]["processingMode"]),
        (&json!(env!("CARGO_PKG_VERSION")), &json!("ocean-core"))
    );
    // And nothing more the next time.
    stage.pass().await.exits(0);
    assert_eq!(patches(&stage).len(), 1);
}

#[tokio::test]
async fn an_integration_that_cannot_be_read_is_not_taken_for_absent() {
    let stage = Stage::with_alerts(1).await;
    stage.sandbox.catalog().fault(Fault::always(On::get("/v1/integration/*"), Effect::status(500)));
    stage.pass().await.exits(75);
    assert_eq!(stage.sandbox.catalog().counts().of("POST /v1/integration"), 0);
}

#[tokio::test]
async fn an_integration_whose_creation_was_not_heard_of_is_found_again() {
    let stage = Stage::with_alerts(1).await;
    stage.sandbox.catalog().fault(Fault::first(1, On::post("/v1/integration"), Effect::LoseAnswer));
    stage.pass().await.exits(0);
    assert_eq!(integration(&stage).expect("it was created")["arePortResourcesInitialized"], true);
}

#[tokio::test]
async fn an_empty_origin_is_given_nothing() {
    let mut stage = Stage::with_alerts(1).await;
    stage.set("OCEAN__CREATE_PORT_RESOURCES_ORIGIN", "Empty");
    let run = stage.pass().await;
    run.exits(0);
    assert_eq!(blueprints(&stage), [""; 0]);
    assert_eq!(integration(&stage).expect("it was created")["config"]["resources"], json!([]));
    assert_eq!(stage.sandbox.opsgenie().counts().calls, 0, "nothing is mapped, so nothing is fetched");
}

#[tokio::test]
async fn a_state_that_cannot_be_told_holds_nobody_up() {
    let stage = Stage::with_alerts(1).await;
    let on = On::patch("/v1/integration/*/resync-state");
    stage.sandbox.catalog().fault(Fault { on, times: Times::Always, what: Effect::status(422) });
    let run = stage.pass().await;
    run.exits(0);
    assert!(run.stderr.contains("WARN"), "{}", run.stderr);
    assert_eq!(stage.held("opsGenieAlert").len(), 1);
}

#[tokio::test]
async fn two_that_start_at_once_do_not_undo_each_other() {
    let stage = Stage::seeded().await;
    let [one, other] = [stage.begin(&["--output", "json"]), stage.begin(&["--output", "json"])];
    stage.end(one).await.exits(0);
    stage.end(other).await.exits(0);
    assert_eq!((blueprints(&stage).len(), stage.contents().len()), (3, 79));
    assert_eq!(integration(&stage).expect("it was created")["arePortResourcesInitialized"], true);
    stage.later();
    let run = stage.pass().await;
    run.exits(0);
    assert_eq!(run.counts("alert", ["unchanged"]), [60]);
}

/// A catalog that makes defaults itself: a mapping after so many reads of the integration, and a blueprint.
async fn provisioning(after: u32) -> Stage {
    let mut stage = Stage::with_alerts(1).await;
    stage.sandbox.catalog().with(|catalog| {
        catalog.manners.provision_enabled = vec!["opsgenie".to_owned()];
        catalog.manners.feature_flags = vec!["USE_PROVISIONED_DEFAULTS".to_owned()];
        catalog.manners.provisioned_config = Some(plain_mapping(&[("alert", "theirs")]));
        catalog.manners.provisioned_after = after;
        catalog.seed_blueprint(&crate::support::plain_blueprint("theirs"));
    });
    stage.set("OCEAN__CREATE_PORT_RESOURCES_ORIGIN", "Port");
    stage
}

#[tokio::test]
async fn defaults_that_the_catalog_makes_are_waited_for_and_taken() {
    let stage = provisioning(0).await;
    stage.pass().await.exits(0);
    assert_eq!(stage.held("theirs").len(), 1);
    assert_eq!(blueprints(&stage), ["theirs"], "none of ours is made");
    let stored = integration(&stage).expect("it was created");
    assert_eq!(stored["createPortResourcesOrigin"], "Port");
    assert_eq!(stored["arePortResourcesInitialized"], true);
    let created = stage.sandbox.catalog().requests_on(&On::post("/v1/integration"));
    assert_eq!(created[0].param("integration_modes"), Some("create_resources"));
    assert_eq!(created[0].json()["config"], json!({}));
    // The next start asks nobody for defaults.
    stage.sandbox.catalog().forget();
    stage.pass().await.exits(0);
    assert_eq!(stage.sandbox.catalog().counts().of("GET /v1/integration/provision-enabled"), 0);
}

#[tokio::test]
async fn defaults_that_do_not_come_in_time_are_waited_for_again() {
    let stage = provisioning(5).await;
    let run = stage.pass().await;
    run.exits(75);
    insta::assert_snapshot!(run.causes(), @"unavailable: the catalog has not yet made blueprints and mapping for integration `my-og`, as OCEAN__CREATE_PORT_RESOURCES_ORIGIN `Port` asks; run it again later, or edit the mapping in the catalog");
    assert_eq!(stage.sandbox.opsgenie().counts().calls, 0);
    assert_ne!(integration(&stage).expect("it was created")["arePortResourcesInitialized"], true);
    // Neither does a plan know them.
    stage.run(&["plan", "--output", "json"]).await.exits(75);
    stage.sandbox.catalog().with(|catalog| catalog.manners.provisioned_after = 0);
    while stage.pass().await.code == 75 {}
    assert_eq!(stage.held("theirs").len(), 1);
    assert_eq!(stage.sandbox.catalog().requests_on(&On::post("/v1/integration")).len(), 1);
}

#[tokio::test]
async fn a_catalog_that_makes_no_defaults_is_given_ours() {
    for flags in [vec![], vec!["USE_PROVISIONED_DEFAULTS".to_owned()]] {
        let stage = provisioning(0).await;
        stage.sandbox.catalog().with(|catalog| {
            // Either the flag of the organization or the type is missing.
            if !flags.is_empty() {
                catalog.manners.provision_enabled.clear();
            }
            catalog.manners.feature_flags = flags;
        });
        stage.pass().await.exits(0);
        assert_eq!(stage.held("opsGenieAlert").len(), 1);
    }
}

/// However far it came: bare, related or completed.
#[tokio::test]
async fn a_set_up_that_fails_at_any_step_is_taken_back_and_done_by_the_next_start() {
    let steps = [
        ("the third is created", On::post("/v1/blueprints"), 3),
        ("the sixth is created", On::post("/v1/blueprints"), 6),
        ("the first is related", On::patch("/v1/blueprints/*"), 1),
        ("the last is completed", On::patch("/v1/blueprints/*"), 6),
    ];
    for (step, on, nth) in steps {
        for effect in [Effect::status(422), Effect::status(403)] {
            let mut stage = Stage::with_alerts(1).await;
            stage.set("OCEAN__RESOURCES_PRESET", "full");
            stage.sandbox.catalog().fault(Fault { on: on.clone(), times: Times::Nth(nth), what: effect });
            let run = stage.pass().await;
            assert_ne!(run.code, 0, "{step}: {}", run.stdout);
            assert_eq!(blueprints(&stage), [""; 0], "{step}");
            assert_eq!(stage.states(), [""; 0], "{step}");
            stage.pass().await.exits(0);
            assert_eq!(blueprints(&stage).len(), 6, "{step}");
        }
    }
}

#[tokio::test]
async fn actions_scorecards_and_pages_that_cannot_be_made_are_told_and_stop_nothing() {
    let all = ["/v1/actions", "/v1/blueprints/*/scorecards", "/v1/pages"];
    let effects = [Effect::status(500), Effect::status(403), Effect::status(422), Effect::Reset];
    for effect in effects {
        let mut stage = Stage::with_alerts(1).await;
        stage.set("OCEAN__RESOURCES_PATH", "own");
        stage.file("own/port-app-config.yaml", "resources: []\n");
        stage.file("own/blueprints.json", &json!([crate::support::plain_blueprint("a")]).to_string());
        let one = json!([{ "identifier": "one" }, { "identifier": "two" }]);
        stage.file("own/actions.json", &one.to_string());
        stage.file("own/pages.json", &one.to_string());
        stage.file("own/scorecards.json", &json!([{ "blueprint": "a", "data": one }]).to_string());
        for path in all {
            let first = |asked: &ocean_opsgenie::sandbox::Asked| {
                asked.json().is_ok_and(|body| body["identifier"] == "one")
            };
            stage.sandbox.catalog().fault(Fault::always(On::post(path).when(first), effect.clone()));
        }
        let run = stage.pass().await;
        run.exits(0);
        let told = |what: &str| run.stderr.contains(&format!("cannot create {what} `one`"));
        assert!(["action", "scorecard", "page"].into_iter().all(told), "{effect:?}: {}", run.stderr);
        let added = stage.sandbox.catalog().with(|catalog| catalog.additions().to_vec());
        assert_eq!(added.len(), 3, "{effect:?}: {added:?}");
        assert!(added.iter().all(|(_, body)| body["identifier"] == "two"), "{effect:?}: {added:?}");
        // As with the peer, the set-up counts as done.
        assert_eq!(integration(&stage).expect("it was created")["arePortResourcesInitialized"], true);
    }
}
