//! What is wrong with a mapping.

use std::fmt;

use super::MappingFile;
use crate::config::diagnostic::{Diagnostic, Severity};
use crate::config::place::Place;
use crate::model::Kind;

/// Everything that is wrong with a mapping.
#[derive(Clone, Debug, PartialEq)]
pub struct MappingFaults {
    /// What is wrong.
    pub faults: Vec<MappingFault>,
    /// What looks wrong besides.
    pub warnings: Vec<MappingFault>,
    /// What could be read of it, good for nothing but looking for further faults.
    pub rest: MappingFile,
}

impl MappingFaults {
    /// The faults, then what looks wrong besides, as a person and a program read them.
    pub fn diagnostics(&self) -> Vec<Diagnostic> {
        let faults = self.faults.iter().map(|fault| fault.diagnostic(Severity::Error));
        faults.chain(self.warnings.iter().map(|fault| fault.diagnostic(Severity::Warning))).collect()
    }
}

impl std::error::Error for MappingFaults {}

impl fmt::Display for MappingFaults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let diagnostics: Vec<String> = self.diagnostics().iter().map(ToString::to_string).collect();
        f.write_str(&diagnostics.join("\n"))
    }
}

/// One thing that is wrong with a mapping, or looks wrong.
#[derive(Clone, Debug, PartialEq)]
pub struct MappingFault {
    /// What is wrong.
    pub problem: MappingProblem,
    /// Where.
    pub place: Place,
    /// What to do.
    pub hint: Option<String>,
}

impl MappingFault {
    /// The fault as a person reads it, at most as bad as `severity`.
    pub fn diagnostic(&self, severity: Severity) -> Diagnostic {
        let message = self.problem.to_string();
        let severity = match self.problem {
            MappingProblem::OtherName { .. } => Severity::Note,
            _ => severity,
        };
        Diagnostic { severity, message, place: self.place.clone(), hint: self.hint.clone() }
    }
}

/// What can be wrong with a mapping.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MappingProblem {
    /// The text cannot be parsed.
    #[error("the mapping cannot be read: {0}")]
    Unreadable(String),
    /// There is nothing in it.
    #[error("the mapping is empty")]
    Empty,
    /// A key that must be there is not.
    #[error("`{0}` is missing")]
    Missing(String),
    /// A key without a value where an expression must stand.
    #[error("`{0}` has no expression")]
    NoExpression(String),
    /// A value has the wrong type.
    #[error("{subject} must be {expected}, not {found}")]
    WrongType {
        /// The key, or what the value is.
        subject: String,
        /// What is expected.
        expected: &'static str,
        /// What is there.
        found: &'static str,
    },
    /// A value has the right type and is out of bounds.
    #[error("`{key}` must be {expected}, not `{found}`")]
    OutOfBounds {
        /// The key.
        key: String,
        /// What is expected.
        expected: &'static str,
        /// What is there.
        found: String,
    },
    /// A kind that does not exist.
    #[error("the kind `{0}` does not exist")]
    UnknownKind(String),
    /// A kind by a name that is only an alias of it. It works.
    #[error("`{written}` is read as `{kind}`")]
    OtherName {
        /// The alias.
        written: String,
        /// The kind.
        kind: Kind,
    },
    /// A key that means nothing. At run time a warning.
    #[error("the key `{0}` is unknown and ignored")]
    UnknownKey(String),
    /// A key that means something only for other kinds. At run time a warning.
    #[error("the key `{key}` means nothing for `{kind}` and is ignored")]
    MisplacedKey {
        /// The key.
        key: String,
        /// The kind of the resource.
        kind: &'static str,
    },
    /// Nothing is mapped. At run time a warning.
    #[error("`resources` is missing: nothing is mapped")]
    NothingMapped,
}
