//! Blueprints: read, and installed at the first start.
//!
//! A relation needs its target and a mirror property its relation, so missing blueprints are created in three steps:
//! bare, with relations, complete (<https://docs.port.io/build-your-software-catalog/customize-integrations/configure-data-model/setup-blueprint>).

use futures::stream::{self, StreamExt as _, TryStreamExt as _};
use serde_json::Value as Json;
use tokio_util::sync::CancellationToken;

use super::error::{Error, Fault};
use super::{Catalog, at, wire};
use crate::model::{Arity, Blueprint, BlueprintId, PropertyForm, RelationShape};

/// Calls about blueprints at once: a set-up has a handful of them, and their rate is limited.
const PARALLEL: usize = 4;

/// What a bare blueprint lacks: all that may lead to other blueprints.
const LEADING: [&str; 6] = [
    "relations",
    "mirrorProperties",
    "calculationProperties",
    "aggregationProperties",
    "ownership",
    "teamInheritance",
];

/// What the second step adds to a bare blueprint.
const RELATING: [&str; 3] = ["relations", "ownership", "teamInheritance"];

/// A blueprint as the catalog holds it.
#[derive(Clone, Debug, PartialEq)]
pub struct StoredBlueprint {
    /// What comparing and ordering need.
    pub shape: Blueprint,
    /// The object itself.
    pub raw: Json,
}

/// What a set-up did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Installed {
    /// Blueprints that were not there.
    pub created: Vec<BlueprintId>,
    /// Blueprints that were, and were not touched.
    pub existing: Vec<BlueprintId>,
}

impl Catalog {
    /// A blueprint; `None` when it does not exist.
    pub async fn blueprint(&self, id: &BlueprintId) -> Result<Option<StoredBlueprint>, Error> {
        let attempted = || format!("read blueprint `{id}`");
        let response = match self.call(attempted, self.requests().blueprint(id)).await {
            Err(Error { fault: Fault::Missing(_), .. }) => return Ok(None),
            other => other?,
        };
        let wire::BlueprintAnswer { blueprint: raw } = wire::decode(&response).map_err(at(attempted))?;
        match shape(id, &raw) {
            Ok(shape) => Ok(Some(StoredBlueprint { shape, raw })),
            Err(reason) => Err(at(attempted)(wire::malformed(&response, reason))),
        }
    }

    /// The shapes of those of `wanted` that do not exist: what [`install`](Self::install) would create.
    pub async fn missing(&self, wanted: &[Json]) -> Result<Vec<Blueprint>, Error> {
        let (missing, _) = self.split(wanted).await?;
        // One without properties is refused when it is to be created, and says then what it lacks.
        Ok(missing.iter().filter_map(|(id, raw)| shape(id, raw).ok()).collect())
    }

    /// Creates those of `wanted` that do not exist. Existing ones are never touched. When a step fails, what this call
    /// created is taken back.
    pub async fn install(&self, wanted: &[Json]) -> Result<Installed, Error> {
        let (missing, existing) = self.split(wanted).await?;
        let mut installed = Installed { existing, ..Installed::default() };
        match self.create_missing(&missing, &mut installed).await {
            Ok(()) => Ok(installed),
            Err(error) => {
                self.take_back(&installed.created).await;
                Err(error)
            }
        }
    }

