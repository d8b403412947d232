//! Strings, with what is interpolated and how it is formatted.

use jaq_core::load::lex::StrPart;
use jaq_core::load::parse::Term;

use super::lexer::{Kind, Token};
use super::parser::{Parsed, Parser};

impl<'s, 't> Parser<'s, 't> {
    /// A format and perhaps the string that it formats.
    pub(super) fn formatted(&mut self, format: &'s str) -> Parsed<Term<&'s str>> {
        let Some(Kind::Text(parts)) = self.peek() else { return Ok(Term::Call(format, Vec::new())) };
        let string = self.string(Some(format), parts)?;
        self.advance();
        Ok(string)
    }

    /// A string where a key is expected.
    pub(super) fn key_string(&mut self) -> Parsed<Term<&'s str>> {
        match self.peek() {
            Some(Kind::Text(_)) => self.term(),
            Some(Kind::Format(format)) => {
                self.advance();
                match self.peek() {
                    Some(Kind::Text(_)) => self.formatted(format),
                    _ => Err(self.unexpected("a string")),
                }
            }
            _ => Err(self.unexpected("a key")),
        }
    }

    pub(super) fn string(
        &mut self,
        format: Option<&'s str>,
        parts: &'t [StrPart<&'s str, Vec<Token<'s>>>],
    ) -> Parsed<Term<&'s str>> {
        let end = self.tokens.first().map_or(self.end, |token| token.span.end);
        let part = |part: &'t StrPart<&'s str, Vec<Token<'s>>>| {
            Ok(match part {
                StrPart::Str(text) => StrPart::Str(*text),
                StrPart::Char(char) => StrPart::Char(*char),
                StrPart::Term(tokens) => {
                    let (source, nesting, repeated) = (self.source, self.nesting, self.repeated);
                    let mut inner = Parser { source, tokens, end, nesting, repeated };
                    let term = inner.query()?;
                    if !inner.tokens.is_empty() {
                        return Err(inner.unexpected("`)`"));
                    }
                    StrPart::Term(term)
                }
            })
        };
        Ok(Term::Str(format, parts.iter().map(part).collect::<Parsed<_>>()?))
    }
}
