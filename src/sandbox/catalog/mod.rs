//! The catalog side: tokens, the integration object, blueprints, entities.
//!
//! Facts are from the public pages on <https://docs.port.io> (API reference; search and query; data model) and from
//! the open-source Ocean framework, whose calls it answers.

mod addition;
mod answer;
mod blueprint;
mod clock;
mod delete;
mod disk;
mod door;
mod entity;
mod integration;
mod migration;
mod pieces;
mod property;
mod route;
mod search;
mod shelf;
mod told;
mod upsert;
mod view;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::io;
use std::path::PathBuf;
use std::time::Duration;

use axum::http::StatusCode;
use jiff::Timestamp;
use serde_json::Value;
use tokio::time::Instant;

use super::server::{Answer, Asked, Handle, Side};

pub use addition::Addition;
pub use clock::Clock;
pub use entity::{Entity, Seeding};
pub use migration::Removal;
pub use told::Told;

use answer::Refusal;
use migration::Migration;
use route::Route;
use shelf::Shelf;

/// Where the catalog keeps its state.
#[derive(Clone, Debug)]
pub enum Holding {
    /// In memory, for as long as the sandbox runs.
    Memory,
    /// In an SQLite file, so that a second run finds what the first one left.
    File(PathBuf),
}

/// When `updatedAt` of an entity moves; which one holds for the real service is not documented.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Touch {
    /// Only when something changed.
    OnChange,
    /// With every upsert.
    Always,
}

/// Whose `User-Agent` an entity carries as its `$datasource`; not documented either.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stamping {
    /// The last writer's.
    Last,
    /// The first writer's.
    First,
}

/// What becomes of a property that is sent as null.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Nulls {
    /// It is cleared, and reads show no such key.
    Dropped,
    /// It is cleared, and reads show the key with null.
    Kept,
}

/// What an identifier outside the allowed pattern brings down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BadIdentifier {
    /// That entity.
    Entity,
    /// The whole call.
    WholeCall,
}

/// Whether the route for pages of a thousand entities exists.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LargePages {
    /// It does.
    Served,
    /// 404 for the route itself.
    Missing,
}

/// Whether an empty text passes for a property with a format such as `user` or `url`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EmptyText {
    /// It passes.
    Passes,
    /// It is a mismatch.
    Refused,
}

/// How the catalog behaves where the real service's behaviour is open, or can be configured.
#[derive(Clone, Debug)]
pub struct Manners {
    /// When `updatedAt` moves.
    pub touch: Touch,
    /// Whose stamp an entity carries.
    pub stamping: Stamping,
    /// What becomes of nulls.
    pub nulls: Nulls,
    /// What a bad identifier brings down.
    pub bad_identifier: BadIdentifier,
    /// Whether pages of a thousand are served.
    pub large_pages: LargePages,
    /// Whether an empty text passes for a format.
    pub empty_text: EmptyText,
    /// How long a token lives.
    pub token_lifetime: Duration,
    /// The organization's feature flags.
    pub feature_flags: Vec<String>,
    /// Integration types whose defaults the catalog makes itself.
    pub provision_enabled: Vec<String>,
    /// The mapping that the catalog gives an integration created with `integration_modes=create_resources`.
    pub provisioned_config: Option<Value>,
    /// How many reads of the integration show an empty mapping before the provisioned one.
    pub provisioned_after: u32,
    /// How the removal of a blueprint with all its entities goes on.
    pub removal: Removal,
}

impl Default for Manners {
    fn default() -> Self {
        Self {
            touch: Touch::OnChange,
            stamping: Stamping::Last,
            nulls: Nulls::Dropped,
            bad_identifier: BadIdentifier::Entity,
            large_pages: LargePages::Served,
            empty_text: EmptyText::Passes,
            token_lifetime: Duration::from_secs(10_800),
            feature_flags: Vec::new(),
            provision_enabled: Vec::new(),
            provisioned_config: None,
            provisioned_after: 1,
            removal: Removal::Done { after: 0 },
        }
    }
}

/// The catalog's state and behaviour.
#[derive(Debug)]
pub struct Catalog {
    /// How it behaves where that can be chosen.
    pub manners: Manners,
    /// Client ids and their secrets.
    pub clients: BTreeMap<String, String>,
    /// The server's clock.
    pub clock: Clock,
    shelf: Shelf,
    tokens: HashMap<String, Instant>,
    tokens_issued: u64,
    resync_states: Vec<Value>,
    resync_request: Option<Timestamp>,
    unprovisioned: BTreeMap<String, u32>,
    migrations: Vec<Migration>,
    protected: BTreeSet<String>,
    additions: Vec<(Addition, Value)>,
    told: Vec<Told>,
    base: String,
}

