//! The JSON of an alert, as the Alert API page on <https://docs.opsgenie.com/docs> and real payloads show it.

use jiff::Timestamp;
use serde::{Serialize, Serializer};
use serde_json::{Map, Value, json};

use super::render::{View, overlaid};
use super::{Alert, Text};

impl Alert {
    /// The alias, which defaults to the id.
    pub(in crate::sandbox) fn alias(&self) -> &Text {
        self.alias.as_ref().unwrap_or(&self.id)
    }

    pub(in crate::sandbox) fn json(&self, view: View) -> Value {
        let mut out =
            serde_json::to_value(AlertRow::of(self)).expect("keys are texts and numbers are finite");
        if view == View::Whole {
            out["actions"] = json!([]);
            out["entity"] = Value::from(&*self.entity);
            out["description"] = Value::from(&*self.description);
            let details = self.details.iter();
            out["details"] = details
                .map(|(key, value)| (key.to_string(), Value::from(&**value)))
                .collect::<Map<_, _>>()
                .into();
        }
        overlaid(out, &self.extra)
    }

    /// Writes the row of a listing; straight to text, since listings are long.
    pub(in crate::sandbox) fn write_row(&self, out: &mut Vec<u8>) {
        let written = match self.extra {
            None => serde_json::to_writer(out, &AlertRow::of(self)),
            Some(_) => serde_json::to_writer(out, &self.json(View::Row)),
        };
        written.expect("memory takes any text, and keys are texts");
    }
}

/// Milliseconds since 1970, written as RFC 3339.
struct Instant(i64);

impl Serialize for Instant {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        match Timestamp::from_millisecond(self.0) {
            Ok(at) => to.collect_str(&at),
            Err(_) => to.serialize_none(),
        }
    }
}

/// A number written as a text of digits.
struct Digits(u64);

impl Serialize for Digits {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(&self.0)
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
#[expect(clippy::struct_excessive_bools, reason = "the shape is the API's")]
struct AlertRow<'a> {
    seen: bool,
    id: &'a str,
    tiny_id: Digits,
    alias: &'a str,
    message: &'a str,
    status: &'static str,
    acknowledged: bool,
    is_seen: bool,
    tags: &'a [Text],
    snoozed: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    snoozed_until: Option<Instant>,
    count: u64,
    last_occurred_at: Instant,
    created_at: Instant,
    updated_at: Instant,
    source: &'a str,
    owner: &'a str,
    priority: &'static str,
    teams: Vec<TeamOf<'a>>,
    responders: Vec<ResponderRow<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    integration: Option<IntegrationRow<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    report: Option<ReportRow<'a>>,
    owner_team_id: &'a str,
}

#[derive(Serialize)]
struct TeamOf<'a> {
    id: &'a str,
}

#[derive(Serialize)]
struct ResponderRow<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    id: &'a str,
}

#[derive(Serialize)]
struct IntegrationRow<'a> {
    id: &'a str,
    name: &'a str,
    #[serde(rename = "type")]
    kind: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ReportRow<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    ack_time: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    close_time: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    acknowledged_by: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    closed_by: Option<&'a str>,
}

impl<'a> AlertRow<'a> {
    fn of(alert: &'a Alert) -> Self {
        Self {
            seen: alert.is_seen,
            id: &alert.id,
            tiny_id: Digits(alert.tiny_id),
            alias: alert.alias(),
            message: &alert.message,
            status: alert.status.name(),
            acknowledged: alert.acknowledged,
            is_seen: alert.is_seen,
            tags: &alert.tags,
            snoozed: alert.snoozed_until_ms.is_some(),
            snoozed_until: alert.snoozed_until_ms.map(Instant),
            count: alert.count,
            last_occurred_at: Instant(alert.last_occurred_ms),
            created_at: Instant(alert.created_ms),
            updated_at: Instant(alert.updated_ms),
            source: &alert.source,
            owner: &alert.owner,
            priority: alert.priority.name(),
            teams: alert.teams.iter().map(|id| TeamOf { id }).collect(),
            responders: alert
                .responders
                .iter()
                .map(|one| ResponderRow { kind: one.kind.name(), id: &one.id })
                .collect(),
            integration: alert.integration.as_ref().map(|from| IntegrationRow {
                id: &from.id,
                name: &from.name,
                kind: &from.kind,
            }),
            report: alert.report.as_ref().map(|report| ReportRow {
                ack_time: report.ack_ms,
                close_time: report.close_ms,
                acknowledged_by: report.acknowledged_by.as_deref(),
                closed_by: report.closed_by.as_deref(),
            }),
            owner_team_id: &alert.owner_team_id,
        }
    }
}
