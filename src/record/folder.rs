//! A folder that is a recording or none: every file appears when it is whole, the manifest last.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::opsgenie::recording::{MANIFEST, Manifest, Part};
use crate::state::{AtomicFile, StateError, create_folder};
use crate::value::Value;

/// Why a folder cannot take a recording.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// There is a recording.
    #[error("`{0}` holds a recording already; name another folder, or remove this one first")]
    Recording(String),
    /// There is something else.
    #[error("`{0}` is not empty; name a folder that is not there yet, or an empty one")]
    NotEmpty(String),
    /// It is no folder.
    #[error("`{0}` is no folder; name one that is not there yet, or an empty one")]
    NoFolder(String),
    /// The system does not let us.
    #[error("cannot write `{path}`: {reason}; check that the folder may be written and the disk has room")]
    Write {
        /// The file or folder.
        path: String,
        /// The system's words.
        reason: String,
    },
}

impl Fault {
    /// Whether another folder would do.
    pub fn lies_in_the_folder(&self) -> bool {
        !matches!(self, Self::Write { .. })
    }
}

impl From<StateError> for Fault {
    fn from(error: StateError) -> Self {
        Self::Write { path: error.path.display().to_string(), reason: error.reason.to_string() }
    }
}

/// A folder that is being written.
#[derive(Debug)]
pub(super) struct Folder {
    path: PathBuf,
    origin: Origin,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Origin {
    /// It was there, empty.
    Found,
    Made,
}

impl Folder {
    /// Makes the folder, or takes an empty one.
    pub(super) fn claim(path: &Path) -> Result<Self, Fault> {
        let shown = || path.display().to_string();
        let origin = match fs::read_dir(path) {
            Ok(mut entries) => match entries.next() {
                None => Origin::Found,
                Some(_) if path.join(MANIFEST).exists() => return Err(Fault::Recording(shown())),
                Some(_) => return Err(Fault::NotEmpty(shown())),
            },
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                create_folder(path).map_err(StateError::at("create", path))?;
                Origin::Made
            }
            Err(_) if path.is_file() => return Err(Fault::NoFolder(shown())),
            Err(error) => return Err(StateError::at("read", path)(error).into()),
        };
        Ok(Self { path: path.to_owned(), origin })
    }

    /// Begins a file.
    pub(super) fn open(&self, part: Part) -> Result<Sheet, Fault> {
        let file = self.create(part.file())?;
        Ok(Sheet { part, file, lines: 0, bytes: 0, line: Vec::new() })
    }

    /// Writes the manifest, once every file has its name.
    pub(super) fn finish(&self, manifest: &Manifest) -> Result<(), Fault> {
        let mut file = self.create(MANIFEST)?;
        let json = serde_json::to_vec_pretty(manifest).map_err(|error| {
            let path = self.path.join(MANIFEST).display().to_string();
            Fault::Write { path, reason: error.to_string() }
        })?;
        file.line(&json).and_then(|()| file.finish()).map_err(Fault::from)
    }

    /// Takes away what was written. What cannot be taken away still has no manifest.
    pub(super) fn abandon(&self) {
        for name in Part::ALL.into_iter().map(Part::file).chain([MANIFEST]) {
            let path = self.path.join(name);
            if let Err(error) = fs::remove_file(&path)
                && error.kind() != io::ErrorKind::NotFound
            {
                tracing::warn!(path = %path.display(), %error, "what was not finished stays");
            }
        }
        if self.origin == Origin::Made
            && let Err(error) = fs::remove_dir(&self.path)
        {
            tracing::debug!(%error, "the folder stays");
        }
    }

    fn create(&self, name: &str) -> Result<AtomicFile, Fault> {
        Ok(AtomicFile::create(&self.path.join(name))?)
    }
}

/// A file that is being written, a line for each value.
#[derive(Debug)]
pub(super) struct Sheet {
    pub(super) part: Part,
    file: AtomicFile,
    lines: u64,
    bytes: u64,
    line: Vec<u8>,
}

impl Sheet {
    pub(super) fn write(&mut self, value: &Value) -> Result<(), Fault> {
        self.line.clear();
        value.write(&mut self.line);
        self.file.line(&self.line)?;
        self.lines += 1;
        self.bytes += self.line.len() as u64 + 1;
        Ok(())
    }

    /// Puts the file on the disk and gives it its name; gives its lines and bytes.
    pub(super) fn close(self) -> Result<(u64, u64), Fault> {
        self.file.finish()?;
        Ok((self.lines, self.bytes))
    }
}
