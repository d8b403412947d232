//! The incident of an alert: only incidents know their alerts, so each incident is asked once.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use futures::StreamExt as _;
use tokio::sync::OnceCell;

use crate::model::{Record, RecordId};
use crate::opsgenie::{Error, Opsgenie};
use crate::value::Value;

use super::patience::Patience;
use super::shared::Shared;

/// Incidents asked at once; the pace of the domain decides how many of them are on the wire.
const AT_ONCE: usize = 16;

#[derive(Debug)]
pub(super) struct Related {
    source: Opsgenie,
    index: OnceCell<Result<Index, Error>>,
}

#[derive(Debug, Default)]
struct Index {
    /// Newest first, as Opsgenie lists them by itself.
    incidents: Vec<Value>,
    /// The first incident of each alert.
    by_alert: HashMap<RecordId, usize>,
    /// The first incident that did not say which alerts it has.
    silent: Option<(usize, Error)>,
}

impl Related {
    pub(super) fn new(source: &Opsgenie) -> Self {
        Self { source: source.clone(), index: OnceCell::new() }
    }

    /// `__relatedIncident` of an alert: the first incident, in the order of the API, with which it is associated.
    pub(super) async fn of_alert(&self, shared: &Shared, alert: &Record) -> Result<Option<Value>, Error> {
        let index = self.index.get_or_init(|| self.ask_all(shared)).await;
        index.as_ref().map_err(Clone::clone)?.find(&alert.id)
    }

    /// Asks every incident, unless that was done.
    pub(super) async fn fetch(&self, shared: &Shared) {
        let _index: &Result<Index, Error> = self.index.get_or_init(|| self.ask_all(shared)).await;
    }

    async fn alerts_of(&self, incident: &RecordId, patience: &Patience) -> Result<Vec<RecordId>, Error> {
        match patience.ask(|| self.source.associated_alert_ids(incident)).await {
            // The incident was deleted meanwhile: it has no alerts any more.
            Err(Error::Missing { .. }) => Ok(Vec::new()),
            answer => answer,
        }
    }

    async fn ask_all(&self, shared: &Shared) -> Result<Index, Error> {
        let listed = shared.incidents().await;
        let incidents = listed.whole()?;
        let patience = &Patience::default();
        let asked: Vec<_> =
            incidents.iter().rev().map(|incident| self.alerts_of(&incident.id, patience)).collect();
        let mut answers = futures::stream::iter(asked).buffered(AT_ONCE);
        let mut index = Index::default();
        for incident in incidents.iter().rev() {
            let answer = answers.next().await.expect("one answer for each incident");
            index.add(incident, answer)?;
        }
        Ok(index)
    }
}

impl Index {
    fn add(&mut self, incident: &Record, answer: Result<Vec<RecordId>, Error>) -> Result<(), Error> {
        let position = self.incidents.len();
        match answer {
            Ok(alerts) => {
                for alert in alerts {
                    if let Entry::Vacant(entry) = self.by_alert.entry(alert) {
                        entry.insert(position);
                    }
                }
            }
            // These will not be different for the next one.
            Err(
                error @ (Error::Stopped
                | Error::Plan { .. }
                | Error::Forbidden { .. }
                | Error::KeyRefused { .. }),
            ) => {
                return Err(error);
            }
            Err(error) => {
                self.silent.get_or_insert((position, error));
            }
        }
        self.incidents.push(incident.body.clone());
        Ok(())
    }

    /// A silent incident may hold any alert for which no earlier incident has spoken.
    fn find(&self, alert: &RecordId) -> Result<Option<Value>, Error> {
        let found = self.by_alert.get(alert);
        match &self.silent {
            Some((silent, error)) if found.is_none_or(|found| found > silent) => Err(error.clone()),
            _ => Ok(found.map(|&found| self.incidents[found].clone())),
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::model::Kind;

    use super::*;

    fn id(text: &str) -> RecordId {
        RecordId::new(text).unwrap()
    }

    fn index(answers: Vec<(&str, Result<Vec<&str>, Error>)>) -> Index {
        let mut index = Index::default();
        for (incident, answer) in answers {
            let body = Value::parse(format!(r#"{{"id": "{incident}"}}"#).as_bytes()).unwrap();
            let record = Record { kind: Kind::Incident, id: id(incident), body };
            let answer = answer.map(|alerts| alerts.into_iter().map(id).collect());
            index.add(&record, answer).unwrap();
        }
        index
    }

    fn found(index: &Index, alert: &str) -> Result<Option<String>, ()> {
        let found = index.find(&id(alert)).map_err(|_| ())?;
        Ok(found.map(|incident| incident.get("id").as_str().unwrap().to_owned()))
    }

    #[test]
    fn the_first_incident_of_an_alert_counts() {
        let index = index(vec![("new", Ok(vec!["a"])), ("old", Ok(vec!["a", "b"]))]);
        assert_eq!(found(&index, "a"), Ok(Some("new".into())));
        assert_eq!(found(&index, "b"), Ok(Some("old".into())));
        assert_eq!(found(&index, "c"), Ok(None));
    }

    #[test]
    fn a_silent_incident_makes_uncertain_what_it_might_hold() {
        let silent = Err(Error::Unavailable("503".into()));
        let index = index(vec![("new", Ok(vec!["a"])), ("mute", silent), ("old", Ok(vec!["b"]))]);
        assert_eq!(found(&index, "a"), Ok(Some("new".into())));
        assert_eq!(found(&index, "b"), Err(()), "the silent one may come first");
        assert_eq!(found(&index, "c"), Err(()));
    }
}
