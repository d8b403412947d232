//! `map test`: cases of a mapping, as a person and as CI read them.

use serde_json::Value;
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
            tags: .tags | map(ascii_downcase)
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

const GOOD: &str = "\
cases:
  - name: an open alert, whole
    kind: alert
    file: alert.json
    entity:
      identifier: a1
      blueprint: a
      title: Disk full
      properties:
        tags: [db]
  - name: the part that matters
    kind: alert
    record: { id: a2, tags: [X, Y], integration: { name: API } }
    contains:
      properties: { source: API, tags: [x, y] }
  - name: closed alerts are left out
    kind: alert
    record: { id: a3, status: closed }
    skipped: true
  - name: nothing to name it by
    kind: alert
    record: { status: open, tags: [] }
    unmapped: true
  - name: an entity per rotation
    kind: schedule
    record: { id: s, rotations: [{ name: day }, { name: night }] }
    entity:
      - { identifier: s_day, blueprint: r }
      - { identifier: s_night, blueprint: r }
";

const BAD: &str = "\
cases:
  - name: good
    kind: alert
    record: { id: a1, tags: [] }
    contains: { identifier: a1 }
  - name: other values
    kind: alert
    record: { id: a2, message: Disk full, tags: [5] }
    entity:
      identifier: a2
      blueprint: b
      icon: disk
      properties: { source: API }
  - name: not skipped at all
    kind: alert
    record: { id: a3, tags: [] }
    skipped: true
  - name: skipped instead of mapped
    kind: alert
    record: { id: a4, status: closed }
    contains: { identifier: a4 }
  - name: the second entity
    kind: schedule
    record: { id: s, rotations: [{ name: day }, { name: night }] }
    contains: [{}, { identifier: s_late }]
";

