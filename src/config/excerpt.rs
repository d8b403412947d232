//! The line that a message shows, and what it underlines there.

use std::fmt;
use std::ops::Range;

use super::place::Sight;
use super::position::Position;

/// What is shown of a long line on each side of the place.
const MARGIN_CHARACTERS: usize = 60;
/// Stands for a value that is not fit to be shown, whatever its length.
const STARS: &str = "***";
/// Stands for what is left out of a line.
const ELLIPSIS: &str = "…";

/// A line in three parts, cut to a width that a terminal shows.
pub(super) struct Excerpt<'t> {
    number: usize,
    before: &'t str,
    underlined: &'t str,
    after: &'t str,
}

impl<'t> Excerpt<'t> {
    pub(super) fn of(text: &'t str, bytes: &Range<usize>) -> Self {
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
        let line_end = start.max(line_start + text[line_start..line_end].trim_end_matches('\r').len());
        let end = end.clamp(start, line_end);
        Self {
            number: Position::of(text, start).line,
            before: &text[line_start..start],
            underlined: &text[start..end],
            after: &text[end..line_end],
        }
    }

    /// The same, with no more of the line than is fit to be shown.
    pub(super) fn with_sight(text: &'t str, bytes: &Range<usize>, sight: Sight) -> Option<Self> {
        let whole = Self::of(text, bytes);
        let from = match sight {
            Sight::Nothing => return None,
            Sight::Line => return Some(whole),
            Sight::Entry(from) | Sight::Name(from) => from,
        };
        let line_start = bytes.start - whole.before.len();
        // The entry's own name may stand on an earlier line.
        let name = from.clamp(line_start, bytes.start) - line_start;
        let before =
            if whole.before[..name].trim().is_empty() { whole.before } else { &whole.before[name..] };
        let underlined = if matches!(sight, Sight::Name(_)) { STARS } else { whole.underlined };
        Some(Self { before, underlined, after: "", ..whole })
    }

    /// The line as it is shown, and in it the characters before what is underlined and those that are.
    fn shown(&self) -> (String, usize, usize) {
        let before: Vec<char> = self.before.chars().collect();
        let cut = before.len().saturating_sub(MARGIN_CHARACTERS);
        let mut line = if cut > 0 { ELLIPSIS.to_owned() } else { String::new() };
        let visible = |letter: &char| if letter.is_control() { ' ' } else { *letter };
        line.extend(before[cut..].iter().map(visible));
        let indent = line.chars().count();
        let mut add = |part: &str, most: usize| {
            line.extend(part.chars().take(most).map(|letter| visible(&letter)));
            if part.chars().count() > most {
                line.push_str(ELLIPSIS);
            }
        };
        let most = MARGIN_CHARACTERS * 2;
        add(self.underlined, most);
        if self.underlined.chars().count() <= most {
            add(self.after, MARGIN_CHARACTERS);
        }
        (line, indent, self.underlined.chars().count().clamp(1, most))
    }

    /// The line as it is shown: a long one is cut, and no credential is in it.
    pub(super) fn line(&self) -> String {
        self.shown().0
    }
}

/// The line with its number, and carets below.
impl fmt::Display for Excerpt<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (line, indent, length) = self.shown();
        let number = self.number.to_string();
        let gutter = " ".repeat(number.len());
        writeln!(f, " {gutter} |")?;
        writeln!(f, " {number} | {line}")?;
        write!(f, " {gutter} | {}{}", " ".repeat(indent), "^".repeat(length))
    }
}
