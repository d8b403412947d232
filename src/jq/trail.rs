//! Where the paths that a program reads lead in an input, step by step: where a null began.
//!
//! For people, not for decisions: only paths that stand in the program as such are followed, through pipes and simple
//! variables. What a program may read at most is told by [`super::Program::reach`].

use jaq_core::load::lex::StrPart;
use jaq_core::load::parse::{BinaryOp, Pattern, Term};
use jaq_core::path::Part;

use super::shortcut::literal;
use super::{engine, syntax};
use crate::value::{Value, write_string};

/// One step of a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// `.name`
    Key(String),
    /// `[0]`, from the end when negative.
    At(i64),
    /// `[]`
    Each,
}

/// A path from the root of the input, written as in jq.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Path(Vec<Step>);

impl Path {
    /// Whether this is the input itself.
    pub fn is_root(&self) -> bool {
        self.0.is_empty()
    }
}

impl std::fmt::Display for Path {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if !matches!(self.0.first(), Some(Step::Key(_))) {
            f.write_str(".")?;
        }
        self.0.iter().try_for_each(|step| write!(f, "{step}"))
    }
}

impl std::fmt::Display for Step {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Key(key) if is_plain(key) => write!(f, ".{key}"),
            Self::Key(key) => {
                let mut quoted = Vec::new();
                write_string(key, &mut quoted);
                write!(f, ".{}", String::from_utf8_lossy(&quoted))
            }
            Self::At(at) => write!(f, "[{at}]"),
            Self::Each => f.write_str("[]"),
        }
    }
}

fn is_plain(key: &str) -> bool {
    !key.starts_with(|letter: char| letter.is_ascii_digit())
        && !key.is_empty()
        && key.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '_')
}

/// A path that a program reads, and how far it leads in an input.
#[derive(Clone, Debug, PartialEq)]
pub struct Trail {
    /// The path, as far as it leads; of several items the one where it ends first.
    pub path: Path,
    /// What stands there.
    pub found: Value,
    /// The step that cannot be taken from there; none when the path leads to its end.
    pub missing: Option<Step>,
}

/// The trails of a program's paths in an input, in the order of the source.
pub(super) fn of(source: &str, input: &Value) -> Vec<Trail> {
    let read = || {
        let mut walk = Walk::default();
        if let Ok(term) = syntax::parse(source) {
            let output = walk.term(&term, Some(&Path::default()));
            walk.note(output);
        }
        walk.read
    };
    // A program may be nested as deep as one that is compiled. One that cannot be looked at has nothing to tell.
    let paths = engine::on_own_thread(read).unwrap_or_default();
    paths.iter().map(|path| follow(Path::default(), input, &path.0)).collect()
}

/// Follows steps from a value at `path`.
fn follow(mut path: Path, value: &Value, steps: &[Step]) -> Trail {
    let Some((step, rest)) = steps.split_first() else {
        return Trail { path, found: value.clone(), missing: None };
    };
    let next = match (step, value) {
        (Step::Key(key), Value::Object(object)) => object.get(key),
        (Step::At(at), Value::Array(items)) => {
            let from_end =
                usize::try_from(at.unsigned_abs()).ok().and_then(|back| items.len().checked_sub(back));
            let at = if *at < 0 { from_end } else { usize::try_from(*at).ok() };
            at.and_then(|at| items.get(at))
        }
        (Step::Each, Value::Array(items)) if !items.is_empty() => return each(&path, items, rest),
        _ => None,
    };
    match next {
        Some(next) => {
            path.0.push(step.clone());
            follow(path, next, rest)
        }
        None => Trail { path, found: value.clone(), missing: Some(step.clone()) },
    }
}

/// The trail of the first item in which it ends early, else of the first.
fn each(path: &Path, items: &[Value], rest: &[Step]) -> Trail {
    let trail = |(at, item): (usize, &Value)| {
        let mut path = path.clone();
        path.0.push(Step::At(i64::try_from(at).unwrap_or(i64::MAX)));
        follow(path, item, rest)
    };
    let mut trails = items.iter().enumerate().map(trail);
    let first = trails.next();
    let early = first.iter().find(|trail| trail.missing.is_some()).cloned();
    let early = early.or_else(|| trails.find(|trail| trail.missing.is_some()));
    early.or(first).expect("the caller has looked: there are items")
}

