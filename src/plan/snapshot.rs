//! What the catalog holds of one blueprint, as fingerprints: for comparison only, never for deletion.

use std::collections::HashMap;

use super::field::Layout;
use super::fingerprint::{Print, Printer};
use super::ledger::{KeyHash, hash_identifier};
use crate::model::{Blueprint, Entity, Identifier};

/// The stored entities of one blueprint, whoever wrote them: per entity a hash of its identifier and one fingerprint per
/// group of mapped fields.
#[derive(Debug, Default)]
pub struct Snapshot {
    rows: HashMap<KeyHash, u32>,
    prints: Vec<Print>,
    stride: usize,
}

impl Snapshot {
    /// How many entities are stored.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Whether none is stored.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Whether `identifier` is stored.
    pub fn contains(&self, identifier: &str) -> bool {
        self.rows.contains_key(&hash_identifier(identifier))
    }

    /// Adds a stored entity. One that comes twice counts once, as it came last.
    pub(super) fn add(&mut self, stored: &Entity, printer: &mut Printer) {
        let Identifier::Exact(identifier) = &stored.identifier else { return };
        let Self { rows, prints, stride } = self;
        let next = u32::try_from(rows.len()).unwrap_or(u32::MAX);
        let row = *rows.entry(hash_identifier(identifier.as_str())).or_insert(next) as usize;
        // Stored relations are resolved: none of them is a search.
        let looks = printer.look(stored).iter().map(|look| look.print);
        let at = row * *stride;
        if at == prints.len() {
            prints.extend(looks);
        } else {
            for (slot, print) in prints[at..at + *stride].iter_mut().zip(looks) {
                *slot = print;
            }
        }
    }

    /// The fingerprints of `identifier`, one per group.
    pub(super) fn prints(&self, identifier: &str) -> Option<&[Print]> {
        let row = *self.rows.get(&hash_identifier(identifier))? as usize;
        Some(&self.prints[row * self.stride..(row + 1) * self.stride])
    }
}

/// Builds a [`Snapshot`] page by page.
#[derive(Debug)]
pub struct SnapshotBuilder {
    printer: Printer,
    snapshot: Snapshot,
}

impl SnapshotBuilder {
    /// An empty snapshot of the blueprint of `layout`.
    pub fn new(layout: &Layout, shape: &Blueprint) -> Self {
        let snapshot = Snapshot { stride: layout.groups().len(), ..Snapshot::default() };
        Self { printer: Printer::new(layout, shape), snapshot }
    }

    /// Adds a stored entity. One that is listed twice counts once, as listed last.
    pub fn add(&mut self, stored: &Entity) {
        self.snapshot.add(stored, &mut self.printer);
    }

    /// The snapshot, once the last page was added.
    pub fn finish(self) -> Snapshot {
        self.snapshot
    }
}
