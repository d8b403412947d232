//! Tokens to terms.

use std::cell::Cell;

use jaq_core::load::lex::StrPart;
use jaq_core::load::parse::{BinaryOp, Def, Term};
use jaq_core::ops::{Cmp, Math};
use jaq_core::path::{Opt, Part, Path};

use super::lexer::{Kind, Token};
use crate::jq::CompileFault;

/// Terms within terms; deeper ones are no mapping, and what handles them recurses.
const MAX_NESTING: usize = 200;

/// Words that name no filter.
const KEYWORDS: [&str; 20] = [
    "as", "import", "include", "module", "def", "if", "then", "else", "elif", "end", "and", "or", "reduce",
    "foreach", "try", "catch", "label", "break", "__loc__", "?",
];

/// A parsed thing, or the one fault that ended the parse.
pub(super) type Parsed<T> = Result<T, CompileFault>;

/// Parses a whole program.
pub(super) fn parse<'s>(source: &'s str, tokens: &[Token<'s>]) -> Parsed<Term<&'s str>> {
    let repeated = Cell::new(0);
    let mut parser = Parser { source, tokens, end: source.len(), nesting: 0, repeated: &repeated };
    if tokens.is_empty() {
        return Err(parser.fault("Top-level program not given (try \".\")".to_owned()));
    }
    if let Some(Kind::Word(word @ ("import" | "include" | "module"))) = parser.peek() {
        return Err(parser.fault(format!("`{word}` finds no modules here")));
    }
    let term = parser.query()?;
    match parser.tokens {
        [] => Ok(term),
        _ => Err(parser.unexpected("end of file")),
    }
}

pub(super) struct Parser<'s, 't> {
    pub(super) source: &'s str,
    pub(super) tokens: &'t [Token<'s>],
    /// Where the tokens end.
    pub(super) end: usize,
    pub(super) nesting: usize,
    /// Terms that alternatives of patterns have repeated so far.
    pub(super) repeated: &'t Cell<usize>,
}

/// Whether something may follow after a comma.
#[derive(Clone, Copy, PartialEq)]
enum Extent {
    /// It reaches as far as it can: a binding, a label, a definition.
    Rest,
    Item,
}

/// Whether brackets may hold a slice: not where a point stands before them.
#[derive(Clone, Copy, PartialEq)]
enum Slices {
    Taken,
    Refused,
}

/// How an operator groups with its equals.
#[derive(Clone, Copy, PartialEq)]
enum Grouping {
    Left,
    Right,
    /// Not at all.
    None,
}

/// What a binary operator is, how tightly it binds, and how it groups.
fn operator<'s>(kind: &Kind<'s>) -> Option<(BinaryOp<&'s str>, u8, Grouping)> {
    use Grouping::{Left, None as Never, Right};
    let (Kind::Mark(mark) | Kind::Word(mark)) = kind else { return None };
    Some(match *mark {
        "//" => (BinaryOp::Alt, 1, Right),
        "=" => (BinaryOp::Assign, 2, Never),
        "|=" => (BinaryOp::Update, 2, Never),
        "+=" => (BinaryOp::UpdateMath(Math::Add), 2, Never),
        "-=" => (BinaryOp::UpdateMath(Math::Sub), 2, Never),
        "*=" => (BinaryOp::UpdateMath(Math::Mul), 2, Never),
        "/=" => (BinaryOp::UpdateMath(Math::Div), 2, Never),
        "%=" => (BinaryOp::UpdateMath(Math::Rem), 2, Never),
        "//=" => (BinaryOp::UpdateAlt, 2, Never),
        "or" => (BinaryOp::Or, 3, Left),
        "and" => (BinaryOp::And, 4, Left),
        "==" => (BinaryOp::Cmp(Cmp::Eq), 5, Never),
        "!=" => (BinaryOp::Cmp(Cmp::Ne), 5, Never),
        "<" => (BinaryOp::Cmp(Cmp::Lt), 5, Never),
        "<=" => (BinaryOp::Cmp(Cmp::Le), 5, Never),
        ">" => (BinaryOp::Cmp(Cmp::Gt), 5, Never),
        ">=" => (BinaryOp::Cmp(Cmp::Ge), 5, Never),
        "+" => (BinaryOp::Math(Math::Add), 6, Left),
        "-" => (BinaryOp::Math(Math::Sub), 6, Left),
        "*" => (BinaryOp::Math(Math::Mul), 7, Left),
        "/" => (BinaryOp::Math(Math::Div), 7, Left),
        "%" => (BinaryOp::Math(Math::Rem), 7, Left),
        _ => return None,
    })
}

