//! From an item to an entity: what each result of the engine means.

use std::sync::Arc;

use super::rules::{Compiled, Expression, Rule};
use super::{FieldId, Tally};
use crate::jq::{Environment, RunError};
use crate::model::{BlueprintId, Coverage, Entity, EntityId, Identifier, Lookup, Mapped, Origin, Record};
use crate::value::{Array, Object, Value};

/// The fields of an entity, compiled. A field is present exactly when the mapping names it.
#[derive(Clone, Debug)]
pub struct Shape {
    pub(super) identifier: Compiled,
    pub(super) blueprint: Expression,
    pub(super) title: Option<Compiled>,
    pub(super) icon: Option<Compiled>,
    pub(super) team: Option<Compiled>,
    pub(super) properties: Option<Vec<(Arc<str>, Compiled)>>,
    pub(super) relations: Option<Vec<(Arc<str>, Compiled)>>,
}

impl Shape {
    pub(super) fn expressions(&self) -> Vec<&Expression> {
        let Self { identifier, blueprint, title, icon, team, properties, relations } = self;
        let named = properties.iter().chain(relations).flatten().map(|(_, compiled)| compiled);
        let compiled = [Some(identifier), title.as_ref(), icon.as_ref(), team.as_ref()].into_iter().flatten();
        std::iter::once(blueprint).chain(compiled.chain(named).flat_map(Compiled::expressions)).collect()
    }

    pub(super) fn searches(&self) -> bool {
        matches!(self.identifier, Compiled::Object(_))
    }

    /// Whether an entity that was made of it has every field.
    fn coverage(&self, entity: &Entity) -> Coverage {
        let lacks =
            |compiled: &Option<Compiled>, value: &Option<Value>| compiled.is_some() && value.is_none();
        let falls_short = |fields: &Option<Vec<(Arc<str>, Compiled)>>, object: &Option<Object>| {
            fields.as_ref().map_or(0, Vec::len) > object.as_ref().map_or(0, Object::len)
        };
        let lacking = lacks(&self.title, &entity.title)
            || lacks(&self.icon, &entity.icon)
            || lacks(&self.team, &entity.team)
            || falls_short(&self.properties, &entity.properties)
            || falls_short(&self.relations, &entity.relations);
        if lacking { Coverage::Lacking } else { Coverage::Full }
    }

    /// Whether `title` is mapped.
    pub fn has_title(&self) -> bool {
        self.title.is_some()
    }

    /// Whether `icon` is mapped.
    pub fn has_icon(&self) -> bool {
        self.icon.is_some()
    }

    /// Whether `team` is mapped.
    pub fn has_team(&self) -> bool {
        self.team.is_some()
    }

    /// The names of the mapped properties.
    pub fn properties(&self) -> impl Iterator<Item = &str> {
        self.properties.iter().flatten().map(|(name, _)| &**name)
    }

    /// The names of the mapped relations.
    pub fn relations(&self) -> impl Iterator<Item = &str> {
        self.relations.iter().flatten().map(|(name, _)| &**name)
    }
}

/// Evaluates expressions on behalf of one record.
pub(super) struct Engine<'a> {
    pub(super) environment: &'a Environment,
    pub(super) record: &'a Record,
    /// Lookups that failed for the record. A field that may read one of them is left out: what the catalog holds is
    /// better than what we would make of a gap.
    pub(super) missing: &'a [Lookup],
}

