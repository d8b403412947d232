//! The evaluator: jaq-core with our value, our natives and our prelude.

use std::collections::HashSet;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::LazyLock;
use std::time::{Duration, Instant};

use jaq_core::compile::Undefined;
use jaq_core::data::HasLut;
use jaq_core::load::parse::{Def, Term};
use jaq_core::load::{Arena, File, Loader};
use jaq_core::{Compiler, Ctx, DataT, Filter, Lut, Vars};

use super::meter::Stop;
use super::val::Val;
use super::{
    CompileFault, Environment, Form, Limits, RunError, calls, direct, meter, natives, reach, rewrite,
    shortcut, syntax,
};
use crate::value::{Reach, Value};

/// Stack lent by the calling thread. Blocking threads have two MiB; beyond this the evaluation is run again on a
/// thread of its own, which few programs ever need.
const LENT_STACK_BYTES: usize = 384 << 10;

/// Stack of that thread, and how much of it may be used: what lies between two looks at it must fit in the rest.
const OWN_STACK_BYTES: usize = 256 << 20;
const OWN_STACK_USED_BYTES: usize = 240 << 20;

/// Sources up to this size and number of brackets are compiled on the calling thread: they cannot nest deeply.
const PLAIN_SOURCE_BYTES: usize = 200;
const PLAIN_SOURCE_BRACKETS: usize = 16;

/// Terms nested up to this are evaluated on the calling thread.
const PLAIN_TERM_DEPTH: usize = 64;

/// Values nested deeper than this are no result: what reads them may recurse.
const MAX_RESULT_DEPTH: usize = 512;

/// Filters of jq about the files and modules of its command line.
#[cfg(test)]
const BUILTINS_WITHOUT_MEANING: [&str; 3] = ["get_jq_origin/0", "get_prog_origin/0", "modulemeta/0"];

/// The types of an evaluation.
pub(super) struct Kind;

impl DataT for Kind {
    type V<'a> = Val;
    type Data<'a> = Run<'a>;
}

/// What natives can reach.
#[derive(Clone, Copy)]
pub(super) struct Run<'a> {
    lut: &'a Lut<Kind>,
}

impl<'a> HasLut<'a, Kind> for Run<'a> {
    fn lut(&self) -> &'a Lut<Kind> {
        self.lut
    }
}

/// A compiled program of any shape.
pub(super) struct Engine {
    filter: Filter<Kind>,
    home: Home,
}

/// Where a program is evaluated.
#[derive(Clone, Copy, PartialEq)]
enum Home {
    /// On the calling thread, and only on one of its own when the stack of that does not do.
    Caller,
    /// On a thread of its own: its terms are nested so deeply that evaluating them alone takes much stack.
    OwnThread,
}

impl fmt::Debug for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Engine")
    }
}

/// The definitions that every program may use, parsed and rewritten once.
static PRELUDE: LazyLock<Vec<Def<&'static str>>> = LazyLock::new(|| {
    let parsed = jaq_core::load::parse(include_str!("prelude.jq"), |parser| parser.defs());
    parsed
        .expect("the prelude is part of the program and a test compiles it")
        .into_iter()
        .map(rewrite::definition)
        .collect()
});

