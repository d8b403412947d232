//! Every source laid over the others: for each path the strongest value, with where it came from.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde_json::Value;

use super::dotenv;
use super::fault::{Fault, Notice, Problem};
use super::names::{self, Role};
use super::origin::{Origin, Source};
use super::place::{FilePlace, SourceText};
use super::sources::{Sources, TextFile};
use super::yaml::{self, Step};

/// A value and where it came from.
#[derive(Clone, Debug)]
pub(super) struct Given {
    pub(super) value: Value,
    pub(super) origin: Origin,
}

/// A value of `config.yaml` that should come from a variable which is not set.
#[derive(Clone, Debug)]
pub(super) struct Unset {
    pub(super) variable: String,
    pub(super) origin: Origin,
}

/// What all sources together say.
#[derive(Debug, Default)]
pub(super) struct Layers {
    given: BTreeMap<String, Given>,
    pub(super) unset: BTreeMap<String, Unset>,
    pub(super) faults: Vec<Fault>,
    pub(super) notices: Vec<Notice>,
    mentioned: BTreeSet<String>,
}

impl Layers {
    /// Lays the sources, strongest first: what is there already stays.
    pub(super) fn of(sources: &Sources) -> Self {
        let mut layers = Self::default();
        for one in &sources.overrides {
            let origin = Origin::whole(Source::Flag(one.flag));
            layers.absorb(one.setting.path(), Value::String(one.value.clone()), &origin);
        }
        let environment = sources.environment.iter().map(|(name, value)| Variable {
            name,
            value,
            origin: Origin::whole(Source::Variable(name.clone())),
        });
        layers.absorb_variables(environment.collect());
        let dotenv = sources.dotenv.as_ref();
        let assignments =
            dotenv.map(|file| layers.absorb_dotenv(file, &sources.environment)).unwrap_or_default();
        if let Some(file) = &sources.config_yaml {
            let provided =
                |name: &str| sources.environment.get(name).or_else(|| assignments.get(name)).cloned();
            layers.absorb_config_yaml(file, &provided);
        }
        layers.mention_unset();
        layers
    }

    /// Takes the value of a path out.
    pub(super) fn take(&mut self, path: &str) -> Option<Given> {
        self.given.remove(path)
    }

    /// Looks at the value of a path.
    pub(super) fn look(&self, path: &str) -> Option<&Given> {
        self.given.get(path)
    }

    fn absorb_dotenv(
        &mut self,
        file: &TextFile,
        environment: &BTreeMap<String, String>,
    ) -> BTreeMap<String, String> {
        let dotenv = dotenv::read(&file.text, environment);
        for line in dotenv.unreadable_lines {
            self.notices
                .push(Notice::warning(format!("{}:{line} is no `NAME=value` and is ignored", file.name)));
        }
        let source = source_text(file);
        // Of two lines with one name the later counts.
        let latest: BTreeMap<_, _> =
            dotenv.assignments.into_iter().map(|one| (one.name.clone(), one)).collect();
        let variables = latest.values().map(|one| Variable {
            name: &one.name,
            value: &one.value,
            origin: Origin::whole(Source::DotEnv {
                name: one.name.clone(),
                place: FilePlace::of_entry(&source, one.begin, one.written.clone()),
            }),
        });
        self.absorb_variables(variables.collect());
        latest.into_iter().map(|(name, one)| (name, one.value)).collect()
    }

