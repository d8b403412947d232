//! Programs that need no evaluator: most mappings are plain paths and literals.

use std::sync::Arc;

use jaq_core::load::lex::StrPart;
use jaq_core::load::parse::{BinaryOp, Term};
use jaq_core::path::{Opt, Part};

use super::{Form, RunError, val};
use crate::value::{Number, Object, Reach, Value};

/// A chain of keys from the root.
#[derive(Debug)]
pub(super) struct Path(Vec<Step>);

#[derive(Debug)]
struct Step {
    key: Arc<str>,
    otherwise: Otherwise,
}

/// What happens where the key cannot be asked for.
#[derive(Clone, Copy, Debug)]
enum Otherwise {
    Raise,
    /// `?`: no output.
    Skip,
}

impl Path {
    /// The value at the path; `None` where an optional step ends it.
    pub(super) fn follow(&self, input: &Value) -> Result<Option<Value>, RunError> {
        let mut at = input;
        for step in &self.0 {
            at = match (at, step.otherwise) {
                (Value::Object(object), _) => object.get(&step.key).unwrap_or(&Value::Null),
                (Value::Null, _) => &Value::Null,
                (_, Otherwise::Skip) => return Ok(None),
                (other, Otherwise::Raise) => {
                    return Err(RunError::Raised(val::cannot_index(
                        other,
                        &Value::String(Arc::clone(&step.key)),
                    )));
                }
            };
        }
        Ok(Some(at.clone()))
    }
}

/// The direct form of a parsed program, if it has one.
pub(super) fn form(term: &Term<&str>) -> Option<(Form, Reach)> {
    if let Some(value) = constant(term) {
        return Some((Form::Constant(value), Reach::outside()));
    }
    let mut steps = Vec::new();
    path(term, &mut steps)?;
    let reach = steps.iter().rev().fold(Reach::all(), |below, step| Reach::under(&*step.key, below));
    Some((Form::Path(Path(steps)), reach))
}

/// Appends the steps of a term that is nothing but a path.
fn path(term: &Term<&str>, steps: &mut Vec<Step>) -> Option<()> {
    match term {
        Term::Id => {}
        Term::Path(head, parts) => {
            path(head, steps)?;
            for (part, opt) in &parts.0 {
                let Part::Index(Term::Str(None, text)) = part else { return None };
                let otherwise = match opt {
                    Opt::Optional => Otherwise::Skip,
                    Opt::Essential => Otherwise::Raise,
                };
                steps.push(Step { key: literal(text)?.into(), otherwise });
            }
        }
        Term::BinOp(left, BinaryOp::Pipe(None), right) => {
            path(left, steps)?;
            path(right, steps)?;
        }
        _ => return None,
    }
    Some(())
}

/// The value of a literal.
pub(super) fn constant(term: &Term<&str>) -> Option<Value> {
    Some(match term {
        Term::Str(None, parts) => Value::from(literal(parts)?),
        Term::Num(text) => Value::Number(Number::from_literal(text)?),
        Term::Neg(number) => match &**number {
            Term::Num(text) => Value::Number(Number::from_literal(text)?.negated()),
            _ => return None,
        },
        Term::Arr(None) => Value::array(Vec::new()),
        Term::Arr(Some(items)) => {
            let mut values = Vec::new();
            items_of(items, &mut values)?;
            Value::array(values)
        }
        Term::Obj(entries) => {
            let mut object = Object::default();
            for (key, value) in entries {
                let Term::Str(None, key) = key else { return None };
                object.insert(literal(key)?, constant(value.as_ref()?)?);
            }
            Value::object(object)
        }
        Term::Call("null", arguments) if arguments.is_empty() => Value::Null,
        Term::Call("true", arguments) if arguments.is_empty() => Value::Bool(true),
        Term::Call("false", arguments) if arguments.is_empty() => Value::Bool(false),
        _ => return None,
    })
}

fn items_of(term: &Term<&str>, values: &mut Vec<Value>) -> Option<()> {
    if let Term::BinOp(left, BinaryOp::Comma, right) = term {
        items_of(left, values)?;
        items_of(right, values)
    } else {
        values.push(constant(term)?);
        Some(())
    }
}

/// The text of a string without interpolation.
pub(super) fn literal(parts: &[StrPart<&str, Term<&str>>]) -> Option<String> {
    let mut text = String::new();
    for part in parts {
        match part {
            StrPart::Str(plain) => text.push_str(plain),
            StrPart::Char(char) => text.push(*char),
            StrPart::Term(_) => return None,
        }
    }
    Some(text)
}
