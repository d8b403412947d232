//! A place that a message can point at: in a file, or in a mapping that the catalog holds.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use super::position::Position;
use super::yaml::{Extent, Style};

/// The text of a file and what it is called.
#[derive(Debug, PartialEq, Eq)]
pub struct SourceText {
    /// As messages show it.
    pub name: String,
    /// What it holds.
    pub text: String,
}

/// A place that a message can point at.
#[derive(Clone, PartialEq, Eq)]
pub enum Place {
    /// Bytes of a file.
    File(FilePlace),
    /// A field of a mapping that the catalog holds, such as `resource 2 (alert) · properties.url`.
    Field(FieldPlace),
}

/// Bytes of a file.
#[derive(Clone, PartialEq, Eq)]
pub struct FilePlace {
    source: Arc<SourceText>,
    bytes: Range<usize>,
    style: Style,
}

/// A field, and a part of the expression that it holds.
#[derive(Clone, PartialEq, Eq)]
pub struct FieldPlace {
    field: Arc<str>,
    part: Option<(Arc<str>, Range<usize>)>,
}

impl Place {
    pub(super) fn in_file(source: &Arc<SourceText>, extent: &Extent) -> Self {
        let written = &source.text[extent.bytes.clone()];
        // An anchor or a tag stands before the value and is not part of it.
        let value = match extent.style {
            Style::Plain | Style::SingleQuoted | Style::DoubleQuoted => without_properties(written),
            Style::Block | Style::Node => written,
        };
        let bytes = extent.bytes.end - value.len()..extent.bytes.end;
        Self::File(FilePlace { source: Arc::clone(source), bytes, style: extent.style })
    }

    /// Bytes of a text that is no file of settings: an expression, a record. `name` is what messages call it.
    pub fn in_text(name: impl Into<String>, text: impl Into<String>, bytes: Range<usize>) -> Self {
        let source = Arc::new(SourceText { name: name.into(), text: text.into() });
        Self::File(FilePlace { source, bytes, style: Style::Node })
    }

    pub(super) fn of_field(field: impl Into<Arc<str>>) -> Self {
        Self::Field(FieldPlace { field: field.into(), part: None })
    }

    /// The place of a part of the text that stands here; `part` counts bytes of `text`, which is the value without
    /// quotes, indentation and escapes.
    #[must_use]
    pub fn part(&self, text: &str, part: Range<usize>) -> Self {
        // What is missing at the end is missing at the end of the last line, not on an empty one after it.
        let end = text.trim_end_matches(['\n', '\r']).len();
        let part = part.start.min(end)..part.end.min(end);
        match self {
            Self::File(place) => Self::File(place.part(text, &part)),
            Self::Field(place) => {
                Self::Field(FieldPlace { field: Arc::clone(&place.field), part: Some((text.into(), part)) })
            }
        }
    }

    /// Line and column; none for a field of a mapping that the catalog holds.
    pub fn position(&self) -> Option<Position> {
        match self {
            Self::File(place) => Some(Position::of(&place.source.text, place.bytes.start)),
            Self::Field(_) => None,
        }
    }

    /// The line that is shown, and the bytes of it to underline.
    fn excerpt(&self) -> Option<Excerpt<'_>> {
        match self {
            Self::File(place) => Some(Excerpt::of(&place.source.text, &place.bytes)),
            Self::Field(FieldPlace { part: Some((text, part)), .. }) => Some(Excerpt::of(text, part)),
            Self::Field(FieldPlace { part: None, .. }) => None,
        }
    }
}

impl FilePlace {
    fn part(&self, text: &str, part: &Range<usize>) -> Self {
        let written = &self.source.text[self.bytes.clone()];
        let bytes = match self.style {
            // An alias, whose value stands elsewhere.
            Style::Node => self.bytes.clone(),
            style => {
                let start = written_offset(written, style, text, part.start);
                let end = written_offset(written, style, text, part.end.max(part.start)).max(start);
                self.bytes.start + start..self.bytes.start + end
            }
        };
        Self { source: Arc::clone(&self.source), bytes, style: Style::Node }
    }
}

/// `file:line:column`, or the field.
impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(place) => {
                let position = Position::of(&place.source.text, place.bytes.start);
                write!(f, "{}:{position}", place.source.name)
            }
            Self::Field(place) => f.write_str(&place.field),
        }
    }
}

impl fmt::Debug for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Place({self})")
    }
}

/// A value without the anchor and the tag before it.
fn without_properties(written: &str) -> &str {
    let mut value = written;
    while value.starts_with(['&', '!']) {
        let end = value.find(char::is_whitespace).unwrap_or(value.len());
        value = value[end..].trim_start();
    }
    value
}