/// What each definition of the prelude calls, in the order of the prelude.
static PRELUDE_CALLS: LazyLock<Vec<HashSet<(&'static str, usize)>>> =
    LazyLock::new(|| PRELUDE.iter().map(|definition| calls::of(&definition.body)).collect());

/// Compiles source to its form and its reach.
pub(super) fn compile(source: &str) -> Result<(Form, Reach), Vec<CompileFault>> {
    let brackets = source.bytes().filter(|byte| matches!(byte, b'(' | b'[' | b'{')).count();
    if source.len() <= PLAIN_SOURCE_BYTES && brackets <= PLAIN_SOURCE_BRACKETS {
        return compile_here(source);
    }
    let fault = |text: String| vec![CompileFault { message: text, span: 0..0 }];
    on_own_thread(|| compile_here(source)).unwrap_or_else(|text| Err(fault(text)))
}

fn compile_here(source: &str) -> Result<(Form, Reach), Vec<CompileFault>> {
    let term = syntax::parse(source).map_err(|fault| vec![fault])?;
    if let Some(direct) = shortcut::form(&term) {
        return Ok(direct);
    }
    let reach = reach::of(&term);
    if calls::depth(&term) <= PLAIN_TERM_DEPTH
        && let Some(node) = direct::node(&term)
    {
        return Ok((Form::Direct(Direct(node)), reach));
    }
    let home = if calls::depth(&term) <= PLAIN_TERM_DEPTH { Home::Caller } else { Home::OwnThread };
    let main = Def { name: "__main", args: Vec::new(), body: rewrite::program(term) };
    let arena = Arena::default();
    let loader = Loader::new(needed(&main.body).into_iter().chain([main]));
    let modules = loader.load(&arena, File { code: "__main", path: () }).map_err(|_| Vec::new())?;
    let compiler = Compiler::default().with_funs(natives::all()).with_global_vars(["$ENV"]);
    let filter = compiler.compile(modules).map_err(|errors| {
        let names = errors.into_iter().flat_map(|(_file, names)| names);
        let mut faults: Vec<_> = names.map(|(name, undefined)| fault(source, name, &undefined)).collect();
        faults.sort_by_key(|fault| fault.span.start);
        faults.dedup();
        faults
    })?;
    Ok((Form::Evaluated(Engine { filter, home }), reach))
}

/// Runs on a thread with much stack; a panic or the lack of a thread is a text.
pub(super) fn on_own_thread<T: Send>(work: impl FnOnce() -> T + Send) -> Result<T, String> {
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().stack_size(OWN_STACK_BYTES).spawn_scoped(scope, work);
        let thread = thread.map_err(|error| format!("no thread for a deep program: {error}"))?;
        thread.join().map_err(|panic| panic_text(panic.as_ref()))
    })
}

/// The definitions of the prelude that a program needs, in their order.
fn needed<'s>(main: &Term<&'s str>) -> Vec<Def<&'s str>> {
    let mut wanted: HashSet<(&str, usize)> = calls::of(main);
    // A definition uses only what stands before it.
    let mut picked = vec![false; PRELUDE.len()];
    for (at, definition) in PRELUDE.iter().enumerate().rev() {
        if wanted.contains(&(definition.name, definition.args.len())) {
            picked[at] = true;
            wanted.extend(PRELUDE_CALLS[at].iter());
        }
    }
    let needed = PRELUDE.iter().zip(picked).filter(|(_definition, picked)| *picked);
    needed.map(|(definition, _picked)| definition.clone()).collect()
}

fn fault(source: &str, name: &str, undefined: &Undefined) -> CompileFault {
    let message = match undefined {
        Undefined::Filter(arity) => format!("{name}/{arity} is not defined"),
        Undefined::Label => format!("$*label-{} is not defined", name.trim_start_matches('$')),
        _ => format!("{name} is not defined"),
    };
    CompileFault { message, span: place(source, name) }
}

/// Where a slice of the source stands; nowhere for names that the rewrite brought in.
fn place(source: &str, part: &str) -> std::ops::Range<usize> {
    let start = part.as_ptr().addr().wrapping_sub(source.as_ptr().addr());
    match start.checked_add(part.len()) {
        Some(end) if end <= source.len() => start..end,
        _ => 0..0,
    }
}

impl Engine {
    pub(super) fn first(&self, input: &Value, environment: &Environment) -> Result<Option<Value>, RunError> {
        metered(self.home, environment.limits(), || self.run(input, environment))
    }

    fn run(&self, input: &Value, environment: &Environment) -> Result<Option<Value>, Failure> {
        let variables = Vars::new([Val(environment.variables().clone())]);
        let context = Ctx::<Kind>::new(Run { lut: &self.filter.lut }, variables);
        let mut outputs = self.filter.id.run((context, Val(input.clone())));
        match outputs.next() {
            None => Ok(None),
            Some(Ok(Val(value))) => Ok(Some(value)),
            Some(Err(exception)) => match exception.get_err() {
                Ok(error) => Err(Failure::Raised(message(error.into_val().0))),
                // `halt`: no output, as in the peer. `break` cannot leave its label.
                Err(_halt) => Ok(None),
            },
        }
    }
}

/// Bytes of an error text that anybody reads.
const MAX_MESSAGE_BYTES: usize = 4096;

/// A compiled program that is walked.
#[derive(Debug)]
pub(super) struct Direct(direct::Node);

impl Direct {
    pub(super) fn first(&self, input: &Value, environment: &Environment) -> Result<Option<Value>, RunError> {
        let run = || direct::first(&self.0, input).map_err(Failure::Raised);
        metered(Home::Caller, environment.limits(), run)
    }
}

