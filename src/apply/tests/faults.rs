//! What goes wrong on the way, and what the catalog holds afterwards.

use std::time::Duration;

use serde_json::json;

use super::stage::{Stage, account, alert, id, mapped_from, rules};
use crate::catalog::Meaning;
use crate::model::Kind;
use crate::sandbox::{BadIdentifier, Effect, Fault, On};

const BULK: &str = "/v1/blueprints/alert/entities/bulk";

/// A pass of 50 alerts with a fault on the alerts' bulk calls; how many are stored, refused and lost.
async fn with(fault: Fault) -> (usize, u64, u64, Stage) {
    on(Stage::new().await, fault).await
}

async fn on(stage: Stage, fault: Fault) -> (usize, u64, u64, Stage) {
    stage.sandbox.catalog().fault(fault);
    let written = stage.pass(&rules(), account(50)).await;
    assert_eq!(written.ledgers[&id("alert")].len(), 50, "whatever happens, it was produced");
    let counts = written.tally.kinds()[&Kind::Alert];
    assert_eq!(counts.created + counts.updated + counts.refused + counts.lost, 50, "{counts:?}");
    (stage.count("alert"), counts.refused, counts.lost, stage)
}

#[tokio::test]
async fn what_passes_by_itself_is_repeated() {
    for effect in [
        Effect::status(500),
        Effect::status(503),
        Effect::status_with(429, &[("Retry-After", "0")]),
        Effect::Reset,
        Effect::CutBody,
        Effect::LoseAnswer,
    ] {
        let name = format!("{effect:?}");
        let (stored, refused, lost, _) = with(Fault::first(1, On::post(BULK), effect)).await;
        assert_eq!((stored, refused, lost), (50, 0, 0), "{name}");
    }
}

#[tokio::test]
async fn a_silence_is_repeated_too() {
    let stage = Stage::with_stall(Duration::from_secs(1)).await;
    let (stored, refused, lost, _) = on(stage, Fault::first(1, On::post(BULK), Effect::Stall)).await;
    assert_eq!((stored, refused, lost), (50, 0, 0));
}

#[tokio::test]
async fn what_does_not_pass_loses_its_blueprint_and_no_other() {
    let (stored, refused, lost, stage) = with(Fault::always(On::post(BULK), Effect::status(503))).await;
    assert_eq!((stored, refused, lost), (0, 0, 50));
    assert_eq!((stage.count("service"), stage.count("team")), (1, 1));
}

#[tokio::test]
async fn answers_that_are_no_answers_are_refusals() {
    for effect in [Effect::Html, Effect::Malformed] {
        let name = format!("{effect:?}");
        let stage = Stage::new().await;
        stage.sandbox.catalog().fault(Fault::always(On::post(BULK), effect));
        let written = stage.pass(&rules(), account(50)).await;
        let refusals: Vec<_> = written.tally.refusals().collect();
        assert_eq!(refusals.len(), 1, "{name}");
        assert_eq!((refusals[0].count, refusals[0].meaning), (50, Meaning::Broken), "{name}");
        assert!(refusals[0].message.starts_with("the catalog's answer is not what was expected"), "{name}");
    }
}

#[tokio::test]
async fn a_token_that_ends_in_the_middle_is_renewed_once_for_all() {
    let (stored, refused, lost, stage) =
        with(Fault::first(1, On::post(BULK), Effect::ExpireCredentials)).await;
    assert_eq!((stored, refused, lost), (50, 0, 0));
    let tokens = stage.sandbox.catalog().requests_on(&On::post("/v1/auth/access_token"));
    assert_eq!(tokens.len(), 1);
}

#[tokio::test]
async fn credentials_that_are_taken_away_end_it() {
    let stage = Stage::new().await;
    let catalog = stage.sandbox.catalog();
    catalog.fault(Fault::first(1, On::post(BULK), Effect::ExpireCredentials));
    catalog.fault(Fault::always(On::post("/v1/auth/access_token"), Effect::status(401)));
    let written = stage.pass(&rules(), account(250)).await;
    assert_eq!(stage.count("alert"), 0);
    assert!(written.tally.refusals().all(|group| group.meaning == Meaning::Denied));
    assert!(stage.bulks().len() <= 2 + 6, "the calls on their way, and no others");
}

#[tokio::test]
async fn a_call_that_is_too_large_is_split() {
    let (stored, refused, lost, stage) = with(Fault::first(3, On::post(BULK), Effect::status(413))).await;
    assert_eq!((stored, refused, lost), (50, 0, 0));
    assert!(stage.bulks().len() > 5);
}

#[tokio::test]
async fn one_entity_that_is_too_large_is_refused_alone() {
    let stage = Stage::new().await;
    let mut pages = account(50);
    pages[0].1[7] = alert("a7", &"x".repeat(2 << 20));
    let written = stage.pass(&rules(), pages).await;
    assert_eq!(stage.count("alert"), 49);
    let refusals: Vec<_> = written.tally.refusals().collect();
    assert_eq!(refusals[0].examples[0].to_string(), "alert/a7");
    assert!(refusals[0].message.starts_with("the request is too large"), "{}", refusals[0].message);
}

