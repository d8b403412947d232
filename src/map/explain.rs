//! What a mapping makes of one record, field by field, and where each null began.

use super::Tally;
use super::project::{Engine, describe};
use super::rules::{Expression, Rule, Rules};
use crate::config::nearest;
use crate::jq::{Step, Trail};
use crate::model::{Mapped, Record, RuleId};
use crate::value::Value;

/// So many keys of an object are named.
const MAX_KEYS: usize = 12;

/// What one rule makes of a record, or of one item of it.
#[derive(Debug)]
pub struct Explanation<'r> {
    /// The rule.
    pub rule: &'r Rule,
    /// Which item of the record, from 1; none when the record is not taken apart.
    pub item: Option<usize>,
    /// What becomes of it.
    pub fate: Fate,
    /// Every expression in the order of the mapping; of a list that gives no items only what comes before them.
    pub fields: Vec<Field<'r>>,
}

/// What becomes of a record or an item.
#[derive(Debug)]
pub enum Fate {
    /// An entity.
    Mapped(Box<Mapped>),
    /// The selector leaves it out.
    Skipped,
    /// The selector, or the list of items, failed or gave something of another type.
    Unselected,
    /// It has no usable identifier or blueprint.
    Unmapped,
    /// The list of items is empty.
    NoItems,
}

/// One expression and what came of it.
#[derive(Debug)]
pub struct Field<'r> {
    /// Its name, such as `properties.url`.
    pub name: &'r str,
    /// Its text.
    pub expression: &'r str,
    /// The first output; none when there is none.
    pub output: Option<Value>,
    /// Why the field has no value, or why its value cannot be used.
    pub fault: Option<String>,
    /// The paths that it reads, in the order of the text.
    pub trails: Vec<Trail>,
}

impl Field<'_> {
    /// Whether there is nothing to see: null, no output, or a fault.
    pub fn is_void(&self) -> bool {
        self.fault.is_some() || self.output.as_ref().is_none_or(Value::is_null)
    }

    /// Where what it lacks began: of the paths that it reads those that lead nowhere or to null, else all of them.
    pub fn reasons(&self) -> Vec<String> {
        let broken = |trail: &&Trail| trail.missing.is_some() || trail.found.is_null();
        let some: Vec<_> = self.trails.iter().filter(broken).collect();
        let shown = if some.is_empty() { self.trails.iter().collect() } else { some };
        shown.into_iter().map(reason).collect()
    }
}

/// How a path ends, in words.
pub fn reason(trail: &Trail) -> String {
    let Trail { path, found, missing } = trail;
    let path = if path.is_root() { "the record".to_owned() } else { format!("`{path}`") };
    match (missing, found) {
        (None, found) => format!("{path} is {}", described(found)),
        (Some(_), Value::Null) => format!("{path} is null"),
        (Some(Step::Key(key)), Value::Object(object)) => {
            let keys: Vec<&str> = object.iter().map(|(key, _)| &**key).collect();
            let meant = nearest(key, &keys);
            let hint = meant.map_or_else(String::new, |meant| format!("; did you mean `{meant}`?"));
            format!("{path} has no `{key}`, it has {}{hint}", listed(&keys))
        }
        (Some(Step::Each), Value::Array(_)) => format!("{path} is an empty list"),
        (Some(step), found) => format!("{path} is {}, which has no `{step}`", described(found)),
    }
}

/// A value as messages name it; of an object its keys.
fn described(value: &Value) -> String {
    match value {
        Value::Object(object) => {
            let keys: Vec<&str> = object.iter().map(|(key, _)| &**key).collect();
            format!("an object with {}", listed(&keys))
        }
        other => describe(other),
    }
}

fn listed(keys: &[&str]) -> String {
    if keys.is_empty() {
        return "no keys".to_owned();
    }
    let shown: Vec<_> = keys.iter().take(MAX_KEYS).map(|key| format!("`{key}`")).collect();
    let rest = keys.len().saturating_sub(MAX_KEYS);
    let rest = if rest > 0 { format!(" and {rest} more") } else { String::new() };
    format!("{}{rest}", shown.join(", "))
}

