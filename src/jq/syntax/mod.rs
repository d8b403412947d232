//! Source to parsed terms, by the grammar of jq 1.8: <https://github.com/jqlang/jq/blob/jq-1.8.1/src/parser.y>.
//!
//! jaq-core has a parser, but it takes programs that jq refuses (`1 == 1 == true`) and refuses some that jq takes
//! (`?//`, `.5`); a mapping must mean here what it means there. The terms are jaq-core's.

mod lexer;
mod objects;
mod parser;
mod patterns;
mod strings;

use jaq_core::load::parse::Term;

use super::CompileFault;

/// A source longer than this is no expression of a mapping.
const MAX_SOURCE_BYTES: usize = 64 << 10;

/// Parses a program.
pub(super) fn parse(source: &str) -> Result<Term<&str>, CompileFault> {
    if source.len() > MAX_SOURCE_BYTES {
        let message = format!("longer than {} KiB", MAX_SOURCE_BYTES >> 10);
        return Err(CompileFault { message, span: 0..0 });
    }
    let tokens = lexer::lex(source)?;
    parser::parse(source, &tokens)
}
