//! Every setting with its value, as it would be written in the environment; credentials are masked.

use std::time::Duration;

use super::exposure::holds_a_password;
use super::names::{self, Setting};
use super::settings::{
    BatchSettings, CatalogSettings, Certificates, DeletionSettings, DisclosureSettings, EventListener,
    ExpressionSettings, INTEGRATION_TYPE, LoggingSettings, Metrics, ResourceSettings, ServerSettings,
    Settings, SourceSettings, WebhookSettings,
};
use super::words::{self, name_of};
use crate::model::Kind;
use crate::secret::Secret;

/// What stands for a credential.
const MASK: &str = "********";

impl Settings {
    /// Each setting with its value; none where it is unset and has no default.
    pub fn shown(&self) -> Vec<(Setting, Option<String>)> {
        let mut shown = self.values();
        for value in shown.iter_mut().filter_map(|(_, value)| value.as_mut()) {
            if self.is_told_by(value) || holds_a_password(value) {
                MASK.clone_into(value);
            }
        }
        shown
    }

    fn values(&self) -> Vec<(Setting, Option<String>)> {
        let Self {
            catalog: CatalogSettings { base_url, client_id, client_secret, certificates: of_catalog },
            source,
            identifier,
            listener,
            resync_interval,
            resources: ResourceSettings { initialize, origin, path, preset },
            client_timeout,
            retry_budget,
            batches: BatchSettings { upsert_length, upsert_bytes, delete_length },
            expressions: ExpressionSettings { steps, time, made_bytes, output_bytes },
            deletion: DeletionSettings { allow_empty },
            heartbeat,
            disclosure: DisclosureSettings { raw_examples, logs, environment },
            server: ServerSettings { port, base_url: own_url, path_prefix, metrics },
            webhook: WebhookSettings { secret, header, callers },
            schedule,
            logging: LoggingSettings { level, format },
            state_dir,
            lease,
            provenance: _,
        } = self;
        let SourceSettings {
            api_url,
            api_token,
            certificates: of_source,
            calls_in_flight,
            schedules_of_one_team,
            recording: _,
        } = source;
        let [name, interval, on_start, app_host] = listening(listener);
        let every = |kind: Kind| schedule.get(&kind).map(|time| format!("{}s", time.as_secs()));
        let kinds: Vec<&str> = allow_empty.iter().map(|kind| kind.name()).collect();
        vec![
            (names::CLIENT_ID, masked(client_id)),
            (names::CLIENT_SECRET, masked(client_secret)),
            (names::PORT_BASE_URL, text(base_url)),
            (names::IDENTIFIER, text(identifier)),
            (names::TYPE, text(INTEGRATION_TYPE)),
            (names::API_TOKEN, masked(api_token)),
            (names::API_URL, text(api_url)),
            (names::CALLS_IN_FLIGHT, text(calls_in_flight)),
            (names::SCHEDULES_OF_ONE_TEAM, text(name_of(&words::SCHEDULES, schedules_of_one_team))),
            (names::LISTENER_TYPE, name),
            (names::LISTENER_INTERVAL, interval),
            (names::LISTENER_RESYNC_ON_START, on_start),
            (names::LISTENER_APP_HOST, app_host),
            (names::INITIALIZE, text(initialize)),
            (names::ORIGIN, origin.map(|origin| origin.name().to_owned())),
            (names::RESOURCES_PATH, path.as_ref().map(|path| path.display().to_string())),
            (names::RESOURCES_PRESET, preset.map(|preset| preset.name().to_owned())),
            (names::RESYNC_INTERVAL, resync_interval.map(|time| (time.as_secs() / 60).to_string())),
            (names::CLIENT_TIMEOUT, seconds(*client_timeout)),
            (names::RETRY_BUDGET, seconds(*retry_budget)),
            (names::SEND_EXAMPLES, text(raw_examples)),
            (names::HEARTBEAT, seconds(*heartbeat)),
            (names::JQ_ENVIRONMENT, text(environment)),
            (names::JQ_STEPS, steps.map(|steps| steps.to_string())),
            (names::JQ_SECONDS, time.and_then(seconds)),
            (names::JQ_MADE_BYTES, made_bytes.map(|bytes| bytes.to_string())),
            (names::JQ_OUTPUT_BYTES, output_bytes.map(|bytes| bytes.to_string())),
            (names::ALLOW_EMPTY, unless_empty(kinds.join(","))),
            (names::STATE_DIR, state_dir.as_ref().map(|path| path.display().to_string())),
            (names::LEASE, lease.clone()),
            (names::BASE_URL, own_url.clone()),
            (names::PATH_PREFIX, unless_empty(path_prefix.clone())),
            (names::WEBHOOK_SECRET, masked(secret)),
            (names::WEBHOOK_HEADER, text(header)),
            (names::WEBHOOK_AUTHENTICATION, text(name_of(&words::CALLERS, callers))),
            (names::METRICS_COMPAT, text(&(*metrics == Metrics::WithThePeers))),
            (names::SCHEDULE_ALERT, every(Kind::Alert)),
            (names::SCHEDULE_INCIDENT, every(Kind::Incident)),
            (names::SCHEDULE_SERVICE, every(Kind::Service)),
            (names::SCHEDULE_TEAM, every(Kind::Team)),
            (names::SCHEDULE_SCHEDULE, every(Kind::Schedule)),
            (names::SCHEDULE_ONCALL, every(Kind::ScheduleOncall)),
            (names::SCHEDULE_USER, every(Kind::User)),
            (names::LOG_FORMAT, text(name_of(&words::FORMATS, format))),
            (names::BATCH_LENGTH, text(upsert_length)),
            (names::BATCH_BYTES, text(upsert_bytes)),
            (names::DELETE_BATCH_LENGTH, text(delete_length)),
            (names::CATALOG_TLS_VERIFY, text(&(*of_catalog == Certificates::Checked))),
            (names::SOURCE_TLS_VERIFY, text(&(*of_source == Certificates::Checked))),
            (names::LOG_LEVEL, text(name_of(&words::LEVELS, level))),
            (names::HTTP_PORT, text(port)),
            (names::HTTP_LOGGING, text(logs)),
        ]
    }
}

