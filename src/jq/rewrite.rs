//! Parsed programs as jaq-core must see them to give jq's results.
//!
//! jq evaluates the right operand first, folds keep the last of several updates, updates go through paths, and a
//! format is looked up when it runs. jaq-core does otherwise on purpose; so those terms are expressed by others here.
//! Names that start with `@` or `$!` are ours: no program can spell them.

use std::collections::HashSet;

use jaq_core::load::lex::StrPart;
use jaq_core::load::parse::{BinaryOp, Def, Pattern, Term};
use jaq_core::path::{Opt, Part, Path};

use super::calls;
use super::single::{is_plain, is_single};

/// Formats that are natives; any other is an error when it runs.
const FORMATS: [&str; 10] =
    ["@text", "@json", "@csv", "@tsv", "@html", "@uri", "@urid", "@sh", "@base64", "@base64d"];

/// Names for the parts of an interpolated string, the last parts of longer ones keep jaq's order.
const PARTS: [&str; 8] = ["$!0", "$!1", "$!2", "$!3", "$!4", "$!5", "$!6", "$!7"];

/// The right operand, evaluated before the left.
const RIGHT: &str = "$!right";

/// What takes its first argument for paths.
const PATH_TAKERS: [(&str, usize); 5] =
    [("path", 1), ("del", 1), ("pick", 1), ("@modify", 2), ("@assign", 2)];

/// What gives parts of its input, or of what its arguments give, so that a path goes on through it.
const FOLLOWED: [&str; 30] = [
    "empty",
    "error",
    "getpath",
    "select",
    "recurse",
    "first",
    "last",
    "nth",
    "limit",
    "skip",
    "until",
    "while",
    "repeat",
    "values",
    "nulls",
    "booleans",
    "numbers",
    "strings",
    "arrays",
    "objects",
    "iterables",
    "scalars",
    "finites",
    "normals",
    "debug",
    "stderr",
    "@tick",
    "@link",
    "@first",
    "@limit",
];

/// Whose program is rewritten.
#[derive(Clone, Copy, PartialEq)]
enum Author {
    User,
    /// Calls natives that no user can name.
    Prelude,
}

/// What is asked of a term.
#[derive(Clone, Copy, PartialEq)]
enum Asked {
    Values,
    /// Perhaps also where the values lie. Whether a value lies anywhere is decided when it is there, by comparing it
    /// with what it was made of: `@value` around whatever makes values.
    Paths,
}

#[derive(Clone, Copy)]
struct Rewrite<'a, 's> {
    author: Author,
    asked: Asked,
    /// What is asked of definitions of the program, and of closures that are handed to them.
    asked_of_definitions: Asked,
    /// Names of all definitions and parameters of the program.
    names: &'a HashSet<&'s str>,
}

/// Rewrites the program of a user.
pub(super) fn program(term: Term<&str>) -> Term<&str> {
    let mut names = HashSet::new();
    let mut takes_paths = false;
    calls::visit(&term, &mut |term| match term {
        Term::Def(definitions, _) => {
            for definition in definitions {
                names.insert(definition.name);
                names.extend(definition.args.iter().copied());
            }
        }
        Term::Call(name, arguments) => takes_paths |= PATH_TAKERS.contains(&(*name, arguments.len())),
        Term::BinOp(_, op, _) => {
            takes_paths |= matches!(
                op,
                BinaryOp::Assign | BinaryOp::Update | BinaryOp::UpdateMath(_) | BinaryOp::UpdateAlt
            );
        }
        _ => {}
    });
    let asked_of_definitions = if takes_paths { Asked::Paths } else { Asked::Values };
    Rewrite { author: Author::User, asked: Asked::Values, asked_of_definitions, names: &names }.term(term)
}

/// Rewrites a definition of the prelude.
pub(super) fn definition(definition: Def<&str>) -> Def<&str> {
    let (asked, names) = (Asked::Values, &HashSet::new());
    Rewrite { author: Author::Prelude, asked, asked_of_definitions: asked, names }.definition(definition)
}

fn call<'s>(name: &'s str, arguments: Vec<Term<&'s str>>) -> Term<&'s str> {
    Term::Call(name, arguments)
}

