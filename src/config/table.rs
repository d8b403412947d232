//! The table of settings: what each may hold, what it is when nobody sets it, and what it means.
//!
//! The reader's checks, the schema of `config.yaml` and the tables of `docs/settings.md` come from here.

use super::names::{self, Setting};
use super::settings::INTEGRATION_TYPE;
use super::words;

/// A setting as the table has it.
#[derive(Clone, Copy, Debug)]
pub struct Row {
    /// Which one.
    pub setting: Setting,
    /// What it may hold.
    pub form: Form,
    /// What it is when nobody sets it.
    pub default: Fallback,
    /// What it means, in Markdown; links count from `docs/`.
    pub meaning: &'static str,
}

/// What a setting may hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// A credential, itself or in a file of its own.
    Secret,
    /// Any text.
    Text,
    /// A text of ASCII letters, digits and some signs.
    Name {
        /// What messages call it.
        expected: &'static str,
        /// The signs.
        signs: &'static str,
    },
    /// An http(s) address without credentials, query and fragment.
    Address,
    /// `true` or `false`, and their other spellings.
    Truth,
    /// A whole number.
    Whole {
        /// What is counted; empty where the name tells.
        unit: &'static str,
        /// The least.
        least: u64,
        /// The most.
        most: u64,
    },
    /// One of a closed set of words.
    Word {
        /// Whether upper and lower case differ.
        case: Case,
        /// The words.
        words: &'static [&'static str],
    },
    /// A whole number and `s`, `m` or `h`.
    Time,
    /// A list of kinds of records.
    Kinds,
}

/// Whether upper and lower case differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Case {
    /// They do.
    Exact,
    /// They do not.
    Any,
}

/// What a setting is when nobody sets it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fallback {
    /// It must be set.
    Required,
    /// Nothing.
    Unset,
    /// This number.
    Number(u64),
    /// This truth.
    Truth(bool),
    /// This text.
    Text(&'static str),
    /// What stands here in words.
    Told(&'static str),
}

pub(super) const CATALOG_URL: &str = "https://api.getport.io";
pub(super) const API_URL: &str = "https://api.opsgenie.com";
pub(super) const IDENTIFIER: &str = "my-opsgenie-integration";
pub(super) const POLL_SECONDS: u64 = 60;
pub(super) const TIMEOUT_SECONDS: u64 = 60;
/// A minute bucket that somebody else emptied may take two of its periods to let us in.
pub(super) const RETRY_SECONDS: u64 = 180;
/// The catalog takes a pass without one for dead after some ten minutes.
pub(super) const HEARTBEAT_SECONDS: u64 = 10;
/// Enough to hide the way there and back, few enough that one refusal does not hit a crowd.
pub(super) const CALLS_IN_FLIGHT: u64 = 8;
pub(super) const HTTP_PORT: u64 = 8000;
pub(super) const WEBHOOK_HEADER: &str = "x-webhook-secret";
/// The catalog takes no more entities in one bulk call.
pub(super) const MAX_UPSERT_LENGTH: u64 = 20;
/// The catalog takes no larger bulk call.
pub(super) const MAX_UPSERT_BYTES: u64 = 1 << 20;
/// The catalog takes no more identifiers in one bulk deletion.
pub(super) const MAX_DELETE_LENGTH: u64 = 100;

/// What one client has on the wire at most.
const MAX_CALLS_IN_FLIGHT: u64 = 32;
/// A day: waits beyond it are slips of the pen.
const MAX_SECONDS: u64 = 24 * 60 * 60;
/// A year in minutes, likewise.
const MAX_MINUTES: u64 = 366 * 24 * 60;
/// An hour at a million steps a second: what takes longer ends by the clock.
const MAX_STEPS: u64 = 3600 * 1_000_000;
/// An hour: what one expression takes longer for is not worth a pass.
const MAX_EXPRESSION_SECONDS: u64 = 60 * 60;
/// What every machine can address.
const MAX_BYTES: u64 = u32::MAX as u64;

/// It stands in paths and in the ownership stamp, between slashes.
const NAME_OF_INSTALLATION: Form =
    Form::Name { expected: "letters, digits and `-_.@:+=`", signs: "-_.@:+=!$&'()*,;[]^|~" };
/// A token of <https://www.rfc-editor.org/rfc/rfc9110#name-tokens>.
const NAME_OF_HEADER: Form = Form::Name { expected: "the name of a header", signs: "!#$%&'*+-.^_`|~" };
/// A day of seconds.
const SECONDS: Form = Form::Whole { unit: "seconds", least: 1, most: MAX_SECONDS };
const BYTES: Form = Form::Whole { unit: "bytes", least: 1, most: MAX_BYTES };
/// What is above the catalog's limit is lowered to it, as in Port's integration.
const SIZE: Form = Form::Whole { unit: "", least: 1, most: u32::MAX as u64 };

/// A word of any case.
const fn any_case(words: &'static [&'static str]) -> Form {
    Form::Word { case: Case::Any, words }
}

