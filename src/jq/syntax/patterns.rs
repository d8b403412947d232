//! Destructuring patterns and their alternatives.

use jaq_core::load::parse::{BinaryOp, Pattern, Term};

use super::lexer::Kind;
use super::parser::{Parsed, Parser, text};
use crate::jq::calls;

/// The value that alternatives try to take apart, and the input of what follows.
const VALUE: &str = "$!value";
const INPUT: &str = "$!input";

/// The element that a fold is at.
const ELEMENT: &str = "$!element";

/// Terms that alternatives of patterns may repeat: within each other they would multiply without measure.
const MAX_REPEATED: usize = 20_000;

impl<'s> Parser<'s, '_> {
    /// Patterns, separated by `?//`.
    pub(super) fn alternatives(&mut self) -> Parsed<Vec<Pattern<&'s str>>> {
        let mut patterns = vec![self.pattern()?];
        while self.accept("?//") {
            patterns.push(self.pattern()?);
        }
        Ok(patterns)
    }

    /// Counts the terms that several alternatives will repeat, their variables included.
    pub(super) fn repeat(&self, alternatives: usize, terms: &[Term<&'s str>]) -> Parsed<()> {
        if alternatives < 2 {
            return Ok(());
        }
        let mut size = alternatives;
        for term in terms {
            calls::visit(term, &mut |_| size += 1);
        }
        self.repeated.set(self.repeated.get().saturating_add(size.saturating_mul(alternatives)));
        if self.repeated.get() > MAX_REPEATED {
            return Err(self.fault("too many alternatives of patterns within each other".to_owned()));
        }
        Ok(())
    }

    fn pattern(&mut self) -> Parsed<Pattern<&'s str>> {
        self.nested(Self::plain_pattern)
    }

    fn plain_pattern(&mut self) -> Parsed<Pattern<&'s str>> {
        if self.accept("[") {
            let mut items = vec![self.pattern()?];
            while self.accept(",") {
                items.push(self.pattern()?);
            }
            self.expect("]")?;
            Ok(Pattern::Arr(items))
        } else if self.accept("{") {
            let mut entries = Vec::new();
            loop {
                self.pattern_entry(&mut entries)?;
                if !self.accept(",") {
                    break;
                }
            }
            self.expect("}")?;
            Ok(Pattern::Obj(entries))
        } else {
            Ok(Pattern::Var(self.variable()?))
        }
    }

    fn pattern_entry(&mut self, entries: &mut Vec<(Term<&'s str>, Pattern<&'s str>)>) -> Parsed<()> {
        let key = match self.peek() {
            Some(Kind::Variable(name)) => {
                self.advance();
                let key = text(&name[1..]);
                entries.push((key.clone(), Pattern::Var(name)));
                if !self.accept(":") {
                    return Ok(());
                }
                entries.push((key, self.pattern()?));
                return Ok(());
            }
            Some(Kind::Word(word)) if !word.contains("::") => {
                self.advance();
                text(word)
            }
            Some(Kind::Mark("(")) => {
                self.advance();
                let key = self.query()?;
                self.expect(")")?;
                key
            }
            _ => self.key_string()?,
        };
        self.expect(":")?;
        entries.push((key, self.pattern()?));
        Ok(())
    }
}

fn bind_one<'s>(source: Term<&'s str>, pattern: Pattern<&'s str>, body: Term<&'s str>) -> Term<&'s str> {
    Term::BinOp(Box::new(source), BinaryOp::Pipe(Some(pattern)), Box::new(body))
}

/// `source as pattern ?// … | body`. An error in taking apart or in the body leads to the next alternative; the
/// variables of the others are null.
pub(super) fn bind<'s>(
    source: Term<&'s str>,
    mut patterns: Vec<Pattern<&'s str>>,
    body: Term<&'s str>,
) -> Term<&'s str> {
    if patterns.len() == 1
        && let Some(pattern) = patterns.pop()
    {
        return bind_one(source, pattern, body);
    }
    let mut names = Vec::new();
    for pattern in &patterns {
        variables(pattern, &mut names);
    }
    let mut tried: Option<Term<&'s str>> = None;
    for pattern in patterns.into_iter().rev() {
        let inner = bind_one(Term::Var(VALUE), pattern, body.clone());
        let alternative = names
            .iter()
            .fold(inner, |inner, name| bind_one(Term::Call("null", Vec::new()), Pattern::Var(name), inner));
        let alternative = with_input(alternative);
        tried = Some(match tried {
            None => alternative,
            Some(next) => Term::TryCatch(Box::new(alternative), Some(Box::new(next))),
        });
    }
    let tried = tried.unwrap_or_default();
    bind_one(Term::Id, Pattern::Var(INPUT), bind_one(source, Pattern::Var(VALUE), tried))
}

/// The term on the input that was kept: a `catch` gets the error as its input.
fn with_input(term: Term<&str>) -> Term<&str> {
    Term::BinOp(Box::new(Term::Var(INPUT)), BinaryOp::Pipe(None), Box::new(term))
}

fn variables<'s>(pattern: &Pattern<&'s str>, names: &mut Vec<&'s str>) {
    match pattern {
        Pattern::Var(name) => names.push(name),
        Pattern::Arr(items) => items.iter().for_each(|item| variables(item, names)),
        Pattern::Obj(entries) => entries.iter().for_each(|(_key, pattern)| variables(pattern, names)),
    }
}

/// `reduce` or `foreach`: alternatives are tried for each element, in every argument that sees it.
pub(super) fn fold<'s>(
    name: &'s str,
    source: Term<&'s str>,
    mut patterns: Vec<Pattern<&'s str>>,
    arguments: Vec<Term<&'s str>>,
) -> Term<&'s str> {
    if patterns.len() == 1
        && let Some(pattern) = patterns.pop()
    {
        return Term::Fold(name, Box::new(source), pattern, arguments);
    }
    let mut arguments = arguments.into_iter();
    let init = arguments.next();
    let seeing = arguments.map(|argument| bind(Term::Var(ELEMENT), patterns.clone(), argument));
    let arguments = init.into_iter().chain(seeing.collect::<Vec<_>>()).collect();
    Term::Fold(name, Box::new(source), Pattern::Var(ELEMENT), arguments)
}
