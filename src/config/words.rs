//! The closed sets of words that settings take, each with what the word means. The first of several words with one
//! meaning is the one that is shown.

use super::preset::Preset;
use super::settings::{Callers, LogFormat, LogLevel, ResourcesOrigin, SchedulesOfOneTeam};

/// The event listeners by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ListenerName {
    Once,
    Polling,
    WebhooksOnly,
    Webhook,
}

pub(super) const LISTENERS: [(&str, ListenerName); 4] = [
    ("ONCE", ListenerName::Once),
    ("POLLING", ListenerName::Polling),
    ("WEBHOOKS_ONLY", ListenerName::WebhooksOnly),
    ("WEBHOOK", ListenerName::Webhook),
];

pub(super) const SCHEDULES: [(&str, SchedulesOfOneTeam); 2] =
    [("merge", SchedulesOfOneTeam::Merge), ("last", SchedulesOfOneTeam::Last)];

pub(super) const ORIGINS: [(&str, ResourcesOrigin); 4] = [
    ("Empty", ResourcesOrigin::Empty),
    ("Default", ResourcesOrigin::Default),
    ("Ocean", ResourcesOrigin::Default),
    ("Port", ResourcesOrigin::Port),
];

pub(super) const PRESETS: [(&str, Preset); 2] = [("classic", Preset::Classic), ("full", Preset::Full)];

pub(super) const CALLERS: [(&str, Callers); 2] =
    [("required", Callers::WithSecret), ("off", Callers::Anybody)];

pub(super) const LEVELS: [(&str, LogLevel); 6] = [
    ("DEBUG", LogLevel::Debug),
    ("INFO", LogLevel::Info),
    ("WARNING", LogLevel::Warning),
    ("ERROR", LogLevel::Error),
    ("CRITICAL", LogLevel::Error),
    ("WARN", LogLevel::Warning),
];

pub(super) const FORMATS: [(&str, LogFormat); 2] = [("text", LogFormat::Text), ("json", LogFormat::Json)];

/// The words of a set alone.
pub(super) const fn names_of<T: Copy, const N: usize>(words: &[(&'static str, T); N]) -> [&'static str; N] {
    let mut names = [""; N];
    let mut index = 0;
    while index < N {
        names[index] = words[index].0;
        index += 1;
    }
    names
}

/// The word for a meaning.
pub(super) fn name_of<T: PartialEq>(words: &[(&'static str, T)], meaning: &T) -> &'static str {
    words.iter().find(|(_, known)| known == meaning).map_or("", |(name, _)| *name)
}
