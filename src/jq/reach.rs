//! What a program may read of its input.
//!
//! A walk over the parsed program with what `.` may be at each place: a part of the root, or something made of parts
//! that are noted already. Only shapes that provably stay within named paths are followed; for anything else the part
//! itself counts as read, and reading the root as a whole means that nothing is known.

use jaq_core::load::lex::StrPart;
use jaq_core::load::parse::{BinaryOp, Pattern, Term};
use jaq_core::path::Part;

use super::shortcut::literal;
use crate::value::Reach;

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
    walk.read
}

/// A step down from the root.
#[derive(Clone)]
enum Step {
    Key(String),
    /// To each item of a list, or each value of an object.
    Each,
}

/// What a value may be: parts of the root, none of them read yet, or else made of what has been noted.
#[derive(Clone, Default)]
struct Seen {
    parts: Vec<Vec<Step>>,
    /// Parts of the root that may be items of the value, which is a new list then.
    items: Vec<Vec<Step>>,
}

impl Seen {
    fn root() -> Self {
        Self { parts: vec![Vec::new()], items: Vec::new() }
    }

    /// Made of what has been noted: nothing more can be learned from it.
    fn noted() -> Self {
        Self::default()
    }

    fn or(mut self, other: Self) -> Self {
        self.parts.extend(other.parts);
        self.items.extend(other.items);
        self
    }

    /// What is under a key of the parts; a list has none.
    fn under(mut self, key: &str) -> Self {
        self.parts.iter_mut().for_each(|path| path.push(Step::Key(key.to_owned())));
        self.items.clear();
        self
    }

    /// The items of the parts, and of a new list.
    fn each(mut self) -> Self {
        self.parts.iter_mut().for_each(|path| path.push(Step::Each));
        self.parts.append(&mut self.items);
        self
    }
}

#[derive(Default)]
struct Walk<'s> {
    read: Reach,
    variables: Vec<(&'s str, Seen)>,
}

impl<'s> Walk<'s> {
    /// Notes that the value is read, whole.
    fn note(&mut self, value: &Seen) -> Seen {
        for path in value.parts.iter().chain(&value.items) {
            self.add(path, Reach::all());
        }
        Seen::noted()
    }

    /// Notes that it is read what the value is: a scalar as such, a list or an object as being one.
    fn glance(&mut self, value: &Seen) {
        for path in &value.parts {
            self.add(path, Reach::outside());
        }
    }

    fn add(&mut self, path: &[Step], reach: Reach) {
        let reach = path.iter().rev().fold(reach, |below, step| match step {
            Step::Key(key) => Reach::under(key.as_str(), below),
            Step::Each => Reach::of_each(below),
        });
        self.read.add(reach);
    }

    /// Walks a term whose outputs are read whole.
    fn read(&mut self, term: &Term<&'s str>, input: &Seen) -> Seen {
        let output = self.term(term, input);
        self.note(&output)
    }

    /// What the outputs of a term may be for this input. Too many parts count as read: pipes of alternatives multiply.
    fn term(&mut self, term: &Term<&'s str>, input: &Seen) -> Seen {
        let output = self.outputs(term, input);
        if output.parts.len() + output.items.len() > MAX_PARTS { self.note(&output) } else { output }
    }

