//! Sources to settings: pure, and every fault at once.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::fault::{Fault, Faults, Notice, Problem};
use super::layers::Layers;
use super::names;
use super::preset::Preset;
use super::reader::{Case, Reader, nearest, quoted};
use super::settings::{
    BatchSettings, Callers, CatalogSettings, Certificates, DeletionSettings, DisclosureSettings,
    EventListener, ExpressionSettings, INTEGRATION_TYPE, LogFormat, LogLevel, LoggingSettings, Metrics,
    ResourceSettings, ResourcesOrigin, SchedulesOfOneTeam, ServerSettings, Settings, SourceSettings,
    WebhookSettings,
};
use super::sources::Sources;
use crate::model::Kind;

const DEFAULT_CATALOG_URL: &str = "https://api.getport.io";
const DEFAULT_API_URL: &str = "https://api.opsgenie.com";
const DEFAULT_IDENTIFIER: &str = "my-opsgenie-integration";
const DEFAULT_POLL_SECONDS: u64 = 60;
const DEFAULT_TIMEOUT_SECONDS: u64 = 60;
/// A minute bucket that somebody else emptied may take two of its periods to let us in.
const DEFAULT_RETRY_SECONDS: u64 = 180;
/// The catalog takes a pass without one for dead after some ten minutes.
const DEFAULT_HEARTBEAT_SECONDS: u64 = 10;
/// Enough to hide the way there and back, few enough that one refusal does not hit a crowd.
const DEFAULT_CALLS_IN_FLIGHT: u64 = 8;
/// What one client has on the wire at most.
const MAX_CALLS_IN_FLIGHT: u64 = 32;
const DEFAULT_HTTP_PORT: u64 = 8000;
const DEFAULT_WEBHOOK_HEADER: &str = "x-webhook-secret";
/// The catalog takes no more entities in one bulk call.
const MAX_UPSERT_LENGTH: u64 = 20;
/// The catalog takes no larger bulk call.
const MAX_UPSERT_BYTES: u64 = 1 << 20;
/// The catalog takes no more identifiers in one bulk deletion.
const MAX_DELETE_LENGTH: u64 = 100;
/// A day: waits beyond it are slips of the pen.
const MAX_SECONDS: u64 = 24 * 60 * 60;
/// An hour at a million steps a second: what takes longer ends by the clock.
const MAX_STEPS: u64 = 3600 * 1_000_000;
/// An hour: what one expression takes longer for is not worth a pass.
const MAX_EXPRESSION_SECONDS: u64 = 60 * 60;
/// What every machine can address.
const MAX_EXPRESSION_BYTES: u64 = u32::MAX as u64;
/// A year in minutes, likewise.
const MAX_MINUTES: u64 = 366 * 24 * 60;

impl Settings {
    /// Settles every setting from its strongest source.
    ///
    /// # Errors
    /// Every fault at once.
    pub fn resolve(sources: &Sources) -> Result<(Self, Vec<Notice>), Faults> {
        Self::settle(sources, |_| true)
    }

    /// The same for a run that calls neither side: a credential that nobody gave is no fault, and empty.
    ///
    /// # Errors
    /// Every other fault at once.
    pub fn resolve_offline(sources: &Sources) -> Result<(Self, Vec<Notice>), Faults> {
        Self::settle(sources, |fault| !matches!(fault.problem, Problem::MissingSecret))
    }

    /// The same for a run that calls Opsgenie only: a credential of the catalog that nobody gave is no fault, and empty.
    ///
    /// # Errors
    /// Every other fault at once.
    pub fn resolve_source(sources: &Sources) -> Result<(Self, Vec<Notice>), Faults> {
        Self::settle(sources, |fault| {
            !matches!(fault.problem, Problem::MissingSecret) || is_missing_key(fault)
        })
    }

