//! `plan`: the pass without writes, and what it would have done.

use crate::apply::Keep;
use crate::report::{Detail, Exit, Mode};
use crate::sync::{Beside, Request};

use super::arguments::{Form, OutputArguments, PlanArguments, SyncArguments};
use super::stop::Stop;
use super::sync::{pass, prepare, request};
use super::{show, summary};

/// Runs a pass that writes nothing and shows what it would do.
pub(super) async fn run(arguments: &PlanArguments, output: &OutputArguments, stop: &Stop) -> Exit {
    let asked = SyncArguments { scope: arguments.scope.clone(), ..SyncArguments::default() };
    let (settings, sides) = match prepare(&asked, output, stop) {
        Ok(prepared) => prepared,
        Err(exit) => return exit,
    };
    // A program gets all of it, whatever a person is shown.
    let whole =
        arguments.detail || arguments.against_peer || output.output == Form::Json || output.report.is_some();
    let request = Request {
        mode: Mode::Plan,
        beside: if arguments.against_peer { Beside::Peer } else { Beside::Nothing },
        keep: if whole { Keep::All } else { Keep::Samples },
        save: arguments.out.clone(),
        ..request(&settings, &arguments.scope, None)
    };
    let mut report = pass(&settings, &sides, &request, stop).await;
    if let Some(plan) = report.plan.as_mut().filter(|_| arguments.detail) {
        plan.detail = Detail::Whole;
    }
    let due =
        arguments.exit_code && report.plan.as_ref().is_some_and(crate::report::PlanReport::finds_something);
    if due {
        report.exit = report.exit.or(Exit::Due);
    }
    let peer = report.plan.as_ref().and_then(|plan| plan.peer.as_ref());
    if peer.is_some_and(crate::report::PeerReport::is_puzzling) {
        report.exit = report.exit.or(Exit::Mismatch);
    }
    let shown = show(&report, output);
    summary::add(&report, output.output);
    match shown {
        Ok(()) => report.exit,
        Err(exit) => report.exit.or(exit),
    }
}
