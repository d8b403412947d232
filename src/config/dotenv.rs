//! `.env`: names and values a line, as `python-dotenv` reads them
//! (<https://saurabh-kumar.com/python-dotenv/reference/>), with the place of each.

use std::collections::BTreeMap;
use std::ops::Range;

/// One assignment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Assignment {
    pub(super) name: String,
    pub(super) value: String,
    /// The byte where the name begins.
    pub(super) begin: usize,
    /// The bytes of the value as it is written, quotes included, a comment not.
    pub(super) written: Range<usize>,
}

/// What a file holds: its assignments, and the lines that are none.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct DotEnv {
    pub(super) assignments: Vec<Assignment>,
    pub(super) unreadable_lines: Vec<usize>,
}

/// Reads a file. `${NAME}` and `${NAME:-default}` are replaced except in single quotes, from the environment or from
/// what stands above.
pub(super) fn read(text: &str, environment: &BTreeMap<String, String>) -> DotEnv {
    let mut file = DotEnv::default();
    let mut rest = text.trim_start_matches('\u{feff}');
    let mut line = 1;
    while !rest.is_empty() {
        let (statement, after) = statement(rest);
        let content = statement.trim();
        if !content.is_empty() && !content.starts_with('#') {
            match assignment(content) {
                Some((name, raw)) => {
                    let value = value(raw, &|wanted| look_up(wanted, &file.assignments, environment));
                    let start = offset(text, raw);
                    let written = start..start + written(raw).len();
                    let begin = offset(text, content);
                    file.assignments.push(Assignment { name: name.to_owned(), value, begin, written });
                }
                None => file.unreadable_lines.push(line),
            }
        }
        line += rest[..rest.len() - after.len()].matches('\n').count();
        rest = after;
    }
    file
}

/// The byte of `text` where a part of it begins.
fn offset(text: &str, part: &str) -> usize {
    part.as_ptr().addr() - text.as_ptr().addr()
}

/// The next statement and what follows it: a line, or several when a quoted value goes on.
fn statement(text: &str) -> (&str, &str) {
    let line_end = |from: usize| text[from..].find('\n').map_or(text.len(), |at| from + at + 1);
    let first_line = &text[..line_end(0)];
    let opening =
        first_line.find('=').filter(|_| !first_line.trim_start().starts_with('#')).and_then(|equals| {
            let before = first_line.len() - first_line[equals + 1..].trim_start().len();
            first_line[before..]
                .chars()
                .next()
                .filter(|quote| matches!(quote, '\'' | '"'))
                .map(|quote| (before, quote))
        });
    let end = opening.and_then(|(at, quote)| closing(&text[at + 1..], quote).map(|closed| at + 1 + closed));
    let end = end.map_or(first_line.len(), line_end);
    (&text[..end], &text[end..])
}

/// Where the closing quote stands; none when the text ends before.
fn closing(text: &str, quote: char) -> Option<usize> {
    let mut escaped = false;
    for (at, letter) in text.char_indices() {
        match letter {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            _ if letter == quote => return Some(at),
            _ => {}
        }
    }
    None
}

fn assignment(content: &str) -> Option<(&str, &str)> {
    let content = content.strip_prefix("export ").unwrap_or(content).trim_start();
    let (name, raw) = content.split_once('=')?;
    let name = name.trim().trim_matches('\'');
    let is_name =
        !name.is_empty() && name.chars().all(|letter| letter.is_alphanumeric() || "_.-".contains(letter));
    is_name.then_some((name, raw.trim()))
}

/// A value without the comment after it.
fn written(raw: &str) -> &str {
    for quote in ['\'', '"'] {
        let end = raw.strip_prefix(quote).and_then(|inner| closing(inner, quote));
        if let Some(end) = end {
            return &raw[..end + 2];
        }
    }
    let comment = raw.find(" #").or_else(|| raw.find("\t#"));
    raw[..comment.unwrap_or(raw.len())].trim_end()
}

fn value(raw: &str, look_up: &dyn Fn(&str) -> Option<String>) -> String {
    let quoted = |quote: char| {
        let inner = raw.strip_prefix(quote)?;
        closing(inner, quote).map(|end| &inner[..end])
    };
    if let Some(inner) = quoted('\'') {
        return inner.replace("\\'", "'").replace("\\\\", "\\");
    }
    if let Some(inner) = quoted('"') {
        return interpolated(&unescaped(inner), look_up);
    }
    interpolated(written(raw), look_up)
}

