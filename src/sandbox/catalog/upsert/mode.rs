//! How a write is to be done.

use crate::sandbox::catalog::answer::Refusal;
use crate::sandbox::server::Asked;

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Existing {
    Refused,
    Replaced,
    Merged,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum MissingTargets {
    Created,
    Refused,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Storing {
    Stored,
    OnlyChecked,
}

/// How a write is to be done, from its query.
#[derive(Clone, Copy)]
pub(super) struct Mode {
    pub(super) existing: Existing,
    pub(super) missing: MissingTargets,
    pub(super) storing: Storing,
}

impl Mode {
    pub(super) fn of(asked: &Asked, violations: &mut Vec<String>) -> Result<Self, Refusal> {
        let mut flag = |name: &str| match asked.param(name) {
            Some("true") => Ok(Some(true)),
            Some("false") => Ok(Some(false)),
            Some(other) => Err(Refusal::syntax(format!("`{name}` is neither true nor false: {other}"))),
            None => {
                violations.push(format!("{} {}: `{name}` is missing", asked.method, asked.path));
                Ok(None)
            }
        };
        let (upsert, merge) = (flag("upsert")?, flag("merge")?);
        let (create, check) = (flag("create_missing_related_entities")?, flag("validation_only")?);
        let existing = match (upsert, merge.unwrap_or(false)) {
            (None, _) => return Err(Refusal::syntax("`upsert` is required")),
            (Some(false), _) => Existing::Refused,
            (Some(true), true) => Existing::Merged,
            (Some(true), false) => Existing::Replaced,
        };
        Ok(Self {
            existing,
            missing: match create {
                Some(true) => MissingTargets::Created,
                _ => MissingTargets::Refused,
            },
            storing: match check {
                Some(true) => Storing::OnlyChecked,
                _ => Storing::Stored,
            },
        })
    }
}
