//! What a run deletes, kept before it goes, a folder per run: `runs/RUN/deleted.jsonl`.
//!
//! The first line says which run and whose, every further one is an entity that is about to go or the names of some that
//! stayed after all. Lines are on the disk before the catalog is asked to delete, so what is not there was not deleted.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::PathBuf;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::atomic::sync_folder_of;
use super::{Installation, StateDir, StateError, private};
use crate::model::{BlueprintId, EntityId, EntityKey};
use crate::value::Value;

const RUNS: &str = "runs";
const FILE: &str = "deleted.jsonl";
const FORMAT: &str = "ocean-opsgenie/deleted";
const VERSION: u32 = 1;
const READ: &str = "read";
const WRITE: &str = "write";

/// The first line of a journal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Head {
    format: String,
    version: u32,
    run: String,
    #[serde(flatten)]
    installation: Installation,
    /// An instant, as RFC 3339 has it.
    began: String,
}

/// Keeps what one run deletes. Nothing is created before there is something to keep.
#[derive(Debug)]
pub struct Journal {
    folder: PathBuf,
    head: Head,
    file: Option<File>,
}

impl StateDir {
    /// The journal of a run that begins now.
    pub fn journal(&self, run: &str, installation: &Installation) -> Journal {
        let head = Head {
            format: FORMAT.to_owned(),
            version: VERSION,
            run: run.to_owned(),
            installation: installation.clone(),
            began: Timestamp::now().to_string(),
        };
        Journal { folder: self.path(RUNS).join(run), head, file: None }
    }

    /// The runs of an installation that deleted something, the latest first.
    pub fn runs(&self, installation: &Installation) -> Result<Vec<Run>, StateError> {
        let folder = self.path(RUNS);
        let entries = match fs::read_dir(&folder) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            entries => entries.map_err(StateError::at(READ, &folder))?,
        };
        let mut runs = Vec::new();
        for entry in entries {
            let name = entry.map_err(StateError::at(READ, &folder))?.file_name();
            let run = match name.to_str() {
                Some(name) => self.run(name)?,
                None => None,
            };
            runs.extend(run.filter(|run| run.installation == *installation));
        }
        runs.sort_by(|one, other| (other.began, &other.id).cmp(&(one.began, &one.id)));
        Ok(runs)
    }

    /// What a run deleted; `None` when no journal of such a run is here.
    pub fn run(&self, id: &str) -> Result<Option<Run>, StateError> {
        // The name becomes part of a path.
        if id.is_empty() || !id.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '-') {
            return Ok(None);
        }
        let path = self.path(RUNS).join(id).join(FILE);
        let text = match fs::read(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            text => text.map_err(StateError::at(READ, &path))?,
        };
        let odd =
            |what: String| StateError::at(READ, &path)(io::Error::new(io::ErrorKind::InvalidData, what));
        // What follows the last line end was cut off while it was written: nothing of it was deleted.
        let mut lines = text.split_inclusive(|byte| *byte == b'\n').filter(|line| line.ends_with(b"\n"));
        let Some(head) = lines.next() else { return Ok(None) };
        let head: Head = serde_json::from_slice(head)
            .map_err(|error| odd(format!("its first line is not that of a journal: {error}")))?;
        if head.format != FORMAT || head.version != VERSION {
            let Head { format, version, .. } = &head;
            return Err(odd(format!(
                "it has the format `{format}` {version}, and this version of the program reads `{FORMAT}` {VERSION}"
            )));
        }
        let began = head
            .began
            .parse()
            .map_err(|error: jiff::Error| odd(format!("its first line has no instant: {error}")))?;
        let mut run = Run { id: head.run, installation: head.installation, began, deleted: Vec::new() };
        let mut kept = BTreeSet::new();
        for (index, line) in lines.enumerate() {
            let entry = Value::parse(line).map_err(|error| odd(format!("line {}: {error}", index + 2)))?;
            let blueprint = entry.get("blueprint").as_str().and_then(|id| BlueprintId::new(id).ok());
            let blueprint = blueprint.ok_or_else(|| odd(format!("line {} names no blueprint", index + 2)))?;
            let key = |id: &Value| {
                let identifier = id.as_str().and_then(|id| EntityId::new(id).ok())?;
                Some(EntityKey { blueprint: blueprint.clone(), identifier })
            };
            if let Some(stayed) = entry.get("stayed").as_array() {
                kept.extend(stayed.iter().filter_map(key));
            } else if let Some(key) = key(entry.get("identifier")) {
                run.deleted.push((key, entry));
            }
        }
        run.deleted.retain(|(key, _)| !kept.contains(key));
        Ok(Some(run))
    }
}

/// What a run deleted.
#[derive(Clone, Debug, PartialEq)]
pub struct Run {
    /// Its id, as in its report.
    pub id: String,
    /// Whose run it was.
    pub installation: Installation,
    /// When it began to delete.
    pub began: Timestamp,
    /// The entities, as they were, in the order in which they went.
    pub deleted: Vec<(EntityKey, Value)>,
}

