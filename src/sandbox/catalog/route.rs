//! The routes, by name.

use axum::http::Method;

use crate::sandbox::server::Asked;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Route {
    Token,
    Organization,
    ProvisionEnabled,
    GetIntegration,
    PostIntegration,
    PatchIntegration,
    DeleteIntegration,
    PatchConfig,
    PatchResyncState,
    GetResyncRequest,
    Examples,
    Ingest,
    IngestKind,
    Scorecard,
    Page,
    Action,
    ListBlueprints,
    GetBlueprint,
    PostBlueprint,
    PatchBlueprint,
    DeleteBlueprint,
    Bulk,
    Upsert,
    GetEntity,
    Search,
    LargePage,
    DatasourceEntities,
    BulkDelete,
    Delete,
    DeleteAll,
    GetMigration,
}

/// Whether the `User-Agent` of a call ends in `/exporter`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Suffix {
    Present,
    Absent,
    Either,
}

impl Route {
    pub(super) fn of(asked: &Asked) -> Option<Self> {
        let parts = asked.parts();
        let ["v1", rest @ ..] = parts.as_slice() else {
            return None;
        };
        let method = &asked.method;
        match rest {
            ["blueprints" | "entities", ..] => Self::of_content(method, rest),
            ["integration", ..] => Self::of_integration(method, rest),
            ["auth", "access_token"] if method == Method::POST => Some(Self::Token),
            ["pages"] if method == Method::POST => Some(Self::Page),
            ["actions"] if method == Method::POST => Some(Self::Action),
            ["migrations", _] if method == Method::GET => Some(Self::GetMigration),
            ["organization"] if method == Method::GET => Some(Self::Organization),
            ["ingest", "logs" | "heartbeat" | "syncMetrics"] if method == Method::POST => Some(Self::Ingest),
            ["ingest", "syncMetrics", "resync", _, "kind", _] if method == Method::PUT => {
                Some(Self::IngestKind)
            }
            _ => None,
        }
    }

    fn of_integration(method: &Method, rest: &[&str]) -> Option<Self> {
        Some(match (method.as_str(), rest) {
            ("GET", ["integration", "provision-enabled"]) => Self::ProvisionEnabled,
            ("POST", ["integration"]) => Self::PostIntegration,
            ("GET", ["integration", _]) => Self::GetIntegration,
            ("PATCH", ["integration", _]) => Self::PatchIntegration,
            ("DELETE", ["integration", _]) => Self::DeleteIntegration,
            ("PATCH", ["integration", _, "config"]) => Self::PatchConfig,
            ("PATCH", ["integration", _, "resync-state"]) => Self::PatchResyncState,
            ("GET", ["integration", _, "resync-request"]) => Self::GetResyncRequest,
            ("POST", ["integration", _, "kinds", _, "examples"]) => Self::Examples,
            _ => return None,
        })
    }

    fn of_content(method: &Method, rest: &[&str]) -> Option<Self> {
        Some(match (method.as_str(), rest) {
            ("POST", ["entities", "search"]) => Self::Search,
            ("POST", ["blueprints", "entities", "datasource-entities"]) => Self::DatasourceEntities,
            ("GET", ["blueprints"]) => Self::ListBlueprints,
            ("POST", ["blueprints"]) => Self::PostBlueprint,
            ("GET", ["blueprints", _]) => Self::GetBlueprint,
            ("PATCH", ["blueprints", _]) => Self::PatchBlueprint,
            ("DELETE", ["blueprints", _]) => Self::DeleteBlueprint,
            ("POST", ["blueprints", _, "scorecards"]) => Self::Scorecard,
            ("POST", ["blueprints", _, "entities", "bulk"]) => Self::Bulk,
            ("POST", ["blueprints", _, "entities", "search"]) => Self::LargePage,
            ("POST", ["blueprints", _, "entities"]) => Self::Upsert,
            ("GET", ["blueprints", _, "entities", _]) => Self::GetEntity,
            ("DELETE", ["blueprints", _, "entities", _]) => Self::Delete,
            ("POST", ["blueprints", _, "bulk", "entities", "delete"]) => Self::BulkDelete,
            ("DELETE", ["blueprints", _, "all-entities"]) => Self::DeleteAll,
            _ => return None,
        })
    }

