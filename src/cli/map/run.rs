//! `map run`: the entities that records become.

use serde_json::json;

use crate::catalog::write_entity;
use crate::map::{Rules, Tally};
use crate::model::{Entity, Identifier, Kind, Record, RuleId};
use crate::plan;
use crate::report::{Exit, always_null};
use crate::sync::{expressions, nulls};
use crate::value::Value;

use super::super::arguments::{Form, OutputArguments};
use super::super::terminal::{self, Lines};
use super::arguments::RecordArguments;
use super::input;

/// So many entities that the catalog will refuse are named.
const MAX_NAMED: usize = 3;

/// Prints the entities of every record; what became of the rest is told.
pub(super) fn run(
    arguments: &RecordArguments,
    rules: &Rules,
    output: &OutputArguments,
) -> Result<Exit, Exit> {
    let of_kind = rules_of(rules, arguments.kind)?;
    let records = input::asked(arguments, rules, output)?;
    let mut out = Lines::new();
    let mut all = Tally::default();
    let mut refusals = Refusals::default();
    let mut count = 0;
    for record in &records {
        let (entities, tally) = apply(rules, &of_kind, record);
        count += entities.len();
        for entity in &entities {
            refusals.look_at(entity);
        }
        match output.output {
            Form::Text => entities.iter().try_for_each(|entity| out.line(&json_of(entity)))?,
            Form::Json => out.line(&outcome(rules, record, &entities, &tally))?,
        }
        all.absorb(tally);
    }
    out.flush()?;
    terminal::talk(&summary(records.len(), count, &all));
    refusals.tell();
    if output.output == Form::Text {
        for fault in expressions(rules, &all) {
            terminal::talk(&format!("\n{fault}"));
        }
        let always = always_null(&nulls(rules, &all));
        if !always.is_empty() {
            terminal::talk(&format!("\n{always}"));
        }
    }
    Ok(Exit::Done)
}

/// The rules of a kind; there must be some.
pub(super) fn rules_of(rules: &Rules, kind: Kind) -> Result<Vec<RuleId>, Exit> {
    let of_kind: Vec<_> = rules.iter().filter(|rule| rule.kind == kind).map(|rule| rule.id).collect();
    if !of_kind.is_empty() {
        return Ok(of_kind);
    }
    let mapped: Vec<_> = rules.kinds().into_iter().map(|kind| format!("`{kind}`")).collect();
    let mapped = if mapped.is_empty() { "nothing".to_owned() } else { mapped.join(", ") };
    terminal::talk(&format!("error: the mapping has no resource of kind `{kind}`; it maps {mapped}"));
    Err(Exit::Configuration)
}

/// What a pass would make of a record, and the counts.
pub(super) fn apply(rules: &Rules, of_kind: &[RuleId], record: &Record) -> (Vec<Entity>, Tally) {
    let (mut mapped, mut tally) = (Vec::new(), Tally::default());
    rules.apply(record, &[], of_kind, &mut tally, &mut mapped);
    let merged = plan::merge_record(mapped);
    (merged.into_iter().map(|mapped| mapped.entity).collect(), tally)
}

/// An entity as it goes out.
pub(super) fn json_of(entity: &Entity) -> Vec<u8> {
    let mut json = Vec::new();
    write_entity(entity, &mut json);
    json
}

/// A record's line for programs.
fn outcome(rules: &Rules, record: &Record, entities: &[Entity], tally: &Tally) -> Vec<u8> {
    let mut line = b"{\"record\":".to_vec();
    Value::from(record.id.as_str()).write(&mut line);
    line.extend_from_slice(b",\"entities\":[");
    for (index, entity) in entities.iter().enumerate() {
        if index > 0 {
            line.push(b',');
        }
        write_entity(entity, &mut line);
    }
    let faults = json!(expressions(rules, tally));
    let unmapped = tally.unmapped + tally.unselected;
    let rest = format!("],\"skipped\":{},\"unmapped\":{unmapped},\"expressions\":{faults}}}", tally.skipped);
    line.extend_from_slice(rest.as_bytes());
    line
}

/// What became of the records, in one line.
fn summary(records: usize, entities: usize, tally: &Tally) -> String {
    let count =
        |count: u64, one: &str, many: &str| format!("{count} {}", if count == 1 { one } else { many });
    let mut parts =
        vec![count(records as u64, "record", "records"), count(entities as u64, "entity", "entities")];
    let others = [
        (tally.skipped, "skipped by a selector"),
        (tally.unmapped, "without identifier or blueprint"),
        (tally.unselected, "not selected, because the selector failed"),
    ];
    for (items, what) in others.into_iter().filter(|(items, _)| *items > 0) {
        parts.push(format!("{} {what}", count(items, "item", "items")));
    }
    parts.join(", ")
}

/// Entities that the catalog will refuse for their names.
#[derive(Default)]
struct Refusals {
    count: usize,
    named: Vec<String>,
}

impl Refusals {
    fn look_at(&mut self, entity: &Entity) {
        let Identifier::Exact(identifier) = &entity.identifier else { return };
        let (identifier, blueprint) = (identifier.as_str(), entity.blueprint.as_str());
        let identifier = plan::check_entity(identifier).map_err(|fault| format!("`{identifier}` {fault}"));
        let blueprint = plan::check_blueprint(blueprint).map_err(|fault| format!("`{blueprint}` {fault}"));
        let Err(fault) = identifier.and(blueprint) else { return };
        self.count += 1;
        if self.named.len() < MAX_NAMED {
            self.named.push(fault);
        }
    }

    fn tell(&self) {
        if self.count > 0 {
            let entities = if self.count == 1 { "entity" } else { "entities" };
            let named = self.named.join("\n  ");
            terminal::talk(&format!(
                "warning: the catalog refuses {} {entities} by name\n  {named}",
                self.count
            ));
        }
    }
}
