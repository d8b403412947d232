//! Whether a mapping fits the blueprints that it feeds, as far as that shows without the catalog.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::compile::Sound;
use super::rules::Blueprints;
use crate::config::mapping::Template;
use crate::config::{Diagnostic, Place, Severity, nearest};

impl Sound {
    /// What of the mapping the blueprints do not take. `blueprints` are whole, as the catalog takes them. A blueprint that
    /// is not among them is a warning: the catalog may hold it. Blueprints that are worked out are passed over.
    pub fn unfit(&self, blueprints: &[Value]) -> Vec<Diagnostic> {
        let known: BTreeMap<&str, &Value> = blueprints
            .iter()
            .filter_map(|blueprint| Some((blueprint["identifier"].as_str()?, blueprint)))
            .collect();
        let names: Vec<&str> = known.keys().copied().collect();
        let mappings = self.file.resources.iter().flat_map(|resource| &resource.mappings);
        let mut found = Vec::new();
        // There is a rule for every mapping, in the same order.
        for (mapping, rule) in mappings.zip(self.rules.iter()) {
            let Blueprints::Constant(blueprint) = &rule.blueprints else { continue };
            let name = blueprint.as_str();
            let Some(shape) = known.get(name) else {
                let message = format!("the blueprint `{name}` is not among the resources");
                let hint =
                    meant(name, &names).or_else(|| Some("the catalog must hold it already".to_owned()));
                let place = mapping.blueprint.part(0..mapping.blueprint.text.len());
                found.push(Diagnostic { severity: Severity::Warning, message, place, hint });
                continue;
            };
            let properties = shape["schema"]["properties"].as_object();
            found.extend(strangers(name, "property", mapping.properties.as_deref(), properties));
            found.extend(strangers(
                name,
                "relation",
                mapping.relations.as_deref(),
                shape["relations"].as_object(),
            ));
        }
        found
    }
}

/// The fields that a blueprint does not have.
fn strangers(
    blueprint: &str,
    what: &str,
    mapped: Option<&[(String, Template)]>,
    declared: Option<&Map<String, Value>>,
) -> Vec<Diagnostic> {
    let names: Vec<&str> = declared.into_iter().flatten().map(|(name, _)| name.as_str()).collect();
    let strange = mapped.into_iter().flatten().filter(|(name, _)| !names.contains(&name.as_str()));
    let fault = |(name, template): &(String, Template)| {
        let message = format!("the blueprint `{blueprint}` has no {what} `{name}`");
        let expressions = template.expressions();
        let place = expressions.first().map_or(Place::Settings, |expr| expr.part(0..expr.text.len()));
        Diagnostic { severity: Severity::Error, message, place, hint: meant(name, &names) }
    };
    strange.map(fault).collect()
}

fn meant(name: &str, names: &[&str]) -> Option<String> {
    nearest(name, names).map(|meant| format!("did you mean `{meant}`?"))
}