fn unescaped(inner: &str) -> String {
    let mut text = String::with_capacity(inner.len());
    let mut letters = inner.chars();
    while let Some(letter) = letters.next() {
        if letter != '\\' {
            text.push(letter);
            continue;
        }
        match letters.next() {
            Some('n') => text.push('\n'),
            Some('r') => text.push('\r'),
            Some('t') => text.push('\t'),
            Some(quoted @ ('\\' | '\'' | '"')) => text.push(quoted),
            Some(other) => text.extend(['\\', other]),
            None => text.push('\\'),
        }
    }
    text
}

fn interpolated(text: &str, look_up: &dyn Fn(&str) -> Option<String>) -> String {
    let mut done = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("${") {
        let Some((inside, behind)) = after.split_once('}') else { break };
        let (name, default) = inside.split_once(":-").unwrap_or((inside, ""));
        done.push_str(before);
        done.push_str(&look_up(name).unwrap_or_else(|| default.to_owned()));
        rest = behind;
    }
    done.push_str(rest);
    done
}

fn look_up(wanted: &str, above: &[Assignment], environment: &BTreeMap<String, String>) -> Option<String> {
    let above = || above.iter().rev().find(|one| one.name == wanted).map(|one| one.value.clone());
    environment.get(wanted).cloned().or_else(above)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::position::Position;

    fn values(text: &str) -> Vec<(String, String, usize)> {
        let environment = BTreeMap::from([("OUTER".to_owned(), "out".to_owned())]);
        let line = |one: &Assignment| Position::of(text, one.written.start).line;
        let assignments = read(text, &environment).assignments.into_iter();
        assignments.map(|one| (one.name.clone(), one.value.clone(), line(&one))).collect()
    }

    fn only(text: &str) -> String {
        let mut all = values(text);
        assert_eq!(all.len(), 1, "{all:?}");
        all.remove(0).1
    }

    #[test]
    fn lines_that_are_no_assignment_are_named() {
        assert_eq!(read("A=1\nwhat is this\n=2\n\n# fine\nB=2\n", &BTreeMap::new()).unreadable_lines, [2, 3]);
    }

    #[test]
    fn quotes_comments_and_export() {
        assert_eq!(only("export A=b"), "b");
        assert_eq!(only("A = b # note"), "b");
        assert_eq!(only("A=b#note"), "b#note");
        assert_eq!(only("A='b # c' # note"), "b # c");
        assert_eq!(only(r#"A="b \"c\" \n" # note"#), "b \"c\" \n");
        assert_eq!(only("A="), "");
        assert_eq!(only("A='unclosed"), "'unclosed");
        assert_eq!(only("\u{feff}A=1\r\n"), "1");
        assert_eq!(only(r#"A={"type":"ONCE"}"#), r#"{"type":"ONCE"}"#);
    }

    #[test]
    fn a_value_stands_without_its_comment() {
        let text = "  export A = 'b # c' # note\nB=d # note\n";
        let all = read(text, &BTreeMap::new()).assignments;
        let written: Vec<_> =
            all.iter().map(|one| (&text[one.begin..=one.begin], &text[one.written.clone()])).collect();
        assert_eq!(written, [("e", "'b # c'"), ("B", "d")]);
    }

    #[test]
    fn a_quoted_value_may_go_over_lines_and_later_lines_keep_their_number() {
        assert_eq!(
            values("A='one\ntwo'\nB=3"),
            [("A".to_owned(), "one\ntwo".to_owned(), 1), ("B".to_owned(), "3".to_owned(), 3)]
        );
    }

    #[test]
    fn names_in_braces_are_replaced_outside_single_quotes() {
        assert_eq!(values("A=x\nB=${A}-${OUTER}-${NONE}-${NONE:-d}")[1].1, "x-out--d");
        assert_eq!(only("B='${OUTER}'"), "${OUTER}");
        assert_eq!(only("B=$OUTER"), "$OUTER");
        assert_eq!(only("B=${OUTER"), "${OUTER");
    }

    proptest::proptest! {
        #[test]
        fn no_text_panics(text in "[\\PC\n\"'\\\\=#${}]{0,60}") {
            let file = read(&text, &BTreeMap::new());
            let stands = |one: &Assignment| text.get(one.begin..one.written.start).is_some_and(|name| name.trim_end().ends_with('='))
                && text.get(one.written.clone()).is_some();
            proptest::prop_assert!(file.assignments.iter().all(stands));
        }
    }
}
