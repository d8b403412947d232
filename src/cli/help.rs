//! `completions` and `man`: what a shell and `man` know about the program, from the definition of the command line.

use clap::CommandFactory as _;

use crate::report::Exit;

use super::arguments::{Arguments, CompletionsArguments, ManArguments};
use super::{terminal, told};

const NAME: &str = "ocean-opsgenie";

/// Prints the completions for a shell.
pub(super) fn completions(arguments: &CompletionsArguments) -> Exit {
    let mut script = Vec::new();
    clap_complete::generate(arguments.shell, &mut Arguments::command(), NAME, &mut script);
    told(terminal::data(&String::from_utf8_lossy(&script)))
}

/// Prints the manual page, or writes one for each command into a folder.
pub(super) fn man(arguments: &ManArguments) -> Exit {
    let command = Arguments::command();
    let (made, to) = if let Some(folder) = &arguments.out {
        let made = std::fs::create_dir_all(folder).and_then(|()| clap_mangen::generate_to(command, folder));
        (made.map(|()| Vec::new()), format!(" to `{}`", folder.display()))
    } else {
        let mut page = Vec::new();
        (clap_mangen::Man::new(command).render(&mut page).map(|()| page), String::new())
    };
    match made {
        Ok(page) if page.is_empty() => Exit::Done,
        Ok(page) => told(terminal::data(&String::from_utf8_lossy(&page))),
        Err(error) => {
            terminal::talk(&format!("error: cannot write manual pages{to}: {error}"));
            Exit::Unexpected
        }
    }
}