    pub(super) fn label(self) -> &'static str {
        match self {
            Self::Token => "POST /v1/auth/access_token",
            Self::Organization => "GET /v1/organization",
            Self::ProvisionEnabled => "GET /v1/integration/provision-enabled",
            Self::GetIntegration => "GET /v1/integration/*",
            Self::PostIntegration => "POST /v1/integration",
            Self::PatchIntegration => "PATCH /v1/integration/*",
            Self::DeleteIntegration => "DELETE /v1/integration/*",
            Self::PatchConfig => "PATCH /v1/integration/*/config",
            Self::PatchResyncState => "PATCH /v1/integration/*/resync-state",
            Self::GetResyncRequest => "GET /v1/integration/*/resync-request",
            Self::Examples => "POST /v1/integration/*/kinds/*/examples",
            Self::Ingest => "POST /v1/ingest/*",
            Self::IngestKind => "PUT /v1/ingest/syncMetrics/resync/*/kind/*",
            Self::Scorecard => "POST /v1/blueprints/*/scorecards",
            Self::Page => "POST /v1/pages",
            Self::Action => "POST /v1/actions",
            Self::ListBlueprints => "GET /v1/blueprints",
            Self::GetBlueprint => "GET /v1/blueprints/*",
            Self::PostBlueprint => "POST /v1/blueprints",
            Self::PatchBlueprint => "PATCH /v1/blueprints/*",
            Self::DeleteBlueprint => "DELETE /v1/blueprints/*",
            Self::Bulk => "POST /v1/blueprints/*/entities/bulk",
            Self::Upsert => "POST /v1/blueprints/*/entities",
            Self::GetEntity => "GET /v1/blueprints/*/entities/*",
            Self::Search => "POST /v1/entities/search",
            Self::LargePage => "POST /v1/blueprints/*/entities/search",
            Self::DatasourceEntities => "POST /v1/blueprints/entities/datasource-entities",
            Self::BulkDelete => "POST /v1/blueprints/*/bulk/entities/delete",
            Self::Delete => "DELETE /v1/blueprints/*/entities/*",
            Self::DeleteAll => "DELETE /v1/blueprints/*/all-entities",
            Self::GetMigration => "GET /v1/migrations/*",
        }
    }

    /// Entity calls and changes of blueprints carry the suffix, nothing else does.
    pub(super) fn suffix(self) -> Suffix {
        match self {
            Self::Bulk
            | Self::Upsert
            | Self::Search
            | Self::DatasourceEntities
            | Self::BulkDelete
            | Self::Delete
            | Self::PostBlueprint
            | Self::PatchBlueprint
            | Self::DeleteBlueprint => Suffix::Present,
            Self::LargePage
            | Self::DeleteAll
            | Self::GetEntity
            | Self::ListBlueprints
            | Self::Scorecard
            | Self::Page
            | Self::Action => Suffix::Either,
            Self::Token
            | Self::Organization
            | Self::ProvisionEnabled
            | Self::GetIntegration
            | Self::PostIntegration
            | Self::PatchIntegration
            | Self::DeleteIntegration
            | Self::PatchConfig
            | Self::PatchResyncState
            | Self::GetResyncRequest
            | Self::Examples
            | Self::Ingest
            | Self::IngestKind
            | Self::GetMigration
            | Self::GetBlueprint => Suffix::Absent,
        }
    }

    /// Writes of entities say in which event they happen.
    pub(super) fn names_event(self) -> bool {
        matches!(self, Self::Bulk | Self::Upsert | Self::BulkDelete | Self::Delete | Self::DeleteAll)
    }
}
