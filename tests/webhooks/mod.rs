mod authorize_integration;
mod connect_integration;
mod create_integration;
mod delete_integration;
pub(crate) mod deliveries;
mod endpoints;
mod get_integration;
mod get_integration_health;
mod get_integration_token;
pub(crate) mod inbound;
mod inbound_bodies;
mod inbound_strangers;
mod list_integration_endpoints;
mod list_integrations;
mod loops;
mod numbers;
mod oauth;
mod oauth_dialects;
mod receive_billing_webhook;
mod receive_integration_webhook;
mod receive_webhook;
mod recovery;
mod rotate_secret_integration;
mod signatures;
mod stripe;
pub(crate) mod tick;
mod update_integration;
mod work_webhooks;

use std::time::{Duration, Instant};

use http::Method;
use serde_json::{Value, json};

use crate::support::receiver::{Received, Receiver};
use crate::support::server::SCHEDULER;
use crate::support::{App, Client, Exchange};

pub(crate) const PATH: &str = "/api/v1/webhook-endpoints";

/// The longest that anything here takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// A new endpoint for project events, at this path of the receiver.
pub(crate) async fn endpoint(client: &Client, receiver: &Receiver, path: &str) -> Exchange {
    endpoint_with(client, receiver, path, json!({ "event_types": ["project.*"] })).await
}

/// A new endpoint with these members. It takes all events unless the members say otherwise.
pub(crate) async fn endpoint_with(
    client: &Client,
    receiver: &Receiver,
    path: &str,
    more: Value,
) -> Exchange {
    let mut body = json!({ "url": format!("{}{path}", receiver.base) });
    for (name, value) in more.as_object().unwrap() {
        body[name] = value.clone();
    }
    client.post(PATH, &body).await.expect(201)
}

/// An operation on an endpoint.
async fn operate(client: &Client, id: &str, action: &str) -> Exchange {
    client.send(Method::POST, &format!("{PATH}/{id}/{action}"), &[], None).await
}

/// Makes a project and returns its id, which is the subject of the event `project.created`.
pub(crate) async fn project(client: &Client, name: &str) -> String {
    let made = client.post("/api/v1/projects", &json!({ "name": name })).await.expect(201);
    made.id().to_owned()
}

/// Makes the server send the deliveries that are due.
pub(crate) async fn tick(app: &App) -> Value {
    let headers = [("authorization", &*format!("Bearer {SCHEDULER}"))];
    let path = "/internal/tick?work=deliveries";
    app.anon().send(Method::POST, path, &headers, None).await.expect(200).body
}

/// The requests to a path, once there are this many. Other tests call the dispatcher at the same
/// time, so one call may find the queue of this endpoint leased by another.
pub(crate) async fn arrived(
    app: &App,
    receiver: &Receiver,
    path: &str,
    count: usize,
) -> Vec<Received> {
    let began = Instant::now();
    loop {
        let received = receiver.received(path);
        if received.len() >= count {
            return received;
        }
        assert!(began.elapsed() < PATIENCE, "{} of {count} came to {path}", received.len());
        tick(app).await;
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// The attempts of an endpoint, oldest first, once this many are recorded.
async fn attempts(app: &App, client: &Client, id: &str, count: usize) -> Vec<Value> {
    let (began, path) = (Instant::now(), format!("{PATH}/{id}/attempts?limit=100"));
    loop {
        let page = client.get(&path).await.expect(200);
        let items = page.body["items"].as_array().unwrap();
        if items.len() >= count {
            return items.clone();
        }
        assert!(began.elapsed() < PATIENCE, "{} of {count} attempts: {}", items.len(), page.text);
        tick(app).await;
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Calls the dispatcher until an endpoint has no pending delivery and has seen the whole feed.
pub(crate) async fn settled(app: &App, client: &Client, id: &str) {
    let (mut began, mut last) = (Instant::now(), String::new());
    let sql = format!(
        "SELECT due_at, COALESCE(lease, ''), position FROM webhook_queues WHERE endpoint_id = '{id}'"
    );
    loop {
        let [due, lease, position] = app.rows(&sql).remove(0).try_into().unwrap();
        if due == i64::MAX.to_string() && lease.is_empty() {
            break;
        }
        if position != last {
            (began, last) = (Instant::now(), position);
        }
        assert!(began.elapsed() < PATIENCE, "due at {due}, at {last} of the feed: {lease}");
        tick(app).await;
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let statistics = client.get(&format!("{PATH}/{id}/statistics")).await.expect(200);
    assert_eq!(statistics.body["deliveries"]["pending"], 0);
}

/// The events of a type, oldest first.
pub(crate) async fn events(client: &Client, kind: &str) -> Vec<Value> {
    let page = client.get(&format!("/api/v1/events?type={kind}&limit=100")).await.expect(200);
    page.body["items"].as_array().unwrap().clone()
}

/// The state that a refusal must leave unchanged: the endpoints, and the feed.
async fn state(client: &Client) -> [Value; 2] {
    let endpoints = client.get(PATH).await.expect(200).body;
    [endpoints, client.feed().await.into()]
}

/// Writes an attempt straight into the server's database, for an event that does not exist.
pub(crate) fn attempt(app: &App, tenant: &str, endpoint: &str, id: &str) {
    let now = std::time::UNIX_EPOCH.elapsed().unwrap().as_millis();
    app.execute(&format!(
        "INSERT INTO webhook_attempts (tenant_id, id, endpoint_id, event_id, event_type, number, \
         status, response_status, error, response_body, latency_ms, next_attempt_at, created_at) \
         VALUES ('{tenant}', '{id}', '{endpoint}', 'evt_none', 'project.created', 1, 'SUCCEEDED', \
         200, NULL, '', 1, NULL, {now}) ON CONFLICT DO NOTHING"
    ));
}
