//! Incidents: listing, single read, the alerts attached to one.

use std::sync::Arc;

use super::Account;
use super::envelope::{Page, PageSize, ROWS, Refusal, whole};
use super::query::{Condition, Field};
use super::selection::{Order, Sort, Wanted};
use crate::sandbox::server::{Answer, Asked};
use crate::sandbox::world::Incident;

/// Associated alert ids come 20 a page, at most 25.
const ASSOCIATED: PageSize = PageSize { default: 20, max: 25 };

impl Account {
    fn selected_incidents(&mut self, asked: &Asked) -> Result<Arc<[u32]>, Refusal> {
        let wanted = Wanted::of(asked, Sort::of_incidents, Sort::Inserted)?;
        let version = self.world.version();
        if let Some(known) = self.selections.incidents.find(&wanted, version) {
            return Ok(known);
        }
        let condition = Condition::parse(&wanted.query, Field::of_incidents)?;
        let incidents = self.world.incidents();
        let world = &self.world;
        let mut found: Vec<u32> = (0..)
            .zip(incidents)
            .filter(|(_, one)| condition.holds(&|field| one.read(field, world)))
            .map(|(at, _)| at)
            .collect();
        let key = |at: u32| wanted.sort.of_incident(&incidents[at as usize]);
        found.sort_by(|one, other| key(*one).cmp(&key(*other)));
        if wanted.order == Order::Descending {
            found.reverse();
        }
        let found: Arc<[u32]> = found.into();
        self.selections.incidents.keep(wanted, version, &found);
        Ok(found)
    }

    fn incident(&self, asked: &Asked) -> Result<&Incident, Refusal> {
        let identifier = asked.segments.get(2).map_or("", String::as_str);
        let mut incidents = self.world.incidents().iter();
        let found = match asked.param("identifierType") {
            Some("tiny") => incidents.find(|one| one.tiny_id.to_string() == identifier),
            _ => incidents.find(|one| &*one.id == identifier),
        };
        found.ok_or_else(|| Refusal::not_found("Incident"))
    }

    pub(super) fn list_incidents(&mut self, asked: &Asked) -> Result<Answer, Refusal> {
        let page = Page::of(asked, ROWS)?;
        let found = self.selected_incidents(asked)?;
        let incidents = self.world.incidents();
        let data = found[page.rows(found.len())].iter().map(|at| incidents[*at as usize].json()).collect();
        Ok(page.answer(asked, found.len(), data))
    }

    pub(super) fn get_incident(&self, asked: &Asked) -> Result<Answer, Refusal> {
        self.incident(asked).map(|one| whole(one.json()))
    }

    pub(super) fn associated_alerts(&self, asked: &Asked) -> Result<Answer, Refusal> {
        let page = Page::of(asked, ASSOCIATED)?;
        let ids = &self.incident(asked)?.associated_alerts;
        let data = ids[page.rows(ids.len())].iter().map(|id| &**id).collect();
        Ok(page.answer(asked, ids.len(), data))
    }
}
