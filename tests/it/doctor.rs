//! `doctor`: what it says to do about everything that may be amiss, with the exit code that a pass would have.

use std::fmt::Write as _;

use ocean_opsgenie::sandbox::{Access, Area, Effect, Fault, On, Sandbox};
use serde_json::{Value, json};

use crate::support::pages::fences;
use crate::support::{IDENTIFIER, Run, Stage, plain_blueprint, plain_mapping};

/// The seed account, with a catalog that a pass has set up.
async fn at_work() -> Stage {
    let stage = Stage::seeded().await;
    stage.pass().await.exits(0);
    stage
}

/// What is not as it should be, with what to do, and the last line.
async fn amiss(stage: &Stage, code: i32) -> String {
    let whole = run(stage, code).await;
    let mut out = String::new();
    let mut told = false;
    for line in whole.lines() {
        let is_advice = line.starts_with(' ');
        told = (is_advice && told) || (!is_advice && !line.starts_with("ok "));
        if told {
            let _infallible = writeln!(out, "{line}");
        }
    }
    out
}

/// All that it says; what differs from run to run is blotted out.
async fn run(stage: &Stage, code: i32) -> String {
    let written = writes(stage);
    let run = stage.run(&["doctor"]).await;
    assert_eq!(run.code, code, "{}\n{}", run.stdout, run.stderr);
    assert_eq!(writes(stage), written, "something was written");
    plain(stage, &run)
}

/// Everything but what depends on the day.
fn plain(stage: &Stage, run: &Run) -> String {
    let [source, catalog] = [stage.sandbox.opsgenie().url(), stage.sandbox.catalog().url()];
    let home = stage.directory.path().display().to_string();
    let text = run.stdout.replace(&source, "SOURCE").replace(&catalog, "CATALOG").replace(&home, "HOME");
    // How near the end is depends on the day; so does whether that is the one warning.
    let by_day =
        ["ends on 2027-04-05", "ended on 2027-04-05", "→ plan the move", "all is well", "a pass can run"];
    let lines = text.lines().filter(|line| !by_day.iter().any(|words| line.contains(words)));
    lines.collect::<Vec<_>>().join("\n")
}

/// How often the catalog was asked to change something.
fn writes(stage: &Stage) -> usize {
    let catalog = stage.sandbox.catalog();
    let all = catalog.requests_on(&On::any());
    let reads = |path: &str| {
        path.ends_with("/search") || path.ends_with("/access_token") || path.ends_with("/datasource-entities")
    };
    all.iter().filter(|call| call.method.as_str() != "GET" && !reads(&call.path)).count()
}

