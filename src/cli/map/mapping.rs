//! Which mapping is tried: a file, or what the catalog holds for this installation.

use crate::catalog::Integration;
use crate::config::mapping::Reading;
use crate::config::{MappingFile, Settings, Severity};
use crate::http::Proxy;
use crate::map::{self, Rules};
use crate::report::{Cause, Exit};
use crate::sync::Failure;

use super::super::arguments::OutputArguments;
use super::super::faults::refuse;
use super::super::stop::Stop;
use super::super::{settings, sync, terminal};
use super::arguments::MappingArguments;

/// The compiled mapping. What is wrong with it is told, all of it at once.
pub(super) async fn rules(
    arguments: &MappingArguments,
    output: &OutputArguments,
    stop: &Stop,
) -> Result<Rules, Exit> {
    let settings = settings::offline(output)?;
    let reading = match &arguments.mapping {
        Some(path) => MappingFile::from_file(path),
        None => held(&settings, stop).await?,
    };
    let sound =
        map::sound(reading, sync::environment(&settings)).map_err(|faults| refuse(&faults, output))?;
    for warning in sound.warnings {
        terminal::talk(&warning.diagnostic(Severity::Warning).to_string());
    }
    Ok(sound.rules)
}

/// What the catalog holds. Only its credentials are needed.
async fn held(settings: &Settings, stop: &Stop) -> Result<Reading, Exit> {
    let credentials = [
        ("OCEAN__PORT__CLIENT_ID", &settings.catalog.client_id),
        ("OCEAN__PORT__CLIENT_SECRET", &settings.catalog.client_secret),
    ];
    let missing = credentials.iter().filter(|(_, secret)| secret.is_empty());
    let missing: Vec<_> = missing.map(|(name, _)| format!("`{name}`")).collect();
    if !missing.is_empty() {
        terminal::talk(&format!(
            "error: no mapping was given, and the one in force cannot be read from the catalog without {}\n  hint: \
             `--mapping FILE` tries a mapping from a file and needs no account",
            missing.join(" and ")
        ));
        return Err(Exit::Configuration);
    }
    let sides = sync::connect(settings, &Proxy::System, stop)?;
    let integration = sides.catalog.integration().await.map_err(|error| {
        let failure = Failure::Catalog(error);
        terminal::talk(&format!("error: {failure}"));
        let stopped = || stop.signal().map(Cause::Stopped);
        failure.cause().or_else(stopped).map_or(Exit::Unexpected, |cause| cause.exit())
    })?;
    if let Some(config) = integration.as_ref().and_then(Integration::config) {
        return Ok(MappingFile::from_catalog(config));
    }
    terminal::talk(&format!(
        "error: the catalog holds no mapping for integration `{}`\n  hint: `--mapping FILE` tries one from a file; a pass \
         gives the catalog the default one",
        settings.identifier
    ));
    Err(Exit::Configuration)
}
