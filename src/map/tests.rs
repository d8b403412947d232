use std::time::Duration;

use crate::config::MappingFile;
use crate::config::mapping::MappingFault;
use crate::jq::{Environment, Limits};
use crate::map::{Blueprints, Rules, Tally};
use crate::model::{Identifier, Kind, Lookup, Mapped, Record, RecordId, RuleId};
use crate::value::Value;

fn rules(mapping: &str) -> Rules {
    let (file, warnings) = MappingFile::from_text("mapping.yaml", mapping).expect("the mapping can be read");
    assert_eq!(warnings, Vec::<MappingFault>::new());
    Rules::compile(&file, Environment::default()).expect("the expressions compile")
}

fn faults(mapping: &str) -> String {
    let (file, _) = MappingFile::from_text("mapping.yaml", mapping).expect("the mapping can be read");
    let faults = Rules::compile(&file, Environment::default()).expect_err("the expressions are at fault");
    faults.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n\n")
}

fn apply(rules: &Rules, kind: Kind, json: &str) -> (Vec<Mapped>, Tally) {
    apply_without(rules, &[], kind, json)
}

fn apply_without(rules: &Rules, missing: &[Lookup], kind: Kind, json: &str) -> (Vec<Mapped>, Tally) {
    let body = Value::parse(json.as_bytes()).expect("test data");
    let id =
        RecordId::new(body.get("id").as_str().filter(|id| !id.is_empty()).unwrap_or("r")).expect("not empty");
    let ids: Vec<RuleId> = rules.iter().filter(|rule| rule.kind == kind).map(|rule| rule.id).collect();
    let (mut tally, mut mapped) = (Tally::default(), Vec::new());
    rules.apply(&Record { kind, id, body }, missing, &ids, &mut tally, &mut mapped);
    (mapped, tally)
}

fn alert_mapping(selector: &str, identifier: &str, rest: &str) -> String {
    format!(
        "resources:\n  - kind: alert\n    selector:\n      query: {selector}\n    port:\n{rest}      entity:\n        \
         mappings:\n          identifier: {identifier}\n          title: .message\n          \
         blueprint: '\"opsGenieAlert\"'\n          properties:\n            status: .status\n            \
         deep: .a.b\n"
    )
}

