//! What goes, and what stays.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use super::stage::{Stage, account, alert, id, rules, service, team};
use crate::apply::{Deleted, Written, delete, inventory};
use crate::model::{BlueprintId, Kind, Mapped, Verdict};
use crate::plan::deletion::{Decision, Feeder, Filter, Naming, Permission, Policy, Seen, decide};
use crate::sandbox::{Effect, Fault, On, Seeding, Touch};
use crate::state::Pins;

fn ago(minutes: i64) -> Timestamp {
    Timestamp::now() - SignedDuration::from_mins(minutes)
}

impl Stage {
    fn seed(&self, blueprint: &str, name: &str, stamp: &str, updated_at: Timestamp) {
        self.sandbox.catalog().with(|state| {
            state.seed_entity(&Seeding {
                entity: json!({ "identifier": name, "blueprint": blueprint, "title": name }),
                datasource: stamp.to_owned(),
                updated_at: Some(updated_at),
            });
        });
    }

    async fn decide(&self, before: Timestamp, written: &Written) -> BTreeMap<BlueprintId, Decision> {
        let inventory = inventory(&self.catalog, before, written, &Pins::default()).await.unwrap();
        let feeders: Vec<Feeder> = rules()
            .into_iter()
            .map(|rule| Feeder { rule, naming: Naming::Exact, filter: Filter::None })
            .collect();
        let seen = [Kind::Alert, Kind::Service, Kind::Team]
            .map(|kind| (kind, Seen { listed: 1, verdict: Verdict::Complete }));
        let policy = Policy { permission: Permission::Guarded, threshold: 0.9, allow_empty: BTreeSet::new() };
        decide(&inventory, &feeders, &BTreeMap::from(seen), &written.searched(), &policy)
    }

    /// A pass and what it deletes; a minute has passed since what was there before was written.
    async fn clean(&self, pages: Vec<(Kind, Vec<Mapped>)>) -> BTreeMap<BlueprintId, Deleted> {
        self.sandbox.catalog().with(|state| state.clock.advance(SignedDuration::from_mins(1)));
        self.catalog.organization().await.unwrap();
        let before = self.catalog.clock().expect("every answer has a date");
        let written = self.pass(&rules(), pages).await;
        let decisions = self.decide(before, &written).await;
        delete(&self.catalog, &decisions, &written.shapes, None).await
    }
}

const OURS: &str = "port-ocean/opsgenie/0.2.329/my-og/exporter";

#[tokio::test]
async fn what_the_source_no_longer_has_goes_and_nothing_else() {
    for touch in [Touch::OnChange, Touch::Always] {
        let stage = Stage::new().await;
        stage.sandbox.catalog().with(|state| state.manners.touch = touch);
        stage.pass(&rules(), account(30)).await;
        stage.seed("alert", "old", OURS, ago(60));
        stage.seed("alert", "theirs", "port-ocean/opsgenie/0.2.329/other-og/exporter", ago(60));
        stage.seed("alert", "by-hand", "some/one", ago(60));
        let deleted = stage.clean(account(25)).await;
        assert_eq!(deleted[&id("alert")].deleted.len(), 6);
        assert_eq!(stage.count("alert"), 25 + 2);
        assert!(stage.stored("alert", "old").is_none());
        assert!(stage.stored("alert", "theirs").is_some() && stage.stored("alert", "by-hand").is_some());
    }
}

#[tokio::test]
async fn what_changed_after_the_pass_began_stays() {
    let stage = Stage::new().await;
    stage.pass(&rules(), account(1)).await;
    stage.seed("alert", "just-now", OURS, Timestamp::now() + SignedDuration::from_mins(5));
    assert!(stage.clean(account(1)).await.is_empty());
    assert!(stage.stored("alert", "just-now").is_some());
}

