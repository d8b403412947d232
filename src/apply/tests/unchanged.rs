//! What is written, and above all what is not.

use serde_json::json;

use super::stage::{Stage, account, alert, id, mapped_from, rule, rules, service, team};
use crate::apply::{Counts, Keep, Mode};
use crate::catalog::{Merge, UpsertPolicy};
use crate::model::{Kind, Mapped};
use crate::sandbox::{LargePages, Nulls, Seeding};

#[tokio::test]
async fn a_fresh_catalog_is_filled_and_the_second_pass_writes_nothing() {
    let stage = Stage::new().await;
    let written = stage.pass(&rules(), account(250)).await;
    assert_eq!(written.tally.kinds()[&Kind::Alert], Counts { created: 250, ..Counts::default() });
    assert_eq!(written.tally.refusals().count(), 0);
    assert_eq!(stage.bulks().len(), 13 + 1 + 1, "twenty per call, filled across pages");
    assert_eq!(
        stage.stored("alert", "a7").unwrap(),
        json!({
            "identifier": "a7", "blueprint": "alert", "title": "a7", "team": [],
            "properties": { "text": "text", "since": "2026-03-01T12:00:00Z" },
            "relations": { "service": "s1", "like": [] },
        })
    );

    let written = stage.pass(&rules(), account(250)).await;
    assert_eq!(written.tally.kinds()[&Kind::Alert], Counts { unchanged: 250, ..Counts::default() });
    assert_eq!(stage.bulks().len(), 0);
    assert_eq!(written.ledgers[&id("alert")].len(), 250);
}

#[tokio::test]
async fn nulls_that_the_catalog_shows_are_no_difference_either() {
    let stage = Stage::new().await;
    stage.sandbox.catalog().with(|state| state.manners.nulls = Nulls::Kept);
    stage.pass(&rules(), account(3)).await;
    stage.pass(&rules(), account(3)).await;
    assert_eq!(stage.bulks().len(), 0);
}

#[tokio::test]
async fn only_what_differs_is_written() {
    let stage = Stage::new().await;
    stage.pass(&rules(), account(50)).await;
    let mut pages = account(50);
    pages[0].1[7] = alert("a7", "another text");
    // The same instant, spelled differently, is no difference.
    let other_zone = json!({
        "identifier": "a8", "blueprint": "alert", "title": "a8",
        "properties": { "text": "text", "since": "2026-03-01T14:00:00.000+02:00", "count": null },
        "relations": { "service": ["s1"], "like": null },
    });
    pages[0].1[8] = mapped_from(1, Kind::Alert, "a8", &other_zone);
    let written = stage.pass(&rules(), pages).await;
    assert_eq!(
        written.tally.kinds()[&Kind::Alert],
        Counts { updated: 1, unchanged: 49, ..Counts::default() }
    );
    assert_eq!(written.rewritten[&id("alert")], 1);
    assert_eq!(stage.bulks().len(), 1);
    assert_eq!(stage.stored("alert", "a7").unwrap()["properties"]["text"], "another text");
}

#[tokio::test]
async fn what_another_writer_wrote_is_compared_too() {
    let stage = Stage::new().await;
    stage.sandbox.catalog().with(|state| {
        state.seed_entity(&Seeding {
            entity: json!({
                "identifier": "t1", "blueprint": "team", "title": "t1",
                "properties": { "text": "x", "oncall": ["someone"] },
            }),
            datasource: "someone/else".to_owned(),
            updated_at: None,
        });
    });
    let written = stage.pass(&rules(), vec![(Kind::Team, vec![team("t1")])]).await;
    assert_eq!(written.tally.kinds()[&Kind::Team].unchanged, 1);
    assert_eq!(stage.bulks().len(), 0);
}

#[tokio::test]
async fn two_records_with_one_key_are_told_and_the_second_pass_writes_nothing() {
    let stage = Stage::new().await;
    let pages = || {
        let other = json!({
            "identifier": "A-B", "blueprint": "service", "title": "the other",
            "properties": { "text": "x" }, "relations": { "team": "t1" },
        });
        vec![
            (Kind::Service, vec![service("A-B", "t1"), service("s1", "t1")]),
            (Kind::Service, vec![mapped_from(0, Kind::Service, "A B", &other)]),
            (Kind::Team, vec![team("t1")]),
        ]
    };
    let written = stage.pass(&rules(), pages()).await;
    assert_eq!(stage.stored("service", "A-B").unwrap()["title"], "the other", "the last one wins");
    let (count, examples) = written.ledgers[&id("service")].collisions();
    assert_eq!(count, 1);
    assert_eq!(
        examples[0].to_string(),
        "`service/A-B` comes from service `A B` and from `A-B`; the last one wins"
    );
    for _ in 0..2 {
        let written = stage.pass(&rules(), pages()).await;
        let expected = Counts { unchanged: 2, merged: 1, ..Counts::default() };
        assert_eq!(written.tally.kinds()[&Kind::Service], expected);
        assert_eq!(stage.bulks().len(), 0);
    }
}

