//! The mapping language: jq, as libjq 1.8 evaluates it.
//!
//! [`Program::compile`] once, [`Program::first`] for every record. jaq-core evaluates; the value type, the native
//! filters, the prelude and a rewrite of the parsed program are ours, because jaq differs from jq on purpose in places
//! where mappings notice (see the notes on compatibility in <https://gedenkt.at/jaq/manual/>). Programs that only
//! read, compare and collect are walked without it.
//!
//! Nothing here reads the process environment, a file or the input of the process; a program cannot end the process.

mod arithmetic;
mod calls;
mod collections;
mod direct;
mod engine;
mod environment;
mod index;
mod meter;
mod natives;
mod quote;
mod reach;
mod rewrite;
mod shortcut;
mod single;
mod syntax;
mod text;
mod trail;
mod val;

#[cfg(test)]
mod limits_tests;
#[cfg(test)]
mod program_tests;

use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use crate::value::{Reach, Value};

pub use environment::Environment;
pub use meter::Limits;
pub use quote::quote_rewrite;
pub use trail::{Path, Step, Trail};

/// A compiled program. Clones share the compiled form; it may be used from several threads at once.
#[derive(Clone, Debug)]
pub struct Program(Arc<Compiled>);

#[derive(Debug)]
struct Compiled {
    source: Box<str>,
    form: Form,
    reach: Reach,
}

/// How a program is evaluated.
#[derive(Debug)]
enum Form {
    /// A literal: what it is.
    Constant(Value),
    /// A path from the root: followed directly.
    Path(shortcut::Path),
    /// A term without definitions and variables: walked.
    Direct(engine::Direct),
    /// Anything else.
    Evaluated(engine::Engine),
}

/// Why and where a program is not valid.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CompileFault {
    /// What is wrong, in jq's words where it has some.
    pub message: String,
    /// Bytes of the source that it is about; empty at the end of the source when something is missing there.
    pub span: Range<usize>,
}

/// Why an evaluation gave no value.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RunError {
    /// The program raised an error; the text is jq's.
    #[error("{0}")]
    Raised(String),
    /// The program used up one of its [`Limits`].
    #[error("stopped, because {why}")]
    Stopped {
        /// Which one.
        why: String,
        /// How long it took until then.
        took: Duration,
    },
    /// The evaluator itself failed; a defect worth reporting.
    #[error("the jq engine failed: {0}")]
    Defect(String),
}

impl Program {
    /// Compiles jq source. All faults that were found, in the order of the source.
    pub fn compile(source: &str) -> Result<Self, Vec<CompileFault>> {
        let (form, reach) = engine::compile(source)?;
        Ok(Self(Arc::new(Compiled { source: source.into(), form, reach })))
    }

    /// The source as it was compiled.
    pub fn source(&self) -> &str {
        &self.0.source
    }

    /// The first output for this input; `None` when there is no output.
    pub fn first(&self, input: &Value, environment: &Environment) -> Result<Option<Value>, RunError> {
        match &self.0.form {
            Form::Constant(value) => Ok(Some(value.clone())),
            Form::Path(path) => path.follow(input),
            Form::Direct(direct) => direct.first(input, environment),
            Form::Evaluated(engine) => engine.first(input, environment),
        }
    }

    /// The value, if the program is a literal and gives the same for every input.
    pub fn constant(&self) -> Option<&Value> {
        match &self.0.form {
            Form::Constant(value) => Some(value),
            Form::Path(_) | Form::Direct(_) | Form::Evaluated(_) => None,
        }
    }

    /// The paths that the program reads, and how far each leads in an input: where a null began.
    pub fn trails(&self, input: &Value) -> Vec<Trail> {
        trail::of(self.source(), input)
    }

    /// Which parts of its input the program may read.
    pub fn reach(&self) -> &Reach {
        &self.0.reach
    }
}
