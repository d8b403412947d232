//! Carries an Opsgenie account into a Port-compatible catalog.
//!
//! The map of the house; arrows of import point one way, left to right in the pipeline:
//!
//! ```text
//! settings ─▶ source ─▶ enrich ─▶ map ─▶ plan ─▶ apply ─▶ report ─▶ exit code
//!  (env,yaml)  pages     joins     jq     diff     bulk     counts
//! ```

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
pub mod report;
pub mod sandbox;
pub mod secret;
pub mod sync;
pub mod telemetry;
pub mod value;
