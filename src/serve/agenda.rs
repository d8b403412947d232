//! When the next pass runs, and over what: decisions only, no clock and no waiting of its own.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use crate::model::Kind;

/// The wait before a pass that failed is tried again; doubled each time.
const FIRST_RETRY: Duration = Duration::from_secs(30);

/// The longest such wait.
const LONGEST_RETRY: Duration = Duration::from_secs(30 * 60);

/// Why a pass runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reason {
    /// The service begins.
    Start,
    /// The interval is over.
    Interval,
    /// Somebody asked the catalog for it.
    Requested,
    /// The mapping has changed.
    Mapping,
    /// The catalog called.
    Called,
    /// The last one failed.
    Retry,
}

impl Reason {
    /// As it is told.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Start => "start",
            Self::Interval => "interval",
            Self::Requested => "requested in the catalog",
            Self::Mapping => "the mapping has changed",
            Self::Called => "called",
            Self::Retry => "the last one failed",
        }
    }
}

/// What is to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Task {
    /// A full pass.
    Full(Reason),
    /// A look at one kind, which deletes nothing.
    Kind(Kind),
}

/// How a pass ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ended {
    /// It did what it could.
    Done,
    /// Something keeps it from its work that may pass.
    Failed,
}

/// What is to come.
#[derive(Debug)]
pub(super) struct Agenda {
    interval: Option<Duration>,
    kinds: BTreeMap<Kind, Duration>,
    asked: Option<Reason>,
    full_at: Option<Instant>,
    retry_at: Option<Instant>,
    failures: u32,
    kind_at: BTreeMap<Kind, Instant>,
}

impl Agenda {
    /// Passes every `interval`, and looks at `kinds` every so often.
    pub(super) fn new(interval: Option<Duration>, kinds: BTreeMap<Kind, Duration>, now: Instant) -> Self {
        let kind_at = kinds.iter().map(|(kind, every)| (*kind, now + *every)).collect();
        Self {
            full_at: interval.map(|interval| now + interval),
            interval,
            kinds,
            asked: None,
            retry_at: None,
            failures: 0,
            kind_at,
        }
    }

    /// Asks for a full pass. However many ask while one runs, one more follows.
    pub(super) fn ask(&mut self, reason: Reason) {
        self.asked.get_or_insert(reason);
    }

    /// What is due. A full pass comes before a look at one kind, since it looks at all.
    pub(super) fn next(&mut self, now: Instant) -> Option<Task> {
        let due = |at: Option<Instant>| at.is_some_and(|at| at <= now);
        if let Some(reason) = self.asked.take() {
            return Some(Task::Full(reason));
        }
        if due(self.retry_at) {
            return Some(Task::Full(Reason::Retry));
        }
        if due(self.full_at) {
            return Some(Task::Full(Reason::Interval));
        }
        let (kind, _) = self.kind_at.iter().find(|(_, at)| **at <= now)?;
        Some(Task::Kind(*kind))
    }

    /// When to look again; none when only somebody who asks can make something due.
    pub(super) fn wake_at(&self) -> Option<Instant> {
        [self.retry_at, self.full_at].into_iter().flatten().chain(self.kind_at.values().copied()).min()
    }

    /// A task has ended at `now`.
    pub(super) fn ended(&mut self, task: Task, ended: Ended, now: Instant) {
        match task {
            Task::Full(_) => {
                self.full_at = self.interval.map(|interval| now + interval);
                for (kind, every) in &self.kinds {
                    self.kind_at.insert(*kind, now + *every);
                }
                match ended {
                    Ended::Done => {
                        self.failures = 0;
                        self.retry_at = None;
                    }
                    Ended::Failed => {
                        let wait = FIRST_RETRY.saturating_mul(1 << self.failures.min(10)).min(LONGEST_RETRY);
                        self.failures += 1;
                        self.retry_at = Some(now + wait);
                    }
                }
            }
            Task::Kind(kind) => {
                if let Some(every) = self.kinds.get(&kind) {
                    self.kind_at.insert(kind, now + *every);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: Duration = Duration::from_secs(3600);
    const MINUTE: Duration = Duration::from_secs(60);

    fn agenda(now: Instant) -> Agenda {
        Agenda::new(Some(HOUR), BTreeMap::from([(Kind::ScheduleOncall, 5 * MINUTE)]), now)
    }

    #[test]
    fn nothing_is_due_before_its_time() {
        let begin = Instant::now();
        let mut agenda = agenda(begin);
        assert_eq!(agenda.next(begin), None);
        assert_eq!(agenda.wake_at(), Some(begin + 5 * MINUTE));
        assert_eq!(agenda.next(begin + 5 * MINUTE), Some(Task::Kind(Kind::ScheduleOncall)));
        agenda.ended(Task::Kind(Kind::ScheduleOncall), Ended::Done, begin + 6 * MINUTE);
        assert_eq!(agenda.wake_at(), Some(begin + 11 * MINUTE));
        assert_eq!(agenda.next(begin + HOUR), Some(Task::Full(Reason::Interval)));
    }

    #[test]
    fn however_many_ask_one_pass_follows() {
        let begin = Instant::now();
        let mut agenda = agenda(begin);
        agenda.ask(Reason::Start);
        let task = agenda.next(begin).unwrap();
        assert_eq!(task, Task::Full(Reason::Start));
        agenda.ask(Reason::Requested);
        agenda.ask(Reason::Mapping);
        agenda.ended(task, Ended::Done, begin + MINUTE);
        assert_eq!(agenda.next(begin + MINUTE), Some(Task::Full(Reason::Requested)));
        assert_eq!(agenda.next(begin + MINUTE), None);
    }

    #[test]
    fn a_pass_that_failed_is_tried_again_at_growing_intervals() {
        let mut now = Instant::now();
        let mut agenda = Agenda::new(None, BTreeMap::new(), now);
        let mut waits = Vec::new();
        for _ in 0..9 {
            agenda.ended(Task::Full(Reason::Retry), Ended::Failed, now);
            let at = agenda.wake_at().unwrap();
            waits.push(at.duration_since(now).as_secs());
            now = at;
            assert_eq!(agenda.next(now), Some(Task::Full(Reason::Retry)));
        }
        assert_eq!(waits, [30, 60, 120, 240, 480, 960, 1800, 1800, 1800]);
        agenda.ended(Task::Full(Reason::Retry), Ended::Done, now);
        assert_eq!(agenda.wake_at(), None);
    }

    #[test]
    fn a_full_pass_makes_a_look_at_a_kind_needless() {
        let begin = Instant::now();
        let mut agenda = agenda(begin);
        agenda.ask(Reason::Called);
        let later = begin + 6 * MINUTE;
        let task = agenda.next(later).unwrap();
        assert_eq!(task, Task::Full(Reason::Called));
        agenda.ended(task, Ended::Done, later);
        assert_eq!(agenda.next(later), None);
    }
}
