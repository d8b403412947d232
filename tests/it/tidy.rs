//! The house rules that a compiler does not know: direction of imports, size of files, reasons of dependencies.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use crate::support::pages::root;

/// Which module may import which; what is missing here is refused.
pub(crate) const ARROWS: &[(&str, &[&str])] = &[
    ("value", &[]),
    ("secret", &[]),
    ("schema", &[]),
    ("state", &["model", "value"]),
    ("sandbox", &[]),
    ("model", &["value"]),
    ("jq", &["value"]),
    ("http", &["secret"]),
    ("config", &["model", "schema", "secret", "value"]),
    ("opsgenie", &["http", "model", "secret", "value"]),
    ("catalog", &["http", "model", "secret", "value"]),
    ("enrich", &["model", "opsgenie", "value"]),
    ("record", &["enrich", "model", "opsgenie", "secret", "state", "value"]),
    ("map", &["config", "jq", "model", "value"]),
    ("plan", &["model", "value"]),
    ("apply", &["catalog", "model", "plan", "state", "value"]),
    ("report", &["apply", "config", "model", "plan", "schema"]),
    (
        "sync",
        &[
            "apply", "catalog", "config", "enrich", "http", "jq", "map", "model", "opsgenie", "plan",
            "report", "state", "value",
        ],
    ),
    (
        "serve",
        &[
            "apply", "catalog", "config", "model", "opsgenie", "plan", "report", "secret", "state", "sync",
            "value",
        ],
    ),
    ("telemetry", &["catalog", "config"]),
];

/// Modules that may import anything; nobody imports them.
const TOP: &[&str] = &["cli", "main", "lib"];

/// A file past this is two nouns.
const MAX_LINES_OF_CODE: usize = 600;

/// Files that ship: unit tests in files of their own (`tests.rs`, `tests/`) do not.
fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).expect("folder can be read") {
        let path = entry.expect("entry can be read").path();
        if path.file_stem().is_some_and(|name| name == "tests") {
            continue;
        }
        if path.is_dir() {
            files.extend(rust_files(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    files.sort();
    files
}

/// The part of a file that ships: everything before its unit tests.
fn shipped(text: &str) -> &str {
    text.split("#[cfg(test)]\nmod ").next().expect("split gives at least one part")
}

/// The top-level module of a file below `src`.
fn module(file: &Path) -> String {
    let relative = file.strip_prefix(root().join("src")).expect("file is below src");
    let first =
        relative.components().next().expect("file has a name").as_os_str().to_string_lossy().into_owned();
    first.trim_end_matches(".rs").to_owned()
}

/// Modules named right after `crate::`, also in a braced group.
fn imports(text: &str) -> Vec<String> {
    let code =
        text.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n");
    let mut names = Vec::new();
    for (at, _) in code.match_indices("crate::") {
        if code[..at].ends_with(|char: char| char.is_alphanumeric() || char == '_' || char == '$') {
            continue;
        }
        let rest = &code[at + "crate::".len()..];
        if let Some(group) = rest.strip_prefix('{') {
            let mut depth = 0;
            let mut name = String::new();
            for char in group.chars() {
                match char {
                    '{' => depth += 1,
                    '}' if depth == 0 => break,
                    '}' => depth -= 1,
                    ',' if depth == 0 => names.push(std::mem::take(&mut name)),
                    _ if depth == 0 => name.push(char),
                    _ => {}
                }
            }
            names.push(name);
        } else {
            names.push(rest.to_owned());
        }
    }
    names
        .iter()
        .map(|name| name.trim().chars().take_while(|char| char.is_alphanumeric() || *char == '_').collect())
        .filter(|name: &String| name.chars().next().is_some_and(char::is_lowercase))
        .collect()
}

#[test]
fn imports_point_one_way() {
    let arrows: BTreeMap<&str, &[&str]> = ARROWS.iter().copied().collect();
    let mut wrong = Vec::new();
    for file in rust_files(&root().join("src")) {
        let module = module(&file);
        if TOP.contains(&module.as_str()) {
            continue;
        }
        let text = fs::read_to_string(&file).expect("file can be read");
        let Some(allowed) = arrows.get(module.as_str()) else {
            wrong.push(format!("{}: module `{module}` has no row in ARROWS", file.display()));
            continue;
        };
        for import in imports(shipped(&text)) {
            if import != module && !allowed.contains(&import.as_str()) {
                wrong.push(format!("{}: `{module}` may not import `{import}`", file.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "imports against the arrows:\n{}", wrong.join("\n"));
}

#[test]
fn files_stay_small() {
    let mut long = Vec::new();
    for file in rust_files(&root().join("src")) {
        let text = fs::read_to_string(&file).expect("file can be read");
        let lines = shipped(&text).lines().filter(|line| !line.trim().is_empty()).count();
        if lines > MAX_LINES_OF_CODE {
            long.push(format!("{}: {lines} lines", file.display()));
        }
    }
    assert!(long.is_empty(), "files of more than one noun:\n{}", long.join("\n"));
}

#[test]
fn nothing_is_called_by_a_name_that_says_nothing() {
    let empty = ["utils", "util", "helpers", "helper", "common", "manager", "misc"];
    let named: Vec<_> = rust_files(&root().join("src"))
        .into_iter()
        .filter(|file| {
            file.components().any(|part| {
                let part = part.as_os_str().to_string_lossy();
                empty.contains(&part.trim_end_matches(".rs"))
            })
        })
        .collect();
    assert!(named.is_empty(), "name the noun it serves: {named:?}");
}

#[test]
fn every_dependency_beyond_the_ten_has_a_reason() {
    let ten = [
        "tokio",
        "reqwest",
        "serde",
        "serde_yaml",
        "serde_json",
        "jaq-core",
        "jaq-std",
        "jaq-json",
        "clap",
        "tracing",
    ];
    let manifest = fs::read_to_string(root().join("Cargo.toml")).expect("Cargo.toml can be read");
    let mut inside = false;
    let mut silent = Vec::new();
    for line in manifest.lines() {
        if line.starts_with('[') {
            inside = line.contains("dependencies");
            continue;
        }
        let Some((name, _)) = line.split_once(" = ") else { continue };
        if inside && !line.starts_with('#') && !ten.contains(&name) && !line.contains(" # ") {
            silent.push(name.to_owned());
        }
    }
    assert!(silent.is_empty(), "dependencies without a reason beside them: {silent:?}");
}

#[test]
fn credentials_become_a_header_in_one_place() {
    let mut found = Vec::new();
    for file in rust_files(&root().join("src")) {
        let text = fs::read_to_string(&file).expect("file can be read");
        let takes_calls = ["sandbox", "serve"].contains(&module(&file).as_str());
        let calls_out = !takes_calls && !file.ends_with("src/http/request.rs");
        if calls_out && shipped(&text).to_ascii_lowercase().contains("header::authorization") {
            found.push(file.display().to_string());
        }
    }
    assert!(found.is_empty(), "`Request::authorization` marks what it sets as sensitive: {found:?}");
}

#[test]
fn no_unwrap_ships() {
    let mut found = Vec::new();
    for file in rust_files(&root().join("src")) {
        let text = fs::read_to_string(&file).expect("file can be read");
        for (number, line) in shipped(&text).lines().enumerate() {
            let code = line.split("//").next().unwrap_or(line);
            if code.contains(".unwrap()") || code.contains("todo!(") || code.contains("unimplemented!(") {
                found.push(format!("{}:{}", file.display(), number + 1));
            }
        }
    }
    assert!(found.is_empty(), "unwrap or stub outside tests:\n{}", found.join("\n"));
}
