//! The source: an Opsgenie account, read over its REST API.
//!
//! [`Opsgenie`] asks; [`Opsgenie::pages`] lists a whole kind, however long and however restless it is. Every answer that
//! is not the one hoped for is a variant of [`Error`].

mod client;
mod error;
mod listing;
mod pages;
mod request;
mod search;
mod wire;

pub use client::Opsgenie;
pub use error::Error;
pub use listing::{Listing, Page, Pages, RowFault, RowReason};
pub use request::{Domain, Rotations};
