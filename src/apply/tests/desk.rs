//! The desk alone, against a store in memory: whatever comes in which order, a second pass finds nothing to do.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use proptest::prelude::*;
use serde_json::json;

use super::stage::{id, mapped_from, rule};
use crate::apply::desk::{Attempt, Desk, Fate, Flush};
use crate::apply::interlock::Interlock;
use crate::apply::item::Item;
use crate::catalog::Stored;
use crate::model::{Blueprint, Entity, EntityKey, Kind, Mapped};
use crate::plan::{Layout, Rule, SnapshotBuilder, overlay};

const ROOM: usize = 1_000;

type Store = BTreeMap<EntityKey, Entity>;

fn shape() -> Blueprint {
    Blueprint { identifier: id("b"), properties: BTreeMap::new(), relations: BTreeMap::new() }
}

/// Writes as the catalog does under `merge=true`.
fn write(store: &mut Store, items: &[Item]) -> Vec<Fate> {
    let mut fates = Vec::new();
    let mut keys = BTreeSet::new();
    for item in items {
        assert!(keys.insert(item.key()), "one key twice in one call");
        let stored = if let Some(stored) = store.get_mut(&item.key()) {
            overlay(stored, item.entity.clone());
            Stored::Updated
        } else {
            store.insert(item.key(), item.entity.clone());
            Stored::Created
        };
        fates.push(Fate::Answered(stored));
    }
    fates
}

/// A pass that keeps up to three calls on their way; how many were made, and how many entities they held.
fn pass(store: &mut Store, rules: &[Rule], arriving: &[Mapped], room: usize) -> (usize, usize) {
    let (layout, shape) = (Layout::new(id("b"), rules), shape());
    let mut builder = SnapshotBuilder::new(&layout, &shape);
    for stored in store.values() {
        builder.add(stored);
    }
    let mut desk = Desk::new(&layout, &shape, builder.finish(), Interlock::default());
    desk.room = room;
    let mut under_way: VecDeque<Vec<Item>> = VecDeque::new();
    let (mut calls, mut entities) = (0, 0);
    let mut land = |desk: &mut Desk<'_>, items: Vec<Item>| {
        calls += 1;
        entities += items.len();
        let fates = write(store, &items);
        desk.settle(items.into_iter().zip(fates).collect(), Attempt::First);
    };
    let take_off = |desk: &mut Desk<'_>, under_way: &mut VecDeque<Vec<Item>>, flush| {
        while under_way.len() < 3 {
            let Some(items) = desk.next_call(flush) else { break };
            for other in under_way.iter().flatten() {
                assert!(items.iter().all(|item| item.key() != other.key()), "one key twice on its way");
            }
            under_way.push_back(items);
        }
    };
    for mapped in arriving {
        desk.take(mapped.clone());
        take_off(&mut desk, &mut under_way, Flush::Full);
        if under_way.len() == 3
            && let Some(items) = under_way.pop_front()
        {
            land(&mut desk, items);
        }
    }
    desk.close();
    loop {
        take_off(&mut desk, &mut under_way, Flush::All);
        let Some(items) = under_way.pop_back() else { break };
        land(&mut desk, items);
    }
    assert_eq!(desk.waiting(), 0);
    let counts: u64 = desk
        .tally
        .kinds()
        .values()
        .map(|counts| counts.created + counts.updated + counts.unchanged + counts.merged)
        .sum();
    assert_eq!(counts, arriving.len() as u64, "every entity is counted once: {:?}", desk.tally);
    (calls, entities)
}

fn arrivals(kinds: [Kind; 2]) -> impl Strategy<Value = Vec<Mapped>> {
    let one = (0_u8..50, 0_usize..2, 0_u8..3).prop_map(move |(key, rule, value)| {
        let property = ["first", "second"][rule];
        let entity = json!({
            "identifier": format!("k{key}"), "blueprint": "b",
            "title": format!("v{value}"), "properties": { property: value },
        });
        mapped_from(rule, kinds[rule], &format!("r{rule}{value}"), &entity)
    });
    proptest::collection::vec(one, 0..150)
}

fn rules(kinds: [Kind; 2]) -> [Rule; 2] {
    [
        rule(0, kinds[0], "b", &["title", "properties.first"]),
        rule(1, kinds[1], "b", &["title", "properties.second"]),
    ]
}

proptest! {
    // A case is two or four passes; this many take about a second.
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_second_pass_over_the_same_finds_nothing_to_do(
        before in arrivals([Kind::Alert, Kind::Alert]),
        now in arrivals([Kind::Alert, Kind::Alert]),
    ) {
        let rules = rules([Kind::Alert, Kind::Alert]);
        let mut store = Store::new();
        pass(&mut store, &rules, &before, ROOM);
        pass(&mut store, &rules, &now, ROOM);
        let settled = store.clone();
        prop_assert_eq!(pass(&mut store, &rules, &now, ROOM), (0, 0));
        prop_assert_eq!(store, settled);
    }

    #[test]
    fn without_room_to_wait_the_last_one_still_wins(
        before in arrivals([Kind::Alert, Kind::Alert]),
        now in arrivals([Kind::Alert, Kind::Alert]),
        room in 1_usize..30,
    ) {
        let rules = rules([Kind::Alert, Kind::Alert]);
        let (mut roomy, mut narrow) = (Store::new(), Store::new());
        pass(&mut roomy, &rules, &before, ROOM);
        pass(&mut narrow, &rules, &before, room);
        prop_assert_eq!(&roomy, &narrow);
        pass(&mut roomy, &rules, &now, ROOM);
        pass(&mut narrow, &rules, &now, room);
        prop_assert_eq!(&roomy, &narrow);
    }

    #[test]
    fn where_two_kinds_meet_their_order_of_arrival_is_irrelevant(
        now in arrivals([Kind::Team, Kind::ScheduleOncall]),
    ) {
        let rules = rules([Kind::Team, Kind::ScheduleOncall]);
        let (mut mixed, mut sorted) = (Store::new(), Store::new());
        pass(&mut mixed, &rules, &now, ROOM);
        let mut by_kind = now.clone();
        by_kind.sort_by_key(|mapped| std::cmp::Reverse(mapped.origin.rule));
        pass(&mut sorted, &rules, &by_kind, ROOM);
        prop_assert_eq!(&mixed, &sorted);
        prop_assert_eq!(pass(&mut mixed, &rules, &by_kind, ROOM), (0, 0));
    }

    #[test]
    fn calls_are_full(now in arrivals([Kind::Alert, Kind::Alert])) {
        let rules = rules([Kind::Alert, Kind::Alert]);
        let mut distinct = now.clone();
        let mut keys = BTreeSet::new();
        distinct.retain(|mapped| keys.insert(mapped.entity.key()));
        let (calls, entities) = pass(&mut Store::new(), &rules, &distinct, ROOM);
        prop_assert_eq!(entities, distinct.len());
        prop_assert_eq!(calls, distinct.len().div_ceil(20));
    }
}
