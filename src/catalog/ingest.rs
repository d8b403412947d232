//! What the catalog's pages show beside the state: metrics per kind, a heartbeat, log lines, examples of records.
//!
//! None of these routes is in the public API reference; they are those of the Ocean framework's client
//! (<https://github.com/port-labs/ocean>, `port_ocean/clients/port`). Metrics and log lines go to addresses that the
//! integration object names, perhaps on another host.

use std::time::Duration;

use bytes::Bytes;
use serde_json::{Map, Value as Json, json};
use uuid::Uuid;

use super::Integration;
use super::request::{INTEGRATION_TYPE, OCEAN_CORE_VERSION, Requests};
use crate::http::{Method, Request, Url};
use crate::model::Kind;

/// Where metrics and log lines go; none where the catalog does not say.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Addresses {
    pub(super) metrics: Option<Url>,
    pub(super) logs: Option<Url>,
}

impl Addresses {
    /// As the integration names them. Our token goes along, so one without TLS is not taken where the catalog has it.
    pub(super) fn of(integration: &Integration, requests: &Requests) -> Self {
        let address = |attributes: &str| {
            let url = integration.raw().get(attributes)?.get("ingestUrl")?.as_str()?;
            let url = Url::parse(url.trim_end_matches('/')).ok()?;
            let as_safe = url.scheme() == "https" || url.scheme() == requests.scheme();
            (as_safe && url.has_host()).then_some(url)
        };
        Self { metrics: address("metricAttributes"), logs: address("logAttributes") }
    }
}

/// What a metric is about.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    /// A resource of the mapping.
    Resource {
        /// Its position, from 0.
        index: usize,
        /// The kind it maps.
        kind: Kind,
        /// The expression that names its blueprint.
        blueprint: String,
    },
    /// The removal of what is stale.
    Reconciliation,
    /// The pass as a whole.
    Runtime,
}

impl Part {
    /// As the catalog names it: `alert-4` for the fifth resource, `__runtime__` for the pass.
    fn identifier(&self) -> String {
        match self {
            Self::Resource { index, kind, blueprint: _ } => format!("{kind}-{index}"),
            Self::Reconciliation | Self::Runtime => self.kind().to_owned(),
        }
    }

    fn kind(&self) -> &'static str {
        match self {
            Self::Resource { kind, .. } => kind.name(),
            Self::Reconciliation => "__reconciliation__",
            Self::Runtime => "__runtime__",
        }
    }
}

/// Where a part of a pass stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SyncState {
    /// It is to come.
    Pending,
    /// It has begun.
    Syncing,
    /// It is over, and nothing is missing.
    Completed,
    /// It is over, and something is missing.
    Failed,
    /// It was stopped.
    Aborted,
}

impl SyncState {
    fn name(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Syncing => "syncing",
            Self::Completed => "completed",
            Self::Failed => "failed",
            Self::Aborted => "aborted",
        }
    }
}

/// What was counted in a part of a pass.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Records that the source gave.
    pub extracted: u64,
    /// Entities that came out of the mapping.
    pub transformed: u64,
    /// Items that a selector left out.
    pub filtered_out: u64,
    /// Items that gave no entity for another reason.
    pub untransformed: u64,
    /// Entities that were written.
    pub loaded: u64,
    /// Entities that were already as mapped.
    pub skipped: u64,
    /// Entities that were refused.
    pub refused: u64,
    /// Entities that went.
    pub deleted: u64,
}

/// How far a part of a pass has come.
#[derive(Clone, Debug, PartialEq)]
pub struct Metric {
    /// Which part.
    pub part: Part,
    /// Where it stands.
    pub state: SyncState,
    /// What was counted so far.
    pub counts: Counts,
    /// How long it took, or has taken so far.
    pub duration: Duration,
}

impl Metric {
    /// A part of which nothing is counted yet.
    pub fn new(part: Part, state: SyncState) -> Self {
        Self { part, state, counts: Counts::default(), duration: Duration::ZERO }
    }

