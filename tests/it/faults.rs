//! Faults for programs: with `--output json`, one line on standard output in which every fault has its place as fields.

use serde_json::{Value, json};

use crate::support::{Run, Stage, plain_blueprint, plain_mapping};

/// The faults that a program reads, one a line.
fn faults(run: &Run) -> String {
    run.exits(2);
    let faults = run.report["faults"].as_array().expect("faults are a list");
    faults.iter().map(Value::to_string).collect::<Vec<_>>().join("\n")
}

/// What no reader has met before he meets the next: the kind, an expression, a filter and a key.
const EVERY_SORT: &str = r#"resources:
  - kind: alrt
    selector:
      query: .a |
    port:
      entity:
        mappings:
          identifier: .id
          propertys: {}
  - kind: alert
    selector:
      query: "true"
      apiQueryParams:
        staus: open
    port:
      entity:
        mappings:
          identifier: .id
          blueprint: '"a"'
          properties:
            status: |
              .status
              | nope
"#;

#[tokio::test]
async fn a_file_with_faults_of_every_sort() {
    let mut stage = Stage::with_alerts(1).await;
    stage.file("own/port-app-config.yml", EVERY_SORT);
    stage.set("OCEAN__RESOURCES_PATH", "own");
    let run = stage.pass().await;
    insta::assert_snapshot!(faults(&run), @r#"
    {"severity":"error","message":"the kind `alrt` does not exist","hint":"did you mean `alert`?","file":"own/port-app-config.yml","line":2,"column":11,"endLine":2,"endColumn":15,"text":"  - kind: alrt"}
    {"severity":"error","message":"syntax error, unexpected end of file, expecting a term","file":"own/port-app-config.yml","line":4,"column":18,"endLine":4,"endColumn":18,"text":"      query: .a |"}
    {"severity":"error","message":"`blueprint` is missing","file":"own/port-app-config.yml","line":7,"column":9,"endLine":7,"endColumn":17,"text":"        mappings:"}
    {"severity":"warning","message":"the key `propertys` is unknown and ignored","hint":"did you mean `properties`?","file":"own/port-app-config.yml","line":9,"column":11,"endLine":9,"endColumn":20,"text":"          propertys: {}"}
    {"severity":"error","message":"kind `alert` has no field `staus`","hint":"did you mean `status`?","file":"own/port-app-config.yml","line":14,"column":9,"endLine":14,"endColumn":14,"text":"        staus: open"}
    {"severity":"error","message":"nope/0 is not defined","file":"own/port-app-config.yml","line":23,"column":17,"endLine":23,"endColumn":21,"text":"              | nope"}
    "#);
    insta::assert_snapshot!(run.talk(), @r"
    error: the kind `alrt` does not exist
      --> own/port-app-config.yml:2:11
       |
     2 |   - kind: alrt
       |           ^^^^
      hint: did you mean `alert`?
    error: syntax error, unexpected end of file, expecting a term
      --> own/port-app-config.yml:4:18
       |
     4 |       query: .a |
       |                  ^
    error: `blueprint` is missing
      --> own/port-app-config.yml:7:9
       |
     7 |         mappings:
       |         ^^^^^^^^
    warning: the key `propertys` is unknown and ignored
      --> own/port-app-config.yml:9:11
       |
     9 |           propertys: {}
       |           ^^^^^^^^^
      hint: did you mean `properties`?
    error: kind `alert` has no field `staus`
      --> own/port-app-config.yml:14:9
        |
     14 |         staus: open
        |         ^^^^^
      hint: did you mean `status`?
    error: nope/0 is not defined
      --> own/port-app-config.yml:23:17
        |
     23 |               | nope
        |                 ^^^^
    ");
    assert_eq!(run.report["causes"][0]["detail"], "the resources of OCEAN__RESOURCES_PATH have 5 faults");
}

#[tokio::test]
async fn a_mapping_that_the_catalog_holds() {
    let stage = Stage::with_alerts(1).await;
    let mut mapping = plain_mapping(&[("alert", "a"), ("incidnt", "a")]);
    mapping["resources"][0]["selector"]["query"] = json!("5");
    mapping["resources"][0]["port"]["entity"]["mappings"]["properties"]["url"] = json!(".a\n| nope(1)");
    mapping["entityDeletionThreshold"] = json!(90);
    stage.mapping(&mapping, &[plain_blueprint("a")]);
    let run = stage.pass().await;
    insta::assert_snapshot!(faults(&run), @r#"
    {"severity":"error","message":"`entityDeletionThreshold` must be a number from 0 to 1, not `90`","hint":"write 0.9 for 90 %","field":"entityDeletionThreshold"}
    {"severity":"error","message":"the selector always gives 5, it must give true or false; write `\"true\"` for all","resource":1,"kind":"alert","field":"selector.query","expression":"5","line":1,"column":1,"endLine":1,"endColumn":2}
    {"severity":"error","message":"nope/1 is not defined","resource":1,"kind":"alert","field":"properties.url","expression":".a\n| nope(1)","line":2,"column":3,"endLine":2,"endColumn":7}
    {"severity":"error","message":"the kind `incidnt` does not exist","hint":"did you mean `incident`?","resource":2,"kind":"incidnt","field":"kind"}
    "#);
}

#[tokio::test]
async fn settings_from_everywhere() {
    let mut stage = Stage::with_alerts(1).await;
    stage.set("OCEAN__CLIENT_TIMEOUT", "60s");
    stage.unset("OCEAN__PORT__CLIENT_ID");
    stage.file(".env", "\nOCEAN__RESOURCES_PRESET=clasic\n");
    stage.file("config.yaml", "retryBudget: many\nport:\n  clientIdd: x\n");
    let run = stage.run(&["--output", "json", "--log-level", "loud", "--report", "report.json"]).await;
    insta::assert_snapshot!(faults(&run), @r#"
    {"severity":"error","message":"`OCEAN__PORT__CLIENT_ID` is missing","hint":"set it to the client id of your Port organization, or `OCEAN__PORT__CLIENT_ID_FILE` to a file that holds it","setting":"OCEAN__PORT__CLIENT_ID"}
    {"severity":"error","message":"`OCEAN__RESOURCES_PRESET` must be one of `classic`, `full`, not `clasic`","hint":"did you mean `classic`?","setting":"OCEAN__RESOURCES_PRESET","variable":"OCEAN__RESOURCES_PRESET","file":".env","line":2,"column":25,"endLine":2,"endColumn":31,"text":"OCEAN__RESOURCES_PRESET=clasic"}
    {"severity":"error","message":"`OCEAN__CLIENT_TIMEOUT` must be a whole number of seconds from 1 to 86400, not `60s`","setting":"OCEAN__CLIENT_TIMEOUT","variable":"OCEAN__CLIENT_TIMEOUT"}
    {"severity":"error","message":"`APPLICATION__LOG_LEVEL` must be one of `DEBUG`, `INFO`, `WARNING`, `ERROR`, `CRITICAL`, `WARN`, not `LOUD`","setting":"APPLICATION__LOG_LEVEL","flag":"--log-level"}
    {"severity":"warning","message":"config.yaml:3:14, key `port.clientIdd` is unknown and ignored","hint":"did you mean `OCEAN__PORT__CLIENT_ID`?"}
    "#);
    let report = std::fs::read_to_string(stage.directory.path().join("report.json")).expect("it was written");
    assert_eq!(report, run.stdout);
    insta::assert_snapshot!(run.talk(), @r"
    error: `OCEAN__PORT__CLIENT_ID` is missing
      hint: set it to the client id of your Port organization, or `OCEAN__PORT__CLIENT_ID_FILE` to a file that holds it
    error: `OCEAN__RESOURCES_PRESET` must be one of `classic`, `full`, not `clasic`
      --> .env:2:25, `OCEAN__RESOURCES_PRESET`
       |
     2 | OCEAN__RESOURCES_PRESET=clasic
       |                         ^^^^^^
      hint: did you mean `classic`?
    error: `OCEAN__CLIENT_TIMEOUT` must be a whole number of seconds from 1 to 86400, not `60s`
      from: the environment variable `OCEAN__CLIENT_TIMEOUT`
    error: `APPLICATION__LOG_LEVEL` must be one of `DEBUG`, `INFO`, `WARNING`, `ERROR`, `CRITICAL`, `WARN`, not `LOUD`
      from: the flag `--log-level`
    warning: config.yaml:3:14, key `port.clientIdd` is unknown and ignored
      hint: did you mean `OCEAN__PORT__CLIENT_ID`?
    hint: no accounts at hand? `ocean-opsgenie sandbox` shows everything without any
    ");

    stage.file("config.yaml", "port:\n  clientId: {{ from env A }}\n  baseUrl: [\n");
    let run = stage.pass().await;
    assert!(faults(&run).contains(r#""file":"config.yaml","line":"#), "{}", run.stdout);
}

/// `validate` in a folder with these files. With arguments nothing is set but these variables.
async fn validated(files: &[(&str, &str)], variables: &[(&str, &str)], arguments: &[&str]) -> Run {
    let mut stage = Stage::with_alerts(0).await;
    if !arguments.is_empty() {
        stage.unset_all();
    }
    for (name, text) in files {
        stage.file(name, text);
    }
    for (name, value) in variables {
        stage.set(name, value);
    }
    let run = stage.run(&[&["validate"], arguments].concat()).await;
    assert_eq!(stage.sandbox.opsgenie().counts().calls, 0, "nothing is asked");
    run
}

const BLUEPRINTS: &str =
    r#"[{"identifier": "a", "schema": {"properties": {"status": {"type": "string"}}}, "relations": {}}]"#;

fn mapping_with(rest: &str) -> String {
    format!(
        "resources:\n  - kind: alert\n    selector:\n      query: \"true\"\n    port:\n      entity:\n        mappings:\n\
         {rest}"
    )
}

#[tokio::test]
async fn an_alias_of_a_kind_is_taken_with_a_note() {
    let mapping = mapping_with("          identifier: .id\n          blueprint: '\"a\"'\n")
        .replace("kind: alert", "kind: schedule-on-call");
    let arguments = ["--mapping", "mapping.yaml"];
    let run = validated(&[("mapping.yaml", &mapping)], &[], &arguments).await;
    assert_eq!(run.code, 0, "{}", run.stderr);
    insta::assert_snapshot!(run.talk(), @r"
    note: `schedule-on-call` is read as `schedule-oncall`
      --> mapping.yaml:2:11
       |
     2 |   - kind: schedule-on-call
       |           ^^^^^^^^^^^^^^^^
    ");
    insta::assert_snapshot!(run.stdout, @r"
    checked the mapping `mapping.yaml` (1 resource)
    nothing is wrong
    ");
    // Beside a fault it stays a note.
    let run = validated(&[("mapping.yaml", &mapping.replace(".id", ".id |"))], &[], &arguments).await;
    assert_eq!(run.code, 2);
    insta::assert_snapshot!(run.talk(), @r"
    note: `schedule-on-call` is read as `schedule-oncall`
      --> mapping.yaml:2:11
       |
     2 |   - kind: schedule-on-call
       |           ^^^^^^^^^^^^^^^^
    error: syntax error, unexpected end of file, expecting a term
      --> mapping.yaml:8:28
       |
     8 |           identifier: .id |
       |                            ^
    ");
}

#[tokio::test]
async fn validate_finds_nothing_wrong() {
    let mapping = mapping_with(
        "          identifier: .id\n          blueprint: '\"a\"'\n          properties:\n            status: .status\n",
    );
    let files = [("own/port-app-config.yml", mapping.as_str()), ("own/blueprints.json", BLUEPRINTS)];
    let run = validated(&files, &[("OCEAN__RESOURCES_PATH", "own")], &[]).await;
    assert_eq!((run.code, run.talk().as_str()), (0, ""), "{}", run.stderr);
    insta::assert_snapshot!(run.stdout, @r"
    checked the settings
    checked the resources in `own` (1 blueprint)
    checked the mapping `own/port-app-config` (1 resource, against 1 blueprint)
    nothing is wrong
    ");
    let run = validated(&files, &[], &["--mapping", "own/port-app-config.yml"]).await;
    assert_eq!((run.code, run.talk().as_str()), (0, ""), "{}", run.stderr);
    insta::assert_snapshot!(run.stdout, @r"
    checked the mapping `own/port-app-config.yml` (1 resource)
    nothing is wrong
    ");
    let run = validated(
        &[("mapping.json", r#"{"resources": []}"#)],
        &[],
        &["--mapping", "mapping.json", "--output", "json"],
    )
    .await;
    insta::assert_snapshot!(run.stdout, @r#"{"exitCode":0,"checked":["the mapping `mapping.json` (0 resources)"],"faults":[]}"#);
}

#[tokio::test]
async fn validate_finds_what_a_pass_only_warns_of() {
    let mapping = mapping_with(concat!(
        "          identifier: .id\n          blueprint: '\"a\"'\n          propertys: {}\n",
        "          properties:\n            state: .status\n            statsu: .status\n",
        "          relations:\n            team: .ownerTeamId\n",
        "  - kind: user\n    selector:\n      query: 'true'\n      includeMembers: true\n    port:\n      entity:\n        mappings:\n",
        "          identifier: .id\n          blueprint: '\"b\"'\n",
    ));
    let files = [("own/port-app-config.yml", mapping.as_str()), ("own/blueprints.json", BLUEPRINTS)];
    let run =
        validated(&files, &[("OCEAN__RESOURCES_PATH", "own"), ("OCEAN__PORT__CLIENTID", "x")], &[]).await;
    assert_eq!(run.code, 2, "{}", run.stderr);
    insta::assert_snapshot!(run.talk(), @r#"
    warning: the environment variable `OCEAN__PORT__CLIENTID` is unknown and ignored
      hint: did you mean `OCEAN__PORT__CLIENT_ID`?
    error: the key `propertys` is unknown and ignored
      --> own/port-app-config.yml:10:11
        |
     10 |           propertys: {}
        |           ^^^^^^^^^
      hint: did you mean `properties`?
    error: the blueprint `a` has no property `state`
      --> own/port-app-config.yml:12:20
        |
     12 |             state: .status
        |                    ^^^^^^^
      hint: did you mean `status`?
    error: the blueprint `a` has no property `statsu`
      --> own/port-app-config.yml:13:21
        |
     13 |             statsu: .status
        |                     ^^^^^^^
      hint: did you mean `status`?
    error: the blueprint `a` has no relation `team`
      --> own/port-app-config.yml:15:19
        |
     15 |             team: .ownerTeamId
        |                   ^^^^^^^^^^^^
    error: the key `includeMembers` means nothing for `user` and is ignored
      --> own/port-app-config.yml:19:7
        |
     19 |       includeMembers: true
        |       ^^^^^^^^^^^^^^
      hint: it is for `team`
    warning: the blueprint `b` is not among the resources
      --> own/port-app-config.yml:24:23
        |
     24 |           blueprint: '"b"'
        |                       ^^^
      hint: the catalog must hold it already
    "#);
    insta::assert_snapshot!(run.stdout, @r"
    checked the settings
    checked the resources in `own` (1 blueprint)
    checked the mapping `own/port-app-config` (2 resources, against 1 blueprint)
    5 faults
    ");
}

#[tokio::test]
async fn validate_shows_settings_folder_and_mapping_together() {
    let files = [
        ("own/port-app-config.yml", EVERY_SORT),
        ("own/blueprints.toml", ""),
        (".env", "OCEAN__CLIENT_TIMEOUT=60s\n"),
    ];
    let run = validated(&files, &[("OCEAN__RESOURCES_PATH", "own")], &["--output", "json"]).await;
    let messages: Vec<_> = faults(&run)
        .lines()
        .map(|line| {
            let fault: Value = serde_json::from_str(line).expect("a fault is JSON");
            format!(
                "{}: {}",
                fault["severity"].as_str().unwrap_or_default(),
                fault["message"].as_str().unwrap_or_default()
            )
        })
        .collect();
    insta::assert_snapshot!(messages.join("\n"), @r"
    error: `OCEAN__PORT__CLIENT_ID` is missing
    error: `OCEAN__PORT__CLIENT_SECRET` is missing
    error: `OCEAN__INTEGRATION__CONFIG__API_TOKEN` is missing
    error: `OCEAN__CLIENT_TIMEOUT` must be a whole number of seconds from 1 to 86400, not `60s`
    error: `own/blueprints.toml` would be overlooked
    error: the kind `alrt` does not exist
    error: syntax error, unexpected end of file, expecting a term
    error: `blueprint` is missing
    error: the key `propertys` is unknown and ignored
    error: kind `alert` has no field `staus`
    error: nope/0 is not defined
    ");
    assert!(run.talk().ends_with("`ocean-opsgenie sandbox` shows everything without any"), "{}", run.stderr);
}

#[tokio::test]
async fn validate_of_a_file_that_is_not_there() {
    let run = validated(&[], &[], &["--mapping", "nowhere.yaml"]).await;
    assert_eq!(run.code, 2, "{}", run.stderr);
    insta::assert_snapshot!(run.talk(), @r"
    error: the mapping cannot be read: No such file or directory (os error 2)
      --> nowhere.yaml
    ");
}
