//! A whole account into a folder, redacted, for [`Opsgenie::recorded`] to replay.
//!
//! Users come first, so that their names are known where other texts hold them; then everything else at the same time.
//! Pages go to the disk as they come. What fails is recorded as having failed.

mod folder;
mod kinds;
mod pseudonym;
mod redact;
mod text;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use jiff::Timestamp;

pub use folder::Fault;
pub use redact::{Names, Redactor};

use crate::model::Kind;
use crate::opsgenie::recording::{Contents, FORMAT, Manifest, PROGRAM, Part};
use crate::opsgenie::{Error, Opsgenie};
use folder::Folder;
use kinds::Recorder;

/// Whether alerts are read one by one too.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AlertDetails {
    /// A call for each alert, for `description`, `details`, `entity` and `actions`.
    Read,
    /// Only what the listing shows.
    Left,
}

/// What was recorded.
#[derive(Debug)]
pub struct Recorded {
    /// As it stands in the folder.
    pub manifest: Manifest,
    /// What failed: listings, and single reads that were refused or not answered.
    pub failures: Vec<Failure>,
}

/// Something that could not be recorded.
#[derive(Clone, Debug)]
pub struct Failure {
    /// The file that lacks it.
    pub part: Part,
    /// Why, the first time.
    pub error: Error,
    /// How many single reads; none for a listing.
    pub reads: Option<u64>,
}

/// Why there is no recording.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    /// The folder cannot be used, or not be written.
    #[error(transparent)]
    Folder(#[from] Fault),
    /// Nothing of the account can be listed: this is why not.
    #[error("nothing of the account could be listed: {0}")]
    Nothing(Error),
    /// The run was stopped.
    #[error("stopped")]
    Stopped,
}

/// Records an account into `folder`, which must not be there or be empty. A folder that was not finished is emptied again.
///
/// # Errors
/// When nothing could be recorded; what fails in parts is told by [`Recorded::failures`].
pub async fn record(
    source: &Opsgenie,
    folder: &Path,
    redactor: Redactor,
    details: AlertDetails,
) -> Result<Recorded, Refusal> {
    let mut folder = Folder::claim(folder)?;
    let result = fill(source, &mut folder, redactor, details).await;
    if result.is_err() {
        folder.abandon();
    }
    result
}

async fn fill(
    source: &Opsgenie,
    folder: &mut Folder,
    mut redactor: Redactor,
    details: AlertDetails,
) -> Result<Recorded, Refusal> {
    let recorded_at = Timestamp::now();
    let users = kinds::users(source, folder.open(Part::Users)?, &mut redactor).await?;
    let redactor = Arc::new(redactor);
    let recorder = Recorder { source, redactor: &redactor };
    let open = |part: Part| folder.open(part);
    let (teams, schedules, incidents, alerts) = futures::join!(
        recorder.services_and_teams([open(Part::Services)?, open(Part::Teams)?, open(Part::TeamDetails)?]),
        recorder.schedules([open(Part::Schedules)?, open(Part::Oncalls)?]),
        recorder.incidents([open(Part::Incidents)?, open(Part::IncidentAlerts)?]),
        recorder.alerts(
            open(Part::Alerts)?,
            match details {
                AlertDetails::Read => Some(open(Part::AlertDetails)?),
                AlertDetails::Left => None,
            }
        ),
    );
    let sheets = [vec![users], teams?, schedules?, incidents?, alerts?].concat();
    let failures: Vec<Failure> = sheets.iter().filter_map(|sheet| sheet.failure.clone()).collect();
    if let Some(error) = nothing_listed(&failures) {
        return Err(Refusal::Nothing(error));
    }
    let files: BTreeMap<String, Contents> =
        sheets.into_iter().map(|sheet| (sheet.part.file().to_owned(), sheet.contents)).collect();
    let manifest = Manifest {
        format: FORMAT,
        program: PROGRAM.to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        recorded_at: recorded_at.to_string(),
        redactions: redactor.redactions(),
        files,
    };
    folder.finish(&manifest)?;
    Ok(Recorded { manifest, failures })
}

/// Why not even one kind could be listed.
fn nothing_listed(failures: &[Failure]) -> Option<Error> {
    let listing = |kind: Kind| {
        let part = Part::listing(kind)?;
        failures.iter().find(|failure| failure.part == part && failure.reads.is_none())
    };
    let of_all: Option<Vec<_>> = Kind::LISTED.into_iter().map(listing).collect();
    of_all.and_then(|all| all.first().map(|failure| failure.error.clone()))
}
