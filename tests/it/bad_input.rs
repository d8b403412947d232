//! What goes wrong on either side, or in what the program was given: the exit code, what is told, and that the catalog
//! holds what it should afterwards.

use std::time::Instant;

use ocean_opsgenie::sandbox::{Access, Area, Effect, Fault, On, Times, World, text};
use serde_json::{Value, json};

use crate::support::{Run, Stage, alert_id, plain_blueprint, plain_mapping};

const BULK: &str = "/v1/blueprints/*/entities/bulk";
/// Shaped like a key, and nobody's.
const OTHER_KEY: &str = "00000000-0000-4000-8000-000000000000";

/// A stage after a good pass, and what the catalog holds by then, times included.
async fn settled() -> (Stage, Vec<ocean_opsgenie::sandbox::Entity>) {
    let stage = Stage::seeded().await;
    stage.pass().await.exits(0);
    stage.later();
    stage.sandbox.catalog().forget();
    stage.sandbox.opsgenie().forget();
    let held = stage.sandbox.catalog().all_entities();
    (stage, held)
}

/// The states of the second pass.
fn later_states(stage: &Stage) -> Vec<String> {
    stage.states().split_off(2)
}

#[tokio::test]
async fn a_wrong_key() {
    let (mut stage, held) = settled().await;
    stage.set("OCEAN__INTEGRATION__CONFIG__API_TOKEN", OTHER_KEY);
    let run = stage.pass().await;
    run.exits(3);
    insta::assert_snapshot!(run.causes().lines().next().unwrap_or_default(), @"permission: Opsgenie refused the API key (Could not authenticate); check the key, that its integration is on, and its region (US or EU)");
    assert!(run.stderr.contains("Opsgenie refused the API key"), "{}", run.stderr);
    assert!(!run.stderr.contains(OTHER_KEY) && !run.stdout.contains(OTHER_KEY));
    assert_eq!(stage.sandbox.catalog().all_entities(), held);
    assert_eq!(later_states(&stage), ["running", "failed"]);
    // A key that is refused is not tried again and again.
    let most = stage.sandbox.opsgenie().counts().by_route.into_values().max();
    assert_eq!(most, Some(1));
}

#[tokio::test]
async fn a_key_of_the_wrong_form() {
    let (mut stage, held) = settled().await;
    stage.set("OCEAN__INTEGRATION__CONFIG__API_TOKEN", "not-a-key");
    let run = stage.pass().await;
    run.exits(3);
    assert!(run.causes().contains("wrong format"), "{}", run.causes());
    assert!(!run.stderr.contains("not-a-key") && !run.stdout.contains("not-a-key"));
    assert_eq!(stage.sandbox.catalog().all_entities(), held);
    assert_eq!(later_states(&stage), ["running", "failed"]);
}

#[tokio::test]
async fn a_wrong_client_secret() {
    let mut stage = Stage::seeded().await;
    stage.set("OCEAN__PORT__CLIENT_SECRET", "wrong-secret");
    let run = stage.pass().await;
    run.exits(3);
    insta::assert_snapshot!(run.causes(), @"permission: cannot read integration `my-og`: the client id and secret are not accepted: Invalid credentials, please check your clientId and clientSecret (invalid_credentials); check OCEAN__PORT__CLIENT_ID, OCEAN__PORT__CLIENT_SECRET and the region in OCEAN__PORT__BASE_URL");
    assert!(!run.stderr.contains("wrong-secret") && !run.stdout.contains("wrong-secret"));
    assert_eq!(stage.sandbox.catalog().counts().calls, 1, "it is not tried again");
    assert_eq!(stage.sandbox.opsgenie().counts().calls, 0);
    assert!(stage.sandbox.catalog().with(|catalog| catalog.integration("my-og").is_none()));
}

/// The alerts failed, everything else is as it should be.
#[track_caller]
fn only_alerts_failed(stage: &Stage, run: &Run, held: &[ocean_opsgenie::sandbox::Entity]) {
    run.exits(4);
    assert_eq!(run.kind("alert")["verdict"], "incomplete");
    assert_eq!(run.kind("service")["verdict"], "complete");
    assert_eq!(run.counts("service", ["listed", "unchanged"]), [9, 9]);
    assert_eq!(stage.sandbox.catalog().all_entities(), held);
    assert_eq!(later_states(stage), ["running", "failed"]);
    assert!(run.causes().contains("alert: "), "{}", run.causes());
}

