//! A plan in a file: JSON, a line each. The first says whose plan it is and what it stands on, then come the steps, and the
//! last one says how many there were, so that a file that was cut off is known.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufRead as _, BufReader, Read as _, Seek as _, SeekFrom};
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use super::Failure;
use crate::apply::{Meets, SavedStep};
use crate::catalog::{Catalog, Parts, read_entity, write_entity};
use crate::model::{
    BlueprintId, Coverage, Entity, EntityId, Identifier, Kind, Mapped, Origin, RecordId, RuleId,
};
use crate::plan::deletion::Decision;
use crate::state::{AtomicFile, Installation, StateError};
use crate::value::{Object, Value};

const FORMAT: &str = "ocean-opsgenie/plan";
const VERSION: u32 = 1;

/// Steps that wait to be written down.
const AHEAD: usize = 256;

/// Entities that would go, read at once.
const READ: usize = 100;

/// The first line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Head {
    format: String,
    version: u32,
    #[serde(flatten)]
    pub(super) installation: Installation,
    /// When it was made, as RFC 3339 has it.
    planned: String,
    /// The fingerprint of the mapping.
    pub(super) mapping: String,
    /// What the set-up of a first pass is to do.
    pub(super) set_up: Vec<String>,
}

/// The last line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct End {
    steps: u64,
}

impl Head {
    pub(super) fn new(installation: Installation, mapping: &str, set_up: &[String]) -> Self {
        Self {
            format: FORMAT.to_owned(),
            version: VERSION,
            installation,
            planned: Timestamp::now().to_string(),
            mapping: mapping.to_owned(),
            set_up: set_up.to_vec(),
        }
    }
}

/// A plan that is being written down while it is made.
pub(super) struct Saving {
    path: PathBuf,
    task: JoinHandle<Result<Draft, Failure>>,
}

struct Draft {
    file: AtomicFile,
    steps: u64,
}

impl Draft {
    fn line(&mut self, line: &[u8]) -> Result<(), Failure> {
        self.steps += 1;
        Ok(self.file.line(line)?)
    }
}

impl Saving {
    /// Begins a file; steps go in by the channel.
    pub(super) fn begin(path: &Path, head: &Head) -> Result<(Self, mpsc::Sender<SavedStep>), Failure> {
        let mut file = AtomicFile::create(path)?;
        file.line(&json(head))?;
        let (sender, mut steps) = mpsc::channel::<SavedStep>(AHEAD);
        let at = path.to_owned();
        let task = tokio::spawn(async move {
            let mut draft = Draft { file, steps: 0 };
            while let Some(step) = steps.recv().await {
                let line = line_of(&step).map_err(|why| Failure::Plan { path: at.clone(), why })?;
                draft.line(&line)?;
            }
            Ok(draft)
        });
        Ok((Self { path: path.to_owned(), task }, sender))
    }

    /// Adds what is to go, and gives the file its name. Every sender must have been dropped.
    pub(super) async fn finish(
        self,
        catalog: &Catalog,
        decisions: &BTreeMap<BlueprintId, Decision>,
    ) -> Result<(), Failure> {
        let Self { path, task } = self;
        let lost = |_| Failure::Plan { path, why: "it could not be written down".to_owned() };
        let mut draft = task.await.map_err(lost)??;
        for (blueprint, decision) in decisions {
            let ids = match decision {
                Decision::Delete(ids) => ids,
                Decision::Guarded { .. } | Decision::Protected { .. } => continue,
            };
            for slice in ids.chunks(READ) {
                for stored in catalog.lookup(blueprint, slice, Parts::Whole).await? {
                    let mut line = br#"{"step":"delete","stored":"#.to_vec();
                    write_entity(&stored, &mut line);
                    line.push(b'}');
                    draft.line(&line)?;
                }
            }
        }
        let Draft { mut file, steps } = draft;
        file.line(&json(&End { steps }))?;
        Ok(file.finish()?)
    }
}

fn json(line: &impl Serialize) -> Vec<u8> {
    serde_json::to_vec(line).expect("structs of texts and numbers always serialize")
}

