//! A fault as a person and as a program reads it: what, where, the line with a caret, and what to do.

use std::fmt;

use serde::{Serialize, Serializer};

use super::origin::Source;
use super::place::{FieldPlace, InResource, Place};
use super::position::Position;

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    /// Nothing works before it is mended.
    Error,
    /// It works, and probably not as meant.
    Warning,
    /// It works as meant, and has another name.
    Note,
}

/// A message about a place: what, where, the line with a caret, and what to do. Never a credential.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// How bad it is.
    pub severity: Severity,
    /// What is wrong.
    pub message: String,
    /// Where.
    pub place: Place,
    /// What to do.
    pub hint: Option<String>,
}

impl Diagnostic {
    /// Brings faults into the order in which a reader of the file, or of the mapping, meets them.
    pub fn sort(diagnostics: &mut [Self]) {
        diagnostics.sort_by(|one, other| one.place.order().cmp(&other.place.order()));
    }
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let severity = match self.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
            Severity::Note => "note",
        };
        write!(f, "{severity}: {}", self.message)?;
        match &self.place {
            Place::File(_) | Place::Field(_) => write!(f, "\n  --> {}", self.place)?,
            Place::Setting { origin: Some(origin), .. } if origin.source.file().is_some() => {
                write!(f, "\n  --> {origin}")?;
            }
            Place::Setting { origin: Some(origin), .. } => write!(f, "\n  from: {origin}")?,
            Place::Path(path) if !self.message.contains(path.as_str()) => write!(f, "\n  --> {path}")?,
            // The message names it.
            Place::Setting { origin: None, .. } | Place::Path(_) | Place::Settings => {}
        }
        if let Some(excerpt) = self.place.excerpt() {
            write!(f, "\n{excerpt}")?;
        }
        if let Some(hint) = &self.hint {
            write!(f, "\n  hint: {hint}")?;
        }
        Ok(())
    }
}

/// A fault as one flat object; what does not apply is left out. `docs/report.md` describes it.
#[derive(Default, Serialize)]
#[serde(rename_all = "camelCase")]
struct Written<'d> {
    #[serde(skip_serializing_if = "Option::is_none")]
    severity: Option<Severity>,
    message: &'d str,
    #[serde(skip_serializing_if = "Option::is_none")]
    hint: Option<&'d str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    setting: Option<&'d str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    flag: Option<&'d str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    variable: Option<&'d str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    key: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    resource: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    kind: Option<&'d str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    field: Option<&'d str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    expression: Option<&'d str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    file: Option<&'d str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    line: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    column: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    end_line: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    end_column: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<String>,
}

impl<'d> Written<'d> {
    fn of(diagnostic: &'d Diagnostic) -> Self {
        let Diagnostic { severity, message, place, hint } = diagnostic;
        let mut written =
            Self { severity: Some(*severity), message, hint: hint.as_deref(), ..Self::default() };
        match place {
            Place::File(_) | Place::Settings => {}
            Place::Path(path) => written.file = Some(path),
            Place::Field(place) => written.place_in_field(place),
            Place::Setting { variable, origin } => {
                written.setting = Some(variable);
                match origin.as_ref().map(|origin| &origin.source) {
                    Some(Source::Flag(flag)) => written.flag = Some(flag),
                    Some(Source::Variable(name) | Source::DotEnv { name, .. }) => {
                        written.variable = Some(name);
                    }
                    Some(Source::Yaml(_)) | None => {}
                }
                let keys = origin.as_ref().map(|origin| origin.within.join("."));
                written.key = keys.filter(|keys| !keys.is_empty());
            }
        }
        if let Some(place) = place.file() {
            written.file = Some(place.file());
            written.place_between(place.position(), place.end());
            written.text = diagnostic.place.excerpt().map(|excerpt| excerpt.line());
        }
        written
    }

    fn place_in_field(&mut self, place: &'d FieldPlace) {
        let FieldPlace { resource, path, part } = place;
        if let Some(InResource { number, kind }) = resource {
            self.resource = Some(*number);
            self.kind = kind.as_deref();
        }
        self.field = Some(path.as_str()).filter(|path| !path.is_empty());
        if let Some((text, part)) = part {
            self.expression = Some(text);
            self.place_between(Position::of(text, part.start), Position::of(text, part.end));
        }
    }

    fn place_between(&mut self, start: Position, end: Position) {
        (self.line, self.column) = (Some(start.line), Some(start.column));
        (self.end_line, self.end_column) = (Some(end.line), Some(end.column));
    }
}

impl Serialize for Diagnostic {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Written::of(self).serialize(serializer)
    }
}
