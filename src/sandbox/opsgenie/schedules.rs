//! Schedules and who is on call.

use axum::http::StatusCode;

use super::Account;
use super::envelope::{Refusal, whole};
use crate::sandbox::server::{Answer, Asked};
use crate::sandbox::world::{Rotations, Schedule};

/// How `GET /v2/schedules/on-calls` behaves; whether it names disabled schedules is not documented.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AllOnCalls {
    /// One element per schedule.
    Everyone,
    /// One element per enabled schedule.
    EnabledOnly,
    /// 403: the key may ask only schedule by schedule.
    Forbidden,
    /// 404: the route does not exist.
    Missing,
}

/// `flat=true` gives user names, anything else participants.
fn flat(asked: &Asked) -> bool {
    asked.param("flat") == Some("true")
}

impl Account {
    fn on_call_json(&self, schedule: &Schedule, asked: &Asked) -> serde_json::Value {
        if flat(asked) { schedule.on_call_flat() } else { schedule.on_call_tree(&self.world.users) }
    }

    fn schedule(&self, asked: &Asked, kind_parameter: &str) -> Result<&Schedule, Refusal> {
        let identifier = asked.segments.get(2).map_or("", String::as_str);
        let by_name = asked.param(kind_parameter) == Some("name");
        let mut schedules = self.world.schedules.iter();
        schedules
            .find(
                |schedule| {
                    if by_name { &*schedule.name == identifier } else { &*schedule.id == identifier }
                },
            )
            .ok_or_else(|| Refusal::not_found("Schedule"))
    }

    pub(super) fn list_schedules(&self, asked: &Asked) -> Answer {
        let rotations = match asked.param("expand") {
            Some("rotation") => Rotations::Expanded,
            _ => Rotations::Left,
        };
        let schedules = self.world.schedules.iter();
        whole(schedules.map(|schedule| schedule.json(&self.world.teams, rotations)).collect())
    }

    pub(super) fn get_schedule(&self, asked: &Asked) -> Result<Answer, Refusal> {
        let schedule = self.schedule(asked, "identifierType")?;
        Ok(whole(schedule.json(&self.world.teams, Rotations::Expanded)))
    }

    pub(super) fn list_on_calls(&self, asked: &Asked) -> Result<Answer, Refusal> {
        match self.all_on_calls {
            AllOnCalls::Forbidden => {
                return Err(
                    Refusal::new(StatusCode::FORBIDDEN, "This key may not read all on-calls").code(40_301)
                );
            }
            AllOnCalls::Missing => return Err(Refusal::not_found("Schedule")),
            AllOnCalls::Everyone | AllOnCalls::EnabledOnly => {}
        }
        let schedules = self.world.schedules.iter().filter(|schedule| {
            (schedule.enabled || self.all_on_calls == AllOnCalls::Everyone)
                && !self.on_calls_leave_out.contains(&*schedule.id)
        });
        Ok(whole(schedules.map(|schedule| self.on_call_json(schedule, asked)).collect()))
    }

    pub(super) fn get_on_calls(&self, asked: &Asked) -> Result<Answer, Refusal> {
        let schedule = self.schedule(asked, "scheduleIdentifierType")?;
        Ok(whole(self.on_call_json(schedule, asked)))
    }
}
