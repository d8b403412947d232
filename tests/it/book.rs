//! The pages as a book, and what stands beside them: the summary has every page, metrics are those that a running service
//! shows, messages are those of the program.

use std::collections::BTreeSet;
use std::fs;
use std::io::{Read as _, Write as _};
use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::support::pages::{fences, pages, read, root};
use crate::support::{Stage, alert_id, free_port, until};

#[test]
fn the_summary_has_every_page() {
    let summary = read("docs/SUMMARY.md");
    let linked: BTreeSet<&str> =
        summary.split("](").skip(1).filter_map(|rest| rest.split(')').next()).collect();
    let all = pages();
    let pages = all.iter().filter_map(|page| page.strip_prefix("docs/")).filter(|name| *name != "SUMMARY.md");
    assert_eq!(linked, pages.collect());
}

/// mdBook takes every `.md` for a page of its own, and calls it `.html`.
#[test]
fn no_page_of_the_book_links_to_a_page_outside() {
    for page in pages().into_iter().filter(|page| page.starts_with("docs/")) {
        for link in read(&page).split("](").skip(1).filter_map(|rest| rest.split([')', '#']).next()) {
            let is_page = Path::new(link).extension().is_some_and(|it| it == "md");
            assert!(!(is_page && link.starts_with("../")), "{page}: {link}");
        }
    }
}

#[test]
fn the_way_of_the_data_is_drawn_alike() {
    let drawing = &fences("docs/architecture.md")[0].text;
    let lib: String =
        read("src/lib.rs").lines().map(|line| line.trim_start_matches("//! ").to_owned() + "\n").collect();
    assert!(lib.contains(drawing.as_str()), "src/lib.rs draws it otherwise");
}

/// The program that makes a book, where it is on the path or named by `MDBOOK`.
fn mdbook() -> Option<String> {
    let mdbook = std::env::var("MDBOOK").unwrap_or_else(|_| "mdbook".to_owned());
    let answers = Command::new(&mdbook).arg("--version").output().is_ok_and(|output| output.status.success());
    answers.then_some(mdbook)
}

#[test]
fn the_book_builds_and_its_links_lead_somewhere() {
    let Some(mdbook) = mdbook() else {
        eprintln!("no mdbook: the book was not built");
        return;
    };
    let folder = tempfile::TempDir::new().expect("a temporary directory");
    let mut command = Command::new(mdbook);
    command.arg("build").arg("--dest-dir").arg(folder.path()).arg(root());
    let output = command.output().expect("it can be started");
    let told =
        String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && !told.contains("WARN") && !told.contains("ERROR"), "{told}");
    let html = |name: &str| fs::read_to_string(folder.path().join(name)).unwrap_or_default();
    let mut seen = 0;
    for page in pages().iter().filter_map(|page| page.strip_prefix("docs/")?.strip_suffix(".md")) {
        let whole = html(&format!("{page}.html"));
        let Some((_, main)) = whole.split_once("<main>") else { continue };
        let main = main.split("</main>").next().expect("split gives at least one part");
        for link in main.split("href=\"").skip(1).filter_map(|rest| rest.split('"').next()) {
            let (file, place) = link.split_once('#').unwrap_or((link, ""));
            let leads = if link.contains("://") {
                true
            } else if let Some(outside) = file.strip_prefix("../") {
                root().join(outside).exists()
            } else {
                let target = if file.is_empty() { whole.clone() } else { html(file) };
                !target.is_empty() && (place.is_empty() || target.contains(&format!("id=\"{place}\"")))
            };
            assert!(leads, "{page}.html: {link}");
            seen += 1;
        }
    }
    assert!(seen > 200, "only {seen} links were found");
}

/// What a service answers to a call, `GET /metrics` say, with this body.
fn answer(port: &str, call: &str, body: &str) -> Option<String> {
    let mut stream = std::net::TcpStream::connect(format!("127.0.0.1:{port}")).ok()?;
    let length = body.len();
    let head = format!("{call} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\ncontent-length: {length}");
    write!(stream, "{head}\r\n\r\n{body}").ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).ok()?;
    Some(answer)
}

