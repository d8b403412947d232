//! Time as the C library behind jq has it, in UTC and the C locale.

mod parse;
mod print;

use std::time::{SystemTime, UNIX_EPOCH};

use super::{Table, binary, unary};
use crate::jq::meter;
use crate::jq::val::Outcome;
use crate::value::Value;

const SECONDS_PER_DAY: i64 = 86_400;

/// Years that a C `int` cannot hold, counted from 1900, are refused.
const MAX_YEAR: i64 = i32::MAX as i64 + 1900;

pub(super) fn table() -> Table {
    vec![
        unary!("now", |_| Ok(Value::from(
            SystemTime::now().duration_since(UNIX_EPOCH).map_or(0.0, |since| since.as_secs_f64())
        ))),
        unary!("gmtime", gmtime),
        unary!("mktime", mktime),
        binary!("strftime", |value, format| strftime(value, format, "strftime/1", "GMT")),
        binary!("strflocaltime", |value, format| strftime(value, format, "strflocaltime/1", "UTC")),
        binary!("strptime", strptime),
    ]
}

/// A time in fields, as `struct tm`: months and days of the year from zero, Sunday is zero.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Fields {
    year: i64,
    month: i64,
    day: i64,
    hour: i64,
    minute: i64,
    second: i64,
    weekday: i64,
    yearday: i64,
}

impl Fields {
    /// The fields of an instant.
    fn of_epoch(seconds: i64) -> Option<Self> {
        let (days, rest) = (seconds.div_euclid(SECONDS_PER_DAY), seconds.rem_euclid(SECONDS_PER_DAY));
        // Years that begin in March, in cycles of 400 years.
        let from_march = days + 719_468;
        let (cycle, day) = (from_march.div_euclid(146_097), from_march.rem_euclid(146_097));
        let year = (day - day / 1460 + day / 36_524 - day / 146_096) / 365;
        let day = day - (365 * year + year / 4 - year / 100);
        let month = (5 * day + 2) / 153;
        let (in_march_year, in_month) = (month, day - (153 * month + 2) / 5 + 1);
        let month = (in_march_year + 2) % 12;
        let year = cycle * 400 + year + i64::from(month < 2);
        (year.abs() <= MAX_YEAR).then(|| Self {
            year,
            month,
            day: in_month,
            hour: rest / 3600,
            minute: rest / 60 % 60,
            second: rest % 60,
            weekday: (days + 4).rem_euclid(7),
            yearday: days - days_before(year, 0),
        })
    }

    /// The instant, whatever the fields overflow to; weekday and day of the year do not count.
    fn to_epoch(self) -> i64 {
        let days = days_before(self.year, self.month) + self.day - 1;
        days * SECONDS_PER_DAY + self.hour * 3600 + self.minute * 60 + self.second
    }

    fn to_value(self, fraction: f64) -> Value {
        let parts = [self.year, self.month, self.day, self.hour, self.minute];
        let seconds = number(self.second) + fraction;
        let ends = [self.weekday, self.yearday].map(|part| Value::from(number(part)));
        let parts = parts.into_iter().map(|part| Value::from(number(part)));
        parts.chain([Value::from(seconds)]).chain(ends).collect()
    }

    /// Fields as jq writes them; `None` when something is missing or no number.
    fn of_value(value: &Value) -> Option<Self> {
        let parts = value.as_array()?;
        #[expect(clippy::cast_possible_truncation, reason = "whole part, within a C `int`")]
        let part = |at: usize| match parts.get(at) {
            None => Some(0),
            Some(part) => part.as_f64().map(|number| i64::from(number as i32)),
        };
        Some(Self {
            year: if parts.is_empty() { 1900 } else { part(0)? },
            month: part(1)?,
            day: part(2)?,
            hour: part(3)?,
            minute: part(4)?,
            second: part(5)?,
            weekday: part(6)?,
            yearday: part(7)?,
        })
    }
}

#[expect(clippy::cast_precision_loss, reason = "jq's numbers are doubles")]
fn number(integer: i64) -> f64 {
    integer as f64
}

