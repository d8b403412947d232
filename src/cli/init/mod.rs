//! `init`: an installation to begin with, in a folder. It asks nothing and overwrites nothing.

mod arguments;
mod folder;
mod recipe;

use std::fmt::Write as _;
use std::path::PathBuf;

use serde::Serialize;

use crate::config::{Diagnostic, Place, Preset, Severity};
use crate::report::Exit;

use super::arguments::{Form, OutputArguments};
use super::{faults, terminal};
pub(super) use arguments::InitArguments;
use folder::{Obstacle, Unwritten};

/// What a program is told.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Outcome<'o> {
    exit_code: u8,
    /// The files, in the order in which they were written.
    written: &'o [PathBuf],
}

/// Writes settings, resources and a recipe, or nothing.
pub(super) fn run(arguments: &InitArguments, output: &OutputArguments) -> Exit {
    let InitArguments { folder, platform, preset } = arguments;
    let files = recipe::files(Preset::from(*preset), *platform);
    let obstacles: Vec<Diagnostic> = folder::obstacles(folder, &files).iter().map(fault).collect();
    if !obstacles.is_empty() {
        let exit = faults::refuse(&obstacles, output);
        terminal::talk("nothing was written: `init` overwrites nothing");
        return exit;
    }
    match folder::write(folder, &files) {
        Ok(written) => {
            let shown = match output.output {
                Form::Text => terminal::data(&text(arguments, &written)),
                Form::Json => Ok(()),
            };
            let outcome = Outcome { exit_code: Exit::Done.code(), written: &written };
            faults::written(&outcome, output).and(shown).err().unwrap_or(Exit::Done)
        }
        Err(unwritten) => refuse(&unwritten, output),
    }
}

fn fault(obstacle: &Obstacle) -> Diagnostic {
    let (path, what, hint) = match obstacle {
        Obstacle::There(path) => (path, "is there already", "move it away, or choose another folder"),
        Obstacle::NoFolder(path) => (path, "is no folder", "choose another folder"),
    };
    let name = path.display().to_string();
    let message = format!("`{name}` {what}");
    Diagnostic { severity: Severity::Error, message, place: Place::Path(name), hint: Some(hint.to_owned()) }
}

fn refuse(unwritten: &Unwritten, output: &OutputArguments) -> Exit {
    let Unwritten { path, error, left } = unwritten;
    let name = path.display().to_string();
    let stays = if left.is_empty() {
        "nothing is left of what was written before it".to_owned()
    } else {
        let left: Vec<String> = left.iter().map(|path| format!("`{}`", path.display())).collect();
        format!("what was written before it is still there: {}", left.join(", "))
    };
    let message = format!("cannot write `{name}`: {error}; {stays}");
    let (place, hint) = (Place::Path(name), Some("choose another folder, or make room there".to_owned()));
    let fault = Diagnostic { severity: Severity::Error, message, place, hint };
    faults::refuse(&[fault], output)
}

/// What was written, and what to do next.
fn text(arguments: &InitArguments, written: &[PathBuf]) -> String {
    let mut text = String::new();
    for path in written {
        // Writing to memory does not fail.
        let _written = writeln!(text, "wrote {}", path.display());
    }
    let _written = write!(text, "\nNext, in `{}`:\n{NEXT}", arguments.folder.display());
    if arguments.platform.is_some() {
        text.push_str(RECIPE);
    }
    text
}

const NEXT: &str =
    "  1. copy .env.example to .env and fill in the Opsgenie key, the client id and the client secret
  2. ocean-opsgenie validate   settings, mapping and blueprints, without the network
  3. ocean-opsgenie doctor     both sides looked at, each finding with what to do
  4. ocean-opsgenie plan       what the first pass would do; nothing is written
  5. ocean-opsgenie sync       the first pass, which gives the catalog blueprints and mapping
Keep .env out of version control. After the first pass the mapping is the catalog's, and edited there.
";

const RECIPE: &str = "\
The recipe says at its top which secrets it takes from the platform. OWNER in it is where your image or your releases
are. It uses the mapping that the catalog holds, so let the first pass be one from here.
";
