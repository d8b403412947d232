//! A value to a mapping: every fault at once.

use std::path::Path;
use std::sync::Arc;

use serde_json::Value;

use super::fault::{MappingFault, MappingFaults, MappingProblem};
use super::locate::Locator;
use super::node::Node;
use super::{EntityMapping, Expr, Items, MappingFile, Resource, Selector, Template, TopLevelTransform};
use crate::config::layers::type_name;
use crate::config::place::{Place, SourceText};
use crate::config::reader::{nearest, quoted};
use crate::config::sources::read_small_file;
use crate::config::yaml;
use crate::model::Kind;

/// As in Port's integration.
const DEFAULT_THRESHOLD: f64 = 0.9;
/// As in Port's integration.
pub(super) const DEFAULT_ITEM_NAME: &str = "item";

pub(super) const ROOT_KEYS: [&str; 5] = [
    "deleteDependentEntities",
    "createMissingRelatedEntities",
    "enableMergeEntity",
    "entityDeletionThreshold",
    "resources",
];
pub(super) const RESOURCE_KEYS: [&str; 3] = ["kind", "selector", "port"];
pub(super) const PORT_KEYS: [&str; 4] =
    ["entity", "itemsToParse", "itemsToParseName", "itemsToParseTopLevelTransform"];
pub(super) const ENTITY_KEYS: [&str; 1] = ["mappings"];
pub(super) const MAPPING_KEYS: [&str; 7] =
    ["identifier", "title", "icon", "team", "blueprint", "properties", "relations"];

/// What the root of a mapping means when it leaves a key out.
pub(in crate::config) fn defaults() -> [(&'static str, Value); 4] {
    [
        ("deleteDependentEntities", true.into()),
        ("createMissingRelatedEntities", true.into()),
        ("enableMergeEntity", true.into()),
        ("entityDeletionThreshold", DEFAULT_THRESHOLD.into()),
    ]
}

/// A mapping and what looks wrong in it without being so.
pub type Reading = Result<(MappingFile, Vec<MappingFault>), MappingFaults>;

impl MappingFile {
    /// What is left of a text that holds no mapping.
    fn nothing() -> Self {
        Self {
            delete_dependent_entities: true,
            create_missing_related_entities: true,
            enable_merge_entity: true,
            entity_deletion_threshold: DEFAULT_THRESHOLD,
            resources: Vec::new(),
        }
    }

    /// Reads a file of the disk, as [`MappingFile::from_text`] does.
    ///
    /// # Errors
    /// Every fault at once; a file that cannot be read is one.
    pub fn from_file(path: &Path) -> Reading {
        let name = path.display().to_string();
        match read_small_file(path) {
            Ok(text) => Self::from_text(&name, &text),
            Err(error) => {
                let problem = MappingProblem::Unreadable(error.to_string());
                let faults = vec![MappingFault { problem, place: Place::Path(name), hint: None }];
                Err(MappingFaults { faults, warnings: Vec::new(), rest: MappingFile::nothing() })
            }
        }
    }

    /// Reads a text of a file: JSON when its name ends so, else YAML.
    ///
    /// # Errors
    /// Every fault at once. What only looks wrong comes beside the mapping: warnings at run time.
    pub fn from_text(name: &str, text: &str) -> Reading {
        let text = yaml::without_mark(text);
        let source = Arc::new(SourceText { name: name.to_owned(), text: text.to_owned() });
        let is_json =
            Path::new(name).extension().is_some_and(|extension| extension.eq_ignore_ascii_case("json"));
        let document = if is_json { yaml::read_json(text) } else { yaml::read(text) };
        match document {
            Ok(document) => {
                let root = document.value.clone();
                read(&root, &Locator::File { source, document: &document })
            }
            Err(malformed) => {
                let extent = malformed.extent(text);
                let place = Place::in_file(&source, &extent);
                let problem = MappingProblem::Unreadable(malformed.reason);
                let faults = vec![MappingFault { problem, place, hint: None }];
                Err(MappingFaults { faults, warnings: Vec::new(), rest: MappingFile::nothing() })
            }
        }
    }

    /// Reads what the catalog holds for an integration.
    ///
    /// # Errors
    /// As for [`MappingFile::from_text`].
    pub fn from_catalog(root: &Value) -> Reading {
        read(root, &Locator::Fields { root })
    }
}

fn read(root: &Value, locator: &Locator<'_>) -> Reading {
    let mut reader = MappingReader { locator, faults: Vec::new(), warnings: Vec::new() };
    let file = reader.file(&Node { value: root, steps: Vec::new() });
    let MappingReader { faults, warnings, .. } = reader;
    if faults.is_empty() { Ok((file, warnings)) } else { Err(MappingFaults { faults, warnings, rest: file }) }
}

/// A fault was noted; there is no value.
pub(super) struct Blamed;

/// A value, or a fault that was noted.
pub(super) type Read<T> = Result<T, Blamed>;

pub(super) struct MappingReader<'l> {
    pub(super) locator: &'l Locator<'l>,
    faults: Vec<MappingFault>,
    pub(super) warnings: Vec<MappingFault>,
}

