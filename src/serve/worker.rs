//! Works the queue off: takes what is ready, some alerts at a time, and puts back what could not be delivered.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use tokio_util::sync::CancellationToken;

use super::hint::What;
use super::ladder::{Deliveries, Delivery, Turn};
use super::metrics::{EventEnd, Metrics};
use super::queue::{Queue, Taken};
use super::store::State;
use crate::model::Kind;
use crate::sync::{Again, Hinted, Live, Notified, Outcome};
use crate::value::Value;

/// Workers: while one waits for the catalog another reads from Opsgenie.
pub(super) const WORKERS: usize = 4;

/// Events of one call at most: what fits into one bulk call of the catalog.
const TOGETHER: usize = 20;

/// A target that may be left alone.
#[derive(Debug)]
pub(super) struct Target {
    deliveries: Mutex<Deliveries>,
    /// Held by the one worker that tries, while the target is left alone.
    turn: tokio::sync::Mutex<()>,
}

impl Target {
    pub(super) fn new() -> Self {
        Self { deliveries: Mutex::new(Deliveries::new(Instant::now())), turn: tokio::sync::Mutex::default() }
    }

    /// Whether it is left alone.
    pub(super) fn is_paused(&self) -> bool {
        self.probe_at().is_some()
    }

    fn probe_at(&self) -> Option<Instant> {
        self.deliveries.lock().unwrap_or_else(PoisonError::into_inner).probe_at()
    }

    fn note(&self, delivery: Delivery) {
        let turn =
            self.deliveries.lock().unwrap_or_else(PoisonError::into_inner).note(delivery, Instant::now());
        match turn {
            Turn::None => {}
            Turn::Paused => tracing::error!(
                "most live events of the last twelve hours could not be delivered: they are kept, and one is tried \
                 every ten minutes until it goes well"
            ),
            Turn::Resumed => tracing::info!("live events can be delivered again"),
        }
    }
}

/// What a worker works with.
#[derive(Clone, Debug)]
pub(super) struct Worker {
    pub(super) queue: Arc<Queue>,
    pub(super) live: Live,
    pub(super) target: Arc<Target>,
    pub(super) metrics: Arc<Metrics>,
    /// No new work after it.
    pub(super) drain: CancellationToken,
    /// What is in hand is dropped.
    pub(super) abort: CancellationToken,
}

impl Worker {
    /// Works until it is told to stop; what it has in hand then it finishes.
    pub(super) async fn run(self) {
        loop {
            let turn = if self.target.is_paused() {
                tokio::select! {
                    turn = self.target.turn.lock() => Some(turn),
                    () = self.drain.cancelled() => return,
                }
            } else {
                None
            };
            if let Some(probe_at) = self.target.probe_at() {
                tokio::select! {
                    () = tokio::time::sleep_until(probe_at.into()) => {}
                    () = self.drain.cancelled() => return,
                }
            }
            let most = if turn.is_some() { 1 } else { TOGETHER };
            let taken = tokio::select! {
                biased;
                () = self.drain.cancelled() => return,
                taken = self.queue.take(most) => taken,
            };
            let (alerts, notifications): (Vec<Taken>, Vec<Taken>) =
                taken.into_iter().partition(|taken| taken.hint.subject.what == What::Alert);
            self.alerts(alerts).await;
            self.notifications(notifications).await;
        }
    }

    async fn alerts(&self, taken: Vec<Taken>) {
        if taken.is_empty() {
            return;
        }
        let ids: Vec<_> = taken.iter().map(|taken| taken.hint.subject.alert.clone()).collect();
        let before = match self.queue.store() {
            Some(store) => store.before(ids.clone()).await,
            None => vec![Vec::new(); ids.len()],
        };
        let known: Vec<bool> = before.iter().map(|keys| !keys.is_empty()).collect();
        let hinted = ids.into_iter().zip(before).map(|(alert, before)| Hinted { alert, before }).collect();
        let outcomes = self.live.alerts(hinted, &self.abort).await;
        for ((taken, outcome), known) in taken.iter().zip(outcomes).zip(known) {
            if let (Outcome::Settled(changes), Some(store)) = (&outcome, self.queue.store())
                && (known || !changes.made.is_empty())
            {
                store.made(taken.hint.subject.alert.clone(), changes.made.clone()).await;
            }
            self.settle(taken, &outcome, Kind::Alert).await;
        }
    }

    async fn notifications(&self, taken: Vec<Taken>) {
        if taken.is_empty() {
            return;
        }
        let notified = |taken: &Taken| Notified {
            subject: taken.hint.subject.alert.clone(),
            // It was read once before it was accepted.
            body: taken.hint.body.as_deref().map(Value::parse).and_then(Result::ok).unwrap_or_default(),
        };
        let outcomes = self.live.notifications(taken.iter().map(notified).collect(), &self.abort).await;
        for (taken, outcome) in taken.iter().zip(outcomes) {
            self.settle(taken, &outcome, Kind::WebhookEvent).await;
        }
    }

    async fn settle(&self, taken: &Taken, outcome: &Outcome, kind: Kind) {
        let alert = &taken.hint.subject.alert;
        match outcome {
            Outcome::Settled(changes) => {
                self.target.note(Delivery::Done);
                self.metrics.changed(kind, changes);
                self.metrics.tried(EventEnd::Settled);
                self.metrics.delayed(taken.accepted.elapsed());
                tracing::debug!(%alert, action = taken.hint.action, "live event settled");
                self.queue.done(taken).await;
            }
            Outcome::Failed(_) if self.abort.is_cancelled() => {
                self.queue.give_back(std::slice::from_ref(taken));
            }
            Outcome::Failed(trouble) => {
                let delivery = match trouble.again {
                    Again::Later => Delivery::Failed,
                    Again::Never => Delivery::Done,
                };
                self.target.note(delivery);
                let text = &trouble.text;
                match self.queue.failed(taken, trouble).await {
                    State::Failed => {
                        self.metrics.tried(EventEnd::Failed);
                        tracing::warn!(
                            %alert, error = text,
                            "a live event is kept as failed; see `ocean-opsgenie events list`"
                        );
                    }
                    State::Pending => {
                        self.metrics.tried(EventEnd::Later);
                        tracing::info!(%alert, error = text, "a live event is tried again later");
                    }
                }
            }
        }
    }
}
