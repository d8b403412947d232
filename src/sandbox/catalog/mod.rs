//! The Port-compatible catalog; its routes follow.

use std::io;
use std::path::PathBuf;

use axum::http::StatusCode;
use serde_json::json;

use super::server::{Answer, Asked, Side};

/// Where the catalog keeps its state.
#[derive(Clone, Debug)]
pub enum Holding {
    /// In memory, for as long as the sandbox runs.
    Memory,
    /// In a file, so that a second run finds what the first one left.
    File(PathBuf),
}

/// The catalog's state.
#[derive(Debug)]
pub struct Catalog {
    base: String,
}

impl Catalog {
    pub(in crate::sandbox) fn open(holding: Holding) -> io::Result<Self> {
        if let Holding::File(path) = holding {
            std::fs::metadata(path)?;
        }
        Ok(Self { base: String::new() })
    }

    pub(in crate::sandbox) fn set_base(&mut self, base: String) {
        self.base = base;
    }
}

impl Side for Catalog {
    fn answer(&mut self, _: &Asked, _: &mut Vec<String>) -> Answer {
        self.refusal(StatusCode::NOT_FOUND)
    }

    fn route(&self, _: &Asked) -> &'static str {
        "(unknown)"
    }

    fn refusal(&self, status: StatusCode) -> Answer {
        Answer::json(status, &json!({ "ok": false, "error": "not_found" }))
    }

    fn expire_credentials(&mut self) {}
}
