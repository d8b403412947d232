//! What of a run outlives the process: the journal of what it deletes, and pins on what was put back.

use std::collections::BTreeMap;

use crate::config::Settings;
use crate::model::BlueprintId;
use crate::plan::Ledger;
use crate::report::Mode;
use crate::state::{Installation, Journal, Pins, StateDir, StateError};

/// What of a run outlives the process.
#[derive(Debug)]
pub(super) struct Keeping {
    state: StateDir,
    installation: Installation,
    pub(super) journal: Journal,
    pub(super) pins: Pins,
}

/// What was put back by `undo` and no pass has produced since; nothing without a state directory.
pub(super) fn pins(settings: &Settings) -> Result<Pins, StateError> {
    match settings.state_dir.as_deref().filter(|root| root.exists()) {
        Some(root) => StateDir::open(root)?.pins(&installation(settings)),
        None => Ok(Pins::default()),
    }
}

/// Whose state that of these settings is.
pub(super) fn installation(settings: &Settings) -> Installation {
    Installation { catalog: settings.catalog.base_url.clone(), integration: settings.identifier.clone() }
}

impl Keeping {
    /// Opens the state directory that the settings name; `None` when they name none. A run that only plans creates
    /// nothing.
    pub(super) fn open(settings: &Settings, run: &str, mode: Mode) -> Result<Option<Self>, StateError> {
        let Some(root) = &settings.state_dir else { return Ok(None) };
        if mode == Mode::Plan && !root.exists() {
            return Ok(None);
        }
        let state = StateDir::open(root)?;
        let installation = installation(settings);
        let (journal, pins) = (state.journal(run, &installation), state.pins(&installation)?);
        Ok(Some(Self { state, installation, journal, pins }))
    }

    /// Takes the pins off what the run produced: it is the mapping's again.
    pub(super) fn release(&mut self, ledgers: &BTreeMap<BlueprintId, Ledger>) -> Result<(), StateError> {
        let produced = |blueprint: &BlueprintId, id: &str| {
            ledgers.get(blueprint).is_some_and(|ledger| ledger.produced(id))
        };
        let released = self.pins.retain(|key| !produced(&key.blueprint, key.identifier.as_str()));
        if released > 0 { self.state.set_pins(&self.installation, &self.pins) } else { Ok(()) }
    }
}