impl Rules {
    /// What these rules make of a record, each with every expression and what came of it. The fields are evaluated
    /// whatever the selector says.
    pub fn explain(&self, record: &Record, rules: &[RuleId]) -> Vec<Explanation<'_>> {
        let engine = Engine { environment: &self.environment, record, missing: &[] };
        rules.iter().flat_map(|id| self.explain_rule(self.rule(*id), &engine)).collect()
    }

    fn explain_rule<'r>(&'r self, rule: &'r Rule, engine: &Engine<'_>) -> Vec<Explanation<'r>> {
        let record = &engine.record.body;
        let Some((list, split)) = &rule.items else { return vec![self.item(rule, None, record, engine)] };
        let mut tally = Tally::default();
        let elements = engine.list(list, record, &mut tally);
        let of_list = || self.field_of(list, record, engine, &tally);
        let empty = |fate| vec![Explanation { rule, item: None, fate, fields: vec![of_list()] }];
        match elements {
            None => empty(Fate::Unselected),
            Some(elements) if elements.is_empty() => empty(Fate::NoItems),
            Some(elements) => {
                let items = split.items(record, &elements).enumerate();
                let explained = items.map(|(at, item)| {
                    let mut explanation = self.item(rule, Some(at + 1), &item, engine);
                    explanation.fields.insert(1, of_list());
                    explanation
                });
                explained.collect()
            }
        }
    }

    fn item<'r>(
        &'r self,
        rule: &'r Rule,
        item: Option<usize>,
        value: &Value,
        engine: &Engine<'_>,
    ) -> Explanation<'r> {
        let (mut tally, mut mapped) = (Tally::default(), Vec::new());
        engine.item(rule, value, &mut tally, &mut mapped);
        let fate = match mapped.pop() {
            Some(mapped) => Fate::Mapped(Box::new(mapped)),
            None if tally.skipped > 0 => Fate::Skipped,
            None if tally.unselected > 0 => Fate::Unselected,
            None => Fate::Unmapped,
        };
        let mut expressions = rule.shape.expressions();
        expressions.sort_by_key(|expression| expression.field);
        let expressions = std::iter::once(&rule.selector).chain(expressions);
        let fields = expressions.map(|expression| self.field_of(expression, value, engine, &tally));
        Explanation { rule, item, fate, fields: fields.collect() }
    }

    fn field_of<'r>(
        &'r self,
        expression: &Expression,
        value: &Value,
        engine: &Engine<'_>,
        tally: &Tally,
    ) -> Field<'r> {
        let (_, name, text) = self.field(expression.field);
        let result = expression.program.first(value, engine.environment);
        let fault = tally.faults.get(&expression.field).map(ToString::to_string);
        let fault = fault.or_else(|| result.as_ref().err().map(ToString::to_string));
        let trails = expression.program.trails(value);
        Field { name, expression: text, output: result.ok().flatten(), fault, trails }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::MappingFile;
    use crate::jq::Environment;
    use crate::model::{Kind, RecordId};

    /// The fields of the first rule for an alert, each with its reasons when there is nothing to see.
    fn explained(properties: &[&str], record: &str) -> String {
        let properties: Vec<_> =
            properties.iter().enumerate().map(|(at, text)| format!("p{at}: {text:?}")).collect();
        let yaml = format!(
            "resources: [{{kind: alert, selector: {{query: 'true'}}, port: {{entity: {{mappings: {{identifier: .id, blueprint: \
             '\"a\"', properties: {{{}}}}}}}}}}}]",
            properties.join(", ")
        );
        let (file, _) = MappingFile::from_text("m.yaml", &yaml).expect("the mapping is right");
        let rules = Rules::compile(&file, Environment::default()).expect("it compiles");
        let body = Value::parse(record.as_bytes()).expect("JSON");
        let record = Record { kind: Kind::Alert, id: RecordId::new("a").expect("not empty"), body };
        let explanation = rules.explain(&record, &[RuleId(0)]).pop().expect("a rule, an explanation");
        let void = explanation.fields.iter().filter(|field| field.is_void());
        void.map(|field| format!("{}: {}", field.expression, field.reasons().join("; ")))
            .collect::<Vec<_>>()
            .join("\n")
    }

    #[test]
    fn a_null_is_led_back_to_where_it_began() {
        let record = r#"{"id": "a", "integration": {"id": "i", "type": "API"}, "owner": null, "tags": [], "message": "text",
            "ownerTeamId": "t", "responders": [{"type": "team"}], "empty": {}}"#;
        let fields = [
            ".integration.name",
            ".owner.name",
            ".nothing.at.all",
            ".ownerTeamID",
            ".tags[0]",
            ".tags[].x",
            ".message.text",
            ".responders[].id",
            ".empty.x",
            ".owner",
            ".tags | first",
            ".message | tonumber",
            ".message, .owner | empty",
            ".id",
        ];
        insta::assert_snapshot!(explained(&fields, record), @r#"
        .integration.name: `.integration` has no `name`, it has `id`, `type`
        .owner.name: `.owner` is null
        .nothing.at.all: the record has no `nothing`, it has `id`, `integration`, `owner`, `tags`, `message`, `ownerTeamId`, `responders`, `empty`
        .ownerTeamID: the record has no `ownerTeamID`, it has `id`, `integration`, `owner`, `tags`, `message`, `ownerTeamId`, `responders`, `empty`; did you mean `ownerTeamId`?
        .tags[0]: `.tags` is a list of 0, which has no `[0]`
        .tags[].x: `.tags` is an empty list
        .message.text: `.message` is the string "text", which has no `.text`
        .responders[].id: `.responders[0]` has no `id`, it has `type`
        .empty.x: `.empty` has no `x`, it has no keys
        .owner: `.owner` is null
        .tags | first: `.tags` is a list of 0
        .message | tonumber: `.message` is the string "text"
        .message, .owner | empty: `.owner` is null
        "#);
    }
}
