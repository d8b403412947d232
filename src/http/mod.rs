//! Calls over HTTP, for both sides: retried, paced, bounded, counted and stoppable.
//!
//! A [`Request`] is built where its meaning is known and sent by a [`Client`], which decides nothing about statuses
//! except whether a call is worth repeating: every answer that remains is handed back as a [`Response`].

mod client;
mod error;
mod pace;
mod request;
mod retry;
mod tls;
mod usage;

pub use client::{Client, Options, Proxy};
pub use error::{Error, Failure};
pub use pace::Pace;
pub use request::{Repeat, Request, Response};
pub use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
pub use reqwest::{Method, Url};
pub use retry::Policy;
pub use tls::{Tls, Verify};
pub use usage::Usage;
