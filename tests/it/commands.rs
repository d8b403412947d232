//! Commands on pages are run: each block of `sh` in a shell, a page after the other in a folder of its own, with the sandbox
//! on both sides. Our program is itself; every other tool is a stand-in that knows what the pages ask of it, and refuses the
//! rest.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};

use ocean_opsgenie::sandbox::Sandbox;
use serde_json::Value;
use tempfile::TempDir;

use crate::support::pages::{Fence, fences, pages, read};
use crate::support::{Stage, piped};

/// What the tools of the pages are called.
const TOOLS: [&str; 8] = [
    "tools/ocean-opsgenie",
    "tools/cargo",
    "tools/docker",
    "tools/helm",
    "tools/curl",
    "tools/jq",
    "tools/pip",
    ".ci/run",
];

/// Stands in for all of them, by the name it is called by, and notes how each call ended. What the page leaves open (`…`,
/// or nothing) is as in the sandbox; what would never end only shows its help.
const STAND_IN: &str = r#"#!/bin/bash
set -u
tool=${0##*/}
call="$tool $*"
done_with() { printf '%s\t%s\n' "$1" "$call" >> "$STAND_IN_CALLS"; exit "$1"; }
unknown() { echo "$call: no page may ask for this" >&2; done_with 125; }
exists() { [ -e "$STAND_IN_ROOT/$1" ] || { echo "$call: no $1" >&2; done_with 125; }; }
program() {
    for name in "${!SANDBOX__@}"; do
        own=${name#SANDBOX__}
        case ${!own-} in '' | …) export "$own=${!name}" ;; esac
    done
    case " $* " in *' --keep '*) set -- "$@" --help ;; esac
    "$STAND_IN_PROGRAM" "$@"
    done_with $?
}
case "$tool $*" in
    ocean-opsgenie*) program "$@" ;;
    'cargo run --release') program ;;
    'cargo run --release -- '*) shift 3; program "$@" ;;
    'cargo run --example '*) [ -e "$STAND_IN_ROOT/examples/$3.rs" ] || exists "fuzz/$3.rs" ;;
    'cargo bench --bench '*) exists "benches/$3.rs" ;;
    'cargo fuzz run --fuzz-dir . -s none '*) exists "fuzz/fuzz_targets/$7.rs" ;;
    'run ') exists .ci/run ;;
    'cargo test' | 'pip install jq=='*) ;;
    'docker build -f '*) exists "$3" ;;
    'docker compose -f '*) exists "$3" ;;
    'helm upgrade --install '*) [ "$4" = port-labs/port-ocean ] || exists "$4/Chart.yaml" ;;
    'helm test '*) ;;
    'curl -fsSL https://github.com/OWNER/ocean-opsgenie/releases/latest/download/install.sh') exists deploy/install.sh ;;
    jq*)
        [ "$1" = -e ] && shift
        "$STAND_IN_PROGRAM" map eval "$1" --input "${2:--}"
        done_with $? ;;
    *) unknown ;;
esac
done_with 0
"#;

/// Commands that rightly end otherwise than with 0.
const ENDS: [(&str, &str); 2] = [
    ("ocean-opsgenie plan --exit-code", "10"), // there is something to do
    ("ocean-opsgenie undo 1cec0112-c36f-441c-8822-543d03fe503e", "2"), // nobody has this run
];

