//! Two readings of the catalog, never confused: the *snapshot* of a blueprint, whoever wrote it, for comparison; and the
//! *inventory* of what carries our stamp, for deletion.

use std::collections::VecDeque;

use futures::stream::{self, Stream, TryStreamExt as _};
use jiff::Timestamp;

use super::error::{Error, Fault};
use super::request::{PAGE, Parts, SEARCH_SLICE, Writer};
use super::{Catalog, at, wire};
use crate::model::{BlueprintId, Entity, EntityId, EntityKey, Field};

/// A listing longer than this is no listing: fifty million entities of the inventory.
const MAX_PAGES: usize = 10_000;

/// An entity that carries our stamp.
pub type Owned = EntityKey;

/// Some of the stored entities of a blueprint.
#[derive(Debug)]
pub struct SnapshotPage {
    /// The entities.
    pub entities: Vec<Entity>,
    /// Whose entities the listing holds.
    pub owners: Owners,
}

/// Whose entities a listing holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Owners {
    /// Everybody's.
    All,
    /// Only those that carry our stamp: a key that is missing may still be stored.
    Ours,
}

/// Where a snapshot stands.
enum Reading {
    /// The next page of the blueprint.
    Page {
        from: Option<String>,
        pages: usize,
    },
    /// The catalog cannot list a blueprint: the entities that carry our stamp, looked up by identifier.
    Lookup(VecDeque<EntityId>),
    Done,
}

