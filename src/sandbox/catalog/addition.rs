//! Scorecards, pages and actions: taken, checked for an identifier, remembered; nothing is done with them.

use axum::http::StatusCode;
use serde_json::Value;

use super::answer::{Refusal, carrying, object};
use super::{Answer, Asked, Catalog};

/// What a folder of defaults may bring beyond blueprints and a mapping.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Addition {
    /// A scorecard of a blueprint.
    Scorecard,
    /// A page.
    Page,
    /// A self-service action.
    Action,
}

impl Addition {
    fn key(self) -> &'static str {
        match self {
            Self::Scorecard => "scorecard",
            Self::Page => "page",
            Self::Action => "action",
        }
    }
}

impl Catalog {
    pub(super) fn add(&mut self, asked: &Asked, what: Addition) -> Result<Answer, Refusal> {
        let mut body = Value::Object(object(asked)?);
        if body["identifier"].as_str().is_none_or(str::is_empty) {
            return Err(Refusal::syntax("`identifier` is required"));
        }
        if what == Addition::Scorecard {
            let blueprint = asked.segments.get(2).map_or("", String::as_str);
            if !self.shelf.blueprints.contains_key(blueprint) {
                return Err(Refusal::not_found("Blueprint", blueprint));
            }
            body["blueprint"] = blueprint.into();
        }
        let mut known = self.additions.iter();
        // A scorecard is known by its blueprint, too; the others have none.
        let same = |one: &Value| ["identifier", "blueprint"].iter().all(|key| one[key] == body[key]);
        if known.any(|(kind, one)| *kind == what && same(one)) {
            let message = format!("{} exists already", body["identifier"]);
            return Err(Refusal::new(StatusCode::CONFLICT, "identifier_taken", message));
        }
        self.additions.push((what, body.clone()));
        Ok(carrying(StatusCode::CREATED, what.key(), body))
    }

    /// What was added, in order.
    pub fn additions(&self) -> &[(Addition, Value)] {
        &self.additions
    }
}
