//! From `apiQueryParams`, as a mapping writes it, to a filter: every fault at its place, before anything is fetched.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::config::mapping::{ApiQuery, ApiQueryField};
use crate::config::{Diagnostic, Place, Severity};
use crate::model::Kind;
use crate::model::filter::{Asked, Clause, Field, Filter, Search, ValueFault};

/// The key of a text in the search language itself. It is no field of that language.
const SEARCH: &str = "query";

/// Compiles what a mapping asks of the listing of a kind; all faults together.
pub fn compile(kind: Kind, query: &ApiQuery) -> Result<Filter, Vec<Diagnostic>> {
    let mut compiler =
        Compiler { kind, first: BTreeMap::new(), listing: Listing::Unseen, faults: Vec::new() };
    let (mut clauses, mut search) = (Vec::new(), None);
    for field in &query.fields {
        if field.name == SEARCH {
            search = compiler.search(field);
        } else {
            clauses.extend(compiler.clause(field));
        }
    }
    let filter = Filter::new(kind, clauses, search);
    if let Err(fault) = &filter {
        compiler.faults.push(error("this filter cannot work", fault, &query.place));
    }
    match filter {
        Ok(filter) if compiler.faults.is_empty() => Ok(filter),
        _ => Err(compiler.faults),
    }
}

struct Compiler<'q> {
    kind: Kind,
    /// The name under which a field was first asked for.
    first: BTreeMap<Field, &'q str>,
    listing: Listing,
    faults: Vec<Diagnostic>,
}

/// Whether the fields of the kind were listed in a hint.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Listing {
    Unseen,
    Shown,
}

impl<'q> Compiler<'q> {
    fn search(&mut self, asked: &ApiQueryField) -> Option<Search> {
        match &asked.value {
            Value::String(text) => self.checked(asked, Search::new(text)),
            other => self.wrong_type(asked, "a text in the search language", type_of(other)),
        }
    }

    fn clause(&mut self, asked: &'q ApiQueryField) -> Option<Clause> {
        let field = self.field(asked)?;
        let value = match &asked.value {
            Value::Array(items) => {
                let values = items.iter().map(scalar).collect::<Result<_, _>>().map(Asked::Any);
                values.map_err(|within| format!("a list with {} in it", type_of(within)))
            }
            one => scalar(one).map(Asked::One).map_err(|found| type_of(found).to_owned()),
        };
        match value {
            Ok(value) => {
                let clause = Clause::new(self.kind, field, &value);
                self.checked(asked, clause)
            }
            Err(found) => {
                self.wrong_type(asked, "a text, a number, `true`, `false` or a list of these", &found)
            }
        }
    }

    /// The field that is meant; none, with a fault, when the kind has no such field or was asked for it before.
    fn field(&mut self, asked: &'q ApiQueryField) -> Option<Field> {
        let (kind, name) = (self.kind, asked.name.as_str());
        let (message, hint) = match Field::named(name) {
            Some(field) if Field::of(kind).any(|known| known == field) => {
                match self.first.insert(field, name) {
                    None => return Some(field),
                    Some(before) => (format!("`{name}` is asked for twice, first as `{before}`"), None),
                }
            }
            Some(field) => {
                let owner = Kind::ALL.into_iter().find(|owner| Field::of(*owner).any(|known| known == field));
                let owner = owner.expect("every field belongs to some kind");
                (format!("`{name}` is a field of kind `{owner}`, not of `{kind}`"), self.list_once())
            }
            None => {
                let hint = match nearest(name, kind) {
                    Some(meant) => Some(format!("did you mean `{}`?", meant.name())),
                    None => self.list_once(),
                };
                (format!("kind `{kind}` has no field `{name}`"), hint)
            }
        };
        self.faults.push(Diagnostic {
            severity: Severity::Error,
            message,
            place: asked.name_place.clone(),
            hint,
        });
        None
    }

    /// All fields of the kind, the first time.
    fn list_once(&mut self) -> Option<String> {
        if std::mem::replace(&mut self.listing, Listing::Shown) == Listing::Shown {
            return None;
        }
        let known: Vec<String> = Field::of(self.kind).map(|field| format!("`{}`", field.name())).collect();
        let known = known.join(", ");
        Some(format!("the fields are {known}; `{SEARCH}` takes a text in the search language itself"))
    }

    fn checked<T>(&mut self, asked: &ApiQueryField, result: Result<T, ValueFault>) -> Option<T> {
        result
            .map_err(|fault| {
                let what = format!("the filter `{}` cannot work", asked.name);
                self.faults.push(error(&what, &fault, &asked.value_place));
            })
            .ok()
    }

    fn wrong_type<T>(&mut self, asked: &ApiQueryField, expected: &str, found: &str) -> Option<T> {
        let message = format!("the filter `{}` must be {expected}, not {found}", asked.name);
        let place = asked.value_place.clone();
        self.faults.push(Diagnostic { severity: Severity::Error, message, place, hint: None });
        None
    }
}

fn error(what: &str, fault: &ValueFault, place: &Place) -> Diagnostic {
    let message = format!("{what}: {fault}");
    Diagnostic { severity: Severity::Error, message, place: place.clone(), hint: fault.hint() }
}

/// A single value as a text; a container is handed back. A null in a list is an empty text, which no field takes.
fn scalar(value: &Value) -> Result<String, &Value> {
    match value {
        Value::Null => Ok(String::new()),
        Value::Bool(flag) => Ok(flag.to_string()),
        Value::Number(number) => Ok(number.to_string()),
        Value::String(text) => Ok(text.clone()),
        Value::Array(_) | Value::Object(_) => Err(value),
    }
}

fn type_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "empty",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}

/// The field that somebody who wrote `name` may have meant.
fn nearest(name: &str, kind: Kind) -> Option<Field> {
    /// Letters that may be wrong, missing or swapped.
    const SLIPS: usize = 2;
    let plain = |name: &str| name.replace(['_', '-', ' ', '.'], "").to_lowercase();
    let written = plain(name);
    let near =
        Field::of(kind).map(|field| (strsim::damerau_levenshtein(&written, &plain(field.name())), field));
    // Of a short name little would be left.
    let near = near.filter(|(slips, field)| *slips <= SLIPS.min(field.name().len() / 3));
    near.min_by_key(|(slips, _)| *slips).map(|(_, field)| field)
}

#[cfg(test)]
mod tests;
