//! Tables that fit: columns as wide as what they hold, and on a terminal no wider than it.

use textwrap::core::display_width;
use textwrap::{Options, WordSeparator, WordSplitter, WrapAlgorithm};

use super::style::{Colour, Style, Tone};

/// Between two columns.
const GAP: &str = "  ";
/// Prose that would have fewer columns than this stands below its row instead of beside it.
const LEAST_PROSE: usize = 24;
/// How far prose below a row is set in.
const BELOW: usize = 4;

/// A column of a table.
#[derive(Clone, Copy, Debug)]
pub enum Column {
    /// Words, to the left.
    Text(&'static str),
    /// Numbers, to the right. Where there is no room, one that holds nothing but zeros is left out.
    Number(&'static str),
    /// Sentences, wrapped where there is no room; only the last column may be this.
    Prose(&'static str),
}

impl Column {
    fn name(self) -> &'static str {
        let (Self::Text(name) | Self::Number(name) | Self::Prose(name)) = self;
        name
    }
}

/// What stands in a column of a row.
#[derive(Clone, Debug)]
pub struct Cell {
    text: String,
    tone: Tone,
}

impl Cell {
    /// A text in a colour.
    pub fn toned(tone: Tone, text: impl Into<String>) -> Self {
        Self { text: text.into(), tone }
    }
}

impl From<String> for Cell {
    fn from(text: String) -> Self {
        Self::toned(Tone::Plain, text)
    }
}

impl From<&str> for Cell {
    fn from(text: &str) -> Self {
        Self::toned(Tone::Plain, text)
    }
}

impl From<u64> for Cell {
    fn from(number: u64) -> Self {
        Self::toned(Tone::Plain, number.to_string())
    }
}

/// Whether the names of the columns stand above them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Heading {
    Shown,
    Left,
}

/// Rows under columns.
#[derive(Clone, Debug)]
pub struct Table<const N: usize> {
    columns: [Column; N],
    heading: Heading,
    rows: Vec<[Cell; N]>,
}

impl<const N: usize> Table<N> {
    /// A table that names its columns.
    pub fn new(columns: [Column; N]) -> Self {
        Self { columns, heading: Heading::Shown, rows: Vec::new() }
    }

    /// A table whose columns speak for themselves.
    pub fn without_heading(columns: [Column; N]) -> Self {
        Self { heading: Heading::Left, ..Self::new(columns) }
    }

    /// Adds a row.
    pub fn row(&mut self, cells: [Cell; N]) {
        self.rows.push(cells);
    }

    /// The table, each line with its end.
    pub fn render(&self, style: Style) -> String {
        let layout = self.layout(style.columns);
        let mut heading = self.columns.map(|column| Cell::toned(Tone::Strong, column.name()));
        if let Some(Prose { at, place: Place::Below, .. }) = layout.prose {
            heading[at].text.clear();
        }
        let heading = Some(&heading).filter(|_| self.heading == Heading::Shown);
        let mut out = String::new();
        for row in heading.into_iter().chain(&self.rows) {
            layout.write(&mut out, row, style.colour);
        }
        out
    }

    /// The columns before the prose that are shown, and where the prose stands.
    fn layout(&self, columns: Option<usize>) -> Layout {
        let is_prose = |at: &usize| matches!(self.columns[*at], Column::Prose(_));
        let mut shown: Vec<Fixed> = (0..N).filter(|at| !is_prose(at)).map(|at| self.fixed(at)).collect();
        let prose = (0..N).find(is_prose);
        let needed = |shown: &[Fixed]| {
            let prose = prose.map_or(0, |at| self.width(at).min(LEAST_PROSE) + GAP.len());
            width_of(shown) + prose
        };
        while columns.is_some_and(|columns| needed(&shown) > columns) {
            let Some(empty) = shown.iter().position(|fixed| self.is_empty(fixed.at)) else { break };
            shown.remove(empty);
        }
        let beside = width_of(&shown) + GAP.len();
        let place = prose.map(|at| match columns {
            None => Prose { at, indent: beside, columns: usize::MAX, place: Place::Beside },
            Some(columns) if columns >= beside + LEAST_PROSE.min(self.width(at)) => {
                Prose { at, indent: beside, columns: columns - beside, place: Place::Beside }
            }
            Some(columns) => Prose {
                at,
                indent: BELOW,
                columns: columns.saturating_sub(BELOW).max(LEAST_PROSE),
                place: Place::Below,
            },
        });
        Layout { shown, prose: place }
    }

    fn fixed(&self, at: usize) -> Fixed {
        let align = if matches!(self.columns[at], Column::Number(_)) { Align::Right } else { Align::Left };
        Fixed { at, width: self.width(at), align }
    }

    fn width(&self, at: usize) -> usize {
        let name = match self.heading {
            Heading::Shown => display_width(self.columns[at].name()),
            Heading::Left => 0,
        };
        self.rows.iter().map(|row| display_width(&row[at].text)).fold(name, usize::max)
    }

