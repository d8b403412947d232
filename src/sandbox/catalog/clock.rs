//! The server's clock, which need not agree with the client's.

use jiff::fmt::rfc2822::DateTimePrinter;
use jiff::{SignedDuration, Timestamp};

/// What time the catalog believes it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Clock {
    /// The machine's time.
    Real,
    /// The machine's time, shifted.
    Shifted(SignedDuration),
    /// This instant until told otherwise.
    Standing(Timestamp),
}

impl Clock {
    /// The time by this clock, in whole milliseconds as the answers show it.
    pub fn now(&self) -> Timestamp {
        let exact = match self {
            Self::Real => Timestamp::now(),
            Self::Shifted(by) => Timestamp::now().saturating_add(*by).unwrap_or(Timestamp::MAX),
            Self::Standing(at) => *at,
        };
        Timestamp::from_millisecond(exact.as_millisecond()).unwrap_or(exact)
    }

    /// Moves a standing clock forward, and shifts a real one.
    pub fn advance(&mut self, by: SignedDuration) {
        *self = match self {
            Self::Real => Self::Shifted(by),
            Self::Shifted(before) => Self::Shifted(before.saturating_add(by)),
            Self::Standing(at) => Self::Standing(at.saturating_add(by).unwrap_or(Timestamp::MAX)),
        };
    }

    /// As in the `Date` header: whole seconds.
    pub(super) fn http_date(self) -> String {
        DateTimePrinter::new().timestamp_to_rfc9110_string(&self.now()).unwrap_or_default()
    }
}

/// As in bodies: UTC with three decimals.
pub(super) fn iso(at: Timestamp) -> String {
    format!("{at:.3}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_standing_clock_moves_only_when_told() {
        let mut clock = Clock::Standing(Timestamp::UNIX_EPOCH);
        assert_eq!(clock.http_date(), "Thu, 01 Jan 1970 00:00:00 GMT");
        clock.advance(SignedDuration::from_secs(61));
        assert_eq!(iso(clock.now()), "1970-01-01T00:01:01.000Z");
    }
}