/// Files that commands of a page read and that no command of it has written.
const FILES: [(&str, &str, &str); 5] = [
    ("docs/mapping.md", "alerts.json", r#"[{"id": "a1", "tags": ["x"]}]"#),
    ("docs/mapping.md", "alert.json", r#"{"id": "a1", "tags": ["x"], "integration": {}}"#),
    ("docs/mapping.md", "own.yaml", MAPPING),
    ("docs/mapping.md", "mapping.yaml", MAPPING),
    (
        "docs/mapping.md",
        "cases.yaml",
        "cases:\n- {name: one, kind: alert, record: {id: a}, contains: {identifier: a}}\n",
    ),
];

const MAPPING: &str = "resources:\n- kind: alert\n  selector: {query: 'true'}\n  port: {entity: {mappings: {identifier: .id, \
                       blueprint: '\"a\"', properties: {source: .integration.name}}}}\n- kind: service\n  selector: {query: \
                       'true'}\n  port: {entity: {mappings: {identifier: .id, blueprint: '\"s\"', properties: {on-call: \
                       .__oncalls.onCallRecipients}}}}\n";

/// A stage on which a page is played.
async fn stage(page: &str) -> Stage {
    let mut stage = Stage::seeded().await;
    let at = |name: &str| stage.directory.path().join(name).display().to_string();
    let (calls, kept) = (at("calls"), at("kept"));
    for (name, value) in [
        ("STAND_IN_PROGRAM", env!("CARGO_BIN_EXE_ocean-opsgenie")),
        ("STAND_IN_ROOT", env!("CARGO_MANIFEST_DIR")),
        ("STAND_IN_CALLS", &calls),
        ("SANDBOX__OCEAN__INTEGRATION__CONFIG__API_TOKEN", Sandbox::API_KEY),
        ("SANDBOX__OCEAN__INTEGRATION__CONFIG__API_URL", &stage.sandbox.opsgenie().url()),
        ("SANDBOX__OCEAN__PORT__CLIENT_ID", Sandbox::CLIENT_ID),
        ("SANDBOX__OCEAN__PORT__CLIENT_SECRET", Sandbox::CLIENT_SECRET),
        ("OCEAN__STATE_DIR", &kept),
    ] {
        stage.set(name, value);
    }
    stage.file("tools/stand-in", STAND_IN);
    let stand_in = stage.directory.path().join("tools/stand-in");
    fs::set_permissions(&stand_in, fs::Permissions::from_mode(0o755)).expect("it can be made a program");
    for folder in [".ci", "fuzz"] {
        fs::create_dir(stage.directory.path().join(folder)).expect("a folder can be made");
    }
    symlink("/bin/sh", stage.directory.path().join("tools/sh")).expect("a link can be made");
    for tool in TOOLS {
        symlink(&stand_in, stage.directory.path().join(tool)).expect("a link can be made");
    }
    for (_, name, text) in FILES.iter().filter(|(of, ..)| *of == page) {
        stage.file(name, text);
    }
    stage
}

/// Runs the blocks of a page in a shell each and gives the calls that were made.
async fn play(page: &str) -> Vec<String> {
    let stage = stage(page).await;
    let calls = stage.directory.path().join("calls");
    let mut all = Vec::new();
    for fence in fences(page).into_iter().filter(|fence| fence.language == "sh") {
        let script = format!("PATH=\"$PWD/tools\"\nset +e -u\n{}\n:", fence.text);
        let mut shell = stage.shell(&script);
        let output = tokio::task::spawn_blocking(move || shell.output()).await;
        let output = output.expect("the thread lives").expect("a shell can be started");
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.success() && !told.contains("not found"), "{}:\n{told}", fence.place);
        let made = fs::read_to_string(&calls).unwrap_or_default();
        fs::write(&calls, "").expect("it can be emptied");
        for line in made.lines() {
            let (code, call) = line.split_once('\t').expect("code and call");
            let (_, ends) = ENDS.iter().find(|(of, _)| *of == call).unwrap_or(&("", "0"));
            assert_eq!(code, *ends, "{}: {call}\n{told}", fence.place);
            all.push(call.to_owned());
        }
        if made.is_empty() {
            is_dotenv(&fence);
        }
    }
    all
}

/// A block without commands is what may stand in `.env`.
fn is_dotenv(fence: &Fence) {
    let folder = TempDir::new().expect("a temporary directory");
    let token = "OCEAN__INTEGRATION__CONFIG__API_TOKEN=token\n";
    let settings = fence.text.replace('…', "of-ones-own");
    fs::write(folder.path().join(".env"), settings + token).expect("a file can be written");
    let run = piped(folder.path(), &["validate"], b"");
    assert_eq!(run.code, 0, "{}: no command, and no settings:\n{}", fence.place, run.stderr);
}

/// What a page sets in our chart is there to be set.
fn is_value(call: &str) {
    let values: Value = serde_yaml::from_str(&read("deploy/helm/ocean-opsgenie/values.yaml")).expect("YAML");
    for set in call.split(" --set ").skip(1) {
        let (path, _) = set.split_once('=').expect("name and value");
        let mut at = &values;
        for name in path.split('.') {
            // An empty map is for whatever a person puts into it.
            if at.as_object().is_some_and(serde_json::Map::is_empty) {
                break;
            }
            at = at.get(name).unwrap_or_else(|| panic!("{call}: the chart has no value {path}"));
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn commands_on_pages_do_what_they_say() {
    let mut all = Vec::new();
    for page in pages().into_iter().filter(|page| page != "docs/cookbook.md") {
        all.extend(play(&page).await);
    }
    assert!(all.len() > 45, "only {} commands were found: {all:#?}", all.len());
    let charts: Vec<&String> =
        all.iter().filter(|call| call.contains(" deploy/helm/ocean-opsgenie ")).collect();
    assert!(!charts.is_empty(), "no page installs our chart");
    for call in charts {
        is_value(call);
    }
    for (call, _) in ENDS {
        assert!(all.iter().any(|made| made == call), "no page says `{call}` any more");
    }
}

/// Commands that stand in the running text: what is in capital letters stands for something.
#[test]
fn commands_in_the_text_are_taken() {
    let mut seen = 0;
    for page in pages() {
        let prose: String = read(&page).split("```").step_by(2).collect();
        for span in prose.split('`').skip(1).step_by(2) {
            let Some(command) = span.strip_prefix("ocean-opsgenie ") else { continue };
            seen += 1;
            let word = |word: &str| match word {
                "KIND" => "alert".to_owned(),
                "N" => "1".to_owned(),
                _ => word.trim_matches(['[', ']']).to_owned(),
            };
            let words: Vec<String> = command.split_whitespace().map(word).collect();
            // `--help` at the end is answered once all words before it are known.
            let arguments: Vec<&str> = words.iter().map(String::as_str).chain(["--help"]).collect();
            let folder = TempDir::new().expect("a temporary directory");
            let run = piped(folder.path(), &arguments, b"");
            assert_eq!(run.code, 0, "{page}: `{span}`: {}", run.stderr);
        }
    }
    assert!(seen > 10, "only {seen} commands were found");
}

#[test]
fn every_command_has_a_row_in_the_readme() {
    let folder = TempDir::new().expect("a temporary directory");
    let help = piped(folder.path(), &["--help"], b"").stdout;
    let (_, list) = help.split_once("Commands:\n").expect("commands are listed");
    let (list, _) = list.split_once("\n\n").expect("the list ends");
    // What a command is for may go on in a line of its own, deeper in.
    let lines = list.lines().filter_map(|line| line.strip_prefix("  ").filter(|rest| !rest.starts_with(' ')));
    let commands: BTreeSet<&str> = lines.filter_map(|line| line.split(' ').next()).collect();
    let readme = read("README.md");
    let rows: Vec<&str> =
        readme.lines().filter_map(|line| line.strip_prefix("| ")?.split(" | ").next()).collect();
    let has_row = |command: &str| {
        let spans = rows.iter().flat_map(|cell| cell.split('`').skip(1).step_by(2));
        spans.into_iter().any(|span| span.split(' ').next() == Some(command))
    };
    let missing: Vec<&str> =
        commands.iter().copied().filter(|command| *command != "help" && !has_row(command)).collect();
    assert!(
        commands.len() > 15 && missing.is_empty(),
        "README.md has no row for {missing:?} of {commands:?}"
    );
}
