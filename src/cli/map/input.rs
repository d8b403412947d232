//! What the user hands in: a file or standard input.

use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::Path;

use tokio::runtime::Handle;

use crate::config::{Diagnostic, Place, Severity};
use crate::map::Rules;
use crate::model::{Kind, Record, RecordId};
use crate::report::Exit;
use crate::value::{ParseError, Value};

use super::super::arguments::OutputArguments;
use super::super::faults::refuse;
use super::arguments::RecordArguments;
use super::recorded;

/// The name of standard input on the command line.
const STANDARD_INPUT: &str = "-";

/// What is asked of the system at once.
const BUFFER_BYTES: usize = 64 << 10;

/// Something to read, and what messages call it.
pub(super) struct Input<'o> {
    pub(super) name: String,
    pub(super) reader: BufReader<Box<dyn Read>>,
    output: &'o OutputArguments,
}

impl<'o> Input<'o> {
    /// Opens a file, or standard input for `-`.
    pub(super) fn open(path: &Path, output: &'o OutputArguments) -> Result<Self, Exit> {
        let input = |name, from| Self { name, reader: BufReader::with_capacity(BUFFER_BYTES, from), output };
        if path.as_os_str() == STANDARD_INPUT {
            return Ok(input("standard input".to_owned(), Box::new(io::stdin())));
        }
        let name = path.display().to_string();
        // A folder can be opened and not read.
        let opened = File::open(path).map_err(|error| unreadable(&name, &error, output))?;
        Ok(input(name, Box::new(opened)))
    }

    /// All of it.
    pub(super) fn bytes(&mut self) -> Result<Vec<u8>, Exit> {
        let mut bytes = Vec::new();
        self.reader.read_to_end(&mut bytes).map_err(|error| self.unreadable(&error))?;
        Ok(bytes)
    }

    /// All of it, as a text.
    pub(super) fn text(&mut self) -> Result<String, Exit> {
        let bytes = self.bytes()?;
        String::from_utf8(bytes)
            .map_err(|error| self.unreadable(&io::Error::new(io::ErrorKind::InvalidData, error.utf8_error())))
    }

    /// Says that it cannot be read.
    pub(super) fn unreadable(&self, error: &io::Error) -> Exit {
        unreadable(&self.name, error, self.output)
    }

    /// Says that it is not what it should be.
    fn unfit(&self, message: String) -> Exit {
        refused(message, Place::Path(self.name.clone()), self.output)
    }

    /// Says that its text is not the JSON that is expected, with the line and a caret.
    pub(super) fn not_json(&self, text: &[u8], error: &ParseError) -> Exit {
        let text = String::from_utf8_lossy(text);
        let place = Place::in_text(&self.name, text, error.offset..error.offset);
        refused(format!("`{}` is not JSON: {}", self.name, error.reason), place, self.output)
    }
}

/// Reads the records that were asked for: all of a kind in a recording, or those of a file. Runs on the blocking side.
pub(super) fn asked(
    arguments: &RecordArguments,
    rules: &Rules,
    output: &OutputArguments,
) -> Result<Vec<Record>, Exit> {
    let RecordArguments { kind, input, recording, mapping: _ } = arguments;
    match (&recording.source, input) {
        (Some(folder), _) if !kind.is_listed() => {
            let message =
                format!("`{kind}` has no listing, so no recording holds any; give them by `--input`");
            Err(refused(message, Place::Path(folder.display().to_string()), output))
        }
        (Some(folder), _) => Handle::current().block_on(recorded::records(folder, *kind, rules)),
        (None, Some(file)) => records(*kind, file, output),
        // The command line does not let neither be given.
        (None, None) => Ok(Vec::new()),
    }
}

/// Reads records: one, a list of them, or several texts one after the other, such as JSON lines.
fn records(kind: Kind, path: &Path, output: &OutputArguments) -> Result<Vec<Record>, Exit> {
    let mut input = Input::open(path, output)?;
    let bytes = input.bytes()?;
    let mut records = Vec::new();
    for value in values(&input, &bytes)? {
        match value {
            Value::Array(items) => {
                for item in items.iter() {
                    records.push(record(kind, records.len() + 1, item.clone(), &input)?);
                }
            }
            value => records.push(record(kind, records.len() + 1, value, &input)?),
        }
    }
    Ok(records)
}

fn record(kind: Kind, number: usize, body: Value, input: &Input<'_>) -> Result<Record, Exit> {
    if body.as_object().is_some() {
        return Ok(named(kind, number, body));
    }
    let message = format!("`{}`: record {number} is no object: a record of Opsgenie is one", input.name);
    Err(input.unfit(message))
}

/// A record by its id; one that has none by its number, from 1.
pub(super) fn named(kind: Kind, number: usize, body: Value) -> Record {
    let id = body.get("id").as_str().map(RecordId::new).and_then(Result::ok);
    let id = id.unwrap_or_else(|| RecordId::new(format!("record {number}")).expect("it is not empty"));
    Record { kind, id, body }
}

/// The JSON texts that stand one after the other.
fn values(input: &Input<'_>, bytes: &[u8]) -> Result<Vec<Value>, Exit> {
    let start = if bytes.starts_with(MARK) { MARK.len() } else { 0 };
    // Tells where each text ends; what it holds is read by our own reader.
    let mut texts =
        serde_json::Deserializer::from_slice(&bytes[start..]).into_iter::<serde::de::IgnoredAny>();
    let mut values = Vec::new();
    let mut at = start;
    while let Some(text) = texts.next() {
        let end = if text.is_ok() { start + texts.byte_offset() } else { bytes.len() };
        let value = Value::parse(&bytes[at..end]).map_err(|error| {
            let offset = at + error.offset;
            input.not_json(bytes, &ParseError { offset, ..error })
        })?;
        values.push(value);
        at = end;
        if text.is_err() {
            break;
        }
    }
    Ok(values)
}

/// The byte order mark that some editors put before a text.
const MARK: &[u8] = b"\xef\xbb\xbf";

fn unreadable(name: &str, error: &io::Error, output: &OutputArguments) -> Exit {
    refused(format!("cannot read `{name}`: {error}"), Place::Path(name.to_owned()), output)
}

fn refused(message: String, place: Place, output: &OutputArguments) -> Exit {
    refuse(&[Diagnostic { severity: Severity::Error, message, place, hint: None }], output)
}
