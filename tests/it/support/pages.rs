//! The pages that people read, and what stands in their fences.

use std::path::{Path, PathBuf};

/// The folder of the package.
pub(crate) fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// A file of the package.
#[track_caller]
pub(crate) fn read(file: impl AsRef<Path>) -> String {
    let file = root().join(file);
    std::fs::read_to_string(&file)
        .unwrap_or_else(|error| panic!("{} cannot be read: {error}", file.display()))
}

/// Every page, as a path below the package's folder.
pub(crate) fn pages() -> Vec<String> {
    let mut pages = vec!["README.md".to_owned(), "CHANGELOG.md".to_owned()];
    for folder in ["docs", ".github"] {
        let entries = std::fs::read_dir(root().join(folder)).expect("a folder can be read");
        let files = entries.map(|entry| entry.expect("an entry can be read").path());
        let files = files.filter(|path| path.extension().is_some_and(|it| it == "md"));
        let names = files.map(|path| path.file_name().expect("a file has a name").display().to_string());
        pages.extend(names.map(|name| format!("{folder}/{name}")));
    }
    pages.sort();
    pages
}

/// A block between fences.
#[derive(Debug)]
pub(crate) struct Fence {
    /// Page and line, for messages.
    pub(crate) place: String,
    /// What stands behind the opening fence.
    pub(crate) language: String,
    /// What stands between, each line with its end.
    pub(crate) text: String,
}

/// The blocks of a page, in order. Each must begin at the start of a line, and end.
pub(crate) fn fences(page: &str) -> Vec<Fence> {
    in_text(page, &read(page))
}

/// The same of a text that is called by this name.
pub(crate) fn in_text(name: &str, text: &str) -> Vec<Fence> {
    let mut found = Vec::new();
    let mut open: Option<Fence> = None;
    for (line, number) in text.lines().zip(1..) {
        let place = format!("{name}:{number}");
        match (&mut open, line.strip_prefix("```")) {
            (None, Some(language)) => {
                open = Some(Fence { place, language: language.to_owned(), text: String::new() });
            }
            (Some(_), Some(rest)) => {
                assert!(rest.is_empty(), "{place}: a fence within a fence");
                found.extend(open.take());
            }
            (Some(fence), None) => {
                fence.text.push_str(line);
                fence.text.push('\n');
            }
            (None, None) => {
                let is_fence = line.trim_start().starts_with("```") || line.starts_with("~~~");
                assert!(!is_fence, "{place}: a fence that does not begin its line");
            }
        }
    }
    assert!(open.is_none(), "{name}: a fence without end");
    found
}
