//! What makes a blueprint valid: see "Blueprint" in the API reference on <https://docs.port.io>.

use std::sync::LazyLock;

use fancy_regex::Regex;
use serde_json::{Map, Value};

use crate::sandbox::catalog::answer::Refusal;

/// Longest identifier of a blueprint, property or relation, and longest title, in characters.
const NAME_LIMIT: usize = 100;

/// Longest description of a blueprint, in characters.
const DESCRIPTION_LIMIT: usize = 200;

const TYPES: [&str; 5] = ["string", "number", "boolean", "object", "array"];

const FORMATS: [&str; 14] = [
    "date-time",
    "url",
    "email",
    "idn-email",
    "ipv4",
    "ipv6",
    "markdown",
    "yaml",
    "user",
    "blueprints",
    "team",
    "timer",
    "proto",
    "labeled-url",
];

const SPECS: [&str; 3] = ["open-api", "embedded-url", "async-api"];

const PROPERTY_KEYS: [&str; 25] = [
    "type",
    "title",
    "description",
    "icon",
    "format",
    "spec",
    "specAuthentication",
    "dateFormat",
    "enum",
    "enumColors",
    "items",
    "default",
    "minLength",
    "maxLength",
    "pattern",
    "minimum",
    "maximum",
    "exclusiveMinimum",
    "exclusiveMaximum",
    "minItems",
    "maxItems",
    "properties",
    "patternProperties",
    "required",
    "additionalProperties",
];

static BLUEPRINT_ID: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^(?!\.{1,2}$)[\p{L}0-9@_.+:\\/-]+$").expect("the pattern is fixed and tested")
});

static PROPERTY_ID: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"^[A-Za-z0-9@_=\\-]+$").expect("the pattern is fixed and tested"));

fn matches(pattern: &Regex, text: &str) -> bool {
    text.chars().count() <= NAME_LIMIT && pattern.is_match(text).unwrap_or(false)
}

/// Whether a property may have this type.
fn known_type(name: &str) -> bool {
    TYPES.contains(&name)
}

/// Whether a property may have this format.
fn known_format(name: &str) -> bool {
    FORMATS.contains(&name)
}

pub(super) fn identifier(blueprint: &Map<String, Value>) -> Result<&str, Refusal> {
    let given = blueprint.get("identifier").and_then(Value::as_str).unwrap_or_default();
    if matches(&BLUEPRINT_ID, given) {
        Ok(given)
    } else {
        Err(Refusal::unprocessable("invalid_request", format!("`identifier` is not valid: \"{given}\"")))
    }
}

fn part<'a>(blueprint: &'a Map<String, Value>, name: &str) -> Option<&'a Map<String, Value>> {
    blueprint.get(name).and_then(Value::as_object)
}

/// The targets of all relations.
pub(super) fn targets(blueprint: &Map<String, Value>) -> impl Iterator<Item = &str> {
    let relations = part(blueprint, "relations").into_iter().flatten();
    relations.filter_map(|(_, relation)| relation.get("target")?.as_str())
}

type Checked = Result<(), Refusal>;

fn fault(message: String) -> Refusal {
    Refusal::unprocessable("invalid_request", message)
}

fn ensure(holds: bool, message: impl FnOnce() -> String) -> Checked {
    if holds { Ok(()) } else { Err(fault(message())) }
}

/// Checks a whole blueprint; `exists` tells whether a relation's target does.
pub(super) fn check(blueprint: &Map<String, Value>, exists: impl Fn(&str) -> bool) -> Checked {
    let text = |name: &str| blueprint.get(name).and_then(Value::as_str);
    let title = text("title").unwrap_or_default().chars().count();
    ensure((1..=NAME_LIMIT).contains(&title), || "`title` must have 1 to 100 characters".into())?;
    let description = text("description").unwrap_or_default().chars().count();
    ensure(description <= DESCRIPTION_LIMIT, || {
        format!("`description` must have at most {DESCRIPTION_LIMIT} characters")
    })?;
    for name in ["schema", "relations", "mirrorProperties", "calculationProperties", "aggregationProperties"]
    {
        let given = blueprint.get(name);
        ensure(given.is_none_or(Value::is_object), || format!("`{name}` must be an object"))?;
    }
    schema(blueprint)?;
    relations(blueprint, exists)?;
    mirrors(blueprint)?;
    calculations(blueprint)?;
    aggregations(blueprint)
}

