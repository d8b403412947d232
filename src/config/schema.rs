//! The schema of `config.yaml`, from the table of settings.

use indexmap::IndexMap;
use serde_json::{Map, Value, json};

use super::names;
use super::table::{Case, Fallback, Form, ROWS, Row};
use crate::model::Kind;
use crate::schema;

/// `{{ from env NAME }}`, which may stand in the place of any value.
const FROM_ENVIRONMENT: &str = r"^\s*\{\{\s*from\s+env\s+\S+\s*\}\}";

/// What Port's integration reads.
const WITHOUT_MEANING: &str = "Port's integration knows it; here it changes nothing";

/// The JSON Schema of `config.yaml`. Keys are in camelCase or `snake_case`, of which editors offer the first. What it
/// refuses is a fault, or has no meaning; what it cannot express (a time past a week, a number in quotes past its
/// bounds) the program checks.
pub fn schema() -> Value {
    let leaves: Vec<Leaf> = ROWS.iter().flat_map(leaves).collect();
    let all: Vec<(&str, &Value)> = leaves.iter().map(|leaf| (leaf.path.as_str(), &leaf.schema)).collect();
    let mut root = group("", "#", &all);
    root["type"] = json!(["object", "null"]);
    schema::document(
        "config",
        "config.yaml of ocean-opsgenie",
        "Settings of ocean-opsgenie. Flags, the environment and `.env` are stronger. Everywhere \
         `{{ from env NAME }}` takes the value from the environment.",
        root,
    )
}

/// A setting, or the file of a secret.
struct Leaf {
    path: String,
    schema: Value,
}

fn leaves(row: &Row) -> Vec<Leaf> {
    let Row { setting, form, default, meaning } = row;
    let mut schema = schema::described(&format!("{}: {meaning}", setting.variable()), values(*form));
    match default {
        Fallback::Number(number) => schema["default"] = (*number).into(),
        Fallback::Truth(truth) => schema["default"] = (*truth).into(),
        Fallback::Text(text) => schema["default"] = (*text).into(),
        Fallback::Required | Fallback::Unset | Fallback::Told(_) => {}
    }
    let mut leaves = vec![Leaf { path: setting.path().to_owned(), schema }];
    if *form == Form::Secret {
        let description = format!("{}: a file that holds the secret", setting.file_variable());
        let schema = schema::described(&description, json!({ "type": ["string", "null"] }));
        leaves.push(Leaf { path: setting.file_path(), schema });
    }
    leaves
}

/// A group of settings: the leaves below `path`, which is empty at the root, each with the rest of its path.
fn group(path: &str, pointer: &str, leaves: &[(&str, &Value)]) -> Value {
    let mut children: IndexMap<&str, Vec<(&str, &Value)>> = IndexMap::new();
    for (rest, schema) in leaves {
        let (name, rest) = rest.split_once('.').unwrap_or((rest, ""));
        children.entry(name).or_default().push((rest, schema));
    }
    let (mut fields, mut patterns) = (Map::new(), Map::new());
    let mut unread = names::without_meaning_in(path);
    unread.retain(|name| !children.contains_key(name.as_str()));
    for (name, below) in children {
        let camel = names::camel_case(name);
        let pointer = format!("{pointer}/properties/{camel}");
        let schema = match below.as_slice() {
            [("", leaf)] => (*leaf).clone(),
            below => {
                let path = if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") };
                group(&path, &pointer, below)
            }
        };
        if camel != name {
            patterns.insert(format!("^{name}$"), json!({ "$ref": pointer }));
        }
        fields.insert(camel, schema);
    }
    if !unread.is_empty() {
        let spellings: Vec<String> =
            unread.iter().map(|name| format!("{name}|{}", names::camel_case(name))).collect();
        let pattern = format!("^(?:{})$", spellings.join("|"));
        patterns.insert(pattern, json!({ "description": WITHOUT_MEANING }));
    }
    let mut group = schema::object(fields, &[]);
    if !patterns.is_empty() {
        group["patternProperties"] = patterns.into();
    }
    if names::is_group_without_meaning(path) {
        group["additionalProperties"] = json!({ "description": WITHOUT_MEANING });
    }
    // A group may come whole, as JSON in a text.
    group["type"] = json!(["object", "string", "null"]);
    group["pattern"] = r"^\s*(?:\{|null\s*$)".into();
    group
}

