//! Finding entities: rules, and the three calls that use them.

use std::collections::BTreeSet;

use axum::http::StatusCode;
use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::answer::{Refusal, carrying, object_with, success};
use super::clock::iso;
use super::shelf::{Held, Key};
use super::view::{self, View};
use super::{Answer, Asked, Catalog};

/// Rules nested deeper than this are refused.
const DEPTH: usize = 16;

/// Most entities on a page of one blueprint, and how many come when nothing is asked.
const PAGE_LIMIT: usize = 1000;
const PAGE_DEFAULT: usize = 200;

/// Most entities on a page of the inventory.
const INVENTORY_LIMIT: usize = 5000;

/// A search query.
#[derive(Clone, Debug)]
pub(super) enum Rule {
    All(Vec<Rule>),
    Any(Vec<Rule>),
    Is(String, Operator, Value),
    RelatedTo(Key),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Operator {
    Equal,
    NotEqual,
    In,
    NotIn,
    Contains,
    ContainsAny,
    DoesNotContain,
    BeginsWith,
    DoesNotBeginWith,
    EndsWith,
    DoesNotEndWith,
    Above,
    AtLeast,
    Below,
    AtMost,
    IsEmpty,
    IsNotEmpty,
}

impl Operator {
    fn of(name: &str) -> Option<Self> {
        Some(match name {
            "=" => Self::Equal,
            "!=" => Self::NotEqual,
            "in" => Self::In,
            "notIn" => Self::NotIn,
            "contains" => Self::Contains,
            "containsAny" => Self::ContainsAny,
            "doesNotContains" => Self::DoesNotContain,
            "beginsWith" => Self::BeginsWith,
            "doesNotBeginsWith" => Self::DoesNotBeginWith,
            "endsWith" => Self::EndsWith,
            "doesNotEndsWith" => Self::DoesNotEndWith,
            ">" => Self::Above,
            ">=" => Self::AtLeast,
            "<" => Self::Below,
            "<=" => Self::AtMost,
            "isEmpty" => Self::IsEmpty,
            "isNotEmpty" => Self::IsNotEmpty,
            _ => return None,
        })
    }

    fn holds(self, found: &Value, wanted: &Value) -> bool {
        let listed = |list: &Value, one: &Value| list.as_array().is_some_and(|list| list.contains(one));
        let text = |test: fn(&str, &str) -> bool| match (found, wanted) {
            (Value::String(found), Value::String(wanted)) => test(found, wanted),
            _ => false,
        };
        let ordered = || match (found, wanted) {
            (Value::Number(_), Value::Number(_)) => found.as_f64()?.partial_cmp(&wanted.as_f64()?),
            (Value::String(found), Value::String(wanted)) => Some(found.cmp(wanted)),
            _ => None,
        };
        let contains = || match found {
            Value::Array(list) => list.contains(wanted),
            _ => text(|found, wanted| found.contains(wanted)),
        };
        let empty = || match found {
            Value::Null => true,
            Value::String(text) => text.is_empty(),
            Value::Array(list) => list.is_empty(),
            Value::Object(object) => object.is_empty(),
            Value::Bool(_) | Value::Number(_) => false,
        };
        match self {
            Self::Equal => found == wanted,
            Self::NotEqual => found != wanted,
            Self::In => listed(wanted, found),
            Self::NotIn => !listed(wanted, found),
            Self::Contains => contains(),
            Self::DoesNotContain => !contains(),
            Self::ContainsAny => match (found, wanted) {
                (Value::Array(list), Value::Array(any)) => any.iter().any(|one| list.contains(one)),
                _ => listed(wanted, found),
            },
            Self::BeginsWith => text(|found, wanted| found.starts_with(wanted)),
            Self::DoesNotBeginWith => !text(|found, wanted| found.starts_with(wanted)),
            Self::EndsWith => text(|found, wanted| found.ends_with(wanted)),
            Self::DoesNotEndWith => !text(|found, wanted| found.ends_with(wanted)),
            Self::Above => ordered().is_some_and(std::cmp::Ordering::is_gt),
            Self::AtLeast => ordered().is_some_and(std::cmp::Ordering::is_ge),
            Self::Below => ordered().is_some_and(std::cmp::Ordering::is_lt),
            Self::AtMost => ordered().is_some_and(std::cmp::Ordering::is_le),
            Self::IsEmpty => empty(),
            Self::IsNotEmpty => !empty(),
        }
    }
}

impl Rule {
    pub(super) fn parse(query: &Value) -> Result<Self, Refusal> {
        Self::parse_at(query, 0)
    }

