//! `map test`: cases of a mapping, for people and for CI.

use std::path::Path;

use serde::Serialize;

use crate::config::cases::{self, Case, Given};
use crate::config::{Diagnostic, Place, Severity};
use crate::map::Rules;
use crate::map::expect::{Difference, differences};
use crate::model::{Record, RuleId};
use crate::report::{Exit, ExpressionReport};
use crate::sync::expressions;
use crate::value::Value;

use super::super::arguments::{Form, OutputArguments};
use super::super::faults::{refuse, written};
use super::super::terminal;
use super::arguments::TestArguments;
use super::input::{self, Input};
use super::run::{apply, json_of};

/// A case that can be run.
struct Ready {
    case: Case,
    record: Record,
    rules: Vec<RuleId>,
}

/// What came of the cases.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Results {
    exit_code: u8,
    passed: usize,
    failed: usize,
    cases: Vec<Outcome>,
}

/// What came of a case.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Outcome {
    name: String,
    kind: &'static str,
    /// `file:line:column`.
    place: String,
    passed: bool,
    differences: Vec<Deviation>,
    /// Expressions that failed, in the form of the report.
    expressions: Vec<ExpressionReport>,
}

/// A difference as JSON; without a path it is about the record as a whole.
#[derive(Serialize)]
struct Deviation {
    path: Option<String>,
    expected: serde_json::Value,
    actual: serde_json::Value,
}

/// Runs every case. What keeps a case from being run is a fault of the file, not a failed case.
pub(super) fn run(arguments: &TestArguments, rules: &Rules, output: &OutputArguments) -> Result<Exit, Exit> {
    let mut input = Input::open(&arguments.cases, output)?;
    let text = input.text()?;
    let cases = cases::read(&input.name, &text).map_err(|faults| refuse(&faults, output))?;
    let cases = ready(cases, rules).map_err(|faults| refuse(&faults, output))?;
    let outcomes: Vec<Outcome> = cases.into_iter().map(|case| outcome(case, rules)).collect();
    let passed = outcomes.iter().filter(|outcome| outcome.passed).count();
    let failed = outcomes.len() - passed;
    let exit = if failed == 0 { Exit::Done } else { Exit::Mismatch };
    let results = Results { exit_code: exit.code(), passed, failed, cases: outcomes };
    if output.output == Form::Text {
        terminal::data(&shown(&results))?;
    }
    written(&results, output)?;
    Ok(exit)
}

/// The cases with their records; all that cannot be run are told together.
fn ready(cases: Vec<Case>, rules: &Rules) -> Result<Vec<Ready>, Vec<Diagnostic>> {
    let fault = |message, place: &Place| Diagnostic {
        severity: Severity::Error,
        message,
        place: place.clone(),
        hint: None,
    };
    let mut faults = Vec::new();
    let mut ready = Vec::new();
    for case in cases {
        let of_kind: Vec<_> =
            rules.iter().filter(|rule| rule.kind == case.kind).map(|rule| rule.id).collect();
        if of_kind.is_empty() {
            faults.push(fault(
                format!("the mapping has no resource of kind `{}`", case.kind),
                &case.kind_place,
            ));
        }
        let body = match &case.given {
            Given::Inline(body) => Some(body.clone()),
            Given::File(path, place) => read(path).map_err(|message| faults.push(fault(message, place))).ok(),
        };
        ready.extend(body.map(|body| {
            let record = input::named(case.kind, 1, body);
            Ready { case, record, rules: of_kind }
        }));
    }
    if faults.is_empty() { Ok(ready) } else { Err(faults) }
}

/// The record in a file, or why there is none.
fn read(path: &Path) -> Result<Value, String> {
    let name = path.display();
    let bytes = std::fs::read(path).map_err(|error| format!("cannot read `{name}`: {error}"))?;
    let body = Value::parse(&bytes).map_err(|error| format!("`{name}` holds no record: {error}"))?;
    if body.as_object().is_none() {
        return Err(format!("`{name}` holds no record: it is no object"));
    }
    Ok(body)
}

fn outcome(ready: Ready, rules: &Rules) -> Outcome {
    let Ready { case, record, rules: of_kind } = ready;
    let (entities, tally) = apply(rules, &of_kind, &record);
    let entities: Vec<Value> = entities
        .iter()
        .map(|entity| Value::parse(&json_of(entity)).expect("an entity is written as JSON"))
        .collect();
    let differences = differences(&case.expected, &entities, &tally);
    Outcome {
        name: case.name,
        kind: case.kind.name(),
        place: case.place.to_string(),
        passed: differences.is_empty(),
        differences: differences.into_iter().map(Deviation::from).collect(),
        expressions: expressions(rules, &tally),
    }
}

impl From<Difference> for Deviation {
    fn from(difference: Difference) -> Self {
        match difference {
            Difference::Value { path, expected, actual } => {
                Self { path: Some(path), expected: json(expected), actual: json(actual) }
            }
            Difference::Fate { expected, actual } => {
                Self { path: None, expected: expected.into(), actual: actual.into() }
            }
        }
    }
}

fn json(value: Option<Value>) -> serde_json::Value {
    let written = value.unwrap_or_default().to_bytes();
    serde_json::from_slice(&written).expect("a value is written as JSON")
}

/// The cases as a person reads them: those that failed with what is not as expected, and why.
fn shown(results: &Results) -> String {
    let mut lines = Vec::new();
    for outcome in &results.cases {
        if outcome.passed {
            lines.push(format!("ok    {}", outcome.name));
            continue;
        }
        lines.push(format!("FAIL  {} ({})", outcome.name, outcome.place));
        for difference in &outcome.differences {
            lines.push(format!("  {}", difference.path.as_deref().unwrap_or("the record")));
            lines.push(format!("    expected  {}", in_words(difference, &difference.expected)));
            lines.push(format!("    actual    {}", in_words(difference, &difference.actual)));
        }
        for fault in &outcome.expressions {
            lines.push(format!("  resource {} · {} failed: {}", fault.resource, fault.field, fault.message));
            lines.push(format!("    {}", fault.expression.split_whitespace().collect::<Vec<_>>().join(" ")));
        }
    }
    let Results { passed, failed, .. } = results;
    lines.push(format!("{passed} passed, {failed} failed"));
    lines.join("\n")
}

/// A value as JSON, nothing in words; what is about the record as a whole is words already.
fn in_words(difference: &Deviation, value: &serde_json::Value) -> String {
    match (&difference.path, value) {
        (Some(_), serde_json::Value::Null) => "nothing".to_owned(),
        (None, serde_json::Value::String(words)) => words.clone(),
        (_, value) => value.to_string(),
    }
}