    fn settle(sources: &Sources, counts: fn(&Fault) -> bool) -> Result<(Self, Vec<Notice>), Faults> {
        let mut reader = Reader::new(Layers::of(sources), &*sources.read_file);
        let (catalog, source) = sides(&mut reader, sources);
        let settings = Self {
            catalog,
            source,
            identifier: identifier(&mut reader),
            listener: listener(&mut reader),
            resync_interval: resync_interval(&mut reader),
            resources: resources(&mut reader),
            client_timeout: Duration::from_secs(
                reader
                    .integer(names::CLIENT_TIMEOUT, " of seconds", 1..=MAX_SECONDS)
                    .unwrap_or(DEFAULT_TIMEOUT_SECONDS),
            ),
            retry_budget: Duration::from_secs(
                reader
                    .integer(names::RETRY_BUDGET, " of seconds", 0..=MAX_SECONDS)
                    .unwrap_or(DEFAULT_RETRY_SECONDS),
            ),
            batches: batches(&mut reader),
            expressions: expressions(&mut reader),
            deletion: deletion(&mut reader),
            heartbeat: Duration::from_secs(
                reader
                    .integer(names::HEARTBEAT, " of seconds", 1..=MAX_SECONDS)
                    .unwrap_or(DEFAULT_HEARTBEAT_SECONDS),
            ),
            disclosure: DisclosureSettings {
                raw_examples: reader.boolean(names::SEND_EXAMPLES).unwrap_or(false),
                logs: reader.boolean(names::HTTP_LOGGING).unwrap_or(true),
                environment: reader.boolean(names::JQ_ENVIRONMENT).unwrap_or(true),
            },
            server: server(&mut reader),
            webhook: webhook(&mut reader),
            schedule: schedule(&mut reader),
            lease: reader.text(names::LEASE).map(|(name, _)| name),
            logging: logging(&mut reader),
            state_dir: reader.text(names::STATE_DIR).map(|(path, _)| path.into()),
            provenance: super::provenance::Provenance::default(),
        };
        let (mut faults, notices, provenance) = reader.close();
        let replayed = sources.recording.is_some();
        faults.retain(|fault| counts(fault) && !(replayed && is_missing_key(fault)));
        match Faults::of(faults) {
            Some(faults) => Err(faults.noticing(notices)),
            None => Ok((Self { provenance, ..settings }, notices)),
        }
    }
}

impl ResourceSettings {
    /// The settings about resources alone, whatever is wrong with the rest.
    pub fn of(sources: &Sources) -> Self {
        resources(&mut Reader::new(Layers::of(sources), &*sources.read_file))
    }
}

/// Whether it is that the key to Opsgenie was not given.
fn is_missing_key(fault: &Fault) -> bool {
    matches!(fault.problem, Problem::MissingSecret) && fault.subject == names::API_TOKEN.variable()
}

fn sides(reader: &mut Reader<'_>, sources: &Sources) -> (CatalogSettings, SourceSettings) {
    // Credentials first: what is read later is never shown when it holds one of them.
    let client_id = reader.secret(names::CLIENT_ID, "the client id of your Port organization");
    let client_secret = reader.secret(names::CLIENT_SECRET, "the client secret of your Port organization");
    let api_token = reader.secret(names::API_TOKEN, "an Opsgenie API key with read access");
    let catalog = CatalogSettings {
        base_url: reader.address(names::PORT_BASE_URL).unwrap_or_else(|| DEFAULT_CATALOG_URL.to_owned()),
        client_id,
        client_secret,
        certificates: certificates(reader, names::CATALOG_TLS_VERIFY),
    };
    let source = SourceSettings {
        api_url: reader.address(names::API_URL).unwrap_or_else(|| DEFAULT_API_URL.to_owned()),
        api_token,
        certificates: certificates(reader, names::SOURCE_TLS_VERIFY),
        calls_in_flight: calls_in_flight(reader),
        schedules_of_one_team: reader
            .choice(
                names::SCHEDULES_OF_ONE_TEAM,
                Case::Any,
                &[("merge", SchedulesOfOneTeam::Merge), ("last", SchedulesOfOneTeam::Last)],
            )
            .unwrap_or(SchedulesOfOneTeam::Merge),
        recording: sources.recording.clone(),
    };
    (catalog, source)
}

