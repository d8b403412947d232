//! Sources to settings: pure, and every fault at once.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::fault::{Fault, Faults, Notice, Problem};
use super::layers::Layers;
use super::names;
use super::reader::{Reader, nearest, quoted};
use super::settings::{
    BatchSettings, Callers, CatalogSettings, Certificates, DeletionSettings, DisclosureSettings,
    EventListener, ExpressionSettings, INTEGRATION_TYPE, LoggingSettings, Metrics, ResourceSettings,
    SchedulesOfOneTeam, ServerSettings, Settings, SourceSettings, WebhookSettings,
};
use super::sources::Sources;
use super::table;
use super::words::{self, ListenerName};
use crate::model::Kind;

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
                reader.integer(names::CLIENT_TIMEOUT).unwrap_or(table::TIMEOUT_SECONDS),
            ),
            retry_budget: Duration::from_secs(
                reader.integer(names::RETRY_BUDGET).unwrap_or(table::RETRY_SECONDS),
            ),
            batches: batches(&mut reader),
            expressions: expressions(&mut reader),
            deletion: deletion(&mut reader),
            heartbeat: Duration::from_secs(
                reader.integer(names::HEARTBEAT).unwrap_or(table::HEARTBEAT_SECONDS),
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
        base_url: reader.address(names::PORT_BASE_URL).unwrap_or_else(|| table::CATALOG_URL.to_owned()),
        client_id,
        client_secret,
        certificates: certificates(reader, names::CATALOG_TLS_VERIFY),
    };
    let source = SourceSettings {
        api_url: reader.address(names::API_URL).unwrap_or_else(|| table::API_URL.to_owned()),
        api_token,
        certificates: certificates(reader, names::SOURCE_TLS_VERIFY),
        calls_in_flight: calls_in_flight(reader),
        schedules_of_one_team: reader
            .choice(names::SCHEDULES_OF_ONE_TEAM, &words::SCHEDULES)
            .unwrap_or(SchedulesOfOneTeam::Merge),
        recording: sources.recording.clone(),
    };
    (catalog, source)
}

fn calls_in_flight(reader: &mut Reader<'_>) -> usize {
    let calls = reader.integer(names::CALLS_IN_FLIGHT);
    usize::try_from(calls.unwrap_or(table::CALLS_IN_FLIGHT)).expect("the bound fits into 32 bits")
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
    reader.name(names::IDENTIFIER).unwrap_or_else(|| table::IDENTIFIER.to_owned())
}

fn listener(reader: &mut Reader<'_>) -> EventListener {
    let name = match reader.peek_text(names::LISTENER_TYPE).as_deref() {
        Some(lacking @ ("KAFKA" | "ACTIONS_ONLY")) => {
            let hint = match lacking {
                "KAFKA" => "use `POLLING`: it looks for resync requests by itself",
                _ => "use `WEBHOOKS_ONLY` for a service that never resyncs by itself",
            };
            reader.unsupported(names::LISTENER_TYPE, hint);
            None
        }
        _ => reader.choice(names::LISTENER_TYPE, &words::LISTENERS),
    };
    let interval = reader.integer(names::LISTENER_INTERVAL);
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
            interval: Duration::from_secs(interval.unwrap_or(table::POLL_SECONDS)),
            resync_on_start: resync_on_start.unwrap_or(true),
        },
    }
}

fn resync_interval(reader: &mut Reader<'_>) -> Option<Duration> {
    let minutes = reader.integer(names::RESYNC_INTERVAL)?;
    (minutes > 0).then(|| Duration::from_secs(minutes * 60))
}

fn resources(reader: &mut Reader<'_>) -> ResourceSettings {
    ResourceSettings {
        initialize: reader.boolean(names::INITIALIZE).unwrap_or(true),
        origin: reader.choice(names::ORIGIN, &words::ORIGINS),
        path: reader.text(names::RESOURCES_PATH).map(|(path, _)| path.into()),
        preset: reader.choice(names::RESOURCES_PRESET, &words::PRESETS),
    }
}

fn batches(reader: &mut Reader<'_>) -> BatchSettings {
    BatchSettings {
        upsert_length: at_most(reader, names::BATCH_LENGTH, table::MAX_UPSERT_LENGTH),
        upsert_bytes: at_most(reader, names::BATCH_BYTES, table::MAX_UPSERT_BYTES),
        delete_length: at_most(reader, names::DELETE_BATCH_LENGTH, table::MAX_DELETE_LENGTH),
    }
}

/// A size that the catalog limits: what is above its limit is lowered to it, as in Port's integration.
fn at_most(reader: &mut Reader<'_>, setting: names::Setting, limit: u64) -> usize {
    let given = reader.integer(setting).unwrap_or(limit);
    if given > limit {
        let text = format!("`{}` is lowered to {limit}, the catalog's limit", setting.variable());
        reader.warn(Notice::debug(text));
    }
    usize::try_from(given.min(limit)).expect("every limit here fits into 32 bits")
}

fn expressions(reader: &mut Reader<'_>) -> ExpressionSettings {
    let seconds = reader.integer(names::JQ_SECONDS);
    let mut bytes = |setting| {
        let bytes = reader.integer(setting)?;
        Some(usize::try_from(bytes).expect("the bound fits into 32 bits"))
    };
    ExpressionSettings {
        made_bytes: bytes(names::JQ_MADE_BYTES),
        output_bytes: bytes(names::JQ_OUTPUT_BYTES),
        steps: reader.integer(names::JQ_STEPS),
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
    let port = reader.integer(names::HTTP_PORT).unwrap_or(table::HTTP_PORT);
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
    let header = reader.name(names::WEBHOOK_HEADER).map(|name| name.to_ascii_lowercase());
    WebhookSettings {
        secret: reader.optional_secret(names::WEBHOOK_SECRET),
        header: header.unwrap_or_else(|| table::WEBHOOK_HEADER.to_owned()),
        callers: reader.choice(names::WEBHOOK_AUTHENTICATION, &words::CALLERS).unwrap_or(Callers::WithSecret),
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
    let ours = LoggingSettings::default();
    LoggingSettings {
        level: reader.choice(names::LOG_LEVEL, &words::LEVELS).unwrap_or(ours.level),
        format: reader.choice(names::LOG_FORMAT, &words::FORMATS).unwrap_or(ours.format),
    }
}
