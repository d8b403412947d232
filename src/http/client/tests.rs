use std::time::Duration;

use super::*;
use crate::http::{Method, Repeat};
use crate::sandbox::{Effect, Fault, On, Sandbox, Times, World};
use crate::secret::Secret;

fn options() -> Options {
    Options {
        policy: Policy {
            first_wait: Duration::from_millis(1),
            longest_wait: Duration::from_millis(2),
            attempts: 4,
            ..Policy::default()
        },
        proxy: Proxy::Direct,
        ..Options::default()
    }
}

async fn sandbox(fault: Option<Fault>) -> Sandbox {
    let options = crate::sandbox::Options { world: World::seed(), ..Default::default() };
    let sandbox = Sandbox::start(options).await.unwrap();
    if let Some(fault) = fault {
        sandbox.opsgenie().fault(fault);
    }
    sandbox
}

fn alerts(sandbox: &Sandbox) -> Request {
    let url = Url::parse(&format!("{}/v2/alerts?limit=60", sandbox.opsgenie().url())).unwrap();
    Request::get(url).authorization("GenieKey", &Secret::new(Sandbox::API_KEY)).unwrap()
}

fn client() -> Client {
    Client::new(options()).unwrap()
}

#[tokio::test]
async fn what_passes_is_repeated_and_counted() {
    for effect in [Effect::status(500), Effect::status(408), Effect::CutBody, Effect::Reset] {
        let sandbox = sandbox(Some(Fault::first(2, On::any(), effect.clone()))).await;
        let client = client();
        let response = client.send(alerts(&sandbox)).await.unwrap();
        assert_eq!((response.status, response.attempts), (200, 3), "{effect:?}");
        let usage = client.usage();
        assert_eq!((usage.calls, usage.retries), (3, 2), "{effect:?}");
        assert!(usage.bytes_in >= response.body.len() as u64);
        assert_eq!(client.fresh(CancellationToken::new()).usage(), Usage::default());
    }
}

#[tokio::test]
async fn a_request_that_must_not_be_repeated_goes_out_once() {
    let sandbox = sandbox(Some(Fault::always(On::any(), Effect::LoseAnswer))).await;
    let request = Request { method: Method::POST, ..alerts(&sandbox) }.repeat(Repeat::Never);
    let error = client().send(request).await.unwrap_err();
    assert!(matches!(error, Error::Unreachable { attempts: 1, .. }), "{error}");
    assert_eq!(sandbox.opsgenie().counts().calls, 1);
}

#[tokio::test]
async fn a_status_that_stays_is_handed_over() {
    let sandbox = sandbox(Some(Fault::always(On::any(), Effect::status(503)))).await;
    let response = client().send(alerts(&sandbox)).await.unwrap();
    assert_eq!((response.status, response.attempts), (503, 4));
}

#[tokio::test]
async fn nobody_listening_says_where_and_how_often() {
    let sandbox = sandbox(None).await;
    let request = alerts(&sandbox);
    let address = sandbox.opsgenie().url();
    sandbox.stop().await;
    let error = client().send(request).await.unwrap_err().to_string();
    let shown = error.replace(&address, "http://ADDRESS");
    insta::assert_snapshot!(shown, @"GET http://ADDRESS/v2/alerts?limit=60 failed 4 times: cannot connect (Connection refused (os error 111))");
}

#[tokio::test]
async fn silence_is_a_timeout() {
    let sandbox = sandbox(Some(Fault::always(On::any(), Effect::Stall))).await;
    let policy = Policy { attempts: 1, ..Policy::default() };
    let stalled = Options { stall: Duration::from_millis(10), policy: policy.clone(), ..options() };
    let slow = Options { timeout: Duration::from_millis(10), policy, ..options() };
    for options in [stalled, slow] {
        let error = Client::new(options).unwrap().send(alerts(&sandbox)).await.unwrap_err();
        assert!(matches!(error, Error::Unreachable { last: Failure::Timeout(_), .. }), "{error}");
    }
}

#[tokio::test]
async fn an_answer_without_end_is_cut_short() {
    let sandbox = sandbox(None).await;
    let client = Client::new(Options { max_body_bytes: 1_000, ..options() }).unwrap();
    let error = client.send(alerts(&sandbox)).await.unwrap_err();
    assert!(matches!(error, Error::TooLarge { limit_bytes: 1_000, .. }), "{error}");
    assert_eq!(client.usage().calls, 1, "it would be as long again");
}

#[tokio::test]
async fn a_stop_ends_waits_and_calls_at_once() {
    let hour = Duration::from_secs(3_600);
    for effect in [Effect::Stall, Effect::throttled(60), Effect::status(500)] {
        let sandbox = sandbox(Some(Fault::always(On::any(), effect.clone()))).await;
        let stop = CancellationToken::new();
        let policy = Policy {
            first_wait: hour,
            longest_wait: hour,
            call_budget: 2 * hour,
            pass_budget: 2 * hour,
            ..Policy::default()
        };
        let client = Client::new(Options { policy, stop: stop.clone(), ..options() }).unwrap();
        let (result, ()) = tokio::join!(client.send(alerts(&sandbox)), async {
            while sandbox.opsgenie().counts().calls == 0 {
                tokio::task::yield_now().await;
            }
            stop.cancel();
        });
        assert!(matches!(result, Err(Error::Stopped { .. })), "{effect:?}: {result:?}");
        let last_word = client.until(CancellationToken::new());
        sandbox.opsgenie().mend_all();
        assert_eq!(last_word.send(alerts(&sandbox)).await.unwrap().status, 200);
    }
}

#[tokio::test]
async fn a_redirect_is_followed_at_home_only() {
    let home = sandbox(None).await;
    let elsewhere = sandbox(None).await;
    let to = |url: String| Fault {
        on: On::get("/v2/alerts"),
        times: Times::First(1),
        what: Effect::status_with(307, &[("location", &url)]),
    };
    let again = to(format!("{}/v2/alerts?limit=1", home.opsgenie().url()));
    home.opsgenie().fault(again);
    assert_eq!(client().send(alerts(&home)).await.unwrap().status, 200);
    home.opsgenie().mend_all();
    home.opsgenie().fault(to(format!("{}/v2/alerts?limit=1", elsewhere.opsgenie().url())));
    assert_eq!(client().send(alerts(&home)).await.unwrap().status, 307);
    assert_eq!(elsewhere.opsgenie().counts().calls, 0, "the key stays at home");
}

#[tokio::test]
async fn no_more_calls_are_under_way_than_allowed() {
    let sandbox = sandbox(Some(Fault::always(On::any(), Effect::Slow(Duration::from_millis(2))))).await;
    let client = Client::new(Options { max_in_flight: 3, ..options() }).unwrap();
    let calls = (0..12).map(|_| client.send(alerts(&sandbox)));
    for result in futures::future::join_all(calls).await {
        assert_eq!(result.unwrap().status, 200);
    }
    assert!(sandbox.opsgenie().counts().most_in_flight <= 3);
}
