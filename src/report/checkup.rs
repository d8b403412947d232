//! What a look at everything that a pass stands on has found: a line each, with what to do.

use std::fmt::Write as _;

use serde::Serialize;

use super::style::{Style, Tone};
use super::table::{Cell, Column, Table};
use super::text::line;
use super::{Cause, Exit};

/// How something was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Health {
    /// As it should be.
    Ok,
    /// A pass works; somebody should look at it.
    Warning,
    /// A pass ends with the code of the cause.
    Fault,
    /// It was not looked at, or does not matter here.
    Skipped,
}

impl Health {
    /// The word in the text.
    fn name(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warning => "warning",
            Self::Fault => "fault",
            Self::Skipped => "skipped",
        }
    }
}

/// One thing that was looked at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Finding {
    /// What was looked at, in a word or two.
    pub about: &'static str,
    /// How it was found.
    pub health: Health,
    /// What was found.
    pub text: String,
    /// What to do; none where there is nothing to do, or the text says it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub advice: Option<String>,
    /// What it means for the exit code of a pass.
    #[serde(skip)]
    pub cause: Option<Cause>,
}

impl Finding {
    fn new(about: &'static str, health: Health, text: impl Into<String>) -> Self {
        Self { about, health, text: text.into(), advice: None, cause: None }
    }

    /// As it should be.
    pub fn ok(about: &'static str, text: impl Into<String>) -> Self {
        Self::new(about, Health::Ok, text)
    }

    /// Not what keeps a pass from its end.
    pub fn warning(about: &'static str, text: impl Into<String>) -> Self {
        Self::new(about, Health::Warning, text)
    }

    /// What a pass would end with.
    pub fn fault(about: &'static str, cause: Cause) -> Self {
        let text = cause.detail().to_owned();
        Self { cause: Some(cause), ..Self::new(about, Health::Fault, text) }
    }

    /// Not looked at, and why.
    pub fn skipped(about: &'static str, text: impl Into<String>) -> Self {
        Self::new(about, Health::Skipped, text)
    }

    /// The same with what to do.
    #[must_use]
    pub fn advising(self, advice: impl Into<String>) -> Self {
        Self { advice: Some(advice.into()), ..self }
    }
}

/// Everything that was looked at.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Checkup {
    /// The code with which a pass would end, as far as can be told beforehand.
    #[serde(rename = "exitCode", serialize_with = "super::code")]
    pub exit: Exit,
    /// What was found, in the order of a pass.
    pub findings: Vec<Finding>,
}

impl Checkup {
    /// What these findings come to.
    pub fn of(findings: Vec<Finding>) -> Self {
        let causes: Vec<Cause> = findings.iter().filter_map(|finding| finding.cause.clone()).collect();
        Self { exit: Exit::of(&causes), findings }
    }
}

/// Renders it for a person.
pub fn checkup_text(checkup: &Checkup, style: Style) -> String {
    let paint = style.colour;
    let Checkup { exit, findings } = checkup;
    let mut table =
        Table::without_heading([Column::Text("health"), Column::Text("about"), Column::Prose("found")]);
    for Finding { about, health, text, advice, cause: _ } in findings {
        let tone = match health {
            Health::Ok => Tone::Good,
            Health::Warning => Tone::Warning,
            Health::Fault => Tone::Bad,
            Health::Skipped => Tone::Plain,
        };
        let advice = advice.iter().flat_map(|advice| advice.lines()).map(|advice| format!("\n→ {advice}"));
        let found = text.clone() + &advice.collect::<String>();
        table.row([Cell::toned(tone, health.name()), (*about).into(), found.into()]);
    }
    let mut out = table.render(style);
    let count = |health| findings.iter().filter(|finding| finding.health == health).count();
    let verdict = match (count(Health::Fault), count(Health::Warning)) {
        (0, 0) => paint.good("all is well"),
        (0, warnings) => {
            let warnings = super::text::plural(warnings as u64, "warning", "warnings");
            paint.warning(&format!("a pass can run; {warnings}"))
        }
        (faults, _) => {
            let faults = super::text::plural(faults as u64, "fault", "faults");
            paint.bad(&format!("{faults}; a pass would end with exit code {}", exit.code()))
        }
    };
    line!(out, "{verdict}");
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_person_reads_what_to_do() {
        let tell = |findings: &[Finding]| checkup_text(&Checkup::of(findings.to_vec()), Style::PLAIN);
        let ok = Finding::ok("clock", "agrees");
        let warning = Finding::warning("port", "8000 is taken").advising("take another\nor wait");
        let fault = Finding::fault("opsgenie", Cause::Unavailable("no answer".to_owned()));
        let all = [ok.clone(), warning.clone(), fault, Finding::skipped("kinds", "not asked for")];
        let told = [tell(std::slice::from_ref(&ok)), tell(&[ok, warning]), tell(&all)];
        insta::assert_snapshot!(told.join("\n"), @"
        ok  clock  agrees
        all is well

        ok       clock  agrees
        warning  port   8000 is taken
                        → take another
                        → or wait
        a pass can run; 1 warning

        ok       clock     agrees
        warning  port      8000 is taken
                           → take another
                           → or wait
        fault    opsgenie  no answer
        skipped  kinds     not asked for
        1 fault; a pass would end with exit code 75
        ");
    }
}