/// Gathers the paths that terms read. What a term gives is a path, or (none) something made of what was noted.
#[derive(Default)]
struct Walk<'s> {
    read: Vec<Path>,
    variables: Vec<(&'s str, Option<Path>)>,
}

impl<'s> Walk<'s> {
    /// Notes that what stands at a path is read; the whole input tells nothing.
    fn note(&mut self, path: Option<Path>) {
        if let Some(path) = path.filter(|path| !path.0.is_empty() && !self.read.contains(path)) {
            self.read.push(path);
        }
    }

    fn read(&mut self, term: &Term<&'s str>, input: Option<&Path>) {
        let output = self.term(term, input);
        self.note(output);
    }

    fn read_all(&mut self, terms: &[Term<&'s str>], input: Option<&Path>) {
        for term in terms {
            self.read(term, input);
        }
    }

    fn term(&mut self, term: &Term<&'s str>, input: Option<&Path>) -> Option<Path> {
        match term {
            Term::Id => return input.cloned(),
            Term::Var(name) => {
                let known = self.variables.iter().rev().find(|(known, _)| known == name);
                return known.and_then(|(_, path)| path.clone());
            }
            Term::Path(head, parts) => {
                let mut at = self.term(head, input);
                for (part, _opt) in &parts.0 {
                    at = self.step(at, part, input);
                }
                return at;
            }
            Term::BinOp(left, BinaryOp::Pipe(pattern), right) => {
                let middle = self.term(left, input);
                let Some(pattern) = pattern else { return self.term(right, middle.as_ref()) };
                let before = self.variables.len();
                self.bind(pattern, middle);
                let output = self.term(right, input);
                self.variables.truncate(before);
                return output;
            }
            Term::TryCatch(tried, None) => return self.term(tried, input),
            Term::Call("select", arguments) => {
                self.read_all(arguments, input);
                return input.cloned();
            }
            Term::Call("map", arguments) => {
                let each = input.map(|path| below(path, Step::Each));
                self.read_all(arguments, each.as_ref());
            }
            Term::Call(_, arguments) => {
                self.note(input.cloned());
                self.read_all(arguments, None);
            }
            Term::Str(_, parts) => {
                for part in parts {
                    if let StrPart::Term(term) = part {
                        self.read(term, input);
                    }
                }
            }
            Term::Arr(Some(inner)) | Term::Neg(inner) | Term::Label(_, inner) => self.read(inner, input),
            Term::Obj(entries) => {
                for value in entries.iter().filter_map(|(_, value)| value.as_ref()) {
                    self.read(value, input);
                }
            }
            Term::BinOp(left, _, right) => {
                self.read(left, input);
                self.read(right, input);
            }
            Term::TryCatch(tried, Some(caught)) => {
                self.read(tried, input);
                self.read(caught, None);
            }
            Term::IfThenElse(branches, otherwise) => {
                for (condition, then) in branches {
                    self.read(condition, input);
                    self.read(then, input);
                }
                if let Some(otherwise) = otherwise {
                    self.read(otherwise, input);
                }
            }
            Term::Fold(_, source, _, _) => self.read(source, input),
            Term::Def(_, rest) => return self.term(rest, input),
            Term::Num(_) | Term::Arr(None) | Term::Break(_) | Term::Recurse => {}
        }
        None
    }

    fn step(&mut self, at: Option<Path>, part: &Part<Term<&'s str>>, input: Option<&Path>) -> Option<Path> {
        let step = match part {
            Part::Index(Term::Str(None, text)) => literal(text).map(Step::Key),
            Part::Index(Term::Num(number)) => number.parse().ok().map(Step::At),
            Part::Index(Term::Neg(number)) => match &**number {
                Term::Num(number) => number.parse::<i64>().ok().map(|at| Step::At(-at)),
                _ => None,
            },
            Part::Range(None, None) => Some(Step::Each),
            Part::Index(_) | Part::Range(..) => None,
        };
        if let Some(step) = step {
            return Some(below(&at?, step));
        }
        self.note(at);
        if let Part::Index(index) = part {
            self.read(index, input);
        }
        None
    }

    fn bind(&mut self, pattern: &Pattern<&'s str>, value: Option<Path>) {
        match pattern {
            Pattern::Var(name) => self.variables.push((name, value)),
            Pattern::Arr(_) | Pattern::Obj(_) => self.note(value),
        }
    }
}

fn below(path: &Path, step: Step) -> Path {
    let mut below = path.clone();
    below.0.push(step);
    below
}

#[cfg(test)]
mod tests {
    use crate::jq::Program;
    use crate::value::Value;

