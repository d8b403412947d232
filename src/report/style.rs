//! How a text for a person is drawn.

/// How a text is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Style {
    /// Whether it may use colour.
    pub colour: Colour,
    /// Columns that there are; none where lines may have any length, as in files and pipes.
    pub columns: Option<usize>,
}

impl Style {
    /// For files and pipes.
    pub const PLAIN: Self = Self { colour: Colour::None, columns: None };
}

/// Whether a text may use colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Colour {
    /// For files, pipes and `NO_COLOR`.
    None,
    /// For terminals.
    Ansi,
}

/// What a piece of text says by its colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tone {
    /// Nothing.
    Plain,
    /// As it should be.
    Good,
    /// Somebody should look at it.
    Warning,
    /// It failed.
    Bad,
    /// A heading.
    Strong,
}

impl Colour {
    /// A text in its colour.
    pub(super) fn paint(self, tone: Tone, text: &str) -> String {
        let code = match (self, tone) {
            (Self::None, _) | (_, Tone::Plain) => return text.to_owned(),
            (Self::Ansi, Tone::Good) => "32",
            (Self::Ansi, Tone::Warning) => "33",
            (Self::Ansi, Tone::Bad) => "31",
            (Self::Ansi, Tone::Strong) => "1",
        };
        format!("\x1b[{code}m{text}\x1b[0m")
    }

    pub(super) fn good(self, text: &str) -> String {
        self.paint(Tone::Good, text)
    }

    pub(super) fn warning(self, text: &str) -> String {
        self.paint(Tone::Warning, text)
    }

    pub(super) fn bad(self, text: &str) -> String {
        self.paint(Tone::Bad, text)
    }

    pub(super) fn strong(self, text: &str) -> String {
        self.paint(Tone::Strong, text)
    }
}
