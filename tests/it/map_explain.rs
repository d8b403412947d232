//! `map explain`: what each expression gives, and where a null began.

use tempfile::TempDir;

use crate::support::{Run, piped};

const MAPPING: &str = r#"resources:
  - kind: alert
    selector:
      query: .status != "closed"
    port:
      entity:
        mappings:
          identifier: .id
          title: .mesage
          blueprint: '"a"'
          properties:
            source: .integration.name
            url: |-
              if .links.web
              then .links.web
              else empty end
            count: .tags | join(",") | tonumber
            text: .message
          relations:
            owner:
              combinator: '"and"'
              rules:
                - property: '"email"'
                  operator: '"="'
                  value: .owner.email
  - kind: schedule
    selector:
      query: .item.enabled
    port:
      itemsToParse: .rotations
      entity:
        mappings:
          identifier: .id + "_" + .item.name
          blueprint: .item.blueprint
"#;

fn explain(arguments: &[&str], input: &str) -> Run {
    let directory = TempDir::new().expect("a temporary directory");
    std::fs::write(directory.path().join("mapping.yaml"), MAPPING).expect("a file can be written");
    let always = ["map", "explain", "--mapping", "mapping.yaml", "--input", "-", "--kind"];
    piped(directory.path(), &[&always, arguments].concat(), input.as_bytes())
}

fn told(arguments: &[&str], input: &str) -> String {
    let run = explain(arguments, input);
    assert_eq!((run.code, run.stderr.as_str()), (0, ""));
    run.stdout
}

const ALERT: &str = r#"{"id": "a1", "message": "Disk full", "status": "open", "owner": "", "tags": ["x"],
    "integration": {"id": "i", "type": "API"}}"#;

#[test]
fn every_field_is_shown_with_the_reason_of_its_null() {
    insta::assert_snapshot!(told(&["alert"], ALERT), @r#"
    alert a1 · resource 1 becomes a/a1
      selector.query: .status != "closed"
        true
      identifier: .id
        "a1"
      blueprint: "a"
        "a"
      title: .mesage
        null
        the record has no `mesage`, it has `id`, `message`, `status`, `owner`, `tags`, `integration`; did you mean `message`?
      properties.source: .integration.name
        null
        `.integration` has no `name`, it has `id`, `type`
      properties.url: if .links.web then .links.web else empty end
        no output, which counts as null
        the record has no `links`, it has `id`, `message`, `status`, `owner`, `tags`, `integration`
      properties.count: .tags | join(",") | tonumber
        failed: string ("x") cannot be parsed as a number
        `.tags` is a list of 1
      properties.text: .message
        "Disk full"
      relations.owner.combinator: "and"
        "and"
      relations.owner.rules[0].property: "email"
        "email"
      relations.owner.rules[0].operator: "="
        "="
      relations.owner.rules[0].value: .owner.email
        failed: Cannot index string with string ("email")
        `.owner` is an empty string, which has no `.email`
    "#);
}

#[test]
fn items_are_explained_one_by_one() {
    let schedules = r#"{"id": "s", "rotations": [{"name": "day", "enabled": true, "blueprint": "r"}, {"name": "x", "enabled": false},
        {"enabled": "yes"}, {"enabled": true, "name": null}]}
        {"id": "t", "rotations": []} {"id": "u", "rotations": "text"} {"id": "v"}"#;
    insta::assert_snapshot!(told(&["schedule"], schedules), @r#"
    schedule s · item 1 · resource 2 becomes r/s_day
      selector.query: .item.enabled
        true
      itemsToParse: .rotations
        [{"name":"day","enabled":true,"blueprint":"r"},{"name":"x","enabled":false},{"enabled":"yes"},{"enabled":true,"name":null}]
      identifier: .id + "_" + .item.name
        "s_day"
      blueprint: .item.blueprint
        "r"

    schedule s · item 2 · resource 2 leaves it out: the selector is false
      selector.query: .item.enabled
        false
      itemsToParse: .rotations
        [{"name":"day","enabled":true,"blueprint":"r"},{"name":"x","enabled":false},{"enabled":"yes"},{"enabled":true,"name":null}]
      identifier: .id + "_" + .item.name
        "s_x"
      blueprint: .item.blueprint
        null
        `.item` has no `blueprint`, it has `name`, `enabled`

    schedule s · item 3 · resource 2 does not map it: the selector or the list of items failed
      selector.query: .item.enabled
        failed: the selector gave the string "yes", it must give true or false
        `.item.enabled` is the string "yes"
      itemsToParse: .rotations
        [{"name":"day","enabled":true,"blueprint":"r"},{"name":"x","enabled":false},{"enabled":"yes"},{"enabled":true,"name":null}]
      identifier: .id + "_" + .item.name
        "s_"
      blueprint: .item.blueprint
        null
        `.item` has no `blueprint`, it has `enabled`

    schedule s · item 4 · resource 2 does not map it: identifier or blueprint name nothing
      selector.query: .item.enabled
        true
      itemsToParse: .rotations
        [{"name":"day","enabled":true,"blueprint":"r"},{"name":"x","enabled":false},{"enabled":"yes"},{"enabled":true,"name":null}]
      identifier: .id + "_" + .item.name
        "s_"
      blueprint: .item.blueprint
        failed: blueprint is null
        `.item` has no `blueprint`, it has `enabled`, `name`

    schedule t · resource 2 makes nothing of it: the list of items is empty
      itemsToParse: .rotations
        []

    schedule u · resource 2 does not map it: the selector or the list of items failed
      itemsToParse: .rotations
        failed: `itemsToParse` gave the string "text", it must give an array
        `.rotations` is the string "text"

    schedule v · resource 2 makes nothing of it: the list of items is empty
      itemsToParse: .rotations
        null
        the record has no `rotations`, it has `id`
    "#);
}

