//! `POLLING`: the program that stays. An interval is a minute at least, so that the second pass belongs to the unit of the
//! loop and not here.

use ocean_opsgenie::sandbox::{Effect, Fault, On};

use crate::support::{Stage, alert_id, free_port, until};

async fn polling() -> Stage {
    let mut stage = Stage::with_alerts(2).await;
    stage.unset("OCEAN__EVENT_LISTENER");
    // Any free port.
    stage.set("APPLICATION__PORT", "0");
    stage
}

#[tokio::test]
async fn a_service_passes_at_the_start_and_waits_to_be_stopped() {
    let stage = polling().await;
    let running = stage.begin(&[]);
    until("a pass is over", || stage.states().len() == 2).await;
    assert_eq!(stage.states(), ["running", "completed"]);
    assert_eq!(stage.held("opsGenieAlert").len(), 2);
    running.signal("TERM");
    let run = stage.end(running).await;
    assert_eq!(run.code, 143, "{}", run.stderr);
    // A stop between two passes is no aborted pass.
    assert_eq!(stage.states(), ["running", "completed"]);
    assert!(run.stdout.contains("done in"), "{}", run.stdout);
}

#[tokio::test]
async fn a_service_tells_when_it_comes_again() {
    let mut stage = polling().await;
    stage.set("OCEAN__SCHEDULED_RESYNC_INTERVAL", "90");
    let before = jiff::Timestamp::now();
    let running = stage.begin(&[]);
    until("a pass is over", || stage.states().len() == 2).await;
    running.signal("INT");
    assert_eq!(stage.end(running).await.code, 130);
    let states = stage.sandbox.catalog().with(|catalog| catalog.resync_states().to_vec());
    for state in states {
        assert_eq!(state["intervalInMinuets"], 90, "{state}");
        let next = state["nextResync"].as_str().expect("a time").parse::<jiff::Timestamp>();
        let minutes = next.expect("a time").duration_since(before).as_mins();
        assert!((89..=91).contains(&minutes), "{state}");
    }
}

#[tokio::test]
async fn a_service_may_begin_without_a_pass() {
    let mut stage = polling().await;
    stage.set("OCEAN__EVENT_LISTENER", r#"{"type":"POLLING","resyncOnStart":false}"#);
    stage.set("OCEAN__SCHEDULED_RESYNC_INTERVAL", "60");
    let running = stage.begin(&[]);
    // There is nothing to wait for but the process itself, which listens for signals before anything else.
    tokio::time::sleep(std::time::Duration::from_millis(500)).await;
    running.signal("TERM");
    let run = stage.end(running).await;
    assert_eq!(run.code, 143, "{}", run.stderr);
    assert_eq!(stage.states(), [""; 0]);
    assert_eq!(stage.sandbox.opsgenie().counts().calls, 0);
}

#[tokio::test]
async fn a_pass_that_fails_does_not_end_the_service() {
    let stage = polling().await;
    stage.sandbox.opsgenie().fault(Fault::always(On::any(), Effect::status(503)));
    let mut running = stage.begin(&[]);
    until("a pass is over", || stage.states().len() == 2).await;
    assert_eq!(stage.states(), ["running", "failed"]);
    assert!(running.goes_on());
    running.signal("TERM");
    assert_eq!(stage.end(running).await.code, 143);
}

#[tokio::test]
async fn a_pass_of_a_service_is_stopped_like_any_other() {
    let stage = polling().await;
    stage.sandbox.opsgenie().fault(Fault::always(On::get("/v2/alerts"), Effect::Stall));
    let running = stage.begin(&[]);
    until("the alerts are asked for", || stage.sandbox.opsgenie().counts().of("GET /v2/alerts") > 0).await;
    running.signal("TERM");
    assert_eq!(stage.end(running).await.code, 143);
    assert_eq!(stage.states(), ["running", "aborted"]);
}

#[tokio::test]
async fn the_listener_may_be_asked_for_by_name_and_once_wins_over_it() {
    let stage = polling().await;
    let running = stage.begin(&["sail", "--listen"]);
    until("a pass is over", || stage.states().len() == 2).await;
    running.signal("TERM");
    assert_eq!(stage.end(running).await.code, 143);
    // `sync` and the peer's own words run one pass whatever the listener.
    for arguments in [&["sync"][..], &["sail"], &["sail", ".", "--once"], &["sail", "-O"]] {
        let run = stage.run(arguments).await;
        assert_eq!(run.code, 0, "{arguments:?}: {}", run.stderr);
    }
    assert!(stage.held("opsGenieAlert").contains(&alert_id(0)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_service_is_asked_how_it_is() {
    let mut stage = polling().await;
    let port = free_port();
    stage.set("APPLICATION__PORT", &port);

    let run = stage.run(&["healthcheck"]).await;
    assert_eq!(run.code, 1, "{}{}", run.stdout, run.stderr);
    let talk = run.talk().replace(&port, "PORT");
    // The number is that of the operating system.
    let talk = talk.replace(" (os error 111)", "").replace(" (os error 61)", "");
    insta::assert_snapshot!(talk, @r"
    error: the service is not well: http://127.0.0.1:PORT/health/ready: Connection refused
      hint: is the service running, and is `APPLICATION__PORT` the same for both?
    ");

    let running = stage.begin(&[]);
    until("a pass is over", || stage.states().len() == 2).await;
    for arguments in [&["healthcheck"][..], &["healthcheck", "--live"]] {
        let run = stage.run(arguments).await;
        assert_eq!(run.code, 0, "{}{}", run.stdout, run.stderr);
        assert!(run.stdout.starts_with(r#"{"status":"healthy""#), "{}", run.stdout);
    }
    running.signal("TERM");
    stage.end(running).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_service_without_a_token_answers_and_is_not_ready() {
    let mut stage = polling().await;
    let port = free_port();
    stage.set("APPLICATION__PORT", &port);
    stage.sandbox.catalog().fault(Fault::always(On::any(), Effect::status(503)));
    let running = stage.begin(&[]);
    let live =
        || stage.command(&["healthcheck", "--live"]).output().expect("it can be started").status.success();
    until("it answers", live).await;
    let run = stage.run(&["healthcheck"]).await;
    assert_eq!(run.code, 1, "{}{}", run.stdout, run.stderr);
    let talk = run.talk().replace(&port, "PORT");
    insta::assert_snapshot!(talk, @r"
    error: the service is not well: http://127.0.0.1:PORT/health/ready: it answers 503: the catalog has not given a token yet
      hint: the log of the service says more
    ");
    running.signal("TERM");
    stage.end(running).await;
}
