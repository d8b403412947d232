use std::collections::BTreeSet;

use super::*;
use crate::config::mapping::{EntityMapping, Template};

fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder can be made");
    for (name, text) in files {
        std::fs::write(folder.path().join(name), text).expect("a file can be written");
    }
    folder
}

/// The faults with the folder's own name taken out.
fn faults(files: &[(&str, &str)]) -> String {
    let folder = folder(files);
    let faults = Resources::in_folder(folder.path()).expect_err("these resources are wrong");
    faults.to_string().replace(&folder.path().display().to_string(), "FOLDER")
}

#[test]
fn folders_that_are_wrong() {
    let nowhere = Resources::in_folder(Path::new("/no/such/folder")).expect_err("it does not exist");
    insta::assert_snapshot!(nowhere, @r"
        error: `/no/such/folder` is no folder
          hint: `OCEAN__RESOURCES_PATH` names a folder with `port-app-config.yaml` in it
        ");
    insta::assert_snapshot!(faults(&[]), @r"
        error: `FOLDER` lacks a mapping
          hint: put `port-app-config.yaml` there
        ");
    insta::assert_snapshot!(faults(&[
            ("blueprints.toml", ""),
            ("actions.yaml", "a: 1"),
            ("pages.json", "[1]"),
            ("scorecards.json", "[{\"a\":}]"),
            ("port-app-config.yml", "resources:\n  - kind: alarm\n"),
        ]), @r#"
        error: `FOLDER/blueprints.toml` would be overlooked
          hint: its extension must be `json`, `yaml` or `yml`
        error: `FOLDER/actions.yaml` must hold a list of objects, not an object
        error: `FOLDER/scorecards.json` cannot be read: expected value
          --> FOLDER/scorecards.json:1:7
           |
         1 | [{"a":}]
           |       ^
        error: `FOLDER/pages.json` must hold a list of objects, not a list of something else
        error: the kind `alarm` does not exist
          --> FOLDER/port-app-config.yml:2:11
           |
         2 |   - kind: alarm
           |           ^^^^^
          hint: did you mean `alert`?
        error: `selector` is missing
          --> FOLDER/port-app-config.yml:2:5
           |
         2 |   - kind: alarm
           |     ^^^^^^^^^^^
        error: `port` is missing
          --> FOLDER/port-app-config.yml:2:5
           |
         2 |   - kind: alarm
           |     ^^^^^^^^^^^
        "#);
    insta::assert_snapshot!(faults(&[
            ("actions.json", "[{}, {\"identifier\": \"\"}]"),
            ("pages.json", "[{\"identifier\": \"home\"}, {\"identifier\": 1}]"),
            ("scorecards.yaml", "- data: []\n- blueprint: a\n- blueprint: a\n  data: [{identifier: b}, {}]\n"),
            ("port-app-config.yml", "resources: []"),
        ]), @"
        error: action 1 in `FOLDER` has no `identifier`
        error: action 2 in `FOLDER` has no `identifier`
        error: page 2 in `FOLDER` has no `identifier`
        error: entry 1 of the scorecards in `FOLDER` must have a `blueprint` and a list `data`
        error: entry 2 of the scorecards in `FOLDER` must have a `blueprint` and a list `data`
        error: scorecard 2 in `FOLDER` has no `identifier`
        ");
    insta::assert_snapshot!(faults(&[
            ("blueprints.json", "[{\"identifier\": \"a\"}, {\"title\": \"b\"}]"),
            ("port-app-config.yml", "resources: []"),
            ("port-app-config.yaml", "resources: []"),
        ]), @r"
        error: blueprint 2 in `FOLDER` has no `identifier`
        error: `FOLDER/port-app-config.yaml` and `FOLDER/port-app-config.yml` hold the same resources
          hint: keep one of them
        ");
}

#[test]
fn a_folder_is_read_whatever_the_extensions() {
    let folder = folder(&[
        ("blueprints.yaml", "- identifier: a\n  title: A\n"),
        ("pages.yml", ""),
        ("port-app-config.json", "{\"resources\": [], \"enableMergeEntity\": false}"),
        ("README.md", "not ours"),
    ]);
    let resources = Resources::in_folder(folder.path()).expect("these resources are right");
    assert_eq!(resources.blueprints, [json!({"identifier": "a", "title": "A"})]);
    assert!(!resources.mapping.enable_merge_entity);
    insta::assert_snapshot!(resources.mapping_json, @r#"{"deleteDependentEntities":true,"createMissingRelatedEntities":true,"enableMergeEntity":false,"entityDeletionThreshold":0.9,"resources":[]}"#);
    insta::assert_snapshot!(Resources::empty().mapping_json, @r#"{"deleteDependentEntities":true,"createMissingRelatedEntities":true,"enableMergeEntity":true,"entityDeletionThreshold":0.9,"resources":[]}"#);
}

fn keys(value: &Value) -> BTreeSet<String> {
    value.as_object().into_iter().flat_map(|object| object.keys().cloned()).collect()
}

fn blueprint<'r>(resources: &'r Resources, mapping: &EntityMapping) -> &'r Value {
    let name: String = serde_json::from_str(&mapping.blueprint.text).expect("the blueprint is a literal");
    let found = resources.blueprints.iter().find(|blueprint| blueprint["identifier"] == name.as_str());
    found.unwrap_or_else(|| panic!("no blueprint {name}"))
}

fn names(fields: Option<&Vec<(String, Template)>>) -> impl Iterator<Item = &String> {
    fields.into_iter().flatten().map(|(name, _)| name)
}

#[test]
fn presets_write_only_what_their_blueprints_declare() {
    for preset in Preset::ALL {
        let resources = Resources::of_preset(preset);
        assert_eq!(resources.warnings, [], "{preset}");
        let mut fed = BTreeSet::new();
        for mapping in resources.mapping.resources.iter().flat_map(|resource| &resource.mappings) {
            let blueprint = blueprint(&resources, mapping);
            fed.insert(blueprint["identifier"].to_string());
            let (properties, relations) =
                (keys(&blueprint["schema"]["properties"]), keys(&blueprint["relations"]));
            for name in names(mapping.properties.as_ref()) {
                assert!(properties.contains(name), "{preset}: {} {name}", mapping.place);
            }
            for name in names(mapping.relations.as_ref()) {
                assert!(relations.contains(name), "{preset}: {} {name}", mapping.place);
            }
        }
        assert_eq!(fed.len(), resources.blueprints.len(), "{preset}: a blueprint that nothing feeds");
    }
}

#[test]
fn blueprints_of_presets_hang_together() {
    for preset in Preset::ALL {
        let resources = Resources::of_preset(preset);
        let find = |name: &Value| resources.blueprints.iter().find(|one| one["identifier"] == *name);
        for blueprint in &resources.blueprints {
            let relations = blueprint["relations"].as_object().expect("it has relations");
            for relation in relations.values() {
                assert!(find(&relation["target"]).is_some(), "{preset}: {relation}");
                assert!(
                    relation["required"] == false && relation["many"].is_boolean(),
                    "{preset}: {relation}"
                );
            }
            for mirror in blueprint["mirrorProperties"].as_object().into_iter().flat_map(Map::values) {
                let path = mirror["path"].as_str().expect("a mirror has a path");
                let (relation, property) = path.split_once('.').expect("over a relation to a property");
                let target = find(&relations[relation]["target"]).expect("the target is there");
                assert!(!target["schema"]["properties"][property].is_null(), "{preset}: {path}");
            }
            for aggregation in
                blueprint["aggregationProperties"].as_object().into_iter().flat_map(Map::values)
            {
                assert!(find(&aggregation["target"]).is_some(), "{preset}: {aggregation}");
            }
        }
    }
}

#[test]
fn the_classic_mapping_is_sent_with_its_defaults() {
    let json = Resources::of_preset(Preset::Classic).mapping_json;
    assert_eq!(json["entityDeletionThreshold"], 0.9);
    assert_eq!(json["enableMergeEntity"], true);
    assert_eq!(json["resources"][0]["port"]["entity"]["mappings"]["blueprint"], "\"opsGenieService\"");
    assert_eq!(keys(&json["resources"][0]), BTreeSet::from(["kind", "port", "selector"].map(str::to_owned)));
}
