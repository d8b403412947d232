//! The words of JSON Schema (draft 2020-12, <https://json-schema.org/draft/2020-12>) in which our schemas are written.

use serde_json::{Map, Value, json};

/// A schema that stands by itself: `name` is what its `$id` ends with.
pub fn document(name: &str, title: &str, description: &str, body: Value) -> Value {
    let mut document = Map::from_iter([
        ("$schema".to_owned(), "https://json-schema.org/draft/2020-12/schema".into()),
        ("$id".to_owned(), format!("urn:ocean-opsgenie:{name}").into()),
        ("title".to_owned(), title.into()),
        ("description".to_owned(), description.into()),
    ]);
    if let Value::Object(body) = body {
        document.extend(body);
    }
    document.into()
}

/// An object with these fields and no others; each has what an editor shows in its schema.
pub fn object<N: Into<String>>(fields: impl IntoIterator<Item = (N, Value)>, required: &[&str]) -> Value {
    let fields: Map<String, Value> = fields.into_iter().map(|(name, schema)| (name.into(), schema)).collect();
    let mut object = json!({ "type": "object", "properties": fields });
    if !required.is_empty() {
        object["required"] = required.into();
    }
    object["additionalProperties"] = false.into();
    object
}

/// A schema with what an editor shows of it.
pub fn described(description: &str, schema: Value) -> Value {
    let mut described = Map::from_iter([("description".to_owned(), plain(description).into())]);
    if let Value::Object(schema) = schema {
        described.extend(schema);
    }
    described.into()
}

/// Markdown as an editor shows it: of a link only its text.
pub fn plain(markdown: &str) -> String {
    let mut plain = String::with_capacity(markdown.len());
    let mut rest = markdown;
    while let Some((before, link)) = rest.split_once('[') {
        plain.push_str(before);
        let parts = link.split_once("](").and_then(|(text, after)| Some((text, after.split_once(')')?.1)));
        match parts {
            Some((text, after)) if !text.contains('[') => {
                plain.push_str(text);
                rest = after;
            }
            _ => {
                plain.push('[');
                rest = link;
            }
        }
    }
    plain + rest
}

/// A pattern for one of these texts, and white space around it.
pub fn one_of<'t>(texts: impl IntoIterator<Item = &'t str>) -> String {
    let texts: Vec<String> = texts.into_iter().map(literal).collect();
    format!(r"^\s*(?:{})\s*$", texts.join("|"))
}

/// The same for texts in upper or lower case.
pub fn one_of_any_case<'t>(texts: impl IntoIterator<Item = &'t str>) -> String {
    let texts: Vec<String> = texts.into_iter().map(|text| text.chars().map(either_case).collect()).collect();
    format!(r"^\s*(?:{})\s*$", texts.join("|"))
}

fn either_case(letter: char) -> String {
    if letter.is_ascii_alphabetic() {
        format!("[{}{}]", letter.to_ascii_lowercase(), letter.to_ascii_uppercase())
    } else {
        literal(letter.encode_utf8(&mut [0; 4]))
    }
}

/// A text in a pattern, also within a class, that means itself.
pub fn literal(text: &str) -> String {
    let mut literal = String::with_capacity(text.len());
    for letter in text.chars() {
        if r"\^$.*+?()[]{}|/-".contains(letter) {
            literal.push('\\');
        }
        literal.push(letter);
    }
    literal
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_leave_their_text() {
        for (markdown, shown) in [
            ("plain", "plain"),
            ("see [a page](a.md#b), [another](c.md)", "see a page, another"),
            (r#"`["alert"]`; see [a](b)"#, r#"`["alert"]`; see a"#),
            ("half [of a link](", "half [of a link]("),
        ] {
            assert_eq!(plain(markdown), shown);
        }
    }
}
