//! Stretches of time and of numbers, as people write them.

use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use super::ValueFault;

const SECOND_MS: i64 = 1000;
const MINUTE_MS: i64 = 60 * SECOND_MS;
const HOUR_MS: i64 = 60 * MINUTE_MS;
/// Days are those of UTC, which has no summer time.
const DAY_MS: i64 = 24 * HOUR_MS;

/// From (inclusive) until (exclusive); an end that is missing is open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Window<T> {
    pub(super) from: Option<T>,
    pub(super) until: Option<T>,
}

impl Window<i64> {
    pub(super) fn holds(&self, value: i64) -> bool {
        self.from.is_none_or(|from| from <= value) && self.until.is_none_or(|until| value < until)
    }

    fn is_empty(&self) -> bool {
        matches!((self.from, self.until), (Some(from), Some(until)) if from >= until)
    }
}

/// An instant, in milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Moment {
    /// Since 1970.
    At(i64),
    /// From the time of asking; negative in the past.
    Away(i64),
}

impl Moment {
    fn after(self) -> Self {
        match self {
            Self::At(ms) => Self::At(ms.saturating_add(1)),
            Self::Away(ms) => Self::Away(ms.saturating_add(1)),
        }
    }

    fn resolve(self, now: Timestamp) -> i64 {
        match self {
            Self::At(ms) => ms,
            Self::Away(ms) => now.as_millisecond().saturating_add(ms),
        }
    }
}

impl Window<Moment> {
    /// In milliseconds since 1970, asked at `now`. Before 1970 nothing happened, and a sign would be no number to
    /// Opsgenie.
    pub(super) fn resolve(&self, now: Timestamp) -> Window<i64> {
        let resolve = |end: Option<Moment>| end.map(|moment| moment.resolve(now).max(0));
        Window { from: resolve(self.from), until: resolve(self.until) }
    }

    /// A window of time, as it is written.
    pub(super) fn of_time(text: &str) -> Result<Self, ValueFault> {
        let window = match Shape::of(text) {
            Shape::Alone(one) => match Written::of(one)? {
                Written::Day(from) => {
                    Self { from: Some(Moment::At(from)), until: Some(Moment::At(from + DAY_MS)) }
                }
                Written::Instant(at @ Moment::At(_)) => Self { from: Some(at), until: Some(at.after()) },
                // "Since a week ago".
                Written::Instant(ago @ Moment::Away(..0)) => Self { from: Some(ago), until: None },
                Written::Instant(Moment::Away(_)) => return Err(ValueFault::NeedsComparison(one.to_owned())),
            },
            Shape::Compared(comparison, one) => {
                let written = Written::of(one)?;
                comparison.window(written.start(), written.end())
            }
            Shape::Between(from, until) => Self {
                from: from.map(Written::of).transpose()?.map(Written::start),
                until: until.map(Written::of).transpose()?.map(Written::end),
            },
        };
        let never = match (window.from, window.until) {
            (Some(Moment::At(from)), Some(Moment::At(until)))
            | (Some(Moment::Away(from)), Some(Moment::Away(until))) => from >= until,
            _ => false,
        };
        if never { Err(ValueFault::EndsBeforeItBegins(text.to_owned())) } else { Ok(window) }
    }
}

impl Window<i64> {
    /// A window of whole numbers, as it is written.
    pub(super) fn of_count(text: &str) -> Result<Self, ValueFault> {
        let number = |one: &str| match one.parse::<i64>() {
            Ok(number) if (0..i64::MAX).contains(&number) => Ok(number),
            _ => Err(ValueFault::NoCount(one.to_owned())),
        };
        let window = match Shape::of(text) {
            Shape::Alone(one) => {
                let number = number(one)?;
                Self { from: Some(number), until: Some(number + 1) }
            }
            Shape::Compared(comparison, one) => {
                let number = number(one)?;
                comparison.window(number, number + 1)
            }
            Shape::Between(from, until) => Self {
                from: from.map(number).transpose()?,
                until: until.map(number).transpose()?.map(|until| until + 1),
            },
        };
        if window.is_empty() { Err(ValueFault::EndsBeforeItBegins(text.to_owned())) } else { Ok(window) }
    }
}

#[derive(Clone, Copy)]
enum Comparison {
    Above,
    AtLeast,
    Below,
    AtMost,
}

impl Comparison {
    /// What compares so with something that lasts from `start` until before `end`.
    fn window<T>(self, start: T, end: T) -> Window<T> {
        match self {
            Self::Above => Window { from: Some(end), until: None },
            Self::AtLeast => Window { from: Some(start), until: None },
            Self::Below => Window { from: None, until: Some(start) },
            Self::AtMost => Window { from: None, until: Some(end) },
        }
    }
}

