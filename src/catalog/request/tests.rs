//! Paths, queries and headers, without a network.

use super::*;
use crate::model::{Entity, Identifier};

fn requests() -> Requests {
    Requests::new("https://catalog.test/", "my og/ü", "1.2.3").unwrap()
}

fn blueprint(id: &str) -> BlueprintId {
    BlueprintId::new(id).unwrap()
}

fn agent(request: &Request) -> &str {
    let agent = request.headers.get(reqwest::header::USER_AGENT).unwrap();
    std::str::from_utf8(agent.as_bytes()).unwrap()
}

fn body(request: &Request) -> &str {
    std::str::from_utf8(&request.body).unwrap()
}

#[test]
fn what_is_no_address_is_refused() {
    for base in ["", "catalog.test", "ftp://catalog.test", "mailto:a@b"] {
        assert!(matches!(Requests::new(base, "x", "1"), Err(AddressError::Base(_))), "{base}");
    }
    for identifier in ["", ".", "..", "a\nb"] {
        let result = Requests::new("https://catalog.test", identifier, "1");
        assert!(matches!(result, Err(AddressError::Identifier(_))), "{identifier:?}");
    }
}

#[test]
fn a_base_may_have_a_path_and_slashes() {
    for base in ["https://proxy.test/port", "https://proxy.test/port/", " https://proxy.test/port// "] {
        let requests = Requests::new(base, "x", "1").unwrap();
        assert_eq!(requests.organization().url.as_str(), "https://proxy.test/port/v1/organization");
    }
}

#[test]
fn parts_of_paths_are_encoded() {
    let request = requests().integration();
    assert_eq!(
        request.url.as_str(),
        "https://catalog.test/v1/integration/my%20og%2F%C3%BC?oceanCoreVersion=0.48.12&isPolling=false"
    );
    let request = requests().blueprint(&blueprint("a/../b?c"));
    assert_eq!(request.url.path(), "/v1/blueprints/a%2F..%2Fb%3Fc");
}

#[test]
fn writers_sign_as_exporter_and_readers_do_not() {
    let requests = requests();
    let plain = [
        requests.token(&Secret::new("i"), &Secret::new("s")),
        requests.organization(),
        requests.integration(),
        requests.migration("m"),
        requests.delete_integration(),
        requests.create_integration(&json!({}), Maker::Us),
        requests.patch_integration(&json!({})),
        requests.patch_config(&json!({})),
        requests.blueprint(&blueprint("b")),
    ];
    for request in plain {
        assert_eq!(agent(&request), "port-ocean/opsgenie/1.2.3/my og/ü", "{}", request.url);
    }
    let policy = UpsertPolicy { merge: Merge::Patch, missing: MissingTargets::Create };
    let exporter = [
        requests.create_blueprint(&json!({})),
        requests.patch_blueprint(&blueprint("b"), &json!({})),
        requests.delete_blueprint(&blueprint("b")),
        requests.delete_with_entities(&blueprint("b"), None),
        requests.page(&blueprint("b"), &[], None),
        requests.search(&blueprint("b"), &[], Parts::Whole),
        requests.inventory(Writer::Any, None, None),
        requests.bulk_upsert(&blueprint("b"), bytes::Bytes::new(), policy, None),
        requests.bulk_delete(&blueprint("b"), &[], Dependents::Refuse, None),
    ];
    for request in exporter {
        assert_eq!(agent(&request), "port-ocean/opsgenie/1.2.3/my og/ü/exporter", "{}", request.url);
    }
}

#[test]
fn an_upsert_says_all_four_and_why() {
    let id = Uuid::nil();
    let policy = UpsertPolicy { merge: Merge::Replace, missing: MissingTargets::Create };
    let event = Some(Event::Resync(id));
    let request = requests().bulk_upsert(&blueprint("b"), bytes::Bytes::new(), policy, event);
    insta::assert_snapshot!(
        request.describe(),
        @"POST https://catalog.test/v1/blueprints/b/entities/bulk?upsert=true&merge=false&create_missing_related_entities=true&validation_only=false&ocean_info_event_type=resync&ocean_info_resync_id=00000000-0000-0000-0000-000000000000"
    );
    assert_eq!(request.repeat, Repeat::Safe);
}

