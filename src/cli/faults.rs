//! Faults of settings and mappings, shown to whoever asked: text on standard error, JSON on standard output.

use std::path::Path;

use serde::Serialize;

use crate::config::{Diagnostic, Faults};
use crate::report::Exit;

use super::arguments::{Form, OutputArguments};
use super::terminal;

/// What a command says that ends with faults: two fields of the report.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Refusal<'f> {
    exit_code: u8,
    faults: &'f [Diagnostic],
}

/// Shows faults. Gives the exit code with which to end.
pub(super) fn refuse(faults: &[Diagnostic], output: &OutputArguments) -> Exit {
    tell(faults);
    written(&Refusal { exit_code: Exit::Configuration.code(), faults }, output)
        .err()
        .unwrap_or(Exit::Configuration)
}

/// Shows what is wrong with the settings. Gives the exit code with which to end.
pub(super) fn refuse_settings(faults: &Faults, output: &OutputArguments) -> Exit {
    let exit = refuse(&faults.diagnostics(), output);
    if let Some(hint) = faults.hint() {
        terminal::talk(&format!("hint: {hint}"));
    }
    exit
}

/// Tells faults to a person.
pub(super) fn tell(faults: &[Diagnostic]) {
    for fault in faults {
        terminal::talk(&fault.to_string());
    }
}

/// Gives a program what it asked for: one line on standard output, and the same in a file.
pub(super) fn written(data: &impl Serialize, output: &OutputArguments) -> Result<(), Exit> {
    let json = serde_json::to_string(data).map_err(|error| {
        terminal::talk(&format!("error: the result cannot be written as JSON: {error}"));
        Exit::Unexpected
    })?;
    let shown = match output.output {
        Form::Json => terminal::data(&json),
        Form::Text => Ok(()),
    };
    match &output.report {
        Some(file) => report_file(file, &json).and(shown),
        None => shown,
    }
}

/// Writes the file that `--report` names.
pub(super) fn report_file(file: &Path, json: &str) -> Result<(), Exit> {
    std::fs::write(file, format!("{json}\n")).map_err(|error| {
        terminal::talk(&format!("error: cannot write the report to `{}`: {error}", file.display()));
        Exit::Unexpected
    })
}
