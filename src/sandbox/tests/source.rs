use std::sync::Arc;

use serde_json::{Value, json};

use super::Scene;
use crate::sandbox::{
    Access, Alert, AllOnCalls, Area, Bucket, Detail, Domain, Incident, OMIT, Options, Schedule, Service,
    Size, Team, User, World,
};

#[tokio::test]
async fn keys_are_told_apart() {
    let scene = Scene::seeded().await;
    let (status, body) = scene.get_with_key("/v2/account", "wrong").await;
    assert_eq!((status, &body["message"]), (422, &json!("Key format is not valid!")));
    let (status, body) = scene.get_with_key("/v2/account", "00000000-0000-0000-0000-000000000000").await;
    assert_eq!((status, &body["message"]), (401, &json!("Could not authenticate")));
    let (status, body) = scene.get("/v2/account").await;
    assert_eq!((status, &body["data"]["name"]), (200, &json!("mytestaccount")));
}

#[tokio::test]
async fn rights_are_per_area() {
    let scene = Scene::seeded().await;
    scene.sandbox.opsgenie().with(|account| {
        account.rights.set(Area::Incidents, Access::NotInPlan);
        account.rights.set(Area::Teams, Access::Forbidden);
    });
    assert_eq!(scene.get("/v1/incidents").await.0, 402);
    let (status, body) = scene.get("/v2/teams").await;
    assert_eq!((status, &body["code"]), (403, &json!(40_301)));
    assert_eq!(scene.get("/v2/alerts").await.0, 200);
}

#[tokio::test]
async fn pages_name_the_public_host_and_end() {
    let scene = Scene::seeded().await;
    let mut path = "/v2/alerts?limit=25&sort=createdAt&order=asc&query=status%3Aopen".to_owned();
    let mut ids = Vec::new();
    loop {
        let (status, body) = scene.get(&path).await;
        assert_eq!(status, 200);
        let rows = body["data"].as_array().expect("a listing is an array");
        ids.extend(rows.iter().map(|row| row["id"].clone()));
        match body["paging"].get("next").and_then(Value::as_str) {
            Some(next) => {
                path = next.strip_prefix("https://api.opsgenie.com").expect("the public host").to_owned();
            }
            None => break,
        }
    }
    assert_eq!(ids.len(), 40);
    assert_eq!(scene.sandbox.opsgenie().counts().of("GET /v2/alerts"), 2);
    assert!(scene.sandbox.opsgenie().violations().is_empty());
}

#[tokio::test]
async fn the_window_is_closed_at_twenty_thousand() {
    let scene = Scene::seeded().await;
    assert_eq!(scene.get("/v2/alerts?limit=100&offset=19899").await.0, 200);
    for wrong in ["limit=100&offset=19900", "limit=101", "limit=0", "limit=x", "order=up", "sort=colour"] {
        assert_eq!(scene.get(&format!("/v2/alerts?{wrong}")).await.0, 422, "{wrong}");
    }
    assert_eq!(scene.sandbox.opsgenie().violations().len(), 6);
}

#[tokio::test]
async fn an_unknown_route_is_a_violation() {
    let scene = Scene::seeded().await;
    assert_eq!(scene.get("/v2/escalations").await.0, 404);
    assert_eq!(scene.sandbox.opsgenie().violations(), ["unknown route: GET /v2/escalations"]);
}