    fn parse_at(query: &Value, depth: usize) -> Result<Self, Refusal> {
        if depth > DEPTH {
            return Err(Refusal::syntax(format!("rules nest deeper than {DEPTH}")));
        }
        let said = |key: &str| query.get(key).and_then(Value::as_str);
        if let Some(combinator) = said("combinator") {
            let rules = query.get("rules").and_then(Value::as_array);
            let rules = rules.ok_or_else(|| Refusal::syntax("`rules` must be an array"))?;
            let rules = rules.iter().map(|rule| Self::parse_at(rule, depth + 1)).collect::<Result<_, _>>()?;
            return match combinator {
                "and" => Ok(Self::All(rules)),
                "or" => Ok(Self::Any(rules)),
                other => Err(Refusal::syntax(format!("unknown combinator `{other}`"))),
            };
        }
        let operator = said("operator").ok_or_else(|| Refusal::syntax("a rule has no operator"))?;
        if operator == "relatedTo" {
            let (Some(blueprint), Some(value)) = (said("blueprint"), said("value")) else {
                return Err(Refusal::syntax("`relatedTo` needs `blueprint` and `value`"));
            };
            return Ok(Self::RelatedTo(Key::new(blueprint, value)));
        }
        let operator = Operator::of(operator)
            .ok_or_else(|| Refusal::syntax(format!("unknown operator `{operator}`")))?;
        let property = said("property").ok_or_else(|| Refusal::syntax("a rule has no property"))?;
        let value = query.get("value").cloned().unwrap_or(Value::Null);
        Ok(Self::Is(property.to_owned(), operator, value))
    }

    pub(super) fn holds(&self, key: &Key, held: &Held) -> bool {
        match self {
            Self::All(rules) => rules.iter().all(|rule| rule.holds(key, held)),
            Self::Any(rules) => rules.iter().any(|rule| rule.holds(key, held)),
            Self::Is(property, operator, value) => operator.holds(&read(property, key, held), value),
            Self::RelatedTo(target) => held.points_at.contains(target),
        }
    }

    /// What every entity found must have as `$blueprint`, and the identifiers it may have, where the rules pin them.
    fn pinned<'a>(&'a self, property: &str) -> Option<BTreeSet<&'a str>> {
        match self {
            Self::All(rules) => rules.iter().find_map(|rule| rule.pinned(property)),
            Self::Is(name, Operator::Equal, Value::String(value)) if name == property => {
                Some(BTreeSet::from([value.as_str()]))
            }
            Self::Is(name, Operator::In, Value::Array(values)) if name == property => {
                Some(values.iter().filter_map(Value::as_str).collect())
            }
            _ => None,
        }
    }
}

fn read(property: &str, key: &Key, held: &Held) -> Value {
    match property {
        "$identifier" => json!(&*key.identifier),
        "$blueprint" => json!(&*key.blueprint),
        "$datasource" | "$createdBy" | "$updatedBy" => json!(&*held.datasource),
        "$createdAt" => json!(iso(held.created)),
        "$updatedAt" => json!(iso(held.updated)),
        _ => {
            let facts = held.facts();
            match property {
                "$title" => facts.title.unwrap_or(Value::Null),
                "$icon" => facts.icon.unwrap_or(Value::Null),
                "$team" => Value::Array(facts.team),
                id => {
                    let mut parts = [facts.properties, facts.relations].into_iter();
                    parts.find_map(|mut part| part.shift_remove(id)).unwrap_or(Value::Null)
                }
            }
        }
    }
}

impl Catalog {
    fn matching(&self, rule: &Rule) -> Vec<(Key, Held)> {
        let owned = |(key, held): (&Key, &Held)| (key.clone(), held.clone());
        let holds = |(key, held): &(&Key, &Held)| rule.holds(key, held);
        match (rule.pinned("$blueprint"), rule.pinned("$identifier")) {
            (Some(blueprints), Some(identifiers)) => blueprints
                .iter()
                .flat_map(|blueprint| identifiers.iter().map(move |id| Key::new(blueprint, id)))
                .filter_map(|key| self.shelf.entity(&key).cloned().map(|held| (key, held)))
                .filter(|(key, held)| rule.holds(key, held))
                .collect(),
            (Some(blueprints), None) => blueprints
                .iter()
                .flat_map(|blueprint| self.shelf.of_blueprint(blueprint, ""))
                .filter(holds)
                .map(owned)
                .collect(),
            _ => self.shelf.all().filter(holds).map(owned).collect(),
        }
    }

    pub(super) fn search(&self, asked: &Asked) -> Result<Answer, Refusal> {
        let rule = Rule::parse(&Value::Object(object_with(asked, &["combinator", "rules"])?))?;
        let included: Vec<&str> = asked.params("include").collect();
        let view = View::of_search(&included);
        let found = self.matching(&rule);
        let blueprints: BTreeSet<&str> = found.iter().map(|(key, _)| &*key.blueprint).collect();
        let tail = Map::from_iter([("matchingBlueprints".to_owned(), json!(blueprints))]);
        Ok(view.answer(found.iter().map(|(key, held)| (key, held)), &tail))
    }