/// A word as it is written.
const fn exact(words: &'static [&'static str]) -> Form {
    Form::Word { case: Case::Exact, words }
}

const fn row(setting: Setting, form: Form, default: Fallback, meaning: &'static str) -> Row {
    Row { setting, form, default, meaning }
}

/// Every setting.
pub const ROWS: &[Row] = &[
    row(names::CLIENT_ID, Form::Secret, Fallback::Required, "who we are to the catalog"),
    row(names::CLIENT_SECRET, Form::Secret, Fallback::Required, "the catalog's credential"),
    row(
        names::PORT_BASE_URL,
        Form::Address,
        Fallback::Text(CATALOG_URL),
        "where the catalog is; slashes at the end are cut",
    ),
    row(
        names::CATALOG_TLS_VERIFY,
        Form::Truth,
        Fallback::Truth(true),
        "whether the catalog's certificate is checked; off is a warning",
    ),
    row(
        names::API_TOKEN,
        Form::Secret,
        Fallback::Required,
        "an Opsgenie key with Read and Configuration access",
    ),
    row(
        names::API_URL,
        Form::Address,
        Fallback::Text(API_URL),
        "where Opsgenie is; EU: `https://api.eu.opsgenie.com`",
    ),
    row(
        names::SOURCE_TLS_VERIFY,
        Form::Truth,
        Fallback::Truth(true),
        "whether Opsgenie's certificate is checked; off is a warning",
    ),
    row(
        names::CALLS_IN_FLIGHT,
        Form::Whole { unit: "calls", least: 1, most: MAX_CALLS_IN_FLIGHT },
        Fallback::Number(CALLS_IN_FLIGHT),
        "calls at once within each of the domains that Opsgenie counts apart: search, incident, \
         configuration, schedule-oncalls, alert. How fast they follow each other is found out, from the \
         account's own limits where it states them",
    ),
    row(
        names::SCHEDULES_OF_ONE_TEAM,
        any_case(&words::names_of(&words::SCHEDULES)),
        Fallback::Text("merge"),
        "what becomes of several records of kind `schedule-oncall` that give one entity: `merge` joins their \
         lists, `last` takes the last one, as Port's integration does",
    ),
    row(
        names::IDENTIFIER,
        NAME_OF_INSTALLATION,
        Fallback::Text(IDENTIFIER),
        "which installation this is; part of the ownership stamp, so a new name owns nothing of what the old \
         one wrote",
    ),
    row(
        names::TYPE,
        Form::Text,
        Fallback::Text(INTEGRATION_TYPE),
        "anything else is a warning and stays `opsgenie`",
    ),
    row(
        names::INITIALIZE,
        Form::Truth,
        Fallback::Truth(true),
        "at the first start, create blueprints that are missing and give the catalog a mapping; the flag is \
         `--initialize-port-resources`",
    ),
    row(
        names::RESOURCES_PRESET,
        any_case(&words::names_of(&words::PRESETS)),
        Fallback::Told("by what the catalog holds"),
        "`classic` (service, alert, incident, with lookups) or `full` (all seven kinds); unset: `full` where \
         the blueprint `opsGenieTeam` exists, else `classic`",
    ),
    row(
        names::RESOURCES_PATH,
        Form::Text,
        Fallback::Unset,
        "a folder of your own instead of a preset: [its layout](settings.md#a-folder-of-your-own)",
    ),
    row(
        names::ORIGIN,
        exact(&words::names_of(&words::ORIGINS)),
        Fallback::Told("`Default`"),
        "`Default` (also `Ocean`): preset or folder; `Empty`: no blueprints and a mapping without resources; \
         `Port`: those that the catalog makes itself, waited for as long as `OCEAN__RETRY_BUDGET` allows and \
         again at the next start (exit 75), or `Default` where it makes none. What the catalog has stored for \
         the integration wins",
    ),
    row(
        names::LISTENER_TYPE,
        exact(&words::names_of(&words::LISTENERS)),
        Fallback::Text("POLLING"),
        "`ONCE`: one pass, then the end. The others serve until stopped, see [service.md](service.md): \
         `POLLING`: a pass at the start, at every interval, and when somebody asks for one in the catalog or \
         edits the mapping. `WEBHOOK`: a pass when the catalog calls. `WEBHOOKS_ONLY`: only live events. \
         `KAFKA` and `ACTIONS_ONLY` are faults",
    ),
    row(
        names::LISTENER_INTERVAL,
        SECONDS,
        Fallback::Number(POLL_SECONDS),
        "`POLLING`: seconds between two looks for a resync request or an edited mapping",
    ),
    row(
        names::LISTENER_RESYNC_ON_START,
        Form::Truth,
        Fallback::Truth(true),
        "`POLLING`: whether it begins with a pass",
    ),
    row(
        names::LISTENER_APP_HOST,
        Form::Address,
        Fallback::Unset,
        "`WEBHOOK`, required there: our public address, which the catalog is told",
    ),
    row(
        names::RESYNC_INTERVAL,
        Form::Whole { unit: "minutes", least: 0, most: MAX_MINUTES },
        Fallback::Unset,
        "minutes from the end of one pass to the next; unset or 0: no more passes after the first, unless \
         somebody asks",
    ),
    row(
        names::SCHEDULE_ALERT,
        Form::Time,
        Fallback::Unset,
        "how often a service looks at what has changed of the alerts, between full passes",
    ),
    row(
        names::SCHEDULE_INCIDENT,
        Form::Time,
        Fallback::Unset,
        "how often a service looks at what has changed of the incidents, between full passes",
    ),
    row(
        names::SCHEDULE_SERVICE,
        Form::Time,
        Fallback::Unset,
        "how often a service lists the services, between full passes; nothing is deleted",
    ),
    row(
        names::SCHEDULE_TEAM,
        Form::Time,
        Fallback::Unset,
        "how often a service lists the teams, between full passes; nothing is deleted",
    ),
    row(
        names::SCHEDULE_SCHEDULE,
        Form::Time,
        Fallback::Unset,
        "how often a service lists the schedules, between full passes; nothing is deleted",
    ),
    row(
        names::SCHEDULE_ONCALL,
        Form::Time,
        Fallback::Unset,
        "how often a service lists the on-calls of schedules, between full passes; nothing is deleted",
    ),
    row(
        names::SCHEDULE_USER,
        Form::Time,
        Fallback::Unset,
        "how often a service lists the users, between full passes; nothing is deleted",
    ),
    row(names::CLIENT_TIMEOUT, SECONDS, Fallback::Number(TIMEOUT_SECONDS), "seconds that one call may take"),
    row(
        names::RETRY_BUDGET,
        Form::Whole { unit: "seconds", least: 0, most: MAX_SECONDS },
        Fallback::Number(RETRY_SECONDS),
        "seconds that one call may spend waiting to be repeated; 0 repeats nothing that needs a wait",
    ),
    row(
        names::HTTP_PORT,
        Form::Whole { unit: "", least: 0, most: u16::MAX as u64 },
        Fallback::Number(HTTP_PORT),
        "TCP port of our own HTTP server; the flag is `--port`",
    ),
    row(names::PATH_PREFIX, Form::Text, Fallback::Unset, "a prefix under which the webhook is there, too"),
    row(
        names::WEBHOOK_SECRET,
        Form::Secret,
        Fallback::Unset,
        "what a caller of the webhook must know; without one nobody may call",
    ),
    row(
        names::WEBHOOK_HEADER,
        NAME_OF_HEADER,
        Fallback::Text(WEBHOOK_HEADER),
        "the header in which a caller of the webhook may say the secret",
    ),
    row(
        names::WEBHOOK_AUTHENTICATION,
        any_case(&words::names_of(&words::CALLERS)),
        Fallback::Text("required"),
        "`required`: a caller of the webhook must know the secret; `off`: anybody may call, a warning at \
         every start",
    ),
    row(
        names::LEASE,
        Form::Text,
        Fallback::Unset,
        "the name of a `Lease` of Kubernetes for which replicas compete, in a build with the feature \
         `kubernetes`; unset: the lock file of the state directory",
    ),
    row(
        names::METRICS_COMPAT,
        Form::Truth,
        Fallback::Truth(false),
        "whether `/metrics` shows the metrics of Port's integration, too, under their names",
    ),
    row(
        names::JQ_STEPS,
        Form::Whole { unit: "", least: 1, most: MAX_STEPS },
        Fallback::Number(5_000_000),
        "steps of one evaluation: filters run, items produced, comparisons made",
    ),
    row(
        names::JQ_SECONDS,
        Form::Whole { unit: "seconds", least: 1, most: MAX_EXPRESSION_SECONDS },
        Fallback::Number(10),
        "seconds that one evaluation of an expression may take",
    ),
    row(
        names::JQ_MADE_BYTES,
        BYTES,
        Fallback::Number(256 << 20),
        "bytes of text and lists that one evaluation makes on the way, whether still there or not",
    ),
    row(
        names::JQ_OUTPUT_BYTES,
        BYTES,
        Fallback::Number(16 << 20),
        "bytes of the result of one evaluation as JSON, about",
    ),
    row(
        names::ALLOW_EMPTY,
        Form::Kinds,
        Fallback::Told("none"),
        "kinds whose listing may rightly come to nothing: `alert, incident` or `[\"alert\"]`; see \
         [deletion.md](deletion.md)",
    ),
    row(
        names::JQ_ENVIRONMENT,
        Form::Truth,
        Fallback::Truth(true),
        "whether mappings see the environment as `env` and `$ENV`: without our credentials, without \
         variables whose names tell of a secret, without addresses that hold a password",
    ),
    row(
        names::STATE_DIR,
        Form::Text,
        Fallback::Unset,
        "a folder for what is kept between runs: what a pass deletes, so that it [can be put \
         back](deletion.md#putting-it-back). Created where it is missing, for its owner alone; several \
         installations may share one. Unset: nothing is kept. In a container it must be a volume",
    ),
    row(
        names::LOG_LEVEL,
        any_case(&words::names_of(&words::LEVELS)),
        Fallback::Text("INFO"),
        "how much is told on standard error; `CRITICAL` is `ERROR`, `WARN` is `WARNING`; the flag is \
         `--log-level`",
    ),
    row(
        names::LOG_FORMAT,
        any_case(&words::names_of(&words::FORMATS)),
        Fallback::Text("text"),
        "the form of what is told on standard error; `json`: one object a line",
    ),
    row(
        names::HTTP_LOGGING,
        Form::Truth,
        Fallback::Truth(true),
        "whether [the catalog's pages](report.md#what-the-catalogs-pages-show) show the log lines of a pass, \
         from the same level up",
    ),
    row(
        names::SEND_EXAMPLES,
        Form::Truth,
        Fallback::Truth(false),
        "whether the catalog's pages show the first five records of each kind",
    ),
    row(
        names::HEARTBEAT,
        SECONDS,
        Fallback::Number(HEARTBEAT_SECONDS),
        "seconds between two signs that a pass goes on; without any the catalog takes it for dead after some \
         ten minutes",
    ),
    row(
        names::BATCH_LENGTH,
        SIZE,
        Fallback::Number(MAX_UPSERT_LENGTH),
        "entities in one bulk call; it is always the catalog's limit, 20",
    ),
    row(
        names::BATCH_BYTES,
        SIZE,
        Fallback::Number(MAX_UPSERT_BYTES),
        "bytes in one bulk call; always the catalog's limit, 1 MiB",
    ),
    row(
        names::DELETE_BATCH_LENGTH,
        SIZE,
        Fallback::Number(MAX_DELETE_LENGTH),
        "identifiers in one bulk deletion; always the catalog's limit, 100",
    ),
    row(names::BASE_URL, Form::Address, Fallback::Unset, "our public address"),
];

