//! `itemsToParse`: one record becomes one item per element of a list in it.
//!
//! As in Ocean's mapping configuration (docs.port.io, "Mapping extensions"): each item is the record with the element
//! under `itemsToParseName`, and with the list itself taken out unless `itemsToParseTopLevelTransform` is off. Which
//! path holds the list is read from the expression's text; where it does not begin with a path the record stays whole.

use crate::value::Value;

/// How items of a list are made.
#[derive(Clone, Debug)]
pub(super) struct Split {
    /// The key under which each element stands.
    pub(super) name: String,
    /// Where the list stands in the record, when it is to be taken out.
    pub(super) removed: Option<Vec<String>>,
}

impl Split {
    /// The items of `record` for the elements of `list`.
    pub(super) fn items<'a>(&'a self, record: &Value, list: &'a [Value]) -> impl Iterator<Item = Value> + 'a {
        let base = match &self.removed {
            Some(path) => without(record.clone(), path),
            None => record.clone(),
        };
        list.iter().map(move |element| base.clone().with(&self.name, element.clone()))
    }
}

/// The record without what stands at `path`; unchanged where the path leads nowhere.
fn without(value: Value, path: &[String]) -> Value {
    let Some((first, rest)) = path.split_first() else { return value };
    let Some(object) = value.as_object() else { return value };
    let Some(child) = object.get(first) else { return value };
    if rest.is_empty() {
        let mut object = object.clone();
        object.remove(first);
        Value::object(object)
    } else {
        let child = without(child.clone(), rest);
        value.with(first, child)
    }
}

/// The path an expression begins with: the first plain path of its first pipe segment, optionally in parentheses.
pub(super) fn leading_path(expression: &str) -> Option<Vec<String>> {
    let mut rest = expression.trim_start().trim_start_matches('(').trim_start();
    let mut path = Vec::new();
    while let Some(after) = rest.strip_prefix('.') {
        if let Some(quoted) = after.strip_prefix('"') {
            let end = quoted.find(['"', '\\'])?;
            if quoted[end..].starts_with('\\') {
                return None;
            }
            path.push(quoted[..end].to_owned());
            rest = &quoted[end + 1..];
        } else {
            let end = after
                .find(|char: char| !(char.is_ascii_alphanumeric() || char == '_'))
                .unwrap_or(after.len());
            if end == 0 || after.starts_with(|char: char| char.is_ascii_digit()) {
                break;
            }
            path.push(after[..end].to_owned());
            rest = &after[end..];
        }
        rest = rest.strip_prefix('?').unwrap_or(rest);
    }
    (!path.is_empty()).then_some(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn leading_paths_are_read_from_the_text() {
        let path = |expression| leading_path(expression).map(|keys| keys.join("/"));
        assert_eq!(path(".rotations").as_deref(), Some("rotations"));
        assert_eq!(path(".a.b // []").as_deref(), Some("a/b"));
        assert_eq!(path("(.a // [])").as_deref(), Some("a"));
        assert_eq!(path(".a | map(select(.b))").as_deref(), Some("a"));
        assert_eq!(path(".\"a b\".c").as_deref(), Some("a b/c"));
        assert_eq!(path(".a[]?").as_deref(), Some("a"));
        assert_eq!(path("[.a[]?]"), None);
        assert_eq!(path("."), None);
        assert_eq!(path("map(.a)"), None);
    }

    #[test]
    fn the_list_is_taken_out_and_the_element_put_in() {
        let record = Value::parse(br#"{"id":1,"deep":{"list":[1,2],"kept":true}}"#).expect("test data");
        let split = Split { name: "item".into(), removed: leading_path(".deep.list") };
        let list = record.get("deep").get("list").as_array().expect("test data").to_vec();
        let items: Vec<_> = split.items(&record, &list).map(|item| item.to_string()).collect();
        assert_eq!(
            items,
            [r#"{"id":1,"deep":{"kept":true},"item":1}"#, r#"{"id":1,"deep":{"kept":true},"item":2}"#]
        );
    }

    #[test]
    fn without_a_leading_path_the_record_stays_whole() {
        let record = Value::parse(br#"{"list":[1]}"#).expect("test data");
        let split = Split { name: "item".into(), removed: leading_path("[.list[]]") };
        let items: Vec<_> = split.items(&record, &[Value::Bool(true)]).map(|item| item.to_string()).collect();
        assert_eq!(items, [r#"{"list":[1],"item":true}"#]);
    }
}
