//! What the key may see.

use std::collections::BTreeMap;

use axum::http::StatusCode;

use super::envelope::Refusal;

/// A part of the API with a right of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Area {
    /// Alerts and their count.
    Alerts,
    /// Incidents and their alerts.
    Incidents,
    /// Services.
    Services,
    /// Teams and their members.
    Teams,
    /// Users.
    Users,
    /// Schedules.
    Schedules,
    /// Who is on call.
    OnCalls,
    /// The account and its limits.
    Account,
}

/// Whether an area answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// It does.
    Granted,
    /// 402: the plan does not have it.
    NotInPlan,
    /// 403 with code 40301: the key lacks the right.
    Forbidden,
    /// 404: as if the API did not exist.
    Missing,
}

/// Access per area; an area that is not named is granted.
#[derive(Clone, Debug, Default)]
pub struct Rights(BTreeMap<Area, Access>);

impl Rights {
    /// Grants or withdraws one area.
    pub fn set(&mut self, area: Area, access: Access) {
        self.0.insert(area, access);
    }

    pub(super) fn check(&self, area: Area) -> Result<(), Refusal> {
        match self.0.get(&area).copied().unwrap_or(Access::Granted) {
            Access::Granted => Ok(()),
            Access::NotInPlan => {
                Err(Refusal::new(StatusCode::PAYMENT_REQUIRED, "Your plan does not include this feature"))
            }
            Access::Forbidden => {
                Err(Refusal::new(StatusCode::FORBIDDEN, "This key may not read configuration").code(40_301))
            }
            Access::Missing => Err(Refusal::not_found("The resource")),
        }
    }
}
