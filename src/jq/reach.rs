//! What a program may read of its input.
//!
//! A walk over the parsed program with what `.` may be at each place: a part of the root, or something made of parts
//! that are noted already. Only shapes that provably stay within named paths are followed; for anything else the part
//! itself counts as read, and reading the root as a whole means that nothing is known.

use std::collections::BTreeSet;

use jaq_core::load::lex::StrPart;
use jaq_core::load::parse::{BinaryOp, Pattern, Term};
use jaq_core::path::Part;

use super::shortcut::literal;

/// Which parts of its input a program may read. It is an upper bound: what is not in it, the program cannot tell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reach {
    /// Anything, or more than can be told from the program.
    All,
    /// Only what lies at these chains of keys from the root, and below them.
    Paths(BTreeSet<Vec<String>>),
}

impl Reach {
    /// Whether the field of the root may be read, whole or in part.
    pub fn reads(&self, field: &str) -> bool {
        match self {
            Self::All => true,
            Self::Paths(paths) => paths.iter().any(|path| path.first().is_none_or(|first| first == field)),
        }
    }
}

/// Filters that read nothing of their input.
const BLIND: [&str; 8] = ["empty", "null", "true", "false", "now", "nan", "infinite", "env"];

/// Filters that only run their arguments, all of them on their own input.
const RUNNING: [&str; 9] = ["first", "last", "limit", "skip", "nth", "isempty", "add", "error", "range"];

/// So many parts of the root are told apart in what one value may be.
const MAX_PARTS: usize = 64;

/// The reach of a parsed program.
pub(super) fn of(term: &Term<&str>) -> Reach {
    let mut walk = Walk::default();
    let output = walk.term(term, &Seen::root());
    walk.note(&output);
    // The root as a whole is everything.
    if walk.read.iter().any(Vec::is_empty) {
        return Reach::All;
    }
    Reach::Paths(walk.read)
}

/// What a value may be: parts of the root, none of them read yet, or else made of what has been noted.
#[derive(Clone, Default)]
struct Seen(Vec<Vec<String>>);

impl Seen {
    fn root() -> Self {
        Self(vec![Vec::new()])
    }

    /// Made of what has been noted: nothing more can be learned from it.
    fn noted() -> Self {
        Self::default()
    }

    fn or(mut self, other: Self) -> Self {
        self.0.extend(other.0);
        self
    }

    fn under(mut self, key: &str) -> Self {
        self.0.iter_mut().for_each(|path| path.push(key.to_owned()));
        self
    }
}

#[derive(Default)]
struct Walk<'s> {
    read: BTreeSet<Vec<String>>,
    variables: Vec<(&'s str, Seen)>,
}

impl<'s> Walk<'s> {
    /// Notes that the value is read, whole.
    fn note(&mut self, value: &Seen) -> Seen {
        self.read.extend(value.0.iter().cloned());
        Seen::noted()
    }

    /// Walks a term whose outputs are read whole.
    fn read(&mut self, term: &Term<&'s str>, input: &Seen) -> Seen {
        let output = self.term(term, input);
        self.note(&output)
    }

    /// What the outputs of a term may be for this input. Too many parts count as read: pipes of alternatives multiply.
    fn term(&mut self, term: &Term<&'s str>, input: &Seen) -> Seen {
        let output = self.outputs(term, input);
        if output.0.len() > MAX_PARTS { self.note(&output) } else { output }
    }

