//! The source of a pass: an account that is asked, or a recording of one.

use std::path::Path;
use std::time::Duration;

use jiff::Timestamp;
use tokio_util::sync::CancellationToken;

use super::client::Live;
use super::recording::{Part, Recording, Replay};
use super::{Error, Listing, Pages};
use crate::http;
use crate::model::{Kind, Record, RecordId};
use crate::secret::Secret;
use crate::value::Value;

/// An Opsgenie account, read only. Clones share everything.
#[derive(Clone, Debug)]
pub struct Opsgenie(Source);

#[derive(Clone, Debug)]
enum Source {
    Live(Live),
    Recorded(Replay),
}

impl Opsgenie {
    /// An account behind `api_url` (scheme, host and perhaps a path). Asks nothing yet.
    pub fn new(http: http::Client, api_url: &str, api_token: Secret) -> Result<Self, Error> {
        Live::new(http, api_url, api_token).map(|live| Self(Source::Live(live)))
    }

    /// The account that was recorded in `folder`, as it was then. Reads the list of what is there, and nothing else yet.
    ///
    /// # Errors
    /// When the folder holds no recording, or not the whole of one, or one of another format.
    pub fn recorded(folder: &Path, stop: CancellationToken) -> Result<Self, Error> {
        let recording = Recording::open(folder)?;
        Ok(Self(Source::Recorded(Replay::new(recording, stop))))
    }

    /// The same account with at most `calls` at once within each domain.
    #[must_use]
    pub fn with_at_most(self, calls: usize) -> Self {
        match self.0 {
            Source::Live(live) => Self(Source::Live(live.with_at_most(calls))),
            Source::Recorded(_) => self,
        }
    }

    /// The same account, with what was learnt about its paces, for another pass that `stop` ends.
    #[must_use]
    pub fn fresh(&self, stop: CancellationToken) -> Self {
        Self(match &self.0 {
            Source::Live(live) => Source::Live(live.fresh(stop)),
            Source::Recorded(replay) => Source::Recorded(replay.fresh(stop)),
        })
    }

    /// The same account with so much patience for one call.
    #[must_use]
    pub fn with_patience(&self, call_budget: Duration) -> Self {
        Self(match &self.0 {
            Source::Live(live) => Source::Live(live.with_patience(call_budget)),
            Source::Recorded(replay) => Source::Recorded(replay.clone()),
        })
    }

    /// The condition under which a listing shows what was changed at `since` or later; none for kinds that cannot be
    /// searched so. Nothing changes in a recording.
    pub async fn changed_since(&self, kind: Kind, since: Timestamp) -> Option<String> {
        match &self.0 {
            Source::Live(live) => live.changed_since(kind, since).await,
            Source::Recorded(_) => None,
        }
    }

    /// What was used up so far in this pass; a recording uses nothing.
    pub fn usage(&self) -> http::Usage {
        match &self.0 {
            Source::Live(live) => live.usage(),
            Source::Recorded(_) => http::Usage::default(),
        }
    }

    /// Lists a kind. `schedule-oncall` lists schedules; who is on call is joined to them elsewhere. `webhook-event` has no
    /// listing: nothing comes.
    pub fn pages(&self, listing: &Listing) -> Pages {
        match &self.0 {
            Source::Live(live) => live.pages(listing),
            Source::Recorded(replay) => replay.pages(listing),
        }
    }

    /// `GET /v2/account`: name, plan, number of users. The cheapest test of a key; recordings have none.
    pub async fn account(&self) -> Result<Value, Error> {
        match &self.0 {
            Source::Live(live) => live.account().await,
            Source::Recorded(replay) => Err(replay.lacks("account")),
        }
    }

    /// A team with its `members`.
    pub async fn team(&self, id: &RecordId) -> Result<Value, Error> {
        match &self.0 {
            Source::Live(live) => live.team(id).await,
            Source::Recorded(replay) => replay.read(Part::TeamDetails, id).await,
        }
    }

    /// An alert with the fields that the list leaves out (`description`, `details`, `entity`, `actions`).
    pub async fn alert(&self, id: &RecordId) -> Result<Record, Error> {
        let body = match &self.0 {
            Source::Live(live) => live.alert(id).await?,
            Source::Recorded(replay) => replay.read(Part::AlertDetails, id).await?,
        };
        Ok(Record { kind: Kind::Alert, id: id.clone(), body })
    }

    /// An alert or an incident by its id, with whatever the source can tell of it: everything, or what a listing shows.
    ///
    /// # Errors
    /// [`Error::Missing`] when it is not there; [`Error::Id`] for the other kinds, which nobody looks up.
    pub async fn look_up(&self, kind: Kind, id: &RecordId) -> Result<Record, Error> {
        let body = match (&self.0, kind) {
            (Source::Live(live), Kind::Alert) => live.alert(id).await?,
            (Source::Live(live), Kind::Incident) => live.incident(id).await?,
            (Source::Recorded(replay), Kind::Alert) => replay.look_up(Part::Alerts, id).await?,
            (Source::Recorded(replay), Kind::Incident) => replay.look_up(Part::Incidents, id).await?,
            (
                _,
                Kind::Service
                | Kind::Team
                | Kind::Schedule
                | Kind::ScheduleOncall
                | Kind::User
                | Kind::WebhookEvent,
            ) => return Err(Error::Id(id.to_string())),
        };
        Ok(Record { kind, id: id.clone(), body })
    }

    /// Who is on call in one schedule: `_parent` and `onCallRecipients`.
    pub async fn oncalls(&self, schedule: &RecordId) -> Result<Value, Error> {
        match &self.0 {
            Source::Live(live) => live.oncalls(schedule).await,
            Source::Recorded(replay) => replay.read(Part::Oncalls, schedule).await,
        }
    }

    /// Who is on call in every schedule, in one call.
    pub async fn all_oncalls(&self) -> Result<Vec<Value>, Error> {
        match &self.0 {
            Source::Live(live) => live.all_oncalls().await,
            Source::Recorded(replay) => replay.read_all(Part::Oncalls).await,
        }
    }

    /// The ids of the alerts that opened an incident or were attached to it.
    pub async fn associated_alert_ids(&self, incident: &RecordId) -> Result<Vec<RecordId>, Error> {
        let ids = match &self.0 {
            Source::Live(live) => live.associated_alert_ids(incident).await?,
            Source::Recorded(replay) => replay.read(Part::IncidentAlerts, incident).await?,
        };
        let ids = ids.as_array().unwrap_or_default().iter();
        Ok(ids.filter_map(|id| RecordId::new(id.as_str()?).ok()).collect())
    }
}
