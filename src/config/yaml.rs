//! YAML to values, each with the span where it stands. The only file that knows `serde_yaml` and `saphyr-parser`.
//!
//! `serde_yaml` reads the values but tells places only for its own errors; `saphyr-parser` tells where every node stands.

use std::collections::HashMap;
use std::ops::Range;

use saphyr_parser::{Event, Parser, ScalarStyle, Span};
use serde_json::Value;

/// A file of settings or of a mapping is written by hand; past this size something else was named by mistake.
pub(super) const MAX_BYTES: usize = 4 << 20;

/// One step into a document.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Step {
    /// The value under a key.
    Key(String),
    /// An element of a list, from 0.
    Index(usize),
}

/// How a scalar is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Style {
    /// Without quotes.
    Plain,
    /// `'…'`.
    SingleQuoted,
    /// `"…"`.
    DoubleQuoted,
    /// `|` or `>`.
    Block,
    /// No scalar: a list or an object, or what an alias stands for.
    Node,
}

/// Where a value stands: bytes of the text, quotes and block header included.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Extent {
    pub(super) bytes: Range<usize>,
    pub(super) style: Style,
}

/// A document and the extents of its values and keys.
#[derive(Debug, Default)]
pub(super) struct Document {
    pub(super) value: Value,
    values: HashMap<Vec<Step>, Extent>,
    keys: HashMap<Vec<Step>, Extent>,
}

impl Document {
    /// Every extent by path.
    #[cfg(test)]
    fn extents(&self) -> impl Iterator<Item = (&Vec<Step>, &Extent)> {
        self.values.iter()
    }

    /// Where the last key of a path stands; else its value.
    pub(super) fn key_extent(&self, path: &[Step]) -> Option<&Extent> {
        self.keys.get(path).or_else(|| self.extent(path))
    }

    /// Where the value at a path stands, or the nearest value around it (behind an alias or a merge key).
    pub(super) fn extent(&self, path: &[Step]) -> Option<&Extent> {
        (0..=path.len()).rev().find_map(|length| self.values.get(&path[..length]))
    }
}

/// A text that is not YAML, or not JSON.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Malformed {
    /// The parser's words, without the place.
    pub(super) reason: String,
    /// The byte where it was noticed.
    pub(super) at: Option<usize>,
}

impl Malformed {
    /// The line where it was noticed; the first when that is unknown.
    pub(super) fn extent(&self, text: &str) -> Extent {
        let at = self.at.unwrap_or(0).min(text.len());
        Extent { bytes: at..at, style: Style::Node }
    }
}

/// The text without the byte order mark that some editors put before it.
pub(super) fn without_mark(text: &str) -> &str {
    text.strip_prefix('\u{feff}').unwrap_or(text)
}

/// Reads JSON, as a document with places.
pub(super) fn read_json(text: &str) -> Result<Document, Malformed> {
    let value = serde_json::from_str(text).map_err(|error| {
        let words = error.to_string();
        let reason = words.split(" at line ").next().unwrap_or(&words).to_owned();
        let line_start: usize =
            text.split_inclusive('\n').take(error.line().saturating_sub(1)).map(str::len).sum();
        Malformed { reason, at: Some((line_start + error.column().saturating_sub(1)).min(text.len())) }
    })?;
    let mut document = Document { value, ..Document::default() };
    Survey::of(text).record(&mut document);
    Ok(document)
}

/// Reads one document. An empty text is null.
pub(super) fn read(text: &str) -> Result<Document, Malformed> {
    if text.len() > MAX_BYTES {
        return Err(Malformed { reason: format!("it is larger than {MAX_BYTES} bytes"), at: None });
    }
    let malformed = |error: &serde_yaml::Error| {
        let words = error.to_string();
        let reason = words.split(" at line ").next().unwrap_or(&words).to_owned();
        Malformed { reason, at: error.location().map(|location| location.index().min(text.len())) }
    };
    let mut yaml: serde_yaml::Value = serde_yaml::from_str(text).map_err(|error| {
        // Of a key that stands twice the error tells where its object begins: the second key helps more.
        let second = Survey::of(text).record(&mut Document::default()).map(|key| key.bytes.start);
        let malformed = malformed(&error);
        let at = second.filter(|_| malformed.reason.contains("duplicate entry")).or(malformed.at);
        Malformed { at, ..malformed }
    })?;
    yaml.apply_merge().map_err(|error| malformed(&error))?;
    let value = json(yaml, &mut Vec::new())?;
    let mut document = Document { value, ..Document::default() };
    Survey::of(text).record(&mut document);
    Ok(document)
}

