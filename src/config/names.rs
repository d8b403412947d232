//! Every name of a setting, one constant each, and what we do with the names that only others know.
//!
//! Names and defaults follow Port's Ocean framework
//! (<https://docs.port.io/build-your-software-catalog/custom-integration/ocean-framework/>), so that an existing
//! installation keeps its variables.

use super::table::{self, Form};

/// A setting, named by its path: `port.client_id` is the variable `OCEAN__PORT__CLIENT_ID`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Setting(&'static str);

impl Setting {
    /// The path in lower case, groups divided by dots.
    pub fn path(self) -> &'static str {
        self.0
    }

    /// The environment variable that sets it.
    pub fn variable(self) -> String {
        variable_of(self.0)
    }

    /// The path under which the file that holds a secret is named.
    pub(super) fn file_path(self) -> String {
        format!("{}{FILE_SUFFIX}", self.0)
    }

    /// The environment variable that names the file which holds a secret.
    pub(super) fn file_variable(self) -> String {
        variable_of(&self.file_path())
    }
}

/// What every name of ours begins with.
pub(super) const PREFIX: &str = "OCEAN__";
/// The one group that stands without the prefix.
pub(super) const APPLICATION: &str = "application";
/// What divides group and name.
pub(super) const DELIMITER: &str = "__";
/// What the name of a secret ends with when the value is in a file.
pub(super) const FILE_SUFFIX: &str = "_file";

/// The variable of a path.
pub(super) fn variable_of(path: &str) -> String {
    let upper = path.replace('.', DELIMITER).to_uppercase();
    if path.split('.').next() == Some(APPLICATION) { upper } else { format!("{PREFIX}{upper}") }
}

