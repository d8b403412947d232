//! The service: what `serve` runs, and the program without a command unless the listener is `ONCE`.

use std::sync::Arc;

use crate::config::Settings;
use crate::http::Proxy;
use crate::report::Exit;
use crate::serve::{self, Service};

use super::arguments::{OutputArguments, SyncArguments};
use super::stop::Stop;
use super::sync::{connect, request};
use super::{faults, show, terminal};

/// Serves until stopped.
pub(super) async fn run(
    settings: Settings,
    arguments: &SyncArguments,
    output: &OutputArguments,
    stop: &Stop,
) -> Exit {
    let sides = match connect(&settings, &Proxy::System, stop) {
        Ok(sides) => sides,
        Err(exit) => return exit,
    };
    let request = request(&settings, &arguments.scope, None);
    let (output, signals) = (output.clone(), stop.clone());
    let service = Service {
        settings,
        sides,
        request,
        show: Box::new(move |report| {
            faults::tell(&report.faults);
            // What could not be shown was told; the next report may find room again.
            let _told: Result<(), Exit> = show(report, &output);
        }),
        stop: stop.first.clone(),
        abort: stop.second.clone(),
        signal: Arc::new(move || signals.signal()),
    };
    match serve::run(service).await {
        Ok(exit) => exit,
        Err(error) => {
            terminal::talk(&format!("error: {error}"));
            Exit::Configuration
        }
    }
}
