//! `apply`: a saved plan, exactly.

use crate::http::Proxy;
use crate::plan::deletion::Permission;
use crate::report::Exit;
use crate::sync::{self, Request};

use super::arguments::{ApplyArguments, OutputArguments, ScopeArguments, SyncArguments};
use super::stop::Stop;
use super::sync::{connect, request};
use super::{settings, show, summary};

/// Applies a saved plan and shows the report.
pub(super) async fn run(arguments: &ApplyArguments, output: &OutputArguments, stop: &Stop) -> Exit {
    let settings = match settings::resolve(&SyncArguments::default(), output) {
        Ok(settings) => settings,
        Err(exit) => return exit,
    };
    let sides = match connect(&settings, &Proxy::System, stop) {
        Ok(sides) => sides,
        Err(exit) => return exit,
    };
    let request = Request {
        deletion: if arguments.no_delete { Permission::Never } else { Permission::Guarded },
        ..request(&settings, &ScopeArguments::default(), None)
    };
    let report =
        sync::apply(&arguments.file, &settings, &sides, &request, &stop.first, || stop.signal()).await;
    let shown = show(&report, output);
    summary::add(&report, output.output);
    shown.map_or_else(|exit| report.exit.or(exit), |()| report.exit)
}
