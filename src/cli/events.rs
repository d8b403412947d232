//! `events`: the live events that wait or have failed, as the service keeps them in its state directory.

use std::path::Path;

use crate::config::names;
use crate::report::{Cell, Column, Exit, Style, Table};
use crate::serve::{Kept, Ledger, StoreError};

use super::arguments::{EventsArguments, EventsCommand, Form, OutputArguments};
use super::{settings, terminal, told};

/// Runs `events list`, `events retry` or `events clear`.
pub(super) fn run(arguments: &EventsArguments, output: &OutputArguments) -> Exit {
    let settings = match settings::offline(output) {
        Ok(settings) => settings,
        Err(exit) => return exit,
    };
    let Some(state_dir) = &settings.state_dir else {
        terminal::talk(&format!(
            "error: events are kept in the state directory, and none is set\n  \
             hint: set {} to the one of the service",
            names::STATE_DIR.variable()
        ));
        return Exit::Configuration;
    };
    match perform(&arguments.command, state_dir, output) {
        Ok(exit) => exit,
        Err(error) => {
            terminal::talk(&format!("error: {error}"));
            Exit::Unexpected
        }
    }
}

fn perform(command: &EventsCommand, state_dir: &Path, output: &OutputArguments) -> Result<Exit, StoreError> {
    let ledger = Ledger::open(state_dir)?;
    let changed = |count: usize, what: &str| {
        let events = if count == 1 { "event" } else { "events" };
        terminal::talk(&format!("{count} {events} {what}"));
        Exit::Done
    };
    Ok(match command {
        EventsCommand::List => {
            let kept = ledger.as_ref().map_or_else(|| Ok(Vec::new()), Ledger::list)?;
            told(match output.output {
                Form::Text => terminal::data(table(&kept, terminal::style()).trim_end()),
                Form::Json => lines(&kept),
            })
        }
        EventsCommand::Retry { alerts } => {
            changed(ledger.map_or(Ok(0), |ledger| ledger.retry(alerts))?, "will be tried again")
        }
        EventsCommand::Clear { alerts } => {
            changed(ledger.map_or(Ok(0), |ledger| ledger.clear(alerts))?, "forgotten")
        }
    })
}

fn lines(kept: &[Kept]) -> Result<(), Exit> {
    let json = |kept: &Kept| serde_json::to_string(kept).expect("texts and numbers always serialize");
    kept.iter().try_for_each(|kept| terminal::data(&json(kept)))
}

fn table(kept: &[Kept], style: Style) -> String {
    if kept.is_empty() {
        return "no events wait or have failed".to_owned();
    }
    let texts = ["alert", "action", "state"].map(Column::Text);
    let [alert, action, state] = texts;
    let [tries, accepted, error] =
        [Column::Number("tries"), Column::Text("accepted"), Column::Prose("error")];
    let mut table = Table::new([alert, action, state, tries, accepted, error]);
    for Kept { what: _, alert, action, state, accepted, tries, due: _, error } in kept {
        let second = accepted.get(..19).map_or_else(|| accepted.clone(), |cut| format!("{cut}Z"));
        let [alert, action, error] = [alert, action, error].map(|text| Cell::from(text.as_str()));
        table.row([alert, action, (*state).into(), u64::from(*tries).into(), second.into(), error]);
    }
    table.render(style)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_says_what_happened_to_each() {
        let kept = |alert: &str, state: &'static str, tries: u32, error: &str| Kept {
            what: "alert",
            alert: alert.to_owned(),
            action: "Acknowledge".to_owned(),
            state,
            accepted: "2026-03-01T12:00:00.123Z".to_owned(),
            tries,
            due: None,
            error: error.to_owned(),
        };
        let all = [
            kept("70413a06", "pending", 0, ""),
            kept("b", "failed", 17, "write 1 entities of blueprint `x`: status 503"),
        ];
        insta::assert_snapshot!(table(&all, Style::PLAIN), @r"
        alert     action       state    tries  accepted              error
        70413a06  Acknowledge  pending      0  2026-03-01T12:00:00Z
        b         Acknowledge  failed      17  2026-03-01T12:00:00Z  write 1 entities of blueprint `x`: status 503
        ");
        insta::assert_snapshot!(table(&[], Style::PLAIN), @"no events wait or have failed");
    }
}
