//! Values to bytes.

use std::io::Write as _;

use super::{Object, Value};

pub(super) fn write(value: &Value, out: &mut Vec<u8>) {
    match value {
        Value::Null => out.extend_from_slice(b"null"),
        Value::Bool(true) => out.extend_from_slice(b"true"),
        Value::Bool(false) => out.extend_from_slice(b"false"),
        Value::Number(number) => write_double(number.as_f64(), out),
        Value::String(text) => write_string(text, out),
        Value::Array(items) => {
            out.push(b'[');
            for (index, item) in items.iter().enumerate() {
                if index > 0 {
                    out.push(b',');
                }
                write(item, out);
            }
            out.push(b']');
        }
        Value::Object(object) => write_object(object, out),
    }
}

pub(super) fn write_object(object: &Object, out: &mut Vec<u8>) {
    out.push(b'{');
    for (index, (key, value)) in object.iter().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        write_string(key, out);
        out.push(b':');
        write(value, out);
    }
    out.push(b'}');
}

/// A double as the peer writes it: integral ones with all their digits and no fraction, NaN as null, infinities as
/// the largest double.
fn write_double(double: f64, out: &mut Vec<u8>) {
    if double.is_nan() {
        return out.extend_from_slice(b"null");
    }
    // Writing to a Vec cannot fail.
    let _written = if double.is_infinite() {
        write!(out, "{:?}", double.clamp(f64::MIN, f64::MAX))
    } else if double.fract() != 0.0 {
        write!(out, "{double:?}")
    } else if double.abs() < 1e15 {
        #[expect(clippy::cast_possible_truncation, reason = "integral and far below 2^63")]
        let integer = double as i64;
        write!(out, "{integer}")
    } else {
        write!(out, "{double:.0}")
    };
}

pub(crate) fn write_string(text: &str, out: &mut Vec<u8>) {
    out.push(b'"');
    let bytes = text.as_bytes();
    let mut clean = 0;
    for (index, &byte) in bytes.iter().enumerate() {
        let escape: &[u8] = match byte {
            b'"' => b"\\\"",
            b'\\' => b"\\\\",
            b'\n' => b"\\n",
            b'\r' => b"\\r",
            b'\t' => b"\\t",
            0..=0x1f | 0x7f => b"",
            _ => continue,
        };
        out.extend_from_slice(&bytes[clean..index]);
        clean = index + 1;
        if escape.is_empty() {
            let _written = write!(out, "\\u{byte:04x}");
        } else {
            out.extend_from_slice(escape);
        }
    }
    out.extend_from_slice(&bytes[clean..]);
    out.push(b'"');
}
