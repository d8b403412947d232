//! `map`: what a mapping makes of records, without a pass.

mod arguments;
mod batch;
mod eval;
mod explain;
mod input;
mod mapping;
mod recorded;
mod run;
mod test;

use crate::map::Rules;
use crate::report::{Cause, Exit};

use super::arguments::OutputArguments;
use super::stop::Stop;
use super::{settings, sync, terminal};

pub(super) use arguments::MapArguments;
use arguments::{MapCommand, MappingArguments};

/// Runs one of the commands. All of them compute and wait for files, so they run on the blocking side; a signal ends
/// them where they are.
pub(super) async fn run(arguments: MapArguments, output: &OutputArguments, stop: &Stop) -> Exit {
    match arguments.command {
        MapCommand::Eval(eval) => match settings::offline(output) {
            Ok(settings) => {
                let environment = sync::environment(&settings);
                let output = output.clone();
                aside(stop, move || eval::run(&eval, &environment, &output)).await
            }
            Err(exit) => exit,
        },
        MapCommand::Run(records) => {
            let mapping = records.mapping.clone();
            with_rules(&mapping, output, stop, move |rules, output| run::run(&records, rules, output)).await
        }
        MapCommand::Test(asked) => {
            let mapping = asked.mapping.clone();
            with_rules(&mapping, output, stop, move |rules, output| test::run(&asked, rules, output)).await
        }
        MapCommand::Explain(asked) => {
            let mapping = asked.records.mapping.clone();
            with_rules(&mapping, output, stop, move |rules, output| explain::run(&asked, rules, output)).await
        }
    }
}

/// Runs what needs a mapping.
async fn with_rules(
    mapping: &MappingArguments,
    output: &OutputArguments,
    stop: &Stop,
    work: impl FnOnce(&Rules, &OutputArguments) -> Result<Exit, Exit> + Send + 'static,
) -> Exit {
    match mapping::rules(mapping, output, stop).await {
        Ok(rules) => {
            let output = output.clone();
            aside(stop, move || work(&rules, &output)).await
        }
        Err(exit) => exit,
    }
}

/// Runs on a blocking thread, until done or stopped.
async fn aside(stop: &Stop, work: impl FnOnce() -> Result<Exit, Exit> + Send + 'static) -> Exit {
    tokio::select! {
        done = tokio::task::spawn_blocking(work) => match done {
            Ok(Ok(exit) | Err(exit)) => exit,
            Err(error) => {
                terminal::talk(&format!("error: the command ended early: {error}"));
                Exit::Unexpected
            }
        },
        () = stop.first.cancelled() => {
            stop.signal().map_or(Exit::Interrupted, |signal| Cause::Stopped(signal).exit())
        }
    }
}
