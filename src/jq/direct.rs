//! Programs without definitions, variables and updates, evaluated by walking the term: most of what mappings compute.
//!
//! Outputs are handed on one by one, as jq's backtracking gives them, so `first` costs no more than the first. Every
//! operation is the very function that the evaluator calls; what is not listed here is left to it.

use std::cmp::Ordering;
use std::ops::ControlFlow;
use std::sync::Arc;

use jaq_core::load::lex::StrPart;
use jaq_core::load::parse::{BinaryOp, Term};
use jaq_core::ops::{Cmp, Math};
use jaq_core::path::{Opt, Part};

use super::natives::Plain;
use super::val::{self, Outcome};
use super::{arithmetic, index, meter, natives, shortcut, text};
use crate::value::{Object, Value};

/// A term that is evaluated here.
#[derive(Debug)]
pub(super) enum Node {
    Input,
    Literal(Value),
    Path(Box<Node>, Vec<(Step, Otherwise)>),
    Pipe(Box<Node>, Box<Node>),
    Comma(Box<Node>, Box<Node>),
    Alternative(Box<Node>, Box<Node>),
    /// Conditions with what follows, and what follows when none holds.
    If(Vec<(Node, Node)>, Box<Node>),
    Logic(Box<Node>, Logic, Box<Node>),
    Compare(Box<Node>, Cmp, Box<Node>),
    Calculate(Box<Node>, Math, Box<Node>),
    List(Box<Node>),
    /// Each value has exactly one output.
    Object(Vec<(Arc<str>, Node)>),
    /// Each part has exactly one output.
    Text(Vec<Node>),
    Select(Box<Node>),
    Not,
    Empty,
    Unary(fn(&Value) -> Outcome),
    Binary(fn(&Value, &Value) -> Outcome, Box<Node>),
}

/// A step of a path.
#[derive(Debug)]
pub(super) enum Step {
    /// A key, a position or a slice.
    At(Value),
    /// `[]`
    Each,
}

/// What happens where a step cannot be taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Otherwise {
    Raise,
    /// `?`: no output.
    Skip,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Logic {
    And,
    Or,
}

/// Why an evaluation ends early.
pub(super) enum End {
    /// Whoever takes the outputs needs no more.
    Enough,
    /// The program raised an error.
    Raised(String),
}

type Flow = ControlFlow<End>;

/// The first output.
pub(super) fn first(node: &Node, input: &Value) -> Result<Option<Value>, String> {
    let mut found = None;
    let flow = node.run(input, &mut |value| {
        found = Some(value);
        Flow::Break(End::Enough)
    });
    match flow {
        Flow::Break(End::Raised(text)) => Err(text),
        Flow::Break(End::Enough) | Flow::Continue(()) => Ok(found),
    }
}