    /// Those of `wanted` that do not exist, and those that do.
    async fn split<'w>(
        &self,
        wanted: &'w [Json],
    ) -> Result<(Vec<(BlueprintId, &'w Json)>, Vec<BlueprintId>), Error> {
        let wanted: Vec<(BlueprintId, &Json)> = wanted
            .iter()
            .filter_map(|raw| Some((BlueprintId::new(raw.get("identifier")?.as_str()?).ok()?, raw)))
            .collect();
        let found: Vec<bool> = stream::iter(&wanted)
            .map(|(id, _)| async move { self.blueprint(id).await.map(|found| found.is_some()) })
            .buffered(PARALLEL)
            .try_collect()
            .await?;
        let (mut missing, mut existing) = (Vec::new(), Vec::new());
        for ((id, raw), found) in wanted.into_iter().zip(found) {
            if found {
                existing.push(id);
            } else {
                missing.push((id, raw));
            }
        }
        Ok((missing, existing))
    }

    async fn create_missing(
        &self,
        missing: &[(BlueprintId, &Json)],
        installed: &mut Installed,
    ) -> Result<(), Error> {
        let mut ours = Vec::new();
        for (id, raw) in missing {
            match self.create_blueprint(id, &without(raw, &LEADING)).await? {
                Creation::Ours => {
                    installed.created.push(id.clone());
                    ours.push((id, *raw));
                }
                Creation::Theirs => installed.existing.push(id.clone()),
            }
        }
        for (id, raw) in &ours {
            if RELATING.iter().any(|key| raw.get(key).is_some()) {
                let further: Vec<&str> = LEADING.into_iter().filter(|key| !RELATING.contains(key)).collect();
                self.patch_blueprint(id, &without(raw, &further)).await?;
            }
        }
        for (id, raw) in &ours {
            if LEADING.iter().any(|key| !RELATING.contains(key) && raw.get(key).is_some()) {
                self.patch_blueprint(id, raw).await?;
            }
        }
        Ok(())
    }

    async fn create_blueprint(&self, id: &BlueprintId, body: &Json) -> Result<Creation, Error> {
        let attempted = || format!("create blueprint `{id}`");
        let response = self.send(self.requests().create_blueprint(body)).await.map_err(at(attempted))?;
        if response.is_success() {
            return Ok(Creation::Ours);
        }
        match super::meaning_of(&response) {
            // It was not there a moment ago. After a repetition it is most likely our own first attempt.
            Fault::Conflict(_) if response.attempts > 1 => Ok(Creation::Ours),
            Fault::Conflict(_) => Ok(Creation::Theirs),
            fault => Err(at(attempted)(fault)),
        }
    }

    async fn patch_blueprint(&self, id: &BlueprintId, body: &Json) -> Result<(), Error> {
        let attempted = || format!("complete blueprint `{id}`");
        self.call(attempted, self.requests().patch_blueprint(id, body)).await.map(|_answer| ())
    }

    /// Deletes what a failed set-up created, also after a stop. What cannot be deleted is a warning.
    async fn take_back(&self, created: &[BlueprintId]) {
        let catalog = self.until(CancellationToken::new());
        // Those that point at others come last in the file as a rule, and must go first.
        for id in created.iter().rev() {
            let attempted = || format!("take back blueprint `{id}`");
            if let Err(error) = catalog.call(attempted, catalog.requests().delete_blueprint(id)).await {
                tracing::warn!(blueprint = %id, %error, "a failed set-up left a blueprint behind; delete it by hand");
            }
        }
    }
}

/// Who created a blueprint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Creation {
    Ours,
    Theirs,
}

fn without(raw: &Json, keys: &[&str]) -> Json {
    match raw {
        Json::Object(object) => {
            let mut object = object.clone();
            object.retain(|key, _| !keys.contains(&key.as_str()));
            Json::Object(object)
        }
        other => other.clone(),
    }
}

/// What comparing and ordering need of a blueprint, or why it cannot be told.
fn shape(id: &BlueprintId, raw: &Json) -> Result<Blueprint, String> {
    let properties = raw.pointer("/schema/properties").and_then(Json::as_object);
    let properties = properties.ok_or_else(|| "it has no `schema.properties`".to_owned())?;
    let properties = properties
        .iter()
        .map(|(key, property)| {
            let form = match property.get("format").and_then(Json::as_str) {
                Some("date-time") => PropertyForm::DateTime,
                Some(_) | None => PropertyForm::Plain,
            };
            (key.as_str().into(), form)
        })
        .collect();
    let relations = raw.get("relations").and_then(Json::as_object).into_iter().flatten();
    let relations = relations
        .filter_map(|(key, relation)| {
            let target = BlueprintId::new(relation.get("target")?.as_str()?).ok()?;
            let many = relation.get("many").and_then(Json::as_bool).unwrap_or(false);
            let arity = if many { Arity::Many } else { Arity::One };
            Some((key.as_str().into(), RelationShape { target, arity }))
        })
        .collect();
    Ok(Blueprint { identifier: id.clone(), properties, relations })
}
