//! An Opsgenie account and a Port-compatible catalog inside the program.
//!
//! Both are real HTTP servers on loopback with real state, so they serve as the demo, as the default of the
//! `sandbox` command and as the double of every test. They have wire shapes of their own and import nothing of
//! ours on purpose: a shared type would hide a shared mistake.
//!
//! What can be turned, and where:
//!
//! | wish | place |
//! |---|---|
//! | other data | [`Options::world`], later `opsgenie().world(…)`; [`World::generated`] for large accounts |
//! | odd shapes on the wire | the `extra` of each object, with [`OMIT`] to leave a key out |
//! | changes between two calls | [`Handle::on_request`] |
//! | broken answers | [`Handle::fault`]: [`On`] which requests, how many [`Times`], with which [`Effect`] |
//! | rights, rate limits, on-calls | the fields of [`Account`] |
//! | what the real catalog leaves open | [`Manners`]; its clock is [`Catalog::clock`] |
//! | entities of earlier runs | [`Catalog::seed_entity`], past all rules |
//! | what was told about a sync | [`Catalog::told`], [`Catalog::sync_states`] |
//! | what was asked, and what was wrong with it | [`Handle::requests`], [`Handle::counts`], [`Handle::violations`] |
//!
//! ```
//! # async fn demo() -> std::io::Result<()> {
//! use ocean_opsgenie::sandbox::{Options, Sandbox};
//!
//! let sandbox = Sandbox::start(Options::default()).await?;
//! let incidents = sandbox.opsgenie().world(|world| world.incidents().len());
//! assert!(incidents > 0);
//! sandbox.stop().await;
//! # Ok(())
//! # }
//! # tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(demo()).unwrap();
//! ```

mod catalog;
mod opsgenie;
mod server;
#[cfg(test)]
mod tests;
mod world;

use std::io;
use std::net::{Ipv4Addr, SocketAddr};

pub use catalog::{
    Addition, BadIdentifier, Catalog, Clock, EmptyText, Entity, Holding, LargePages, Manners, Nulls, Removal,
    Seeding, Stamping, Told, Touch,
};
pub use opsgenie::{Access, Account, AllOnCalls, Area, Bucket, Domain, Rights, Throttle};
pub use server::{
    Answer, Asked, Counts, Detail, Effect, Fault, FaultId, Handle, ItemRefusal, Logged, On, Side, Times,
};
pub use world::{
    Alert, AlertStatus, Extra, Incident, IncidentStatus, Integration, Member, OMIT, Priority, Report,
    Responder, ResponderKind, Rotation, Schedule, Service, Size, Team, Text, User, World, text, texts,
};

/// What a sandbox is started with.
#[derive(Debug)]
pub struct Options {
    /// What the Opsgenie account holds at the start.
    pub world: World,
    /// Where the catalog keeps its state.
    pub holding: Holding,
    /// Where the Opsgenie side listens; port 0 takes a free one.
    pub opsgenie_address: SocketAddr,
    /// Where the catalog listens; port 0 takes a free one.
    pub catalog_address: SocketAddr,
    /// How much of every request is remembered.
    pub detail: Detail,
}

impl Default for Options {
    fn default() -> Self {
        let loopback = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        Self {
            world: World::seed(),
            holding: Holding::Memory,
            opsgenie_address: loopback,
            catalog_address: loopback,
            detail: Detail::Everything,
        }
    }
}

/// A running pair of servers; dropping it stops both.
#[derive(Debug)]
pub struct Sandbox {
    opsgenie: Handle<Account>,
    catalog: Handle<Catalog>,
    tasks: Vec<tokio::task::JoinHandle<()>>,
}

impl Sandbox {
    /// The key that the Opsgenie side accepts, shaped like a real one.
    pub const API_KEY: &str = "5a1dbe0c-0a7d-4c1e-9f6b-0ce4a5a1d0b0";
    /// The client id that the catalog accepts.
    pub const CLIENT_ID: &str = "sandbox-client";
    /// The client secret that the catalog accepts.
    pub const CLIENT_SECRET: &str = "sandbox-secret";

    /// Starts both servers on the current runtime.
    ///
    /// # Errors
    /// When an address cannot be bound, or the catalog's file cannot be opened or read.
    pub async fn start(options: Options) -> io::Result<Self> {
        let account = Account::new(options.world);
        let catalog = Catalog::open(&options.holding)?;
        let (opsgenie, source_task) =
            server::start(account, options.opsgenie_address, options.detail).await?;
        let (catalog, catalog_task) = server::start(catalog, options.catalog_address, options.detail).await?;
        let base = catalog.url();
        catalog.with(|state| state.set_base(base));
        Ok(Self { opsgenie, catalog, tasks: vec![source_task, catalog_task] })
    }

    /// The Opsgenie side.
    pub fn opsgenie(&self) -> &Handle<Account> {
        &self.opsgenie
    }

    /// The catalog side.
    pub fn catalog(&self) -> &Handle<Catalog> {
        &self.catalog
    }

    /// Stops both servers and waits until their tasks have ended.
    pub async fn stop(mut self) {
        self.opsgenie.halt();
        self.catalog.halt();
        for task in std::mem::take(&mut self.tasks) {
            if let Err(fault) = task.await {
                tracing::debug!(%fault, "a sandbox server ended badly");
            }
        }
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        self.opsgenie.halt();
        self.catalog.halt();
    }
}
