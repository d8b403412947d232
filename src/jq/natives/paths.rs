//! Where values lie: `path`, and what may stand in one.
//!
//! jq asks when a path ends, or goes on, whether the value there is the very one that the path has led to. A value that
//! was made on the way is not, unless it is what it was made of, as with `tostring` of a text.

use std::sync::{Arc, LazyLock};

use jaq_core::box_iter::box_once;
use jaq_core::native::{Fun, bome, v};
use jaq_core::{Bind, Error, Native};

use crate::jq::engine::Kind;
use crate::jq::val::{Outcome, Val, cut, raise};
use crate::jq::{index, meter};
use crate::value::Value;

/// Natives that ask for paths, or may stand in one.
pub(super) fn all() -> [Fun<Kind>; 7] {
    let nothing =
        Native::<Kind>::new(|_| Box::new(std::iter::empty())).with_paths(|_| Box::new(std::iter::empty()));
    let error = Native::<Kind>::new(|cv| bome(Err(Error::new(cv.1))))
        .with_paths(|cv| box_once(Err(Error::new(cv.1.0).into())));
    let tick = Native::<Kind>::new(|cv| box_once(meter::spend(1).map(|()| cv.1).map_err(meter::halt)))
        .with_paths(|cv| box_once(meter::link().map(|()| cv.1).map_err(meter::halt)));
    let link = Native::<Kind>::new(|cv| box_once(meter::link().map(|()| cv.1).map_err(meter::halt)))
        .with_paths(|cv| box_once(meter::link().map(|()| cv.1).map_err(meter::halt)));
    let get = Native::<Kind>::new(|mut cv| {
        let path = cv.0.pop_var();
        bome(raise(get_path(&cv.1.0, &path.0)))
    })
    .with_paths(|mut cv| {
        let Val(path) = cv.0.pop_var();
        let (Val(value), before) = cv.1;
        if before.head().is_some_and(is_mark) {
            return box_once(Err(Error::str(no_path(&value)).into()));
        }
        let found = match get_path(&value, &path) {
            // Below null there is nothing, but the path is the whole one.
            Ok(found) => found,
            Err(text) => return box_once(Err(Error::str(text).into())),
        };
        let steps = path.as_array().unwrap_or_default().iter();
        let after = steps.fold(before, |path, step| path.cons(Val(step.clone())));
        box_once(Ok((Val(found), after)))
    });
    let value = Native::<Kind>::new(|mut cv| {
        let (f, context) = cv.0.pop_fun();
        f.run((context, cv.1))
    })
    .with_paths(|mut cv| {
        let (f, context) = cv.0.pop_fun();
        let (input, before) = cv.1;
        // Behind a value that lies nowhere: the last one that does.
        let (at, path) = match before.clone().pop() {
            Some((head, rest)) if is_mark(&head) => rest.pop().unwrap_or((input.clone(), before)),
            _ => (input.clone(), before),
        };
        Box::new(f.run((context, input)).map(move |output| {
            let output = output?;
            let lies = is_same(&output.0, &at.0);
            let path = path.clone();
            Ok(if lies { (output, path) } else { (output, path.cons(at.clone()).cons(Val(mark()))) })
        }))
    });
    let path = Native::<Kind>::new(|mut cv| {
        let (f, context) = cv.0.pop_fun();
        #[expect(clippy::default_trait_access, reason = "the list has no public name")]
        let start = (context, (cv.1, Default::default()));
        Box::new(f.paths(start).map(|found| {
            let (Val(value), path) = found?;
            let mut steps: Vec<Val> = path.iter().cloned().collect();
            if steps.iter().any(is_mark) {
                return Err(Error::str(no_path(&value)).into());
            }
            steps.reverse();
            Ok(steps.into_iter().collect())
        }))
    });
    let closure = || [Bind::Fun(())].into();
    [
        ("path", closure(), path),
        ("@value", closure(), value),
        ("empty", v(0), nothing),
        ("error", v(0), error),
        ("@tick", v(0), tick),
        ("@link", v(0), link),
        ("getpath", v(1), get),
    ]
}

/// A step of a path that leads nowhere, told by its address; before it stands the last value that lies somewhere.
static MARK: LazyLock<Arc<str>> = LazyLock::new(|| "@nowhere".into());

fn mark() -> Value {
    Value::String(Arc::clone(&MARK))
}

fn is_mark(step: &Val) -> bool {
    matches!(&step.0, Value::String(text) if Arc::ptr_eq(text, &MARK))
}

fn no_path(value: &Value) -> String {
    format!("Invalid path expression with result {}", cut(value))
}

/// Whether two values are the same one, not only equal. Of numbers nobody can tell; most are computed.
fn is_same(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Null, Value::Null) => true,
        (Value::Bool(a), Value::Bool(b)) => a == b,
        (Value::String(a), Value::String(b)) => Arc::ptr_eq(a, b),
        (Value::Array(a), Value::Array(b)) => Arc::ptr_eq(a, b),
        (Value::Object(a), Value::Object(b)) => Arc::ptr_eq(a, b),
        _ => false,
    }
}

fn get_path(value: &Value, path: &Value) -> Outcome {
    match path {
        Value::Array(path) => index::get_path(value, path),
        _ => Err("Path must be specified as an array".to_owned()),
    }
}
