//! What a new installation is given: blueprints, mapping and what else a folder of resources may hold.
//!
//! The folder's layout is that of Port's integrations
//! (<https://docs.port.io/build-your-software-catalog/custom-integration/ocean-framework/>): files `blueprints`,
//! `port-app-config`, `scorecards`, `pages` and `actions`, each with the extension `json`, `yaml` or `yml`.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::diagnostic::{Diagnostic, Severity};
use super::layers::type_name;
use super::mapping::{MappingFault, MappingFile, Reading, defaults};
use super::place::{Place, SourceText};
use super::preset::Preset;
use super::sources::read_small_file;
use super::yaml;

/// The extensions that a file of resources may have, in the order in which they are looked for.
const EXTENSIONS: [&str; 3] = ["json", "yaml", "yml"];

/// What a new installation is given.
#[derive(Clone, Debug)]
pub struct Resources {
    /// Blueprints, whole.
    pub blueprints: Vec<Value>,
    /// Actions, as the catalog takes them.
    pub actions: Vec<Value>,
    /// Scorecards, grouped by blueprint: `{"blueprint": …, "data": […]}`.
    pub scorecards: Vec<Value>,
    /// Pages, as the catalog takes them.
    pub pages: Vec<Value>,
    /// The mapping, read.
    pub mapping: MappingFile,
    /// The mapping as the catalog stores it, with the defaults of its root filled in.
    pub mapping_json: Value,
    /// What looks wrong in the mapping without being so.
    pub warnings: Vec<MappingFault>,
}

impl Resources {
    /// The resources of a preset.
    #[expect(clippy::missing_panics_doc, reason = "what is embedded is proven right by tests")]
    pub fn of_preset(preset: Preset) -> Self {
        let blueprints = preset.blueprints().iter().map(|text| {
            serde_json::from_str(text).expect("the blueprints of the presets are JSON, which a test proves")
        });
        let (mapping, warnings) = MappingFile::from_text(&preset.mapping_name(), preset.mapping())
            .expect("the mappings of the presets are right, which a test proves");
        let raw = yaml::read(preset.mapping()).expect("it was read a moment ago").value;
        Self {
            blueprints: blueprints.collect(),
            actions: Vec::new(),
            scorecards: Vec::new(),
            pages: Vec::new(),
            mapping,
            mapping_json: with_defaults(raw),
            warnings,
        }
    }

    /// Nothing at all: what the origin `Empty` asks for.
    #[expect(clippy::missing_panics_doc, reason = "the text is a constant")]
    pub fn empty() -> Self {
        let mapping_json = with_defaults(json!({"resources": []}));
        let (mapping, warnings) =
            MappingFile::from_catalog(&mapping_json).expect("a mapping without resources is right");
        let (blueprints, actions, scorecards, pages) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        Self { blueprints, actions, scorecards, pages, mapping, mapping_json, warnings }
    }

    /// The resources in a folder. A mapping must be there; of the rest, what is absent is empty.
    ///
    /// # Errors
    /// Every fault at once.
    pub fn in_folder(folder: &Path) -> Result<Self, ResourceFaults> {
        if !folder.is_dir() {
            let faults = vec![ResourceFault::NotAFolder(folder.to_owned())];
            return Err(ResourceFaults { faults, mapping: None });
        }
        let mut faults = Vec::new();
        let mut list = |stem: &str| {
            read_list(folder, stem).unwrap_or_else(|fault| {
                faults.push(fault);
                Vec::new()
            })
        };
        let blueprints = list("blueprints");
        let (actions, scorecards, pages) = (list("actions"), list("scorecards"), list("pages"));
        for (what, items) in [("blueprint", &blueprints), ("action", &actions), ("page", &pages)] {
            faults.extend(nameless(folder, what, items));
        }
        for (index, group) in scorecards.iter().enumerate() {
            match group["data"].as_array() {
                Some(data) if group["blueprint"].as_str().is_some_and(|blueprint| !blueprint.is_empty()) => {
                    faults.extend(nameless(folder, "scorecard", data));
                }
                _ => {
                    faults
                        .push(ResourceFault::NotScorecards { folder: folder.to_owned(), number: index + 1 });
                }
            }
        }
        let mapping = read_mapping(folder).map_err(|fault| faults.push(fault)).ok();
        match mapping {
            Some((Ok((mapping, warnings)), mapping_json)) if faults.is_empty() => {
                Ok(Self { blueprints, actions, scorecards, pages, mapping, mapping_json, warnings })
            }
            mapping => Err(ResourceFaults { faults, mapping: mapping.map(|(reading, _)| reading) }),
        }
    }
}

