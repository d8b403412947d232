//! Which parts of an entity an answer shows.

use axum::http::StatusCode;
use serde_json::{Map, Value};

use super::Answer;
use super::answer::Refusal;
use super::clock::iso;
use super::pieces::members;
use super::shelf::{Held, Key};

/// A choice of parts, by ids as they are written in JSON, quotes included.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum View {
    /// Everything.
    Whole,
    /// Only these ids; `identifier` and `blueprint` are always there.
    Only(Vec<String>),
    /// Everything but these ids.
    Without(Vec<String>),
}

fn quoted(text: &str) -> String {
    Value::from(text).to_string()
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
        Self::Only(include.iter().map(|name| quoted(&plain(name))).collect())
    }

    /// From the body of a page of one blueprint: ids of properties and relations, and `$title` and the like.
    pub(super) fn of_page(body: &Map<String, Value>) -> Result<Self, Refusal> {
        let list = |key: &str| match body.get(key) {
            None => Ok(None),
            Some(Value::Array(names)) => {
                let texts: Option<Vec<String>> = names.iter().map(|name| name.as_str().map(quoted)).collect();
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

    fn shows(&self, quoted_id: &[u8]) -> bool {
        let named = |ids: &[String]| ids.iter().any(|one| one.as_bytes() == quoted_id);
        match self {
            Self::Whole => true,
            Self::Only(ids) => named(ids),
            Self::Without(ids) => !named(ids),
        }
    }

    /// Writes the entity as this view shows it: straight to text, since pages are large.
    pub(super) fn write(&self, out: &mut Vec<u8>, key: &Key, held: &Held) {
        out.extend_from_slice(b"{\"identifier\":");
        put_text(out, &key.identifier);
        out.extend_from_slice(b",\"blueprint\":");
        put_text(out, &key.blueprint);
        let by = [&b"\"$createdBy\""[..], b"\"$updatedBy\""];
        let at = [(&b"\"$createdAt\""[..], held.created), (b"\"$updatedAt\"", held.updated)];
        for (id, at) in at {
            if self.shows(id) {
                put_meta(out, id);
                put_text(out, &iso(at));
            }
        }
        for id in by {
            if self.shows(id) {
                put_meta(out, id);
                put_text(out, &held.datasource);
            }
        }
        for (name, value) in members(&held.body) {
            match name {
                b"\"properties\"" | b"\"relations\"" => {
                    put_name(out, name);
                    self.write_part(out, value);
                }
                _ => {
                    let id = [b"\"$", &name[1..]].concat();
                    if self.shows(&id) {
                        put_name(out, name);
                        out.extend_from_slice(value);
                    }
                }
            }
        }
        out.push(b'}');
    }

    fn write_part(&self, out: &mut Vec<u8>, part: &[u8]) {
        out.push(b'{');
        let shown = members(part).filter(|(id, _)| self.shows(id));
        for (at, (id, value)) in shown.enumerate() {
            if at > 0 {
                out.push(b',');
            }
            out.extend_from_slice(id);
            out.push(b':');
            out.extend_from_slice(value);
        }
        out.push(b'}');
    }

    /// A success that carries entities under `entities`, then `tail`.
    pub(super) fn answer<'a>(
        &self,
        entities: impl Iterator<Item = (&'a Key, &'a Held)>,
        tail: &Map<String, Value>,
    ) -> Answer {
        let mut body = br#"{"ok":true,"entities":["#.to_vec();
        for (at, (key, held)) in entities.enumerate() {
            if at > 0 {
                body.push(b',');
            }
            self.write(&mut body, key, held);
        }
        body.push(b']');
        for (key, value) in tail {
            put_name(&mut body, quoted(key).as_bytes());
            body.extend_from_slice(value.to_string().as_bytes());
        }
        body.push(b'}');
        Answer::raw_json(StatusCode::OK, body)
    }
}

/// The whole entity as the API shows it.
pub(super) fn whole(key: &Key, held: &Held) -> Value {
    let mut text = Vec::new();
    View::Whole.write(&mut text, key, held);
    serde_json::from_slice(&text).expect("it was put together from JSON")
}

fn put_text(out: &mut Vec<u8>, text: &str) {
    serde_json::to_writer(out, text).expect("memory takes any text");
}

/// `,"key":` from a quoted key.
fn put_name(out: &mut Vec<u8>, quoted: &[u8]) {
    out.push(b',');
    out.extend_from_slice(quoted);
    out.push(b':');
}

/// `,"createdAt":` from `"$createdAt"`.
fn put_meta(out: &mut Vec<u8>, quoted_id: &[u8]) {
    out.extend_from_slice(b",\"");
    out.extend_from_slice(&quoted_id[2..]);
    out.push(b':');
}