fn test_in(directory: &TempDir, cases: &str, arguments: &[&str]) -> Run {
    for (name, text) in [
        ("mapping.yaml", MAPPING),
        ("dir/cases.yaml", cases),
        ("dir/alert.json", r#"{"id": "a1", "message": "Disk full", "status": "open", "tags": ["DB"]}"#),
    ] {
        std::fs::create_dir_all(directory.path().join("dir")).expect("a folder can be made");
        std::fs::write(directory.path().join(name), text).expect("a file can be written");
    }
    let always = ["map", "test", "dir/cases.yaml", "--mapping", "mapping.yaml"];
    piped(directory.path(), &[&always, arguments].concat(), b"")
}

fn test(cases: &str, arguments: &[&str]) -> Run {
    test_in(&TempDir::new().expect("a temporary directory"), cases, arguments)
}

#[test]
fn cases_that_hold_are_listed() {
    let run = test(GOOD, &[]);
    assert_eq!((run.code, run.stderr.as_str()), (0, ""), "{}", run.stdout);
    insta::assert_snapshot!(run.stdout, @r"
    ok    an open alert, whole
    ok    the part that matters
    ok    closed alerts are left out
    ok    nothing to name it by
    ok    an entity per rotation
    5 passed, 0 failed
    ");
}

#[test]
fn cases_that_do_not_hold_are_shown_with_what_differs() {
    let run = test(BAD, &[]);
    assert_eq!((run.code, run.stderr.as_str()), (7, ""), "{}", run.stdout);
    insta::assert_snapshot!(run.stdout, @r#"
    ok    good
    FAIL  other values (dir/cases.yaml:6:5)
      blueprint
        expected  "b"
        actual    "a"
      icon
        expected  "disk"
        actual    nothing
      properties.source
        expected  "API"
        actual    nothing
      title
        expected  nothing
        actual    "Disk full"
      resource 1 · properties.tags failed: explode input must be a string
        .tags | map(ascii_downcase)
    FAIL  not skipped at all (dir/cases.yaml:14:5)
      the record
        expected  skipped by the selector
        actual    1 entity (a/a3)
    FAIL  skipped instead of mapped (dir/cases.yaml:18:5)
      the record
        expected  1 entity
        actual    skipped by the selector
    FAIL  the second entity (dir/cases.yaml:22:5)
      entity 2 · identifier
        expected  "s_late"
        actual    "s_night"
    1 passed, 4 failed
    "#);
}

#[test]
fn a_program_gets_every_case() {
    let directory = TempDir::new().expect("a temporary directory");
    let run = test_in(&directory, BAD, &["--output", "json", "--report", "results.json"]);
    assert_eq!((run.code, run.stderr.as_str()), (7, ""), "{}", run.stdout);
    let results: Value = serde_json::from_str(&run.stdout).expect("results are JSON");
    assert_eq!(
        (&results["exitCode"], &results["passed"], &results["failed"]),
        (&7.into(), &1.into(), &4.into())
    );
    insta::assert_snapshot!(results["cases"][1], @r#"{"name":"other values","kind":"alert","place":"dir/cases.yaml:6:5","passed":false,"differences":[{"path":"blueprint","expected":"b","actual":"a"},{"path":"icon","expected":"disk","actual":null},{"path":"properties.source","expected":"API","actual":null},{"path":"title","expected":null,"actual":"Disk full"}],"expressions":[{"resource":1,"kind":"alert","field":"properties.tags","expression":".tags | map(ascii_downcase)","count":1,"examples":["a2"],"message":"explode input must be a string"}]}"#);
    insta::assert_snapshot!(results["cases"][2], @r#"{"name":"not skipped at all","kind":"alert","place":"dir/cases.yaml:14:5","passed":false,"differences":[{"path":null,"expected":"skipped by the selector","actual":"1 entity (a/a3)"}],"expressions":[]}"#);
    let filed = std::fs::read_to_string(directory.path().join("results.json")).expect("it was written");
    assert_eq!(filed, run.stdout);

    let run = test(GOOD, &["--output", "json"]);
    assert_eq!((run.code, &run.report["passed"]), (0, &5.into()));
}

/// What is said of cases that cannot be run.
fn refused(cases: &str) -> String {
    let run = test(cases, &[]);
    assert_eq!((run.code, run.stdout.as_str()), (2, ""));
    run.stderr
}

#[test]
fn cases_that_cannot_be_run_are_faults_of_their_file() {
    insta::assert_snapshot!(refused("cases:\n  - {nam: x, kind: alrt, record: {}, skipped: true}\n"), @r"
    error: `name` is missing
      --> dir/cases.yaml:2:5
       |
     2 |   - {nam: x, kind: alrt, record: {}, skipped: true}
       |     ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^
    error: the key `nam` is unknown
      --> dir/cases.yaml:2:6
       |
     2 |   - {nam: x, kind: alrt, record: {}, skipped: true}
       |      ^^^
      hint: did you mean `name`?
    error: the kind `alrt` does not exist
      --> dir/cases.yaml:2:20
       |
     2 |   - {nam: x, kind: alrt, record: {}, skipped: true}
       |                    ^^^^
      hint: did you mean `alert`?
    ");
    insta::assert_snapshot!(
        refused(
            "cases:\n  - name: a\n    kind: user\n    file: nowhere.json\n    skipped: true\n  - name: b\n    kind: alert\n    \
             file: cases.yaml\n    skipped: true\n"
        ),
        @r"
    error: the mapping has no resource of kind `user`
      --> dir/cases.yaml:3:11
       |
     3 |     kind: user
       |           ^^^^
    error: cannot read `dir/nowhere.json`: No such file or directory (os error 2)
      --> dir/cases.yaml:4:11
       |
     4 |     file: nowhere.json
       |           ^^^^^^^^^^^^
    error: `dir/cases.yaml` holds no record: invalid JSON at byte 0: expected a value
      --> dir/cases.yaml:8:11
       |
     8 |     file: cases.yaml
       |           ^^^^^^^^^^
    "
    );
    insta::assert_snapshot!(refused("cases: ["), @r"
    error: the cases cannot be read: did not find expected node content
      --> dir/cases.yaml:1:9
       |
     1 | cases: [
       |         ^
    ");
    let mapping = concat!(env!("CARGO_MANIFEST_DIR"), "/mappings/classic.yaml");
    let directory = TempDir::new().expect("a temporary directory");
    let run = piped(directory.path(), &["map", "test", "nowhere.yaml", "--mapping", mapping], b"");
    assert_eq!(run.code, 2);
    insta::assert_snapshot!(run.stderr, @"error: cannot read `nowhere.yaml`: No such file or directory (os error 2)");
}

#[tokio::test]
async fn the_mapping_in_force_can_be_tested() {
    let stage = Stage::with_alerts(1).await;
    stage.mapping(&plain_mapping(&[("alert", "a")]), &[plain_blueprint("a")]);
    stage.file("cases.json", r#"{"cases": [{"name": "n", "kind": "alert", "record": {"id": "x"}, "contains": {"blueprint": "a"}}]}"#);
    let run = stage.run(&["map", "test", "cases.json"]).await;
    assert_eq!((run.code, run.stdout.as_str()), (0, "ok    n\n1 passed, 0 failed\n"), "{}", run.stderr);
}
