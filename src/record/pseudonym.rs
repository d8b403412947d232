//! Pseudonyms: the same person has the same one in every file of a recording, and nobody can tell who it is.

use std::collections::HashMap;
use std::hash::{BuildHasher as _, RandomState};

/// Makes pseudonyms by a keyed hash (`SipHash`); its key is random and kept nowhere.
#[derive(Debug, Default)]
pub(super) struct Pseudonyms {
    key: RandomState,
    /// Names that texts may hold, by their first word.
    names: HashMap<String, Vec<String>>,
}

/// Shorter names are words too often.
const MIN_NAME: usize = 4;

impl Pseudonyms {
    /// A mail address of nobody (RFC 2606).
    pub(super) fn mail(&self, mail: &str) -> String {
        format!("person-{:016x}@example.com", self.key.hash_one(mail))
    }

    /// A name of nobody.
    pub(super) fn name(&self, name: &str) -> String {
        format!("Person {:016x}", self.key.hash_one(name))
    }

    /// Keeps a name in mind, to find it in texts.
    pub(super) fn learn(&mut self, name: &str) {
        let Some(first) = words(name).next().map(|(_, word)| word) else { return };
        if name.len() < MIN_NAME || name.contains('@') {
            return;
        }
        let names = self.names.entry(first.to_owned()).or_default();
        if !names.iter().any(|known| known == name) {
            names.push(name.to_owned());
            // The longest first: `Ada King` before `Ada`.
            names.sort_by_key(|name| std::cmp::Reverse(name.len()));
        }
    }

    /// A text with every known name replaced; nothing where it has none. Counts them.
    pub(super) fn without_names(&self, text: &str, count: &mut u64) -> Option<String> {
        if self.names.is_empty() {
            return None;
        }
        let mut out = String::new();
        let mut copied = 0;
        for (at, word) in words(text) {
            let Some(names) = self.names.get(word).filter(|_| at >= copied) else { continue };
            let stands = |name: &&String| {
                let Some(rest) = text[at..].strip_prefix(name.as_str()) else { return false };
                !rest.starts_with(char::is_alphanumeric)
            };
            if let Some(name) = names.iter().find(stands) {
                out.push_str(&text[copied..at]);
                out.push_str(&self.name(name));
                copied = at + name.len();
                *count += 1;
            }
        }
        (copied > 0).then(|| out + &text[copied..])
    }
}

/// Words and where each begins.
fn words(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut rest = 0;
    std::iter::from_fn(move || {
        let begin = rest + text[rest..].find(char::is_alphanumeric)?;
        let length = text[begin..].find(|letter: char| !letter.is_alphanumeric());
        rest = length.map_or(text.len(), |length| begin + length);
        Some((begin, &text[begin..rest]))
    })
}