/// What a setting may hold.
pub(super) fn form(setting: Setting) -> Form {
    let row = ROWS.iter().find(|row| row.setting == setting);
    row.expect("every setting has a row, as a test sees to").form
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::config::{Settings, Sources};

    /// What a setting must be for its form to be looked up, as it is written in the environment.
    fn sample(form: Form) -> String {
        match form {
            Form::Secret | Form::Text | Form::Name { .. } => "x".to_owned(),
            Form::Address => "https://x.example".to_owned(),
            Form::Truth => "true".to_owned(),
            Form::Whole { least, .. } => least.to_string(),
            Form::Word { words, .. } => words[0].to_owned(),
            Form::Time => "5m".to_owned(),
            Form::Kinds => "alert".to_owned(),
        }
    }

    #[test]
    fn every_setting_is_read_in_the_form_of_its_row() {
        let given = ROWS.iter().map(|row| (row.setting.variable(), sample(row.form)));
        let (settings, notices) = Settings::resolve(&Sources::from_variables(given)).unwrap();
        let unread = ROWS.iter().filter(|row| settings.provenance.of(row.setting).is_none());
        assert_eq!(unread.map(|row| row.setting.path()).collect::<Vec<_>>(), [""; 0], "{notices:?}");
    }

    #[test]
    fn what_nobody_sets_is_as_the_table_says() {
        let (settings, _) = Settings::resolve_offline(&Sources::from_variables([("", ""); 0])).unwrap();
        let shown: BTreeMap<Setting, Option<String>> = settings.shown().into_iter().collect();
        // What the engine does by itself is no setting; `tests/it/schema.rs` holds the table to it.
        let engine = [names::JQ_STEPS, names::JQ_SECONDS, names::JQ_MADE_BYTES, names::JQ_OUTPUT_BYTES];
        for row in ROWS.iter().filter(|row| !engine.contains(&row.setting)) {
            let default = match row.default {
                Fallback::Required | Fallback::Unset | Fallback::Told(_) => None,
                Fallback::Number(number) => Some(number.to_string()),
                Fallback::Truth(truth) => Some(truth.to_string()),
                Fallback::Text(text) => Some(text.to_owned()),
            };
            assert_eq!(shown[&row.setting], default, "{}", row.setting.path());
        }
    }
}
