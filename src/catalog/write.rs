//! Writing and deleting entities in whole batches.

use bytes::Bytes;

use super::error::{Error, Fault, Said};
use super::request::{Dependents, UPSERT_CHUNK, UpsertPolicy};
use super::{Catalog, at, wire};
use crate::model::{BlueprintId, Entity, EntityId};

/// The catalog refuses bodies above one mebibyte (<https://docs.port.io/api-reference/port-api>).
pub const BODY_LIMIT_BYTES: usize = 1 << 20;

const HEAD: &[u8] = b"{\"entities\":[";
const TAIL: &[u8] = b"]}";

/// The bytes of one entity, as they are sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Body(Bytes);

impl Body {
    /// Writes an entity.
    pub fn of(entity: &Entity) -> Self {
        let mut out = Vec::with_capacity(512);
        wire::write_entity(entity, &mut out);
        Self(out.into())
    }

    /// How many bytes it takes in a call.
    pub fn bytes(&self) -> usize {
        self.0.len()
    }
}

/// Entities that go in one call: at most [`UPSERT_CHUNK`] and [`BODY_LIMIT_BYTES`].
#[derive(Debug, Default)]
pub struct Chunk {
    bytes: Vec<u8>,
    count: usize,
}

impl Chunk {
    /// Whether another entity of this size still fits. An empty chunk takes any: what is too large alone must be refused
    /// by the catalog, not by us.
    pub fn fits(&self, body: &Body) -> bool {
        self.count == 0
            || (self.count < UPSERT_CHUNK
                && self.bytes.len() + 1 + body.bytes() + TAIL.len() <= BODY_LIMIT_BYTES)
    }

    /// Adds an entity.
    pub fn push(&mut self, body: &Body) {
        self.bytes.extend_from_slice(if self.count == 0 { HEAD } else { b"," });
        self.bytes.extend_from_slice(&body.0);
        self.count += 1;
    }

    /// How many entities it holds.
    pub fn len(&self) -> usize {
        self.count
    }

    /// Whether it holds none.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }
}

/// What became of one entity of a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stored {
    /// It is new.
    Created,
    /// It was there.
    Updated,
    /// The catalog refused it.
    Refused {
        /// The status that it would have had alone; `None` when the answer does not mention it.
        status: Option<u16>,
        /// The catalog's words.
        said: Said,
    },
}

impl Catalog {
    /// Writes a chunk; the answer has one entry per entity, in the order of the chunk.
    pub async fn upsert(
        &self,
        blueprint: &BlueprintId,
        chunk: Chunk,
        policy: UpsertPolicy,
    ) -> Result<Vec<Stored>, Error> {
        let Chunk { mut bytes, count } = chunk;
        let attempted = || format!("write {count} entities of blueprint `{blueprint}`");
        bytes.extend_from_slice(TAIL);
        let request = self.requests().bulk_upsert(blueprint, bytes.into(), policy, self.event);
        let response = self.call(attempted, request).await?;
        let answer: wire::BulkAnswer = wire::decode(&response).map_err(at(attempted))?;
        Ok(by_index(answer, count))
    }

    /// Deletes entities and gives back those that the catalog says it deleted; `None` when it does not say.
    pub async fn delete(
        &self,
        blueprint: &BlueprintId,
        identifiers: &[EntityId],
        dependents: Dependents,
    ) -> Result<Option<Vec<String>>, Error> {
        let attempted = || format!("delete {} entities of blueprint `{blueprint}`", identifiers.len());
        let request = self.requests().bulk_delete(blueprint, identifiers, dependents, self.event);
        let response = self.call(attempted, request).await?;
        let answer: wire::DeleteAnswer = wire::decode(&response).map_err(at(attempted))?;
        Ok(answer.deleted_entities)
    }
}

