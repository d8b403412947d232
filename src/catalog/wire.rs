//! Bodies exactly as the catalog sends and takes them.

use std::sync::Arc;

use jiff::Timestamp;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::error::{Fault, Said};
use crate::http::Response;
use crate::model::{BlueprintId, Entity, EntityId, Identifier};
use crate::value::{Value, write_string};

/// So much of an answer that we do not understand is shown, in characters.
const EXCERPT: usize = 120;

/// An instant as the catalog takes it: UTC, microseconds, `+00:00`.
pub(super) fn instant(instant: Timestamp) -> String {
    instant.strftime("%Y-%m-%dT%H:%M:%S%.6f+00:00").to_string()
}

/// `POST /v1/auth/access_token`.
#[derive(Deserialize)]
pub(super) struct TokenAnswer {
    #[serde(rename = "accessToken")]
    pub(super) secret: String,
    /// In seconds.
    #[serde(rename = "expiresIn", default)]
    pub(super) life_seconds: f64,
    #[serde(rename = "tokenType", default = "bearer")]
    pub(super) scheme: String,
}

fn bearer() -> String {
    "Bearer".to_owned()
}

/// `GET /v1/organization`.
#[derive(Deserialize)]
pub(super) struct OrganizationAnswer {
    pub(super) organization: Organization,
}

/// The organization behind the credentials.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Organization {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// What is switched on for it.
    pub feature_flags: Vec<String>,
}

/// `GET /v1/integration/provision-enabled`.
#[derive(Deserialize)]
pub(super) struct ProvisionAnswer {
    pub(super) integrations: Vec<String>,
}

/// An answer that carries an integration, perhaps.
#[derive(Deserialize)]
pub(super) struct IntegrationAnswer {
    #[serde(default)]
    pub(super) integration: Option<serde_json::Map<String, serde_json::Value>>,
}

/// An answer that carries a blueprint.
#[derive(Deserialize)]
pub(super) struct BlueprintAnswer {
    pub(super) blueprint: serde_json::Value,
}

/// `DELETE …/all-entities`. The public specification leaves the id out.
#[derive(Deserialize)]
pub(super) struct RemovalAnswer {
    #[serde(default, rename = "migrationId")]
    pub(super) migration_id: Option<String>,
}

/// `GET /v1/migrations/{id}`.
#[derive(Deserialize)]
pub(super) struct MigrationAnswer {
    pub(super) migration: MigrationState,
}

#[derive(Deserialize)]
pub(super) struct MigrationState {
    pub(super) status: MigrationStatus,
}

/// The states that the public specification lists.
#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(super) enum MigrationStatus {
    Initializing,
    Pending,
    Running,
    PendingCancellation,
    Completed,
    Failure,
    Cancelled,
}

/// `GET …/resync-request`.
#[derive(Deserialize)]
pub(super) struct ResyncRequestAnswer {
    #[serde(default)]
    pub(super) request: Option<ResyncRequest>,
}

/// When somebody asked for a resync.
#[derive(Deserialize)]
pub(super) struct ResyncRequest {
    #[serde(default, rename = "updatedAt")]
    pub(super) updated_at: Option<String>,
}

/// `PATCH …/resync-state`. The third field is misspelled on the wire.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ResyncState {
    pub(super) status: &'static str,
    pub(super) last_resync_end: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) last_resync_start: Option<String>,
    pub(super) next_resync: Option<String>,
    #[serde(rename = "intervalInMinuets")]
    pub(super) interval_minutes: Option<u32>,
}

/// `POST …/entities/bulk`. Only `index` tells which entity is meant: with a search identifier the returned identifier is
/// another one, and on failure it may be the text `unknown`.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct BulkAnswer {
    pub(super) entities: Vec<BulkStored>,
    pub(super) errors: Vec<BulkRefused>,
}

#[derive(Debug, Deserialize)]
pub(super) struct BulkStored {
    pub(super) index: usize,
    #[serde(default)]
    pub(super) created: bool,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct BulkRefused {
    pub(super) index: Option<usize>,
    pub(super) status_code: Option<u16>,
    pub(super) error: Option<String>,
    pub(super) message: Option<String>,
}

/// `POST …/bulk/entities/delete`.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct DeleteAnswer {
    /// Absent when the catalog does not say; it may be shorter than what was asked.
    #[serde(default)]
    pub(super) deleted_entities: Option<Vec<String>>,
}

