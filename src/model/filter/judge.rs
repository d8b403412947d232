//! A condition, judged on one record.

use jiff::Timestamp;

use super::clause::Wanted;
use super::field::Field;
use super::text::{self, Bare};
use super::window;
use crate::model::{Kind, Lookup};
use crate::value::Value;

/// Whether a record is one of those that a filter asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Judgement {
    /// It is.
    Fits,
    /// It is not.
    Differs,
    /// The record does not tell: it holds ids where the filter names names, lacks a field that only other requests show,
    /// or the filter has a search text, a wildcard or a phrase that only Opsgenie can match. Ask Opsgenie.
    Unknown,
}

impl Judgement {
    /// Both must hold.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::Differs, _) | (_, Self::Differs) => Self::Differs,
            (Self::Unknown, _) | (_, Self::Unknown) => Self::Unknown,
            (Self::Fits, Self::Fits) => Self::Fits,
        }
    }

    /// One must hold.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        match (self, other) {
            (Self::Fits, _) | (_, Self::Fits) => Self::Fits,
            (Self::Unknown, _) | (_, Self::Unknown) => Self::Unknown,
            (Self::Differs, Self::Differs) => Self::Differs,
        }
    }

    fn of(known: Option<bool>) -> Self {
        match known {
            Some(true) => Self::Fits,
            Some(false) => Self::Differs,
            None => Self::Unknown,
        }
    }
}

/// What a record tells of a field.
enum Told {
    /// Nothing: it may hold anything.
    Unsaid,
    /// These values, and no others.
    All(Vec<Value>),
    /// These values, perhaps others too.
    AtLeast(Vec<Value>),
}

pub(super) fn judge(kind: Kind, field: Field, wanted: &Wanted, body: &Value, now: Timestamp) -> Judgement {
    // An alias finds open alerts only.
    if field == Field::Alias && body.get("status").as_str() == Some("closed") {
        return Judgement::Differs;
    }
    let (values, otherwise) = match told(kind, field, body) {
        Told::Unsaid => return Judgement::Unknown,
        Told::All(values) => (values, Judgement::Differs),
        Told::AtLeast(values) => (values, Judgement::Unknown),
    };
    values.into_iter().map(|value| fits(wanted, &value, now)).fold(otherwise, Judgement::or)
}

fn told(kind: Kind, field: Field, body: &Value) -> Told {
    match field {
        Field::AlertId | Field::IncidentId => always(body.get("id")),
        Field::CreatedAt
        | Field::LastOccurredAt
        | Field::Message
        | Field::Status
        | Field::IsSeen
        | Field::Acknowledged
        | Field::Snoozed
        | Field::Priority
        | Field::Owner
        | Field::TinyId
        | Field::Alias
        | Field::Count
        | Field::Description
        | Field::Source
        | Field::Entity
        | Field::PostmortemRequired
        | Field::PostmortemStatus
        | Field::PostmortemPublishDueDate => always(body.get(field.name())),
        Field::SnoozedUntil => sometimes(body, body.get("snoozedUntil")),
        Field::AcknowledgedBy => sometimes(body, body.get("report").get("acknowledgedBy")),
        Field::ClosedBy => sometimes(body, body.get("report").get("closedBy")),
        Field::IntegrationName => sometimes(body, body.get("integration").get("name")),
        Field::IntegrationType => sometimes(body, body.get("integration").get("type")),
        Field::Tag => always(body.get("tags")),
        Field::Actions => always(body.get("actions")),
        Field::DetailsKey => keys(details(kind, body)),
        Field::DetailsValue => entries(details(kind, body)),
        Field::Teams if kind == Kind::Incident => incident_teams(body),
        Field::Teams => names(body.get("teams"), body.get("teams")),
        Field::Services => names(body.get("impactedServices"), body.get(Lookup::ImpactedServices.name())),
        Field::Recipients => Told::Unsaid,
    }
}

/// A field of every record.
fn always(value: &Value) -> Told {
    match value {
        Value::Null => Told::Unsaid,
        // How Opsgenie writes that there is none: <https://docs.opsgenie.com/docs/alert-api#get-alert>
        Value::String(text) if text.is_empty() => Told::All(Vec::new()),
        Value::Array(items) => Told::All(items.to_vec()),
        Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Object(_) => {
            Told::All(vec![value.clone()])
        }
    }
}

