//! Standard output is data, standard error is talk.

use std::io::{self, IsTerminal, Write};

use crate::report::{Exit, Style};

/// Writes data. A reader that went away (`| head`) is no fault of ours; a disk that is full is told and costs the exit
/// code, or a program that reads the report would take nothing for good news.
pub(super) fn data(text: &str) -> Result<(), Exit> {
    match write(&mut io::stdout().lock(), text) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            talk(&format!("error: cannot write to standard output: {error}"));
            Err(Exit::Unexpected)
        }
        Ok(()) | Err(_) => Ok(()),
    }
}

/// Writes talk. Where nobody listens there is nothing left to tell it to.
pub(super) fn talk(text: &str) {
    let _unheard = write(&mut io::stderr().lock(), text);
}

fn write(to: &mut impl Write, text: &str) -> io::Result<()> {
    to.write_all(text.as_bytes())?;
    if !text.ends_with('\n') {
        to.write_all(b"\n")?;
    }
    to.flush()
}

/// Colour on terminals only, and never with `NO_COLOR` (<https://no-color.org>).
pub(super) fn style() -> Style {
    let wanted = std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
    if wanted && io::stdout().is_terminal() { Style::Colour } else { Style::Plain }
}
