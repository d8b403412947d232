//! Taking a stored body apart without parsing it: pages of a thousand entities are copied together from their texts.

/// The members of an object, as (key with its quotes, value), both as they are written.
///
/// The text must be what `serde_json` writes: an object without white space. Anything else gives members that make no
/// sense, or none, but no fault.
pub(super) fn members(object: &[u8]) -> impl Iterator<Item = (&[u8], &[u8])> {
    let mut rest = object.get(1..).unwrap_or_default();
    std::iter::from_fn(move || {
        let key = &rest[..end_of_value(rest)];
        let after_key = rest.get(key.len() + 1..)?;
        let value = &after_key[..end_of_value(after_key)];
        rest = after_key.get(value.len() + 1..).unwrap_or_default();
        (!key.is_empty()).then_some((key, value))
    })
}

/// How many bytes the value at the beginning takes.
fn end_of_value(text: &[u8]) -> usize {
    let mut depth = 0_usize;
    let mut at = 0;
    while let Some(byte) = text.get(at) {
        match byte {
            b'"' => at += end_of_text(&text[at..]),
            b'{' | b'[' => {
                depth += 1;
                at += 1;
            }
            b'}' | b']' | b',' | b':' if depth == 0 => return at,
            b'}' | b']' => {
                depth -= 1;
                at += 1;
            }
            _ => at += 1,
        }
    }
    at
}

/// How many bytes the text at the beginning takes, quotes included.
fn end_of_text(text: &[u8]) -> usize {
    let mut at = 1;
    while let Some(byte) = text.get(at) {
        match byte {
            b'"' => return at + 1,
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::{Map, Value, json};

    fn together(object: &Value) -> Map<String, Value> {
        let text = object.to_string();
        let parsed = |raw: &[u8]| serde_json::from_slice::<Value>(raw).expect("a member is JSON");
        members(text.as_bytes())
            .map(|(key, value)| (parsed(key).as_str().expect("a key is text").to_owned(), parsed(value)))
            .collect()
    }

    #[test]
    fn odd_texts_have_members_too() {
        let object =
            json!({ "a\"}": "}\\\"{,", "b": [1, { "c": "]" }, []], "": {}, "d": -1.5e300, "e": null });
        assert_eq!(Value::Object(together(&object)), object);
        assert_eq!(members(b"{}").count(), 0);
    }

    fn value() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<String>().prop_map(Value::from),
        ];
        leaf.prop_recursive(3, 20, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                prop::collection::btree_map(any::<String>(), inner, 0..4)
                    .prop_map(|map| Value::Object(map.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn members_are_those_of_the_object(map in prop::collection::btree_map(any::<String>(), value(), 0..6)) {
            let object = Value::Object(map.into_iter().collect());
            prop_assert_eq!(Value::Object(together(&object)), object);
        }

        #[test]
        fn broken_texts_are_no_fault(text in any::<Vec<u8>>()) {
            members(&text).count();
        }
    }
}
