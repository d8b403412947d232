//! Where a value of a mapping stands: in its file, or among the fields of what the catalog holds.

use std::fmt::Write as _;
use std::sync::Arc;

use serde_json::Value;

use crate::config::place::{Place, SourceText};
use crate::config::yaml::{Document, Step};

/// Tells the place of a path.
pub(super) enum Locator<'d> {
    /// By the file's extents.
    File { source: Arc<SourceText>, document: &'d Document },
    /// By the names of the fields.
    Fields { root: &'d Value },
}

impl Locator<'_> {
    /// Where the value at a path stands.
    pub(super) fn value(&self, steps: &[Step]) -> Place {
        match self {
            Self::File { source, document } => document.extent(steps).map_or_else(
                || Place::of_field(source.name.as_str()),
                |extent| Place::in_file(source, extent),
            ),
            Self::Fields { root } => Place::of_field(field(root, steps)),
        }
    }

    /// Where the last key of a path stands.
    pub(super) fn key(&self, steps: &[Step]) -> Place {
        match self {
            Self::File { source, document } => document.key_extent(steps).map_or_else(
                || Place::of_field(source.name.as_str()),
                |extent| Place::in_file(source, extent),
            ),
            Self::Fields { .. } => self.value(steps),
        }
    }
}

/// `resource 2 (alert) · properties.url`.
fn field(root: &Value, steps: &[Step]) -> String {
    let [Step::Key(resources), Step::Index(index), rest @ ..] = steps else { return dotted(steps) };
    if resources != "resources" {
        return dotted(steps);
    }
    let mut text = format!("resource {}", index + 1);
    if let Some(kind) = root["resources"][*index]["kind"].as_str() {
        // Writing to a text cannot fail.
        write!(text, " ({kind})").expect("a text takes everything");
    }
    let path = dotted(rest);
    let path = path.strip_prefix("port.entity.mappings").map_or(path.as_str(), |below| {
        if below.starts_with('[') {
            path.trim_start_matches("port.entity.")
        } else {
            below.trim_start_matches('.')
        }
    });
    if path.is_empty() { text } else { format!("{text} · {path}") }
}

fn dotted(steps: &[Step]) -> String {
    let mut text = String::new();
    for step in steps {
        match step {
            Step::Key(key) if text.is_empty() => text.push_str(key),
            Step::Key(key) => text.extend([".", key]),
            Step::Index(index) => write!(text, "[{index}]").expect("a text takes everything"),
        }
    }
    if text.is_empty() { "the mapping".to_owned() } else { text }
}
