//! `sync`: one pass, its report, its exit code.

use std::collections::BTreeSet;

use crate::apply::{Interlock, Keep};
use crate::catalog::Schedule;
use crate::config::{ExpressionSettings, LogLevel, Settings};
use crate::http::Proxy;
use crate::jq::{Environment, Limits};
use crate::plan::deletion::Permission;
use crate::report::{Exit, Mode, Report};
use crate::sync::{self, Beside, Request, Shown, Sides, Watch};
use crate::telemetry;

use super::arguments::{OutputArguments, ScopeArguments, SyncArguments};
use super::stop::Stop;
use super::{faults, progress, refused, settings, show, summary};

/// Runs one pass and shows its report.
pub(super) async fn run(
    settings: &Settings,
    arguments: &SyncArguments,
    output: &OutputArguments,
    stop: &Stop,
) -> Exit {
    let sides = match connect(settings, &Proxy::System, stop) {
        Ok(sides) => sides,
        Err(exit) => return exit,
    };
    let report = pass(settings, &sides, &request(settings, &arguments.scope, None), stop).await;
    let shown = show(&report, output);
    summary::add(&report, output.output);
    match shown {
        Ok(()) => report.exit,
        Err(exit) => report.exit.or(exit),
    }
}

/// Both sides of the settings; what keeps them from being used is told.
pub(super) fn connect(settings: &Settings, proxy: &Proxy, stop: &Stop) -> Result<Sides, Exit> {
    Sides::connect(settings, proxy, &stop.first).map_err(|failure| refused(&failure))
}

/// The settings and both sides; what keeps them from being used is told.
pub(super) fn prepare(
    arguments: &SyncArguments,
    output: &OutputArguments,
    stop: &Stop,
) -> Result<(Settings, Sides), Exit> {
    let settings = settings::resolve(arguments, output)?;
    let sides = connect(&settings, &Proxy::System, stop)?;
    Ok((settings, sides))
}

/// Runs one pass. The faults of a mapping are shown; everything else is in the report.
pub(super) async fn pass(settings: &Settings, sides: &Sides, request: &Request, stop: &Stop) -> Report {
    let run = Box::pin(sync::run(settings, sides, request, &stop.first, || stop.signal()));
    let report = match settings.logging.level {
        // So many lines are told that a further one would only flicker between them.
        LogLevel::Debug => run.await,
        _ => progress::beside(&request.watch, run).await,
    };
    faults::tell(&report.faults);
    report
}

/// What the arguments and the settings ask of a pass.
pub(super) fn request(
    settings: &Settings,
    arguments: &ScopeArguments,
    schedule: Option<Schedule>,
) -> Request {
    Request {
        mode: Mode::Apply,
        beside: Beside::Nothing,
        keep: Keep::Samples,
        save: None,
        only: arguments.only.iter().copied().collect::<BTreeSet<_>>(),
        limit: arguments.limit,
        deletion: if arguments.no_delete { Permission::Never } else { Permission::Guarded },
        environment: environment(settings),
        schedule,
        interlock: Interlock::default(),
        lines: settings.disclosure.logs.then(telemetry::lines),
        changed_since: None,
        shown: Shown::InCatalog,
        watch: Watch::default(),
    }
}

/// What expressions see of the process, and what one evaluation may use.
pub(super) fn environment(settings: &Settings) -> Environment {
    let variables = std::env::vars_os();
    let unicode =
        variables.filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)));
    let visible: Environment = settings.visible_environment(&unicode.collect()).into_iter().collect();
    visible.with_limits(limits(settings.expressions))
}

/// What one evaluation may use: the engine's own limits where nothing is set.
fn limits(settings: ExpressionSettings) -> Limits {
    let ExpressionSettings { steps, time, made_bytes, output_bytes } = settings;
    let ours = Limits::default();
    Limits {
        steps: steps.unwrap_or(ours.steps),
        time: time.unwrap_or(ours.time),
        made_bytes: made_bytes.unwrap_or(ours.made_bytes),
        output_bytes: output_bytes.unwrap_or(ours.output_bytes),
    }
}
