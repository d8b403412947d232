//! A place that a message can point at: in a file, in a mapping that the catalog holds, or among the settings.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use super::excerpt::Excerpt;
use super::origin::Origin;
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
    /// A setting, and where its value came from when there is one.
    Setting {
        /// The variable of the setting.
        variable: String,
        /// Where the value came from.
        origin: Option<Origin>,
    },
    /// A file or a folder as a whole.
    Path(String),
    /// The settings as a whole.
    Settings,
}

/// Bytes of a file.
#[derive(Clone, PartialEq, Eq)]
pub struct FilePlace {
    pub(super) source: Arc<SourceText>,
    pub(super) bytes: Range<usize>,
    style: Style,
    pub(super) sight: Sight,
}

/// How much of its line is fit to be shown: what stands in a file of settings may be a credential.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sight {
    /// All of it.
    Line,
    /// From this byte to the end of the place.
    Entry(usize),
    /// From this byte to the place, and stars for what stands there.
    Name(usize),
    /// Nothing.
    Nothing,
}

/// A field, and a part of the expression that it holds.
#[derive(Clone, PartialEq, Eq)]
pub struct FieldPlace {
    pub(super) resource: Option<InResource>,
    /// `properties.url`; empty for a resource as a whole.
    pub(super) path: String,
    pub(super) part: Option<(Arc<str>, Range<usize>)>,
}

/// A resource of a mapping.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct InResource {
    /// From 1.
    pub(super) number: usize,
    /// As it is written, when it is a text.
    pub(super) kind: Option<String>,
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
        Self::File(FilePlace { source: Arc::clone(source), bytes, style: extent.style, sight: Sight::Line })
    }

    /// Bytes of a text that is no file of settings: an expression, a record. `name` is what messages call it.
    pub fn in_text(name: impl Into<String>, text: impl Into<String>, bytes: Range<usize>) -> Self {
        let source = Arc::new(SourceText { name: name.into(), text: text.into() });
        Self::File(FilePlace { source, bytes, style: Style::Node, sight: Sight::Line })
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
                Self::Field(FieldPlace { part: Some((text.into(), part)), ..place.clone() })
            }
            other => other.clone(),
        }
    }

    /// Where it begins in a file; none elsewhere.
    pub fn position(&self) -> Option<Position> {
        Some(self.file()?.position())
    }

    /// The bytes of a file that it stands for.
    pub(super) fn file(&self) -> Option<&FilePlace> {
        match self {
            Self::File(place) => Some(place),
            Self::Setting { origin: Some(origin), .. } => origin.source.file(),
            Self::Setting { .. } | Self::Field(_) | Self::Path(_) | Self::Settings => None,
        }
    }

    /// The line that is shown, and what to underline in it.
    pub(super) fn excerpt(&self) -> Option<Excerpt<'_>> {
        match self {
            Self::Field(FieldPlace { part: Some((text, part)), .. }) => Some(Excerpt::of(text, part)),
            _ => self.file()?.excerpt(),
        }
    }

    /// In the order in which a reader meets them: by file and byte, or by resource.
    pub(super) fn order(&self) -> (Option<&str>, usize) {
        match self {
            Self::Field(place) => (None, place.resource.as_ref().map_or(0, |resource| resource.number)),
            _ => self.file().map_or((None, 0), |place| (Some(&place.source.name), place.bytes.start)),
        }
    }
}

impl FilePlace {
    /// The value of an entry of a file of settings. Of its line only the entry, which begins at `from`, is fit to be shown.
    pub(super) fn of_entry(source: &Arc<SourceText>, from: usize, bytes: Range<usize>) -> Self {
        Self { source: Arc::clone(source), bytes, style: Style::Node, sight: Sight::Entry(from) }
    }

    /// The same where the value is not fit to be shown.
    #[must_use]
    pub(super) fn hiding_value(&self) -> Self {
        let sight = match self.sight {
            Sight::Line | Sight::Nothing => Sight::Nothing,
            Sight::Entry(from) | Sight::Name(from) => Sight::Name(from),
        };
        Self { sight, ..self.clone() }
    }

    /// The first line of a file.
    pub(super) fn of_start(source: &Arc<SourceText>) -> Self {
        Self { source: Arc::clone(source), bytes: 0..0, style: Style::Node, sight: Sight::Line }
    }

    /// A byte of a file of settings that cannot be read. Nothing of its line is fit to be shown.
    pub(super) fn of_byte(source: &Arc<SourceText>, at: usize) -> Self {
        let bytes = at.min(source.text.len())..at.min(source.text.len());
        Self { source: Arc::clone(source), bytes, style: Style::Node, sight: Sight::Nothing }
    }

    /// What messages call the file.
    pub fn file(&self) -> &str {
        &self.source.name
    }

    /// Where it begins.
    pub fn position(&self) -> Position {
        Position::of(&self.source.text, self.bytes.start)
    }

    /// Where it ends: the position after its last character.
    pub fn end(&self) -> Position {
        Position::of(&self.source.text, self.bytes.end)
    }

    fn excerpt(&self) -> Option<Excerpt<'_>> {
        Excerpt::with_sight(&self.source.text, &self.bytes, self.sight)
    }

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
        Self { bytes, style: Style::Node, ..self.clone() }
    }
}

/// `file:line:column`.
impl fmt::Display for FilePlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.source.name, self.position())
    }
}

/// Never what stands there.
impl fmt::Debug for FilePlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "FilePlace({self})")
    }
}

/// `resource 2 (alert) · properties.url`.
impl fmt::Display for FieldPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(InResource { number, kind }) = &self.resource else {
            return f.write_str(if self.path.is_empty() { "the mapping" } else { &self.path });
        };
        write!(f, "resource {number}")?;
        if let Some(kind) = kind {
            write!(f, " ({kind})")?;
        }
        if self.path.is_empty() { Ok(()) } else { write!(f, " · {}", self.path) }
    }
}

/// `file:line:column`, the field, or the setting with where it came from.
impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(place) => place.fmt(f),
            Self::Field(place) => place.fmt(f),
            Self::Setting { origin: Some(origin), .. } => origin.fmt(f),
            Self::Setting { variable, origin: None } => write!(f, "`{variable}`"),
            Self::Path(path) => f.write_str(path),
            Self::Settings => f.write_str("the settings"),
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
