//! Whether a value fits a property of a blueprint.

use std::net::{Ipv4Addr, Ipv6Addr};

use fancy_regex::Regex;
use jiff::Timestamp;
use serde_json::{Map, Value};

use super::EmptyText;

/// Checks one value against one property's definition; the fault says what is wrong with the value.
pub(super) fn check(definition: &Value, value: &Value, empty: EmptyText) -> Result<(), String> {
    let kind = definition.get("type").and_then(Value::as_str).unwrap_or_default();
    let right_type = match kind {
        "string" => value.is_string(),
        "number" => value.is_number(),
        "boolean" => value.is_boolean(),
        "object" => value.is_object(),
        "array" => value.is_array(),
        _ => true,
    };
    if !right_type {
        return Err(format!("must be {kind}"));
    }
    if let Some(allowed) = definition.get("enum").and_then(Value::as_array)
        && !allowed.contains(value)
    {
        return Err("must be equal to one of the allowed values".to_owned());
    }
    match value {
        Value::String(text) => check_text(definition, text, empty),
        Value::Number(_) => check_number(definition, value.as_f64().unwrap_or(f64::NAN)),
        Value::Array(items) => check_items(definition, items, empty),
        Value::Object(_) | Value::Bool(_) | Value::Null => Ok(()),
    }
}

fn limit(definition: &Value, name: &str) -> Option<f64> {
    definition.get(name).and_then(Value::as_f64)
}

fn within(definition: &Value, count: usize, least: &str, most: &str) -> Result<(), String> {
    let bound = |name: &str| definition.get(name).and_then(Value::as_u64);
    let count = count as u64;
    if bound(least).is_some_and(|least| count < least) {
        return Err(format!("must not be shorter than `{least}`"));
    }
    if bound(most).is_some_and(|most| count > most) {
        return Err(format!("must not be longer than `{most}`"));
    }
    Ok(())
}

fn check_text(definition: &Value, text: &str, empty: EmptyText) -> Result<(), String> {
    within(definition, text.chars().count(), "minLength", "maxLength")?;
    if let Some(pattern) = definition.get("pattern").and_then(Value::as_str) {
        let fits = Regex::new(pattern).ok().and_then(|pattern| pattern.is_match(text).ok());
        if fits == Some(false) {
            return Err(format!("must match pattern \"{pattern}\""));
        }
    }
    let format = definition.get("format").and_then(Value::as_str).unwrap_or_default();
    if text.is_empty() && empty == EmptyText::Passes || has_format(format, text) {
        Ok(())
    } else {
        Err(format!("must match format \"{format}\""))
    }
}

fn has_format(format: &str, text: &str) -> bool {
    match format {
        "date-time" => text.contains(['T', 't']) && text.parse::<Timestamp>().is_ok(),
        "url" => text.split_once("://").is_some_and(|(scheme, rest)| {
            !scheme.is_empty() && !rest.is_empty() && !text.contains(char::is_whitespace)
        }),
        "email" | "idn-email" | "user" => text.split_once('@').is_some_and(|(name, host)| {
            !name.is_empty() && !host.is_empty() && !text.contains(char::is_whitespace)
        }),
        "ipv4" => text.parse::<Ipv4Addr>().is_ok(),
        "ipv6" => text.parse::<Ipv6Addr>().is_ok(),
        _ => true,
    }
}

fn check_number(definition: &Value, number: f64) -> Result<(), String> {
    let fits = limit(definition, "minimum").is_none_or(|least| number >= least)
        && limit(definition, "maximum").is_none_or(|most| number <= most)
        && limit(definition, "exclusiveMinimum").is_none_or(|least| number > least)
        && limit(definition, "exclusiveMaximum").is_none_or(|most| number < most);
    if fits { Ok(()) } else { Err("is out of range".to_owned()) }
}

fn check_items(definition: &Value, items: &[Value], empty: EmptyText) -> Result<(), String> {
    within(definition, items.len(), "minItems", "maxItems")?;
    let Some(of) = definition.get("items") else {
        return Ok(());
    };
    for (at, item) in items.iter().enumerate() {
        check(of, item, empty).map_err(|fault| format!("item {at} {fault}"))?;
    }
    Ok(())
}

/// Checks all properties of an entity: known ones only, each fitting, nulls aside.
pub(super) fn check_all(
    schema: &Map<String, Value>,
    properties: &Map<String, Value>,
    empty: EmptyText,
) -> Result<(), String> {
    for (id, value) in properties {
        let definition =
            schema.get(id).ok_or_else(|| format!("property \"{id}\" does not exist in the blueprint"))?;
        if !value.is_null() {
            check(definition, value, empty).map_err(|fault| format!("property \"{id}\" {fault}"))?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn fits(definition: &Value, value: &Value) -> bool {
        check(definition, value, EmptyText::Refused).is_ok()
    }

    #[test]
    fn values_that_do_not_fit() {
        let string = |format: &str| json!({ "type": "string", "format": format });
        for (definition, value) in [
            (json!({ "type": "string" }), json!(1)),
            (json!({ "type": "number" }), json!("1")),
            (json!({ "type": "boolean" }), json!("true")),
            (json!({ "type": "array" }), json!({})),
            (json!({ "type": "object" }), json!([])),
            (json!({ "type": "string", "enum": ["open"] }), json!("Open")),
            (string("date-time"), json!("2026-11-20")),
            (string("date-time"), json!("yesterday")),
            (string("date-time"), json!("")),
            (string("url"), json!("example.com")),
            (string("user"), json!("ada")),
            (string("user"), json!("")),
            (string("ipv4"), json!("1.2.3")),
            (json!({ "type": "array", "items": { "type": "string" } }), json!(["a", 1])),
            (json!({ "type": "array", "items": { "type": "string", "format": "user" } }), json!(["ada"])),
            (json!({ "type": "string", "maxLength": 2 }), json!("abc")),
            (json!({ "type": "string", "pattern": "^a" }), json!("b")),
            (json!({ "type": "number", "maximum": 2 }), json!(2.5)),
            (json!({ "type": "array", "minItems": 1 }), json!([])),
        ] {
            assert!(!fits(&definition, &value), "{value} fits {definition}");
        }
    }

    #[test]
    fn values_that_fit() {
        for (definition, value) in [
            (json!({ "type": "string", "format": "date-time" }), json!("2023-09-26T17:49:10.17Z")),
            (json!({ "type": "string", "format": "date-time" }), json!("2023-09-26T17:49:10+02:00")),
            (json!({ "type": "string", "format": "url" }), json!("https://a.test/b")),
            (json!({ "type": "string", "format": "user" }), json!("ada@corp.test")),
            (json!({ "type": "string", "format": "markdown" }), json!("# x")),
            (json!({ "type": "array" }), json!([1, "a", {}])),
            (json!({ "type": "number" }), json!(1.5)),
        ] {
            assert!(fits(&definition, &value), "{value} does not fit {definition}");
        }
        let user = json!({ "type": "string", "format": "user" });
        assert!(check(&user, &json!(""), EmptyText::Passes).is_ok());
    }
}
