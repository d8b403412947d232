//! Texts in, mappings or faults out, as a person reads them.

use serde_json::json;

use super::{Expr, MappingFile, Template, TopLevelTransform};
use crate::config::{Diagnostic, Severity};
use crate::model::Kind;

const GOOD: &str = r#"createMissingRelatedEntities: false
entityDeletionThreshold: 0.5
resources:
  - kind: alert
    selector:
      query: .status == "open"
      apiQueryParams:
        status: open
        priority: P1
    port:
      itemsToParse: .responders
      itemsToParseTopLevelTransform: false
      entity:
        mappings:
          identifier:
            combinator: '"and"'
            rules:
              - property: '"$identifier"'
                operator: '"="'
                value: .id
          blueprint: '"opsGenieAlert"'
          properties:
            zeta: .z
            alpha: true
            nested:
              inner: [.a, .b]
"#;

/// A fault of every sort.
const WRONG: &str = r#"
deleteDependentEntities: perhaps
entityDeletionThreshold: 90
resources:
  - kind: alerts
    selector:
      qurey: "true"
    port:
      entity:
        mappings:
          identifier: .id
          blueprint: [a]
          properties: .all
  - kind: team
    selector: "true"
  - kind: schedule
    selector:
      query: "true"
      apiQueryParams:
        expand: rotations
    port:
      itemsToParseName: 5
      entity:
        mappings:
          title: .name
          properties:
            empty:
  - just words
"#;

fn good(text: &str) -> MappingFile {
    let (file, warnings) = MappingFile::from_text("map.yaml", text).expect("this mapping is right");
    assert_eq!(warnings, []);
    file
}

fn faults(text: &str) -> String {
    MappingFile::from_text("map.yaml", text).expect_err("this mapping is wrong").to_string()
}

fn warnings(text: &str) -> String {
    let (_, warnings) = MappingFile::from_text("map.yaml", text).expect("this mapping is right");
    let texts: Vec<_> = warnings.iter().map(|one| one.diagnostic(Severity::Warning).to_string()).collect();
    texts.join("\n\n")
}

/// The file, with a caret under a part of the only property's expression.
fn pointed(text: &str, part: &str) -> String {
    let file = good(text);
    let properties = file.resources[0].mappings[0].properties.as_deref().expect("there are properties");
    let Template::Expr(expr) = &properties[0].1 else { panic!("the property is an expression") };
    pointed_in(expr, part)
}

fn pointed_in(expr: &Expr, part: &str) -> String {
    let start = expr.text.find(part).expect("the expression has this part");
    let place = expr.part(start..start + part.len());
    Diagnostic { severity: Severity::Error, message: "here".to_owned(), place, hint: None }.to_string()
}

/// A mapping whose only property is written so.
fn with_property(written: &str) -> String {
    let mut text = String::from(
        "resources:\n  - kind: alert\n    selector: {query: 'true'}\n    port:\n      entity:\n        mappings:\n",
    );
    text.push_str("          identifier: .id\n          blueprint: '\"b\"'\n          properties:\n");
    text.push_str("            field: ");
    text.push_str(written);
    text.push('\n');
    text
}

