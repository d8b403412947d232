//! The removal of a blueprint with all its entities: a migration that goes on after the call is answered.

use axum::http::StatusCode;
use serde_json::json;

use super::answer::{Refusal, carrying};
use super::shelf::Key;
use super::{Answer, Asked, Catalog};

/// How a removal of all entities of a blueprint goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Removal {
    /// It is done after its state was read so often; 0: before the call is answered.
    Done {
        /// How many reads show it under way.
        after: u32,
    },
    /// It fails at once, and everything stays.
    Fails,
}

/// A removal that was asked for.
#[derive(Clone, Debug)]
pub(super) struct Migration {
    blueprint: String,
    state: State,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Running { reads_left: u32 },
    Completed,
    Failure,
}

impl State {
    fn name(self) -> &'static str {
        match self {
            Self::Running { .. } => "RUNNING",
            Self::Completed => "COMPLETED",
            Self::Failure => "FAILURE",
        }
    }
}

impl Catalog {
    pub(super) fn delete_all_entities(&mut self, asked: &Asked) -> Result<Answer, Refusal> {
        let blueprint = asked.segments.get(2).map_or("", String::as_str);
        match asked.param("delete_blueprint") {
            Some("true") => {}
            _ => return Err(Refusal::syntax("only `delete_blueprint=true` is known here")),
        }
        self.may_go(blueprint)?;
        let state = match self.manners.removal {
            Removal::Done { after } => State::Running { reads_left: after },
            Removal::Fails => State::Failure,
        };
        let migration = Migration { blueprint: blueprint.to_owned(), state };
        let identifier = format!("migration_{}", self.migrations.len() + 1);
        self.migrations.push(migration);
        if state == (State::Running { reads_left: 0 }) {
            self.complete(self.migrations.len() - 1);
        }
        Ok(carrying(StatusCode::OK, "migrationId", json!(identifier)))
    }

    pub(super) fn get_migration(&mut self, asked: &Asked) -> Result<Answer, Refusal> {
        let identifier = asked.segments.get(2).map_or("", String::as_str);
        let number = identifier.strip_prefix("migration_").and_then(|number| number.parse::<usize>().ok());
        let at = number.and_then(|number| number.checked_sub(1)).filter(|at| *at < self.migrations.len());
        let at = at.ok_or_else(|| Refusal::not_found("Migration", identifier))?;
        match self.migrations[at].state {
            State::Running { reads_left: 0 } => self.complete(at),
            State::Running { reads_left } => {
                self.migrations[at].state = State::Running { reads_left: reads_left - 1 };
            }
            State::Completed | State::Failure => {}
        }
        let Migration { blueprint, state } = &self.migrations[at];
        let shown = json!({
            "id": identifier,
            "actor": "sandbox",
            "sourceBlueprint": blueprint,
            "mapping": {},
            "status": state.name(),
        });
        Ok(carrying(StatusCode::OK, "migration", shown))
    }

    /// Lets every removal that is under way come to its end, as time does.
    pub fn complete_removals(&mut self) {
        for at in 0..self.migrations.len() {
            if matches!(self.migrations[at].state, State::Running { .. }) {
                self.complete(at);
            }
        }
    }

    fn complete(&mut self, at: usize) {
        let blueprint = self.migrations[at].blueprint.clone();
        let doomed: Vec<Key> = self.shelf.of_blueprint(&blueprint, "").map(|(key, _)| key.clone()).collect();
        for key in &doomed {
            self.shelf.remove(key);
        }
        self.shelf.remove_blueprint(&blueprint);
        self.migrations[at].state = State::Completed;
    }
}
