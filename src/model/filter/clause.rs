//! One condition: a field and what it must hold.

use std::fmt::Display;

use jiff::Timestamp;

use super::field::{Field, Form};
use super::text::{self, Bare};
use super::window::{Moment, Window};
use super::{Judgement, MAX_VALUES, ValueFault, judge};
use crate::model::Kind;
use crate::value::Value;

/// What is asked of a field, as it is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Asked {
    /// One value. Of names, several may stand in it with commas between.
    One(String),
    /// A list: any of these.
    Any(Vec<String>),
}

/// A field and what it must hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Clause {
    field: Field,
    wanted: Wanted,
}

/// What a field must hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Wanted {
    /// A time within the window.
    Time(Window<Moment>),
    /// A number within the window.
    Count(Window<i64>),
    /// This.
    Flag(bool),
    /// One of these words.
    Choices(Vec<&'static str>),
    /// One of these names.
    Names(Vec<String>),
    /// One of these phrases.
    Phrases(Vec<String>),
}

impl Clause {
    /// The condition that `field` of a `kind` holds what is asked.
    ///
    /// # Errors
    /// When the kind has no such field, or the field can never hold it.
    pub fn new(kind: Kind, field: Field, asked: &Asked) -> Result<Self, ValueFault> {
        let wanted = match field.form(kind).ok_or(ValueFault::Foreign)? {
            Form::Time => Wanted::Time(Window::of_time(asked.single()?)?),
            Form::Count => Wanted::Count(Window::of_count(asked.single()?)?),
            Form::Flag => Wanted::Flag(flag(asked.single()?)?),
            Form::Choice(choices) => {
                Wanted::Choices(self::choices(&asked.several(Commas::Divide)?, choices)?)
            }
            Form::Names => {
                Wanted::Names(asked.several(Commas::Divide)?.into_iter().map(str::to_owned).collect())
            }
            Form::Name => {
                Wanted::Names(asked.several(Commas::Belong)?.into_iter().map(str::to_owned).collect())
            }
            Form::Words => {
                Wanted::Phrases(asked.several(Commas::Belong)?.into_iter().map(str::to_owned).collect())
            }
        };
        Ok(Self { field, wanted })
    }

    /// The field.
    pub fn field(&self) -> Field {
        self.field
    }

    pub(super) fn query(&self, now: Timestamp) -> String {
        let name = self.field.name();
        match &self.wanted {
            Wanted::Time(window) => within(name, &window.resolve(now)),
            Wanted::Count(window) => within(name, window),
            Wanted::Flag(flag) => format!("{name}:{flag}"),
            Wanted::Choices(choices) => any(name, choices.iter()),
            Wanted::Names(names) => any(name, names.iter().map(|value| text::written(value, Bare::Name))),
            Wanted::Phrases(phrases) => {
                any(name, phrases.iter().map(|value| text::written(value, Bare::Word)))
            }
        }
    }

    pub(super) fn judge(&self, kind: Kind, body: &Value, now: Timestamp) -> Judgement {
        judge::judge(kind, self.field, &self.wanted, body, now)
    }
}

fn within(name: &str, window: &Window<i64>) -> String {
    match (window.from, window.until) {
        (Some(from), Some(until)) if until.checked_sub(from) == Some(1) => format!("{name}:{from}"),
        (Some(from), Some(until)) => format!("{name} >= {from} AND {name} < {until}"),
        (Some(from), None) => format!("{name} >= {from}"),
        (None, Some(until)) => format!("{name} < {until}"),
        (None, None) => format!("{name} >= 0"),
    }
}

fn any(name: &str, values: impl Iterator<Item = impl Display>) -> String {
    let values: Vec<String> = values.map(|value| value.to_string()).collect();
    match values.as_slice() {
        [one] => format!("{name}:{one}"),
        several => format!("{name}:({})", several.join(" OR ")),
    }
}

fn flag(value: &str) -> Result<bool, ValueFault> {
    value.to_ascii_lowercase().parse().map_err(|_| ValueFault::NoFlag(value.to_owned()))
}

/// The words that are meant, in whatever case they are written, each once.
fn choices(values: &[&str], known: &'static [&'static str]) -> Result<Vec<&'static str>, ValueFault> {
    let mut meant = Vec::with_capacity(values.len());
    for value in values {
        let choice = known.iter().find(|choice| choice.eq_ignore_ascii_case(value)).copied();
        let choice =
            choice.ok_or_else(|| ValueFault::NoChoice { written: (*value).to_owned(), choices: known })?;
        if !meant.contains(&choice) {
            meant.push(choice);
        }
    }
    Ok(meant)
}

/// What commas in a single text do.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Commas {
    /// They stand between values.
    Divide,
    /// They are part of the value.
    Belong,
}

impl Asked {
    fn single(&self) -> Result<&str, ValueFault> {
        match self {
            Self::One(value) => value_of(value),
            Self::Any(values) => match values.as_slice() {
                [] => Err(ValueFault::Empty),
                [one] => value_of(one),
                [_, _, ..] => Err(ValueFault::NoList),
            },
        }
    }

    /// The values in order, each once.
    fn several(&self, commas: Commas) -> Result<Vec<&str>, ValueFault> {
        let parts: Vec<&str> = match self {
            Self::One(value) if commas == Commas::Divide => value.split(',').collect(),
            Self::One(value) => vec![value],
            Self::Any(values) => values.iter().map(String::as_str).collect(),
        };
        if parts.len() > MAX_VALUES {
            return Err(ValueFault::TooMany(parts.len()));
        }
        let mut values = Vec::with_capacity(parts.len());
        for part in parts {
            let value = value_of(part)?;
            if !values.contains(&value) {
                values.push(value);
            }
        }
        if values.is_empty() { Err(ValueFault::Empty) } else { Ok(values) }
    }
}

fn value_of(text: &str) -> Result<&str, ValueFault> {
    let value = text.trim();
    if value.is_empty() { Err(ValueFault::Empty) } else { Ok(value) }
}

/// A text in the search language itself, sent as it is. Only Opsgenie can say what it finds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Search(String);

impl Search {
    /// A search text, which can be joined to conditions without changing their meaning.
    ///
    /// # Errors
    /// When it is empty, or quotes or parentheses do not match.
    pub fn new(text: &str) -> Result<Self, ValueFault> {
        let text = value_of(text)?;
        text::balance(text).map_err(ValueFault::Unbalanced)?;
        Ok(Self(text.to_owned()))
    }

    /// As it is sent.
    pub fn text(&self) -> &str {
        &self.0
    }
}
