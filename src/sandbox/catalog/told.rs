//! What pages show of a sync: metrics, heartbeats, log lines and examples are checked for their form and remembered.

use axum::http::{Method, StatusCode};
use serde_json::{Map, Value, json};

use super::answer::{Refusal, object_with};
use super::{Answer, Asked, Catalog};

/// So much is remembered; the oldest goes first.
const REMEMBERED: usize = 10_000;

const STATES: [&str; 5] = ["pending", "syncing", "completed", "failed", "aborted"];
const LEVELS: [&str; 5] = ["DEBUG", "INFO", "WARNING", "ERROR", "FATAL"];
const PHASES: [&str; 5] = ["extract", "transform", "load", "delete", "resync"];

/// Something that an integration told about a sync.
#[derive(Clone, Debug, PartialEq)]
pub enum Told {
    /// How far a kind, or the sync, has come.
    Metric(Value),
    /// That the sync of this id goes on.
    Heartbeat(String),
    /// A log line.
    Line(Value),
    /// A raw record of a kind.
    Example(String, Value),
}

impl Catalog {
    /// What was told so far, in order.
    pub fn told(&self) -> &[Told] {
        &self.told
    }

    /// The states that each kind (or `__runtime__`, `__reconciliation__`) went through, as `alert-0 pending`.
    pub fn sync_states(&self) -> Vec<String> {
        let text = |metric: &Value, key: &str| metric[key].as_str().unwrap_or_default().to_owned();
        let state = |told: &Told| match told {
            Told::Metric(metric) => {
                Some(format!("{} {}", text(metric, "kindIdentifier"), text(metric, "syncState")))
            }
            Told::Heartbeat(_) | Told::Line(_) | Told::Example(..) => None,
        };
        self.told.iter().filter_map(state).collect()
    }

    fn remember(&mut self, told: impl IntoIterator<Item = Told>) -> Answer {
        self.told.extend(told);
        let over = self.told.len().saturating_sub(REMEMBERED);
        self.told.drain(..over);
        Answer::json(StatusCode::OK, &json!({ "ok": true }))
    }

    pub(super) fn ingest(&mut self, asked: &Asked) -> Result<Answer, Refusal> {
        match asked.segments.get(2).map(String::as_str) {
            Some("logs") => {
                let lines = list(asked, "logs")?;
                for line in &lines {
                    check_line(line)?;
                }
                Ok(self.remember(lines.into_iter().map(Told::Line)))
            }
            Some("heartbeat") => {
                let body = object_with(asked, &["eventId"])?;
                let event = text(&body, "eventId")?.to_owned();
                Ok(self.remember([Told::Heartbeat(event)]))
            }
            _ if asked.method == Method::PUT => self.ingest_kind(asked),
            _ => {
                let metrics = list(asked, "syncKindsMetrics")?;
                for metric in &metrics {
                    check_metric(metric)?;
                }
                Ok(self.remember(metrics.into_iter().map(Told::Metric)))
            }
        }
    }

    fn ingest_kind(&mut self, asked: &Asked) -> Result<Answer, Refusal> {
        let mut body = object_with(asked, &["syncKindMetrics"])?;
        let metric = body.remove("syncKindMetrics").unwrap_or_default();
        check_metric(&metric)?;
        let named = [("eventId", 4), ("kindIdentifier", 6)];
        match named
            .into_iter()
            .find(|(key, at)| metric[key].as_str() != asked.segments.get(*at).map(String::as_str))
        {
            Some((key, _)) => Err(Refusal::syntax(format!("`{key}` is another one than in the path"))),
            None => Ok(self.remember([Told::Metric(metric)])),
        }
    }

    pub(super) fn examples(&mut self, asked: &Asked) -> Result<Answer, Refusal> {
        let kind = asked.segments.get(4).cloned().unwrap_or_default();
        let examples = list(asked, "examples")?;
        if examples.is_empty() || examples.iter().any(|example| !example.is_object()) {
            return Err(Refusal::syntax("`examples` must hold objects"));
        }
        Ok(self.remember(examples.into_iter().map(|example| Told::Example(kind.clone(), example))))
    }
}

/// The only key of the body, an array.
fn list(asked: &Asked, key: &str) -> Result<Vec<Value>, Refusal> {
    match object_with(asked, &[key])?.remove(key) {
        Some(Value::Array(items)) => Ok(items),
        _ => Err(Refusal::syntax(format!("`{key}` must be an array"))),
    }
}

fn text<'o>(object: &'o Map<String, Value>, key: &str) -> Result<&'o str, Refusal> {
    let text = object.get(key).and_then(Value::as_str);
    text.ok_or_else(|| Refusal::syntax(format!("`{key}` must be a text")))
}

fn one_of(object: &Map<String, Value>, key: &str, known: &[&str]) -> Result<(), Refusal> {
    let found = text(object, key)?;
    if known.contains(&found) {
        Ok(())
    } else {
        Err(Refusal::syntax(format!("`{key}` is none of {known:?}")))
    }
}

fn check_line(line: &Value) -> Result<(), Refusal> {
    let line = line.as_object().ok_or_else(|| Refusal::syntax("a log line must be an object"))?;
    text(line, "message")?;
    text(line, "timestamp")?;
    one_of(line, "level", &LEVELS)?;
    match line.get("extra") {
        Some(Value::Object(_)) => Ok(()),
        _ => Err(Refusal::syntax("`extra` must be an object")),
    }
}

fn check_metric(metric: &Value) -> Result<(), Refusal> {
    let metric = metric.as_object().ok_or_else(|| Refusal::syntax("a metric must be an object"))?;
    let texts = [
        "integrationType",
        "installationType",
        "executionMode",
        "integrationIdentifier",
        "integrationVersion",
        "oceanVersion",
        "kindIdentifier",
        "kind",
        "eventId",
        "blueprint",
    ];
    for key in texts {
        text(metric, key)?;
    }
    one_of(metric, "syncState", &STATES)?;
    if !metric.get("kindIndex").is_some_and(Value::is_u64) {
        return Err(Refusal::syntax("`kindIndex` must be a whole number"));
    }
    let phases = metric.get("metrics").and_then(|metrics| metrics["phase"].as_object());
    let phases = phases.ok_or_else(|| Refusal::syntax("`metrics.phase` must be an object"))?;
    match phases.keys().find(|phase| !PHASES.contains(&phase.as_str())) {
        Some(phase) => Err(Refusal::syntax(format!("there is no phase `{phase}`"))),
        None => Ok(()),
    }
}
