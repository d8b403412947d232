//! Values to text and back.

use proptest::prelude::*;

use super::{Object, Value};

fn any_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::Bool),
        any::<f64>().prop_filter("finite", |number| number.is_finite()).prop_map(Value::from),
        any::<i32>().prop_map(|number| Value::from(f64::from(number))),
        any::<String>().prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 64, 8, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..8).prop_map(Value::array),
            prop::collection::vec((any::<String>(), inner), 0..30)
                .prop_map(|pairs| Value::object(pairs.into_iter().collect::<Object>())),
        ]
    })
}

proptest! {
    #[test]
    fn what_is_written_reads_back_the_same(value in any_value()) {
        let bytes = value.to_bytes();
        let read = Value::parse(&bytes).expect("our own text");
        prop_assert_eq!(&read, &value);
        prop_assert_eq!(read.to_bytes(), bytes);
    }

    #[test]
    fn another_reader_understands_what_is_written(value in any_value()) {
        let bytes = value.to_bytes();
        let other = serde_json::from_slice::<serde_json::Value>(&bytes);
        prop_assert!(other.is_ok(), "{:?}", other);
    }

    #[test]
    fn the_reader_of_jaq_finds_the_same(value in any_value()) {
        let bytes = value.to_bytes();
        let theirs = jaq_json::read::parse_single(&bytes).expect("our own text");
        prop_assert_eq!(Value::parse(theirs.to_string().as_bytes()).expect("its text"), value);
    }

    #[test]
    fn any_bytes_are_read_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..64)) {
        let ours = Value::parse(&bytes).is_ok();
        let theirs = serde_json::from_slice::<serde_json::Value>(&bytes).is_ok();
        prop_assert_eq!(ours, theirs, "{:?}", String::from_utf8_lossy(&bytes));
    }

    #[test]
    fn almost_json_is_read_or_refused_as_by_another_reader(text in "[\\[\\]{},:\"\\\\ \nu0-9eE+.tfnulrasd-]{0,24}") {
        let ours = Value::parse(text.as_bytes());
        match serde_json::from_str::<serde_json::Value>(&text) {
            Ok(_) => prop_assert!(ours.is_ok(), "{}: {:?}", text, ours),
            // It refuses numbers beyond a double and lone surrogates, which we read.
            Err(error) => {
                let lenient = error.to_string().contains("number out of range") || text.contains("\\u");
                prop_assert!(ours.is_err() || lenient, "{}: {}", text, error);
            }
        }
    }

    #[test]
    fn reading_like_jq_agrees_where_both_read(value in any_value()) {
        let bytes = value.to_bytes();
        prop_assert_eq!(Value::parse_like_jq(&bytes, 100).expect("our own text"), value);
    }
}

#[test]
fn numbers_are_written_as_the_peer_writes_them() {
    let cases = [
        ("3.0", "3"),
        ("9007199254740993", "9007199254740992"),
        ("12345678901234567890", "12345678901234567168"),
        ("1e17", "100000000000000000"),
        ("1e1000", "1.7976931348623157e308"),
        ("-1e1000", "-1.7976931348623157e308"),
        ("0.1", "0.1"),
        ("1.50", "1.5"),
        ("-0", "0"),
        ("1e-5", "1e-5"),
    ];
    for (read, written) in cases {
        assert_eq!(Value::parse(read.as_bytes()).expect("a number").to_string(), written, "{read}");
    }
    assert_eq!(Value::from(f64::NAN).to_string(), "null");
}

#[test]
fn deep_values_are_dropped_without_recursion() {
    let mut array = Value::Null;
    let mut object = Value::Null;
    for _ in 0..1_000_000 {
        array = Value::array(vec![array]);
        object = Value::object([("a", object)].into_iter().collect());
    }
    drop((array, object));
}

#[test]
fn a_value_is_three_words() {
    assert_eq!(size_of::<Value>(), 24);
}
