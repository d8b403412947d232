//! `doctor`: everything that a run stands on, looked at, with what to do about what is amiss. Nothing is written to
//! either side.

use std::path::Path;

use jiff::Timestamp;
use jiff::civil::{Date, date};
use jiff::tz::TimeZone;

use crate::config::{Callers, EventListener, Settings, names};
use crate::report::{Cause, Checkup, Exit, Finding, checkup_text};
use crate::serve;
use crate::state::{AtomicFile, StateDir, StateError};
use crate::sync;

use super::arguments::{Form, OutputArguments, SyncArguments};
use super::stop::Stop;
use super::sync::{environment, prepare};
use super::{faults, terminal};

/// The day until which the REST API answers.
/// <https://support.atlassian.com/opsgenie/docs/what-happens-when-opsgenie-is-turned-off>
const END_OF_OPSGENIE: Date = date(2027, 4, 5);

/// So many days before its end it is time to move.
const SOON: i32 = 180;

/// Looks at everything and tells it.
pub(super) async fn run(output: &OutputArguments, stop: &Stop) -> Exit {
    let (settings, sides) = match prepare(&SyncArguments::default(), output, stop) {
        Ok(prepared) => prepared,
        Err(exit) => return exit,
    };
    let mut findings = vec![given(&settings)];
    findings.extend(settings.state_dir.as_deref().map(state_dir));
    if settings.listener != EventListener::Once {
        findings.push(port(settings.server.port).await);
        findings.push(webhook(&settings));
    }
    findings.push(end_of_opsgenie(Timestamp::now().to_zoned(TimeZone::UTC).date()));
    findings.extend(sync::check_up(&settings, &sides, environment(&settings), &stop.first).await);
    if let Some(signal) = stop.signal() {
        return Cause::Stopped(signal).exit();
    }
    let checkup = Checkup::of(findings);
    let told = match output.output {
        Form::Text => terminal::data(&checkup_text(&checkup, terminal::style())),
        Form::Json => Ok(()),
    };
    let written = faults::written(&checkup, output);
    told.and(written).err().unwrap_or(checkup.exit)
}

fn given(settings: &Settings) -> Finding {
    let given = settings.provenance.iter().count();
    Finding::ok(
        "settings",
        format!("{given} given, the others have their defaults; `config show` lists them"),
    )
}

fn state_dir(path: &Path) -> Finding {
    const ABOUT: &str = "state";
    match writable(path) {
        Ok(()) => Finding::ok(ABOUT, format!("`{}` can be written to", path.display())),
        Err(error) => Finding::fault(ABOUT, Cause::Configuration(error.to_string())),
    }
}

/// A file in it is begun, and given up.
fn writable(path: &Path) -> Result<(), StateError> {
    let state = StateDir::open(path)?;
    AtomicFile::create(&state.path("doctor")).map(drop)
}

async fn port(port: u16) -> Finding {
    match serve::listens(port).await {
        Ok(()) => Finding::ok("port", format!("{port} is free")),
        Err(error) => Finding::warning("port", error.to_string())
            .advising("if the service itself is running on it, nothing has to be done"),
    }
}

fn webhook(settings: &Settings) -> Finding {
    const ABOUT: &str = "webhook";
    let secret = names::WEBHOOK_SECRET.variable();
    match (settings.webhook.callers, settings.webhook.secret.is_empty()) {
        (Callers::WithSecret, false) => Finding::ok(ABOUT, "live events are taken from who knows the secret"),
        (Callers::WithSecret, true) => {
            Finding::warning(ABOUT, "there is no secret, so live events are refused")
                .advising(format!("set {secret}, and the same in Opsgenie's webhook integration"))
        }
        (Callers::Anybody, _) => Finding::warning(ABOUT, "live events are taken from anybody")
            .advising(format!("set {secret} and unset {}", names::WEBHOOK_AUTHENTICATION.variable())),
    }
}

fn end_of_opsgenie(today: Date) -> Finding {
    const ABOUT: &str = "opsgenie";
    let days = (END_OF_OPSGENIE - today).get_days();
    match days {
        ..=0 => Finding::warning(ABOUT, format!("Opsgenie ended on {END_OF_OPSGENIE}")),
        1 => Finding::warning(ABOUT, format!("Opsgenie ends on {END_OF_OPSGENIE}, tomorrow")),
        _ if days < SOON => {
            Finding::warning(ABOUT, format!("Opsgenie ends on {END_OF_OPSGENIE}, in {days} days"))
        }
        _ => return Finding::ok(ABOUT, format!("Opsgenie ends on {END_OF_OPSGENIE}, in {days} days")),
    }
    .advising("plan the move to Jira Service Management or Compass; `record` keeps what the account holds")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_comes_nearer() {
        let tell = |today: Date| {
            let Finding { text, advice, .. } = end_of_opsgenie(today);
            format!("{text}{}", if advice.is_some() { " (!)" } else { "" })
        };
        let days =
            [date(2026, 4, 5), date(2026, 11, 26), date(2027, 4, 4), date(2027, 4, 5), date(2028, 1, 1)];
        insta::assert_snapshot!(days.map(tell).join("\n"), @"
        Opsgenie ends on 2027-04-05, in 365 days
        Opsgenie ends on 2027-04-05, in 130 days (!)
        Opsgenie ends on 2027-04-05, tomorrow (!)
        Opsgenie ended on 2027-04-05 (!)
        Opsgenie ended on 2027-04-05 (!)
        ");
    }
}
