//! Log lines that wait to be told to the catalog.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use jiff::Timestamp;
use serde_json::{Map, Value as Json, json};
use uuid::Uuid;

/// So many lines wait at most; an older one gives way to a newer one. A pass at level INFO has a few dozen.
const WAITING: usize = 1000;

/// A longer message is cut, in characters: a call takes a hundred of them and a mebibyte.
const MESSAGE: usize = 2000;

/// An event of the log.
#[derive(Clone, Debug, PartialEq)]
pub struct LogLine {
    /// When it happened.
    pub at: Timestamp,
    /// `DEBUG`, `INFO`, `WARNING` or `ERROR`.
    pub level: &'static str,
    /// Its text.
    pub message: String,
    /// Its further fields.
    pub fields: Vec<(&'static str, String)>,
}

impl LogLine {
    /// As the catalog takes it.
    pub(super) fn json(self, run: Uuid) -> String {
        let Self { at, level, mut message, fields } = self;
        if let Some((end, _)) = message.char_indices().nth(MESSAGE) {
            message.truncate(end);
            message.push('…');
        }
        let mut extra = Map::from_iter([
            ("event_id".to_owned(), Json::from(run.to_string())),
            ("event_kind".to_owned(), "resync".into()),
        ]);
        extra.extend(fields.into_iter().map(|(name, value)| {
            let value: String = value.chars().take(MESSAGE).collect();
            (name.to_owned(), value.into())
        }));
        let timestamp = at.strftime("%Y-%m-%dT%H:%M:%S%.6fZ").to_string();
        json!({ "message": message, "level": level, "timestamp": timestamp, "extra": extra }).to_string()
    }
}

/// Lines that wait, a bounded number of them. Clones share them.
#[derive(Clone, Debug, Default)]
pub struct LogLines(Arc<Mutex<VecDeque<LogLine>>>);

impl LogLines {
    /// Adds a line; the oldest one gives way where there is no room.
    pub fn push(&self, line: LogLine) {
        let mut lines = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if lines.len() == WAITING {
            lines.pop_front();
        }
        lines.push_back(line);
    }

    /// What waits, the oldest first.
    pub fn waiting(&self) -> Vec<LogLine> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).iter().cloned().collect()
    }

    /// Takes the oldest lines out, so many at most.
    pub(super) fn take(&self, most: usize) -> Vec<LogLine> {
        let mut lines = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let most = most.min(lines.len());
        lines.drain(..most).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(message: &str) -> LogLine {
        let at = "2026-03-01T12:00:00.5Z".parse().expect("an instant");
        LogLine { at, level: "INFO", message: message.to_owned(), fields: vec![("kind", "alert".to_owned())] }
    }

    #[test]
    fn a_line_is_written_as_the_catalog_takes_it() {
        insta::assert_snapshot!(line("listed").json(Uuid::nil()), @r#"{"message":"listed","level":"INFO","timestamp":"2026-03-01T12:00:00.500000Z","extra":{"event_id":"00000000-0000-0000-0000-000000000000","event_kind":"resync","kind":"alert"}}"#);
        let long = line(&"ü".repeat(5000)).json(Uuid::nil());
        assert!(long.chars().count() < 2300, "{long}");
    }

    #[test]
    fn the_oldest_lines_give_way() {
        let lines = LogLines::default();
        for number in 0..WAITING + 3 {
            lines.push(line(&number.to_string()));
        }
        let taken = lines.take(2);
        assert_eq!(taken.iter().map(|line| line.message.as_str()).collect::<Vec<_>>(), ["3", "4"]);
        assert_eq!(lines.take(usize::MAX).len(), WAITING - 2);
    }
}
