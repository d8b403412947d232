//! Alerts: listing, count, single read.

use std::sync::Arc;

use serde_json::json;

use super::Account;
use super::envelope::{Page, ROWS, Refusal, whole};
use super::query::{Condition, Field};
use super::selection::{Order, Sort, Wanted};
use crate::sandbox::server::{Answer, Asked};
use crate::sandbox::world::{Alert, AlertStatus, View};

impl Account {
    /// Positions of the alerts that a request selects, in its order.
    fn selected_alerts(&mut self, asked: &Asked) -> Result<Arc<[u32]>, Refusal> {
        let wanted = Wanted::of(asked, Sort::of_alerts, Sort::Created)?;
        if let Some(known) = self.selections.alerts.find(&wanted, self.world.version()) {
            return Ok(known);
        }
        let condition = Condition::parse(&wanted.query, Field::of_alerts)?;
        let alerts = self.world.alerts();
        let teams = &self.world.teams;
        let mut found: Vec<u32> = (0..)
            .zip(alerts)
            .filter(|(_, alert)| condition.holds(&|field| alert.read(field, teams)))
            .map(|(at, _)| at)
            .collect();
        let key = |at: u32| wanted.sort.of_alert(&alerts[at as usize]);
        found.sort_by(|one, other| key(*one).cmp(&key(*other)));
        if wanted.order == Order::Descending {
            found.reverse();
        }
        let found: Arc<[u32]> = found.into();
        self.selections.alerts.keep(wanted, self.world.version(), &found);
        Ok(found)
    }

    pub(super) fn list_alerts(&mut self, asked: &Asked) -> Result<Answer, Refusal> {
        let page = Page::of(asked, ROWS)?;
        let found = self.selected_alerts(asked)?;
        let alerts = self.world.alerts();
        let rows = found[page.rows(found.len())].iter().map(|at| &alerts[*at as usize]);
        Ok(page.answer_rows(asked, found.len(), rows.map(|alert| |out: &mut Vec<u8>| alert.write_row(out))))
    }

    pub(super) fn count_alerts(&mut self, asked: &Asked) -> Result<Answer, Refusal> {
        let found = self.selected_alerts(asked)?;
        Ok(whole(json!({ "count": found.len() })))
    }

    pub(super) fn get_alert(&self, asked: &Asked) -> Result<Answer, Refusal> {
        let identifier = asked.segments.get(2).map_or("", String::as_str);
        let mut alerts = self.world.alerts().iter();
        let found = match asked.param("identifierType") {
            Some("tiny") => alerts.find(|alert| alert.tiny_id.to_string() == identifier),
            Some("alias") => {
                alerts.find(|alert| alert.status == AlertStatus::Open && &**alert.alias() == identifier)
            }
            _ => alerts.find(|alert| &*alert.id == identifier),
        };
        found.map(|alert: &Alert| whole(alert.json(View::Whole))).ok_or_else(|| Refusal::not_found("Alert"))
    }
}
