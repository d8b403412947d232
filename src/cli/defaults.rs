//! `defaults clean`: what the first start gave the catalog, taken away again.

use crate::report::{CleanReport, Exit, clean_intent_text, clean_text};
use crate::sync::{self, Cleaning, Entities, Fate, Wait};

use super::arguments::{CleanArguments, DefaultsCommand, Form, OutputArguments, SyncArguments};
use super::stop::Stop;
use super::sync::prepare;
use super::{faults, terminal};

/// Deletes the default blueprints, and what the flags name beside them.
pub(super) async fn run(command: &DefaultsCommand, output: &OutputArguments, stop: &Stop) -> Exit {
    let DefaultsCommand::Clean(arguments) = command;
    let (settings, sides) = match prepare(&SyncArguments::default(), output, stop) {
        Ok(prepared) => prepared,
        Err(exit) => return exit,
    };
    let cleaning = cleaning(arguments);
    let integration = (cleaning.integration == Fate::Goes).then_some(settings.identifier.as_str());
    let announce = |report: &CleanReport| terminal::talk(&clean_intent_text(report, integration));
    let report = sync::clean(&settings, &sides, cleaning, &stop.first, || stop.signal(), announce).await;
    faults::tell(&report.faults);
    let told = match output.output {
        Form::Text => terminal::data(&clean_text(&report)),
        Form::Json => Ok(()),
    };
    faults::written(&report, output).and(told).map_or_else(|exit| report.exit.or(exit), |()| report.exit)
}

fn cleaning(arguments: &CleanArguments) -> Cleaning {
    Cleaning {
        entities: match (arguments.force, arguments.yes) {
            (false, _) => Entities::None,
            (true, false) => Entities::Ours,
            (true, true) => Entities::Everybodys,
        },
        integration: if arguments.destroy { Fate::Goes } else { Fate::Stays },
        wait: if arguments.wait { Wait::ForAll } else { Wait::WhereOrderNeedsIt },
    }
}