/// How a window is written.
enum Shape<'t> {
    /// `2026-11-20`
    Alone(&'t str),
    /// `>= 2026-11-20`
    Compared(Comparison, &'t str),
    /// `2026-11-01..2026-11-20`, both ends included; one end may be missing.
    Between(Option<&'t str>, Option<&'t str>),
}

impl<'t> Shape<'t> {
    fn of(text: &'t str) -> Self {
        let text = text.trim();
        // The longer signs first.
        let signs = [
            (">=", Comparison::AtLeast),
            ("<=", Comparison::AtMost),
            (">", Comparison::Above),
            ("<", Comparison::Below),
        ];
        for (sign, comparison) in signs {
            if let Some(rest) = text.strip_prefix(sign) {
                return Self::Compared(comparison, rest.trim());
            }
        }
        let end = |end: &'t str| Some(end.trim()).filter(|end| !end.is_empty());
        match text.split_once("..") {
            Some((from, until)) if end(from).is_some() || end(until).is_some() => {
                Self::Between(end(from), end(until))
            }
            _ => Self::Alone(text),
        }
    }
}

/// A time, as precise as it is written.
#[derive(Clone, Copy)]
enum Written {
    /// A day, by its first millisecond.
    Day(i64),
    /// One millisecond.
    Instant(Moment),
}

impl Written {
    fn of(text: &str) -> Result<Self, ValueFault> {
        let fault = || ValueFault::NoTime(text.to_owned());
        if let Some(away) = away(text) {
            return away.map(Self::Instant).ok_or_else(fault);
        }
        if text.bytes().all(|byte| byte.is_ascii_digit()) {
            return since_1970(text).map(Self::Instant).ok_or_else(fault);
        }
        if let Some(day) = day(text) {
            return in_utc(day.into()).map(Self::Day).ok_or_else(fault);
        }
        if let Ok(instant) = text.parse::<Timestamp>() {
            return Ok(Self::Instant(Moment::At(milliseconds(instant))));
        }
        // Without an offset a time is one of UTC, as are those of Opsgenie.
        let civil = text.parse::<DateTime>().or_else(|_| DateTime::strptime("%d-%m-%YT%H:%M:%S", text));
        let civil = civil.ok().filter(|_| text.contains(':')).ok_or_else(fault)?;
        Ok(Self::Instant(Moment::At(in_utc(civil).ok_or_else(fault)?)))
    }

    fn start(self) -> Moment {
        match self {
            Self::Day(from) => Moment::At(from),
            Self::Instant(at) => at,
        }
    }

    /// The first millisecond after it.
    fn end(self) -> Moment {
        match self {
            Self::Day(from) => Moment::At(from + DAY_MS),
            Self::Instant(at) => at.after(),
        }
    }
}

/// In milliseconds since 1970; none when it is too far away.
fn in_utc(civil: DateTime) -> Option<i64> {
    civil.to_zoned(TimeZone::UTC).ok().map(|zoned| milliseconds(zoned.timestamp()))
}

/// Rounded down, also before 1970.
pub(super) fn milliseconds(instant: Timestamp) -> i64 {
    let whole = instant.as_millisecond();
    if SignedDuration::from_millis(whole) > instant.as_duration() { whole - 1 } else { whole }
}

/// `2026-11-20`, or `20-11-2026` as the search language writes it.
fn day(text: &str) -> Option<Date> {
    const LENGTH: usize = "2026-11-20".len();
    if text.len() != LENGTH {
        return None;
    }
    Date::strptime("%Y-%m-%d", text).or_else(|_| Date::strptime("%d-%m-%Y", text)).ok()
}

/// Seconds or milliseconds since 1970; which of them is told by the number of digits, for any time after September 2001.
fn since_1970(digits: &str) -> Option<Moment> {
    const SECONDS: usize = 10;
    const MILLISECONDS: usize = 13;
    let number: i64 = digits.parse().ok()?;
    match digits.len() {
        SECONDS if !digits.starts_with('0') => Some(Moment::At(number * SECOND_MS)),
        MILLISECONDS if !digits.starts_with('0') => Some(Moment::At(number)),
        _ => None,
    }
}

/// `now`, `-7d`, `+2h`: from the time of asking. The outer option is none when it is written otherwise, the inner when it
/// is too far away.
#[expect(clippy::option_option, reason = "another form, out of reach, a moment")]
fn away(text: &str) -> Option<Option<Moment>> {
    if text == "now" {
        return Some(Some(Moment::Away(0)));
    }
    let signed = text.strip_prefix(['-', '+'])?;
    let unit = signed.chars().last()?;
    let unit_ms = match unit {
        's' => SECOND_MS,
        'm' => MINUTE_MS,
        'h' => HOUR_MS,
        'd' => DAY_MS,
        'w' => 7 * DAY_MS,
        _ => return None,
    };
    let digits = &signed[..signed.len() - unit.len_utf8()];
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let sign = if text.starts_with('-') { -1 } else { 1 };
    Some(digits.parse::<i64>().ok().and_then(|count| count.checked_mul(sign * unit_ms)).map(Moment::Away))
}

#[cfg(test)]
mod tests;
