//! What was put back and must not go again on its own: a file `pins.jsonl`, a line per entity.

use std::collections::BTreeMap;
use std::fs;
use std::io;

use serde::{Deserialize, Serialize};

use super::{AtomicFile, Installation, StateDir, StateError};
use crate::model::{BlueprintId, EntityId, EntityKey};

const FILE: &str = "pins.jsonl";
const READ: &str = "read";

/// A line of the file.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
struct Line {
    #[serde(flatten)]
    installation: Installation,
    blueprint: String,
    identifier: String,
    /// The run that had deleted it.
    run: String,
}

/// The entities of one installation that were put back, with the run that had deleted each. They stay until a pass
/// produces them again.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pins {
    runs: BTreeMap<EntityKey, String>,
}

impl Pins {
    /// Whether an entity was put back.
    pub fn contains(&self, key: &EntityKey) -> bool {
        self.runs.contains_key(key)
    }

    /// Every one of them.
    pub fn keys(&self) -> impl Iterator<Item = &EntityKey> {
        self.runs.keys()
    }

    /// Whether nothing was.
    pub fn is_empty(&self) -> bool {
        self.runs.is_empty()
    }

    /// Adds an entity that a run had deleted.
    pub fn add(&mut self, key: EntityKey, run: &str) {
        self.runs.insert(key, run.to_owned());
    }

    /// Takes those away that are not to be kept; gives how many.
    pub fn retain(&mut self, keep: impl Fn(&EntityKey) -> bool) -> usize {
        let before = self.runs.len();
        self.runs.retain(|key, _| keep(key));
        before - self.runs.len()
    }
}

impl StateDir {
    /// The pins of an installation.
    pub fn pins(&self, installation: &Installation) -> Result<Pins, StateError> {
        let mut pins = Pins::default();
        for line in self.pin_lines()? {
            if line.installation == *installation
                && let (Ok(blueprint), Ok(identifier)) =
                    (BlueprintId::new(line.blueprint), EntityId::new(line.identifier))
            {
                pins.runs.insert(EntityKey { blueprint, identifier }, line.run);
            }
        }
        Ok(pins)
    }

    /// Stores the pins of an installation in place of those it had; others keep theirs.
    pub fn set_pins(&self, installation: &Installation, pins: &Pins) -> Result<(), StateError> {
        let mut lines = self.pin_lines()?;
        lines.retain(|line| line.installation != *installation);
        lines.extend(pins.runs.iter().map(|(key, run)| Line {
            installation: installation.clone(),
            blueprint: key.blueprint.to_string(),
            identifier: key.identifier.to_string(),
            run: run.clone(),
        }));
        let path = self.path(FILE);
        let mut file = AtomicFile::create(&path)?;
        for line in &lines {
            let json = serde_json::to_vec(line).map_err(io::Error::from);
            file.line(&json.map_err(StateError::at("write", &path))?)?;
        }
        file.finish()
    }

    fn pin_lines(&self) -> Result<Vec<Line>, StateError> {
        let path = self.path(FILE);
        let text = match fs::read_to_string(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            text => text.map_err(StateError::at(READ, &path))?,
        };
        let lines = text.lines().map(serde_json::from_str).collect::<Result<_, _>>();
        lines.map_err(|error| StateError::at(READ, &path)(error.into()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn installation(integration: &str) -> Installation {
        Installation { catalog: "https://api.getport.io".into(), integration: integration.into() }
    }

    fn key(id: &str) -> EntityKey {
        EntityKey { blueprint: BlueprintId::new("a").unwrap(), identifier: EntityId::new(id).unwrap() }
    }

    #[test]
    fn each_installation_has_its_own() {
        let home = tempfile::tempdir().unwrap();
        let state = StateDir::open(home.path()).unwrap();
        let (one, other) = (installation("one"), installation("other"));
        assert_eq!(state.pins(&one).unwrap(), Pins::default());
        let mut pins = Pins::default();
        pins.add(key("x"), "r-1");
        pins.add(key("y"), "r-1");
        state.set_pins(&one, &pins).unwrap();
        state.set_pins(&other, &Pins::default()).unwrap();
        assert_eq!(state.pins(&one).unwrap(), pins);
        assert!(state.pins(&other).unwrap().is_empty());
        assert_eq!(pins.retain(|_| true), 0);
        assert_eq!(pins.retain(|pin| *pin == key("y")), 1);
        assert!(pins.contains(&key("y")) && !pins.contains(&key("x")));
    }

    #[test]
    fn a_file_that_is_none_of_ours_is_told() {
        let home = tempfile::tempdir().unwrap();
        let state = StateDir::open(home.path()).unwrap();
        fs::write(home.path().join(FILE), "{}\n").unwrap();
        let told = state.pins(&installation("one")).unwrap_err().to_string();
        assert!(told.starts_with("cannot read `") && told.contains("missing field"), "{told}");
    }
}