fn schema(blueprint: &Map<String, Value>) -> Checked {
    let schema = part(blueprint, "schema").ok_or_else(|| fault("`schema` is required".into()))?;
    if let Some(key) = schema.keys().find(|key| !["properties", "required"].contains(&key.as_str())) {
        return Err(fault(format!("`schema` has the key `{key}`, which is not allowed")));
    }
    let properties = schema
        .get("properties")
        .and_then(Value::as_object)
        .ok_or_else(|| fault("`schema.properties` is required".into()))?;
    for (id, property) in properties {
        ensure(matches(&PROPERTY_ID, id), || format!("property id `{id}` is not valid"))?;
        self::property(id, property)?;
    }
    match schema.get("required") {
        None => Ok(()),
        Some(Value::Array(required)) => required.iter().try_for_each(|one| {
            let known = one.as_str().is_some_and(|id| properties.contains_key(id));
            ensure(known, || format!("`required` names {one}, which is no property"))
        }),
        Some(_) => Err(fault("`schema.required` must be an array".into())),
    }
}

fn property(id: &str, property: &Value) -> Checked {
    let object = property.as_object().ok_or_else(|| fault(format!("property `{id}` must be an object")))?;
    if let Some(key) = object.keys().find(|key| !PROPERTY_KEYS.contains(&key.as_str())) {
        return Err(fault(format!("property `{id}` has the key `{key}`, which is not allowed")));
    }
    let kind = object.get("type").and_then(Value::as_str).unwrap_or_default();
    ensure(known_type(kind), || format!("property `{id}` has no valid type"))?;
    if let Some(format) = object.get("format") {
        let known = format.as_str().is_some_and(known_format);
        ensure(known, || format!("property `{id}` has the unknown format {format}"))?;
    }
    if let Some(spec) = object.get("spec") {
        let known = spec.as_str().is_some_and(|spec| SPECS.contains(&spec));
        ensure(known, || format!("property `{id}` has the unknown spec {spec}"))?;
    }
    if let Some(values) = object.get("enum") {
        let filled = values.as_array().is_some_and(|values| !values.is_empty());
        ensure(filled, || format!("`enum` of property `{id}` must be a filled array"))?;
    }
    Ok(())
}

fn relations(blueprint: &Map<String, Value>, exists: impl Fn(&str) -> bool) -> Checked {
    for (id, relation) in part(blueprint, "relations").into_iter().flatten() {
        ensure(matches(&PROPERTY_ID, id), || format!("relation id `{id}` is not valid"))?;
        let flag = |name: &str| relation.get(name).and_then(Value::as_bool);
        let (Some(many), Some(required)) = (flag("many"), flag("required")) else {
            return Err(fault(format!("relation `{id}` must say `many` and `required`")));
        };
        ensure(!(many && required), || format!("relation `{id}` cannot be both many and required"))?;
        let target = relation.get("target").and_then(Value::as_str).unwrap_or_default();
        if !exists(target) {
            return Err(Refusal::not_found(&format!("Target blueprint of relation `{id}`"), target));
        }
    }
    Ok(())
}

fn mirrors(blueprint: &Map<String, Value>) -> Checked {
    let relations = part(blueprint, "relations");
    for (id, mirror) in part(blueprint, "mirrorProperties").into_iter().flatten() {
        ensure(matches(&PROPERTY_ID, id), || format!("mirror property id `{id}` is not valid"))?;
        let path = mirror.get("path").and_then(Value::as_str).unwrap_or_default();
        let first = path.split_once('.').map(|(relation, _)| relation);
        let known = first.is_some_and(|one| relations.is_some_and(|all| all.contains_key(one)));
        ensure(known, || format!("mirror property `{id}`: `{path}` begins with no relation"))?;
    }
    Ok(())
}

fn calculations(blueprint: &Map<String, Value>) -> Checked {
    for (id, property) in part(blueprint, "calculationProperties").into_iter().flatten() {
        ensure(matches(&PROPERTY_ID, id), || format!("calculation property id `{id}` is not valid"))?;
        let said = |key: &str| property.get(key).and_then(Value::as_str);
        ensure(said("calculation").is_some() && said("type").is_some_and(known_type), || {
            format!("calculation property `{id}` must have `calculation` and `type`")
        })?;
    }
    Ok(())
}