    #[expect(clippy::cast_precision_loss, reason = "the peer sends counts as floating-point numbers")]
    fn json(&self, run: Uuid, teller: &Sender) -> Json {
        let Self { part, state, counts, duration } = self;
        let Counts { extracted, transformed, filtered_out, untransformed, loaded, skipped, refused, deleted } =
            *counts;
        let counted = |counts: &[(&str, u64)]| {
            let counts = counts
                .iter()
                .map(|(name, count)| ((*name).to_owned(), json!({ "object_count": *count as f64 })));
            json!({ "object_count_type": counts.collect::<Map<String, Json>>() })
        };
        let (index, blueprint) = match part {
            Part::Resource { index, kind: _, blueprint } => (*index, blueprint.as_str()),
            Part::Reconciliation | Part::Runtime => (0, ""),
        };
        let success = if *state == SyncState::Completed { 1.0 } else { 0.0 };
        json!({
            "integrationType": INTEGRATION_TYPE,
            "installationType": teller.installation,
            "executionMode": "single_process",
            "integrationIdentifier": teller.requests.identifier(),
            "integrationVersion": teller.version,
            "oceanVersion": OCEAN_CORE_VERSION,
            "kindIdentifier": part.identifier(),
            "kind": part.kind(),
            "kindIndex": index,
            "eventId": run.to_string(),
            "syncState": state.name(),
            "blueprint": blueprint,
            "metrics": { "phase": {
                "extract": counted(&[("raw_extracted", extracted)]),
                "transform": counted(&[
                    ("transformed", transformed), ("filtered_out", filtered_out), ("failed", untransformed),
                ]),
                "load": counted(&[("loaded", loaded), ("skipped", skipped), ("failed", refused)]),
                "delete": counted(&[("deleted", deleted)]),
                "resync": { "duration_seconds": duration.as_secs_f64(), "success": success },
            } },
        })
    }
}

/// What is the same in everything that is told of a pass.
#[derive(Clone, Debug)]
pub(super) struct Sender {
    pub(super) requests: Requests,
    pub(super) version: String,
    /// `installationType` of the integration.
    pub(super) installation: String,
    pub(super) run: Uuid,
}

impl Sender {
    /// `POST {metrics}/syncMetrics`.
    pub(super) fn announcement(&self, to: &Url, metrics: &[Metric]) -> Request {
        let metrics: Vec<Json> = metrics.iter().map(|metric| metric.json(self.run, self)).collect();
        let body = json!({ "syncKindsMetrics": metrics });
        self.requests.ingest(Method::POST, below(to, &["syncMetrics"]), &body)
    }

    /// The call that tells one metric: `PUT {metrics}/syncMetrics/resync/{run}/kind/{kind}` for a resource and for the end
    /// of the reconciliation; for the rest as an announcement.
    pub(super) fn metric(&self, to: &Url, metric: &Metric) -> Request {
        let alone = match (&metric.part, metric.state) {
            (Part::Runtime, _) | (_, SyncState::Pending) => false,
            (Part::Reconciliation, state) => state != SyncState::Syncing,
            (Part::Resource { .. }, _) => true,
        };
        if !alone {
            return self.announcement(to, std::slice::from_ref(metric));
        }
        let (run, part) = (self.run.to_string(), metric.part.identifier());
        let url = below(to, &["syncMetrics", "resync", &run, "kind", &part]);
        self.requests.ingest(Method::PUT, url, &json!({ "syncKindMetrics": metric.json(self.run, self) }))
    }

    /// `POST {metrics}/heartbeat`: without one the catalog takes the pass for dead after some minutes.
    pub(super) fn heartbeat(&self, to: &Url) -> Request {
        let body = json!({ "eventId": self.run.to_string() });
        self.requests.ingest(Method::POST, below(to, &["heartbeat"]), &body)
    }

    /// `POST {logs}` of these JSON objects.
    pub(super) fn logs(&self, to: &Url, lines: &[String]) -> Request {
        let body = format!("{{\"logs\":[{}]}}", lines.join(","));
        self.requests.ingest_bytes(Method::POST, to.clone(), body.into())
    }

    /// `POST /v1/integration/{identifier}/kinds/{kind}/examples` of these JSON objects.
    pub(super) fn examples(&self, kind: Kind, records: &[String]) -> Request {
        let body = Bytes::from(format!("{{\"examples\":[{}]}}", records.join(",")));
        self.requests.examples(kind.name(), body)
    }
}