pub(super) fn pipe<'s>(left: Term<&'s str>, right: Term<&'s str>) -> Term<&'s str> {
    Term::BinOp(Box::new(left), BinaryOp::Pipe(None), Box::new(right))
}

/// A string without interpolation.
pub(super) fn text(text: &str) -> Term<&str> {
    Term::Str(None, vec![StrPart::Str(text)])
}

impl<'s, 't> Parser<'s, 't> {
    pub(super) fn peek(&self) -> Option<&'t Kind<'s>> {
        self.tokens.first().map(|token| &token.kind)
    }

    pub(super) fn advance(&mut self) {
        self.tokens = self.tokens.get(1..).unwrap_or_default();
    }

    /// Takes a mark or a word if it comes next.
    pub(super) fn accept(&mut self, word: &str) -> bool {
        let found = matches!(self.peek(), Some(Kind::Mark(next) | Kind::Word(next)) if *next == word);
        if found {
            self.advance();
        }
        found
    }

    pub(super) fn expect(&mut self, word: &str) -> Parsed<()> {
        if self.accept(word) { Ok(()) } else { Err(self.unexpected(&format!("`{word}`"))) }
    }

    pub(super) fn fault(&self, message: String) -> CompileFault {
        let span = self.tokens.first().map_or(self.end..self.end, |token| token.span.clone());
        CompileFault { message, span }
    }

    pub(super) fn unexpected(&self, expected: &str) -> CompileFault {
        let found = match self.tokens.first() {
            Some(token) => format!("`{}`", &self.source[token.span.clone()]),
            None => "end of file".to_owned(),
        };
        self.fault(format!("syntax error, unexpected {found}, expecting {expected}"))
    }

    pub(super) fn nested<T>(&mut self, parse: impl FnOnce(&mut Self) -> Parsed<T>) -> Parsed<T> {
        if self.nesting >= MAX_NESTING {
            return Err(self.fault("nested too deeply".to_owned()));
        }
        self.nesting += 1;
        let parsed = parse(self);
        self.nesting -= 1;
        parsed
    }

