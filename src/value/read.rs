//! Bytes to values.

use std::sync::Arc;

use super::{Number, Object, Value};

/// Nesting deeper than this is refused: it is no record of ours, and what reads it may recurse.
const MAX_DEPTH: usize = 512;

/// Places for keys that were seen lately, so that the same key of the next record shares its text. A power of two.
const KEY_PLACES: usize = 128;

/// Why a text is not JSON, and at which byte.
#[derive(Debug, thiserror::Error)]
#[error("invalid JSON at byte {offset}: {reason}")]
pub struct ParseError {
    /// Offset in bytes from the start of the text.
    pub offset: usize,
    /// What was expected there.
    pub reason: String,
}

/// Which texts are read.
#[derive(Clone, Copy, PartialEq)]
enum Dialect {
    /// JSON, with lone surrogates replaced.
    Json,
    /// What jq reads: more spellings of numbers, no lone surrogates.
    Jq,
}

pub(super) fn parse(bytes: &[u8]) -> Result<Value, ParseError> {
    parse_as(Dialect::Json, bytes, MAX_DEPTH)
}

pub(super) fn parse_like_jq(bytes: &[u8], max_depth: usize) -> Result<Value, ParseError> {
    parse_as(Dialect::Jq, bytes, max_depth)
}

fn parse_as(dialect: Dialect, bytes: &[u8], max_depth: usize) -> Result<Value, ParseError> {
    let text = std::str::from_utf8(bytes)
        .map_err(|error| ParseError { offset: error.valid_up_to(), reason: "not UTF-8".to_owned() })?;
    let mut reader = Reader {
        dialect,
        text,
        bytes,
        at: 0,
        max_depth,
        keys: Keys::default(),
        items: Vec::new(),
        pairs: Vec::new(),
    };
    let result = reader.document();
    result.map_err(|reason| ParseError { offset: reader.at, reason })
}

/// A container whose end has not been read, and where its items or pairs begin in the reader.
enum Open {
    Array(usize),
    /// With the key whose value comes next.
    Object(usize, Arc<str>),
}

struct Reader<'a> {
    dialect: Dialect,
    text: &'a str,
    bytes: &'a [u8],
    at: usize,
    max_depth: usize,
    keys: Keys,
    /// Items of all lists that are open; a list gets the room that it needs when its end is read, and no more.
    items: Vec<Value>,
    /// The same for objects.
    pairs: Vec<(Arc<str>, Value)>,
}

type Parsed<T> = Result<T, String>;

impl<'a> Reader<'a> {
    fn document(&mut self) -> Parsed<Value> {
        let mut open: Vec<Open> = Vec::new();
        loop {
            // Down to the next complete value.
            let mut value = match self.next_token() {
                Some(b'[') => {
                    self.at += 1;
                    if self.next_token() == Some(b']') {
                        self.at += 1;
                        Value::array(Vec::new())
                    } else {
                        self.push(&mut open, Open::Array(self.items.len()))?;
                        continue;
                    }
                }
                Some(b'{') => {
                    self.at += 1;
                    if self.next_token() == Some(b'}') {
                        self.at += 1;
                        Value::object(Object::default())
                    } else {
                        let key = self.key()?;
                        self.push(&mut open, Open::Object(self.pairs.len(), key))?;
                        continue;
                    }
                }
                Some(b'"') => {
                    self.at += 1;
                    Value::String(self.string()?.into())
                }
                Some(_) if self.dialect == Dialect::Jq => self.token()?,
                Some(b'-' | b'0'..=b'9') => Value::Number(self.number()?),
                Some(b't') => self.word("true", Value::Bool(true))?,
                Some(b'f') => self.word("false", Value::Bool(false))?,
                Some(b'n') => self.word("null", Value::Null)?,
                _ => return Err("expected a value".to_owned()),
            };
            // Up through every container that this value ends.
            loop {
                let Some(container) = open.last_mut() else {
                    return match self.next_token() {
                        None => Ok(value),
                        Some(_) => Err("expected the end of the text".to_owned()),
                    };
                };
                let next = self.next_token();
                match (container, next) {
                    (Open::Array(_), Some(b',')) => {
                        self.items.push(value);
                        self.at += 1;
                        break;
                    }
                    (Open::Array(start), Some(b']')) => {
                        self.items.push(value);
                        value = self.items.drain(*start..).collect();
                    }
                    (Open::Object(_, key), Some(b',')) => {
                        self.at += 1;
                        let next = self.key()?;
                        self.pairs.push((std::mem::replace(key, next), value));
                        break;
                    }
                    (Open::Object(start, key), Some(b'}')) => {
                        self.pairs.push((Arc::clone(key), value));
                        value = Value::object(self.pairs.drain(*start..).collect());
                    }
                    (Open::Array(_), _) => return Err("expected a comma or a closing bracket".to_owned()),
                    (Open::Object(..), _) => return Err("expected a comma or a closing brace".to_owned()),
                }
                self.at += 1;
                open.pop();
            }
        }
    }

