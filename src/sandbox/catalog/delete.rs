//! Removing entities, and what depends on them.

use std::collections::BTreeSet;

use axum::http::StatusCode;
use serde_json::{Value, json};

use super::answer::{Refusal, object_with};
use super::shelf::Key;
use super::{Answer, Asked, Catalog};

/// Most entities in one bulk delete, as the API reference states it.
const BULK_LIMIT: usize = 100;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Dependents {
    Deleted,
    Protect,
}

impl Dependents {
    fn of(asked: &Asked) -> Result<Self, Refusal> {
        match asked.param("delete_dependents") {
            Some("true") => Ok(Self::Deleted),
            Some("false") => Ok(Self::Protect),
            Some(_) => Err(Refusal::syntax("`delete_dependents` is neither true nor false")),
            None => Err(Refusal::syntax("`delete_dependents` is required")),
        }
    }
}

impl Catalog {
    pub(super) fn bulk_delete(&mut self, asked: &Asked) -> Result<Answer, Refusal> {
        let dependents = Dependents::of(asked)?;
        let blueprint = asked.segments.get(2).map_or("", String::as_str);
        if !self.shelf.blueprints.contains_key(blueprint) {
            return Err(Refusal::not_found("Blueprint", blueprint));
        }
        let body = object_with(asked, &["entities"])?;
        let named = match body.get("entities") {
            Some(Value::Array(named)) if (1..=BULK_LIMIT).contains(&named.len()) => named,
            _ => return Err(Refusal::syntax(format!("`entities` must have 1 to {BULK_LIMIT} items"))),
        };
        let named: Option<Vec<Key>> =
            named.iter().map(|name| name.as_str().map(|name| Key::new(blueprint, name))).collect();
        let named = named.ok_or_else(|| Refusal::syntax("`entities` must name entities"))?;
        let present: BTreeSet<Key> =
            named.iter().filter(|key| self.shelf.entity(key).is_some()).cloned().collect();
        self.remove_with(&present, dependents)?;
        let deleted: Vec<&str> =
            named.iter().filter(|key| present.contains(key)).map(|key| &*key.identifier).collect();
        let body = json!({ "ok": true, "deletedEntities": deleted, "maxBulkSize": BULK_LIMIT });
        Ok(Answer::json(StatusCode::OK, &body))
    }

    pub(super) fn single_delete(&mut self, asked: &Asked) -> Result<Answer, Refusal> {
        let dependents = Dependents::of(asked)?;
        let part = |at: usize| asked.segments.get(at).map_or("", String::as_str);
        let key = Key::new(part(2), part(4));
        if self.shelf.entity(&key).is_none() {
            return Err(Refusal::not_found("Entity", part(4)));
        }
        self.remove_with(&BTreeSet::from([key]), dependents)?;
        Ok(Answer::json(StatusCode::OK, &json!({ "ok": true })))
    }

    /// All or nothing: with `Protect`, one dependent outside `named` keeps every one of them.
    fn remove_with(&mut self, named: &BTreeSet<Key>, dependents: Dependents) -> Result<(), Refusal> {
        let mut doomed = named.clone();
        loop {
            let pointing: Vec<Key> = self
                .shelf
                .all()
                .filter(|(key, held)| {
                    !doomed.contains(*key) && held.points_at.iter().any(|target| doomed.contains(target))
                })
                .map(|(key, _)| key.clone())
                .collect();
            let Some(first) = pointing.first() else {
                break;
            };
            if dependents == Dependents::Protect {
                let message = format!(
                    "Entities of blueprint \"{}\" depend on what is to be deleted, \"{}\" for one",
                    first.blueprint, first.identifier
                );
                return Err(Refusal::new(StatusCode::FORBIDDEN, "has_dependents", message));
            }
            doomed.extend(pointing);
        }
        for key in &doomed {
            self.shelf.remove(key);
        }
        Ok(())
    }
}
