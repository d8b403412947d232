//! The filters that are not defined by others.

mod convert;
mod dialect;
mod formats;
mod math;
mod paths;
mod regex;
mod strings;
mod time;

use std::collections::HashMap;
use std::sync::LazyLock;

use jaq_core::box_iter::box_once;
use jaq_core::native::{Filter, Fun, bome, run, v};
use jaq_core::{Bind, Error, Exn, RunPtr};

use super::engine::Kind;
use super::val::{Outcome, Val, raise};
use super::{collections, index, meter};
use crate::value::Value;

type Table = Vec<Entry>;

/// A native as the evaluator runs it, and the function that it is where it is no more than one.
struct Entry {
    filter: Filter<RunPtr<Kind>>,
    plain: Option<Plain>,
}

/// A native that is a function of values.
#[derive(Clone, Copy)]
pub(super) enum Plain {
    /// Of the input.
    Unary(fn(&Value) -> Outcome),
    /// Of the input and one argument.
    Binary(fn(&Value, &Value) -> Outcome),
}

/// A native that is more than a function of values, or one of more of them.
fn special(name: &'static str, arguments: Box<[Bind]>, run: RunPtr<Kind>) -> Entry {
    Entry { filter: (name, arguments, run), plain: None }
}

/// What `builtins` lists: the names of jq 1.8.2, some of which have no meaning here.
const BUILTINS: &str = include_str!("builtins.txt");

/// A native of the input alone.
macro_rules! unary {
    ($name:literal, $function:expr) => {
        $crate::jq::natives::Entry {
            filter: ($name, jaq_core::native::v(0), |cv| {
                jaq_core::native::bome($crate::jq::val::raise($function(&cv.1.0)))
            }),
            plain: Some($crate::jq::natives::Plain::Unary(|value| $function(value))),
        }
    };
}

/// A native of the input and one argument.
macro_rules! binary {
    ($name:literal, $function:expr) => {
        $crate::jq::natives::Entry {
            filter: ($name, jaq_core::native::v(1), |mut cv| {
                let argument = cv.0.pop_var();
                jaq_core::native::bome($crate::jq::val::raise($function(&cv.1.0, &argument.0)))
            }),
            plain: Some($crate::jq::natives::Plain::Binary(|value, argument| $function(value, argument))),
        }
    };
}

pub(super) use {binary, unary};

/// Every native.
pub(super) fn all() -> impl Iterator<Item = Fun<Kind>> {
    tables().map(|native| run::<Kind>(native.filter)).chain(paths::all()).chain(from_jaq())
}

/// The function that a native is.
pub(super) fn plain(name: &str, arity: usize) -> Option<Plain> {
    PLAIN.get(&(name, arity)).copied()
}

static PLAIN: LazyLock<HashMap<(&'static str, usize), Plain>> = LazyLock::new(|| {
    let named =
        |Entry { filter: (name, arguments, _run), plain }: Entry| Some(((name, arguments.len()), plain?));
    tables().filter_map(named).collect()
});

fn tables() -> impl Iterator<Item = Entry> {
    let tables =
        [core(), collections_table(), strings::table(), convert::table(), formats::table(), math::table()];
    tables.into_iter().chain([regex::table(), time::table()]).flatten()
}

fn core() -> Table {
    vec![
        unary!("true", |_| Ok(Value::Bool(true))),
        unary!("false", |_| Ok(Value::Bool(false))),
        unary!("null", |_| Ok(Value::Null)),
        special("halt", v(0), |_| box_once(Err(Exn::halt(0)))),
        special("@last_or_null", [Bind::Fun(())].into(), |mut cv| {
            let (f, context) = cv.0.pop_fun();
            let last = f.run((context, cv.1)).try_fold(Val(Value::Null), |_, output| output);
            box_once(last)
        }),
        special("@range", v(3), |mut cv| {
            let (by, upto, from) = (cv.0.pop_var(), cv.0.pop_var(), cv.0.pop_var());
            match (from.0.as_f64(), upto.0.as_f64(), by.0.as_f64()) {
                (Some(from), Some(upto), Some(by)) => Box::new(range(from, upto, by)),
                _ => bome(Err(Error::str("Range bounds must be numeric"))),
            }
        }),
        unary!("input_line_number", |_| Err("Unknown input line number".to_owned())),
        unary!("input_filename", |_| Ok(Value::Null)),
        unary!("have_decnum", |_| Ok(Value::Bool(true))),
        unary!("have_literal_numbers", |_| Ok(Value::Bool(true))),
        unary!("builtins", |_| Ok(BUILTINS.split_ascii_whitespace().map(Value::from).collect())),
        unary!("get_search_list", |_| Ok(Value::array(Vec::new()))),
    ]
}

/// The numbers from `from` on, before `upto`, in steps.
fn range<'a>(from: f64, upto: f64, by: f64) -> impl Iterator<Item = Result<Val, Exn<'a, Val>>> {
    let mut at = from;
    std::iter::from_fn(move || {
        let inside = if by > 0.0 { at < upto } else { by < 0.0 && at > upto };
        inside.then(|| {
            let value = Val(Value::from(at));
            at += by;
            meter::spend(1).map(|()| value).map_err(meter::halt)
        })
    })
}

fn collections_table() -> Table {
    vec![
        unary!("length", collections::length),
        unary!("keys", collections::keys),
        unary!("keys_unsorted", collections::keys_unsorted),
        unary!("to_entries", collections::to_entries),
        unary!("add", collections::add),
        unary!("reverse", collections::reverse),
        unary!("sort", collections::sort),
        unary!("unique", collections::unique),
        unary!("min", collections::min),
        unary!("max", collections::max),
        unary!("type", |value| Ok(Value::from(super::val::kind(value)))),
        binary!("has", collections::has),
        binary!("contains", collections::contains),
        binary!("join", collections::join),
        binary!("bsearch", collections::bsearch),
        binary!("@sort_by", collections::sort_by),
        binary!("@group_by", collections::group_by),
        binary!("@unique_by", collections::unique_by),
        binary!("@min_by", collections::min_by),
        binary!("@max_by", collections::max_by),
        binary!("@indices", collections::text_indices),
        special("delpaths", v(1), |mut cv| {
            let paths = cv.0.pop_var();
            bome(raise(index::delete_paths(cv.1.0, &paths.0)))
        }),
        special("@setpath", v(2), |mut cv| {
            let (new, path) = (cv.0.pop_var(), cv.0.pop_var());
            bome(raise(match &path.0 {
                Value::Array(path) => index::set_path(cv.1.0, path, new.0),
                _ => Err("Path must be specified as an array".to_owned()),
            }))
        }),
    ]
}

/// Functions of numbers that the standard library of Rust does not have.
const RARE_MATH: [&str; 12] =
    ["erf", "erfc", "j0", "j1", "jn", "lgamma", "tgamma", "y0", "y1", "yn", "nextafter", "remainder"];

/// What jaq's libraries bring, under the names that our prelude uses.
fn from_jaq() -> impl Iterator<Item = Fun<Kind>> {
    let math = jaq_std::extra_funs::<Kind>().filter(|(name, _, _)| RARE_MATH.contains(name));
    let core = jaq_core::funs::<Kind>().filter_map(|(name, arguments, native)| {
        let ours = match name {
            "first" => "@first",
            "last" => "@last",
            "limit" => "@limit",
            "skip" => "@skip",
            _ => return None,
        };
        Some((ours, arguments, native))
    });
    core.chain(math)
}