/// The node of a term; none when something in it is left to the evaluator.
pub(super) fn node(term: &Term<&str>) -> Option<Node> {
    if let Some(value) = shortcut::constant(term) {
        return Some(Node::Literal(value));
    }
    Some(match term {
        Term::Id => Node::Input,
        Term::Path(head, path) => {
            let steps = path.0.iter().map(|(part, opt)| Some((step(part)?, otherwise(*opt))));
            Node::Path(boxed(head)?, steps.collect::<Option<_>>()?)
        }
        Term::Str(None, parts) => {
            let parts = parts.iter().map(|part| match part {
                StrPart::Str(text) => Some(Node::Literal(Value::from(*text))),
                StrPart::Char(char) => Some(Node::Literal(Value::from(char.to_string()))),
                StrPart::Term(term) => node(term).filter(Node::is_single),
            });
            Node::Text(parts.collect::<Option<_>>()?)
        }
        Term::Arr(Some(inner)) => Node::List(boxed(inner)?),
        Term::Obj(entries) => {
            let entries = entries.iter().map(|(key, value)| {
                let Term::Str(None, key) = key else { return None };
                let key: Arc<str> = shortcut::literal(key)?.into();
                let value = if let Some(value) = value {
                    node(value).filter(Node::is_single)?
                } else {
                    let step = Step::At(Value::String(Arc::clone(&key)));
                    Node::Path(Box::new(Node::Input), vec![(step, Otherwise::Raise)])
                };
                Some((key, value))
            });
            Node::Object(entries.collect::<Option<_>>()?)
        }
        Term::BinOp(left, op, right) => {
            let (left, right) = (boxed(left)?, boxed(right)?);
            match op {
                BinaryOp::Pipe(None) => Node::Pipe(left, right),
                BinaryOp::Comma => Node::Comma(left, right),
                BinaryOp::Alt => Node::Alternative(left, right),
                BinaryOp::And => Node::Logic(left, Logic::And, right),
                BinaryOp::Or => Node::Logic(left, Logic::Or, right),
                BinaryOp::Cmp(cmp) => Node::Compare(left, *cmp, right),
                BinaryOp::Math(math) => Node::Calculate(left, *math, right),
                BinaryOp::Pipe(Some(_))
                | BinaryOp::Assign
                | BinaryOp::Update
                | BinaryOp::UpdateMath(_)
                | BinaryOp::UpdateAlt => return None,
            }
        }
        Term::IfThenElse(branches, last) => {
            let branches = branches.iter().map(|(condition, then)| Some((node(condition)?, node(then)?)));
            let last = last.as_ref().map_or(Some(Node::Input), |last| node(last))?;
            Node::If(branches.collect::<Option<_>>()?, Box::new(last))
        }
        Term::Call(name, arguments) => call(name, arguments)?,
        _ => return None,
    })
}

fn boxed(term: &Term<&str>) -> Option<Box<Node>> {
    node(term).map(Box::new)
}

fn call(name: &str, arguments: &[Term<&str>]) -> Option<Node> {
    Some(match (name, arguments) {
        ("select", [condition]) => Node::Select(boxed(condition)?),
        ("map", [each]) => {
            let all = Node::Path(Box::new(Node::Input), vec![(Step::Each, Otherwise::Raise)]);
            Node::List(Box::new(Node::Pipe(Box::new(all), boxed(each)?)))
        }
        ("not", []) => Node::Not,
        ("empty", []) => Node::Empty,
        ("first", []) => position(0.0),
        ("last", []) => position(-1.0),
        _ => match (natives::plain(name, arguments.len())?, arguments) {
            (Plain::Unary(function), []) => Node::Unary(function),
            (Plain::Binary(function), [argument]) => Node::Binary(function, boxed(argument)?),
            _ => return None,
        },
    })
}

fn position(at: f64) -> Node {
    Node::Path(Box::new(Node::Input), vec![(Step::At(Value::from(at)), Otherwise::Raise)])
}

fn step(part: &Part<Term<&str>>) -> Option<Step> {
    let number = |term: &Term<&str>| shortcut::constant(term).filter(|value| value.as_f64().is_some());
    let bound = |term: &Option<Term<&str>>| match term {
        None => Some(Value::Null),
        Some(term) => number(term),
    };
    Some(match part {
        Part::Range(None, None) => Step::Each,
        Part::Range(from, upto) => {
            let slice = [("start", bound(from)?), ("end", bound(upto)?)];
            Step::At(Value::object(slice.into_iter().collect()))
        }
        Part::Index(Term::Str(None, key)) => Step::At(Value::from(shortcut::literal(key)?)),
        Part::Index(index) => Step::At(number(index)?),
    })
}

fn otherwise(opt: Opt) -> Otherwise {
    match opt {
        Opt::Optional => Otherwise::Skip,
        Opt::Essential => Otherwise::Raise,
    }
}

fn raised(text: String) -> Flow {
    Flow::Break(End::Raised(text))
}

/// Hands on what an operation gave.
fn give(outcome: Outcome, out: &mut dyn FnMut(Value) -> Flow) -> Flow {
    match outcome {
        Ok(value) => out(value),
        Err(text) => raised(text),
    }
}