#[tokio::test]
async fn a_page_of_html_instead_of_alerts() {
    let (stage, held) = settled().await;
    stage.sandbox.opsgenie().fault(Fault::always(On::get("/v2/alerts"), Effect::Html));
    let run = stage.pass().await;
    only_alerts_failed(&stage, &run, &held);
    assert!(run.stderr.contains("<!doctype html>"), "{}", run.stderr);
}

#[tokio::test]
async fn pages_of_html_instead_of_an_account() {
    let (stage, held) = settled().await;
    stage.sandbox.opsgenie().fault(Fault::always(On::any(), Effect::Html));
    let run = stage.pass().await;
    run.exits(4);
    assert_eq!(stage.sandbox.catalog().all_entities(), held);
}

#[tokio::test]
async fn pages_of_html_instead_of_a_catalog() {
    let stage = Stage::seeded().await;
    stage.sandbox.catalog().fault(Fault::always(On::any(), Effect::Html));
    let run = stage.pass().await;
    run.exits(1);
    insta::assert_snapshot!(run.causes(), @"unexpected: cannot read integration `my-og`: the answer is not what was expected: it is an HTML page, not JSON");
    assert_eq!(stage.sandbox.opsgenie().counts().calls, 0);
}

#[tokio::test]
async fn a_page_of_html_instead_of_a_bulk_answer() {
    let stage = Stage::seeded().await;
    stage.sandbox.catalog().fault(Fault { on: On::post(BULK), times: Times::Nth(2), what: Effect::Html });
    let run = stage.pass().await;
    run.exits(1);
    assert_eq!(stage.states(), ["running", "failed"]);
    // The next pass mends it.
    stage.sandbox.catalog().mend_all();
    stage.pass().await.exits(0);
    assert_eq!(stage.sandbox.catalog().all_entities().len(), 79);
}

#[tokio::test]
async fn an_answer_that_is_cut_once_is_asked_for_again() {
    let stage = Stage::seeded().await;
    stage.sandbox.opsgenie().fault(Fault::first(1, On::get("/v2/alerts"), Effect::CutBody));
    stage.sandbox.catalog().fault(Fault::first(1, On::post(BULK), Effect::CutBody));
    let run = stage.pass().await;
    run.exits(0);
    assert_eq!(run.report["opsgenie"]["retries"], 1);
    assert_eq!(run.report["catalog"]["retries"], 1);
    assert_eq!(stage.sandbox.catalog().all_entities().len(), 79);
}

#[tokio::test]
async fn an_answer_that_is_cut_for_ever() {
    let (stage, held) = settled().await;
    stage.sandbox.opsgenie().fault(Fault::always(On::get("/v2/alerts"), Effect::CutBody));
    let run = stage.pass().await;
    only_alerts_failed(&stage, &run, &held);
}

#[tokio::test]
async fn json_that_is_none() {
    let (stage, held) = settled().await;
    stage.sandbox.opsgenie().fault(Fault::always(On::get("/v2/alerts"), Effect::Malformed));
    let run = stage.pass().await;
    only_alerts_failed(&stage, &run, &held);
}

