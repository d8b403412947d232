//! The command line: clap types and nothing else.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::builder::{BoolishValueParser, PossibleValue, PossibleValuesParser, TypedValueParser};
use clap::{Args, Parser, Subcommand, ValueEnum};

use super::init::InitArguments;
use super::map::MapArguments;
use crate::config::Preset;
use crate::model::Kind;

/// Carries an Opsgenie account into a Port-compatible catalog.
///
/// Without a command it reads its settings (`OCEAN__…` variables, `.env`, `config.yaml`) and acts as the configured
/// event listener says: `ONCE` runs one pass and exits, `POLLING` (the default) keeps running.
#[derive(Debug, Parser)]
#[command(name = "ocean-opsgenie", version, max_term_width = 100, after_help = AFTER_HELP)]
pub(super) struct Arguments {
    #[command(subcommand)]
    pub(super) command: Option<Command>,
    #[command(flatten)]
    pub(super) output: OutputArguments,
    #[command(flatten)]
    pub(super) source: RecordingArguments,
}

const AFTER_HELP: &str = "\
Exit codes: 0 done · 1 unexpected · 2 usage, configuration or mapping · 3 authentication or permission · \
4 source incomplete · 5 the catalog refused some entities · 6 a deletion guard tripped · \
7 a test or comparison that was asked for failed · 10 `plan --exit-code` found something to do · 75 a side was unavailable, try later · 130/143 stopped by a signal.

Try it without any account: ocean-opsgenie sandbox";

/// Where the account is read from.
#[derive(Clone, Debug, Default, Args)]
pub(super) struct RecordingArguments {
    /// Reads the account from this folder, which `record` has written, instead of asking Opsgenie.
    #[arg(long, value_name = "DIR")]
    pub(super) source: Option<PathBuf>,
}

/// How results are shown.
#[derive(Clone, Debug, Args)]
pub(super) struct OutputArguments {
    /// Form of the report, or of faults, on standard output.
    #[arg(long, global = true, value_enum, default_value_t = Form::Text)]
    pub(super) output: Form,
    /// Writes the report as JSON to this file, too.
    #[arg(long, global = true, value_name = "FILE")]
    pub(super) report: Option<PathBuf>,
    /// How much is told on standard error: debug, info, warning or error.
    #[arg(short = 'l', long, global = true, value_name = "LEVEL")]
    pub(super) log_level: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Form {
    /// For people.
    Text,
    /// For programs: one line.
    Json,
}

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Writes an installation to begin with into a folder: settings, mapping, blueprints, a recipe. Overwrites nothing.
    Init(InitArguments),
    /// Runs one pass, or the configured listener with --listen.
    #[command(alias = "sail")]
    Sync(SyncArguments),
    /// Serves until stopped: passes by the clock and on request, live events by webhook, health and metrics.
    Serve(SyncArguments),
    /// The live events that wait or have failed, as the service keeps them.
    Events(EventsArguments),
    /// Shows what a pass would do, and writes nothing.
    Plan(PlanArguments),
    /// Applies a plan that was saved with `plan --out`, exactly, or refuses it whole.
    Apply(ApplyArguments),
    /// Puts back what a run deleted; without RUN, lists the runs that deleted something.
    Undo(UndoArguments),
    /// What the first start gave the catalog.
    Defaults {
        #[command(subcommand)]
        command: DefaultsCommand,
    },
    /// Prints records of the source as JSON lines, in the shape that mappings see.
    Get(GetArguments),
    /// Writes a whole account into a folder, without keys and phone numbers, for --source.
    Record(RecordArguments),
    /// For the person who writes mappings: entities, tests, explanations, expressions.
    Map(MapArguments),
    /// Looks at both sides and at everything else a run stands on, and says what to do; writes nothing.
    Doctor,
    /// Checks settings, resources and mapping without the network.
    Validate(ValidateArguments),
    /// The settings: every one with its value, credentials masked.
    Config {
        #[command(subcommand)]
        command: ConfigCommand,
    },
    /// Runs a pass between an Opsgenie account and a catalog inside the program.
    Sandbox(SandboxArguments),
    /// Asks the service on this machine how it is: 0 when it is well. For images that hold no other program.
    Healthcheck(HealthcheckArguments),
    /// Prints a JSON Schema, for editors and programs.
    Schema(SchemaArguments),
    /// Prints what a shell needs to complete commands and flags.
    Completions(CompletionsArguments),
    /// Prints the manual page.
    Man(ManArguments),
    /// Prints the version.
    Version {
        /// Only the number.
        #[arg(short = 's', long)]
        short: bool,
    },
}

