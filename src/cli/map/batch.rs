//! `map eval --batch`: JSON lines in, an answer each, in order.

use std::borrow::Cow;
use std::collections::HashMap;
use std::io::{BufRead, Read as _};

use serde::{Deserialize, Serialize};

use crate::jq::{CompileFault, Environment, Program};
use crate::report::Exit;

use super::super::terminal::{self, Lines};
use super::eval::{self, Nothing};
use super::input::Input;

/// A line longer than this holds no case; it is passed over without being kept.
const MAX_LINE_BYTES: u64 = 64 << 20;

/// So many compiled programs are kept; then they are forgotten together, which costs one more compilation each.
const MAX_PROGRAMS: usize = 1_024;

/// So many malformed lines are told one by one: whoever sends more knows by then.
const MAX_TOLD: u64 = 10;

#[derive(Deserialize)]
#[serde(expecting = "an object with the texts `expression` and `input`")]
struct Case<'l> {
    #[serde(borrow)]
    expression: Cow<'l, str>,
    /// JSON text.
    #[serde(borrow)]
    input: Cow<'l, str>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Answer {
    /// JSON text.
    Output {
        output: String,
    },
    Nothing {
        error: String,
        phase: &'static str,
    },
}

impl From<Nothing> for Answer {
    fn from(nothing: Nothing) -> Self {
        Self::Nothing { error: nothing.reason(), phase: nothing.phase() }
    }
}

/// Answers every line. What is wrong with a line is its answer; only an input that cannot be read ends it early.
pub(super) fn run(mut input: Input<'_>, environment: &Environment) -> Result<Exit, Exit> {
    let mut evaluator = Evaluator { programs: HashMap::new(), environment };
    let mut out = Lines::new();
    let mut line = Vec::new();
    let (mut number, mut malformed) = (0_u64, 0_u64);
    loop {
        let size = next_line(&mut input.reader, &mut line).map_err(|error| {
            let unsent = out.flush();
            unsent.err().unwrap_or_else(|| input.unreadable(&error))
        })?;
        let Some(size) = size else { break };
        number += 1;
        let answer = match size {
            Size::Kept => case(&line).map(|case| evaluator.answer(&case)),
            Size::TooLong => Err(format!("it is longer than {MAX_LINE_BYTES} bytes")),
        };
        let answer = answer.unwrap_or_else(|reason| {
            malformed += 1;
            if malformed <= MAX_TOLD {
                terminal::talk(&format!("{}: line {number} is no case: {reason}", input.name));
            }
            // Nothing of it came as far as being compiled.
            Answer::Nothing { error: format!("line {number} is no case: {reason}"), phase: "compile" }
        });
        let text = serde_json::to_string(&answer).expect("an answer is texts, which have a JSON form");
        out.line(in_one_line(&text).as_bytes())?;
        // A partner who waits for its answer has sent nothing more.
        if !input.reader.buffer().contains(&b'\n') {
            out.flush()?;
        }
    }
    out.flush()?;
    if malformed > MAX_TOLD {
        terminal::talk(&format!("{}: {malformed} lines are no cases", input.name));
    }
    Ok(Exit::Done)
}

/// The same JSON without the three characters at which some readers of lines end one, such as Python's `splitlines`.
fn in_one_line(json: &str) -> Cow<'_, str> {
    const ENDS: [(char, &str); 3] = [('\u{85}', "\\u0085"), ('\u{2028}', "\\u2028"), ('\u{2029}', "\\u2029")];
    if !json.contains(ENDS.map(|(char, _)| char)) {
        return Cow::Borrowed(json);
    }
    Cow::Owned(ENDS.iter().fold(json.to_owned(), |json, (char, escape)| json.replace(*char, escape)))
}

fn case(line: &[u8]) -> Result<Case<'_>, String> {
    serde_json::from_slice(line.trim_ascii()).map_err(|error| {
        let words = error.to_string();
        words.split(" at line ").next().unwrap_or(&words).to_owned()
    })
}

/// Evaluates cases; a program is compiled once however many cases it stands in.
struct Evaluator<'e> {
    programs: HashMap<String, Result<Program, Vec<CompileFault>>>,
    environment: &'e Environment,
}

impl Evaluator<'_> {
    fn answer(&mut self, case: &Case<'_>) -> Answer {
        let Case { expression, input } = case;
        match self.output(expression, input) {
            Ok(output) => Answer::Output { output },
            Err(nothing) => nothing.into(),
        }
    }

    fn output(&mut self, expression: &str, input: &str) -> Result<String, Nothing> {
        if self.programs.len() >= MAX_PROGRAMS && !self.programs.contains_key(expression) {
            self.programs.clear();
        }
        let compiled =
            self.programs.entry(expression.to_owned()).or_insert_with(|| eval::compile(expression));
        let program = compiled.as_ref().map_err(|faults| Nothing::Compile(faults.clone()))?;
        let input = eval::read(input.as_bytes()).map_err(|error| Nothing::Run(error.to_string()))?;
        Ok(eval::first(program, &input, self.environment)?.to_string())
    }
}

/// Whether a line came whole.
enum Size {
    Kept,
    TooLong,
}

/// Reads the next line into `line`; none at the end of the input.
fn next_line(reader: &mut impl BufRead, line: &mut Vec<u8>) -> std::io::Result<Option<Size>> {
    line.clear();
    reader.by_ref().take(MAX_LINE_BYTES).read_until(b'\n', line)?;
    if line.is_empty() {
        return Ok(None);
    }
    if line.last() == Some(&b'\n') || (line.len() as u64) < MAX_LINE_BYTES {
        return Ok(Some(Size::Kept));
    }
    line.clear();
    reader.skip_until(b'\n')?;
    Ok(Some(Size::TooLong))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(evaluator: &mut Evaluator<'_>, line: &str) -> String {
        let answer = evaluator.answer(&case(line.as_bytes()).expect("a case"));
        serde_json::to_string(&answer).expect("an answer is JSON")
    }

    #[test]
    fn programs_are_kept_up_to_a_bound() {
        let environment = Environment::default();
        let mut evaluator = Evaluator { programs: HashMap::new(), environment: &environment };
        for number in 0..MAX_PROGRAMS * 2 {
            let line =
                format!(r#"{{"expression": ".a + {number}", "input": "{{\"a\": 1.50}}", "set": [1]}}"#);
            let sum = serde_json::json!({ "output": format!("{}.5", number + 1) });
            assert_eq!(answer(&mut evaluator, &line), sum.to_string());
        }
        assert!(evaluator.programs.len() <= MAX_PROGRAMS);
    }

    #[test]
    fn an_answer_is_one_line_whoever_splits_it() {
        assert_eq!(
            in_one_line("{\"output\":\"\\\"a\u{2028}b\u{85}\u{2029}\\\"\"}"),
            r#"{"output":"\"a\u2028b\u0085\u2029\""}"#
        );
        assert_eq!(in_one_line("{\"output\":\"\\\"ä\\\"\"}"), "{\"output\":\"\\\"ä\\\"\"}");
    }

    #[test]
    fn lines_are_told_apart_whatever_is_between_them() {
        let mut reader = std::io::BufReader::with_capacity(4, &b"a\n\nbcdefg\r\nh"[..]);
        let mut line = Vec::new();
        let mut lines = Vec::new();
        while let Some(Size::Kept) = next_line(&mut reader, &mut line).expect("memory can be read") {
            lines.push(String::from_utf8_lossy(&line).into_owned());
        }
        assert_eq!(lines, ["a\n", "\n", "bcdefg\r\n", "h"]);
    }
}
