//! A `Lease` of Kubernetes as the lock (<https://kubernetes.io/docs/concepts/architecture/leases/>): whoever holds it renews
//! it; whoever finds it expired takes it. Two that try at once cannot both succeed, because each replaces the version that
//! it has read.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use k8s_openapi::api::coordination::v1::{Lease, LeaseSpec};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{MicroTime, ObjectMeta};
use kube::api::PostParams;
use kube::{Api, Client};
use tokio::sync::watch;

/// How long a lease holds without being renewed.
const DURATION: Duration = Duration::from_secs(15);

/// How often it is renewed, or tried for.
const RENEW: Duration = Duration::from_secs(5);

/// Competes for the lease `name` in the namespace of this pod, and tells whether it is held.
pub(super) async fn compete(name: String, identity: String, tell: watch::Sender<bool>) {
    let client = loop {
        match Client::try_default().await {
            Ok(client) => break client,
            Err(error) => {
                tracing::error!(%error, "the lease cannot be looked at: this replica runs no passes yet");
            }
        }
        tokio::time::sleep(RENEW).await;
    };
    keep(Api::default_namespaced(client), &name, &identity, &tell).await;
}

/// Holds the lease as long as it can be renewed.
async fn keep(leases: Api<Lease>, name: &str, identity: &str, tell: &watch::Sender<bool>) {
    let mut held_until = Timestamp::MIN;
    loop {
        let now = Timestamp::now();
        match attempt(&leases, name, identity, now).await {
            Ok(true) => held_until = now.checked_add(duration()).unwrap_or(now),
            Ok(false) => held_until = Timestamp::MIN,
            // Another one takes it only when it has expired; until then it is still ours.
            Err(error) => tracing::warn!(%error, lease = name, "the lease could not be renewed"),
        }
        let holds = Timestamp::now() < held_until;
        let changed = tell.send_if_modified(|held| std::mem::replace(held, holds) != holds);
        match (changed, holds) {
            (true, true) => tracing::info!(lease = name, "this replica runs the passes from now on"),
            (true, false) => tracing::warn!(lease = name, "another replica runs the passes from now on"),
            (false, _) => {}
        }
        tokio::time::sleep(RENEW).await;
    }
}

fn duration() -> SignedDuration {
    SignedDuration::try_from(DURATION).expect("seconds fit")
}

/// Takes or renews the lease; false when somebody else holds it.
async fn attempt(leases: &Api<Lease>, name: &str, identity: &str, now: Timestamp) -> kube::Result<bool> {
    let Some(mut lease) = leases.get_opt(name).await? else {
        let metadata = ObjectMeta { name: Some(name.to_owned()), ..ObjectMeta::default() };
        let lease = Lease { metadata, spec: Some(spec(None, identity, now)) };
        return settled(leases.create(&PostParams::default(), &lease).await);
    };
    let before = lease.spec.take();
    if before.as_ref().is_some_and(|before| is_held_by_another(before, identity, now)) {
        return Ok(false);
    }
    lease.spec = Some(spec(before, identity, now));
    settled(leases.replace(name, &PostParams::default(), &lease).await)
}

fn is_held_by_another(spec: &LeaseSpec, identity: &str, now: Timestamp) -> bool {
    let another =
        spec.holder_identity.as_deref().is_some_and(|holder| !holder.is_empty() && holder != identity);
    let seconds = spec.lease_duration_seconds.map_or(0, i64::from);
    let until =
        spec.renew_time.as_ref().map(|renewed| renewed.0.checked_add(SignedDuration::from_secs(seconds)));
    another && until.and_then(Result::ok).is_some_and(|until| now < until)
}

fn spec(before: Option<LeaseSpec>, identity: &str, now: Timestamp) -> LeaseSpec {
    let before = before.unwrap_or_default();
    let ours = before.holder_identity.as_deref() == Some(identity);
    let transitions = before.lease_transitions.unwrap_or_default();
    LeaseSpec {
        holder_identity: Some(identity.to_owned()),
        lease_duration_seconds: i32::try_from(DURATION.as_secs()).ok(),
        acquire_time: if ours { before.acquire_time } else { Some(MicroTime(now)) },
        renew_time: Some(MicroTime(now)),
        lease_transitions: Some(if ours { transitions } else { transitions.saturating_add(1) }),
        ..LeaseSpec::default()
    }
}

