//! Schemas are what the program prints, valid themselves, and true; pages that come from them are fresh.

use std::path::Path;

use jsonschema::Validator;
use ocean_opsgenie::config::mapping::MappingFault;
use ocean_opsgenie::config::table::{Case, Fallback, Form, ROWS, Row};
use ocean_opsgenie::config::{MappingFile, Severity};
use ocean_opsgenie::jq::{Environment, Limits};
use ocean_opsgenie::map::sound;
use ocean_opsgenie::report::{FIELDS, Field};
use serde_json::{Value, json};

use crate::fences;
use crate::support::pages::{read, root};
use crate::support::{Stage, piped};

const SCHEMAS: [&str; 3] = ["config", "mapping", "report"];

fn schema(name: &str) -> Value {
    serde_json::from_str(&read(format!("schemas/{name}.json"))).expect("a schema is JSON")
}

pub(crate) fn validator(name: &str) -> Validator {
    jsonschema::draft202012::new(&schema(name)).expect("a schema is one")
}

/// What is wrong with a value, a line each.
#[track_caller]
pub(crate) fn is_valid(validator: &Validator, value: &Value, name: &str) {
    let faults: Vec<String> =
        validator.iter_errors(value).map(|fault| format!("{}: {fault}", fault.instance_path())).collect();
    assert!(faults.is_empty(), "{name}:\n{}", faults.join("\n"));
}