/// `OCEAN__PORT__CLIENT_ID`: who we are to the catalog. Secret, required.
pub const CLIENT_ID: Setting = Setting("port.client_id");
/// `OCEAN__PORT__CLIENT_SECRET`: the catalog's credential. Secret, required.
pub const CLIENT_SECRET: Setting = Setting("port.client_secret");
/// `OCEAN__PORT__BASE_URL`: where the catalog is.
pub const PORT_BASE_URL: Setting = Setting("port.base_url");
/// `OCEAN__INTEGRATION__IDENTIFIER`: which installation this is; part of the ownership stamp.
pub const IDENTIFIER: Setting = Setting("integration.identifier");
/// `OCEAN__INTEGRATION__TYPE`: only `opsgenie` means something.
pub const TYPE: Setting = Setting("integration.type");
/// `OCEAN__INTEGRATION__CONFIG__API_TOKEN`: the Opsgenie key. Secret, required.
pub const API_TOKEN: Setting = Setting("integration.config.api_token");
/// `OCEAN__INTEGRATION__CONFIG__API_URL`: where Opsgenie is.
pub const API_URL: Setting = Setting("integration.config.api_url");
/// `OCEAN__OPSGENIE__CALLS_IN_FLIGHT`: calls at once within one domain.
pub const CALLS_IN_FLIGHT: Setting = Setting("opsgenie.calls_in_flight");
/// `OCEAN__OPSGENIE__SCHEDULES_OF_ONE_TEAM`: what becomes of several schedules that give one entity.
pub const SCHEDULES_OF_ONE_TEAM: Setting = Setting("opsgenie.schedules_of_one_team");
/// `OCEAN__EVENT_LISTENER__TYPE`: when a pass runs.
pub const LISTENER_TYPE: Setting = Setting("event_listener.type");
/// `OCEAN__EVENT_LISTENER__INTERVAL`: seconds between two looks for a resync request.
pub const LISTENER_INTERVAL: Setting = Setting("event_listener.interval");
/// `OCEAN__EVENT_LISTENER__RESYNC_ON_START`: whether a polling service begins with a pass.
pub const LISTENER_RESYNC_ON_START: Setting = Setting("event_listener.resync_on_start");
/// `OCEAN__EVENT_LISTENER__APP_HOST`: our public address, for the `WEBHOOK` listener.
pub const LISTENER_APP_HOST: Setting = Setting("event_listener.app_host");
/// `OCEAN__INITIALIZE_PORT_RESOURCES`: whether missing default blueprints and the mapping are created.
pub const INITIALIZE: Setting = Setting("initialize_port_resources");
/// `OCEAN__CREATE_PORT_RESOURCES_ORIGIN`: whose defaults a new installation gets.
pub const ORIGIN: Setting = Setting("create_port_resources_origin");
/// `OCEAN__RESOURCES_PATH`: a folder with blueprints and a mapping of your own.
pub const RESOURCES_PATH: Setting = Setting("resources_path");
/// `OCEAN__RESOURCES_PRESET`: `classic` or `full`.
pub const RESOURCES_PRESET: Setting = Setting("resources_preset");
/// `OCEAN__SCHEDULED_RESYNC_INTERVAL`: minutes between two passes.
pub const RESYNC_INTERVAL: Setting = Setting("scheduled_resync_interval");
/// `OCEAN__CLIENT_TIMEOUT`: seconds that one call may take.
pub const CLIENT_TIMEOUT: Setting = Setting("client_timeout");
/// `OCEAN__RETRY_BUDGET`: seconds that one call may spend waiting to be repeated.
pub const RETRY_BUDGET: Setting = Setting("retry_budget");
/// `OCEAN__SEND_RAW_DATA_EXAMPLES`: whether raw records may be sent to the catalog as examples.
pub const SEND_EXAMPLES: Setting = Setting("send_raw_data_examples");
/// `OCEAN__STATUS_HEARTBEAT_INTERVAL_SECONDS`: seconds between two heartbeats of a pass.
pub const HEARTBEAT: Setting = Setting("status_heartbeat_interval_seconds");
/// `OCEAN__ALLOW_ENVIRONMENT_VARIABLES_JQ_ACCESS`: whether a mapping may read variables that are no credentials.
pub const JQ_ENVIRONMENT: Setting = Setting("allow_environment_variables_jq_access");
/// `OCEAN__JQ__STEPS`: steps that one evaluation of an expression may take.
pub const JQ_STEPS: Setting = Setting("jq.steps");
/// `OCEAN__JQ__SECONDS`: seconds that one evaluation may take.
pub const JQ_SECONDS: Setting = Setting("jq.seconds");
/// `OCEAN__JQ__MADE_BYTES`: bytes of text and lists that one evaluation may make on the way.
pub const JQ_MADE_BYTES: Setting = Setting("jq.made_bytes");
/// `OCEAN__JQ__OUTPUT_BYTES`: bytes that the output of one evaluation may have as JSON.
pub const JQ_OUTPUT_BYTES: Setting = Setting("jq.output_bytes");
/// `OCEAN__DELETION__ALLOW_EMPTY`: kinds that may rightly come to nothing.
pub const ALLOW_EMPTY: Setting = Setting("deletion.allow_empty");
/// `OCEAN__STATE_DIR`: where runs and queues are kept between starts.
pub const STATE_DIR: Setting = Setting("state_dir");
/// `OCEAN__BASE_URL`: our public address.
pub const BASE_URL: Setting = Setting("base_url");
/// `OCEAN__PATH_PREFIX`: what our own routes begin with.
pub const PATH_PREFIX: Setting = Setting("path_prefix");
/// `OCEAN__WEBHOOK__SECRET`: what a caller of the webhook must know. Secret.
pub const WEBHOOK_SECRET: Setting = Setting("webhook.secret");
/// `OCEAN__WEBHOOK__HEADER`: the header in which a caller of the webhook may say it.
pub const WEBHOOK_HEADER: Setting = Setting("webhook.header");
/// `OCEAN__WEBHOOK__AUTHENTICATION`: whether a caller of the webhook must know anything.
pub const WEBHOOK_AUTHENTICATION: Setting = Setting("webhook.authentication");
/// `OCEAN__LEASE`: the lease of Kubernetes for which replicas compete.
pub const LEASE: Setting = Setting("lease");
/// `OCEAN__METRICS__COMPAT`: whether the metrics of Port's integration are shown, too.
pub const METRICS_COMPAT: Setting = Setting("metrics.compat");
/// `OCEAN__SCHEDULE__ALERT`: time between two looks at what has changed of this kind.
pub const SCHEDULE_ALERT: Setting = Setting("schedule.alert");
/// `OCEAN__SCHEDULE__INCIDENT`: time between two looks at what has changed of this kind.
pub const SCHEDULE_INCIDENT: Setting = Setting("schedule.incident");
/// `OCEAN__SCHEDULE__SERVICE`: time between two listings of this kind.
pub const SCHEDULE_SERVICE: Setting = Setting("schedule.service");
/// `OCEAN__SCHEDULE__TEAM`: time between two listings of this kind.
pub const SCHEDULE_TEAM: Setting = Setting("schedule.team");
/// `OCEAN__SCHEDULE__SCHEDULE`: time between two listings of this kind.
pub const SCHEDULE_SCHEDULE: Setting = Setting("schedule.schedule");
/// `OCEAN__SCHEDULE__SCHEDULE_ONCALL`: time between two listings of this kind.
pub const SCHEDULE_ONCALL: Setting = Setting("schedule.schedule_oncall");
/// `OCEAN__SCHEDULE__USER`: time between two listings of this kind.
pub const SCHEDULE_USER: Setting = Setting("schedule.user");
/// `OCEAN__LOG_FORMAT`: `text` or `json`.
pub const LOG_FORMAT: Setting = Setting("log_format");
/// `OCEAN__UPSERT_ENTITIES_BATCH_MAX_LENGTH`: entities in one bulk call.
pub const BATCH_LENGTH: Setting = Setting("upsert_entities_batch_max_length");
/// `OCEAN__UPSERT_ENTITIES_BATCH_MAX_SIZE_IN_BYTES`: bytes in one bulk call.
pub const BATCH_BYTES: Setting = Setting("upsert_entities_batch_max_size_in_bytes");
/// `OCEAN__DELETE_ENTITIES_MAX_BATCH_SIZE`: identifiers in one bulk deletion.
pub const DELETE_BATCH_LENGTH: Setting = Setting("delete_entities_max_batch_size");
/// `OCEAN__SSL__PORT__VERIFY`: whether the catalog's certificate is checked.
pub const CATALOG_TLS_VERIFY: Setting = Setting("ssl.port.verify");
/// `OCEAN__SSL__THIRD_PARTY__VERIFY`: whether Opsgenie's certificate is checked.
pub const SOURCE_TLS_VERIFY: Setting = Setting("ssl.third_party.verify");
/// `APPLICATION__LOG_LEVEL`: `DEBUG`, `INFO`, `WARNING`, `ERROR` or `CRITICAL`.
pub const LOG_LEVEL: Setting = Setting("application.log_level");
/// `APPLICATION__PORT`: the TCP port of our own HTTP server.
pub const HTTP_PORT: Setting = Setting("application.port");
/// `APPLICATION__ENABLE_HTTP_LOGGING`: whether log lines are shipped to the catalog.
pub const HTTP_LOGGING: Setting = Setting("application.enable_http_logging");

