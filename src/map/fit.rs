//! Whether a mapping fits the blueprints that it feeds, as far as that shows before any record is read.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Map, Value};

use super::compile::Sound;
use super::rules::{Blueprints, Compiled, Rules};
use crate::config::mapping::Template;
use crate::config::{Diagnostic, MappingFile, Place, Severity, nearest};
use crate::value::Value as Literal;

/// Where the blueprints come from that a mapping is held against.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Against {
    /// A folder or preset: the catalog may hold others.
    Resources,
    /// The catalog: there are no others.
    Catalog,
}

impl Sound {
    /// What of the mapping the blueprints do not take; see [`unfit`].
    pub fn unfit(&self, blueprints: &[Value]) -> Vec<Diagnostic> {
        unfit(&self.file, &self.rules, blueprints, Against::Resources)
    }
}

/// What of a mapping the blueprints do not take: what it gives there would be refused. `blueprints` are whole, as the
/// catalog has them. A blueprint that is not among them is a fault only where they are the catalog's. Blueprints that are
/// worked out are passed over, and so are values that are: only names and constants are certain.
pub fn unfit(file: &MappingFile, rules: &Rules, blueprints: &[Value], against: Against) -> Vec<Diagnostic> {
    let known: BTreeMap<&str, &Value> = blueprints
        .iter()
        .filter_map(|blueprint| Some((blueprint["identifier"].as_str()?, blueprint)))
        .collect();
    let names: Vec<&str> = known.keys().copied().collect();
    let mappings = file.resources.iter().flat_map(|resource| &resource.mappings);
    let mut found = Vec::new();
    // There is a rule for every mapping, in the same order.
    for (mapping, rule) in mappings.zip(rules.iter()) {
        let Blueprints::Constant(blueprint) = &rule.blueprints else { continue };
        let name = blueprint.as_str();
        let Some(shape) = known.get(name) else {
            let place = mapping.blueprint.part(0..mapping.blueprint.text.len());
            found.push(absent(name, &names, against, place));
            continue;
        };
        let compiled = rule.shape();
        found.extend(faults(
            name,
            &PROPERTY,
            mapping.properties.as_deref(),
            compiled.properties.as_deref(),
            &shape["schema"]["properties"],
        ));
        found.extend(faults(
            name,
            &RELATION,
            mapping.relations.as_deref(),
            compiled.relations.as_deref(),
            &shape["relations"],
        ));
    }
    found
}

fn absent(name: &str, names: &[&str], against: Against, place: Place) -> Diagnostic {
    let (severity, message, hint) = match against {
        Against::Resources => (
            Severity::Warning,
            format!("the blueprint `{name}` is not among the resources"),
            "the catalog must hold it already",
        ),
        Against::Catalog => (
            Severity::Error,
            format!("the catalog has no blueprint `{name}`, which is named"),
            "create it, or let OCEAN__INITIALIZE_PORT_RESOURCES create the defaults",
        ),
    };
    let hint = meant(name, names).unwrap_or_else(|| hint.to_owned());
    Diagnostic { severity, message, place, hint: Some(hint) }
}

/// A longer constant is cut in messages, in characters.
const SHOWN: usize = 40;

/// A sort of fields that a blueprint declares.
struct Sort {
    name: &'static str,
    /// Why what it declares never takes this constant.
    refuses: fn(&Value, &Literal) -> Option<String>,
}

const PROPERTY: Sort = Sort { name: "property", refuses: property_refuses };
const RELATION: Sort = Sort { name: "relation", refuses: relation_refuses };

/// The fields that a blueprint does not have, and those whose value it never takes.
fn faults(
    blueprint: &str,
    sort: &Sort,
    mapped: Option<&[(String, Template)]>,
    compiled: Option<&[(Arc<str>, Compiled)]>,
    declared: &Value,
) -> Vec<Diagnostic> {
    let none = Map::new();
    let declared = declared.as_object().unwrap_or(&none);
    let names: Vec<&str> = declared.keys().map(String::as_str).collect();
    let mapped = mapped.into_iter().flatten().zip(compiled.into_iter().flatten());
    let fault = |((name, template), (_, compiled)): (&(String, Template), &(Arc<str>, Compiled))| {
        let (message, hint) = match declared.get(name) {
            None => {
                (format!("the blueprint `{blueprint}` has no {} `{name}`", sort.name), meant(name, &names))
            }
            Some(declared) => {
                let constant = constant(compiled)?;
                let why = (sort.refuses)(declared, &constant)?;
                (format!("the {} `{name}` of blueprint `{blueprint}` {why}", sort.name), None)
            }
        };
        let expressions = template.expressions();
        let place = expressions.first().map_or(Place::Settings, |expr| expr.part(0..expr.text.len()));
        Some(Diagnostic { severity: Severity::Error, message, place, hint })
    };
    mapped.filter_map(fault).collect()
}

/// What a field always is, where that is known; of objects and lists only that they are such.
fn constant(compiled: &Compiled) -> Option<Literal> {
    match compiled {
        Compiled::Expression(expression) => expression.program.constant().cloned(),
        Compiled::Object(_) => Some(Literal::object(crate::value::Object::with_capacity(0))),
        Compiled::List(_) => Some(Literal::array(Vec::new())),
    }
}

fn property_refuses(declared: &Value, constant: &Literal) -> Option<String> {
    let wanted = declared["type"].as_str()?;
    let given = match constant {
        Literal::Null => return None,
        Literal::Bool(_) => "boolean",
        Literal::Number(_) => "number",
        Literal::String(_) => "string",
        Literal::Array(_) => "array",
        Literal::Object(_) => "object",
    };
    if given != wanted {
        return Some(format!("is of type `{wanted}`, and this always gives {}", shown(constant)));
    }
    let allowed = declared["enum"].as_array().filter(|_| given == "string")?;
    let is_allowed = allowed.iter().any(|one| one.as_str() == constant.as_str());
    (!is_allowed).then(|| format!("does not allow {}, which this always gives", shown(constant)))
}

fn relation_refuses(declared: &Value, constant: &Literal) -> Option<String> {
    let many = declared["many"].as_bool().unwrap_or(false);
    match constant {
        Literal::Bool(_) => Some(format!("names entities, and this always gives {constant}")),
        Literal::Array(_) if !many => Some("leads to one entity, and this always gives a list".to_owned()),
        Literal::Null | Literal::Number(_) | Literal::String(_) | Literal::Array(_) | Literal::Object(_) => {
            None
        }
    }
}

/// A constant for a message.
fn shown(constant: &Literal) -> String {
    let text = constant.to_string();
    match text.char_indices().nth(SHOWN) {
        None => text,
        Some((end, _)) => format!("{}…", &text[..end]),
    }
}

fn meant(name: &str, names: &[&str]) -> Option<String> {
    nearest(name, names).map(|meant| format!("did you mean `{meant}`?"))
}
