//! The exit code: one variant per documented code, chosen from every cause of a run.

use serde::Serialize;

/// Which signal ended a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub enum Signal {
    /// Ctrl-C.
    #[serde(rename = "SIGINT")]
    Interrupt,
    /// What a scheduler sends before it kills.
    #[serde(rename = "SIGTERM")]
    Terminate,
}

impl std::fmt::Display for Signal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Interrupt => "SIGINT",
            Self::Terminate => "SIGTERM",
        })
    }
}

/// Something that keeps a run from being simply done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "cause", content = "detail", rename_all = "kebab-case")]
pub enum Cause {
    /// A signal ended it.
    Stopped(Signal),
    /// Usage, configuration or mapping.
    Configuration(String),
    /// A key, a secret or a right.
    Permission(String),
    /// Something nobody foresaw.
    Unexpected(String),
    /// A side could not be reached or did not answer usefully; later it may.
    Unavailable(String),
    /// Something of the source was not seen.
    Incomplete(String),
    /// A deletion guard tripped.
    Guarded(String),
    /// The catalog refused entities.
    Refused(String),
}

impl Cause {
    /// The code of this cause alone.
    pub fn exit(&self) -> Exit {
        match self {
            Self::Stopped(Signal::Interrupt) => Exit::Interrupted,
            Self::Stopped(Signal::Terminate) => Exit::Terminated,
            Self::Configuration(_) => Exit::Configuration,
            Self::Permission(_) => Exit::Permission,
            Self::Unexpected(_) => Exit::Unexpected,
            Self::Unavailable(_) => Exit::Unavailable,
            Self::Incomplete(_) => Exit::Incomplete,
            Self::Guarded(_) => Exit::Guarded,
            Self::Refused(_) => Exit::Refused,
        }
    }

    /// What happened, in the words of the one who met it.
    pub fn detail(&self) -> &str {
        match self {
            Self::Stopped(Signal::Interrupt) => "interrupted (SIGINT)",
            Self::Stopped(Signal::Terminate) => "terminated (SIGTERM)",
            Self::Configuration(detail)
            | Self::Permission(detail)
            | Self::Unexpected(detail)
            | Self::Unavailable(detail)
            | Self::Incomplete(detail)
            | Self::Guarded(detail)
            | Self::Refused(detail) => detail,
        }
    }
}

/// How the program ends. The numbers are frozen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// 0: done.
    Done,
    /// 1: something nobody foresaw.
    Unexpected,
    /// 2: usage, configuration or mapping.
    Configuration,
    /// 3: authentication or permission.
    Permission,
    /// 4: the source was not seen whole.
    Incomplete,
    /// 5: the catalog refused some entities.
    Refused,
    /// 6: a deletion guard tripped.
    Guarded,
    /// 7: a test or comparison that was asked for failed.
    Mismatch,
    /// 10: a plan found something to do, and was asked to say so.
    Due,
    /// 75: a side was unavailable, try later (`EX_TEMPFAIL` of sysexits).
    Unavailable,
    /// 130: SIGINT.
    Interrupted,
    /// 143: SIGTERM.
    Terminated,
}

impl Exit {
    /// In the order in which they win when several apply.
    pub(super) const PRECEDENCE: [Self; 12] = [
        Self::Interrupted,
        Self::Terminated,
        Self::Configuration,
        Self::Permission,
        Self::Unexpected,
        Self::Unavailable,
        Self::Incomplete,
        Self::Guarded,
        Self::Refused,
        Self::Mismatch,
        Self::Due,
        Self::Done,
    ];

    /// The number.
    pub fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Unexpected => 1,
            Self::Configuration => 2,
            Self::Permission => 3,
            Self::Incomplete => 4,
            Self::Refused => 5,
            Self::Guarded => 6,
            Self::Mismatch => 7,
            Self::Due => 10,
            Self::Unavailable => 75,
            Self::Interrupted => 130,
            Self::Terminated => 143,
        }
    }

    /// The name, for machines that group by it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Unexpected => "unexpected",
            Self::Configuration => "configuration",
            Self::Permission => "permission",
            Self::Incomplete => "incomplete",
            Self::Refused => "refused",
            Self::Guarded => "guarded",
            Self::Mismatch => "mismatch",
            Self::Due => "due",
            Self::Unavailable => "unavailable",
            Self::Interrupted => "interrupted",
            Self::Terminated => "terminated",
        }
    }

    /// How a run ended, in a word or three.
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Done | Self::Due => "done",
            Self::Interrupted | Self::Terminated => "stopped",
            Self::Incomplete | Self::Guarded | Self::Refused => "done in part",
            Self::Unexpected
            | Self::Configuration
            | Self::Permission
            | Self::Mismatch
            | Self::Unavailable => "failed",
        }
    }

    /// The code of a run: the first that some cause asks for, in the order of precedence.
    pub fn of(causes: &[Cause]) -> Self {
        let asked = |exit: &Self| causes.iter().any(|cause| cause.exit() == *exit);
        Self::PRECEDENCE.into_iter().find(asked).unwrap_or(Self::Done)
    }

    /// The one of two that wins.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        let either = |exit: &Self| *exit == self || *exit == other;
        Self::PRECEDENCE.into_iter().find(either).unwrap_or(self)
    }
}

impl From<Exit> for std::process::ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_that_applies_wins() {
        let refused = Cause::Refused(String::new());
        let guarded = Cause::Guarded(String::new());
        let incomplete = Cause::Incomplete(String::new());
        let unavailable = Cause::Unavailable(String::new());
        let unexpected = Cause::Unexpected(String::new());
        let permission = Cause::Permission(String::new());
        let configuration = Cause::Configuration(String::new());
        let stopped = Cause::Stopped(Signal::Terminate);
        let mut causes = Vec::new();
        assert_eq!(Exit::of(&causes).code(), 0);
        for (cause, code) in [
            (refused, 5),
            (guarded, 6),
            (incomplete, 4),
            (unavailable, 75),
            (unexpected, 1),
            (permission, 3),
            (configuration, 2),
            (stopped, 143),
        ] {
            causes.push(cause);
            assert_eq!(Exit::of(&causes).code(), code, "with {causes:?}");
        }
        causes.reverse();
        assert_eq!(Exit::of(&causes).code(), 143);
        assert_eq!(Exit::Done.or(Exit::Unexpected), Exit::Unexpected);
        assert_eq!(Exit::Permission.or(Exit::Unexpected), Exit::Permission);
        assert_eq!(Exit::Unexpected.or(Exit::Refused), Exit::Unexpected);
        assert_eq!(Exit::Done.or(Exit::Due).code(), 10);
        assert_eq!(Exit::Refused.or(Exit::Due), Exit::Refused);
    }
}
