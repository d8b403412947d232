//! Regular expressions.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Arc;

use fancy_regex::{Captures, CompileError, Error, Regex, RegexBuilder};
use jaq_core::box_iter::box_once;
use jaq_core::native::{bome, v};
use jaq_core::{Bind, Cv, ValXs};

use super::{Table, dialect, special};
use crate::jq::arithmetic;
use crate::jq::engine::Kind;
use crate::jq::meter::{self, Stop};
use crate::jq::val::{Outcome, Val, count, raise, shown};
use crate::value::{Object, Value};

/// Compiled expressions that a thread keeps; mappings have a handful, programs that build theirs must not fill memory.
const KEPT: usize = 64;

/// Steps of backtracking for one search; a search that needs more is given up.
const MAX_BACKTRACKS: usize = 1_000_000;

/// Bytes that all these steps may look through, as each may look through the whole text: some seconds at most.
const MAX_LOOKED_THROUGH: usize = 1 << 32;

/// Texts up to this many bytes get all [`MAX_BACKTRACKS`], longer ones fewer.
const SHORT_TEXT: usize = 4096;

/// Steps of an evaluation that compiling an expression counts for: it takes about a millisecond.
const STEPS_TO_COMPILE: u64 = 2_000;

/// Compiled expressions by pattern, flags and the length of the texts that they are for.
type Compiled = HashMap<(Arc<str>, Flags, usize), Rc<Regex>>;

thread_local! {
    static COMPILED: RefCell<Compiled> = RefCell::new(HashMap::new());
}

pub(super) fn table() -> Table {
    vec![
        special("@matches", v(2), |mut cv| {
            let (flags, pattern) = (cv.0.pop_var(), cv.0.pop_var());
            bome(raise(matches(&cv.1.0, &pattern.0, &flags.0, Want::Matches)))
        }),
        special("@test", v(2), |mut cv| {
            let (flags, pattern) = (cv.0.pop_var(), cv.0.pop_var());
            bome(raise(matches(&cv.1.0, &pattern.0, &flags.0, Want::Whether)))
        }),
        special("@sub", [Bind::Var(()), Bind::Var(()), Bind::Fun(())].into(), substitute),
    ]
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

/// The text, the expression and its flags, or what jq says of them.
fn prepared<'v>(
    value: &'v Value,
    pattern: &Value,
    flags: &Value,
) -> Result<(&'v str, Rc<Regex>, Flags), String> {
    let Value::String(text) = value else {
        return Err(format!("{} cannot be matched, as it is not a string", shown(value)));
    };
    let Value::String(pattern) = pattern else {
        return Err(format!("{} is not a string", shown(pattern)));
    };
    let flags = match flags {
        Value::Null => Flags::default(),
        Value::String(text) => {
            Flags::parse(text).ok_or_else(|| format!("{text} is not a valid modifier string"))?
        }
        other => return Err(format!("{} is not a string", shown(other))),
    };
    let regex = compiled(pattern, flags, text.len()).map_err(|text| format!("Regex failure: {text}"))?;
    Ok((text, regex, flags))
}

fn matches(value: &Value, pattern: &Value, flags: &Value, want: Want) -> Outcome {
    let (text, regex, flags) = prepared(value, pattern, flags)?;
    if want == Want::Whether {
        return Ok(Value::Bool(next_match(&regex, text, 0)?.is_some()));
    }
    let mut places = Places { text, byte: 0, char: 0 };
    let mut found = Vec::new();
    each_match(text, &regex, flags, |captures, repeat| {
        meter::make(BYTES_PER_MATCH)?;
        let object = match_object(&mut places, &regex, captures);
        found.push(match repeat {
            Repeat::First => object,
            Repeat::At(byte) => object.with("offset", count(places.chars_before(byte))),
        });
        Ok(())
    })?;
    Ok(Value::array(found))
}

fn next_match<'t>(regex: &Regex, text: &'t str, from: usize) -> Result<Option<Captures<'t, str>>, String> {
    let captures = regex.captures_from_pos(text, from).map_err(|error| match error {
        Error::RuntimeError(_) => meter::stop(Stop::Regex),
        other => format!("Regex failure: {other}"),
    })?;
    let end = captures.as_ref().and_then(|captures| captures.get(0)).map_or(text.len(), |whole| whole.end());
    meter::read(end.saturating_sub(from))?;
    Ok(captures)
}

/// Whether a match is told of for the first time.
#[derive(Clone, Copy, PartialEq)]
enum Repeat {
    First,
    /// An empty match again: jq goes on one byte later, finds it within a longer character, and takes it for one
    /// behind that character.
    At(usize),
}

/// Shows every match, or the first one when they are not wanted globally.
fn each_match<'t>(
    text: &'t str,
    regex: &Regex,
    flags: Flags,
    mut see: impl FnMut(&Captures<'t, str>, Repeat) -> Result<(), String>,
) -> Result<(), String> {
    let mut from = 0;
    while from <= text.len() {
        let Some(captures) = next_match(regex, text, from)? else { break };
        see(&captures, Repeat::First)?;
        if !flags.has(Flags::GLOBAL) {
            break;
        }
        let (start, end) = captures.get(0).map_or((from, from), |whole| (whole.start(), whole.end()));
        from = end;
        if start == end {
            let width = text[end..].chars().next().map_or(1, char::len_utf8);
            from += width;
            for _ in 1..width {
                see(&captures, Repeat::At(from))?;
            }
        }
    }
    Ok(())
}

