//! `undo`: what a run deleted, put back.

use crate::report::{Exit, runs_text, undo_text};
use crate::sync;

use super::arguments::{Form, OutputArguments, SyncArguments, UndoArguments};
use super::stop::Stop;
use super::sync::prepare;
use super::{faults, refused, settings, terminal};

/// Puts back what a run deleted; without a run, tells which there are.
pub(super) async fn run(arguments: &UndoArguments, output: &OutputArguments, stop: &Stop) -> Exit {
    let Some(run) = &arguments.run else { return list(output) };
    let (settings, sides) = match prepare(&SyncArguments::default(), output, stop) {
        Ok(prepared) => prepared,
        Err(exit) => return exit,
    };
    let report = sync::undo(&settings, &sides.catalog, run, &stop.first, || stop.signal()).await;
    let shown = show(&undo_text(&report), &report, output);
    shown.map_or_else(|exit| report.exit.or(exit), |()| report.exit)
}

fn list(output: &OutputArguments) -> Exit {
    let settings = match settings::offline(output) {
        Ok(settings) => settings,
        Err(exit) => return exit,
    };
    match sync::runs(&settings) {
        Ok(runs) => show(&runs_text(&runs, terminal::style()), &runs, output).err().unwrap_or(Exit::Done),
        Err(failure) => refused(&failure),
    }
}

/// The text for a person, the data for a program.
fn show(text: &str, data: &impl serde::Serialize, output: &OutputArguments) -> Result<(), Exit> {
    let told = match output.output {
        Form::Text => terminal::data(text),
        Form::Json => Ok(()),
    };
    faults::written(data, output).and(told)
}
