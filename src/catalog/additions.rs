//! What a folder of resources may bring beside blueprints: actions, scorecards and pages, created at the first start.
//!
//! As in Port's own integrations, a fault of one is told and stops nothing
//! (<https://docs.port.io/build-your-software-catalog/custom-integration/ocean-framework/>).

use serde_json::Value as Json;

use super::error::Fault;
use super::{Catalog, meaning_of};
use crate::model::BlueprintId;

/// Something to create beside blueprints.
#[derive(Clone, Debug, PartialEq)]
pub enum Addition {
    /// An action.
    Action(Json),
    /// A scorecard of a blueprint.
    Scorecard(BlueprintId, Json),
    /// A page.
    Page(Json),
}

impl Addition {
    /// What it is called in messages: the sort of thing, and its identifier in backticks.
    pub fn describe(&self) -> String {
        let (what, body) = match self {
            Self::Action(body) => ("action", body),
            Self::Scorecard(_, body) => ("scorecard", body),
            Self::Page(body) => ("page", body),
        };
        let name = body.get("identifier").and_then(Json::as_str).unwrap_or("without identifier");
        match self {
            Self::Scorecard(blueprint, _) => format!("{what} `{name}` of blueprint `{blueprint}`"),
            Self::Action(_) | Self::Page(_) => format!("{what} `{name}`"),
        }
    }
}

impl Catalog {
    /// Creates what is not there yet, one after the other; what cannot be created is a warning.
    pub async fn add(&self, additions: &[Addition]) {
        for addition in additions {
            let requests = self.requests();
            let request = match addition {
                Addition::Action(body) => requests.create_action(body),
                Addition::Scorecard(blueprint, body) => requests.create_scorecard(blueprint, body),
                Addition::Page(body) => requests.create_page(body),
            };
            let fault = match self.send(request).await {
                Ok(response) if response.is_success() => continue,
                Ok(response) => meaning_of(&response),
                Err(fault) => fault,
            };
            match fault {
                // The step after this one says so.
                Fault::Stopped => return,
                Fault::Conflict(_) => tracing::debug!("{} is there already", addition.describe()),
                fault => tracing::warn!("cannot create {}: {fault}", addition.describe()),
            }
        }
    }
}
