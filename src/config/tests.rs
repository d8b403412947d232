//! Sources in, settings or faults out: the texts as a person reads them.

use std::path::Path;
use std::time::Duration;

use super::sources::of_environment;
use super::{
    Certificates, EventListener, LogLevel, Loudness, Override, Preset, ResourcesOrigin, Settings, Sources,
    TextFile, names,
};
use crate::model::Kind;

const CREDENTIALS: [(&str, &str); 3] = [
    ("OCEAN__PORT__CLIENT_ID", "the-client-id"),
    ("OCEAN__PORT__CLIENT_SECRET", "the-client-secret"),
    ("OCEAN__INTEGRATION__CONFIG__API_TOKEN", "the-api-token"),
];

/// The credentials and some variables more.
fn with<const N: usize>(pairs: [(&str, &str); N]) -> Sources {
    let mut sources = of_environment(pairs);
    for (name, value) in CREDENTIALS {
        sources.environment.entry(name.to_owned()).or_insert_with(|| value.to_owned());
    }
    sources
}

fn settings(sources: &Sources) -> Settings {
    Settings::resolve(sources).expect("these settings are right").0
}

fn faults(sources: &Sources) -> String {
    let text = Settings::resolve(sources).expect_err("these settings are wrong").to_string();
    for (_, secret) in CREDENTIALS {
        assert!(!text.contains(secret), "a credential is shown:\n{text}");
    }
    text
}

/// Warnings and debug notices, one a line.
fn notices(sources: &Sources) -> String {
    let (_, notices) = Settings::resolve(sources).expect("these settings are right");
    let line = |notice: &super::Notice| {
        let loudness = match notice.loudness {
            Loudness::Warning => "warning",
            Loudness::Debug => "debug",
        };
        format!("{loudness}: {notice}")
    };
    notices.iter().map(line).collect::<Vec<_>>().join("\n")
}

fn file(name: &str, text: &str) -> TextFile {
    TextFile { name: name.to_owned(), text: text.to_owned() }
}

