//! What the user hands in: a file or standard input.

use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::Path;

use crate::config::{Diagnostic, Place, Severity};
use crate::report::Exit;
use crate::value::ParseError;

use super::super::terminal;

/// The name of standard input on the command line.
const STANDARD_INPUT: &str = "-";

/// What is asked of the system at once.
const BUFFER_BYTES: usize = 64 << 10;

/// Something to read, and what messages call it.
pub(super) struct Input {
    pub(super) name: String,
    pub(super) reader: BufReader<Box<dyn Read>>,
}

impl Input {
    /// Opens a file, or standard input for `-`.
    pub(super) fn open(path: &Path) -> Result<Self, Exit> {
        let input = |name, from| Self { name, reader: BufReader::with_capacity(BUFFER_BYTES, from) };
        if path.as_os_str() == STANDARD_INPUT {
            return Ok(input("standard input".to_owned(), Box::new(io::stdin())));
        }
        let name = path.display().to_string();
        // A folder can be opened and not read.
        let opened = File::open(path).map_err(|error| unreadable(&name, &error))?;
        Ok(input(name, Box::new(opened)))
    }

    /// All of it.
    pub(super) fn bytes(&mut self) -> Result<Vec<u8>, Exit> {
        let mut bytes = Vec::new();
        self.reader.read_to_end(&mut bytes).map_err(|error| unreadable(&self.name, &error))?;
        Ok(bytes)
    }
}

/// Says that something cannot be read.
pub(super) fn unreadable(name: &str, error: &io::Error) -> Exit {
    terminal::talk(&format!("error: cannot read `{name}`: {error}"));
    Exit::Configuration
}

/// Says that a text is not the JSON that is expected, with the line and a caret.
pub(super) fn not_json(name: &str, text: &[u8], error: &ParseError) -> Exit {
    let text = String::from_utf8_lossy(text);
    terminal::talk(
        &Diagnostic {
            severity: Severity::Error,
            message: format!("`{name}` is not JSON: {}", error.reason),
            place: Place::in_text(name, text, error.offset..error.offset),
            hint: None,
        }
        .to_string(),
    );
    Exit::Configuration
}
