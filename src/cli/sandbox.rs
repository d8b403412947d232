//! `sandbox`: an Opsgenie account and a catalog inside the program, and a real pass between them.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::config::{Preset, Settings, Sources};
use crate::http::Proxy;
use crate::report::Exit;
use crate::sandbox::{Catalog, Detail, Handle, Holding, Options, Sandbox, Size, World};

use super::arguments::{Form, OutputArguments, PresetName, SandboxArguments, ScopeArguments};
use super::stop::Stop;
use super::sync::{connect, pass, request};
use super::{settings, show, terminal};

/// The identifier of the sandbox's installation.
const IDENTIFIER: &str = "my-sandbox-integration";

/// Starts both sides, runs a pass, shows what came of it, and keeps serving when asked to.
pub(super) async fn run(arguments: &SandboxArguments, output: &OutputArguments, stop: &Stop) -> Exit {
    let sandbox = match Sandbox::start(options(arguments)).await {
        Ok(sandbox) => sandbox,
        Err(error) => {
            terminal::talk(&format!("error: the sandbox cannot start: {error}"));
            return Exit::Unexpected;
        }
    };
    let variables = variables(&sandbox, arguments.preset);
    let mut exit = Exit::Done;
    if !arguments.no_pass {
        exit = match pass_between(&sandbox, &variables, output, stop).await {
            Ok(exit) | Err(exit) => exit,
        };
    }
    if arguments.keep && !stop.first.is_cancelled() {
        terminal::talk(&kept(&sandbox, &variables));
        stop.first.cancelled().await;
    } else if output.output == Form::Text && exit == Exit::Done {
        exit = super::told(terminal::data(NEXT));
    }
    sandbox.stop().await;
    exit
}

async fn pass_between(
    sandbox: &Sandbox,
    variables: &BTreeMap<String, String>,
    output: &OutputArguments,
    stop: &Stop,
) -> Result<Exit, Exit> {
    let settings = resolve(variables, output)?;
    let sides = connect(&settings, &Proxy::Direct, stop)?;
    let report = pass(&settings, &sides, &request(&settings, &ScopeArguments::default(), None), stop).await;
    show(&report, output)?;
    if output.output == Form::Text {
        terminal::data(&format!("\n{}", entities(sandbox.catalog())))?;
    }
    Ok(report.exit)
}

fn options(arguments: &SandboxArguments) -> Options {
    let world = match arguments.alerts {
        None => World::seed(),
        Some(alerts) => World::generated(Size {
            alerts,
            incidents: arguments.incidents,
            services: arguments.services,
            users: arguments.users,
            teams: arguments.teams,
        }),
    };
    Options {
        world,
        holding: arguments.catalog.clone().map_or(Holding::Memory, Holding::File),
        opsgenie_address: arguments.opsgenie_address,
        catalog_address: arguments.catalog_address,
        detail: Detail::Counts,
    }
}

/// The variables that point a run at the sandbox: the same that point one at real accounts.
fn variables(sandbox: &Sandbox, preset: PresetName) -> BTreeMap<String, String> {
    let pairs = [
        ("OCEAN__EVENT_LISTENER", r#"{"type":"ONCE"}"#.to_owned()),
        ("OCEAN__INTEGRATION__IDENTIFIER", IDENTIFIER.to_owned()),
        ("OCEAN__INTEGRATION__CONFIG__API_TOKEN", Sandbox::API_KEY.to_owned()),
        ("OCEAN__INTEGRATION__CONFIG__API_URL", sandbox.opsgenie().url()),
        ("OCEAN__PORT__CLIENT_ID", Sandbox::CLIENT_ID.to_owned()),
        ("OCEAN__PORT__CLIENT_SECRET", Sandbox::CLIENT_SECRET.to_owned()),
        ("OCEAN__PORT__BASE_URL", sandbox.catalog().url()),
        ("OCEAN__RESOURCES_PRESET", Preset::from(preset).name().to_owned()),
    ];
    pairs.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

fn resolve(variables: &BTreeMap<String, String>, output: &OutputArguments) -> Result<Settings, Exit> {
    let sources = Sources {
        overrides: settings::overrides_of(output),
        environment: variables.clone(),
        dotenv: None,
        config_yaml: None,
        recording: None,
        read_file: Box::new(|path| std::fs::read_to_string(path)),
    };
    settings::settle(&sources, output)
}

/// Entities that are worth a look: an alert, its incident, and a service that the incident impacts.
const SHOWN: [(&str, &str); 3] = [
    ("opsGenieService", "Port-Outbound-Service"),
    ("opsGenieIncident", "4a0c5e6d-b239-4cd9-a7e8-a5f880e99473"),
    ("opsGenieAlert", "580e9625-ecc7-42b0-8836-3d3637438bc4-169486700232"),
];

/// Three entities: those worth a look where they are there, else the first of their blueprints.
fn entities(catalog: &Handle<Catalog>) -> String {
    let mut shown = String::from("Three of the entities that the catalog holds now:\n");
    for (blueprint, identifier) in SHOWN {
        let found = catalog.with(|catalog| {
            let known = catalog.entity(blueprint, identifier);
            known.or_else(|| catalog.entities(blueprint).into_iter().next())
        });
        if let Some(entity) = found {
            let json = serde_json::to_string_pretty(&entity.json()).unwrap_or_else(|error| error.to_string());
            let _infallible = writeln!(shown, "\n{json}");
        }
    }
    shown
}

const NEXT: &str = "\
Where to look next:
  ocean-opsgenie sandbox --catalog demo.db   twice: the second run finds everything unchanged
  ocean-opsgenie sandbox --preset full       all seven kinds
  ocean-opsgenie sandbox --keep              both sides keep running; point a run of your own at them
  README.md, docs/                           settings, mapping, exit codes, when it may delete";

/// How to point a run at the sandbox that keeps running.
fn kept(sandbox: &Sandbox, variables: &BTreeMap<String, String>) -> String {
    let mut text = format!(
        "\nOpsgenie at {}, catalog at {}. Point a run at them (Ctrl-C ends them):\n\n",
        sandbox.opsgenie().url(),
        sandbox.catalog().url()
    );
    for (name, value) in variables {
        let _infallible = writeln!(text, "export {name}='{value}'");
    }
    text.push_str("ocean-opsgenie\n");
    text
}