    /// Variables of one source: the longer name wins over the group it belongs to.
    fn absorb_variables(&mut self, variables: Vec<Variable<'_>>) {
        let mut ours: Vec<(String, Variable<'_>)> = Vec::new();
        for variable in variables {
            match path_of(variable.name) {
                Some(path) => ours.push((path, variable)),
                None => self.mention_near_miss(&variable),
            }
        }
        ours.sort_by_key(|(path, _)| std::cmp::Reverse(path.split('.').count()));
        for (path, variable) in ours {
            self.absorb(&path, Value::String(variable.value.to_owned()), &variable.origin);
        }
    }

    /// `OCEAN_PORT__CLIENT_ID` and the like, which lack the prefix by a slip.
    fn mention_near_miss(&mut self, variable: &Variable<'_>) {
        let looks_ours = variable.name.to_uppercase().starts_with("OCEAN_");
        if let Some(meant) = names::meant_by(variable.name).filter(|_| looks_ours) {
            let text = format!("{} is unknown and ignored", variable.origin);
            self.notices.push(Notice::warning(text).hinting(format!("did you mean `{meant}`?")));
        }
    }

    fn absorb_config_yaml(&mut self, file: &TextFile, provided: &dyn Fn(&str) -> Option<String>) {
        let source = source_text(file);
        let unreadable = |reason: String, at: Option<usize>, hint: Option<String>| Fault {
            subject: file.name.clone(),
            origin: at.map(|at| Origin::whole(Source::Yaml(FilePlace::of_byte(&source, at)))),
            problem: Problem::Unreadable { reason },
            hint,
        };
        let document = match yaml::read(&file.text) {
            Ok(document) => document,
            Err(malformed) => {
                let hint =
                    file.text.contains("{{").then(|| "put quotes around `{{ from env NAME }}`".to_owned());
                let reason = format!("it is not YAML: {}", malformed.reason);
                self.faults.push(unreadable(reason, malformed.at, hint));
                return;
            }
        };
        match &document.value {
            Value::Null => {}
            Value::Object(_) => {
                let mut walk = YamlWalk { layers: self, source: &source, document: &document, provided };
                walk.value(&document.value, &mut Vec::new(), "");
            }
            other => {
                let reason = format!("it must hold names and values, not {}", type_name(other));
                self.faults.push(unreadable(reason, None, None));
            }
        }
    }

    /// Lays one value; groups are laid name by name.
    fn absorb(&mut self, path: &str, value: Value, origin: &Origin) {
        match names::role(path) {
            Role::Read if value.is_null() => {}
            Role::Read => {
                self.given.entry(path.to_owned()).or_insert_with(|| Given { value, origin: origin.clone() });
            }
            Role::Group => self.absorb_group(path, value, origin),
            Role::WithoutMeaning => {
                if self.mentioned.insert(path.to_owned()) {
                    self.notices.push(Notice::debug(format!("{origin} has no meaning here and is ignored")));
                }
            }
            Role::Unknown => self.mention_unknown(path, origin),
        }
    }

    fn mention_unknown(&mut self, path: &str, origin: &Origin) {
        if !self.mentioned.insert(path.to_owned()) {
            return;
        }
        let notice = Notice::warning(format!("{origin} is unknown and ignored"));
        let notice = match names::meant_by(&names::variable_of(path)) {
            Some(meant) => notice.hinting(format!("did you mean `{meant}`?")),
            None => notice,
        };
        self.notices.push(notice);
    }

    fn absorb_group(&mut self, path: &str, value: Value, origin: &Origin) {
        let fault = |problem| Fault {
            subject: names::variable_of(path),
            origin: Some(origin.clone()),
            problem,
            hint: example(path).map(|example| format!("for example `{example}`")),
        };
        let value = match value {
            Value::String(text) => match serde_json::from_str(&text) {
                Ok(value) => value,
                Err(error) => {
                    self.faults.push(fault(Problem::NotJson { reason: error.to_string() }));
                    return;
                }
            },
            value => value,
        };
        match value {
            Value::Null => {}
            Value::Object(entries) => {
                for (key, value) in entries {
                    let below = format!("{path}.{}", names::snake_case(&key));
                    self.absorb(&below, value, &origin.inside(&key));
                }
            }
            other => self.faults.push(fault(Problem::NotAGroup { shown: type_name(&other) })),
        }
    }

    fn mention_unset(&mut self) {
        self.unset.retain(|path, _| !self.given.contains_key(path));
        for unset in self.unset.values() {
            let text = format!(
                "{} takes `{}` from the environment, where it is not set",
                unset.origin, unset.variable
            );
            self.notices.push(Notice::warning(text));
        }
    }
}

/// One variable of the environment or of `.env`.
struct Variable<'a> {
    name: &'a str,
    value: &'a str,
    origin: Origin,
}