    fn outputs(&mut self, term: &Term<&'s str>, input: &Seen) -> Seen {
        match term {
            Term::Id => input.clone(),
            Term::Num(_) | Term::Break(_) | Term::Arr(None) | Term::Var("$ENV" | "$__loc__") => Seen::noted(),
            Term::Arr(Some(inner)) | Term::Neg(inner) => self.read(inner, input),
            Term::Label(_, inner) => self.term(inner, input),
            Term::Str(_, parts) => {
                for part in parts {
                    if let StrPart::Term(term) = part {
                        self.read(term, input);
                    }
                }
                Seen::noted()
            }
            Term::Obj(entries) => {
                for (key, value) in entries {
                    self.read(key, input);
                    match (value, key) {
                        (Some(value), _) => self.read(value, input),
                        (None, Term::Var(_)) => Seen::noted(),
                        (None, key) => {
                            let field = self.step(input.clone(), input, &Part::Index(key.clone()));
                            self.note(&field)
                        }
                    };
                }
                Seen::noted()
            }
            Term::BinOp(left, op, right) => self.operation(left, op, right, input),
            Term::Fold(_, source, pattern, arguments) => {
                let source = self.term(source, input);
                let before = self.variables.len();
                let mut arguments = arguments.iter();
                if let Some(init) = arguments.next() {
                    self.read(init, input);
                }
                self.bind(pattern, source, input);
                for argument in arguments {
                    self.read(argument, &Seen::noted());
                }
                self.variables.truncate(before);
                Seen::noted()
            }
            Term::TryCatch(tried, caught) => {
                let output = self.term(tried, input);
                let caught = caught.as_ref().map(|caught| self.term(caught, &Seen::noted()));
                output.or(caught.unwrap_or_default())
            }
            Term::IfThenElse(branches, otherwise) => {
                let mut output = Seen::noted();
                for (condition, then) in branches {
                    self.read(condition, input);
                    output = output.or(self.term(then, input));
                }
                output.or(otherwise.as_ref().map_or_else(|| input.clone(), |term| self.term(term, input)))
            }
            Term::Call(name, arguments) => self.call(name, arguments, input),
            Term::Var(name) => {
                let known = self.variables.iter().rev().find(|(known, _)| known == name);
                known.map_or_else(Seen::root, |(_, value)| value.clone())
            }
            Term::Path(head, path) => {
                let mut at = self.term(head, input);
                for (part, _opt) in &path.0 {
                    at = self.step(at, input, part);
                }
                at
            }
            // Everything below, or filters of the program's own, which are not followed.
            Term::Recurse => self.note(input),
            Term::Def(..) => self.note(&Seen::root()),
        }
    }

    fn step(&mut self, at: Seen, input: &Seen, part: &Part<Term<&'s str>>) -> Seen {
        match part {
            Part::Index(index) => {
                if let Term::Str(None, text) = index
                    && let Some(key) = literal(text)
                {
                    return at.under(&key);
                }
                self.read(index, input);
                self.note(&at)
            }
            Part::Range(from, upto) => {
                for bound in from.iter().chain(upto) {
                    self.read(bound, input);
                }
                self.note(&at)
            }
        }
    }

    fn operation(
        &mut self,
        left: &Term<&'s str>,
        op: &BinaryOp<&'s str>,
        right: &Term<&'s str>,
        input: &Seen,
    ) -> Seen {
        match op {
            BinaryOp::Pipe(None) => {
                let middle = self.term(left, input);
                self.term(right, &middle)
            }
            BinaryOp::Pipe(Some(pattern)) => {
                let source = self.term(left, input);
                let before = self.variables.len();
                self.bind(pattern, source, input);
                let output = self.term(right, input);
                self.variables.truncate(before);
                output
            }
            BinaryOp::Comma => {
                let output = self.term(left, input);
                output.or(self.term(right, input))
            }
            BinaryOp::Alt => {
                self.read(left, input);
                self.term(right, input)
            }
            BinaryOp::Or | BinaryOp::And | BinaryOp::Math(_) | BinaryOp::Cmp(_) => {
                self.read(left, input);
                self.read(right, input)
            }
            // The output is the whole input, changed.
            BinaryOp::Assign | BinaryOp::Update | BinaryOp::UpdateMath(_) | BinaryOp::UpdateAlt => {
                self.note(input);
                self.read(left, input);
                self.read(right, input)
            }
        }
    }

    fn bind(&mut self, pattern: &Pattern<&'s str>, value: Seen, input: &Seen) {
        match pattern {
            Pattern::Var(name) => self.variables.push((name, value)),
            Pattern::Arr(items) => {
                let noted = self.note(&value);
                for item in items {
                    self.bind(item, noted.clone(), input);
                }
            }
            Pattern::Obj(entries) => {
                for (key, pattern) in entries {
                    let field = self.step(value.clone(), input, &Part::Index(key.clone()));
                    self.bind(pattern, field, input);
                }
            }
        }
    }

