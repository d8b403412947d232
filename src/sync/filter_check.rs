//! A look at the source before something filtered is deleted.
//!
//! A listing of open alerts rightly leaves closed ones out, and rightly comes to nothing on a quiet day. So its emptiness
//! says nothing: what seems stale is read by id, and goes only when it is gone or outside the filter.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use futures::{StreamExt as _, stream};
use jiff::Timestamp;

use crate::map::{Blueprints, Rule, Rules, Tally};
use crate::model::filter::Judgement;
use crate::model::{EntityId, Filter, Identifier, Kind, Lookup, Record, RecordId, RuleId};
use crate::opsgenie::{Error, Listing, Opsgenie};
use crate::plan::deletion::{FilterCheck, Inventory, Seen};

/// Candidates that are read at once.
const AT_ONCE: usize = 4;

/// Checks every filtered rule whose kind was seen whole and whose blueprint holds something that seems stale.
pub(super) async fn run(
    source: &Opsgenie,
    rules: &Rules,
    inventory: &Inventory,
    seen: &BTreeMap<Kind, Seen>,
) -> BTreeMap<RuleId, FilterCheck> {
    let mut checks = BTreeMap::new();
    let mut answering: BTreeMap<Kind, Result<(), String>> = BTreeMap::new();
    for rule in rules.iter() {
        let (Some(filter), Blueprints::Constant(blueprint)) = (rule.filter(), &rule.blueprints) else {
            continue;
        };
        let candidates = inventory.sample(blueprint);
        let complete = seen.get(&rule.kind).is_some_and(|seen| seen.verdict.is_complete());
        if candidates.is_empty() || !complete {
            continue;
        }
        let answers = match answering.entry(rule.kind) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(unknown) => unknown.insert(probe(source, rule.kind).await),
        };
        let check = match answers {
            Ok(()) => look(source, rules, rule, filter, &candidates).await,
            Err(why) => FilterCheck::Failed(why.clone()),
        };
        checks.insert(rule.id, check);
    }
    checks
}

/// Whether an unfiltered listing of the kind answers.
async fn probe(source: &Opsgenie, kind: Kind) -> Result<(), String> {
    match source.pages(&Listing::all(kind)).next().await {
        None | Some(Ok(_)) => Ok(()),
        Some(Err(error)) => Err(error.to_string()),
    }
}

async fn look(
    source: &Opsgenie,
    rules: &Rules,
    rule: &Rule,
    filter: &Filter,
    candidates: &[&EntityId],
) -> FilterCheck {
    let records: Option<Vec<(&EntityId, RecordId)>> =
        candidates.iter().map(|&id| Some((id, rule.record_of(id)?))).collect();
    let Some(records) = records else {
        let why = "its identifier is not the record's id, so the missing ones cannot be looked up";
        return FilterCheck::Failed(why.to_owned());
    };
    let now = Timestamp::now();
    let verdicts = stream::iter(records).map(|(id, record)| async move {
        match read(source, rule.kind, &record).await {
            Ok(None) => Ok(()),
            Ok(Some(record)) => outside(rules, rule, filter, id, &record, now),
            Err(error) => Err(error.to_string()),
        }
    });
    let verdicts: Vec<Result<(), String>> = verdicts.buffered(AT_ONCE).collect().await;
    match verdicts.into_iter().find_map(Result::err) {
        None => FilterCheck::Passed,
        Some(why) => FilterCheck::Failed(why),
    }
}

async fn read(source: &Opsgenie, kind: Kind, id: &RecordId) -> Result<Option<Record>, Error> {
    match source.look_up(kind, id).await {
        Ok(record) => Ok(Some(record)),
        Err(Error::Missing { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Whether a record that still exists is outside the filter, or left out by the selector.
fn outside(
    rules: &Rules,
    rule: &Rule,
    filter: &Filter,
    id: &EntityId,
    record: &Record,
    now: Timestamp,
) -> Result<(), String> {
    if filter.judge(&record.body, now) == Judgement::Differs {
        return Ok(());
    }
    let (mut tally, mut mapped) = (Tally::default(), Vec::new());
    // A record that was read by its id is whole.
    let unread = |lookup: &Lookup| lookup.kind() == rule.kind && *lookup != Lookup::Details;
    let unread: Vec<_> = rules.needs().into_keys().filter(unread).collect();
    rules.apply(record, &unread, &[rule.id], &mut tally, &mut mapped);
    let made = mapped.iter().any(|mapped| mapped.entity.identifier == Identifier::Exact(id.clone()));
    if made || tally.unselected + tally.unmapped > 0 {
        return Err(format!("`{}` still exists there and is not outside the filter", record.id));
    }
    Ok(())
}