/// Type, interval, whether it begins with a pass, and public address.
fn listening(listener: &EventListener) -> [Option<String>; 4] {
    match listener {
        EventListener::Once => [text("ONCE"), None, None, None],
        EventListener::Polling { interval, resync_on_start } => {
            [text("POLLING"), seconds(*interval), text(resync_on_start), None]
        }
        EventListener::WebhooksOnly => [text("WEBHOOKS_ONLY"), None, None, None],
        EventListener::Webhook { app_host } => [text("WEBHOOK"), None, None, text(app_host)],
    }
}

#[expect(clippy::unnecessary_wraps, reason = "it stands among values that may be missing")]
fn text<T: ToString + ?Sized>(value: &T) -> Option<String> {
    Some(value.to_string())
}

fn seconds(time: Duration) -> Option<String> {
    text(&time.as_secs())
}

fn masked(secret: &Secret) -> Option<String> {
    (!secret.is_empty()).then(|| MASK.to_owned())
}

fn unless_empty(text: String) -> Option<String> {
    Some(text).filter(|text| !text.is_empty())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::config::Sources;

    const CREDENTIALS: [(&str, &str); 3] = [
        ("OCEAN__PORT__CLIENT_ID", "the-client-id"),
        ("OCEAN__PORT__CLIENT_SECRET", "the-client-secret"),
        ("OCEAN__INTEGRATION__CONFIG__API_TOKEN", "the-api-token"),
    ];

    #[test]
    fn every_setting_is_shown_once() {
        let (settings, _) = Settings::resolve(&Sources::from_variables(CREDENTIALS)).unwrap();
        let mut shown: Vec<Setting> = settings.shown().into_iter().map(|(setting, _)| setting).collect();
        let mut all: Vec<Setting> = names::all().collect();
        shown.sort_unstable();
        all.sort_unstable();
        assert_eq!(shown, all);
    }

    #[test]
    fn what_is_shown_gives_the_same_settings_again() {
        let given = [
            ("OCEAN__EVENT_LISTENER", r#"{"type":"POLLING","interval":7,"resyncOnStart":false}"#),
            ("OCEAN__DELETION__ALLOW_EMPTY", "alert user"),
            ("OCEAN__SCHEDULE__ALERT", "5m"),
            ("OCEAN__SCHEDULED_RESYNC_INTERVAL", "60"),
            ("OCEAN__WEBHOOK__AUTHENTICATION", "off"),
            ("OCEAN__SSL__PORT__VERIFY", "no"),
            ("OCEAN__JQ__SECONDS", "3"),
            ("OCEAN__PATH_PREFIX", "below/"),
            ("OCEAN__METRICS__COMPAT", "on"),
            ("APPLICATION__LOG_LEVEL", "debug"),
        ];
        let (settings, _) =
            Settings::resolve(&Sources::from_variables(CREDENTIALS.into_iter().chain(given))).unwrap();
        let shown: BTreeMap<Setting, String> =
            settings.shown().into_iter().filter_map(|(setting, value)| Some((setting, value?))).collect();
        assert_eq!(shown[&names::ALLOW_EMPTY], "alert,user");
        assert_eq!(shown[&names::SCHEDULE_ALERT], "300s");
        let again = shown.iter().map(|(setting, value)| (setting.variable(), value.clone()));
        let again = Sources::from_variables(again);
        let (again, _) = Settings::resolve(&again).unwrap();
        assert_eq!(again.shown(), settings.shown());
    }

    #[test]
    fn a_credential_in_the_wrong_place_is_masked_too() {
        let given = CREDENTIALS.into_iter().chain([("OCEAN__STATE_DIR", "/keep/the-api-token/x")]);
        let (settings, _) = Settings::resolve(&Sources::from_variables(given)).unwrap();
        let shown: BTreeMap<Setting, Option<String>> = settings.shown().into_iter().collect();
        for setting in [names::STATE_DIR, names::CLIENT_ID, names::CLIENT_SECRET, names::API_TOKEN] {
            assert_eq!(shown[&setting].as_deref(), Some(MASK), "{setting:?}");
        }
        assert_eq!(shown[&names::WEBHOOK_SECRET], None);
    }
}
