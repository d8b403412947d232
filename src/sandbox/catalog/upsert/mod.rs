//! Writing entities, one or twenty at a time.

mod merge;
mod mode;

use std::sync::LazyLock;

use axum::http::StatusCode;
use fancy_regex::Regex;
use serde_json::{Map, Value, json};

use super::answer::{Refusal, carrying, object, object_with};
use super::entity::Facts;
use super::shelf::{Held, Key};
use super::{Answer, Asked, BadIdentifier, Catalog, Stamping, Touch, view};
use mode::{Existing, MissingTargets, Mode, Storing};

/// Most entities in one bulk call, as the API reference states it.
const BULK_LIMIT: usize = 20;

/// Longest identifier of an entity, in characters.
const IDENTIFIER_LIMIT: usize = 1000;

/// As the API reference has it, but for the look-ahead that keeps `.` and `..` out: without one the regular expression
/// runs in one pass.
static ENTITY_ID: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"^[\p{L}0-9@_.+:\\/='-]+$").expect("the pattern is fixed and tested"));

fn identifier_fits(identifier: &str) -> bool {
    identifier.chars().count() <= IDENTIFIER_LIMIT
        && !matches!(identifier, "." | "..")
        && ENTITY_ID.is_match(identifier).unwrap_or(false)
}

/// What came of one entity.
struct Written {
    key: Key,
    created: bool,
}