    /// Each trail of a program: how far it leads, what stands there, and what cannot be reached.
    fn trails(source: &str) -> String {
        let input = r#"{"id": "a", "tags": [], "n": null, "integration": {"type": "API"}, "odd key": {"x": 1},
            "responders": [{"id": "t", "type": "team", "name": "A"}, {"id": "u", "type": "user"}]}"#;
        let input = Value::parse(input.as_bytes()).expect("JSON");
        let program = Program::compile(source).expect("valid");
        let shown = program.trails(&input).into_iter().map(|trail| {
            let missing = trail.missing.map_or_else(String::new, |step| format!(" lacks {step}"));
            format!("{}{missing}", trail.path)
        });
        shown.collect::<Vec<_>>().join("; ")
    }

    #[test]
    fn a_path_is_followed_to_its_first_missing_step() {
        let cases = [
            (".id", ".id"),
            (".integration.name", ".integration lacks .name"),
            (".integration.name.deep", ".integration lacks .name"),
            (".nothing.at.all", ". lacks .nothing"),
            (".n.x", ".n lacks .x"),
            (".id.x", ".id lacks .x"),
            (".responders[0].name", ".responders[0].name"),
            (".responders[-1].name", ".responders[-1] lacks .name"),
            (".responders[7].name", ".responders lacks [7]"),
            (".responders[].name", ".responders[1] lacks .name"),
            (".tags[0]", ".tags lacks [0]"),
            (".tags[]", ".tags lacks []"),
            (".\"odd key\".y", ".\"odd key\" lacks .y"),
            (".[0]", ". lacks [0]"),
        ];
        for (source, expected) in cases {
            assert_eq!(trails(source), expected, "{source}");
        }
    }

    #[test]
    fn every_path_of_a_computed_expression_is_followed() {
        let cases = [
            (".a // .id", ". lacks .a; .id"),
            (".a | .b", ". lacks .a"),
            ("\"\\(.id)-\\(.integration.name)\"", ".id; .integration lacks .name"),
            ("if .a then .id else .integration.type end", ". lacks .a; .id; .integration.type"),
            (
                ".responders | map(select(.type == \"x\") | .name)",
                ".responders[0].type; .responders[1] lacks .name",
            ),
            ("[.responders[] | select(.kind == \"x\")]", ".responders[0] lacks .kind; .responders[0]"),
            (".integration as $i | $i.name + .id", ".integration lacks .name; .id"),
            (".tags | join(\", \") | tonumber", ".tags"),
            (".integration?.name?", ".integration lacks .name"),
            ("{a: .id, b: [.x]}", ".id; . lacks .x"),
            ("[.a, .b] | any", ". lacks .a; . lacks .b"),
            ("try .a.b catch .c", ". lacks .a"),
            (".responders[.n].id", ".responders; .n"),
            ("def f: .a; f", ""),
            (".", ""),
            ("1", ""),
            ("reduce .tags[] as $t (0; . + 1)", ".tags lacks []"),
        ];
        for (source, expected) in cases {
            assert_eq!(trails(source), expected, "{source}");
        }
    }
}
