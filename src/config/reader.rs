//! Values out of the layers, each checked; what is wrong is gathered, not thrown.

use std::time::Duration;

use serde_json::Value;

use super::fault::{Fault, Notice, Problem};
use super::layers::{Given, Layers, type_name};
use super::names::Setting;
use super::origin::Origin;
use super::provenance::Provenance;
use super::sources::ReadFile;
use super::table::{self, Case, Form};
use crate::secret::Secret;

/// A value that a message shows is cut here: the reader knows what was written.
const MAX_SHOWN_CHARACTERS: usize = 60;
/// Credentials are short; a larger file was named by mistake.
const MAX_SECRET_BYTES: usize = 64 << 10;

/// Takes values out of the layers.
pub(super) struct Reader<'a> {
    layers: Layers,
    read_file: &'a ReadFile,
    pub(super) provenance: Provenance,
    secrets: Vec<Secret>,
}

impl<'a> Reader<'a> {
    pub(super) fn new(layers: Layers, read_file: &'a ReadFile) -> Self {
        Self { layers, read_file, provenance: Provenance::default(), secrets: Vec::new() }
    }

    /// The faults and notices so far, and where values came from.
    pub(super) fn close(self) -> (Vec<Fault>, Vec<Notice>, Provenance) {
        (self.layers.faults, self.layers.notices, self.provenance)
    }

    pub(super) fn warn(&mut self, notice: Notice) {
        self.layers.notices.push(notice);
    }

    pub(super) fn blame(&mut self, fault: Fault) {
        self.layers.faults.push(fault);
    }

    /// A required credential: its value, else the content of the file that is named. Empty when it is a fault.
    pub(super) fn secret(&mut self, setting: Setting, what: &str) -> Secret {
        self.credential(setting, Some(what))
    }

    /// A credential that may be missing: then it is empty.
    pub(super) fn optional_secret(&mut self, setting: Setting) -> Secret {
        self.credential(setting, None)
    }

    fn credential(&mut self, setting: Setting, required: Option<&str>) -> Secret {
        let direct = self.layers.take(setting.path());
        let file = self.layers.take(&setting.file_path());
        let found = match (direct, file) {
            (Some(given), file) if !is_blank(&given.value) => {
                if let Some(file) = file {
                    let text = format!("{} is ignored: `{}` is set too", file.origin, setting.variable());
                    self.warn(Notice::warning(text));
                }
                self.secret_text(setting, given)
            }
            (_, Some(file)) if !is_blank(&file.value) => self.secret_file(setting, &file),
            _ => {
                if let Some(what) = required {
                    let fault = Fault::about(setting, None, Problem::MissingSecret);
                    let hint = match self.layers.unset.get(setting.path()) {
                        Some(unset) => {
                            format!("{} takes it from `{}`, which is not set", unset.origin, unset.variable)
                        }
                        None => {
                            format!(
                                "set it to {what}, or `{}` to a file that holds it",
                                setting.file_variable()
                            )
                        }
                    };
                    self.blame(fault.hinting(hint));
                }
                None
            }
        };
        let (text, origin) = found.unwrap_or_default();
        let Some(origin) = origin else { return Secret::new("") };
        let secret = Secret::new(text);
        if !secret.expose().chars().all(|letter| letter.is_ascii_graphic()) {
            let expected = "one line of printable characters without spaces";
            let problem = Problem::MalformedSecret { expected };
            self.blame(Fault::about(setting, Some(origin.clone()), problem));
        }
        self.provenance.note(setting, origin);
        self.secrets.push(secret.clone());
        secret
    }

    fn secret_text(&mut self, setting: Setting, given: Given) -> Option<(String, Option<Origin>)> {
        let text = match given.value {
            Value::String(text) => text,
            Value::Number(number) => number.to_string(),
            other => {
                self.malformed(setting, &given.origin, "a text", type_name(&other).to_owned());
                return None;
            }
        };
        let trimmed = text.trim();
        if trimmed.len() < text.len() {
            self.warn(Notice::warning(format!("{} has white space around it, which is cut", given.origin)));
        }
        Some((trimmed.to_owned(), Some(given.origin)))
    }

    fn secret_file(&mut self, setting: Setting, given: &Given) -> Option<(String, Option<Origin>)> {
        let Value::String(path) = &given.value else {
            self.malformed(setting, &given.origin, "the name of a file", type_name(&given.value).to_owned());
            return None;
        };
        let unreadable = |reason: String| Problem::UnreadableSecret { path: path.clone(), reason };
        let problem = match (self.read_file)(std::path::Path::new(path)) {
            Ok(text) if text.len() > MAX_SECRET_BYTES => {
                unreadable(format!("it is larger than {MAX_SECRET_BYTES} bytes"))
            }
            Ok(text) if text.trim().is_empty() => unreadable("it is empty".to_owned()),
            Ok(text) => return Some((text.trim().to_owned(), Some(given.origin.clone()))),
            Err(error) => unreadable(error.to_string()),
        };
        self.blame(Fault::about(setting, Some(given.origin.clone()), problem));
        None
    }

