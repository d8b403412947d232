//! The integration object: who we are in the catalog, and the mapping that it keeps for us.

use std::time::Duration;

use serde_json::{Map, Value as Json, json};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::error::{Error, Fault};
use super::request::INTEGRATION_TYPE;
use super::{Catalog, at, wire};

/// The integration as the catalog holds it.
#[derive(Clone, Debug, PartialEq)]
pub struct Integration {
    raw: Map<String, Json>,
}

impl Integration {
    /// `config`: the mapping; `None` when there is none yet.
    pub fn config(&self) -> Option<&Json> {
        self.raw.get("config").filter(|config| config.as_object().is_some_and(|config| !config.is_empty()))
    }

    /// `createPortResourcesOrigin`: wins over the setting when it is there.
    pub fn resources_origin(&self) -> Option<&str> {
        self.raw.get("createPortResourcesOrigin").and_then(Json::as_str)
    }

    /// Whether the set-up was done before: `arePortResourcesInitialized`.
    pub fn is_initialized(&self) -> bool {
        self.raw.get("arePortResourcesInitialized").and_then(Json::as_bool).unwrap_or(false)
    }

    /// `installationType`: where the catalog thinks that the integration runs.
    pub(super) fn installation_type(&self) -> Option<&str> {
        self.raw.get("installationType").and_then(Json::as_str)
    }

    #[cfg(test)]
    pub(super) fn of(raw: Map<String, Json>) -> Self {
        Self { raw }
    }

    /// The object itself.
    pub fn raw(&self) -> &Map<String, Json> {
        &self.raw
    }

    /// The fields in which it differs from `wanted`; null and absence are the same as the empty value.
    fn differences(&self, wanted: &Wanted, version: &str) -> Map<String, Json> {
        wanted.compared(version).into_iter().filter(|(key, value)| !same(self.raw.get(key), value)).collect()
    }
}

fn same(stored: Option<&Json>, wanted: &Json) -> bool {
    match (stored, wanted) {
        (None | Some(Json::Null), Json::Bool(false)) => true,
        (None | Some(Json::Null), Json::Object(wanted)) => wanted.is_empty(),
        (None, _) => false,
        (Some(stored), wanted) => stored == wanted,
    }
}

/// Where the catalog announces changes of the integration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Destination {
    /// Nowhere: once, or by polling.
    None,
    /// By a call to us.
    Webhook {
        /// Our public address.
        url: String,
    },
}

/// What the integration should be.
#[derive(Clone, Debug)]
pub struct Wanted {
    /// Where changes are announced.
    pub destination: Destination,
    /// The mapping of a new integration.
    pub config: Json,
    /// `createPortResourcesOrigin` of a new integration: `Default`, `Port` or `Empty`.
    pub resources_origin: String,
    /// Who makes blueprints and mapping of a new integration.
    pub maker: Maker,
}

/// Who makes the blueprints and the mapping of a new integration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Maker {
    /// We do.
    Us,
    /// The catalog does, some time after the integration is created.
    Catalog,
}

/// The flag of an organization for which the catalog makes defaults of integrations.
const PROVISIONS: &str = "USE_PROVISIONED_DEFAULTS";

/// The waits before the integration is read for the mapping that the catalog makes: the first one, and by how much each is
/// longer than the one before, as with the peer.
const FIRST_WAIT: Duration = Duration::from_secs(3);
const LONGER: f64 = 1.55;
/// The longest of them: who waits for somebody else's work looks after it now and then.
const LONGEST_WAIT: Duration = Duration::from_secs(20);

impl Wanted {
    /// The fields that are compared at every start.
    fn compared(&self, version: &str) -> Map<String, Json> {
        let destination = match &self.destination {
            Destination::None => json!({}),
            Destination::Webhook { url } => json!({ "type": "WEBHOOK", "url": url }),
        };
        let fields = [
            ("installationAppType", INTEGRATION_TYPE.into()),
            ("version", version.into()),
            ("changelogDestination", destination),
            ("actionsProcessingEnabled", false.into()),
            ("incrementalSyncEnabled", false.into()),
            // Mapping happens here, so the catalog must not wait for raw data.
            ("processingMode", "ocean-core".into()),
        ];
        fields.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()
    }