#[test]
fn nothing_given_names_what_is_missing_and_the_sandbox() {
    insta::assert_snapshot!(faults(&of_environment([])), @r"
    error: `OCEAN__PORT__CLIENT_ID` is missing
      hint: set it to the client id of your Port organization, or `OCEAN__PORT__CLIENT_ID_FILE` to a file that holds it
    error: `OCEAN__PORT__CLIENT_SECRET` is missing
      hint: set it to the client secret of your Port organization, or `OCEAN__PORT__CLIENT_SECRET_FILE` to a file that holds it
    error: `OCEAN__INTEGRATION__CONFIG__API_TOKEN` is missing
      hint: set it to an Opsgenie API key with read access, or `OCEAN__INTEGRATION__CONFIG__API_TOKEN_FILE` to a file that holds it
    hint: no accounts at hand? `ocean-opsgenie sandbox` shows everything without any
    ");
}

#[test]
fn every_fault_at_once_each_with_its_source() {
    let mut sources = with([
        ("OCEAN__CLIENT_TIMEOUT", "60s"),
        ("OCEAN__SCHEDULED_RESYNC_INTERVAL", ""),
        ("OCEAN__INITIALIZE_PORT_RESOURCES", "maybe"),
        ("OCEAN__EVENT_LISTENER", r#"{"type":"once"}"#),
        ("OCEAN__PORT", r#"{"clientSecret": "the-client-secret""#),
        ("OCEAN__PORT__BASE_URL", "ftp://the-client-secret@api.getport.io"),
        ("OCEAN__INTEGRATION__CONFIG__API_URL", "the-api-token"),
        ("OCEAN__DELETION__ALLOW_EMPTY", "alert, incidents"),
        ("OCEAN__SSL", "[]"),
        ("OCEAN__INTEGRATION__IDENTIFIER", "my/integration"),
    ]);
    sources.dotenv = Some(file(".env", "\nOCEAN__RESOURCES_PRESET=clasic\nAPPLICATION__LOG_LEVEL=loud\n"));
    sources.config_yaml = Some(file(
        "config.yaml",
        "port:\n  clientId: {a: 1}\nbaseUrl: '{{ from vault X }}'\nstateDir: [1]\n",
    ));
    insta::assert_snapshot!(faults(&sources), @r#"
    error: `OCEAN__PORT` must be a JSON object, and is not: EOF while parsing an object at line 1 column 36
      from: the environment variable `OCEAN__PORT`
      hint: for example `{"client_id":"…","client_secret":"…"}`
    error: `OCEAN__SSL` is a group of settings and must be a JSON object, not a list
      from: the environment variable `OCEAN__SSL`
    error: `OCEAN__BASE_URL` is taken from the provider `vault`, which does not exist
      --> config.yaml:3:10, key `baseUrl`
       |
     3 | baseUrl: '{{ from vault X }}'
       |          ^^^^^^^^^^^^^^^^^^^^
      hint: the only provider is `env`: `{{ from env NAME }}`
    error: `OCEAN__PORT__BASE_URL` must be an address that begins with `https://` or `http://` (what it holds is not shown)
      from: the environment variable `OCEAN__PORT__BASE_URL`
    error: `OCEAN__INTEGRATION__CONFIG__API_URL` must be an address such as `https://api.example.com` (what it holds is not shown)
      from: the environment variable `OCEAN__INTEGRATION__CONFIG__API_URL`
    error: `OCEAN__INTEGRATION__IDENTIFIER` must be letters, digits and `-_.@:+=`, not `my/integration`
      from: the environment variable `OCEAN__INTEGRATION__IDENTIFIER`
    error: `OCEAN__EVENT_LISTENER__TYPE` must be one of `ONCE`, `POLLING`, `WEBHOOKS_ONLY`, `WEBHOOK`, not `once`
      from: the environment variable `OCEAN__EVENT_LISTENER`, key `type`
      hint: did you mean `ONCE`?
    error: `OCEAN__SCHEDULED_RESYNC_INTERVAL` must be a whole number of minutes from 0 to 527040, not an empty text
      from: the environment variable `OCEAN__SCHEDULED_RESYNC_INTERVAL`
    error: `OCEAN__INITIALIZE_PORT_RESOURCES` must be `true` or `false`, not `maybe`
      from: the environment variable `OCEAN__INITIALIZE_PORT_RESOURCES`
    error: `OCEAN__RESOURCES_PRESET` must be one of `classic`, `full`, not `clasic`
      --> .env:2:25, `OCEAN__RESOURCES_PRESET`
       |
     2 | OCEAN__RESOURCES_PRESET=clasic
       |                         ^^^^^^
      hint: did you mean `classic`?
    error: `OCEAN__CLIENT_TIMEOUT` must be a whole number of seconds from 1 to 86400, not `60s`
      from: the environment variable `OCEAN__CLIENT_TIMEOUT`
    error: `OCEAN__DELETION__ALLOW_EMPTY` must be kinds of records (`alert`, `incident`, `service`, `team`, `schedule`, `schedule-oncall`, `user`), not `incidents`
      from: the environment variable `OCEAN__DELETION__ALLOW_EMPTY`
      hint: did you mean `incident`?
    error: `APPLICATION__LOG_LEVEL` must be one of `DEBUG`, `INFO`, `WARNING`, `ERROR`, `CRITICAL`, `WARN`, not `loud`
      --> .env:3:24, `APPLICATION__LOG_LEVEL`
       |
     3 | APPLICATION__LOG_LEVEL=loud
       |                        ^^^^
    error: `OCEAN__STATE_DIR` must be a text, not a list
      --> config.yaml:4:11, key `stateDir`
       |
     4 | stateDir: ***
       |           ^^^
    "#);
}

#[test]
fn a_credential_in_the_wrong_place_is_not_shown() {
    insta::assert_snapshot!(faults(&with([
        ("OCEAN__CLIENT_TIMEOUT", "the-api-token"),
        ("OCEAN__EVENT_LISTENER__TYPE", "the-client-secret"),
        ("OCEAN__PORT__CLIENT_ID", "line\nbreak"),
    ])), @r"
    error: `OCEAN__PORT__CLIENT_ID` must be one line of printable characters without spaces (what it holds is not shown)
      from: the environment variable `OCEAN__PORT__CLIENT_ID`
    error: `OCEAN__EVENT_LISTENER__TYPE` must be one of `ONCE`, `POLLING`, `WEBHOOKS_ONLY`, `WEBHOOK`, not a credential (not shown)
      from: the environment variable `OCEAN__EVENT_LISTENER__TYPE`
    error: `OCEAN__CLIENT_TIMEOUT` must be a whole number of seconds from 1 to 86400, not a credential (not shown)
      from: the environment variable `OCEAN__CLIENT_TIMEOUT`
    ");
}

/// Nothing but the entry at fault is shown of a line, and of that no value that may be a credential.
#[test]
fn lines_of_files_are_shown_without_the_credentials_in_them() {
    let mut sources = of_environment([]);
    sources.dotenv = Some(file(
        ".env",
        concat!(
            "OCEAN__PORT='{\"client_id\": \"the-client-id\", \"client_secret\": \"the-client-secret\", \"base_url\": 5}'\n",
            "OCEAN__CLIENT_TIMEOUT=60s # before: the-api-token\n",
            "OCEAN__INTEGRATION__CONFIG__API_TOKEN='the-api-token\nthe-api-token'\n",
            "OCEAN__INTEGRATION__IDENTIFIER=the-client-secret/\n",
        ),
    ));
    sources.config_yaml = Some(file(
        "config.yaml",
        concat!(
            "initializePortResources: maybe # the-api-token\n",
            "integration: {config: {apiUrl: the-api-token, appHost: x}, identifier: a}\n",
            "eventListener: {type: once, note: the-client-secret}\n",
            "retryBudget:\n",
            "  many\n",
        ),
    ));
    insta::assert_snapshot!(faults(&sources), @r"
    error: `OCEAN__INTEGRATION__CONFIG__API_TOKEN` must be one line of printable characters without spaces (what it holds is not shown)
      --> .env:3:39, `OCEAN__INTEGRATION__CONFIG__API_TOKEN`
       |
     3 | OCEAN__INTEGRATION__CONFIG__API_TOKEN=***
       |                                       ^^^
    error: `OCEAN__PORT__BASE_URL` must be an address such as `https://api.example.com` (what it holds is not shown)
      --> .env:1:13, `OCEAN__PORT`, key `base_url`
       |
     1 | OCEAN__PORT=***
       |             ^^^
    error: `OCEAN__INTEGRATION__CONFIG__API_URL` must be an address such as `https://api.example.com` (what it holds is not shown)
      --> config.yaml:2:32, key `integration.config.apiUrl`
       |
     2 | apiUrl: ***
       |         ^^^
    error: `OCEAN__INTEGRATION__IDENTIFIER` must be letters, digits and `-_.@:+=`, not a credential (not shown)
      --> .env:5:32, `OCEAN__INTEGRATION__IDENTIFIER`
       |
     5 | OCEAN__INTEGRATION__IDENTIFIER=***
       |                                ^^^
    error: `OCEAN__EVENT_LISTENER__TYPE` must be one of `ONCE`, `POLLING`, `WEBHOOKS_ONLY`, `WEBHOOK`, not `once`
      --> config.yaml:3:23, key `eventListener.type`
       |
     3 | type: once
       |       ^^^^
      hint: did you mean `ONCE`?
    error: `OCEAN__INITIALIZE_PORT_RESOURCES` must be `true` or `false`, not `maybe`
      --> config.yaml:1:26, key `initializePortResources`
       |
     1 | initializePortResources: maybe
       |                          ^^^^^
    error: `OCEAN__CLIENT_TIMEOUT` must be a whole number of seconds from 1 to 86400, not `60s`
      --> .env:2:23, `OCEAN__CLIENT_TIMEOUT`
       |
     2 | OCEAN__CLIENT_TIMEOUT=60s
       |                       ^^^
    error: `OCEAN__RETRY_BUDGET` must be a whole number of seconds from 0 to 86400, not `many`
      --> config.yaml:5:3, key `retryBudget`
       |
     5 |   many
       |   ^^^^
    warning: config.yaml:2:56, key `integration.config.appHost` is unknown and ignored
    warning: config.yaml:3:35, key `eventListener.note` is unknown and ignored
      hint: did you mean `OCEAN__EVENT_LISTENER__TYPE`?
    ");
    let told = Settings::resolve(&sources).expect_err("these settings are wrong").diagnostics();
    let json = serde_json::to_string(&told).expect("faults are JSON");
    assert!(CREDENTIALS.iter().all(|(_, secret)| !json.contains(secret)), "a credential is shown:\n{json}");
    let group = told.iter().find(|fault| fault.message.starts_with("`OCEAN__PORT__BASE_URL`"));
    insta::assert_snapshot!(serde_json::to_string_pretty(&group).expect("JSON"), @r#"
    {
      "severity": "error",
      "message": "`OCEAN__PORT__BASE_URL` must be an address such as `https://api.example.com` (what it holds is not shown)",
      "setting": "OCEAN__PORT__BASE_URL",
      "variable": "OCEAN__PORT",
      "key": "base_url",
      "file": ".env",
      "line": 1,
      "column": 13,
      "endLine": 1,
      "endColumn": 98,
      "text": "OCEAN__PORT=***"
    }
    "#);

    sources.config_yaml =
        Some(file("config.yaml", "port:\n  clientSecret: \"the-client-secret\n  baseUrl: x\n"));
    assert!(faults(&sources).contains("--> config.yaml:4:1"), "{}", faults(&sources));
}

#[test]
fn listeners_that_we_lack() {
    insta::assert_snapshot!(faults(&with([("OCEAN__EVENT_LISTENER", r#"{"type":"KAFKA","brokers":"b"}"#)])), @r"
    error: `OCEAN__EVENT_LISTENER__TYPE` is `KAFKA`, which this program does not have
      from: the environment variable `OCEAN__EVENT_LISTENER`, key `type`
      hint: use `POLLING`: it looks for resync requests by itself
    ");
    insta::assert_snapshot!(faults(&with([("OCEAN__EVENT_LISTENER__TYPE", "WEBHOOK")])), @r"
    error: `OCEAN__EVENT_LISTENER__APP_HOST` is missing, and the listener `WEBHOOK` is told at that address
      hint: set it to the public address of this service, such as `https://exporter.example.com`
    ");
    insta::assert_snapshot!(faults(&with([("OCEAN__EVENT_LISTENER", "ONCE")])), @r#"
    error: `OCEAN__EVENT_LISTENER` must be a JSON object, and is not: expected value at line 1 column 1
      from: the environment variable `OCEAN__EVENT_LISTENER`
      hint: for example `{"type":"ONCE"}`
    "#);
}

#[test]
fn files_that_cannot_be_read() {
    let mut sources = with([]);
    sources.environment.remove("OCEAN__PORT__CLIENT_ID");
    sources.environment.insert("OCEAN__PORT__CLIENT_ID_FILE".to_owned(), "/run/secrets/id".to_owned());
    sources.config_yaml = Some(file("config.yaml", "port:\n  clientId: {{ from env A }}\n"));
    insta::assert_snapshot!(faults(&sources), @r"
    error: `config.yaml` cannot be read: it is not YAML: a key in `port.clientId` is a list or an object
      hint: put quotes around `{{ from env NAME }}`
    error: `OCEAN__PORT__CLIENT_ID` names the file `/run/secrets/id`, which cannot be read: no /run/secrets/id
      from: the environment variable `OCEAN__PORT__CLIENT_ID_FILE`
    ");
    sources.config_yaml = Some(file("config.yaml", "- a\n"));
    insta::assert_snapshot!(faults(&sources), @r"
    error: `config.yaml` cannot be read: it must hold names and values, not a list
    error: `OCEAN__PORT__CLIENT_ID` names the file `/run/secrets/id`, which cannot be read: no /run/secrets/id
      from: the environment variable `OCEAN__PORT__CLIENT_ID_FILE`
    ");
}

#[test]
fn a_value_from_a_variable_that_is_not_set_says_so() {
    let mut sources = of_environment([]);
    sources.config_yaml =
        Some(file("config.yaml", "port:\n  clientId: '{{ from env PORT_ID }}'\n  clientSecret: x\n"));
    insta::assert_snapshot!(faults(&sources), @r"
    error: `OCEAN__PORT__CLIENT_ID` is missing
      hint: config.yaml:2:13, key `port.clientId` takes it from `PORT_ID`, which is not set
    error: `OCEAN__INTEGRATION__CONFIG__API_TOKEN` is missing
      hint: set it to an Opsgenie API key with read access, or `OCEAN__INTEGRATION__CONFIG__API_TOKEN_FILE` to a file that holds it
    warning: config.yaml:2:13, key `port.clientId` takes `PORT_ID` from the environment, where it is not set
    hint: no accounts at hand? `ocean-opsgenie sandbox` shows everything without any
    ");
}

#[test]
fn names_that_nobody_knows() {
    insta::assert_snapshot!(notices(&with([
        ("OCEAN__PORT__CLIENTID", "x"),
        ("OCEAN_PORT__CLIENT_SECRET", "x"),
        ("OCEAN__WHATEVER", "x"),
        ("OCEAN__PORT", r#"{"clientIdd":"x"}"#),
        ("OCEAN__LAKEHOUSE_ENABLED", "true"),
        ("OCEAN__LIVE_EVENTS__REDIS__HOST", "x"),
        ("OCEAN__UPSERT_ENTITIES_BATCH_MAX_LENGTH", "50"),
        ("OCEAN__INTEGRATION__TYPE", "pagerduty"),
        ("OCEAN__SSL__PORT__VERIFY", "no"),
        ("PATH", "/bin"),
        ("APPLICATION__NAME", "somebody else's"),
    ])), @r"
    warning: the environment variable `OCEAN_PORT__CLIENT_SECRET` is unknown and ignored (did you mean `OCEAN__PORT__CLIENT_SECRET`?)
    debug: the environment variable `OCEAN__LIVE_EVENTS__REDIS__HOST` has no meaning here and is ignored
    warning: the environment variable `OCEAN__PORT__CLIENTID` is unknown and ignored (did you mean `OCEAN__PORT__CLIENT_ID`?)
    debug: the environment variable `OCEAN__LAKEHOUSE_ENABLED` has no meaning here and is ignored
    warning: the environment variable `OCEAN__PORT`, key `clientIdd` is unknown and ignored (did you mean `OCEAN__PORT__CLIENT_ID`?)
    warning: the environment variable `OCEAN__WHATEVER` is unknown and ignored
    warning: `OCEAN__SSL__PORT__VERIFY` is off: anybody on the way can read the credentials
    warning: the environment variable `OCEAN__INTEGRATION__TYPE` is `pagerduty`; this program is `opsgenie` and stays it
    debug: `OCEAN__UPSERT_ENTITIES_BATCH_MAX_LENGTH` is lowered to 20, the catalog's limit
    ");
}

#[test]
fn defaults() {
    let settings = settings(&with([]));
    assert_eq!(settings.catalog.base_url, "https://api.getport.io");
    assert_eq!(settings.source.api_url, "https://api.opsgenie.com");
    assert_eq!(settings.identifier, "my-opsgenie-integration");
    assert_eq!(
        settings.listener,
        EventListener::Polling { interval: Duration::from_secs(60), resync_on_start: true }
    );
    assert_eq!(settings.resync_interval, None);
    assert!(settings.resources.initialize);
    assert_eq!(settings.resources.preset, None);
    assert_eq!(settings.client_timeout, Duration::from_secs(60));
    assert_eq!(settings.retry_budget, Duration::from_secs(180));
    assert_eq!(settings.catalog.certificates, Certificates::Checked);
    assert!(!settings.disclosure.raw_examples);
    assert_eq!(settings.server.port, 8000);
    assert_eq!(settings.logging.level, LogLevel::Info);
    assert_eq!(settings.batches.upsert_length, 20);
}

#[test]
fn the_recipe_of_the_documentation_with_secrets_that_are_not_configured() {
    let settings = settings(&with([
        ("OCEAN__EVENT_LISTENER", r#"{"type":"ONCE"}"#),
        ("OCEAN__INITIALIZE_PORT_RESOURCES", "true"),
        ("OCEAN__INTEGRATION__CONFIG__API_URL", ""),
    ]));
    assert_eq!(settings.listener, EventListener::Once);
    assert_eq!(settings.source.api_url, "https://api.opsgenie.com");
}

#[test]
fn groups_and_leaves_are_merged_and_leaves_win() {
    let settings = settings(&of_environment([
        ("ocean__port", r#"{"client_id":"a","clientSecret":"b","baseUrl":"https://json.example.com/"}"#),
        ("Ocean__Port__Client_Id", "leaf"),
        ("OCEAN__INTEGRATION", r#"{"identifier":"mine","config":{"apiUrl":"https://eu.example.com//"}}"#),
        ("OCEAN__INTEGRATION__CONFIG", r#"{"apiToken":"json","api_url":"https://deeper.example.com/"}"#),
        ("OCEAN__INTEGRATION__CONFIG__API_TOKEN", "leaf-token"),
        ("OCEAN__EVENT_LISTENER", r#"{"type":"POLLING","resyncOnStart":false,"interval":5}"#),
    ]));
    assert_eq!(settings.catalog.client_id.expose(), "leaf");
    assert_eq!(settings.catalog.client_secret.expose(), "b");
    assert_eq!(settings.catalog.base_url, "https://json.example.com");
    assert_eq!(settings.identifier, "mine");
    assert_eq!(settings.source.api_token.expose(), "leaf-token");
    assert_eq!(settings.source.api_url, "https://deeper.example.com");
    assert_eq!(
        settings.listener,
        EventListener::Polling { interval: Duration::from_secs(5), resync_on_start: false }
    );
}

#[test]
fn flag_over_environment_over_dotenv_over_yaml() {
    let mut sources =
        with([("OCEAN__CLIENT_TIMEOUT", "3"), ("OCEAN__RETRY_BUDGET", "0"), ("PORT_ID", "from-provider")]);
    sources.environment.remove("OCEAN__PORT__CLIENT_ID");
    sources.dotenv = Some(file(
        ".env",
        "OCEAN__CLIENT_TIMEOUT=4\nOCEAN__STATE_DIR=/dot\nOCEAN__EVENT_LISTENER__INTERVAL=7\n",
    ));
    sources.config_yaml = Some(file(
        "config.yaml",
        "eventListener:\n  type: POLLING\n  interval: 9\nport:\n  clientId: \"{{ from env PORT_ID }}\"\nstateDir: /yaml\ncreatePortResourcesOrigin: Ocean\nscheduledResyncInterval: 90\n",
    ));
    sources.overrides =
        vec![Override { setting: names::LISTENER_TYPE, flag: "--once", value: "ONCE".to_owned() }];
    let once = settings(&sources);
    assert_eq!(once.listener, EventListener::Once);
    assert_eq!(once.client_timeout, Duration::from_secs(3));
    assert_eq!(once.retry_budget, Duration::ZERO);
    assert_eq!(once.state_dir.as_deref(), Some(Path::new("/dot")));
    assert_eq!(once.catalog.client_id.expose(), "from-provider");
    assert_eq!(once.resources.origin, Some(ResourcesOrigin::Default));
    assert_eq!(once.resync_interval, Some(Duration::from_secs(90 * 60)));
    let origin = |setting| once.provenance.of(setting).map(ToString::to_string);
    assert_eq!(origin(names::LISTENER_TYPE).as_deref(), Some("the flag `--once`"));
    assert_eq!(origin(names::STATE_DIR).as_deref(), Some(".env:2:18, `OCEAN__STATE_DIR`"));
    assert_eq!(origin(names::ORIGIN).as_deref(), Some("config.yaml:7:28, key `createPortResourcesOrigin`"));
    assert_eq!(origin(names::HTTP_PORT), None);

    sources.overrides.clear();
    let polling = settings(&sources);
    assert_eq!(
        polling.listener,
        EventListener::Polling { interval: Duration::from_secs(7), resync_on_start: true }
    );
}

#[test]
fn secrets_may_stand_in_files() {
    let mut sources = of_environment([
        ("OCEAN__PORT__CLIENT_ID", ""),
        ("OCEAN__PORT__CLIENT_ID_FILE", "/run/id"),
        ("OCEAN__PORT", r#"{"client_secret_file":"/run/secret"}"#),
        ("OCEAN__INTEGRATION__CONFIG__API_TOKEN_FILE", "/run/token"),
    ]);
    sources.read_file = Box::new(|path| Ok(format!("content-of{}\n", path.display()).replace('/', "-")));
    let settings = settings(&sources);
    assert_eq!(settings.catalog.client_id.expose(), "content-of-run-id");
    assert_eq!(settings.catalog.client_secret.expose(), "content-of-run-secret");
    assert_eq!(settings.source.api_token.expose(), "content-of-run-token");
    assert!(!format!("{settings:?}").contains("content-of"));
}

#[test]
fn an_empty_file_of_settings_is_fine() {
    let mut sources = with([("OCEAN__DELETION__ALLOW_EMPTY", r#"["alert","schedule-on-call"]"#)]);
    sources.config_yaml = Some(file("config.yaml", "\n# nothing yet\n"));
    sources.dotenv = Some(file(".env", ""));
    let settings = settings(&sources);
    assert!(settings.deletion.allow_empty.iter().eq([&Kind::Alert, &Kind::ScheduleOncall]));
    assert_eq!(settings.resources.preset, None::<Preset>);
}

proptest::proptest! {
    /// Whatever stands in the sources, the answer is settings or faults, and no credential is in its text.
    #[test]
    fn no_source_panics_or_tells(
        value in "\\PC{0,40}",
        yaml_text in "[a-z:\\-{}\\[\\] \n'\"|>&*!#%@]{0,60}",
        name in proptest::sample::select(vec![
            "OCEAN__PORT", "OCEAN__INTEGRATION", "OCEAN__INTEGRATION__CONFIG", "OCEAN__EVENT_LISTENER",
            "OCEAN__CLIENT_TIMEOUT", "OCEAN__PORT__BASE_URL", "OCEAN__", "OCEAN____", "OCEAN__PATH_PREFIX",
        ]),
    ) {
        let mut sources = with([(name, value.as_str())]);
        sources.config_yaml = Some(file("config.yaml", &yaml_text));
        sources.dotenv = Some(file(".env", &value));
        let told = match Settings::resolve(&sources) {
            Ok((settings, notices)) => format!("{settings:?}{notices:?}"),
            Err(faults) => {
                format!("{faults}{}", serde_json::to_string(&faults.diagnostics()).expect("faults are JSON"))
            }
        };
        for (_, secret) in CREDENTIALS {
            proptest::prop_assert!(!told.contains(secret));
        }
    }
}
