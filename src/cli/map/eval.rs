//! `map eval`: the first output of one expression, or why there is none.

use std::ops::Range;

use crate::config::{Diagnostic, Place, Severity};
use crate::jq::{CompileFault, Environment, Program, RunError, quote_rewrite};
use crate::report::Exit;
use crate::value::Value;

use super::super::arguments::OutputArguments;
use super::super::faults::refuse;
use super::super::terminal;
use super::arguments::EvalArguments;
use super::batch;
use super::input::Input;

/// How deep an input may nest: what reads it may recurse.
const MAX_INPUT_DEPTH: usize = 1_000;

/// Why an expression gives nothing for an input.
pub(super) enum Nothing {
    /// It is no expression.
    Compile(Vec<CompileFault>),
    /// It failed, or the input is none.
    Run(String),
    /// It has no output.
    Empty,
}

impl Nothing {
    /// The phase in which it came to nothing.
    pub(super) fn phase(&self) -> &'static str {
        match self {
            Self::Compile(_) => "compile",
            Self::Run(_) => "run",
            Self::Empty => "empty",
        }
    }

    /// Why, in jq's words where it has some.
    pub(super) fn reason(&self) -> String {
        match self {
            Self::Compile(faults) => {
                let messages: Vec<_> = faults.iter().map(|fault| fault.message.as_str()).collect();
                messages.join("; ")
            }
            Self::Run(message) => message.clone(),
            Self::Empty => "the expression has no output".to_owned(),
        }
    }
}

impl From<RunError> for Nothing {
    fn from(error: RunError) -> Self {
        Self::Run(error.to_string())
    }
}

/// Compiles an expression as one of a mapping.
pub(super) fn compile(expression: &str) -> Result<Program, Vec<CompileFault>> {
    Program::compile(&quote_rewrite(expression))
}

/// The first output for an input.
pub(super) fn first(program: &Program, input: &Value, environment: &Environment) -> Result<Value, Nothing> {
    program.first(input, environment)?.ok_or(Nothing::Empty)
}

/// Reads the text of an input as jq does.
pub(super) fn read(text: &[u8]) -> Result<Value, crate::value::ParseError> {
    Value::parse_like_jq(text, MAX_INPUT_DEPTH)
}

/// Evaluates one expression, or a batch of them.
pub(super) fn run(
    arguments: &EvalArguments,
    environment: &Environment,
    output: &OutputArguments,
) -> Result<Exit, Exit> {
    let mut input = Input::open(&arguments.input, output)?;
    let Some(expression) = &arguments.expression else { return batch::run(input, environment) };
    let program =
        compile(expression).map_err(|faults| refused(expression, &Nothing::Compile(faults), output))?;
    let text = input.bytes()?;
    let value = read(&text).map_err(|error| input.not_json(&text, &error))?;
    match first(&program, &value, environment) {
        Ok(value) => terminal::data(&value.to_string()).map(|()| Exit::Done),
        Err(nothing) => Err(refused(expression, &nothing, output)),
    }
}

/// Says why there is no output, with a caret where that has a place in the expression.
fn refused(expression: &str, nothing: &Nothing, output: &OutputArguments) -> Exit {
    // A shell may hand over the end of the last line: what is missing there is missing before it.
    let source = expression.trim_end();
    let fault = |message: &str, span: Range<usize>| Diagnostic {
        severity: Severity::Error,
        message: format!("{}: {message}", nothing.phase()),
        place: Place::in_text("expression", source, span.start.min(source.len())..span.end.min(source.len())),
        hint: None,
    };
    let faults: Vec<_> = match nothing {
        Nothing::Compile(faults) => {
            faults.iter().map(|known| fault(&known.message, known.span.clone())).collect()
        }
        Nothing::Run(_) | Nothing::Empty => vec![fault(&nothing.reason(), 0..source.len())],
    };
    refuse(&faults, output)
}