fn line_of(step: &SavedStep) -> Result<Vec<u8>, String> {
    let SavedStep { mapped: Mapped { origin, entity, coverage }, meets } = step;
    let (name, stored) = match meets {
        Meets::Nothing => ("create", None),
        Meets::Stored(stored) => ("update", Some(stored)),
        Meets::Earlier => ("again", None),
        Meets::Search => ("send", None),
        Meets::Unknown => {
            let key = entity.key().map(|key| key.to_string()).unwrap_or_default();
            return Err(format!("what is stored of `{key}` could not be read again"));
        }
    };
    let record = Value::from(origin.record.as_str());
    let mut line =
        format!(r#"{{"step":"{name}","kind":"{}","record":{record},"entity":"#, origin.kind).into_bytes();
    write_entity(entity, &mut line);
    if let Some(stored) = stored {
        line.extend_from_slice(br#","stored":"#);
        write_entity(stored, &mut line);
    }
    if *coverage == Coverage::Lacking {
        line.extend_from_slice(br#","lacking":true"#);
    }
    line.push(b'}');
    Ok(line)
}

/// A step, read again.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Step {
    /// An entity is sent.
    Write(SavedStep),
    /// This one goes.
    Delete(Entity),
}

/// Where a line stands.
#[derive(Clone, Copy, Debug)]
struct Place {
    at: u64,
    bytes: usize,
}

/// A saved plan. Bodies stay in the file.
#[derive(Debug)]
pub(super) struct PlanFile {
    path: PathBuf,
    file: File,
    pub(super) head: Head,
    writes: BTreeMap<BlueprintId, Vec<Place>>,
    deletions: BTreeMap<BlueprintId, Vec<Place>>,
    /// How many entities of each kind are sent.
    pub(super) by_kind: BTreeMap<Kind, u64>,
}

/// Which steps of a blueprint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    Writes,
    Deletions,
}

impl PlanFile {
    /// Reads a file through and remembers where its steps stand.
    pub(super) fn open(path: &Path) -> Result<Self, Failure> {
        let unread = || StateError::at("read the plan", path);
        let file = File::open(path).map_err(unread())?;
        let odd = |why: String| Failure::Plan { path: path.to_owned(), why };
        let mut reader = BufReader::new(file.try_clone().map_err(unread())?);
        let mut line = Vec::new();
        reader.read_until(b'\n', &mut line).map_err(unread())?;
        let head: Head = serde_json::from_slice(&line)
            .map_err(|error| odd(format!("its first line is not that of a plan: {error}")))?;
        if head.format != FORMAT || head.version != VERSION {
            let Head { format, version, .. } = &head;
            return Err(odd(format!(
                "it has the format `{format}` {version}, and this version of the program reads `{FORMAT}` {VERSION}"
            )));
        }
        let mut plan = Self {
            path: path.to_owned(),
            file,
            head,
            writes: BTreeMap::new(),
            deletions: BTreeMap::new(),
            by_kind: BTreeMap::new(),
        };
        let (mut at, mut steps) = (line.len() as u64, 0);
        loop {
            line.clear();
            let bytes = reader.read_until(b'\n', &mut line).map_err(unread())?;
            if bytes == 0 {
                return Err(odd("it is not whole: its last line is missing".to_owned()));
            }
            if let Ok(end) = serde_json::from_slice::<End>(&line) {
                let whole = end.steps == steps;
                return if whole { Ok(plan) } else { Err(odd("steps are missing in it".to_owned())) };
            }
            steps += 1;
            let step = step_of(&line).ok_or_else(|| odd(format!("line {} is no step", steps + 1)))?;
            let (places, blueprint) = match step {
                Step::Write(SavedStep { mapped, .. }) => {
                    *plan.by_kind.entry(mapped.origin.kind).or_default() += 1;
                    (&mut plan.writes, mapped.entity.blueprint)
                }
                Step::Delete(stored) => (&mut plan.deletions, stored.blueprint),
            };
            places.entry(blueprint).or_default().push(Place { at, bytes });
            at += bytes as u64;
        }
    }

    /// The blueprints with such steps.
    pub(super) fn blueprints(&self, part: Part) -> impl Iterator<Item = &BlueprintId> {
        self.places(part).keys()
    }

    /// How many such steps there are in a blueprint.
    pub(super) fn count(&self, part: Part, blueprint: &BlueprintId) -> usize {
        self.places(part).get(blueprint).map_or(0, Vec::len)
    }

    fn places(&self, part: Part) -> &BTreeMap<BlueprintId, Vec<Place>> {
        match part {
            Part::Writes => &self.writes,
            Part::Deletions => &self.deletions,
        }
    }

    /// So many steps of a blueprint, from one on.
    pub(super) fn steps(
        &self,
        part: Part,
        blueprint: &BlueprintId,
        from: usize,
        most: usize,
    ) -> Result<Vec<Step>, Failure> {
        let places = self.places(part).get(blueprint).map_or(&[][..], Vec::as_slice);
        places.iter().skip(from).take(most).map(|place| self.step(*place)).collect()
    }

    fn step(&self, Place { at, bytes }: Place) -> Result<Step, Failure> {
        let mut line = vec![0; bytes];
        let mut file = &self.file;
        let read: io::Result<()> = file.seek(SeekFrom::Start(at)).and_then(|_| file.read_exact(&mut line));
        read.map_err(StateError::at("read the plan", &self.path))?;
        let changed =
            || Failure::Plan { path: self.path.clone(), why: "it changes while it is read".to_owned() };
        step_of(&line).ok_or_else(changed)
    }
}

fn step_of(line: &[u8]) -> Option<Step> {
    let line = Value::parse(line).ok()?;
    let stored = || {
        let blueprint = BlueprintId::new(line.get("stored").get("blueprint").as_str()?).ok()?;
        read_entity(line.get("stored").clone(), &blueprint)
    };
    let meets = match line.get("step").as_str()? {
        "delete" => return stored().map(Step::Delete),
        "create" => Meets::Nothing,
        "update" => Meets::Stored(Box::new(stored()?)),
        "again" => Meets::Earlier,
        "send" => Meets::Search,
        _ => return None,
    };
    let origin = Origin {
        rule: RuleId(0),
        kind: line.get("kind").as_str()?.parse().ok()?,
        record: RecordId::new(line.get("record").as_str()?).ok()?,
        updated: None,
    };
    let entity = entity_of(line.get("entity"))?;
    let lacking = line.get("lacking").as_bool() == Some(true);
    let coverage = if lacking { Coverage::Lacking } else { Coverage::Full };
    Some(Step::Write(SavedStep { mapped: Mapped { origin, entity, coverage }, meets }))
}

/// An entity as it was to be sent: a key is there exactly when the mapping defines it, nulls included.
fn entity_of(value: &Value) -> Option<Entity> {
    let fields = value.as_object()?;
    let object = |key: &str| fields.get(key).and_then(Value::as_object).cloned();
    let field = |key: &str| fields.get(key).cloned();
    Some(Entity {
        blueprint: BlueprintId::new(fields.get("blueprint")?.as_str()?).ok()?,
        identifier: match fields.get("identifier")? {
            Value::String(text) => Identifier::Exact(EntityId::new(text.clone()).ok()?),
            query => Identifier::Search(query.clone()),
        },
        title: field("title"),
        icon: field("icon"),
        team: field("team"),
        properties: object("properties"),
        relations: object("relations"),
    })
}

/// The fingerprint of a mapping, whatever the order of its keys.
pub(super) fn fingerprint(mapping: &serde_json::Value) -> String {
    fn sorted(value: &serde_json::Value, out: &mut String) {
        match value {
            serde_json::Value::Object(object) => {
                let keys: BTreeMap<&String, &serde_json::Value> = object.iter().collect();
                out.push('{');
                for (key, value) in keys {
                    out.push_str(&serde_json::Value::from(key.as_str()).to_string());
                    sorted(value, out);
                }
                out.push('}');
            }
            serde_json::Value::Array(items) => {
                out.push('[');
                for item in items {
                    sorted(item, out);
                    out.push(',');
                }
                out.push(']');
            }
            plain => out.push_str(&plain.to_string()),
        }
    }
    let mut text = String::new();
    sorted(mapping, &mut text);
    format!("{:032x}", xxhash_rust::xxh3::xxh3_128(text.as_bytes()))
}

/// Every field that an entity carries.
pub(super) fn fields(entity: &Entity) -> impl Iterator<Item = crate::model::Field> {
    use crate::model::Field;
    let properties = entity.properties.iter().flat_map(Object::iter);
    let relations = entity.relations.iter().flat_map(Object::iter);
    [Field::Title, Field::Icon, Field::Team]
        .into_iter()
        .chain(properties.map(|(id, _)| Field::Property(id.as_ref().into())))
        .chain(relations.map(|(id, _)| Field::Relation(id.as_ref().into())))
}