    /// The body of a creation, which knows no `processingMode`.
    fn creation(&self, identifier: &str, version: &str) -> Json {
        let mut body = self.compared(version);
        body.shift_remove("processingMode");
        body.insert("installationId".to_owned(), identifier.into());
        let config = match self.maker {
            Maker::Us => self.config.clone(),
            Maker::Catalog => json!({}),
        };
        body.insert("config".to_owned(), config);
        body.insert("createPortResourcesOrigin".to_owned(), self.resources_origin.clone().into());
        Json::Object(body)
    }
}

impl Catalog {
    /// The integration; `None` when there is none. An error status is an error, never "there is none".
    pub async fn integration(&self) -> Result<Option<Integration>, Error> {
        let attempted = || format!("read integration `{}`", self.requests().identifier());
        let response = match self.call(attempted, self.requests().integration()).await {
            Err(Error { fault: Fault::Missing(_), .. }) => return Ok(None),
            other => other?,
        };
        let answer: wire::IntegrationAnswer = wire::decode(&response).map_err(at(attempted))?;
        match answer.integration {
            Some(raw) => Ok(Some(Integration { raw })),
            None => Err(at(attempted)(wire::malformed(&response, "it has no `integration`".to_owned()))),
        }
    }

    /// The integration as `wanted`: created when none was `found`, patched only where it differs. Its mapping is left
    /// alone.
    pub async fn ensure_integration(
        &self,
        found: Option<Integration>,
        wanted: &Wanted,
    ) -> Result<Integration, Error> {
        let version = &self.account.version;
        let integration = match found {
            Some(integration) => integration,
            None => self.create_integration(wanted).await?,
        };
        let mut patch = integration.differences(wanted, version);
        if patch.is_empty() {
            return Ok(integration);
        }
        patch.insert("installationAppType".to_owned(), INTEGRATION_TYPE.into());
        patch.insert("version".to_owned(), version.as_str().into());
        let patched = self.patch_integration(&patch).await?;
        Ok(merged(integration, patch, patched))
    }

    async fn create_integration(&self, wanted: &Wanted) -> Result<Integration, Error> {
        let identifier = self.requests().identifier();
        let attempted = || format!("create integration `{identifier}`");
        let body = wanted.creation(identifier, &self.account.version);
        let request = self.requests().create_integration(&body, wanted.maker);
        let response = match self.call(attempted, request).await {
            // Someone was faster, or our own first attempt was.
            Err(error @ Error { fault: Fault::Conflict(_), .. }) => {
                return self.integration().await?.ok_or(error);
            }
            other => other?,
        };
        let answer: wire::IntegrationAnswer = wire::decode(&response).map_err(at(attempted))?;
        let Json::Object(sent) = body else { return Ok(Integration { raw: Map::new() }) };
        Ok(Integration { raw: answer.integration.unwrap_or(sent) })
    }

    async fn patch_integration(&self, patch: &Map<String, Json>) -> Result<Option<Map<String, Json>>, Error> {
        let attempted = || format!("update integration `{}`", self.requests().identifier());
        let request = self.requests().patch_integration(&Json::Object(patch.clone()));
        let response = self.call(attempted, request).await?;
        let answer: wire::IntegrationAnswer = wire::decode(&response).map_err(at(attempted))?;
        Ok(answer.integration)
    }

    /// Whether the catalog makes blueprints and mapping of a new integration of our type itself.
    pub async fn makes_defaults(&self) -> Result<bool, Error> {
        let attempted = || "read for which integrations the catalog makes defaults".to_owned();
        let response = self.call(attempted, self.requests().provision_enabled()).await?;
        let answer: wire::ProvisionAnswer = wire::decode(&response).map_err(at(attempted))?;
        if !answer.integrations.iter().any(|one| one == INTEGRATION_TYPE) {
            return Ok(false);
        }
        Ok(self.organization().await?.feature_flags.iter().any(|flag| flag == PROVISIONS))
    }

