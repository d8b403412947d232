//! Records from a recording, with what the mapping reads joined to them.

use std::path::Path;

use futures::StreamExt as _;
use tokio_util::sync::CancellationToken;

use crate::enrich::{Lookups, Wanted};
use crate::map::{self, Rules};
use crate::model::{Kind, Record};
use crate::opsgenie::{Error, Listing, Opsgenie, Rotations};
use crate::report::Exit;
use crate::sync::Failure;

use super::super::terminal;

/// Reads all records of a kind. What was not recorded whole is refused: a mapping cannot be tried on it.
pub(super) async fn records(folder: &Path, kind: Kind, rules: &Rules) -> Result<Vec<Record>, Exit> {
    let refused = |error: &Error| {
        let failure = Failure::from(error.clone());
        terminal::talk(&format!("error: {kind}: {failure}"));
        failure.cause().map_or(Exit::Configuration, |cause| cause.exit())
    };
    let source = Opsgenie::recorded(folder, CancellationToken::new()).map_err(|error| refused(&error))?;
    let expanded = rules.iter().any(|rule| rule.kind == kind && rule.rotations == map::Rotations::Expanded);
    let rotations = if expanded { Rotations::Expanded } else { Rotations::Left };
    let lookups = Lookups::new(&source, &Wanted { rotations, ..Wanted::whole(rules.needs().into_keys()) });
    let mut pages = lookups.pages(&Listing { rotations, ..Listing::all(kind) });
    let mut records = Vec::new();
    while let Some(page) = pages.next().await {
        let page = page.map_err(|error| refused(&error))?;
        records.extend(lookups.enrich_all(page.records).await.into_iter().map(|enriched| enriched.record));
    }
    match lookups.failures(kind).first() {
        Some(failure) => Err(refused(&failure.error)),
        None => Ok(records),
    }
}
