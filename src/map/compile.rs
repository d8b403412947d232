//! From a mapping file to rules: every expression compiled, every fault collected before giving up.

use std::sync::Arc;

use super::filter;
use super::items::{Split, leading_path};
use super::patience::Patience;
use super::project::Shape;
use super::rules::{Blueprints, Compiled, Details, Expression, FieldId, Members, Rotations, Rule, Rules};
use crate::config::mapping::{
    EntityMapping, Expr, MappingFault, MappingFaults, MappingFile, Reading, Resource, Template,
    TopLevelTransform,
};
use crate::config::{Diagnostic, Place, ResourceFault, ResourceFaults, Severity};
use crate::jq::{Environment, Program, quote_rewrite};
use crate::model::{BlueprintId, Filter, RuleId};

/// What an expression must give, as far as that is known before any record is read.
#[derive(Clone, Copy)]
enum Expected {
    Anything,
    Boolean,
    Name,
}

struct Compiler {
    fields: Vec<(RuleId, String, String)>,
    faults: Vec<Diagnostic>,
}

impl Rules {
    /// Compiles every expression of a mapping; all faults together.
    pub fn compile(file: &MappingFile, environment: Environment) -> Result<Self, Vec<Diagnostic>> {
        let mut compiler = Compiler { fields: Vec::new(), faults: Vec::new() };
        let mut rules = Vec::new();
        for (index, resource) in file.resources.iter().enumerate() {
            let filter = compiler.filter(resource);
            for mapping in &resource.mappings {
                let id = RuleId(rules.len());
                let rule = compiler.rule(id, index, resource, mapping);
                rules.extend(rule.map(|rule| Rule { filter: filter.clone(), ..rule }));
            }
        }
        if compiler.faults.is_empty() {
            Ok(Self { all: rules, fields: compiler.fields, environment })
        } else {
            Err(compiler.faults)
        }
    }
}

/// A mapping that was read and compiled.
#[derive(Debug)]
pub struct Sound {
    /// As it was read.
    pub file: MappingFile,
    /// Compiled.
    pub rules: Rules,
    /// What looks wrong in it without being so.
    pub warnings: Vec<MappingFault>,
}

/// Compiles what was read. Where something is wrong, every fault of reading and of compiling, and what looks wrong
/// besides, in the order of the text.
pub fn sound(reading: Reading, environment: Environment) -> Result<Sound, Vec<Diagnostic>> {
    let faults = match reading {
        Ok((file, warnings)) => match Rules::compile(&file, environment) {
            Ok(rules) => return Ok(Sound { file, rules, warnings }),
            Err(faults) => {
                let warnings = warnings.iter().map(|warning| warning.diagnostic(Severity::Warning));
                faults.into_iter().chain(warnings).collect()
            }
        },
        Err(unread) => every_fault(&unread),
    };
    Err(sorted(faults))
}

/// Every fault of a folder of resources, those of its mapping's expressions included.
pub fn faults_of_resources(faults: ResourceFaults) -> Vec<Diagnostic> {
    let ResourceFaults { faults, mapping } = faults;
    let mapping = mapping.and_then(|reading| sound(reading, Environment::default()).err());
    faults.iter().map(ResourceFault::diagnostic).chain(mapping.unwrap_or_default()).collect()
}

fn every_fault(unread: &MappingFaults) -> Vec<Diagnostic> {
    let compiled = Rules::compile(&unread.rest, Environment::default());
    unread.diagnostics().into_iter().chain(compiled.err().unwrap_or_default()).collect()
}

fn sorted(mut faults: Vec<Diagnostic>) -> Vec<Diagnostic> {
    Diagnostic::sort(&mut faults);
    faults
}

impl Compiler {
    /// What a resource asks of the source; its faults are noted.
    fn filter(&mut self, resource: &Resource) -> Option<Filter> {
        let compiled = filter::compile(resource.kind, resource.selector.api_query.as_ref()?);
        compiled.map_err(|faults| self.faults.extend(faults)).ok()
    }

    /// A rule, without the filter of its resource; none when one of its expressions is at fault, which is noted.
    fn rule(
        &mut self,
        id: RuleId,
        resource: usize,
        from: &Resource,
        mapping: &EntityMapping,
    ) -> Option<Rule> {
        let selector = self.expression(id, "selector.query", &from.selector.query, Expected::Boolean);
        let items = from.items.as_ref().map(|items| {
            let list = self.expression(id, "itemsToParse", &items.list, Expected::Anything)?;
            let removed = match items.top_level_transform {
                TopLevelTransform::TakeOut => leading_path(&items.list.text),
                TopLevelTransform::KeepWhole => None,
            };
            Some((list, Split { name: items.name.clone(), removed }))
        });
        let shape = self.shape(id, mapping);
        let items = match items {
            None => None,
            Some(compiled) => Some(compiled?),
        };
        let (selector, shape) = (selector?, shape?);
        let blueprint = shape.blueprint.program.constant().and_then(|constant| constant.as_str());
        let blueprints = match blueprint.map(BlueprintId::new) {
            Some(Ok(blueprint)) => Blueprints::Constant(blueprint),
            Some(Err(_)) | None => Blueprints::Dynamic,
        };
        let members = if from.selector.include_members { Members::Joined } else { Members::Left };
        let details = if from.selector.include_details { Details::Read } else { Details::Left };
        let rotations = if from.selector.expand_rotation { Rotations::Expanded } else { Rotations::Left };
        Some(Rule {
            id,
            resource,
            kind: from.kind,
            blueprints,
            members,
            details,
            rotations,
            filter: None,
            selector,
            items,
            shape,
        })
    }

