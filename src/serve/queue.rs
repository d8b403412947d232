//! Events that wait to be worked off: one piece of work per alert, however many hints about it come.

use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use tokio::sync::Notify;

use super::hint::{Hint, Subject, What};
use super::ladder;
use super::store::{Row, State, Store};
use crate::model::RecordId;
use crate::sync::{Again, Trouble};

/// So many events wait at most: some hundred bytes each.
pub(super) const CAPACITY: usize = 100_000;

/// Of so many alerts the newest notification that was mapped is remembered, so that an older one that comes late is left.
const NEWEST_OF: usize = 10_000;

/// The queue.
#[derive(Debug)]
pub(super) struct Queue {
    state: Mutex<Inner>,
    ready: Notify,
    store: Option<Store>,
    capacity: usize,
}

#[derive(Debug, Default)]
struct Inner {
    entries: HashMap<Subject, Entry>,
    ready: VecDeque<Subject>,
    waiting: BTreeMap<(Instant, u64), Subject>,
    failed: usize,
    newest: Newest,
    seq: u64,
}

#[derive(Debug)]
struct Entry {
    hint: Hint,
    accepted: Instant,
    accepted_ms: i64,
    seq: u64,
    tries: u32,
    phase: Phase,
    error: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    Ready,
    /// A worker has it. More hints may have come since.
    InHand {
        seq: u64,
    },
    Waiting {
        until: Instant,
        seq: u64,
    },
    Failed,
}

/// An event in the hands of a worker.
#[derive(Clone, Debug)]
pub(super) struct Taken {
    pub(super) hint: Hint,
    pub(super) seq: u64,
    /// When the oldest hint about it came.
    pub(super) accepted: Instant,
}

/// What became of a hint that was offered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Offered {
    /// It is work of its own.
    Taken,
    /// There is work about the same alert already.
    Merged,
    /// Something newer about the same alert was here.
    Old,
    /// There is no room.
    Full,
    /// The disk did not take it.
    Unkept,
}

/// How many events stand where.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Depth {
    pub(super) ready: usize,
    pub(super) in_hand: usize,
    pub(super) waiting: usize,
    pub(super) failed: usize,
}

/// The newest notification of alerts, the last ones that were mapped.
#[derive(Debug, Default)]
struct Newest {
    updated_ms: HashMap<RecordId, i64>,
    order: VecDeque<RecordId>,
}

impl Newest {
    fn is_old(&self, hint: &Hint) -> bool {
        let known = self.updated_ms.get(&hint.subject.alert);
        matches!((known, hint.updated_ms), (Some(known), Some(updated)) if updated < *known)
    }

    fn note(&mut self, hint: &Hint) {
        let Some(updated) = hint.updated_ms else { return };
        let alert = &hint.subject.alert;
        let known = self.updated_ms.entry(alert.clone()).or_insert_with(|| {
            self.order.push_back(alert.clone());
            updated
        });
        *known = updated.max(*known);
        if self.order.len() > NEWEST_OF
            && let Some(oldest) = self.order.pop_front()
        {
            self.updated_ms.remove(&oldest);
        }
    }
}

impl Queue {
    /// A queue with what was kept of the last one.
    pub(super) fn new(store: Option<Store>, kept: Vec<Row>, capacity: usize) -> Self {
        let queue = Self { state: Mutex::default(), ready: Notify::new(), store, capacity };
        queue.adopt(kept);
        queue
    }

    /// Takes a hint in. With a store it is on the disk when this returns.
    pub(super) async fn offer(&self, hint: Hint) -> Offered {
        let (offered, row) = self.state().offer(hint, self.capacity);
        if offered != Offered::Full {
            self.ready.notify_one();
        }
        match (&self.store, row) {
            (Some(store), Some(row)) => {
                if store.put(row).await {
                    offered
                } else {
                    Offered::Unkept
                }
            }
            _ => offered,
        }
    }

