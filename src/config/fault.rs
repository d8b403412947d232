//! What is wrong with the settings: every fault at once, each with its source and what to do. Never a credential.

use std::fmt;

use super::diagnostic::{Diagnostic, Severity};
use super::names::Setting;
use super::origin::Origin;
use super::place::Place;

/// Everything that is wrong with the settings.
#[derive(Clone, Debug, PartialEq)]
pub struct Faults {
    faults: Vec<Fault>,
    /// What was noticed besides: a name that is nearly right explains one that is missing.
    notices: Vec<Notice>,
}

impl Faults {
    /// The faults, if there is one.
    pub(super) fn of(faults: Vec<Fault>) -> Option<Self> {
        if faults.is_empty() { None } else { Some(Self { faults, notices: Vec::new() }) }
    }

    /// The same with what was noticed besides.
    pub(super) fn noticing(self, notices: Vec<Notice>) -> Self {
        Self { notices, ..self }
    }

    /// Each of them, in the order of the settings.
    pub fn iter(&self) -> impl Iterator<Item = &Fault> {
        self.faults.iter()
    }

    /// What to do about all of them together: where a credential is missing, the reader may not have an account yet.
    pub fn hint(&self) -> Option<&'static str> {
        let lacks = self.faults.iter().any(|fault| matches!(fault.problem, Problem::MissingSecret));
        lacks.then_some("no accounts at hand? `ocean-opsgenie sandbox` shows everything without any")
    }
}

impl Faults {
    /// The faults as a person and a program read them, with what was noticed besides.
    pub fn diagnostics(&self) -> Vec<Diagnostic> {
        let warnings = self.notices.iter().filter_map(Notice::diagnostic);
        self.faults.iter().map(Fault::diagnostic).chain(warnings).collect()
    }
}

impl std::error::Error for Faults {}

impl fmt::Display for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let diagnostics: Vec<String> = self.diagnostics().iter().map(ToString::to_string).collect();
        f.write_str(&diagnostics.join("\n"))?;
        if let Some(hint) = self.hint() {
            write!(f, "\nhint: {hint}")?;
        }
        Ok(())
    }
}

/// One thing that is wrong with the settings.
#[derive(Clone, Debug, PartialEq)]
pub struct Fault {
    /// What it is about: the variable of the setting, or a file.
    pub subject: String,
    /// Where the value came from; none when there is no value.
    pub origin: Option<Origin>,
    /// What is wrong.
    pub problem: Problem,
    /// What to do.
    pub hint: Option<String>,
}

impl Fault {
    pub(super) fn about(setting: Setting, origin: Option<Origin>, problem: Problem) -> Self {
        Self { subject: setting.variable(), origin, problem, hint: None }
    }

    pub(super) fn hinting(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

impl Fault {
    /// The fault as a person and a program read it. The line of a file is shown where the message tells the value too.
    pub fn diagnostic(&self) -> Diagnostic {
        let Self { subject, origin, problem, hint } = self;
        let origin = origin
            .as_ref()
            .map(|origin| if problem.tells_value() { origin.clone() } else { origin.hiding_value() });
        let place = match problem {
            Problem::Unreadable { .. } => {
                let at = origin.as_ref().and_then(|origin| origin.source.file());
                at.map_or_else(|| Place::Path(subject.clone()), |at| Place::File(at.clone()))
            }
            _ => Place::Setting { variable: subject.clone(), origin },
        };
        let message = format!("`{subject}` {problem}");
        Diagnostic { severity: Severity::Error, message, place, hint: hint.clone() }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.diagnostic().fmt(f)
    }
}

/// What can be wrong with a setting. Values are shown only of settings that are no credentials.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum Problem {
    /// A credential that nobody gave, or that is empty.
    #[error("is missing")]
    MissingSecret,
    /// A setting that the others make necessary.
    #[error("is missing, and {because}")]
    Missing {
        /// What makes it necessary.
        because: &'static str,
    },
    /// A value of the wrong form.
    #[error("must be {expected}, not {shown}")]
    Malformed {
        /// What is expected.
        expected: String,
        /// What was given, fit to be shown.
        shown: String,
    },
    /// A credential, or a value that may be one, of the wrong form.
    #[error("must be {expected} (what it holds is not shown)")]
    MalformedSecret {
        /// What is expected.
        expected: &'static str,
    },
    /// A value that Port's integration knows and this one does not have.
    #[error("is {shown}, which this program does not have")]
    Unsupported {
        /// What was given.
        shown: String,
    },
    /// A group of settings that is not JSON.
    #[error("must be a JSON object, and is not: {reason}")]
    NotJson {
        /// The parser's words, without the text.
        reason: String,
    },
    /// A group that holds something else than names and values.
    #[error("is a group of settings and must be a JSON object, not {shown}")]
    NotAGroup {
        /// Its type.
        shown: &'static str,
    },
    /// A file that cannot be read.
    #[error("names the file `{path}`, which cannot be read: {reason}")]
    UnreadableSecret {
        /// The file.
        path: String,
        /// The system's words.
        reason: String,
    },
    /// A source of settings that cannot be read.
    #[error("cannot be read: {reason}")]
    Unreadable {
        /// The system's or the parser's words.
        reason: String,
    },
    /// A provider in `config.yaml` other than the environment.
    #[error("is taken from the provider `{provider}`, which does not exist")]
    UnknownProvider {
        /// The provider's name.
        provider: String,
    },
}

impl Problem {
    /// Whether the words tell the value itself. What they leave out, for it may be a credential, is shown nowhere.
    fn tells_value(&self) -> bool {
        match self {
            Self::Malformed { shown, .. } | Self::Unsupported { shown } => shown.starts_with('`'),
            Self::UnknownProvider { .. } | Self::UnreadableSecret { .. } => true,
            Self::MissingSecret
            | Self::Missing { .. }
            | Self::MalformedSecret { .. }
            | Self::NotJson { .. }
            | Self::NotAGroup { .. }
            | Self::Unreadable { .. } => false,
        }
    }
}

/// How loud a notice is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Loudness {
    /// Somebody should look at it.
    Warning,
    /// For the curious.
    Debug,
}

/// Something that is no fault and still worth knowing. Never a credential.
#[derive(Clone, Debug, PartialEq)]
pub struct Notice {
    /// How loud it is.
    pub loudness: Loudness,
    /// What it is about, with its place.
    pub text: String,
    /// What to do.
    pub hint: Option<String>,
}

impl Notice {
    pub(super) fn warning(text: impl Into<String>) -> Self {
        Self { loudness: Loudness::Warning, text: text.into(), hint: None }
    }

    pub(super) fn debug(text: impl Into<String>) -> Self {
        Self { loudness: Loudness::Debug, text: text.into(), hint: None }
    }

    pub(super) fn hinting(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}

impl Notice {
    /// The warning as a person and a program read it; none for what is only for the curious.
    pub fn diagnostic(&self) -> Option<Diagnostic> {
        let Self { loudness, text, hint } = self;
        (*loudness == Loudness::Warning).then(|| Diagnostic {
            severity: Severity::Warning,
            message: text.clone(),
            place: Place::Settings,
            hint: hint.clone(),
        })
    }
}

impl fmt::Display for Notice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)?;
        if let Some(hint) = &self.hint {
            write!(f, " ({hint})")?;
        }
        Ok(())
    }
}
