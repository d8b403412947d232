//! Blueprints: reading, creating, changing, removing.

mod rules;

use axum::http::StatusCode;
use serde_json::{Map, Value, json};

use super::answer::{Refusal, carrying, object};
use super::clock::iso;
use super::{Answer, Asked, Catalog};

fn identifier(asked: &Asked) -> &str {
    asked.segments.get(2).map_or("", String::as_str)
}

impl Catalog {
    /// Every blueprint, in order of creation.
    pub fn blueprints(&self) -> Vec<Value> {
        let all = self.shelf.blueprints.values();
        all.map(|one| Value::Object(one.clone())).collect()
    }

    /// One blueprint.
    pub fn blueprint(&self, identifier: &str) -> Option<Value> {
        let found = self.shelf.blueprints.get(identifier)?;
        Some(Value::Object(found.clone()))
    }

    /// Puts a blueprint in, past the order that relation targets ask for.
    pub fn seed_blueprint(&mut self, blueprint: &Value) {
        if let (Some(object), Some(identifier)) = (blueprint.as_object(), blueprint["identifier"].as_str()) {
            let whole = completed(object.clone());
            self.shelf.put_blueprint(identifier, whole);
        }
    }

    /// The integration object, as stored.
    pub fn integration(&self, identifier: &str) -> Option<Value> {
        let found = self.shelf.integrations.get(identifier)?;
        Some(Value::Object(found.clone()))
    }

    /// Creates an integration, or replaces these keys of it.
    pub fn seed_integration(&mut self, identifier: &str, keys: &Value) {
        let mut set = Map::from_iter([("identifier".to_owned(), json!(identifier))]);
        set.extend(keys.as_object().cloned().unwrap_or_default());
        self.shelf.change_integration(identifier, set);
    }

    pub(super) fn list_blueprints(&self) -> Answer {
        carrying(StatusCode::OK, "blueprints", self.blueprints().into())
    }

    pub(super) fn get_blueprint(&self, asked: &Asked) -> Result<Answer, Refusal> {
        let identifier = identifier(asked);
        self.blueprint(identifier)
            .map(|found| carrying(StatusCode::OK, "blueprint", found))
            .ok_or_else(|| Refusal::not_found("Blueprint", identifier))
    }

    pub(super) fn post_blueprint(&mut self, asked: &Asked) -> Result<Answer, Refusal> {
        let body = object(asked)?;
        let identifier = rules::identifier(&body)?.to_owned();
        if self.shelf.blueprints.contains_key(&identifier) {
            let message = format!("Blueprint \"{identifier}\" exists already");
            return Err(Refusal::new(StatusCode::CONFLICT, "identifier_taken", message));
        }
        self.store_blueprint(&identifier, completed(body), StatusCode::CREATED)
    }

    pub(super) fn patch_blueprint(&mut self, asked: &Asked) -> Result<Answer, Refusal> {
        let identifier = identifier(asked).to_owned();
        let body = object(asked)?;
        let Some(before) = self.shelf.blueprints.get(&identifier) else {
            return Err(Refusal::not_found("Blueprint", &identifier));
        };
        let mut after = before.clone();
        after.extend(body);
        rules::same_types(before, &after)?;
        self.store_blueprint(&identifier, after, StatusCode::OK)
    }

    fn store_blueprint(
        &mut self,
        identifier: &str,
        mut blueprint: Map<String, Value>,
        status: StatusCode,
    ) -> Result<Answer, Refusal> {
        if rules::identifier(&blueprint)? != identifier {
            return Err(Refusal::syntax("a blueprint cannot change its identifier"));
        }
        rules::check(&blueprint, |target| {
            target == identifier
                || self.protected.contains(target)
                || self.shelf.blueprints.contains_key(target)
        })?;
        let now = json!(iso(self.clock.now()));
        blueprint.entry("createdAt").or_insert_with(|| now.clone());
        blueprint.insert("updatedAt".to_owned(), now);
        self.shelf.put_blueprint(identifier, blueprint.clone());
        Ok(carrying(status, "blueprint", Value::Object(blueprint)))
    }

    pub(super) fn delete_blueprint(&mut self, asked: &Asked) -> Result<Answer, Refusal> {
        let identifier = identifier(asked);
        self.may_go(identifier)?;
        if self.shelf.of_blueprint(identifier, "").next().is_some() {
            let message = format!("Blueprint \"{identifier}\" has entities");
            return Err(Refusal::new(StatusCode::FORBIDDEN, "has_dependents", message));
        }
        self.shelf.remove_blueprint(identifier);
        Ok(Answer::json(StatusCode::OK, &json!({ "ok": true })))
    }

    /// Whether a blueprint exists and no other one has a relation to it.
    pub(super) fn may_go(&self, identifier: &str) -> Result<(), Refusal> {
        if !self.shelf.blueprints.contains_key(identifier) {
            return Err(Refusal::not_found("Blueprint", identifier));
        }
        let mut others = self.shelf.blueprints.iter();
        let pointing = others.find(|(other, body)| {
            other.as_str() != identifier && rules::targets(body).any(|target| target == identifier)
        });
        match pointing {
            Some((other, _)) => {
                let message = format!("Blueprint \"{other}\" has a relation to \"{identifier}\"");
                Err(Refusal::new(StatusCode::FORBIDDEN, "has_dependents", message))
            }
            None => Ok(()),
        }
    }
}

/// The parts that every blueprint has, empty where they were not given.
fn completed(mut blueprint: Map<String, Value>) -> Map<String, Value> {
    for part in ["relations", "mirrorProperties", "calculationProperties", "aggregationProperties"] {
        blueprint.entry(part).or_insert_with(|| json!({}));
    }
    blueprint
}
