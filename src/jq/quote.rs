//! Single quotes around strings, which jq does not know and mappings use all the same.

use std::borrow::Cow;

/// Turns single quotes that look like those of a string into double quotes, by the peer's rule: one at the start or
/// after white space (unless white space or `"` follows), and one at the end or before white space (unless white space
/// or `"` precedes). Byte for byte in place, so positions in the result are positions in the source.
pub fn quote_rewrite(source: &str) -> Cow<'_, str> {
    if !source.contains('\'') {
        return Cow::Borrowed(source);
    }
    let chars: Vec<char> = source.chars().collect();
    let is_space =
        |at: Option<usize>| at.and_then(|at| chars.get(at)).is_none_or(|char| char.is_whitespace());
    let forbids = |at: Option<usize>| {
        at.and_then(|at| chars.get(at)).is_some_and(|char| char.is_whitespace() || *char == '"')
    };
    let rewritten = chars.iter().enumerate().map(|(at, char)| {
        let (before, after) = (at.checked_sub(1), Some(at + 1));
        let opens = is_space(before) && !forbids(after);
        let closes = is_space(after) && !forbids(before);
        if *char == '\'' && (opens || closes) { '"' } else { *char }
    });
    Cow::Owned(rewritten.collect())
}

#[cfg(test)]
mod tests {
    use super::quote_rewrite;

    #[test]
    fn quotes_next_to_punctuation_are_left_alone() {
        for source in [".a | split(',')", "[.a,'x']", "\"it's\"", "."] {
            assert_eq!(quote_rewrite(source), source);
        }
    }

    #[test]
    fn quotes_at_words_become_double_quotes_in_place() {
        let cases = [
            ("if .id == 'a0' then 'y' else 'n' end", "if .id == \"a0\" then \"y\" else \"n\" end"),
            ("'opsGenieAlert'", "\"opsGenieAlert\""),
            ("'é' == .x", "\"é\" == .x"),
            ("'\"$identifier\"'", "'\"$identifier\"'"),
            ("'", "\""),
            ("' x'", "\" x\""),
        ];
        for (source, expected) in cases {
            assert_eq!(quote_rewrite(source), expected);
            assert_eq!(quote_rewrite(source).len(), source.len());
        }
    }
}
