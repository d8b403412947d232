//! Sorting, and remembering what a query selected so that its pages need no new search.

use std::collections::VecDeque;
use std::sync::Arc;

use super::envelope::Refusal;
use crate::sandbox::server::Asked;
use crate::sandbox::world::{Alert, Incident};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Order {
    Ascending,
    Descending,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sort {
    Created,
    Inserted,
    Updated,
    LastOccurred,
    TinyId,
    Message,
    Status,
    Priority,
    Count,
    Owner,
    Source,
}

/// What rows are compared by.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum SortKey<'a> {
    Number(i128),
    Text(&'a str),
}

impl Sort {
    pub(super) fn of_alerts(name: &str) -> Option<Self> {
        Some(match name {
            "createdAt" => Self::Created,
            "updatedAt" => Self::Updated,
            "lastOccurredAt" | "lastOccuredAt" => Self::LastOccurred,
            "tinyId" => Self::TinyId,
            "message" => Self::Message,
            "status" => Self::Status,
            "count" => Self::Count,
            "owner" => Self::Owner,
            "source" => Self::Source,
            _ => return None,
        })
    }

    pub(super) fn of_incidents(name: &str) -> Option<Self> {
        Some(match name {
            "createdAt" => Self::Created,
            "insertedAt" => Self::Inserted,
            "updatedAt" => Self::Updated,
            "tinyId" => Self::TinyId,
            "message" => Self::Message,
            "status" => Self::Status,
            "priority" => Self::Priority,
            _ => return None,
        })
    }

    pub(super) fn of_alert(self, alert: &Alert) -> SortKey<'_> {
        match self {
            Self::Created | Self::Inserted => SortKey::Number(alert.created_ms.into()),
            Self::Updated => SortKey::Number(alert.updated_ms.into()),
            Self::LastOccurred => SortKey::Number(alert.last_occurred_ms.into()),
            Self::TinyId => SortKey::Number(alert.tiny_id.into()),
            Self::Count => SortKey::Number(alert.count.into()),
            Self::Message => SortKey::Text(&alert.message),
            Self::Status => SortKey::Text(alert.status.name()),
            Self::Priority => SortKey::Text(alert.priority.name()),
            Self::Owner => SortKey::Text(&alert.owner),
            Self::Source => SortKey::Text(&alert.source),
        }
    }

    pub(super) fn of_incident(self, incident: &Incident) -> SortKey<'_> {
        match self {
            Self::Updated | Self::LastOccurred => SortKey::Number(incident.updated_ms.into()),
            Self::TinyId => SortKey::Number(incident.tiny_id.into()),
            Self::Message => SortKey::Text(&incident.message),
            Self::Status => SortKey::Text(incident.status.name()),
            Self::Priority => SortKey::Text(incident.priority.name()),
            Self::Created | Self::Inserted | Self::Count | Self::Owner | Self::Source => {
                SortKey::Number(incident.created_ms.into())
            }
        }
    }
}

/// What a listing asks for, pages apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Wanted {
    pub(super) query: String,
    pub(super) sort: Sort,
    pub(super) order: Order,
}

impl Wanted {
    pub(super) fn of(asked: &Asked, sorts: fn(&str) -> Option<Sort>, default: Sort) -> Result<Self, Refusal> {
        let sort = match asked.param("sort") {
            None => default,
            Some(name) => sorts(name).ok_or_else(|| Refusal::syntax(format!("cannot sort by {name}")))?,
        };
        let order = match asked.param("order") {
            None | Some("desc") => Order::Descending,
            Some("asc") => Order::Ascending,
            Some(other) => {
                return Err(Refusal::syntax(format!("order must be asc or desc, not {other}")));
            }
        };
        Ok(Self { query: asked.param("query").unwrap_or_default().to_owned(), sort, order })
    }
}

/// How many selections are remembered per kind: more than a client walks at once.
const REMEMBERED: usize = 32;

#[derive(Debug, Default)]
pub(super) struct Selections {
    pub(super) alerts: Remembered,
    pub(super) incidents: Remembered,
}

#[derive(Debug, Default)]
pub(super) struct Remembered {
    version: u64,
    known: VecDeque<(Wanted, Arc<[u32]>)>,
}

impl Remembered {
    pub(super) fn find(&self, wanted: &Wanted, version: u64) -> Option<Arc<[u32]>> {
        if self.version != version {
            return None;
        }
        let mut known = self.known.iter();
        known.find(|(one, _)| one == wanted).map(|(_, found)| Arc::clone(found))
    }

    pub(super) fn keep(&mut self, wanted: Wanted, version: u64, found: &Arc<[u32]>) {
        if self.version != version {
            self.known.clear();
            self.version = version;
        }
        if self.known.len() >= REMEMBERED {
            self.known.pop_front();
        }
        self.known.push_back((wanted, Arc::clone(found)));
    }
}
