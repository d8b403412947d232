//! The settings, in one small struct per concern. Defaults are those of Port's integration.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::time::Duration;

use super::preset::Preset;
use super::provenance::Provenance;
use super::words;
use crate::model::Kind;
use crate::secret::Secret;

/// The type of integration that this program is; part of the ownership stamp.
pub const INTEGRATION_TYPE: &str = "opsgenie";

/// Everything that can be set, resolved once.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The catalog.
    pub catalog: CatalogSettings,
    /// Opsgenie.
    pub source: SourceSettings,
    /// `OCEAN__INTEGRATION__IDENTIFIER` (default `my-opsgenie-integration`): which installation this is.
    pub identifier: String,
    /// `OCEAN__EVENT_LISTENER`: when a pass runs.
    pub listener: EventListener,
    /// `OCEAN__SCHEDULED_RESYNC_INTERVAL` in minutes: the time between two passes of a service; none when unset or 0.
    pub resync_interval: Option<Duration>,
    /// What a new installation is given.
    pub resources: ResourceSettings,
    /// `OCEAN__CLIENT_TIMEOUT` in seconds (default 60): how long one call may take.
    pub client_timeout: Duration,
    /// `OCEAN__RETRY_BUDGET` in seconds (default 180): how long one call may spend waiting to be repeated; 0 repeats
    /// nothing that needs a wait.
    pub retry_budget: Duration,
    /// How much goes into one call.
    pub batches: BatchSettings,
    /// What one evaluation of an expression may use.
    pub expressions: ExpressionSettings,
    /// What may be deleted.
    pub deletion: DeletionSettings,
    /// `OCEAN__STATUS_HEARTBEAT_INTERVAL_SECONDS` (default 10): the time between two signs of life while a pass runs.
    pub heartbeat: Duration,
    /// What leaves the house besides entities.
    pub disclosure: DisclosureSettings,
    /// Our own HTTP server.
    pub server: ServerSettings,
    /// Who may call our webhook.
    pub webhook: WebhookSettings,
    /// `OCEAN__SCHEDULE__<KIND>`: time between two looks at a kind besides the full passes; none for kinds without.
    pub schedule: BTreeMap<Kind, Duration>,
    /// `OCEAN__LEASE`: the lease of Kubernetes for which replicas compete; none when unset.
    pub lease: Option<String>,
    /// What is told.
    pub logging: LoggingSettings,
    /// `OCEAN__STATE_DIR`: where runs and queues are kept between starts; none keeps nothing.
    pub state_dir: Option<PathBuf>,
    /// Where each of these came from.
    pub provenance: Provenance,
}

/// The catalog and who we are to it.
#[derive(Clone, Debug)]
pub struct CatalogSettings {
    /// `OCEAN__PORT__BASE_URL` (default `https://api.getport.io`), without a slash at the end.
    pub base_url: String,
    /// `OCEAN__PORT__CLIENT_ID`, or the content of `OCEAN__PORT__CLIENT_ID_FILE`.
    pub client_id: Secret,
    /// `OCEAN__PORT__CLIENT_SECRET`, or the content of `OCEAN__PORT__CLIENT_SECRET_FILE`.
    pub client_secret: Secret,
    /// `OCEAN__SSL__PORT__VERIFY` (default true).
    pub certificates: Certificates,
}

/// Opsgenie and the key to it.
#[derive(Clone, Debug)]
pub struct SourceSettings {
    /// `OCEAN__INTEGRATION__CONFIG__API_URL` (default `https://api.opsgenie.com`), without a slash at the end.
    pub api_url: String,
    /// `OCEAN__INTEGRATION__CONFIG__API_TOKEN`, or the content of `OCEAN__INTEGRATION__CONFIG__API_TOKEN_FILE`.
    pub api_token: Secret,
    /// `OCEAN__SSL__THIRD_PARTY__VERIFY` (default true).
    pub certificates: Certificates,
    /// `OCEAN__OPSGENIE__CALLS_IN_FLIGHT` (default 8): calls at once within each of the domains that Opsgenie counts apart.
    pub calls_in_flight: usize,
    /// `OCEAN__OPSGENIE__SCHEDULES_OF_ONE_TEAM` (default `merge`).
    pub schedules_of_one_team: SchedulesOfOneTeam,
    /// `--source`: the folder of a recording that is read in place of the account; none asks the account.
    pub recording: Option<PathBuf>,
}

/// What becomes of several records of kind `schedule-oncall` that give one entity: those of one team, most often.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SchedulesOfOneTeam {
    /// `merge`: lists are joined.
    Merge,
    /// `last`: the last one counts, as in Port's integration.
    Last,
}

/// What one evaluation of an expression may use; the engine's default where none is set.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ExpressionSettings {
    /// `OCEAN__JQ__STEPS`: filters run, items produced, comparisons made.
    pub steps: Option<u64>,
    /// `OCEAN__JQ__SECONDS`: wall time.
    pub time: Option<Duration>,
    /// `OCEAN__JQ__MADE_BYTES`: text and lists made on the way.
    pub made_bytes: Option<usize>,
    /// `OCEAN__JQ__OUTPUT_BYTES`: the output as JSON, about.
    pub output_bytes: Option<usize>,
}

/// Whether a server's certificate is checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Certificates {
    /// It must be valid.
    Checked,
    /// Any is taken.
    Unchecked,
}

