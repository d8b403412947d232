//! A mapping and a blueprint of one's own: urgent alerts, with the incident that each belongs to.
//!
//! ```sh
//! cargo run --example custom_mapping
//! ```

use std::error::Error;
use std::fs;

use ocean_opsgenie::config::{Settings, Sources};
use ocean_opsgenie::http::Proxy;
use ocean_opsgenie::report::{self, Style};
use ocean_opsgenie::sandbox::{Options, Sandbox};
use ocean_opsgenie::sync::{self, Request, Sides};
use tokio_util::sync::CancellationToken;

/// What the catalog is to hold.
const BLUEPRINTS: &str = r"
- identifier: urgentAlert
  title: Urgent alert
  schema:
    properties:
      state: { type: string, enum: [waiting, taken, closed] }
      since: { type: string, format: date-time }
      incident: { type: string }
    required: []
  relations: {}
";

/// How it comes to that. Whatever is mapped is a jq expression over the record; `__relatedIncident` is joined to alerts
/// because this mapping reads it.
const MAPPING: &str = r#"
resources:
  - kind: alert
    selector:
      query: .priority == "P1" or .priority == "P2"
    port:
      entity:
        mappings:
          identifier: .id
          title: '.priority + ": " + .message'
          blueprint: '"urgentAlert"'
          properties:
            state: if .status == "closed" then "closed" elif .acknowledged then "taken" else "waiting" end
            since: .createdAt
            incident: .__relatedIncident.message
"#;

#[tokio::main]
#[expect(clippy::print_stdout, reason = "an example shows what it did")]
async fn main() -> Result<(), Box<dyn Error>> {
    println!("{}", custom_mapping().await?);
    Ok(())
}

/// Runs a pass with the mapping above and tells what came of it: the report, and the urgent alerts.
pub(crate) async fn custom_mapping() -> Result<String, Box<dyn Error>> {
    let sandbox = Sandbox::start(Options::default()).await?;

    // A folder in the layout of Port's integrations. At the first start the catalog is given what is in it; from then
    // on the mapping is the catalog's, and edited there.
    let folder = tempfile::tempdir()?;
    fs::write(folder.path().join("blueprints.yaml"), BLUEPRINTS)?;
    fs::write(folder.path().join("port-app-config.yaml"), MAPPING)?;

    let (settings, _notices) = Settings::resolve(&Sources::from_variables([
        ("OCEAN__INTEGRATION__CONFIG__API_URL", sandbox.opsgenie().url()),
        ("OCEAN__INTEGRATION__CONFIG__API_TOKEN", Sandbox::API_KEY.to_owned()),
        ("OCEAN__PORT__BASE_URL", sandbox.catalog().url()),
        ("OCEAN__PORT__CLIENT_ID", Sandbox::CLIENT_ID.to_owned()),
        ("OCEAN__PORT__CLIENT_SECRET", Sandbox::CLIENT_SECRET.to_owned()),
        ("OCEAN__RESOURCES_PATH", folder.path().display().to_string()),
    ]))?;
    let stop = CancellationToken::new();
    let sides = Sides::connect(&settings, &Proxy::Direct, &stop)?;
    let report = sync::run(&settings, &sides, &Request::default(), &stop, || None).await;

    let alerts = sandbox.catalog().with(|catalog| catalog.entities("urgentAlert"));
    let shown: Vec<String> = alerts.iter().take(3).map(|alert| format!("{:#}", alert.json())).collect();
    let told = format!(
        "{}\n{} urgent alerts are in the catalog, such as:\n{}",
        report::text(&report, Style::PLAIN),
        alerts.len(),
        shown.join("\n")
    );
    sandbox.stop().await;
    Ok(told)
}