    fn call(&mut self, name: &'s str, arguments: &[Term<&'s str>], input: &Seen) -> Seen {
        match arguments {
            [] if BLIND.contains(&name) => Seen::noted(),
            [condition] if name == "select" => {
                self.read(condition, input);
                input.clone()
            }
            [_, ..] if RUNNING.contains(&name) => {
                let outputs = arguments.iter().map(|argument| self.term(argument, input));
                let output = outputs.fold(Seen::noted(), Seen::or);
                if matches!(name, "first" | "last") { output } else { self.note(&output) }
            }
            // Whatever it is, it knows no more than its input and what its arguments bring.
            _ => {
                self.note(input);
                for argument in arguments {
                    self.read(argument, &Seen::noted());
                }
                Seen::noted()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::jq::Program;

    use super::Reach;

    /// The fields of the root that a program may read, or `all`.
    fn reach(source: &str) -> String {
        match Program::compile(source).expect("valid").reach() {
            Reach::All => "all".to_owned(),
            Reach::Paths(paths) => paths.iter().map(|path| path.join(".")).collect::<Vec<_>>().join(" "),
        }
    }

    #[test]
    fn pipes_of_alternatives_do_not_multiply_for_ever() {
        let source = vec!["(.a, .b, .c, .d)"; 40].join(" | ");
        let program = Program::compile(&source).expect("valid");
        assert!(program.reach().reads("a") && program.reach().reads("d") && !program.reach().reads("e"));
    }

    #[test]
    fn whatever_may_touch_the_whole_root_reaches_all() {
        let sources = [
            ".",
            "..",
            "keys",
            "to_entries",
            "tojson",
            "del(.a)",
            "getpath([\"a\"])",
            ". + {}",
            ".[.k]",
            ".[]",
            "[.]",
            "{a: .}",
            ". as $x | $x",
            ". as [$x] | 1",
            "def f: .a; f",
            "map(.a)",
            "\"\\(.)\"",
            ".a = 1",
            ".a |= .b",
            "path(.a)",
            "recurse",
            "walk(.)",
            "if . then .a else .b end",
            "select(.a)",
            "try . catch 1",
            "first(.)",
            "reduce . as $x (0; $x)",
            ". // 1",
            "with_entries(.)",
            "@json",
            "[limit(1; .)]",
            ".a, .",
            "input_line_number",
            "if .a then 1 end",
            "foreach .a as $x (.; 1)",
            "{(.): 1}",
            "label $out | .",
            "-.",
            ". == 1",
            "$__loc__, .",
        ];
        for source in sources {
            let program = Program::compile(source).unwrap_or_else(|faults| panic!("{source}: {faults:?}"));
            assert_eq!(program.reach(), &Reach::All, "{source}");
        }
    }

    #[test]
    fn named_paths_are_followed() {
        let cases = [
            (".a", "a"),
            (".a.b?", "a.b"),
            (".a | .b", "a.b"),
            ("\"x\"", ""),
            ("null", ""),
            ("$ENV.HOME", ""),
            (".a // .b", "a b"),
            (".a[0].b", "a"),
            (".a[] | .b", "a"),
            ("[.a[]? | select(.b == $ENV.x) | .c]", "a"),
            ("if .a then .b elif .c then .d else .e end", "a b c d e"),
            (". as $x | $x.a + .b", "a b"),
            (". as {a: $x, $b, \"c\": {d: $y}} | [$x, $b, $y]", "a b c.d"),
            ("{a, \"b\", c: .d.e, (.f): 1}", "a b d.e f"),
            ("\"\\(.a)-\\(.b | tostring)\"", "a b"),
            ("select(.a == 1) | .b", "a b"),
            (".a | contains([\"x\"])", "a"),
            (". as $r | .a | map(. + $r.b)", "a b"),
            ("reduce .a[] as $x (0; . + $x)", "a"),
            ("first(.a, .b)", "a b"),
            ("try .a catch .b", "a"),
            ("(.a, .b) | .c", "a.c b.c"),
            ("[.a, .b] | any", "a b"),
            (".a as $x | 1", ""),
            ("error(.a)", "a"),
        ];
        for (source, expected) in cases {
            assert_eq!(reach(source), expected, "{source}");
        }
    }

    #[test]
    fn a_field_is_read_when_any_path_goes_through_it() {
        let program = Program::compile(".__team.name // .id").expect("valid");
        assert!(program.reach().reads("__team") && program.reach().reads("id"));
        assert!(!program.reach().reads("__oncalls"));
        assert!(Program::compile("keys").expect("valid").reach().reads("__oncalls"));
        assert!(!Program::compile("\"x\"").expect("valid").reach().reads("id"));
    }
}