    fn shape(&mut self, id: RuleId, mapping: &EntityMapping) -> Option<Shape> {
        let EntityMapping { identifier, blueprint, title, icon, team, properties, relations, place: _ } =
            mapping;
        let identifier = self.template(id, "identifier", identifier, Expected::Name);
        let blueprint = self.expression(id, "blueprint", blueprint, Expected::Name);
        let title = self.optional(id, "title", title.as_ref());
        let icon = self.optional(id, "icon", icon.as_ref());
        let team = self.optional(id, "team", team.as_ref());
        let properties = self.named(id, "properties", properties.as_deref());
        let relations = self.named(id, "relations", relations.as_deref());
        Some(Shape {
            identifier: identifier?,
            blueprint: blueprint?,
            title: title?,
            icon: icon?,
            team: team?,
            properties: properties?,
            relations: relations?,
        })
    }

    /// The outer option is none when an expression is at fault.
    #[expect(clippy::option_option, reason = "at fault, not mapped, mapped")]
    fn optional(&mut self, id: RuleId, name: &str, template: Option<&Template>) -> Option<Option<Compiled>> {
        match template {
            None => Some(None),
            Some(template) => Some(Some(self.template(id, name, template, Expected::Anything)?)),
        }
    }

    /// The outer option is none when an expression is at fault.
    #[expect(clippy::type_complexity, reason = "at fault, not mapped, mapped")]
    fn named(
        &mut self,
        id: RuleId,
        group: &str,
        templates: Option<&[(String, Template)]>,
    ) -> Option<Option<Vec<(Arc<str>, Compiled)>>> {
        let Some(templates) = templates else { return Some(None) };
        let compiled: Vec<_> = templates
            .iter()
            .map(|(name, template)| {
                let compiled = self.template(id, &format!("{group}.{name}"), template, Expected::Anything)?;
                Some((name.as_str().into(), compiled))
            })
            .collect();
        // Every expression has been looked at before the first fault ends this.
        Some(Some(compiled.into_iter().collect::<Option<Vec<_>>>()?))
    }

    fn template(
        &mut self,
        id: RuleId,
        name: &str,
        template: &Template,
        expected: Expected,
    ) -> Option<Compiled> {
        match template {
            Template::Expr(expr) => self.expression(id, name, expr, expected).map(Compiled::Expression),
            Template::Object(pairs) => {
                let compiled: Vec<_> = pairs
                    .iter()
                    .map(|(key, below)| {
                        let path = format!("{name}.{key}");
                        Some((key.as_str().into(), self.template(id, &path, below, Expected::Anything)?))
                    })
                    .collect();
                Some(Compiled::Object(compiled.into_iter().collect::<Option<_>>()?))
            }
            Template::List(items) => {
                let compiled: Vec<_> = items
                    .iter()
                    .enumerate()
                    .map(|(index, below)| {
                        self.template(id, &format!("{name}[{index}]"), below, Expected::Anything)
                    })
                    .collect();
                Some(Compiled::List(compiled.into_iter().collect::<Option<_>>()?))
            }
        }
    }

    fn expression(&mut self, id: RuleId, name: &str, expr: &Expr, expected: Expected) -> Option<Expression> {
        let program = match Program::compile(&quote_rewrite(&expr.text)) {
            Ok(program) => program,
            Err(faults) => {
                let placed = faults.into_iter().map(|fault| error(fault.message, expr.part(fault.span)));
                self.faults.extend(placed);
                return None;
            }
        };
        if let Some(message) = program.constant().and_then(|constant| impossible(constant, expected)) {
            self.faults.push(error(message, expr.part(0..expr.text.len())));
            return None;
        }
        let field = FieldId(self.fields.len());
        self.fields.push((id, name.to_owned(), expr.text.clone()));
        Some(Expression { field, program, patience: Patience::default() })
    }
}

fn error(message: String, place: Place) -> Diagnostic {
    Diagnostic { severity: Severity::Error, message, place, hint: None }
}

/// Why a constant can never be what is expected.
fn impossible(constant: &crate::value::Value, expected: Expected) -> Option<String> {
    match expected {
        Expected::Anything => None,
        Expected::Boolean if constant.as_bool().is_some() => None,
        Expected::Boolean => Some(format!(
            "the selector always gives {constant}, it must give true or false; write `\"true\"` for all"
        )),
        Expected::Name if constant.as_str().is_some_and(|text| !text.is_empty()) => None,
        Expected::Name if constant.as_f64().is_some_and(|number| number != 0.0) => None,
        Expected::Name => Some(format!("this always gives {constant}, which names nothing")),
    }
}
