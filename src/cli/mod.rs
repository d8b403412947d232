//! The command line: arguments to settings, one command per file, the report to an exit code.

mod apply;
mod arguments;
mod config;
mod defaults;
mod doctor;
mod events;
mod faults;
mod get;
mod healthcheck;
mod help;
mod init;
mod map;
mod plan;
mod progress;
mod record;
mod sandbox;
mod schema;
mod service;
mod settings;
mod stop;
mod summary;
mod sync;
mod terminal;
mod undo;
mod usage;
mod validate;

use std::ffi::OsString;

use clap::Parser;

use crate::config::EventListener;
use crate::report::{Exit, Report};
use crate::sync::Failure;
use crate::telemetry;

use arguments::{Arguments, Command, Form, OutputArguments, ScopeArguments, SyncArguments};
use stop::Stop;

/// Threads that drive calls; mapping has its own. More would not make a pass faster and would cost memory.
const WORKER_THREADS: usize = 2;

/// Threads that map, look up names and touch files. Each keeps memory of its own, and no more of them map at once.
const BLOCKING_THREADS: usize = 4;

/// Runs the program.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> Exit {
    let arguments = match Arguments::try_parse_from(arguments) {
        Ok(arguments) => arguments,
        Err(error) => return usage::tell(&error),
    };
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(WORKER_THREADS)
        .max_blocking_threads(BLOCKING_THREADS)
        .enable_all()
        .build();
    match runtime {
        Ok(runtime) => {
            let exit = runtime.block_on(until_stopped(arguments));
            // What is still running after a second signal is not waited for.
            runtime.shutdown_background();
            exit
        }
        Err(error) => {
            terminal::talk(&format!("error: cannot start: {error}"));
            Exit::Unexpected
        }
    }
}

async fn until_stopped(arguments: Arguments) -> Exit {
    let stop = match Stop::on_signals() {
        Ok(stop) => stop,
        Err(error) => {
            terminal::talk(&format!("error: cannot listen for signals: {error}"));
            return Exit::Unexpected;
        }
    };
    let at_once = stop.second.clone();
    tokio::select! {
        exit = command(arguments, &stop) => exit,
        () = at_once.cancelled() => {
            terminal::talk("stopped at once; what was under way may be half done");
            stop.signal().map_or(Exit::Interrupted, |signal| crate::report::Cause::Stopped(signal).exit())
        }
    }
}

async fn command(arguments: Arguments, stop: &Stop) -> Exit {
    let Arguments { command, output, source } = arguments;
    if let (Some(_), Some(folder)) = (&command, &source.source) {
        let folder = folder.display();
        terminal::talk(&format!(
            "error: `--source {folder}` stands before a command\n  hint: write it after the command"
        ));
        return Exit::Configuration;
    }
    let scope = ScopeArguments { recording: source, ..ScopeArguments::default() };
    match command {
        Some(Command::Init(init)) => init::run(&init, &output),
        None => listen(&SyncArguments { scope, ..SyncArguments::default() }, &output, stop).await,
        Some(Command::Sync(sync)) if sync.listen => listen(&sync, &output, stop).await,
        Some(Command::Sync(sync)) => once(&sync, &output, stop).await,
        Some(Command::Serve(arguments)) => serve(&arguments, &output, stop).await,
        Some(Command::Events(events)) => events::run(&events, &output),
        Some(Command::Plan(plan)) => plan::run(&plan, &output, stop).await,
        Some(Command::Apply(apply)) => apply::run(&apply, &output, stop).await,
        Some(Command::Undo(undo)) => undo::run(&undo, &output, stop).await,
        Some(Command::Defaults { command }) => defaults::run(&command, &output, stop).await,
        Some(Command::Get(get)) => get::run(&get, &output, stop).await,
        Some(Command::Record(record)) => record::run(&record, &output, stop).await,
        Some(Command::Map(map)) => map::run(map, &output, stop).await,
        Some(Command::Doctor) => doctor::run(&output, stop).await,
        Some(Command::Validate(validate)) => validate::run(&validate, &output),
        Some(Command::Sandbox(sandbox)) => sandbox::run(&sandbox, &output, stop).await,
        Some(Command::Healthcheck(arguments)) => healthcheck::run(&arguments, &output).await,
        Some(Command::Config { command }) => config::run(&command, &output),
        Some(Command::Schema(which)) => schema::run(&which),
        Some(Command::Completions(shell)) => help::completions(&shell),
        Some(Command::Man(man)) => help::man(&man),
        Some(Command::Version { short: false }) => {
            told(terminal::data(concat!("ocean-opsgenie ", env!("CARGO_PKG_VERSION"))))
        }
        Some(Command::Version { short: true }) => told(terminal::data(env!("CARGO_PKG_VERSION"))),
    }
}

/// Acts as the configured event listener says.
async fn listen(arguments: &SyncArguments, output: &OutputArguments, stop: &Stop) -> Exit {
    let settings = match settings::resolve(arguments, output) {
        Ok(settings) => settings,
        Err(exit) => return exit,
    };
    match settings.listener {
        EventListener::Once => sync::run(&settings, arguments, output, stop).await,
        EventListener::Polling { .. } | EventListener::WebhooksOnly | EventListener::Webhook { .. } => {
            service::run(settings, arguments, output, stop).await
        }
    }
}

/// Serves, whatever the event listener: `ONCE` is one pass at the start.
async fn serve(arguments: &SyncArguments, output: &OutputArguments, stop: &Stop) -> Exit {
    match settings::resolve(arguments, output) {
        Ok(settings) => service::run(settings, arguments, output, stop).await,
        Err(exit) => exit,
    }
}

/// Runs one pass, whatever the event listener.
async fn once(arguments: &SyncArguments, output: &OutputArguments, stop: &Stop) -> Exit {
    match settings::resolve(arguments, output) {
        Ok(settings) => sync::run(&settings, arguments, output, stop).await,
        Err(exit) => exit,
    }
}

/// Shows a report where it was asked for: standard output, and a file.
fn show(report: &Report, output: &OutputArguments) -> Result<(), Exit> {
    let json = match report.json() {
        Ok(json) => json,
        Err(error) => {
            terminal::talk(&format!("error: the report cannot be written as JSON: {error}"));
            return Err(Exit::Unexpected);
        }
    };
    let shown = match output.output {
        Form::Text => terminal::data(&crate::report::text(report, terminal::style())),
        Form::Json => {
            // The line is for a program; a person reads the log.
            for warning in &report.warnings {
                tracing::warn!("{warning}");
            }
            for cause in &report.causes {
                tracing::error!("{}", cause.detail());
            }
            terminal::data(&json)
        }
    };
    if let Some(file) = &output.report {
        faults::report_file(file, &json)?;
    }
    shown
}

/// Tells why a side cannot be used.
fn refused(failure: &Failure) -> Exit {
    terminal::talk(&format!("error: {failure}"));
    failure.cause().map_or(Exit::Unexpected, |cause| cause.exit())
}

/// The exit code of a command that only says something.
fn told(said: Result<(), Exit>) -> Exit {
    said.err().unwrap_or(Exit::Done)
}

fn start_telling(settings: &crate::config::Settings) {
    telemetry::start(&settings.logging, settings.disclosure.logs.then(telemetry::lines));
}