    /// Whether a column can be left out: it counts, and counts nothing.
    fn is_empty(&self, at: usize) -> bool {
        matches!(self.columns[at], Column::Number(_)) && self.rows.iter().all(|row| row[at].text == "0")
    }
}

#[derive(Clone, Copy)]
enum Align {
    Left,
    Right,
}

/// A column of a fixed width.
#[derive(Clone, Copy)]
struct Fixed {
    at: usize,
    width: usize,
    align: Align,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Beside,
    Below,
}

/// Where the prose of each row stands.
struct Prose {
    at: usize,
    indent: usize,
    columns: usize,
    place: Place,
}

struct Layout {
    shown: Vec<Fixed>,
    prose: Option<Prose>,
}

impl Layout {
    fn write(&self, out: &mut String, row: &[Cell], colour: Colour) {
        let mut line = Line { text: String::new(), owed: 0, colour };
        for (nth, &Fixed { at, width, align }) in self.shown.iter().enumerate() {
            line.owed += if nth == 0 { 0 } else { GAP.len() };
            let Cell { text, tone } = &row[at];
            let padding = width - display_width(text);
            let (before, after) = match align {
                Align::Left => (0, padding),
                Align::Right => (padding, 0),
            };
            line.owed += before;
            line.push(*tone, text);
            line.owed += after;
        }
        let Some(Prose { at, indent, columns, place }) = &self.prose else {
            return line.end(out);
        };
        let Cell { text, tone } = &row[*at];
        let mut pieces = text.lines().flat_map(|text| wrap(text, *columns));
        if *place == Place::Beside {
            line.owed += GAP.len();
            let first = pieces.next().unwrap_or_default();
            line.push(*tone, &first);
        }
        line.end(out);
        for piece in pieces {
            let mut line = Line { text: String::new(), owed: *indent, colour };
            line.push(*tone, &piece);
            line.end(out);
        }
    }
}

/// A line that never ends with spaces: they are owed until something stands behind them.
struct Line {
    text: String,
    owed: usize,
    colour: Colour,
}

impl Line {
    fn push(&mut self, tone: Tone, text: &str) {
        if !text.is_empty() {
            self.text.extend(std::iter::repeat_n(' ', std::mem::take(&mut self.owed)));
            self.text.push_str(&self.colour.paint(tone, text));
        }
    }

    fn end(self, out: &mut String) {
        out.push_str(&self.text);
        out.push('\n');
    }
}

/// Lines of so many columns, broken between words; a word that is longer stays whole, so that it can be copied.
fn wrap(text: &str, columns: usize) -> Vec<String> {
    let options = Options::new(columns)
        .break_words(false)
        .word_separator(WordSeparator::AsciiSpace)
        .word_splitter(WordSplitter::NoHyphenation)
        .wrap_algorithm(WrapAlgorithm::FirstFit);
    textwrap::wrap(text, options).into_iter().map(std::borrow::Cow::into_owned).collect()
}

/// The columns of a row before its prose.
fn width_of(shown: &[Fixed]) -> usize {
    let gaps = shown.len().saturating_sub(1) * GAP.len();
    shown.iter().map(|fixed| fixed.width).sum::<usize>() + gaps
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table() -> Table<5> {
        let mut table = Table::new([
            Column::Text("kind"),
            Column::Number("listed"),
            Column::Number("refused"),
            Column::Number("unchanged"),
            Column::Prose("verdict"),
        ]);
        let rows = [
            ("service", 8, 0, "complete"),
            (
                "alert",
                120_000,
                7,
                "incomplete: the listing failed: 500 for GET https://api.opsgenie.com/v2/alerts?offset=100 (and 2 more)",
            ),
            ("警報", 1, 0, ""),
        ];
        for (kind, listed, unchanged, verdict) in rows {
            table.row([kind.into(), listed.into(), 0.into(), unchanged.into(), verdict.into()]);
        }
        table
    }

    fn at(columns: usize) -> String {
        table().render(Style { colour: Colour::None, columns: Some(columns) })
    }

    #[test]
    fn a_file_takes_lines_of_any_length() {
        insta::assert_snapshot!(table().render(Style::PLAIN), @"
        kind     listed  refused  unchanged  verdict
        service       8        0          0  complete
        alert    120000        0          7  incomplete: the listing failed: 500 for GET https://api.opsgenie.com/v2/alerts?offset=100 (and 2 more)
        警報          1        0          0
        ");
    }

    #[test]
    fn sentences_wrap_under_themselves() {
        insta::assert_snapshot!(at(80), @"
        kind     listed  refused  unchanged  verdict
        service       8        0          0  complete
        alert    120000        0          7  incomplete: the listing failed: 500 for GET
                                             https://api.opsgenie.com/v2/alerts?offset=100
                                             (and 2 more)
        警報          1        0          0
        ");
    }

    #[test]
    fn zeros_give_way() {
        insta::assert_snapshot!(at(60), @"
        kind     listed  unchanged  verdict
        service       8          0  complete
        alert    120000          7  incomplete: the listing failed:
                                    500 for GET
                                    https://api.opsgenie.com/v2/alerts?offset=100
                                    (and 2 more)
        警報          1          0
        ");
    }

    #[test]
    fn a_narrow_terminal_has_sentences_below() {
        insta::assert_snapshot!(at(36), @"
        kind     listed  unchanged
        service       8          0
            complete
        alert    120000          7
            incomplete: the listing failed:
            500 for GET
            https://api.opsgenie.com/v2/alerts?offset=100
            (and 2 more)
        警報          1          0
        ");
    }

    #[test]
    fn colour_takes_no_room() {
        let mut table = Table::without_heading([Column::Text("a"), Column::Text("b")]);
        table.row([Cell::toned(Tone::Good, "ok"), "x".into()]);
        table.row(["fault".into(), "y".into()]);
        let coloured = table.render(Style { colour: Colour::Ansi, columns: None });
        assert_eq!(coloured, "\x1b[32mok\x1b[0m     x\nfault  y\n");
    }

    proptest::proptest! {
        #[test]
        fn no_width_breaks_it_and_nothing_is_lost(columns in 0_usize..120) {
            let told = at(columns);
            for word in ["service", "alert", "120000", "complete", "incomplete:", "(and", "more)", "警報"] {
                assert!(told.contains(word), "{word} at {columns}:\n{told}");
            }
            assert!(told.lines().all(|line| line.trim_end() == line));
        }
    }
}
