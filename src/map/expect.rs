//! What became of a record beside what was expected of it.

use super::Tally;
use crate::config::cases::{Expected, Extent};
use crate::value::Value;

/// Something that is not as expected.
#[derive(Clone, Debug, PartialEq)]
pub enum Difference {
    /// A value of an entity.
    Value {
        /// Where: `properties.url`; of several entities behind the number of the entity, from 1.
        path: String,
        /// What is expected; none when nothing is.
        expected: Option<Value>,
        /// What is there.
        actual: Option<Value>,
    },
    /// What became of the record as a whole, in words.
    Fate {
        /// What is expected.
        expected: String,
        /// What happened.
        actual: String,
    },
}

/// What is not as expected, when a record became these entities with these counts. Null equals absence, as in the catalog.
pub fn differences(expected: &Expected, entities: &[Value], tally: &Tally) -> Vec<Difference> {
    let fate = |expected: String| vec![Difference::Fate { expected, actual: in_words(entities, tally) }];
    let (skipped, unmapped) = (tally.skipped, tally.unmapped + tally.unselected);
    match expected {
        Expected::Entities(wanted, _) if wanted.len() != entities.len() => fate(count(wanted.len())),
        Expected::Entities(wanted, extent) => {
            let mut found = Vec::new();
            for (number, (wanted, entity)) in wanted.iter().zip(entities).enumerate() {
                let mut of_entity = Vec::new();
                compare("", wanted, entity, *extent, &mut of_entity);
                let named = of_entity.into_iter().map(|difference| match difference {
                    Difference::Value { path, expected, actual } if entities.len() > 1 => {
                        let path = format!("entity {} · {path}", number + 1);
                        Difference::Value { path, expected, actual }
                    }
                    other => other,
                });
                found.extend(named);
            }
            found
        }
        Expected::Skipped if entities.is_empty() && unmapped == 0 && skipped > 0 => Vec::new(),
        Expected::Skipped => fate("skipped by the selector".to_owned()),
        Expected::Unmapped if entities.is_empty() && unmapped > 0 => Vec::new(),
        Expected::Unmapped => fate("unmapped".to_owned()),
    }
}

fn count(entities: usize) -> String {
    if entities == 1 { "1 entity".to_owned() } else { format!("{entities} entities") }
}

/// What became of a record.
fn in_words(entities: &[Value], tally: &Tally) -> String {
    let mut parts = Vec::new();
    if !entities.is_empty() {
        let name =
            |entity: &Value| format!("{}/{}", bare(entity.get("blueprint")), bare(entity.get("identifier")));
        let names: Vec<_> = entities.iter().map(name).collect();
        parts.push(format!("{} ({})", count(entities.len()), names.join(", ")));
    }
    for (items, what) in [
        (tally.skipped, "skipped by the selector"),
        (tally.unmapped, "unmapped: identifier or blueprint name nothing"),
        (tally.unselected, "unmapped: the selector or the list of items failed"),
    ] {
        if items > 0 {
            parts.push(what.to_owned());
        }
    }
    if parts.is_empty() { "nothing: the list of items is empty".to_owned() } else { parts.join(", ") }
}

