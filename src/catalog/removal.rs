//! Taking away what a set-up has made: blueprints, with their entities or without, and the integration.

use super::error::Error;
use super::{Catalog, at, wire};
use crate::model::BlueprintId;

/// A removal that goes on in the catalog after the call is answered, by its id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Migration(pub String);

/// How far a migration has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// It goes on.
    Running,
    /// It is done.
    Completed,
    /// It failed.
    Failed,
    /// Somebody has cancelled it.
    Cancelled,
}

impl Catalog {
    /// Deletes a blueprint that has no entities.
    pub async fn delete_blueprint(&self, id: &BlueprintId) -> Result<(), Error> {
        let attempted = || format!("delete blueprint `{id}`");
        self.call(attempted, self.requests().delete_blueprint(id)).await.map(|_answer| ())
    }

    /// Deletes a blueprint and all its entities, whoever wrote them. The catalog goes on with it after its answer; `None`
    /// when it does not say under which id.
    pub async fn delete_with_entities(&self, id: &BlueprintId) -> Result<Option<Migration>, Error> {
        let attempted = || format!("delete blueprint `{id}` with its entities");
        let response = self.call(attempted, self.requests().delete_with_entities(id, self.event)).await?;
        let answer: wire::RemovalAnswer = wire::decode(&response).map_err(at(attempted))?;
        Ok(answer.migration_id.map(Migration))
    }

    /// How far a migration has come.
    pub async fn migration(&self, Migration(id): &Migration) -> Result<Progress, Error> {
        let attempted = || format!("read how far migration `{id}` has come");
        let response = self.call(attempted, self.requests().migration(id)).await?;
        let answer: wire::MigrationAnswer = wire::decode(&response).map_err(at(attempted))?;
        Ok(answer.migration.status.into())
    }

    /// Deletes the integration, and the mapping with it.
    pub async fn delete_integration(&self) -> Result<(), Error> {
        let attempted = || format!("delete integration `{}`", self.requests().identifier());
        self.call(attempted, self.requests().delete_integration()).await.map(|_answer| ())
    }
}

impl From<wire::MigrationStatus> for Progress {
    fn from(status: wire::MigrationStatus) -> Self {
        use wire::MigrationStatus as Status;
        match status {
            Status::Initializing | Status::Pending | Status::Running | Status::PendingCancellation => {
                Self::Running
            }
            Status::Completed => Self::Completed,
            Status::Failure => Self::Failed,
            Status::Cancelled => Self::Cancelled,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_state_that_the_catalog_lists_is_understood_and_no_other() {
        let progress = |status: &str| {
            let text = format!(r#"{{"ok":true,"migration":{{"id":"m","status":"{status}"}}}}"#);
            serde_json::from_str::<wire::MigrationAnswer>(&text).map(|it| Progress::from(it.migration.status))
        };
        for (status, expected) in [
            ("INITIALIZING", Progress::Running),
            ("PENDING", Progress::Running),
            ("RUNNING", Progress::Running),
            ("PENDING_CANCELLATION", Progress::Running),
            ("COMPLETED", Progress::Completed),
            ("FAILURE", Progress::Failed),
            ("CANCELLED", Progress::Cancelled),
        ] {
            assert_eq!(progress(status).unwrap(), expected, "{status}");
        }
        assert!(progress("DONE").is_err());
    }
}
