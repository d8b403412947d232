//! The command line of `map`: clap types and nothing else.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::super::arguments::{RecordingArguments, mapped_kinds};
use crate::model::Kind;

#[derive(Debug, Args)]
pub(in crate::cli) struct MapArguments {
    #[command(subcommand)]
    pub(super) command: MapCommand,
}

#[derive(Debug, Subcommand)]
pub(super) enum MapCommand {
    /// Prints the entities that records become, as JSON lines.
    Run(RecordArguments),
    /// Runs the cases of a file: records, and what is expected to become of them.
    Test(TestArguments),
    /// Shows what each expression gives for a record, and where a null began.
    Explain(ExplainArguments),
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

/// Which mapping is tried.
#[derive(Clone, Debug, Args)]
pub(super) struct MappingArguments {
    /// The mapping, as YAML or JSON; without it the one that the catalog holds, by the settings of `sync`.
    #[arg(long, value_name = "FILE")]
    pub(super) mapping: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(super) struct RecordArguments {
    /// The kind of the records.
    #[arg(long, value_name = "KIND", value_parser = mapped_kinds())]
    pub(super) kind: Kind,
    /// A record, a list of records or JSON lines, with the joined fields that the mapping reads; `-` is standard input.
    #[arg(long, value_name = "FILE", required_unless_present = "source", conflicts_with = "source")]
    pub(super) input: Option<PathBuf>,
    #[command(flatten)]
    pub(super) recording: RecordingArguments,
    #[command(flatten)]
    pub(super) mapping: MappingArguments,
}

#[derive(Debug, Args)]
pub(super) struct ExplainArguments {
    #[command(flatten)]
    pub(super) records: RecordArguments,
    /// Only this field, such as `title` or `properties.url`.
    #[arg(long, value_name = "FIELD")]
    pub(super) field: Option<String>,
}

#[derive(Debug, Args)]
pub(super) struct TestArguments {
    /// The cases, as YAML or JSON.
    #[arg(value_name = "FILE")]
    pub(super) cases: PathBuf,
    #[command(flatten)]
    pub(super) mapping: MappingArguments,
}
