//! A run that only plans: it reads, compares and counts like a pass, and writes nothing.

use std::error::Error;

use ocean_opsgenie::config::{Settings, Sources};
use ocean_opsgenie::http::Proxy;
use ocean_opsgenie::report::{Mode, Report};
use ocean_opsgenie::sandbox::{Options, Sandbox};
use ocean_opsgenie::sync::{self, Request, Sides};
use tokio_util::sync::CancellationToken;

async fn run(sandbox: &Sandbox, mode: Mode) -> Result<Report, Box<dyn Error>> {
    let (settings, _) = Settings::resolve(&Sources::from_variables([
        ("OCEAN__INTEGRATION__CONFIG__API_URL", sandbox.opsgenie().url()),
        ("OCEAN__INTEGRATION__CONFIG__API_TOKEN", Sandbox::API_KEY.to_owned()),
        ("OCEAN__PORT__BASE_URL", sandbox.catalog().url()),
        ("OCEAN__PORT__CLIENT_ID", Sandbox::CLIENT_ID.to_owned()),
        ("OCEAN__PORT__CLIENT_SECRET", Sandbox::CLIENT_SECRET.to_owned()),
    ]))?;
    let stop = CancellationToken::new();
    let sides = Sides::connect(&settings, &Proxy::Direct, &stop)?;
    Ok(sync::run(&settings, &sides, &Request { mode, ..Request::default() }, &stop, || None).await)
}

fn contents(sandbox: &Sandbox) -> String {
    sandbox.catalog().with(|catalog| {
        let entities: Vec<_> =
            catalog.all_entities().iter().map(|entity| entity.json().to_string()).collect();
        format!("{:?} {:?} {:?}", entities, catalog.blueprints(), catalog.resync_states())
    })
}

#[tokio::test]
async fn a_plan_says_what_a_pass_would_do_and_does_nothing() -> Result<(), Box<dyn Error>> {
    let sandbox = Sandbox::start(Options::default()).await?;
    run(&sandbox, Mode::Apply).await?;
    sandbox.catalog().with(|catalog| catalog.clock.advance(jiff::SignedDuration::from_secs(60)));
    let deleted = sandbox.opsgenie().world(|world| {
        let alerts = world.alerts_mut();
        alerts[0].message = "renamed".into();
        let last = alerts.last().map(|alert| alert.id.to_string()).unwrap_or_default();
        world.delete_alert(&last)
    });
    assert!(deleted);
    let before = contents(&sandbox);

    let plan = run(&sandbox, Mode::Plan).await?;
    let counts = |report: &Report| {
        let alerts =
            report.kinds.iter().find(|kind| kind.kind.name() == "alert").map(|k| (k.updated, k.unchanged));
        let deleted: u64 = report.deletions.iter().map(|row| row.deleted).sum();
        (alerts, deleted)
    };
    assert_eq!(counts(&plan), (Some((1, 58)), 1));
    assert_eq!(contents(&sandbox), before);

    let pass = run(&sandbox, Mode::Apply).await?;
    assert_eq!(counts(&pass), counts(&plan), "what was planned is what was done");
    assert_ne!(contents(&sandbox), before);
    sandbox.stop().await;
    Ok(())
}

#[tokio::test]
async fn a_plan_for_a_new_installation_creates_nothing() -> Result<(), Box<dyn Error>> {
    let sandbox = Sandbox::start(Options::default()).await?;
    let before = contents(&sandbox);
    run(&sandbox, Mode::Plan).await?;
    assert_eq!(contents(&sandbox), before);
    assert!(sandbox.catalog().with(|catalog| catalog.integration("my-opsgenie-integration")).is_none());
    sandbox.stop().await;
    Ok(())
}