/// Holds a file to what it should be, or writes it when `REFRESH` is set.
#[track_caller]
fn is_fresh(file: impl AsRef<Path>, text: &str) {
    let file = file.as_ref();
    if std::env::var_os("REFRESH").is_some() {
        // Other tests read it meanwhile.
        let beside = root().join(file.with_extension("new"));
        std::fs::write(&beside, text).expect("the file can be written");
        std::fs::rename(&beside, root().join(file)).expect("the file can be put in its place");
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
      [possible values: config, mapping, report]

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

/// Rows of the table of a page: fields of one meaning share one.
fn rows_of(fields: Vec<(String, &str)>) -> String {
    let mut rows: Vec<(Vec<String>, &str)> = Vec::new();
    for (name, meaning) in fields {
        match rows.iter_mut().find(|(_, known)| *known == meaning) {
            Some((names, _)) => names.push(name),
            None => rows.push((vec![name], meaning)),
        }
    }
    let row = |(names, meaning): &(Vec<String>, &str)| format!("| `{}` | {meaning} |\n", names.join("`, `"));
    rows.iter().map(row).collect()
}

#[test]
fn the_page_about_the_report_is_fresh_and_tells_of_all() {
    let page = read("docs/report.md");
    let mut untold: Vec<&Field> = FIELDS.iter().collect();
    let filled = refilled(&page, "fields", |words| {
        let mut fields = Vec::new();
        untold.retain(|field| {
            let name = field.path.replace('?', "");
            let is_here = name.split(['.', '[']).next().is_some_and(|first| words.contains(&first));
            if is_here {
                fields.push((name, field.meaning));
            }
            !is_here
        });
        format!("| field | what it is |\n|---|---|\n{}", rows_of(fields))
    });
    assert!(untold.is_empty(), "docs/report.md tells nothing of {untold:?}");
    is_fresh("docs/report.md", &filled);
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
    let shown: Vec<String> = crate::support::pages::fences("docs/settings.md")
        .into_iter()
        .filter(|it| it.language == "yaml")
        .map(|it| it.text)
        .collect();
    assert!(!shown.is_empty(), "docs/settings.md shows no config.yaml");
    for text in shown.into_iter().chain([read("src/cli/init/config.yaml")]) {
        is_valid(&validator, &yaml(&text), &text);
    }
}

#[test]
fn mappings_that_we_write_are_valid() {
    let validator = validator("mapping");
    let mut seen = 0;
    for file in ["mappings/classic.yaml", "mappings/full.yaml", "examples/webhook-event/mapping.yaml"] {
        is_valid(&validator, &yaml(&read(file)), file);
    }
    for (_, fence) in fences::all().into_iter().filter(|(_, fence)| fence.language == "yaml") {
        let Some(mapping) = fences::mapping(&fence) else { continue };
        seen += 1;
        is_valid(&validator, &yaml(&mapping), &fence.place);
    }
    assert!(seen >= 15, "only {seen} mappings were found");
}

/// A mapping in which a value stands at a place.
fn mapping_with(place: &str, value: &Value) -> Value {
    let mut mapping = json!({ "resources": [{
        "kind": "alert",
        "selector": { "query": "true" },
        "port": { "itemsToParse": ".tags", "entity": { "mappings": {
            "identifier": ".id", "title": ".message", "blueprint": "\"a\"",
            "properties": { "p": ".p" }, "relations": { "r": ".r" },
        } } },
    }] });
    let (parent, key) = place.rsplit_once('/').expect("a place has a parent");
    let parent = mapping.pointer_mut(parent).expect("the parent is there");
    let at = key.parse::<usize>();
    match at {
        Ok(at) => parent[at] = value.clone(),
        Err(_) => parent[key] = value.clone(),
    }
    mapping
}

/// Whether `validate` finds nothing wrong.
fn is_sound(mapping: &Value) -> bool {
    let read = MappingFile::from_text("mapping.json", &mapping.to_string());
    sound(read, Environment::default()).is_ok_and(|sound| {
        let strict = |warning: &MappingFault| warning.diagnostic(Severity::Error).severity == Severity::Error;
        !sound.warnings.iter().any(strict)
    })
}

/// A place in a mapping, and what stands there.
type Put = (String, Value);

fn at(place: &str, value: Value) -> Put {
    (place.to_owned(), value)
}

fn field(name: &str, value: Value) -> Put {
    (format!("/resources/0/port/entity/mappings/{name}"), value)
}

/// A resource with this in its selector besides the query.
fn kind(kind: &str, mut selector: Value) -> Put {
    selector["query"] = "true".into();
    let mappings = json!({ "identifier": ".id", "blueprint": "'a'" });
    at(
        "/resources/0",
        json!({ "kind": kind, "selector": selector, "port": { "entity": { "mappings": mappings } } }),
    )
}

fn asked(of: &str, parameters: &Value) -> Put {
    kind(of, json!({ "apiQueryParams": parameters }))
}

fn right() -> Vec<Put> {
    let search = json!({ "combinator": "'and'", "rules": [
        { "property": "'$title'", "operator": "'='", "value": ".id" },
        { "combinator": "'or'", "rules": [{ "operator": "'relatedTo'", "blueprint": "'a'" }] },
    ] });
    vec![
        at("/resources", json!([])),
        at("/deleteDependentEntities", json!(false)),
        at("/enableMergeEntity", json!("True")),
        at("/createMissingRelatedEntities", json!(null)),
        at("/entityDeletionThreshold", json!(0)),
        at("/entityDeletionThreshold", json!(1)),
        at("/entityDeletionThreshold", json!(null)),
        at("/resources/0/port/itemsToParse", json!(null)),
        at("/resources/0/port/itemsToParseName", json!("tag")),
        at("/resources/0/port/itemsToParseTopLevelTransform", json!("false")),
        at("/resources/0/port/entity/mappings", json!([{ "identifier": 5, "blueprint": "'a'" }])),
        at("/resources/0/port/entity/mappings", json!([])),
        at("/resources/0/selector/query", json!(true)),
        at("/resources/0/selector/exportEnvVariables", json!({ "a": [1] })),
        field("identifier", search.clone()),
        field("team", search.clone()),
        field("title", json!(null)),
        field("icon", json!(true)),
        field("properties", json!(null)),
        field("properties", json!({ "a": 1, "b": { "c": [".d", { "e": true }] } })),
        field("relations", json!({ "one": ".a", "many": [".a", ".b"], "found": search })),
        kind("schedule-on-call", json!({})),
        kind("webhook-event", json!({})),
        kind("team", json!({ "includeMembers": true })),
        kind("alert", json!({ "includeMembers": null, "includeDetails": "true" })),
        asked(
            "alert",
            &json!({ "status": "OPEN, closed", "priority": ["p1", "P2"], "isSeen": true, "is_seen": null }),
        ),
        asked(
            "alert",
            &json!({ "createdAt": "-7d", "count": 5, "teams": "a, b", "tag": ["x"], "details.key": 3 }),
        ),
        asked(
            "alert",
            &json!({ "last_occurred_at": 1_700_000_000, "query": "tag:a", "acknowledged": "False" }),
        ),
        asked("incident", &json!({ "status": "resolved", "postmortemRequired": [true], "services": ["a"] })),
        asked("schedule", &json!({ "expand": "rotation" })),
        asked("schedule", &json!({ "expand": null })),
    ]
}

fn wrong() -> Vec<Put> {
    vec![
        at("/resources", json!(null)),
        at("/resources", json!({})),
        at("/resources/0", json!("alert")),
        at("/ressources", json!([])),
        at("/deleteDependentEntities", json!("perhaps")),
        at("/enableMergeEntity", json!(1)),
        at("/entityDeletionThreshold", json!(1.1)),
        at("/entityDeletionThreshold", json!(-0.1)),
        at("/entityDeletionThreshold", json!("0.5")),
        at("/resources/0/kind", json!("alrt")),
        at("/resources/0/kind", json!(null)),
        at("/resources/0/kind", json!(5)),
        at("/resources/0/what", json!(1)),
        at("/resources/0/selector", json!("true")),
        at("/resources/0/selector", json!({})),
        at("/resources/0/selector/query", json!(null)),
        at("/resources/0/selector/query", json!([".a"])),
        at("/resources/0/selector/qurey", json!("true")),
        at("/resources/0/port", json!(null)),
        at("/resources/0/port", json!({})),
        at("/resources/0/port/entities", json!({})),
        at("/resources/0/port/itemsToParse", json!([".a"])),
        at("/resources/0/port/itemsToParseName", json!("")),
        at("/resources/0/port/itemsToParseName", json!(5)),
        at("/resources/0/port/itemsToParseTopLevelTransform", json!("no")),
        at("/resources/0/port/entity", json!({})),
        at("/resources/0/port/entity/mapping", json!({})),
        at("/resources/0/port/entity/mappings", json!("a")),
        at("/resources/0/port/entity/mappings", json!(["a"])),
        field("identifier", json!(null)),
        field("blueprint", json!(null)),
        field("blueprint", json!(["a"])),
        field("blueprint", json!({ "a": "b" })),
        field("propertys", json!({})),
        field("properties", json!(".all")),
        field("properties", json!([])),
        field("properties", json!({ "a": null })),
        field("properties", json!({ "a": { "b": [null] } })),
        field("relations", json!(".all")),
        field("relations", json!({ "a": null })),
        kind("alert", json!({ "includeMembers": true })),
        kind("team", json!({ "includeDetails": true })),
        kind("service", json!({ "apiQueryParams": { "status": "open" } })),
        kind("webhook-event", json!({ "apiQueryParams": {} })),
        asked("alert", &json!("status:open")),
        asked("alert", &json!({ "services": "a" })),
        asked("alert", &json!({ "state": "open" })),
        asked("alert", &json!({ "status": "resolved" })),
        asked("alert", &json!({ "priority": ["P1", "P9"] })),
        asked("alert", &json!({ "priority": [] })),
        asked("alert", &json!({ "isSeen": "yes" })),
        asked("alert", &json!({ "isSeen": 1 })),
        asked("alert", &json!({ "isSeen": [true, false] })),
        asked("alert", &json!({ "teams": "" })),
        asked("alert", &json!({ "teams": { "a": 1 } })),
        asked("alert", &json!({ "teams": [["a"]] })),
        asked("alert", &json!({ "createdAt": ["-7d", "-1d"] })),
        asked("alert", &json!({ "count": true })),
        asked("alert", &json!({ "query": ["a"] })),
        asked("alert", &json!({ "query": " " })),
        asked("alert", &json!({ "expand": "rotation" })),
        asked("incident", &json!({ "isSeen": true })),
        asked("schedule", &json!({ "expand": "rotations" })),
        asked("schedule", &json!({ "expand": true })),
        asked("schedule", &json!({ "status": "open" })),
    ]
}

#[test]
fn what_is_wrong_with_a_mapping_is_wrong_to_validate_and_to_the_schema() {
    let validator = validator("mapping");
    let mut differ = Vec::new();
    let right = right().into_iter().map(|case| (case, true));
    for ((place, value), expected) in right.chain(wrong().into_iter().map(|case| (case, false))) {
        let mapping = mapping_with(&place, &value);
        let (sound, valid) = (is_sound(&mapping), validator.is_valid(&mapping));
        if (sound, valid) != (expected, expected) {
            differ.push(format!("{place} {value}: sound {sound}, valid {valid}"));
        }
    }
    assert!(differ.is_empty(), "{}", differ.join("\n"));
}

#[test]
fn a_report_in_which_nothing_is_empty_is_valid() {
    let validator = validator("report");
    let mut report = crate::docs::full_report();
    report.causes = crate::docs::every_cause();
    let mut report = serde_json::to_value(report).expect("a report is JSON");
    is_valid(&validator, &report, "a full report");
    report["kinds"][0]["listed"] = (-1).into();
    assert!(!validator.is_valid(&report), "a negative count is valid");
    report["kinds"][0]["listed"] = 1.into();
    report["something"] = 1.into();
    assert!(!validator.is_valid(&report), "a field that nobody knows is valid");
}

#[tokio::test]
async fn what_ends_before_there_is_a_report_is_valid_too() {
    let validator = validator("report");
    let mut stage = Stage::with_alerts(1).await;
    for arguments in [["validate", "--mapping", "none.yaml"].as_slice(), &["sync", "--only", "alert"]] {
        stage.set("OCEAN__CLIENT_TIMEOUT", "many");
        let run = stage.run(&[&["--output", "json"], arguments].concat()).await;
        assert_eq!(run.code, 2, "{}", run.stderr);
        is_valid(&validator, &run.report, &run.stdout);
        assert!(run.report["faults"].as_array().is_some_and(|faults| !faults.is_empty()), "{}", run.stdout);
    }
}

/// What a text of YAML holds.
fn yaml(text: &str) -> Value {
    serde_yaml::from_str(text).expect("it is YAML")
}
