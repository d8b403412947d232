//! Regular expressions.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Arc;

use fancy_regex::{Captures, Regex, RegexBuilder};
use jaq_core::native::{bome, v};

use super::{Table, dialect};
use crate::jq::meter;
use crate::jq::val::{Outcome, count, raise, shown};
use crate::value::{Object, Value};

/// Compiled expressions that a thread keeps; mappings have a handful, programs that build theirs must not fill memory.
const KEPT: usize = 64;

/// Steps of backtracking for one search; a search that needs more is given up.
const MAX_BACKTRACKS: usize = 1_000_000;

/// Compiled expressions by pattern and flags.
type Compiled = HashMap<(Arc<str>, Flags), Rc<Regex>>;

thread_local! {
    static COMPILED: RefCell<Compiled> = RefCell::new(HashMap::new());
}

pub(super) fn table() -> Table {
    vec![("@matches", v(3), |mut cv| {
        let (test, flags, pattern) = (cv.0.pop_var(), cv.0.pop_var(), cv.0.pop_var());
        let want = if test.0.as_bool() == Some(true) { Want::Whether } else { Want::Matches };
        bome(raise(matches(&cv.1.0, &pattern.0, &flags.0, want)))
    })]
}

/// What is asked about the matches.
#[derive(Clone, Copy, PartialEq)]
enum Want {
    Whether,
    Matches,
}

#[derive(Clone, Copy, Default, PartialEq, Eq, Hash)]
struct Flags(u8);

impl Flags {
    const GLOBAL: u8 = 1;
    const IGNORE_CASE: u8 = 2;
    const EXTENDED: u8 = 4;
    const DOT_ALL: u8 = 8;
    const NOT_EMPTY: u8 = 16;

    fn parse(text: &str) -> Option<Self> {
        text.chars().try_fold(Self::default(), |Self(flags), char| {
            let flag = match char {
                'g' => Self::GLOBAL,
                'i' => Self::IGNORE_CASE,
                'x' => Self::EXTENDED,
                'm' | 'p' => Self::DOT_ALL,
                'n' => Self::NOT_EMPTY,

                's' | 'l' => 0,
                _ => return None,
            };
            Some(Self(flags | flag))
        })
    }

    fn has(self, flag: u8) -> bool {
        self.0 & flag != 0
    }
}

fn matches(value: &Value, pattern: &Value, flags: &Value, want: Want) -> Outcome {
    let Value::String(text) = value else {
        return Err(format!("{} cannot be matched, as it is not a string", shown(value)));
    };
    let Value::String(pattern) = pattern else {
        return Err(format!("{} cannot be matched, as it is not a string", shown(pattern)));
    };
    let flags = match flags {
        Value::Null => Flags::default(),
        Value::String(text) => {
            Flags::parse(text).ok_or_else(|| format!("{text} is not a valid modifier string"))?
        }
        other => return Err(format!("{} is not a string", shown(other))),
    };
    let regex = compiled(pattern, flags).map_err(|text| format!("Regex failure: {text}"))?;
    let mut found = Vec::new();
    let mut from = 0;
    while from <= text.len() {
        if meter::spend(1).is_err() {
            break;
        }
        let captures =
            regex.captures_from_pos(&**text, from).map_err(|error| format!("Regex failure: {error}"))?;
        let Some(captures) = captures else { break };
        if want == Want::Whether {
            return Ok(Value::Bool(true));
        }
        let (start, end) = captures.get(0).map_or((from, from), |whole| (whole.start(), whole.end()));
        found.push(match_object(text, &regex, &captures));
        if !flags.has(Flags::GLOBAL) {
            break;
        }
        from = end;
        if start == end {
            // jq goes on one byte later, and finds the empty match again within a longer character.
            let width = text[end..].chars().next().map_or(1, char::len_utf8);
            for _ in 1..width {
                found.push(shifted(match_object(text, &regex, &captures)));
            }
            from += width;
        }
    }
    Ok(if want == Want::Whether { Value::Bool(false) } else { Value::array(found) })
}

/// The empty match a byte into the character it stood before.
fn shifted(found: Value) -> Value {
    let offset = found.get("offset").as_f64().unwrap_or_default();
    found.with("offset", Value::from(offset + 1.0))
}

fn compiled(pattern: &Arc<str>, flags: Flags) -> Result<Rc<Regex>, String> {
    let key = (Arc::clone(pattern), flags);
    if let Some(regex) = COMPILED.with_borrow(|compiled| compiled.get(&key).cloned()) {
        return Ok(regex);
    }
    let mut builder = RegexBuilder::new(&dialect::translate(pattern)?);
    builder
        .case_insensitive(flags.has(Flags::IGNORE_CASE))
        .verbose_mode(flags.has(Flags::EXTENDED))
        .dot_matches_new_line(flags.has(Flags::DOT_ALL))
        .find_not_empty(flags.has(Flags::NOT_EMPTY))
        .backtrack_limit(MAX_BACKTRACKS);
    let regex = Rc::new(builder.build().map_err(|error| error.to_string())?);
    COMPILED.with_borrow_mut(|compiled| {
        if compiled.len() >= KEPT {
            compiled.clear();
        }
        compiled.insert(key, Rc::clone(&regex));
    });
    Ok(regex)
}

fn match_object(text: &str, regex: &Regex, captures: &Captures<'_, str>) -> Value {
    let groups = regex.capture_names().enumerate().skip(1).map(|(at, name)| {
        let mut group = span(text, captures.get(at).map(|group| (group.start(), group.end())));
        group.insert("name", name.map_or(Value::Null, Value::from));
        Value::object(group)
    });
    let mut whole = span(text, captures.get(0).map(|whole| (whole.start(), whole.end())));
    whole.insert("captures", groups.collect());
    Value::object(whole)
}

/// Where a part of the text stands, in characters, and what it is.
fn span(text: &str, part: Option<(usize, usize)>) -> Object {
    let (offset, length, string) = match part {
        Some((start, end)) => {
            let part = &text[start..end];
            (count(text[..start].chars().count()), count(part.chars().count()), Value::from(part))
        }
        None => (Value::from(-1.0), count(0), Value::Null),
    };
    [("offset", offset), ("length", length), ("string", string)].into_iter().collect()
}
