//! Names of what records hold by id, for filters that ask for names.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use super::lines::Lines;
use super::{Fault, ID};
use crate::model::{Kind, Lookup};
use crate::value::{Object, Value};

const NAME: &str = "name";

/// The names of teams and services, by id.
#[derive(Debug, Default)]
pub(super) struct Names(HashMap<Arc<str>, Value>);

impl Names {
    /// Reads them from listings.
    pub(super) fn of(listings: &[impl AsRef<Path>]) -> Result<Self, Fault> {
        let mut names = HashMap::new();
        for listing in listings {
            let mut lines = Lines::open(listing.as_ref())?;
            while let Some(line) = lines.next()? {
                if let Value::String(id) = line.value.get(ID) {
                    names.insert(Arc::clone(id), line.value.get(NAME).clone());
                }
            }
        }
        Ok(Self(names))
    }

    /// A record with the names beside the ids that it holds, where they are known: as a filter looks for them.
    pub(super) fn joined_to(&self, kind: Kind, row: &Value) -> Value {
        let field = |field: &str, value: Value| row.clone().with(field, value);
        match kind {
            Kind::Alert => match row.get("teams").as_array() {
                Some(teams) => field("teams", teams.iter().map(|team| self.named(team.get(ID))).collect()),
                None => row.clone(),
            },
            Kind::Incident => {
                let services = row.get("impactedServices").as_array().unwrap_or_default().iter();
                let owner = row.get("ownerTeam");
                let owner = if owner.as_str().is_some_and(|id| !id.is_empty()) {
                    self.named(owner)
                } else {
                    owner.clone()
                };
                field("ownerTeam", owner)
                    .with(Lookup::ImpactedServices.name(), services.map(|id| self.named(id)).collect())
            }
            Kind::Service
            | Kind::Team
            | Kind::Schedule
            | Kind::ScheduleOncall
            | Kind::User
            | Kind::WebhookEvent => row.clone(),
        }
    }

    /// What has this id, with its name.
    fn named(&self, id: &Value) -> Value {
        let name = id.as_str().and_then(|id| self.0.get(id)).cloned().unwrap_or_default();
        let pairs: Object = [(ID, id.clone()), (NAME, name)].into_iter().collect();
        Value::object(pairs)
    }
}