#[derive(Clone, Debug, Default, Args)]
pub(super) struct SyncArguments {
    /// For the sake of scripts that say `ocean sail PATH`.
    #[arg(value_name = "PATH", hide = true, value_parser = working_directory)]
    pub(super) path: Option<PathBuf>,
    /// Acts as the configured event listener says, instead of running one pass.
    #[arg(long, conflicts_with = "once")]
    pub(super) listen: bool,
    /// Runs one pass; the default here, accepted as in `ocean sail --once`.
    #[arg(short = 'O', long)]
    pub(super) once: bool,
    #[command(flatten)]
    pub(super) scope: ScopeArguments,
    /// Creates missing blueprints and the mapping at the first start.
    #[arg(short = 'i', long, value_name = "BOOL", num_args = 0..=1, default_missing_value = "true")]
    #[arg(value_parser = BoolishValueParser::new())]
    pub(super) initialize_port_resources: Option<bool>,
    /// TCP port of our own HTTP server, when there is one.
    #[arg(short = 'p', long, value_name = "PORT")]
    pub(super) port: Option<u16>,
}

/// How much of an account a pass takes.
#[derive(Clone, Debug, Default, Args)]
pub(super) struct ScopeArguments {
    /// Only these kinds; nothing is deleted for the others.
    #[arg(long, value_name = "KIND", num_args = 1.., value_delimiter = ',', value_parser = kinds())]
    pub(super) only: Vec<Kind>,
    /// At most this many records of each kind; nothing is deleted.
    #[arg(long, value_name = "N")]
    pub(super) limit: Option<u64>,
    /// Deletes nothing.
    #[arg(long)]
    pub(super) no_delete: bool,
    #[command(flatten)]
    pub(super) recording: RecordingArguments,
}

#[derive(Clone, Debug, Args)]
pub(super) struct EventsArguments {
    #[command(subcommand)]
    pub(super) command: EventsCommand,
}

#[derive(Clone, Debug, Subcommand)]
pub(super) enum EventsCommand {
    /// Shows them, in the order in which they came.
    List,
    /// Lets what has failed be tried again: all of it, or the events of these alerts.
    Retry {
        /// Ids of alerts.
        #[arg(value_name = "ALERT")]
        alerts: Vec<String>,
    },
    /// Forgets what has failed: all of it, or the events of these alerts.
    Clear {
        /// Ids of alerts.
        #[arg(value_name = "ALERT")]
        alerts: Vec<String>,
    },
}

#[derive(Clone, Debug, Subcommand)]
pub(super) enum DefaultsCommand {
    /// Deletes the default blueprints. When one of them has entities nothing is deleted, unless --force says so.
    Clean(CleanArguments),
}

#[derive(Clone, Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "flags of the command line, resolved to enums at once")]
pub(super) struct CleanArguments {
    /// For the sake of scripts that say `ocean defaults clean PATH`.
    #[arg(value_name = "PATH", hide = true, value_parser = working_directory)]
    pub(super) path: Option<PathBuf>,
    /// Deletes their entities, too, where this installation alone wrote them. Nothing brings them back.
    #[arg(short = 'f', long)]
    pub(super) force: bool,
    /// With --force: also where others wrote entities.
    #[arg(short = 'y', long, requires = "force")]
    pub(super) yes: bool,
    /// Deletes the integration, too, and the mapping with it, once the blueprints are gone.
    #[arg(short = 'd', long)]
    pub(super) destroy: bool,
    /// Waits until the catalog has deleted the entities.
    #[arg(short = 'w', long)]
    pub(super) wait: bool,
}

