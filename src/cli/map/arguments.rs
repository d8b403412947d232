//! The command line of `map`: clap types and nothing else.

use std::path::PathBuf;

use clap::{Args, Subcommand};

#[derive(Debug, Args)]
pub(in crate::cli) struct MapArguments {
    #[command(subcommand)]
    pub(super) command: MapCommand,
}

#[derive(Debug, Subcommand)]
pub(super) enum MapCommand {
    /// Prints the first output of an expression.
    Eval(EvalArguments),
}

#[derive(Debug, Args)]
pub(super) struct EvalArguments {
    /// The expression, as it stands in a mapping.
    #[arg(
        value_name = "EXPR",
        allow_hyphen_values = true,
        required_unless_present = "batch",
        conflicts_with = "batch"
    )]
    pub(super) expression: Option<String>,
    /// Answers JSON lines `{"expression", "input"}` (input as JSON text) with `{"output"}` (JSON text) or `{"error",
    /// "phase"}`, one each, in order; a phase is compile, run or empty.
    #[arg(long)]
    pub(super) batch: bool,
    /// The JSON to evaluate it on, or the lines; `-` is standard input.
    #[arg(long, value_name = "FILE", default_value = "-")]
    pub(super) input: PathBuf,
}