    fn push(&self, open: &mut Vec<Open>, container: Open) -> Parsed<()> {
        if open.len() >= self.max_depth {
            return Err(format!("nested deeper than {}", self.max_depth));
        }
        open.push(container);
        Ok(())
    }

    /// The first byte that is no white space.
    fn next_token(&mut self) -> Option<u8> {
        loop {
            match self.bytes.get(self.at)? {
                b' ' | b'\n' | b'\r' | b'\t' => self.at += 1,
                byte => return Some(*byte),
            }
        }
    }

    fn word(&mut self, word: &str, value: Value) -> Parsed<Value> {
        if self.bytes[self.at..].starts_with(word.as_bytes()) {
            self.at += word.len();
            Ok(value)
        } else {
            Err(format!("expected `{word}`"))
        }
    }

    /// A key and the colon behind it.
    fn key(&mut self) -> Parsed<Arc<str>> {
        if self.next_token() != Some(b'"') {
            return Err("expected a key".to_owned());
        }
        self.at += 1;
        let key = match self.string()? {
            Text::Plain(key) => self.keys.share(key),
            Text::Unescaped(key) => key.into(),
        };
        if self.next_token() != Some(b':') {
            return Err("expected a colon".to_owned());
        }
        self.at += 1;
        Ok(key)
    }

    fn number(&mut self) -> Parsed<Number> {
        let start = self.at;
        let mut plain: f64 = 0.0;
        let negative = self.bytes[self.at] == b'-';
        if negative {
            self.at += 1;
        }
        let first = self.at;
        while let Some(digit @ b'0'..=b'9') = self.bytes.get(self.at) {
            plain = plain * 10.0 + f64::from(digit - b'0');
            self.at += 1;
        }
        let digits = self.at - first;
        if digits == 0 || (digits > 1 && self.bytes[first] == b'0') {
            return Err("expected a digit".to_owned());
        }
        // Up to fifteen digits are exact as a double, and their text is what we write.
        if digits <= 15 && !matches!(self.bytes.get(self.at), Some(b'.' | b'e' | b'E')) {
            return Ok(Number::from(if negative { -plain } else { plain }));
        }
        if self.bytes.get(self.at) == Some(&b'.') {
            self.at += 1;
            self.digits()?;
        }
        if let Some(b'e' | b'E') = self.bytes.get(self.at) {
            self.at += 1;
            if let Some(b'+' | b'-') = self.bytes.get(self.at) {
                self.at += 1;
            }
            self.digits()?;
        }
        Number::from_literal(&self.text[start..self.at]).ok_or_else(|| "expected a number".to_owned())
    }

    /// A word or a number as jq reads it: everything up to the next mark or white space.
    fn token(&mut self) -> Parsed<Value> {
        let rest = &self.text[self.at..];
        let mark =
            |char: char| matches!(char, '[' | ']' | '{' | '}' | ':' | ',' | '"' | ' ' | '\n' | '\r' | '\t');
        let token = &rest[..rest.find(mark).unwrap_or(rest.len())];
        let value = match token {
            "null" => Value::Null,
            "true" => Value::Bool(true),
            "false" => Value::Bool(false),
            _ => Value::Number(Number::from_lenient(token).ok_or("invalid numeric literal")?),
        };
        self.at += token.len();
        Ok(value)
    }

    fn digits(&mut self) -> Parsed<()> {
        let start = self.at;
        while let Some(b'0'..=b'9') = self.bytes.get(self.at) {
            self.at += 1;
        }
        if self.at == start { Err("expected a digit".to_owned()) } else { Ok(()) }
    }

    /// A string whose opening quote has been read.
    fn string(&mut self) -> Parsed<Text<'a>> {
        let start = self.at;
        let length = self.clean_length();
        self.at += length;
        if self.bytes.get(self.at) == Some(&b'"') {
            self.at += 1;
            return Ok(Text::Plain(&self.text[start..start + length]));
        }
        let mut out = self.text[start..self.at].to_owned();
        loop {
            match self.bytes.get(self.at) {
                Some(b'"') => {
                    self.at += 1;
                    return Ok(Text::Unescaped(out));
                }
                Some(b'\\') => {
                    self.at += 1;
                    out.push(self.escape()?);
                }
                Some(_) => return Err("control character in a string".to_owned()),
                None => return Err("expected a closing quote".to_owned()),
            }
            let start = self.at;
            self.at += self.clean_length();
            out.push_str(&self.text[start..self.at]);
        }
    }

    /// How many bytes stand for themselves from here on.
    fn clean_length(&self) -> usize {
        let rest = &self.bytes[self.at..];
        rest.iter().position(|byte| matches!(byte, b'"' | b'\\' | 0..=0x1f)).unwrap_or(rest.len())
    }

    /// An escape whose backslash has been read. A lone surrogate becomes U+FFFD.
    fn escape(&mut self) -> Parsed<char> {
        let kind = self.bytes.get(self.at).copied();
        self.at += 1;
        Ok(match kind {
            Some(b'"') => '"',
            Some(b'\\') => '\\',
            Some(b'/') => '/',
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            Some(b'u') => {
                let high = self.hex(self.at).ok_or("expected four hexadecimal digits")?;
                self.at += 4;
                let low = match self.bytes.get(self.at..self.at + 2) {
                    Some(b"\\u") if (0xd800..0xdc00).contains(&high) => self.hex(self.at + 2),
                    _ => None,
                };
                match low {
                    Some(low) if (0xdc00..0xe000).contains(&low) => {
                        self.at += 6;
                        char::from_u32(0x1_0000 + ((high - 0xd800) << 10) + (low - 0xdc00))
                    }
                    _ => char::from_u32(high),
                }
                .or((self.dialect == Dialect::Json).then_some(char::REPLACEMENT_CHARACTER))
                .ok_or("invalid surrogate pair escape")?
            }
            _ => return Err("expected an escape".to_owned()),
        })
    }

    fn hex(&self, at: usize) -> Option<u32> {
        let digits = self.bytes.get(at..at + 4)?;
        digits.iter().try_fold(0, |sum, digit| Some(sum * 16 + char::from(*digit).to_digit(16)?))
    }
}

