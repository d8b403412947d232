//! Targets before those that point at them.

use serde_json::json;

use super::stage::{Stage, account, alert, mapped_from, rules, service, team};
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