fn below(base: &Url, path: &[&str]) -> Url {
    let mut url = base.clone();
    if let Ok(mut segments) = url.path_segments_mut() {
        segments.pop_if_empty().extend(path);
    }
    url
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sender() -> Sender {
        Sender {
            requests: Requests::new("https://api.test", "my-og", "1.2.3").expect("an address"),
            version: "1.2.3".to_owned(),
            installation: "OnPrem".to_owned(),
            run: Uuid::nil(),
        }
    }

    fn shown(request: &Request) -> String {
        format!("{} {}\n{}", request.method, request.url, String::from_utf8_lossy(&request.body))
    }

    #[test]
    fn a_resource_is_put_and_the_pass_is_posted() {
        let to = Url::parse("https://ingest.test/base").expect("an address");
        let alert = Part::Resource { index: 4, kind: Kind::Alert, blueprint: "\"opsGenieAlert\"".to_owned() };
        let counts = Counts { extracted: 3, transformed: 2, filtered_out: 1, loaded: 2, ..Counts::default() };
        let metric = Metric {
            counts,
            duration: Duration::from_millis(1500),
            ..Metric::new(alert, SyncState::Completed)
        };
        insta::assert_snapshot!(shown(&sender().metric(&to, &metric)), @r#"
        PUT https://ingest.test/base/syncMetrics/resync/00000000-0000-0000-0000-000000000000/kind/alert-4
        {"syncKindMetrics":{"integrationType":"opsgenie","installationType":"OnPrem","executionMode":"single_process","integrationIdentifier":"my-og","integrationVersion":"1.2.3","oceanVersion":"0.48.12","kindIdentifier":"alert-4","kind":"alert","kindIndex":4,"eventId":"00000000-0000-0000-0000-000000000000","syncState":"completed","blueprint":"\"opsGenieAlert\"","metrics":{"phase":{"extract":{"object_count_type":{"raw_extracted":{"object_count":3.0}}},"transform":{"object_count_type":{"transformed":{"object_count":2.0},"filtered_out":{"object_count":1.0},"failed":{"object_count":0.0}}},"load":{"object_count_type":{"loaded":{"object_count":2.0},"skipped":{"object_count":0.0},"failed":{"object_count":0.0}}},"delete":{"object_count_type":{"deleted":{"object_count":0.0}}},"resync":{"duration_seconds":1.5,"success":1.0}}}}}
        "#);
        let called = |part: Part, state: SyncState| {
            let request = sender().metric(&to, &Metric::new(part, state));
            format!("{} {}", request.method, request.url.path().replace(&Uuid::nil().to_string(), "RUN"))
        };
        let calls = [
            called(Part::Runtime, SyncState::Syncing),
            called(Part::Runtime, SyncState::Failed),
            called(Part::Reconciliation, SyncState::Syncing),
            called(Part::Reconciliation, SyncState::Completed),
        ];
        insta::assert_snapshot!(calls.join("\n"), @r"
        POST /base/syncMetrics
        POST /base/syncMetrics
        POST /base/syncMetrics
        PUT /base/syncMetrics/resync/RUN/kind/__reconciliation__
        ");
    }

    #[test]
    fn our_token_goes_nowhere_in_the_clear() {
        let addresses = |base: &str, ingest: &str| {
            let integration = json!({ "metricAttributes": { "ingestUrl": ingest } });
            let Json::Object(raw) = integration else { unreachable!("an object") };
            let requests = Requests::new(base, "my-og", "1.2.3").expect("an address");
            Addresses::of(&Integration::of(raw), &requests).metrics.map(|url| url.to_string())
        };
        assert_eq!(addresses("https://a.test", "http://b.test/x"), None);
        assert_eq!(addresses("https://a.test", "not an address"), None);
        assert_eq!(addresses("https://a.test", "file:///x"), None);
        assert_eq!(addresses("https://a.test", "https://b.test/x/").as_deref(), Some("https://b.test/x"));
        assert_eq!(addresses("http://a.test", "http://b.test/x").as_deref(), Some("http://b.test/x"));
    }
}
