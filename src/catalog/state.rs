//! What the catalog's pages show about a resync.

use jiff::Timestamp;

use super::error::Error;
use super::{Catalog, at, wire};
use crate::http::Repeat;

/// Where a resync stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// It has begun.
    Running {
        /// When.
        started: Timestamp,
    },
    /// It is over.
    Ended {
        /// How.
        end: End,
        /// When.
        ended: Timestamp,
    },
}

/// How a resync ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// Everything was seen.
    Completed,
    /// Something was not.
    Failed,
    /// It was stopped.
    Aborted,
}

/// When the next resync is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Schedule {
    /// When it starts.
    pub next: Timestamp,
    /// Minutes from one to the next.
    pub interval_minutes: u32,
}

impl Catalog {
    /// Tells the catalog where the resync stands. A failure is worth a warning, never the end of a pass.
    pub async fn tell_state(&self, state: State, schedule: Option<Schedule>) -> Result<(), Error> {
        let body = body(state, schedule);
        let attempted = || format!("tell that the resync is {}", body.status);
        // A beginning that is not heard holds nothing up; an end that is not heard is shown as a run that never ends.
        let repeat = match state {
            State::Running { .. } => Repeat::Never,
            State::Ended { .. } => Repeat::Safe,
        };
        let request = self.requests().resync_state(&body).repeat(repeat);
        self.call(attempted, request).await.map(|_answer| ())
    }
}

impl Catalog {
    /// When somebody last asked for a resync; `None` when nobody has.
    pub async fn resync_requested(&self) -> Result<Option<Timestamp>, Error> {
        let attempted = || "look for a request to resync".to_owned();
        let response = self.call(attempted, self.requests().resync_request()).await?;
        let answer: wire::ResyncRequestAnswer = wire::decode(&response).map_err(at(attempted))?;
        Ok(answer.request.and_then(|request| request.updated_at).and_then(|at| at.parse().ok()))
    }
}

fn body(state: State, schedule: Option<Schedule>) -> wire::ResyncState {
    let (status, start, end) = match state {
        State::Running { started } => ("running", Some(started), None),
        State::Ended { end, ended } => {
            let status = match end {
                End::Completed => "completed",
                End::Failed => "failed",
                End::Aborted => "aborted",
            };
            (status, None, Some(ended))
        }
    };
    wire::ResyncState {
        status,
        last_resync_end: end.map(wire::instant),
        last_resync_start: start.map(wire::instant),
        next_resync: schedule.map(|schedule| wire::instant(schedule.next)),
        interval_minutes: schedule.map(|schedule| schedule.interval_minutes),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn json(state: State, schedule: Option<Schedule>) -> String {
        serde_json::to_string(&body(state, schedule)).unwrap()
    }

    #[test]
    fn states_are_spelled_as_the_catalog_spells_them() {
        let instant: Timestamp = "2026-03-01T12:00:00.5Z".parse().unwrap();
        insta::assert_snapshot!(
            json(State::Running { started: instant }, None),
            @r#"{"status":"running","lastResyncEnd":null,"lastResyncStart":"2026-03-01T12:00:00.500000+00:00","nextResync":null,"intervalInMinuets":null}"#
        );
        let schedule = Schedule { next: instant, interval_minutes: 60 };
        insta::assert_snapshot!(
            json(State::Ended { end: End::Aborted, ended: instant }, Some(schedule)),
            @r#"{"status":"aborted","lastResyncEnd":"2026-03-01T12:00:00.500000+00:00","nextResync":"2026-03-01T12:00:00.500000+00:00","intervalInMinuets":60}"#
        );
    }
}
