//! Files into a folder: all of them or none, and nothing over what is there.

use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use super::recipe::File;

/// What keeps a file from being written where it belongs.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Obstacle {
    /// It is there already.
    There(PathBuf),
    /// Something else stands where a folder belongs.
    NoFolder(PathBuf),
}

/// What is in the way of these files below `root`; each path once.
pub(super) fn obstacles(root: &Path, files: &[File]) -> Vec<Obstacle> {
    let mut found = Vec::new();
    for file in files {
        let path = root.join(&file.path);
        // A link that leads nowhere is something, too.
        let nearest = path.ancestors().find(|path| path.symlink_metadata().is_ok());
        let obstacle = match nearest {
            Some(nearest) if nearest == path => Obstacle::There(path),
            Some(nearest) if !nearest.is_dir() => Obstacle::NoFolder(nearest.to_owned()),
            Some(_) | None => continue,
        };
        if !found.contains(&obstacle) {
            found.push(obstacle);
        }
    }
    found
}

/// A file or folder that could not be written.
#[derive(Debug)]
pub(super) struct Unwritten {
    pub(super) path: PathBuf,
    pub(super) error: io::Error,
    /// What was written before it and could not be taken back.
    pub(super) left: Vec<PathBuf>,
}

/// Writes these files below `root`. When one cannot be written, those before it are taken back.
pub(super) fn write(root: &Path, files: &[File]) -> Result<Vec<PathBuf>, Unwritten> {
    let mut written = Vec::new();
    let mut made = Vec::new();
    for file in files {
        let path = root.join(&file.path);
        if let Err(error) = add(&path, &file.text, &mut made) {
            return Err(Unwritten { path, error, left: take_back(made) });
        }
        written.push(path);
    }
    Ok(written)
}

fn add(path: &Path, text: &str, made: &mut Vec<PathBuf>) -> io::Result<()> {
    let missing: Vec<&Path> = path
        .ancestors()
        .skip(1)
        .take_while(|folder| !folder.as_os_str().is_empty() && !folder.exists())
        .collect();
    for folder in missing.into_iter().rev() {
        fs::create_dir(folder)?;
        made.push(folder.to_owned());
    }
    let mut file = OpenOptions::new().write(true).create_new(true).open(path)?;
    made.push(path.to_owned());
    file.write_all(text.as_bytes())
}

/// Removes what was made, the last first. Gives back what stays.
fn take_back(made: Vec<PathBuf>) -> Vec<PathBuf> {
    let removed = |path: &PathBuf| {
        let removed = if path.is_dir() { fs::remove_dir(path) } else { fs::remove_file(path) };
        removed.is_ok()
    };
    made.into_iter().rev().filter(|path| !removed(path)).collect()
}
