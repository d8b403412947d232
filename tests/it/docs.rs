//! What is written about the program holds: links lead somewhere, nothing that can be set or read is left out, and what
//! is shown as an example is one.

use std::collections::BTreeSet;
use std::fs;
use std::time::Duration;

use ocean_opsgenie::config::{
    Diagnostic, MappingFile, Override, Settings, Sources, TextFile, names as settings_names,
};
use ocean_opsgenie::jq::Environment;
use ocean_opsgenie::map::{Rules, sound};
use ocean_opsgenie::model::{Gap, Kind};
use ocean_opsgenie::report::{
    BlueprintPlan, Cause, ChangeReport, DeletionReport, Explanation, ExpressionReport, KindReport,
    LookupReport, Mode, NullReport, PeerDifference, PeerReport, PlanReport, Refusal, Report, Signal,
    StepName, StepReport, Undo,
};
use serde_json::Value;

use crate::support::pages::{fences, pages, read, root};

const CREDENTIALS: [(&str, &str); 3] = [
    ("OCEAN__PORT__CLIENT_ID", "id"),
    ("OCEAN__PORT__CLIENT_SECRET", "secret"),
    ("OCEAN__INTEGRATION__CONFIG__API_TOKEN", "token"),
];

/// The text of a page without what stands in fences.
fn prose(text: &str) -> String {
    text.split("```").step_by(2).collect()
}

/// What stands in the fences of a language.
fn fenced(page: &str, language: &str) -> Vec<String> {
    let of_language = fences(page).into_iter().filter(|fence| fence.language == language);
    of_language.map(|fence| fence.text).collect()
}

/// The anchor that a heading gets: lower case, without punctuation, spaces as hyphens.
fn anchor(heading: &str) -> String {
    let kept = heading.trim().to_lowercase();
    let kept = kept.chars().filter(|letter| letter.is_alphanumeric() || "-_ ".contains(*letter));
    kept.map(|letter| if letter == ' ' { '-' } else { letter }).collect()
}

fn anchors(text: &str) -> BTreeSet<String> {
    let prose = prose(text);
    prose
        .lines()
        .filter(|line| line.starts_with('#'))
        .map(|line| anchor(line.trim_start_matches('#')))
        .collect()
}

#[test]
fn relative_links_lead_somewhere() {
    let mut broken = Vec::new();
    for page in pages() {
        let text = read(&page);
        let prose = prose(&text);
        for (at, _) in prose.match_indices("](") {
            let target = prose[at + 2..].split([')', ' ']).next().expect("split gives at least one part");
            if target.contains("://") {
                continue;
            }
            let (file, place) = target.split_once('#').unwrap_or((target, ""));
            let here = root().join(&page);
            let leads_to = if file.is_empty() { here } else { here.with_file_name(file) };
            let is_there = leads_to.exists();
            let has_place = || anchors(&read(&leads_to)).contains(place);
            if !is_there || (!place.is_empty() && !has_place()) {
                broken.push(format!("{page}: {target}"));
            }
        }
    }
    assert!(broken.is_empty(), "links that lead nowhere:\n{}", broken.join("\n"));
}

/// The variable of a path, written down here once more so that a slip in the program shows.
fn variable(path: &str) -> String {
    let upper = path.replace('.', "__").to_uppercase();
    if upper.starts_with("APPLICATION__") { upper } else { format!("OCEAN__{upper}") }
}

/// Whether a word stands in a text as a whole.
fn names(text: &str, word: &str) -> bool {
    let is_part = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
    text.match_indices(word)
        .any(|(at, _)| !text[..at].ends_with(is_part) && !text[at + word.len()..].starts_with(is_part))
}

#[test]
fn every_name_without_meaning_is_described() {
    let names_rs = read("src/config/names.rs");
    let page = read("docs/settings.md");
    let list = |name: &str| -> Vec<String> {
        let (_, rest) = names_rs.split_once(name).expect("the list is there");
        let (_, rest) = rest.split_once('=').expect("the list is there");
        let (inside, _) = rest.split_once("];").expect("the list ends");
        inside.split('"').skip(1).step_by(2).map(variable).collect()
    };
    let without_meaning = list("const WITHOUT_MEANING");
    let groups = list("const GROUPS_WITHOUT_MEANING").into_iter().map(|group| format!("{group}__"));
    assert!(without_meaning.len() > 20, "the list was not found: {without_meaning:?}");
    let missing: Vec<_> = without_meaning.into_iter().filter(|name| !names(&page, name)).collect();
    assert!(missing.is_empty(), "docs/settings.md does not name {missing:?}");
    let missing: Vec<_> = groups.filter(|group| !page.contains(group.as_str())).collect();
    assert!(missing.is_empty(), "docs/settings.md does not name {missing:?}");
}

