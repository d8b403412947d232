//! What a person sees when a mapping is wrong: standard error of the program, whole, for faults in a file, in a mapping
//! that the catalog holds, and while records are mapped.

use ocean_opsgenie::sandbox::{World, text};
use serde_json::{Value, json};

use crate::support::{Run, Stage, plain_blueprint, plain_mapping};

/// Runs the program on a folder with this mapping; it must end before anything is fetched.
async fn refused_file(yaml: &str) -> String {
    let mut stage = Stage::with_alerts(1).await;
    stage.file("own/port-app-config.yml", yaml);
    stage.file("own/blueprints.json", &json!([plain_blueprint("a")]).to_string());
    stage.set("OCEAN__RESOURCES_PATH", "own");
    let run = stage.run(&[]).await;
    assert_eq!(run.code, 2, "{}", run.stderr);
    assert_eq!(stage.sandbox.opsgenie().counts().calls, 0, "nothing is fetched");
    assert!(!run.talk().is_empty(), "{}", run.stderr);
    run.talk()
}

/// Runs the program on a mapping that the catalog holds; it must end before anything is fetched.
async fn refused_stored(mapping: &Value) -> String {
    let stage = Stage::with_alerts(1).await;
    stage.mapping(mapping, &[plain_blueprint("a")]);
    let run = stage.run(&[]).await;
    assert_eq!(run.code, 2, "{}", run.stderr);
    assert_eq!(stage.sandbox.opsgenie().counts().calls, 0, "nothing is fetched");
    assert!(!run.talk().is_empty(), "{}", run.stderr);
    run.talk()
}

/// What the report says of expressions and warnings, and what is told beside it.
async fn mapped(mapping: &Value) -> (String, Run, Stage) {
    let mut world = World::empty();
    world.alerts_mut().extend(World::seed().alerts().iter().take(5).cloned());
    for alert in world.alerts_mut() {
        alert.message = text("Disk full");
    }
    let mut stage = Stage::of(world).await;
    // A machine that is busy must not end by the clock what here ends by the count.
    stage.set("OCEAN__JQ__STEPS", "100000");
    stage.mapping(mapping, &[plain_blueprint("a")]);
    let run = stage.run(&[]).await;
    let shown = attention(&run.stdout);
    (shown, run, stage)
}

/// The part of the report between the table and the traffic, with identifiers of records as their number.
fn attention(report: &str) -> String {
    let mut shown = report.to_owned();
    for (number, alert) in World::seed().alerts().iter().take(5).enumerate() {
        shown = shown.replace(&*alert.id, &format!("[alert {number}]"));
    }
    let lines = shown.lines().skip_while(|line| !line.is_empty()).skip(1);
    let lines: Vec<_> = lines.take_while(|line| !line.starts_with("Opsgenie ")).collect();
    lines.join("\n").trim_end().to_owned()
}

fn one_resource(change: impl FnOnce(&mut Value)) -> Value {
    let mut mapping = plain_mapping(&[("alert", "a")]);
    change(&mut mapping["resources"][0]);
    mapping
}

/// The mappings of the entity of a resource.
fn entity(resource: &mut Value) -> &mut Value {
    &mut resource["port"]["entity"]["mappings"]
}

