//! `config show`: what is in force, where it came from, and never a credential.

use crate::support::Stage;

#[tokio::test]
async fn each_value_is_shown_with_its_origin_and_credentials_are_masked() {
    let mut stage = Stage::with_alerts(0).await;
    stage.unset_all();
    stage.set("ocean__port__client_id", "the-client-id");
    stage.set(
        "OCEAN__INTEGRATION__CONFIG",
        r#"{"apiToken":"the-api-token","apiUrl":"https://api.eu.opsgenie.com/"}"#,
    );
    stage.file(".env", "OCEAN__RETRY_BUDGET=5\n");
    stage.file("config.yaml", "initializePortResources: false\nport:\n  clientSecret: the-secret\n");
    let run = stage.run(&["config", "show", "--origin", "-l", "error"]).await;
    assert_eq!(run.code, 0, "{}", run.stderr);
    let given: Vec<&str> =
        run.stdout.lines().filter(|line| !line.ends_with("  default")).map(str::trim).collect();
    insta::assert_snapshot!(given.join("\n"), @"
    OCEAN__PORT__CLIENT_ID                          ********                     the environment variable `ocean__port__client_id`
    OCEAN__PORT__CLIENT_SECRET                      ********                     config.yaml:3:17, key `port.clientSecret`
    OCEAN__INTEGRATION__CONFIG__API_TOKEN           ********                     the environment variable `OCEAN__INTEGRATION__CONFIG`, key `apiToken`
    OCEAN__INTEGRATION__CONFIG__API_URL             https://api.eu.opsgenie.com  the environment variable `OCEAN__INTEGRATION__CONFIG`, key `apiUrl`
    OCEAN__INITIALIZE_PORT_RESOURCES                false                        config.yaml:1:26, key `initializePortResources`
    OCEAN__RETRY_BUDGET                             5                            .env:1:21, `OCEAN__RETRY_BUDGET`
    APPLICATION__LOG_LEVEL                          ERROR                        the flag `--log-level`
    ");
    for secret in ["the-client-id", "the-api-token", "the-secret"] {
        assert!(!run.stdout.contains(secret) && !run.stderr.contains(secret));
    }
    let json = stage.run(&["config", "show", "--output", "json"]).await;
    let rows = json.report["settings"].as_array().expect("there are settings");
    let row = |variable: &str| rows.iter().find(|row| row["variable"] == variable).expect("it is there");
    assert_eq!(row("OCEAN__RETRY_BUDGET")["value"], "5");
    assert_eq!(row("OCEAN__PORT__CLIENT_SECRET")["value"], "********");
    assert!(row("OCEAN__STATE_DIR")["value"].is_null() && row("OCEAN__STATE_DIR")["origin"].is_null());
}

#[tokio::test]
async fn without_any_settings_the_defaults_are_shown() {
    let mut stage = Stage::with_alerts(0).await;
    stage.unset_all();
    let run = stage.run(&["config", "show"]).await;
    assert_eq!(run.code, 0, "{}", run.stderr);
    insta::assert_snapshot!(run.stdout, @"
    OCEAN__PORT__CLIENT_ID                          (unset)
    OCEAN__PORT__CLIENT_SECRET                      (unset)
    OCEAN__PORT__BASE_URL                           https://api.getport.io
    OCEAN__INTEGRATION__IDENTIFIER                  my-opsgenie-integration
    OCEAN__INTEGRATION__TYPE                        opsgenie
    OCEAN__INTEGRATION__CONFIG__API_TOKEN           (unset)
    OCEAN__INTEGRATION__CONFIG__API_URL             https://api.opsgenie.com
    OCEAN__OPSGENIE__CALLS_IN_FLIGHT                8
    OCEAN__OPSGENIE__SCHEDULES_OF_ONE_TEAM          merge
    OCEAN__EVENT_LISTENER__TYPE                     POLLING
    OCEAN__EVENT_LISTENER__INTERVAL                 60
    OCEAN__EVENT_LISTENER__RESYNC_ON_START          true
    OCEAN__EVENT_LISTENER__APP_HOST                 (unset)
    OCEAN__INITIALIZE_PORT_RESOURCES                true
    OCEAN__CREATE_PORT_RESOURCES_ORIGIN             (unset)
    OCEAN__RESOURCES_PATH                           (unset)
    OCEAN__RESOURCES_PRESET                         (unset)
    OCEAN__SCHEDULED_RESYNC_INTERVAL                (unset)
    OCEAN__CLIENT_TIMEOUT                           60
    OCEAN__RETRY_BUDGET                             180
    OCEAN__SEND_RAW_DATA_EXAMPLES                   false
    OCEAN__STATUS_HEARTBEAT_INTERVAL_SECONDS        10
    OCEAN__ALLOW_ENVIRONMENT_VARIABLES_JQ_ACCESS    true
    OCEAN__JQ__STEPS                                (unset)
    OCEAN__JQ__SECONDS                              (unset)
    OCEAN__JQ__MADE_BYTES                           (unset)
    OCEAN__JQ__OUTPUT_BYTES                         (unset)
    OCEAN__DELETION__ALLOW_EMPTY                    (unset)
    OCEAN__STATE_DIR                                (unset)
    OCEAN__LEASE                                    (unset)
    OCEAN__BASE_URL                                 (unset)
    OCEAN__PATH_PREFIX                              (unset)
    OCEAN__WEBHOOK__SECRET                          (unset)
    OCEAN__WEBHOOK__HEADER                          x-webhook-secret
    OCEAN__WEBHOOK__AUTHENTICATION                  required
    OCEAN__METRICS__COMPAT                          false
    OCEAN__SCHEDULE__ALERT                          (unset)
    OCEAN__SCHEDULE__INCIDENT                       (unset)
    OCEAN__SCHEDULE__SERVICE                        (unset)
    OCEAN__SCHEDULE__TEAM                           (unset)
    OCEAN__SCHEDULE__SCHEDULE                       (unset)
    OCEAN__SCHEDULE__SCHEDULE_ONCALL                (unset)
    OCEAN__SCHEDULE__USER                           (unset)
    OCEAN__LOG_FORMAT                               text
    OCEAN__UPSERT_ENTITIES_BATCH_MAX_LENGTH         20
    OCEAN__UPSERT_ENTITIES_BATCH_MAX_SIZE_IN_BYTES  1048576
    OCEAN__DELETE_ENTITIES_MAX_BATCH_SIZE           100
    OCEAN__SSL__PORT__VERIFY                        true
    OCEAN__SSL__THIRD_PARTY__VERIFY                 true
    APPLICATION__LOG_LEVEL                          INFO
    APPLICATION__PORT                               8000
    APPLICATION__ENABLE_HTTP_LOGGING                true
    ");
}

#[tokio::test]
async fn a_fault_is_told_as_everywhere() {
    let mut stage = Stage::with_alerts(0).await;
    stage.set("OCEAN__CLIENT_TIMEOUT", "soon");
    let run = stage.run(&["config", "show"]).await;
    assert_eq!((run.code, run.stdout.as_str()), (2, ""));
    assert!(run.stderr.contains("OCEAN__CLIENT_TIMEOUT"), "{}", run.stderr);
}

#[tokio::test]
async fn every_shell_is_told_every_command_and_so_is_the_manual() {
    let stage = Stage::with_alerts(0).await;
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        let run = stage.run(&["completions", shell]).await;
        assert_eq!(run.code, 0, "{}", run.stderr);
        assert!(run.stdout.contains("doctor") && run.stdout.contains("no-delete"), "{shell}");
    }
    assert_eq!(stage.run(&["completions", "dos"]).await.code, 2);
    let page = stage.run(&["man"]).await.stdout;
    assert!(page.contains(".TH ocean-opsgenie 1") && page.contains("doctor"), "{page}");
    assert_eq!(stage.run(&["man", "--out", "pages"]).await.code, 0);
    for name in ["ocean-opsgenie.1", "ocean-opsgenie-sync.1", "ocean-opsgenie-config-show.1"] {
        assert!(stage.directory.path().join("pages").join(name).exists(), "{name}");
    }
    stage.file("file", "");
    let run = stage.run(&["man", "--out", "file/below"]).await;
    assert_eq!(run.code, 1);
    assert!(run.stderr.contains("cannot write manual pages to `file/below`"), "{}", run.stderr);
}
