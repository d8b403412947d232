//! What is recorded of each kind: its listing, and the single reads that mappings may need.

use std::collections::BTreeSet;
use std::sync::Arc;

use futures::{StreamExt as _, stream};

use super::folder::Sheet;
use super::redact::Redactor;
use super::{Failure, Fault, Refusal};
use crate::enrich::Patience;
use crate::model::{Kind, RecordId};
use crate::opsgenie::recording::{Contents, DATA, FAILED, ID, Part};
use crate::opsgenie::{Error, Listing, Opsgenie, Page, Rotations};
use crate::value::{Object, Value};

/// Single reads at once; the pace of their domain decides how many of them are on the wire.
const AT_ONCE: usize = 16;

/// A file that was written.
#[derive(Clone, Debug)]
pub(super) struct Written {
    pub(super) part: Part,
    pub(super) contents: Contents,
    pub(super) failure: Option<Failure>,
}

/// Lists users. Their names are known to the redactor from then on.
pub(super) async fn users(
    source: &Opsgenie,
    mut sheet: Sheet,
    redactor: &mut Redactor,
) -> Result<Written, Refusal> {
    let mut pages = source.pages(&Listing::all(Kind::User));
    let mut failed = None;
    while let Some(page) = pages.next().await {
        match page {
            Ok(page) => {
                let rows = rows(&page);
                redactor.learn(&rows);
                for row in &rows {
                    sheet.write(&redactor.redacted(row))?;
                }
            }
            Err(error) => failed = Some(unless_stopped(error)?),
        }
    }
    listed(sheet, failed)
}

/// What records the other kinds.
#[derive(Clone, Copy)]
pub(super) struct Recorder<'a> {
    pub(super) source: &'a Opsgenie,
    pub(super) redactor: &'a Arc<Redactor>,
}

impl Recorder<'_> {
    /// Services, teams, and each team that is listed or owns a service with its members.
    pub(super) async fn services_and_teams(
        self,
        [services, teams, details]: [Sheet; 3],
    ) -> Result<Vec<Written>, Refusal> {
        let mut ids = BTreeSet::new();
        let services = self.list(Listing::all(Kind::Service), services, async |page| {
            let owners = page.records.iter().filter_map(|service| service.body.get("teamId").as_str());
            ids.extend(owners.filter_map(|id| RecordId::new(id).ok()));
            Ok(())
        });
        let services = services.await?;
        let teams = self.list(Listing::all(Kind::Team), teams, async |page| {
            ids.extend(page.records.iter().map(|team| team.id.clone()));
            Ok(())
        });
        let teams = teams.await?;
        let mut reads = Reads::new(details);
        self.read(&mut reads, ids.into_iter().collect(), async |id| self.source.team(id).await).await?;
        Ok(vec![services, teams, reads.close(None)?])
    }

    /// Schedules with their rotations, and who is on call in each: by one call for all, as far as that goes.
    pub(super) async fn schedules(self, [schedules, oncalls]: [Sheet; 2]) -> Result<Vec<Written>, Refusal> {
        let mut ids = Vec::new();
        let listing = Listing { rotations: Rotations::Expanded, ..Listing::all(Kind::Schedule) };
        let schedules = self.list(listing, schedules, async |page| {
            ids.extend(page.records.iter().map(|schedule| schedule.id.clone()));
            Ok(())
        });
        let schedules = schedules.await?;
        let mut reads = Reads::new(oncalls);
        let together = match self.source.all_oncalls().await {
            Ok(rows) => rows,
            Err(error) if error.is_refusal() => Vec::new(),
            Err(error) => return Ok(vec![schedules, reads.close(Some(unless_stopped(error)?))?]),
        };
        let mut known = BTreeSet::new();
        for row in together {
            if let Some(Ok(id)) = row.get("_parent").get("id").as_str().map(RecordId::new) {
                reads.take(&id, Ok(row), self.redactor)?;
                known.insert(id);
            }
        }
        ids.retain(|id| !known.contains(id));
        self.read(&mut reads, ids, async |id| self.source.oncalls(id).await).await?;
        Ok(vec![schedules, reads.close(None)?])
    }

    /// Incidents, and the ids of the alerts of each.
    pub(super) async fn incidents(self, [incidents, alerts]: [Sheet; 2]) -> Result<Vec<Written>, Refusal> {
        let mut reads = Reads::new(alerts);
        let incidents = self.list(Listing::all(Kind::Incident), incidents, async |page| {
            let ids = page.records.iter().map(|incident| incident.id.clone()).collect();
            let read = async |id: &RecordId| {
                let alerts = self.source.associated_alert_ids(id).await?;
                Ok(alerts.iter().map(|id| Value::from(id.as_str())).collect())
            };
            self.read(&mut reads, ids, read).await
        });
        Ok(vec![incidents.await?, reads.close(None)?])
    }

    /// Alerts; whole, too, where there is a file for it.
    pub(super) async fn alerts(self, alerts: Sheet, details: Option<Sheet>) -> Result<Vec<Written>, Refusal> {
        let mut reads = details.map(Reads::new);
        let alerts = self.list(Listing::all(Kind::Alert), alerts, async |page| match &mut reads {
            Some(reads) => {
                let ids = page.records.iter().map(|alert| alert.id.clone()).collect();
                self.read(reads, ids, async |id| self.source.alert(id).await.map(|alert| alert.body)).await
            }
            None => Ok(()),
        });
        let alerts = alerts.await?;
        let details = reads.map(|reads| reads.close(None)).transpose()?;
        Ok([alerts].into_iter().chain(details).collect())
    }

    /// Writes a listing, page after page; `then` looks at each page.
    async fn list(
        self,
        listing: Listing,
        mut sheet: Sheet,
        mut then: impl AsyncFnMut(&Page) -> Result<(), Refusal>,
    ) -> Result<Written, Refusal> {
        let mut pages = self.source.pages(&listing);
        let mut failed = None;
        while let Some(page) = pages.next().await {
            match page {
                Ok(page) => {
                    sheet = self.put(sheet, rows(&page)).await?;
                    then(&page).await?;
                }
                Err(error) => failed = Some(unless_stopped(error)?),
            }
        }
        listed(sheet, failed)
    }

    /// Redacts and writes off the threads that drive calls.
    async fn put(self, mut sheet: Sheet, rows: Vec<Value>) -> Result<Sheet, Fault> {
        let redactor = Arc::clone(self.redactor);
        let written = tokio::task::spawn_blocking(move || {
            rows.iter().try_for_each(|row| sheet.write(&redactor.redacted(row))).map(|()| sheet)
        });
        match written.await {
            Ok(written) => written,
            Err(failed) => std::panic::resume_unwind(failed.into_panic()),
        }
    }

    /// Reads one by one, and keeps what each gave.
    async fn read(
        self,
        reads: &mut Reads,
        ids: Vec<RecordId>,
        read: impl AsyncFn(&RecordId) -> Result<Value, Error>,
    ) -> Result<(), Refusal> {
        let (read, patience) = (&read, Arc::clone(&reads.patience));
        let patience = &patience;
        let asked = ids.iter().map(|id| async move { (id, patience.ask(|| read(id)).await) });
        let mut answers = stream::iter(asked).buffered(AT_ONCE);
        while let Some((id, answer)) = answers.next().await {
            reads.take(id, answer, self.redactor)?;
        }
        Ok(())
    }
}

