//! Incidents of a service, services of an incident: joins over the two listings.

use std::collections::HashMap;
use std::sync::Arc;

use tokio::sync::OnceCell;

use crate::model::Record;
use crate::opsgenie::Error;
use crate::value::Value;

use super::shared::{Listed, Shared};

type Index = HashMap<Arc<str>, Vec<Value>>;

/// Incidents by service.
#[derive(Debug, Default)]
pub(super) struct Impacts(OnceCell<Result<Index, Error>>);

impl Impacts {
    /// `__incidents` of a service: every incident that impacts it, newest first as Opsgenie lists them by itself.
    pub(super) async fn of_service(&self, shared: &Shared, service: &Record) -> Result<Value, Error> {
        let index = self.0.get_or_init(|| async { impacts(&*shared.incidents().await) }).await;
        let found = index.as_ref().map_err(Clone::clone)?.get(service.id.as_str());
        Ok(Value::array(found.cloned().unwrap_or_default()))
    }
}

fn impacts(incidents: &Listed) -> Result<Index, Error> {
    let mut index = Index::new();
    for incident in incidents.whole()?.iter().rev() {
        for service in incident.body.get("impactedServices").as_array().unwrap_or_default() {
            if let Value::String(service) = service {
                index.entry(Arc::clone(service)).or_default().push(incident.body.clone());
            }
        }
    }
    Ok(index)
}

/// Services by id.
#[derive(Debug, Default)]
pub(super) struct Services(OnceCell<Result<HashMap<Arc<str>, Value>, Error>>);

impl Services {
    /// `__impactedServices` of an incident, in its order; nothing when it impacts none.
    pub(super) async fn of_incident(
        &self,
        shared: &Shared,
        incident: &Record,
    ) -> Result<Option<Value>, Error> {
        let impacted = incident.body.get("impactedServices").as_array().unwrap_or_default();
        if impacted.is_empty() {
            return Ok(None);
        }
        let index = self.0.get_or_init(|| async { services(&*shared.services().await) }).await;
        let index = index.as_ref().map_err(Clone::clone)?;
        Ok(Some(impacted.iter().filter_map(|id| index.get(id.as_str()?).cloned()).collect()))
    }
}

fn services(services: &Listed) -> Result<HashMap<Arc<str>, Value>, Error> {
    let services = services.whole()?.iter();
    Ok(services.map(|service| (service.id.as_str().into(), service.body.clone())).collect())
}
