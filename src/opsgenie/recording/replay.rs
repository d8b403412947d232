//! Answers from a recording, as the account gave them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use futures::StreamExt as _;
use futures::stream;
use jiff::Timestamp;
use tokio::sync::OnceCell;
use tokio_util::sync::CancellationToken;

use super::lines::{Lines, unreadable};
use super::names::Names;
use super::shelf::Shelf;
use super::{Contents, DATA, FAILED, Fault, ID, Manifest, Part};
use crate::model::filter::{Clause, Field, Judgement, Question};
use crate::model::{Kind, RecordId};
use crate::opsgenie::{Error, Listing, Page, Pages, Rotations};
use crate::value::Value;

/// A recording that was opened.
#[derive(Debug)]
pub struct Recording {
    folder: PathBuf,
    recorded_at: Timestamp,
    parts: BTreeMap<Part, Contents>,
    shelves: BTreeMap<Part, OnceCell<Shelf>>,
    /// Read when the first filter asks for names.
    names: OnceLock<Names>,
}

impl Recording {
    /// Opens a folder: its manifest is read, and the files that it names are as long as it says.
    pub fn open(folder: &Path) -> Result<Self, Fault> {
        let manifest = Manifest::read(folder)?;
        let recorded_at = manifest.time(folder)?;
        let parts = manifest.parts();
        for (part, contents) in &parts {
            let path = folder.join(part.file());
            let found = std::fs::metadata(&path).map_err(|error| unreadable(&path, &error))?.len();
            if found != contents.bytes {
                let path = path.display().to_string();
                return Err(Fault::Length { path, found, expected: contents.bytes });
            }
        }
        let shelves = parts.keys().map(|part| (*part, OnceCell::new())).collect();
        Ok(Self { folder: folder.to_owned(), recorded_at, parts, shelves, names: OnceLock::new() })
    }

    fn path(&self, part: Part) -> PathBuf {
        self.folder.join(part.file())
    }

    fn contents(&self, part: Part) -> Result<&Contents, Fault> {
        self.parts.get(&part).ok_or_else(|| self.lacks(part))
    }

    fn names(&self) -> Result<&Names, Fault> {
        if let Some(names) = self.names.get() {
            return Ok(names);
        }
        let listings = [Part::Teams, Part::Services].into_iter().filter(|part| self.parts.contains_key(part));
        let listings: Vec<PathBuf> = listings.map(|part| self.path(part)).collect();
        let names = Names::of(&listings)?;
        Ok(self.names.get_or_init(|| names))
    }

    /// Whether a query would have found a row. Kinds without search are never asked one.
    fn finds(&self, query: &Question, kind: Kind, row: &Value) -> Result<bool, Fault> {
        let filter = query.filter();
        let by_name = |clause: &Clause| matches!(clause.field(), Field::Teams | Field::Services);
        let judgement = if filter.clauses().iter().any(by_name) {
            filter.judge(&self.names()?.joined_to(kind, row), self.recorded_at)
        } else {
            filter.judge(row, self.recorded_at)
        };
        match judgement {
            Judgement::Fits => Ok(true),
            Judgement::Differs => Ok(false),
            Judgement::Unknown => Err(Fault::Search {
                kind,
                query: query.text().to_owned(),
                record: row.get(ID).as_str().unwrap_or_default().to_owned(),
            }),
        }
    }

    fn lacks(&self, part: Part) -> Fault {
        let (what, advice) = match part {
            Part::AlertDetails => ("details of alerts", "record the account again with `--details`"),
            part => (part.file(), "record the account again"),
        };
        Fault::Lacks { folder: self.folder.display().to_string(), what: what.to_owned(), advice }
    }
}

/// A recording while it is read. Clones share everything.
#[derive(Clone, Debug)]
pub struct Replay {
    recording: Arc<Recording>,
    stop: CancellationToken,
}

impl Replay {
    pub(in crate::opsgenie) fn new(recording: Recording, stop: CancellationToken) -> Self {
        Self { recording: Arc::new(recording), stop }
    }

    pub(in crate::opsgenie) fn fresh(&self, stop: CancellationToken) -> Self {
        Self { recording: Arc::clone(&self.recording), stop }
    }

    /// That something is in no recording.
    pub(in crate::opsgenie) fn lacks(&self, what: &str) -> Error {
        let folder = self.recording.folder.display().to_string();
        Fault::Lacks { folder, what: what.to_owned(), advice: "ask the account itself" }.into()
    }

    /// The pages of a listing, in the order in which it came.
    pub(in crate::opsgenie) fn pages(&self, listing: &Listing) -> Pages {
        let Some(part) = Part::listing(listing.kind) else { return stream::empty().boxed() };
        let run = Run { replay: self.clone(), listing: listing.clone(), part, lines: None };
        stream::unfold(Some(run), |run| async {
            let run = run?;
            if run.replay.stop.is_cancelled() {
                return Some((Err(Error::Stopped), None));
            }
            let (page, run) = aside(move || run.page()).await;
            let last = page.is_err();
            page.transpose().map(|page| (page, (!last).then_some(run)))
        })
        .boxed()
    }

    /// What a single read gave.
    pub(in crate::opsgenie) async fn read(&self, part: Part, id: &RecordId) -> Result<Value, Error> {
        if self.stop.is_cancelled() {
            return Err(Error::Stopped);
        }
        if let Some(error) = &self.recording.contents(part)?.failed {
            return Err(error.clone());
        }
        match self.line(part, id).await? {
            Some(line) => data(&line).map_err(|reason| self.spoilt(part, id, &reason)),
            None => Err(missing(part, id)),
        }
    }

