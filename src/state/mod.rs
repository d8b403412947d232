//! What must outlive a process: files below the folder that `OCEAN__STATE_DIR` names, and files that are there whole or
//! not at all.

mod atomic;
mod pins;
mod runs;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

pub use atomic::AtomicFile;
pub use pins::Pins;
pub use runs::{Journal, Run};

/// The folder that `OCEAN__STATE_DIR` names. What it holds may tell of what the catalog holds, so only its owner may
/// look: folders are made with mode 0700, files with 0600.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StateDir {
    root: PathBuf,
}

impl StateDir {
    /// Opens the folder, and creates it, with those above it, where it is missing. One that is there keeps its mode.
    pub fn open(root: &Path) -> Result<Self, StateError> {
        create_folder(root).map_err(StateError::at("open the state directory (OCEAN__STATE_DIR)", root))?;
        Ok(Self { root: root.to_owned() })
    }

    /// Where something of this name is kept. Nothing is created.
    pub fn path(&self, name: &str) -> PathBuf {
        self.root.join(name)
    }

    /// A folder in it, created where it is missing.
    pub fn folder(&self, name: &str) -> Result<PathBuf, StateError> {
        let folder = self.path(name);
        create_folder(&folder).map_err(StateError::at("create the folder", &folder))?;
        Ok(folder)
    }
}

/// Whose state something is: one folder may serve several installations.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Installation {
    /// The catalog's address.
    pub catalog: String,
    /// The identifier of the integration there.
    pub integration: String,
}

/// Why state could not be read or written.
#[derive(Debug, thiserror::Error)]
#[error("cannot {attempted} `{}`: {reason}{}", path.display(), hint(reason))]
pub struct StateError {
    /// What was attempted.
    pub attempted: &'static str,
    /// On which file or folder.
    pub path: PathBuf,
    /// The system's words.
    pub reason: io::Error,
}

impl StateError {
    /// Names what was attempted on what.
    pub fn at(attempted: &'static str, path: &Path) -> impl Fn(io::Error) -> Self {
        let path = path.to_owned();
        move |reason| Self { attempted, path: path.clone(), reason }
    }
}

/// What to do about it, where the system's words leave that open.
fn hint(reason: &io::Error) -> &'static str {
    match reason.kind() {
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
            "; give this user the right to it, or name another place"
        }
        io::ErrorKind::NotADirectory | io::ErrorKind::AlreadyExists => {
            "; a file is in the way: name another place"
        }
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => "; make room there",
        _ => "",
    }
}

/// Creates a folder for its owner alone, with those above it, where it is missing.
pub fn create_folder(folder: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

/// How files of ours are created: nobody else may read them.
fn private() -> fs::OpenOptions {
    let mut options = fs::OpenOptions::new();
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(unix)]
    fn mode(path: &Path) -> u32 {
        use std::os::unix::fs::PermissionsExt as _;
        fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    #[test]
    #[cfg(unix)]
    fn a_folder_that_is_missing_is_created_for_its_owner_alone() {
        let home = tempfile::tempdir().unwrap();
        let root = home.path().join("a/state");
        let state = StateDir::open(&root).unwrap();
        assert_eq!((mode(&home.path().join("a")), mode(&root)), (0o700, 0o700));
        assert_eq!(mode(&state.folder("runs").unwrap()), 0o700);
        assert_eq!(StateDir::open(&root).unwrap(), state, "once more");
    }

    #[test]
    fn a_file_in_the_way_is_told_with_what_to_do() {
        let home = tempfile::tempdir().unwrap();
        let root = home.path().join("state");
        fs::write(&root, "").unwrap();
        let told = StateDir::open(&root).unwrap_err().to_string();
        let told = told.replace(&home.path().display().to_string(), "…");
        insta::assert_snapshot!(
            told,
            @"cannot open the state directory (OCEAN__STATE_DIR) `…/state`: File exists (os error 17); a file is in the way: name another place"
        );
        let told = StateDir::open(&root.join("below")).unwrap_err().to_string();
        assert!(told.contains("a file is in the way"), "{told}");
    }
}
