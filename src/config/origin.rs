//! Where a setting came from.

use std::fmt;

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
        /// The file.
        file: String,
        /// The line, from 1.
        line: usize,
        /// The variable, in its spelling there.
        name: String,
    },
    /// A value in `config.yaml`.
    Yaml {
        /// The file.
        file: String,
        /// The line, from 1.
        line: usize,
        /// The column, from 1, in characters.
        column: usize,
    },
}

impl Origin {
    pub(super) fn whole(source: Source) -> Self {
        Self { source, within: Vec::new() }
    }

    pub(super) fn inside(&self, key: &str) -> Self {
        let mut within = self.within.clone();
        within.push(key.to_owned());
        Self { source: self.source.clone(), within }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.source {
            Source::Flag(flag) => write!(f, "the flag `{flag}`")?,
            Source::Variable(name) => write!(f, "the environment variable `{name}`")?,
            Source::DotEnv { file, line, name } => write!(f, "{file}:{line}, `{name}`")?,
            Source::Yaml { file, line, column } => write!(f, "{file}:{line}:{column}")?,
        }
        if !self.within.is_empty() {
            write!(f, ", key `{}`", self.within.join("."))?;
        }
        Ok(())
    }
}