impl Engine<'_> {
    /// The entity of one item, unless the selector leaves it out or it cannot be mapped.
    pub(super) fn item(&self, rule: &Rule, item: &Value, tally: &mut Tally, out: &mut Vec<Mapped>) {
        match self.selected(rule, item, tally) {
            Some(true) => {}
            Some(false) => return tally.skipped += 1,
            None => return tally.unselected += 1,
        }
        match self.entity(&rule.shape, item, tally) {
            Some(entity) => {
                tally.entity(rule.id);
                let origin = Origin {
                    rule: rule.id,
                    kind: self.record.kind,
                    record: self.record.id.clone(),
                    updated: self.record.updated(),
                };
                let coverage = rule.shape.coverage(&entity);
                out.push(Mapped { origin, entity, coverage });
            }
            None => tally.unmapped += 1,
        }
    }

    /// What the selector says; none when it failed or gave something else than a boolean.
    pub(super) fn selected(&self, rule: &Rule, item: &Value, tally: &mut Tally) -> Option<bool> {
        let result = match rule.selector.program.constant() {
            Some(constant) => constant.clone(),
            None => self.evaluate(&rule.selector, item, tally)?,
        };
        let selected = result.as_bool();
        if selected.is_none() {
            tally.fault(rule.selector.field, &self.record.id, || {
                format!("the selector gave {}, it must give true or false", describe(&result))
            });
        }
        selected
    }

    /// The list of `itemsToParse`: null is an empty one.
    pub(super) fn list(&self, list: &Expression, record: &Value, tally: &mut Tally) -> Option<Arc<Array>> {
        match self.evaluate(list, record, tally)? {
            Value::Null => Some(Arc::default()),
            Value::Array(items) => Some(items),
            other => {
                let message = || format!("`itemsToParse` gave {}, it must give an array", describe(&other));
                tally.fault(list.field, &self.record.id, message);
                None
            }
        }
    }

    /// Whether an expression may read a lookup that failed.
    fn misses(&self, expression: &Expression) -> bool {
        let reach = expression.program.reach();
        self.missing.iter().flat_map(|lookup| lookup.fields()).any(|field| reach.reads(field))
    }

    /// Whether nothing in a field may read a lookup that failed.
    fn is_sound(&self, compiled: &Compiled) -> bool {
        self.missing.is_empty()
            || !compiled.expressions().into_iter().any(|expression| self.misses(expression))
    }

    /// The first output; none (and counted) when the expression failed, or may read a lookup that did.
    fn evaluate(&self, expression: &Expression, input: &Value, tally: &mut Tally) -> Option<Value> {
        if self.misses(expression) {
            tally.fault(expression.field, &self.record.id, || "it reads a lookup that failed".to_owned());
            return None;
        }
        if self.is_given_up(expression) {
            tally.given_up(expression.field, &self.record.id);
            return None;
        }
        match expression.program.first(input, self.environment) {
            Ok(output) => Some(output.unwrap_or_default()),
            Err(error) => {
                if let RunError::Stopped { took, .. } = error {
                    expression.patience.lose(took);
                }
                tally.fault(expression.field, &self.record.id, || error.to_string());
                None
            }
        }
    }

    /// Whether an expression has been stopped so often that it is tried no more.
    fn is_given_up(&self, expression: &Expression) -> bool {
        expression.patience.is_over(self.environment.limits().time)
    }

    /// Whether a field can be worked out. Where it cannot, what the catalog holds is better than a null; a field that is
    /// tried no more is counted.
    fn is_told(&self, compiled: &Compiled, tally: &mut Tally) -> bool {
        if !self.is_sound(compiled) {
            return false;
        }
        let given_up = compiled.find(&|expression| self.is_given_up(expression));
        if let Some(expression) = given_up {
            tally.given_up(expression.field, &self.record.id);
        }
        given_up.is_none()
    }

    fn entity(&self, shape: &Shape, item: &Value, tally: &mut Tally) -> Option<Entity> {
        let identifier = self.identifier(&shape.identifier, item, tally)?;
        let blueprint = self.blueprint(&shape.blueprint, item, tally)?;
        let mut optional = |compiled: &Option<Compiled>| {
            let compiled = compiled.as_ref()?;
            self.is_told(compiled, tally).then(|| self.field(compiled, item, tally))
        };
        let title = optional(&shape.title);
        let icon = optional(&shape.icon);
        let team = optional(&shape.team);
        let mut named = |fields: &Option<Vec<(Arc<str>, Compiled)>>| {
            let fields = fields.as_ref()?;
            let mut object = Object::with_capacity(fields.len());
            for (name, compiled) in fields {
                if self.is_told(compiled, tally) {
                    object.insert(name.clone(), self.field(compiled, item, tally));
                }
            }
            Some(object)
        };
        let properties = named(&shape.properties);
        let relations = named(&shape.relations);
        Some(Entity { blueprint, identifier, title, icon, team, properties, relations })
    }

    fn identifier(&self, compiled: &Compiled, item: &Value, tally: &mut Tally) -> Option<Identifier> {
        let Compiled::Expression(expression) = compiled else {
            return Some(Identifier::Search(self.field(compiled, item, tally)));
        };
        let value = self.evaluate(expression, item, tally)?;
        if value.as_object().is_some() {
            return Some(Identifier::Search(value));
        }
        let text = self.text(expression.field, "identifier", &value, tally)?;
        EntityId::new(text).ok().map(Identifier::Exact)
    }

    fn blueprint(&self, expression: &Expression, item: &Value, tally: &mut Tally) -> Option<BlueprintId> {
        let value = match expression.program.constant() {
            Some(constant) => constant.clone(),
            None => self.evaluate(expression, item, tally)?,
        };
        let text = self.text(expression.field, "blueprint", &value, tally)?;
        BlueprintId::new(text).ok()
    }

    /// A text that names something. A number is named by its digits; what the peer takes for "nothing" (null, `""`,
    /// 0, false) is nothing here too.
    fn text(&self, field: FieldId, what: &str, value: &Value, tally: &mut Tally) -> Option<Arc<str>> {
        match value {
            Value::String(text) if !text.is_empty() => Some(text.clone()),
            Value::Number(number) if number.as_f64() != 0.0 => Some(value.to_string().into()),
            other => {
                tally.fault(field, &self.record.id, || format!("{what} is {}", describe(other)));
                None
            }
        }
    }

    /// The value of a field: null where the expression failed or gave nothing.
    fn field(&self, compiled: &Compiled, item: &Value, tally: &mut Tally) -> Value {
        match compiled {
            Compiled::Expression(expression) => {
                let Some(value) = self.evaluate(expression, item, tally) else { return Value::Null };
                // A null that is written as such is meant.
                if value.is_null() && expression.program.constant().is_none() {
                    tally.null(expression.field, &self.record.id);
                }
                value
            }
            Compiled::Object(pairs) => {
                let pairs = pairs.iter().map(|(name, c)| (name.clone(), self.field(c, item, tally)));
                Value::object(pairs.collect())
            }
            Compiled::List(items) => items.iter().map(|c| self.field(c, item, tally)).collect(),
        }
    }
}

/// A value as messages name it: short, and never a whole body.
pub(super) fn describe(value: &Value) -> String {
    const SHOWN: usize = 40;
    match value {
        Value::Null => "null".to_owned(),
        Value::Array(items) => format!("a list of {}", items.len()),
        Value::Object(_) => "an object".to_owned(),
        Value::String(text) if text.is_empty() => "an empty string".to_owned(),
        Value::String(text) if text.chars().count() > SHOWN => {
            format!("the string \"{}…\"", text.chars().take(SHOWN).collect::<String>())
        }
        Value::String(_) => format!("the string {value}"),
        Value::Bool(_) | Value::Number(_) => format!("`{value}`"),
    }
}
