//! What the service counts, in the text format of `OpenMetrics` (<https://prometheus.io/docs/specs/om/open_metrics_spec/>).

use std::collections::BTreeMap;
use std::sync::atomic::AtomicU64;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use prometheus_client::encoding::{EncodeLabelSet, text};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};

use super::queue::Depth;
use crate::config;
use crate::model::Kind;
use crate::report::{KindReport, Report, Traffic};
use crate::sync::Changes;

/// What the names of our metrics begin with.
const PREFIX: &str = "ocean_opsgenie";

/// Upper bounds of the delay from a call of the webhook to the catalog, in seconds.
const DELAYS: [f64; 10] = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0, 60.0, 600.0];

type Seconds = Gauge<f64, AtomicU64>;
type Sum = Counter<f64, AtomicU64>;

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct OfKind {
    kind: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct OfOutcome {
    kind: &'static str,
    outcome: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Outcome {
    outcome: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Side {
    side: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Standing {
    state: &'static str,
}

/// The metrics of Port's integration have these labels (<https://github.com/port-labs/ocean>).
#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Peer {
    kind: String,
    phase: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct PeerCount {
    kind: String,
    phase: &'static str,
    object_count_type: &'static str,
}

/// How a call of the webhook ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Call {
    Accepted,
    Merged,
    Old,
    Other,
    Unreadable,
    Refused,
    TooLarge,
    TooMany,
    Full,
}

/// What became of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum EventEnd {
    Settled,
    Later,
    Failed,
}

/// Everything that is counted.
#[derive(Debug)]
pub(super) struct Metrics {
    registry: Registry,
    peer: Option<PeerMetrics>,
    passes: Family<Outcome, Counter>,
    pass_seconds: Seconds,
    listed: Family<OfKind, Counter>,
    entities: Family<OfOutcome, Counter>,
    calls: Family<Side, Counter>,
    retries: Family<Side, Counter>,
    waited: Family<Side, Sum>,
    complete_age: Family<OfKind, Seconds>,
    complete_at: Mutex<BTreeMap<Kind, Instant>>,
    webhooks: Family<Outcome, Counter>,
    events: Family<Outcome, Counter>,
    delay: Histogram,
    queue: Family<Standing, Gauge>,
    paused: Gauge,
    ready: Gauge,
}

/// The metrics of Port's integration under its names: gauges that tell of the last pass.
#[derive(Debug)]
struct PeerMetrics {
    registry: Registry,
    duration: Family<Peer, Seconds>,
    objects: Family<PeerCount, Gauge>,
    success: Family<Peer, Gauge>,
    waited: Family<Peer, Seconds>,
}

impl Metrics {
    pub(super) fn new(shown: config::Metrics) -> Self {
        let mut metrics = Self {
            registry: Registry::with_prefix(PREFIX),
            peer: match shown {
                config::Metrics::Ours => None,
                config::Metrics::WithThePeers => Some(PeerMetrics::new()),
            },
            passes: Family::default(),
            pass_seconds: Seconds::default(),
            listed: Family::default(),
            entities: Family::default(),
            calls: Family::default(),
            retries: Family::default(),
            waited: Family::default(),
            complete_age: Family::default(),
            complete_at: Mutex::default(),
            webhooks: Family::default(),
            events: Family::default(),
            delay: Histogram::new(DELAYS),
            queue: Family::default(),
            paused: Gauge::default(),
            ready: Gauge::default(),
        };
        let Self { registry, passes, pass_seconds, listed, entities, .. } = &mut metrics;
        registry.register("passes", "Passes by their exit code", passes.clone());
        registry.register_with_unit(
            "last_pass_duration",
            "Of the last full pass",
            Unit::Seconds,
            pass_seconds.clone(),
        );
        registry.register("records_listed", "Records that Opsgenie gave", listed.clone());
        registry.register("entities", "Entities by what became of them", entities.clone());
        let Self { registry, calls, retries, waited, complete_age, .. } = &mut metrics;
        registry.register("calls", "Calls to either side, retries included", calls.clone());
        registry.register("retries", "Calls that were made again", retries.clone());
        registry.register_with_unit(
            "waits",
            "Spent waiting for a pace or a retry, summed over calls",
            Unit::Seconds,
            waited.clone(),
        );
        registry.register_with_unit(
            "complete_pass_age",
            "Since a pass last saw all of a kind",
            Unit::Seconds,
            complete_age.clone(),
        );
        let Self { registry, webhooks, events, delay, queue, paused, ready, .. } = &mut metrics;
        registry.register("webhook_calls", "Calls of the webhook by their answer", webhooks.clone());
        registry.register("events", "Live events by what became of a try", events.clone());
        registry.register_with_unit(
            "event_delay",
            "From the call of the webhook to the catalog",
            Unit::Seconds,
            delay.clone(),
        );
        registry.register("queued_events", "Live events that are not settled", queue.clone());
        registry.register(
            "target_paused",
            "1 while a side is left alone because most deliveries to it failed",
            paused.clone(),
        );
        registry.register("ready", "1 when /health/ready says so", ready.clone());
        metrics
    }

    /// Counts a full pass, or a look at a kind.
    pub(super) fn passed(&self, report: &Report, extent: Extent) {
        let code = report.exit.name();
        if extent == Extent::Full {
            self.passes.get_or_create(&Outcome { outcome: code }).inc();
            self.pass_seconds.set(report.duration.as_secs_f64());
            if let Some(peer) = &self.peer {
                peer.passed(report);
            }
        }
        for row in &report.kinds {
            self.listed.get_or_create(&OfKind { kind: row.kind.name() }).inc_by(row.listed);
            for (outcome, count) in outcomes(row) {
                self.entities.get_or_create(&OfOutcome { kind: row.kind.name(), outcome }).inc_by(count);
            }
            if extent == Extent::Full && row.verdict.is_complete() {
                let mut complete = self.complete_at.lock().unwrap_or_else(PoisonError::into_inner);
                complete.insert(row.kind, Instant::now());
            }
        }
        self.traffic("opsgenie", &report.opsgenie);
        self.traffic("catalog", &report.catalog);
    }

    fn traffic(&self, side: &'static str, traffic: &Traffic) {
        let side = Side { side };
        self.calls.get_or_create(&side).inc_by(traffic.calls);
        self.retries.get_or_create(&side).inc_by(traffic.retries);
        self.waited.get_or_create(&side).inc_by(traffic.waited.as_secs_f64());
    }

    /// Counts a call of the webhook.
    pub(super) fn called(&self, call: Call) {
        let outcome = match call {
            Call::Accepted => "accepted",
            Call::Merged => "merged",
            Call::Old => "old",
            Call::Other => "other",
            Call::Unreadable => "unreadable",
            Call::Refused => "refused",
            Call::TooLarge => "too_large",
            Call::TooMany => "too_many",
            Call::Full => "full",
        };
        self.webhooks.get_or_create(&Outcome { outcome }).inc();
    }

    /// Counts a try of an event.
    pub(super) fn tried(&self, end: EventEnd) {
        let outcome = match end {
            EventEnd::Settled => "settled",
            EventEnd::Later => "later",
            EventEnd::Failed => "failed",
        };
        self.events.get_or_create(&Outcome { outcome }).inc();
    }

    /// Counts what events changed.
    pub(super) fn changed(&self, kind: Kind, changes: &Changes) {
        let Changes { created, updated, unchanged, deleted, made: _ } = changes;
        let all =
            [("created", created), ("updated", updated), ("unchanged", unchanged), ("deleted", deleted)];
        for (outcome, count) in all {
            self.entities.get_or_create(&OfOutcome { kind: kind.name(), outcome }).inc_by(*count);
        }
    }

    /// Notes how long an event took.
    pub(super) fn delayed(&self, delay: Duration) {
        self.delay.observe(delay.as_secs_f64());
    }

    /// The text that a scraper reads.
    pub(super) fn text(&self, depth: Depth, paused: bool, ready: bool) -> String {
        let Depth { ready: waiting_for_worker, in_hand, waiting, failed } = depth;
        let states =
            [("ready", waiting_for_worker), ("in_hand", in_hand), ("waiting", waiting), ("failed", failed)];
        for (state, count) in states {
            self.queue.get_or_create(&Standing { state }).set(i64::try_from(count).unwrap_or(i64::MAX));
        }
        self.paused.set(i64::from(paused));
        self.ready.set(i64::from(ready));
        for (kind, at) in &*self.complete_at.lock().unwrap_or_else(PoisonError::into_inner) {
            self.complete_age.get_or_create(&OfKind { kind: kind.name() }).set(at.elapsed().as_secs_f64());
        }
        let mut out = String::with_capacity(8192);
        let written = match &self.peer {
            None => text::encode(&mut out, &self.registry),
            Some(peer) => text::encode_registry(&mut out, &peer.registry)
                .and_then(|()| text::encode(&mut out, &self.registry)),
        };
        if let Err(error) = written {
            tracing::error!(%error, "the metrics cannot be written");
        }
        out
    }
}

/// How much a pass looks at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Extent {
    Full,
    Part,
}

fn outcomes(row: &KindReport) -> [(&'static str, u64); 5] {
    [
        ("created", row.created),
        ("updated", row.updated),
        ("unchanged", row.unchanged),
        ("refused", row.refused),
        ("deleted", row.deleted),
    ]
}

impl PeerMetrics {
    fn new() -> Self {
        let mut metrics = Self {
            registry: Registry::default(),
            duration: Family::default(),
            objects: Family::default(),
            success: Family::default(),
            waited: Family::default(),
        };
        let Self { registry, duration, objects, success, waited } = &mut metrics;
        registry.register("duration_seconds", "duration description", duration.clone());
        registry.register("object_count", "object_count description", objects.clone());
        registry.register("success", "success description", success.clone());
        registry.register("rate_limit_wait_seconds", "rate_limit_wait description", waited.clone());
        metrics
    }

    fn passed(&self, report: &Report) {
        let runtime = || "__runtime__".to_owned();
        let whole = Peer { kind: runtime(), phase: "resync" };
        self.duration.get_or_create(&whole).set(report.duration.as_secs_f64());
        self.success.get_or_create(&whole).set(i64::from(report.exit.code() == 0));
        let waited = Peer { kind: runtime(), phase: "extract" };
        self.waited.get_or_create(&waited).set(report.opsgenie.waited.as_secs_f64());
        for (index, row) in report.kinds.iter().enumerate() {
            let kind = format!("{}-{index}", row.kind);
            let of = |phase| Peer { kind: kind.clone(), phase };
            self.duration.get_or_create(&of("resync")).set(row.duration.as_secs_f64());
            self.success.get_or_create(&of("resync")).set(i64::from(row.verdict.is_complete()));
            let counts = [
                ("extract", "raw_extracted", row.listed),
                ("transform", "transformed", row.mapped),
                ("transform", "filtered_out", row.skipped),
                ("transform", "failed", row.unmapped),
                ("load", "loaded", row.created + row.updated),
                ("load", "skipped", row.unchanged),
                ("load", "failed", row.refused),
                ("delete", "deleted", row.deleted),
            ];
            for (phase, object_count_type, count) in counts {
                let label = PeerCount { kind: kind.clone(), phase, object_count_type };
                self.objects.get_or_create(&label).set(i64::try_from(count).unwrap_or(i64::MAX));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::Mode;

    fn report() -> Report {
        let mut report = Report::new("1.2.3", "my-og", "r", Mode::Apply);
        report.duration = Duration::from_millis(1500);
        report.kinds = vec![KindReport {
            listed: 3,
            mapped: 2,
            created: 1,
            unchanged: 1,
            ..KindReport::new(Kind::Team)
        }];
        report.opsgenie.calls = 7;
        report
    }

    #[test]
    fn counters_count_and_ages_are_those_of_complete_kinds() {
        let metrics = Metrics::new(config::Metrics::Ours);
        metrics.passed(&report(), Extent::Full);
        metrics.passed(&report(), Extent::Part);
        metrics.called(Call::Accepted);
        metrics.tried(EventEnd::Settled);
        metrics.delayed(Duration::from_millis(3));
        let text = metrics.text(Depth { waiting: 2, ..Depth::default() }, false, true);
        for line in [
            r#"ocean_opsgenie_passes_total{outcome="done"} 1"#,
            "ocean_opsgenie_last_pass_duration_seconds 1.5",
            r#"ocean_opsgenie_records_listed_total{kind="team"} 6"#,
            r#"ocean_opsgenie_entities_total{kind="team",outcome="created"} 2"#,
            r#"ocean_opsgenie_calls_total{side="opsgenie"} 14"#,
            r#"ocean_opsgenie_complete_pass_age_seconds{kind="team"} 0"#,
            r#"ocean_opsgenie_webhook_calls_total{outcome="accepted"} 1"#,
            r#"ocean_opsgenie_events_total{outcome="settled"} 1"#,
            r#"ocean_opsgenie_event_delay_seconds_bucket{le="0.01"} 1"#,
            r#"ocean_opsgenie_queued_events{state="waiting"} 2"#,
            "ocean_opsgenie_target_paused 0",
            "ocean_opsgenie_ready 1",
        ] {
            assert!(text.lines().any(|found| found.starts_with(line)), "{line} is missing:\n{text}");
        }
        assert!(!text.contains("\nobject_count"), "{text}");
    }

    #[test]
    fn the_peers_names_are_there_when_asked_for() {
        let metrics = Metrics::new(config::Metrics::WithThePeers);
        metrics.passed(&report(), Extent::Full);
        let text = metrics.text(Depth::default(), true, false);
        for line in [
            r#"object_count{kind="team-0",phase="extract",object_count_type="raw_extracted"} 3"#,
            r#"duration_seconds{kind="__runtime__",phase="resync"} 1.5"#,
            r#"success{kind="team-0",phase="resync"} 1"#,
            "ocean_opsgenie_target_paused 1",
        ] {
            assert!(text.lines().any(|found| found.starts_with(line)), "{line} is missing:\n{text}");
        }
        assert!(text.ends_with("# EOF\n"), "{text}");
    }
}
