//! From text to a condition.

use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::field::Values;
use super::{Condition, Field, Operand, Operator};

/// Parentheses and negations deeper than this are refused.
const DEPTH: usize = 32;

const DAY_MS: i64 = 24 * 60 * 60 * 1000;

type Fault = String;

#[derive(Clone, Debug, PartialEq)]
enum Token {
    Open,
    Close,
    Sign(Operator),
    And,
    Or,
    Not,
    Word(String),
    Quoted(String),
}

pub(super) fn parse(query: &str, fields: fn(&str) -> Option<Field>) -> Result<Condition, Fault> {
    let tokens = tokens(query)?;
    if tokens.is_empty() {
        return Ok(Condition::All(Vec::new()));
    }
    let mut reader = Reader { tokens: &tokens, at: 0, depth: 0, fields };
    let condition = reader.any()?;
    match reader.peek() {
        None => Ok(condition),
        Some(token) => Err(format!("unexpected {token:?}")),
    }
}

/// The words of a text, for matching by term.
pub(super) fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_alphanumeric() && c != '*').filter(|word| !word.is_empty())
}

fn tokens(query: &str) -> Result<Vec<Token>, Fault> {
    let mut out = Vec::new();
    let mut rest = query.trim_start();
    while let Some(first) = rest.chars().next() {
        let (token, used) = match first {
            '(' => (Token::Open, 1),
            ')' => (Token::Close, 1),
            ':' => (Token::Sign(Operator::Matches), 1),
            '<' if rest.starts_with("<=") => (Token::Sign(Operator::AtMost), 2),
            '<' => (Token::Sign(Operator::Below), 1),
            '>' if rest.starts_with(">=") => (Token::Sign(Operator::AtLeast), 2),
            '>' => (Token::Sign(Operator::Above), 1),
            '"' => quoted(rest)?,
            _ => word(rest, out.last()),
        };
        out.push(token);
        rest = rest[used..].trim_start();
    }
    Ok(out)
}

fn quoted(rest: &str) -> Result<(Token, usize), Fault> {
    let mut text = String::new();
    let mut escaped = false;
    for (at, c) in rest.char_indices().skip(1) {
        match (escaped, c) {
            (false, '\\') => escaped = true,
            (false, '"') => return Ok((Token::Quoted(text), at + 1)),
            (_, c) => {
                text.push(c);
                escaped = false;
            }
        }
    }
    Err("a quote is not closed".to_owned())
}

fn word(rest: &str, before: Option<&Token>) -> (Token, usize) {
    // A value may hold `:` (an alias such as `disk:db-7`); a field name may not.
    let is_value = matches!(before, Some(Token::Sign(_)));
    let ends = |c: char| c.is_whitespace() || matches!(c, '(' | ')' | '<' | '>') || (c == ':' && !is_value);
    let used = rest.find(ends).unwrap_or(rest.len());
    let text = &rest[..used];
    let token = match text {
        "AND" => Token::And,
        "OR" => Token::Or,
        "NOT" => Token::Not,
        _ => Token::Word(text.to_owned()),
    };
    (token, used)
}

struct Reader<'a> {
    tokens: &'a [Token],
    at: usize,
    depth: usize,
    fields: fn(&str) -> Option<Field>,
}

