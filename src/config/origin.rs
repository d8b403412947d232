//! Where a setting came from.

use std::fmt;

use super::place::FilePlace;

/// Where the value of a setting came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    /// The source.
    pub source: Source,
    /// The keys that lead to the value inside a JSON group, in the writer's spelling; empty for a value of its own.
    pub within: Vec<String>,
}

/// One source of settings, strongest first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// A flag of the command line.
    Flag(&'static str),
    /// A variable of the environment, in its spelling there.
    Variable(String),
    /// A line of `.env`.
    DotEnv {
        /// The variable, in its spelling there.
        name: String,
        /// Where its value stands.
        place: FilePlace,
    },
    /// A value in `config.yaml`.
    Yaml(FilePlace),
}

impl Source {
    /// Where the value stands in a file; none for a flag or a variable of the environment.
    pub fn file(&self) -> Option<&FilePlace> {
        match self {
            Self::DotEnv { place, .. } | Self::Yaml(place) => Some(place),
            Self::Flag(_) | Self::Variable(_) => None,
        }
    }

    /// The same where the value is not fit to be shown.
    fn hiding_value(&self) -> Self {
        match self {
            Self::DotEnv { name, place } => Self::DotEnv { name: name.clone(), place: place.hiding_value() },
            Self::Yaml(place) => Self::Yaml(place.hiding_value()),
            Self::Flag(_) | Self::Variable(_) => self.clone(),
        }
    }
}

impl Origin {
    pub(super) fn whole(source: Source) -> Self {
        Self { source, within: Vec::new() }
    }

    /// Below a key of a JSON group. The group may hold credentials, so nothing of it is shown.
    pub(super) fn inside(&self, key: &str) -> Self {
        let mut within = self.within.clone();
        within.push(key.to_owned());
        Self { source: self.source.hiding_value(), within }
    }

    /// The same where the value is not fit to be shown.
    pub(super) fn hiding_value(&self) -> Self {
        Self { source: self.source.hiding_value(), within: self.within.clone() }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.source {
            Source::Flag(flag) => write!(f, "the flag `{flag}`")?,
            Source::Variable(name) => write!(f, "the environment variable `{name}`")?,
            Source::DotEnv { name, place } => write!(f, "{place}, `{name}`")?,
            Source::Yaml(place) => write!(f, "{place}")?,
        }
        if !self.within.is_empty() {
            write!(f, ", key `{}`", self.within.join("."))?;
        }
        Ok(())
    }
}
