//! Texts in the search language: quoted where they would not be read as one value.

use super::Imbalance;

/// What may stand without quotes, as the manual shows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Bare {
    /// Letters, digits and `_`: a word of a sentence. Anything else may be split into several words.
    Word,
    /// Those of usernames and ids too.
    Name,
}

/// The words with a meaning of their own; `TO` belongs to ranges in the Lucene family of languages.
const OPERATORS: [&str; 4] = ["and", "or", "not", "to"];

/// A value as it stands in a query.
pub(super) fn written(value: &str, bare: Bare) -> String {
    if stands_alone(value, bare) { value.to_owned() } else { quoted(value) }
}

/// Whether a value means more than itself: `disk*` matches every word that begins so.
pub(super) fn is_pattern(value: &str, bare: Bare) -> bool {
    value.contains('*') && stands_alone(value, bare)
}

fn stands_alone(value: &str, bare: Bare) -> bool {
    let may_stand = |letter: char| {
        letter.is_ascii_alphanumeric()
            || matches!(letter, '_' | '*')
            || (bare == Bare::Name && matches!(letter, '.' | '-' | '@'))
    };
    // A hyphen in front denies, a star in front is refused by most search engines.
    value.starts_with(|first: char| first.is_ascii_alphanumeric() || first == '_')
        && value.chars().all(may_stand)
        && !OPERATORS.iter().any(|operator| value.eq_ignore_ascii_case(operator))
}

fn quoted(value: &str) -> String {
    let mut text = String::with_capacity(value.len() + 2);
    text.push('"');
    for letter in value.chars() {
        if matches!(letter, '"' | '\\') {
            text.push('\\');
        }
        text.push(letter);
    }
    text.push('"');
    text
}

/// Whether a search text can stand in parentheses without leaving them.
pub(super) fn balance(text: &str) -> Result<(), Imbalance> {
    let (mut depth, mut in_quotes, mut escaped) = (0_usize, false, false);
    for letter in text.chars() {
        match letter {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => in_quotes = !in_quotes,
            '(' if !in_quotes => depth += 1,
            ')' if !in_quotes => depth = depth.checked_sub(1).ok_or(Imbalance::Close)?,
            _ => {}
        }
    }
    match (in_quotes, escaped, depth) {
        (true, _, _) => Err(Imbalance::Quote),
        (false, true, _) => Err(Imbalance::Escape),
        (false, false, 0) => Ok(()),
        (false, false, _) => Err(Imbalance::Open),
    }
}
