//! Lines by the id that they are about. In memory is only where each begins.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use xxhash_rust::xxh3::xxh3_128;

use super::lines::Lines;
use super::{Fault, ID};
use crate::model::RecordId;
use crate::value::Value;

/// The lines of one file by id.
#[derive(Debug)]
pub(super) struct Shelf {
    path: PathBuf,
    places: HashMap<u128, Position>,
}

#[derive(Clone, Copy, Debug)]
struct Position {
    offset: u64,
    number: u64,
}

impl Shelf {
    /// Reads the file once. Of several lines with one id the first counts; lines without one are nobody's.
    pub(super) fn of(path: &Path) -> Result<Self, Fault> {
        let mut lines = Lines::open(path)?;
        let mut places = HashMap::new();
        while let Some(line) = lines.next()? {
            if let Some(id) = line.value.get(ID).as_str() {
                let position = Position { offset: line.offset, number: lines.read() };
                places.entry(xxh3_128(id.as_bytes())).or_insert(position);
            }
        }
        Ok(Self { path: path.to_owned(), places })
    }

    /// The line about an id.
    pub(super) fn get(&self, id: &RecordId) -> Result<Option<Value>, Fault> {
        let position = self.places.get(&xxh3_128(id.as_str().as_bytes()));
        position.map(|at| Lines::at(&self.path, at.offset, at.number)).transpose()
    }
}
