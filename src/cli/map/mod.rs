//! `map`: what a mapping makes of records, without a pass.

mod arguments;
mod batch;
mod eval;
mod input;

use crate::report::{Cause, Exit};

use super::arguments::OutputArguments;
use super::stop::Stop;
use super::{settings, sync, terminal};

pub(super) use arguments::MapArguments;
use arguments::MapCommand;

/// Runs one of the commands. All of them compute and wait for files, so they run on the blocking side; a signal ends
/// them where they are.
pub(super) async fn run(arguments: MapArguments, output: &OutputArguments, stop: &Stop) -> Exit {
    match arguments.command {
        MapCommand::Eval(eval) => match settings::offline(output) {
            Ok(settings) => aside(stop, move || eval::run(&eval, &sync::environment(&settings))).await,
            Err(exit) => exit,
        },
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
