//! Where events go: to standard error, for people or for machines, and to whoever wants them as lines. Standard output is
//! for data only.

use std::fmt::Debug;
use std::io::{self, IsTerminal as _};
use std::sync::OnceLock;

use indicatif::MultiProgress;
use jiff::Timestamp;
use tracing::field::{Field, Visit};
use tracing::level_filters::LevelFilter;
use tracing::{Dispatch, Event, Level, Subscriber, dispatcher};
use tracing_subscriber::filter::Targets;
use tracing_subscriber::fmt::{self, MakeWriter};
use tracing_subscriber::layer::{Context, SubscriberExt};
use tracing_subscriber::{Layer, Registry};

use crate::catalog::{LogLine, LogLines};
use crate::config::{LogFormat, LogLevel, LoggingSettings};

/// Sends the events of this process to standard error from now on, and to `lines` where somebody wants them. When they
/// are sent somewhere already, that stays.
pub fn start(settings: &LoggingSettings, lines: Option<LogLines>) {
    if dispatcher::set_global_default(dispatch(*settings, colour(), || Talk, lines)).is_err() {
        tracing::debug!("events go where they went before");
    }
}

/// The lines of this process that somebody else is to be told: a bounded number of the last ones.
pub fn lines() -> LogLines {
    static LINES: OnceLock<LogLines> = OnceLock::new();
    LINES.get_or_init(LogLines::default).clone()
}

/// What standard error shows besides lines, where it is a terminal: a line that moves, below all others.
pub fn screen() -> &'static MultiProgress {
    static SCREEN: OnceLock<MultiProgress> = OnceLock::new();
    SCREEN.get_or_init(MultiProgress::new)
}

/// Standard error, for lines that stay: what moves gives way to them.
pub struct Talk;

impl io::Write for Talk {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        screen().suspend(|| io::stderr().write(bytes))
    }

    fn flush(&mut self) -> io::Result<()> {
        io::stderr().flush()
    }
}

/// Whether lines are coloured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Colour {
    Plain,
    Coloured,
}

/// Whether somebody wants no colour anywhere: `NO_COLOR` (<https://no-color.org>).
pub fn colour_is_unwanted() -> bool {
    std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty())
}

/// Coloured on a terminal, unless that is unwanted.
fn colour() -> Colour {
    if io::stderr().is_terminal() && !colour_is_unwanted() { Colour::Coloured } else { Colour::Plain }
}

fn dispatch<W>(settings: LoggingSettings, colour: Colour, writer: W, kept: Option<LogLines>) -> Dispatch
where
    W: for<'w> MakeWriter<'w> + Send + Sync + 'static,
{
    let lines = fmt::layer().with_writer(writer).with_target(false).with_ansi(colour == Colour::Coloured);
    let lines = match settings.format {
        LogFormat::Text => lines.boxed(),
        LogFormat::Json => {
            lines.json().flatten_event(true).with_current_span(false).with_span_list(false).boxed()
        }
    };
    let kept = kept.map(|lines| Keeping(lines).with_filter(wanted(settings.level)));
    Dispatch::new(Registry::default().with(lines.with_filter(wanted(settings.level))).with(kept))
}

/// Keeps events as lines.
struct Keeping(LogLines);

impl<S: Subscriber> Layer<S> for Keeping {
    fn on_event(&self, event: &Event<'_>, _context: Context<'_, S>) {
        let level = match *event.metadata().level() {
            Level::TRACE | Level::DEBUG => "DEBUG",
            Level::INFO => "INFO",
            Level::WARN => "WARNING",
            Level::ERROR => "ERROR",
        };
        let mut line = LogLine { at: Timestamp::now(), level, message: String::new(), fields: Vec::new() };
        event.record(&mut Reading(&mut line));
        self.0.push(line);
    }
}

/// Reads the fields of an event into a line.
struct Reading<'a>(&'a mut LogLine);

