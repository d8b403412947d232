//! The integration object: who we are in the catalog, and the mapping that it keeps for us.

use serde_json::{Map, Value as Json, json};

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
}

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
        body.insert("config".to_owned(), self.config.clone());
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
        let response = match self.call(attempted, self.requests().create_integration(&body)).await {
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
