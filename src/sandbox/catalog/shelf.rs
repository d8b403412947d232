//! What the catalog holds, in memory and (when it has a file) on disk.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::ops::Bound;
use std::path::Path;
use std::sync::Arc;

use indexmap::IndexMap;
use jiff::Timestamp;
use serde_json::{Map, Value};

use super::disk::Disk;
use super::entity::Facts;
use crate::sandbox::world::Text;

/// Where an entity stands; ordered by blueprint, then identifier.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct Key {
    pub(super) blueprint: Text,
    pub(super) identifier: Text,
}

impl Key {
    pub(super) fn new(blueprint: &str, identifier: &str) -> Self {
        Self { blueprint: Arc::from(blueprint), identifier: Arc::from(identifier) }
    }
}

/// A stored entity. The body is kept as text: a parsed one takes several times the room.
#[derive(Clone, Debug)]
pub(super) struct Held {
    /// The JSON of its [`Facts`].
    pub(super) body: Box<[u8]>,
    /// The entities its relations name.
    pub(super) points_at: Box<[Key]>,
    pub(super) datasource: Text,
    pub(super) created: Timestamp,
    pub(super) updated: Timestamp,
}

impl Held {
    pub(super) fn facts(&self) -> Facts {
        Facts::parse(&self.body)
    }
}

/// What must go to the file after a request.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Touched {
    Entity(Key),
    Blueprint(String),
    Integration(String),
}

#[derive(Debug, Default)]
pub(super) struct Shelf {
    pub(super) blueprints: IndexMap<String, Map<String, Value>>,
    pub(super) integrations: BTreeMap<String, Map<String, Value>>,
    entities: BTreeMap<Key, Held>,
    stamps: BTreeSet<Text>,
    touched: BTreeSet<Touched>,
    disk: Option<Disk>,
}

impl Shelf {
    pub(super) fn load(path: &Path) -> io::Result<Self> {
        let disk = Disk::open(path).map_err(io::Error::other)?;
        let mut shelf = Self::default();
        disk.read_into(&mut shelf).map_err(io::Error::other)?;
        shelf.touched.clear();
        shelf.disk = Some(disk);
        Ok(shelf)
    }

    /// Writes what changed since the last flush, as one transaction.
    pub(super) fn flush(&mut self) -> io::Result<()> {
        let touched = std::mem::take(&mut self.touched);
        if touched.is_empty() {
            return Ok(());
        }
        let Some(mut disk) = self.disk.take() else {
            return Ok(());
        };
        let written = disk.write(self, &touched).map_err(io::Error::other);
        self.disk = Some(disk);
        written
    }

    fn touch(&mut self, touched: Touched) {
        if self.disk.is_some() {
            self.touched.insert(touched);
        }
    }

    pub(super) fn entity(&self, key: &Key) -> Option<&Held> {
        self.entities.get(key)
    }

    /// The entities of one blueprint after `after`, by identifier.
    pub(super) fn of_blueprint<'a>(
        &'a self,
        blueprint: &'a str,
        after: &str,
    ) -> impl Iterator<Item = (&'a Key, &'a Held)> {
        self.after(Key::new(blueprint, after)).take_while(move |(key, _)| &*key.blueprint == blueprint)
    }

    /// All entities after `after`, by key.
    pub(super) fn after(&self, after: Key) -> impl Iterator<Item = (&Key, &Held)> {
        self.entities.range((Bound::Excluded(after), Bound::Unbounded))
    }

    pub(super) fn all(&self) -> impl Iterator<Item = (&Key, &Held)> {
        self.entities.iter()
    }

    pub(super) fn put(&mut self, key: Key, held: Held) {
        self.touch(Touched::Entity(key.clone()));
        self.entities.insert(key, held);
    }

    pub(super) fn remove(&mut self, key: &Key) -> bool {
        self.touch(Touched::Entity(key.clone()));
        self.entities.remove(key).is_some()
    }

    /// The one copy of a stamp that its entities share.
    pub(super) fn stamp(&mut self, stamp: &str) -> Text {
        if let Some(known) = self.stamps.get(stamp) {
            return Arc::clone(known);
        }
        let new: Text = Arc::from(stamp);
        self.stamps.insert(Arc::clone(&new));
        new
    }

    pub(super) fn put_blueprint(&mut self, identifier: &str, blueprint: Map<String, Value>) {
        self.touch(Touched::Blueprint(identifier.to_owned()));
        self.blueprints.insert(identifier.to_owned(), blueprint);
    }

    pub(super) fn remove_blueprint(&mut self, identifier: &str) {
        self.touch(Touched::Blueprint(identifier.to_owned()));
        self.blueprints.shift_remove(identifier);
    }

    /// Creates an integration, or replaces these keys of it.
    pub(super) fn change_integration(&mut self, identifier: &str, set: Map<String, Value>) {
        self.touch(Touched::Integration(identifier.to_owned()));
        self.integrations.entry(identifier.to_owned()).or_default().extend(set);
    }

    pub(super) fn remove_integration(&mut self, identifier: &str) -> bool {
        self.touch(Touched::Integration(identifier.to_owned()));
        self.integrations.remove(identifier).is_some()
    }
}