fn calls_in_flight(reader: &mut Reader<'_>) -> usize {
    let calls = reader.integer(names::CALLS_IN_FLIGHT, " of calls", 1..=MAX_CALLS_IN_FLIGHT);
    usize::try_from(calls.unwrap_or(DEFAULT_CALLS_IN_FLIGHT)).expect("the bound fits into 32 bits")
}

fn certificates(reader: &mut Reader<'_>, setting: names::Setting) -> Certificates {
    if reader.boolean(setting).unwrap_or(true) {
        return Certificates::Checked;
    }
    let text = format!("`{}` is off: anybody on the way can read the credentials", setting.variable());
    reader.warn(Notice::warning(text));
    Certificates::Unchecked
}

fn identifier(reader: &mut Reader<'_>) -> String {
    if let Some((name, origin)) = reader.text(names::TYPE)
        && !name.eq_ignore_ascii_case(INTEGRATION_TYPE)
    {
        let shown = reader.shown(&serde_json::Value::String(name));
        let text = format!("{origin} is {shown}; this program is `{INTEGRATION_TYPE}` and stays it");
        reader.warn(Notice::warning(text));
    }
    let Some((identifier, origin)) = reader.text(names::IDENTIFIER) else {
        return DEFAULT_IDENTIFIER.to_owned();
    };
    // It stands in paths and in the ownership stamp, between slashes.
    let fits = |letter: char| letter.is_ascii_graphic() && !"/\\?#%\"<>`{}".contains(letter);
    if !identifier.chars().all(fits) {
        let shown = reader.shown(&serde_json::Value::String(identifier.clone()));
        reader.malformed(names::IDENTIFIER, &origin, "letters, digits and `-_.@:+=`", shown);
    }
    identifier
}

/// The listeners by name, those we lack included.
#[derive(Clone, Copy)]
enum ListenerName {
    Once,
    Polling,
    WebhooksOnly,
    Webhook,
}

fn listener(reader: &mut Reader<'_>) -> EventListener {
    const CHOICES: [(&str, ListenerName); 4] = [
        ("ONCE", ListenerName::Once),
        ("POLLING", ListenerName::Polling),
        ("WEBHOOKS_ONLY", ListenerName::WebhooksOnly),
        ("WEBHOOK", ListenerName::Webhook),
    ];
    let name = match reader.peek_text(names::LISTENER_TYPE).as_deref() {
        Some(lacking @ ("KAFKA" | "ACTIONS_ONLY")) => {
            let hint = match lacking {
                "KAFKA" => "use `POLLING`: it looks for resync requests by itself",
                _ => "use `WEBHOOKS_ONLY` for a service that never resyncs by itself",
            };
            reader.unsupported(names::LISTENER_TYPE, hint);
            None
        }
        _ => reader.choice(names::LISTENER_TYPE, Case::Exact, &CHOICES),
    };
    let interval = reader.integer(names::LISTENER_INTERVAL, " of seconds", 1..=MAX_SECONDS);
    let resync_on_start = reader.boolean(names::LISTENER_RESYNC_ON_START);
    let app_host = reader.address(names::LISTENER_APP_HOST);
    match name.unwrap_or(ListenerName::Polling) {
        ListenerName::Once => EventListener::Once,
        ListenerName::WebhooksOnly => EventListener::WebhooksOnly,
        ListenerName::Webhook => {
            if app_host.is_none() && !reader.has_blamed(names::LISTENER_APP_HOST) {
                let problem = Problem::Missing { because: "the listener `WEBHOOK` is told at that address" };
                let hint =
                    "set it to the public address of this service, such as `https://exporter.example.com`";
                reader.blame(Fault::about(names::LISTENER_APP_HOST, None, problem).hinting(hint));
            }
            EventListener::Webhook { app_host: app_host.unwrap_or_default() }
        }
        ListenerName::Polling => EventListener::Polling {
            interval: Duration::from_secs(interval.unwrap_or(DEFAULT_POLL_SECONDS)),
            resync_on_start: resync_on_start.unwrap_or(true),
        },
    }
}