    /// Anything: pipes of comma-separated lists.
    pub(super) fn query(&mut self) -> Parsed<Term<&'s str>> {
        self.nested(|parser| {
            let mut steps = vec![parser.list()?];
            while parser.accept("|") {
                steps.push(parser.list()?);
            }
            let last = steps.pop().unwrap_or_default();
            Ok(steps.into_iter().rev().fold(last, |right, left| pipe(left, right)))
        })
    }

    fn list(&mut self) -> Parsed<Term<&'s str>> {
        let (mut list, mut extent) = self.item()?;
        while extent == Extent::Item && self.accept(",") {
            let (item, reached) = self.item()?;
            list = Term::BinOp(Box::new(list), BinaryOp::Comma, Box::new(item));
            extent = reached;
        }
        Ok(list)
    }

    fn item(&mut self) -> Parsed<(Term<&'s str>, Extent)> {
        if matches!(self.peek(), Some(Kind::Word("def"))) {
            let mut definitions = Vec::new();
            while self.accept("def") {
                definitions.push(self.definition()?);
            }
            let body = self.query()?;
            return Ok((Term::Def(definitions, Box::new(body)), Extent::Rest));
        }
        if self.accept("label") {
            let name = self.variable()?;
            self.expect("|")?;
            return Ok((Term::Label(name, Box::new(self.query()?)), Extent::Rest));
        }
        let source = self.expression(1)?;
        if self.accept("as") {
            let patterns = self.alternatives()?;
            self.expect("|")?;
            let body = self.query()?;
            self.repeat(patterns.len(), std::slice::from_ref(&body))?;
            return Ok((super::patterns::bind(source, patterns, body), Extent::Rest));
        }
        Ok((source, Extent::Item))
    }

    /// What follows `def`.
    fn definition(&mut self) -> Parsed<Def<&'s str>> {
        let name = self.word()?;
        let mut args = Vec::new();
        if self.accept("(") {
            loop {
                args.push(match self.peek() {
                    Some(Kind::Word(name) | Kind::Variable(name)) => *name,
                    _ => return Err(self.unexpected("a parameter")),
                });
                self.advance();
                if !self.accept(";") {
                    break;
                }
            }
            self.expect(")")?;
        }
        self.expect(":")?;
        let body = self.query()?;
        self.expect(";")?;
        Ok(Def { name, args, body })
    }

    fn word(&mut self) -> Parsed<&'s str> {
        match self.peek() {
            Some(Kind::Word(word)) => {
                self.advance();
                Ok(word)
            }
            _ => Err(self.unexpected("a name")),
        }
    }

    pub(super) fn variable(&mut self) -> Parsed<&'s str> {
        match self.peek() {
            Some(Kind::Variable(name)) => {
                self.advance();
                Ok(name)
            }
            _ => Err(self.unexpected("a variable")),
        }
    }

    /// Operators that bind at least as tightly as `least`, and their operands.
    pub(super) fn expression(&mut self, least: u8) -> Parsed<Term<&'s str>> {
        let mut left = self.operand()?;
        while let Some((op, strength, grouping)) = self.peek().and_then(operator)
            && strength >= least
        {
            self.advance();
            let right = self.nested(|parser| match grouping {
                Grouping::Right => parser.expression(strength),
                Grouping::Left | Grouping::None => parser.expression(strength + 1),
            })?;
            left = Term::BinOp(Box::new(left), op, Box::new(right));
            let equal = |next: &Kind<'s>| operator(next).is_some_and(|(_, other, _)| other == strength);
            if grouping == Grouping::None && self.peek().is_some_and(equal) {
                return Err(self.unexpected("no second one without parentheses"));
            }
        }
        Ok(left)
    }

    fn operand(&mut self) -> Parsed<Term<&'s str>> {
        if self.accept("-") {
            let operand = self.nested(Self::operand)?;
            return Ok(Term::Neg(Box::new(operand)));
        }
        if self.accept("try") {
            let tried = self.nested(Self::operand)?;
            let caught =
                if self.accept("catch") { Some(Box::new(self.nested(Self::operand)?)) } else { None };
            return Ok(Term::TryCatch(Box::new(tried), caught));
        }
        let term = self.term()?;
        self.suffixes(term)
    }

    /// A term and what it begins with.
    pub(super) fn term(&mut self) -> Parsed<Term<&'s str>> {
        let Some(kind) = self.peek() else { return Err(self.unexpected("a term")) };
        let term = match kind {
            Kind::Number(number) => Term::Num(*number),
            Kind::Text(parts) => {
                let term = self.string(None, parts)?;
                self.advance();
                return Ok(term);
            }
            Kind::Format(format) => {
                self.advance();
                return self.formatted(format);
            }
            Kind::Field(name) => {
                self.advance();
                return Ok(self.indexed(Term::Id, text(name)));
            }
            Kind::Variable("$__loc__") => self.location(),
            Kind::Variable(name) => Term::Var(*name),
            Kind::Mark("..") => Term::Recurse,
            Kind::Mark(".") => {
                self.advance();
                return match self.peek() {
                    Some(Kind::Text(_) | Kind::Format(_)) => {
                        let key = self.key_string()?;
                        Ok(self.indexed(Term::Id, key))
                    }
                    _ => Ok(Term::Id),
                };
            }
            Kind::Mark("(") => {
                self.advance();
                let inner = self.query()?;
                self.expect(")")?;
                return Ok(inner);
            }
            Kind::Mark("[") => {
                self.advance();
                if self.accept("]") {
                    return Ok(Term::Arr(None));
                }
                let inner = self.query()?;
                self.expect("]")?;
                return Ok(Term::Arr(Some(Box::new(inner))));
            }
            Kind::Mark("{") => {
                self.advance();
                return self.nested(Self::object);
            }
            Kind::Word(word) => {
                if !matches!(*word, "if" | "reduce" | "foreach" | "break") && KEYWORDS.contains(word) {
                    return Err(self.unexpected("a term"));
                }
                self.advance();
                return match *word {
                    "if" => self.condition(),
                    "reduce" | "foreach" => self.fold(word),
                    "break" => Ok(Term::Break(self.variable()?)),
                    name => Ok(Term::Call(name, self.arguments()?)),
                };
            }
            Kind::Mark(_) => return Err(self.unexpected("a term")),
        };
        self.advance();
        Ok(term)
    }

    /// Everything that may stand behind a term: fields, brackets, question marks.
    fn suffixes(&mut self, mut term: Term<&'s str>) -> Parsed<Term<&'s str>> {
        loop {
            match self.peek() {
                Some(Kind::Field(name)) => {
                    self.advance();
                    term = self.indexed(term, text(name));
                }
                Some(Kind::Mark(".")) => {
                    self.advance();
                    match self.peek() {
                        Some(Kind::Text(_) | Kind::Format(_)) => {
                            let key = self.key_string()?;
                            term = self.indexed(term, key);
                        }
                        Some(Kind::Mark("[")) => {
                            self.advance();
                            term = self.bracket(term, Slices::Refused)?;
                        }
                        _ => return Err(self.unexpected("a string or `[`")),
                    }
                }
                Some(Kind::Mark("[")) => {
                    self.advance();
                    term = self.bracket(term, Slices::Taken)?;
                }
                Some(Kind::Mark("?")) => {
                    self.advance();
                    term = Term::TryCatch(Box::new(term), None);
                }
                _ => return Ok(term),
            }
        }
    }

    fn indexed(&mut self, term: Term<&'s str>, key: Term<&'s str>) -> Term<&'s str> {
        self.stepped(term, Part::Index(key))
    }

    /// One more step of a path, which a question mark makes optional.
    fn stepped(&mut self, term: Term<&'s str>, part: Part<Term<&'s str>>) -> Term<&'s str> {
        let opt = if self.accept("?") { Opt::Optional } else { Opt::Essential };
        match term {
            Term::Path(head, Path(mut parts)) => {
                parts.push((part, opt));
                Term::Path(head, Path(parts))
            }
            head => Term::Path(Box::new(head), Path(vec![(part, opt)])),
        }
    }

    /// What follows `[` behind a term.
    fn bracket(&mut self, term: Term<&'s str>, slices: Slices) -> Parsed<Term<&'s str>> {
        let part = if self.accept("]") {
            Part::Range(None, None)
        } else if slices == Slices::Taken && self.accept(":") {
            let upto = self.query()?;
            self.expect("]")?;
            Part::Range(None, Some(upto))
        } else {
            let from = self.query()?;
            if self.accept("]") {
                Part::Index(from)
            } else if slices == Slices::Refused {
                return Err(self.unexpected("`]`"));
            } else {
                self.expect(":")?;
                let upto = if self.accept("]") {
                    None
                } else {
                    let upto = self.query()?;
                    self.expect("]")?;
                    Some(upto)
                };
                Part::Range(Some(from), upto)
            }
        };
        Ok(self.stepped(term, part))
    }

    fn arguments(&mut self) -> Parsed<Vec<Term<&'s str>>> {
        let mut arguments = Vec::new();
        if self.accept("(") {
            arguments.push(self.query()?);
            while self.accept(";") {
                arguments.push(self.query()?);
            }
            self.expect(")")?;
        }
        Ok(arguments)
    }

    /// What follows `if`.
    fn condition(&mut self) -> Parsed<Term<&'s str>> {
        let mut branches = Vec::new();
        loop {
            let condition = self.query()?;
            self.expect("then")?;
            branches.push((condition, self.query()?));
            if !self.accept("elif") {
                break;
            }
        }
        let otherwise = if self.accept("else") { Some(Box::new(self.query()?)) } else { None };
        self.expect("end")?;
        Ok(Term::IfThenElse(branches, otherwise))
    }

    /// What follows `reduce` or `foreach`.
    fn fold(&mut self, name: &'s str) -> Parsed<Term<&'s str>> {
        let source = self.nested(|parser| parser.expression(1))?;
        self.expect("as")?;
        let patterns = self.alternatives()?;
        self.expect("(")?;
        let mut arguments = vec![self.query()?];
        self.expect(";")?;
        arguments.push(self.query()?);
        if name == "foreach" && self.accept(";") {
            arguments.push(self.query()?);
        }
        self.expect(")")?;
        self.repeat(patterns.len(), &arguments)?;
        Ok(super::patterns::fold(name, source, patterns, arguments))
    }
}