#[tokio::test]
async fn json_of_another_shape() {
    for body in
        ["[]", "null", "{}", r#"{"data":{}}"#, r#"{"data":[1,null,"x",[]]}"#, r#"{"data":[{"id":7}]}"#]
    {
        let (stage, held) = settled().await;
        let what = Effect::Status { status: 200, headers: Vec::new(), body: Some(body.to_owned()) };
        stage.sandbox.opsgenie().fault(Fault::always(On::get("/v2/alerts"), what));
        let run = stage.pass().await;
        assert_eq!(run.code, 4, "{body}: {}", run.stderr);
        only_alerts_failed(&stage, &run, &held);
    }
}

#[tokio::test]
async fn a_lookup_that_fails_leaves_its_field_as_it_is_and_its_kind_degraded() {
    let (stage, held) = settled().await;
    stage.sandbox.opsgenie().fault(Fault::always(On::get("/v2/teams/*"), Effect::Html));
    let run = stage.pass().await;
    run.exits(4);
    assert_eq!(run.kind("service")["verdict"], "degraded");
    assert_eq!(run.kind("alert")["verdict"], "complete");
    assert!(run.causes().contains("`__team`"), "{}", run.causes());
    // What could not be looked up is not overwritten with nothing.
    assert_eq!(stage.sandbox.catalog().all_entities(), held);
}

/// One call of `side` is told to wait a second and comes back after it.
async fn waits(source: Option<Effect>, catalog: Option<Effect>) {
    let stage = Stage::with_alerts(1).await;
    let (in_source, in_catalog) = (source.is_some(), catalog.is_some());
    if let Some(effect) = source {
        stage.sandbox.opsgenie().fault(Fault::first(1, On::get("/v2/alerts"), effect));
    }
    if let Some(effect) = catalog {
        stage.sandbox.catalog().fault(Fault::first(1, On::post(BULK), effect));
    }
    let mut stage = stage;
    stage.set("OCEAN__RETRY_BUDGET", "5");
    let begin = Instant::now();
    let run = stage.pass().await;
    run.exits(0);
    assert!(begin.elapsed().as_secs_f64() >= 1.0);
    for (side, asked) in [("opsgenie", in_source), ("catalog", in_catalog)] {
        assert_eq!(run.report[side]["retries"], u64::from(asked), "{side}");
        assert_eq!(run.report[side]["waitedSeconds"].as_f64() >= Some(1.0), asked, "{side}");
    }
    assert_eq!(stage.held("opsGenieAlert"), [alert_id(0)]);
}

#[tokio::test]
async fn throttled_by_a_period() {
    waits(Some(Effect::throttled(1)), None).await;
}

#[tokio::test]
async fn throttled_until_a_reset() {
    waits(None, Some(Effect::throttled_until_reset(1))).await;
}

#[tokio::test]
async fn told_when_to_come_back() {
    let effect = || Some(Effect::status_with(503, &[("Retry-After", "1")]));
    waits(effect(), effect()).await;
}

#[tokio::test]
async fn throttled_for_ever() {
    let (stage, held) = settled().await;
    stage.sandbox.opsgenie().fault(Fault::always(On::get("/v2/alerts"), Effect::throttled(1)));
    let run = stage.pass().await;
    only_alerts_failed(&stage, &run, &held);
}

#[tokio::test]
async fn a_failure_that_passes() {
    let stage = Stage::seeded().await;
    for status in [500, 502, 503, 504] {
        stage.sandbox.opsgenie().fault(Fault::first(1, On::get("/v1/services"), Effect::status(status)));
    }
    stage.sandbox.catalog().fault(Fault::first(1, On::any(), Effect::status(500)));
    stage.sandbox.catalog().fault(Fault::first(1, On::post(BULK), Effect::status(502)));
    let mut stage = stage;
    stage.set("OCEAN__RETRY_BUDGET", "10");
    let run = stage.pass().await;
    run.exits(0);
    assert_eq!(run.report["opsgenie"]["retries"], 1, "the four strike together");
    assert_eq!(run.report["catalog"]["retries"], 2);
    assert_eq!(stage.sandbox.catalog().all_entities().len(), 79);
}

#[tokio::test]
async fn a_listing_that_fails_for_ever() {
    let (stage, held) = settled().await;
    stage.sandbox.opsgenie().fault(Fault::always(On::get("/v2/alerts"), Effect::status(500)));
    let run = stage.pass().await;
    only_alerts_failed(&stage, &run, &held);
}

#[tokio::test]
async fn a_later_page_that_fails_for_ever() {
    let stage = Stage::of(World::generated(ocean_opsgenie::sandbox::Size {
        alerts: 350,
        incidents: 0,
        services: 0,
        users: 0,
        teams: 0,
    }))
    .await;
    stage.mapping(&plain_mapping(&[("alert", "a")]), &[plain_blueprint("a")]);
    stage.entity(crate::support::OURS, json!({ "blueprint": "a", "identifier": "stale" }));
    let on = On::get("/v2/alerts").when(|asked| asked.param("offset").is_some_and(|offset| offset != "0"));
    stage.sandbox.opsgenie().fault(Fault::always(on, Effect::status(500)));
    let run = stage.pass().await;
    run.exits(4);
    let held = stage.held("a");
    assert!((100..350).contains(&held.len()), "what was seen is written: {}", held.len());
    assert!(held.contains(&"stale".to_owned()));
    assert_eq!(stage.states(), ["running", "failed"]);
}

#[tokio::test]
async fn a_source_that_is_away() {
    let (stage, held) = settled().await;
    stage.sandbox.opsgenie().fault(Fault::always(On::any(), Effect::status(503)));
    let run = stage.pass().await;
    run.exits(75);
    assert_eq!(stage.sandbox.catalog().all_entities(), held);
    assert_eq!(later_states(&stage), ["running", "failed"]);
}

#[tokio::test]
async fn a_source_where_nobody_listens() {
    let mut stage = Stage::with_alerts(1).await;
    stage.set("OCEAN__INTEGRATION__CONFIG__API_URL", "http://127.0.0.1:1");
    let run = stage.pass().await;
    run.exits(75);
    assert!(run.causes().contains("127.0.0.1:1"), "{}", run.causes());
}

#[tokio::test]
async fn a_catalog_that_is_away() {
    let stage = Stage::seeded().await;
    stage.sandbox.catalog().fault(Fault::always(On::any(), Effect::status(500)));
    let run = stage.pass().await;
    run.exits(75);
    assert_eq!(stage.sandbox.opsgenie().counts().calls, 0);
}

#[tokio::test]
async fn a_catalog_that_takes_no_entities() {
    let (stage, held) = settled().await;
    let id = alert_id(0);
    stage.sandbox.opsgenie().world(|world| world.alert_mut(&id).expect("it is there").message = text("new"));
    stage.sandbox.catalog().fault(Fault::always(On::post(BULK), Effect::status(503)));
    let run = stage.pass().await;
    run.exits(75);
    assert_eq!(stage.sandbox.catalog().all_entities(), held);
    assert_eq!(later_states(&stage), ["running", "failed"]);
}

#[tokio::test]
async fn a_plan_without_incidents() {
    let (stage, held) = settled().await;
    stage.sandbox.opsgenie().with(|account| account.rights.set(Area::Incidents, Access::NotInPlan));
    let run = stage.pass().await;
    run.exits(0);
    assert_eq!(run.kind("incident")["verdict"], "incomplete");
    assert_eq!(run.counts("alert", ["listed"]), [60]);
    assert!(run.warnings().contains("incident"), "a notice: {}", run.warnings());
    assert_eq!(stage.sandbox.catalog().all_entities(), held);
    assert_eq!(later_states(&stage), ["running", "completed"]);
}

#[tokio::test]
async fn a_key_without_a_right() {
    let (mut stage, held) = settled().await;
    stage.set("OCEAN__RESOURCES_PRESET", "full");
    stage.sandbox.opsgenie().with(|account| account.rights.set(Area::Services, Access::Forbidden));
    let gone = alert_id(5);
    stage.sandbox.opsgenie().world(|world| world.delete_alert(&gone));
    let run = stage.pass().await;
    run.exits(3);
    assert_eq!(run.kind("service")["verdict"], "incomplete");
    assert_eq!(run.counts("alert", ["listed"]), [59], "the other kinds are done");
    assert!(run.causes().contains("Configuration access"), "{}", run.causes());
    let mut expected = held;
    expected.retain(|entity| entity.identifier != gone);
    assert_eq!(stage.sandbox.catalog().all_entities(), expected);
}

#[tokio::test]
async fn entities_that_are_refused() {
    let stage = Stage::seeded().await;
    let refused = [alert_id(2), alert_id(9)];
    let what = Effect::bulk_errors(
        &[&refused[0], &refused[1]],
        422,
        "blueprint_schema_mismatch",
        "\"status\" is none of them",
    );
    stage.sandbox.catalog().fault(Fault::always(On::post(BULK), what));
    let run = stage.pass().await;
    run.exits(5);
    assert_eq!(run.counts("alert", ["mapped", "created", "refused"]), [60, 58, 2]);
    assert_eq!(stage.sandbox.catalog().all_entities().len(), 77);
    let refusal = &run.report["refusals"][0];
    assert_eq!(refusal["count"], 2);
    assert!(
        refusal["message"].as_str().is_some_and(|message| message.contains("is none of them")),
        "{refusal}"
    );
    assert_eq!(stage.states(), ["running", "completed"]);
}

#[tokio::test]
async fn entities_that_are_refused_are_not_deleted() {
    let (stage, held) = settled().await;
    let id = alert_id(2);
    stage.sandbox.opsgenie().world(|world| world.alert_mut(&id).expect("it is there").message = text("new"));
    let what = Effect::bulk_errors(&[&id], 422, "blueprint_schema_mismatch", "no");
    stage.sandbox.catalog().fault(Fault::always(On::post(BULK), what));
    stage.pass().await.exits(5);
    assert_eq!(stage.sandbox.catalog().all_entities(), held);
}

#[tokio::test]
async fn a_bulk_that_is_too_large_is_taken_apart() {
    let stage = Stage::seeded().await;
    stage.sandbox.catalog().fault(Fault::first(2, On::post(BULK), Effect::status(413)));
    let run = stage.pass().await;
    run.exits(0);
    assert_eq!(stage.sandbox.catalog().all_entities().len(), 79);
}

#[tokio::test]
async fn large_entities_travel_in_small_company_and_one_too_large_is_refused() {
    let mut world = World::empty();
    world.alerts_mut().extend(World::seed().alerts().iter().take(8).cloned());
    for alert in world.alerts_mut() {
        alert.message = text(&"x".repeat(400_000));
    }
    let [huge, other] = [0, 1].map(alert_id);
    world.alert_mut(&huge).expect("it is there").message = text(&"y".repeat(1_200_000));
    let stage = Stage::of(world).await;
    stage.mapping(&plain_mapping(&[("alert", "a")]), &[plain_blueprint("a")]);
    let run = stage.pass().await;
    run.exits(5);
    let held = stage.held("a");
    assert_eq!(held.len(), 7);
    assert!(held.contains(&other) && !held.contains(&huge));
    let calls = stage.sandbox.catalog().requests_on(&On::post(BULK));
    let refused = calls.iter().filter(|call| call.status.is_none_or(|status| status != 200)).count();
    assert!(
        refused <= 1,
        "only the one that is too large alone may be too large: {refused} of {}",
        calls.len()
    );
}

#[tokio::test]
async fn a_token_that_expires_on_the_way() {
    let stage = Stage::seeded().await;
    let fault = Fault { on: On::post(BULK), times: Times::Nth(2), what: Effect::ExpireCredentials };
    stage.sandbox.catalog().fault(fault);
    stage.pass().await.exits(0);
    assert_eq!(stage.sandbox.catalog().all_entities().len(), 79);
    assert_eq!(stage.sandbox.catalog().with(|catalog| catalog.tokens_issued()), 2);
}

#[tokio::test]
async fn credentials_that_are_withdrawn_on_the_way() {
    let (stage, held) = settled().await;
    let gone = alert_id(5);
    stage.sandbox.opsgenie().world(|world| world.delete_alert(&gone));
    stage.sandbox.catalog().on_request(|asked, catalog| {
        if asked.path.ends_with("datasource-entities") {
            catalog.clients.clear();
        }
    });
    let fault =
        Fault::always(On::path("/v1/blueprints/entities/datasource-entities"), Effect::ExpireCredentials);
    stage.sandbox.catalog().fault(fault);
    let run = stage.pass().await;
    run.exits(3);
    assert_eq!(stage.sandbox.catalog().all_entities(), held);
}

/// A mapping with a fault in each of these places.
fn broken() -> Value {
    let mut mapping = plain_mapping(&[("alert", "a"), ("service", "a")]);
    mapping["resources"][0]["port"]["entity"]["mappings"]["title"] = json!(".message |");
    mapping["resources"][0]["port"]["entity"]["mappings"]["properties"] =
        json!({ "status": "if .status then 1", "fine": ".id", "unknown": ".status | nosuchfunction(1)" });
    mapping["resources"][1]["selector"]["query"] = json!("'yes'");
    mapping
}

#[tokio::test]
async fn a_mapping_that_does_not_compile() {
    let (stage, held) = settled().await;
    stage.mapping(&broken(), &[plain_blueprint("a")]);
    let run = stage.pass().await;
    run.exits(2);
    insta::assert_snapshot!(run.talk(), @r#"
    error: syntax error, unexpected end of file, expecting a term
      --> resource 1 (alert) · title
       |
     1 | .message |
       |           ^
    error: syntax error, unexpected end of file, expecting `end`
      --> resource 1 (alert) · properties.status
       |
     1 | if .status then 1
       |                  ^
    error: nosuchfunction/1 is not defined
      --> resource 1 (alert) · properties.unknown
       |
     1 | .status | nosuchfunction(1)
       |           ^^^^^^^^^^^^^^
    error: the selector always gives "yes", it must give true or false; write `"true"` for all
      --> resource 2 (service) · selector.query
       |
     1 | 'yes'
       | ^^^^^
    "#);
    assert_eq!(stage.sandbox.catalog().all_entities(), held);
    assert_eq!(stage.sandbox.opsgenie().counts().calls, 0);
    assert_eq!(later_states(&stage), ["running", "failed"]);
}

#[tokio::test]
async fn a_mapping_in_a_folder_that_does_not_compile() {
    let mut stage = Stage::with_alerts(1).await;
    stage.file("own/blueprints.json", &json!([plain_blueprint("a")]).to_string());
    let yaml = "\
resources:
  - kind: alert
    selector:
      query: .status ==
    port:
      entity:
        mappings:
          identifier: .id
          blueprint: '\"a\"'
          properties:
            status: >-
              .status |
              | ascii_upcase
";
    stage.file("own/port-app-config.yml", yaml);
    stage.set("OCEAN__RESOURCES_PATH", "own");
    let run = stage.pass().await;
    run.exits(2);
    insta::assert_snapshot!(run.talk(), @r#"
    error: syntax error, unexpected end of file, expecting a term
      --> own/port-app-config.yml:4:24
       |
     4 |       query: .status ==
       |                        ^
    error: syntax error, unexpected `|`, expecting a term
      --> own/port-app-config.yml:13:15
        |
     13 |               | ascii_upcase
        |               ^
    "#);
    let (integration, blueprints) =
        stage.sandbox.catalog().with(|catalog| (catalog.integration("my-og"), catalog.blueprints()));
    assert_eq!((integration, blueprints), (None, Vec::new()), "a broken mapping is given to nobody");
}

#[tokio::test]
async fn a_mapping_with_faults_of_form() {
    let (stage, held) = settled().await;
    let mut mapping = plain_mapping(&[("alrt", "a"), ("alert", "a")]);
    mapping["entityDeletionThreshold"] = json!(7);
    mapping["resources"][1]["selector"] = json!({ "query": 5 });
    mapping["resources"][1]["port"]["entity"]["mappings"]["identifier"] = Value::Null;
    stage.mapping(&mapping, &[]);
    let run = stage.pass().await;
    run.exits(2);
    insta::assert_snapshot!(run.talk(), @r#"
    error: `entityDeletionThreshold` must be a number from 0 to 1, not `7`
      --> entityDeletionThreshold
      hint: write 0.07 for 7 %
    error: the kind `alrt` does not exist
      --> resource 1 (alrt) · kind
      hint: did you mean `alert`?
    error: `identifier` is missing
      --> resource 2 (alert)
    error: the selector always gives 5, it must give true or false; write `"true"` for all
      --> resource 2 (alert) · selector.query
       |
     1 | 5
       | ^
    "#);
    assert_eq!(stage.sandbox.catalog().all_entities(), held);
}

#[tokio::test]
async fn an_empty_mapping() {
    let (stage, held) = settled().await;
    stage.sandbox.catalog().with(|catalog| catalog.seed_integration("my-og", &json!({ "config": {} })));
    let run = stage.pass().await;
    run.exits(2);
    insta::assert_snapshot!(run.causes(), @"configuration: the catalog holds no mapping for integration `my-og`; edit it there, or let OCEAN__INITIALIZE_PORT_RESOURCES give it the default one");
    assert_eq!(stage.sandbox.catalog().all_entities(), held);
}

#[tokio::test]
async fn a_mapping_without_resources_maps_nothing_and_deletes_by_ratio_only() {
    let (stage, held) = settled().await;
    stage.mapping(&json!({ "resources": [] }), &[]);
    let run = stage.pass().await;
    run.exits(6);
    assert_eq!(run.report["kinds"], json!([]));
    let alerts = |entities: &[ocean_opsgenie::sandbox::Entity]| {
        entities.iter().filter(|one| one.blueprint == "opsGenieAlert").count()
    };
    assert_eq!(alerts(&stage.sandbox.catalog().all_entities()), alerts(&held));
}

#[tokio::test]
async fn a_blueprint_that_nobody_knows() {
    let stage = Stage::seeded().await;
    stage.mapping(&plain_mapping(&[("alert", "nowhere"), ("service", "a")]), &[plain_blueprint("a")]);
    let run = stage.pass().await;
    run.exits(5);
    assert!(run.warnings().contains("nowhere"), "{}", run.warnings());
    assert_eq!(run.counts("alert", ["mapped", "created", "refused"]), [60, 0, 60]);
    assert_eq!(run.counts("service", ["created"]), [9]);
}
