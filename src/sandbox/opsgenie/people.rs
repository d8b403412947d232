//! Teams, users, services and the account.

use axum::http::StatusCode;
use serde_json::{Value, json};

use super::Account;
use super::envelope::{Page, PageSize, ROWS, Refusal, envelope, whole};
use crate::sandbox::server::{Answer, Asked};
use crate::sandbox::world::View;

/// Users come a hundred a page when nothing is asked.
const USERS: PageSize = PageSize { default: 100, max: 100 };

/// How the last path segment names an object.
fn named<'a>(asked: &'a Asked, by_name: &str) -> (&'a str, Named) {
    let identifier = asked.segments.get(2).map_or("", String::as_str);
    let named = match asked.param("identifierType") {
        Some(kind) if kind == by_name => Named::ByName,
        _ => Named::ById,
    };
    (identifier, named)
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Named {
    ById,
    ByName,
}

impl Account {
    pub(super) fn list_teams(&self) -> Answer {
        whole(self.world.teams.iter().map(|team| team.json(View::Row)).collect())
    }

    pub(super) fn get_team(&self, asked: &Asked) -> Result<Answer, Refusal> {
        let (identifier, named) = named(asked, "name");
        let found = self.world.teams.iter().find(|team| match named {
            Named::ById => &*team.id == identifier,
            Named::ByName => &*team.name == identifier,
        });
        found.map(|team| whole(team.json(View::Whole))).ok_or_else(|| Refusal::not_found("Team"))
    }

    pub(super) fn list_users(&self, asked: &Asked) -> Result<Answer, Refusal> {
        let page = Page::of(asked, USERS)?;
        let mut users: Vec<_> = self.world.users.iter().collect();
        users.sort_by(|one, other| one.username.cmp(&other.username));
        if asked.param("order") == Some("desc") {
            users.reverse();
        }
        let total = users.len();
        let data: Value = users[page.rows(total)].iter().map(|user| user.json()).collect();
        let mut body = envelope(data);
        body["totalCount"] = json!(total);
        body["paging"] = page.paging(asked, total);
        Ok(Answer::json(StatusCode::OK, &body))
    }

    pub(super) fn get_user(&self, asked: &Asked) -> Result<Answer, Refusal> {
        let (identifier, _) = named(asked, "name");
        let mut users = self.world.users.iter();
        users
            .find(|user| &*user.id == identifier || &*user.username == identifier)
            .map(|user| whole(user.json()))
            .ok_or_else(|| Refusal::not_found("User"))
    }

    pub(super) fn list_services(&self, asked: &Asked) -> Result<Answer, Refusal> {
        let page = Page::of(asked, ROWS)?;
        let mut services: Vec<_> = self.world.services.iter().collect();
        services.sort_by(|one, other| (&one.name, &one.id).cmp(&(&other.name, &other.id)));
        if asked.param("order") != Some("asc") {
            services.reverse();
        }
        let total = services.len();
        let data = services[page.rows(total)].iter().map(|service| service.json()).collect();
        Ok(page.answer(asked, total, data))
    }

    pub(super) fn get_service(&self, asked: &Asked) -> Result<Answer, Refusal> {
        let (identifier, _) = named(asked, "name");
        let mut services = self.world.services.iter();
        services
            .find(|service| &*service.id == identifier)
            .map(|service| whole(service.json()))
            .ok_or_else(|| Refusal::not_found("Service"))
    }

    pub(super) fn account(&self) -> Answer {
        whole(json!({
            "name": self.world.account_name,
            "userCount": self.world.users.len(),
            "plan": { "maxUserCount": 1500, "name": "Enterprise", "isYearly": true },
        }))
    }

    pub(super) fn request_limits(&self) -> Answer {
        whole(self.throttle.json())
    }
}
