//! What is wrong with a mapping.

use std::fmt;

use crate::config::place::{Diagnostic, Place, Severity};

/// Everything that is wrong with a mapping.
#[derive(Clone, Debug, PartialEq)]
pub struct MappingFaults(pub Vec<MappingFault>);

impl std::error::Error for MappingFaults {}

impl fmt::Display for MappingFaults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, fault) in self.0.iter().enumerate() {
            if index > 0 {
                f.write_str("\n\n")?;
            }
            write!(f, "{}", fault.diagnostic(Severity::Error))?;
        }
        Ok(())
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
    /// The fault as a person reads it.
    pub fn diagnostic(&self, severity: Severity) -> Diagnostic {
        let message = self.problem.to_string();
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
