//! The manifest: what a recording holds, and how each file ended.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Fault, Part};
use crate::opsgenie::Error;

/// The format that this version writes and reads.
pub const FORMAT: u64 = 1;

/// The name of the manifest; it is written last, so that a folder which has it is whole.
pub const MANIFEST: &str = "recording.json";

/// Who writes recordings.
pub const PROGRAM: &str = "ocean-opsgenie";

/// What a recording holds.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Manifest {
    /// [`FORMAT`].
    pub format: u64,
    /// [`PROGRAM`].
    pub program: String,
    /// The version of the program.
    pub version: String,
    /// When recording began (RFC 3339). Relative times of filters count from here.
    pub recorded_at: String,
    /// What was taken out.
    pub redactions: Redactions,
    /// The files by name.
    pub files: BTreeMap<String, Contents>,
}

/// What was taken out of the texts of a recording.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Redactions {
    /// Keys, tokens and passwords.
    pub keys: u64,
    /// Phone numbers.
    pub phone_numbers: u64,
    /// Names and mail addresses that became pseudonyms; absent where they stayed as they are.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pseudonyms: Option<u64>,
}

/// What a file holds.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Contents {
    /// Its lines: a record or a single read each.
    pub lines: u64,
    /// Its length.
    pub bytes: u64,
    /// What ended it before its end; absent where it is whole.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub failed: Option<Error>,
}

/// As much of a manifest as every format has.
#[derive(Deserialize)]
struct Mark {
    format: u64,
    program: String,
    version: String,
}

impl Manifest {
    /// Reads the manifest of a folder.
    pub(super) fn read(folder: &Path) -> Result<Self, Fault> {
        let path = folder.join(MANIFEST);
        let shown = path.display().to_string();
        let text = std::fs::read_to_string(&path).map_err(|error| match error.kind() {
            io::ErrorKind::NotFound if folder.is_dir() => Fault::Foreign(folder.display().to_string()),
            io::ErrorKind::NotFound => {
                Fault::Unreadable { path: folder.display().to_string(), reason: "no such folder".to_owned() }
            }
            _ => Fault::Unreadable { path: shown.clone(), reason: error.to_string() },
        })?;
        let wrong = |reason: String| Fault::Manifest { path: shown.clone(), reason };
        let Mark { format, program, version } =
            serde_json::from_str(&text).map_err(|error| wrong(error.to_string()))?;
        if program != PROGRAM {
            return Err(wrong(format!("`{program}` wrote it")));
        }
        if format != FORMAT {
            return Err(Fault::Format { path: shown, found: format, version });
        }
        serde_json::from_str(&text).map_err(|error| wrong(error.to_string()))
    }

    /// When it was recorded.
    pub(super) fn time(&self, folder: &Path) -> Result<Timestamp, Fault> {
        self.recorded_at.parse().map_err(|error: jiff::Error| Fault::Manifest {
            path: folder.join(MANIFEST).display().to_string(),
            reason: format!("`recordedAt` is no time: {error}"),
        })
    }

    /// The files that this version knows.
    pub(super) fn parts(&self) -> BTreeMap<Part, Contents> {
        let known = |part: Part| Some((part, self.files.get(part.file())?.clone()));
        Part::ALL.into_iter().filter_map(known).collect()
    }
}
