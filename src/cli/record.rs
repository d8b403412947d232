//! `record`: a whole account into a folder, for `--source`.

use serde::Serialize;

use crate::config::Settings;
use crate::http::Proxy;
use crate::opsgenie::recording::{Manifest, Redactions};
use crate::record::{self, AlertDetails, Failure, Names, Recorded, Redactor, Refusal};
use crate::report::{Cause, Column, Exit, Table};
use crate::sync;

use super::arguments::{Form, OutputArguments, RecordArguments};
use super::faults::written;
use super::stop::Stop;
use super::{refused, settings, terminal};

/// Records the account.
pub(super) async fn run(arguments: &RecordArguments, output: &OutputArguments, stop: &Stop) -> Exit {
    let settings = match settings::of_source(None, output) {
        Ok(settings) => settings,
        Err(exit) => return exit,
    };
    match record(arguments, &settings, stop).await {
        Ok(recorded) => tell(&recorded, output),
        Err(exit) => exit,
    }
}

async fn record(arguments: &RecordArguments, settings: &Settings, stop: &Stop) -> Result<Recorded, Exit> {
    let source = sync::source(settings, &Proxy::System, &stop.first).map_err(|failure| refused(&failure))?;
    let names = if arguments.pseudonyms { Names::Pseudonyms } else { Names::Kept };
    let details = if arguments.details { AlertDetails::Read } else { AlertDetails::Left };
    let redactor = Redactor::new(settings.secrets().into_iter().cloned(), names);
    record::record(&source, &arguments.folder, redactor, details).await.map_err(|refusal| match refusal {
        Refusal::Nothing(error) => {
            terminal::talk("error: nothing was recorded, because nothing of the account could be listed");
            refused(&error.into())
        }
        Refusal::Stopped => {
            terminal::talk("stopped: nothing was recorded");
            stop.signal().map_or(Exit::Interrupted, |signal| Cause::Stopped(signal).exit())
        }
        Refusal::Folder(fault) => {
            terminal::talk(&format!("error: {fault}"));
            if fault.lies_in_the_folder() { Exit::Configuration } else { Exit::Unexpected }
        }
    })
}

/// What a program is told: the manifest, and how it ended.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Outcome<'r> {
    exit_code: u8,
    #[serde(flatten)]
    manifest: &'r Manifest,
}

fn tell(recorded: &Recorded, output: &OutputArguments) -> Exit {
    let causes: Vec<Cause> = recorded.failures.iter().filter_map(note).collect();
    let exit = Exit::of(&causes);
    let shown = match output.output {
        Form::Text => terminal::data(&table(recorded)),
        Form::Json => Ok(()),
    };
    let outcome = Outcome { exit_code: exit.code(), manifest: &recorded.manifest };
    match written(&outcome, output).and(shown) {
        Ok(()) => exit,
        Err(other) => exit.or(other),
    }
}

/// Tells of a failure; gives what it means. A plan that lacks a kind is a notice.
fn note(failure: &Failure) -> Option<Cause> {
    let Failure { part, error, reads } = failure;
    let failed = sync::Failure::from(error.clone());
    // The account gave something: it was not unavailable.
    let cause = match failed.cause() {
        Some(Cause::Unavailable(text)) => Some(Cause::Incomplete(text)),
        cause => cause,
    };
    let word = if cause.is_some() { "error" } else { "notice" };
    let file = part.file();
    terminal::talk(&match reads {
        None => format!("{word}: `{file}` is not whole: {failed}"),
        Some(1) => format!("{word}: `{file}`: 1 read failed: {failed}"),
        Some(reads) => format!("{word}: `{file}`: {reads} reads failed: {failed}"),
    });
    cause
}

/// What there is, for a person.
fn table(recorded: &Recorded) -> String {
    let Manifest { files, redactions, .. } = &recorded.manifest;
    let mut table = Table::new([Column::Text("file"), Column::Number("lines"), Column::Text("")]);
    for (file, contents) in files {
        let end = if contents.failed.is_some() { "not whole" } else { "" };
        table.row([file.as_str().into(), contents.lines.into(), end.into()]);
    }
    let text = table.render(terminal::style());
    let Redactions { keys, phone_numbers, pseudonyms } = redactions;
    let persons = match pseudonyms {
        Some(count) => format!("{count} names and mail addresses"),
        None => "names and mail addresses stay".to_owned(),
    };
    text + &format!("taken out: {keys} keys, {phone_numbers} phone numbers; {persons}")
}
