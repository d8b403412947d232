//! What an entity holds after a write, and whether its blueprint allows that.

use serde_json::{Map, Value, json};

use super::identifier_fits;
use crate::sandbox::catalog::answer::Refusal;
use crate::sandbox::catalog::entity::Facts;
use crate::sandbox::catalog::shelf::Key;
use crate::sandbox::catalog::{Catalog, Nulls, property, search};

/// Most entities that a search relation may find.
const RELATION_SEARCH_LIMIT: usize = 100;

fn mismatch(message: String) -> Refusal {
    Refusal::unprocessable("blueprint_schema_mismatch", message)
}

impl Catalog {
    pub(super) fn found(&self, blueprint: &str, query: &Value) -> Result<Vec<Key>, Refusal> {
        let rule = search::Rule::parse(query)?;
        let all = self.shelf.of_blueprint(blueprint, "");
        Ok(all.filter(|(key, held)| rule.holds(key, held)).map(|(key, _)| key.clone()).collect())
    }

    /// What was there, with what is sent laid over it.
    pub(super) fn merged(
        &self,
        blueprint: &str,
        mut facts: Facts,
        item: Map<String, Value>,
    ) -> Result<Facts, Refusal> {
        for (key, value) in item {
            match (key.as_str(), value) {
                ("title", title) => facts.title = Some(title).filter(|title| !title.is_null()),
                ("icon", icon) => facts.icon = Some(icon).filter(|icon| !icon.is_null()),
                ("team", Value::Null) => facts.team = Vec::new(),
                ("team", Value::Array(many)) => facts.team = many,
                ("team", one @ Value::String(_)) => facts.team = vec![one],
                ("team", query) => {
                    let found = self.found("_team", &query)?;
                    facts.team = found.iter().map(|key| json!(&*key.identifier)).collect();
                }
                ("properties", Value::Object(part)) => self.lay_properties(&mut facts, part),
                ("relations", Value::Object(part)) => self.lay_relations(blueprint, &mut facts, part)?,
                ("properties" | "relations", Value::Null) => {}
                ("properties" | "relations", _) => {
                    return Err(Refusal::syntax(format!("`{key}` must be an object")));
                }
                _ => {}
            }
        }
        Ok(facts)
    }

    fn lay_properties(&self, facts: &mut Facts, part: Map<String, Value>) {
        for (id, value) in part {
            if value.is_null() && self.manners.nulls == Nulls::Dropped {
                facts.properties.shift_remove(&id);
            } else {
                facts.properties.insert(id, value);
            }
        }
    }

    fn lay_relations(
        &self,
        blueprint: &str,
        facts: &mut Facts,
        part: Map<String, Value>,
    ) -> Result<(), Refusal> {
        for (id, value) in part {
            let relation = self.relation(blueprint, &id)?;
            match self.related(&id, relation, &value)? {
                Some(value) => facts.relations.insert(id, value),
                None if self.manners.nulls == Nulls::Kept => facts.relations.insert(id, Value::Null),
                None => facts.relations.shift_remove(&id),
            };
        }
        Ok(())
    }

    fn relation(&self, blueprint: &str, id: &str) -> Result<&Value, Refusal> {
        let relations = self.shelf.blueprints.get(blueprint).and_then(|one| one.get("relations"));
        relations
            .and_then(|relations| relations.get(id))
            .ok_or_else(|| mismatch(format!("relation \"{id}\" does not exist in the blueprint")))
    }

    /// A relation's value as stored; none clears it.
    fn related(&self, id: &str, relation: &Value, value: &Value) -> Result<Option<Value>, Refusal> {
        let many = relation["many"] == true;
        let violation = |message: String| Err(Refusal::unprocessable("relation_many_violation", message));
        let named = match value {
            Value::Null => return Ok(None),
            Value::String(one) if !many => vec![one.clone()],
            Value::Array(names) if many => {
                let texts: Option<Vec<String>> =
                    names.iter().map(|name| name.as_str().map(str::to_owned)).collect();
                texts.ok_or_else(|| mismatch(format!("relation \"{id}\" must name entities")))?
            }
            query @ Value::Object(_) => {
                let found = self.found(relation["target"].as_str().unwrap_or_default(), query)?;
                if found.len() > RELATION_SEARCH_LIMIT || (!many && found.len() > 1) {
                    return violation(format!("the search of relation \"{id}\" finds {}", found.len()));
                }
                found.iter().map(|key| key.identifier.to_string()).collect()
            }
            Value::String(_) => return violation(format!("relation \"{id}\" must be an array")),
            _ => return violation(format!("relation \"{id}\" must be a text")),
        };
        if let Some(bad) = named.iter().find(|name| !identifier_fits(name)) {
            return Err(mismatch(format!("relation \"{id}\" names \"{bad}\", which is no identifier")));
        }
        Ok(match (many, named.into_iter()) {
            (true, named) => Some(named.collect()),
            (false, mut named) => named.next().map(Value::String),
        })
    }

    pub(super) fn check(&self, blueprint: &str, facts: &Facts) -> Result<(), Refusal> {
        let Some(blueprint) = self.shelf.blueprints.get(blueprint) else {
            return Ok(());
        };
        for (name, value) in [("title", &facts.title), ("icon", &facts.icon)] {
            if value.as_ref().is_some_and(|value| !value.is_string()) {
                return Err(mismatch(format!("`{name}` must be a text")));
            }
        }
        if facts.team.iter().any(|team| !team.is_string()) {
            return Err(mismatch("`team` must name teams".to_owned()));
        }
        let ownership = blueprint.get("ownership").and_then(|one| one.get("type"));
        if !facts.team.is_empty() && ownership.is_some_and(|kind| kind == "Inherited") {
            let message = "the blueprint inherits its team".to_owned();
            return Err(Refusal::unprocessable("team_inheritance_enabled", message));
        }
        let empty = Map::new();
        let schema = blueprint.get("schema");
        let properties = schema.and_then(|one| one.get("properties")?.as_object()).unwrap_or(&empty);
        property::check_all(properties, &facts.properties, self.manners.empty_text).map_err(mismatch)?;
        let required = schema.and_then(|one| one.get("required")?.as_array()).into_iter().flatten();
        for id in required.filter_map(Value::as_str) {
            if facts.properties.get(id).is_none_or(Value::is_null) {
                return Err(mismatch(format!("must have required property \"{id}\"")));
            }
        }
        let relations = blueprint.get("relations").and_then(Value::as_object).into_iter().flatten();
        for (id, relation) in relations {
            if relation["required"] == true && facts.relations.get(id).is_none_or(Value::is_null) {
                let message = format!("relation \"{id}\" is required");
                return Err(Refusal::unprocessable("required_relation", message));
            }
        }
        Ok(())
    }
}