/// A field that a record has only when there is something to say.
fn sometimes(body: &Value, value: &Value) -> Told {
    // A body without a status is not one of a record, but of a notification about it.
    if value.is_null() && !body.get("status").is_null() { Told::All(Vec::new()) } else { always(value) }
}

fn details(kind: Kind, body: &Value) -> &Value {
    body.get(if kind == Kind::Incident { "extraProperties" } else { "details" })
}

fn keys(details: &Value) -> Told {
    let keys =
        details.as_object().map(|object| object.iter().map(|(key, _)| Value::string(key.clone())).collect());
    keys.map_or(Told::Unsaid, Told::All)
}

fn entries(details: &Value) -> Told {
    let entries = details.as_object().map(|object| object.iter().map(|(_, value)| value.clone()).collect());
    entries.map_or(Told::Unsaid, Told::All)
}

/// The owner team, of which an incident tells the id, unless its name was joined to it.
fn incident_teams(body: &Value) -> Told {
    let owner = body.get("ownerTeam");
    if owner.get("name").as_str().is_some() {
        return always(owner.get("name"));
    }
    match always(owner) {
        Told::All(ids) if !ids.is_empty() => Told::AtLeast(Vec::new()),
        told => told,
    }
}

/// The names of things that a record holds by id: told where the things themselves were joined to it.
fn names(ids: &Value, joined: &Value) -> Told {
    let Some(ids) = ids.as_array() else { return Told::Unsaid };
    let joined = joined.as_array().unwrap_or_default().iter().map(|one| one.get("name"));
    let names: Vec<Value> = joined.filter(|name| name.as_str().is_some()).cloned().collect();
    if names.len() == ids.len() { Told::All(names) } else { Told::AtLeast(names) }
}

fn fits(wanted: &Wanted, value: &Value, now: Timestamp) -> Judgement {
    match wanted {
        Wanted::Time(window) => {
            let window = window.resolve(now);
            Judgement::of(milliseconds(value).map(|at| window.holds(at)))
        }
        Wanted::Count(window) => Judgement::of(whole(value).map(|count| window.holds(count))),
        Wanted::Flag(flag) => Judgement::of(value.as_bool().map(|held| held == *flag)),
        Wanted::Choices(choices) => Judgement::of(
            value.as_str().map(|held| choices.iter().any(|choice| choice.eq_ignore_ascii_case(held))),
        ),
        Wanted::Names(names) => any(names, value, Bare::Name, |held, name| held == name),
        Wanted::Phrases(phrases) => any(phrases, value, Bare::Word, holds_phrase),
    }
}

fn any(wanted: &[String], value: &Value, bare: Bare, is_certain: fn(&str, &str) -> bool) -> Judgement {
    let held = match value {
        Value::String(held) => held.to_lowercase(),
        Value::Number(held) => held.to_text(),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => return Judgement::Unknown,
    };
    let one = |wanted: &String| {
        let lower = wanted.to_lowercase();
        if text::is_pattern(wanted, bare) {
            Judgement::Unknown
        } else if is_certain(&held, &lower) {
            Judgement::Fits
        } else if words(&lower).all(|word| held.contains(word)) {
            // Where Opsgenie parts words is not documented.
            Judgement::Unknown
        } else {
            Judgement::Differs
        }
    };
    wanted.iter().map(one).fold(Judgement::Differs, Judgement::or)
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|letter: char| !letter.is_alphanumeric()).filter(|word| !word.is_empty())
}

/// Whether a phrase stands in a text, and no word is cut by its ends.
fn holds_phrase(held: &str, phrase: &str) -> bool {
    let is_part_of_word = |letter: char| letter.is_alphanumeric() || letter == '_';
    held.match_indices(phrase).any(|(at, _)| {
        let (before, after) = (held[..at].chars().next_back(), held[at + phrase.len()..].chars().next());
        !before.is_some_and(is_part_of_word) && !after.is_some_and(is_part_of_word)
    })
}

/// An instant in milliseconds since 1970: records write ISO 8601, notifications a number.
fn milliseconds(value: &Value) -> Option<i64> {
    match value {
        Value::String(text) => text.parse().ok().map(window::milliseconds),
        Value::Number(_) => whole(value),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    }
}

/// A whole number that a double holds exactly.
fn whole(value: &Value) -> Option<i64> {
    const LARGEST: f64 = 9_007_199_254_740_991.0;
    let number = value.as_f64().filter(|number| number.fract() == 0.0 && number.abs() <= LARGEST)?;
    #[expect(clippy::cast_possible_truncation, reason = "checked above")]
    Some(number as i64)
}
