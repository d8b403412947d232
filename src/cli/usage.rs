//! What clap has to say, and what the commands of Port's framework that this program lacks are here.

use clap::error::{ContextKind, ContextValue, ErrorKind};

use crate::report::{Colour, Exit};

use super::{terminal, told};

/// Help and version are data, the rest is talk.
pub(super) fn tell(error: &clap::Error) -> Exit {
    let text = error.render();
    match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => {
            told(terminal::data(&match terminal::style().colour {
                Colour::Ansi => text.ansi().to_string(),
                Colour::None => text.to_string(),
            }))
        }
        ErrorKind::InvalidSubcommand => {
            match error.get(ContextKind::InvalidSubcommand) {
                Some(ContextValue::String(command)) if instead(command).is_some() => {
                    let hint = instead(command).unwrap_or_default();
                    terminal::talk(&format!("error: there is no command `{command}` here\n  hint: {hint}"));
                }
                _ => terminal::talk(&text.to_string()),
            }
            Exit::Configuration
        }
        _ => {
            terminal::talk(&text.to_string());
            Exit::Configuration
        }
    }
}

/// What to do instead of a command that Port's framework has (<https://ocean.port.io/framework/CLI>).
fn instead(command: &str) -> Option<&'static str> {
    Some(match command {
        "ocean" => "leave `ocean` out: `ocean-opsgenie sail --once`",
        "dock" => {
            "the first start gives the catalog what it lacks, while OCEAN__INITIALIZE_PORT_RESOURCES is true: `sync`"
        }
        "new" => "this program is one integration and makes no others; `init` begins an installation of it",
        "list" | "pull" => {
            "this program is one integration and fetches no others; `init` begins an installation of it"
        }
        "port-app-config" => {
            "`schema mapping` prints the JSON Schema of mappings, `validate --mapping FILE` checks one"
        }
        _ => return None,
    })
}