    /// Waits for work and takes some of it.
    pub(super) async fn take(&self, most: usize) -> Vec<Taken> {
        loop {
            let ready = self.ready.notified();
            let mut ready = std::pin::pin!(ready);
            ready.as_mut().enable();
            let next = {
                let mut state = self.state();
                state.wake(Instant::now());
                let taken = state.take(most);
                if !taken.is_empty() {
                    if !state.ready.is_empty() {
                        self.ready.notify_one();
                    }
                    return taken;
                }
                state.waiting.first_key_value().map(|((until, _), _)| *until)
            };
            match next {
                Some(until) => {
                    tokio::select! {
                        () = ready => {}
                        () = tokio::time::sleep_until(until.into()) => {}
                    }
                }
                None => ready.await,
            }
        }
    }

    /// The work is done.
    pub(super) async fn done(&self, taken: &Taken) {
        self.state().done(taken);
        self.ready.notify_one();
        if let Some(store) = &self.store {
            store.forget(taken.hint.subject.clone(), taken.seq).await;
        }
    }

    /// The work came to nothing: it is tried again later, or kept as failed.
    pub(super) async fn failed(&self, taken: &Taken, trouble: &Trouble) -> State {
        let row = self.state().failed(taken, trouble, Instant::now());
        self.ready.notify_one();
        let Some(row) = row else { return State::Pending };
        let state = row.state;
        if let Some(store) = &self.store {
            store.update(row).await;
        }
        state
    }

    /// Gives work back that was not tried.
    pub(super) fn give_back(&self, taken: &[Taken]) {
        let mut state = self.state();
        for one in taken.iter().rev() {
            if let Some(entry) = state.entries.get_mut(&one.hint.subject) {
                entry.phase = Phase::Ready;
                state.ready.push_front(one.hint.subject.clone());
            }
        }
        drop(state);
        self.ready.notify_one();
    }

    /// What the file holds, after the command line has changed it: what failed may be tried again, or was forgotten.
    pub(super) fn adopt(&self, rows: Vec<Row>) {
        self.state().adopt(rows);
        self.ready.notify_one();
    }

    pub(super) fn depth(&self) -> Depth {
        let state = self.state();
        let count = |is: fn(&Phase) -> bool| state.entries.values().filter(|entry| is(&entry.phase)).count();
        Depth {
            ready: state.ready.len(),
            in_hand: count(|phase| matches!(phase, Phase::InHand { .. })),
            waiting: state.waiting.len(),
            failed: state.failed,
        }
    }

    pub(super) fn store(&self) -> Option<&Store> {
        self.store.as_ref()
    }

