//! Carries an Opsgenie account into a Port-compatible catalog: the library behind the program `ocean-opsgenie`, and the
//! page to read before its first change.
//!
//! ```text
//! settings ─▶ source ─▶ enrich ─▶ map ─▶ plan ─▶ apply ─▶ report ─▶ exit code
//!  (env,yaml)  pages     joins     jq     diff     bulk     counts
//! ```
//!
//! Data flows one way through small typed stages, every decision is a pure function, every effect happens at an edge.
//!
//! # A pass in a program of one's own
//!
//! ```
//! # async fn pass() -> Result<(), Box<dyn std::error::Error>> {
//! use ocean_opsgenie::config::{Settings, Sources};
//! use ocean_opsgenie::http::Proxy;
//! use ocean_opsgenie::report::Exit;
//! use ocean_opsgenie::sandbox::{Options, Sandbox};
//! use ocean_opsgenie::sync::{self, Request, Sides};
//! use tokio_util::sync::CancellationToken;
//!
//! let sandbox = Sandbox::start(Options::default()).await?; // an account and a catalog, real HTTP on loopback
//! let (settings, _notices) = Settings::resolve(&Sources::from_variables([
//!     ("OCEAN__INTEGRATION__CONFIG__API_URL", sandbox.opsgenie().url()),
//!     ("OCEAN__INTEGRATION__CONFIG__API_TOKEN", Sandbox::API_KEY.to_owned()),
//!     ("OCEAN__PORT__BASE_URL", sandbox.catalog().url()),
//!     ("OCEAN__PORT__CLIENT_ID", Sandbox::CLIENT_ID.to_owned()),
//!     ("OCEAN__PORT__CLIENT_SECRET", Sandbox::CLIENT_SECRET.to_owned()),
//! ]))?;
//! let stop = CancellationToken::new();
//! let sides = Sides::connect(&settings, &Proxy::Direct, &stop)?;
//! let report = sync::run(&settings, &sides, &Request::default(), &stop, || None).await;
//! assert_eq!(report.exit, Exit::Done);
//! assert!(!sandbox.catalog().with(|catalog| catalog.entities("opsGenieAlert")).is_empty());
//! # sandbox.stop().await;
//! # Ok(())
//! # }
//! # tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap().block_on(pass()).unwrap();
//! ```
//!
//! # The map
//!
//! | module | what it is |
//! |---|---|
//! | [`value`] | the one value of records and entities: parsed once from bytes, written once to bytes |
//! | [`model`] | names of the domain: kinds, records, entities, blueprints, filters, verdicts; no I/O |
//! | [`secret`] | a text that cannot be printed |
//! | [`schema`] | the words in which the schemas for editors and programs are written |
//! | [`config`] | what the user decides: settings and mapping, each value with where it came from |
//! | [`http`] | the one client for both sides: pace, retry, limits, counters |
//! | [`opsgenie`] | the source: requests, listings that are whole however long, what each status means; recordings replayed |
//! | [`enrich`] | joins: what mappings find under `__team`, `__oncalls` and the like |
//! | [`record`] | a whole account into a folder, redacted, for a replay |
//! | [`jq`] | the mapping language: compile once, run many; what a program may read |
//! | [`map`] | records to entities by the user's mapping; pure |
//! | [`plan`] | what is to be done, as values: comparison, order, deletion; pure |
//! | [`state`] | what must outlive a process: files below `OCEAN__STATE_DIR` |
//! | [`catalog`] | the destination: token, integration, blueprints, entities, states |
//! | [`apply`] | makes the catalog agree: writes while a pass streams, deletes at its end |
//! | [`report`] | what a pass did, as a table and as JSON, and the exit code |
//! | [`sync`] | one pass, all stages in order; the only module that knows the order |
//! | [`serve`] | the service: passes by the clock, live events by webhook, health and metrics |
//! | [`cli`] | the command line: arguments to settings, a report to an exit code |
//! | [`telemetry`] | where events go: standard error, and lines for the catalog's pages |
//! | [`sandbox`] | an Opsgenie account and a catalog inside the program: demo, default, test double |
//!
//! # Who may import whom
//!
//! Arrows point one way; a test (`tests/it/tidy.rs`) refuses all others.
//!
//! | module | imports |
//! |---|---|
//! | `value`, `secret`, `schema`, `sandbox` | nothing of ours |
//! | `model`, `jq` | `value` |
//! | `state` | `model`, `value` |
//! | `http` | `secret` |
//! | `config` | `model`, `schema`, `secret`, `value` |
//! | `opsgenie`, `catalog` | `http`, `model`, `secret`, `value` |
//! | `enrich` | `model`, `opsgenie`, `value` |
//! | `record` | `enrich`, `model`, `opsgenie`, `secret`, `state`, `value` |
//! | `map` | `config`, `jq`, `model`, `value` |
//! | `plan` | `model`, `value` |
//! | `apply` | `catalog`, `model`, `plan`, `state`, `value` |
//! | `report` | `apply`, `config`, `model`, `plan`, `schema` |
//! | `telemetry` | `catalog`, `config` |
//! | `sync` | every stage |
//! | `serve` | `apply`, `catalog`, `config`, `model`, `opsgenie`, `plan`, `report`, `secret`, `state`, `sync`, `value` |
//! | `cli` | anything; nobody imports it |
//!
//! # A pass, step by step
//!
//! 1. [`cli::run`] parses the arguments. [`config::Sources::of_process`] gathers flags, environment, `.env` and
//!    `config.yaml`; [`config::Settings::resolve`] makes settings of them, or names every fault at once.
//! 2. [`sync::Sides::connect`] makes an [`opsgenie::Opsgenie`] and a [`catalog::Catalog`], each with an
//!    [`http::Client`]. Nothing is sent yet.
//! 3. [`sync::run`] begins. The integration is read from the catalog, created or patched where it differs. At the first
//!    start [`config::Resources`] (a preset or a folder) go into the catalog: blueprints bare, then with relations, then
//!    complete; a set-up that fails is taken back.
//! 4. The catalog is told that a resync runs. Its mapping becomes a [`config::MappingFile`] and, compiled,
//!    [`map::Rules`]; every fault of either is found here. [`map::Rules::needs`] says which joins some expression may
//!    read ([`value::Reach`]): the others are not fetched.
//! 5. [`apply::Writer::start`] opens a lane per blueprint. Each reads what is stored into a [`plan::Snapshot`] and waits
//!    for the blueprints that its own points at ([`plan::gates`]).
//! 6. All kinds are harvested at the same time: [`enrich::Lookups::pages`] gives pages, from memory where a join needs the
//!    same listing; [`enrich::Lookups::enrich_all`] joins; [`map::Rules::apply`] maps on a blocking thread, because it
//!    computes; [`apply::Feed`] takes the entities. A lane that lags holds its kind up.
//! 7. In its lane each entity becomes a [`plan::Step`]: create, update, unchanged or blocked. Where several kinds feed
//!    one blueprint, [`plan::Fold`] joins their entities first. What differs goes out in bulk calls; outcomes come back
//!    per entity, and what failed for a missing target is tried once more at the end.
//! 8. A kind ends with a [`model::Verdict`]: complete, or incomplete with its gaps.
//! 9. [`apply::inventory`] reads what carries our stamp. [`plan::deletion::decide`] makes one decision per blueprint:
//!    delete, guarded, or protected because something that feeds it was not seen whole. What seems stale behind a filter
//!    is first looked up at the source. [`apply::delete`] removes, sources before targets. After a stop none of this
//!    happens.
//! 10. [`report::Report`] gathers counts, causes and traffic; [`report::Exit::of`] chooses the code.
//!
//! From step 4 on a [`catalog::Teller`] tells the catalog's pages how far each resource has come and how it ended, beside
//! the pass: it is never waited for, but for its last words.
//!
//! # What is in memory
//!
//! A pass streams, so bodies are held only while they pass through: some pages ahead per listing, some pages ahead per
//! lane, a bounded number of entities that wait to be written, to be joined or to be tried again. What stays to the end:
//!
//! - listings that a join reads: incidents for `__incidents` and `__relatedIncident`, services for
//!   `__impactedServices`, schedules; and the teams that were read one by one; all of them cut to what some expression of
//!   the mapping may read ([`enrich::Wanted`]);
//! - per stored entity a hash of its key and fingerprints of its mapped fields, 16 bytes each;
//! - per produced key, and per key that a relation names, a hash.
//!
//! Every bound is a named constant beside the code that keeps it, with its reason.
//!
//! # Further pages
//!
//! `docs/architecture.md` for where to begin and where to add what; `README.md` for users, `docs/` for reference,
//! `.github/CONTRIBUTING.md` for how we work, `docs/differences.md` for where this departs from Port's own integration, and
//! why.

pub mod apply;
pub mod catalog;
pub mod cli;
pub mod config;
pub mod enrich;
pub mod http;
pub mod jq;
pub mod map;
pub mod model;
pub mod opsgenie;
pub mod plan;
pub mod record;
pub mod report;
pub mod sandbox;
pub mod schema;
pub mod secret;
pub mod serve;
pub mod state;
pub mod sync;
pub mod telemetry;
pub mod value;
