//! Blueprints in the order of their relations.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::{Blueprint, BlueprintId};

/// Blueprints so that relation targets come before those that point at them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Order {
    /// Every blueprint once: targets first, members of a cycle side by side.
    pub targets_first: Vec<BlueprintId>,
    /// Blueprints that point at each other, directly or through others; a blueprint that points at itself is one alone.
    pub cycles: Vec<Vec<BlueprintId>>,
}

impl Order {
    /// Orders `blueprints`; relations that lead out of them do not count. The same input gives the same order.
    pub fn of<'a>(blueprints: impl IntoIterator<Item = &'a Blueprint>) -> Self {
        Self::of_all(&blueprints.into_iter().collect::<Vec<_>>())
    }

    /// Compiled once, whatever gives the blueprints.
    fn of_all(blueprints: &[&Blueprint]) -> Self {
        let targets: BTreeMap<&BlueprintId, BTreeSet<&BlueprintId>> = blueprints
            .iter()
            .map(|blueprint| {
                let targets = blueprint.relations.values().map(|relation| &relation.target);
                (&blueprint.identifier, targets.collect())
            })
            .collect();
        let reach: BTreeMap<&BlueprintId, BTreeSet<&BlueprintId>> =
            targets.keys().map(|&start| (start, reachable(start, &targets))).collect();
        let mut remaining: Vec<&BlueprintId> = targets.keys().copied().collect();
        // What reaches less comes first: a target reaches no more than what points at it, and exactly as much only when
        // it is in a cycle that the other one is in too, or leads to.
        remaining.sort_by_key(|id| (reach[id].len(), !reach[id].contains(id), *id));
        let mut cycles: Vec<Vec<BlueprintId>> = Vec::new();
        let mut ordered: Vec<BlueprintId> = Vec::with_capacity(remaining.len());
        let mut placed: BTreeSet<&BlueprintId> = BTreeSet::new();
        for id in remaining {
            if placed.contains(id) {
                continue;
            }
            let component: Vec<&BlueprintId> = if reach[id].contains(id) {
                reach[id].iter().copied().filter(|other| reach[other].contains(id)).collect()
            } else {
                vec![id]
            };
            if reach[id].contains(id) {
                cycles.push(component.iter().map(|&id| id.clone()).collect());
            }
            for member in component {
                placed.insert(member);
                ordered.push(member.clone());
            }
        }
        Self { targets_first: ordered, cycles }
    }

    /// Those that point at others first: the order of deletion.
    pub fn sources_first(&self) -> impl Iterator<Item = &BlueprintId> {
        self.targets_first.iter().rev()
    }
}

/// Everything that `start` points at, directly or through others; `start` itself only when a cycle leads back.
fn reachable<'a>(
    start: &'a BlueprintId,
    targets: &BTreeMap<&'a BlueprintId, BTreeSet<&'a BlueprintId>>,
) -> BTreeSet<&'a BlueprintId> {
    let mut seen = BTreeSet::new();
    let mut open = vec![start];
    while let Some(id) = open.pop() {
        for &target in targets.get(id).into_iter().flatten() {
            if targets.contains_key(target) && seen.insert(target) {
                open.push(target);
            }
        }
    }
    seen
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Arity, RelationShape};

    fn blueprint(id: &str, targets: &[&str]) -> Blueprint {
        Blueprint {
            identifier: BlueprintId::new(id).unwrap(),
            properties: BTreeMap::new(),
            relations: targets
                .iter()
                .map(|&target| {
                    let shape =
                        RelationShape { target: BlueprintId::new(target).unwrap(), arity: Arity::One };
                    (target.into(), shape)
                })
                .collect(),
        }
    }

    fn texts(ids: &[BlueprintId]) -> Vec<&str> {
        ids.iter().map(BlueprintId::as_str).collect()
    }

    #[test]
    fn targets_come_first_and_outsiders_do_not_count() {
        let order = Order::of(&[
            blueprint("alert", &["incident", "team"]),
            blueprint("incident", &["service", "_user"]),
            blueprint("service", &["team"]),
            blueprint("team", &[]),
        ]);
        assert_eq!(texts(&order.targets_first), ["team", "service", "incident", "alert"]);
        assert!(order.cycles.is_empty());
    }

    #[test]
    fn cycles_are_named() {
        let order = Order::of(&[
            blueprint("a", &["b"]),
            blueprint("b", &["c"]),
            blueprint("c", &["a"]),
            blueprint("self", &["self"]),
            blueprint("d", &["a"]),
        ]);
        assert_eq!(order.cycles.len(), 2);
        assert!(order.cycles.iter().any(|cycle| texts(cycle) == ["a", "b", "c"]));
        assert!(order.cycles.iter().any(|cycle| texts(cycle) == ["self"]));
        let position = |id: &str| order.targets_first.iter().position(|other| other.as_str() == id).unwrap();
        assert!(position("d") > position("a").max(position("b")).max(position("c")));
    }

    proptest::proptest! {
        #[test]
        fn every_relation_outside_a_cycle_points_backwards(
            edges in proptest::collection::vec((0_u8..8, 0_u8..8), 0..20)
        ) {
            let names: Vec<String> = (0..8).map(|n| format!("b{n}")).collect();
            let blueprints: Vec<Blueprint> = (0..8_u8)
                .map(|n| {
                    let targets: Vec<&str> = edges
                        .iter()
                        .filter(|(from, _)| *from == n)
                        .map(|(_, to)| names[usize::from(*to)].as_str())
                        .collect();
                    blueprint(&names[usize::from(n)], &targets)
                })
                .collect();
            let order = Order::of(&blueprints);
            proptest::prop_assert_eq!(order.targets_first.len(), 8);
            let position =
                |id: &str| order.targets_first.iter().position(|other| other.as_str() == id).unwrap();
            for (from, to) in edges {
                let (from, to) = (&names[usize::from(from)], &names[usize::from(to)]);
                let cyclic = order.cycles.iter().any(|cycle| {
                    let cycle = texts(cycle);
                    cycle.contains(&from.as_str()) && cycle.contains(&to.as_str())
                });
                proptest::prop_assert!(cyclic || position(to) < position(from));
            }
        }
    }
}
