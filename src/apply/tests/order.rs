//! Targets before those that point at them.

use serde_json::json;

use super::stage::{Stage, account, alert, id, mapped_from, rules, service, team};
use crate::catalog::{MissingTargets, UpsertPolicy};
use crate::model::Kind;

#[tokio::test]
async fn targets_are_written_first_whichever_kind_comes_first() {
    let stage = Stage::new().await;
    stage.pass(&rules(), account(30)).await;
    assert_eq!(stage.bulk_order(), ["team", "service", "alert", "alert"]);
}

#[tokio::test]
async fn more_alerts_than_may_wait_still_wait_for_their_service() {
    let stage = Stage::new().await;
    let written = stage.pass(&rules(), account(5_000)).await;
    assert_eq!(written.tally.kinds()[&Kind::Alert].created, 5_000);
    assert_eq!(stage.bulk_order()[..2], ["team", "service"]);
    assert_eq!(stage.bulks().len(), 2 + 250);
}

#[tokio::test]
async fn what_lacks_its_target_is_tried_again_whole() {
    let mut stage = Stage::new().await;
    stage.policy = UpsertPolicy { missing: MissingTargets::Refuse, ..stage.policy };
    // The first alert points at the last one, which is not there yet when its call is made.
    let like = |name: &str, other: &str| {
        let entity = json!({
            "identifier": name, "blueprint": "alert", "title": name,
            "properties": { "text": "whole" }, "relations": { "like": [other] },
        });
        mapped_from(1, Kind::Alert, name, &entity)
    };
    let mut page = vec![like("first", "last")];
    page.extend((0..40).map(|n| alert(&format!("a{n}"), "text")));
    page.push(like("last", "a1"));
    page.push(like("lost", "nobody"));
    let mut pages = account(0);
    pages.push((Kind::Alert, page));
    let written = stage.pass(&rules(), pages).await;
    let counts = written.tally.kinds()[&Kind::Alert];
    assert_eq!((counts.created, counts.refused), (42, 1), "{:?}", written.tally);
    assert_eq!(stage.stored("alert", "first").unwrap()["properties"]["text"], "whole");
    let refusals: Vec<_> = written.tally.refusals().collect();
    assert_eq!(refusals.len(), 1);
    assert_eq!(refusals[0].examples[0].to_string(), "alert/lost");
    assert_eq!(stage.stored("alert", "lost"), None, "what waits for nobody is refused whole");
}

#[tokio::test]
async fn what_points_at_others_of_its_blueprint_is_created_in_two_steps() {
    let stage = Stage::new().await;
    stage.sandbox.catalog().with(|catalog| {
        let datasource = "port-ocean/opsgenie/0.0.9/my-og/exporter".to_owned();
        let entity = json!({ "identifier": "old", "blueprint": "alert", "title": "old" });
        catalog.seed_entity(&crate::sandbox::Seeding { entity, datasource, updated_at: None });
    });
    let like = |name: &str, other: &str| {
        let entity = json!({
            "identifier": name, "blueprint": "alert", "title": name,
            "properties": { "text": "whole" }, "relations": { "like": [other] },
        });
        mapped_from(1, Kind::Alert, name, &entity)
    };
    // Each of them points at one that comes in a later call; the last one at something that nobody writes.
    let count = 100;
    let mut page: Vec<_> = (0..count).map(|n| like(&format!("a{n}"), &format!("a{}", n + 1))).collect();
    page.push(like("old", "a99"));
    let mut pages = account(0);
    pages.push((Kind::Alert, page));
    let written = stage.pass(&rules(), pages).await;
    let counts = written.tally.kinds()[&Kind::Alert];
    assert_eq!((counts.created, counts.updated, counts.refused), (count, 1, 0), "{:?}", written.tally);
    assert_eq!(written.rewritten[&id("alert")], 1);
    let created_as =
        |name: &str| stage.stored("alert", name).expect("it is there")["relations"]["like"].clone();
    assert_eq!(created_as("a0"), json!(["a1"]));
    assert_eq!(created_as("old"), json!(["a99"]));
    // Bare entities carry nothing; the one that nobody writes is the only one.
    let bare = (0..=count).filter(|n| {
        stage.stored("alert", &format!("a{n}")).is_some_and(|stored| stored["properties"]["text"] != "whole")
    });
    assert_eq!(bare.collect::<Vec<_>>(), [count]);
    // Nor was one made on the way: what is created is created with what it carries.
    for call in stage.bulks() {
        let first_step = call.json()["entities"]
            .as_array()
            .expect("entities")
            .iter()
            .all(|entity| entity["relations"].get("like").is_none());
        let all_there = call.json()["entities"]
            .as_array()
            .expect("entities")
            .iter()
            .all(|entity| entity["relations"].get("like").is_some());
        assert!(first_step || all_there, "steps are not mixed up");
    }
}

#[tokio::test]
async fn no_bare_entity_is_made_for_what_the_pass_writes_itself() {
    let stage = Stage::new().await;
    let pages = vec![
        (Kind::Alert, vec![alert("a1", "x")]),
        (Kind::Service, vec![service("s1", "t1")]),
        (Kind::Team, vec![team("t1")]),
    ];
    let written = stage.pass(&rules(), pages).await;
    for kind in [Kind::Alert, Kind::Service, Kind::Team] {
        assert_eq!(written.tally.kinds()[&kind].created, 1, "{kind} was there already");
    }
}
