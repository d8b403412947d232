//! Standard output is data, standard error is talk.

use std::io::{self, IsTerminal, Write};

use crate::report::{Colour, Exit, Style};
use crate::telemetry;

/// Writes data. A reader that went away (`| head`) is no fault of ours; a disk that is full is told and costs the exit
/// code, or a program that reads the report would take nothing for good news.
pub(super) fn data(text: &str) -> Result<(), Exit> {
    match write(&mut io::stdout().lock(), text).map_err(|error| unwritten(&error)) {
        Ok(()) | Err(Exit::Done) => Ok(()),
        Err(exit) => Err(exit),
    }
}

/// Standard output for many lines: they go out when the buffer is full, and when it is flushed.
pub(super) struct Lines(io::BufWriter<io::Stdout>);

impl Lines {
    pub(super) fn new() -> Self {
        Self(io::BufWriter::with_capacity(64 << 10, io::stdout()))
    }

    /// Writes a line. Where it cannot be written, the exit code with which to end: a reader that went away has all it
    /// wanted.
    pub(super) fn line(&mut self, line: &[u8]) -> Result<(), Exit> {
        let written = self.0.write_all(line).and_then(|()| self.0.write_all(b"\n"));
        written.map_err(|error| unwritten(&error))
    }

    /// Sends out what is waiting.
    pub(super) fn flush(&mut self) -> Result<(), Exit> {
        self.0.flush().map_err(|error| unwritten(&error))
    }
}

fn unwritten(error: &io::Error) -> Exit {
    if error.kind() == io::ErrorKind::BrokenPipe {
        return Exit::Done;
    }
    talk(&format!("error: cannot write to standard output: {error}"));
    Exit::Unexpected
}

/// Writes talk. Where nobody listens there is nothing left to tell it to.
pub(super) fn talk(text: &str) {
    let _unheard = write(&mut telemetry::Talk, text);
}

fn write(to: &mut impl Write, text: &str) -> io::Result<()> {
    to.write_all(text.as_bytes())?;
    if !text.ends_with('\n') {
        to.write_all(b"\n")?;
    }
    to.flush()
}

/// How data are drawn: on a terminal in colour, unless that is unwanted, and no wider than it.
pub(super) fn style() -> Style {
    if !io::stdout().is_terminal() {
        return Style::PLAIN;
    }
    let colour = if telemetry::colour_is_unwanted() { Colour::None } else { Colour::Ansi };
    Style { colour, columns: terminal_size::terminal_size().map(|(width, _)| usize::from(width.0)) }
}
