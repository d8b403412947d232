//! Writing entities that are all known beforehand: targets before what points at them, a circle at a time.

use std::collections::{BTreeMap, BTreeSet};

use super::interlock::Interlock;
use super::writer::{Job, Writer, Written};
use super::{Mode, Reading};
use crate::catalog::{Catalog, Error, UpsertPolicy};
use crate::model::{Blueprint, BlueprintId, Field, Kind, Mapped, RuleId};
use crate::plan::{Order, Repeats, Rule, Target};

/// How entities that are known beforehand are written.
#[derive(Clone, Debug)]
pub struct Orderly {
    /// The blueprints, with the fields that are written there.
    pub blueprints: BTreeMap<BlueprintId, (Blueprint, BTreeSet<Field>)>,
    /// How entities are written.
    pub policy: UpsertPolicy,
    /// How it is learned what is stored.
    pub reading: Reading,
}

/// The one kind under which everything is fed: nothing here depends on it, and counts go by the kinds of origins.
const FED_AS: Kind = Kind::Alert;

impl Orderly {
    /// Writes what `pages` gives for each blueprint, a page at a time until it gives an empty one. Blueprints that point
    /// at each other are written together.
    pub async fn write<E: From<Error>>(
        &self,
        catalog: &Catalog,
        mut pages: impl FnMut(&BlueprintId) -> Result<Vec<Mapped>, E>,
    ) -> Result<Written, E> {
        let shapes = self.blueprints.values().map(|(shape, _)| shape);
        let order = Order::of(shapes);
        let mut written = Written::default();
        for group in groups(&order) {
            let mut writer = Writer::start(catalog, self.job(&group)).await?;
            if let Some(feed) = writer.feed(FED_AS) {
                for blueprint in &group {
                    loop {
                        let page = pages(blueprint)?;
                        if page.is_empty() {
                            break;
                        }
                        feed.offer(page).await;
                    }
                }
            }
            written.join(writer.finish().await);
        }
        Ok(written)
    }

    fn job(&self, group: &[BlueprintId]) -> Job {
        let parts = group.iter().filter_map(|id| Some((id, self.blueprints.get(id)?)));
        let rule =
            |(index, (id, (_, fields))): (usize, (&BlueprintId, &(Blueprint, BTreeSet<Field>)))| Rule {
                id: RuleId(index),
                kind: FED_AS,
                target: Target::Fixed(id.clone()),
                fields: fields.clone(),
                repeats: Repeats::LastWins,
            };
        Job {
            rules: parts.clone().enumerate().map(rule).collect(),
            policy: self.policy,
            mode: Mode::Write,
            to_come: BTreeMap::new(),
            known: parts.map(|(id, (shape, _))| (id.clone(), shape.clone())).collect(),
            reading: self.reading,
            interlock: Interlock::default(),
            saved: None,
        }
    }
}

/// Blueprints in order: each alone, but for those that point at each other.
fn groups(order: &Order) -> Vec<Vec<BlueprintId>> {
    let mut groups: Vec<Vec<BlueprintId>> = Vec::new();
    for id in &order.targets_first {
        if groups.iter().any(|group| group.contains(id)) {
            continue;
        }
        let cycle = order.cycles.iter().find(|cycle| cycle.contains(id));
        groups.push(cycle.cloned().unwrap_or_else(|| vec![id.clone()]));
    }
    groups
}
