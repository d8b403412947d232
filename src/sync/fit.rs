//! The mapping held against the blueprints of the catalog, before anything is written.

use std::collections::{BTreeMap, BTreeSet};

use futures::stream::{self, StreamExt as _};

use super::prepare::{Prepared, in_words};
use crate::catalog::{self, Catalog};
use crate::map::{self, Against, Blueprints};
use crate::model::{Blueprint, BlueprintId};

/// Blueprints read at once.
const PARALLEL: usize = 8;

/// What reading the blueprints came to.
#[derive(Debug, Default)]
pub(super) struct Fit {
    /// Their shapes, which need not be read again.
    pub(super) known: BTreeMap<BlueprintId, Blueprint>,
    /// What of the mapping they do not take, a sentence each.
    pub(super) unfit: Vec<String>,
    /// Blueprints that do not exist: told already.
    pub(super) missing: BTreeSet<BlueprintId>,
    /// The error of one that could not be read.
    pub(super) unread: Option<catalog::Error>,
}

impl Fit {
    /// Logs what does not fit.
    pub(super) fn tell(&self) {
        if let [first, rest @ ..] = self.unfit.as_slice() {
            let more = if rest.is_empty() { String::new() } else { format!(" (and {} more)", rest.len()) };
            tracing::warn!(
                "the mapping does not fit the catalog's blueprints, so entities may be refused: {first}{more}"
            );
        }
    }
}

/// Reads the blueprints that the mapping names. One that cannot be read is left to its lane, which tells it; nothing is said
/// about the mapping then, because the catalog has other troubles.
pub(super) async fn of(catalog: &Catalog, prepared: &Prepared) -> Fit {
    let to_come = &prepared.set_up.blueprints;
    let fed: BTreeSet<&BlueprintId> = prepared
        .rules
        .iter()
        .filter_map(|rule| match &rule.blueprints {
            Blueprints::Constant(blueprint) => Some(blueprint),
            Blueprints::Dynamic => None,
        })
        .filter(|blueprint| !to_come.contains_key(blueprint))
        .collect();
    let fed: Vec<BlueprintId> = fed.into_iter().cloned().collect();
    let read: Vec<_> = stream::iter(fed)
        .map(|blueprint| async move {
            let stored = catalog.blueprint(&blueprint).await;
            (blueprint, stored)
        })
        .buffered(PARALLEL)
        .collect()
        .await;
    let mut fit = Fit::default();
    let mut whole = prepared.set_up.whole.clone();
    for (blueprint, stored) in read {
        match stored {
            Ok(Some(stored)) => {
                fit.known.insert(blueprint, stored.shape);
                whole.push(stored.raw);
            }
            Ok(None) => {
                fit.missing.insert(blueprint);
            }
            Err(error) => fit.unread = Some(error),
        }
    }
    if fit.unread.is_none() {
        let unfit = map::unfit(&prepared.mapping, &prepared.rules, &whole, Against::Catalog);
        fit.unfit = unfit.iter().map(in_words).collect();
    } else {
        fit.missing.clear();
    }
    fit
}