#[tokio::test]
async fn objects_have_the_documented_shapes() {
    let scene = Scene::seeded().await;
    let (_, body) = scene.get("/v1/services/daa0d66f-ad35-4396-b30d-70f0314c697a").await;
    assert_eq!(
        body["data"],
        json!({
            "id": "daa0d66f-ad35-4396-b30d-70f0314c697a",
            "name": "Port Outbound Service",
            "description": "For outbound communications and integrations",
            "teamId": "63374eee-0b03-42d4-bb8c-50d1fa64827c",
            "tags": ["communication", "channel"],
            "links": {
                "web": "https://mytestaccount.app.opsgenie.com/service/daa0d66f-ad35-4396-b30d-70f0314c697a/status",
                "api": "https://api.opsgenie.com/v1/services/daa0d66f-ad35-4396-b30d-70f0314c697a",
            },
            "isExternal": false,
        })
    );
    let (_, body) = scene.get("/v2/alerts/580e9625-ecc7-42b0-8836-3d3637438bc4-169486700232").await;
    let mut alert = body["data"].clone();
    for only_whole in ["description", "entity", "details", "actions"] {
        assert!(alert.as_object_mut().expect("an object").shift_remove(only_whole).is_some());
    }
    assert_eq!(
        alert,
        json!({
            "seen": true, "id": "580e9625-ecc7-42b0-8836-3d3637438bc4-169486700232", "tinyId": "2",
            "alias": "355f1681-f6e3-4355-a927-897cd8edaf8f_4d37bc8a-030b-4e8f-a230-aa429947253c",
            "message": "Login Auth not working", "status": "open", "integration": "Default API",
            "acknowledged": false, "isSeen": true, "tags": ["auth", "login"], "snoozed": false, "count": 1,
            "lastOccurredAt": "2023-04-21T08:36:18.46Z", "createdAt": "2023-04-21T08:36:18.46Z",
            "updatedAt": "2023-08-11T10:41:16.533Z", "source": "testuser@gmail.com", "owner": "testuser@gmail.com",
            "priority": "P3", "teams": [], "responders": [{ "type": "user", "id": "ce544b61-7b35-43ea-89ee-a8750638d3a4" }],
            "report": { "ackTime": 4_852_912_663_u64 }, "ownerTeamId": "",
        })
    );
    let (_, body) = scene.get("/v1/incidents/4a0c5e6d-b239-4cd9-a7e8-a5f880e99473").await;
    let incident = &body["data"];
    assert_eq!(incident["createdAt"], "2023-09-20T13:33:00.941Z");
    assert_eq!(incident["updatedAt"], "2023-09-26T17:48:54.48Z");
    assert_eq!(incident["ownerTeam"], "");
    assert!(incident.get("impactEndDate").is_none());
    let (_, body) = scene.get("/v1/incidents/652f14b3-019a-4d4c-8b83-e4da527a416c").await;
    assert_eq!(body["data"]["impactEndDate"], "2023-09-26T17:45:25.719Z");
    assert_eq!(body["data"]["createdAt"], "2023-09-26T17:06:16.824Z");
    assert_eq!(body["data"]["updatedAt"], "2023-09-26T17:49:10.17Z");
}

#[tokio::test]
async fn listings_leave_out_what_only_a_single_read_has() {
    let scene = Scene::seeded().await;
    let (_, body) = scene.get("/v2/alerts?limit=1").await;
    assert!(body["data"][0].get("description").is_none());
    let (_, body) = scene.get("/v2/teams?limit=100").await;
    assert!(body["data"].as_array().expect("an array").iter().all(|team| team.get("members").is_none()));
    assert!(body.get("paging").is_none());
    let (_, body) = scene.get("/v2/teams/63374eee-0b03-42d4-bb8c-50d1fa64827c").await;
    assert_eq!(body["data"]["members"][0]["user"]["username"], "testuser@gmail.com");
    let (_, body) = scene.get("/v2/schedules").await;
    assert_eq!(body["data"][0]["rotations"], json!([]));
    let (_, body) = scene.get("/v2/schedules?expand=rotation").await;
    assert_eq!(body["data"][0]["rotations"][0]["name"], "Rot1");
    let (_, body) = scene.get("/v2/users?limit=5").await;
    assert_eq!((&body["totalCount"], body["data"].as_array().map(Vec::len)), (&json!(12), Some(5)));
}

#[tokio::test]
async fn associated_alerts_come_in_pages_of_at_most_25() {
    let scene = Scene::seeded().await;
    let base = "/v1/incidents/b2f17c44-0d4e-4b57-b6a0-000000000075/associated-alert-ids";
    assert_eq!(scene.get(&format!("{base}?limit=26")).await.0, 422);
    let (_, first) = scene.get(&format!("{base}?limit=25")).await;
    let (_, second) = scene.get(&format!("{base}?limit=25&offset=25")).await;
    let count = |body: &Value| body["data"].as_array().map(Vec::len);
    assert_eq!((count(&first), count(&second)), (Some(25), Some(5)));
    assert!(first["paging"].get("next").is_some() && second["paging"].get("next").is_none());
}

#[tokio::test]
async fn on_calls_of_all_schedules_can_be_refused_or_incomplete() {
    let scene = Scene::seeded().await;
    let path = "/v2/schedules/on-calls?flat=true";
    let (_, body) = scene.get(path).await;
    assert_eq!(body["data"].as_array().map(Vec::len), Some(6));
    assert_eq!(body["data"][0]["onCallRecipients"], json!(["testuser@gmail.com"]));
    let set = |all_on_calls| scene.sandbox.opsgenie().with(|account| account.all_on_calls = all_on_calls);
    set(AllOnCalls::EnabledOnly);
    assert_eq!(scene.get(path).await.1["data"].as_array().map(Vec::len), Some(5));
    set(AllOnCalls::Forbidden);
    assert_eq!(scene.get(path).await.0, 403);
    set(AllOnCalls::Missing);
    assert_eq!(scene.get(path).await.0, 404);
    let (_, body) = scene.get("/v2/schedules/d55e148e-d320-4766-9dcf-4fc2ce9daef1/on-calls").await;
    assert_eq!(body["data"]["onCallParticipants"][0]["name"], "testuser@gmail.com");
}