/// Those without an identifier.
fn nameless<'a>(
    folder: &'a Path,
    what: &'static str,
    items: &'a [Value],
) -> impl Iterator<Item = ResourceFault> + 'a {
    let has_none = |item: &Value| item["identifier"].as_str().is_none_or(str::is_empty);
    let lacking = items.iter().enumerate().filter(move |(_, item)| has_none(item));
    lacking.map(move |(index, _)| ResourceFault::NoIdentifier {
        folder: folder.to_owned(),
        what,
        number: index + 1,
    })
}

/// A mapping as the catalog stores it: what its root leaves out stands there with its default.
fn with_defaults(raw: Value) -> Value {
    let Value::Object(given) = raw else { return raw };
    let mut filled = Map::new();
    for (key, default) in defaults() {
        filled.insert(key.to_owned(), default);
    }
    filled.extend(given.into_iter().filter(|(_, value)| !value.is_null()));
    Value::Object(filled)
}

/// The mapping, and the same as the catalog stores it.
fn read_mapping(folder: &Path) -> Result<(Reading, Value), ResourceFault> {
    let stem = "port-app-config";
    let Some(path) = find(folder, stem)? else { return Err(ResourceFault::NoMapping(folder.to_owned())) };
    let text = read(&path)?;
    let reading = MappingFile::from_text(&path.display().to_string(), &text);
    let raw = if reading.is_ok() { parse(&path, &text)? } else { Value::Null };
    Ok((reading, with_defaults(raw)))
}

fn read_list(folder: &Path, stem: &str) -> Result<Vec<Value>, ResourceFault> {
    let Some(path) = find(folder, stem)? else { return Ok(Vec::new()) };
    let text = read(&path)?;
    match parse(&path, &text)? {
        Value::Null => Ok(Vec::new()),
        Value::Array(items) if items.iter().all(Value::is_object) => Ok(items),
        Value::Array(_) => Err(ResourceFault::NotAList { path, found: "a list of something else" }),
        other => Err(ResourceFault::NotAList { path, found: type_name(&other) }),
    }
}

/// The file of a name, whatever its extension; one of a foreign extension is a fault, lest it be overlooked.
fn find(folder: &Path, stem: &str) -> Result<Option<PathBuf>, ResourceFault> {
    let unreadable = |error: std::io::Error| ResourceFault::Unreadable {
        path: folder.to_owned(),
        reason: error.to_string(),
    };
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        if path.file_stem().is_some_and(|name| name == stem) {
            found.push(path);
        }
    }
    found.sort();
    match found.as_slice() {
        [] => Ok(None),
        [path]
            if EXTENSIONS.iter().any(|one| path.extension().is_some_and(|extension| extension == *one)) =>
        {
            Ok(Some(path.clone()))
        }
        [path] => Err(ResourceFault::ForeignExtension(path.clone())),
        [first, second, ..] => Err(ResourceFault::Twice { first: first.clone(), second: second.clone() }),
    }
}

fn read(path: &Path) -> Result<String, ResourceFault> {
    read_small_file(path)
        .map_err(|error| ResourceFault::Unreadable { path: path.to_owned(), reason: error.to_string() })
}

fn parse(path: &Path, text: &str) -> Result<Value, ResourceFault> {
    let is_json = path.extension().is_some_and(|extension| extension == "json");
    let document = if is_json { yaml::read_json(text) } else { yaml::read(text) };
    document.map(|document| document.value).map_err(|malformed| {
        let name = path.display().to_string();
        let source = Arc::new(SourceText { name: name.clone(), text: text.to_owned() });
        let place = Box::new(Place::in_file(&source, &malformed.extent(text)));
        ResourceFault::Malformed { path: name, place, reason: malformed.reason }
    })
}

