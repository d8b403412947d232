//! Walks over a simulated account that changes between any two calls.

use std::collections::{BTreeSet, VecDeque};

use proptest::prelude::*;

use super::*;

/// A sorted listing: creation time and number of each row. It answers as the API does, at the moment it is asked.
#[derive(Clone, Debug, Default)]
struct Account {
    rows: Vec<(i64, u32)>,
    calls: u32,
}

impl Account {
    fn with(rows: u32, per_ms: u32) -> Self {
        Self { rows: (0..rows).map(|n| (i64::from(n / per_ms), n)).collect(), calls: 0 }
    }

    fn insert(&mut self, row: (i64, u32)) {
        let index = self.rows.partition_point(|other| *other < row);
        self.rows.insert(index, row);
    }

    fn answer(&mut self, ask: &Ask) -> Sheet {
        assert!(ask.span.offset + ask.span.limit < WINDOW, "beyond the window: {ask:?}");
        self.calls += 1;
        let first = self.rows.partition_point(|(at, _)| ask.since_ms.is_some_and(|since| *at < since));
        let matching = &self.rows[first..];
        let (from, limit) = (ask.span.offset as usize, ask.span.limit as usize);
        let rows = matching.iter().skip(from).take(limit).map(|(at, n)| row(*at, *n)).collect();
        let more = if matching.len() > from + limit { More::Yes } else { More::No };
        let last = matching.len().saturating_sub(1) / limit * limit;
        Sheet { rows, more, last_offset: Some(u32::try_from(last).unwrap()) }
    }
}

fn row(at: i64, number: u32) -> Row {
    Row { mark: u128::from(number), created_ms: Some(at) }
}

/// What a walk came to.
#[derive(Debug)]
struct Walked {
    seen: Vec<u128>,
    calls: u32,
    end: Result<(), Stuck>,
}

/// Drives a walk with `ahead` pages under way; `change` happens after every call.
fn drive(entry: Entry, account: &mut Account, ahead: usize, mut change: impl FnMut(&mut Account)) -> Walked {
    let mut walk = Walk::new(entry);
    let mut under_way: VecDeque<(Ask, Sheet)> = VecDeque::new();
    let mut seen = Vec::new();
    for _ in 0..10_000 {
        while under_way.len() < ahead
            && let Some(ask) = walk.ask()
        {
            let sheet = account.answer(&ask);
            change(account);
            under_way.push_back((ask, sheet));
        }
        let (ask, sheet) = under_way.pop_front().expect("a walk that has not ended asks for more");
        match walk.take(&ask, &sheet) {
            Err(stuck) => return Walked { seen, calls: account.calls, end: Err(stuck) },
            Ok(taken) => {
                seen.extend(taken.fresh.iter().map(|&index| sheet.rows[index].mark));
                match taken.then {
                    Then::Onward => {}
                    Then::Restart => under_way.clear(),
                    Then::End => return Walked { seen, calls: account.calls, end: Ok(()) },
                }
            }
        }
    }
    panic!("the walk has no end");
}

fn still(entry: Entry, rows: u32, per_ms: u32) -> Walked {
    drive(entry, &mut Account::with(rows, per_ms), 8, |_| {})
}

fn assert_whole(walked: &Walked, rows: u32) {
    assert_eq!(walked.end, Ok(()));
    let different: BTreeSet<_> = walked.seen.iter().collect();
    assert_eq!(different.len(), walked.seen.len(), "none twice");
    assert_eq!(different.len(), rows as usize, "none missing");
}

#[test]
fn an_account_at_rest_is_seen_whole_in_few_calls() {
    for (rows, most) in [(0, 1), (1, 1), (99, 1), (100, 1), (101, 2), (199, 2), (200, 3), (15_000, 152)] {
        for entry in [Entry::Creation, Entry::Offset] {
            let walked = still(entry, rows, 1);
            assert_whole(&walked, rows);
            assert!(walked.calls <= most, "{rows} rows in {} calls", walked.calls);
        }
    }
}

#[test]
fn creation_time_carries_past_the_window() {
    for per_ms in [1, 7, 150] {
        let walked = still(Entry::Creation, 45_000, per_ms);
        assert_whole(&walked, 45_000);
        assert!(walked.calls < 470, "{} calls", walked.calls);
    }
}

#[test]
fn a_listing_without_creation_times_is_not_called_whole_past_the_window() {
    assert_eq!(still(Entry::Offset, 20_000, 1).end, Err(Stuck::TooLong));
}

#[test]
fn one_crowded_millisecond_is_not_called_whole_past_the_window() {
    assert_whole(&still(Entry::Creation, 19_800, 19_800), 19_800);
    assert_eq!(still(Entry::Creation, 30_000, 30_000).end, Err(Stuck::TooManyAtOnce));
}

#[test]
fn with_a_row_closing_at_every_call_nothing_else_is_lost() {
    let mut account = Account::with(4_000, 1);
    let mut closed = BTreeSet::new();
    let walked = drive(Entry::Creation, &mut account, 8, |account| {
        let first = account.rows.remove(0);
        closed.insert(u128::from(first.1));
    });
    assert_eq!(walked.end, Ok(()));
    let seen: BTreeSet<_> = walked.seen.iter().copied().collect();
    assert!((0..4_000_u32).map(u128::from).all(|row| seen.contains(&row) || closed.contains(&row)));
    assert!(walked.calls < 80, "{} calls", walked.calls);
}