/// The names in a text that begin as our metrics do.
fn metrics(text: &str) -> BTreeSet<String> {
    let is_part = |letter: char| letter.is_ascii_lowercase() || letter == '_';
    let found = text.match_indices("ocean_opsgenie_");
    found.map(|(at, _)| text[at..].chars().take_while(|letter| is_part(*letter)).collect()).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_metrics_on_page_dashboard_and_rules_are_those_of_a_service() {
    let mut stage = Stage::with_alerts(2).await;
    stage.unset("OCEAN__EVENT_LISTENER");
    let port = free_port();
    stage.set("APPLICATION__PORT", &port);
    stage.set("OCEAN__WEBHOOK__SECRET", "of-the-webhook");
    let running = stage.begin(&[]);
    until("a pass is over", || stage.states().len() == 2).await;
    let event = format!(r#"{{"action":"Acknowledge","alert":{{"alertId":"{}"}}}}"#, alert_id(0));
    let taken = answer(&port, "POST /integration/webhook/of-the-webhook", &event).unwrap_or_default();
    assert!(taken.starts_with("HTTP/1.1 202"), "{taken}");
    let mut shown = String::new();
    until("pass and event are counted", || {
        shown = answer(&port, "GET /metrics", "").unwrap_or_default();
        ["passes_total{", "events_total{"]
            .iter()
            .all(|name| shown.contains(&format!("ocean_opsgenie_{name}")))
    })
    .await;
    running.signal("TERM");
    stage.end(running).await;

    let types = shown.lines().filter_map(|line| line.strip_prefix("# TYPE ")?.split_once(' '));
    let mut families = BTreeSet::new();
    let mut samples = BTreeSet::new();
    for (name, kind) in types.filter(|(name, _)| name.starts_with("ocean_opsgenie_")) {
        let family = if kind == "counter" { format!("{name}_total") } else { name.to_owned() };
        let parts = if kind == "histogram" { &["_bucket", "_sum", "_count"][..] } else { &[] };
        samples.extend(parts.iter().map(|part| format!("{name}{part}")));
        samples.insert(family.clone());
        families.insert(family);
    }
    assert!(families.len() > 10, "{shown}");
    let page = read("docs/metrics.md");
    let rows: String = page.lines().filter(|line| line.starts_with("| `")).collect::<Vec<_>>().join("\n");
    assert_eq!(metrics(&rows), families);
    for file in ["deploy/grafana/dashboard.json", "deploy/prometheus/rules.yaml"] {
        let used = metrics(&read(file));
        let unknown: Vec<_> = used.difference(&samples).collect();
        assert!(used.len() > 5 && unknown.is_empty(), "{file}: {unknown:?}");
    }
}

#[test]
fn dashboard_and_rules_are_what_they_are_called() {
    let dashboard: Value =
        serde_json::from_str(&read("deploy/grafana/dashboard.json")).expect("the dashboard is JSON");
    let panels = dashboard["panels"].as_array().expect("panels");
    let ids: BTreeSet<u64> = panels.iter().filter_map(|panel| panel["id"].as_u64()).collect();
    assert_eq!(ids.len(), panels.len(), "each panel has an id of its own");
    let rules: Value =
        serde_yaml::from_str(&read("deploy/prometheus/rules.yaml")).expect("the rules are YAML");
    for rule in rules["groups"][0]["rules"].as_array().expect("rules") {
        for place in ["/alert", "/expr", "/labels/severity", "/annotations/summary"] {
            assert!(rule.pointer(place).is_some_and(Value::is_string), "{rule}: {place}");
        }
    }
}

/// All that the program is made of.
fn source(folder: &Path) -> String {
    let mut text = String::new();
    for entry in fs::read_dir(folder).expect("a folder can be read") {
        let path = entry.expect("an entry can be read").path();
        if path.is_dir() {
            text += &source(&path);
        } else if path.file_stem().is_some_and(|name| name != "tests") {
            text += &fs::read_to_string(&path).expect("a file can be read");
        }
    }
    text
}

#[test]
fn messages_on_the_page_are_messages_of_the_program() {
    let (page, source) = (read("docs/troubleshooting.md"), source(&root().join("src")));
    let messages: Vec<&str> =
        page.lines().filter_map(|line| line.strip_prefix("| `")?.split('`').next()).collect();
    assert!(messages.len() > 10, "{messages:?}");
    let unknown: Vec<_> = messages.into_iter().filter(|message| !source.contains(message)).collect();
    assert!(unknown.is_empty(), "no message of the program says {unknown:?}");
}