    pub(super) fn large_page(&self, asked: &Asked) -> Result<Answer, Refusal> {
        let blueprint = asked.segments.get(2).map_or("", String::as_str);
        if !self.shelf.blueprints.contains_key(blueprint) {
            return Err(Refusal::not_found("Blueprint", blueprint));
        }
        let body = object_with(asked, &["query", "include", "exclude", "limit", "from"])?;
        let rule = body.get("query").map(Rule::parse).transpose()?;
        let limit = limit(&body, PAGE_DEFAULT, PAGE_LIMIT)?;
        let view = View::of_page(&body)?;
        let from = cursor(&body)?.pop().unwrap_or_default();
        let mut found = self
            .shelf
            .of_blueprint(blueprint, &from)
            .filter(|(key, held)| rule.as_ref().is_none_or(|rule| rule.holds(key, held)));
        let page: Vec<_> = found.by_ref().take(limit).collect();
        let mut tail = Map::new();
        if let (Some(_), Some((last, _))) = (found.next(), page.last()) {
            tail.insert("next".to_owned(), bookmark(&[&last.identifier]).into());
        }
        Ok(view.answer(page.into_iter(), &tail))
    }

    pub(super) fn datasource_entities(&self, asked: &Asked) -> Result<Answer, Refusal> {
        let body =
            object_with(asked, &["datasource_prefix", "datasource_suffix", "before", "limit", "from"])?;
        let said = |key: &str| body.get(key).and_then(Value::as_str);
        let (Some(prefix), Some(suffix)) = (said("datasource_prefix"), said("datasource_suffix")) else {
            return Err(Refusal::syntax("`datasource_prefix` and `datasource_suffix` are required"));
        };
        let before = match body.get("before") {
            None | Some(Value::Null) => None,
            Some(value) => {
                let at = value.as_str().and_then(|text| text.parse::<Timestamp>().ok());
                Some(at.ok_or_else(|| Refusal::syntax("`before` must be a date and time"))?)
            }
        };
        let limit = limit(&body, INVENTORY_LIMIT, INVENTORY_LIMIT)?;
        let mut from = cursor(&body)?.into_iter();
        let after = match (from.next(), from.next()) {
            (Some(blueprint), Some(identifier)) => Key::new(&blueprint, &identifier),
            _ => Key::new("", ""),
        };
        let mut found = self.shelf.after(after).filter(|(_, held)| {
            held.datasource.starts_with(prefix)
                && held.datasource.ends_with(suffix)
                && before.is_none_or(|before| held.updated < before)
        });
        let page: Vec<&Key> = found.by_ref().take(limit).map(|(key, _)| key).collect();
        let next = match (found.next(), page.last()) {
            (Some(_), Some(last)) => json!(bookmark(&[&last.blueprint, &last.identifier])),
            _ => Value::Null,
        };
        let entities = page
            .iter()
            .map(|key| json!({ "identifier": &*key.identifier, "blueprint": &*key.blueprint }))
            .collect();
        let mut body = success("entities", entities);
        body.insert("next".to_owned(), next);
        Ok(Answer::json(StatusCode::OK, &Value::Object(body)))
    }

    pub(super) fn get_entity(&self, asked: &Asked) -> Result<Answer, Refusal> {
        let part = |at: usize| asked.segments.get(at).map_or("", String::as_str);
        let key = Key::new(part(2), part(4));
        self.shelf
            .entity(&key)
            .map(|held| carrying(StatusCode::OK, "entity", view::whole(&key, held)))
            .ok_or_else(|| Refusal::not_found("Entity", part(4)))
    }
}

fn limit(body: &Map<String, Value>, default: usize, most: usize) -> Result<usize, Refusal> {
    match body.get("limit") {
        None => Ok(default),
        Some(value) => value
            .as_u64()
            .and_then(|limit| usize::try_from(limit).ok())
            .filter(|limit| (1..=most).contains(limit))
            .ok_or_else(|| Refusal::syntax(format!("`limit` must be between 1 and {most}"))),
    }
}

/// Where the next page begins, written so that no client takes it apart: hexadecimal of a JSON list.
fn bookmark(after: &[&str]) -> String {
    let plain = json!(after).to_string();
    plain
        .bytes()
        .flat_map(|byte| [byte >> 4, byte & 15])
        .filter_map(|digit| char::from_digit(digit.into(), 16))
        .collect()
}

fn cursor(body: &Map<String, Value>) -> Result<Vec<String>, Refusal> {
    let given = match body.get("from") {
        None => return Ok(Vec::new()),
        Some(Value::String(given)) => given,
        Some(_) => return Err(Refusal::syntax("`from` must be a text")),
    };
    let bytes: Option<Vec<u8>> =
        (0..given.len()).step_by(2).map(|at| u8::from_str_radix(given.get(at..at + 2)?, 16).ok()).collect();
    bytes
        .and_then(|bytes| serde_json::from_slice(&bytes).ok())
        .ok_or_else(|| Refusal::syntax("`from` is not the `next` of a page"))
}
