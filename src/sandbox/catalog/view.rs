//! Which parts of an entity an answer shows.

use serde_json::{Map, Value};

use super::answer::Refusal;
use super::clock::iso;
use super::entity::Entity;

/// A choice of parts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum View {
    /// Everything.
    Whole,
    /// Only these ids; `identifier` and `blueprint` are always there.
    Only(Vec<String>),
    /// Everything but these ids.
    Without(Vec<String>),
}

impl View {
    /// From the repeated `include` of a search: `title`, `properties.status`, `relations.services`.
    pub(super) fn of_search(include: &[&str]) -> Self {
        if include.is_empty() {
            return Self::Whole;
        }
        let plain = |name: &str| {
            let tail = ["properties.", "relations."].iter().find_map(|head| name.strip_prefix(head));
            tail.map_or_else(|| format!("${name}"), str::to_owned)
        };
        Self::Only(include.iter().map(|name| plain(name)).collect())
    }

    /// From the body of a page of one blueprint: ids of properties and relations, and `$title` and the like.
    pub(super) fn of_page(body: &Map<String, Value>) -> Result<Self, Refusal> {
        let list = |key: &str| match body.get(key) {
            None => Ok(None),
            Some(Value::Array(names)) => {
                let texts: Option<Vec<String>> =
                    names.iter().map(|name| name.as_str().map(str::to_owned)).collect();
                texts.map(Some).ok_or_else(|| Refusal::syntax(format!("`{key}` must name parts")))
            }
            Some(_) => Err(Refusal::syntax(format!("`{key}` must be an array"))),
        };
        Ok(match (list("include")?, list("exclude")?) {
            (Some(_), Some(_)) => {
                return Err(Refusal::syntax("`include` and `exclude` exclude each other"));
            }
            (Some(only), None) => Self::Only(only),
            (None, Some(without)) => Self::Without(without),
            (None, None) => Self::Whole,
        })
    }

    fn shows(&self, id: &str) -> bool {
        match self {
            Self::Whole => true,
            Self::Only(ids) => ids.iter().any(|one| one == id),
            Self::Without(ids) => !ids.iter().any(|one| one == id),
        }
    }

    /// The entity as this view shows it; taken apart, since pages are large.
    pub(super) fn shown(&self, entity: Entity) -> Value {
        let [created, updated] = [entity.created_at, entity.updated_at].map(|at| Value::String(iso(at)));
        let by = Value::String(entity.datasource);
        let metas = [
            ("$title", entity.title),
            ("$icon", entity.icon),
            ("$team", Some(Value::Array(entity.team))),
            ("$createdAt", Some(created)),
            ("$createdBy", Some(by.clone())),
            ("$updatedAt", Some(updated)),
            ("$updatedBy", Some(by)),
        ];
        let mut out = Map::new();
        out.insert("identifier".to_owned(), Value::String(entity.identifier));
        out.insert("blueprint".to_owned(), Value::String(entity.blueprint));
        for (id, value) in metas {
            if let Some(value) = value.filter(|_| self.shows(id)) {
                out.insert(id[1..].to_owned(), value);
            }
        }
        for (key, mut part) in [("properties", entity.properties), ("relations", entity.relations)] {
            part.retain(|id, _| self.shows(id));
            out.insert(key.to_owned(), Value::Object(part));
        }
        Value::Object(out)
    }
}
