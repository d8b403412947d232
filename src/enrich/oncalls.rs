//! Who is on call: one call for all schedules, one per schedule only where that is refused or leaves one out.

use std::collections::HashMap;

use tokio::sync::OnceCell;

use crate::model::{Lookup, Record, RecordId};
use crate::opsgenie::{Error, Opsgenie};
use crate::value::{Reach, Value};

use super::Wanted;
use super::shared::Shared;
use super::teams::{Once, team_of};

type Owners = HashMap<RecordId, RecordId>;

#[derive(Debug)]
pub(super) struct Oncalls {
    source: Opsgenie,
    /// What is kept of each.
    kept: Reach,
    /// What the one call gave, by schedule; empty where it is not allowed.
    all: OnceCell<Result<HashMap<RecordId, Value>, Error>>,
    single: Once,
    /// The first schedule of each team.
    owners: OnceCell<Result<Owners, Error>>,
}

impl Oncalls {
    pub(super) fn new(source: &Opsgenie, wanted: &Wanted) -> Self {
        let read = [Lookup::Oncalls, Lookup::CurrentOncalls].into_iter();
        let read = read.filter_map(|lookup| wanted.of_each(lookup));
        Self {
            source: source.clone(),
            kept: read.fold(Reach::outside(), Reach::or),
            all: OnceCell::new(),
            single: Once::default(),
            owners: OnceCell::new(),
        }
    }

    /// `__oncalls` of a service: of the first schedule that its team owns.
    pub(super) async fn of_service(&self, shared: &Shared, service: &Record) -> Result<Option<Value>, Error> {
        let Some(team) = team_of(service) else { return Ok(None) };
        let owners =
            self.owners.get_or_init(|| async { Ok(owners(shared.schedules().await.whole()?)) }).await;
        match owners.as_ref().map_err(Clone::clone)?.get(&team) {
            Some(schedule) => self.of(schedule).await.map(Some),
            None => Ok(None),
        }
    }

    /// `__currentOncalls` of a schedule: `_parent` and `onCallRecipients`.
    pub(super) async fn of(&self, schedule: &RecordId) -> Result<Value, Error> {
        let all = self.all.get_or_init(|| self.fetch_all()).await;
        if let Some(oncalls) = all.as_ref().map_err(Clone::clone)?.get(schedule) {
            return Ok(oncalls.clone());
        }
        self.single.get(schedule, || async { Ok(self.kept.cut(&self.source.oncalls(schedule).await?)) }).await
    }

    async fn fetch_all(&self) -> Result<HashMap<RecordId, Value>, Error> {
        let rows = match self.source.all_oncalls().await {
            Ok(rows) => rows,
            Err(error) if error.is_refusal() => {
                tracing::debug!(%error, "asking schedule by schedule who is on call");
                Vec::new()
            }
            Err(error) => return Err(error),
        };
        let id = |row: &Value| RecordId::new(row.get("_parent").get("id").as_str()?).ok();
        Ok(rows.into_iter().filter_map(|row| Some((id(&row)?, self.kept.cut(&row)))).collect())
    }
}

fn owners(schedules: &[Record]) -> Owners {
    let mut owners = Owners::new();
    for schedule in schedules {
        if let Some(Ok(team)) = schedule.body.get("ownerTeam").get("id").as_str().map(RecordId::new) {
            owners.entry(team).or_insert_with(|| schedule.id.clone());
        }
    }
    owners
}
