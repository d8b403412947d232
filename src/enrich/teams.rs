//! Teams with their members: one read per team, because no listing names members.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::OnceCell;

use crate::model::{Lookup, Record, RecordId};
use crate::opsgenie::{Error, Opsgenie};
use crate::value::{Reach, Value};

use super::Wanted;
use super::patience::Patience;

/// The id of the team that owns a service, if one does.
pub(super) fn team_of(service: &Record) -> Option<RecordId> {
    // `null` on services of the system.
    RecordId::new(service.body.get("teamId").as_str()?).ok()
}

type Cell = Arc<OnceCell<Result<Value, Error>>>;

/// A result per key, fetched once.
#[derive(Debug, Default)]
pub(super) struct Once {
    cells: Mutex<HashMap<RecordId, Cell>>,
    patience: Patience,
}

impl Once {
    pub(super) async fn get<F>(&self, id: &RecordId, fetch: impl FnOnce() -> F) -> Result<Value, Error>
    where
        F: Future<Output = Result<Value, Error>>,
    {
        let cell = {
            let mut cells = self.cells.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(cells.entry(id.clone()).or_default())
        };
        cell.get_or_init(|| self.patience.ask(fetch)).await.clone()
    }
}

#[derive(Debug)]
pub(super) struct Teams {
    source: Opsgenie,
    /// What is kept of each.
    kept: Reach,
    read: Once,
}

impl Teams {
    pub(super) fn new(source: &Opsgenie, wanted: &Wanted) -> Self {
        let members = wanted.of_each(Lookup::Members).map(|members| Reach::under("members", members));
        let kept = wanted.of_each(Lookup::Team).into_iter().chain(members).fold(Reach::outside(), Reach::or);
        Self { source: source.clone(), kept, read: Once::default() }
    }

    /// `__team` of a service: the team, members included.
    pub(super) async fn of_service(&self, service: &Record) -> Result<Option<Value>, Error> {
        match team_of(service) {
            Some(id) => self.team(&id).await.map(Some),
            None => Ok(None),
        }
    }

    /// `__members` of a team.
    pub(super) async fn members(&self, team: &Record) -> Result<Value, Error> {
        let team = self.team(&team.id).await?;
        Ok(match team.get("members") {
            Value::Null => Value::array(Vec::new()),
            members => members.clone(),
        })
    }

    async fn team(&self, id: &RecordId) -> Result<Value, Error> {
        self.read.get(id, || async { Ok(self.kept.cut(&self.source.team(id).await?)) }).await
    }
}
