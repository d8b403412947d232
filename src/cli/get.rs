//! `get`: records of a kind as JSON lines, in the shape that mappings see.

use futures::StreamExt as _;
use jiff::Timestamp;

use crate::config::Settings;
use crate::enrich::{Enriched, Lookups, Wanted};
use crate::http::Proxy;
use crate::model::filter::{Question, Search};
use crate::model::{Filter, Kind, Lookup};
use crate::opsgenie::{Error, Listing, Opsgenie, Page, Rotations};
use crate::report::{Cause, Exit};
use crate::sync::{self, Failure};

use super::arguments::{GetArguments, OutputArguments};
use super::stop::Stop;
use super::terminal::{self, Lines};
use super::{refused, settings};

/// Prints the records.
pub(super) async fn run(arguments: &GetArguments, output: &OutputArguments, stop: &Stop) -> Exit {
    let settings = match settings::of_source(arguments.recording.source.clone(), output) {
        Ok(settings) => settings,
        Err(exit) => return exit,
    };
    match get(arguments, &settings, stop).await {
        Ok(exit) | Err(exit) => exit,
    }
}

async fn get(arguments: &GetArguments, settings: &Settings, stop: &Stop) -> Result<Exit, Exit> {
    let listing = listing(arguments)?;
    let source = sync::source(settings, &Proxy::System, &stop.first).map_err(|failure| refused(&failure))?;
    let mut printing = Printing::new(&source, arguments);
    let printed = printing.all(&listing).await;
    // What was printed is data, whatever came after it.
    printing.out.flush()?;
    printed?;
    if let Some(signal) = stop.signal() {
        return Ok(Cause::Stopped(signal).exit());
    }
    Ok(printing.exit())
}

/// What is asked for.
fn listing(arguments: &GetArguments) -> Result<Listing, Exit> {
    let searched = matches!(arguments.kind, Kind::Alert | Kind::Incident | Kind::Service | Kind::User);
    if arguments.query.is_some() && !searched {
        terminal::talk(&format!(
            "error: Opsgenie has no search for kind `{}`\n  hint: take all of them, and choose with `jq`",
            arguments.kind
        ));
        return Err(Exit::Configuration);
    }
    let query = arguments.query.as_deref().map(|text| question(arguments.kind, text)).transpose()?.flatten();
    Ok(Listing { kind: arguments.kind, query, rotations: rotations(arguments) })
}

/// A search text, as it is asked.
fn question(kind: Kind, text: &str) -> Result<Option<Question>, Exit> {
    let filter = Search::new(text).and_then(|search| Filter::new(kind, Vec::new(), Some(search)));
    let filter = filter.map_err(|fault| {
        terminal::talk(&format!("error: Opsgenie cannot be asked for `--query {text}`: {fault}"));
        Exit::Configuration
    })?;
    Ok(filter.at(Timestamp::now()))
}

fn rotations(arguments: &GetArguments) -> Rotations {
    if arguments.enrich && arguments.kind == Kind::Schedule { Rotations::Expanded } else { Rotations::Left }
}

/// Records on their way to standard output.
struct Printing {
    lookups: Lookups,
    kind: Kind,
    left: u64,
    printed: u64,
    out: Lines,
    causes: Vec<Cause>,
}

impl Printing {
    fn new(source: &Opsgenie, arguments: &GetArguments) -> Self {
        let joined = Lookup::ALL.into_iter().filter(|_| arguments.enrich);
        Self {
            lookups: Lookups::new(
                source,
                &Wanted { rotations: rotations(arguments), ..Wanted::whole(joined) },
            ),
            kind: arguments.kind,
            left: arguments.limit.unwrap_or(u64::MAX),
            printed: 0,
            out: Lines::new(),
            causes: Vec::new(),
        }
    }

    /// Prints page after page; an error is that nothing more can be printed.
    async fn all(&mut self, listing: &Listing) -> Result<(), Exit> {
        let mut pages = self.lookups.pages(listing);
        while self.left > 0
            && let Some(page) = pages.next().await
        {
            match page {
                Ok(page) => self.page(page).await?,
                Err(error) => self.note(&error, None),
            }
        }
        for failure in self.lookups.failures(self.kind) {
            self.note(&failure.error, Some((failure.lookup, failure.records)));
        }
        Ok(())
    }

    async fn page(&mut self, page: Page) -> Result<(), Exit> {
        let Page { mut records, faults } = page;
        for fault in faults {
            terminal::talk(&format!("error: {fault}"));
            self.causes.push(Cause::Incomplete(fault.to_string()));
        }
        records.truncate(usize::try_from(self.left).unwrap_or(usize::MAX));
        self.left -= records.len() as u64;
        self.printed += records.len() as u64;
        for Enriched { record, failed: _ } in self.lookups.enrich_all(records).await {
            self.out.line(&record.body.to_bytes())?;
        }
        self.out.flush()
    }

    /// Tells of an error, and keeps what it means. A plan that lacks something is a notice.
    fn note(&mut self, error: &Error, lookup: Option<(Lookup, u64)>) {
        let failure = Failure::from(error.clone());
        let cause = match failure.cause() {
            // A side that gave something was not unavailable.
            Some(Cause::Unavailable(text)) if self.printed > 0 => Some(Cause::Incomplete(text)),
            cause => cause,
        };
        let word = if cause.is_some() { "error" } else { "notice" };
        match lookup {
            _ if matches!(error, Error::Stopped) => {}
            None => terminal::talk(&format!("{word}: {}: {failure}", self.kind)),
            Some((lookup, records)) => terminal::talk(&format!(
                "{word}: {}: {records} records lack `{}`: {failure}",
                self.kind,
                lookup.name()
            )),
        }
        self.causes.extend(cause);
    }

    fn exit(&self) -> Exit {
        Exit::of(&self.causes)
    }
}