/// `sub`: the outputs of the replacement make one text each; the first of every match the first text, and so on.
fn substitute(mut cv: Cv<'_, Kind>) -> ValXs<'_, Val> {
    let (replacement, context) = cv.0.pop_fun();
    let (flags, pattern) = (cv.0.pop_var(), cv.0.pop_var());
    let mut made: Vec<String> = Vec::new();
    let mut end = 0;
    let edits = || {
        let (text, regex, flags) = prepared(&cv.1.0, &pattern.0, &flags.0)?;
        let mut edits = Vec::new();
        each_match(text, &regex, flags, |captures, repeat| {
            let whole = match repeat {
                Repeat::First => captures.get(0).map_or((0, 0), |whole| (whole.start(), whole.end())),
                Repeat::At(byte) => (byte, byte),
            };
            meter::make(BYTES_PER_MATCH)?;
            edits.push((whole, captured(&regex, captures)));
            Ok(())
        })?;
        Ok((text, edits))
    };
    let (text, edits) = match edits() {
        Ok(edits) => edits,
        Err(text) => return bome(raise(Err(text))),
    };
    for ((start, match_end), groups) in edits {
        let gap = &text[end..start.max(end)];
        for (at, output) in replacement.run((context.clone(), Val(groups))).enumerate() {
            let output = match output {
                Ok(output) => output.0,
                Err(exception) => return box_once(Err(exception)),
            };
            let new = match &output {
                Value::String(new) => new,
                Value::Null => "",
                _ => return bome(raise(arithmetic::add(Value::from(gap), output))),
            };
            if made.len() == at {
                made.push(String::new());
            }
            if let Err(text) = meter::make(gap.len() + new.len()) {
                return bome(raise(Err(text)));
            }
            made[at].extend([gap, new]);
        }
        end = match_end;
    }
    if made.is_empty() {
        return box_once(Ok(cv.1));
    }
    let rest = text[end..].to_owned();
    Box::new(made.into_iter().map(move |made| Ok(Val(Value::from(made + &rest)))))
}

/// The named groups of a match: what the replacement gets.
fn captured(regex: &Regex, captures: &Captures<'_, str>) -> Value {
    let named = regex.capture_names().enumerate().filter_map(|(at, name)| Some((at, name?)));
    let group = |at| captures.get(at).map_or(Value::Null, |group| Value::from(group.as_str()));
    Value::object(named.map(|(at, name)| (name, group(at))).collect())
}

/// About what a match takes as a value.
const BYTES_PER_MATCH: usize = 512;

/// From bytes to characters, from where it was asked last.
struct Places<'t> {
    text: &'t str,
    byte: usize,
    char: usize,
}

impl Places<'_> {
    /// How many characters stand before this byte.
    fn chars_before(&mut self, byte: usize) -> usize {
        if byte < self.byte {
            return self.text[..byte].chars().count();
        }
        self.char += self.text[self.byte..byte].chars().count();
        self.byte = byte;
        self.char
    }
}

fn compiled(pattern: &Arc<str>, flags: Flags, length: usize) -> Result<Rc<Regex>, String> {
    let length = length.max(SHORT_TEXT).next_power_of_two();
    let key = (Arc::clone(pattern), flags, length);
    if let Some(regex) = COMPILED.with_borrow(|compiled| compiled.get(&key).cloned()) {
        return Ok(regex);
    }
    meter::spend(STEPS_TO_COMPILE).map_err(|stop| stop.to_string())?;
    let mut builder = RegexBuilder::new(&dialect::translate(pattern)?);
    builder
        .case_insensitive(flags.has(Flags::IGNORE_CASE))
        .verbose_mode(flags.has(Flags::EXTENDED))
        .dot_matches_new_line(flags.has(Flags::DOT_ALL))
        .find_not_empty(flags.has(Flags::NOT_EMPTY))
        .backtrack_limit(MAX_BACKTRACKS.min(MAX_LOOKED_THROUGH / length));
    let regex = match builder.build() {
        // Whatever it matches is empty, which is not wanted.
        Err(Error::CompileError(error)) if matches!(*error, CompileError::PatternCanNeverMatch) => {
            Regex::new("(?!)")
        }
        built => built,
    };
    let regex = Rc::new(regex.map_err(|error| error.to_string())?);
    COMPILED.with_borrow_mut(|compiled| {
        if compiled.len() >= KEPT {
            compiled.clear();
        }
        compiled.insert(key, Rc::clone(&regex));
    });
    Ok(regex)
}

fn match_object(places: &mut Places<'_>, regex: &Regex, captures: &Captures<'_, str>) -> Value {
    let mut whole = span(places, captures.get(0).map(|whole| (whole.start(), whole.end())));
    let groups = regex.capture_names().enumerate().skip(1).map(|(at, name)| {
        let mut group = span(places, captures.get(at).map(|group| (group.start(), group.end())));
        group.insert("name", name.map_or(Value::Null, Value::from));
        Value::object(group)
    });
    whole.insert("captures", groups.collect());
    Value::object(whole)
}

/// Where a part of the text stands, in characters, and what it is.
fn span(places: &mut Places<'_>, part: Option<(usize, usize)>) -> Object {
    let (offset, length, string) = match part {
        Some((start, end)) => {
            let part = &places.text[start..end];
            (count(places.chars_before(start)), count(part.chars().count()), Value::from(part))
        }
        None => (Value::from(-1.0), count(0), Value::Null),
    };
    [("offset", offset), ("length", length), ("string", string)].into_iter().collect()
}