#[derive(Clone, Debug, Subcommand)]
pub(super) enum ConfigCommand {
    /// Shows every setting; credentials may be missing.
    Show {
        /// Also where each value came from.
        #[arg(long)]
        origin: bool,
    },
}

#[derive(Clone, Debug, Args)]
pub(super) struct SchemaArguments {
    /// Of what.
    #[arg(value_name = "WHICH", value_enum)]
    pub(super) which: SchemaName,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum SchemaName {
    /// The file of settings, `config.yaml`.
    Config,
    /// A mapping.
    Mapping,
    /// The report of a pass or a plan, as JSON.
    Report,
}

#[derive(Clone, Debug, Args)]
pub(super) struct CompletionsArguments {
    /// Which shell.
    #[arg(value_name = "SHELL")]
    pub(super) shell: clap_complete::Shell,
}

#[derive(Clone, Debug, Args)]
pub(super) struct ManArguments {
    /// Writes a page for the program and one for each command into this folder, instead.
    #[arg(long, value_name = "DIR")]
    pub(super) out: Option<PathBuf>,
}

#[derive(Clone, Debug, Args)]
pub(super) struct PlanArguments {
    #[command(flatten)]
    pub(super) scope: ScopeArguments,
    /// Shows every entity, with old and new values of the fields that differ, instead of samples.
    #[arg(long)]
    pub(super) detail: bool,
    /// Ends with 10 when there is something to do.
    #[arg(long)]
    pub(super) exit_code: bool,
    /// Explains how this differs from what Port's own integration wrote; ends with 7 when something is unexplained.
    #[arg(long)]
    pub(super) against_peer: bool,
    /// Saves the plan in this file, for `apply`.
    #[arg(long, value_name = "FILE")]
    pub(super) out: Option<PathBuf>,
}

#[derive(Clone, Debug, Args)]
pub(super) struct ApplyArguments {
    /// The plan.
    #[arg(value_name = "FILE")]
    pub(super) file: PathBuf,
    /// Deletes nothing of what the plan would.
    #[arg(long)]
    pub(super) no_delete: bool,
}

#[derive(Clone, Debug, Args)]
pub(super) struct UndoArguments {
    /// The run, by the id that its report shows. Needs `OCEAN__STATE_DIR`, as the run did.
    #[arg(value_name = "RUN")]
    pub(super) run: Option<String>,
}

#[derive(Clone, Debug, Args)]
pub(super) struct ValidateArguments {
    /// Only this mapping, YAML or JSON by its name; no credentials are needed.
    #[arg(long, value_name = "FILE")]
    pub(super) mapping: Option<PathBuf>,
}

#[derive(Clone, Debug, Args)]
pub(super) struct GetArguments {
    /// Which records.
    #[arg(value_name = "KIND", value_parser = kinds())]
    pub(super) kind: Kind,
    /// Joins everything that a mapping may read: `__team`, `__oncalls` and so on, details of alerts (a call each),
    /// rotations of schedules.
    #[arg(long)]
    pub(super) enrich: bool,
    /// At most this many.
    #[arg(long, value_name = "N")]
    pub(super) limit: Option<u64>,
    /// Only what this text in Opsgenie's search language finds: `status:open AND priority:P1`.
    #[arg(long, value_name = "QUERY")]
    pub(super) query: Option<String>,
    #[command(flatten)]
    pub(super) recording: RecordingArguments,
}

#[derive(Clone, Debug, Args)]
pub(super) struct RecordArguments {
    /// A folder that is not there yet, or an empty one.
    #[arg(value_name = "DIR")]
    pub(super) folder: PathBuf,
    /// Reads every alert whole, too (a call each), for mappings with `includeDetails: true`.
    #[arg(long)]
    pub(super) details: bool,
    /// Replaces names and mail addresses of persons; the same person has the same pseudonym everywhere in the recording.
    #[arg(long)]
    pub(super) pseudonyms: bool,
}

#[derive(Clone, Debug, Args)]
pub(super) struct HealthcheckArguments {
    /// Asks only whether the process answers, not whether it is ready.
    #[arg(long)]
    pub(super) live: bool,
}

#[derive(Clone, Debug, Args)]
pub(super) struct SandboxArguments {
    /// Keeps both sides running until stopped, and says how to point a run of your own at them.
    #[arg(long)]
    pub(super) keep: bool,
    /// Keeps the catalog in this file, so that a second run finds what the first one wrote.
    #[arg(long, value_name = "FILE")]
    pub(super) catalog: Option<PathBuf>,
    /// The resources to install: three kinds with lookups, or all seven.
    #[arg(long, value_enum, default_value_t = PresetName::Classic)]
    pub(super) preset: PresetName,
    /// A made-up account with this many alerts, instead of the small believable one.
    #[arg(long, value_name = "N")]
    pub(super) alerts: Option<u32>,
    /// Incidents of the made-up account.
    #[arg(long, value_name = "N", requires = "alerts", default_value_t = 0)]
    pub(super) incidents: u32,
    /// Services of the made-up account.
    #[arg(long, value_name = "N", requires = "alerts", default_value_t = 0)]
    pub(super) services: u32,
    /// Users of the made-up account.
    #[arg(long, value_name = "N", requires = "alerts", default_value_t = 0)]
    pub(super) users: u32,
    /// Teams of the made-up account.
    #[arg(long, value_name = "N", requires = "alerts", default_value_t = 0)]
    pub(super) teams: u32,
    /// Where the Opsgenie side listens; port 0 takes a free one.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:0")]
    pub(super) opsgenie_address: SocketAddr,
    /// Where the catalog listens; port 0 takes a free one.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:0")]
    pub(super) catalog_address: SocketAddr,
    /// Serves both sides without running a pass.
    #[arg(long, requires = "keep")]
    pub(super) no_pass: bool,
}

/// Kinds that can be listed, by their names, so that a name that is nearly right is answered with the right one.
pub(super) fn kinds() -> impl TypedValueParser<Value = Kind> {
    named(&Kind::LISTED)
}

/// Kinds that a mapping may name.
pub(super) fn mapped_kinds() -> impl TypedValueParser<Value = Kind> {
    named(&Kind::ALL)
}

fn named(kinds: &[Kind]) -> impl TypedValueParser<Value = Kind> + use<> {
    let value = |kind: &Kind| {
        let aliases = Kind::ALIASES.into_iter().filter(|(_, known)| known == kind);
        PossibleValue::new(kind.name()).aliases(aliases.map(|(name, _)| name))
    };
    let values: Vec<PossibleValue> = kinds.iter().map(value).collect();
    PossibleValuesParser::new(values).try_map(|name| name.parse::<Kind>())
}

/// A folder that is the working directory: settings and resources are looked for nowhere else.
fn working_directory(text: &str) -> Result<PathBuf, String> {
    let folder = PathBuf::from(text);
    let here = std::env::current_dir().and_then(|here| here.canonicalize());
    if matches!((folder.canonicalize(), here), (Ok(folder), Ok(here)) if folder == here) {
        return Ok(folder);
    }
    let what_to_do = match text.parse::<Kind>() {
        Ok(kind) => format!("for one kind say `--only {kind}`"),
        Err(_) => "change to it, and leave it out here".to_owned(),
    };
    Err(format!("settings and resources are read from the working directory only; {what_to_do}"))
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum PresetName {
    /// Service, alert and incident, with lookups.
    Classic,
    /// All seven kinds.
    Full,
}

impl From<PresetName> for Preset {
    fn from(name: PresetName) -> Self {
        match name {
            PresetName::Classic => Self::Classic,
            PresetName::Full => Self::Full,
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_definition_is_sound() {
        Arguments::command().debug_assert();
    }
}
