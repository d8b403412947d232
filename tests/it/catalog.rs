//! A catalog that fails in parts: what is lost, what is told, what is tried again.

use ocean_opsgenie::sandbox::{Effect, Fault, LargePages, On};
use serde_json::json;

use crate::support::{OURS, Stage, alert_id, plain_blueprint, plain_mapping};

const BULK: &str = "/v1/blueprints/*/entities/bulk";

async fn with_stale() -> Stage {
    let stage = Stage::with_alerts(3).await;
    stage.mapping(&plain_mapping(&[("alert", "a")]), &[plain_blueprint("a")]);
    stage.entity(OURS, json!({ "blueprint": "a", "identifier": "stale" }));
    stage
}

#[tokio::test]
async fn a_write_whose_answer_was_lost_is_repeated_without_harm() {
    let stage = with_stale().await;
    stage.sandbox.catalog().fault(Fault::first(1, On::post(BULK), Effect::LoseAnswer));
    let run = stage.pass().await;
    run.exits(0);
    assert_eq!(stage.held("a").len(), 3);
    assert_eq!(run.report["catalog"]["retries"], 1);
}

#[tokio::test]
async fn a_deletion_whose_answer_was_lost_is_repeated_without_harm() {
    let stage = with_stale().await;
    let on = On::post("/v1/blueprints/*/bulk/entities/delete");
    stage.sandbox.catalog().fault(Fault::first(1, on, Effect::LoseAnswer));
    stage.pass().await.exits(0);
    assert_eq!(stage.held("a").len(), 3);
}

#[tokio::test]
async fn deletions_that_fail_are_told() {
    for (status, code) in [(500, 75), (403, 3), (422, 5)] {
        let stage = with_stale().await;
        let on = On::post("/v1/blueprints/*/bulk/entities/delete");
        stage.sandbox.catalog().fault(Fault::always(on, Effect::status(status)));
        let run = stage.pass().await;
        assert_eq!(run.code, code, "after {status}: {}\n{}", run.stdout, run.stderr);
        let (deleted, kept, reason) = run.deletion("a").expect("the report says so");
        assert_eq!((deleted, kept), (0, 1), "after {status}");
        assert!(!reason.is_empty(), "after {status}");
    }
}

#[tokio::test]
async fn an_inventory_that_cannot_be_read_deletes_nothing() {
    let inventory = || On::path("/v1/blueprints/entities/datasource-entities");
    for (effect, code) in [(Effect::status(500), 75), (Effect::Html, 1), (Effect::Malformed, 1)] {
        let stage = with_stale().await;
        stage.sandbox.catalog().fault(Fault::always(inventory(), effect));
        let run = stage.pass().await;
        run.exits(code);
        assert_eq!(stage.held("a").len(), 4);
        assert!(run.warnings().contains("nothing was deleted"), "{}", run.warnings());
    }
}

#[tokio::test]
async fn a_comparison_that_cannot_be_made_loses_nothing() {
    let stage = with_stale().await;
    let on = On::post("/v1/blueprints/a/entities/search");
    stage.sandbox.catalog().fault(Fault::always(on, Effect::status(500)));
    stage.sandbox.catalog().fault(Fault::always(On::post("/v1/entities/search"), Effect::status(500)));
    let run = stage.pass().await;
    assert_ne!(run.code, 0, "{}", run.stdout);
    // Either everything is written unseen or nothing is; the report says which.
    let held = stage.held("a").iter().filter(|id| *id != "stale").count() as u64;
    let [created, updated] = run.counts("alert", ["created", "updated"]);
    assert_eq!(created + updated, held, "{}", run.stdout);
}

#[tokio::test]
async fn a_catalog_without_large_pages_pages_on() {
    let stage = Stage::with_alerts(60).await;
    stage.sandbox.catalog().with(|catalog| catalog.manners.large_pages = LargePages::Missing);
    stage.mapping(&plain_mapping(&[("alert", "a")]), &[plain_blueprint("a")]);
    stage.pass().await.exits(0);
    stage.later();
    let gone = alert_id(4);
    stage.sandbox.opsgenie().world(|world| world.delete_alert(&gone));
    let run = stage.pass().await;
    run.exits(0);
    assert_eq!(run.counts("alert", ["unchanged"]), [59]);
    assert_eq!(run.deletion("a"), Some((1, 0, String::new())));
}

#[tokio::test]
async fn rights_that_are_missing_for_writes_are_a_matter_of_permission() {
    let stage = with_stale().await;
    stage.sandbox.catalog().fault(Fault::always(On::post(BULK), Effect::status(403)));
    let run = stage.pass().await;
    run.exits(3);
    assert_eq!(run.counts("alert", ["created", "refused"]), [0, 3]);
    assert_eq!(
        stage.sandbox.catalog().counts().of("POST /v1/blueprints/*/entities/bulk"),
        1,
        "once is enough"
    );
}

#[tokio::test]
async fn one_bulk_of_many_that_fails_leaves_the_others() {
    let stage = Stage::with_alerts(60).await;
    stage.mapping(&plain_mapping(&[("alert", "a")]), &[plain_blueprint("a")]);
    let first = alert_id(0);
    let on = On::post(BULK).when(move |asked| String::from_utf8_lossy(&asked.body).contains(&first));
    let fault = stage.sandbox.catalog().fault(Fault::always(on, Effect::status(503)));
    let run = stage.pass().await;
    run.exits(75);
    let held = stage.held("a").len();
    assert!((40..60).contains(&held), "{held}");
    let [created, refused] = run.counts("alert", ["created", "refused"]);
    assert_eq!((created, created + refused), (held as u64, 60), "{}", run.stdout);
    stage.sandbox.catalog().mend(fault);
    stage.pass().await.exits(0);
    assert_eq!(stage.held("a").len(), 60);
}