#[test]
fn a_deletion_says_what_becomes_of_dependents() {
    let ids = [EntityId::new("a").unwrap()];
    let request = requests().bulk_delete(&blueprint("b"), &ids, Dependents::Refuse, Some(Event::Webhook));
    insta::assert_snapshot!(
        request.describe(),
        @"POST https://catalog.test/v1/blueprints/b/bulk/entities/delete?delete_dependents=false&ocean_info_event_type=http_request"
    );
    assert_eq!(body(&request), r#"{"entities":["a"]}"#);
}

#[test]
fn an_inventory_is_bound_to_the_stamp() {
    let before = "2026-03-01T12:00:00Z".parse().unwrap();
    let request = requests().inventory(Writer::Any, Some(before), Some("n1"));
    insta::assert_snapshot!(
        body(&request),
        @r#"{"datasource_prefix":"port-ocean/opsgenie/","datasource_suffix":"/my og/ü/exporter","limit":5000,"before":"2026-03-01T12:00:00.000000+00:00","from":"n1"}"#
    );
    assert!(!body(&requests().inventory(Writer::Any, None, None)).contains("before"));
}

#[test]
fn a_page_asks_for_the_mapped_fields_only() {
    let fields = [Field::Title, Field::Team, Field::Property("url".into()), Field::Relation("to".into())];
    let request = requests().page(&blueprint("b"), &fields, None);
    insta::assert_snapshot!(body(&request), @r#"{"include":["$identifier","$title","$team","url","to"],"limit":1000}"#);
    let ids = [EntityId::new("a").unwrap(), EntityId::new("b").unwrap()];
    let request = requests().search(&blueprint("b"), &ids, Parts::Whole);
    assert_eq!(request.url.query(), Some("exclude_calculated_properties=true"));
    let request = requests().search(&blueprint("b"), &ids, Parts::Fields(&fields));
    insta::assert_snapshot!(
        request.url.query().unwrap(),
        @"exclude_calculated_properties=true&include=blueprint&include=identifier&include=title&include=team&include=properties.url&include=relations.to"
    );
}

#[test]
fn the_secret_is_in_the_body_of_the_token_call_and_nowhere_else() {
    let request = requests().token(&Secret::new("the-id"), &Secret::new("the-secret"));
    assert_eq!(body(&request), r#"{"clientId":"the-id","clientSecret":"the-secret"}"#);
    assert!(!request.describe().contains("the-secret"));
}

#[test]
fn an_identifier_found_by_search_is_sent_as_its_query() {
    let query = crate::value::Value::parse(br#"{"combinator":"and","rules":[]}"#).unwrap();
    let entity = Entity {
        blueprint: blueprint("b"),
        identifier: Identifier::Search(query),
        title: None,
        icon: None,
        team: None,
        properties: None,
        relations: None,
    };
    let mut out = Vec::new();
    wire::write_entity(&entity, &mut out);
    assert_eq!(out, br#"{"identifier":{"combinator":"and","rules":[]},"blueprint":"b"}"#);
}

#[test]
fn a_removal_names_its_event_and_ids_are_encoded() {
    let removal = requests().delete_with_entities(&blueprint("a/b"), Some(Event::Webhook));
    assert_eq!(
        format!("{} {}", removal.method, removal.url),
        "DELETE https://catalog.test/v1/blueprints/a%2Fb/all-entities?delete_blueprint=true&ocean_info_event_type=http_request"
    );
    assert_eq!(requests().migration("a/../b").url.path(), "/v1/migrations/a%2F..%2Fb");
    let integration = requests().delete_integration();
    assert_eq!(
        format!("{} {}", integration.method, integration.url),
        "DELETE https://catalog.test/v1/integration/my%20og%2F%C3%BC"
    );
}
