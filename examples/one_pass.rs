//! One pass between an Opsgenie account and a catalog, both of them inside this program.
//!
//! ```sh
//! cargo run --example one_pass
//! ```

use std::error::Error;

use ocean_opsgenie::config::{Settings, Sources};
use ocean_opsgenie::http::Proxy;
use ocean_opsgenie::report::{self, Style};
use ocean_opsgenie::sandbox::{Options, Sandbox};
use ocean_opsgenie::sync::{self, Request, Sides};
use tokio_util::sync::CancellationToken;

#[tokio::main]
#[expect(clippy::print_stdout, reason = "an example shows what it did")]
async fn main() -> Result<(), Box<dyn Error>> {
    println!("{}", one_pass().await?);
    Ok(())
}

/// Runs the pass and tells what came of it: the report, and one of the entities.
pub(crate) async fn one_pass() -> Result<String, Box<dyn Error>> {
    // Two real HTTP servers on loopback: an account with some weeks of operations in it, and an empty catalog.
    let sandbox = Sandbox::start(Options::default()).await?;

    // The settings, under the names that the program reads. `Sources::of_process` would take them from the environment.
    let (settings, _notices) = Settings::resolve(&Sources::from_variables([
        ("OCEAN__INTEGRATION__CONFIG__API_URL", sandbox.opsgenie().url()),
        ("OCEAN__INTEGRATION__CONFIG__API_TOKEN", Sandbox::API_KEY.to_owned()),
        ("OCEAN__PORT__BASE_URL", sandbox.catalog().url()),
        ("OCEAN__PORT__CLIENT_ID", Sandbox::CLIENT_ID.to_owned()),
        ("OCEAN__PORT__CLIENT_SECRET", Sandbox::CLIENT_SECRET.to_owned()),
    ]))?;

    // Cancelling `stop` would end the pass cleanly: nothing half done, nothing deleted.
    let stop = CancellationToken::new();
    let sides = Sides::connect(&settings, &Proxy::Direct, &stop)?;
    let report = sync::run(&settings, &sides, &Request::default(), &stop, || None).await;

    let alert = sandbox.catalog().with(|catalog| catalog.entities("opsGenieAlert").into_iter().next());
    let alert = alert.ok_or("the catalog holds no alert")?;
    let told = format!(
        "{}\nOne of the entities that the catalog holds now:\n{:#}",
        report::text(&report, Style::PLAIN),
        alert.json()
    );
    sandbox.stop().await;
    Ok(told)
}
