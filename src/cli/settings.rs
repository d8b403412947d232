//! From arguments to settings.

use std::path::PathBuf;

use crate::config::{Faults, Loudness, Notice, Override, Settings, Sources, names};
use crate::report::Exit;

use super::arguments::{OutputArguments, SyncArguments};
use super::faults::refuse_settings;
use super::start_telling;

/// The settings of this process, with what the command line says on top. Faults are shown, all of them.
pub(super) fn resolve(arguments: &SyncArguments, output: &OutputArguments) -> Result<Settings, Exit> {
    let mut overrides = overrides_of(output);
    let mut set = |setting, flag, value: Option<String>| {
        overrides.extend(value.map(|value| Override { setting, flag, value }));
    };
    let text = |number: u16| number.to_string();
    set(names::HTTP_PORT, "--port", arguments.port.map(text));
    let initialize = arguments.initialize_port_resources.map(|yes| yes.to_string());
    set(names::INITIALIZE, "--initialize-port-resources", initialize);
    let sources = Sources::of_process(overrides).map_err(|faults| refuse_settings(&faults, output))?;
    let sources = Sources { recording: arguments.scope.recording.source.clone(), ..sources };
    settle(&sources, output)
}

/// The settings of these sources; telling starts with them.
pub(super) fn settle(sources: &Sources, output: &OutputArguments) -> Result<Settings, Exit> {
    let (settings, notices) =
        Settings::resolve(sources).map_err(|faults| refuse_settings(&faults, output))?;
    told(&settings, &notices);
    Ok(settings)
}

/// Telling starts, with what was noticed in the settings.
fn told(settings: &Settings, notices: &[Notice]) {
    start_telling(settings);
    for notice in notices {
        tell(notice);
    }
}

/// The settings of this process for a command that calls neither side: credentials may be missing.
pub(super) fn offline(output: &OutputArguments) -> Result<Settings, Exit> {
    for_some(None, output, Settings::resolve_offline)
}

/// The settings of this process for a command that reads the source only, or a `recording` of one: the catalog's
/// credentials may be missing.
pub(super) fn of_source(recording: Option<PathBuf>, output: &OutputArguments) -> Result<Settings, Exit> {
    for_some(recording, output, Settings::resolve_source)
}

fn for_some(
    recording: Option<PathBuf>,
    output: &OutputArguments,
    resolve: impl Fn(&Sources) -> Result<(Settings, Vec<Notice>), Faults>,
) -> Result<Settings, Exit> {
    let refused = |faults| refuse_settings(&faults, output);
    let sources = Sources::of_process(overrides_of(output)).map_err(refused)?;
    let sources = Sources { recording, ..sources };
    let (settings, notices) = resolve(&sources).map_err(refused)?;
    told(&settings, &notices);
    Ok(settings)
}

/// What the arguments of every command set.
pub(super) fn overrides_of(output: &OutputArguments) -> Vec<Override> {
    let level = output.log_level.as_ref();
    level
        .map(|level| Override { setting: names::LOG_LEVEL, flag: "--log-level", value: level.to_uppercase() })
        .into_iter()
        .collect()
}

fn tell(notice: &Notice) {
    match notice.loudness {
        Loudness::Warning => tracing::warn!("{notice}"),
        Loudness::Debug => tracing::debug!("{notice}"),
    }
}
