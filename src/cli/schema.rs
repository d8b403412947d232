//! `schema`: what the files that the program reads and writes look like, for editors and programs.

use crate::config;
use crate::report::{self, Exit};

use super::arguments::{SchemaArguments, SchemaName};
use super::{terminal, told};

/// Prints a JSON Schema.
pub(super) fn run(arguments: &SchemaArguments) -> Exit {
    let schema = match arguments.which {
        SchemaName::Config => config::schema(),
        SchemaName::Mapping => config::mapping::schema(),
        SchemaName::Report => report::schema(),
    };
    told(terminal::data(&format!("{schema:#}")))
}