    /// The integration once the catalog has given it a mapping; as it is when that has not come about after `patience`, or
    /// when the run is stopped.
    pub async fn provisioned(
        &self,
        mut integration: Integration,
        patience: Duration,
        stop: &CancellationToken,
    ) -> Result<Integration, Error> {
        let begin = Instant::now();
        let mut wait = FIRST_WAIT;
        while integration.config().is_none() {
            let left = patience.saturating_sub(begin.elapsed());
            if left.is_zero() || stop.run_until_cancelled(tokio::time::sleep(wait.min(left))).await.is_none()
            {
                break;
            }
            wait = wait.mul_f64(LONGER).min(LONGEST_WAIT);
            match self.integration().await? {
                Some(read) => integration = read,
                None => break,
            }
        }
        Ok(integration)
    }

    /// Sets the mapping that the catalog keeps.
    pub async fn set_config(
        &self,
        mut integration: Integration,
        config: &Json,
    ) -> Result<Integration, Error> {
        let attempted = || format!("set the mapping of integration `{}`", self.requests().identifier());
        self.call(attempted, self.requests().patch_config(config)).await?;
        integration.raw.insert("config".to_owned(), config.clone());
        Ok(integration)
    }

    /// Notes in the catalog that the set-up is done, so that it is not done again.
    pub async fn mark_initialized(&self) -> Result<(), Error> {
        let patch = Map::from_iter([
            ("installationAppType".to_owned(), INTEGRATION_TYPE.into()),
            ("version".to_owned(), self.account.version.as_str().into()),
            ("arePortResourcesInitialized".to_owned(), true.into()),
        ]);
        self.patch_integration(&patch).await.map(|_integration| ())
    }
}

/// The answer of a patch where it holds the integration, else what we know it to be now.
fn merged(before: Integration, patch: Map<String, Json>, answer: Option<Map<String, Json>>) -> Integration {
    let mut raw = before.raw;
    raw.extend(patch);
    raw.extend(answer.unwrap_or_default());
    Integration { raw }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wanted() -> Wanted {
        Wanted {
            destination: Destination::None,
            config: json!({ "resources": [] }),
            resources_origin: "Default".to_owned(),
            maker: Maker::Us,
        }
    }

    fn integration(raw: Json) -> Integration {
        let Json::Object(raw) = raw else { panic!("an object") };
        Integration { raw }
    }

    #[test]
    fn only_what_differs_is_patched() {
        let stored = json!({
            "installationAppType": "opsgenie", "version": "1.0.0", "changelogDestination": {},
            "processingMode": "dsp", "actionsProcessingEnabled": null,
        });
        let patch = integration(stored).differences(&wanted(), "1.0.1");
        insta::assert_snapshot!(
            Json::Object(patch).to_string(),
            @r#"{"version":"1.0.1","processingMode":"ocean-core"}"#
        );
    }

    #[test]
    fn an_integration_as_wanted_is_left_alone() {
        let stored = json!({
            "installationAppType": "opsgenie", "version": "1.0.0", "processingMode": "ocean-core",
        });
        assert!(integration(stored).differences(&wanted(), "1.0.0").is_empty());
    }

    #[test]
    fn an_empty_mapping_is_none() {
        assert_eq!(integration(json!({ "config": {} })).config(), None);
        assert_eq!(integration(json!({ "config": null })).config(), None);
        assert!(integration(json!({ "config": { "resources": [] } })).config().is_some());
    }

    #[test]
    fn a_creation_does_not_name_the_processing_mode() {
        let body = wanted().creation("my-og", "1.0.0");
        assert_eq!(body.get("processingMode"), None);
        assert_eq!(body["installationId"], "my-og");
        assert_eq!(body["createPortResourcesOrigin"], "Default");
    }
}