fn pipe<'s>(left: Term<&'s str>, right: Term<&'s str>) -> Term<&'s str> {
    Term::BinOp(Box::new(left), BinaryOp::Pipe(None), Box::new(right))
}

/// `source as $name | body`
fn bind<'s>(source: Term<&'s str>, name: &'s str, body: Term<&'s str>) -> Term<&'s str> {
    Term::BinOp(Box::new(source), BinaryOp::Pipe(Some(Pattern::Var(name))), Box::new(body))
}

fn text(text: &str) -> Term<&str> {
    Term::Str(None, vec![StrPart::Str(text)])
}

fn array(inner: Term<&str>) -> Term<&str> {
    Term::Arr(Some(Box::new(inner)))
}

/// `.[index]`
fn at(part: Part<Term<&str>>) -> Term<&str> {
    Term::Path(Box::new(Term::Id), Path(vec![(part, Opt::Essential)]))
}

impl<'s> Rewrite<'_, 's> {
    fn asking(self, asked: Asked) -> Self {
        Self { asked, ..self }
    }

    fn terms(self, terms: Vec<Term<&'s str>>) -> Vec<Term<&'s str>> {
        terms.into_iter().map(|term| self.term(term)).collect()
    }

    fn term(self, term: Term<&'s str>) -> Term<&'s str> {
        if self.asked == Asked::Paths && self.makes_values(&term) {
            return call("@value", vec![self.asking(Asked::Values).rewritten(term)]);
        }
        self.rewritten(term)
    }

    /// A term of which only values are asked.
    fn value(self, term: Term<&'s str>) -> Term<&'s str> {
        self.asking(Asked::Values).term(term)
    }

    /// Whether no path goes on through the term: also behind a `reduce` it is where it was before.
    fn makes_values(self, term: &Term<&'s str>) -> bool {
        match term {
            Term::Num(_)
            | Term::Str(..)
            | Term::Arr(_)
            | Term::Obj(_)
            | Term::Neg(_)
            | Term::Var(_)
            | Term::Fold("reduce", ..) => true,
            Term::BinOp(_, op, _) => !matches!(op, BinaryOp::Pipe(_) | BinaryOp::Comma | BinaryOp::Alt),
            Term::Call("last", arguments) if arguments.len() == 1 => !self.names.contains("last"),
            Term::Call(name, _) => !FOLLOWED.contains(name) && !self.names.contains(name),
            _ => false,
        }
    }

    fn rewritten(self, term: Term<&'s str>) -> Term<&'s str> {
        match term {
            Term::Id | Term::Recurse | Term::Num(_) | Term::Arr(None) | Term::Break(_) | Term::Var(_) => term,
            Term::Str(format, parts) => self.string(format, parts),
            Term::Arr(Some(inner)) => Term::Arr(Some(Box::new(self.value(*inner)))),
            Term::Obj(entries) => {
                let entry = |(key, value): (Term<&'s str>, Option<_>)| match (key, value) {
                    // The shorthand `{$x}` is told by the bare variable.
                    (key @ Term::Var(_), None) => (key, None),
                    (key, value) => (self.value(key), value.map(|value| self.value(value))),
                };
                Term::Obj(entries.into_iter().map(entry).collect())
            }
            Term::Neg(inner) => Term::Neg(Box::new(self.term(*inner))),
            Term::BinOp(left, op, right) => self.operation(*left, op, *right),
            Term::Label(name, inner) => Term::Label(name, Box::new(self.term(*inner))),
            Term::Fold(name, source, pattern, arguments) => self.fold(name, *source, pattern, arguments),
            Term::TryCatch(tried, caught) => {
                Term::TryCatch(Box::new(self.term(*tried)), caught.map(|caught| Box::new(self.term(*caught))))
            }
            Term::IfThenElse(branches, otherwise) => Term::IfThenElse(
                branches
                    .into_iter()
                    .map(|(condition, then)| (self.value(condition), self.term(then)))
                    .collect(),
                otherwise.map(|otherwise| Box::new(self.term(*otherwise))),
            ),
            Term::Def(definitions, body) => self.definitions(definitions, *body),
            Term::Call(name, arguments) => match name.strip_prefix('@') {
                Some(format) if self.author == Author::User && !FORMATS.contains(&name) => {
                    call("format", vec![text(format)])
                }
                _ => self.call(name, arguments),
            },
            Term::Path(head, path) => self.path(*head, path),
        }
    }

    fn call(self, name: &'s str, mut arguments: Vec<Term<&'s str>>) -> Term<&'s str> {
        if PATH_TAKERS.contains(&(name, arguments.len())) && self.author == Author::User {
            let rest = self.asking(Asked::Values).terms(arguments.split_off(1));
            let mut arguments = self.asking(Asked::Paths).terms(arguments);
            arguments.extend(rest);
            return call(name, arguments);
        }
        let asked = if self.names.contains(name) { self.asked_of_definitions } else { self.asked };
        call(name, self.asking(asked).terms(arguments))
    }

    /// An index of several outputs is the outer loop, the last index of a path the outermost.
    fn path(self, head: Term<&'s str>, path: Path<Term<&'s str>>) -> Term<&'s str> {
        let mut bound = Vec::new();
        let mut index = |index: Term<&'s str>| {
            let index = self.value(index);
            match PARTS.get(bound.len()) {
                Some(name) if !is_single(&index) => {
                    bound.push((index, *name));
                    Term::Var(*name)
                }
                _ => index,
            }
        };
        let mut part = |part| match part {
            Part::Index(key) => Part::Index(index(key)),
            Part::Range(from, upto) => Part::Range(from.map(&mut index), upto.map(&mut index)),
        };
        let parts = path.0.into_iter().map(|(inner, opt)| (part(inner), opt)).collect();
        let path = Term::Path(Box::new(self.term(head)), Path(parts));
        bound.into_iter().fold(path, |body, (source, name)| bind(source, name, body))
    }

    /// Interpolation: each part goes through the format, the first part varies fastest.
    fn string(self, format: Option<&'s str>, parts: Vec<StrPart<&'s str, Term<&'s str>>>) -> Term<&'s str> {
        let formatted = |term: Term<&'s str>| match format {
            None => self.value(term),
            Some(format) => pipe(self.value(term), self.value(call(format, Vec::new()))),
        };
        let mut parts: Vec<_> = parts
            .into_iter()
            .map(|part| match part {
                StrPart::Term(term) => StrPart::Term(formatted(term)),
                StrPart::Str(text) => StrPart::Str(text),
                StrPart::Char(char) => StrPart::Char(char),
            })
            .collect();
        let several = |part: &StrPart<_, Term<&str>>| matches!(part, StrPart::Term(term) if !is_plain(term));
        if parts.iter().filter(|part| several(part)).count() < 2 {
            return Term::Str(None, parts);
        }
        let mut bound = Vec::new();
        for part in parts.iter_mut().filter(|part| several(part)) {
            if let (StrPart::Term(term), Some(name)) = (&mut *part, PARTS.get(bound.len())) {
                bound.push((std::mem::replace(term, Term::Var(name)), *name));
            }
        }
        let string = Term::Str(None, parts);
        bound.into_iter().fold(string, |body, (source, name)| bind(source, name, body))
    }

    fn operation(self, left: Term<&'s str>, op: BinaryOp<&'s str>, right: Term<&'s str>) -> Term<&'s str> {
        let (left, right) = match op {
            BinaryOp::Pipe(None) | BinaryOp::Comma | BinaryOp::Alt => (self.term(left), self.term(right)),
            BinaryOp::Pipe(Some(_)) => (self.value(left), self.term(right)),
            BinaryOp::Or | BinaryOp::And | BinaryOp::Math(_) | BinaryOp::Cmp(_) => {
                (self.value(left), self.value(right))
            }
            BinaryOp::Assign | BinaryOp::Update | BinaryOp::UpdateMath(_) | BinaryOp::UpdateAlt => {
                (self.asking(Asked::Paths).term(left), self.value(right))
            }
        };
        let same = |left, op, right| Term::BinOp(Box::new(left), op, Box::new(right));
        match op {
            BinaryOp::Math(_) | BinaryOp::Cmp(_) if !is_plain(&left) && !is_plain(&right) => {
                bind(right, RIGHT, same(left, op, Term::Var(RIGHT)))
            }
            BinaryOp::Comma => same(left, op, pipe(call("@tick", Vec::new()), right)),
            BinaryOp::Assign => call("@assign", vec![left, right]),
            BinaryOp::Update => call("@modify", vec![left, right]),
            BinaryOp::UpdateMath(math) => {
                let update = same(Term::Id, BinaryOp::Math(math), Term::Var(RIGHT));
                bind(right, RIGHT, call("@modify", vec![left, update]))
            }
            BinaryOp::UpdateAlt => {
                let update = same(Term::Id, BinaryOp::Alt, Term::Var(RIGHT));
                bind(right, RIGHT, call("@modify", vec![left, update]))
            }
            BinaryOp::Pipe(Some(pattern)) => same(left, BinaryOp::Pipe(Some(self.pattern(pattern))), right),
            BinaryOp::Pipe(None)
            | BinaryOp::Alt
            | BinaryOp::Or
            | BinaryOp::And
            | BinaryOp::Math(_)
            | BinaryOp::Cmp(_) => same(left, op, right),
        }
    }

    fn pattern(self, pattern: Pattern<&'s str>) -> Pattern<&'s str> {
        match pattern {
            Pattern::Var(name) => Pattern::Var(name),
            Pattern::Arr(items) => Pattern::Arr(items.into_iter().map(|item| self.pattern(item)).collect()),
            Pattern::Obj(entries) => {
                let entry = |(key, value)| (self.value(key), self.pattern(value));
                Pattern::Obj(entries.into_iter().map(entry).collect())
            }
        }
    }

    /// jq keeps the last output of an update as the state, and null when there is none.
    fn fold(
        self,
        name: &'s str,
        source: Term<&'s str>,
        pattern: Pattern<&'s str>,
        arguments: Vec<Term<&'s str>>,
    ) -> Term<&'s str> {
        let source = Box::new(self.value(source));
        let pattern = self.pattern(pattern);
        let mut arguments = self.terms(arguments);
        if let [init, update, project @ ..] = &mut arguments[..]
            && !is_single(update)
        {
            let inner = std::mem::take(update);
            if name == "reduce" {
                *update = call("@last_or_null", vec![inner]);
            } else {
                // The state is the list of what the update gave.
                *init = pipe(std::mem::take(init), array(Term::Id));
                *update = array(pipe(at(Part::Index(Term::Neg(Box::new(Term::Num("1"))))), inner));
                let each = at(Part::Range(None, None));
                match project {
                    [project] => *project = pipe(each, std::mem::take(project)),
                    _ => arguments.push(each),
                }
            }
        }
        Term::Fold(name, source, pattern, arguments)
    }

    /// Definitions that nothing calls are left out: jq does not mind what they call.
    fn definitions(self, definitions: Vec<Def<&'s str>>, body: Term<&'s str>) -> Term<&'s str> {
        let mut called = calls::of(&body);
        let mut kept = Vec::new();
        for definition in definitions.into_iter().rev() {
            if called.contains(&(definition.name, definition.args.len())) {
                called.extend(calls::of(&definition.body));
                kept.push(self.definition(definition));
            }
        }
        kept.reverse();
        let body = self.term(body);
        if kept.is_empty() { body } else { Term::Def(kept, Box::new(body)) }
    }

    /// A definition that calls itself counts its steps, or it could run for ever; so do those of a user, which may
    /// call each other twice, and so on.
    fn definition(self, definition: Def<&'s str>) -> Def<&'s str> {
        let Def { name, args, body } = definition;
        let recursive = calls::of(&body).contains(&(name, args.len()));
        let body = self.asking(self.asked_of_definitions).term(body);
        // With closures, every call holds those of the calls before it.
        let closures = args.iter().any(|arg| !arg.starts_with('$'));
        let count = if recursive && closures { "@link" } else { "@tick" };
        let body =
            if recursive || self.author == Author::User { pipe(call(count, Vec::new()), body) } else { body };
        Def { name, args, body }
    }
}
