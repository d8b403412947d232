use std::time::Duration;

use serde_json::json;

use super::{AGENT, Scene};
use crate::sandbox::{Effect, Fault, On, Sandbox, Times};

async fn raw(scene: &Scene) -> Result<(u16, bytes::Bytes), reqwest::Error> {
    let url = format!("{}/v2/account", scene.sandbox.opsgenie().url());
    let request = scene.http.get(url).header("authorization", format!("GenieKey {}", Sandbox::API_KEY));
    let response = request.timeout(Duration::from_secs(5)).send().await?;
    let status = response.status().as_u16();
    Ok((status, response.bytes().await?))
}

#[tokio::test]
async fn statuses_strike_as_often_as_asked() {
    let scene = Scene::seeded().await;
    let side = scene.sandbox.opsgenie();
    let fault = Fault { on: On::get("/v2/teams"), times: Times::Nth(2), what: Effect::status(503) };
    side.fault(fault);
    let mut statuses = Vec::new();
    for _ in 0..3 {
        statuses.push(scene.get("/v2/teams").await.0);
    }
    assert_eq!(statuses, [200, 503, 200]);
    let id = side.fault(Fault::always(On::any(), Effect::throttled(60)));
    assert_eq!(scene.get("/v2/teams").await.0, 429);
    side.mend(id);
    assert_eq!(scene.get("/v2/teams").await.0, 200);
}

#[tokio::test]
async fn connections_break() {
    let scene = Scene::seeded().await;
    let side = scene.sandbox.opsgenie();
    for effect in [Effect::Reset, Effect::LoseAnswer, Effect::CutBody] {
        let name = format!("{effect:?}");
        side.fault(Fault::first(1, On::any(), effect));
        assert!(raw(&scene).await.is_err(), "{name} did not break the call");
        let (status, _) = raw(&scene).await.unwrap_or_else(|fault| panic!("after {name}: {fault}"));
        assert_eq!(status, 200);
    }
}

#[tokio::test]
async fn bodies_are_not_what_they_seem() {
    let scene = Scene::seeded().await;
    let side = scene.sandbox.opsgenie();
    for effect in [Effect::Html, Effect::Malformed] {
        side.fault(Fault::first(1, On::any(), effect));
        let (status, body) = raw(&scene).await.expect("the call itself works");
        assert_eq!(status, 200);
        assert!(serde_json::from_slice::<serde_json::Value>(&body).is_err());
    }
}

#[tokio::test]
async fn a_lost_answer_has_had_its_effect() {
    let scene = Scene::empty().await;
    scene.blueprints().await;
    let bulk = "/v1/blueprints/*/entities/bulk";
    scene.sandbox.catalog().fault(Fault::first(1, On::post(bulk), Effect::LoseAnswer));
    let path = "/v1/blueprints/service/entities/bulk?upsert=true&merge=true&create_missing_related_entities=true&validation_only=false";
    let request = scene
        .http
        .post(format!("{}{path}", scene.sandbox.catalog().url()))
        .header("authorization", format!("Bearer {}", scene.token))
        .header("user-agent", AGENT)
        .header("content-type", "application/json")
        .body(json!({ "entities": [{ "identifier": "a" }] }).to_string());
    assert!(request.send().await.is_err());
    assert_eq!(scene.sandbox.catalog().with(|catalog| catalog.count("service")), 1);
}

#[tokio::test]
async fn items_of_a_bulk_can_be_refused() {
    let scene = Scene::empty().await;
    scene.blueprints().await;
    let on = On::post("/v1/blueprints/*/entities/bulk");
    let what = Effect::bulk_errors(&["b"], 422, "blueprint_schema_mismatch", "no");
    scene.sandbox.catalog().fault(Fault::always(on, what));
    let (status, answer) = scene.upsert("service", &["a", "b"].map(|id| json!({ "identifier": id }))).await;
    assert_eq!(status, 207);
    assert_eq!(
        answer["errors"],
        json!([{ "identifier": "b", "index": 1, "statusCode": 422, "error": "blueprint_schema_mismatch", "message": "no" }])
    );
    assert_eq!(scene.sandbox.catalog().with(|catalog| catalog.count("service")), 1);
}

#[tokio::test]
async fn credentials_expire_in_the_middle() {
    let scene = Scene::empty().await;
    scene.blueprints().await;
    let on = On::post("/v1/blueprints/*/entities/bulk");
    scene.sandbox.catalog().fault(Fault { on, times: Times::Nth(2), what: Effect::ExpireCredentials });
    let entity = [json!({ "identifier": "a" })];
    assert_eq!(scene.upsert("service", &entity).await.0, 200);
    assert_eq!(scene.upsert("service", &entity).await.0, 401);
}

#[tokio::test]
async fn a_stalled_call_does_not_keep_the_sandbox_from_stopping() {
    let scene = Scene::seeded().await;
    scene.sandbox.opsgenie().fault(Fault::always(On::any(), Effect::Stall));
    let url = format!("{}/v2/account", scene.sandbox.opsgenie().url());
    let call = tokio::spawn(scene.http.get(url).send());
    while scene.sandbox.opsgenie().counts().calls == 0 {
        tokio::task::yield_now().await;
    }
    scene.sandbox.stop().await;
    assert!(call.await.expect("the call was not aborted").is_err());
}

#[tokio::test]
async fn a_client_that_goes_away_is_no_longer_in_flight() {
    let scene = Scene::seeded().await;
    let side = scene.sandbox.opsgenie();
    side.fault(Fault::always(On::any(), Effect::Stall));
    let call = tokio::spawn(scene.http.get(format!("{}/v2/account", side.url())).send());
    while side.counts().in_flight == 0 {
        tokio::task::yield_now().await;
    }
    call.abort();
    while side.counts().in_flight > 0 {
        tokio::task::yield_now().await;
    }
    assert_eq!((side.counts().calls, side.counts().most_in_flight), (1, 1));
    assert_eq!(side.requests()[0].status, None);
}
