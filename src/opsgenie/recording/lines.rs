//! A file of JSON lines, read from its beginning.

use std::fs::File;
use std::io::{self, BufRead as _, BufReader, Read as _, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};

use super::Fault;
use crate::value::Value;

/// What is asked of the system at once.
const BUFFER_BYTES: usize = 64 << 10;

/// More than an answer of the API may have, which one line comes from.
const MAX_LINE_BYTES: u64 = 64 << 20;

/// A reader of lines that knows where it is.
#[derive(Debug)]
pub(super) struct Lines {
    path: PathBuf,
    reader: BufReader<File>,
    /// Lines that were read.
    line: u64,
    /// Where the next line begins.
    offset: u64,
    buffer: Vec<u8>,
}

/// A line and where it begins.
#[derive(Debug)]
pub(super) struct Line {
    pub(super) value: Value,
    pub(super) offset: u64,
}

impl Lines {
    pub(super) fn open(path: &Path) -> Result<Self, Fault> {
        let file = File::open(path).map_err(|error| unreadable(path, &error))?;
        Ok(Self {
            path: path.to_owned(),
            reader: BufReader::with_capacity(BUFFER_BYTES, file),
            line: 0,
            offset: 0,
            buffer: Vec::new(),
        })
    }

    /// Reads the line that begins at `offset`, which is line `number`.
    pub(super) fn at(path: &Path, offset: u64, number: u64) -> Result<Value, Fault> {
        let mut lines = Self::open(path)?;
        lines.reader.seek(SeekFrom::Start(offset)).map_err(|error| unreadable(path, &error))?;
        lines.line = number - 1;
        match lines.next()? {
            Some(line) => Ok(line.value),
            None => Err(lines.fault("the file ends before it".to_owned())),
        }
    }

    /// The next line; nothing at the end of the file.
    pub(super) fn next(&mut self) -> Result<Option<Line>, Fault> {
        self.buffer.clear();
        let mut limited = self.reader.by_ref().take(MAX_LINE_BYTES);
        let read =
            limited.read_until(b'\n', &mut self.buffer).map_err(|error| unreadable(&self.path, &error))?;
        if read == 0 {
            return Ok(None);
        }
        self.line += 1;
        let offset = self.offset;
        self.offset += read as u64;
        if self.buffer.pop() != Some(b'\n') {
            return Err(self.fault("it is cut off".to_owned()));
        }
        let value = Value::parse(&self.buffer).map_err(|error| self.fault(error.to_string()))?;
        Ok(Some(Line { value, offset }))
    }

    /// How many lines were read.
    pub(super) fn read(&self) -> u64 {
        self.line
    }

    /// A fault of the line that was read last.
    pub(super) fn fault(&self, reason: String) -> Fault {
        Fault::Line { path: self.path.display().to_string(), line: self.line, reason }
    }
}

pub(super) fn unreadable(path: &Path, error: &io::Error) -> Fault {
    Fault::Unreadable { path: path.display().to_string(), reason: error.to_string() }
}