/// Decodes a successful answer.
pub(super) fn decode<T: DeserializeOwned>(response: &Response) -> Result<T, Fault> {
    serde_json::from_slice(&response.body).map_err(|error| malformed(response, error.to_string()))
}

/// Decodes a successful answer whose records we keep.
pub(super) fn decode_value(response: &Response) -> Result<Value, Fault> {
    Value::parse(&response.body).map_err(|error| malformed(response, error.to_string()))
}

pub(super) fn malformed(response: &Response, reason: String) -> Fault {
    let reason = if is_html(&response.body) { "it is an HTML page, not JSON".to_owned() } else { reason };
    Fault::Malformed { reason, excerpt: excerpt(&response.body) }
}

fn is_html(body: &[u8]) -> bool {
    body.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b'<')
}

fn excerpt(body: &[u8]) -> String {
    let head = &body[..body.len().min(EXCERPT * 4)];
    String::from_utf8_lossy(head).chars().filter(|char| !char.is_control()).take(EXCERPT).collect()
}

/// The catalog's words in an answer that is no success.
pub(super) fn said(response: &Response) -> Said {
    let Ok(body) = Value::parse(&response.body) else { return Said::default() };
    let text = |key: &str| body.get(key).as_str().unwrap_or_default().to_owned();
    Said { code: text("error"), message: text("message") }
}

/// Appends the JSON of an entity, straight from its values: a key is there exactly when the mapping defines it.
pub fn write_entity(entity: &Entity, out: &mut Vec<u8>) {
    let Entity { blueprint, identifier, title, icon, team, properties, relations } = entity;
    out.extend_from_slice(b"{\"identifier\":");
    match identifier {
        Identifier::Exact(identifier) => write_string(identifier.as_str(), out),
        Identifier::Search(query) => query.write(out),
    }
    write_key("blueprint", out);
    write_string(blueprint.as_str(), out);
    for (key, value) in [("title", title), ("icon", icon), ("team", team)] {
        if let Some(value) = value {
            write_key(key, out);
            value.write(out);
        }
    }
    for (key, object) in [("properties", properties), ("relations", relations)] {
        if let Some(object) = object {
            write_key(key, out);
            object.write(out);
        }
    }
    out.push(b'}');
}

/// A further key, which needs no escapes.
fn write_key(key: &str, out: &mut Vec<u8>) {
    out.extend_from_slice(b",\"");
    out.extend_from_slice(key.as_bytes());
    out.extend_from_slice(b"\":");
}

/// A stored entity of `blueprint`; `None` when it has no identifier. Takes the row apart instead of copying it: a page
/// holds a thousand of them.
pub fn read_entity(stored: Value, blueprint: &BlueprintId) -> Option<Entity> {
    let identifier = identifier(stored.get("identifier"))?;
    let Value::Object(stored) = stored else { return None };
    let mut stored = Arc::unwrap_or_clone(stored);
    let mut take = |key: &str| stored.remove(key).filter(|value| !value.is_null());
    let (title, icon, team) = (take("title"), take("icon"), take("team"));
    let mut object = |key: &str| match take(key) {
        Some(Value::Object(object)) => Some(Arc::unwrap_or_clone(object)),
        Some(_) | None => None,
    };
    Some(Entity {
        blueprint: blueprint.clone(),
        identifier: Identifier::Exact(identifier),
        title,
        icon,
        team,
        properties: object("properties"),
        relations: object("relations"),
    })
}

/// An identifier as the catalog sends it: text, or a number that stands for its text.
pub(super) fn identifier(value: &Value) -> Option<EntityId> {
    match value {
        Value::String(text) => EntityId::new(text.clone()).ok(),
        Value::Number(_) => EntityId::new(value.to_string()).ok(),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    }
}

/// The `next` of a page; an empty one ends the listing too.
pub(super) fn next(page: &Value) -> Option<String> {
    page.get("next").as_str().filter(|next| !next.is_empty()).map(str::to_owned)
}

/// The `entities` of a page, taken out of it.
pub(super) fn rows(page: Value, response: &Response) -> Result<Vec<Value>, Fault> {
    let rows = match page {
        Value::Object(page) => Arc::unwrap_or_clone(page).remove("entities"),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => None,
    };
    match rows {
        Some(Value::Array(rows)) => Ok(Arc::unwrap_or_clone(rows).into_vec()),
        Some(_) | None => Err(malformed(response, "it has no list `entities`".to_owned())),
    }
}