impl Catalog {
    fn known_blueprint<'a>(&self, asked: &'a Asked) -> Result<&'a str, Refusal> {
        let blueprint = asked.segments.get(2).map_or("", String::as_str);
        if self.shelf.blueprints.contains_key(blueprint) {
            Ok(blueprint)
        } else {
            Err(Refusal::not_found("Blueprint", blueprint))
        }
    }

    pub(super) fn bulk_upsert(
        &mut self,
        asked: &Asked,
        violations: &mut Vec<String>,
    ) -> Result<Answer, Refusal> {
        let mode = Mode::of(asked, violations)?;
        let blueprint = self.known_blueprint(asked)?;
        let mut body = object_with(asked, &["entities"])?;
        let items = match body.shift_remove("entities") {
            Some(Value::Array(items)) if (1..=BULK_LIMIT).contains(&items.len()) => items,
            _ => return Err(Refusal::syntax(format!("`entities` must have 1 to {BULK_LIMIT} items"))),
        };
        if self.manners.bad_identifier == BadIdentifier::WholeCall {
            let texts = items.iter().filter_map(|item| item.get("identifier")?.as_str());
            if let Some(bad) = texts.into_iter().find(|text| !identifier_fits(text)) {
                return Err(Refusal::syntax(format!("identifier is not valid: \"{bad}\"")));
            }
        }
        let (mut entities, mut errors) = (Vec::new(), Vec::new());
        for (index, item) in items.into_iter().enumerate() {
            let named = item.get("identifier").and_then(Value::as_str).unwrap_or("unknown").to_owned();
            if let Some(refused) = asked.refuse_items.as_ref().filter(|one| one.concerns(&named)) {
                errors.push(json!({
                    "identifier": named, "index": index, "statusCode": refused.status,
                    "error": refused.error, "message": refused.message,
                }));
                continue;
            }
            match self.write(asked, blueprint, item, mode, violations) {
                Ok(written) => entities.push(json!({
                    "identifier": &*written.key.identifier, "index": index, "created": written.created,
                })),
                Err(refusal) => errors.push(json!({
                    "identifier": named, "index": index, "statusCode": refusal.status.as_u16(),
                    "error": refusal.error, "message": refusal.message(),
                })),
            }
        }
        let status = if errors.is_empty() { StatusCode::OK } else { StatusCode::MULTI_STATUS };
        let body = json!({
            "ok": errors.is_empty(), "entities": entities, "errors": errors, "maxBulkSize": BULK_LIMIT,
        });
        Ok(Answer::json(status, &body))
    }

    pub(super) fn single_upsert(
        &mut self,
        asked: &Asked,
        violations: &mut Vec<String>,
    ) -> Result<Answer, Refusal> {
        let mode = Mode::of(asked, violations)?;
        let blueprint = self.known_blueprint(asked)?;
        let item = Value::Object(object(asked)?);
        let written = self.write(asked, blueprint, item.clone(), mode, violations)?;
        let status = if written.created { StatusCode::CREATED } else { StatusCode::OK };
        let shown = match self.shelf.entity(&written.key) {
            Some(held) => view::whole(&written.key, held),
            None => item,
        };
        Ok(carrying(status, "entity", shown))
    }

    fn write(
        &mut self,
        asked: &Asked,
        blueprint: &str,
        item: Value,
        mode: Mode,
        violations: &mut Vec<String>,
    ) -> Result<Written, Refusal> {
        let Value::Object(item) = item else {
            return Err(Refusal::syntax("an entity must be an object"));
        };
        if item.get("blueprint").is_some_and(|named| named != blueprint) {
            violations.push(format!("{}: an entity names another blueprint", asked.path));
        }
        let key = self.key_of(blueprint, &item)?;
        let before = self.shelf.entity(&key).cloned();
        if before.is_some() && mode.existing == Existing::Refused {
            let message = format!("Entity \"{}\" exists already", key.identifier);
            return Err(Refusal::new(StatusCode::CONFLICT, "identifier_taken", message));
        }
        let base = match (&before, mode.existing) {
            (Some(held), Existing::Merged) => held.facts(),
            _ => Facts::default(),
        };
        let facts = self.merged(blueprint, base, item)?;
        self.check(blueprint, &facts)?;
        let points_at = self.shelf.points_at(blueprint, &facts);
        self.ensure_targets(asked, &key, &points_at, mode)?;
        let created = before.is_none();
        if mode.storing == Storing::Stored {
            self.store(asked, &key, &facts, points_at, before);
        }
        Ok(Written { key, created })
    }

    /// Text, or a search that must find exactly one entity.
    fn key_of(&self, blueprint: &str, item: &Map<String, Value>) -> Result<Key, Refusal> {
        match item.get("identifier") {
            Some(Value::String(text)) if identifier_fits(text) => Ok(Key::new(blueprint, text)),
            Some(Value::String(text)) => {
                Err(Refusal::unprocessable("invalid_request", format!("identifier is not valid: \"{text}\"")))
            }
            Some(query @ Value::Object(_)) => {
                let mut found = self.found(blueprint, query)?;
                match (found.pop(), found.is_empty()) {
                    (Some(key), true) => Ok(key),
                    _ => Err(Refusal::not_found("Entity", "(the search did not find exactly one)")),
                }
            }
            _ => Err(Refusal::syntax("an entity must have an identifier")),
        }
    }

    /// Targets that do not exist are made bare, or bring the entity down.
    fn ensure_targets(
        &mut self,
        asked: &Asked,
        key: &Key,
        points_at: &[Key],
        mode: Mode,
    ) -> Result<(), Refusal> {
        let missing: Vec<Key> = points_at
            .iter()
            .filter(|target| *target != key && self.shelf.entity(target).is_none())
            .cloned()
            .collect();
        let barred = |target: &&Key| {
            mode.missing == MissingTargets::Refused || self.protected.contains(&*target.blueprint)
        };
        if let Some(target) = missing.iter().find(barred) {
            let what = format!("Entity of blueprint \"{}\"", target.blueprint);
            return Err(Refusal::not_found(&what, &target.identifier));
        }
        if mode.storing == Storing::Stored {
            for target in missing {
                self.store(asked, &target, &Facts::default(), Box::default(), None);
            }
        }
        Ok(())
    }

    fn store(
        &mut self,
        asked: &Asked,
        key: &Key,
        facts: &Facts,
        points_at: Box<[Key]>,
        before: Option<Held>,
    ) {
        let now = self.clock.now();
        let stamp = asked.header("user-agent").unwrap_or_default();
        let stamp = self.shelf.stamp(stamp);
        let held = match before {
            None => {
                Held { body: facts.text().into(), points_at, datasource: stamp, created: now, updated: now }
            }
            Some(before) => {
                let changed = before.facts() != *facts;
                let moves = changed || self.manners.touch == Touch::Always;
                Held {
                    body: if changed { facts.text().into() } else { before.body },
                    points_at,
                    datasource: match self.manners.stamping {
                        Stamping::Last => stamp,
                        Stamping::First => before.datasource,
                    },
                    created: before.created,
                    updated: if moves { now } else { before.updated },
                }
            }
        };
        self.shelf.put(key.clone(), held);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identifiers() {
        for right in ["a", "Ünï-Ł", "モバイル", "a.b", "...", "@_.+:\\/='-", "580e9625-ecc7"] {
            assert!(identifier_fits(right), "{right}");
        }
        for wrong in ["", ".", "..", "a b", "a#b", "a%20", "a&b", "a\n", "(a)", "a|b"] {
            assert!(!identifier_fits(wrong), "{wrong}");
        }
        assert!(identifier_fits(&"x".repeat(1000)));
        assert!(!identifier_fits(&"x".repeat(1001)));
    }
}
