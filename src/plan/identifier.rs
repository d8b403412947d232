//! Identifiers that the catalog can accept.
//!
//! Patterns and lengths are those of Port's public `OpenAPI` document (<https://api.port.io/swagger>).

use std::sync::LazyLock;

use fancy_regex::Regex;

/// The longest identifier of an entity, in characters.
const ENTITY_LENGTH: usize = 1000;

/// The longest identifier of a blueprint, in characters.
const BLUEPRINT_LENGTH: usize = 100;

/// Beside letters of any script and digits: what identifiers of entities may hold.
const ENTITY_SIGNS: &[u8] = b"@_.+:\\/='-";

/// Beside letters of any script and digits: what identifiers of blueprints may hold.
const BLUEPRINT_SIGNS: &[u8] = b"@_.+:\\/-";

/// The Unicode category L, which is narrower than what the standard library calls alphabetic.
static LETTER: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"^\p{L}$").expect("the pattern is a constant and compiles"));

/// Why a text cannot be an identifier.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IdentifierFault {
    /// Nothing.
    #[error("is empty")]
    Empty,
    /// `.` or `..`.
    #[error("is `{0}`, which is reserved")]
    Dots(String),
    /// Too many characters.
    #[error("has {length} characters, {limit} are allowed")]
    Long {
        /// How many it has.
        length: usize,
        /// How many it may have.
        limit: usize,
    },
    /// A character outside the pattern.
    #[error("holds {char:?}; allowed are letters, digits and {signs}")]
    Character {
        /// The first such character.
        char: char,
        /// The allowed signs.
        signs: &'static str,
    },
}

/// Whether the catalog can accept `text` as the identifier of an entity.
pub fn check_entity(text: &str) -> Result<(), IdentifierFault> {
    check(text, ENTITY_LENGTH, ENTITY_SIGNS, "@ _ . + : \\ / = ' -")
}

/// Whether the catalog can accept `text` as the identifier of a blueprint.
pub fn check_blueprint(text: &str) -> Result<(), IdentifierFault> {
    check(text, BLUEPRINT_LENGTH, BLUEPRINT_SIGNS, "@ _ . + : \\ / -")
}

fn check(text: &str, limit: usize, allowed: &[u8], signs: &'static str) -> Result<(), IdentifierFault> {
    if text.is_empty() {
        return Err(IdentifierFault::Empty);
    }
    if matches!(text, "." | "..") {
        return Err(IdentifierFault::Dots(text.to_owned()));
    }
    let odd = text.chars().find(|&char| !permitted(char, allowed));
    if let Some(char) = odd {
        return Err(IdentifierFault::Character { char, signs });
    }
    if text.len() > limit {
        let length = text.chars().count();
        if length > limit {
            return Err(IdentifierFault::Long { length, limit });
        }
    }
    Ok(())
}

fn permitted(char: char, allowed: &[u8]) -> bool {
    match u8::try_from(char) {
        Ok(byte) if byte.is_ascii() => byte.is_ascii_alphanumeric() || allowed.contains(&byte),
        _ => LETTER.is_match(char.encode_utf8(&mut [0; 4])).unwrap_or(false),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_catalog_would_refuse_is_refused() {
        assert_eq!(check_entity(""), Err(IdentifierFault::Empty));
        assert_eq!(check_entity(".."), Err(IdentifierFault::Dots("..".to_owned())));
        assert!(matches!(check_entity("A B"), Err(IdentifierFault::Character { char: ' ', .. })));
        for sign in "#%&,;()*!~|\n\u{301}".chars() {
            assert!(check_entity(&format!("a{sign}")).is_err(), "{sign:?}");
        }
        assert_eq!(check_entity(&"ä".repeat(1001)), Err(IdentifierFault::Long { length: 1001, limit: 1000 }));
        assert!(check_blueprint("it's").is_err());
        assert!(check_blueprint(&"b".repeat(101)).is_err());
    }

    #[test]
    fn what_the_catalog_accepts_passes() {
        for text in ["...", "a@_.+:\\/='-9", "Zażółć", "日本", &"ä".repeat(1000)] {
            assert_eq!(check_entity(text), Ok(()), "{text}");
        }
        assert_eq!(check_blueprint("opsGenieAlert"), Ok(()));
    }
}
