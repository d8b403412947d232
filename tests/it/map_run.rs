//! `map run`: the entities that records become, and what is said of the rest.

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::{Run, Stage, piped, plain_blueprint, plain_mapping};

const MAPPING: &str = r#"resources:
  - kind: alert
    selector:
      query: .status != "closed"
    port:
      entity:
        mappings:
          identifier: .id
          title: .message
          blueprint: '"a"'
          properties:
            source: .integration.name
            count: .tags | length
          relations:
            team: .__team.id
  - kind: alert
    selector:
      query: 'true'
    port:
      entity:
        mappings:
          identifier: .id
          blueprint: '"a"'
          properties:
            status: .status
  - kind: schedule
    selector:
      query: 'true'
    port:
      itemsToParse: .rotations
      entity:
        mappings:
          identifier: .id + "_" + .item.name
          blueprint: '"r"'
"#;

/// A directory with a mapping and some records.
fn directory() -> TempDir {
    let directory = TempDir::new().expect("a temporary directory");
    for (name, text) in [
        ("mapping.yaml", MAPPING),
        (
            "alert.json",
            r#"{"id": "a1", "message": "Disk full", "status": "open", "integration": {"name": "API"}, "__team": {"id": "t1"}, "tags": ["x"]}"#,
        ),
        ("list.json", "[{\"id\": \"a1\", \"status\": \"open\"},\n {\"id\": \"a2\", \"status\": \"closed\"}]"),
        ("schedule.json", r#"{"id": "s", "rotations": [{"name": "day"}, {"name": "night"}]}"#),
    ] {
        std::fs::write(directory.path().join(name), text).expect("a file can be written");
    }
    directory
}

fn run(arguments: &[&str], input: &str) -> Run {
    piped(
        directory().path(),
        &[&["map", "run", "--mapping", "mapping.yaml"], arguments].concat(),
        input.as_bytes(),
    )
}

/// Standard output and standard error of a run that does what it is asked.
fn told(arguments: &[&str], input: &str) -> String {
    let run = run(arguments, input);
    assert_eq!(run.code, 0, "{}", run.stderr);
    format!("{}--\n{}", run.stdout, run.stderr)
}

/// What is said by a run that does nothing.
fn refused(arguments: &[&str], input: &str) -> String {
    let run = run(arguments, input);
    assert_eq!((run.code, run.stdout.as_str()), (2, ""), "{}", run.stderr);
    run.stderr
}

#[test]
fn a_record_becomes_the_entity_that_a_pass_would_write() {
    insta::assert_snapshot!(told(&["--kind", "alert", "--input", "alert.json"], ""), @r#"
    {"identifier":"a1","blueprint":"a","title":"Disk full","properties":{"source":"API","count":1,"status":"open"},"relations":{"team":"t1"}}
    --
    1 record, 1 entity
    "#);
}

#[test]
fn lists_lines_and_items_are_taken_one_by_one() {
    insta::assert_snapshot!(told(&["--kind", "alert", "--input", "list.json"], ""), @r#"
    {"identifier":"a1","blueprint":"a","title":null,"properties":{"source":null,"count":0,"status":"open"},"relations":{"team":null}}
    {"identifier":"a2","blueprint":"a","properties":{"status":"closed"}}
    --
    2 records, 2 entities, 1 item skipped by a selector

    resource 1 (alert) null for all 1 entity:
      title: .message
      properties.source: .integration.name
      relations.team: .__team.id
    "#);
    insta::assert_snapshot!(told(&["--kind", "alert", "--input", "-"], "{\"id\": \"x\"}\n\n{\n \"id\": \"y\"\n}\n"), @r#"
    {"identifier":"x","blueprint":"a","title":null,"properties":{"source":null,"count":0,"status":null},"relations":{"team":null}}
    {"identifier":"y","blueprint":"a","title":null,"properties":{"source":null,"count":0,"status":null},"relations":{"team":null}}
    --
    2 records, 2 entities

    resource 1 (alert) null for all 2 entities:
      title: .message
      properties.source: .integration.name
      relations.team: .__team.id

    resource 2 (alert) null for all 2 entities:
      properties.status: .status
    "#);
    insta::assert_snapshot!(told(&["--kind", "schedule", "--input", "schedule.json"], ""), @r#"
    {"identifier":"s_day","blueprint":"r"}
    {"identifier":"s_night","blueprint":"r"}
    --
    1 record, 2 entities
    "#);
    insta::assert_snapshot!(told(&["--kind", "alert", "--input", "-"], "\u{feff}[]"), @r"
    --
    0 records, 0 entities
    ");
    insta::assert_snapshot!(told(&["--kind", "alert", "--input", "-"], ""), @r"
    --
    0 records, 0 entities
    ");
}

#[test]
fn what_fails_is_told_as_after_a_pass() {
    let records = r#"[{"id": "a1", "integration": "text", "tags": true}, {"message": "no id"}, {"id": "b c", "integration": 5},
        {"id": "a#", "tags": "xy"}]"#;
    insta::assert_snapshot!(told(&["--kind", "alert", "--input", "-"], records), @r#"
    {"identifier":"a1","blueprint":"a","title":null,"properties":{"source":null,"count":null,"status":null},"relations":{"team":null}}
    {"identifier":"b c","blueprint":"a","title":null,"properties":{"source":null,"count":0,"status":null},"relations":{"team":null}}
    {"identifier":"a#","blueprint":"a","title":null,"properties":{"source":null,"count":2,"status":null},"relations":{"team":null}}
    --
    4 records, 3 entities, 2 items without identifier or blueprint
    warning: the catalog refuses 2 entities by name
      `b c` holds ' '; allowed are letters, digits and @ _ . + : \ / = ' -
      `a#` holds '#'; allowed are letters, digits and @ _ . + : \ / = ' -

    resource 1 (alert) · identifier failed for 1 item: identifier is null
      .id
      such as record 2

    resource 1 (alert) · properties.source failed for 2 items: Cannot index string with string ("name")
      .integration.name
      such as a1, b c

    resource 1 (alert) · properties.count failed for 1 item: boolean (true) has no length
      .tags | length
      such as a1

    resource 2 (alert) · identifier failed for 1 item: identifier is null
      .id
      such as record 2

    resource 1 (alert) null for all 3 entities:
      title: .message
      relations.team: .__team.id

    resource 2 (alert) null for all 3 entities:
      properties.status: .status
    "#);
}

#[test]
fn a_program_gets_a_line_per_record() {
    let arguments = ["--kind", "alert", "--input", "-", "--output", "json"];
    let records = r#"{"id": "a1", "integration": "text"} {"id": 5, "status": "closed"} {"status": "closed"}"#;
    insta::assert_snapshot!(told(&arguments, records), @r#"
    {"record":"a1","entities":[{"identifier":"a1","blueprint":"a","title":null,"properties":{"source":null,"count":0,"status":null},"relations":{"team":null}}],"skipped":0,"unmapped":0,"expressions":[{"resource":1,"kind":"alert","field":"properties.source","expression":".integration.name","count":1,"examples":["a1"],"message":"Cannot index string with string (\"name\")"}]}
    {"record":"record 2","entities":[{"identifier":"5","blueprint":"a","properties":{"status":"closed"}}],"skipped":1,"unmapped":0,"expressions":[]}
    {"record":"record 3","entities":[],"skipped":1,"unmapped":1,"expressions":[{"resource":2,"kind":"alert","field":"identifier","expression":".id","count":1,"examples":["record 3"],"message":"identifier is null"}]}
    --
    3 records, 2 entities, 2 items skipped by a selector, 1 item without identifier or blueprint
    "#);
}

#[test]
fn what_cannot_be_read_is_said() {
    insta::assert_snapshot!(refused(&["--kind", "alert", "--input", "nowhere.json"], ""), @"error: cannot read `nowhere.json`: No such file or directory (os error 2)");
    insta::assert_snapshot!(refused(&["--kind", "alert", "--input", "-"], "{\"id\": \"a\"}\n{\"id\": }\n"), @r#"
    error: `standard input` is not JSON: expected a value
      --> standard input:2:8
       |
     2 | {"id": }
       |        ^
    "#);
    insta::assert_snapshot!(refused(&["--kind", "alert", "--input", "-"], "{\"id\": \"a\"}\n[[]]"), @"error: `standard input`: record 2 is no object: a record of Opsgenie is one");
    insta::assert_snapshot!(refused(&["--kind", "alrt", "--input", "-"], ""), @r"
    error: invalid value 'alrt' for '--kind <KIND>'
      [possible values: alert, incident, service, team, schedule, schedule-oncall, user, webhook-event]

      tip: a similar value exists: 'alert'

    For more information, try '--help'.
    ");
    insta::assert_snapshot!(refused(&["--kind", "user", "--input", "-"], ""), @"error: the mapping has no resource of kind `user`; it maps `alert`, `schedule`");
}

#[test]
fn a_mapping_at_fault_is_shown_whole() {
    let directory = directory();
    let run = |text: &str| {
        std::fs::write(directory.path().join("bad.yaml"), text).expect("a file can be written");
        let arguments = ["map", "run", "--mapping", "bad.yaml", "--kind", "alert", "--input", "alert.json"];
        let run = piped(directory.path(), &arguments, b"");
        assert_eq!((run.code, run.stdout.as_str()), (2, ""), "{}", run.stderr);
        run.stderr
    };
    let bad = MAPPING.replace(".integration.name", "nope(1)").replace("'true'", "'.['");
    insta::assert_snapshot!(run(&bad), @r"
    error: nope/1 is not defined
      --> bad.yaml:12:21
        |
     12 |             source: nope(1)
        |                     ^^^^
    error: syntax error, unexpected end of file, expecting a term
      --> bad.yaml:18:17
        |
     18 |       query: '.['
        |                 ^
    error: syntax error, unexpected end of file, expecting a term
      --> bad.yaml:28:17
        |
     28 |       query: '.['
        |                 ^
    ");
    insta::assert_snapshot!(run("resources: [{kind: alrt}]"), @r"
    error: `selector` is missing
      --> bad.yaml:1:13
       |
     1 | resources: [{kind: alrt}]
       |             ^^^^^^^^^^^^
    error: `port` is missing
      --> bad.yaml:1:13
       |
     1 | resources: [{kind: alrt}]
       |             ^^^^^^^^^^^^
    error: the kind `alrt` does not exist
      --> bad.yaml:1:20
       |
     1 | resources: [{kind: alrt}]
       |                    ^^^^
      hint: did you mean `alert`?
    ");
    insta::assert_snapshot!(run(""), @r"
    error: the mapping is empty
      --> bad.yaml:1:1
       |
     1 | 
       | ^
      hint: list `resources` in it
    ");
    let arguments = ["map", "run", "--mapping", "nowhere.yaml", "--kind", "alert", "--input", "alert.json"];
    let run = piped(directory.path(), &arguments, b"");
    assert_eq!(run.code, 2);
    insta::assert_snapshot!(run.stderr, @r"
    error: the mapping cannot be read: No such file or directory (os error 2)
      --> nowhere.yaml
    ");
}

#[test]
fn ten_thousand_lines_become_ten_thousand_entities() {
    let lines: Vec<_> =
        (0..10_000).map(|n| json!({ "id": format!("a{n}"), "status": "open" }).to_string()).collect();
    let run = run(&["--kind", "alert", "--input", "-"], &lines.join("\n"));
    assert!(run.code == 0 && run.stderr.starts_with("10000 records, 10000 entities\n"), "{}", run.stderr);
    let identifiers = run.stdout.lines().map(|line| {
        let entity: Value = serde_json::from_str(line).expect("an entity is JSON");
        entity["identifier"].as_str().expect("it has a name").to_owned()
    });
    assert!(identifiers.eq((0..10_000).map(|n| format!("a{n}"))));
}

#[tokio::test]
async fn without_a_file_the_mapping_in_force_is_the_catalogs() {
    let mut stage = Stage::with_alerts(1).await;
    stage.file("alert.json", r#"{"id": "a1", "status": "open"}"#);
    let arguments = ["map", "run", "--kind", "alert", "--input", "alert.json"];

    // Nothing is installed by looking.
    let run = stage.run(&arguments).await;
    assert_eq!(run.code, 2);
    insta::assert_snapshot!(run.talk(), @r"
    error: the catalog holds no mapping for integration `my-og`
      hint: `--mapping FILE` tries one from a file; a pass gives the catalog the default one
    ");

    stage.mapping(&plain_mapping(&[("alert", "a")]), &[plain_blueprint("a")]);
    // The key of Opsgenie has nothing to do with it.
    stage.unset("OCEAN__INTEGRATION__CONFIG__API_TOKEN");
    let run = stage.run(&arguments).await;
    assert_eq!(run.code, 0, "{}", run.stderr);
    let entity: Value = serde_json::from_str(&run.stdout).expect("an entity is JSON");
    assert_eq!(
        entity,
        json!({ "identifier": "a1", "blueprint": "a", "title": null, "properties": { "status": "open" } })
    );
    assert_eq!(stage.sandbox.opsgenie().counts().calls, 0);
    assert!(stage.held("a").is_empty(), "nothing is written");

    stage.unset("OCEAN__PORT__CLIENT_SECRET");
    let run = stage.run(&arguments).await;
    assert_eq!(run.code, 2);
    insta::assert_snapshot!(run.talk(), @r"
    error: no mapping was given, and the one in force cannot be read from the catalog without `OCEAN__PORT__CLIENT_SECRET`
      hint: `--mapping FILE` tries a mapping from a file and needs no account
    ");

    stage.set("OCEAN__PORT__CLIENT_SECRET", "wrong");
    let run = stage.run(&arguments).await;
    assert_eq!(run.code, 3, "{}", run.stderr);
}

#[test]
fn notifications_are_tried_like_records() {
    let directory = TempDir::new().expect("a temporary directory");
    let example = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/webhook-event");
    let mapping = example.join("mapping.yaml").display().to_string();
    let run = |arguments: &[&str], input: &[u8]| {
        let arguments =
            [&["map", "run", "--kind", "webhook-event", "--mapping", &mapping], arguments].concat();
        piped(directory.path(), &arguments, input)
    };
    let payload = std::fs::read(example.join("payload.json")).expect("the example is there");
    let made = run(&["--input", "-"], &payload);
    assert_eq!(made.code, 0, "{}", made.stderr);
    let made: Value = serde_json::from_str(&made.stdout).expect("an entity is JSON");
    assert_eq!(made["title"], "10 - test alert");
    let refused = run(&["--source", "recorded"], b"");
    assert_eq!(refused.code, 2);
    insta::assert_snapshot!(refused.stderr, @r"
    error: `webhook-event` has no listing, so no recording holds any; give them by `--input`
      --> recorded
    ");
}