impl Catalog {
    pub(in crate::sandbox) fn open(holding: &Holding) -> io::Result<Self> {
        let shelf = match holding {
            Holding::Memory => Shelf::default(),
            Holding::File(path) => Shelf::load(path)?,
        };
        let secret = super::Sandbox::CLIENT_SECRET.to_owned();
        Ok(Self {
            manners: Manners::default(),
            clients: BTreeMap::from([(super::Sandbox::CLIENT_ID.to_owned(), secret)]),
            clock: Clock::Real,
            shelf,
            tokens: HashMap::new(),
            tokens_issued: 0,
            resync_states: Vec::new(),
            resync_request: None,
            unprovisioned: BTreeMap::new(),
            migrations: Vec::new(),
            protected: BTreeSet::from(["_user".to_owned(), "_team".to_owned()]),
            additions: Vec::new(),
            told: Vec::new(),
            base: String::new(),
        })
    }

    pub(in crate::sandbox) fn set_base(&mut self, base: String) {
        self.base = base;
    }

    fn work(
        &mut self,
        asked: &Asked,
        route: Option<Route>,
        violations: &mut Vec<String>,
    ) -> Result<Answer, Refusal> {
        let Some(route) = route else {
            return Err(Refusal::no_route(asked));
        };
        if route == Route::LargePage && self.manners.large_pages == LargePages::Missing {
            return Err(Refusal::no_route(asked));
        }
        door::inspect(asked, route, violations);
        if route == Route::Token {
            return self.give_token(asked);
        }
        self.authenticate(asked)?;
        door::limit_size(asked)?;
        match route {
            Route::Token => self.give_token(asked),
            Route::Organization => Ok(self.organization()),
            Route::ProvisionEnabled => Ok(self.provision_enabled()),
            Route::GetIntegration => self.get_integration(asked),
            Route::PostIntegration => self.post_integration(asked),
            Route::PatchIntegration => self.patch_integration(asked),
            Route::DeleteIntegration => self.delete_integration(asked),
            Route::PatchConfig => self.patch_config(asked),
            Route::PatchResyncState => self.patch_resync_state(asked),
            Route::GetResyncRequest => self.get_resync_request(asked),
            Route::Examples => self.examples(asked),
            Route::Ingest | Route::IngestKind => self.ingest(asked),
            Route::Scorecard => self.add(asked, Addition::Scorecard),
            Route::Page => self.add(asked, Addition::Page),
            Route::Action => self.add(asked, Addition::Action),
            Route::ListBlueprints => Ok(self.list_blueprints()),
            Route::GetBlueprint => self.get_blueprint(asked),
            Route::PostBlueprint => self.post_blueprint(asked),
            Route::PatchBlueprint => self.patch_blueprint(asked),
            Route::DeleteBlueprint => self.delete_blueprint(asked),
            Route::Bulk => self.bulk_upsert(asked, violations),
            Route::Upsert => self.single_upsert(asked, violations),
            Route::GetEntity => self.get_entity(asked),
            Route::Search => self.search(asked),
            Route::LargePage => self.large_page(asked),
            Route::DatasourceEntities => self.datasource_entities(asked),
            Route::BulkDelete => self.bulk_delete(asked),
            Route::Delete => self.single_delete(asked),
            Route::DeleteAll => self.delete_all_entities(asked),
            Route::GetMigration => self.get_migration(asked),
        }
    }
}

impl Side for Catalog {
    fn answer(&mut self, asked: &Asked, violations: &mut Vec<String>) -> Answer {
        let route = Route::of(asked);
        if route.is_none() {
            violations.push(format!("unknown route: {} {}", asked.method, asked.path));
        }
        let answer = self.work(asked, route, violations).unwrap_or_else(|refusal| {
            if refusal.is_syntax() {
                violations.push(format!("{} {}: {}", asked.method, asked.path, refusal.message()));
            }
            refusal.answer()
        });
        let answer = match self.shelf.flush() {
            Ok(()) => answer,
            Err(fault) => {
                Refusal::new(StatusCode::INTERNAL_SERVER_ERROR, "internal_error", fault.to_string()).answer()
            }
        };
        self.dated(answer)
    }

    fn route(&self, asked: &Asked) -> &'static str {
        Route::of(asked).map_or("(unknown)", Route::label)
    }

    fn refusal(&self, status: StatusCode) -> Answer {
        self.dated(Refusal::bare(status).answer())
    }

    fn expire_credentials(&mut self) {
        self.tokens.clear();
    }
}

impl Handle<Catalog> {
    /// One entity.
    pub fn entity(&self, blueprint: &str, identifier: &str) -> Option<Entity> {
        self.with(|catalog| catalog.entity(blueprint, identifier))
    }

    /// The entities of a blueprint, by identifier.
    pub fn entities(&self, blueprint: &str) -> Vec<Entity> {
        self.with(|catalog| catalog.entities(blueprint))
    }

    /// Every entity, by blueprint and identifier.
    pub fn all_entities(&self) -> Vec<Entity> {
        self.with(|catalog| catalog.all_entities())
    }
}