/// YAML's value as JSON's: keys become texts, tags fall away.
fn json(yaml: serde_yaml::Value, path: &mut Vec<String>) -> Result<Value, Malformed> {
    Ok(match yaml {
        serde_yaml::Value::Null => Value::Null,
        serde_yaml::Value::Bool(truth) => Value::Bool(truth),
        serde_yaml::Value::Number(number) => json_number(&number),
        serde_yaml::Value::String(text) => Value::String(text),
        serde_yaml::Value::Sequence(items) => {
            Value::Array(items.into_iter().map(|item| json(item, path)).collect::<Result<_, _>>()?)
        }
        serde_yaml::Value::Mapping(entries) => {
            let mut object = serde_json::Map::new();
            for (key, value) in entries {
                let Some(key) = key_text(key) else {
                    let inside =
                        if path.is_empty() { String::new() } else { format!(" in `{}`", path.join(".")) };
                    let reason = format!("a key{inside} is a list or an object");
                    return Err(Malformed { reason, at: None });
                };
                path.push(key.clone());
                object.insert(key, json(value, path)?);
                path.pop();
            }
            Value::Object(object)
        }
        serde_yaml::Value::Tagged(tagged) => json(tagged.value, path)?,
    })
}

fn json_number(number: &serde_yaml::Number) -> Value {
    if let Some(integer) = number.as_i64() {
        return integer.into();
    }
    if let Some(integer) = number.as_u64() {
        return integer.into();
    }
    // Infinities and NaN have no JSON form.
    number.as_f64().and_then(serde_json::Number::from_f64).map_or(Value::Null, Value::Number)
}

fn key_text(key: serde_yaml::Value) -> Option<String> {
    match key {
        serde_yaml::Value::String(text) => Some(text),
        serde_yaml::Value::Bool(truth) => Some(truth.to_string()),
        serde_yaml::Value::Number(number) => Some(number.to_string()),
        serde_yaml::Value::Null => Some("null".to_owned()),
        serde_yaml::Value::Tagged(tagged) => key_text(tagged.value),
        serde_yaml::Value::Sequence(_) | serde_yaml::Value::Mapping(_) => None,
    }
}

/// A list or an object whose end has not come yet.
enum Open {
    List { path: Vec<Step>, next: usize, start: usize },
    Object { path: Vec<Step>, key: Option<String>, start: usize },
}

/// A walk over the events of a text, noting where each node stands.
struct Survey<'t> {
    text: &'t str,
    /// Byte offsets of the characters; the parser counts characters.
    offsets: Vec<usize>,
    open: Vec<Open>,
    second: Option<Extent>,
}

impl<'t> Survey<'t> {
    fn of(text: &'t str) -> Self {
        let offsets =
            if text.is_ascii() { Vec::new() } else { text.char_indices().map(|(at, _)| at).collect() };
        Self { text, offsets, open: Vec::new(), second: None }
    }

    /// Notes every extent. A fault ends the walk early: places are then told of what stands around. Gives the first key
    /// that stands twice in one object.
    fn record(mut self, document: &mut Document) -> Option<Extent> {
        let parser = Parser::new_from_str(self.text);
        for event in parser {
            let Ok((event, span)) = event else { break };
            match event {
                Event::Scalar(text, style, ..) => self.leaf(document, Some(&text), style_of(style), span),
                Event::Alias(_) => self.leaf(document, None, Style::Node, span),
                Event::SequenceStart(..) => {
                    let path = self.arrive();
                    self.open.push(Open::List { path, next: 0, start: self.byte(span.start.index()) });
                }
                Event::MappingStart(..) => {
                    let path = self.arrive();
                    self.open.push(Open::Object { path, key: None, start: self.byte(span.start.index()) });
                }
                Event::SequenceEnd | Event::MappingEnd => {
                    if let Some(Open::List { path, start, .. } | Open::Object { path, start, .. }) =
                        self.open.pop()
                    {
                        let end = self.byte(span.end.index()).max(start);
                        document.values.insert(path, Extent { bytes: start..end, style: Style::Node });
                    }
                }
                // One document is read; what follows it is refused by the value's reader.
                Event::DocumentEnd | Event::StreamEnd => break,
                Event::Nothing | Event::StreamStart | Event::DocumentStart(_) => {}
            }
        }
        self.second
    }

    /// The path of the node that begins now; a list or an object in the place of a key is passed over.
    fn arrive(&mut self) -> Vec<Step> {
        match self.open.last_mut() {
            None => Vec::new(),
            Some(Open::List { path, next, .. }) => {
                let mut here = path.clone();
                here.push(Step::Index(*next));
                *next += 1;
                here
            }
            Some(Open::Object { path, key, .. }) => {
                let mut here = path.clone();
                here.push(Step::Key(key.take().unwrap_or_default()));
                here
            }
        }
    }

    fn leaf(&mut self, document: &mut Document, text: Option<&str>, style: Style, span: Span) {
        let extent = Extent { bytes: self.byte(span.start.index())..self.byte(span.end.index()), style };
        if let Some(Open::Object { path, key: key @ None, .. }) = self.open.last_mut() {
            let text = text.unwrap_or_default().to_owned();
            let mut here = path.clone();
            here.push(Step::Key(text.clone()));
            *key = Some(text);
            if document.keys.insert(here, extent.clone()).is_some() {
                self.second.get_or_insert(extent);
            }
            return;
        }
        let path = self.arrive();
        document.values.insert(path, extent);
    }

    fn byte(&self, character: usize) -> usize {
        if self.offsets.is_empty() {
            return character.min(self.text.len());
        }
        self.offsets.get(character).copied().unwrap_or(self.text.len())
    }
}

