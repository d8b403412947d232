//! Source to parsed terms.

use jaq_core::load::lex::{Lexer, Token};
use jaq_core::load::parse::{Parser, Term};
use jaq_core::load::span;

use super::CompileFault;

/// Parses a program.
pub(super) fn parse(source: &str) -> Result<Term<&str>, Vec<CompileFault>> {
    let tokens = Lexer::new(source).lex().map_err(|errors| {
        let fault = |(expected, found): (jaq_core::load::lex::Expect<&str>, &str)| {
            let start = span(source, found).start;
            let end = start + found.chars().next().map_or(0, char::len_utf8);
            CompileFault {
                message: format!("syntax error: expected {}", expected.as_str()),
                span: start..end,
            }
        };
        errors.into_iter().map(fault).collect::<Vec<_>>()
    })?;
    let parsed = Parser::new(&tokens).parse(Parser::term);
    parsed.map_err(|errors| {
        let fault = |(expected, found): (jaq_core::load::parse::Expect<&str>, Option<&Token<&str>>)| {
            let message = format!("syntax error: expected {}", expected.as_str());
            CompileFault { message, span: span(source, Token::opt_as_str(found, source)) }
        };
        errors.into_iter().map(fault).collect()
    })
}