impl Journal {
    /// The run's id.
    pub fn run(&self) -> &str {
        &self.head.run
    }

    /// Keeps entities that are about to go, a line of JSON with `blueprint` and `identifier` each. They are on the disk
    /// when this returns.
    pub fn keep(&mut self, entities: impl IntoIterator<Item = Vec<u8>>) -> Result<(), StateError> {
        let mut lines = Vec::new();
        for entity in entities {
            lines.extend_from_slice(&entity);
            lines.push(b'\n');
        }
        if lines.is_empty() { Ok(()) } else { self.append(&lines) }
    }

    /// Notes that some of them stayed after all.
    pub fn stayed(&mut self, blueprint: &BlueprintId, identifiers: &[EntityId]) -> Result<(), StateError> {
        if identifiers.is_empty() || self.file.is_none() {
            return Ok(());
        }
        let stayed: Vec<&str> = identifiers.iter().map(EntityId::as_str).collect();
        let line = serde_json::json!({ "stayed": stayed, "blueprint": blueprint.as_str() });
        self.append(format!("{line}\n").as_bytes())
    }

    fn append(&mut self, lines: &[u8]) -> Result<(), StateError> {
        let path = self.folder.join(FILE);
        let file = match &mut self.file {
            Some(file) => file,
            none => none.insert(self.head.begin(&self.folder).map_err(StateError::at(WRITE, &path))?),
        };
        let kept = file.write_all(lines).and_then(|()| file.sync_data());
        kept.map_err(StateError::at(WRITE, &path))
    }
}

impl Head {
    fn begin(&self, folder: &std::path::Path) -> io::Result<File> {
        super::create_folder(folder)?;
        let path = folder.join(FILE);
        let mut file = private().create(true).append(true).open(&path)?;
        file.write_all(format!("{}\n", serde_json::to_string(self)?).as_bytes())?;
        sync_folder_of(&path)?;
        sync_folder_of(folder)?;
        Ok(file)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ours() -> Installation {
        Installation { catalog: "https://api.getport.io".into(), integration: "my-og".into() }
    }

    fn line(id: &str) -> Vec<u8> {
        format!(r#"{{"identifier":"{id}","blueprint":"a","properties":{{"n":1.5}}}}"#).into_bytes()
    }

    fn ids(run: &Run) -> Vec<String> {
        run.deleted.iter().map(|(key, _)| key.to_string()).collect()
    }

    #[test]
    fn what_was_kept_is_read_as_it_was() {
        let home = tempfile::tempdir().unwrap();
        let state = StateDir::open(home.path()).unwrap();
        let mut journal = state.journal("r-1", &ours());
        assert_eq!(state.runs(&ours()).unwrap(), [], "nothing is created before something goes");
        journal.keep([line("x"), line("y"), line("z")]).unwrap();
        let (a, y) = (BlueprintId::new("a").unwrap(), EntityId::new("y").unwrap());
        journal.stayed(&a, &[y]).unwrap();
        let run = state.run("r-1").unwrap().unwrap();
        assert_eq!(ids(&run), ["a/x", "a/z"]);
        assert_eq!(run.deleted[0].1.to_string().into_bytes(), line("x"));
        assert_eq!(state.runs(&ours()).unwrap(), [run]);
        let other = Installation { integration: "other".into(), ..ours() };
        assert_eq!(state.runs(&other).unwrap(), []);
    }

    #[test]
    fn a_line_that_was_cut_off_is_no_deletion() {
        let home = tempfile::tempdir().unwrap();
        let state = StateDir::open(home.path()).unwrap();
        state.journal("r-1", &ours()).keep([line("x"), line("y")]).unwrap();
        let path = home.path().join("runs/r-1/deleted.jsonl");
        let text = fs::read(&path).unwrap();
        fs::write(&path, &text[..text.len() - 5]).unwrap();
        assert_eq!(ids(&state.run("r-1").unwrap().unwrap()), ["a/x"]);
    }

    #[test]
    fn what_is_no_journal_is_told() {
        let home = tempfile::tempdir().unwrap();
        let state = StateDir::open(home.path()).unwrap();
        let folder = home.path().join("runs/r-1");
        fs::create_dir_all(&folder).unwrap();
        for (text, why) in [
            ("[]\n", "its first line is not that of a journal"),
            (
                concat!(
                    r#"{"format":"ocean-opsgenie/deleted","version":2,"run":"r-1","catalog":"c","#,
                    r#""integration":"i","began":"2026-01-01T00:00:00Z"}"#,
                    "\n"
                ),
                "it has the format `ocean-opsgenie/deleted` 2, and this version of the program reads",
            ),
        ] {
            fs::write(folder.join(FILE), text).unwrap();
            let told = state.run("r-1").unwrap_err().to_string();
            assert!(told.contains(why), "{told}");
        }
        for id in ["", "../r-1", "r_1", "no-such-run"] {
            assert_eq!(state.run(id).unwrap(), None, "{id}");
        }
    }
}