/// The path that a variable's name means; none for a name that is not ours.
fn path_of(name: &str) -> Option<String> {
    let lower = name.to_lowercase();
    let path = |rest: &str| rest.replace(names::DELIMITER, ".");
    if let Some(rest) = lower.strip_prefix(&names::PREFIX.to_lowercase()) {
        return Some(path(rest));
    }
    let is_application = lower.split(names::DELIMITER).next() == Some(names::APPLICATION);
    // Other programs may have variables of this group too: only what we know is ours.
    Some(path(&lower)).filter(|path| is_application && names::role(path) == Role::Read)
}

/// What a group may look like.
fn example(path: &str) -> Option<&'static str> {
    match path {
        "event_listener" => Some(r#"{"type":"ONCE"}"#),
        "port" => Some(r#"{"client_id":"…","client_secret":"…"}"#),
        "integration" => Some(r#"{"identifier":"…","config":{"api_token":"…"}}"#),
        "integration.config" => Some(r#"{"api_token":"…"}"#),
        _ => None,
    }
}

/// What a value is, in words.
pub(super) fn type_name(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(text) if text.is_empty() => "an empty text",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

/// A walk over `config.yaml` that lays its values with their places.
struct YamlWalk<'a> {
    layers: &'a mut Layers,
    source: &'a Arc<SourceText>,
    document: &'a yaml::Document,
    provided: &'a dyn Fn(&str) -> Option<String>,
}

impl YamlWalk<'_> {
    fn value(&mut self, value: &Value, steps: &mut Vec<Step>, path: &str) {
        let is_group = path.is_empty() || names::role(path) == Role::Group;
        match value {
            Value::Object(entries) if is_group => {
                for (key, below) in entries {
                    steps.push(Step::Key(key.clone()));
                    let name = names::snake_case(key);
                    let path = if path.is_empty() { name } else { format!("{path}.{name}") };
                    self.value(below, steps, &path);
                    steps.pop();
                }
            }
            Value::String(text) => self.text(text, steps, path),
            other => {
                let origin = self.origin(steps);
                self.layers.absorb(path, other.clone(), &origin);
            }
        }
    }

    fn text(&mut self, text: &str, steps: &[Step], path: &str) {
        let origin = self.origin(steps);
        let Some((provider, name)) = provider(text) else {
            self.layers.absorb(path, Value::String(text.to_owned()), &origin);
            return;
        };
        if provider != "env" {
            let problem = Problem::UnknownProvider { provider: provider.to_owned() };
            let fault =
                Fault { subject: names::variable_of(path), origin: Some(origin), problem, hint: None };
            self.layers.faults.push(fault.hinting("the only provider is `env`: `{{ from env NAME }}`"));
            return;
        }
        match (self.provided)(name) {
            Some(value) => self.layers.absorb(path, Value::String(value), &origin),
            None => {
                self.layers.unset.insert(path.to_owned(), Unset { variable: name.to_owned(), origin });
            }
        }
    }

    fn origin(&self, steps: &[Step]) -> Origin {
        let bytes = self.document.extent(steps).map_or(0..0, |extent| extent.bytes.clone());
        let from = self.document.key_extent(steps).map_or(bytes.start, |extent| extent.bytes.start);
        let keys = steps.iter().map(|step| match step {
            Step::Key(key) => key.clone(),
            Step::Index(index) => index.to_string(),
        });
        let place = FilePlace::of_entry(self.source, from, bytes);
        Origin { source: Source::Yaml(place), within: keys.collect() }
    }
}

fn source_text(file: &TextFile) -> Arc<SourceText> {
    Arc::new(SourceText { name: file.name.clone(), text: file.text.clone() })
}

/// Provider and name of `{{ from PROVIDER NAME }}`; what follows it is ignored.
fn provider(text: &str) -> Option<(&str, &str)> {
    let (inside, _) = text.trim_start().strip_prefix("{{")?.split_once("}}")?;
    let mut words = inside.split_whitespace();
    match (words.next(), words.next(), words.next(), words.next()) {
        (Some("from"), Some(provider), Some(name), None) => Some((provider, name)),
        _ => None,
    }
}