#[tokio::test]
async fn a_bare_target_stays_as_long_as_something_points_at_it() {
    let stage = Stage::new().await;
    let pages =
        |team: &str| vec![(Kind::Service, vec![service("s1", team)]), (Kind::Alert, vec![alert("a1", "x")])];
    stage.pass(&rules(), pages("bare")).await;
    assert_eq!(stage.count("team"), 1, "the catalog made it bare, under our stamp");
    assert!(stage.clean(pages("bare")).await.is_empty());
    assert_eq!(stage.count("team"), 1, "the service that points at it is unchanged");
    let deleted = stage.clean(pages("other")).await;
    assert_eq!(deleted[&id("team")].deleted.len(), 1);
    assert!(stage.stored("team", "bare").is_none());
}

#[tokio::test]
async fn sources_go_before_their_targets() {
    let stage = Stage::new().await;
    let mut pages = account(1);
    pages.push((Kind::Team, vec![team("gone")]));
    pages.push((Kind::Service, vec![service("gone", "gone")]));
    stage.pass(&rules(), pages).await;
    let deleted = stage.clean(account(1)).await;
    assert_eq!((deleted[&id("service")].deleted.len(), deleted[&id("team")].deleted.len()), (1, 1));
    let calls = stage.sandbox.catalog().requests_on(&On::post("/v1/blueprints/*/bulk/entities/delete"));
    let order: Vec<&str> = calls.iter().map(|call| call.path.split('/').nth(3).unwrap()).collect();
    assert_eq!(order, ["service", "team"]);
    assert!(calls.iter().all(|call| call.param("delete_dependents") == Some("false")));
}

#[tokio::test]
async fn what_another_owner_depends_on_stays_and_holds_no_other_back() {
    let stage = Stage::new().await;
    let gone = |n: usize| team(&format!("gone{n}"));
    let mut pages = account(1);
    pages.push((Kind::Team, (0..9).map(gone).collect()));
    stage.pass(&rules(), pages).await;
    stage.sandbox.catalog().with(|state| {
        state.seed_entity(&Seeding {
            entity: json!({
                "identifier": "theirs", "blueprint": "service", "relations": { "team": "gone4" },
            }),
            datasource: "some/one".to_owned(),
            updated_at: Some(ago(60)),
        });
    });
    let deleted = stage.clean(account(1)).await;
    let deleted = &deleted[&id("team")];
    assert_eq!(deleted.deleted.len(), 8);
    assert_eq!(deleted.depended_on.len(), 1);
    assert_eq!(stage.count("team"), 2);
    assert!(stage.stored("service", "theirs").is_some());
}

#[tokio::test]
async fn a_deletion_that_fails_is_counted_as_kept() {
    let stage = Stage::new().await;
    stage.pass(&rules(), account(30)).await;
    stage
        .sandbox
        .catalog()
        .fault(Fault::always(On::post("/v1/blueprints/alert/bulk/entities/delete"), Effect::status(500)));
    let deleted = stage.clean(account(25)).await;
    assert_eq!((deleted[&id("alert")].deleted.len(), deleted[&id("alert")].failed), (0, 5));
    assert_eq!(stage.count("alert"), 30);
}

#[tokio::test]
async fn when_it_is_not_known_what_was_pointed_at_nothing_goes() {
    let stage = Stage::new().await;
    let mut pages = account(5);
    pages.push((Kind::Team, vec![team("gone")]));
    stage.pass(&rules(), pages).await;
    stage.sandbox.catalog().fault(Fault::always(On::get("/v1/blueprints/alert"), Effect::status(500)));
    assert!(stage.clean(account(5)).await.is_empty());
    assert_eq!(stage.count("team"), 2);
}

#[tokio::test]
async fn the_guards_hold_here_too() {
    let stage = Stage::new().await;
    stage.pass(&rules(), account(30)).await;
    let deleted = stage.clean(account(1)).await;
    assert!(deleted.is_empty());
    assert_eq!(stage.count("alert"), 30);
}