/// Teams and on-call schedules feed one blueprint; the later rule's title wins whoever comes first.
#[tokio::test]
async fn kinds_that_feed_one_blueprint_are_joined_per_key() {
    let rules = [
        rule(0, Kind::Team, "team", &["title", "properties.text"]),
        rule(1, Kind::ScheduleOncall, "team", &["title", "properties.oncall"]),
    ];
    let part = |rule, kind, title: &str, properties| {
        let entity = json!({
            "identifier": "t1", "blueprint": "team", "title": title, "properties": properties,
        });
        mapped_from(rule, kind, title, &entity)
    };
    let pages = || {
        vec![
            (Kind::ScheduleOncall, vec![part(1, Kind::ScheduleOncall, "later", json!({ "oncall": ["o"] }))]),
            (Kind::Team, vec![part(0, Kind::Team, "earlier", json!({ "text": "x" })), team("t2")]),
        ]
    };
    for merge in [Merge::Patch, Merge::Replace] {
        let mut stage = Stage::new().await;
        stage.policy = UpsertPolicy { merge, ..stage.policy };
        let written = stage.pass(&rules, pages()).await;
        assert_eq!(written.ledgers[&id("team")].collisions().0, 0);
        assert_eq!(stage.bulks().len(), 1);
        let stored = stage.stored("team", "t1").unwrap();
        assert_eq!(stored["title"], "later");
        assert_eq!(stored["properties"], json!({ "text": "x", "oncall": ["o"] }));
        stage.pass(&rules, pages()).await;
        assert_eq!(stage.bulks().len(), 0, "{merge:?}");
    }
}

#[tokio::test]
async fn a_catalog_without_large_pages_is_read_in_another_way() {
    let stage = Stage::new().await;
    stage.sandbox.catalog().with(|state| state.manners.large_pages = LargePages::Missing);
    stage.pass(&rules(), account(250)).await;
    let written = stage.pass(&rules(), account(250)).await;
    assert_eq!(written.tally.kinds()[&Kind::Alert].unchanged, 250);
    assert_eq!(stage.bulks().len(), 0);

    stage.sandbox.catalog().with(|state| {
        let stored = state.entity("team", "t1").expect("it was written");
        let datasource = "someone/else".to_owned();
        state.seed_entity(&Seeding { entity: stored.json(), datasource, updated_at: None });
    });
    let written = stage.pass(&rules(), account(250)).await;
    assert_eq!(written.tally.kinds()[&Kind::Team].unchanged, 1, "another writer owns it now");
    assert_eq!(stage.bulks().len(), 0);
}

#[tokio::test]
async fn a_rehearsal_counts_the_same_and_writes_nothing() {
    let mut stage = Stage::new().await;
    stage.mode = Mode::Rehearse(Keep::Samples);
    let rehearsed = stage.pass(&rules(), account(250)).await;
    assert_eq!(stage.bulks().len(), 0);
    assert_eq!(stage.count("alert"), 0);
    stage.mode = Mode::Write;
    let written = stage.pass(&rules(), account(250)).await;
    assert_eq!(rehearsed.tally.kinds(), written.tally.kinds());
}

#[tokio::test]
async fn an_entity_that_is_found_by_a_search_is_sent_and_never_compared() {
    let stage = Stage::new().await;
    stage.pass(&rules(), account(1)).await;
    let found = json!({
        "identifier": { "combinator": "and", "rules": [
            { "property": "$title", "operator": "=", "value": "t1" },
        ] },
        "blueprint": "team", "title": "t1", "properties": { "text": "found" },
    });
    let page = || vec![(Kind::Team, vec![mapped_from(2, Kind::Team, "r", &found)])];
    let written = stage.pass(&rules(), page()).await;
    assert_eq!(written.tally.kinds()[&Kind::Team].updated, 1, "{:?}", written.tally);
    assert_eq!(stage.stored("team", "t1").unwrap()["properties"]["text"], "found");
    assert!(written.searched().contains(&id("team")));
    stage.pass(&rules(), page()).await;
    assert_eq!(stage.bulks().len(), 1);
}

#[tokio::test]
async fn a_dynamic_rule_opens_the_blueprints_it_names() {
    let rules = [rule(0, Kind::Alert, "", &["title", "properties.text"])];
    let entity = |blueprint: &str, name: &str| -> Mapped {
        let entity = json!({
            "identifier": name, "blueprint": blueprint, "title": name, "properties": { "text": "x" },
        });
        mapped_from(0, Kind::Alert, name, &entity)
    };
    let stage = Stage::new().await;
    let pages = || {
        vec![
            (Kind::Alert, vec![entity("team", "t1"), entity("alert", "a1")]),
            (Kind::Alert, vec![entity("team", "t2"), entity("nowhere", "n1")]),
        ]
    };
    let written = stage.pass(&rules, pages()).await;
    assert_eq!((stage.count("team"), stage.count("alert")), (2, 1));
    assert_eq!(written.tally.kinds()[&Kind::Alert].refused, 1);
    assert!(written.broken.contains_key(&id("nowhere")));
    stage.pass(&rules, pages()).await;
    assert_eq!(stage.bulks().len(), 0);
}