impl Node {
    /// Whether it has exactly one output unless it fails.
    fn is_single(&self) -> bool {
        match self {
            Self::Input
            | Self::Literal(_)
            | Self::List(_)
            | Self::Object(_)
            | Self::Text(_)
            | Self::Not
            | Self::Unary(_) => true,
            Self::Comma(..) | Self::Select(_) | Self::Empty => false,
            Self::Path(head, steps) => {
                let plain = |(step, otherwise): &(Step, Otherwise)| {
                    matches!(step, Step::At(_)) && *otherwise == Otherwise::Raise
                };
                head.is_single() && steps.iter().all(plain)
            }
            Self::Pipe(left, right)
            | Self::Alternative(left, right)
            | Self::Logic(left, _, right)
            | Self::Compare(left, _, right)
            | Self::Calculate(left, _, right) => left.is_single() && right.is_single(),
            Self::If(branches, last) => {
                last.is_single()
                    && branches.iter().all(|(condition, then)| condition.is_single() && then.is_single())
            }
            Self::Binary(_, argument) => argument.is_single(),
        }
    }

    /// Hands each output to `out`.
    fn run(&self, input: &Value, out: &mut dyn FnMut(Value) -> Flow) -> Flow {
        match self {
            Self::Input => out(input.clone()),
            Self::Literal(value) => out(value.clone()),
            Self::Path(head, steps) => match **head {
                Self::Input => follow(input, steps, out),
                _ => head.run(input, &mut |value| follow(&value, steps, out)),
            },
            Self::Pipe(left, right) => left.run(input, &mut |value| right.run(&value, out)),
            Self::Comma(left, right) => {
                left.run(input, out)?;
                counted()?;
                right.run(input, out)
            }
            Self::Alternative(left, right) => alternative(left, right, input, out),
            Self::If(branches, last) => choose(branches, last, input, out),
            Self::Logic(left, logic, right) => {
                left.run(input, &mut |value| match (logic, val::is_true(&value)) {
                    (Logic::And, false) => out(Value::Bool(false)),
                    (Logic::Or, true) => out(Value::Bool(true)),
                    (Logic::And, true) | (Logic::Or, false) => {
                        right.run(input, &mut |value| out(Value::Bool(val::is_true(&value))))
                    }
                })
            }
            // jq evaluates the right operand first.
            Self::Compare(left, cmp, right) => right.run(input, &mut |right| {
                left.run(input, &mut |left| out(Value::Bool(holds(*cmp, val::order(&left, &right)))))
            }),
            Self::Calculate(left, math, right) => right.run(input, &mut |right| {
                left.run(input, &mut |left| give(calculate(left, *math, &right), out))
            }),
            Self::List(inner) => {
                let mut items = Vec::new();
                inner.run(input, &mut |value| match meter::make(size_of::<Value>()) {
                    Ok(()) => {
                        items.push(value);
                        Flow::Continue(())
                    }
                    Err(text) => raised(text),
                })?;
                out(Value::array(items))
            }
            Self::Object(entries) => {
                let mut object = Object::with_capacity(entries.len());
                for (key, value) in entries {
                    value.run(input, &mut |value| {
                        object.insert(Arc::clone(key), value);
                        Flow::Continue(())
                    })?;
                }
                out(Value::object(object))
            }
            Self::Text(parts) => give(interpolate(parts, input)?, out),
            Self::Select(condition) => condition.run(input, &mut |value| {
                if val::is_true(&value) { out(input.clone()) } else { Flow::Continue(()) }
            }),
            Self::Not => out(Value::Bool(!val::is_true(input))),
            Self::Empty => Flow::Continue(()),
            Self::Unary(function) => give(function(input), out),
            Self::Binary(function, argument) => {
                argument.run(input, &mut |argument| give(function(input, &argument), out))
            }
        }
    }
}