/// When a pass runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EventListener {
    /// `ONCE`: one pass, then the end.
    Once,
    /// `POLLING`, the default: a pass at the start, on request and by schedule.
    Polling {
        /// `interval` in seconds (default 60): the time between two looks for a request.
        interval: Duration,
        /// `resync_on_start` (default true).
        resync_on_start: bool,
    },
    /// `WEBHOOKS_ONLY`: only what webhooks say.
    WebhooksOnly,
    /// `WEBHOOK`: a pass on `POST /resync`.
    Webhook {
        /// `app_host`: our public address, without a slash at the end.
        app_host: String,
    },
}

/// What a new installation is given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResourceSettings {
    /// `OCEAN__INITIALIZE_PORT_RESOURCES` (default true): whether missing blueprints and an empty mapping are filled in.
    pub initialize: bool,
    /// `OCEAN__CREATE_PORT_RESOURCES_ORIGIN`: whose defaults; none when unset.
    pub origin: Option<ResourcesOrigin>,
    /// `OCEAN__RESOURCES_PATH`: a folder with resources of your own; none when unset.
    pub path: Option<PathBuf>,
    /// `OCEAN__RESOURCES_PRESET`; none when unset: the catalog then decides: `full` where it has `opsGenieTeam`, else `classic`.
    pub preset: Option<Preset>,
}

/// Whose defaults a new installation gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ResourcesOrigin {
    /// `Empty`: a mapping without resources and no blueprints.
    Empty,
    /// `Default`, formerly `Ocean`: ours.
    Default,
    /// `Port`: those that Port provides for the type, where it does.
    Port,
}

impl ResourcesOrigin {
    /// The name in settings and in the catalog.
    pub fn name(self) -> &'static str {
        words::name_of(&words::ORIGINS, &self)
    }

    /// The origin of that name, the old one of [`Self::Default`] included.
    pub fn from_name(name: &str) -> Option<Self> {
        words::ORIGINS.iter().find(|(known, _)| *known == name).map(|(_, origin)| *origin)
    }
}

/// How much goes into one call to the catalog.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BatchSettings {
    /// `OCEAN__UPSERT_ENTITIES_BATCH_MAX_LENGTH` (default and most 20): entities in a bulk upsert.
    pub upsert_length: usize,
    /// `OCEAN__UPSERT_ENTITIES_BATCH_MAX_SIZE_IN_BYTES` (default and most 1 MiB): size of a bulk upsert.
    pub upsert_bytes: usize,
    /// `OCEAN__DELETE_ENTITIES_MAX_BATCH_SIZE` (default and most 100): identifiers in a bulk deletion.
    pub delete_length: usize,
}

/// What may be deleted.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct DeletionSettings {
    /// `OCEAN__DELETION__ALLOW_EMPTY` (default none): kinds whose listing may rightly come to nothing.
    pub allow_empty: BTreeSet<Kind>,
}

/// What leaves the house besides entities.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DisclosureSettings {
    /// `OCEAN__SEND_RAW_DATA_EXAMPLES` (default false, unlike Port's integration): raw records as examples.
    pub raw_examples: bool,
    /// `APPLICATION__ENABLE_HTTP_LOGGING` (default true): log lines.
    pub logs: bool,
    /// `OCEAN__ALLOW_ENVIRONMENT_VARIABLES_JQ_ACCESS` (default true): variables of the environment that are no
    /// credentials, to mappings that ask for them.
    pub environment: bool,
}

/// Our own HTTP server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerSettings {
    /// `APPLICATION__PORT` (default 8000).
    pub port: u16,
    /// `OCEAN__BASE_URL`: our public address, without a slash at the end; none when unset.
    pub base_url: Option<String>,
    /// `OCEAN__PATH_PREFIX`: what our routes begin with: empty, or a slash and no slash at the end.
    pub path_prefix: String,
    /// `OCEAN__METRICS__COMPAT` (default false): which metrics are shown.
    pub metrics: Metrics,
}

/// Which metrics are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Metrics {
    /// Ours.
    Ours,
    /// Ours, and those of Port's integration under their names.
    WithThePeers,
}

/// Who may call our webhook.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WebhookSettings {
    /// `OCEAN__WEBHOOK__SECRET`, or the content of `OCEAN__WEBHOOK__SECRET_FILE`: what a caller must know; empty when unset.
    pub secret: Secret,
    /// `OCEAN__WEBHOOK__HEADER` (default `x-webhook-secret`, in lower case): where a caller may say it.
    pub header: String,
    /// `OCEAN__WEBHOOK__AUTHENTICATION` (default `required`).
    pub callers: Callers,
}

/// Whether a caller of the webhook must know anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Callers {
    /// `required`: the secret; nobody may call when there is none.
    WithSecret,
    /// `off`: nothing.
    Anybody,
}

/// What is told, and how.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LoggingSettings {
    /// `APPLICATION__LOG_LEVEL` (default `INFO`).
    pub level: LogLevel,
    /// `OCEAN__LOG_FORMAT` (default `text`).
    pub format: LogFormat,
}

impl Default for LoggingSettings {
    fn default() -> Self {
        Self { level: LogLevel::Info, format: LogFormat::Text }
    }
}

/// How much is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum LogLevel {
    /// Everything, each call included.
    Debug,
    /// What happens.
    Info,
    /// What somebody should look at.
    Warning,
    /// What failed. `CRITICAL` is the same.
    Error,
}

/// The form of a log line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line.
    Json,
}

impl Settings {
    /// The credentials, for whoever must keep them out of something.
    pub fn secrets(&self) -> [&Secret; 4] {
        let Self { catalog, source, webhook, .. } = self;
        [&catalog.client_id, &catalog.client_secret, &source.api_token, &webhook.secret]
    }
}
