//! Keeps a pass and live events out of each other's way, record by record.
//!
//! Both may hold the same alert at the same time, read at different moments. An event reads an alert only after it has
//! claimed it, and a pass writes what came from an alert only while it holds its claim: so what an event writes is never
//! older than what a pass wrote before, and a pass can tell whether an event has written something newer since it began.
//! Deletion at the end of a pass waits for the events in hand, and holds the others up.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use jiff::Timestamp;
use tokio::sync::{Notify, OwnedRwLockReadGuard, OwnedRwLockWriteGuard, RwLock};

use crate::model::{EntityKey, Kind, Origin, RecordId};

/// Who is at which alert. Clones are one.
#[derive(Clone, Debug, Default)]
pub struct Interlock(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    state: Mutex<State>,
    released: Notify,
    /// Events hold it to read, the deletion of a pass to write.
    deletion: Arc<RwLock<()>>,
}

#[derive(Debug, Default)]
struct State {
    claimed: HashSet<RecordId>,
    /// What events came to since the pass that is under way began; none without a pass.
    pass: Option<SincePass>,
}

#[derive(Debug, Default)]
struct SincePass {
    alerts: HashMap<RecordId, Settled>,
    keys: HashSet<EntityKey>,
}

/// What an event found an alert to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Settled {
    /// There, last changed then; `None` when it does not say.
    As(Option<Timestamp>),
    /// Gone.
    Gone,
}

/// How an entity that a pass has mapped stands to what events did meanwhile.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// No event was there.
    Untouched,
    /// An event was there, with something older: what the pass has read of the catalog no longer holds.
    Newer,
    /// An event was there, with the same or something newer.
    Overtaken,
}

/// Alerts that nobody else works on until it is dropped.
#[derive(Debug)]
pub struct Claim {
    interlock: Interlock,
    alerts: Vec<RecordId>,
    _deletion: Option<OwnedRwLockReadGuard<()>>,
}

/// A pass under way: until it is dropped, what events do is remembered.
#[derive(Debug)]
pub struct Passing(Interlock);

impl Interlock {
    /// A pass begins.
    pub fn begin_pass(&self) -> Passing {
        self.state().pass = Some(SincePass::default());
        Passing(self.clone())
    }

    /// Waits until nobody works on these alerts and no pass deletes, and takes them for a live event.
    pub async fn claim_for_event(&self, alerts: Vec<RecordId>) -> Claim {
        let deletion = self.0.deletion.clone().read_owned().await;
        self.claim(alerts, Some(deletion)).await
    }

    /// Waits until no event works on these alerts, and takes them for a call of a pass.
    pub async fn claim_for_pass(&self, alerts: Vec<RecordId>) -> Claim {
        self.claim(alerts, None).await
    }

    /// All or none, so that two can never wait for each other.
    async fn claim(&self, alerts: Vec<RecordId>, deletion: Option<OwnedRwLockReadGuard<()>>) -> Claim {
        loop {
            let released = self.0.released.notified();
            let mut released = std::pin::pin!(released);
            // Enrolled before the look, so that a release in between is not missed.
            released.as_mut().enable();
            {
                let mut state = self.state();
                if !alerts.iter().any(|alert| state.claimed.contains(alert)) {
                    state.claimed.extend(alerts.iter().cloned());
                    return Claim { interlock: self.clone(), alerts, _deletion: deletion };
                }
            }
            released.await;
        }
    }

    /// Notes what an event made of an alert: the entities that are as it has them now.
    pub fn note(&self, alert: &RecordId, settled: Settled, keys: impl IntoIterator<Item = EntityKey>) {
        if let Some(pass) = &mut self.state().pass {
            pass.alerts.insert(alert.clone(), settled);
            pass.keys.extend(keys);
        }
    }

    /// How an entity of the pass stands to what events did since it began.
    pub fn standing(&self, origin: &Origin) -> Standing {
        if origin.kind != Kind::Alert {
            return Standing::Untouched;
        }
        let state = self.state();
        match state.pass.as_ref().and_then(|pass| pass.alerts.get(&origin.record)) {
            None => Standing::Untouched,
            Some(Settled::As(Some(theirs))) if origin.updated.is_some_and(|ours| ours > *theirs) => {
                Standing::Newer
            }
            Some(Settled::Gone | Settled::As(_)) => Standing::Overtaken,
        }
    }