#[tokio::test]
async fn all_is_well() {
    let stage = at_work().await;
    insta::assert_snapshot!(run(&stage, 0).await, @"
    ok       settings         9 given, the others have their defaults; `config show` lists them
    ok       opsgenie         SOURCE knows the key: account `mytestaccount`, plan Enterprise
    ok       alert            can be read
    ok       incident         can be read
    ok       service          can be read
    ok       team             can be read
    ok       schedule         can be read; the mapping does not use it
    ok       schedule-oncall  can be read
    ok       user             can be read; the mapping does not use it
    ok       catalog          CATALOG knows the credentials: organization `Sandbox`
    ok       clock            agrees with the catalog's
    ok       mapping          3 resources of integration `my-og`
    ok       blueprints       3 blueprints take what the mapping makes
    ok       lookup           on   __team of service: read by resource 1 · properties.oncallTeam, resource 1 · properties.teamMembers
    ok       lookup           on   __oncalls of service: read by resource 1 · properties.oncallUsers
    ok       lookup           on   __incidents of service: read by resource 1 · properties.numOpenIncidents
    ok       lookup           on   __impactedServices of incident: read by resource 3 · relations.services
    ok       lookup           on   __relatedIncident of alert: read by resource 2 · relations.relatedIncident
    ok       lookup           off  details of alert: nothing in the mapping asks for it
    ");
}

#[tokio::test]
async fn before_the_first_pass_it_says_what_that_will_do() {
    let stage = Stage::seeded().await;
    let said = run(&stage, 0).await;
    let mapping: Vec<&str> = said.lines().filter(|line| line.contains("  mapping")).collect();
    insta::assert_snapshot!(mapping.join("\n"), @"ok       mapping          3 resources of integration `my-og`; the first pass will create the integration `my-og`, create blueprint `opsGenieService`, create blueprint `opsGenieIncident`, create blueprint `opsGenieAlert`, give the catalog the mapping");
}

#[tokio::test]
async fn a_wrong_opsgenie_key() {
    let mut stage = at_work().await;
    stage.set("OCEAN__INTEGRATION__CONFIG__API_TOKEN", "00000000-0000-0000-0000-000000000000");
    insta::assert_snapshot!(amiss(&stage, 3).await, @"
    fault    opsgenie    Opsgenie refused the API key (Could not authenticate); check the key, that its integration is on, and its region (US or EU)
                         → put the key of an API integration (Opsgenie: Settings, Integrations, API) into OCEAN__INTEGRATION__CONFIG__API_TOKEN
    skipped  kinds       not asked for, because Opsgenie does not let us in
    1 fault; a pass would end with exit code 3
    ");
}

#[tokio::test]
async fn a_key_that_is_none() {
    let mut stage = at_work().await;
    stage.set("OCEAN__INTEGRATION__CONFIG__API_TOKEN", "nonsense");
    insta::assert_snapshot!(amiss(&stage, 3).await, @"
    fault    opsgenie    the Opsgenie API key has a wrong format (Key format is not valid!); a key looks like 12345678-1234-1234-1234-123456789abc
                         → put the key of an API integration (Opsgenie: Settings, Integrations, API) into OCEAN__INTEGRATION__CONFIG__API_TOKEN
    skipped  kinds       not asked for, because Opsgenie does not let us in
    1 fault; a pass would end with exit code 3
    ");
}

#[tokio::test]
async fn no_right_to_incidents() {
    let stage = at_work().await;
    stage.sandbox.opsgenie().with(|account| account.rights.set(Area::Incidents, Access::Forbidden));
    insta::assert_snapshot!(amiss(&stage, 3).await, @r#"
    fault    incident         the API key may not `GET SOURCE/v1/incidents?limit=100&sort=createdAt&order=asc` (This key may not read configuration); it needs the rights "Read" and "Configuration access"
                              → give the key these rights in its integration, or take the kind out of the mapping; until then its entities stay as they are
    1 fault; a pass would end with exit code 3
    "#);
}

#[tokio::test]
async fn a_plan_without_services() {
    let stage = at_work().await;
    stage.sandbox.opsgenie().with(|account| account.rights.set(Area::Services, Access::NotInPlan));
    insta::assert_snapshot!(amiss(&stage, 0).await, @"
    warning  service          the plan of this Opsgenie account does not include `GET SOURCE/v1/services?limit=100` (Your plan does not include this feature)
                              → nothing has to be done: the kind is passed over and its entities stay; take it out of the mapping to be rid of the notice
    ");
}

#[tokio::test]
async fn what_the_mapping_does_not_use_is_no_fault() {
    let stage = at_work().await;
    stage.sandbox.opsgenie().with(|account| account.rights.set(Area::Users, Access::Forbidden));
    stage.sandbox.opsgenie().with(|account| account.rights.set(Area::Account, Access::Forbidden));
    insta::assert_snapshot!(amiss(&stage, 0).await, @r#"skipped  user             the API key may not `GET SOURCE/v2/users?limit=100` (This key may not read configuration); it needs the rights "Read" and "Configuration access"; the mapping does not use it"#);
}

#[tokio::test]
async fn opsgenie_is_down() {
    let mut stage = at_work().await;
    stage.set("OCEAN__RETRY_BUDGET", "0");
    stage.sandbox.opsgenie().fault(Fault::always(On::any(), Effect::status(503)));
    insta::assert_snapshot!(amiss(&stage, 75).await, @"
    fault    opsgenie    Opsgenie is unavailable: `GET SOURCE/v2/account` answered 503 at attempt 1 (Service Unavailable)
                         → check OCEAN__INTEGRATION__CONFIG__API_URL (EU: https://api.eu.opsgenie.com), the way out (HTTPS_PROXY) and https://opsgenie.status.atlassian.com; then try again
    skipped  kinds       not asked for, because Opsgenie does not let us in
    1 fault; a pass would end with exit code 75
    ");
}

#[tokio::test]
async fn a_wrong_client_secret() {
    let mut stage = at_work().await;
    stage.set("OCEAN__PORT__CLIENT_SECRET", "another-secret");
    insta::assert_snapshot!(amiss(&stage, 3).await, @"
    fault    catalog          cannot read the organization: the client id and secret are not accepted: Invalid credentials, please check your clientId and clientSecret (invalid_credentials); check OCEAN__PORT__CLIENT_ID, OCEAN__PORT__CLIENT_SECRET and the region in OCEAN__PORT__BASE_URL
    skipped  mapping          not read, because the catalog does not let us in
    1 fault; a pass would end with exit code 3
    ");
}

#[tokio::test]
async fn the_catalog_is_down() {
    let mut stage = at_work().await;
    stage.set("OCEAN__RETRY_BUDGET", "0");
    stage.set("OCEAN__PORT__BASE_URL", "http://127.0.0.1:1");
    insta::assert_snapshot!(amiss(&stage, 75).await, @"
    fault    catalog          cannot read the organization: the catalog did not answer: POST http://127.0.0.1:1/v1/auth/access_token failed once: cannot connect (Connection refused (os error 111))
                              → check OCEAN__PORT__BASE_URL (EU: https://api.getport.io, US: https://api.us.getport.io) and the way out (HTTPS_PROXY); then try again
    skipped  mapping          not read, because the catalog does not let us in
    1 fault; a pass would end with exit code 75
    ");
}

#[tokio::test]
async fn a_blueprint_lacks_a_property() {
    let stage = Stage::seeded().await;
    let mut mapping = plain_mapping(&[("alert", "a")]);
    mapping["resources"][0]["port"]["entity"]["mappings"]["properties"] = json!({ "statsu": ".status" });
    stage.mapping(&mapping, &[plain_blueprint("a")]);
    insta::assert_snapshot!(amiss(&stage, 5).await, @"
    fault    blueprints       the blueprints do not take all that the mapping makes, so entities may be refused
                              → mend mapping or blueprint: the blueprint `a` has no property `statsu` in resource 1 (alert) · properties.statsu (did you mean `status`?)
    1 fault; a pass would end with exit code 5
    ");
}

#[tokio::test]
async fn no_mapping() {
    let mut stage = Stage::seeded().await;
    stage.set("OCEAN__INITIALIZE_PORT_RESOURCES", "false");
    let integration = json!({ "installationAppType": "opsgenie" });
    stage.sandbox.catalog().with(|catalog| catalog.seed_integration(IDENTIFIER, &integration));
    insta::assert_snapshot!(amiss(&stage, 2).await, @"
    fault    mapping          the catalog holds no mapping for integration `my-og`; edit it there, or let OCEAN__INITIALIZE_PORT_RESOURCES give it the default one
    1 fault; a pass would end with exit code 2
    ");
}

#[tokio::test]
async fn a_mapping_with_faults() {
    let stage = Stage::seeded().await;
    let mut mapping = plain_mapping(&[("alert", "a")]);
    mapping["resources"][0]["port"]["entity"]["mappings"]["title"] = json!(".message |");
    mapping["resources"][0]["selector"]["query"] = json!("tru");
    stage.mapping(&mapping, &[plain_blueprint("a")]);
    insta::assert_snapshot!(amiss(&stage, 2).await, @"
    fault    mapping          the mapping has 2 faults
                              → mend: tru/0 is not defined in resource 1 (alert) · selector.query
                              → mend: syntax error, unexpected end of file, expecting a term in resource 1 (alert) · title
    1 fault; a pass would end with exit code 2
    ");
}

#[tokio::test]
async fn a_clock_that_is_ten_minutes_off() {
    let stage = at_work().await;
    let ten = jiff::SignedDuration::from_mins(10);
    stage.sandbox.catalog().with(|catalog| catalog.clock.advance(ten));
    insta::assert_snapshot!(amiss(&stage, 0).await, @"
    warning  clock            this machine's clock is 10 minutes behind the catalog's
                              → let the machine keep time (NTP): filters by time and intervals go by its clock
    ");
}

#[tokio::test]
async fn a_state_directory_that_cannot_be_written_to() {
    let mut stage = at_work().await;
    stage.file("state", "a file is in the way");
    let path = stage.directory.path().join("state").display().to_string();
    stage.set("OCEAN__STATE_DIR", &path);
    insta::assert_snapshot!(amiss(&stage, 2).await, @"
    fault    state            cannot open the state directory (OCEAN__STATE_DIR) `HOME/state`: File exists (os error 17); a file is in the way: name another place
    1 fault; a pass would end with exit code 2
    ");
}

#[tokio::test]
async fn a_service_without_a_secret_on_a_port_that_is_taken() {
    let mut stage = at_work().await;
    let taken = std::net::TcpListener::bind("0.0.0.0:0").expect("a port is free");
    let port = taken.local_addr().expect("it is bound").port().to_string();
    stage.set("OCEAN__EVENT_LISTENER", r#"{"type":"POLLING"}"#);
    stage.set("APPLICATION__PORT", &port);
    insta::assert_snapshot!(amiss(&stage, 0).await.replace(&port, "PORT"), @"
    warning  port             cannot listen on port PORT: Address already in use (os error 98); set another one with APPLICATION__PORT or --port
                              → if the service itself is running on it, nothing has to be done
    warning  webhook          there is no secret, so live events are refused
                              → set OCEAN__WEBHOOK__SECRET, and the same in Opsgenie's webhook integration
    ");
}

#[tokio::test]
async fn several_faults_are_all_told_and_a_program_gets_them_too() {
    let mut stage = at_work().await;
    stage.set("OCEAN__PORT__CLIENT_SECRET", "another-secret");
    stage.sandbox.opsgenie().fault(Fault::always(On::any(), Effect::status(503)));
    let run = stage.run(&["doctor", "--output", "json"]).await;
    run.exits(3);
    let findings = run.report["findings"].as_array().expect("there are findings");
    let faults = findings.iter().filter(|finding| finding["health"] == "fault");
    let abouts: Vec<&Value> = faults.map(|finding| &finding["about"]).collect();
    assert_eq!(abouts, ["opsgenie", "catalog"]);
    assert!(!run.stdout.contains(Sandbox::API_KEY));
}

/// What stands for something on the page (`…`) may be anything, and lines may be left out.
#[tokio::test]
async fn the_page_shows_what_it_says() {
    let stage = at_work().await;
    stage.sandbox.opsgenie().with(|account| account.rights.set(Area::Incidents, Access::Forbidden));
    let ten = jiff::SignedDuration::from_mins(10);
    stage.sandbox.catalog().with(|catalog| catalog.clock.advance(ten));
    let told = run(&stage, 3).await;
    let told =
        told.replace("SOURCE", "https://api.opsgenie.com").replace("CATALOG", "https://api.getport.io");
    let told = told.replace("`mytestaccount`", "`acme`").replace("`Sandbox`", "`acme`");
    let mut told = told.lines();
    let page = fences("docs/doctor.md");
    for shown in page[0].text.lines() {
        let is_it = |line: &str| {
            let mut rest = Some(line);
            for part in shown.split('…') {
                rest = rest.and_then(|rest| rest.split_once(part)).map(|(_, rest)| rest);
            }
            rest.is_some()
        };
        assert!(told.any(is_it), "the page shows what it does not say, or not here: {shown}");
    }
}