    /// A text; empty is unset.
    pub(super) fn text(&mut self, setting: Setting) -> Option<(String, Origin)> {
        let given = self.layers.take(setting.path())?;
        let text = match given.value {
            Value::String(text) => text.trim().to_owned(),
            Value::Number(number) => number.to_string(),
            Value::Bool(truth) => truth.to_string(),
            other => {
                self.malformed(setting, &given.origin, "a text", type_name(&other).to_owned());
                return None;
            }
        };
        if text.is_empty() {
            return None;
        }
        self.provenance.note(setting, given.origin.clone());
        Some((text, given.origin))
    }

    /// A text of letters, digits and the signs of the table; empty is unset.
    pub(super) fn name(&mut self, setting: Setting) -> Option<String> {
        let Form::Name { expected, signs } = table::form(setting) else {
            unreachable!("the table has another form for {setting:?}, as a test would tell")
        };
        let (name, origin) = self.text(setting)?;
        if name.chars().all(|letter| letter.is_ascii_alphanumeric() || signs.contains(letter)) {
            return Some(name);
        }
        let shown = self.shown(&Value::String(name));
        self.malformed(setting, &origin, expected, shown);
        None
    }

    /// A text that is looked at and stays.
    pub(super) fn peek_text(&self, setting: Setting) -> Option<String> {
        self.layers.look(setting.path()).and_then(|given| given.value.as_str().map(str::to_owned))
    }

    /// A fault about a value that Port's integration knows and this one does not have.
    pub(super) fn unsupported(&mut self, setting: Setting, hint: &str) {
        let Some(given) = self.layers.take(setting.path()) else { return };
        let problem = Problem::Unsupported { shown: self.shown(&given.value) };
        self.blame(Fault::about(setting, Some(given.origin), problem).hinting(hint));
    }

    /// Whether a fault about this setting was found.
    pub(super) fn has_blamed(&self, setting: Setting) -> bool {
        self.layers.faults.iter().any(|fault| fault.subject == setting.variable())
    }

    /// `true`, `false`, `1`, `0`, `yes`, `no`, `on`, `off`, in any case.
    pub(super) fn boolean(&mut self, setting: Setting) -> Option<bool> {
        let given = self.layers.take(setting.path())?;
        let truth = match scalar(&given.value).to_lowercase().as_str() {
            "true" | "1" | "yes" | "on" => true,
            "false" | "0" | "no" | "off" => false,
            _ => {
                let shown = self.shown(&given.value);
                self.malformed(setting, &given.origin, "`true` or `false`", shown);
                return None;
            }
        };
        self.provenance.note(setting, given.origin);
        Some(truth)
    }

    /// A whole number within the bounds of the table.
    pub(super) fn integer(&mut self, setting: Setting) -> Option<u64> {
        let Form::Whole { unit, least, most } = table::form(setting) else {
            unreachable!("the table has another form for {setting:?}, as a test would tell")
        };
        let given = self.layers.take(setting.path())?;
        let number = scalar(&given.value).parse().ok().filter(|number| (least..=most).contains(number));
        let Some(number) = number else {
            let shown = self.shown(&given.value);
            let of = if unit.is_empty() { "" } else { " of " };
            let expected = format!("a whole number{of}{unit} from {least} to {most}");
            self.malformed(setting, &given.origin, &expected, shown);
            return None;
        };
        self.provenance.note(setting, given.origin);
        Some(number)
    }

    /// A time: a whole number and `s`, `m` or `h`, from a second to a week.
    pub(super) fn time(&mut self, setting: Setting) -> Option<Duration> {
        const WEEK: u64 = 7 * 24 * 60 * 60;
        let (text, origin) = self.text(setting)?;
        let seconds = text.char_indices().next_back().and_then(|(unit_at, unit)| {
            let count: u64 = text[..unit_at].trim_end().parse().ok()?;
            let unit = match unit {
                's' => 1,
                'm' => 60,
                'h' => 60 * 60,
                _ => return None,
            };
            count.checked_mul(unit).filter(|seconds| (1..=WEEK).contains(seconds))
        });
        if seconds.is_none() {
            let shown = self.shown(&Value::String(text));
            self.malformed(setting, &origin, "a time such as `30s`, `5m` or `1h`, up to `168h`", shown);
        }
        seconds.map(Duration::from_secs)
    }

