//! Typed calls to methods, paths, queries and bodies. Nothing here sends.
//!
//! Paths and parameters are those of Port's public API reference (<https://docs.port.io/api-reference/port-api>) and, for
//! the routes that it leaves out, of the Ocean framework's client (<https://github.com/port-labs/ocean>).

use jiff::Timestamp;
use serde::Serialize;
use serde_json::json;
use uuid::Uuid;

use super::integration::Maker;
use super::wire;
use crate::http::{HeaderValue, Method, Repeat, Request, Url};
use crate::model::{BlueprintId, EntityId, Field};
use crate::secret::Secret;

/// The version of the Ocean framework whose calls these are; the catalog is told it when the integration is read.
pub(super) const OCEAN_CORE_VERSION: &str = "0.48.12";

/// The type of the integration, in paths and in the stamp.
pub const INTEGRATION_TYPE: &str = "opsgenie";

/// Entities per page of one blueprint: the most that the catalog allows.
pub(super) const PAGE: usize = 1000;

/// Entities per page of the inventory, as the peer asks for them.
pub(super) const INVENTORY_PAGE: usize = 5000;

/// Identifiers per search: a query holds each, four thousand bytes at most, and a body stays below half a mebibyte.
pub(super) const SEARCH_SLICE: usize = 100;

/// Identifiers per bulk deletion: the most that the catalog allows.
pub const DELETE_CHUNK: usize = 100;

/// Entities per bulk upsert: the most that the catalog allows.
pub const UPSERT_CHUNK: usize = 20;

/// What caused a write, for the catalog's audit log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// A full pass, by its id.
    Resync(Uuid),
    /// A webhook.
    Webhook,
}

impl Event {
    fn apply(self, url: &mut Url) {
        let mut query = url.query_pairs_mut();
        match self {
            Self::Resync(id) => {
                query.append_pair("ocean_info_event_type", "resync");
                query.append_pair("ocean_info_resync_id", &id.to_string());
            }
            Self::Webhook => {
                query.append_pair("ocean_info_event_type", "http_request");
            }
        }
    }
}

/// Whether fields that are not sent keep their value: `enableMergeEntity`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Merge {
    /// They do.
    Patch,
    /// They go.
    Replace,
}

/// Whether missing targets of relations are created bare: `createMissingRelatedEntities`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MissingTargets {
    /// They are.
    Create,
    /// The entity that points at them is refused.
    Refuse,
}

/// Whether what depends on a deleted entity goes with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dependents {
    /// The catalog refuses to delete what others depend on.
    Refuse,
    /// They go too.
    Cascade,
}

/// How much of an entity is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Parts<'f> {
    /// Everything that somebody wrote.
    Whole,
    /// These fields.
    Fields(&'f [Field]),
}

/// How entities are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UpsertPolicy {
    /// What becomes of fields that are not sent.
    pub merge: Merge,
    /// What becomes of missing targets.
    pub missing: MissingTargets,
}

/// Who signs a call: the catalog keeps the signature of writers as the owner of what they write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Signature {
    /// Without suffix.
    Plain,
    /// With `/exporter`.
    Exporter,
}

/// Why requests cannot be built.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AddressError {
    /// The base address is none.
    #[error("`{0}` is no http(s) address; set OCEAN__PORT__BASE_URL to something like https://api.port.io")]
    Base(String),
    /// The identifier cannot be part of a path or header.
    #[error("`{0}` cannot be the identifier of an integration; set OCEAN__INTEGRATION__IDENTIFIER")]
    Identifier(String),
}

/// Which version of a writer left its stamp.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Writer<'a> {
    /// Whichever.
    Any,
    /// This one.
    Version(&'a str),
}

/// Builds requests.
#[derive(Clone, Debug)]
pub struct Requests {
    base: Url,
    identifier: String,
    plain: HeaderValue,
    exporter: HeaderValue,
}

impl Requests {
    /// Requests to the catalog at `base` for the integration `identifier`, signed with `version`.
    pub fn new(base: &str, identifier: &str, version: &str) -> Result<Self, AddressError> {
        let bad = || AddressError::Base(base.to_owned());
        let url = Url::parse(base.trim().trim_end_matches('/')).map_err(|_| bad())?;
        if !matches!(url.scheme(), "http" | "https") || url.cannot_be_a_base() {
            return Err(bad());
        }
        let odd = || AddressError::Identifier(identifier.to_owned());
        if matches!(identifier, "" | "." | "..") {
            return Err(odd());
        }
        let agent = format!("port-ocean/{INTEGRATION_TYPE}/{version}/{identifier}");
        let plain = HeaderValue::from_bytes(agent.as_bytes()).map_err(|_| odd())?;
        let exporter = HeaderValue::from_bytes(format!("{agent}/exporter").as_bytes()).map_err(|_| odd())?;
        Ok(Self { base: url, identifier: identifier.to_owned(), plain, exporter })
    }