/// A string as read: where it stands, or as it had to be put together.
enum Text<'a> {
    Plain(&'a str),
    Unescaped(String),
}

impl From<Text<'_>> for Arc<str> {
    fn from(text: Text<'_>) -> Self {
        match text {
            Text::Plain(text) => text.into(),
            Text::Unescaped(text) => text.into(),
        }
    }
}

/// Keys seen lately, each at the one place that its length and ends choose.
struct Keys([Option<Arc<str>>; KEY_PLACES]);

impl Default for Keys {
    fn default() -> Self {
        Self([const { None }; KEY_PLACES])
    }
}

impl Keys {
    /// The shared text of this key.
    fn share(&mut self, key: &str) -> Arc<str> {
        let bytes = key.as_bytes();
        let (Some(first), Some(last)) = (bytes.first(), bytes.last()) else {
            return key.into();
        };
        let mixed = usize::from(*first) * 31 + usize::from(*last) * 7 + bytes.len() * 17;
        let place = &mut self.0[mixed % KEY_PLACES];
        match place {
            Some(known) if **known == *key => Arc::clone(known),
            _ => Arc::clone(place.insert(key.into())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(value: Result<Value, ParseError>) -> String {
        match value {
            Ok(value) => value.to_string(),
            Err(error) => format!("{}: {}", error.offset, error.reason),
        }
    }

    #[test]
    fn what_is_no_json_is_refused_with_its_place() {
        let cases: [(&[u8], &str); 16] = [
            (b"", "0: expected a value"),
            (b"  ", "2: expected a value"),
            (b"nul", "0: expected `null`"),
            (b"[1,]", "3: expected a value"),
            (b"[1 2]", "3: expected a comma or a closing bracket"),
            (b"{\"a\" 1}", "5: expected a colon"),
            (b"{\"a\":1 \"b\"}", "7: expected a comma or a closing brace"),
            (b"{a:1}", "1: expected a key"),
            (b"{} x", "3: expected the end of the text"),
            (b"01", "2: expected a digit"),
            (b"-", "1: expected a digit"),
            (b"1.", "2: expected a digit"),
            (b"1e+", "3: expected a digit"),
            (b"\"a\nb\"", "2: control character in a string"),
            (b"\"\\q\"", "3: expected an escape"),
            (b"\"a", "2: expected a closing quote"),
        ];
        for (bytes, expected) in cases {
            assert_eq!(text(parse(bytes)), expected, "{}", String::from_utf8_lossy(bytes));
        }
        assert_eq!(text(parse(b"\"\xff\"")), "1: not UTF-8");
        assert_eq!(text(parse("[".repeat(600).as_bytes())), "513: nested deeper than 512");
    }

    #[test]
    fn escapes_and_surrogates() {
        let cases = [
            (r#""\u00e9\n\/\ud83d\ude80""#, "é\n/🚀"),
            (r#""\ud83d""#, "\u{fffd}"),
            (r#""\ud83dx""#, "\u{fffd}x"),
            (r#""\ud83d\u0041""#, "\u{fffd}A"),
            (r#""\ude80\ud83d\ude80""#, "\u{fffd}🚀"),
        ];
        for (json, expected) in cases {
            let value = parse(json.as_bytes()).expect("valid");
            assert_eq!(value.as_str(), Some(expected), "{json}");
        }
        for json in [r#""\u12"#, r#""\u12g4""#, r#""\ud83d\u12""#, "\"\\"] {
            assert!(parse(json.as_bytes()).is_err(), "{json}");
        }
    }

    #[test]
    fn white_space_duplicates_and_empty_keys() {
        assert_eq!(text(parse(b" { \"a\" : [ ] , \"\" : { } , \"a\" : 2 } ")), r#"{"a":2,"":{}}"#);
    }
}