#[tokio::test]
async fn what_does_not_compile_in_a_file() {
    let yaml = r#"resources:
  - kind: alert
    selector:
      query: .priority = = "P1"
    port:
      itemsToParse: .responders | map(
      entity:
        mappings:
          identifier: '.id + '
          title: ".message | \"unended"
          blueprint: '"a"'
          properties:
            status: ascii_upcas(.status)
            url: $alert.url
            folded: >-
              if .acknowledged
              then "yes"
              else "no"
            block: |
              .tags
              | map(select(. != "x")
              | length
          relations:
            team: .ownerTeamId[
"#;
    insta::assert_snapshot!(refused_file(yaml).await, @r#"
    error: syntax error, unexpected `=`, expecting a term
      --> own/port-app-config.yml:4:26
       |
     4 |       query: .priority = = "P1"
       |                          ^
    error: syntax error, unexpected end of file, expecting a term
      --> own/port-app-config.yml:6:39
       |
     6 |       itemsToParse: .responders | map(
       |                                       ^
    error: syntax error, unexpected end of file, expecting a term
      --> own/port-app-config.yml:9:30
       |
     9 |           identifier: '.id + '
       |                              ^
    error: syntax error, unexpected end of file, expecting a closing quote
      --> own/port-app-config.yml:10:39
        |
     10 |           title: ".message | \"unended"
        |                                       ^
    error: ascii_upcas/1 is not defined
      --> own/port-app-config.yml:13:21
        |
     13 |             status: ascii_upcas(.status)
        |                     ^^^^^^^^^^^
    error: $alert is not defined
      --> own/port-app-config.yml:14:18
        |
     14 |             url: $alert.url
        |                  ^^^^^^
    error: syntax error, unexpected end of file, expecting `end`
      --> own/port-app-config.yml:18:24
        |
     18 |               else "no"
        |                        ^
    error: syntax error, unexpected end of file, expecting `)`
      --> own/port-app-config.yml:22:23
        |
     22 |               | length
        |                       ^
    error: syntax error, unexpected end of file, expecting a term
      --> own/port-app-config.yml:24:32
        |
     24 |             team: .ownerTeamId[
        |                                ^
    "#);
}

#[tokio::test]
async fn what_does_not_compile_in_the_catalog() {
    let mapping = one_resource(|resource| {
        resource["selector"]["query"] = json!(".priority = = \"P1\"");
        resource["port"]["itemsToParse"] = json!(".responders | map(");
        *entity(resource) = json!({
            "identifier": ".id + ",
            "title": "\"unended",
            "blueprint": "\"a\"",
            "properties": { "status": "ascii_upcas(.status)", "url": "$alert.url", "far": ["a", ".b)"] },
            "relations": { "team": { "combinator": "'and'", "rules": [{ "value": ".x |" }] } },
        });
    });
    insta::assert_snapshot!(refused_stored(&mapping).await, @r#"
    error: syntax error, unexpected `=`, expecting a term
      --> resource 1 (alert) · selector.query
       |
     1 | .priority = = "P1"
       |             ^
    error: syntax error, unexpected end of file, expecting a term
      --> resource 1 (alert) · port.itemsToParse
       |
     1 | .responders | map(
       |                   ^
    error: syntax error, unexpected end of file, expecting a term
      --> resource 1 (alert) · identifier
       |
     1 | .id + 
       |       ^
    error: syntax error, unexpected end of file, expecting a closing quote
      --> resource 1 (alert) · title
       |
     1 | "unended
       |         ^
    error: ascii_upcas/1 is not defined
      --> resource 1 (alert) · properties.status
       |
     1 | ascii_upcas(.status)
       | ^^^^^^^^^^^
    error: $alert is not defined
      --> resource 1 (alert) · properties.url
       |
     1 | $alert.url
       | ^^^^^^
    error: a/0 is not defined
      --> resource 1 (alert) · properties.far[0]
       |
     1 | a
       | ^
    error: syntax error, unexpected `)`, expecting end of file
      --> resource 1 (alert) · properties.far[1]
       |
     1 | .b)
       |   ^
    error: syntax error, unexpected end of file, expecting a term
      --> resource 1 (alert) · relations.team.rules[0].value
       |
     1 | .x |
       |     ^
    "#);
}

#[tokio::test]
async fn kinds_selectors_and_types_in_a_file() {
    let yaml = r#"entityDeletionThreshold: many
enableMergeEntity: maybe
resources:
  - kind: alrt
    selector:
      query: 'true'
    port: &port
      entity:
        mappings:
          identifier: .id
          blueprint: '"a"'
  - kind: incident
    selector: {}
    port: *port
  - kind: service
    port: *port
  - kind: user
    selector:
      query: [a]
    port:
      entity:
        mappings:
          identifier:
          title: { }
          properties: .all
  - team
"#;
    insta::assert_snapshot!(refused_file(yaml).await, @r#"
    error: `entityDeletionThreshold` must be a number from 0 to 1, not a text
      --> own/port-app-config.yml:1:26
       |
     1 | entityDeletionThreshold: many
       |                          ^^^^
    error: `enableMergeEntity` must be `true` or `false`, not a text
      --> own/port-app-config.yml:2:20
       |
     2 | enableMergeEntity: maybe
       |                    ^^^^^
    error: the kind `alrt` does not exist
      --> own/port-app-config.yml:4:11
       |
     4 |   - kind: alrt
       |           ^^^^
      hint: did you mean `alert`?
    error: `query` is missing
      --> own/port-app-config.yml:13:5
        |
     13 |     selector: {}
        |     ^^^^^^^^
      hint: write `query: "true"` to take every record
    error: `selector` is missing
      --> own/port-app-config.yml:15:5
        |
     15 |   - kind: service
        |     ^^^^^^^^^^^^^
    error: `query` must be a jq expression, not a list
      --> own/port-app-config.yml:19:14
        |
     19 |       query: [a]
        |              ^^^
    error: `identifier` is missing
      --> own/port-app-config.yml:22:9
        |
     22 |         mappings:
        |         ^^^^^^^^
    error: `blueprint` is missing
      --> own/port-app-config.yml:22:9
        |
     22 |         mappings:
        |         ^^^^^^^^
    error: `properties` must be an object, not a text
      --> own/port-app-config.yml:25:23
        |
     25 |           properties: .all
        |                       ^^^^
    error: an entry of `resources` must be an object, not a text
      --> own/port-app-config.yml:26:5
        |
     26 |   - team
        |     ^^^^
    "#);
}

#[tokio::test]
async fn kinds_selectors_and_types_in_the_catalog() {
    let mut mapping =
        plain_mapping(&[("alrt", "a"), ("incident", "a"), ("schedule-oncal", "a"), ("user", "a")]);
    mapping["resources"][1]["selector"] = json!({});
    mapping["resources"][3]["port"]["entity"]["mappings"] =
        json!({ "identifier": null, "blueprint": 5, "properties": ".all" });
    mapping["resources"].as_array_mut().expect("a list").push(json!("team"));
    insta::assert_snapshot!(refused_stored(&mapping).await, @r#"
    error: the kind `alrt` does not exist
      --> resource 1 (alrt) · kind
      hint: did you mean `alert`?
    error: `query` is missing
      --> resource 2 (incident) · selector
      hint: write `query: "true"` to take every record
    error: the kind `schedule-oncal` does not exist
      --> resource 3 (schedule-oncal) · kind
      hint: did you mean `schedule-oncall`?
    error: `identifier` is missing
      --> resource 4 (user)
    error: `properties` must be an object, not a text
      --> resource 4 (user) · properties
    error: an entry of `resources` must be an object, not a text
      --> resource 5
    "#);
}

#[tokio::test]
async fn what_can_never_be_right() {
    let yaml = r#"resources:
  - kind: alert
    selector:
      query: '"yes"'
    port:
      entity:
        mappings:
          identifier: 'null'
          blueprint: '""'
"#;
    insta::assert_snapshot!(refused_file(yaml).await, @r#"
    error: the selector always gives "yes", it must give true or false; write `"true"` for all
      --> own/port-app-config.yml:4:15
       |
     4 |       query: '"yes"'
       |               ^^^^^
    error: this always gives null, which names nothing
      --> own/port-app-config.yml:8:24
       |
     8 |           identifier: 'null'
       |                        ^^^^
    error: this always gives "", which names nothing
      --> own/port-app-config.yml:9:23
       |
     9 |           blueprint: '""'
       |                       ^^
    "#);
}

#[tokio::test]
async fn yaml_that_is_none() {
    let yaml = "resources:\n  - kind: alert\n    selector:\n      query: 'true\n    port: {\n";
    insta::assert_snapshot!(refused_file(yaml).await, @r"
    error: the mapping cannot be read: found unexpected end of stream
      --> own/port-app-config.yml:6:1
       |
     6 | 
       | ^
    ");
}

#[tokio::test]
async fn filters_in_a_file() {
    let yaml = r#"resources:
  - kind: alert
    selector:
      query: 'true'
      apiQueryParams:
        staus: open
        priority: [P1, P9]
        createdAt: yesterday
        acknowledged: 5
        owner: { name: ada }
    port:
      entity:
        mappings:
          identifier: .id
          blueprint: '"a"'
"#;
    insta::assert_snapshot!(refused_file(yaml).await, @r"
    error: kind `alert` has no field `staus`
      --> own/port-app-config.yml:6:9
       |
     6 |         staus: open
       |         ^^^^^
      hint: did you mean `status`?
    error: the filter `priority` cannot work: `P9` is none of the values of this field
      --> own/port-app-config.yml:7:19
       |
     7 |         priority: [P1, P9]
       |                   ^^^^^^^^
      hint: the values are `P1`, `P2`, `P3`, `P4`, `P5`
    error: the filter `createdAt` cannot work: `yesterday` is no time
      --> own/port-app-config.yml:8:20
       |
     8 |         createdAt: yesterday
       |                    ^^^^^^^^^
      hint: write a date (`2026-11-20`), a time (`2026-11-20T08:00:00+01:00`), seconds or milliseconds since 1970, or a relative time (`-7d`), after `>`, `>=`, `<` or `<=`, or with `..` between two
    error: the filter `acknowledged` cannot work: `5` is neither `true` nor `false`
      --> own/port-app-config.yml:9:23
       |
     9 |         acknowledged: 5
       |                       ^
      hint: write `true` or `false`
    error: the filter `owner` must be a text, a number, `true`, `false` or a list of these, not an object
      --> own/port-app-config.yml:10:16
        |
     10 |         owner: { name: ada }
        |                ^^^^^^^^^^^^^
    ");
}

#[tokio::test]
async fn filters_in_the_catalog() {
    let mapping = one_resource(|resource| {
        resource["selector"]["apiQueryParams"] =
            json!({ "staus": "open", "priority": ["P1", "P9"], "createdAt": "yesterday" });
    });
    insta::assert_snapshot!(refused_stored(&mapping).await, @r"
    error: kind `alert` has no field `staus`
      --> resource 1 (alert) · selector.apiQueryParams.staus
      hint: did you mean `status`?
    error: the filter `priority` cannot work: `P9` is none of the values of this field
      --> resource 1 (alert) · selector.apiQueryParams.priority
      hint: the values are `P1`, `P2`, `P3`, `P4`, `P5`
    error: the filter `createdAt` cannot work: `yesterday` is no time
      --> resource 1 (alert) · selector.apiQueryParams.createdAt
      hint: write a date (`2026-11-20`), a time (`2026-11-20T08:00:00+01:00`), seconds or milliseconds since 1970, or a relative time (`-7d`), after `>`, `>=`, `<` or `<=`, or with `..` between two
    ");
}

#[tokio::test]
async fn keys_that_nobody_knows_are_warnings() {
    let mapping = one_resource(|resource| {
        resource["selector"]["querry"] = json!("false");
        resource["selector"]["includeMembers"] = json!(true);
        resource["port"]["itemToParse"] = json!(".responders");
        entity(resource)["propertys"] = json!({ "status": ".status" });
    });
    let (shown, run, stage) = mapped(&mapping).await;
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert_eq!(stage.held("a").len(), 5);
    insta::assert_snapshot!(shown, @r"
    warning: the key `querry` is unknown and ignored in resource 1 (alert) · selector.querry (did you mean `query`?)
    warning: the key `includeMembers` means nothing for `alert` and is ignored in resource 1 (alert) · selector.includeMembers (it is for `team`)
    warning: the key `itemToParse` is unknown and ignored in resource 1 (alert) · port.itemToParse (did you mean `itemsToParse`?)
    warning: the key `propertys` is unknown and ignored in resource 1 (alert) · propertys (did you mean `properties`?)
    ");
}

#[tokio::test]
async fn a_field_that_fails_for_every_record() {
    let mapping = one_resource(|resource| {
        entity(resource)["title"] = json!(".message.text");
        entity(resource)["properties"]["status"] = json!(".tags | join(\", \") | tonumber");
    });
    let (shown, run, stage) = mapped(&mapping).await;
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert_eq!(stage.held("a").len(), 5, "they are written all the same");
    insta::assert_snapshot!(shown, @r#"
    resource 1 (alert) · title failed for 5 items: Cannot index string with string ("text")
      .message.text
      such as [alert 0], [alert 1], [alert 2]

    resource 1 (alert) · properties.status failed for 5 items: string ("auth, login") cannot be parsed as a number
      .tags | join(", ") | tonumber
      such as [alert 0], [alert 1], [alert 2]
    "#);
}

#[tokio::test]
async fn a_field_that_is_null_for_every_record() {
    let mapping = one_resource(|resource| {
        entity(resource)["title"] = json!(".mesage");
        entity(resource)["icon"] = json!("null");
        entity(resource)["properties"]["status"] = json!("if .tinyId == \"1\" then empty else .status end");
        entity(resource)["team"] = json!(".team.id");
    });
    let (shown, run, stage) = mapped(&mapping).await;
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert_eq!(stage.held("a").len(), 5);
    insta::assert_snapshot!(shown, @r"
    resource 1 (alert) null for all 5 entities:
      title: .mesage
      team: .team.id
    ");
    let json = stage.pass().await;
    let of_title = &json.report["nulls"][0];
    assert_eq!(
        (&of_title["field"], &of_title["count"], &of_title["of"]),
        (&json!("title"), &json!(5), &json!(5))
    );
    assert_eq!(of_title["examples"].as_array().map(Vec::len), Some(3), "{of_title}");
}

#[tokio::test]
async fn an_endless_field() {
    let mapping = one_resource(|resource| {
        entity(resource)["title"] = json!("def f: f; f");
    });
    let (shown, run, stage) = mapped(&mapping).await;
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert_eq!(stage.held("a").len(), 5);
    insta::assert_snapshot!(shown, @r"
    resource 1 (alert) · title failed for 5 items: stopped, because it took too many steps
      def f: f; f
      such as [alert 0], [alert 1], [alert 2]
    ");
}

#[tokio::test]
async fn a_selector_that_gives_no_truth() {
    let mapping = one_resource(|resource| resource["selector"]["query"] = json!(".status"));
    let (shown, run, stage) = mapped(&mapping).await;
    assert_eq!((run.code, stage.held("a").len()), (4, 0), "{}", run.stderr);
    insta::assert_snapshot!(shown, @r#"
    resource 1 (alert) · selector.query failed for 5 items: the selector gave the string "open", it must give true or false
      .status
      such as [alert 0], [alert 1], [alert 2]
    "#);
}

#[tokio::test]
async fn an_identifier_that_names_nothing() {
    let mapping = one_resource(|resource| {
        entity(resource)["identifier"] = json!(".nothing");
    });
    let (_, run, stage) = mapped(&mapping).await;
    assert_eq!((run.code, stage.held("a").len()), (0, 0), "{}", run.stderr);
    insta::assert_snapshot!(run.stdout.lines().nth(1).unwrap_or_default(), @r"alert       5       0        0        0          0        0  incomplete: 5 items gave no identifier or no blueprint");
}

#[tokio::test]
async fn items_that_are_no_list() {
    let mapping = one_resource(|resource| resource["port"]["itemsToParse"] = json!(".message"));
    let (shown, run, stage) = mapped(&mapping).await;
    assert_eq!((run.code, stage.held("a").len()), (4, 0), "{}", run.stderr);
    insta::assert_snapshot!(shown, @r#"
    resource 1 (alert) · itemsToParse failed for 5 items: `itemsToParse` gave the string "Disk full", it must give an array
      .message
      such as [alert 0], [alert 1], [alert 2]
    "#);
}