#[test]
fn one_field_may_be_asked_for() {
    insta::assert_snapshot!(told(&["alert", "--field", "properties.source"], ALERT), @r"
    alert a1 · resource 1 becomes a/a1
      properties.source: .integration.name
        null
        `.integration` has no `name`, it has `id`, `type`
    ");
    insta::assert_snapshot!(told(&["alert", "--field", "owner"], ALERT), @r#"
    alert a1 · resource 1 becomes a/a1
      relations.owner.combinator: "and"
        "and"
      relations.owner.rules[0].property: "email"
        "email"
      relations.owner.rules[0].operator: "="
        "="
      relations.owner.rules[0].value: .owner.email
        failed: Cannot index string with string ("email")
        `.owner` is an empty string, which has no `.email`
    "#);
    insta::assert_snapshot!(told(&["alert", "--field", "title"], r#"[{"id": "b", "status": "closed"}, {"mesage": "found"}]"#), @r#"
    alert b · resource 1 leaves it out: the selector is false
      title: .mesage
        null
        the record has no `mesage`, it has `id`, `status`

    alert record 2 · resource 1 does not map it: identifier or blueprint name nothing
      title: .mesage
        "found"
    "#);
    for (field, input) in [("sorce", ALERT), ("nothing", ALERT)] {
        let run = explain(&["alert", "--field", field], input);
        assert_eq!((run.code, run.stdout.as_str()), (2, ""));
        match field {
            "sorce" => insta::assert_snapshot!(run.stderr, @r"
            error: no resource of this kind has the field `sorce`
              hint: did you mean `source`?
            "),
            _ => insta::assert_snapshot!(run.stderr, @r"
            error: no resource of this kind has the field `nothing`
              hint: the fields are blueprint, identifier, properties.count, properties.source, properties.text, properties.url, relations.owner.combinator, relations.owner.rules[0].operator, relations.owner.rules[0].property, relations.owner.rules[0].value, selector.query, title
            "),
        }
    }
}

#[test]
fn a_program_gets_a_line_per_record_and_resource() {
    insta::assert_snapshot!(told(&["alert", "--field", "source", "--output", "json"], ALERT), @r#"{"record":"a1","kind":"alert","resource":1,"item":null,"fate":"mapped","entity":{"identifier":"a1","blueprint":"a","title":null,"properties":{"source":null,"url":null,"count":null,"text":"Disk full"},"relations":{"owner":{"combinator":"and","rules":[{"property":"email","operator":"=","value":null}]}}},"fields":[{"field":"properties.source","expression":".integration.name","output":null,"fault":null,"reasons":["`.integration` has no `name`, it has `id`, `type`"],"trails":[{"path":".integration","missing":".name"}]}]}"#);
    insta::assert_snapshot!(told(&["schedule", "--output", "json"], r#"{"id": "s", "rotations": [{"name": "day", "enabled": true}]}"#), @r#"{"record":"s","kind":"schedule","resource":2,"item":1,"fate":"unmapped","entity":null,"fields":[{"field":"selector.query","expression":".item.enabled","output":true,"fault":null,"reasons":[],"trails":[{"path":".item.enabled","missing":null}]},{"field":"itemsToParse","expression":".rotations","output":[{"name":"day","enabled":true}],"fault":null,"reasons":[],"trails":[{"path":".rotations","missing":null}]},{"field":"identifier","expression":".id + \"_\" + .item.name","output":"s_day","fault":null,"reasons":[],"trails":[{"path":".id","missing":null},{"path":".item.name","missing":null}]},{"field":"blueprint","expression":".item.blueprint","output":null,"fault":"blueprint is null","reasons":["`.item` has no `blueprint`, it has `name`, `enabled`"],"trails":[{"path":".item","missing":".blueprint"}]}]}"#);
}

#[test]
fn without_a_record_there_is_nothing_to_explain() {
    let run = explain(&["alert"], "[]");
    assert_eq!(
        (run.code, run.stdout.as_str(), run.stderr.as_str()),
        (0, "", "there is no record to explain\n")
    );
    let run = explain(&["user"], "{}");
    assert_eq!(run.code, 2);
    insta::assert_snapshot!(run.stderr, @"error: the mapping has no resource of kind `user`; it maps `alert`, `schedule`");
    let run = explain(&["alert"], "{");
    assert_eq!(run.code, 2);
    insta::assert_snapshot!(run.stderr, @r"
    error: `standard input` is not JSON: expected a key
      --> standard input:1:2
       |
     1 | {
       |  ^
    ");
}
