//! `config show`: every setting with its value, and where it came from.

use std::fmt::Write as _;

use serde::Serialize;

use crate::config::Settings;
use crate::report::Exit;

use super::arguments::{ConfigCommand, Form, OutputArguments};
use super::{faults, settings, terminal};

/// What stands for a value that nobody gave and that has no default.
const UNSET: &str = "(unset)";

/// Every setting, for a program.
#[derive(Serialize)]
struct Shown {
    settings: Vec<Row>,
}

#[derive(Serialize)]
struct Row {
    variable: String,
    value: Option<String>,
    /// None for a default.
    origin: Option<String>,
}

/// Runs `config show`. Credentials may be missing: who looks for a fault has not set all of them.
pub(super) fn run(command: &ConfigCommand, output: &OutputArguments) -> Exit {
    let ConfigCommand::Show { origin } = command;
    let settings = match settings::offline(output) {
        Ok(settings) => settings,
        Err(exit) => return exit,
    };
    let shown = Shown { settings: rows(&settings) };
    let told = match output.output {
        Form::Text if *origin => terminal::data(&with_origins(&shown.settings)),
        Form::Text => terminal::data(&plain(&shown.settings)),
        Form::Json => Ok(()),
    };
    faults::written(&shown, output).and(told).err().unwrap_or(Exit::Done)
}

fn rows(settings: &Settings) -> Vec<Row> {
    let row = |(setting, value): (crate::config::names::Setting, _)| Row {
        variable: setting.variable(),
        value,
        origin: settings.provenance.of(setting).map(ToString::to_string),
    };
    settings.shown().into_iter().map(row).collect()
}

fn plain(rows: &[Row]) -> String {
    let mut out = String::new();
    for Row { variable, value, origin: _ } in rows {
        let _infallible =
            writeln!(out, "{variable:<width$}  {}", value_of(value.as_ref()), width = width(rows));
    }
    out
}

fn with_origins(rows: &[Row]) -> String {
    let values =
        rows.iter().map(|row| value_of(row.value.as_ref()).chars().count()).max().unwrap_or_default();
    let mut out = String::new();
    for Row { variable, value, origin } in rows {
        let origin = origin.as_deref().unwrap_or("default");
        let value = value_of(value.as_ref());
        let _infallible =
            writeln!(out, "{variable:<width$}  {value:<values$}  {origin}", width = width(rows));
    }
    out
}

fn width(rows: &[Row]) -> usize {
    rows.iter().map(|row| row.variable.len()).max().unwrap_or_default()
}

fn value_of(value: Option<&String>) -> &str {
    value.map_or(UNSET, String::as_str)
}