fn resync_interval(reader: &mut Reader<'_>) -> Option<Duration> {
    let minutes = reader.integer(names::RESYNC_INTERVAL, " of minutes", 0..=MAX_MINUTES)?;
    (minutes > 0).then(|| Duration::from_secs(minutes * 60))
}

fn resources(reader: &mut Reader<'_>) -> ResourceSettings {
    ResourceSettings {
        initialize: reader.boolean(names::INITIALIZE).unwrap_or(true),
        origin: reader.choice(
            names::ORIGIN,
            Case::Exact,
            &[
                ("Empty", ResourcesOrigin::Empty),
                ("Default", ResourcesOrigin::Default),
                ("Ocean", ResourcesOrigin::Default),
                ("Port", ResourcesOrigin::Port),
            ],
        ),
        path: reader.text(names::RESOURCES_PATH).map(|(path, _)| path.into()),
        preset: reader.choice(
            names::RESOURCES_PRESET,
            Case::Any,
            &[("classic", Preset::Classic), ("full", Preset::Full)],
        ),
    }
}

fn batches(reader: &mut Reader<'_>) -> BatchSettings {
    BatchSettings {
        upsert_length: at_most(reader, names::BATCH_LENGTH, MAX_UPSERT_LENGTH),
        upsert_bytes: at_most(reader, names::BATCH_BYTES, MAX_UPSERT_BYTES),
        delete_length: at_most(reader, names::DELETE_BATCH_LENGTH, MAX_DELETE_LENGTH),
    }
}

/// A size that the catalog limits: what is above its limit is lowered to it, as in Port's integration.
fn at_most(reader: &mut Reader<'_>, setting: names::Setting, limit: u64) -> usize {
    let given = reader.integer(setting, "", 1..=u64::from(u32::MAX)).unwrap_or(limit);
    if given > limit {
        let text = format!("`{}` is lowered to {limit}, the catalog's limit", setting.variable());
        reader.warn(Notice::debug(text));
    }
    usize::try_from(given.min(limit)).expect("every limit here fits into 32 bits")
}

fn expressions(reader: &mut Reader<'_>) -> ExpressionSettings {
    let seconds = reader.integer(names::JQ_SECONDS, " of seconds", 1..=MAX_EXPRESSION_SECONDS);
    let mut bytes = |setting| {
        let bytes = reader.integer(setting, " of bytes", 1..=MAX_EXPRESSION_BYTES)?;
        Some(usize::try_from(bytes).expect("the bound fits into 32 bits"))
    };
    ExpressionSettings {
        made_bytes: bytes(names::JQ_MADE_BYTES),
        output_bytes: bytes(names::JQ_OUTPUT_BYTES),
        steps: reader.integer(names::JQ_STEPS, "", 1..=MAX_STEPS),
        time: seconds.map(Duration::from_secs),
    }
}

fn deletion(reader: &mut Reader<'_>) -> DeletionSettings {
    let mut allow_empty = BTreeSet::new();
    let Some((words, origin)) = reader.list(names::ALLOW_EMPTY) else {
        return DeletionSettings { allow_empty };
    };
    for word in words {
        if let Some(kind) = word.parse::<Kind>().ok().filter(|kind| kind.is_listed()) {
            allow_empty.insert(kind);
            continue;
        }
        let kinds = Kind::LISTED.map(Kind::name);
        let expected = format!("kinds of records ({})", quoted(&kinds));
        let shown = reader.shown(&serde_json::Value::String(word.clone()));
        let fault =
            Fault::about(names::ALLOW_EMPTY, Some(origin.clone()), Problem::Malformed { expected, shown });
        reader.blame(match nearest(&word, &kinds) {
            Some(meant) => fault.hinting(format!("did you mean `{meant}`?")),
            None => fault,
        });
    }
    DeletionSettings { allow_empty }
}