/// Every setting.
pub(super) fn all() -> impl Iterator<Item = Setting> {
    table::ROWS.iter().map(|row| row.setting)
}

/// The settings that are credentials.
pub(super) fn secrets() -> impl Iterator<Item = Setting> {
    table::ROWS.iter().filter(|row| row.form == Form::Secret).map(|row| row.setting)
}

/// Names that Port's integration or its Helm chart sets and that mean nothing here.
const WITHOUT_MEANING: [&str; 33] = [
    "port.port_app_config_cache_ttl",
    "port.feature_flags_cache_ttl_seconds",
    "port.blueprint_cache_ttl_seconds",
    "port.ingest_url",
    "integration.incremental_sync_enabled",
    "integration.incremental_sync_interval",
    "runtime",
    "processing_mode",
    "process_execution_mode",
    "lakehouse_enabled",
    "lakehouse_buffer_interval_seconds",
    "lakehouse_buffer_max_count",
    "yield_items_to_parse",
    "yield_items_to_parse_batch_size",
    "process_in_queue_max_workers",
    "process_in_queue_timeout",
    "caching_storage_mode",
    "event_workers_count",
    "max_event_processing_seconds",
    "max_wait_seconds_before_shutdown",
    "events_debug_logging",
    "disable_ip_outbound_blocker",
    "oauth_access_token_file_path",
    "ssl.port.x509.strict",
    "ssl.third_party.x509.strict",
    "event_listener.should_resync",
    "event_listener.should_process_webhooks",
    "event_listener.should_run_actions",
    "event_listener.brokers",
    "event_listener.security_protocol",
    "event_listener.authentication_mechanism",
    "event_listener.kafka_security_enabled",
    "event_listener.consumer_poll_timeout",
];

