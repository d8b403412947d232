//! Entities: as stored, as shown, as seeded by tests.

use jiff::Timestamp;
use serde::Serialize;
use serde_json::{Map, Value, json};

use super::Catalog;
use super::shelf::{Held, Key, Shelf};

/// What was written into an entity.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub(super) struct Facts {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) title: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) icon: Option<Value>,
    pub(super) team: Vec<Value>,
    pub(super) properties: Map<String, Value>,
    pub(super) relations: Map<String, Value>,
}

impl Facts {
    pub(super) fn parse(body: &[u8]) -> Self {
        let Ok(Value::Object(mut object)) = serde_json::from_slice(body) else {
            return Self::default();
        };
        let mut taken = |key: &str| object.shift_remove(key);
        let map = |value: Option<Value>| match value {
            Some(Value::Object(map)) => map,
            _ => Map::new(),
        };
        Self {
            title: taken("title"),
            icon: taken("icon"),
            team: match taken("team") {
                Some(Value::Array(team)) => team,
                _ => Vec::new(),
            },
            properties: map(taken("properties")),
            relations: map(taken("relations")),
        }
    }

    pub(super) fn text(&self) -> Vec<u8> {
        serde_json::to_vec(self).expect("keys are texts and numbers are finite")
    }
}

impl Shelf {
    /// The entities that relations name; a relation the blueprint does not know names none.
    pub(super) fn points_at(&self, blueprint: &str, facts: &Facts) -> Box<[Key]> {
        let relations = self.blueprints.get(blueprint).and_then(|one| one.get("relations"));
        let mut out = Vec::new();
        for (name, value) in &facts.relations {
            let target = relations.and_then(|relations| relations.get(name)?.get("target")?.as_str());
            let Some(target) = target else { continue };
            match value {
                Value::String(one) => out.push(Key::new(target, one)),
                Value::Array(many) => {
                    let named = many.iter().filter_map(Value::as_str);
                    out.extend(named.map(|one| Key::new(target, one)));
                }
                _ => {}
            }
        }
        out.into()
    }
}

/// An entity as tests look at it.
#[derive(Clone, Debug, PartialEq)]
pub struct Entity {
    /// The identifier, unique in its blueprint.
    pub identifier: String,
    /// The blueprint's identifier.
    pub blueprint: String,
    /// The title; none on a bare entity.
    pub title: Option<Value>,
    /// The icon.
    pub icon: Option<Value>,
    /// The teams.
    pub team: Vec<Value>,
    /// The properties.
    pub properties: Map<String, Value>,
    /// The relations.
    pub relations: Map<String, Value>,
    /// The `User-Agent` it was written under.
    pub datasource: String,
    /// When it came to be, by the catalog's clock.
    pub created_at: Timestamp,
    /// When it last changed, by the catalog's clock.
    pub updated_at: Timestamp,
}

impl Entity {
    pub(super) fn of(key: &Key, held: &Held) -> Self {
        let Facts { title, icon, team, properties, relations } = held.facts();
        Self {
            identifier: key.identifier.to_string(),
            blueprint: key.blueprint.to_string(),
            title,
            icon,
            team,
            properties,
            relations,
            datasource: held.datasource.to_string(),
            created_at: held.created,
            updated_at: held.updated,
        }
    }

    /// What the mapping wrote, without times and stamp: for comparing and for snapshots.
    pub fn json(&self) -> Value {
        let mut out = json!({ "identifier": self.identifier, "blueprint": self.blueprint });
        for (key, value) in [("title", &self.title), ("icon", &self.icon)] {
            if let Some(value) = value {
                out[key] = value.clone();
            }
        }
        out["team"] = Value::Array(self.team.clone());
        out["properties"] = Value::Object(self.properties.clone());
        out["relations"] = Value::Object(self.relations.clone());
        out
    }
}

/// An entity to put into the catalog past all its rules.
#[derive(Clone, Debug)]
pub struct Seeding {
    /// The entity as JSON: `identifier`, `blueprint`, and what else it should hold.
    pub entity: Value,
    /// The stamp it carries.
    pub datasource: String,
    /// When it was created and last changed; none takes the catalog's clock.
    pub updated_at: Option<Timestamp>,
}

impl Catalog {
    /// Puts an entity in, whatever the blueprint says.
    pub fn seed_entity(&mut self, seeding: &Seeding) {
        let said = |key: &str| seeding.entity.get(key).and_then(Value::as_str).unwrap_or_default();
        let key = Key::new(said("blueprint"), said("identifier"));
        let facts = Facts::parse(seeding.entity.to_string().as_bytes());
        let at = seeding.updated_at.unwrap_or_else(|| self.clock.now());
        let held = Held {
            body: facts.text().into(),
            points_at: self.shelf.points_at(&key.blueprint, &facts),
            datasource: self.shelf.stamp(&seeding.datasource),
            created: at,
            updated: at,
        };
        self.shelf.put(key, held);
    }

    /// One entity.
    pub fn entity(&self, blueprint: &str, identifier: &str) -> Option<Entity> {
        let key = Key::new(blueprint, identifier);
        self.shelf.entity(&key).map(|held| Entity::of(&key, held))
    }

    /// The entities of a blueprint, by identifier.
    pub fn entities(&self, blueprint: &str) -> Vec<Entity> {
        self.shelf.of_blueprint(blueprint, "").map(|(key, held)| Entity::of(key, held)).collect()
    }

    /// Every entity, by blueprint and identifier.
    pub fn all_entities(&self) -> Vec<Entity> {
        self.shelf.all().map(|(key, held)| Entity::of(key, held)).collect()
    }

    /// How many entities a blueprint has.
    pub fn count(&self, blueprint: &str) -> usize {
        self.shelf.of_blueprint(blueprint, "").count()
    }
}
