//! Walking a listing that changes while we walk: which page to ask for next, and whether it joins the last one.
//!
//! Pages overlap by a row. Two pages that share a row leave nothing out between them, because each shows one moment
//! and rows keep their order. Where a page does not join (rows above it left the listing, so everything moved up), the
//! walk steps back: alerts and incidents are asked again from the creation time of the last row that is certain, at
//! offset nothing, where no row can slip past; after a second slip every page is asked for in that way. The same step
//! carries the walk past the 20,000 rows that one search can reach. Other listings are walked again from the start.
//!
//! No I/O: the driver asks [`Walk::ask`] what to fetch and tells [`Walk::take`] what came.

use std::collections::HashSet;

use super::request::Span;

/// Rows of a page: the most that Opsgenie gives.
/// <https://docs.opsgenie.com/docs/alert-api>
pub(super) const LIMIT: u32 = 100;
/// Rows that a page shares with the one before it.
const OVERLAP: u32 = 1;
/// The sum of offset and limit must be lower than this.
/// <https://docs.opsgenie.com/docs/alert-api>
const WINDOW: u32 = 20_000;
/// After so many slips pages are asked for one by one, by creation time.
const SLIPS_UNTIL_WARY: u32 = 2;
/// Slips without a new row in between that end the attempt.
const MAX_IDLE_SLIPS: u32 = 3;
/// Walks from the start of a listing that cannot be asked for by creation time.
const MAX_WALKS: u32 = 5;

/// How a listing can be entered in its middle.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Entry {
    /// By the creation time of its rows, by which it is sorted too.
    Creation,
    /// Only by counting rows.
    Offset,
}

/// A page to fetch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Ask {
    /// Only rows created then or later, in milliseconds since 1970.
    pub(super) since_ms: Option<i64>,
    /// Which rows of those.
    pub(super) span: Span,
}

/// What matters about a row here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Row {
    /// A fingerprint of its id, or of all of it when it has none.
    pub(super) mark: u128,
    /// When it was created, in milliseconds since 1970.
    pub(super) created_ms: Option<i64>,
}

/// Whether the server says that there is more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum More {
    Yes,
    No,
    /// It does not say.
    Unsaid,
}

/// A page that came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Sheet {
    pub(super) rows: Vec<Row>,
    pub(super) more: More,
    /// The offset of the last page, when the server names it.
    pub(super) last_offset: Option<u32>,
}

/// What to do after a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Then {
    /// Go on.
    Onward,
    /// Forget the pages under way: the walk continues elsewhere.
    Restart,
    /// That was the last one.
    End,
}

/// What a page gave.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Taken {
    /// Indices of rows not seen before.
    pub(super) fresh: Vec<usize>,
    pub(super) then: Then,
}

/// Why the walk cannot come to an end that is certain.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Stuck {
    #[error("rows left it faster than it could be read")]
    Restless,
    #[error("more than {WINDOW} rows, and they cannot be told apart by creation time")]
    TooLong,
    #[error("more than {WINDOW} rows of the same millisecond")]
    TooManyAtOnce,
    #[error("a search by creation time was answered with older rows")]
    BoundIgnored,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mood {
    /// Many pages under way at once.
    Brisk,
    /// One page at a time, each by creation time where that is possible.
    Wary,
}

/// The state of a walk.
#[derive(Debug)]
pub(super) struct Walk {
    entry: Entry,
    mood: Mood,
    since_ms: Option<i64>,
    next_offset: u32,
    /// The offset of a row that is certain to be there, counted from `since_ms`: up to it pages may be asked together.
    certain: Option<u32>,
    pending: u32,
    ended: bool,
    tail: Vec<Row>,
    seen: HashSet<u128>,
    until_ms: Option<i64>,
    seen_until: u32,
    pages: u32,
    walks: u32,
    slips: u32,
    idle_slips: u32,
    order: Order,
}

/// Whether the rows seen so far came oldest first, as asked. Entering by creation time depends on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Order {
    Kept,
    Broken,
}

impl Walk {
    pub(super) fn new(entry: Entry) -> Self {
        Self {
            entry,
            mood: Mood::Brisk,
            since_ms: None,
            next_offset: 0,
            certain: None,
            pending: 0,
            ended: false,
            tail: Vec::new(),
            seen: HashSet::new(),
            until_ms: None,
            seen_until: 0,
            pages: 0,
            walks: 1,
            slips: 0,
            idle_slips: 0,
            order: Order::Kept,
        }
    }

    /// From now on counts rows created until then apart, for a comparison with what the server counts.
    pub(super) fn count_until(&mut self, until_ms: i64) {
        self.until_ms.get_or_insert(until_ms);
    }

    /// The instant given to [`Walk::count_until`].
    pub(super) fn until_ms(&self) -> Option<i64> {
        self.until_ms
    }

    /// Different rows seen that were created until then (all, when no instant was given).
    pub(super) fn seen_until(&self) -> u32 {
        self.seen_until
    }

    /// Pages taken.
    pub(super) fn pages(&self) -> u32 {
        self.pages
    }

    /// Slips so far.
    pub(super) fn slips(&self) -> u32 {
        self.slips
    }

