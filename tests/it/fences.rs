//! No block of a page is left to itself: what is to be copied is run or read by the program, what is shown as an answer is
//! compared with one. A block of an unknown sort fails here.
//!
//! Blocks of `sh` are run in `commands.rs`.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use ocean_opsgenie::sandbox::On;
use serde_json::Value;
use tempfile::TempDir;

use crate::support::pages::{Fence, fences, pages, read};
use crate::support::{Run, Stage, piped, plain_blueprint};

/// Answers that are shown, by their page and how they begin; each is compared in a test of its own.
const ANSWERS: [(&str, &str); 10] = [
    ("README.md", "kind      listed  mapped"),     // examples.rs
    ("docs/architecture.md", "settings ─▶"),       // book.rs
    ("docs/cookbook.md", "service 5d90aa10"),      // cookbook.rs
    ("docs/doctor.md", "ok       settings"),       // doctor.rs
    ("docs/mapping.md", "alert a1 · resource 1"),  // here
    ("docs/mapping.md", r#"{"expression""#),       // here
    ("docs/mapping.md", "error: nope/1"),          // docs.rs
    ("docs/mapping.md", "error: nope/1"),          // docs.rs
    ("docs/settings.md", "error: `OCEAN__PORT__"), // docs.rs
    ("docs/report.md", "{\"kind\":\"alert\""),     // here
];

/// Blocks that other tests take: the page, the language, and the test that fails when one of them is wrong.
const ELSEWHERE: [(&str, &str, &str); 3] = [
    ("docs/cookbook.md", "yaml", "cookbook.rs: every_recipe_gives_what_the_page_shows"),
    ("docs/cookbook.md", "json", "cookbook.rs: every_recipe_gives_what_the_page_shows"),
    ("docs/settings.md", "yaml", "docs.rs: config_yaml_reads_as_shown"),
];

pub(crate) fn all() -> Vec<(String, Fence)> {
    let of_page = |page: String| fences(&page).into_iter().map(move |fence| (page.clone(), fence));
    pages().into_iter().flat_map(of_page).collect()
}

#[test]
fn every_block_is_of_a_sort_that_is_tried() {
    let mut left: Vec<(&str, &str)> = ANSWERS.to_vec();
    let mut unknown = String::new();
    for (page, fence) in all() {
        let is_elsewhere =
            ELSEWHERE.iter().any(|(of, language, _)| *of == page && *language == fence.language);
        let is_tried = match fence.language.as_str() {
            "sh" => true,
            "yaml" => is_elsewhere || mapping(&fence).is_some() || is_cases(&page, &fence),
            _ if is_elsewhere => true,
            _ => {
                let answer = left.iter().position(|(of, start)| *of == page && fence.text.starts_with(start));
                answer.map(|at| left.remove(at)).is_some()
            }
        };
        if !is_tried {
            let _infallible = writeln!(unknown, "{} ({}): {}", fence.place, fence.language, fence.text);
        }
    }
    assert!(unknown.is_empty(), "blocks that no test takes:\n{unknown}");
    assert!(left.is_empty(), "answers that no page shows any more: {left:?}");
}

/// Cases are tried, against the first mapping of their page, by `cases_on_pages_hold` in docs.rs: the first block of them.
fn is_cases(page: &str, fence: &Fence) -> bool {
    let first = fences(page).into_iter().find(|fence| fence.text.starts_with("cases:"));
    page == "docs/mapping.md" && first.is_some_and(|first| first.place == fence.place)
}

/// A mapping; where only a selector is shown, or a part of one, made whole.
pub(crate) fn mapping(fence: &Fence) -> Option<String> {
    const ENTITY: &str = "    port:\n      entity:\n        mappings:\n          identifier: .id\n          blueprint: '\"a\"'\n";
    let text = &fence.text;
    if text.starts_with("resources:\n") {
        let rest = if text.contains("mappings:") { "" } else { ENTITY };
        return Some(format!("{text}{rest}"));
    }
    let start = "resources:\n  - kind: alert\n    selector:\n      query: \"true\"\n";
    text.starts_with("      apiQueryParams:\n").then(|| format!("{start}{text}{ENTITY}"))
}

/// A folder with these files, to run the program in.
fn folder(files: &[(&str, &str)]) -> TempDir {
    let folder = TempDir::new().expect("a temporary directory");
    for (name, text) in files {
        std::fs::write(folder.path().join(name), text).expect("a file can be written");
    }
    folder
}

#[test]
fn mappings_on_pages_are_sound() {
    let mut seen = 0;
    for (_, fence) in all().into_iter().filter(|(_, fence)| fence.language == "yaml") {
        let Some(mapping) = mapping(&fence) else { continue };
        seen += 1;
        let folder = folder(&[("mapping.yaml", &mapping)]);
        let run = piped(folder.path(), &["validate", "--mapping", "mapping.yaml"], b"");
        assert_eq!(run.code, 0, "{}:\n{}{}", fence.place, run.stdout, run.stderr);
    }
    assert!(seen >= 15, "only {seen} mappings were found");
}

/// The block of a page that begins so.
fn block(page: &str, start: &str) -> Fence {
    let found = fences(page).into_iter().find(|fence| fence.text.starts_with(start));
    found.unwrap_or_else(|| panic!("{page} has no block that begins with {start}"))
}

fn done(run: Run) -> String {
    assert_eq!(run.code, 0, "{}", run.stderr);
    run.stdout
}

#[test]
fn an_explanation_looks_as_shown() {
    let mapping = "resources:\n  - kind: alert\n    selector:\n      query: 'true'\n    port:\n      entity:\n        \
                   mappings:\n          identifier: .id\n          blueprint: '\"a\"'\n          properties:\n            \
                   source: .integration.name\n";
    let alert = r#"{"id": "a1", "integration": {"id": "i", "type": "API"}}"#;
    let folder = folder(&[("own.yaml", mapping), ("alert.json", alert)]);
    // The command that the page shows.
    let line = "map explain --kind alert --input alert.json --mapping own.yaml --field source";
    assert!(read("docs/mapping.md").contains(line));
    let arguments: Vec<&str> = line.split(' ').collect();
    assert_eq!(done(piped(folder.path(), &arguments, b"")), block("docs/mapping.md", "alert a1").text);
}

#[test]
fn batches_are_answered_as_shown() {
    let shown = block("docs/mapping.md", "{\"expression\"").text;
    let (mut questions, mut answers) = (String::new(), String::new());
    for line in shown.lines() {
        let (question, answer) = line.split_once("  ").expect("two columns");
        let _infallible = writeln!(questions, "{question}");
        let _infallible = writeln!(answers, "{}", answer.trim());
    }
    let folder = folder(&[]);
    assert_eq!(done(piped(folder.path(), &["map", "eval", "--batch"], questions.as_bytes())), answers);
}

#[test]
fn the_part_of_a_report_has_the_fields_of_its_table() {
    let page = read("docs/report.md");
    let rows = page.lines().filter_map(|line| line.strip_prefix("| ")?.split(" | ").next());
    let cells = rows.flat_map(|cell| cell.split('`').skip(1).step_by(2));
    let described: BTreeSet<&str> = cells.filter_map(|name| name.strip_prefix("kinds[].")).collect();
    let shown: Value = serde_json::from_str(&block("docs/report.md", "{\"kind\"").text).expect("it is JSON");
    let shown = shown.as_object().expect("an object").keys().map(String::as_str);
    let unknown: Vec<&str> = shown.filter(|name| !described.contains(name)).collect();
    assert!(unknown.is_empty(), "{unknown:?} are not in the table, which has {described:?}");
}

#[tokio::test]
async fn a_filter_asks_as_shown() {
    let fence = fences("docs/mapping.md").into_iter().find(|fence| fence.text.contains("createdAt: -30d"));
    let mapping = mapping(&fence.expect("the page shows one")).expect("it is a mapping");
    let mut stage = Stage::with_alerts(1).await;
    stage.mapping(&serde_yaml::from_str(&mapping).expect("YAML"), &[plain_blueprint("a")]);
    stage.unset("OCEAN__INITIALIZE_PORT_RESOURCES");
    assert_eq!(stage.run(&["plan"]).await.code, 0);
    let asked = stage.sandbox.opsgenie().requests_on(&On::get("/v2/alerts"));
    let asked = asked[0].param("query").expect("a filter is a query");
    // The instant is that of the pass.
    let (_, rest) = asked.split_once(" AND ").expect("it has several parts");
    let page = read("docs/mapping.md");
    let shown = page.split("asks for `createdAt >= ").nth(1).and_then(|rest| rest.split('`').next());
    let (instant, shown) = shown.and_then(|shown| shown.split_once(" AND ")).expect("the page says it");
    assert!(instant.parse::<u64>().is_ok_and(|ms| ms % 1000 == 0), "{instant}");
    assert_eq!(rest, shown, "{asked}");
}