#[tokio::test]
async fn the_world_can_change_between_two_pages() {
    let scene = Scene::seeded().await;
    let path = "/v2/alerts?limit=10&sort=createdAt&order=asc&query=status%3Aopen";
    let (_, first) = scene.get(path).await;
    let gone = first["data"][0]["id"].as_str().expect("an id is text").to_owned();
    scene.sandbox.opsgenie().on_request(move |_, account| {
        account.world.close_alert(&gone, 0);
    });
    let (_, second) = scene.get(path).await;
    assert_eq!(first["data"][1], second["data"][0]);
    let (_, count) = scene.get("/v2/alerts/count?query=status:open").await;
    assert_eq!(count["data"]["count"], 39);
}

#[tokio::test]
async fn a_throttled_domain_says_which_bucket_is_empty() {
    let scene = Scene::seeded().await;
    let bucket = Bucket { per_second: 0.001, burst: 2.0, period_secs: 60 };
    scene.sandbox.opsgenie().with(|account| account.throttle.limit(Domain::Search, bucket));
    assert_eq!(scene.get("/v2/alerts").await.0, 200);
    assert_eq!(scene.get("/v2/users").await.0, 200);
    let url = format!("{}/v2/alerts", scene.sandbox.opsgenie().url());
    let request =
        scene.http.get(url).header("authorization", format!("GenieKey {}", crate::sandbox::Sandbox::API_KEY));
    let response = request.send().await.expect("the sandbox answers");
    assert_eq!(response.status(), 429);
    assert_eq!(response.headers()["X-RateLimit-Period-In-Sec"], "60");
    assert!(!response.headers().contains_key("retry-after"));
    assert_eq!(scene.get("/v1/incidents").await.0, 200);
    let (_, body) = scene.get("/v2/request-limits/").await;
    assert_eq!(body["data"]["rateLimits"][0]["domain"], "search");
}

#[tokio::test]
async fn windows_of_creation_time_part_a_large_account() {
    let size = Size { alerts: 25_000, incidents: 10, services: 10, users: 10, teams: 5 };
    let world = World::generated(size);
    let middle = world.alerts()[12_500].created_ms;
    let scene = Scene::with(Options { world, detail: Detail::Counts, ..Options::default() }).await;
    let count = async |query: &str| {
        scene.get(&format!("/v2/alerts/count?query={query}")).await.1["data"]["count"].clone()
    };
    assert_eq!(count("").await, 25_000);
    assert_eq!(count(&format!("createdAt%20%3C%20{middle}")).await, 12_500);
    assert_eq!(count(&format!("createdAt%3E%3D{middle}")).await, 12_500);
    let (_, first) = scene.get(&format!("/v2/alerts?limit=1&order=asc&query=createdAt%3E%3D{middle}")).await;
    let (_, last) = scene.get(&format!("/v2/alerts?limit=1&order=desc&query=createdAt%3C{middle}")).await;
    let id = |at: usize| scene.sandbox.opsgenie().world(|world| world.alerts()[at].id.to_string());
    assert_eq!(
        (first["data"][0]["id"].as_str(), last["data"][0]["id"].as_str()),
        (Some(&*id(12_500)), Some(&*id(12_499)))
    );
    assert!(scene.sandbox.opsgenie().requests().is_empty());
}

#[tokio::test]
async fn any_shape_can_be_sent() {
    let scene = Scene::empty().await;
    let extra = json!({ "isSeen": OMIT, "count": "many", "unheardOf": { "a": null } });
    scene.sandbox.opsgenie().world(|world| {
        let odd = Alert { extra: extra.as_object().cloned().map(Arc::new), ..Alert::numbered(1, 5) };
        world.alerts_mut().extend([odd, Alert::numbered(2, 6)]);
        world.incidents_mut().push(Incident::numbered(1, 7));
        world.services.push(Service::named("s", "S"));
        world.teams.push(Team::named("t", "T"));
        world.users.push(User::named("u", "u@corp.test"));
        world.schedules.push(Schedule::named("c", "C", Some("t")));
    });
    let (_, body) = scene.get("/v2/alerts?order=asc").await;
    let odd = &body["data"][0];
    assert_eq!(
        (odd.get("isSeen"), &odd["count"], &odd["unheardOf"]),
        (None, &json!("many"), &json!({ "a": null }))
    );
    assert_eq!(body["data"][1]["createdAt"], "1970-01-01T00:00:00.006Z");
    assert!(body["data"][1].get("integration").is_none());
    for path in ["/v1/incidents", "/v1/services", "/v2/teams", "/v2/users", "/v2/schedules"] {
        let (status, body) = scene.get(path).await;
        assert_eq!((status, body["data"].as_array().map(Vec::len)), (200, Some(1)), "{path}");
    }
}