/// Groups that as a whole mean nothing here.
const GROUPS_WITHOUT_MEANING: [&str; 5] =
    ["metrics", "streaming", "actions_processor", "live_events", "database"];

/// What a path is to us.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    /// A setting that is read.
    Read,
    /// Groups and names stand below it.
    Group,
    /// Others know it; it changes nothing here.
    WithoutMeaning,
    /// Nobody knows it.
    Unknown,
}

/// What a path is to us.
pub(super) fn role(path: &str) -> Role {
    if paths_read().any(|known| known == path) {
        return Role::Read;
    }
    let is_above = |known: &str| known.strip_prefix(path).is_some_and(|rest| rest.starts_with('.'));
    if paths_read().any(|known| is_above(&known)) {
        return Role::Group;
    }
    let group = path.split('.').next().unwrap_or(path);
    if WITHOUT_MEANING.contains(&path) || GROUPS_WITHOUT_MEANING.contains(&group) {
        return Role::WithoutMeaning;
    }
    if WITHOUT_MEANING.iter().any(|known| is_above(known)) {
        return Role::Group;
    }
    Role::Unknown
}

/// Every path that is read, the files of secrets included.
fn paths_read() -> impl Iterator<Item = String> {
    all().map(|setting| setting.0.to_owned()).chain(secrets().map(Setting::file_path))
}

/// The variable that somebody who wrote `name` may have meant, underscores and letter case apart.
pub(super) fn meant_by(name: &str) -> Option<String> {
    let written = squeezed(name);
    paths_read()
        .chain(WITHOUT_MEANING.iter().map(|path| (*path).to_owned()))
        .map(|path| variable_of(&path))
        .map(|known| (strsim::damerau_levenshtein(&written, &squeezed(&known)), known))
        .filter(|(distance, known)| *distance <= slips(known))
        .min()
        .map(|(_, known)| known)
}

/// How many slips of the pen are forgiven: two, three in long names.
fn slips(known: &str) -> usize {
    const LONG: usize = 24;
    if known.len() > LONG { 3 } else { 2 }
}

/// A name without case and with single underscores.
fn squeezed(name: &str) -> String {
    name.to_uppercase().split('_').filter(|part| !part.is_empty()).collect::<Vec<_>>().join("_")
}

