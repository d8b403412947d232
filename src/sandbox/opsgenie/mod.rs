//! The Opsgenie side: keys, rights, rate limits, routes.
//!
//! Facts are from the public pages on <https://docs.opsgenie.com/docs> (Response, Pagination, Rate Limiting, Alert,
//! Incident, Service, Team, Schedule, Who is On Call, User and Account API).

mod alerts;
mod envelope;
mod incidents;
mod people;
mod query;
mod rights;
mod route;
mod schedules;
mod selection;
mod throttle;

use std::collections::BTreeSet;

use axum::http::StatusCode;

use super::server::{Answer, Asked, Handle, Side};
use super::world::World;

pub use rights::{Access, Area, Rights};
pub use schedules::AllOnCalls;
pub use throttle::{Bucket, Domain, Throttle};

use envelope::{Refusal, refused};
use route::Route;
use selection::Selections;

/// An account: what it holds and how it behaves.
#[derive(Debug)]
pub struct Account {
    /// What it holds.
    pub world: World,
    /// Keys that are accepted.
    pub keys: BTreeSet<String>,
    /// What the key may see, per area.
    pub rights: Rights,
    /// Rate limits; none at the start.
    pub throttle: Throttle,
    /// How the listing of all on-calls behaves.
    pub all_on_calls: AllOnCalls,
    /// Ids of schedules that the listing of all on-calls leaves out.
    pub on_calls_leave_out: BTreeSet<String>,
    selections: Selections,
    answered: u64,
}

impl Account {
    pub(in crate::sandbox) fn new(world: World) -> Self {
        Self {
            world,
            keys: BTreeSet::from([super::Sandbox::API_KEY.to_owned()]),
            rights: Rights::default(),
            throttle: Throttle::default(),
            all_on_calls: AllOnCalls::Everyone,
            on_calls_leave_out: BTreeSet::new(),
            selections: Selections::default(),
            answered: 0,
        }
    }

    fn authenticate(&self, asked: &Asked) -> Result<(), Refusal> {
        let given = asked.header("authorization").unwrap_or_default();
        let Some(key) = given.strip_prefix("GenieKey ") else {
            return Err(Refusal::new(StatusCode::UNAUTHORIZED, "Could not authenticate"));
        };
        if !key_shaped(key) {
            return Err(Refusal::new(StatusCode::UNPROCESSABLE_ENTITY, "Key format is not valid!"));
        }
        if self.keys.contains(key) {
            Ok(())
        } else {
            Err(Refusal::new(StatusCode::UNAUTHORIZED, "Could not authenticate"))
        }
    }

    fn work(&mut self, asked: &Asked, route: Option<Route>) -> Result<Answer, Refusal> {
        self.authenticate(asked)?;
        let Some(route) = route else {
            return Err(Refusal::new(StatusCode::NOT_FOUND, "There is no handler for this request"));
        };
        self.rights.check(route.area())?;
        self.throttle.draw(route.domain())?;
        match route {
            Route::Alerts => self.list_alerts(asked),
            Route::AlertCount => self.count_alerts(asked),
            Route::Alert => self.get_alert(asked),
            Route::Incidents => self.list_incidents(asked),
            Route::Incident => self.get_incident(asked),
            Route::AssociatedAlerts => self.associated_alerts(asked),
            Route::Services => self.list_services(asked),
            Route::Service => self.get_service(asked),
            Route::Teams => Ok(self.list_teams()),
            Route::Team => self.get_team(asked),
            Route::Users => self.list_users(asked),
            Route::User => self.get_user(asked),
            Route::Schedules => Ok(self.list_schedules(asked)),
            Route::Schedule => self.get_schedule(asked),
            Route::AllOnCalls => self.list_on_calls(asked),
            Route::OnCalls => self.get_on_calls(asked),
            Route::Account => Ok(self.account()),
            Route::RequestLimits => Ok(self.request_limits()),
        }
    }
}

/// 8-4-4-4-12 hexadecimal digits, as the API asks for.
fn key_shaped(key: &str) -> bool {
    let groups: Vec<&str> = key.split('-').collect();
    let lengths: Vec<usize> = groups.iter().map(|group| group.len()).collect();
    lengths == [8, 4, 4, 4, 12]
        && groups.iter().all(|group| group.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

impl Side for Account {
    fn answer(&mut self, asked: &Asked, violations: &mut Vec<String>) -> Answer {
        self.answered += 1;
        let route = Route::of(asked);
        if route.is_none() {
            violations.push(format!("unknown route: {} {}", asked.method, asked.path));
        }
        if asked.param("apiKey").is_some() {
            violations.push(format!("the key stands in the address: {}", asked.path));
        }
        self.work(asked, route).unwrap_or_else(|refusal| {
            if refusal.is_syntax() {
                violations.push(format!(
                    "{}: {} {}?{}",
                    refusal.message(),
                    asked.method,
                    asked.path,
                    asked
                        .query
                        .iter()
                        .map(|(key, value)| format!("{key}={value}"))
                        .collect::<Vec<_>>()
                        .join("&")
                ));
            }
            refused(&refusal)
        })
    }

    fn route(&self, asked: &Asked) -> &'static str {
        Route::of(asked).map_or("(unknown)", Route::label)
    }

    fn refusal(&self, status: StatusCode) -> Answer {
        let reason = status.canonical_reason().unwrap_or("Error");
        refused(&Refusal::new(status, reason))
    }

    fn expire_credentials(&mut self) {
        self.keys.clear();
    }
}

impl Handle<Account> {
    /// Reads or changes what the account holds.
    pub fn world<R>(&self, change: impl FnOnce(&mut World) -> R) -> R {
        self.with(|account| change(&mut account.world))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_uuid_shaped_keys_are_keys() {
        assert!(key_shaped(crate::sandbox::Sandbox::API_KEY));
        for wrong in ["", "abc", "5a1dbe0c0a7d4c1e9f6b0ce4a5a1d0b0", "5a1dbe0c-0a7d-4c1e-9f6b-0ce4a5a1d0bz"] {
            assert!(!key_shaped(wrong), "{wrong}");
        }
    }
}
