//! Schemas are what the program prints, valid themselves, and true; pages that come from them are fresh.

use std::path::Path;

use jsonschema::Validator;
use ocean_opsgenie::config::table::{Case, Fallback, Form, ROWS, Row};
use ocean_opsgenie::jq::Limits;
use serde_json::Value;

use crate::support::pages::{fences, read, root};
use crate::support::piped;

const SCHEMAS: [&str; 1] = ["config"];

fn schema(name: &str) -> Value {
    serde_json::from_str(&read(format!("schemas/{name}.json"))).expect("a schema is JSON")
}

fn validator(name: &str) -> Validator {
    jsonschema::draft202012::new(&schema(name)).expect("a schema is one")
}

/// What is wrong with a value, a line each.
#[track_caller]
fn is_valid(validator: &Validator, value: &Value, name: &str) {
    let faults: Vec<String> =
        validator.iter_errors(value).map(|fault| format!("{}: {fault}", fault.instance_path())).collect();
    assert!(faults.is_empty(), "{name}:\n{}", faults.join("\n"));
}

/// Holds a file to what it should be, or writes it when `REFRESH` is set.
#[track_caller]
fn is_fresh(file: impl AsRef<Path>, text: &str) {
    let file = file.as_ref();
    if std::env::var_os("REFRESH").is_some() {
        std::fs::write(root().join(file), text).expect("the file can be written");
    }
    let refresh = "REFRESH=1 cargo test --test it -- schema";
    assert!(read(file) == text, "{} is not fresh: `{refresh}` writes it", file.display());
}

#[test]
fn schemas_are_fresh_and_schemas() {
    for name in SCHEMAS {
        let run = piped(&root(), &["schema", name], b"");
        assert_eq!((run.code, run.stderr.as_str()), (0, ""));
        is_fresh(format!("schemas/{name}.json"), &run.stdout);
        jsonschema::draft202012::meta::validate(&run.report).expect("it is a schema");
        for key in ["$schema", "$id", "title", "description"] {
            assert!(run.report[key].is_string(), "{name}: {key}");
        }
    }
}

#[test]
fn a_schema_that_nobody_knows_is_refused_with_the_names() {
    let run = piped(&root(), &["schema", "confg"], b"");
    assert_eq!(run.code, 2);
    insta::assert_snapshot!(run.stderr, @r"
    error: invalid value 'confg' for '<WHICH>'
      [possible values: config]

      tip: a similar value exists: 'config'

    For more information, try '--help'.
    ");
}

/// The row of the table of a page.
fn row(row: &Row) -> String {
    let Row { setting, form, default, meaning } = row;
    let listed = |words: &[&str]| words.iter().map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ");
    let values = match form {
        Form::Secret => format!("secret, or the file that holds it in `{}_FILE`", setting.variable()),
        Form::Text => "text".to_owned(),
        Form::Name { expected, .. } => (*expected).to_owned(),
        Form::Address => "address".to_owned(),
        Form::Truth => listed(&["true", "false"]),
        Form::Whole { unit, least, most } => format!("{least} to {most} {unit}").trim_end().to_owned(),
        Form::Word { case: Case::Exact, words } => listed(words),
        Form::Word { case: Case::Any, words } => format!("{}, in any case", listed(words)),
        Form::Time => "time: `30s`, `5m`, `1h`, up to `168h`".to_owned(),
        Form::Kinds => "kinds".to_owned(),
    };
    format!("| `{}` | {values} | {} | {meaning} |\n", setting.variable(), shown(*default))
}

fn shown(default: Fallback) -> String {
    match default {
        Fallback::Required => "required".to_owned(),
        Fallback::Unset => "unset".to_owned(),
        Fallback::Number(number) => format!("`{number}`"),
        Fallback::Truth(truth) => format!("`{truth}`"),
        Fallback::Text(text) => format!("`{text}`"),
        Fallback::Told(words) => words.to_owned(),
    }
}

/// A page with what stands between `<!-- NAME: WORDS -->` and `<!-- end -->` written anew.
fn refilled(page: &str, name: &str, mut fill: impl FnMut(Vec<&str>) -> String) -> String {
    let mark = format!("<!-- {name}: ");
    let mut parts = page.split(&mark);
    let first = parts.next().expect("split gives at least one part").to_owned();
    let others = parts.map(|part| {
        let (words, rest) = part.split_once("-->").expect("a mark has an end");
        let (_, after) = rest.split_once("<!-- end -->").expect("what is filled in has an end");
        let filled = fill(words.split_whitespace().collect());
        format!("{mark}{words}-->\n\n{filled}\n<!-- end -->{after}")
    });
    std::iter::once(first).chain(others).collect()
}

#[test]
fn the_page_about_settings_is_fresh_and_tells_of_all() {
    let page = read("docs/settings.md");
    let mut untold: Vec<&Row> = ROWS.iter().collect();
    let filled = refilled(&page, "settings", |paths| {
        let mut table = "| variable | values | default | meaning |\n|---|---|---|---|\n".to_owned();
        for path in paths {
            let at = untold.iter().position(|row| row.setting.path() == path);
            table +=
                &row(untold.remove(at.unwrap_or_else(|| panic!("`{path}` is no setting, or told twice"))));
        }
        table
    });
    let untold: Vec<&str> = untold.iter().map(|row| row.setting.path()).collect();
    assert!(untold.is_empty(), "docs/settings.md tells nothing of {untold:?}");
    is_fresh("docs/settings.md", &filled);
}

#[test]
fn the_table_of_the_readme_tells_the_truth() {
    let readme = read("README.md");
    let (_, section) = readme.split_once("## Settings").expect("there is the section");
    let mut held = 0;
    for line in section.lines().filter_map(|line| line.strip_prefix("| `")) {
        let mut cells = line.split(" | ");
        let (name, told) = (cells.next().unwrap_or_default(), cells.next().unwrap_or_default());
        let names = name.split("`, `").map(|name| name.trim_end_matches('`'));
        for row in names.filter_map(|name| ROWS.iter().find(|row| row.setting.variable() == name)) {
            assert_eq!(told.trim_matches('`'), shown(row.default).trim_matches('`'), "README.md: `{name}`");
            held += 1;
        }
    }
    assert!(held > 10, "the table was not found");
}

#[test]
fn what_an_expression_may_use_is_what_the_engine_allows() {
    let Limits { steps, time, made_bytes, output_bytes } = Limits::default();
    for (path, limit) in [
        ("jq.steps", steps),
        ("jq.seconds", time.as_secs()),
        ("jq.made_bytes", made_bytes as u64),
        ("jq.output_bytes", output_bytes as u64),
    ] {
        let row = ROWS.iter().find(|row| row.setting.path() == path).expect("it is a setting");
        assert_eq!(row.default, Fallback::Number(limit), "{path}");
    }
}

#[test]
fn settings_that_we_write_are_valid() {
    let validator = validator("config");
    let shown: Vec<String> =
        fences("docs/settings.md").into_iter().filter(|it| it.language == "yaml").map(|it| it.text).collect();
    assert!(!shown.is_empty(), "docs/settings.md shows no config.yaml");
    for text in shown.into_iter().chain([read("src/cli/init/config.yaml")]) {
        is_valid(&validator, &yaml(&text), &text);
    }
}

/// What a text of YAML holds.
fn yaml(text: &str) -> Value {
    serde_yaml::from_str(text).expect("it is YAML")
}