/// Evaluates within limits.
fn metered(
    home: Home,
    limits: Limits,
    run: impl Fn() -> Result<Option<Value>, Failure> + Sync,
) -> Result<Option<Value>, RunError> {
    if home == Home::Caller {
        match attempt(&run, limits, LENT_STACK_BYTES) {
            Err(Failure::Stopped(Stop::Stack, _)) => {}
            other => return other.map_err(RunError::from),
        }
    }
    let again = || attempt(&run, limits, OWN_STACK_USED_BYTES);
    on_own_thread(again).map_err(RunError::Defect)?.map_err(RunError::from)
}

fn attempt(
    run: &impl Fn() -> Result<Option<Value>, Failure>,
    limits: Limits,
    stack_bytes: usize,
) -> Result<Option<Value>, Failure> {
    let begin = Instant::now();
    let running = meter::start(limits, stack_bytes);
    let outcome = catch_unwind(AssertUnwindSafe(run));
    let stopped = |stop| Failure::Stopped(stop, begin.elapsed());
    if let Some(stop) = meter::stopped(&running) {
        return Err(stopped(stop));
    }
    let value = outcome.map_err(|panic| Failure::Panicked(panic_text(panic.as_ref())))??;
    if let Some(value) = &value {
        let mut bytes_left = limits.output_bytes;
        fits(value, MAX_RESULT_DEPTH, &mut bytes_left).map_err(stopped)?;
    }
    Ok(value)
}

/// The text of an error value, as the peer shows it: strings as they are, anything else as JSON.
fn message(value: Value) -> String {
    let mut text = Val(value).to_string();
    if text.len() > MAX_MESSAGE_BYTES {
        let end = (0..=MAX_MESSAGE_BYTES).rev().find(|at| text.is_char_boundary(*at));
        text.truncate(end.unwrap_or_default());
        text.push('…');
    }
    text
}

/// Whether a result is within bounds. What it shares with itself counts every time, as it would be written.
fn fits(value: &Value, depth: usize, bytes_left: &mut usize) -> Result<(), Stop> {
    let own = 1 + value.as_str().map_or(0, str::len);
    *bytes_left = bytes_left.checked_sub(own).ok_or(Stop::OutputBytes)?;
    let below = || depth.checked_sub(1).ok_or(Stop::OutputDepth);
    match value {
        Value::Array(items) => {
            let below = below()?;
            items.iter().try_for_each(|item| fits(item, below, bytes_left))
        }
        Value::Object(object) => {
            let below = below()?;
            object.iter().try_for_each(|(key, value)| {
                *bytes_left = bytes_left.checked_sub(key.len()).ok_or(Stop::OutputBytes)?;
                fits(value, below, bytes_left)
            })
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => Ok(()),
    }
}

/// What a panic says; its payload is a text of one of two types.
fn panic_text(payload: &(dyn std::any::Any + Send)) -> String {
    let text = payload.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| payload.downcast_ref::<String>().cloned()).unwrap_or_else(|| "panic".to_owned())
}

enum Failure {
    Raised(String),
    Stopped(Stop, Duration),
    Panicked(String),
}

impl From<Failure> for RunError {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Raised(text) => Self::Raised(text),
            Failure::Stopped(stop, took) => Self::Stopped { why: stop.to_string(), took },
            Failure::Panicked(text) => Self::Defect(text),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{BUILTINS_WITHOUT_MEANING, PRELUDE, compile, natives};

    fn call(name: &str, arity: usize) -> String {
        let arguments = vec!["."; arity].join("; ");
        if arity == 0 { name.to_owned() } else { format!("{name}({arguments})") }
    }

    #[test]
    fn every_definition_of_the_prelude_compiles() {
        let named = PRELUDE.iter().filter(|definition| !definition.name.starts_with('@'));
        for definition in named {
            let source = call(definition.name, definition.args.len());
            assert!(compile(&source).is_ok(), "{source}: {:?}", compile(&source).err());
        }
    }

    /// Programs that are walked call natives by name.
    #[test]
    fn no_definition_hides_a_native() {
        let hidden = |name: &str, arity: usize| natives::plain(name, arity).is_some();
        let hides = PRELUDE.iter().find(|definition| hidden(definition.name, definition.args.len()));
        assert!(hides.is_none(), "{}", hides.map_or("", |definition| definition.name));
    }

    #[test]
    fn every_builtin_of_jq_is_there() {
        let builtins = include_str!("natives/builtins.txt").split_ascii_whitespace();
        let missing: Vec<_> = builtins
            .filter(|builtin| {
                let (name, arity) = builtin.split_once('/').expect("name and arity");
                compile(&call(name, arity.parse().expect("a number"))).is_err()
            })
            .collect();
        assert_eq!(missing, BUILTINS_WITHOUT_MEANING);
    }
}