#[test]
fn every_name_on_a_page_is_known_to_the_program() {
    let mut unknown = BTreeSet::new();
    for page in pages() {
        let text = read(&page);
        for start in ["OCEAN__", "APPLICATION__"] {
            for (at, _) in text.match_indices(start) {
                let is_part =
                    |letter: char| letter.is_ascii_uppercase() || letter.is_ascii_digit() || letter == '_';
                let name: String = text[at..].chars().take_while(|letter| is_part(*letter)).collect();
                if name.ends_with('_') {
                    continue;
                }
                let variables = CREDENTIALS.into_iter().chain([(name.as_str(), "{}")]);
                let Ok((_, notices)) = Settings::resolve(&Sources::from_variables(variables)) else {
                    continue;
                };
                if notices.iter().any(|notice| notice.text.contains("is unknown and ignored")) {
                    unknown.insert(format!("{name} in {page}"));
                }
            }
        }
    }
    assert!(unknown.is_empty(), "the program does not know {unknown:#?}");
}

#[test]
fn faults_of_settings_look_as_shown() {
    let variables = [CREDENTIALS[0], CREDENTIALS[2], ("OCEAN__SCHEDULED_RESYNC_INTERVAL", "1h")];
    let faults = Settings::resolve(&Sources::from_variables(variables)).expect_err("these are at fault");
    let shown = faults.to_string();
    let blocks = fenced("docs/settings.md", "text");
    assert!(
        blocks.iter().any(|block| block.trim_end() == shown),
        "docs/settings.md shows something else than\n{shown}"
    );
}

#[test]
fn config_yaml_reads_as_shown() {
    let blocks = fenced("docs/settings.md", "yaml");
    assert!(!blocks.is_empty(), "docs/settings.md shows no config.yaml");
    let variables =
        [("PORT_CLIENT_ID", "id"), ("PORT_CLIENT_SECRET", "secret"), ("OPSGENIE_API_KEY", "token")];
    for block in blocks {
        let config_yaml = Some(TextFile { name: "config.yaml".to_owned(), text: block });
        let sources = Sources { config_yaml, ..Sources::from_variables(variables) };
        let (settings, notices) = Settings::resolve(&sources).expect("the example is right");
        assert!(notices.is_empty(), "{notices:?}");
        assert_eq!(settings.source.api_url, "https://api.eu.opsgenie.com");
        assert_eq!(settings.resync_interval, Some(Duration::from_secs(3600)));
    }
}

#[test]
fn cases_on_pages_hold() {
    let blocks = fenced("docs/mapping.md", "yaml");
    let block = |start| blocks.iter().find(|block| block.starts_with(start)).expect("the page shows one");
    let directory = tempfile::TempDir::new().expect("a temporary directory");
    for (name, start) in [("mapping.yaml", "resources:"), ("cases.yaml", "cases:")] {
        fs::write(directory.path().join(name), block(start)).expect("a file can be written");
    }
    let run = crate::support::piped(
        directory.path(),
        &["map", "test", "cases.yaml", "--mapping", "mapping.yaml"],
        b"",
    );
    assert_eq!(run.code, 0, "{}{}", run.stdout, run.stderr);
}

#[test]
fn faults_of_a_mapping_look_as_shown() {
    let text = r#"resources:
  - kind: alert
    selector:
      query: "true"
    port:
      entity:
        mappings:
          identifier: .id
          title: .message
          blueprint: '"opsGenieAlert"'
          properties:
            status: .status
            deep: '.a | nope(1)'
"#;
    let held: Value = {
        let fields = serde_json::json!({ "status": ".status", "deep": ".a | nope(1)" });
        let mappings = serde_json::json!({
            "identifier": ".id", "blueprint": "\"opsGenieAlert\"", "properties": fields,
        });
        let resource = serde_json::json!({
            "kind": "alert", "selector": { "query": "true" }, "port": { "entity": { "mappings": mappings } },
        });
        serde_json::json!({ "resources": [resource] })
    };
    let blocks = fenced("docs/mapping.md", "text");
    for reading in [MappingFile::from_text("mapping.yaml", text), MappingFile::from_catalog(&held)] {
        let (mapping, _) = reading.unwrap_or_else(|faults| panic!("{faults}"));
        let faults = Rules::compile(&mapping, Environment::default()).expect_err("it is at fault");
        let shown: Vec<String> = faults.iter().map(ToString::to_string).collect();
        let shown = shown.join("\n\n");
        assert!(
            blocks.iter().any(|block| block.trim_end() == shown),
            "docs/mapping.md shows something else than\n{shown}"
        );
    }
}