fn aggregations(blueprint: &Map<String, Value>) -> Checked {
    for (id, property) in part(blueprint, "aggregationProperties").into_iter().flatten() {
        ensure(matches(&PROPERTY_ID, id), || format!("aggregation property id `{id}` is not valid"))?;
        for key in ["title", "target", "calculationSpec"] {
            ensure(property.get(key).is_some(), || format!("aggregation property `{id}` must have `{key}`"))?;
        }
        let kind = property.get("type").and_then(Value::as_str);
        ensure(kind.is_none_or(|kind| kind == "number"), || {
            format!("aggregation property `{id}` can only be a number")
        })?;
    }
    Ok(())
}

/// The type of a property cannot change once it exists.
pub(super) fn same_types(before: &Map<String, Value>, after: &Map<String, Value>) -> Checked {
    let properties = |of: &Map<String, Value>| {
        let found = of.get("schema").and_then(|schema| schema.get("properties"));
        found.and_then(Value::as_object).cloned().unwrap_or_default()
    };
    let after = properties(after);
    for (id, property) in properties(before) {
        let kind = |one: &Value| one.get("type").cloned();
        let changed = after.get(&id).is_some_and(|now| kind(now) != kind(&property));
        ensure(!changed, || format!("the type of property `{id}` cannot change"))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn checked(change: &Value) -> Result<(), Refusal> {
        let mut blueprint = json!({
            "identifier": "b", "title": "B", "schema": { "properties": {}, "required": [] }, "relations": {},
        });
        for (key, value) in change.as_object().expect("a test changes keys") {
            blueprint[key] = value.clone();
        }
        let blueprint = blueprint.as_object().expect("built above");
        identifier(blueprint)?;
        check(blueprint, |target| target == "known")
    }

    #[test]
    fn wrong_blueprints_are_refused() {
        let relation = |relation: Value| json!({ "relations": { "r": relation } });
        let property = |property: Value| json!({ "schema": { "properties": { "p": property } } });
        for wrong in [
            json!({ "identifier": "" }),
            json!({ "identifier": ".." }),
            json!({ "identifier": "a b" }),
            json!({ "identifier": "x".repeat(101) }),
            json!({ "title": "" }),
            json!({ "description": "x".repeat(201) }),
            json!({ "schema": {} }),
            json!({ "schema": [] }),
            json!({ "schema": { "properties": {}, "extra": 1 } }),
            json!({ "schema": { "properties": {}, "required": ["p"] } }),
            json!({ "schema": { "properties": { "p q": { "type": "string" } } } }),
            property(json!({})),
            property(json!({ "type": "integer" })),
            property(json!({ "type": "string", "format": "date" })),
            property(json!({ "type": "string", "spec": "wsdl" })),
            property(json!({ "type": "string", "enum": [] })),
            property(json!({ "type": "string", "colour": "red" })),
            relation(json!({ "target": "known", "many": true })),
            relation(json!({ "target": "known", "many": true, "required": true })),
            relation(json!({ "target": "unknown", "many": true, "required": false })),
            json!({ "mirrorProperties": { "m": { "path": "r.p" } } }),
            json!({ "calculationProperties": { "c": { "calculation": "1" } } }),
            json!({ "aggregationProperties": { "a": { "title": "A", "target": "known" } } }),
        ] {
            assert!(checked(&wrong).is_err(), "{wrong} was accepted");
        }
    }

    #[test]
    fn right_blueprints_are_accepted() {
        let relation = json!({ "r": { "target": "known", "many": true, "required": false } });
        for right in [
            json!({}),
            json!({ "identifier": "チーム/a.b+c:d\\e-f" }),
            json!({ "relations": relation, "mirrorProperties": { "m": { "path": "r.p" } } }),
            json!({ "schema": { "properties": { "p": { "type": "array", "items": { "type": "string" } } }, "required": ["p"] } }),
            json!({ "calculationProperties": { "c": { "calculation": "1", "type": "number" } } }),
        ] {
            assert!(checked(&right).is_ok(), "{right}: {:?}", checked(&right));
        }
    }

    #[test]
    fn a_type_cannot_change() {
        let of = |kind: &str| {
            let blueprint = json!({ "schema": { "properties": { "p": { "type": kind } } } });
            blueprint.as_object().cloned().expect("built above")
        };
        assert!(same_types(&of("string"), &of("number")).is_err());
        assert!(same_types(&of("string"), &of("string")).is_ok());
    }
}