/// What a value may be in YAML. Null is absence.
fn values(form: Form) -> Value {
    match form {
        Form::Secret => {
            json!({ "type": ["string", "number", "null"], "pattern": or_environment(r"^\s*[!-~]*\s*$") })
        }
        Form::Text => json!({ "type": ["string", "number", "boolean", "null"] }),
        Form::Name { signs, .. } => {
            let pattern = format!(r"^\s*[A-Za-z0-9{}]*\s*$", schema::literal(signs));
            let types = json!(["string", "number", "boolean", "null"]);
            json!({ "type": types, "pattern": or_environment(&pattern) })
        }
        Form::Address => {
            let pattern = r"^\s*(?:[hH][tT][tT][pP][sS]?://[^\s/?#@]+(?:/[^\s?#]*)?)?\s*$";
            json!({ "type": ["string", "null"], "pattern": or_environment(pattern) })
        }
        Form::Truth => {
            let pattern = schema::one_of_any_case(["true", "false", "yes", "no", "on", "off", "1", "0"]);
            let types = json!(["boolean", "integer", "string", "null"]);
            json!({ "type": types, "minimum": 0, "maximum": 1, "pattern": or_environment(&pattern) })
        }
        Form::Whole { least, most, .. } => {
            let pattern = or_environment(r"^\s*\d+\s*$");
            let types = json!(["integer", "string", "null"]);
            json!({ "type": types, "minimum": least, "maximum": most, "pattern": pattern })
        }
        Form::Word { case, words } => {
            let pattern = match case {
                Case::Exact => schema::one_of(words.iter().copied()),
                Case::Any => schema::one_of_any_case(words.iter().copied()),
            };
            let offered: Vec<Value> =
                words.iter().map(|word| Value::from(*word)).chain([Value::Null]).collect();
            let pattern = or_environment(&pattern);
            json!({ "anyOf": [{ "enum": offered }, { "type": "string", "pattern": pattern }] })
        }
        Form::Time => {
            let pattern = or_environment(r"^\s*(?:0*[1-9]\d*\s*[smh])?\s*$");
            json!({ "type": ["string", "null"], "pattern": pattern })
        }
        Form::Kinds => {
            let kinds: Vec<&str> =
                Kind::names().filter(|(_, kind)| kind.is_listed()).map(|(name, _)| name).collect();
            let one = kinds.iter().map(|kind| schema::literal(kind)).collect::<Vec<_>>().join("|");
            let words = format!(r"^[, ]*(?:(?:{one})(?:[, ]+(?:{one}))*)?[, ]*$");
            let json_list = format!(r#"^\s*\[\s*(?:"(?:{one})"\s*(?:,\s*"(?:{one})"\s*)*)?\]\s*$"#);
            json!({
                "type": ["array", "string", "null"],
                "items": { "enum": kinds },
                "pattern": or_environment(&format!("{words}|{json_list}")),
            })
        }
    }
}

/// The pattern of a text, or `{{ from env NAME }}`.
fn or_environment(pattern: &str) -> String {
    format!("{FROM_ENVIRONMENT}|{pattern}")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use jsonschema::Validator;

    use super::*;
    use crate::config::names::Setting;
    use crate::config::{Faults, Settings, Sources, TextFile};

    fn validator() -> Validator {
        jsonschema::draft202012::new(&schema()).unwrap()
    }

    /// The setting alone, in a file.
    fn file(path: &str, spelling: fn(&str) -> String, value: &Value) -> Value {
        path.rsplit('.').fold(value.clone(), |below, name| json!({ spelling(name): below }))
    }

    /// A file with what is not read from files beside it.
    fn sources(file: &Value) -> Sources {
        let text = file.to_string();
        let config_yaml = Some(TextFile { name: "config.yaml".to_owned(), text });
        Sources {
            config_yaml,
            ..Sources::from_variables([("OCEAN__EVENT_LISTENER__APP_HOST", "https://x.example")])
        }
    }

    /// Whether the program knows every name of a file.
    fn is_known(file: &Value) -> bool {
        let (_, notices) = Settings::resolve_offline(&sources(file)).unwrap();
        notices.iter().all(|notice| !notice.text.contains("unknown"))
    }

    /// The variables of the settings for which the program refuses a value.
    fn refused(value: &Value) -> BTreeSet<String> {
        let mut file = json!({});
        for Row { setting, .. } in ROWS {
            let place = setting.path().split('.').fold(&mut file, |below, name| &mut below[name]);
            *place = value.clone();
        }
        let faults = Settings::resolve_offline(&sources(&file)).err();
        faults.iter().flat_map(Faults::iter).map(|fault| fault.subject.clone()).collect()
    }

    /// Values of every form, right and wrong.
    fn values_to_try() -> Vec<Value> {
        let mut values = vec![
            json!(null),
            json!(true),
            json!(false),
            json!(-1),
            json!(1.5),
            json!(u64::MAX),
            json!([]),
            json!({}),
            json!({"a": 1}),
            json!(["alert", "schedule-on-call"]),
            json!(["alrt"]),
            json!([1]),
            json!(["webhook-event"]),
            json!(["{{ from env NAME }}"]),
        ];
        let texts = [
            "",
            " ",
            "x",
            "true",
            "TRUE",
            "On",
            "no",
            "maybe",
            "0",
            "1",
            " 7 ",
            "-1",
            "5m",
            "5 m",
            "0s",
            "00s",
            "05h",
            "5d",
            "m",
            "{}",
            "null",
            "alert",
            "alert, user",
            "alert user,",
            "alrt",
            "[\"alert\"]",
            "[\"alert\", \"user\"]",
            "[\"alrt\"]",
            "[\"alert\"",
            "[]",
            "https://x.example",
            "HTTP://x.example:80/a@b/",
            "https://u:p@x.example",
            "https://u@x.example",
            "https://x.example?q",
            "https://x.example/a#b",
            "https://",
            "ftp://x.example",
            "x.example",
            "https://x example",
            "a b",
            "KAFKA",
            "Ocean",
            "ocean",
            "MERGE",
            "Warn",
            "{{ from env IS_SET }} x",
            "{{ from env }}",
            "{{ from file NAME }}",
        ];
        values.extend(texts.map(Value::from));
        values.extend((' '..='~').map(|letter| Value::from(format!("a{letter}b"))));
        for Row { form, .. } in ROWS {
            match form {
                Form::Whole { least, most, .. } => {
                    values.extend([least.wrapping_sub(1), *least, *most, most + 1].map(Value::from));
                }
                Form::Word { words, .. } => values.extend(words.iter().map(|word| Value::from(*word))),
                _ => {}
            }
        }
        values
    }

    /// What the schema leaves to the program.
    fn is_left(form: Form, value: &Value) -> bool {
        let text = value.as_str().unwrap_or_default().trim();
        match form {
            Form::Whole { .. } => text.parse::<u64>().is_ok(),
            Form::Text => text.starts_with("{{ from file"),
            _ => false,
        }
    }

    #[test]
    fn the_program_and_the_schema_take_and_refuse_the_same() {
        let validator = validator();
        let mut differ = Vec::new();
        for value in values_to_try() {
            let refused = refused(&value);
            for Row { setting, form, .. } in ROWS {
                // A public address comes from the environment, where it is stronger.
                if *setting == names::LISTENER_APP_HOST {
                    continue;
                }
                let file = file(setting.path(), names::camel_case, &value);
                let (taken, valid) = (!refused.contains(&setting.variable()), validator.is_valid(&file));
                if taken != valid && !(valid && is_left(*form, &value)) {
                    differ.push(format!("{file}: taken {taken}, valid {valid}"));
                }
            }
        }
        assert!(differ.is_empty(), "{}", differ.join("\n"));
    }

    #[test]
    fn every_value_may_come_from_the_environment() {
        let validator = validator();
        let paths = ROWS.iter().map(|row| row.setting.path().to_owned());
        for path in paths.chain(names::secrets().map(Setting::file_path)) {
            for value in ["{{ from env NAME }}", "{{from env NAME}}", " {{ from env NAME }} and more"] {
                let file = file(&path, names::camel_case, &value.into());
                assert!(validator.is_valid(&file), "{file}");
            }
        }
        for group in ["port", "eventListener", "integration"] {
            assert!(validator.is_valid(&json!({ group: "{{ from env NAME }}" })), "{group}");
            assert!(validator.is_valid(&json!({ group: "{\"type\":\"ONCE\"}" })), "{group}");
            assert!(!validator.is_valid(&json!({ group: "text" })), "{group}");
        }
    }

    #[test]
    fn names_are_known_to_both_or_to_neither() {
        let validator = validator();
        for file in [
            json!({}),
            json!({ "processingMode": "x", "streaming": { "a": 1 }, "liveEvents": { "redis": {} } }),
            json!({ "metrics": { "enabled": true, "compat": true }, "ssl": { "port": { "x509": { "strict": true } } } }),
            json!({ "event_listener": { "brokers": "x" }, "eventListener": { "type": "ONCE" } }),
            json!({ "prot": { "clientId": "a" } }),
            json!({ "port": { "clintId": "a" } }),
            json!({ "port": { "baseUrlFile": "a" } }),
            json!({ "application": { "portt": 1 } }),
            json!({ "clientId": "a" }),
        ] {
            assert_eq!(is_known(&file), validator.is_valid(&file), "{file}");
        }
        for Row { setting, .. } in ROWS {
            for spelling in [names::camel_case, str::to_owned] {
                let file = file(setting.path(), spelling, &Value::Null);
                assert!(is_known(&file) && validator.is_valid(&file), "{file}");
            }
        }
    }

    #[test]
    fn defaults_are_within_the_schema() {
        let validator = validator();
        for Row { setting, default, .. } in ROWS {
            let default = match default {
                Fallback::Number(number) => json!(number),
                Fallback::Truth(truth) => json!(truth),
                Fallback::Text(text) => json!(text),
                Fallback::Required | Fallback::Unset | Fallback::Told(_) => continue,
            };
            let file = file(setting.path(), names::camel_case, &default);
            assert!(validator.is_valid(&file), "{file}");
        }
    }
}