/// Single reads of one sort.
struct Reads {
    sheet: Sheet,
    patience: Arc<Patience>,
    failed: u64,
    first: Option<Error>,
}

impl Reads {
    fn new(sheet: Sheet) -> Self {
        Self { sheet, patience: Arc::default(), failed: 0, first: None }
    }

    fn take(
        &mut self,
        id: &RecordId,
        answer: Result<Value, Error>,
        redactor: &Redactor,
    ) -> Result<(), Refusal> {
        let (key, value) = match answer {
            Ok(data) => (DATA, data),
            Err(error) => {
                let error = unless_stopped(error)?;
                let told = serde_json::to_vec(&error).ok().and_then(|json| Value::parse(&json).ok());
                // What is gone is gone: nothing failed.
                if !matches!(error, Error::Missing { .. }) {
                    self.failed += 1;
                    self.first.get_or_insert(error);
                }
                (FAILED, told.unwrap_or_default())
            }
        };
        let line: Object = [(ID, Value::from(id.as_str())), (key, value)].into_iter().collect();
        Ok(self.sheet.write(&redactor.redacted(&Value::object(line)))?)
    }

    /// Closes the file; `failed` is what every read would have come to.
    fn close(self, failed: Option<Error>) -> Result<Written, Refusal> {
        let Self { sheet, patience: _, failed: count, first } = self;
        let part = sheet.part;
        let (lines, bytes) = sheet.close()?;
        let failure = match &failed {
            Some(error) => Some(Failure { part, error: error.clone(), reads: None }),
            None => first.map(|error| Failure { part, error, reads: Some(count) }),
        };
        Ok(Written { part, contents: Contents { lines, bytes, failed }, failure })
    }
}

/// The rows of a page as they came, those without an id at its end.
fn rows(page: &Page) -> Vec<Value> {
    let records = page.records.iter().map(|record| record.body.clone());
    records.chain(page.faults.iter().map(|fault| fault.row.clone())).collect()
}

fn listed(sheet: Sheet, failed: Option<Error>) -> Result<Written, Refusal> {
    let part = sheet.part;
    let (lines, bytes) = sheet.close()?;
    let failure = failed.clone().map(|error| Failure { part, error, reads: None });
    Ok(Written { part, contents: Contents { lines, bytes, failed }, failure })
}

/// A stop ends everything; another error is kept.
fn unless_stopped(error: Error) -> Result<Error, Refusal> {
    match error {
        Error::Stopped => Err(Refusal::Stopped),
        error => Ok(error),
    }
}
