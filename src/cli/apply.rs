//! `apply`: a saved plan, exactly.

use crate::plan::deletion::Permission;
use crate::report::Exit;
use crate::sync::{self, Request};

use super::arguments::{ApplyArguments, OutputArguments, ScopeArguments, SyncArguments};
use super::stop::Stop;
use super::sync::{prepare, request};
use super::{show, summary};

/// Applies a saved plan and shows the report.
pub(super) async fn run(arguments: &ApplyArguments, output: &OutputArguments, stop: &Stop) -> Exit {
    let (settings, sides) = match prepare(&SyncArguments::default(), output, stop) {
        Ok(prepared) => prepared,
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