#[test]
fn a_failing_field_is_null_and_counted() {
    let rules = rules(&alert_mapping("'true'", ".id", ""));
    let (mapped, tally) =
        apply(&rules, Kind::Alert, r#"{"id":"a1","message":"m","status":"open","a":"text"}"#);
    let properties = mapped[0].entity.properties.as_ref().expect("mapped");
    assert_eq!(properties.get("status").and_then(Value::as_str), Some("open"));
    assert!(properties.get("deep").expect("present, as mapped").is_null());
    let (field, fault) = tally.faults.iter().next().expect("one fault");
    assert_eq!(rules.field(*field).1, "properties.deep");
    assert_eq!((fault.count, fault.examples[0].as_str()), (1, "a1"));
    insta::assert_snapshot!(fault.message, @r#"Cannot index string with string ("b")"#);
    assert_eq!((tally.mapped, tally.unmapped, tally.unselected), (1, 0, 0));
}

#[test]
fn an_expression_that_is_stopped_again_and_again_is_tried_no_more_and_its_field_left_alone() {
    let mapping = alert_mapping("'true'", ".id", "").replace("deep: .a.b", "deep: last(repeat(1))");
    let (file, _) = MappingFile::from_text("mapping.yaml", &mapping).expect("the mapping can be read");
    let limits = Limits { steps: u64::MAX, time: Duration::from_millis(1), ..Limits::default() };
    let environment = Environment::default().with_limits(limits);
    let rules = Rules::compile(&file, environment).expect("the expressions compile");
    let apply = || apply(&rules, Kind::Alert, r#"{"id":"a1","message":"m","status":"open"}"#);
    let deep = |mapped: &[Mapped]| {
        mapped[0].entity.properties.as_ref().expect("mapped").get("deep").map(Value::is_null)
    };
    let (mapped, mut all) = apply();
    assert_eq!(deep(&mapped), Some(true), "a failure is null");
    let (_second, tally) = apply();
    all.absorb(tally);
    // The time limit was lost twice by now.
    let (mapped, tally) = apply();
    all.absorb(tally);
    assert_eq!((deep(&mapped), mapped[0].entity.title.is_some()), (None, true));
    let (_field, fault) = all.faults.iter().next().expect("one fault");
    assert_eq!(fault.count, 3);
    insta::assert_snapshot!(fault.to_string(), @"stopped, because it took too long; then it was tried no more, as that took too long");
}

#[test]
fn nulls_are_counted_apart_from_failures_and_the_first_three_records_named() {
    let mapping = alert_mapping("'true'", ".id", "").replace("title: .message", "title: 'null'");
    let rules = rules(&mapping);
    let mut tally = Tally::default();
    for id in ["a", "b", "c", "d"] {
        let (_, more) = apply(&rules, Kind::Alert, &format!(r#"{{"id":"{id}","a":"text"}}"#));
        tally.absorb(more);
    }
    let name = |field| rules.field(field).1.to_owned();
    let nulls: Vec<_> = tally.nulls.iter().map(|(field, nulls)| (name(*field), nulls.count)).collect();
    assert_eq!(nulls, [("properties.status".to_owned(), 4)]);
    let faults: Vec<_> = tally.faults.iter().map(|(field, fault)| (name(*field), fault.count)).collect();
    assert_eq!(faults, [("properties.deep".to_owned(), 4)]);
    for examples in [
        tally.nulls.values().next().map(|nulls| &nulls.examples),
        tally.faults.values().next().map(|fault| &fault.examples),
    ] {
        let examples: Vec<&str> = examples.into_iter().flatten().map(RecordId::as_str).collect();
        assert_eq!(examples, ["a", "b", "c"]);
    }
    assert_eq!(tally.by_rule.values().sum::<u64>(), 4);
}

#[test]
fn a_selector_must_give_a_boolean() {
    for (selector, json, selected, skipped, unselected) in [
        ("'.status == \"open\"'", r#"{"id":"a","status":"open"}"#, 1, 0, 0),
        ("'.status == \"open\"'", r#"{"id":"a","status":"closed"}"#, 0, 1, 0),
        ("'.status'", r#"{"id":"a","status":"true"}"#, 0, 0, 1),
        ("'.status'", r#"{"id":"a"}"#, 0, 0, 1),
        ("'.status | .x'", r#"{"id":"a","status":"open"}"#, 0, 0, 1),
        ("'empty'", r#"{"id":"a"}"#, 0, 0, 1),
    ] {
        let (_, tally) = apply(&rules(&alert_mapping(selector, ".id", "")), Kind::Alert, json);
        assert_eq!(
            (tally.mapped, tally.skipped, tally.unselected),
            (selected, skipped, unselected),
            "{selector} on {json}"
        );
    }
}

#[test]
fn what_names_nothing_is_unmapped() {
    for (json, identifier) in [
        (r#"{"id":"a"}"#, Some("a")),
        (r#"{"id":5}"#, Some("5")),
        (r#"{"id":1.5}"#, Some("1.5")),
        (r#"{"id":null}"#, None),
        (r#"{"id":""}"#, None),
        (r#"{"id":0}"#, None),
        (r#"{"id":false}"#, None),
        (r#"{"id":["a"]}"#, None),
        (r#"{"x":1}"#, None),
    ] {
        let (mapped, tally) = apply(&rules(&alert_mapping("'true'", ".id", "")), Kind::Alert, json);
        let named = mapped.first().map(|mapped| match &mapped.entity.identifier {
            Identifier::Exact(id) => id.as_str().to_owned(),
            Identifier::Search(_) => panic!("no search"),
        });
        assert_eq!(named.as_deref(), identifier, "{json}");
        assert_eq!(tally.unmapped, u64::from(identifier.is_none()), "{json}");
    }
}

#[test]
fn a_list_of_items_makes_an_entity_each() {
    let mapping = alert_mapping("'.item.on'", "'.id + \"_\" + .item.n'", "      itemsToParse: .list\n");
    let record = r#"{"id":"a","list":[{"n":"1","on":true},{"n":"2","on":false},{"n":"3","on":true}]}"#;
    let (mapped, tally) = apply(&rules(&mapping), Kind::Alert, record);
    let ids: Vec<_> =
        mapped.iter().map(|mapped| mapped.entity.key().expect("exact").identifier.to_string()).collect();
    assert_eq!(ids, ["a_1", "a_3"]);
    assert_eq!((tally.mapped, tally.skipped), (2, 1));
    let (_, none) = apply(&rules(&mapping), Kind::Alert, r#"{"id":"a","list":null}"#);
    assert_eq!((none.mapped, none.unselected), (0, 0));
    let (_, wrong) = apply(&rules(&mapping), Kind::Alert, r#"{"id":"a","list":"x"}"#);
    assert_eq!((wrong.mapped, wrong.unselected), (0, 1));
}

#[test]
fn a_list_of_items_is_found_and_taken_out_as_the_expression_is_written() {
    let record = r#"{"id":"a","list":[{"n":1}],"deep":{"list":[{"n":2}],"kept":true}}"#;
    let left = |list: &str, more: &str| {
        let items = format!("      itemsToParse: {list}\n{more}");
        let mapping = alert_mapping("'true'", "'.id + (.item.n | tostring)'", &items)
            .replace("title: .message", "title: 'del(.item) | tojson'");
        let (mapped, tally) = apply(&rules(&mapping), Kind::Alert, record);
        assert_eq!((mapped.len(), tally.mapped), (1, 1), "{list}");
        mapped[0].entity.title.as_ref().and_then(Value::as_str).expect("a text").to_owned()
    };
    let whole = r#"{"id":"a","list":[{"n":1}],"deep":{"list":[{"n":2}],"kept":true}}"#;
    let without_list = r#"{"id":"a","deep":{"list":[{"n":2}],"kept":true}}"#;
    assert_eq!(left("'.list'", ""), without_list);
    assert_eq!(left("'(.list // [])'", ""), without_list);
    assert_eq!(left("'.list | map(select(.n))'", ""), without_list);
    assert_eq!(left("'. as $r | .list'", ""), without_list);
    assert_eq!(left("'.deep.list'", ""), r#"{"id":"a","list":[{"n":1}],"deep":{"kept":true}}"#);
    assert_eq!(left("'[.list[]?]'", ""), whole);
    assert_eq!(left("'.list'", "      itemsToParseTopLevelTransform: false\n"), whole);
}

#[test]
fn an_element_goes_by_the_name_that_it_is_given() {
    let items = "      itemsToParse: .list\n      itemsToParseName: one\n";
    let mapping = alert_mapping("'.one == 2'", "'.one | tostring'", items);
    let (mapped, tally) = apply(&rules(&mapping), Kind::Alert, r#"{"id":"a","list":[1,2]}"#);
    assert_eq!((mapped.len(), tally.skipped), (1, 1));
    // Where there is no array, the record is left out, and that is told.
    for (list, unselected) in [("{}", 1), ("false", 1), ("null", 0), ("[]", 0)] {
        let (none, tally) = apply(&rules(&mapping), Kind::Alert, &format!(r#"{{"id":"a","list":{list}}}"#));
        assert_eq!(
            (none.len(), tally.unselected, tally.faults.len() as u64),
            (0, unselected, unselected),
            "{list}"
        );
    }
}

#[test]
fn the_first_output_counts_and_no_output_is_null() {
    let title = |expression: &str| {
        let mapping =
            alert_mapping("'true'", ".id", "").replace("title: .message", &format!("title: {expression}"));
        let (mapped, tally) =
            apply(&rules(&mapping), Kind::Alert, r#"{"id":"a","tags":["x","y"],"status":"open"}"#);
        let title = mapped[0].entity.title.as_ref().expect("mapped").to_string();
        (title, tally.faults.values().map(|fault| fault.count).sum::<u64>())
    };
    assert_eq!(title("'.tags[]'"), (r#""x""#.to_owned(), 0));
    assert_eq!(title("empty"), ("null".to_owned(), 0));
    assert_eq!(title("'.tags[] | error'"), ("null".to_owned(), 1));
    assert_eq!(title("'.tags | .x'"), ("null".to_owned(), 1));
    assert_eq!(title("false"), ("false".to_owned(), 0));
    assert_eq!(title("'{a: .tags, b: 0}'"), (r#"{"a":["x","y"],"b":0}"#.to_owned(), 0));
    // Single quotes beside white space or an end stand for double ones.
    assert_eq!(title(r#""if .status == 'open' then 'yes' else 'no' end""#), (r#""yes""#.to_owned(), 0));
}

#[test]
fn a_record_may_become_several_entities_of_every_shape() {
    let mapping = r#"resources:
  - kind: alert
    selector: { query: "true" }
    port:
      entity:
        mappings:
          - identifier: .id
            blueprint: '"a"'
            team: { combinator: '"and"', rules: [{ property: '"name"', operator: '"="', value: .owner }] }
            properties: { nested: { deep: [.id, { x: .nope }], flat: .id } }
          - identifier: { combinator: '"and"', rules: [{ property: '"$title"', operator: '"="', value: .id }] }
            blueprint: '"b"'
            team: '[.owner]'
            relations: { to: { combinator: '"or"', rules: [] } }
  - kind: alert
    selector: { query: "false" }
    port: { entity: { mappings: { identifier: .id, blueprint: '"c"' } } }
  - kind: alert
    selector: { query: "true" }
    port: { entity: { mappings: { identifier: .id, blueprint: '"c"', team: .owner } } }
"#;
    let (mapped, tally) = apply(&rules(mapping), Kind::Alert, r#"{"id":"i","owner":"ada"}"#);
    assert_eq!((tally.mapped, tally.skipped), (3, 1));
    let shown: Vec<String> = mapped
        .iter()
        .map(|mapped| {
            let entity = &mapped.entity;
            let identifier = match &entity.identifier {
                Identifier::Exact(id) => id.to_string(),
                Identifier::Search(search) => search.to_string(),
            };
            let object = |fields: &Option<crate::value::Object>| {
                fields.clone().map_or_else(|| "-".to_owned(), |fields| Value::object(fields).to_string())
            };
            let team = entity.team.as_ref().map_or_else(|| "-".to_owned(), Value::to_string);
            format!(
                "{} {identifier} {team} {} {}",
                entity.blueprint,
                object(&entity.properties),
                object(&entity.relations)
            )
        })
        .collect();
    insta::assert_snapshot!(shown.join("\n"), @r#"
    a i {"combinator":"and","rules":[{"property":"name","operator":"=","value":"ada"}]} {"nested":{"deep":["i",{"x":null}],"flat":"i"}} -
    b {"combinator":"and","rules":[{"property":"$title","operator":"=","value":"i"}]} ["ada"] - {"to":{"combinator":"or","rules":[]}}
    c i "ada" - -
    "#);
}

#[test]
fn only_lookups_that_are_read_are_needed() {
    let classic = rules(include_str!("../../mappings/classic.yaml"));
    let needs: Vec<&str> = classic.needs().into_keys().map(Lookup::name).collect();
    assert_eq!(needs, ["__team", "__oncalls", "__incidents", "__impactedServices", "__relatedIncident"]);
    let full = rules(include_str!("../../mappings/full.yaml"));
    let needs: Vec<&str> = full.needs().into_keys().map(Lookup::name).collect();
    assert_eq!(needs, ["__members", "__currentOncalls"]);
    let plain = rules(&alert_mapping("'true'", ".id", ""));
    assert!(plain.needs().is_empty());
    let whole = rules(&alert_mapping("'true'", "'.id'", "").replace(".a.b", "tojson"));
    assert_eq!(whole.needs().into_keys().map(Lookup::name).collect::<Vec<_>>(), ["__relatedIncident"]);
}

#[test]
fn details_are_needed_where_they_are_asked_for_and_read() {
    let needs = |mapping: &str| rules(mapping).needs().into_keys().collect::<Vec<_>>();
    let reads = alert_mapping("'true'", "'.id'", "").replace(".a.b", ".details.region");
    let asks = |mapping: &str| mapping.replace("query: 'true'", "query: 'true'\n      includeDetails: true");
    assert_ne!(asks(&reads), reads);
    assert_eq!(needs(&reads), []);
    assert_eq!(needs(&asks(&reads)), [Lookup::Details]);
    assert_eq!(needs(&asks(&alert_mapping("'true'", "'.id'", ""))), [], "nothing of them is read");
}

#[test]
fn what_reads_a_failed_lookup_is_left_out() {
    let rules = rules(include_str!("../../mappings/classic.yaml"));
    let payload = r#"{"id":"a","message":"m","status":"open"}"#;
    let (mapped, _) = apply_without(&rules, &[Lookup::RelatedIncident], Kind::Alert, payload);
    let entity = &mapped[0].entity;
    assert_eq!(entity.relations.as_ref().and_then(|relations| relations.get("relatedIncident")), None);
    assert!(entity.properties.as_ref().is_some_and(|properties| properties.get("status").is_some()));
    let (mapped, _) = apply(&rules, Kind::Alert, payload);
    let relations = mapped[0].entity.relations.as_ref().expect("mapped");
    assert!(relations.get("relatedIncident").expect("no failure, so it is null").is_null());
}

#[test]
fn a_blueprint_may_be_worked_out() {
    let fixed = rules(&alert_mapping("'true'", ".id", ""));
    assert!(
        matches!(&fixed.iter().next().expect("one").blueprints, Blueprints::Constant(id) if id.as_str() == "opsGenieAlert")
    );
    let mapping = alert_mapping("'true'", ".id", "").replace("'\"opsGenieAlert\"'", "'.kind'");
    let dynamic = rules(&mapping);
    assert_eq!(dynamic.iter().next().expect("one").blueprints, Blueprints::Dynamic);
    let (mapped, _) = apply(&dynamic, Kind::Alert, r#"{"id":"a","kind":"other"}"#);
    assert_eq!(mapped[0].entity.blueprint.as_str(), "other");
}

#[test]
fn every_fault_is_shown_with_its_place() {
    let mapping = alert_mapping("'\"yes\"'", "'null'", "")
        .replace(".a.b", "'.a | nope(1)'")
        .replace(".status", "'.status |'");
    insta::assert_snapshot!(faults(&mapping));
}

/// The page's payloads, through the page's mapping, give the page's entities. Where the page contradicts its own
/// mapping, jq's result wins and the difference is named here.
mod seed {
    use serde_json::{Value as Json, json};

    use super::*;

    fn entity(kind: Kind, payload: &str) -> Json {
        let classic = rules(include_str!("../../mappings/classic.yaml"));
        let (mapped, tally) = apply(&classic, kind, payload);
        assert_eq!((mapped.len(), tally.mapped), (1, 1));
        let entity = &mapped[0].entity;
        let text = |value: &Option<Value>| value.as_ref().map_or(Json::Null, json_of);
        let object = |object: &Option<crate::value::Object>| {
            json_of(&object.clone().map_or(Value::Null, Value::object))
        };
        json!({
            "identifier": entity.key().expect("exact").identifier.as_str(),
            "blueprint": entity.blueprint.as_str(),
            "title": text(&entity.title),
            "properties": object(&entity.properties),
            "relations": object(&entity.relations),
        })
    }

    fn json_of(value: &Value) -> Json {
        serde_json::from_slice(&value.to_bytes()).expect("what we write is JSON")
    }

    fn page(entity: &str) -> Json {
        let mut page: Json = serde_json::from_str(entity).expect("test data");
        let object = page.as_object_mut().expect("an entity is an object");
        // The page shows `team` and `icon`, which its mapping does not set: the catalog adds them.
        object.remove("team");
        object.remove("icon");
        page
    }

    #[test]
    fn a_service() {
        let mut page = page(include_str!("../../tests/data/seed/service_entity.json"));
        // The page leaves these out.
        page["blueprint"] = json!("opsGenieService");
        page["relations"] = Json::Null;
        assert_eq!(entity(Kind::Service, include_str!("../../tests/data/seed/service.json")), page);
    }

    #[test]
    fn an_incident() {
        let mut page = page(include_str!("../../tests/data/seed/incident_entity.json"));
        // The page has them in another order than its payload.
        page["relations"]["services"] = json!(["My-Test-Service", "Port-Outbound-Service"]);
        assert_eq!(entity(Kind::Incident, include_str!("../../tests/data/seed/incident.json")), page);
    }

    #[test]
    fn an_alert() {
        let mut page = page(include_str!("../../tests/data/seed/alert_entity.json"));
        page["blueprint"] = json!("opsGenieAlert");
        // The page's payload is another state of the alert than its entity.
        page["identifier"] = json!("580e9625-ecc7-42b0-8836-3d3637438bc4-169486700232");
        page["properties"]["acknowledged"] = json!(false);
        page["properties"]["createdAt"] = json!("2023-04-21T08:36:18.46Z");
        page["properties"]["updatedAt"] = json!("2023-08-11T10:41:16.533Z");
        // In the payload `integration` is a text, so `.integration.name` fails and gives null.
        page["properties"]["integration"] = Json::Null;
        page["properties"]["description"] = Json::Null;
        assert_eq!(entity(Kind::Alert, include_str!("../../tests/data/seed/alert.json")), page);
    }
}
