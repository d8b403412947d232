//! An Opsgenie account that behaves as real ones do: limits, rights, rows that move while they are read.

use ocean_opsgenie::sandbox::{
    Access, Alert, AlertStatus, AllOnCalls, Area, Bucket, Effect, Fault, On, Size, World, text,
};
use serde_json::json;

use crate::expected;
use crate::support::{Stage, alert_id, plain_blueprint, plain_mapping};

#[tokio::test]
async fn addresses_may_end_with_a_slash() {
    let mut stage = Stage::seeded().await;
    let [source, catalog] = [stage.sandbox.opsgenie().url(), stage.sandbox.catalog().url()];
    stage.set("OCEAN__INTEGRATION__CONFIG__API_URL", &format!("{source}/"));
    stage.set("OCEAN__PORT__BASE_URL", &format!("{catalog}/"));
    stage.pass().await.exits(0);
    assert_eq!(stage.contents(), expected::classic(&World::seed()));
}

#[tokio::test]
async fn an_account_that_counts_calls_is_read_at_its_pace() {
    let mut stage = Stage::seeded().await;
    stage.set("OCEAN__RETRY_BUDGET", "30");
    let bucket = Bucket { per_second: 40.0, burst: 5.0, period_secs: 1 };
    stage.sandbox.opsgenie().with(|account| account.throttle.limit_all(bucket));
    let run = stage.pass().await;
    run.exits(0);
    assert_eq!(stage.contents(), expected::classic(&World::seed()));
    // Every call that is refused is made again, but for the question about the limits: that is a hint.
    let asked = stage.sandbox.opsgenie().counts().of("GET /v2/request-limits");
    assert!(asked <= 1);
    let refused = stage.sandbox.opsgenie().with(|account| account.throttle.refused);
    let retries = run.report["opsgenie"]["retries"].as_u64().expect("a number");
    assert!(retries == refused || retries + asked as u64 == refused, "{retries} of {refused}");
}

#[tokio::test]
async fn who_is_on_call_is_asked_schedule_by_schedule_where_all_at_once_is_not_answered() {
    for refusal in [AllOnCalls::Forbidden, AllOnCalls::Missing, AllOnCalls::EnabledOnly] {
        let stage = Stage::seeded().await;
        stage.sandbox.opsgenie().with(|account| account.all_on_calls = refusal);
        stage.pass().await.exits(0);
        assert_eq!(stage.contents(), expected::classic(&World::seed()), "{refusal:?}");
    }
    let stage = Stage::seeded().await;
    let left_out = World::seed().schedules[1].id.to_string();
    stage.sandbox.opsgenie().with(|account| account.on_calls_leave_out.insert(left_out));
    stage.pass().await.exits(0);
    assert_eq!(stage.contents(), expected::classic(&World::seed()));
    assert_eq!(stage.sandbox.opsgenie().counts().of("GET /v2/schedules/*/on-calls"), 1);
}

#[tokio::test]
async fn a_kind_that_does_not_exist_there_is_incomplete() {
    let stage = Stage::seeded().await;
    stage.sandbox.opsgenie().with(|account| account.rights.set(Area::Incidents, Access::Missing));
    let run = stage.pass().await;
    run.exits(4);
    assert_eq!(run.kind("incident")["verdict"], "incomplete");
    assert_eq!(run.counts("alert", ["listed", "created"]), [60, 60]);
}

#[tokio::test]
async fn what_a_mapping_never_reads_is_never_fetched() {
    let stage = Stage::seeded().await;
    stage.mapping(&plain_mapping(&[("service", "s")]), &[plain_blueprint("s")]);
    stage.pass().await.exits(0);
    let routes: Vec<_> = stage.sandbox.opsgenie().counts().by_route.into_keys().collect();
    assert_eq!(routes, ["GET /v1/services"]);
}

#[tokio::test]
async fn alerts_come_whole_where_that_is_asked_for_and_read() {
    let stage = Stage::with_alerts(30).await;
    let mut mapping = plain_mapping(&[("alert", "a")]);
    mapping["resources"][0]["selector"]["includeDetails"] = json!(true);
    stage.mapping(&mapping, &[plain_blueprint("a")]);
    stage.pass().await.exits(0);
    assert_eq!(stage.sandbox.opsgenie().counts().of("GET /v2/alerts/*"), 0, "nothing of it is read");
    mapping["resources"][0]["port"]["entity"]["mappings"]["properties"]["status"] = json!(".description");
    stage.mapping(&mapping, &[]);
    let run = stage.pass().await;
    run.exits(0);
    assert_eq!(stage.sandbox.opsgenie().counts().of("GET /v2/alerts/*"), 30);
    assert_eq!(run.counts("alert", ["listed", "enriched", "updated"]), [30, 30, 30]);
    let described = stage.sandbox.opsgenie().world(|world| world.alerts()[3].description.to_string());
    assert!(!described.is_empty());
    let key = ("a".to_owned(), alert_id(3));
    assert_eq!(stage.contents()[&key]["properties"]["status"], described);
    // What can no longer be read stays as it is, and what can is brought up to date.
    stage.sandbox.opsgenie().fault(Fault::always(On::get("/v2/alerts/*"), Effect::status(403)));
    stage.sandbox.opsgenie().world(|world| world.alerts_mut()[3].message = text("another message"));
    let run = stage.pass().await;
    run.exits(3);
    assert_eq!(run.kind("alert")["verdict"], "degraded");
    let entity = &stage.contents()[&key];
    assert_eq!(
        (&entity["properties"]["status"], &entity["title"]),
        (&json!(described), &json!("another message"))
    );
}