#[test]
fn a_server_that_ignores_the_bound_is_found_out() {
    let mut walk = Walk::new(Entry::Creation);
    let ask = Ask { since_ms: Some(50), span: Span { offset: 0, limit: LIMIT } };
    let sheet = Account::with(200, 1).answer(&Ask { since_ms: None, ..ask });
    assert_eq!(walk.take(&ask, &sheet), Err(Stuck::BoundIgnored));
}

#[test]
fn a_listing_in_another_order_is_not_entered_by_creation_time() {
    let newest_first = |account: &mut Account, ask: &Ask| {
        assert_eq!(ask.since_ms, None);
        account.rows.reverse();
        let sheet = account.answer(ask);
        account.rows.reverse();
        sheet
    };
    let mut account = Account::with(20_500, 1);
    let mut walk = Walk::new(Entry::Creation);
    let stuck =
        std::iter::from_fn(|| walk.ask().map(|ask| walk.take(&ask, &newest_first(&mut account, &ask))))
            .find_map(Result::err);
    assert_eq!(stuck, Some(Stuck::TooLong));
}

#[test]
fn a_server_without_paging_links_is_walked_to_its_short_page() {
    let mut account = Account::with(250, 1);
    let mut walk = Walk::new(Entry::Offset);
    let mut seen = 0;
    while let Some(ask) = walk.ask() {
        let sheet = Sheet { more: More::Unsaid, last_offset: None, ..account.answer(&ask) };
        seen += walk.take(&ask, &sheet).unwrap().fresh.len();
    }
    assert_eq!((seen, account.calls), (250, 3));
}

#[test]
fn a_server_that_promises_more_and_gives_nothing_is_not_believed() {
    let mut walk = Walk::new(Entry::Creation);
    let empty = Sheet { rows: Vec::new(), more: More::Yes, last_offset: None };
    let stuck = (0..100).find_map(|_| {
        let ask = walk.ask().expect("not ended");
        walk.take(&ask, &empty).err()
    });
    assert_eq!(stuck, Some(Stuck::Restless));
}

#[test]
fn a_second_look_gives_only_what_is_new() {
    let mut account = Account::with(250, 1);
    let mut walk = Walk::new(Entry::Creation);
    let look = |walk: &mut Walk, account: &mut Account| {
        let mut seen = 0;
        while let Some(ask) = walk.ask() {
            seen += walk.take(&ask, &account.answer(&ask)).unwrap().fresh.len();
        }
        seen
    };
    walk.count_until(1_000);
    assert_eq!(look(&mut walk, &mut account), 250);
    account.insert((100, 9_999));
    account.insert((2_000, 9_998));
    walk.again().unwrap();
    assert_eq!(look(&mut walk, &mut account), 2);
    assert_eq!(walk.seen_until(), 251);
}

/// What happens to the account after a call.
#[derive(Clone, Copy, Debug)]
enum Change {
    Nothing,
    /// The row at this share of the listing leaves.
    Leaves(u16),
    /// A row that left comes back where it was.
    Returns,
    /// A row is created now.
    Arrives,
}

fn change() -> impl Strategy<Value = Change> {
    prop_oneof![
        4 => Just(Change::Nothing),
        4 => any::<u16>().prop_map(Change::Leaves),
        1 => Just(Change::Returns),
        2 => Just(Change::Arrives),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, ..ProptestConfig::default() })]

    #[test]
    fn what_stays_throughout_is_seen_or_the_walk_is_stuck(
        rows in 0..1_500_u32,
        per_ms in 1..250_u32,
        ahead in 1..9_usize,
        changes in proptest::collection::vec(change(), 1..60),
        entry in prop_oneof![Just(Entry::Creation), Just(Entry::Offset)],
    ) {
        let mut account = Account::with(rows, per_ms);
        let mut stays: BTreeSet<u128> = (0..rows).map(u128::from).collect();
        let mut gone = Vec::new();
        let mut script = changes.iter().cycle();
        let mut next = rows;
        let walked = drive(entry, &mut account, ahead, |account| match script.next() {
            Some(Change::Leaves(share)) if !account.rows.is_empty() => {
                let index = usize::from(*share) * account.rows.len() / (usize::from(u16::MAX) + 1);
                let row = account.rows.remove(index);
                stays.remove(&u128::from(row.1));
                gone.push(row);
            }
            Some(Change::Returns) => {
                if let Some(row) = gone.pop() {
                    account.insert(row);
                }
            }
            Some(Change::Arrives) => {
                account.insert((i64::from(next), next));
                next += 1;
            }
            _ => {}
        });
        let seen: BTreeSet<u128> = walked.seen.iter().copied().collect();
        prop_assert_eq!(seen.len(), walked.seen.len(), "none twice");
        if walked.end.is_ok() {
            let lost: Vec<_> = stays.difference(&seen).collect();
            prop_assert!(lost.is_empty(), "lost {:?}", lost);
        }
        if entry == Entry::Creation && per_ms < 50 {
            prop_assert_eq!(walked.end, Ok(()));
        }
    }
}