fn follow(value: &Value, steps: &[(Step, Otherwise)], out: &mut dyn FnMut(Value) -> Flow) -> Flow {
    let Some(((step, otherwise), rest)) = steps.split_first() else { return out(value.clone()) };
    let failed = |text: String| match otherwise {
        Otherwise::Raise => raised(text),
        Otherwise::Skip => Flow::Continue(()),
    };
    match (step, value) {
        (Step::At(Value::String(key)), Value::Object(object)) => {
            follow(object.get(key).unwrap_or(&Value::Null), rest, out)
        }
        (Step::At(at), _) => match index::get(value, at) {
            Ok(value) => follow(&value, rest, out),
            Err(text) => failed(text),
        },
        (Step::Each, Value::Array(items)) => items.iter().try_for_each(|item| each(item, rest, out)),
        (Step::Each, Value::Object(object)) => {
            object.iter().try_for_each(|(_key, value)| each(value, rest, out))
        }
        (Step::Each, other) => failed(val::cannot_iterate(other)),
    }
}

fn each(value: &Value, rest: &[(Step, Otherwise)], out: &mut dyn FnMut(Value) -> Flow) -> Flow {
    counted()?;
    follow(value, rest, out)
}

/// Counts a step wherever one output becomes several: without definitions nothing else can grow.
fn counted() -> Flow {
    match meter::spend(1) {
        Ok(()) => Flow::Continue(()),
        Err(stop) => raised(stop.to_string()),
    }
}

/// Every output on the left that counts as true; the right where there is none. An error on the left is one here too.
fn alternative(left: &Node, right: &Node, input: &Value, out: &mut dyn FnMut(Value) -> Flow) -> Flow {
    let mut found = false;
    left.run(input, &mut |value| {
        if !val::is_true(&value) {
            return Flow::Continue(());
        }
        found = true;
        out(value)
    })?;
    if found { Flow::Continue(()) } else { right.run(input, out) }
}

fn choose(branches: &[(Node, Node)], last: &Node, input: &Value, out: &mut dyn FnMut(Value) -> Flow) -> Flow {
    let Some(((condition, then), rest)) = branches.split_first() else { return last.run(input, out) };
    condition.run(input, &mut |value| {
        if val::is_true(&value) { then.run(input, out) } else { choose(rest, last, input, out) }
    })
}

fn holds(cmp: Cmp, order: Ordering) -> bool {
    match cmp {
        Cmp::Lt => order.is_lt(),
        Cmp::Le => order.is_le(),
        Cmp::Gt => order.is_gt(),
        Cmp::Ge => order.is_ge(),
        Cmp::Eq => order.is_eq(),
        Cmp::Ne => order.is_ne(),
    }
}

fn calculate(left: Value, math: Math, right: &Value) -> Outcome {
    match math {
        Math::Add => arithmetic::add(left, right.clone()),
        Math::Sub => arithmetic::subtract(left, right.clone()),
        Math::Mul => arithmetic::multiply(left, right.clone()),
        Math::Div => arithmetic::divide(&left, right),
        Math::Rem => arithmetic::remainder(&left, right),
    }
}

/// The text of all parts; as in jq the last part is evaluated first. The outer flow is that of a part that failed.
fn interpolate(parts: &[Node], input: &Value) -> ControlFlow<End, Outcome> {
    let mut texts: Vec<Value> = Vec::with_capacity(parts.len());
    for part in parts.iter().rev() {
        part.run(input, &mut |value| {
            texts.push(match value {
                Value::String(_) => value,
                other => Value::from(text::to_json(&other)),
            });
            Flow::Continue(())
        })?;
    }
    let bytes = texts.iter().filter_map(Value::as_str).map(str::len).sum();
    let made = meter::make(bytes).map(|()| {
        let mut whole = String::with_capacity(bytes);
        whole.extend(texts.iter().rev().filter_map(Value::as_str));
        Value::from(whole)
    });
    ControlFlow::Continue(made)
}