#[tokio::test]
async fn bodies_end_at_a_mebibyte() {
    let stage = Stage::new().await;
    let mut pages = account(0);
    pages.push((Kind::Alert, (0..9).map(|n| alert(&format!("a{n}"), &"x".repeat(300 << 10))).collect()));
    let written = stage.pass(&rules(), pages).await;
    assert_eq!(written.tally.kinds()[&Kind::Alert].created, 9);
    assert_eq!(stage.bulk_order().iter().filter(|blueprint| *blueprint == "alert").count(), 3);
}

#[tokio::test]
async fn an_entity_that_spoils_a_whole_call_is_found() {
    let spoilt = On::post(BULK).when(|asked| String::from_utf8_lossy(&asked.body).contains("\"a13\""));
    let (stored, refused, lost, _) = with(Fault::always(spoilt, Effect::status(422))).await;
    assert_eq!((stored, refused, lost), (49, 1, 0));
}

#[tokio::test]
async fn a_catalog_that_accepts_nothing_is_not_split_for_ever() {
    let stage = Stage::new().await;
    stage.sandbox.catalog().fault(Fault::always(On::post(BULK), Effect::status(422)));
    let written = stage.pass(&rules(), account(1_000)).await;
    assert_eq!(written.tally.kinds()[&Kind::Alert].refused, 1_000);
    assert!(stage.bulks().len() < 50 + 10 * 39, "{}", stage.bulks().len());
}

#[tokio::test]
async fn refusals_of_single_entities_are_told_by_index() {
    let effect =
        Effect::bulk_errors(&["a3", "a4"], 422, "blueprint_schema_mismatch", "text must be a number");
    let stage = Stage::new().await;
    stage.sandbox.catalog().fault(Fault::always(On::post(BULK), effect));
    let written = stage.pass(&rules(), account(50)).await;
    assert_eq!(stage.count("alert"), 48);
    let refusals: Vec<_> = written.tally.refusals().collect();
    assert_eq!(refusals.len(), 1);
    assert_eq!(refusals[0].count, 2);
    assert_eq!(refusals[0].message, "text must be a number (blueprint_schema_mismatch)");
    assert_eq!(refusals[0].examples[1].to_string(), "alert/a4");
}

#[tokio::test]
async fn what_cannot_be_an_identifier_is_refused_here() {
    let stage = Stage::new().await;
    stage.sandbox.catalog().with(|state| state.manners.bad_identifier = BadIdentifier::WholeCall);
    let mut pages = account(50);
    pages[0].1[7] = alert("a 7", "x");
    let points = json!({
        "identifier": "a8", "blueprint": "alert", "title": "x", "relations": { "like": ["b#d"] },
    });
    pages[0].1[8] = mapped_from(1, Kind::Alert, "a8", &points);
    let written = stage.pass(&rules(), pages).await;
    assert_eq!(stage.count("alert"), 48);
    let messages: Vec<_> = written.tally.refusals().map(|group| group.message.clone()).collect();
    assert_eq!(
        messages,
        [
            "the identifier holds ' '; allowed are letters, digits and @ _ . + : \\ / = ' -",
            "relation `like`: `b#d` holds '#'; allowed are letters, digits and @ _ . + : \\ / = ' -",
        ]
    );
}

#[tokio::test]
async fn a_blueprint_that_cannot_be_compared_is_not_written_blindly() {
    let stage = Stage::new().await;
    let page = On::post("/v1/blueprints/alert/entities/search");
    stage.sandbox.catalog().fault(Fault::always(page, Effect::status(500)));
    let written = stage.pass(&rules(), account(50)).await;
    assert_eq!(written.tally.kinds()[&Kind::Alert].lost, 50);
    assert_eq!(written.broken[&id("alert")].meaning(), Meaning::Unavailable);
    assert!(written.ledgers[&id("alert")].produced("a1"), "it must not look stale");
    assert!(written.pointed.contains(&id("service"), "s1"), "nor what it points at");
    assert_eq!(stage.count("service"), 1);
}

#[tokio::test]
async fn a_blueprint_that_does_not_exist_refuses_its_own_entities() {
    let stage = Stage::new().await;
    stage.catalog.install(&[]).await.unwrap();
    let mut rules = rules();
    rules[1].target = crate::plan::Target::Fixed(id("nowhere"));
    let mut pages = account(0);
    let entity = json!({ "identifier": "a1", "blueprint": "nowhere", "title": "x" });
    pages.push((Kind::Alert, vec![mapped_from(1, Kind::Alert, "a1", &entity)]));
    let written = stage.pass(&rules, pages).await;
    let refusals: Vec<_> = written.tally.refusals().collect();
    insta::assert_snapshot!(refusals[0].message, @"cannot write to blueprint `nowhere`: it does not exist: create it, or let OCEAN__INITIALIZE_PORT_RESOURCES create the defaults");
    assert!(!written.pointed.is_anything(), "what does not exist points nowhere");
    assert_eq!(stage.count("service"), 1);
}

#[tokio::test]
async fn a_blueprint_that_cannot_be_read_may_point_at_anything() {
    let stage = Stage::new().await;
    stage.sandbox.catalog().fault(Fault::always(On::get("/v1/blueprints/alert"), Effect::status(500)));
    let written = stage.pass(&rules(), account(5)).await;
    assert_eq!(written.tally.kinds()[&Kind::Alert].lost, 5);
    assert!(written.pointed.is_anything());
}