/// A text without its quotes.
fn bare(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

fn compare(path: &str, expected: &Value, actual: &Value, extent: Extent, found: &mut Vec<Difference>) {
    match (expected, actual) {
        (Value::Object(wanted), Value::Object(there)) => {
            let below = |key: &str| if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") };
            for (key, wanted) in wanted.iter() {
                compare(&below(key), wanted, actual.get(key), extent, found);
            }
            if extent == Extent::Whole {
                for (key, actual) in there.iter().filter(|(key, _)| wanted.get(key).is_none()) {
                    compare(&below(key), &Value::Null, actual, extent, found);
                }
            }
        }
        (Value::Array(wanted), Value::Array(there)) if wanted.len() == there.len() => {
            for (at, (wanted, actual)) in wanted.iter().zip(there.iter()).enumerate() {
                compare(&format!("{path}[{at}]"), wanted, actual, extent, found);
            }
        }
        // Nothing but nulls is as good as nothing.
        (Value::Null, Value::Object(there)) if there.iter().all(|(_, value)| value.is_null()) => {}
        (Value::Object(wanted), Value::Null) if wanted.iter().all(|(_, value)| value.is_null()) => {}
        (expected, actual) if expected == actual => {}
        (expected, actual) => {
            let some = |value: &Value| (!value.is_null()).then(|| value.clone());
            let (expected, actual) = (some(expected), some(actual));
            found.push(Difference::Value { path: path.to_owned(), expected, actual });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(json: &str) -> Value {
        Value::parse(json.as_bytes()).expect("JSON")
    }

    /// The differences of one entity, a line each.
    fn compared(expected: &str, actual: &str, extent: Extent) -> String {
        let expected = Expected::Entities(vec![value(expected)], extent);
        let shown = |value: Option<Value>| value.map_or("nothing".to_owned(), |value| value.to_string());
        let lines =
            differences(&expected, &[value(actual)], &Tally::default()).into_iter().map(|difference| {
                match difference {
                    Difference::Value { path, expected, actual } => {
                        format!("{path}: {} but {}", shown(expected), shown(actual))
                    }
                    Difference::Fate { expected, actual } => format!("{expected} but {actual}"),
                }
            });
        lines.collect::<Vec<_>>().join("; ")
    }

    #[test]
    fn values_are_compared_where_they_are_given() {
        let actual = r#"{"identifier": "a", "title": null, "properties": {"n": 1.0, "tags": ["x", "y"], "o": {"k": null}},
            "relations": {"team": "t"}}"#;
        let cases = [
            (Extent::Part, "{}", ""),
            (Extent::Part, r#"{"properties": {"n": 1}}"#, ""),
            (Extent::Part, r#"{"properties": {"n": "1"}}"#, "properties.n: \"1\" but 1"),
            (Extent::Part, r#"{"properties": {"tags": ["x"]}}"#, r#"properties.tags: ["x"] but ["x","y"]"#),
            (Extent::Part, r#"{"properties": {"tags": ["x", "z"]}}"#, r#"properties.tags[1]: "z" but "y""#),
            (Extent::Part, r#"{"icon": "i", "team": null}"#, r#"icon: "i" but nothing"#),
            (Extent::Part, r#"{"relations": {"team": null}}"#, r#"relations.team: nothing but "t""#),
            (
                Extent::Whole,
                r#"{"identifier": "a", "properties": {"n": 1, "tags": ["x", "y"]}, "relations": {"team": "t"}}"#,
                "",
            ),
            (
                Extent::Whole,
                r#"{"identifier": "b", "properties": {"tags": ["x", "y"]}}"#,
                r#"identifier: "b" but "a"; properties.n: nothing but 1; relations: nothing but {"team":"t"}"#,
            ),
        ];
        for (extent, expected, differences) in cases {
            assert_eq!(compared(expected, actual, extent), differences, "{extent:?} {expected}");
        }
    }

    #[test]
    fn what_became_of_the_record_is_compared_too() {
        let entity = value(r#"{"identifier": "i", "blueprint": "b", "title": "t"}"#);
        let skipped = Tally { skipped: 1, ..Tally::default() };
        let unmapped = Tally { unmapped: 1, ..Tally::default() };
        let unselected = Tally { unselected: 1, ..Tally::default() };
        let none = Tally::default();
        let one = Expected::Entities(vec![value("{}")], Extent::Part);
        let two = Expected::Entities(vec![value("{}"), value(r#"{"title": "u"}"#)], Extent::Part);
        let both = [entity.clone(), entity.clone()];
        let cases: [(&Expected, &[Value], &Tally); 9] = [
            (&Expected::Skipped, &[], &skipped),
            (&Expected::Skipped, &[], &unmapped),
            (&Expected::Skipped, &both[..1], &skipped),
            (&Expected::Unmapped, &[], &unmapped),
            (&Expected::Unmapped, &[], &unselected),
            (&Expected::Unmapped, &[], &skipped),
            (&one, &[], &none),
            (&two, &both[..1], &none),
            (&two, &both, &none),
        ];
        let told: Vec<_> = cases
            .into_iter()
            .map(|(expected, entities, tally)| format!("{:?}", differences(expected, entities, tally)))
            .collect();
        insta::assert_snapshot!(told.join("\n"), @r#"
        []
        [Fate { expected: "skipped by the selector", actual: "unmapped: identifier or blueprint name nothing" }]
        [Fate { expected: "skipped by the selector", actual: "1 entity (b/i), skipped by the selector" }]
        []
        []
        [Fate { expected: "unmapped", actual: "skipped by the selector" }]
        [Fate { expected: "1 entity", actual: "nothing: the list of items is empty" }]
        [Fate { expected: "2 entities", actual: "1 entity (b/i)" }]
        [Value { path: "entity 2 · title", expected: Some(String("u")), actual: Some(String("t")) }]
        "#);
    }
}
