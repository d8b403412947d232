//! How the program is started: what it takes from where, what it says about it, and what it never says.

use std::sync::{Arc, Mutex};

use ocean_opsgenie::sandbox::{Effect, Fault, On, Sandbox};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::support::{Stage, plain_blueprint, plain_mapping};

/// A proxy that lets nobody through and remembers where they wanted to go.
struct Gatekeeper {
    address: String,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Gatekeeper {
    async fn start() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("loopback is there");
        let address = format!("http://{}", listener.local_addr().expect("it is bound"));
        let asked = Arc::new(Mutex::new(Vec::new()));
        let remembered = Arc::clone(&asked);
        tokio::spawn(async move {
            while let Ok((mut client, _)) = listener.accept().await {
                let mut buffer = vec![0; 4096];
                let read = client.read(&mut buffer).await.expect("a client says what it wants");
                let text = String::from_utf8_lossy(&buffer[..read]);
                let wanted = text.lines().next().unwrap_or_default().to_owned();
                remembered.lock().expect("no test panicked here").push(wanted);
                let refusal = b"HTTP/1.1 502 Bad Gateway\r\ncontent-length: 0\r\n\r\n";
                client.write_all(refusal).await.expect("the client waits");
            }
        });
        Self { address, asked }
    }

    fn first(&self) -> Option<String> {
        self.asked.lock().expect("no test panicked here").first().cloned()
    }
}

#[tokio::test]
async fn the_documented_recipe_needs_neither_identifier_nor_address() {
    let mut stage = Stage::with_alerts(2).await;
    stage.unset("OCEAN__INTEGRATION__IDENTIFIER");
    let gatekeeper = Gatekeeper::start().await;
    stage.set("HTTPS_PROXY", &gatekeeper.address);

    stage.set("OCEAN__INTEGRATION__CONFIG__API_URL", "");
    let run = stage.pass().await;
    run.exits(75);
    assert_eq!(gatekeeper.first().as_deref(), Some("CONNECT api.opsgenie.com:443 HTTP/1.1"));
    let catalog = stage.sandbox.catalog();
    assert!(catalog.with(|catalog| catalog.integration("my-opsgenie-integration").is_some()));

    let gatekeeper = Gatekeeper::start().await;
    stage.set("HTTPS_PROXY", &gatekeeper.address);
    stage.unset("OCEAN__PORT__BASE_URL");
    stage.pass().await.exits(75);
    assert_eq!(gatekeeper.first().as_deref(), Some("CONNECT api.getport.io:443 HTTP/1.1"));
}

