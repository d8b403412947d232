//! Bytes to values.

use std::sync::Arc;

use hifijson::escape::Lex as _;
use hifijson::num::LexWrite as _;
use hifijson::str::LexWrite as _;
use hifijson::token::{Expect, Lex as _};
use hifijson::{Read as _, SliceLexer};

use super::{Number, Object, Value};

/// Nesting deeper than this is refused: it is no record of ours, and recursion must not overflow the stack.
const MAX_DEPTH: usize = 512;

/// Why a text is not JSON, and at which byte.
#[derive(Debug, thiserror::Error)]
#[error("invalid JSON at byte {offset}: {reason}")]
pub struct ParseError {
    /// Offset in bytes from the start of the text.
    pub offset: usize,
    /// What was expected there.
    pub reason: String,
}

/// The lexer's error, or too deep a nesting.
enum Fault {
    Lexer(hifijson::Error),
    Depth,
}

impl<E: Into<hifijson::Error>> From<E> for Fault {
    fn from(error: E) -> Self {
        Self::Lexer(error.into())
    }
}

pub(super) fn parse(bytes: &[u8]) -> Result<Value, ParseError> {
    let mut lexer = SliceLexer::new(bytes);
    let result = lexer.exactly_one(SliceLexer::ws_peek, |next, lexer| value(next, lexer, 0));
    result.map_err(|fault| ParseError {
        offset: bytes.len() - lexer.as_slice().len(),
        reason: match fault {
            Fault::Lexer(error) => error.to_string(),
            Fault::Depth => format!("nested deeper than {MAX_DEPTH}"),
        },
    })
}

fn value(next: u8, lexer: &mut SliceLexer<'_>, depth: usize) -> Result<Value, Fault> {
    if depth > MAX_DEPTH {
        return Err(Fault::Depth);
    }
    Ok(match next {
        b'n' | b't' | b'f' => match lexer.null_or_bool().ok_or(Expect::Value)? {
            None => Value::Null,
            Some(bool) => Value::Bool(bool),
        },
        b'0'..=b'9' | b'-' => Value::Number(number(lexer)?),
        b'"' => Value::String(string(lexer.discarded())?),
        b'[' => {
            let mut items = Vec::new();
            lexer.discarded().seq(b']', SliceLexer::ws_peek, |next, lexer| {
                items.push(value(next, lexer, depth + 1)?);
                Ok::<_, Fault>(())
            })?;
            Value::array(items)
        }
        b'{' => {
            let mut object = Object::default();
            lexer.discarded().seq(b'}', SliceLexer::ws_peek, |next, lexer| {
                lexer.expect(|_| Some(next), b'"').ok_or(Expect::String)?;
                let key = string(lexer)?;
                lexer.expect(SliceLexer::ws_peek, b':').ok_or(Expect::Colon)?;
                let next = lexer.ws_peek().ok_or(Expect::Value)?;
                object.insert(key, value(next, lexer, depth + 1)?);
                Ok::<_, Fault>(())
            })?;
            Value::object(object)
        }
        _ => return Err(Expect::Value.into()),
    })
}

fn number(lexer: &mut SliceLexer<'_>) -> Result<Number, Fault> {
    let (text, _parts) = lexer.num_string().validated().map_err(hifijson::Error::from)?;
    Number::from_literal(text).ok_or_else(|| Expect::Value.into())
}

/// A string whose opening quote has been read.
fn string(lexer: &mut SliceLexer<'_>) -> Result<Arc<str>, Fault> {
    let rest = lexer.as_slice();
    let plain = rest.iter().position(|byte| matches!(byte, b'"' | b'\\' | 0..=0x1f)).unwrap_or(rest.len());
    if rest.get(plain) == Some(&b'"') {
        let text = std::str::from_utf8(&rest[..plain])
            .map_err(|e| hifijson::Error::Str(hifijson::str::Error::Utf8(e)))?;
        let text: Arc<str> = text.into();
        lexer.skip_until(|byte| byte == b'"');
        lexer.take_next();
        return Ok(text);
    }
    let text = lexer.str_fold(
        String::new(),
        |bytes, out| {
            out.push_str(std::str::from_utf8(bytes).map_err(hifijson::str::Error::Utf8)?);
            Ok::<_, hifijson::str::Error>(())
        },
        |lexer, out| {
            use hifijson::escape::Error;
            let kind = lexer.take_next().ok_or(Error::Eof)?;
            match lexer.escape(kind) {
                Ok(char) => out.push(char),
                // A lone surrogate. What follows it is an escape of its own when it is not its other half.
                Err(Error::InvalidChar(_) | Error::ExpectedLowSurrogate) => {
                    out.push(char::REPLACEMENT_CHARACTER);
                }
                Err(error) => return Err(error.into()),
            }
            Ok(())
        },
    );
    Ok(text.map_err(hifijson::Error::Str)?.into())
}