/// Entries by position. An entity in neither list was not stored; one in both lists was refused.
fn by_index(answer: wire::BulkAnswer, count: usize) -> Vec<Stored> {
    let unmentioned = || Stored::Refused {
        status: None,
        said: Said { code: String::new(), message: UNMENTIONED.to_owned() },
    };
    let mut all: Vec<Stored> = std::iter::repeat_with(unmentioned).take(count).collect();
    for wire::BulkStored { index, created } in answer.entities {
        if let Some(slot) = all.get_mut(index) {
            *slot = if created { Stored::Created } else { Stored::Updated };
        }
    }
    for wire::BulkRefused { index, status_code, error, message } in answer.errors {
        if let Some(slot) = index.and_then(|index| all.get_mut(index)) {
            let said = Said { code: error.unwrap_or_default(), message: message.unwrap_or_default() };
            *slot = Stored::Refused { status: status_code, said };
        }
    }
    all
}

const UNMENTIONED: &str = "the catalog's answer does not mention it";

impl Error {
    /// Whether fewer entities in a call could help: one that the catalog cannot take spoils the others.
    pub fn may_pass_split(&self) -> bool {
        matches!(self.fault, Fault::TooLarge(_) | Fault::Invalid(_))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Identifier;
    use crate::value::{Object, Value};

    fn answer(text: &str) -> wire::BulkAnswer {
        serde_json::from_str(text).unwrap()
    }

    #[test]
    fn an_entity_in_neither_list_was_not_stored() {
        let all = by_index(answer(r#"{"entities":[{"index":1,"created":true}],"errors":[]}"#), 3);
        assert!(matches!(all[0], Stored::Refused { status: None, .. }));
        assert_eq!(all[1], Stored::Created);
        assert!(matches!(all[2], Stored::Refused { status: None, .. }));
    }

    #[test]
    fn the_index_alone_tells_which_entity_is_meant() {
        let text = r#"{"ok":false,
            "entities":[{"index":0,"identifier":"other","created":false},{"index":9,"created":true}],
            "errors":[{"index":1,"identifier":"unknown","statusCode":422,"error":"bad","message":"no"},
                      {"identifier":"x","statusCode":422}]}"#;
        let all = by_index(answer(text), 2);
        assert_eq!(all[0], Stored::Updated);
        let said = Said { code: "bad".to_owned(), message: "no".to_owned() };
        assert_eq!(all[1], Stored::Refused { status: Some(422), said });
    }

    #[test]
    fn a_body_has_the_keys_that_the_mapping_defines() {
        let entity = Entity {
            blueprint: BlueprintId::new("team").unwrap(),
            identifier: Identifier::Exact(EntityId::new("a\"b").unwrap()),
            title: Some(Value::Null),
            icon: None,
            team: None,
            properties: Some(Object::from_iter([("url", Value::Null), ("n", Value::from(1.5))])),
            relations: Some(Object::default()),
        };
        let mut out = Vec::new();
        wire::write_entity(&entity, &mut out);
        insta::assert_snapshot!(
            String::from_utf8(out).unwrap(),
            @r#"{"identifier":"a\"b","blueprint":"team","title":null,"properties":{"url":null,"n":1.5},"relations":{}}"#
        );
    }

    #[test]
    fn chunks_end_at_twenty_and_at_a_mebibyte() {
        let small = Body(Bytes::from_static(b"{}"));
        let mut chunk = Chunk::default();
        while chunk.fits(&small) {
            chunk.push(&small);
        }
        assert_eq!(chunk.len(), 20);

        let half = Body(Bytes::from(vec![b' '; BODY_LIMIT_BYTES / 2 - HEAD.len() - TAIL.len()]));
        let mut chunk = Chunk::default();
        chunk.push(&half);
        assert!(chunk.fits(&half));
        chunk.push(&half);
        assert!(chunk.bytes.len() + TAIL.len() <= BODY_LIMIT_BYTES);
        assert!(!chunk.fits(&half));

        let huge = Body(Bytes::from(vec![b' '; BODY_LIMIT_BYTES * 2]));
        assert!(Chunk::default().fits(&huge), "the catalog says no, not we");
    }
}