/// Faults of a file, of a mapping that the catalog holds, and of settings.
fn every_form_of_fault() -> Vec<Diagnostic> {
    let reading = |text: &str| MappingFile::from_text("mapping.yaml", text).expect_err("it is at fault");
    let in_file = reading("resources:\n  - kind: alrt\n").diagnostics();
    let held = serde_json::json!({ "resources": [{
        "kind": "alert",
        "selector": { "query": "nope" },
        "port": { "entity": { "mappings": { "identifier": ".id", "blueprint": "'a'" } } },
    }] });
    let in_catalog =
        sound(MappingFile::from_catalog(&held), Environment::default()).expect_err("it is at fault");
    let config_yaml = Some(TextFile { name: "config.yaml".into(), text: "clientTimeout: many\n".into() });
    let flag = Override { setting: settings_names::LOG_LEVEL, flag: "--log-level", value: "loud".into() };
    let variables = [("OCEAN__RETRY_BUDGET", "many")];
    let sources = Sources { config_yaml, overrides: vec![flag], ..Sources::from_variables(variables) };
    let in_settings = Settings::resolve(&sources).expect_err("they are at fault").diagnostics();
    [in_file, in_catalog, in_settings].concat()
}

/// A report in which nothing is empty.
pub(crate) fn full_report() -> Report {
    let mut report = Report::new("0", "i", "r", Mode::Apply);
    report.causes.push(Cause::Refused("1 entity".into()));
    report.faults = every_form_of_fault();
    let mut kind = KindReport::new(Kind::Alert);
    kind.verdict.add(Gap::Limited);
    report.kinds.push(kind);
    let mut plan = BlueprintPlan::new("b");
    plan.steps.push(StepReport {
        step: StepName::Update,
        identifier: "e".into(),
        kind: Some("alert"),
        title: Some("t".into()),
        changes: vec![ChangeReport { field: "title".into(), old: Value::Null, new: "t".into() }],
        reason: Some("why".into()),
    });
    let lookup =
        LookupReport { lookup: "__team", kind: "service", read_by: vec!["resource 1 · title".into()] };
    report.plan = Some(PlanReport {
        set_up: vec!["create blueprint `b`".into()],
        blueprints: vec![plan],
        lookups: vec![lookup],
        peer: Some(PeerReport {
            entities: 1,
            differences: vec![PeerDifference {
                what: "alert: icon".into(),
                explanation: Some(Explanation::Icon),
                count: 1,
                examples: vec!["b/e".into()],
            }],
        }),
        ..PlanReport::default()
    });
    report.deletions.push(DeletionReport {
        blueprint: "b".into(),
        deleted: 0,
        kept: 1,
        reason: Some("why".into()),
    });
    report.undo = Some(Undo::Run);
    report.refusals.push(Refusal { message: "m".into(), count: 1, examples: vec!["b/e".into()] });
    report.expressions.push(ExpressionReport {
        resource: 1,
        kind: "alert".into(),
        field: "title".into(),
        expression: ".a".into(),
        count: 1,
        examples: vec!["a".into()],
        message: "m".into(),
    });
    report.nulls.push(NullReport {
        resource: 1,
        kind: "alert".into(),
        field: "title".into(),
        expression: ".a".into(),
        count: 1,
        of: 2,
        examples: vec!["a".into()],
    });
    report.warnings.push("w".into());
    report
}

/// Every path to a value: `kinds[].listed`.
fn paths(value: &Value, at: &str, into: &mut BTreeSet<String>) {
    match value {
        Value::Object(fields) => {
            for (name, value) in fields {
                let path = if at.is_empty() { name.clone() } else { format!("{at}.{name}") };
                paths(value, &path, into);
            }
        }
        Value::Array(items) if items.iter().any(Value::is_object) => {
            for item in items {
                paths(item, &format!("{at}[]"), into);
            }
        }
        _ => {
            into.insert(at.to_owned());
        }
    }
}

/// The names in the first column of the tables of a page.
fn first_column(page: &str) -> BTreeSet<String> {
    let cells = page.lines().filter_map(|line| line.strip_prefix('|')?.split('|').next());
    let names = cells.flat_map(|cell| cell.split('`').skip(1).step_by(2));
    names.map(str::to_owned).collect()
}

#[test]
fn the_page_about_the_report_names_its_fields_and_no_others() {
    let report = full_report().json().expect("a report is JSON");
    let mut written = BTreeSet::new();
    paths(&serde_json::from_str(&report).expect("a report is JSON"), "", &mut written);
    let described = first_column(&read("docs/report.md"));
    let missing: Vec<_> = written.difference(&described).collect();
    let invented: Vec<_> = described.difference(&written).collect();
    assert!(missing.is_empty() && invented.is_empty(), "not described: {missing:?}; not there: {invented:?}");
}