#[tokio::test]
async fn only_alerts_that_are_taken_are_read_one_by_one() {
    let stage = Stage::with_alerts(30).await;
    let is_open = |alert: &&Alert| alert.status == AlertStatus::Open;
    let open = stage.sandbox.opsgenie().world(|world| world.alerts().iter().filter(is_open).count()) as u64;
    assert!(open > 5 && open < 25, "{open}");
    let mut mapping = plain_mapping(&[("alert", "a")]);
    let resource = &mut mapping["resources"][0];
    resource["selector"]["includeDetails"] = json!(true);
    resource["port"]["entity"]["mappings"]["properties"]["status"] = json!(".description");
    let mut read = async |selectors: &[&str]| {
        let resource = &mapping["resources"][0].clone();
        let resources = selectors.iter().map(|selector| {
            let mut resource = resource.clone();
            resource["selector"]["query"] = json!(selector);
            resource
        });
        mapping["resources"] = resources.collect();
        stage.mapping(&mapping, &[plain_blueprint("a")]);
        stage.sandbox.opsgenie().forget();
        let run = stage.pass().await;
        run.exits(0);
        let calls = stage.sandbox.opsgenie().counts().of("GET /v2/alerts/*");
        (calls, run.counts("alert", ["mapped", "skipped"]))
    };
    let taken = [open, 30 - open];
    assert_eq!(read(&[".status == \"open\""]).await, (open, taken));
    let described = stage.contents();
    assert!(described.values().all(|entity| entity["properties"]["status"].is_string()));
    // A selector that may read what is not read yet needs all of them, and takes the same.
    assert_eq!(read(&["(.details | type) == \"object\" and .status == \"open\""]).await, (30, taken));
    assert_eq!(read(&["tojson | contains(\"\\\"status\\\":\\\"open\\\"\")"]).await, (30, taken));
    assert_eq!(stage.contents(), described);
    // One of several resources is enough.
    let (calls, [mapped, skipped]) = read(&["false", ".status == \"open\"", ".tinyId == \"4711\""]).await;
    assert!(calls >= open && calls <= open + 1, "{calls}");
    assert_eq!(mapped + skipped, 90);
}

fn alerts_only(alerts: u32) -> World {
    World::generated(Size { alerts, incidents: 0, services: 0, users: 0, teams: 0 })
}

#[tokio::test]
async fn rows_that_leave_the_listing_while_it_is_read_take_no_others_along() {
    let stage = Stage::of(alerts_only(450)).await;
    let mut mapping = plain_mapping(&[("alert", "a")]);
    mapping["resources"][0]["selector"]["apiQueryParams"] = json!({ "status": "open" });
    stage.mapping(&mapping, &[plain_blueprint("a")]);
    // With each page that is read, three of the oldest open alerts are closed: what follows moves up.
    stage.sandbox.opsgenie().on_request(|asked, account| {
        if asked.path == "/v2/alerts" {
            let mut open: Vec<_> = account
                .world
                .alerts()
                .iter()
                .filter(|alert| alert.status == AlertStatus::Open)
                .map(|alert| (alert.created_ms, alert.id.to_string()))
                .collect();
            open.sort();
            for (_, id) in open.iter().take(3) {
                account.world.close_alert(id, 1_793_600_000_000);
            }
        }
    });
    let run = stage.pass().await;
    assert!([0, 4].contains(&run.code), "{}\n{}", run.stdout, run.stderr);
    let held = stage.held("a");
    let open = stage.sandbox.opsgenie().world(|world| {
        let all = world.alerts().iter();
        let open = all.filter(|alert| alert.status == AlertStatus::Open);
        open.map(|alert| alert.id.to_string()).collect::<Vec<_>>()
    });
    let missed = open.iter().filter(|id| !held.contains(id)).count();
    assert!(open.len() > 50, "{}", open.len());
    assert!(missed == 0 || run.code == 4, "{missed} of {} were missed in silence", open.len());
}

#[tokio::test]
async fn rows_that_come_while_it_is_read_disturb_nothing() {
    let stage = Stage::of(alerts_only(250)).await;
    stage.mapping(&plain_mapping(&[("alert", "a")]), &[plain_blueprint("a")]);
    let before: Vec<String> =
        stage.sandbox.opsgenie().world(|world| world.alerts().iter().map(|one| one.id.to_string()).collect());
    let mut more = alerts_only(300).alerts()[250..].to_vec();
    stage.sandbox.opsgenie().on_request(move |asked, account| {
        if asked.path == "/v2/alerts"
            && let Some(mut new) = more.pop()
        {
            // Some stand at the end, some in the midst of what is being read.
            new.created_ms -= i64::try_from(more.len() % 2).unwrap_or(0) * 20_000_000;
            account.world.alerts_mut().push(new);
        }
    });
    let run = stage.pass().await;
    assert!([0, 4].contains(&run.code), "{}\n{}", run.stdout, run.stderr);
    let held = stage.held("a");
    let missed = before.iter().filter(|id| !held.contains(id)).count();
    assert_eq!(missed, 0);
}

#[tokio::test]
async fn a_page_that_comes_late_is_waited_for_and_one_that_never_comes_is_not() {
    let mut stage = Stage::with_alerts(2).await;
    stage.set("OCEAN__CLIENT_TIMEOUT", "1");
    let late = Effect::Slow(std::time::Duration::from_millis(300));
    let fault = stage.sandbox.opsgenie().fault(Fault::always(On::get("/v2/alerts"), late));
    stage.pass().await.exits(0);
    stage.sandbox.opsgenie().mend(fault);
    stage.set("OCEAN__RETRY_BUDGET", "0");
    stage.sandbox.opsgenie().fault(Fault::always(On::get("/v2/alerts"), Effect::Stall));
    stage.pass().await.exits(4);
}
