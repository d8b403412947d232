//! The organization and the integration object.

use axum::http::StatusCode;
use serde_json::{Map, Value, json};

use super::answer::{Refusal, carrying, object, object_with};
use super::clock::iso;
use super::{Answer, Asked, Catalog};

const STATES: [&str; 4] = ["running", "completed", "failed", "aborted"];

fn identifier(asked: &Asked) -> &str {
    asked.segments.get(2).map_or("", String::as_str)
}

impl Catalog {
    pub(super) fn organization(&self) -> Answer {
        let organization = json!({
            "id": "org_sandbox",
            "name": "Sandbox",
            "featureFlags": self.manners.feature_flags,
        });
        carrying(StatusCode::OK, "organization", organization)
    }

    pub(super) fn provision_enabled(&self) -> Answer {
        carrying(StatusCode::OK, "integrations", json!(self.manners.provision_enabled))
    }

    fn shown(&self, stored: &Map<String, Value>) -> Value {
        let mut shown = stored.clone();
        let at = |path: &str| json!({ "ingestUrl": format!("{}/v1/ingest{path}", self.base) });
        shown.insert("logAttributes".to_owned(), at("/logs"));
        shown.insert("metricAttributes".to_owned(), at(""));
        shown.insert("ingestAttributes".to_owned(), at(""));
        shown.insert("_orgId".to_owned(), json!("org_sandbox"));
        Value::Object(shown)
    }

    fn integration_answer(&self, identifier: &str) -> Result<Answer, Refusal> {
        self.shelf
            .integrations
            .get(identifier)
            .map(|stored| carrying(StatusCode::OK, "integration", self.shown(stored)))
            .ok_or_else(|| Refusal::not_found("Integration", identifier))
    }

    pub(super) fn get_integration(&mut self, asked: &Asked) -> Result<Answer, Refusal> {
        let identifier = identifier(asked);
        self.provision(identifier);
        self.integration_answer(identifier)
    }

    /// Fills in the mapping of an integration that the catalog provisions, once it was read often enough.
    fn provision(&mut self, identifier: &str) {
        let Some(left) = self.unprovisioned.get_mut(identifier) else {
            return;
        };
        if *left > 0 {
            *left -= 1;
            return;
        }
        self.unprovisioned.remove(identifier);
        let config = self.manners.provisioned_config.clone().unwrap_or_else(|| json!({}));
        let set = Map::from_iter([("config".to_owned(), config)]);
        self.shelf.change_integration(identifier, set);
    }

    pub(super) fn post_integration(&mut self, asked: &Asked) -> Result<Answer, Refusal> {
        let body = object(asked)?;
        let identifier = match body.get("installationId").and_then(Value::as_str) {
            Some(identifier) if !identifier.is_empty() => identifier.to_owned(),
            _ => return Err(Refusal::syntax("`installationId` is required")),
        };
        if body.get("installationAppType").and_then(Value::as_str).is_none() {
            return Err(Refusal::syntax("`installationAppType` is required"));
        }
        if self.shelf.integrations.contains_key(&identifier) {
            let message = format!("Integration \"{identifier}\" exists already");
            return Err(Refusal::new(StatusCode::CONFLICT, "identifier_taken", message));
        }
        if asked.param("integration_modes") == Some("create_resources") {
            let reads = self.manners.provisioned_after;
            self.unprovisioned.insert(identifier.clone(), reads);
        }
        let now = iso(self.clock.now());
        let mut stored = body;
        stored.insert("identifier".to_owned(), json!(identifier));
        if let Some(kind) = stored.get("installationAppType").cloned() {
            stored.insert("integrationType".to_owned(), kind);
        }
        stored.entry("installationType").or_insert_with(|| json!("OnPrem"));
        stored.entry("config").or_insert_with(|| json!({}));
        stored.insert("createdAt".to_owned(), json!(now));
        stored.insert("updatedAt".to_owned(), json!(now));
        self.shelf.change_integration(&identifier, stored);
        self.integration_answer(&identifier)
    }

    fn patched(&mut self, identifier: &str, set: Map<String, Value>) -> Result<Answer, Refusal> {
        if !self.shelf.integrations.contains_key(identifier) {
            return Err(Refusal::not_found("Integration", identifier));
        }
        let mut set = set;
        set.insert("updatedAt".to_owned(), json!(iso(self.clock.now())));
        self.shelf.change_integration(identifier, set);
        self.integration_answer(identifier)
    }

    pub(super) fn patch_integration(&mut self, asked: &Asked) -> Result<Answer, Refusal> {
        let set = object(asked)?;
        self.patched(identifier(asked), set)
    }

    pub(super) fn patch_config(&mut self, asked: &Asked) -> Result<Answer, Refusal> {
        let set = object_with(asked, &["config"])?;
        if !set.get("config").is_some_and(Value::is_object) {
            return Err(Refusal::syntax("`config` must be an object"));
        }
        self.patched(identifier(asked), set)
    }

    pub(super) fn patch_resync_state(&mut self, asked: &Asked) -> Result<Answer, Refusal> {
        let mut state = object_with(
            asked,
            &["status", "lastResyncEnd", "lastResyncStart", "nextResync", "intervalInMinuets"],
        )?;
        let status = state.get("status").and_then(Value::as_str).unwrap_or_default();
        if !STATES.contains(&status) {
            return Err(Refusal::syntax(format!("`status` is none of {STATES:?}")));
        }
        self.resync_states.push(Value::Object(state.clone()));
        state.insert("updatedAt".to_owned(), json!(iso(self.clock.now())));
        let set = Map::from_iter([("resyncState".to_owned(), Value::Object(state))]);
        self.patched(identifier(asked), set)
    }

    pub(super) fn delete_integration(&mut self, asked: &Asked) -> Result<Answer, Refusal> {
        let identifier = identifier(asked);
        if !self.shelf.remove_integration(identifier) {
            return Err(Refusal::not_found("Integration", identifier));
        }
        Ok(Answer::json(StatusCode::OK, &json!({ "ok": true })))
    }

    pub(super) fn get_resync_request(&self, asked: &Asked) -> Result<Answer, Refusal> {
        let identifier = identifier(asked);
        if !self.shelf.integrations.contains_key(identifier) {
            return Err(Refusal::not_found("Integration", identifier));
        }
        let request = match self.resync_request {
            Some(at) => json!({ "updatedAt": iso(at) }),
            None => Value::Null,
        };
        Ok(carrying(StatusCode::OK, "request", request))
    }

    /// Asks pollers for a resync, as the button in the catalog's page does.
    pub fn request_resync(&mut self) {
        self.resync_request = Some(self.clock.now());
    }

    /// The bodies of every `resync-state` call so far.
    pub fn resync_states(&self) -> &[Value] {
        &self.resync_states
    }
}