fn style_of(style: ScalarStyle) -> Style {
    match style {
        ScalarStyle::Plain => Style::Plain,
        ScalarStyle::SingleQuoted => Style::SingleQuoted,
        ScalarStyle::DoubleQuoted => Style::DoubleQuoted,
        ScalarStyle::Literal | ScalarStyle::Folded => Style::Block,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The text of a document where the value at a path stands.
    fn written<'t>(text: &'t str, document: &Document, path: &[Step]) -> &'t str {
        &text[document.extent(path).expect("a value has a place").bytes.clone()]
    }

    fn key(name: &str) -> Step {
        Step::Key(name.to_owned())
    }

    #[test]
    fn what_is_no_document_says_where() {
        let fault = |text: &str| {
            let Malformed { reason, at } = read(text).expect_err("it is malformed");
            format!("{reason} @ {at:?}")
        };
        insta::assert_snapshot!(fault("a: [1"), @"did not find expected ',' or ']' @ Some(5)");
        insta::assert_snapshot!(fault("a: 1\n\tb: 2\n"), @"found a tab character that violates indentation @ Some(5)");
        insta::assert_snapshot!(fault("? [a]\n: 1\n"), @"a key is a list or an object @ None");
        insta::assert_snapshot!(fault("a: 1\nb: {c: 1, c: 2}\n"), @r#"b: duplicate entry with key "c" @ Some(15)"#);
        insta::assert_snapshot!(fault("a: 1\n---\nb: 1\n"), @"deserializing from YAML containing more than one document is not supported @ None");
        insta::assert_snapshot!(fault("&a [*a]"), @"recursion limit exceeded @ Some(0)");
        insta::assert_snapshot!(fault(&"[".repeat(1000)), @"recursion limit exceeded @ Some(128)");
        insta::assert_snapshot!(fault(&"x".repeat(MAX_BYTES + 1)), @"it is larger than 4194304 bytes @ None");
        let laughs = "a: &a [x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b]\nd: &d [*c,*c,*c,*c,*c,*c,*c,*c,*c]\ne: &e [*d,*d,*d,*d,*d,*d,*d,*d,*d]\nf: &f [*e,*e,*e,*e,*e,*e,*e,*e,*e]\ng: [*f,*f,*f,*f,*f,*f,*f,*f,*f]\n";
        insta::assert_snapshot!(fault(laughs), @"repetition limit exceeded @ None");
    }

    #[test]
    fn windows_line_ends_move_nothing() {
        let text = "a: 'é'\r\nb:\r\n  - two\r\n";
        let document = read(text).expect("it is YAML");
        assert_eq!(document.value, serde_json::json!({"a": "é", "b": ["two"]}));
        assert_eq!(written(text, &document, &[key("a")]), "'é'");
        assert_eq!(written(text, &document, &[key("b"), Step::Index(0)]), "two");
    }

    #[test]
    fn scalars_are_typed_as_the_core_schema_has_it() {
        let text = "[1, -2, 0.5, true, ~, yes, '1', 18446744073709551615, .inf, !!str 5, !own x]";
        let value = read(text).expect("it is YAML").value;
        let expected = serde_json::json!([
            1,
            -2,
            0.5,
            true,
            null,
            "yes",
            "1",
            18_446_744_073_709_551_615_u64,
            null,
            "5",
            "x"
        ]);
        assert_eq!(value, expected);
    }

    fn any_value() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            "[a-z .|'\"#:\\n\\\\é-]{0,12}".prop_map(Value::from),
        ];
        leaf.prop_recursive(3, 24, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
                prop::collection::btree_map("[a-z]{1,4}", inner, 0..4)
                    .prop_map(|entries| Value::Object(entries.into_iter().collect())),
            ]
        })
    }

    proptest! {
        /// Whatever is written as YAML or JSON is read again, and what stands at each place reads as the value there.
        #[test]
        fn every_value_is_read_and_found(value in any_value()) {
            let yaml = serde_yaml::to_string(&value).expect("a value can be written");
            let json = serde_json::to_string_pretty(&value).expect("a value can be written");
            for (text, document) in [(&yaml, read(&yaml)), (&json, read_json(&json))] {
                let document = document.expect("it was written a moment ago");
                prop_assert_eq!(&document.value, &value);
                for (path, extent) in document.extents() {
                    let here = path.iter().fold(&value, |value, step| match step {
                        Step::Key(key) => &value[key],
                        Step::Index(index) => &value[*index],
                    });
                    let part = &text[extent.bytes.clone()];
                    match extent.style {
                        Style::Plain | Style::SingleQuoted | Style::DoubleQuoted => {
                            // Of a value over several lines the indentation would be missing.
                            if !part.contains('\n') {
                                prop_assert_eq!(&read(part).expect("a scalar").value, here, "{:?}", part);
                            }
                        }
                        Style::Block => prop_assert!(here.is_string()),
                        Style::Node => prop_assert!(here.is_array() || here.is_object()),
                    }
                }
            }
        }
    }
}
