//! Objects, and the place of a program in itself.

use jaq_core::load::parse::{BinaryOp, Term};
use jaq_core::ops::Math;

use super::lexer::Kind;
use super::parser::{Parsed, Parser, pipe, text};
use crate::jq::CompileFault;
use crate::jq::shortcut::constant;

impl<'s> Parser<'s, '_> {
    /// What follows `{` of an object.
    pub(super) fn object(&mut self) -> Parsed<Term<&'s str>> {
        let mut entries = Vec::new();
        while !self.accept("}") {
            entries.push(self.entry()?);
            if !self.accept(",") {
                self.expect("}")?;
                break;
            }
        }
        Ok(Term::Obj(entries))
    }

    fn entry(&mut self) -> Parsed<(Term<&'s str>, Option<Term<&'s str>>)> {
        let key = match self.peek() {
            Some(Kind::Mark("(")) => {
                self.advance();
                let start = self.tokens.first().map_or(self.end, |token| token.span.start);
                let key = self.query()?;
                if let Some(value) = constant(&key)
                    && value.as_str().is_none()
                {
                    let end = self.tokens.first().map_or(self.end, |token| token.span.start);
                    let message = format!("Cannot use {} as object key", crate::jq::val::shown(&value));
                    return Err(CompileFault { message, span: start..end });
                }
                self.expect(")")?;
                self.expect(":")?;
                return Ok((key, Some(self.entry_value()?)));
            }
            Some(Kind::Variable("$__loc__")) => {
                let location = self.location();
                self.advance();
                return Ok((text("__loc__"), Some(location)));
            }
            Some(Kind::Variable(name)) => {
                self.advance();
                Term::Var(*name)
            }
            Some(Kind::Word(word)) if !word.contains("::") => {
                self.advance();
                text(word)
            }
            _ => self.key_string()?,
        };
        let value = if self.accept(":") { Some(self.entry_value()?) } else { None };
        Ok((key, value))
    }

    /// A value in an object: expressions and pipes, no commas.
    fn entry_value(&mut self) -> Parsed<Term<&'s str>> {
        self.nested(|parser| {
            let mut steps = vec![parser.expression(1)?];
            while parser.accept("|") {
                steps.push(parser.expression(1)?);
            }
            let last = steps.pop().unwrap_or_default();
            Ok(steps.into_iter().rev().fold(last, |right, left| pipe(left, right)))
        })
    }

    /// `$__loc__`: the line that it stands on.
    pub(super) fn location(&self) -> Term<&'s str> {
        let at = self.tokens.first().map_or(self.end, |token| token.span.start);
        let line = self.source[..at].matches('\n').count() + 1;
        Term::Obj(vec![(text("file"), Some(text("<top-level>"))), (text("line"), Some(number(line)))])
    }
}

/// A number as a term.
fn number<'s>(number: usize) -> Term<&'s str> {
    const DIGITS: [&str; 10] = ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"];
    let digit = Term::Num(DIGITS[number % 10]);
    if number < 10 {
        return digit;
    }
    let math = |left, op, right| Term::BinOp(Box::new(left), BinaryOp::Math(op), Box::new(right));
    math(math(self::number(number / 10), Math::Mul, Term::Num("10")), Math::Add, digit)
}