    /// The beginning of the stamp on everything this integration writes.
    pub fn stamp_prefix() -> String {
        format!("port-ocean/{INTEGRATION_TYPE}/")
    }

    /// The end of the stamp on everything this integration writes.
    pub fn stamp_suffix(&self) -> String {
        format!("/{}/exporter", self.identifier)
    }

    /// The identifier of the integration.
    pub fn identifier(&self) -> &str {
        &self.identifier
    }

    /// `http` or `https`.
    pub(super) fn scheme(&self) -> &str {
        self.base.scheme()
    }

    fn url(&self, path: &[&str]) -> Url {
        let mut url = self.base.clone();
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.pop_if_empty().push("v1").extend(path);
        }
        url
    }

    fn sign(&self, request: Request, signature: Signature) -> Request {
        let agent = match signature {
            Signature::Plain => &self.plain,
            Signature::Exporter => &self.exporter,
        };
        request.header(reqwest::header::USER_AGENT, agent.clone())
    }

    fn get(&self, path: &[&str]) -> Request {
        self.sign(Request::get(self.url(path)), Signature::Plain)
    }

    fn with_body(&self, method: Method, url: Url, body: &impl Serialize, signature: Signature) -> Request {
        let body = serde_json::to_vec(body).expect("maps with text keys and plain values always serialize");
        // All our writes set absolute values, so that twice does the same as once.
        self.sign(Request::new(method, url).json(body).repeat(Repeat::Safe), signature)
    }

    /// `POST /v1/auth/access_token`.
    pub fn token(&self, client_id: &Secret, client_secret: &Secret) -> Request {
        let body = json!({ "clientId": client_id.expose(), "clientSecret": client_secret.expose() });
        self.with_body(Method::POST, self.url(&["auth", "access_token"]), &body, Signature::Plain)
    }

    /// `GET /v1/organization`.
    pub fn organization(&self) -> Request {
        self.get(&["organization"])
    }

    /// `GET /v1/integration/{identifier}`.
    pub fn integration(&self) -> Request {
        let mut request = self.get(&["integration", &self.identifier]);
        request
            .url
            .query_pairs_mut()
            .append_pair("oceanCoreVersion", OCEAN_CORE_VERSION)
            .append_pair("isPolling", "false");
        request
    }

    /// `GET /v1/integration/provision-enabled`.
    pub(super) fn provision_enabled(&self) -> Request {
        self.get(&["integration", "provision-enabled"])
    }

    /// `POST /v1/integration`.
    pub fn create_integration(&self, body: &serde_json::Value, maker: Maker) -> Request {
        let mut url = self.url(&["integration"]);
        match maker {
            Maker::Us => {}
            Maker::Catalog => {
                url.query_pairs_mut().append_pair("integration_modes", "create_resources");
            }
        }
        self.with_body(Method::POST, url, body, Signature::Plain)
    }

    /// `PATCH /v1/integration/{identifier}`.
    pub fn patch_integration(&self, body: &serde_json::Value) -> Request {
        self.with_body(Method::PATCH, self.url(&["integration", &self.identifier]), body, Signature::Plain)
    }

    /// `PATCH /v1/integration/{identifier}/config`.
    pub fn patch_config(&self, config: &serde_json::Value) -> Request {
        let url = self.url(&["integration", &self.identifier, "config"]);
        self.with_body(Method::PATCH, url, &json!({ "config": config }), Signature::Plain)
    }

    /// `PATCH /v1/integration/{identifier}/resync-state`.
    pub fn resync_state(&self, state: &wire::ResyncState) -> Request {
        let url = self.url(&["integration", &self.identifier, "resync-state"]);
        self.with_body(Method::PATCH, url, state, Signature::Plain)
    }

    /// `GET /v1/integration/{identifier}/resync-request`.
    pub fn resync_request(&self) -> Request {
        self.get(&["integration", &self.identifier, "resync-request"])
    }

    /// `POST /v1/integration/{identifier}/kinds/{kind}/examples`; sent once.
    pub(super) fn examples(&self, kind: &str, body: bytes::Bytes) -> Request {
        let url = self.url(&["integration", &self.identifier, "kinds", kind, "examples"]);
        self.ingest_bytes(Method::POST, url, body)
    }

    /// A call to an address that the integration names; sent once.
    pub(super) fn ingest(&self, method: Method, url: Url, body: &serde_json::Value) -> Request {
        self.ingest_bytes(method, url, body.to_string().into())
    }

    /// The same, of a body that is JSON already.
    pub(super) fn ingest_bytes(&self, method: Method, url: Url, body: bytes::Bytes) -> Request {
        self.sign(Request::new(method, url).json(body).repeat(Repeat::Never), Signature::Plain)
    }

    /// `GET /v1/blueprints/{blueprint}`.
    pub fn blueprint(&self, blueprint: &BlueprintId) -> Request {
        self.get(&["blueprints", blueprint.as_str()])
    }

    /// `POST /v1/blueprints`.
    pub fn create_blueprint(&self, body: &serde_json::Value) -> Request {
        self.with_body(Method::POST, self.url(&["blueprints"]), body, Signature::Exporter)
    }

    /// `PATCH /v1/blueprints/{blueprint}`.
    pub fn patch_blueprint(&self, blueprint: &BlueprintId, body: &serde_json::Value) -> Request {
        let url = self.url(&["blueprints", blueprint.as_str()]);
        self.with_body(Method::PATCH, url, body, Signature::Exporter)
    }

    /// `POST /v1/actions`.
    pub fn create_action(&self, body: &serde_json::Value) -> Request {
        self.with_body(Method::POST, self.url(&["actions"]), body, Signature::Plain)
    }

    /// `POST /v1/blueprints/{blueprint}/scorecards`.
    pub fn create_scorecard(&self, blueprint: &BlueprintId, body: &serde_json::Value) -> Request {
        let url = self.url(&["blueprints", blueprint.as_str(), "scorecards"]);
        self.with_body(Method::POST, url, body, Signature::Plain)
    }

    /// `POST /v1/pages`.
    pub fn create_page(&self, body: &serde_json::Value) -> Request {
        self.with_body(Method::POST, self.url(&["pages"]), body, Signature::Plain)
    }

    /// `DELETE /v1/blueprints/{blueprint}`.
    pub fn delete_blueprint(&self, blueprint: &BlueprintId) -> Request {
        let url = self.url(&["blueprints", blueprint.as_str()]);
        self.sign(Request::new(Method::DELETE, url), Signature::Exporter)
    }

    /// `DELETE /v1/blueprints/{blueprint}/all-entities`: the blueprint goes, too.
    pub fn delete_with_entities(&self, blueprint: &BlueprintId, event: Option<Event>) -> Request {
        let mut url = self.url(&["blueprints", blueprint.as_str(), "all-entities"]);
        url.query_pairs_mut().append_pair("delete_blueprint", "true");
        if let Some(event) = event {
            event.apply(&mut url);
        }
        self.sign(Request::new(Method::DELETE, url), Signature::Exporter)
    }

    /// `GET /v1/migrations/{id}`.
    pub fn migration(&self, id: &str) -> Request {
        self.get(&["migrations", id])
    }

    /// `DELETE /v1/integration/{identifier}`.
    pub fn delete_integration(&self) -> Request {
        let url = self.url(&["integration", &self.identifier]);
        self.sign(Request::new(Method::DELETE, url), Signature::Plain)
    }

    /// `POST /v1/blueprints/{blueprint}/entities/search`: one page of a blueprint with the given fields.
    pub fn page(&self, blueprint: &BlueprintId, fields: &[Field], from: Option<&str>) -> Request {
        let mut include = vec!["$identifier".to_owned()];
        include.extend(fields.iter().map(|field| match field {
            Field::Title => "$title".to_owned(),
            Field::Icon => "$icon".to_owned(),
            Field::Team => "$team".to_owned(),
            Field::Property(id) | Field::Relation(id) => id.to_string(),
        }));
        let mut body = json!({ "include": include, "limit": PAGE });
        if let Some(from) = from {
            body["from"] = from.into();
        }
        let url = self.url(&["blueprints", blueprint.as_str(), "entities", "search"]);
        self.with_body(Method::POST, url, &body, Signature::Exporter)
    }

    /// `POST /v1/entities/search`: those of `identifiers` that exist, with what is written in these parts; what the
    /// catalog works out is left out.
    pub fn search(&self, blueprint: &BlueprintId, identifiers: &[EntityId], parts: Parts<'_>) -> Request {
        let mut url = self.url(&["entities", "search"]);
        url.query_pairs_mut().append_pair("exclude_calculated_properties", "true");
        if let Parts::Fields(fields) = parts {
            let mut query = url.query_pairs_mut();
            query.append_pair("include", "blueprint");
            query.append_pair("include", "identifier");
            for field in fields {
                query.append_pair("include", &field.to_string());
            }
        }
        let body = json!({ "combinator": "and", "rules": identified(blueprint, identifiers) });
        self.with_body(Method::POST, url, &body, Signature::Exporter)
    }

    /// `POST /v1/entities/search`: those of `identifiers` that carry our stamp.
    pub fn search_ours(&self, blueprint: &BlueprintId, identifiers: &[EntityId]) -> Request {
        let mut url = self.url(&["entities", "search"]);
        url.query_pairs_mut()
            .append_pair("exclude_calculated_properties", "true")
            .append_pair("include", "blueprint")
            .append_pair("include", "identifier");
        let stamped = [Self::stamp_prefix(), self.stamp_suffix()];
        let stamped =
            stamped.map(|part| json!({ "property": "$datasource", "operator": "contains", "value": part }));
        let rules: Vec<_> = identified(blueprint, identifiers).into_iter().chain(stamped).collect();
        let body = json!({ "combinator": "and", "rules": rules });
        self.with_body(Method::POST, url, &body, Signature::Exporter)
    }

    /// `POST /v1/blueprints/entities/datasource-entities`: a page of what carries our stamp, last changed before
    /// `before`.
    pub fn inventory(&self, writer: Writer<'_>, before: Option<Timestamp>, from: Option<&str>) -> Request {
        let prefix = match writer {
            Writer::Any => Self::stamp_prefix(),
            Writer::Version(version) => format!("{}{version}/", Self::stamp_prefix()),
        };
        let mut body = json!({
            "datasource_prefix": prefix,
            "datasource_suffix": self.stamp_suffix(),
            "limit": INVENTORY_PAGE,
        });
        if let Some(before) = before {
            body["before"] = wire::instant(before).into();
        }
        if let Some(from) = from {
            body["from"] = from.into();
        }
        let url = self.url(&["blueprints", "entities", "datasource-entities"]);
        self.with_body(Method::POST, url, &body, Signature::Exporter)
    }

    /// `POST /v1/blueprints/{blueprint}/entities/bulk` with a body of at most [`UPSERT_CHUNK`] entities.
    pub fn bulk_upsert(
        &self,
        blueprint: &BlueprintId,
        body: bytes::Bytes,
        policy: UpsertPolicy,
        event: Option<Event>,
    ) -> Request {
        let mut url = self.url(&["blueprints", blueprint.as_str(), "entities", "bulk"]);
        let UpsertPolicy { merge, missing } = policy;
        let text = |yes: bool| if yes { "true" } else { "false" };
        url.query_pairs_mut()
            .append_pair("upsert", "true")
            .append_pair("merge", text(merge == Merge::Patch))
            .append_pair("create_missing_related_entities", text(missing == MissingTargets::Create))
            .append_pair("validation_only", "false");
        if let Some(event) = event {
            event.apply(&mut url);
        }
        self.sign(Request::new(Method::POST, url).json(body).repeat(Repeat::Safe), Signature::Exporter)
    }

    /// `POST /v1/blueprints/{blueprint}/bulk/entities/delete` of at most [`DELETE_CHUNK`] entities.
    pub fn bulk_delete(
        &self,
        blueprint: &BlueprintId,
        identifiers: &[EntityId],
        dependents: Dependents,
        event: Option<Event>,
    ) -> Request {
        let mut url = self.url(&["blueprints", blueprint.as_str(), "bulk", "entities", "delete"]);
        let cascade = match dependents {
            Dependents::Refuse => "false",
            Dependents::Cascade => "true",
        };
        url.query_pairs_mut().append_pair("delete_dependents", cascade);
        if let Some(event) = event {
            event.apply(&mut url);
        }
        let identifiers: Vec<&str> = identifiers.iter().map(EntityId::as_str).collect();
        self.with_body(Method::POST, url, &json!({ "entities": identifiers }), Signature::Exporter)
    }
}

/// The rules of a search for these entities of a blueprint.
fn identified(blueprint: &BlueprintId, identifiers: &[EntityId]) -> [serde_json::Value; 2] {
    let identifiers: Vec<&str> = identifiers.iter().map(EntityId::as_str).collect();
    [
        json!({ "property": "$identifier", "operator": "in", "value": identifiers }),
        json!({ "property": "$blueprint", "operator": "=", "value": blueprint.as_str() }),
    ]
}

#[cfg(test)]
mod tests;