/// The names directly within a group, or below the root where it is empty, that others know and that mean nothing here.
pub(super) fn without_meaning_in(group: &str) -> Vec<String> {
    let groups = GROUPS_WITHOUT_MEANING.iter().filter(|_| group.is_empty());
    let known = WITHOUT_MEANING.iter().filter_map(|path| match group {
        "" => Some(*path),
        group => path.strip_prefix(group)?.strip_prefix('.'),
    });
    let mut names: Vec<String> =
        groups.copied().chain(known).filter_map(|path| Some(path.split('.').next()?.to_owned())).collect();
    names.dedup();
    names
}

/// Whether what nobody here knows of a group is known to others.
pub(super) fn is_group_without_meaning(path: &str) -> bool {
    GROUPS_WITHOUT_MEANING.contains(&path)
}

/// `client_id` as `clientId`.
pub(super) fn camel_case(name: &str) -> String {
    let mut words = name.split('_');
    let first = words.next().unwrap_or_default().to_owned();
    words.fold(first, |camel, word| {
        let mut letters = word.chars();
        let initial = letters.next().map(|letter| letter.to_ascii_uppercase());
        camel + &initial.into_iter().chain(letters).collect::<String>()
    })
}

/// `clientId` as `client_id`; what is in snake case stays.
pub(super) fn snake_case(key: &str) -> String {
    let letters: Vec<char> = key.chars().collect();
    let mut snake = String::with_capacity(key.len() + 4);
    for (index, &letter) in letters.iter().enumerate() {
        let before = index.checked_sub(1).map(|at| letters[at]);
        let after = letters.get(index + 1);
        let begins_word = letter.is_uppercase()
            && before.is_some_and(|before| {
                before.is_lowercase()
                    || before.is_numeric()
                    || (before.is_uppercase() && after.is_some_and(|after| after.is_lowercase()))
            });
        if begins_word {
            snake.push('_');
        }
        snake.extend(letter.to_lowercase());
    }
    snake
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_in_camel_and_snake_case_are_one() {
        for (written, meant) in [
            ("clientId", "client_id"),
            ("client_id", "client_id"),
            ("TYPE", "type"),
            ("baseURL", "base_url"),
            ("resyncOnStart", "resync_on_start"),
            ("x509", "x509"),
            ("", ""),
        ] {
            assert_eq!(snake_case(written), meant, "{written}");
        }
    }

    #[test]
    fn roles() {
        assert_eq!(role("port.client_id"), Role::Read);
        assert_eq!(role("port.client_id_file"), Role::Read);
        assert_eq!(role("port.base_url_file"), Role::Unknown);
        assert_eq!(role("integration"), Role::Group);
        assert_eq!(role("integration.config"), Role::Group);
        assert_eq!(role("ssl.port.x509"), Role::Group);
        assert_eq!(role("metrics"), Role::Group);
        assert_eq!(role("metrics.enabled"), Role::WithoutMeaning);
        assert_eq!(role("live_events.redis.host"), Role::WithoutMeaning);
        assert_eq!(role("lakehouse_enabled"), Role::WithoutMeaning);
        assert_eq!(role("port.nothing"), Role::Unknown);
    }

    #[test]
    fn a_name_that_is_nearly_right_finds_the_right_one() {
        for (written, meant) in [
            ("OCEAN__PORT__CLIENTID", Some("OCEAN__PORT__CLIENT_ID")),
            ("OCEAN_PORT_CLIENT_SECRET", Some("OCEAN__PORT__CLIENT_SECRET")),
            ("OCEAN__INTEGRATION__CONFIG__API_TOKE", Some("OCEAN__INTEGRATION__CONFIG__API_TOKEN")),
            ("OCEAN__EVENT_LISTNER__TYPE", Some("OCEAN__EVENT_LISTENER__TYPE")),
            ("OCEAN__SCHEDULE_RESYNC_INTERVAL", Some("OCEAN__SCHEDULED_RESYNC_INTERVAL")),
            ("OCEAN__SOMETHING_ELSE", None),
            ("OCEAN_WAVES", None),
        ] {
            assert_eq!(meant_by(written).as_deref(), meant, "{written}");
        }
    }
}