    /// One of some words, whose case matters as the table has it.
    pub(super) fn choice<T: Copy>(&mut self, setting: Setting, words: &[(&'static str, T)]) -> Option<T> {
        let Form::Word { case, words: names } = table::form(setting) else {
            unreachable!("the table has another form for {setting:?}, as a test would tell")
        };
        let given = self.layers.take(setting.path())?;
        let text = scalar(&given.value);
        let agrees = |name: &str| match case {
            Case::Exact => name == text,
            Case::Any => name.eq_ignore_ascii_case(&text),
        };
        if let Some((_, choice)) = words.iter().find(|(name, _)| agrees(name)) {
            self.provenance.note(setting, given.origin);
            return Some(*choice);
        }
        let shown = self.shown(&given.value);
        let problem = Problem::Malformed { expected: format!("one of {}", quoted(names)), shown };
        let fault = Fault::about(setting, Some(given.origin), problem);
        self.blame(match nearest(&text, names) {
            Some(meant) => fault.hinting(format!("did you mean `{meant}`?")),
            None => fault,
        });
        None
    }

    /// An http(s) address without credentials, query or fragment; slashes at its end are cut. Empty is unset.
    pub(super) fn address(&mut self, setting: Setting) -> Option<String> {
        let (text, origin) = self.text(setting)?;
        let fault = match reqwest::Url::parse(&text) {
            Ok(url) if !matches!(url.scheme(), "http" | "https") || !url.has_host() => {
                Some("an address that begins with `https://` or `http://`")
            }
            Ok(url) if !url.username().is_empty() || url.password().is_some() => {
                Some("an address without a user name and password")
            }
            Ok(url) if url.query().is_some() || url.fragment().is_some() => {
                Some("an address that ends with its path, without `?` and `#`")
            }
            Ok(_) => None,
            Err(_) => Some("an address such as `https://api.example.com`"),
        };
        if let Some(expected) = fault {
            // What stands in the wrong place may be a credential: an address that is none is not shown.
            self.blame(Fault::about(setting, Some(origin), Problem::MalformedSecret { expected }));
            return None;
        }
        Some(text.trim_end_matches('/').to_owned())
    }

    /// A list: of JSON, or divided by commas or spaces.
    pub(super) fn list(&mut self, setting: Setting) -> Option<(Vec<String>, Origin)> {
        let given = self.layers.take(setting.path())?;
        let items = match &given.value {
            Value::Array(items) => Some(items.clone()),
            Value::String(text) if text.trim_start().starts_with('[') => serde_json::from_str(text).ok(),
            Value::String(text) => {
                let words = text.split([',', ' ']).filter(|word| !word.is_empty());
                Some(words.map(|word| Value::String(word.to_owned())).collect())
            }
            _ => None,
        };
        let texts: Option<Vec<String>> =
            items.and_then(|items| items.iter().map(|item| item.as_str().map(str::to_owned)).collect());
        let Some(texts) = texts else {
            let shown = self.shown(&given.value);
            self.malformed(setting, &given.origin, "a list of names", shown);
            return None;
        };
        self.provenance.note(setting, given.origin.clone());
        Some((texts, given.origin))
    }

    pub(super) fn malformed(&mut self, setting: Setting, origin: &Origin, expected: &str, shown: String) {
        let problem = Problem::Malformed { expected: expected.to_owned(), shown };
        self.blame(Fault::about(setting, Some(origin.clone()), problem));
    }

    /// A value fit to be shown: short, on one line, and never a credential that we know.
    pub(super) fn shown(&self, value: &Value) -> String {
        let (Value::String(_) | Value::Number(_) | Value::Bool(_)) = value else {
            return type_name(value).to_owned();
        };
        let text = scalar(value);
        if text.is_empty() {
            return "an empty text".to_owned();
        }
        if self.secrets.iter().any(|secret| !secret.is_empty() && text.contains(secret.expose())) {
            return "a credential (not shown)".to_owned();
        }
        let mut cut: String = text.chars().take(MAX_SHOWN_CHARACTERS).flat_map(char::escape_debug).collect();
        if text.chars().count() > MAX_SHOWN_CHARACTERS {
            cut.push('…');
        }
        format!("`{cut}`")
    }
}

/// A scalar's text; nothing for lists, objects and null.
fn scalar(value: &Value) -> String {
    match value {
        Value::String(text) => text.trim().to_owned(),
        Value::Number(number) => number.to_string(),
        Value::Bool(truth) => truth.to_string(),
        Value::Null | Value::Array(_) | Value::Object(_) => String::new(),
    }
}

fn is_blank(value: &Value) -> bool {
    value.as_str().is_some_and(|text| text.trim().is_empty())
}

/// `a`, `b` or `c`, each in backticks.
pub(super) fn quoted(names: &[&str]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

/// The name that somebody who wrote `text` may have meant.
pub fn nearest<'n>(text: &str, names: &[&'n str]) -> Option<&'n str> {
    const SLIPS: usize = 2;
    let lower = text.to_lowercase();
    names
        .iter()
        .map(|name| (strsim::damerau_levenshtein(&lower, &name.to_lowercase()), *name))
        .filter(|(distance, name)| *distance <= SLIPS.min(name.chars().count().saturating_sub(1)))
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, name)| name)
}
