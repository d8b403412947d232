//! A file that is there whole or not at all.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};

use super::{StateError, private};

/// A file in the making, beside where it is to be. Until it is finished nobody sees it; dropped before, it leaves nothing
/// and what was there before stays.
#[derive(Debug)]
pub struct AtomicFile {
    out: BufWriter<File>,
    draft: Draft,
    path: PathBuf,
}

/// The name of the file in the making; the file goes with it, unless it has got its own name.
#[derive(Debug)]
struct Draft(PathBuf);

impl Drop for Draft {
    fn drop(&mut self) {
        // It is gone already once the file has got its name. What cannot be removed only takes room.
        let _gone = fs::remove_file(&self.0);
    }
}

const WRITE: &str = "write";

impl AtomicFile {
    /// Begins a file that only its owner may read.
    pub fn create(path: &Path) -> Result<Self, StateError> {
        let mut name = path.file_name().map(OsString::from).unwrap_or_default();
        name.push(format!(".{}.new", std::process::id()));
        let draft = Draft(path.with_file_name(name));
        let opened = private().write(true).create(true).truncate(true).open(&draft.0);
        let out = BufWriter::new(opened.map_err(StateError::at(WRITE, path))?);
        Ok(Self { out, draft, path: path.to_owned() })
    }

    /// Adds a line.
    pub fn line(&mut self, line: &[u8]) -> Result<(), StateError> {
        let written = self.out.write_all(line).and_then(|()| self.out.write_all(b"\n"));
        written.map_err(StateError::at(WRITE, &self.path))
    }

    /// Gives the file its name once all of it is on the disk, in place of one that had it before.
    pub fn finish(self) -> Result<(), StateError> {
        let Self { mut out, draft, path } = self;
        let kept = out.flush().and_then(|()| out.get_ref().sync_all());
        let named = kept.and_then(|()| fs::rename(&draft.0, &path)).and_then(|()| sync_folder_of(&path));
        named.map_err(StateError::at(WRITE, &path))
    }
}

/// Puts the names in the folder of a file on the disk.
pub(super) fn sync_folder_of(path: &Path) -> std::io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    if cfg!(unix) { File::open(folder)?.sync_all() } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(folder: &Path) -> Vec<String> {
        let entries = fs::read_dir(folder).unwrap();
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
    }

    #[test]
    fn it_is_there_whole_or_as_before() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("file");
        fs::write(&path, "before").unwrap();
        let mut file = AtomicFile::create(&path).unwrap();
        file.line(b"half").unwrap();
        file.out.flush().unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "before");
        drop(file);
        assert_eq!(names(home.path()), ["file"], "nothing is left of what was not finished");
        let mut file = AtomicFile::create(&path).unwrap();
        file.line(b"one").unwrap();
        file.line(b"two").unwrap();
        file.finish().unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "one\ntwo\n");
        assert_eq!(names(home.path()), ["file"]);
    }

    #[test]
    #[cfg(unix)]
    fn only_its_owner_may_read_it() {
        use std::os::unix::fs::PermissionsExt as _;
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("file");
        AtomicFile::create(&path).unwrap().finish().unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    }
}