    /// The next page to fetch, if another may be under way now.
    pub(super) fn ask(&mut self) -> Option<Ask> {
        let known = self.certain.is_some_and(|certain| self.next_offset < certain);
        let alone = self.pending == 0;
        let may = match self.mood {
            Mood::Brisk => alone || known,
            Mood::Wary => alone,
        };
        if self.ended || !may || self.next_offset + LIMIT >= WINDOW {
            return None;
        }
        let ask = Ask { since_ms: self.since_ms, span: Span { offset: self.next_offset, limit: LIMIT } };
        self.next_offset += LIMIT - OVERLAP;
        self.pending += 1;
        Some(ask)
    }

    /// Takes the page that was asked for first among those not yet taken.
    pub(super) fn take(&mut self, ask: &Ask, sheet: &Sheet) -> Result<Taken, Stuck> {
        self.pending = self.pending.saturating_sub(1);
        self.pages += 1;
        let first_of_window = ask.span.offset == 0;
        if first_of_window {
            let older = |row: &Row| row.created_ms.zip(ask.since_ms).is_some_and(|(at, since)| at < since);
            if sheet.rows.first().is_some_and(older) {
                return Err(Stuck::BoundIgnored);
            }
        } else if !self.joins(sheet) {
            return self.slip();
        }
        if !sheet.rows.is_sorted_by_key(|row| row.created_ms) {
            self.order = Order::Broken;
        }
        let fresh = self.keep(sheet);
        let over = match sheet.more {
            More::No => true,
            // Without a word, a short page is the last one; so is one that brings nothing new.
            More::Unsaid => sheet.rows.len() < LIMIT as usize || fresh.is_empty(),
            More::Yes => false,
        };
        if over {
            self.ended = true;
            return Ok(Taken { fresh, then: Then::End });
        }
        self.certain = self.certain.max(sheet.last_offset);
        let then = self.proceed(ask, sheet)?;
        Ok(Taken { fresh, then })
    }

    /// Walks once more from the start, page by page; rows seen stay seen.
    pub(super) fn again(&mut self) -> Result<(), Stuck> {
        self.walks += 1;
        if self.walks > MAX_WALKS {
            return Err(Stuck::Restless);
        }
        self.mood = Mood::Wary;
        self.enter(None);
        self.tail.clear();
        Ok(())
    }

    fn enter(&mut self, since_ms: Option<i64>) {
        self.since_ms = since_ms;
        self.next_offset = 0;
        self.certain = None;
        self.pending = 0;
        self.ended = false;
    }

    fn joins(&self, sheet: &Sheet) -> bool {
        sheet.rows.iter().any(|row| self.tail.iter().rev().any(|tail| tail.mark == row.mark))
    }

    fn keep(&mut self, sheet: &Sheet) -> Vec<usize> {
        let mut fresh = Vec::with_capacity(sheet.rows.len());
        for (index, row) in sheet.rows.iter().enumerate() {
            if self.seen.insert(row.mark) {
                fresh.push(index);
                let late = row.created_ms.zip(self.until_ms).is_some_and(|(at, until)| at > until);
                self.seen_until += u32::from(!late);
            }
        }
        if !fresh.is_empty() {
            self.idle_slips = 0;
        }
        if !sheet.rows.is_empty() {
            self.tail.clone_from(&sheet.rows);
        }
        fresh
    }

    /// Where the next page is, after one that is not the last.
    fn proceed(&mut self, ask: &Ask, sheet: &Sheet) -> Result<Then, Stuck> {
        let later = self.later();
        if self.mood == Mood::Wary
            && let Some(later) = later
        {
            self.enter(Some(later));
            return Ok(Then::Restart);
        }
        if self.pending > 0 {
            return Ok(Then::Onward);
        }
        let rows = u32::try_from(sheet.rows.len()).unwrap_or(u32::MAX);
        if rows <= OVERLAP {
            // More is promised, but nothing comes.
            return self.slip().map(|taken| taken.then);
        }
        self.next_offset = self.next_offset.min(ask.span.offset.saturating_add(rows - OVERLAP));
        if self.next_offset + LIMIT < WINDOW {
            return Ok(Then::Onward);
        }
        match later {
            Some(later) => {
                self.enter(Some(later));
                Ok(Then::Restart)
            }
            None if self.certain_ms().is_some() => Err(Stuck::TooManyAtOnce),
            None => Err(Stuck::TooLong),
        }
    }

    /// The creation time of the last row, if the walk can be continued there and gets on by it.
    fn later(&self) -> Option<i64> {
        self.certain_ms().filter(|&last| self.since_ms.is_none_or(|since| last > since))
    }

    /// The creation time of the last row, if the listing can be entered there.
    fn certain_ms(&self) -> Option<i64> {
        let last = self.tail.last().and_then(|row| row.created_ms)?;
        (self.entry == Entry::Creation && self.order == Order::Kept).then_some(last)
    }

    fn slip(&mut self) -> Result<Taken, Stuck> {
        self.slips += 1;
        self.idle_slips += 1;
        if self.idle_slips > MAX_IDLE_SLIPS {
            return Err(Stuck::Restless);
        }
        if self.slips >= SLIPS_UNTIL_WARY {
            self.mood = Mood::Wary;
        }
        match self.certain_ms() {
            Some(certain) => self.enter(Some(certain)),
            None => self.again()?,
        }
        Ok(Taken { fresh: Vec::new(), then: Then::Restart })
    }
}

#[cfg(test)]
mod tests;