impl Catalog {
    /// Every stored entity of `blueprint`, whoever wrote it, with `fields`, page by page. The blueprint is known to
    /// exist. A catalog without the route for large pages is read in a way that it has: then only entities that carry
    /// our stamp come, and the pages say so.
    pub fn snapshot<'a>(
        &'a self,
        blueprint: &'a BlueprintId,
        fields: &'a [Field],
    ) -> impl Stream<Item = Result<SnapshotPage, Error>> + 'a {
        let start = Reading::Page { from: None, pages: 0 };
        stream::try_unfold(start, move |reading| self.step(blueprint, fields, reading))
    }

    async fn step(
        &self,
        blueprint: &BlueprintId,
        fields: &[Field],
        reading: Reading,
    ) -> Result<Option<(SnapshotPage, Reading)>, Error> {
        match reading {
            Reading::Done => Ok(None),
            Reading::Page { from, pages } => match self.page(blueprint, fields, from.as_deref(), pages).await
            {
                Ok((entities, next)) => {
                    let reading = match next {
                        Some(next) => Reading::Page { from: Some(next), pages: pages + 1 },
                        None => Reading::Done,
                    };
                    Ok(Some((SnapshotPage { entities, owners: Owners::All }, reading)))
                }
                Err(Error { fault: Fault::NoRoute(_) | Fault::Missing(_), .. }) if pages == 0 => {
                    tracing::debug!(%blueprint, "the catalog cannot list a blueprint, looking up what is ours");
                    let owned = self.owned().await?;
                    let ids = owned
                        .iter()
                        .filter(|key| key.blueprint == *blueprint)
                        .map(|key| key.identifier.clone());
                    let page = SnapshotPage { entities: Vec::new(), owners: Owners::Ours };
                    Ok(Some((page, Reading::Lookup(ids.collect()))))
                }
                Err(error) => Err(error),
            },
            Reading::Lookup(mut left) => {
                let slice: Vec<EntityId> = left.drain(..left.len().min(SEARCH_SLICE)).collect();
                if slice.is_empty() {
                    return Ok(None);
                }
                let entities = self.lookup_slice(blueprint, &slice, Parts::Fields(fields)).await?;
                Ok(Some((SnapshotPage { entities, owners: Owners::Ours }, Reading::Lookup(left))))
            }
        }
    }

    async fn page(
        &self,
        blueprint: &BlueprintId,
        fields: &[Field],
        from: Option<&str>,
        pages: usize,
    ) -> Result<(Vec<Entity>, Option<String>), Error> {
        let attempted = || format!("list the entities of blueprint `{blueprint}`");
        let request = self.requests().page(blueprint, fields, from);
        let response = self.call(attempted, request).await?;
        let page = wire::decode_value(&response).map_err(at(attempted))?;
        let next = wire::next(&page);
        advancing(next.as_deref(), from, pages).map_err(at(attempted))?;
        let rows = wire::rows(page, &response).map_err(at(attempted))?;
        Ok((rows.into_iter().filter_map(|row| wire::read_entity(row, blueprint)).collect(), next))
    }

    /// Those of `identifiers` that are stored in `blueprint`, whoever wrote them, with these parts.
    pub async fn lookup(
        &self,
        blueprint: &BlueprintId,
        identifiers: &[EntityId],
        parts: Parts<'_>,
    ) -> Result<Vec<Entity>, Error> {
        let mut all = Vec::new();
        for slice in identifiers.chunks(SEARCH_SLICE) {
            all.append(&mut self.lookup_slice(blueprint, slice, parts).await?);
        }
        Ok(all)
    }

    async fn lookup_slice(
        &self,
        blueprint: &BlueprintId,
        identifiers: &[EntityId],
        parts: Parts<'_>,
    ) -> Result<Vec<Entity>, Error> {
        let attempted = || format!("look up {} entities of blueprint `{blueprint}`", identifiers.len());
        let request = self.requests().search(blueprint, identifiers, parts);
        let response = self.call(attempted, request).await?;
        let page = wire::decode_value(&response).map_err(at(attempted))?;
        let rows = wire::rows(page, &response).map_err(at(attempted))?;
        Ok(rows.into_iter().filter_map(|row| wire::read_entity(row, blueprint)).collect())
    }

    /// Those of `identifiers` that are stored in `blueprint` and carry our stamp.
    pub async fn ours(
        &self,
        blueprint: &BlueprintId,
        identifiers: &[EntityId],
    ) -> Result<Vec<EntityId>, Error> {
        let mut all = Vec::new();
        for slice in identifiers.chunks(SEARCH_SLICE) {
            let attempted = || format!("look up {} entities of blueprint `{blueprint}`", slice.len());
            let request = self.requests().search_ours(blueprint, slice);
            let response = self.call(attempted, request).await?;
            let page = wire::decode_value(&response).map_err(at(attempted))?;
            let rows = wire::rows(page, &response).map_err(at(attempted))?;
            let found = rows.iter().filter_map(|row| wire::identifier(row.get("identifier")));
            // What was not asked for is none of our business, whatever the answer holds.
            all.extend(found.filter(|found| slice.contains(found)));
        }
        Ok(all)
    }

    /// What carries our stamp and was last changed before `before`, page by page. Deletion reads this and nothing else.
    pub fn inventory(&self, before: Option<Timestamp>) -> impl Stream<Item = Result<Vec<Owned>, Error>> + '_ {
        self.inventory_of(Writer::Any, before)
    }

    /// The part of the inventory that this version of this program wrote last.
    pub fn inventory_of_this_version(&self) -> impl Stream<Item = Result<Vec<Owned>, Error>> + '_ {
        self.inventory_of(Writer::Version(&self.account.version), None)
    }

    fn inventory_of<'c>(
        &'c self,
        writer: Writer<'c>,
        before: Option<Timestamp>,
    ) -> impl Stream<Item = Result<Vec<Owned>, Error>> + 'c {
        let attempted = || "list what this integration wrote".to_owned();
        stream::try_unfold(Some((None::<String>, 0)), move |state| async move {
            let Some((from, pages)) = state else { return Ok(None) };
            let request = self.requests().inventory(writer, before, from.as_deref());
            let response = self.call(attempted, request).await?;
            let page = wire::decode_value(&response).map_err(at(attempted))?;
            let next = wire::next(&page);
            let rows = wire::rows(page, &response).map_err(at(attempted))?;
            let keys = rows
                .iter()
                .filter_map(|row| {
                    let blueprint = row.get("blueprint").as_str()?;
                    let blueprint = BlueprintId::new(blueprint).ok()?;
                    Some(EntityKey { blueprint, identifier: wire::identifier(row.get("identifier"))? })
                })
                .collect();
            advancing(next.as_deref(), from.as_deref(), pages).map_err(at(attempted))?;
            Ok(Some((keys, next.map(|next| (Some(next), pages + 1)))))
        })
    }

    /// The whole inventory, read once per pass.
    async fn owned(&self) -> Result<&[Owned], Error> {
        let owned = self.owned.get_or_try_init(|| self.inventory(None).try_concat()).await?;
        Ok(owned)
    }
}

/// A listing that stands still or never ends is a fault, not a loop.
fn advancing(next: Option<&str>, from: Option<&str>, pages: usize) -> Result<(), Fault> {
    let stuck = next.is_some() && (next == from || pages >= MAX_PAGES);
    if stuck {
        let reason = format!("the listing does not end (page {} of at most {PAGE} entities)", pages + 1);
        Err(Fault::Malformed { reason, excerpt: String::new() })
    } else {
        Ok(())
    }
}