#[tokio::test]
async fn groups_may_be_json_in_either_spelling_and_single_names_win() {
    let mut stage = Stage::with_alerts(2).await;
    let [source, catalog] = [stage.sandbox.opsgenie().url(), stage.sandbox.catalog().url()];
    stage.unset_all();
    stage.set("OCEAN__RETRY_BUDGET", "1");
    stage.set("ocean__event_listener", r#"{"type":"ONCE"}"#);
    let port = json!({ "clientId": Sandbox::CLIENT_ID, "client_secret": "other", "baseUrl": catalog });
    stage.set("OCEAN__PORT", &port.to_string());
    stage.set("ocean__port__client_secret", Sandbox::CLIENT_SECRET);
    let integration = json!({ "identifier": "by-json", "config": { "apiToken": Sandbox::API_KEY } });
    stage.set("OCEAN__INTEGRATION", &integration.to_string());
    stage.set("Ocean__Integration__Config", &json!({ "api_url": source }).to_string());
    stage.pass().await.exits(0);
    let stored = stage.sandbox.catalog().with(|catalog| catalog.integration("by-json"));
    assert!(stored.is_some());
}

#[tokio::test]
async fn a_config_yaml_takes_values_from_the_environment() {
    let mut stage = Stage::with_alerts(2).await;
    stage.file(
        "config.yaml",
        &format!(
            "eventListener:\n  type: ONCE\nport:\n  clientId: \"{{{{ from env MY_ID }}}}\"\n  clientSecret: \"{{{{ from env \
             MY_SECRET }}}}\"\n  baseUrl: {}\nintegration:\n  identifier: from-yaml\n  config:\n    apiToken: \"{{{{ from \
             env MY_TOKEN }}}}\"\n    apiUrl: {}\n",
            stage.sandbox.catalog().url(),
            stage.sandbox.opsgenie().url()
        ),
    );
    stage.unset_all();
    for (name, value) in
        [("MY_ID", Sandbox::CLIENT_ID), ("MY_SECRET", Sandbox::CLIENT_SECRET), ("MY_TOKEN", Sandbox::API_KEY)]
    {
        stage.set(name, value);
    }
    stage.pass().await.exits(0);
    assert!(stage.sandbox.catalog().with(|catalog| catalog.integration("from-yaml").is_some()));
    // One that is not set is missing, with its place.
    stage.unset("MY_SECRET");
    let run = stage.run(&[]).await;
    assert_eq!(run.code, 2);
    insta::assert_snapshot!(run.talk(), @r#"
    error: `OCEAN__PORT__CLIENT_SECRET` is missing
      hint: config.yaml:5:17, key `port.clientSecret` takes it from `MY_SECRET`, which is not set
    warning: config.yaml:5:17, key `port.clientSecret` takes `MY_SECRET` from the environment, where it is not set
    hint: no accounts at hand? `ocean-opsgenie sandbox` shows everything without any
    "#);
}

#[tokio::test]
async fn a_dotenv_is_read_and_real_variables_win() {
    let mut stage = Stage::with_alerts(2).await;
    stage.file(
        ".env",
        &format!(
            "# credentials\nOCEAN__PORT__CLIENT_ID={}\nexport OCEAN__PORT__CLIENT_SECRET='{}'\n\
             OCEAN__INTEGRATION__IDENTIFIER=from-dotenv\nOCEAN__INTEGRATION__CONFIG__API_URL=http://127.0.0.1:1\n",
            Sandbox::CLIENT_ID,
            Sandbox::CLIENT_SECRET
        ),
    );
    for name in ["OCEAN__PORT__CLIENT_ID", "OCEAN__PORT__CLIENT_SECRET", "OCEAN__INTEGRATION__IDENTIFIER"] {
        stage.unset(name);
    }
    stage.pass().await.exits(0);
    assert!(stage.sandbox.catalog().with(|catalog| catalog.integration("from-dotenv").is_some()));
}

#[tokio::test]
async fn secrets_may_be_in_files() {
    let mut stage = Stage::with_alerts(2).await;
    let secrets = [
        ("OCEAN__INTEGRATION__CONFIG__API_TOKEN", "token", Sandbox::API_KEY),
        ("OCEAN__PORT__CLIENT_ID", "id", Sandbox::CLIENT_ID),
        ("OCEAN__PORT__CLIENT_SECRET", "secret", Sandbox::CLIENT_SECRET),
    ];
    for (name, file, value) in secrets {
        stage.unset(name);
        stage.file(file, &format!("{value}\n"));
        let path = stage.directory.path().join(file).display().to_string();
        stage.set(&format!("{name}_FILE"), &path);
    }
    stage.pass().await.exits(0);
    stage.set("OCEAN__PORT__CLIENT_SECRET_FILE", "nowhere");
    let run = stage.run(&[]).await;
    assert_eq!(run.code, 2);
    insta::assert_snapshot!(run.talk(), @r#"
    error: `OCEAN__PORT__CLIENT_SECRET` names the file `nowhere`, which cannot be read: No such file or directory (os error 2)
      from: the environment variable `OCEAN__PORT__CLIENT_SECRET_FILE`
    "#);
}

/// Every variable that the `port-ocean` chart can set, besides the credentials
/// (<https://github.com/port-labs/helm-charts/tree/main/charts/port-ocean>).
const OF_THE_CHART: &[(&str, &str)] = &[
    ("OCEAN__CREATE_PORT_RESOURCES_ORIGIN", "Default"),
    ("OCEAN__ALLOW_ENVIRONMENT_VARIABLES_JQ_ACCESS", "true"),
    ("OCEAN__SCHEDULED_RESYNC_INTERVAL", "1440"),
    ("OCEAN__CLIENT_TIMEOUT", "60"),
    ("OCEAN__SEND_RAW_DATA_EXAMPLES", "true"),
    ("OCEAN__EVENT_LISTENER", r#"{"type":"ONCE"}"#),
    ("OCEAN__OAUTH_ACCESS_TOKEN_FILE_PATH", "/var/run/token"),
    ("OCEAN__PROCESS_EXECUTION_MODE", "multi_process"),
    ("PROMETHEUS_MULTIPROC_DIR", "/tmp/ocean/prometheus/metrics"),
    ("OCEAN__LAKEHOUSE_ENABLED", "false"),
    ("OCEAN__PROCESSING_MODE", "dsp"),
    ("OCEAN__STREAMING__ENABLED", "false"),
    ("OCEAN__ACTIONS_PROCESSOR__ENABLED", "false"),
    ("OCEAN__ACTIONS_PROCESSOR__WORKERS_COUNT", "3"),
    ("OCEAN__ACTIONS_PROCESSOR__RUNS_BUFFER_HIGH_WATERMARK", "300"),
    ("OCEAN__ACTIONS_PROCESSOR__POLL_CHECK_INTERVAL_SECONDS", "10"),
    ("OCEAN__ACTIONS_PROCESSOR__VISIBILITY_TIMEOUT_MS", "60000"),
    ("OCEAN__DATABASE__HOST", "localhost"),
    ("OCEAN__BASE_URL", "https://exporter.example.com"),
    ("OCEAN__LIVE_EVENTS__IS_REDIS_STREAM_CONSUMER_ENABLED", "false"),
    ("OCEAN__INTEGRATION__TYPE", "opsgenie"),
];

#[tokio::test]
async fn every_variable_of_the_chart_is_accepted() {
    let mut stage = Stage::with_alerts(2).await;
    for (name, value) in OF_THE_CHART {
        stage.set(name, value);
    }
    let run = stage.pass().await;
    run.exits(0);
    assert!(!run.stderr.contains("WARN"), "{}", run.stderr);
    let run = stage.run(&["--log-level", "debug"]).await;
    assert_eq!(run.code, 0);
    assert!(run.stderr.contains("`OCEAN__LAKEHOUSE_ENABLED` has no meaning here"), "{}", run.stderr);
}

#[tokio::test]
async fn a_name_that_is_nearly_right_is_a_warning_with_the_right_one() {
    let mut stage = Stage::with_alerts(2).await;
    stage.set("OCEAN__SCHEDULE_RESYNC_INTERVAL", "5");
    stage.set("OCEAN__SOMETHING_ELSE", "5");
    let run = stage.pass().await;
    run.exits(0);
    assert!(run.stderr.contains("did you mean `OCEAN__SCHEDULED_RESYNC_INTERVAL`?"), "{}", run.stderr);
    assert!(run.stderr.contains("`OCEAN__SOMETHING_ELSE` is unknown and ignored"), "{}", run.stderr);
}

#[tokio::test]
async fn without_credentials_it_says_what_is_missing_and_where_to_try() {
    let mut stage = Stage::with_alerts(0).await;
    stage.unset_all();
    let run = stage.run(&[]).await;
    assert_eq!((run.code, run.stdout.as_str()), (2, ""));
    insta::assert_snapshot!(run.talk(), @r#"
    error: `OCEAN__PORT__CLIENT_ID` is missing
      hint: set it to the client id of your Port organization, or `OCEAN__PORT__CLIENT_ID_FILE` to a file that holds it
    error: `OCEAN__PORT__CLIENT_SECRET` is missing
      hint: set it to the client secret of your Port organization, or `OCEAN__PORT__CLIENT_SECRET_FILE` to a file that holds it
    error: `OCEAN__INTEGRATION__CONFIG__API_TOKEN` is missing
      hint: set it to an Opsgenie API key with read access, or `OCEAN__INTEGRATION__CONFIG__API_TOKEN_FILE` to a file that holds it
    hint: no accounts at hand? `ocean-opsgenie sandbox` shows everything without any
    "#);
}

#[tokio::test]
async fn empty_credentials_are_missing() {
    // A job whose secrets are not configured hands over empty texts.
    let mut stage = Stage::with_alerts(0).await;
    for name in
        ["OCEAN__INTEGRATION__CONFIG__API_TOKEN", "OCEAN__PORT__CLIENT_ID", "OCEAN__PORT__CLIENT_SECRET"]
    {
        stage.set(name, "");
    }
    let run = stage.run(&[]).await;
    assert_eq!(run.code, 2);
    assert_eq!(run.talk().matches("is missing").count(), 3, "{}", run.stderr);
    assert_eq!(stage.sandbox.catalog().counts().calls, 0);
}

#[tokio::test]
async fn every_fault_of_the_settings_is_told_at_once() {
    let mut stage = Stage::with_alerts(0).await;
    stage.unset("OCEAN__PORT__CLIENT_SECRET");
    stage.set("OCEAN__EVENT_LISTENER", r#"{"type":"KAFKA"}"#);
    stage.set("OCEAN__SCHEDULED_RESYNC_INTERVAL", "1h");
    stage.set("OCEAN__INTEGRATION__CONFIG__API_URL", "api.opsgenie.com");
    stage.set("OCEAN__INITIALIZE_PORT_RESOURCES", "maybe");
    stage.set("OCEAN__DELETION__ALLOW_EMPTY", "alerts");
    stage.set("OCEAN__RETRY_BUDGET", "-1");
    let run = stage.run(&[]).await;
    assert_eq!((run.code, run.stdout.as_str()), (2, ""));
    insta::assert_snapshot!(run.talk(), @r#"
    error: `OCEAN__PORT__CLIENT_SECRET` is missing
      hint: set it to the client secret of your Port organization, or `OCEAN__PORT__CLIENT_SECRET_FILE` to a file that holds it
    error: `OCEAN__INTEGRATION__CONFIG__API_URL` must be an address such as `https://api.example.com` (what it holds is not shown)
      from: the environment variable `OCEAN__INTEGRATION__CONFIG__API_URL`
    error: `OCEAN__EVENT_LISTENER__TYPE` is `KAFKA`, which this program does not have
      from: the environment variable `OCEAN__EVENT_LISTENER`, key `type`
      hint: use `POLLING`: it looks for resync requests by itself
    error: `OCEAN__SCHEDULED_RESYNC_INTERVAL` must be a whole number of minutes from 0 to 527040, not `1h`
      from: the environment variable `OCEAN__SCHEDULED_RESYNC_INTERVAL`
    error: `OCEAN__INITIALIZE_PORT_RESOURCES` must be `true` or `false`, not `maybe`
      from: the environment variable `OCEAN__INITIALIZE_PORT_RESOURCES`
    error: `OCEAN__RETRY_BUDGET` must be a whole number of seconds from 0 to 86400, not `-1`
      from: the environment variable `OCEAN__RETRY_BUDGET`
    error: `OCEAN__DELETION__ALLOW_EMPTY` must be kinds of records (`alert`, `incident`, `service`, `team`, `schedule`, `schedule-oncall`, `user`), not `alerts`
      from: the environment variable `OCEAN__DELETION__ALLOW_EMPTY`
      hint: did you mean `alert`?
    hint: no accounts at hand? `ocean-opsgenie sandbox` shows everything without any
    "#);
    assert_eq!(stage.sandbox.catalog().counts().calls, 0);
}

#[tokio::test]
async fn a_group_that_is_no_json_is_told_without_its_text() {
    let mut stage = Stage::with_alerts(0).await;
    let broken = format!("{{\"client_id\":\"{}\"", Sandbox::CLIENT_ID);
    stage.set("OCEAN__PORT", &broken);
    let run = stage.run(&[]).await;
    assert_eq!(run.code, 2);
    assert!(run.talk().contains("`OCEAN__PORT` must be a JSON object"), "{}", run.stderr);
}

#[tokio::test]
async fn help_and_version_are_data() {
    let stage = Stage::with_alerts(0).await;
    for arguments in [&["--help"][..], &["-h"], &["help"], &["sync", "--help"], &["sandbox", "--help"]] {
        let run = stage.run(arguments).await;
        assert_eq!((run.code, run.stderr.as_str()), (0, ""), "{arguments:?}");
        assert!(run.stdout.contains("Usage: ocean-opsgenie"), "{arguments:?}: {}", run.stdout);
        assert!(!run.stdout.contains('\u{1b}'), "no colour off a terminal");
    }
    for arguments in ["--version", "-V", "version"] {
        let run = stage.run(&[arguments]).await;
        assert_eq!((run.code, run.stderr.as_str()), (0, ""), "{arguments}");
        assert_eq!(run.stdout, concat!("ocean-opsgenie ", env!("CARGO_PKG_VERSION"), "\n"), "{arguments}");
    }
}

#[tokio::test]
async fn wrong_usage_is_talk_and_does_nothing() {
    let stage = Stage::with_alerts(0).await;
    for arguments in [
        &["--nonsense"][..],
        &["snyc"],
        &["sync", "--only", "alerts"],
        &["sync", "--limit", "-1"],
        &["sync", "--limit", "many"],
        &["sync", "--listen", "--once"],
        &["--output", "xml"],
        &["sandbox", "--no-pass"],
        &["--log-level", "loud"],
    ] {
        let run = stage.run(arguments).await;
        assert_eq!((run.code, run.stdout.as_str()), (2, ""), "{arguments:?}: {}", run.stderr);
        assert!(run.stderr.contains("error"), "{arguments:?}: {}", run.stderr);
    }
    assert_eq!(stage.sandbox.catalog().counts().calls, 0);
}

#[tokio::test]
async fn the_report_is_a_table_for_people() {
    let stage = Stage::seeded().await;
    let run = stage.run(&[]).await;
    assert_eq!(run.code, 0);
    let table: Vec<&str> = run.stdout.lines().take(4).collect();
    insta::assert_snapshot!(table.join("\n"), @r#"
    kind      listed  mapped  created  updated  unchanged  refused  verdict
    service        9       9        9        0          0        0  complete
    alert         60      60       60        0          0        0  complete
    incident      10      10       10        0          0        0  complete
    "#);
    assert!(!run.stdout.contains('\u{1b}') && !run.stderr.contains('\u{1b}'), "no colour off a terminal");
    let last = run.stdout.lines().last().unwrap_or_default();
    assert!(last.ends_with("79 created, 0 updated, 0 unchanged, 0 deleted"), "{last}");
}

#[tokio::test]
async fn the_report_is_a_line_of_json_for_programs_and_a_file_beside() {
    let stage = Stage::seeded().await;
    let run = stage.run(&["--output", "json", "--report", "report.json"]).await;
    run.exits(0);
    assert_eq!(run.stdout.lines().count(), 1);
    let file = std::fs::read_to_string(stage.directory.path().join("report.json")).expect("it was written");
    assert_eq!(file, run.stdout);
    // With the table, too; and what a run came to stands there when it failed.
    let mut stage = stage;
    stage.set("OCEAN__PORT__CLIENT_SECRET", "wrong");
    let run = stage.run(&["--report", "report.json"]).await;
    assert_eq!(run.code, 3);
    let file = std::fs::read_to_string(stage.directory.path().join("report.json")).expect("it was written");
    let report: Value = serde_json::from_str(&file).expect("it is JSON");
    assert_eq!(report["exitCode"], 3);
}

#[tokio::test]
async fn a_report_that_cannot_be_written_is_told() {
    let stage = Stage::with_alerts(1).await;
    let run = stage.run(&["--report", "no/such/folder/report.json"]).await;
    assert_eq!(run.code, 1, "{}", run.stderr);
    assert!(run.talk().contains("no/such/folder/report.json"), "{}", run.stderr);
}

#[tokio::test]
async fn a_report_that_cannot_be_written_hides_no_worse_news() {
    let mut stage = Stage::with_alerts(1).await;
    stage.set("OCEAN__PORT__CLIENT_SECRET", "wrong");
    let run = stage.run(&["--report", "no/such/folder/report.json"]).await;
    assert_eq!(run.code, 3, "{}", run.stderr);
}

#[cfg(target_os = "linux")]
#[tokio::test]
async fn standard_output_that_takes_nothing_is_told() {
    let stage = Stage::with_alerts(1).await;
    for arguments in [&["--output", "json"][..], &[], &["--help"], &["version"], &["sandbox"]] {
        let mut command = stage.command(arguments);
        let full = std::fs::File::options().write(true).open("/dev/full").expect("Linux has it");
        command.stdout(full);
        let output = tokio::task::spawn_blocking(move || command.output()).await;
        let output = output.expect("the thread lives").expect("the program can be started");
        let told = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{arguments:?}: {told}");
        assert!(told.contains("cannot write to standard output"), "{arguments:?}: {told}");
    }
    // A reader that has seen enough is another matter.
    let mut command = stage.command(&[]);
    let (reader, writer) = std::io::pipe().expect("a pipe can be made");
    drop(reader);
    command.stdout(writer);
    let output = tokio::task::spawn_blocking(move || command.output()).await;
    assert_eq!(output.expect("the thread lives").expect("it starts").status.code(), Some(0));
}

#[tokio::test]
async fn nothing_told_holds_a_secret_however_much_is_told() {
    let mut stage = Stage::seeded().await;
    stage.sandbox.opsgenie().fault(Fault::first(2, On::get("/v2/alerts"), Effect::Reset));
    stage.sandbox.opsgenie().fault(Fault::always(On::get("/v1/services"), Effect::Malformed));
    stage.sandbox.catalog().fault(Fault::first(1, On::any(), Effect::CutBody));
    stage.set("OCEAN__RETRY_BUDGET", "5");
    let run = stage.run(&["--log-level", "debug"]).await;
    assert_eq!(run.code, 4, "{}", run.stderr);
    assert!(run.stderr.contains("DEBUG"), "{}", run.stderr);
    assert!(!run.stderr.contains("eyJ"), "a token on standard error:\n{}", run.stderr);
    // As JSON, each line is an object.
    stage.set("OCEAN__LOG_FORMAT", "json");
    let run = stage.run(&["--log-level", "debug"]).await;
    for line in run.stderr.lines() {
        assert!(serde_json::from_str::<Value>(line).is_ok_and(|line| line.is_object()), "{line}");
    }
}

#[tokio::test]
async fn a_mapping_sees_the_environment_without_its_credentials() {
    let mut stage = Stage::with_alerts(1).await;
    let mut mapping = plain_mapping(&[("alert", "a")]);
    mapping["resources"][0]["port"]["entity"]["mappings"]["title"] = json!("env | keys | join(\" \")");
    mapping["resources"][0]["port"]["entity"]["mappings"]["properties"] =
        json!({ "status": "[env[], $ENV.OCEAN__PORT__CLIENT_SECRET] | tojson" });
    stage.mapping(&mapping, &[plain_blueprint("a")]);
    stage.set("STAGE", "production");
    stage.pass().await.exits(0);
    let shown = |stage: &Stage| {
        let entity = stage.sandbox.catalog().entities("a").remove(0);
        format!("{} {}", entity.title.unwrap_or_default(), entity.properties["status"])
    };
    let text = shown(&stage);
    assert!(text.contains("STAGE") && text.contains("production"), "{text}");
    for secret in [Sandbox::API_KEY, Sandbox::CLIENT_ID, Sandbox::CLIENT_SECRET] {
        assert!(!text.contains(secret), "{text}");
    }
    stage.set("OCEAN__ALLOW_ENVIRONMENT_VARIABLES_JQ_ACCESS", "false");
    stage.pass().await.exits(0);
    assert!(!shown(&stage).contains("production"), "{}", shown(&stage));
}

#[tokio::test]
async fn the_sandbox_shows_everything_without_any_account() {
    let mut stage = Stage::with_alerts(0).await;
    stage.unset_all();
    let run = stage.run(&["sandbox"]).await;
    assert_eq!(run.code, 0, "{}", run.stderr);
    for part in [
        "79 created",
        "\"opsGenieService\"",
        "\"opsGenieIncident\"",
        "\"opsGenieAlert\"",
        "Where to look next",
    ] {
        assert!(run.stdout.contains(part), "{part} in {}", run.stdout);
    }
    // With a file, the second run finds what the first one wrote.
    for counts in [[60, 0], [0, 60]] {
        let run = stage.run(&["sandbox", "--catalog", "demo.db", "--output", "json"]).await;
        run.exits(0);
        assert_eq!(run.counts("alert", ["created", "unchanged"]), counts);
    }
    let run = stage.run(&["sandbox", "--alerts", "250", "--teams", "2", "--output", "json"]).await;
    run.exits(0);
    assert_eq!(run.counts("alert", ["listed", "created"]), [250, 250]);
}