impl Reading<'_> {
    fn field(&mut self, field: &Field, text: String) {
        if field.name() == "message" {
            self.0.message = text;
        } else {
            self.0.fields.push((field.name(), text));
        }
    }
}

impl Visit for Reading<'_> {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.field(field, value.to_owned());
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.field(field, format!("{value:?}"));
    }
}

/// Ours from the level that is set. Of libraries only what is alarming, at any level: they know nothing of our secrets.
fn wanted(level: LogLevel) -> Targets {
    let ours = match level {
        LogLevel::Debug => LevelFilter::DEBUG,
        LogLevel::Info => LevelFilter::INFO,
        LogLevel::Warning => LevelFilter::WARN,
        LogLevel::Error => LevelFilter::ERROR,
    };
    Targets::new().with_default(ours.min(LevelFilter::WARN)).with_target(env!("CARGO_CRATE_NAME"), ours)
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;

    /// Lines kept in memory.
    #[derive(Clone, Default)]
    struct Lines(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Lines {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().expect("no test panics while it writes").extend(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    /// What is told of some events, without times.
    fn told(level: LogLevel, format: LogFormat) -> String {
        keeping(level, format, None)
    }

    fn keeping(level: LogLevel, format: LogFormat, kept: Option<LogLines>) -> String {
        let lines = Lines::default();
        let writer = lines.clone();
        let settings = LoggingSettings { level, format };
        let dispatch = dispatch(settings, Colour::Plain, move || writer.clone(), kept);
        dispatcher::with_default(&dispatch, || {
            tracing::debug!("a call");
            tracing::info!(kind = "alert", count = 3, "listed");
            tracing::error!("refused");
            tracing::debug!(target: "hyper::client", "Authorization: GenieKey 1234");
            tracing::warn!(target: "rustls", "odd certificate");
        });
        let bytes = lines.0.lock().expect("no test panics while it writes").clone();
        let text = String::from_utf8(bytes).expect("lines are texts");
        let without_time = |line: &str| match line.split_once("\"timestamp\":\"") {
            Some((before, after)) => {
                format!("{before}{}", after.split_once("\",").map_or("", |(_, rest)| rest))
            }
            None => line.split_once("Z ").map_or(line, |(_, rest)| rest).trim_start().to_owned(),
        };
        text.lines().map(without_time).collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn libraries_are_not_heard_below_warning() {
        insta::assert_snapshot!(told(LogLevel::Debug, LogFormat::Text), @r#"
        DEBUG a call
        INFO listed kind="alert" count=3
        ERROR refused
        WARN odd certificate
        "#);
    }

    #[test]
    fn levels_leave_out_what_is_below() {
        insta::assert_snapshot!(told(LogLevel::Info, LogFormat::Text), @r#"
        INFO listed kind="alert" count=3
        ERROR refused
        WARN odd certificate
        "#);
        insta::assert_snapshot!(told(LogLevel::Warning, LogFormat::Text), @r"
        ERROR refused
        WARN odd certificate
        ");
        insta::assert_snapshot!(told(LogLevel::Error, LogFormat::Text), @"ERROR refused");
    }

    #[test]
    fn json_is_one_object_a_line() {
        insta::assert_snapshot!(told(LogLevel::Info, LogFormat::Json), @r#"
        {"level":"INFO","message":"listed","kind":"alert","count":3}
        {"level":"ERROR","message":"refused"}
        {"level":"WARN","message":"odd certificate"}
        "#);
    }

    #[test]
    fn lines_are_kept_from_the_level_that_is_set() {
        let kept = LogLines::default();
        keeping(LogLevel::Info, LogFormat::Text, Some(kept.clone()));
        let lines: Vec<String> = kept
            .waiting()
            .iter()
            .map(|line| format!("{} {} {:?}", line.level, line.message, line.fields))
            .collect();
        insta::assert_snapshot!(lines.join("\n"), @r#"
        INFO listed [("kind", "alert"), ("count", "3")]
        ERROR refused []
        WARNING odd certificate []
        "#);
    }
}