    /// An alert or incident, whole where it was read so.
    pub(in crate::opsgenie) async fn look_up(&self, listing: Part, id: &RecordId) -> Result<Value, Error> {
        let details = Part::AlertDetails;
        if listing == Part::Alerts
            && self.recording.parts.contains_key(&details)
            && let Some(whole) = self.line(details, id).await?.and_then(|line| data(&line).ok())
        {
            return Ok(whole);
        }
        match (self.line(listing, id).await?, &self.recording.contents(listing)?.failed) {
            (Some(row), _) => Ok(row),
            // It may have been among those that were not listed.
            (None, Some(error)) => Err(error.clone()),
            (None, None) => Err(missing(listing, id)),
        }
    }

    /// What all single reads of a sort gave, those that failed left out.
    pub(in crate::opsgenie) async fn read_all(&self, part: Part) -> Result<Vec<Value>, Error> {
        if let Some(error) = &self.recording.contents(part)?.failed {
            return Err(error.clone());
        }
        let path = self.recording.path(part);
        let read = move || {
            let mut lines = Lines::open(&path)?;
            let mut all = Vec::new();
            while let Some(line) = lines.next()? {
                match data(&line.value) {
                    Ok(data) => all.push(data),
                    Err(Reason::Error(_)) => {}
                    Err(Reason::Neither) => return Err(lines.fault(Reason::NEITHER.to_owned())),
                }
            }
            Ok(all)
        };
        aside(read).await.map_err(|fault: Fault| fault.into())
    }

    async fn line(&self, part: Part, id: &RecordId) -> Result<Option<Value>, Fault> {
        let cell = self.recording.shelves.get(&part).ok_or_else(|| self.recording.lacks(part))?;
        let path = self.recording.path(part);
        cell.get_or_try_init(|| aside(move || Shelf::of(&path))).await?;
        let (recording, id) = (Arc::clone(&self.recording), id.clone());
        aside(move || match recording.shelves.get(&part).and_then(OnceCell::get) {
            Some(by_id) => by_id.get(&id),
            None => Ok(None),
        })
        .await
    }

    fn spoilt(&self, part: Part, id: &RecordId, reason: &Reason) -> Error {
        match reason {
            Reason::Error(error) => error.clone(),
            Reason::Neither => {
                let path = self.recording.path(part).display().to_string();
                Fault::Manifest { path, reason: format!("{} for `{id}`", Reason::NEITHER) }.into()
            }
        }
    }
}

/// Why a line gives no data.
enum Reason {
    /// The read failed.
    Error(Error),
    /// It is no line of a single read.
    Neither,
}

impl Reason {
    const NEITHER: &str = "it has neither `data` nor a failure that is known";
}

/// What the line of a single read holds.
fn data(line: &Value) -> Result<Value, Reason> {
    match (line.get(DATA), line.get(FAILED)) {
        (Value::Null, Value::Null) => Err(Reason::Neither),
        (Value::Null, failed) => {
            Err(serde_json::from_slice(&failed.to_bytes()).map_or(Reason::Neither, Reason::Error))
        }
        (data, _) => Ok(data.clone()),
    }
}

fn missing(part: Part, id: &RecordId) -> Error {
    Error::Missing {
        request: format!("`{id}` in `{}`", part.file()),
        message: "it was not there when the account was recorded".to_owned(),
    }
}

/// Records on a page.
const PAGE: usize = 100;

/// A listing while it is read.
#[derive(Debug)]
struct Run {
    replay: Replay,
    listing: Listing,
    part: Part,
    lines: Option<Lines>,
}

impl Run {
    /// The next page; nothing at the end of a listing that is whole.
    fn page(mut self) -> (Result<Option<Page>, Error>, Self) {
        let page = self.read();
        (page, self)
    }

    fn read(&mut self) -> Result<Option<Page>, Error> {
        let recording = Arc::clone(&self.replay.recording);
        let contents = recording.contents(self.part)?;
        if self.lines.is_none() {
            self.lines = Some(Lines::open(&recording.path(self.part))?);
        }
        let Some(lines) = &mut self.lines else { return Ok(None) };
        let mut page = Page::default();
        while page.records.len() + page.faults.len() < PAGE {
            let Some(line) = lines.next()? else {
                if lines.read() != contents.lines {
                    let reason = format!("it is the last, and {} were recorded", contents.lines);
                    return Err(lines.fault(reason).into());
                }
                break;
            };
            let row = self.listing.shown(line.value);
            let wanted = match &self.listing.query {
                Some(query) => recording.finds(query, self.listing.kind, &row)?,
                None => true,
            };
            if wanted {
                page.push(self.listing.kind, row);
            }
        }
        match (page.is_empty(), &contents.failed) {
            (false, _) => Ok(Some(page)),
            (true, Some(error)) => Err(error.clone()),
            (true, None) => Ok(None),
        }
    }
}

impl Listing {
    /// A row as this listing shows it: rotations only where they are wanted.
    fn shown(&self, row: Value) -> Value {
        let surplus = self.rotations == Rotations::Left && !row.get("rotations").is_null();
        let of_schedules = matches!(self.kind, Kind::Schedule | Kind::ScheduleOncall);
        if surplus && of_schedules { row.with("rotations", Value::array(Vec::new())) } else { row }
    }
}

/// Reads files off the threads that drive calls.
async fn aside<T: Send + 'static>(read: impl FnOnce() -> T + Send + 'static) -> T {
    match tokio::task::spawn_blocking(read).await {
        Ok(read) => read,
        Err(failed) => std::panic::resume_unwind(failed.into_panic()),
    }
}
