//! `map explain`: what each expression gives for a record, and where a null began.

use crate::config::nearest;
use crate::map::Rules;
use crate::map::explain::{Explanation, Fate, Field};
use crate::model::{Entity, Identifier, Record, RuleId};
use crate::report::Exit;
use crate::value::{Object, Value};

use super::super::arguments::{Form, OutputArguments};
use super::super::terminal::{self, Lines};
use super::arguments::ExplainArguments;
use super::input;
use super::run::{json_of, rules_of};

/// A value that a line shows is cut here; whole ones are in the JSON.
const MAX_SHOWN_CHARACTERS: usize = 160;

/// Explains every record, or one field of it.
pub(super) fn run(
    arguments: &ExplainArguments,
    rules: &Rules,
    output: &OutputArguments,
) -> Result<Exit, Exit> {
    let of_kind = rules_of(rules, arguments.records.kind)?;
    if let Some(field) = &arguments.field {
        is_mapped(rules, &of_kind, field)?;
    }
    let records = input::asked(&arguments.records, rules, output)?;
    let mut out = Lines::new();
    let mut before: &[u8] = b"";
    for record in &records {
        for mut explanation in rules.explain(record, &of_kind) {
            if let Some(field) = &arguments.field {
                explanation.fields.retain(|known| is_meant(field, known.name));
                if explanation.fields.is_empty() {
                    continue;
                }
            }
            match output.output {
                Form::Text => out.line(&[before, text(record, &explanation).as_bytes()].concat())?,
                Form::Json => out.line(&json(record, &explanation).to_bytes())?,
            }
            before = b"\n";
        }
    }
    out.flush()?;
    if records.is_empty() {
        terminal::talk("there is no record to explain");
    }
    Ok(Exit::Done)
}

/// Whether the field of this name is meant: by its whole name, without the group it is in, or by what it lies in.
fn is_meant(written: &str, name: &str) -> bool {
    let short = name.strip_prefix("properties.").or_else(|| name.strip_prefix("relations."));
    std::iter::once(name).chain(short).any(|name| {
        name.strip_prefix(written).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
    })
}

/// A field that no resource of the kind maps was written by mistake.
fn is_mapped(rules: &Rules, of_kind: &[RuleId], written: &str) -> Result<(), Exit> {
    let mut names: Vec<&str> = rules.fields_of(of_kind).collect();
    if names.iter().any(|name| is_meant(written, name)) {
        return Ok(());
    }
    names.sort_unstable();
    names.dedup();
    let short = names.iter().filter_map(|name| name.split_once('.').map(|(_, short)| short));
    let candidates: Vec<&str> = names.iter().copied().chain(short).collect();
    let hint = match nearest(written, &candidates) {
        Some(meant) => format!("did you mean `{meant}`?"),
        None => format!("the fields are {}", names.join(", ")),
    };
    terminal::talk(&format!("error: no resource of this kind has the field `{written}`\n  hint: {hint}"));
    Err(Exit::Configuration)
}

fn text(record: &Record, explanation: &Explanation<'_>) -> String {
    let Explanation { rule, item, fate, fields } = explanation;
    let item = item.map_or_else(String::new, |item| format!(" · item {item}"));
    let mut lines = vec![format!(
        "{} {}{item} · resource {} {}",
        record.kind,
        record.id,
        rule.resource + 1,
        in_words(fate)
    )];
    for field in fields {
        let expression = field.expression.split_whitespace().collect::<Vec<_>>().join(" ");
        lines.push(format!("  {}: {expression}", field.name));
        match (&field.output, &field.fault) {
            (Some(output), None) => lines.push(format!("    {}", cut(&output.to_string()))),
            (None, None) => lines.push("    no output, which counts as null".to_owned()),
            (_, Some(fault)) => lines.push(format!("    failed: {fault}")),
        }
        if field.is_void() {
            lines.extend(field.reasons().into_iter().map(|reason| format!("    {reason}")));
        }
    }
    lines.join("\n")
}

fn cut(text: &str) -> String {
    match text.char_indices().nth(MAX_SHOWN_CHARACTERS) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text.to_owned(),
    }
}

fn in_words(fate: &Fate) -> String {
    match fate {
        Fate::Mapped(mapped) => format!("becomes {}", name_of(&mapped.entity)),
        Fate::Skipped => "leaves it out: the selector is false".to_owned(),
        Fate::Unselected => "does not map it: the selector or the list of items failed".to_owned(),
        Fate::Unmapped => "does not map it: identifier or blueprint name nothing".to_owned(),
        Fate::NoItems => "makes nothing of it: the list of items is empty".to_owned(),
    }
}

/// How messages name an entity.
pub(super) fn name_of(entity: &Entity) -> String {
    match &entity.identifier {
        Identifier::Exact(identifier) => format!("{}/{identifier}", entity.blueprint),
        Identifier::Search(query) => format!("{}, found by {query}", entity.blueprint),
    }
}

fn json(record: &Record, explanation: &Explanation<'_>) -> Value {
    let Explanation { rule, item, fate, fields } = explanation;
    let entity = match fate {
        Fate::Mapped(mapped) => Value::parse(&json_of(&mapped.entity)).unwrap_or_default(),
        _ => Value::Null,
    };
    let fate = match fate {
        Fate::Mapped(_) => "mapped",
        Fate::Skipped => "skipped",
        Fate::Unselected => "unselected",
        Fate::Unmapped => "unmapped",
        Fate::NoItems => "no-items",
    };
    object([
        ("record", Value::from(record.id.as_str())),
        ("kind", Value::from(record.kind.name())),
        ("resource", number(rule.resource + 1)),
        ("item", item.map_or(Value::Null, number)),
        ("fate", Value::from(fate)),
        ("entity", entity),
        ("fields", fields.iter().map(field_json).collect()),
    ])
}

fn field_json(field: &Field<'_>) -> Value {
    let reasons = if field.is_void() { field.reasons() } else { Vec::new() };
    let trails = field.trails.iter().map(|trail| {
        let missing = trail.missing.as_ref().map_or(Value::Null, |step| Value::from(step.to_string()));
        object([("path", Value::from(trail.path.to_string())), ("missing", missing)])
    });
    object([
        ("field", Value::from(field.name)),
        ("expression", Value::from(field.expression)),
        ("output", field.output.clone().unwrap_or_default()),
        ("fault", field.fault.clone().map_or(Value::Null, Value::from)),
        ("reasons", reasons.into_iter().map(Value::from).collect()),
        ("trails", trails.collect()),
    ])
}

fn object<const N: usize>(pairs: [(&str, Value); N]) -> Value {
    Value::object(pairs.into_iter().collect::<Object>())
}

#[expect(clippy::cast_precision_loss, reason = "positions in a file are far below 2^53")]
fn number(number: usize) -> Value {
    Value::from(number as f64)
}
