//! Why a recording cannot be replayed.

use super::{FORMAT, MANIFEST};
use crate::model::Kind;

/// Why a recording cannot be used, or cannot tell what it is asked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// The folder has no manifest.
    #[error(
        "`{0}` holds no whole recording: it has no `{MANIFEST}`; `ocean-opsgenie record DIR` makes a recording, and one that \
         was stopped half-way must be made again"
    )]
    Foreign(String),
    /// A file cannot be read.
    #[error("cannot read `{path}`: {reason}; check that it is there and may be read")]
    Unreadable {
        /// The file or folder.
        path: String,
        /// The system's words.
        reason: String,
    },
    /// The manifest is none.
    #[error(
        "`{path}` is no manifest of a recording: {reason}; name a folder that `ocean-opsgenie record` has written"
    )]
    Manifest {
        /// The file.
        path: String,
        /// What is wrong with it, and where.
        reason: String,
    },
    /// The manifest is of another format.
    #[error(
        "`{path}` is of format {found}, and this version reads format {FORMAT}; replay it with ocean-opsgenie {version}, which \
         wrote it, or record the account again"
    )]
    Format {
        /// The manifest.
        path: String,
        /// Its format.
        found: u64,
        /// The version of the program that wrote it.
        version: String,
    },
    /// A file is not as long as it was.
    #[error(
        "`{path}` has {found} bytes, and had {expected} when it was recorded; copy the whole folder again, or record the \
         account again"
    )]
    Length {
        /// The file.
        path: String,
        /// How long it is.
        found: u64,
        /// How long it was.
        expected: u64,
    },
    /// A line is not what was recorded.
    #[error("`{path}`, line {line}: {reason}; copy the folder again, or record the account again")]
    Line {
        /// The file.
        path: String,
        /// The line, from 1.
        line: u64,
        /// What is wrong with it.
        reason: String,
    },
    /// Only Opsgenie itself could say which records a query finds.
    #[error(
        "a recording cannot tell which records of kind `{kind}` the query `{query}` finds: only Opsgenie can match it (record \
         `{record}` may or may not be one); leave the query out, or use fields with exact values in `apiQueryParams`"
    )]
    Search {
        /// The kind.
        kind: Kind,
        /// What is asked.
        query: String,
        /// The record that does not tell.
        record: String,
    },
    /// It was not recorded.
    #[error("the recording in `{folder}` has no {what}; {advice}")]
    Lacks {
        /// The folder.
        folder: String,
        /// What is missing.
        what: String,
        /// What to do.
        advice: &'static str,
    },
}

impl Fault {
    /// Whether the recording or what is asked of it must be mended, in contrast to a recording that lacks something.
    pub fn lies_in_the_question(&self) -> bool {
        !matches!(self, Self::Lacks { .. })
    }
}