    fn state(&self) -> MutexGuard<'_, Inner> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn offer(&mut self, hint: Hint, capacity: usize) -> (Offered, Option<Row>) {
        if hint.subject.what == What::Notification && self.newest.is_old(&hint) {
            return (Offered::Old, None);
        }
        self.seq += 1;
        let seq = self.seq;
        let subject = hint.subject.clone();
        let Some(entry) = self.entries.get_mut(&subject) else {
            if self.entries.len() - self.failed >= capacity {
                return (Offered::Full, None);
            }
            let entry = Entry {
                hint,
                accepted: Instant::now(),
                accepted_ms: Timestamp::now().as_millisecond(),
                seq,
                tries: 0,
                phase: Phase::Ready,
                error: String::new(),
            };
            let row = entry.row();
            self.entries.insert(subject.clone(), entry);
            self.ready.push_back(subject);
            return (Offered::Taken, Some(row));
        };
        if hint.updated_ms < entry.hint.updated_ms && hint.subject.what == What::Notification {
            return (Offered::Old, None);
        }
        entry.hint = hint;
        entry.seq = seq;
        if entry.phase == Phase::Failed {
            // Something has happened to it: it may go well now.
            entry.phase = Phase::Ready;
            entry.tries = 0;
            entry.accepted = Instant::now();
            self.failed -= 1;
            self.ready.push_back(subject);
        }
        let row = entry.row();
        (Offered::Merged, Some(row))
    }

    /// What has waited long enough is ready.
    fn wake(&mut self, now: Instant) {
        while let Some(first) = self.waiting.first_entry()
            && first.key().0 <= now
        {
            let subject = first.remove();
            if let Some(entry) = self.entries.get_mut(&subject) {
                entry.phase = Phase::Ready;
                self.ready.push_back(subject);
            }
        }
    }

    fn take(&mut self, most: usize) -> Vec<Taken> {
        let mut taken = Vec::new();
        while taken.len() < most
            && let Some(subject) = self.ready.pop_front()
        {
            let Some(entry) = self.entries.get_mut(&subject) else { continue };
            entry.phase = Phase::InHand { seq: entry.seq };
            taken.push(Taken { hint: entry.hint.clone(), seq: entry.seq, accepted: entry.accepted });
        }
        taken
    }

    fn done(&mut self, taken: &Taken) {
        let subject = &taken.hint.subject;
        if subject.what == What::Notification {
            self.newest.note(&taken.hint);
        }
        let Some(entry) = self.entries.get_mut(subject) else { return };
        if entry.seq == taken.seq {
            self.entries.remove(subject);
        } else {
            // A hint came while it was worked on: what was read may be older.
            entry.phase = Phase::Ready;
            entry.tries = 0;
            entry.accepted = Instant::now();
            self.ready.push_back(subject.clone());
        }
    }

    fn failed(&mut self, taken: &Taken, trouble: &Trouble, now: Instant) -> Option<Row> {
        let subject = &taken.hint.subject;
        let entry = self.entries.get_mut(subject)?;
        entry.tries += 1;
        entry.error.clone_from(&trouble.text);
        let newer = entry.seq != taken.seq;
        let wait = match trouble.again {
            Again::Later => ladder::wait_after(entry.tries),
            // What came meanwhile may go well.
            Again::Never => newer.then_some(Duration::ZERO),
        };
        if let Some(wait) = wait {
            let until = now + wait;
            entry.phase = Phase::Waiting { until, seq: entry.seq };
            self.waiting.insert((until, entry.seq), subject.clone());
        } else {
            entry.phase = Phase::Failed;
            self.failed += 1;
        }
        Some(entry.row())
    }

    fn adopt(&mut self, rows: Vec<Row>) {
        let now = Instant::now();
        let there: HashSet<Subject> = rows.iter().map(|row| row.hint.subject.clone()).collect();
        let before = self.entries.len();
        self.entries.retain(|subject, entry| entry.phase != Phase::Failed || there.contains(subject));
        self.failed -= before - self.entries.len();
        for row in rows {
            self.seq = self.seq.max(row.seq);
            let subject = row.hint.subject.clone();
            match self.entries.get_mut(&subject) {
                Some(entry) if entry.phase == Phase::Failed && row.state == State::Pending => {
                    entry.phase = Phase::Ready;
                    entry.tries = 0;
                    self.failed -= 1;
                    self.ready.push_back(subject);
                }
                Some(_) => {}
                None => {
                    let failed = row.state == State::Failed;
                    let entry = Entry {
                        hint: row.hint,
                        accepted: now,
                        accepted_ms: row.accepted_ms,
                        seq: row.seq,
                        tries: row.tries,
                        phase: if failed { Phase::Failed } else { Phase::Ready },
                        error: row.error,
                    };
                    self.entries.insert(subject.clone(), entry);
                    if failed {
                        self.failed += 1;
                    } else {
                        self.ready.push_back(subject);
                    }
                }
            }
        }
    }
}

impl Entry {
    fn row(&self) -> Row {
        let wait = match self.phase {
            Phase::Waiting { until, .. } => until.saturating_duration_since(Instant::now()),
            Phase::Ready | Phase::InHand { .. } | Phase::Failed => Duration::ZERO,
        };
        let wait_ms = i64::try_from(wait.as_millis()).unwrap_or(i64::MAX);
        Row {
            hint: self.hint.clone(),
            accepted_ms: self.accepted_ms,
            seq: self.seq,
            tries: self.tries,
            due_ms: Timestamp::now().as_millisecond().saturating_add(wait_ms),
            state: if self.phase == Phase::Failed { State::Failed } else { State::Pending },
            error: self.error.clone(),
        }
    }
}

#[cfg(test)]
mod tests;
