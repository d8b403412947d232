//! Where a value of a mapping stands: in its file, or among the fields of what the catalog holds.

use std::fmt::Write as _;
use std::sync::Arc;

use serde_json::Value;

use crate::config::place::{FieldPlace, FilePlace, InResource, Place, SourceText};
use crate::config::yaml::{Document, Step};

/// Tells the place of a path.
pub(in crate::config) enum Locator<'d> {
    /// By the file's extents.
    File { source: Arc<SourceText>, document: &'d Document },
    /// By the names of the fields.
    Fields { root: &'d Value },
}

impl Locator<'_> {
    /// Where the value at a path stands.
    pub(in crate::config) fn value(&self, steps: &[Step]) -> Place {
        match self {
            Self::File { source, document } => document.extent(steps).map_or_else(
                || Place::File(FilePlace::of_start(source)),
                |extent| Place::in_file(source, extent),
            ),
            Self::Fields { root } => Place::Field(field(root, steps)),
        }
    }

    /// Where the last key of a path stands.
    pub(in crate::config) fn key(&self, steps: &[Step]) -> Place {
        match self {
            Self::File { source, document } => document.key_extent(steps).map_or_else(
                || Place::File(FilePlace::of_start(source)),
                |extent| Place::in_file(source, extent),
            ),
            Self::Fields { .. } => self.value(steps),
        }
    }
}

/// A field by its resource and the path below; `port.entity.mappings` goes without saying.
fn field(root: &Value, steps: &[Step]) -> FieldPlace {
    let in_resource = match steps {
        [Step::Key(resources), Step::Index(index), rest @ ..] if resources == "resources" => {
            Some((*index, rest))
        }
        _ => None,
    };
    let Some((index, rest)) = in_resource else {
        return FieldPlace { resource: None, path: dotted(steps), part: None };
    };
    let kind = root["resources"][index]["kind"].as_str().map(str::to_owned);
    let path = dotted(rest);
    let path = path.strip_prefix("port.entity.mappings").map_or(path.as_str(), |below| {
        if below.starts_with('[') {
            path.trim_start_matches("port.entity.")
        } else {
            below.trim_start_matches('.')
        }
    });
    FieldPlace { resource: Some(InResource { number: index + 1, kind }), path: path.to_owned(), part: None }
}

fn dotted(steps: &[Step]) -> String {
    let mut text = String::new();
    for step in steps {
        match step {
            Step::Key(key) if text.is_empty() => text.push_str(key),
            Step::Key(key) => text.extend([".", key]),
            // Writing to a text cannot fail.
            Step::Index(index) => write!(text, "[{index}]").expect("a text takes everything"),
        }
    }
    text
}