/// Where a value is at fault, something stands in for it, so that the rest is read and its faults are found too. What
/// comes out is used only when there are none.
impl MappingReader<'_> {
    fn file(&mut self, root: &Node<'_>) -> MappingFile {
        let nothing = MappingFile::nothing();
        if root.value.is_null() || root.value.as_object().is_some_and(serde_json::Map::is_empty) {
            let hint = Some("list `resources` in it".to_owned());
            self.blame(MappingProblem::Empty, self.locator.value(&root.steps), hint);
            return nothing;
        }
        if let Err(Blamed) = self.object(root) {
            return nothing;
        }
        self.unknown_keys(root, &ROOT_KEYS);
        let flag = |reader: &mut Self, key, default| {
            root.get(key).and_then(|node| reader.boolean(&node).ok()).unwrap_or(default)
        };
        let delete_dependent_entities =
            flag(self, "deleteDependentEntities", nothing.delete_dependent_entities);
        let create_missing_related_entities =
            flag(self, "createMissingRelatedEntities", nothing.create_missing_related_entities);
        let enable_merge_entity = flag(self, "enableMergeEntity", nothing.enable_merge_entity);
        let threshold = root.get("entityDeletionThreshold").and_then(|node| self.threshold(&node).ok());
        let resources = if let Some(list) = root.get("resources") {
            self.resources(&list)
        } else {
            let place = self.locator.value(&root.steps);
            self.warnings.push(MappingFault { problem: MappingProblem::NothingMapped, place, hint: None });
            Vec::new()
        };
        MappingFile {
            delete_dependent_entities,
            create_missing_related_entities,
            enable_merge_entity,
            entity_deletion_threshold: threshold.unwrap_or(nothing.entity_deletion_threshold),
            resources,
        }
    }

    fn resources(&mut self, list: &Node<'_>) -> Vec<Resource> {
        if !list.value.is_array() {
            self.wrong_type(list, "a list");
        }
        list.items().filter_map(|item| self.resource(&item).ok()).collect()
    }

    fn resource(&mut self, node: &Node<'_>) -> Read<Resource> {
        self.object(node)?;
        self.unknown_keys(node, &RESOURCE_KEYS);
        let place = self.locator.value(&node.steps);
        let kind = self.required(node, "kind").and_then(|kind| self.kind(&kind)).ok();
        let selector = self.required(node, "selector").and_then(|selector| self.selector(&selector, kind));
        let port = self.required(node, "port").and_then(|port| self.object(&port).map(|()| port));
        let (items, mappings) = match &port {
            Ok(port) => {
                self.unknown_keys(port, &PORT_KEYS);
                (self.items(port), self.mappings(port).unwrap_or_default())
            }
            Err(Blamed) => (None, Vec::new()),
        };
        let selector = selector.unwrap_or_else(|Blamed| Selector::of(Expr::stand_in("true", &place)));
        Ok(Resource { kind: kind.unwrap_or(Kind::Alert), selector, items, mappings, place })
    }

    fn kind(&mut self, node: &Node<'_>) -> Read<Kind> {
        let Some(written) = node.value.as_str() else {
            return Err(self.wrong_type(node, "a text"));
        };
        if let Ok(kind) = written.parse::<Kind>() {
            if kind.name() != written {
                let problem = MappingProblem::OtherName { written: written.to_owned(), kind };
                self.warnings.push(MappingFault {
                    problem,
                    place: self.locator.value(&node.steps),
                    hint: None,
                });
            }
            return Ok(kind);
        }
        let kinds = Kind::ALL.map(Kind::name);
        let hint = match nearest(written, &kinds) {
            Some(meant) => format!("did you mean `{meant}`?"),
            None => format!("the kinds are {}", quoted(&kinds)),
        };
        let problem = MappingProblem::UnknownKind(written.to_owned());
        Err(self.blame(problem, self.locator.value(&node.steps), Some(hint)))
    }

    fn items(&mut self, port: &Node<'_>) -> Option<Items> {
        let name = port.get("itemsToParseName").and_then(|node| self.text(&node).ok());
        let transform = port.get("itemsToParseTopLevelTransform");
        let transform = transform.and_then(|node| self.boolean(&node).ok()).unwrap_or(true);
        let list = port.get("itemsToParse").and_then(|list| self.expr(&list).ok())?;
        let top_level_transform =
            if transform { TopLevelTransform::TakeOut } else { TopLevelTransform::KeepWhole };
        let name = name.unwrap_or_else(|| DEFAULT_ITEM_NAME.to_owned());
        Some(Items { list, name, top_level_transform })
    }

    fn mappings(&mut self, port: &Node<'_>) -> Read<Vec<EntityMapping>> {
        let entity = self.required(port, "entity")?;
        self.object(&entity)?;
        self.unknown_keys(&entity, &ENTITY_KEYS);
        let mappings = self.required(&entity, "mappings")?;
        match mappings.value {
            Value::Array(_) => Ok(mappings.items().filter_map(|node| self.mapping(&node).ok()).collect()),
            Value::Object(_) => Ok(vec![self.mapping(&mappings)?]),
            _ => Err(self.wrong_type(&mappings, "an object or a list of objects")),
        }
    }

    fn mapping(&mut self, node: &Node<'_>) -> Read<EntityMapping> {
        self.object(node)?;
        self.unknown_keys(node, &MAPPING_KEYS);
        let place = self.locator.value(&node.steps);
        let identifier = self.required(node, "identifier").and_then(|node| self.template(&node));
        let blueprint = self.required(node, "blueprint").and_then(|node| self.expr(&node));
        let optional = |reader: &mut Self, key| node.get(key).and_then(|node| reader.template(&node).ok());
        let title = optional(self, "title");
        let icon = optional(self, "icon");
        let team = optional(self, "team");
        let properties = node.get("properties").and_then(|node| self.fields(&node).ok());
        let relations = node.get("relations").and_then(|node| self.fields(&node).ok());
        let named = || Expr::stand_in("\"stand-in\"", &place);
        Ok(EntityMapping {
            identifier: identifier.unwrap_or_else(|Blamed| Template::Expr(named())),
            blueprint: blueprint.unwrap_or_else(|Blamed| named()),
            title,
            icon,
            team,
            properties,
            relations,
            place,
        })
    }

    fn fields(&mut self, node: &Node<'_>) -> Read<Vec<(String, Template)>> {
        self.object(node)?;
        let field = |(key, below): (&String, Node<'_>)| Some((key.clone(), self.template(&below).ok()?));
        Ok(node.entries().filter_map(field).collect())
    }

    fn template(&mut self, node: &Node<'_>) -> Read<Template> {
        match node.value {
            Value::Object(_) => self.fields(node).map(Template::Object),
            Value::Array(_) => {
                Ok(Template::List(node.items().filter_map(|item| self.template(&item).ok()).collect()))
            }
            _ => self.expr(node).map(Template::Expr),
        }
    }

    /// An expression. A bare number or boolean is the expression that it spells.
    pub(super) fn expr(&mut self, node: &Node<'_>) -> Read<Expr> {
        let text = match node.value {
            Value::String(text) => text.clone(),
            Value::Bool(truth) => truth.to_string(),
            Value::Number(number) => number.to_string(),
            Value::Null => {
                let problem = MappingProblem::NoExpression(node.key());
                let hint =
                    "give it an expression, `\"null\"` for an explicit null, or remove the key".to_owned();
                return Err(self.blame(problem, self.locator.key(&node.steps), Some(hint)));
            }
            Value::Array(_) | Value::Object(_) => return Err(self.wrong_type(node, "a jq expression")),
        };
        Ok(Expr { text, place: self.locator.value(&node.steps) })
    }

    fn text(&mut self, node: &Node<'_>) -> Read<String> {
        let text = node.value.as_str().filter(|text| !text.is_empty());
        text.map(str::to_owned).ok_or_else(|| self.wrong_type(node, "a text that is not empty"))
    }

    pub(super) fn boolean(&mut self, node: &Node<'_>) -> Read<bool> {
        let truth = match node.value {
            Value::Bool(truth) => Some(*truth),
            Value::String(text) => text.to_lowercase().parse().ok(),
            _ => None,
        };
        truth.ok_or_else(|| self.wrong_type(node, "`true` or `false`"))
    }

    fn threshold(&mut self, node: &Node<'_>) -> Read<f64> {
        let Some(number) = node.value.as_f64() else {
            return Err(self.wrong_type(node, "a number from 0 to 1"));
        };
        if (0.0..=1.0).contains(&number) {
            return Ok(number);
        }
        let hint =
            (1.0..=100.0).contains(&number).then(|| format!("write {} for {number} %", number / 100.0));
        let problem = MappingProblem::OutOfBounds {
            key: node.key(),
            expected: "a number from 0 to 1",
            found: node.value.to_string(),
        };
        Err(self.blame(problem, self.locator.value(&node.steps), hint))
    }

    pub(super) fn object(&mut self, node: &Node<'_>) -> Read<()> {
        if node.value.is_object() {
            return Ok(());
        }
        Err(self.wrong_type(node, "an object"))
    }

    fn required<'v>(&mut self, node: &Node<'v>, key: &str) -> Read<Node<'v>> {
        let missing = || MappingProblem::Missing(key.to_owned());
        node.get(key).ok_or_else(|| self.blame(missing(), self.locator.key(&node.steps), None))
    }

    pub(super) fn unknown_keys(&mut self, node: &Node<'_>, known: &[&str]) {
        for (key, below) in node.entries().filter(|(key, _)| !known.contains(&key.as_str())) {
            let hint = nearest(key, known).map(|meant| format!("did you mean `{meant}`?"));
            let place = self.locator.key(&below.steps);
            self.warnings.push(MappingFault {
                problem: MappingProblem::UnknownKey(key.clone()),
                place,
                hint,
            });
        }
    }

    pub(super) fn wrong_type(&mut self, node: &Node<'_>, expected: &'static str) -> Blamed {
        let problem =
            MappingProblem::WrongType { subject: node.subject(), expected, found: type_name(node.value) };
        self.blame(problem, self.locator.value(&node.steps), None)
    }

    pub(super) fn blame(&mut self, problem: MappingProblem, place: Place, hint: Option<String>) -> Blamed {
        self.faults.push(MappingFault { problem, place, hint });
        Blamed
    }
}