/// Somebody was faster: that is no fault.
fn settled(result: kube::Result<Lease>) -> kube::Result<bool> {
    match result {
        Ok(_) => Ok(true),
        Err(kube::Error::Api(refused)) if refused.code == 409 => Ok(false),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use axum::extract::State;
    use axum::http::{Method, StatusCode};
    use axum::response::{IntoResponse, Response};
    use serde_json::{Value, json};

    use super::*;

    type Held = Arc<Mutex<Option<Value>>>;

    /// As much of the interface of Kubernetes as a lease needs, with its versions.
    async fn answer(State(held): State<Held>, method: Method, body: axum::body::Bytes) -> Response {
        let mut held = held.lock().unwrap();
        let status = |code: u16, reason: &str| {
            let body = json!({ "kind": "Status", "apiVersion": "v1", "status": "Failure", "code": code,
                "reason": reason, "message": reason });
            (StatusCode::from_u16(code).unwrap(), axum::Json(body)).into_response()
        };
        let sent: Option<Value> = serde_json::from_slice(&body).ok();
        match (method, &*held, sent) {
            (Method::GET, Some(lease), _) => axum::Json(lease.clone()).into_response(),
            (Method::GET, None, _) => status(404, "NotFound"),
            (Method::POST, Some(_), _) => status(409, "AlreadyExists"),
            (Method::PUT, Some(lease), Some(sent))
                if lease["metadata"]["resourceVersion"] != sent["metadata"]["resourceVersion"] =>
            {
                status(409, "Conflict")
            }
            (_, before, Some(mut sent)) => {
                let version: u64 = before.as_ref().map_or(0, |lease| {
                    lease["metadata"]["resourceVersion"].as_str().unwrap().parse().unwrap()
                });
                sent["metadata"]["resourceVersion"] = (version + 1).to_string().into();
                *held = Some(sent.clone());
                axum::Json(sent).into_response()
            }
            _ => status(400, "BadRequest"),
        }
    }

    async fn leases() -> (Api<Lease>, Held) {
        let _chosen = rustls::crypto::ring::default_provider().install_default();
        let held = Held::default();
        let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let routes = axum::Router::new().fallback(answer).with_state(held.clone());
        tokio::spawn(async move { axum::serve(listener, routes).await });
        let client = Client::try_from(kube::Config::new(url.parse().unwrap())).unwrap();
        (Api::namespaced(client, "ours"), held)
    }

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(1_780_000_000 + seconds).unwrap()
    }

    #[tokio::test]
    async fn a_lease_is_held_by_one_until_it_expires() {
        let (leases, held) = leases().await;
        assert!(attempt(&leases, "exporter", "a", at(0)).await.unwrap());
        assert!(!attempt(&leases, "exporter", "b", at(10)).await.unwrap());
        assert!(attempt(&leases, "exporter", "a", at(12)).await.unwrap());
        assert!(!attempt(&leases, "exporter", "b", at(26)).await.unwrap(), "it was renewed");
        assert!(attempt(&leases, "exporter", "b", at(28)).await.unwrap(), "it has expired");
        assert!(!attempt(&leases, "exporter", "a", at(29)).await.unwrap());
        let lease = held.lock().unwrap().clone().unwrap();
        assert_eq!(lease["spec"]["holderIdentity"], "b");
        assert_eq!(lease["spec"]["leaseTransitions"], 2);
    }

    #[tokio::test]
    async fn of_two_that_take_an_expired_lease_one_succeeds() {
        let (leases, _) = leases().await;
        assert!(attempt(&leases, "exporter", "gone", at(0)).await.unwrap());
        let both = ["a", "b"].map(|identity| attempt(&leases, "exporter", identity, at(100)));
        let taken = futures::future::join_all(both).await;
        let winners = taken.into_iter().filter(|taken| *taken.as_ref().unwrap()).count();
        // One after the other, the second finds it held; at once, it finds another version.
        assert_eq!(winners, 1);
    }
}