    fn outputs(&mut self, term: &Term<&'s str>, input: &Seen) -> Seen {
        match term {
            Term::Id => input.clone(),
            Term::Num(_) | Term::Break(_) | Term::Arr(None) | Term::Var("$ENV" | "$__loc__") => Seen::noted(),
            Term::Arr(Some(inner)) => self.listed(inner, input),
            Term::Neg(inner) => self.read(inner, input),
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
                    self.glance(&at);
                    return at.under(&key);
                }
                self.read(index, input);
                self.note(&at)
            }
            Part::Range(None, None) => self.each(at),
            Part::Range(from, upto) => {
                for bound in from.iter().chain(upto) {
                    self.read(bound, input);
                }
                self.note(&at)
            }
        }
    }

    /// A new list of the outputs of a term. Lists in lists are not told apart.
    fn listed(&mut self, term: &Term<&'s str>, input: &Seen) -> Seen {
        let Seen { parts, items } = self.term(term, input);
        self.note(&Seen { parts: items, items: Vec::new() });
        Seen { parts: Vec::new(), items: parts }
    }

    /// The items of a value. Those of the root are all that there is.
    fn each(&mut self, at: Seen) -> Seen {
        if at.parts.iter().any(Vec::is_empty) {
            return self.note(&at);
        }
        self.glance(&at);
        let each = at.each();
        self.glance(&each);
        each
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
            // Of what comes first only matters whether it is null or false.
            BinaryOp::Alt => {
                let output = self.term(left, input);
                self.glance(&output);
                output.or(self.term(right, input))
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
            [] if name == "length" => {
                // How long a new list is says nothing of its items.
                self.note(&Seen { items: Vec::new(), ..input.clone() })
            }
            [inner] if name == "map" => {
                let each = self.each(input.clone());
                self.listed(inner, &each)
            }
            [condition] if name == "select" => {
                self.read(condition, input);
                input.clone()
            }
            // With one argument `nth` is an index of its input.
            [_, ..] if RUNNING.contains(&name) && (name, arguments.len()) != ("nth", 1) => {
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

    /// The parts of the root that a program may read.
    fn reach(source: &str) -> String {
        Program::compile(source).expect("valid").reach().to_string()
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
            assert!(program.reach().is_all(), "{source}");
        }
    }

    #[test]
    fn named_paths_are_followed() {
        let cases = [
            (".a", ".a"),
            (".a.b?", ".a.b"),
            (".a | .b", ".a.b"),
            ("\"x\"", ""),
            ("null", ""),
            ("$ENV.HOME", ""),
            (".a // .b", ".a .b"),
            (".a[0].b", ".a"),
            (".a[] | .b", ".a[].b"),
            ("[.a[]? | select(.b == $ENV.x) | .c]", ".a[].b .a[].c"),
            ("if .a then .b elif .c then .d else .e end", ".a .b .c .d .e"),
            (". as $x | $x.a + .b", ".a .b"),
            (". as {a: $x, $b, \"c\": {d: $y}} | [$x, $b, $y]", ".a .b .c.d"),
            ("{a, \"b\", c: .d.e, (.f): 1}", ".a .b .d.e .f"),
            ("\"\\(.a)-\\(.b | tostring)\"", ".a .b"),
            ("select(.a == 1) | .b", ".a .b"),
            (".a | contains([\"x\"])", ".a"),
            (". as $r | .a | map(. + $r.b)", ".a[] .b"),
            ("reduce .a[] as $x (0; . + $x)", ".a[]"),
            ("first(.a, .b)", ".a .b"),
            ("try .a catch .b", ".a"),
            ("(.a, .b) | .c", ".a.c .b.c"),
            ("[.a, .b] | any", ".a .b"),
            (".a as $x | 1", ""),
            ("error(.a)", ".a"),
            // Of what is only passed through it shows what it is.
            (".a.b as $x | 1", ".a?"),
            ("[.a[]] | length", ".a[]?"),
            ("[.a[] | select(.b == 1)] | length | tostring", ".a[].b"),
            (".a | length", ".a"),
            ("[.a[].b[].c] | length", ".a[].b[]?"),
            ("[.a] | .[0].b", ".a"),
            ("[.a, .c] | map(.b) | .[]", ".a.b .c.b"),
            ("[[.a]] | length", ".a"),
            (".a // [] | map(.b.c)", ".a[].b.c"),
            ("(.a // .b) | 1", ".a?"),
            (".a[] |= 1", "."),
            ("[.a[] | {b, c: .d}]", ".a[].b .a[].d"),
            (".a | map(select(.b)) | map(.c)", ".a[].b .a[].c"),
            (".a | del(.b)", ".a"),
            (".a | to_entries | map(.key)", ".a"),
            (".a | has(\"b\")", ".a"),
            (".a | keys", ".a"),
            (".a[.b].c", ".a .b"),
            (".a[1:] | .[].b", ".a"),
            (".a | nth(0)", ".a"),
            ("nth(1; .a, .b)", ".a .b"),
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