/// Where a byte of a value stands in the way it is written: the two are walked side by side, past quotes, escapes,
/// indentation and folded lines.
fn written_offset(written: &str, style: Style, value: &str, offset: usize) -> usize {
    let mut walk = Walk { rest: written, style };
    if matches!(style, Style::SingleQuoted | Style::DoubleQuoted) {
        walk.skip(1);
    }
    for (at, letter) in value.char_indices() {
        if at >= offset {
            walk.reach(letter);
            break;
        }
        walk.pass(letter);
    }
    written.len() - walk.rest.len()
}

/// What is written and not passed yet.
struct Walk<'t> {
    rest: &'t str,
    style: Style,
}

impl Walk<'_> {
    fn skip(&mut self, bytes: usize) {
        self.rest = self.rest.get(bytes..).unwrap_or_default();
    }

    /// Skips what stands before a letter of the value without being part of it.
    fn reach(&mut self, letter: char) {
        while self.style == Style::DoubleQuoted && self.rest.starts_with("\\\n") {
            self.skip(1);
            self.rest = self.rest.trim_start();
        }
        if !letter.is_whitespace() {
            self.rest = self.rest.trim_start();
        }
    }

    /// Passes the form of one letter of the value.
    fn pass(&mut self, letter: char) {
        self.reach(letter);
        let Some(written) = self.rest.chars().next() else { return };
        if self.style == Style::DoubleQuoted && written == '\\' {
            let length = match self.rest.as_bytes().get(1) {
                Some(b'x') => 4,
                Some(b'u') => 6,
                Some(b'U') => 10,
                _ => 2,
            };
            self.skip(length);
        } else if self.style == Style::SingleQuoted && letter == '\'' {
            self.skip(2);
        } else if letter == written || !letter.is_whitespace() {
            self.skip(written.len_utf8());
        } else if written.is_whitespace() {
            // A folded line: its break and the indentation after it are one space or one break of the value.
            self.rest = self.rest.trim_start();
        }
    }
}

/// A line and what to underline in it, cut to a width that a terminal shows.
struct Excerpt<'t> {
    line: &'t str,
    number: usize,
    underlined: Range<usize>,
}

/// What is shown of a long line on each side of the place.
const MARGIN_CHARACTERS: usize = 60;

impl<'t> Excerpt<'t> {
    fn of(text: &'t str, bytes: &Range<usize>) -> Self {
        let boundary = |mut at: usize| {
            at = at.min(text.len());
            while !text.is_char_boundary(at) {
                at -= 1;
            }
            at
        };
        let (start, end) = (boundary(bytes.start), boundary(bytes.end));
        let line_start = text[..start].rfind('\n').map_or(0, |at| at + 1);
        let line_end = text[start..].find('\n').map_or(text.len(), |at| start + at);
        let line = text[line_start..line_end].trim_end_matches('\r');
        let underlined = start - line_start
            ..end.clamp(start, line_start + line.len().max(start - line_start)) - line_start;
        Self { line, number: Position::of(text, start).line, underlined }
    }

    fn write(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let before: Vec<char> = self.line[..self.underlined.start.min(self.line.len())].chars().collect();
        let at: Vec<char> = self.line.get(self.underlined.clone()).unwrap_or_default().chars().collect();
        let after: Vec<char> = self.line.get(self.underlined.end..).unwrap_or_default().chars().collect();
        let cut = before.len().saturating_sub(MARGIN_CHARACTERS);
        let (head, tail) = (if cut > 0 { "…" } else { "" }, after.len() > MARGIN_CHARACTERS);
        let shown = before[cut..].iter().chain(&at).chain(after.iter().take(MARGIN_CHARACTERS));
        let shown: String = shown.map(|letter| if letter.is_control() { ' ' } else { *letter }).collect();
        let number = self.number.to_string();
        let gutter = " ".repeat(number.len());
        let indent = " ".repeat(before.len() - cut + head.chars().count());
        let carets = "^".repeat(at.len().clamp(1, MARGIN_CHARACTERS * 2));
        writeln!(f, " {gutter} |")?;
        writeln!(f, " {number} | {head}{shown}{}", if tail { "…" } else { "" })?;
        write!(f, " {gutter} | {indent}{carets}")
    }
}

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Severity {
    /// Nothing works before it is mended.
    Error,
    /// It works, and probably not as meant.
    Warning,
}

/// A message about a place: what, where, the line with a caret, and what to do.
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

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let severity = match self.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
        };
        write!(f, "{severity}: {}\n  --> {}", self.message, self.place)?;
        if let Some(excerpt) = self.place.excerpt() {
            writeln!(f)?;
            excerpt.write(f)?;
        }
        if let Some(hint) = &self.hint {
            write!(f, "\n  hint: {hint}")?;
        }
        Ok(())
    }
}
