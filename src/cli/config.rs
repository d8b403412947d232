//! `config show`: every setting with its value, and where it came from.

use serde::Serialize;

use crate::config::Settings;
use crate::report::{Column, Exit, Table};

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
    let mut table = Table::without_heading([Column::Text("variable"), Column::Text("value")]);
    for Row { variable, value, origin: _ } in rows {
        table.row([variable.as_str().into(), value_of(value.as_ref()).into()]);
    }
    table.render(terminal::style())
}

fn with_origins(rows: &[Row]) -> String {
    let columns = [Column::Text("variable"), Column::Text("value"), Column::Prose("origin")];
    let mut table = Table::without_heading(columns);
    for Row { variable, value, origin } in rows {
        let origin = origin.as_deref().unwrap_or("default");
        table.row([variable.as_str().into(), value_of(value.as_ref()).into(), origin.into()]);
    }
    table.render(terminal::style())
}

fn value_of(value: Option<&String>) -> &str {
    value.map_or(UNSET, String::as_str)
}