/// A cause of every sort.
pub(crate) fn every_cause() -> Vec<Cause> {
    let detail = String::new;
    vec![
        Cause::Stopped(Signal::Interrupt),
        Cause::Stopped(Signal::Terminate),
        Cause::Configuration(detail()),
        Cause::Permission(detail()),
        Cause::Unexpected(detail()),
        Cause::Unavailable(detail()),
        Cause::Incomplete(detail()),
        Cause::Guarded(detail()),
        Cause::Refused(detail()),
    ]
}

#[test]
fn every_cause_has_its_exit_code_on_the_page() {
    let (page, readme) = (read("docs/exit-codes.md"), read("README.md"));
    for cause in every_cause() {
        let json = serde_json::to_value(&cause).expect("a cause is JSON");
        let name = json["cause"].as_str().expect("it has a name");
        let code = cause.exit().code().to_string();
        let mut rows = page.lines().filter(|line| line.starts_with('|') && names(line, &format!("`{name}`")));
        assert!(rows.any(|row| names(row, &code)), "docs/exit-codes.md: `{name}` is {code}");
        let rows = readme.lines().filter_map(|line| line.strip_prefix("| "));
        assert!(
            rows.filter_map(|row| row.split('|').next()).any(|cell| names(cell, &code)),
            "README.md: {code}"
        );
    }
}

/// The rows of the table below a heading of the crate's documentation, as cells of names in backticks.
fn rows_below(heading: &str) -> Vec<Vec<Vec<String>>> {
    let lib = read("src/lib.rs");
    let (_, rest) = lib.split_once(&format!("//! # {heading}\n")).expect("the heading is there");
    let section = rest.split("//! # ").next().expect("split gives at least one part");
    let rows = section.lines().filter_map(|line| line.strip_prefix("//! | ")).skip(1);
    let names = |cell: &str| cell.split('`').skip(1).step_by(2).map(str::to_owned).collect();
    rows.map(|row| row.trim_end_matches('|').split(" | ").map(names).collect()).collect()
}

/// As <https://docs.github.com/communities/using-templates-to-encourage-useful-issues-and-pull-requests/syntax-for-githubs-form-schema>
/// has it, as far as our forms go.
#[test]
fn forms_for_issues_are_forms() {
    for name in ["fault", "wish"] {
        let text = read(format!(".github/ISSUE_TEMPLATE/{name}.yml"));
        let form: Value = serde_yaml::from_str(&text).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert!(form["name"].is_string() && form["description"].is_string(), "{name}");
        let mut ids = BTreeSet::new();
        for part in form["body"].as_array().expect("a form has a body") {
            let shown = match part["type"].as_str() {
                Some("markdown") => "value",
                Some("input" | "textarea") => {
                    assert!(ids.insert(part["id"].as_str()), "{name}: an id for each, and only once: {part}");
                    "label"
                }
                _ => panic!("{name}: {part}"),
            };
            assert!(part["attributes"][shown].is_string(), "{name}: {part}");
        }
    }
}

#[test]
fn every_explanation_is_a_row_of_the_differences() {
    let page = read("docs/differences.md");
    let rows: BTreeSet<&str> =
        page.lines().filter_map(|line| line.strip_prefix("| ")?.split(" | ").next()).collect();
    for explanation in Explanation::ALL {
        let is_row = rows.contains(explanation.row());
        assert_eq!(is_row, explanation != Explanation::Changed, "{}", explanation.row());
    }
    assert!(read("docs/plan.md").contains(Explanation::Changed.row()));
}

#[test]
fn the_map_of_the_house_has_every_module() {
    let mapped: BTreeSet<String> = rows_below("The map").into_iter().flat_map(|row| row[0].clone()).collect();
    let lib = read("src/lib.rs");
    let modules = lib.lines().filter_map(|line| line.strip_prefix("pub mod ")?.strip_suffix(';'));
    assert_eq!(mapped, modules.map(str::to_owned).collect());
}

#[test]
fn the_table_of_imports_is_the_one_that_is_kept() {
    let mut written = std::collections::BTreeMap::new();
    for row in rows_below("Who may import whom") {
        for module in &row[0] {
            written.insert(module.clone(), row[1].iter().cloned().collect::<BTreeSet<_>>());
        }
    }
    // What imports every stage needs no list.
    for (module, kept) in crate::tidy::ARROWS.iter().filter(|(module, _)| !["sync", "serve"].contains(module))
    {
        let kept: BTreeSet<String> = kept.iter().map(|name| (*name).to_owned()).collect();
        assert_eq!(written.get(*module), Some(&kept), "{module}");
    }
}
