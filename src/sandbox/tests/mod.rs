//! Both sides over HTTP, as a client meets them.

mod catalog;
mod faults;
mod keeping;
mod source;

use std::sync::Once;

use serde_json::{Value, json};

use super::{Options, Sandbox, World};

/// The stamp that tests write under.
const AGENT: &str = "port-ocean/opsgenie/0.1.0/tests/exporter";
const PLAIN_AGENT: &str = "port-ocean/opsgenie/0.1.0/tests";

static CRYPTO: Once = Once::new();

fn http() -> reqwest::Client {
    CRYPTO.call_once(|| {
        // Another test may have been first; either provider serves.
        rustls::crypto::ring::default_provider().install_default().ok();
    });
    reqwest::Client::builder().no_proxy().build().expect("a plain client can be built")
}

/// A sandbox and a client for both its sides.
struct Scene {
    sandbox: Sandbox,
    http: reqwest::Client,
    token: String,
}

impl Scene {
    async fn seeded() -> Self {
        Self::with(Options::default()).await
    }

    async fn empty() -> Self {
        Self::with(Options { world: World::empty(), ..Options::default() }).await
    }

    async fn with(options: Options) -> Self {
        let sandbox = Sandbox::start(options).await.expect("loopback is there");
        let http = http();
        let mut scene = Self { sandbox, http, token: String::new() };
        scene.token = scene.new_token().await;
        scene
    }

    async fn new_token(&self) -> String {
        let body = json!({ "clientId": Sandbox::CLIENT_ID, "clientSecret": Sandbox::CLIENT_SECRET });
        let (status, answer) =
            self.send(reqwest::Method::POST, "/v1/auth/access_token", PLAIN_AGENT, Some(&body)).await;
        assert_eq!(status, 200, "{answer}");
        answer["accessToken"].as_str().expect("a token is text").to_owned()
    }

    /// Asks the Opsgenie side.
    async fn get(&self, path_and_query: &str) -> (u16, Value) {
        self.get_with_key(path_and_query, Sandbox::API_KEY).await
    }

    async fn get_with_key(&self, path_and_query: &str, key: &str) -> (u16, Value) {
        let url = format!("{}{path_and_query}", self.sandbox.opsgenie().url());
        let request = self.http.get(url).header("authorization", format!("GenieKey {key}"));
        answer(request).await
    }

    /// Asks the catalog.
    async fn send(
        &self,
        method: reqwest::Method,
        path: &str,
        agent: &str,
        body: Option<&Value>,
    ) -> (u16, Value) {
        let url = format!("{}{path}", self.sandbox.catalog().url());
        let mut request = self
            .http
            .request(method, url)
            .header("authorization", format!("Bearer {}", self.token))
            .header("user-agent", agent);
        if let Some(body) = body {
            request = request.header("content-type", "application/json").body(body.to_string());
        }
        answer(request).await
    }

    async fn post(&self, path: &str, body: &Value) -> (u16, Value) {
        self.send(reqwest::Method::POST, path, AGENT, Some(body)).await
    }

    /// Upserts entities of one blueprint the way the framework does.
    async fn upsert(&self, blueprint: &str, entities: &[Value]) -> (u16, Value) {
        let flags = "upsert=true&merge=true&create_missing_related_entities=true&validation_only=false";
        self.upsert_with(blueprint, flags, entities).await
    }

    async fn upsert_with(&self, blueprint: &str, flags: &str, entities: &[Value]) -> (u16, Value) {
        let event = "ocean_info_event_type=resync&ocean_info_resync_id=6f6a";
        let path = format!("/v1/blueprints/{blueprint}/entities/bulk?{flags}&{event}");
        self.post(&path, &json!({ "entities": entities })).await
    }

    async fn delete(&self, blueprint: &str, dependents: &str, ids: &[&str]) -> (u16, Value) {
        let event = "ocean_info_event_type=resync&ocean_info_resync_id=6f6a";
        let path =
            format!("/v1/blueprints/{blueprint}/bulk/entities/delete?delete_dependents={dependents}&{event}");
        self.post(&path, &json!({ "entities": ids })).await
    }

    /// Two blueprints, the second pointing at the first, and itself.
    async fn blueprints(&self) {
        let service = json!({
            "identifier": "service", "title": "Service",
            "schema": { "properties": { "url": { "type": "string", "format": "url" }, "tier": { "type": "number" } }, "required": [] },
        });
        let incident = json!({
            "identifier": "incident", "title": "Incident",
            "schema": { "properties": { "status": { "type": "string", "enum": ["open", "closed"] } }, "required": [] },
            "relations": {
                "services": { "target": "service", "many": true, "required": false },
                "parent": { "target": "incident", "many": false, "required": false },
            },
        });
        for blueprint in [service, incident] {
            let (status, answer) = self.post("/v1/blueprints", &blueprint).await;
            assert_eq!(status, 201, "{answer}");
        }
    }
}

async fn answer(request: reqwest::RequestBuilder) -> (u16, Value) {
    let response = request.send().await.expect("the sandbox answers");
    let status = response.status().as_u16();
    let body = response.bytes().await.expect("the body comes whole");
    (status, serde_json::from_slice(&body).expect("every answer is JSON"))
}
