//! Source to tokens.

use std::ops::Range;

use jaq_core::load::lex::StrPart;

use crate::jq::CompileFault;

/// A token and where it stands.
#[derive(Debug)]
pub(super) struct Token<'s> {
    pub(super) kind: Kind<'s>,
    pub(super) span: Range<usize>,
}

#[derive(Debug)]
pub(super) enum Kind<'s> {
    /// A name or a keyword, perhaps with a module before it.
    Word(&'s str),
    /// `.name`: the name.
    Field(&'s str),
    /// `$name`, with its mark.
    Variable(&'s str),
    /// `@name`, with its mark.
    Format(&'s str),
    /// A number as it is written.
    Number(&'s str),
    /// A string; interpolated parts are tokens of their own.
    Text(Vec<StrPart<&'s str, Vec<Token<'s>>>>),
    /// An operator or a mark.
    Mark(&'s str),
}

/// Longest first.
const MARKS: [&str; 34] = [
    "?//", "//=", "!=", "==", "//", "|=", "+=", "-=", "*=", "/=", "%=", "<=", ">=", "..", ".", "=", "[", "]",
    "{", "}", "(", ")", ",", ":", ";", "|", "+", "-", "*", "/", "%", "<", ">", "?",
];

/// Nesting of strings within strings.
const MAX_STRINGS: usize = 64;

/// All tokens of a source.
pub(super) fn lex(source: &str) -> Result<Vec<Token<'_>>, CompileFault> {
    let mut lexer = Lexer { source, at: 0, strings: 0 };
    let tokens = lexer.tokens()?;
    match lexer.rest().chars().next() {
        None => Ok(tokens),
        Some(stray) => Err(lexer.fault(format!("syntax error, unexpected `{stray}`"), stray.len_utf8())),
    }
}

struct Lexer<'s> {
    source: &'s str,
    at: usize,
    strings: usize,
}

impl<'s> Lexer<'s> {
    fn rest(&self) -> &'s str {
        &self.source[self.at..]
    }

    fn fault(&self, message: String, length: usize) -> CompileFault {
        CompileFault { message, span: self.at..self.at + length }
    }

    /// Takes the longest beginning of characters that fit.
    fn take(&mut self, fits: impl Fn(char) -> bool) -> &'s str {
        let rest = self.rest();
        let length = rest.find(|char| !fits(char)).unwrap_or(rest.len());
        self.at += length;
        &rest[..length]
    }

    /// White space and comments; a comment goes on over a line that ends in an odd number of backslashes.
    fn skip_space(&mut self) {
        loop {
            self.take(|char| char.is_ascii_whitespace());
            if !self.rest().starts_with('#') {
                return;
            }
            loop {
                let line = self.take(|char| char != '\n');
                let line = line.strip_suffix('\r').unwrap_or(line);
                let backslashes = line.len() - line.trim_end_matches('\\').len();
                if self.rest().is_empty() {
                    return;
                }
                self.at += 1;
                if backslashes.is_multiple_of(2) {
                    break;
                }
            }
        }
    }

    /// Tokens up to the end or to a closing parenthesis that none of them opened.
    fn tokens(&mut self) -> Result<Vec<Token<'s>>, CompileFault> {
        let mut tokens = Vec::new();
        let mut open = 0_usize;
        loop {
            self.skip_space();
            let start = self.at;
            let Some(kind) = self.token()? else { return Ok(tokens) };
            match kind {
                Kind::Mark("(") => open += 1,
                Kind::Mark(")") if open == 0 && self.strings > 0 => {
                    self.at = start;
                    return Ok(tokens);
                }
                Kind::Mark(")") => open = open.saturating_sub(1),
                _ => {}
            }
            tokens.push(Token { kind, span: start..self.at });
        }
    }

    fn token(&mut self) -> Result<Option<Kind<'s>>, CompileFault> {
        let start = self.at;
        let rest = self.rest();
        let mut chars = rest.chars();
        let Some(first) = chars.next() else { return Ok(None) };
        let second = chars.next().unwrap_or(' ');
        let begins_name = |char: char| char.is_ascii_alphabetic() || char == '_';
        let in_name = |char: char| char.is_ascii_alphanumeric() || char == '_';
        Ok(Some(match first {
            '"' => {
                self.at += 1;
                Kind::Text(self.text()?)
            }
            '.' if begins_name(second) => {
                self.at += 1;
                Kind::Field(self.take(in_name))
            }
            '0'..='9' => self.number(),
            '.' if second.is_ascii_digit() => self.number(),
            '$' | '@' if begins_name(second) || (first == '@' && in_name(second)) => {
                self.at += 1;
                self.take(in_name);
                let word = &self.source[start..self.at];
                if first == '$' { Kind::Variable(word) } else { Kind::Format(word) }
            }
            first if begins_name(first) => {
                self.take(in_name);
                while let Some(after) = self.rest().strip_prefix("::")
                    && after.starts_with(begins_name)
                {
                    self.at += 2;
                    self.take(in_name);
                }
                Kind::Word(&self.source[start..self.at])
            }
            _ => match MARKS.iter().find(|mark| rest.starts_with(**mark)) {
                Some(mark) => {
                    self.at += mark.len();
                    Kind::Mark(mark)
                }
                None => return Ok(None),
            },
        }))
    }

    fn number(&mut self) -> Kind<'s> {
        let start = self.at;
        let digit = |char: char| char.is_ascii_digit();
        self.take(digit);
        if self.rest().starts_with('.') {
            self.at += 1;
            self.take(digit);
        }
        let before = self.at;
        if self.rest().starts_with(['e', 'E']) {
            self.at += 1;
            if self.rest().starts_with(['+', '-']) {
                self.at += 1;
            }
            // Without digits it is no exponent, but the next word.
            if self.take(digit).is_empty() {
                self.at = before;
            }
        }
        Kind::Number(&self.source[start..self.at])
    }

    /// A string whose opening quote has been read.
    fn text(&mut self) -> Result<Vec<StrPart<&'s str, Vec<Token<'s>>>>, CompileFault> {
        let mut parts = Vec::new();
        loop {
            let plain = self.take(|char| char != '"' && char != '\\');
            if !plain.is_empty() {
                parts.push(StrPart::Str(plain));
            }
            if self.rest().starts_with('"') {
                self.at += 1;
                return Ok(parts);
            } else if self.rest().starts_with("\\(") {
                parts.push(StrPart::Term(self.interpolation()?));
            } else if self.rest().is_empty() {
                return Err(self
                    .fault("syntax error, unexpected end of file, expecting a closing quote".to_owned(), 0));
            } else {
                parts.push(StrPart::Char(self.escape()?));
            }
        }
    }

    fn interpolation(&mut self) -> Result<Vec<Token<'s>>, CompileFault> {
        if self.strings >= MAX_STRINGS {
            return Err(self.fault("strings nested too deeply".to_owned(), 2));
        }
        self.at += 2;
        self.strings += 1;
        let tokens = self.tokens();
        self.strings -= 1;
        let tokens = tokens?;
        if self.rest().starts_with(')') {
            self.at += 1;
            return Ok(tokens);
        }
        let (found, length) = match self.rest().chars().next() {
            Some(char) => (format!("`{char}`"), char.len_utf8()),
            None => ("end of file".to_owned(), 0),
        };
        Err(self.fault(format!("syntax error, unexpected {found}, expecting `)`"), length))
    }

    /// An escape that begins here.
    fn escape(&mut self) -> Result<char, CompileFault> {
        let escape = self.rest();
        let char = match escape.chars().nth(1) {
            Some(char @ ('"' | '\\' | '/')) => char,
            Some('b') => '\u{8}',
            Some('f') => '\u{c}',
            Some('n') => '\n',
            Some('r') => '\r',
            Some('t') => '\t',
            Some('u') => {
                let (char, length) = unicode(escape).ok_or_else(|| {
                    let length = escape.len().min(2);
                    self.fault("Invalid \\uXXXX\\uXXXX surrogate pair escape".to_owned(), length)
                })?;
                self.at += length;
                return Ok(char);
            }
            other => {
                let length = 1 + other.map_or(0, char::len_utf8);
                return Err(self.fault("Invalid escape".to_owned(), length));
            }
        };
        self.at += 2;
        Ok(char)
    }
}

/// `\uXXXX`, or two of them for a surrogate pair, and its length. A low half alone is U+FFFD, a high one is invalid.
fn unicode(escape: &str) -> Option<(char, usize)> {
    let hex = |at: usize| u32::from_str_radix(escape.get(at..at + 4)?, 16).ok();
    let first = hex(2)?;
    if !(0xd800..0xdc00).contains(&first) {
        return Some((char::from_u32(first).unwrap_or(char::REPLACEMENT_CHARACTER), 6));
    }
    let second = hex(8).filter(|low| escape.get(6..8) == Some("\\u") && (0xdc00..0xe000).contains(low))?;
    char::from_u32(0x1_0000 + ((first - 0xd800) << 10) + (second - 0xdc00)).map(|char| (char, 12))
}
