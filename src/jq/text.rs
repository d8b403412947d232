//! Values as the JSON text that `tojson` and `tostring` give: numbers in jq's spelling.

use super::meter;
use crate::value::{Value, write_string};

/// The JSON text of a value. Where the evaluation under way has used up its limits, the text ends early; what it is
/// for fails then.
pub(super) fn to_json(value: &Value) -> String {
    let mut out = Vec::new();
    write(value, &mut out);
    String::from_utf8(out).unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned())
}

fn write(value: &Value, out: &mut Vec<u8>) {
    let start = out.len();
    if meter::spend(1).is_err() {
        return;
    }
    match value {
        Value::Null => out.extend_from_slice(b"null"),
        Value::Bool(true) => out.extend_from_slice(b"true"),
        Value::Bool(false) => out.extend_from_slice(b"false"),
        Value::Number(number) => {
            // Most are short; a literal is as long as it was written.
            if meter::make(number.literal().map_or(0, str::len)).is_ok() {
                out.extend_from_slice(number.to_text().as_bytes());
            }
        }
        Value::String(text) => {
            if meter::make(text.len()).is_ok() {
                write_string(text, out);
                // Escapes make it longer. Stopped or not, this much has been made; the next step knows.
                let _made = meter::make((out.len() - start).saturating_sub(text.len()));
            }
        }
        Value::Array(items) => {
            let mut before: &[u8] = b"[";
            for item in items.iter() {
                out.extend_from_slice(before);
                before = b",";
                write(item, out);
            }
            out.extend_from_slice(if items.is_empty() { b"[]" } else { b"]" });
        }
        Value::Object(object) => {
            let mut before: &[u8] = b"{";
            for (key, value) in object.iter() {
                out.extend_from_slice(before);
                before = b",";
                write_string(key, out);
                out.push(b':');
                write(value, out);
            }
            out.extend_from_slice(if object.is_empty() { b"{}" } else { b"}" });
        }
    }
}
