//! `itemsToParse`: one record becomes one item per element of a list in it.
//!
//! As in Ocean's mapping configuration (docs.port.io, "Mapping extensions"): each item is the record with the element
//! under `itemsToParseName`, and with the list itself taken out unless `itemsToParseTopLevelTransform` is off. Which
//! path holds the list is read from the expression's text, as there; where it does not begin with a path the record stays
//! whole.

use crate::value::Value;

/// How items of a list are made.
#[derive(Clone, Debug)]
pub(super) struct Split {
    /// The key under which each element stands.
    pub(super) name: String,
    /// Where the list stands in the record, when it is to be taken out.
    pub(super) removed: Option<Vec<Step>>,
}

/// A step towards a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Step {
    Key(String),
    Index(usize),
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
fn without(value: Value, path: &[Step]) -> Value {
    let Some((first, rest)) = path.split_first() else { return value };
    match first {
        Step::Key(key) => {
            let Some(object) = value.as_object() else { return value };
            let Some(child) = object.get(key) else { return value };
            if rest.is_empty() {
                let mut object = object.clone();
                object.remove(key);
                return Value::object(object);
            }
            let child = without(child.clone(), rest);
            value.with(key, child)
        }
        Step::Index(index) => {
            let Some(items) = value.as_array().filter(|items| *index < items.len()) else { return value };
            let kept = items.iter().enumerate().filter_map(|(at, item)| match (at == *index, rest) {
                (false, _) => Some(item.clone()),
                (true, []) => None,
                (true, rest) => Some(without(item.clone(), rest)),
            });
            kept.collect()
        }
    }
}

/// The path that leads to the list: the one with which the expression begins, optionally in parentheses, after `.`,
/// `. as $name` and `$name`.
pub(super) fn leading_path(expression: &str) -> Option<Vec<Step>> {
    let chain = expression.trim_start().trim_start_matches('(');
    let is_passed_over = |segment: &&str| {
        let after_dot = segment.strip_prefix('.').map_or("-", str::trim_start);
        after_dot.is_empty() || after_dot.starts_with("as ") || segment.starts_with('$')
    };
    let mut rest = chain.split('|').map(str::trim).find(|segment| !is_passed_over(segment))?;
    let mut path = Vec::new();
    while let Some((step, after)) = step(rest, path.is_empty()) {
        path.push(step);
        rest = after.strip_prefix('?').unwrap_or(after);
    }
    (!path.is_empty()).then_some(path)
}

/// The step with which a text begins, and what follows it: `.key`, `."key"`, `["key"]` or `[0]`, the latter two after a
/// dot where they come first.
fn step(text: &str, is_first: bool) -> Option<(Step, &str)> {
    let after_dot = text.strip_prefix('.');
    let bracketed = match after_dot {
        Some(after) => after.strip_prefix('['),
        None => text.strip_prefix('[').filter(|_| !is_first),
    };
    if let Some(inside) = bracketed {
        let (step, after) = if let Some((key, after)) = quoted(inside) {
            (Step::Key(key.to_owned()), after)
        } else {
            let end = inside.find(|char: char| !char.is_ascii_digit())?;
            (Step::Index(inside[..end].parse().ok()?), &inside[end..])
        };
        return Some((step, after.strip_prefix(']')?));
    }
    let after = after_dot?;
    if let Some((key, after)) = quoted(after) {
        return Some((Step::Key(key.to_owned()), after));
    }
    let is_name = |char: char| char.is_ascii_alphanumeric() || char == '_';
    let end = after.find(|char: char| !is_name(char)).unwrap_or(after.len());
    let is_key = end > 0 && !after.starts_with(|char: char| char.is_ascii_digit());
    is_key.then(|| (Step::Key(after[..end].to_owned()), &after[end..]))
}

/// The text in quotes with which a text begins, and what follows it; none where it has escapes.
fn quoted(text: &str) -> Option<(&str, &str)> {
    let inside = text.strip_prefix('"')?;
    let end = inside.find(['"', '\\'])?;
    Some((&inside[..end], inside[end..].strip_prefix('"')?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn leading_paths_are_read_from_the_text() {
        let written = |step: &Step| match step {
            Step::Key(key) => key.clone(),
            Step::Index(index) => format!("[{index}]"),
        };
        let path = |expression| {
            leading_path(expression).map(|steps| steps.iter().map(written).collect::<Vec<_>>().join("/"))
        };
        assert_eq!(path(".rotations").as_deref(), Some("rotations"));
        assert_eq!(path(".a.b // []").as_deref(), Some("a/b"));
        assert_eq!(path("(.a // [])").as_deref(), Some("a"));
        assert_eq!(path(".a | map(select(.b))").as_deref(), Some("a"));
        assert_eq!(path(".\"a b\".c").as_deref(), Some("a b/c"));
        assert_eq!(path(".a[]?").as_deref(), Some("a"));
        assert_eq!(path(".a[0].b").as_deref(), Some("a/[0]/b"));
        assert_eq!(path(".[\"a\"][\"b c\"] // []").as_deref(), Some("a/b c"));
        assert_eq!(path(". as $root | .a | map(. + {r: $root.id})").as_deref(), Some("a"));
        assert_eq!(path(".a[1:3]").as_deref(), Some("a"));
        assert_eq!(path("[.a[]?]"), None);
        assert_eq!(path("[.a[] | .b]"), None);
        assert_eq!(path("[0]"), None);
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
    fn a_list_within_a_list_is_taken_out_and_a_path_that_leads_nowhere_takes_nothing() {
        let record = Value::parse(br#"{"a":[{"b":[1],"c":2},3]}"#).expect("test data");
        let left = |expression: &str| {
            without(record.clone(), &leading_path(expression).expect("it begins with a path")).to_string()
        };
        assert_eq!(left(".a[0].b"), r#"{"a":[{"c":2},3]}"#);
        assert_eq!(left(".a[1]"), r#"{"a":[{"b":[1],"c":2}]}"#);
        for nowhere in [".a[7].b", ".a.b", ".x.y[0]", ".a[1].b"] {
            assert_eq!(left(nowhere), record.to_string(), "{nowhere}");
        }
    }

    #[test]
    fn without_a_leading_path_the_record_stays_whole() {
        let record = Value::parse(br#"{"list":[1]}"#).expect("test data");
        let split = Split { name: "item".into(), removed: leading_path("[.list[]]") };
        let items: Vec<_> = split.items(&record, &[Value::Bool(true)]).map(|item| item.to_string()).collect();
        assert_eq!(items, [r#"{"list":[1],"item":true}"#]);
    }
}