impl<'a> Reader<'a> {
    fn peek(&self) -> Option<&'a Token> {
        self.tokens.get(self.at)
    }

    fn take(&mut self) -> Result<&'a Token, Fault> {
        let token = self.peek().ok_or("the query ends too early")?;
        self.at += 1;
        Ok(token)
    }

    fn skip(&mut self, wanted: &Token) -> Option<()> {
        (self.peek() == Some(wanted)).then(|| self.at += 1)
    }

    fn any(&mut self) -> Result<Condition, Fault> {
        let mut parts = vec![self.all()?];
        while self.skip(&Token::Or).is_some() {
            parts.push(self.all()?);
        }
        Ok(one_or(parts, Condition::Any))
    }

    fn all(&mut self) -> Result<Condition, Fault> {
        let mut parts = vec![self.one()?];
        while self.skip(&Token::And).is_some() {
            parts.push(self.one()?);
        }
        Ok(one_or(parts, Condition::All))
    }

    fn one(&mut self) -> Result<Condition, Fault> {
        self.depth += 1;
        if self.depth > DEPTH {
            return Err(format!("nested deeper than {DEPTH}"));
        }
        let condition = match self.take()? {
            Token::Not => Condition::Not(Box::new(self.one()?)),
            Token::Open => {
                let inner = self.any()?;
                self.skip(&Token::Close).ok_or("a parenthesis is not closed")?;
                inner
            }
            Token::Word(name) => self.clause(name)?,
            other => return Err(format!("unexpected {other:?}")),
        };
        self.depth -= 1;
        Ok(condition)
    }

    fn clause(&mut self, name: &str) -> Result<Condition, Fault> {
        let field = (self.fields)(name).ok_or_else(|| format!("there is no field `{name}`"))?;
        let Token::Sign(operator) = self.take()? else {
            return Err(format!("`{name}` is not followed by an operator"));
        };
        let ordered = matches!(field.values(), Values::Times | Values::Numbers);
        if *operator != Operator::Matches && !ordered {
            return Err(format!("`{name}` has no order"));
        }
        if self.skip(&Token::Open).is_none() {
            let operand = operand(field, self.take()?)?;
            return Ok(Condition::Is(field, *operator, operand));
        }
        let mut parts = vec![Condition::Is(field, *operator, operand(field, self.take()?)?)];
        let mut join: Option<&Token> = None;
        loop {
            match self.take()? {
                Token::Close => break,
                sign @ (Token::And | Token::Or) if join.is_none_or(|before| before == sign) => {
                    join = Some(sign);
                }
                other => return Err(format!("unexpected {other:?} in a group")),
            }
            parts.push(Condition::Is(field, *operator, operand(field, self.take()?)?));
        }
        Ok(match join {
            Some(Token::And) => Condition::All(parts),
            _ => one_or(parts, Condition::Any),
        })
    }
}

fn one_or(mut parts: Vec<Condition>, many: fn(Vec<Condition>) -> Condition) -> Condition {
    match parts.len() {
        1 => parts.remove(0),
        _ => many(parts),
    }
}

fn operand(field: Field, token: &Token) -> Result<Operand, Fault> {
    let (text, phrase) = match token {
        Token::Word(text) => (text, None),
        Token::Quoted(text) => (text, Some(text.to_lowercase())),
        other => return Err(format!("{other:?} is not a value")),
    };
    match field.values() {
        Values::Times => time(text),
        Values::Numbers => text.parse().map(Operand::Number).map_err(|_| format!("`{text}` is not a number")),
        Values::Flags => match text.as_str() {
            "true" => Ok(Operand::Flag(true)),
            "false" => Ok(Operand::Flag(false)),
            _ => Err(format!("`{text}` is neither true nor false")),
        },
        Values::OneOf(known) if known.contains(&text.as_str()) => Ok(Operand::Keyword(text.to_lowercase())),
        Values::OneOf(known) => Err(format!("`{text}` is none of {known:?}")),
        Values::Keywords => Ok(Operand::Keyword(text.to_lowercase())),
        Values::FullText => Ok(phrase.map_or_else(
            || Operand::Words(words(&text.to_lowercase()).map(str::to_owned).collect()),
            Operand::Phrase,
        )),
    }
}

fn time(text: &str) -> Result<Operand, Fault> {
    if let Ok(at_ms) = text.parse::<i64>() {
        return Ok(Operand::Time(at_ms, at_ms.saturating_add(1)));
    }
    let day = Date::strptime("%d-%m-%Y", text)
        .and_then(|day| day.to_zoned(TimeZone::UTC))
        .map_err(|_| format!("`{text}` is neither milliseconds since 1970 nor dd-MM-yyyy"))?;
    let from = day.timestamp().as_millisecond();
    Ok(Operand::Time(from, from + DAY_MS))
}
