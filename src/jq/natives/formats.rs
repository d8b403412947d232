//! `@text`, `@csv` and their kind.

use std::fmt::Write as _;

use super::{Table, binary, unary};
use crate::jq::meter;
use crate::jq::text::to_json;
use crate::jq::val::{Outcome, shown};
use crate::value::Value;

/// A format that has a native of its own, so that it needs no look-up when it runs.
macro_rules! format_native {
    ($name:literal, $format:literal) => {
        unary!($name, |value: &Value| formatted(value, $format))
    };
}

pub(super) fn table() -> Table {
    vec![
        format_native!("@text", "text"),
        format_native!("@json", "json"),
        format_native!("@csv", "csv"),
        format_native!("@tsv", "tsv"),
        format_native!("@html", "html"),
        format_native!("@uri", "uri"),
        format_native!("@urid", "urid"),
        format_native!("@sh", "sh"),
        format_native!("@base64", "base64"),
        format_native!("@base64d", "base64d"),
        binary!("format", |value: &Value, name: &Value| match name.as_str() {
            Some(name) => formatted(value, name),
            None => Err(format!("{} is not a valid format", shown(name))),
        }),
    ]
}

/// As many times longer than what it is made of a formatted text may be: `&apos;` for one quote.
const MAX_GROWTH: usize = 6;

/// Counts the bytes of a formatted text before it is made.
fn reserve(text: &str) -> Result<(), String> {
    meter::make(text.len().saturating_mul(MAX_GROWTH))
}

fn formatted(value: &Value, format: &str) -> Outcome {
    value.as_str().map_or(Ok(()), reserve)?;
    let text = match format {
        "text" if value.as_str().is_some() => return Ok(value.clone()),
        "text" => text_of(value),
        "json" => to_json(value),
        "csv" => return row(value, format, ",", csv_field),
        "tsv" => return row(value, format, "\t", tsv_field),
        "html" => html(&text_of(value)),
        "uri" => uri(&text_of(value)),
        "urid" => return uri_decoded(value),
        "sh" => return shell(value),
        "base64" => base64(text_of(value).as_bytes()),
        "base64d" => return base64_decoded(value),
        unknown => return Err(format!("{unknown} is not a valid format")),
    };
    Ok(Value::from(text))
}

fn csv_field(text: &str) -> String {
    format!("\"{}\"", visible(text).replace('"', "\"\""))
}

/// Strings as they are, anything else as JSON.
fn text_of(value: &Value) -> String {
    value.as_str().map_or_else(|| to_json(value), str::to_owned)
}

/// jq writes a NUL as two characters.
fn visible(text: &str) -> String {
    text.replace('\0', "\\0")
}

fn tsv_field(text: &str) -> String {
    let escaped = text.replace('\\', "\\\\").replace('\t', "\\t");
    visible(&escaped).replace('\n', "\\n").replace('\r', "\\r")
}

fn row(value: &Value, format: &str, separator: &str, quoted: fn(&str) -> String) -> Outcome {
    let Value::Array(items) = value else {
        return Err(format!("{} cannot be {format}-formatted, only array", shown(value)));
    };
    let field = |item: &Value| match item {
        Value::Number(number) if number.as_f64().is_nan() => Ok(String::new()),
        Value::Number(_) | Value::Bool(_) => Ok(to_json(item)),
        Value::Null => Ok(String::new()),
        Value::String(text) => reserve(text).map(|()| quoted(text)),
        other => Err(format!("{} is not valid in a csv row", shown(other))),
    };
    let fields: Vec<String> = items.iter().map(field).collect::<Result<_, _>>()?;
    Ok(Value::from(fields.join(separator)))
}

fn html(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for char in text.chars() {
        match char {
            '\0' => out.push_str("\\0"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            '\'' => out.push_str("&apos;"),
            '"' => out.push_str("&quot;"),
            other => out.push(other),
        }
    }
    out
}

fn uri(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            // Writing to a String cannot fail.
            let _written = write!(out, "%{byte:02X}");
        }
    }
    out
}

fn uri_decoded(value: &Value) -> Outcome {
    let text = text_of(value);
    let invalid = || format!("{} is not a valid uri encoding", shown(&Value::from(text.as_str())));
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        rest = after;
        if *first != b'%' {
            bytes.push(*first);
            continue;
        }
        let digit = |at: usize| after.get(at).and_then(|byte| char::from(*byte).to_digit(16));
        let (Some(high), Some(low)) = (digit(0), digit(1)) else { return Err(invalid()) };
        bytes.push(u8::try_from(high * 16 + low).map_err(|_| invalid())?);
        rest = &after[2..];
    }
    String::from_utf8(bytes).map(Value::from).map_err(|_| invalid())
}

fn shell(value: &Value) -> Outcome {
    let word = |item: &Value| match item {
        Value::String(text) => reserve(text).map(|()| format!("'{}'", visible(text).replace('\'', "'\\''"))),
        Value::Array(_) | Value::Object(_) => Err(format!("{} can not be escaped for shell", shown(item))),
        Value::Null | Value::Bool(_) | Value::Number(_) => Ok(to_json(item)),
    };
    let words: Vec<String> = match value {
        Value::Array(items) => items.iter().map(word).collect::<Result<_, _>>()?,
        other => vec![word(other)?],
    };
    Ok(Value::from(words.join(" ")))
}

const BASE64: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

fn base64(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let block =
            chunk.iter().chain([&0, &0]).take(3).fold(0_usize, |sum, byte| sum << 8 | usize::from(*byte));
        for at in 0..4 {
            let digit = BASE64[block >> (18 - 6 * at) & 63];
            out.push(if at <= chunk.len() { char::from(digit) } else { '=' });
        }
    }
    out
}

fn base64_decoded(value: &Value) -> Outcome {
    let text = text_of(value);
    let invalid = || format!("{} is not valid base64 data", shown(&Value::from(text.as_str())));
    // What follows the first mark of the end is not read.
    let digits = text.split('=').next().unwrap_or_default();
    let (mut block, mut bits, mut bytes) = (0_u32, 0_u32, Vec::with_capacity(digits.len()));
    for byte in digits.bytes() {
        let digit = BASE64.iter().position(|known| *known == byte).ok_or_else(invalid)?;
        block = (block << 6 | u32::try_from(digit).unwrap_or(0)) & 0xff_ffff;
        bits += 6;
        if bits >= 8 {
            bits -= 8;
            bytes.push(u8::try_from(block >> bits & 0xff).unwrap_or(0));
        }
    }
    // A single digit is no byte.
    if digits.len() % 4 == 1 {
        return Err(format!("{} trailing base64 byte found", shown(&Value::from(text.as_str()))));
    }
    Ok(Value::from(lossy(&bytes)))
}

/// Bytes as text. Where they are no UTF-8, U+FFFD stands for as many as their first one announces, or for those up to
/// the first that does not continue it; for all that are left where it announces more.
fn lossy(bytes: &[u8]) -> String {
    let mut out = String::with_capacity(bytes.len());
    let mut rest = bytes;
    while let Some(first) = rest.first() {
        let announced = match first {
            0xc2..=0xdf => 2,
            0xe0..=0xef => 3,
            0xf0..=0xf4 => 4,
            _ => 1,
        };
        let continues = |byte: &&u8| **byte & 0xc0 == 0x80;
        let length = match rest.get(1..announced) {
            Some(others) => 1 + others.iter().take_while(continues).count(),
            None => rest.len(),
        };
        let (sequence, after) = rest.split_at(length);
        out.push_str(std::str::from_utf8(sequence).unwrap_or("\u{fffd}"));
        rest = after;
    }
    out
}