    /// Whether an event found this entity to be as it should be since the pass began: then it is not stale.
    pub fn holds(&self, key: &EntityKey) -> bool {
        self.state().pass.as_ref().is_some_and(|pass| pass.keys.contains(key))
    }

    /// Waits for the events in hand, and holds the others up until it is dropped.
    pub async fn hold_events(&self) -> OwnedRwLockWriteGuard<()> {
        self.0.deletion.clone().write_owned().await
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        let mut state = self.interlock.state();
        for alert in &self.alerts {
            state.claimed.remove(alert);
        }
        drop(state);
        self.interlock.0.released.notify_waiters();
    }
}

impl Drop for Passing {
    fn drop(&mut self) {
        self.0.state().pass = None;
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::model::{BlueprintId, EntityId, RuleId};

    fn alert(id: &str) -> RecordId {
        RecordId::new(id).unwrap()
    }

    fn origin(id: &str, updated: Option<&str>) -> Origin {
        let updated = updated.map(|text| text.parse().unwrap());
        Origin { rule: RuleId(0), kind: Kind::Alert, record: alert(id), updated }
    }

    fn key(id: &str) -> EntityKey {
        EntityKey { blueprint: BlueprintId::new("b").unwrap(), identifier: EntityId::new(id).unwrap() }
    }

    async fn is_held_up<T>(waiting: impl Future<Output = T>) -> bool {
        tokio::time::timeout(Duration::from_millis(20), waiting).await.is_err()
    }

    #[tokio::test]
    async fn an_alert_is_worked_on_by_one_at_a_time() {
        let interlock = Interlock::default();
        let first = interlock.claim_for_event(vec![alert("a"), alert("b")]).await;
        let ours = vec![alert("b"), alert("c")];
        assert!(is_held_up(interlock.claim_for_pass(ours.clone())).await);
        drop(interlock.claim_for_pass(vec![alert("c")]).await);
        drop(first);
        drop(interlock.claim_for_pass(ours).await);
    }

    #[tokio::test]
    async fn what_waits_goes_on_when_the_other_is_done() {
        let interlock = Interlock::default();
        let first = interlock.claim_for_event(vec![alert("a")]).await;
        let waiting = tokio::spawn({
            let interlock = interlock.clone();
            async move { drop(interlock.claim_for_event(vec![alert("a")]).await) }
        });
        tokio::task::yield_now().await;
        drop(first);
        tokio::time::timeout(Duration::from_secs(5), waiting).await.unwrap().unwrap();
    }

    #[tokio::test]
    async fn a_deletion_waits_for_events_and_holds_them_up() {
        let interlock = Interlock::default();
        let event = interlock.claim_for_event(vec![alert("a")]).await;
        assert!(is_held_up(interlock.hold_events()).await);
        drop(event);
        let deletion = interlock.hold_events().await;
        assert!(is_held_up(interlock.claim_for_event(vec![alert("a")])).await);
        drop(deletion);
        drop(interlock.claim_for_event(vec![alert("a")]).await);
    }

    #[test]
    fn the_newer_of_two_readings_stands() {
        let interlock = Interlock::default();
        let (early, late) = (Some("2026-01-01T00:00:00Z"), Some("2026-01-01T00:00:00.5Z"));
        let noted = |at: Option<&str>| Settled::As(at.map(|text| text.parse().unwrap()));
        interlock.note(&alert("before"), Settled::Gone, []);
        let passing = interlock.begin_pass();
        interlock.note(&alert("a"), noted(early), [key("a")]);
        interlock.note(&alert("b"), noted(late), [key("b")]);
        interlock.note(&alert("c"), Settled::Gone, []);
        interlock.note(&alert("d"), noted(None), [key("d")]);
        for (id, updated, standing) in [
            ("a", late, Standing::Newer),
            ("a", early, Standing::Overtaken),
            ("b", early, Standing::Overtaken),
            ("b", None, Standing::Overtaken),
            ("c", late, Standing::Overtaken),
            ("d", late, Standing::Overtaken),
            ("e", late, Standing::Untouched),
            ("before", late, Standing::Untouched),
        ] {
            assert_eq!(interlock.standing(&origin(id, updated)), standing, "{id} {updated:?}");
        }
        assert!(interlock.holds(&key("a")) && !interlock.holds(&key("c")));
        drop(passing);
        assert_eq!(interlock.standing(&origin("c", late)), Standing::Untouched);
        assert!(!interlock.holds(&key("a")));
    }
}
