//! What became of the records of a kind, and where expressions gave nothing: counted, never logged once per record.

use std::collections::BTreeMap;

use super::FieldId;
use crate::model::{RecordId, RuleId};

/// How many records are named as examples of a fault.
const EXAMPLES: usize = 3;

/// One expression that failed, or a result that cannot be used, with how often and for which records.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldFault {
    /// How many items it happened to.
    pub count: u64,
    /// The first records it happened to.
    pub examples: Vec<RecordId>,
    /// jq's message, or why the result cannot be used, of the first one.
    pub message: String,
    /// Whether the expression was not tried for all of them, because that took too long.
    pub given_up: bool,
}

/// An expression that gave null without failing, with how often and for which records.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FieldNulls {
    /// How many items it gave null for.
    pub count: u64,
    /// The first records it gave null for.
    pub examples: Vec<RecordId>,
}

impl std::fmt::Display for FieldFault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.message)?;
        if self.given_up { f.write_str("; then it was tried no more, as that took too long") } else { Ok(()) }
    }
}

/// Counts of one kind, or of a part of it.
#[derive(Clone, Debug, Default)]
pub struct Tally {
    /// Entities that came out.
    pub mapped: u64,
    /// Items that a selector left out.
    pub skipped: u64,
    /// Items whose selector (or list of items) failed or gave something of another type.
    pub unselected: u64,
    /// Items without a usable identifier or blueprint.
    pub unmapped: u64,
    /// Fields whose expression failed or whose result cannot be used.
    pub faults: BTreeMap<FieldId, FieldFault>,
    /// Fields whose expression gave null, or nothing, and did not fail.
    pub nulls: BTreeMap<FieldId, FieldNulls>,
    /// How many entities came out of each rule.
    pub by_rule: BTreeMap<RuleId, u64>,
}

impl Tally {
    /// Counts an expression that is tried no more.
    pub(super) fn given_up(&mut self, field: FieldId, record: &RecordId) {
        self.fault(field, record, || "stopped before".to_owned());
        self.faults.entry(field).and_modify(|fault| fault.given_up = true);
    }

    /// Counts a failed expression.
    pub(super) fn fault(&mut self, field: FieldId, record: &RecordId, message: impl FnOnce() -> String) {
        let fault = self.faults.entry(field).or_insert_with(|| FieldFault {
            count: 0,
            examples: Vec::new(),
            message: message(),
            given_up: false,
        });
        fault.count += 1;
        name(&mut fault.examples, record);
    }

    /// Counts a null.
    pub(super) fn null(&mut self, field: FieldId, record: &RecordId) {
        let nulls = self.nulls.entry(field).or_default();
        nulls.count += 1;
        name(&mut nulls.examples, record);
    }

    /// Counts an entity.
    pub(super) fn entity(&mut self, rule: RuleId) {
        self.mapped += 1;
        *self.by_rule.entry(rule).or_default() += 1;
    }

    /// Adds the counts of another part; the examples of the earlier part come first.
    pub fn absorb(&mut self, other: Self) {
        let Self { mapped, skipped, unselected, unmapped, faults, nulls, by_rule } = other;
        self.mapped += mapped;
        self.skipped += skipped;
        self.unselected += unselected;
        self.unmapped += unmapped;
        for (rule, count) in by_rule {
            *self.by_rule.entry(rule).or_default() += count;
        }
        for (field, more) in nulls {
            let known = self.nulls.entry(field).or_default();
            known.count += more.count;
            known.examples.extend(more.examples);
            known.examples.truncate(EXAMPLES);
        }
        for (field, fault) in faults {
            if let Some(known) = self.faults.get_mut(&field) {
                known.count += fault.count;
                known.examples.extend(fault.examples);
                known.examples.truncate(EXAMPLES);
                known.given_up |= fault.given_up;
            } else {
                self.faults.insert(field, fault);
            }
        }
    }
}

/// Names a record as an example, unless it is the last one or there are enough.
fn name(examples: &mut Vec<RecordId>, record: &RecordId) {
    if examples.len() < EXAMPLES && examples.last() != Some(record) {
        examples.push(record.clone());
    }
}