/// Days from 1970-01-01 to the first of a month, which may lie outside of the year.
fn days_before(year: i64, month: i64) -> i64 {
    const BEFORE_MONTH: [i64; 12] = [0, 31, 59, 90, 120, 151, 181, 212, 243, 273, 304, 334];
    let year = year + month.div_euclid(12);
    let month = month.rem_euclid(12);
    let full = year - 1;
    let leap_days = full.div_euclid(4) - full.div_euclid(100) + full.div_euclid(400);
    let before = usize::try_from(month).ok().and_then(|at| BEFORE_MONTH.get(at)).copied().unwrap_or(0);
    full * 365 + leap_days + before + i64::from(month > 1 && is_leap(year)) - 719_162
}

fn is_leap(year: i64) -> bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

/// The whole seconds of an instant, towards zero.
fn whole_seconds(seconds: f64) -> Option<i64> {
    #[expect(clippy::cast_possible_truncation, reason = "within an i64, checked")]
    (seconds.abs() < 9.2e18).then_some(seconds as i64)
}

fn gmtime(value: &Value) -> Outcome {
    let seconds = value.as_f64().ok_or("gmtime() requires numeric inputs")?;
    let fields = whole_seconds(seconds).and_then(Fields::of_epoch);
    let fields = fields.ok_or("error converting number of seconds since epoch to datetime")?;
    Ok(fields.to_value(seconds - seconds.floor()))
}

fn mktime(value: &Value) -> Outcome {
    if value.as_array().is_none() {
        return Err("mktime requires array inputs".to_owned());
    }
    let fields = Fields::of_value(value).ok_or("mktime requires parsed datetime inputs")?;
    match fields.to_epoch() {
        // What the C function returns for an error.
        -1 => Err("invalid gmtime representation".to_owned()),
        seconds => Ok(Value::from(number(seconds))),
    }
}

/// `name` is what errors call it, `zone` what `%Z` says; local time is UTC here.
fn strftime(value: &Value, format: &Value, name: &str, zone: &str) -> Outcome {
    let parsed = || format!("{name} requires parsed datetime inputs");
    let fields = match value {
        Value::Number(_) => Fields::of_value(&gmtime(value)?),
        other => Fields::of_value(other),
    }
    .ok_or_else(parsed)?;
    let format = format.as_str().ok_or_else(|| format!("{name} requires a string format"))?;
    let fields = Fields::of_epoch(fields.to_epoch()).ok_or_else(parsed)?;
    meter::make(format.len().saturating_add(format.matches('%').count().saturating_mul(print::MAX_WIDTH)))?;
    Ok(Value::from(print::print(&fields, zone, format)))
}

fn strptime(value: &Value, format: &Value) -> Outcome {
    let (Some(text), Some(format)) = (value.as_str(), format.as_str()) else {
        return Err("strptime/1 requires string inputs and arguments".to_owned());
    };
    meter::read(text.len().saturating_add(format.len()))?;
    match parse::parse(text, format) {
        Some((fields, "")) => Ok(fields.to_value(0.0)),
        Some((fields, rest)) if rest.starts_with(|char: char| char.is_ascii_whitespace()) => {
            let parts = fields.to_value(0.0);
            Ok(parts.as_array().unwrap_or_default().iter().cloned().chain([Value::from(rest)]).collect())
        }
        _ => Err(format!("date \"{text}\" does not match format \"{format}\"")),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn an_instant_survives_its_fields(seconds in -100_000_000_000_000_i64..100_000_000_000_000) {
            let fields = Fields::of_epoch(seconds).expect("within the years of an int");
            prop_assert_eq!(fields.to_epoch(), seconds);
            prop_assert!((0..12).contains(&fields.month) && (1..32).contains(&fields.day));
        }
    }

    #[test]
    fn known_days() {
        let fields =
            |seconds| Fields::of_epoch(seconds).map(|f| (f.year, f.month, f.day, f.weekday, f.yearday));
        assert_eq!(fields(0), Some((1970, 0, 1, 4, 0)));
        assert_eq!(fields(-1), Some((1969, 11, 31, 3, 364)));
        assert_eq!(fields(951_782_400), Some((2000, 1, 29, 2, 59)));
        assert_eq!(fields(1_735_603_200), Some((2024, 11, 31, 2, 365)));
        assert_eq!(fields(i64::MAX), None);
    }
}