/// Everything that is wrong with a folder of resources.
#[derive(Clone, Debug, PartialEq)]
pub struct ResourceFaults {
    /// What is wrong with the folder.
    pub faults: Vec<ResourceFault>,
    /// Its mapping, which may have faults of its own; none when there is no mapping to read.
    pub mapping: Option<Reading>,
}

impl ResourceFaults {
    /// The faults of the folder, then those of reading its mapping.
    pub fn diagnostics(&self) -> Vec<Diagnostic> {
        let mapping = match &self.mapping {
            Some(Err(faults)) => faults.diagnostics(),
            Some(Ok(_)) | None => Vec::new(),
        };
        self.faults.iter().map(ResourceFault::diagnostic).chain(mapping).collect()
    }
}

impl std::error::Error for ResourceFaults {}

impl std::fmt::Display for ResourceFaults {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let diagnostics: Vec<String> = self.diagnostics().iter().map(ToString::to_string).collect();
        f.write_str(&diagnostics.join("\n"))
    }
}

/// One thing that is wrong with a folder of resources.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum ResourceFault {
    /// The path names no folder.
    #[error("`{}` is no folder", .0.display())]
    NotAFolder(PathBuf),
    /// A file or the folder cannot be read.
    #[error("`{}` cannot be read: {reason}", path.display())]
    Unreadable {
        /// The file or the folder.
        path: PathBuf,
        /// The system's words.
        reason: String,
    },
    /// A file is neither JSON nor YAML.
    #[error("`{path}` cannot be read: {reason}")]
    Malformed {
        /// The file.
        path: String,
        /// Where it was noticed.
        place: Box<Place>,
        /// The parser's words.
        reason: String,
    },
    /// A file holds no list of objects.
    #[error("`{}` must hold a list of objects, not {found}", path.display())]
    NotAList {
        /// The file.
        path: PathBuf,
        /// What is there.
        found: &'static str,
    },
    /// A thing without an identifier.
    #[error("{what} {number} in `{}` has no `identifier`", folder.display())]
    NoIdentifier {
        /// The folder.
        folder: PathBuf,
        /// What it is: `blueprint`, `action`, `page`, or `scorecard`, which is counted within its blueprint.
        what: &'static str,
        /// Which one, from 1.
        number: usize,
    },
    /// An entry of the scorecards that does not say of which blueprint they are, or has none.
    #[error("entry {number} of the scorecards in `{}` must have a `blueprint` and a list `data`", folder.display())]
    NotScorecards {
        /// The folder.
        folder: PathBuf,
        /// Which one, from 1.
        number: usize,
    },
    /// There is no mapping.
    #[error("`{}` lacks a mapping", .0.display())]
    NoMapping(PathBuf),
    /// A file of resources with an extension that nobody reads.
    #[error("`{}` would be overlooked", .0.display())]
    ForeignExtension(PathBuf),
    /// Two files of the same resources.
    #[error("`{}` and `{}` hold the same resources", first.display(), second.display())]
    Twice {
        /// One of them.
        first: PathBuf,
        /// The other.
        second: PathBuf,
    },
}

impl ResourceFault {
    /// The fault as a person and a program read it.
    pub fn diagnostic(&self) -> Diagnostic {
        let whole = |path: &Path| Place::Path(path.display().to_string());
        let (place, hint) = match self {
            Self::NotAFolder(path) => {
                let hint = "`OCEAN__RESOURCES_PATH` names a folder with `port-app-config.yaml` in it";
                (whole(path), Some(hint))
            }
            Self::Malformed { place, .. } => (Place::clone(place), None),
            Self::Unreadable { path, .. } | Self::NotAList { path, .. } => (whole(path), None),
            Self::NoIdentifier { folder, .. } | Self::NotScorecards { folder, .. } => (whole(folder), None),
            Self::NoMapping(folder) => (whole(folder), Some("put `port-app-config.yaml` there")),
            Self::ForeignExtension(path) => {
                (whole(path), Some("its extension must be `json`, `yaml` or `yml`"))
            }
            Self::Twice { second, .. } => (whole(second), Some("keep one of them")),
        };
        let message = self.to_string();
        Diagnostic { severity: Severity::Error, message, place, hint: hint.map(str::to_owned) }
    }
}

#[cfg(test)]
mod tests;
