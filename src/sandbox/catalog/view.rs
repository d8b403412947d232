//! Which parts of an entity an answer shows.

use serde_json::{Map, Value, json};

use super::answer::Refusal;
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

    pub(super) fn shown(&self, entity: &Entity) -> Value {
        if *self == Self::Whole {
            return entity.shown();
        }
        let mut out = json!({ "identifier": entity.identifier, "blueprint": entity.blueprint });
        let whole = entity.shown();
        for key in ["title", "icon", "team", "createdAt", "createdBy", "updatedAt", "updatedBy"] {
            if let Some(value) = whole.get(key).filter(|_| self.shows(&format!("${key}"))) {
                out[key] = value.clone();
            }
        }
        for (key, part) in [("properties", &entity.properties), ("relations", &entity.relations)] {
            let kept = part.iter().filter(|(id, _)| self.shows(id));
            out[key] = Value::Object(kept.map(|(id, value)| (id.clone(), value.clone())).collect());
        }
        out
    }
}
