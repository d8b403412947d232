//! Live events: the stages of a pass, for a handful of alerts.
//!
//! A notification is a hint and nothing more. The alert is read again, and what is read is mapped as in a pass: the same
//! filter, selectors, lookups and identifiers, so that a pass that follows finds nothing to do.

mod ground;
mod outcome;
mod work;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures::{StreamExt as _, stream};
use tokio_util::sync::CancellationToken;

pub use outcome::{Again, Changes, Outcome, Trouble};

use self::ground::Ground;
use self::work::{Made, Work};
use super::Sides;
use crate::apply::Interlock;
use crate::catalog::Event;
use crate::config::Settings;
use crate::enrich::Enriched;
use crate::jq::Environment;
use crate::model::{EntityKey, Kind, Record, RecordId};
use crate::value::Value;

/// Alerts of one call that are read at once.
const READ_AT_ONCE: usize = 8;

/// One call waits no longer than this to be repeated: whoever works events off tries again by itself.
const PATIENCE: Duration = Duration::from_secs(5);

/// Works events off. Clones share what they stand on.
#[derive(Clone, Debug)]
pub struct Live(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    settings: Settings,
    sides: Sides,
    environment: Environment,
    interlock: Interlock,
    ground: tokio::sync::Mutex<Option<Arc<Ground>>>,
    /// False once the mapping is known to leave notifications alone.
    notifications: AtomicBool,
}

/// An alert that something has happened to.
#[derive(Clone, Debug)]
pub struct Hinted {
    /// Which.
    pub alert: RecordId,
    /// Entities that are known to have come from it before, where its id does not tell.
    pub before: Vec<EntityKey>,
}

/// A notification that is mapped as it is.
#[derive(Clone, Debug)]
pub struct Notified {
    /// The alert that it is about, or a name of its own.
    pub subject: RecordId,
    /// What was posted.
    pub body: Value,
}

impl Live {
    /// Events of these sides. Nothing is read before the first one comes.
    pub fn new(settings: &Settings, sides: &Sides, environment: Environment, interlock: Interlock) -> Self {
        Self(Arc::new(Inner {
            settings: settings.clone(),
            sides: sides.clone(),
            environment,
            interlock,
            ground: tokio::sync::Mutex::default(),
            notifications: AtomicBool::new(true),
        }))
    }

    /// Forgets what events stand on: the mapping has changed.
    pub async fn lay_anew(&self) {
        *self.0.ground.lock().await = None;
    }

    /// Whether the mapping may take notifications as they are (kind `webhook-event`): true until it is known.
    pub fn may_take_notifications(&self) -> bool {
        self.0.notifications.load(Ordering::Relaxed)
    }

    /// Makes the catalog agree with these alerts, which must be distinct; an outcome each, in their order.
    pub async fn alerts(&self, hinted: Vec<Hinted>, stop: &CancellationToken) -> Vec<Outcome> {
        let ground = match self.ground(stop).await {
            Ok(ground) => ground,
            Err(trouble) => return vec![Outcome::Failed(trouble); hinted.len()],
        };
        let rules = ground.of_kind(Kind::Alert);
        if rules.is_empty() {
            return vec![Outcome::Settled(Changes::default()); hinted.len()];
        }
        let sides = self.sides(stop);
        let _claim =
            self.0.interlock.claim_for_event(hinted.iter().map(|one| one.alert.clone()).collect()).await;
        let work = Work { ground: &ground, sides: &sides, settings: &self.0.settings, rules: &rules };
        let reads: Vec<_> = hinted.into_iter().map(|hinted| work.read(hinted)).collect();
        let readings: Vec<(Hinted, Result<Made, Trouble>)> =
            stream::iter(reads).buffered(READ_AT_ONCE).collect().await;
        let mut outcomes = work.settle(&readings).await;
        let refused =
            |outcome: &Outcome| matches!(outcome, Outcome::Failed(Trouble { again: Again::Never, .. }));
        if readings.len() > 1 && outcomes.iter().any(refused) {
            // The catalog's counts are of the whole call: one by one they tell whose entity it did not take.
            for (reading, outcome) in readings.iter().zip(&mut outcomes) {
                if reading.1.is_ok() {
                    *outcome = work.settle(std::slice::from_ref(reading)).await.remove(0);
                }
            }
        }
        for ((hinted, made), outcome) in readings.iter().zip(&outcomes) {
            if let (Ok(made), Outcome::Settled(_)) = (made, outcome) {
                let keys = made.mapped.iter().filter_map(|mapped| mapped.entity.key());
                self.0.interlock.note(&hinted.alert, made.settled, keys);
            }
        }
        outcomes
    }

    /// Maps notifications as they are, for kind `webhook-event`; an outcome each, in their order. Nothing is read back
    /// from Opsgenie, and nothing is deleted.
    pub async fn notifications(&self, notified: Vec<Notified>, stop: &CancellationToken) -> Vec<Outcome> {
        let ground = match self.ground(stop).await {
            Ok(ground) => ground,
            Err(trouble) => return vec![Outcome::Failed(trouble); notified.len()],
        };
        let rules = ground.of_kind(Kind::WebhookEvent);
        let sides = self.sides(stop);
        let work = Work { ground: &ground, sides: &sides, settings: &self.0.settings, rules: &rules };
        let mut outcomes = Vec::with_capacity(notified.len());
        for Notified { subject, body } in notified {
            let record = Record { kind: Kind::WebhookEvent, id: subject.clone(), body };
            let made = work.map(&Enriched { record, failed: Vec::new() }, &rules);
            let reading = (Hinted { alert: subject, before: Vec::new() }, made);
            outcomes.push(work.settle(std::slice::from_ref(&reading)).await.remove(0));
        }
        outcomes
    }

    fn sides(&self, stop: &CancellationToken) -> Sides {
        Sides {
            source: self.0.sides.source.fresh(stop.clone()).with_patience(PATIENCE),
            catalog: self.0.sides.catalog.for_pass(Event::Webhook, stop.clone()).with_patience(PATIENCE),
        }
    }

    async fn ground(&self, stop: &CancellationToken) -> Result<Arc<Ground>, Trouble> {
        let mut held = self.0.ground.lock().await;
        if let Some(ground) = held.as_ref().filter(|ground| ground.is_fresh()) {
            return Ok(ground.clone());
        }
        let Inner { settings, environment, notifications, .. } = &*self.0;
        let laid = Ground::lay(settings, &self.sides(stop), environment.clone()).await;
        match (laid.map_err(|failure| Trouble::of_failure(&failure)), &*held) {
            (Ok(ground), _) => {
                notifications.store(ground.takes_notifications(), Ordering::Relaxed);
                Ok(held.insert(Arc::new(ground)).clone())
            }
            // What was good a while ago is better than nothing.
            (Err(trouble), Some(old)) => {
                tracing::warn!(
                    error = trouble.text,
                    "live events go on with the mapping that was read before"
                );
                Ok(old.clone())
            }
            (Err(trouble), None) => Err(trouble),
        }
    }
}
