//! What events stand on.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::super::{Failure, Sides, harvest, prepare, upsert_policy};
use crate::catalog::UpsertPolicy;
use crate::config::Settings;
use crate::enrich::Lookups;
use crate::jq::Environment;
use crate::map::{Blueprints, Rules};
use crate::model::{Blueprint, BlueprintId, Kind, Lookup, RuleId};

/// What events stand on is read again when it is older: somebody may have edited the mapping, and incidents come and go.
const FRESH: Duration = Duration::from_secs(300);

/// What events stand on: the mapping of the catalog, compiled, and what is known of both sides.
#[derive(Debug)]
pub(super) struct Ground {
    pub(super) rules: Arc<Rules>,
    pub(super) policy: UpsertPolicy,
    /// Kinds that feed each blueprint.
    pub(super) feeders: BTreeMap<BlueprintId, BTreeSet<Kind>>,
    pub(super) shapes: BTreeMap<BlueprintId, Blueprint>,
    pub(super) lookups: Lookups,
    laid: Instant,
}

impl Ground {
    /// Reads the mapping and what else events need.
    pub(super) async fn lay(
        settings: &Settings,
        sides: &Sides,
        environment: Environment,
    ) -> Result<Self, Failure> {
        let standing = prepare::standing(sides).await?;
        let prepared = prepare::compile(settings, standing, environment)?;
        let rules = prepared.rules;
        let mut feeders: BTreeMap<BlueprintId, BTreeSet<Kind>> = BTreeMap::new();
        for rule in rules.iter() {
            if let Blueprints::Constant(blueprint) = &rule.blueprints {
                feeders.entry(blueprint.clone()).or_default().insert(rule.kind);
            }
        }
        let mut shapes = BTreeMap::new();
        let live = [Kind::Alert, Kind::WebhookEvent];
        for (blueprint, _) in feeders.iter().filter(|(_, kinds)| live.iter().any(|kind| kinds.contains(kind)))
        {
            if let Some(stored) = sides.catalog.blueprint(blueprint).await? {
                shapes.insert(blueprint.clone(), stored.shape);
            }
        }
        // An alert that was read by its id is whole.
        let mut read = harvest::read(&rules);
        read.lookups.remove(&Lookup::Details);
        let lookups = Lookups::new(&sides.source, &read);
        lookups.fetch_for(Kind::Alert).await;
        Ok(Self {
            policy: upsert_policy(&prepared.mapping),
            rules,
            feeders,
            shapes,
            lookups,
            laid: Instant::now(),
        })
    }

    /// Whether it needs not be read again yet.
    pub(super) fn is_fresh(&self) -> bool {
        self.laid.elapsed() < FRESH
    }

    /// Whether the mapping takes notifications as they are.
    pub(super) fn takes_notifications(&self) -> bool {
        self.rules.kinds().contains(&Kind::WebhookEvent)
    }

    /// The rules of a kind.
    pub(super) fn of_kind(&self, kind: Kind) -> Vec<RuleId> {
        self.rules.iter().filter(|rule| rule.kind == kind).map(|rule| rule.id).collect()
    }
}
