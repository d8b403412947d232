//! The routes, by name.

use axum::http::Method;

use super::rights::Area;
use super::throttle::Domain;
use crate::sandbox::server::Asked;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Route {
    Alerts,
    AlertCount,
    Alert,
    Incidents,
    Incident,
    AssociatedAlerts,
    Services,
    Service,
    Teams,
    Team,
    Users,
    User,
    Schedules,
    Schedule,
    AllOnCalls,
    OnCalls,
    Account,
    RequestLimits,
}

impl Route {
    pub(super) fn of(asked: &Asked) -> Option<Self> {
        if asked.method != Method::GET {
            return None;
        }
        let route = match asked.parts().as_slice() {
            ["v2", "alerts"] => Self::Alerts,
            ["v2", "alerts", "count"] => Self::AlertCount,
            ["v2", "alerts", _] => Self::Alert,
            ["v1", "incidents"] => Self::Incidents,
            ["v1", "incidents", _] => Self::Incident,
            ["v1", "incidents", _, "associated-alert-ids"] => Self::AssociatedAlerts,
            ["v1", "services"] => Self::Services,
            ["v1", "services", _] => Self::Service,
            ["v2", "teams"] => Self::Teams,
            ["v2", "teams", _] => Self::Team,
            ["v2", "users"] => Self::Users,
            ["v2", "users", _] => Self::User,
            ["v2", "schedules"] => Self::Schedules,
            ["v2", "schedules", "on-calls"] => Self::AllOnCalls,
            ["v2", "schedules", _] => Self::Schedule,
            ["v2", "schedules", _, "on-calls"] => Self::OnCalls,
            ["v2", "account"] => Self::Account,
            ["v2", "request-limits"] => Self::RequestLimits,
            _ => return None,
        };
        Some(route)
    }

    pub(super) fn label(self) -> &'static str {
        match self {
            Self::Alerts => "GET /v2/alerts",
            Self::AlertCount => "GET /v2/alerts/count",
            Self::Alert => "GET /v2/alerts/*",
            Self::Incidents => "GET /v1/incidents",
            Self::Incident => "GET /v1/incidents/*",
            Self::AssociatedAlerts => "GET /v1/incidents/*/associated-alert-ids",
            Self::Services => "GET /v1/services",
            Self::Service => "GET /v1/services/*",
            Self::Teams => "GET /v2/teams",
            Self::Team => "GET /v2/teams/*",
            Self::Users => "GET /v2/users",
            Self::User => "GET /v2/users/*",
            Self::Schedules => "GET /v2/schedules",
            Self::Schedule => "GET /v2/schedules/*",
            Self::AllOnCalls => "GET /v2/schedules/on-calls",
            Self::OnCalls => "GET /v2/schedules/*/on-calls",
            Self::Account => "GET /v2/account",
            Self::RequestLimits => "GET /v2/request-limits",
        }
    }

    pub(super) fn area(self) -> Area {
        match self {
            Self::Alerts | Self::AlertCount | Self::Alert => Area::Alerts,
            Self::Incidents | Self::Incident | Self::AssociatedAlerts => Area::Incidents,
            Self::Services | Self::Service => Area::Services,
            Self::Teams | Self::Team => Area::Teams,
            Self::Users | Self::User => Area::Users,
            Self::Schedules | Self::Schedule => Area::Schedules,
            Self::AllOnCalls | Self::OnCalls => Area::OnCalls,
            Self::Account | Self::RequestLimits => Area::Account,
        }
    }

    pub(super) fn domain(self) -> Domain {
        match self {
            Self::Alerts | Self::AlertCount | Self::Users => Domain::Search,
            Self::Alert => Domain::Alert,
            Self::Incidents | Self::Incident | Self::AssociatedAlerts => Domain::Incident,
            Self::AllOnCalls | Self::OnCalls => Domain::ScheduleOnCalls,
            Self::Services
            | Self::Service
            | Self::Teams
            | Self::Team
            | Self::User
            | Self::Schedules
            | Self::Schedule
            | Self::Account
            | Self::RequestLimits => Domain::Configuration,
        }
    }
}