#[test]
fn texts_that_are_no_mapping() {
    insta::assert_snapshot!(faults(""), @r"
    error: the mapping is empty
      --> map.yaml:1:1
       |
     1 | 
       | ^
      hint: list `resources` in it
    ");
    insta::assert_snapshot!(faults("{}"), @r"
    error: the mapping is empty
      --> map.yaml:1:1
       |
     1 | {}
       | ^^
      hint: list `resources` in it
    ");
    insta::assert_snapshot!(faults("just words"), @r"
    error: the mapping must be an object, not a text
      --> map.yaml:1:1
       |
     1 | just words
       | ^^^^^^^^^^
    ");
    insta::assert_snapshot!(faults("resources:\n  - kind: alert\n   selector: x\n"), @r"
    error: the mapping cannot be read: did not find expected '-' indicator
      --> map.yaml:3:4
       |
     3 |    selector: x
       |    ^
    ");
    insta::assert_snapshot!(faults("resources: []\nresources: []\n"), @r#"
    error: the mapping cannot be read: duplicate entry with key "resources"
      --> map.yaml:2:1
       |
     2 | resources: []
       | ^
    "#);
    insta::assert_snapshot!(faults("resources: *nowhere\n"), @r"
    error: the mapping cannot be read: unknown anchor
      --> map.yaml:1:12
       |
     1 | resources: *nowhere
       |            ^
    ");
    insta::assert_snapshot!(
        MappingFile::from_text("map.json", "{\n  \"resources\": [,]\n}").expect_err("not JSON"),
        @r#"
        error: the mapping cannot be read: expected value
          --> map.json:2:17
           |
         2 |   "resources": [,]
           |                 ^
        "#
    );
}

#[test]
fn every_fault_at_once_with_line_and_caret() {
    insta::assert_snapshot!(faults(WRONG), @r#"
    error: `deleteDependentEntities` must be `true` or `false`, not a text
      --> map.yaml:2:26
       |
     2 | deleteDependentEntities: perhaps
       |                          ^^^^^^^
    error: `entityDeletionThreshold` must be a number from 0 to 1, not `90`
      --> map.yaml:3:26
       |
     3 | entityDeletionThreshold: 90
       |                          ^^
      hint: write 0.9 for 90 %
    error: the kind `alerts` does not exist
      --> map.yaml:5:11
       |
     5 |   - kind: alerts
       |           ^^^^^^
      hint: did you mean `alert`?
    error: `query` is missing
      --> map.yaml:6:5
       |
     6 |     selector:
       |     ^^^^^^^^
      hint: write `query: "true"` to take every record
    error: `blueprint` must be a jq expression, not a list
      --> map.yaml:12:22
        |
     12 |           blueprint: [a]
        |                      ^^^
    error: `properties` must be an object, not a text
      --> map.yaml:13:23
        |
     13 |           properties: .all
        |                       ^^^^
    error: `selector` must be an object, not a text
      --> map.yaml:15:15
        |
     15 |     selector: "true"
        |               ^^^^^^
    error: `port` is missing
      --> map.yaml:14:5
        |
     14 |   - kind: team
        |     ^^^^^^^^^^
    error: `expand` must be `rotation`, not `rotations`
      --> map.yaml:20:17
        |
     20 |         expand: rotations
        |                 ^^^^^^^^^
    error: `itemsToParseName` must be a text that is not empty, not a number
      --> map.yaml:22:25
        |
     22 |       itemsToParseName: 5
        |                         ^
    error: `identifier` is missing
      --> map.yaml:24:9
        |
     24 |         mappings:
        |         ^^^^^^^^
    error: `blueprint` is missing
      --> map.yaml:24:9
        |
     24 |         mappings:
        |         ^^^^^^^^
    error: `empty` has no expression
      --> map.yaml:27:13
        |
     27 |             empty:
        |             ^^^^^
      hint: give it an expression, `"null"` for an explicit null, or remove the key
    error: an entry of `resources` must be an object, not a text
      --> map.yaml:28:5
        |
     28 |   - just words
        |     ^^^^^^^^^^
    warning: the key `qurey` is unknown and ignored
      --> map.yaml:7:7
       |
     7 |       qurey: "true"
       |       ^^^^^
      hint: did you mean `query`?
    "#);
}

#[test]
fn keys_that_mean_nothing_are_warnings() {
    insta::assert_snapshot!(warnings(r#"
deleteDependantEntities: true
resources:
  - kind: alert
    selector: {query: "true", includeMembers: true}
    port:
      itemToParse: .x
      entity:
        mappings: {identifier: .id, blueprint: '"b"', propertys: {a: .b}}
"#), @r#"
warning: the key `deleteDependantEntities` is unknown and ignored
  --> map.yaml:2:1
   |
 2 | deleteDependantEntities: true
   | ^^^^^^^^^^^^^^^^^^^^^^^
  hint: did you mean `deleteDependentEntities`?

warning: the key `includeMembers` means nothing for `alert` and is ignored
  --> map.yaml:5:31
   |
 5 |     selector: {query: "true", includeMembers: true}
   |                               ^^^^^^^^^^^^^^
  hint: it is for `team`

warning: the key `itemToParse` is unknown and ignored
  --> map.yaml:7:7
   |
 7 |       itemToParse: .x
   |       ^^^^^^^^^^^
  hint: did you mean `itemsToParse`?

warning: the key `propertys` is unknown and ignored
  --> map.yaml:9:55
   |
 9 |         mappings: {identifier: .id, blueprint: '"b"', propertys: {a: .b}}
   |                                                       ^^^^^^^^^
  hint: did you mean `properties`?
"#);
    insta::assert_snapshot!(warnings("enableMergeEntity: false"), @r"
    warning: `resources` is missing: nothing is mapped
      --> map.yaml:1:1
       |
     1 | enableMergeEntity: false
       | ^^^^^^^^^^^^^^^^^^^^^^^^
    ");
}

#[test]
fn a_mapping_of_the_catalog_points_at_fields() {
    let root = json!({
        "entityDeletionThreshold": 2,
        "resources": [
            {"kind": "user", "selector": {"query": "true"}, "port": {"entity": {"mappings": [
                {"identifier": ".id", "blueprint": "\"u\""},
                {"identifier": ".id", "blueprint": "\"u\"", "properties": {"a": {"b": null}}},
            ]}}},
            {"kind": "alert", "selector": {}, "port": {"entity": {"mappings": {"properties": 1}}}},
        ],
    });
    insta::assert_snapshot!(MappingFile::from_catalog(&root).expect_err("this mapping is wrong"), @r#"
    error: `entityDeletionThreshold` must be a number from 0 to 1, not `2`
      --> entityDeletionThreshold
      hint: write 0.02 for 2 %
    error: `b` has no expression
      --> resource 1 (user) · mappings[1].properties.a.b
      hint: give it an expression, `"null"` for an explicit null, or remove the key
    error: `query` is missing
      --> resource 2 (alert) · selector
      hint: write `query: "true"` to take every record
    error: `identifier` is missing
      --> resource 2 (alert)
    error: `blueprint` is missing
      --> resource 2 (alert)
    error: `properties` must be an object, not a number
      --> resource 2 (alert) · properties
    "#);

    let root = json!({"resources": [{"kind": "user", "selector": {"query": ".a | b | .c"}, "port": {"entity":
        {"mappings": {"identifier": ".id", "blueprint": "\"u\""}}}}]});
    let (file, _) = MappingFile::from_catalog(&root).expect("this mapping is right");
    insta::assert_snapshot!(pointed_in(&file.resources[0].selector.query, "b"), @r"
    error: here
      --> resource 1 (user) · selector.query
       |
     1 | .a | b | .c
       |      ^
    ");
}

#[test]
fn a_part_of_an_expression_is_found_however_it_is_written() {
    insta::assert_snapshot!(pointed(&with_property(".a | wrong | .b # note"), "wrong"), @r"
    error: here
      --> map.yaml:10:25
        |
     10 |             field: .a | wrong | .b # note
        |                         ^^^^^
    ");
    insta::assert_snapshot!(pointed(&with_property("'.a | \"it''s\" | wrong'"), "wrong"), @r#"
    error: here
      --> map.yaml:10:36
        |
     10 |             field: '.a | "it''s" | wrong'
        |                                    ^^^^^
    "#);
    insta::assert_snapshot!(pointed(&with_property(r#"".a\t| \"\u00e9\" | wrong""#), "wrong"), @r#"
    error: here
      --> map.yaml:10:40
        |
     10 |             field: ".a\t| \"\u00e9\" | wrong"
        |                                        ^^^^^
    "#);
    insta::assert_snapshot!(pointed(&with_property("|-\n              .ä\n                | wrong\n"), "wrong"), @r"
    error: here
      --> map.yaml:12:19
        |
     12 |                 | wrong
        |                   ^^^^^
    ");
    insta::assert_snapshot!(pointed(&with_property(">\n              .a\n              | wrong\n"), "wrong"), @r"
    error: here
      --> map.yaml:12:17
        |
     12 |               | wrong
        |                 ^^^^^
    ");
    insta::assert_snapshot!(pointed(&with_property(".a\n              | wrong"), "wrong"), @r"
    error: here
      --> map.yaml:11:17
        |
     11 |               | wrong
        |                 ^^^^^
    ");
    insta::assert_snapshot!(pointed(&with_property("&anchor .a | wrong"), "wrong"), @r"
    error: here
      --> map.yaml:10:33
        |
     10 |             field: &anchor .a | wrong
        |                                 ^^^^^
    ");
    insta::assert_snapshot!(pointed(&with_property(&format!("'{} wrong{}'", ".a |".repeat(40), " | .b".repeat(40))), "wrong"), @r"
    error: here
      --> map.yaml:10:182
        |
     10 | …a |.a |.a |.a |.a |.a |.a |.a |.a |.a |.a |.a |.a |.a |.a | wrong | .b | .b | .b | .b | .b | .b | .b | .b | .b | .b | .b | .b…
        |                                                              ^^^^^
    ");
}

#[test]
fn an_alias_points_at_itself() {
    let text = with_property(".a\n            other: &x .b | wrong\n            more: *x");
    let file = good(&text);
    let properties = file.resources[0].mappings[0].properties.as_deref().expect("there are properties");
    let Template::Expr(expr) = &properties[2].1 else { panic!("an expression") };
    assert_eq!(expr.text, ".b | wrong");
    insta::assert_snapshot!(pointed_in(expr, "wrong"), @r"
    error: here
      --> map.yaml:12:19
        |
     12 |             more: *x
        |                   ^^
    ");
}

#[test]
fn a_mapping_is_read_in_file_order_with_its_defaults() {
    let file = good(GOOD);
    assert!(
        file.delete_dependent_entities && file.enable_merge_entity && !file.create_missing_related_entities
    );
    assert!((file.entity_deletion_threshold - 0.5).abs() < f64::EPSILON);
    let resource = &file.resources[0];
    assert_eq!(resource.kind, Kind::Alert);
    assert_eq!(resource.selector.query.text, ".status == \"open\"");
    let query = resource.selector.api_query.as_ref().expect("there is a filter");
    let fields: Vec<_> =
        query.fields.iter().map(|field| (field.name.as_str(), field.value.clone())).collect();
    assert_eq!(fields, [("status", json!("open")), ("priority", json!("P1"))]);
    let items = resource.items.as_ref().expect("there are items");
    assert_eq!((items.list.text.as_str(), items.name.as_str()), (".responders", "item"));
    assert_eq!(items.top_level_transform, TopLevelTransform::KeepWhole);
    let mapping = &resource.mappings[0];
    let leaves: Vec<_> = mapping.identifier.expressions().iter().map(|expr| expr.text.as_str()).collect();
    assert_eq!(leaves, ["\"and\"", "\"$identifier\"", "\"=\"", ".id"]);
    let names: Vec<_> = mapping.properties.iter().flatten().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["zeta", "alpha", "nested"]);
    let texts: Vec<_> = mapping.properties.iter().flatten().flat_map(|(_, one)| one.expressions()).collect();
    let texts: Vec<_> = texts.iter().map(|expr| expr.text.as_str()).collect();
    assert_eq!(texts, [".z", "true", ".a", ".b"]);
    assert_eq!(mapping.relations, None);
}

#[test]
fn the_same_mapping_comes_from_yaml_json_and_the_catalog() {
    let yaml = good(GOOD);
    let root: serde_json::Value = crate::config::yaml::read(GOOD).expect("this is YAML").value;
    let text = serde_json::to_string_pretty(&root).expect("a value can be written");
    let (json, _) = MappingFile::from_text("map.json", &text).expect("this mapping is right");
    let (catalog, _) = MappingFile::from_catalog(&root).expect("this mapping is right");
    let texts = |file: &MappingFile| {
        let mapping = &file.resources[0].mappings[0];
        let fields = mapping.properties.iter().flatten().map(|(_, one)| one);
        let all = fields.chain([&mapping.identifier]).flat_map(Template::expressions);
        all.map(|expr| expr.text.clone()).collect::<Vec<_>>()
    };
    assert_eq!(texts(&yaml), texts(&json));
    assert_eq!(texts(&yaml), texts(&catalog));
    insta::assert_snapshot!(pointed_in(&json.resources[0].selector.query, "\"open\""), @r#"
    error: here
      --> map.json:8:30
       |
     8 |         "query": ".status == \"open\"",
       |                              ^^^^^^^^
    "#);
}

#[test]
fn a_byte_order_mark_moves_nothing() {
    let marked = format!("\u{feff}{}", "resources:\n  - kind: alarm\n");
    insta::assert_snapshot!(faults(&marked).lines().nth(1).expect("a place"), @"  --> map.yaml:2:11");
    let (json, _) = MappingFile::from_text("map.json", "\u{feff}{\"resources\": []}").expect("it is right");
    assert_eq!(json.resources, []);
}

#[test]
fn a_merge_key_is_followed() {
    let text = "resources:\n  - &one\n    kind: alert\n    selector: {query: 'true'}\n    port: {entity: {mappings: {identifier: .id, blueprint: '\"b\"'}}}\n  - <<: *one\n    kind: incident\n";
    let file = good(text);
    assert!(file.resources.iter().map(|one| one.kind).eq([Kind::Alert, Kind::Incident]));
    assert_eq!(file.resources[1].selector.query.text, "true");
}

proptest::proptest! {
    #[test]
    fn no_text_panics(text in "[a-z:\\-{}\\[\\] \n\t'\"|>&*!#%@.,é\\\\]{0,80}") {
        let told = match MappingFile::from_text("map.yaml", &text) {
            Ok((_, warnings)) => warnings.iter().map(|one| one.diagnostic(Severity::Warning).to_string()).collect(),
            Err(faults) => faults.to_string(),
        };
        let is_placed = told.is_empty() || told.contains("--> map.yaml");
        proptest::prop_assert!(is_placed, "no place in {}", told);
    }

    /// However an expression is written in YAML, each of its letters is found where it stands.
    #[test]
    fn parts_are_found_in_quoted_texts(words in proptest::collection::vec("[a-zé'\"\\\\ .|]{1,6}", 1..5)) {
        let expression = words.concat();
        let single = format!("'{}'", expression.replace('\'', "''"));
        let double = serde_json::to_string(&expression).expect("a text can be written");
        for written in [single, double] {
            let text = with_property(&written);
            let file = good(&text);
            let properties = file.resources[0].mappings[0].properties.as_deref().expect("properties");
            let Template::Expr(expr) = &properties[0].1 else { panic!("an expression") };
            proptest::prop_assert_eq!(&expr.text, &expression);
            for (at, letter) in expression.char_indices() {
                let position = expr.part(at..at + letter.len_utf8()).position().expect("it is in a file");
                let line = text.lines().nth(position.line - 1).expect("the line is there");
                let found = line.chars().nth(position.column - 1).expect("the column is there");
                let escaped = found == '\\' && matches!(letter, '"' | '\\');
                proptest::prop_assert!(found == letter || escaped, "{found:?} for {letter:?} in {line}");
            }
        }
    }
}