fn server(reader: &mut Reader<'_>) -> ServerSettings {
    let port = reader.integer(names::HTTP_PORT, "", 0..=u64::from(u16::MAX)).unwrap_or(DEFAULT_HTTP_PORT);
    let prefix = reader.text(names::PATH_PREFIX).map(|(prefix, _)| prefix.trim_matches('/').to_owned());
    ServerSettings {
        port: u16::try_from(port).expect("the range of ports was checked"),
        base_url: reader.address(names::BASE_URL),
        path_prefix: prefix
            .filter(|prefix| !prefix.is_empty())
            .map_or_else(String::new, |prefix| format!("/{prefix}")),
        metrics: match reader.boolean(names::METRICS_COMPAT) {
            Some(true) => Metrics::WithThePeers,
            Some(false) | None => Metrics::Ours,
        },
    }
}

fn webhook(reader: &mut Reader<'_>) -> WebhookSettings {
    let callers = &[("required", Callers::WithSecret), ("off", Callers::Anybody)];
    let header = reader.text(names::WEBHOOK_HEADER).and_then(|(name, origin)| {
        let is_token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
        if name.bytes().all(is_token) {
            return Some(name.to_ascii_lowercase());
        }
        let shown = reader.shown(&serde_json::Value::String(name));
        reader.malformed(names::WEBHOOK_HEADER, &origin, "the name of a header", shown);
        None
    });
    WebhookSettings {
        secret: reader.optional_secret(names::WEBHOOK_SECRET),
        header: header.unwrap_or_else(|| DEFAULT_WEBHOOK_HEADER.to_owned()),
        callers: reader
            .choice(names::WEBHOOK_AUTHENTICATION, Case::Any, callers)
            .unwrap_or(Callers::WithSecret),
    }
}

fn schedule(reader: &mut Reader<'_>) -> BTreeMap<Kind, Duration> {
    let setting = |kind| match kind {
        Kind::Alert => Some(names::SCHEDULE_ALERT),
        Kind::Incident => Some(names::SCHEDULE_INCIDENT),
        Kind::Service => Some(names::SCHEDULE_SERVICE),
        Kind::Team => Some(names::SCHEDULE_TEAM),
        Kind::Schedule => Some(names::SCHEDULE_SCHEDULE),
        Kind::ScheduleOncall => Some(names::SCHEDULE_ONCALL),
        Kind::User => Some(names::SCHEDULE_USER),
        Kind::WebhookEvent => None,
    };
    Kind::LISTED.into_iter().filter_map(|kind| Some((kind, reader.time(setting(kind)?)?))).collect()
}

fn logging(reader: &mut Reader<'_>) -> LoggingSettings {
    const LEVELS: [(&str, LogLevel); 6] = [
        ("DEBUG", LogLevel::Debug),
        ("INFO", LogLevel::Info),
        ("WARNING", LogLevel::Warning),
        ("ERROR", LogLevel::Error),
        ("CRITICAL", LogLevel::Error),
        ("WARN", LogLevel::Warning),
    ];
    LoggingSettings {
        level: reader.choice(names::LOG_LEVEL, Case::Any, &LEVELS).unwrap_or(LogLevel::Info),
        format: reader
            .choice(names::LOG_FORMAT, Case::Any, &[("text", LogFormat::Text), ("json", LogFormat::Json)])
            .unwrap_or(LogFormat::Text),
    }
}
