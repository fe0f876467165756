//! Stored webhooks, sent and received, do not change while they move.

use http::Method;
use rusqlite::Connection;
use serde_json::json;

use crate::support::{App, Client};
use crate::webhooks::{PATH, tick};

/// An endpoint with a delivery that was given up, and an integration.
pub(super) async fn fill(app: &App, alice: &Client, bob: &Client) {
    let url = format!("http://127.0.0.1:{}/", crate::support::servers::free_port());
    let body = json!({ "url": url, "event_types": ["endpoint.tested"], "description": "Zoë" });
    let endpoint = bob.post(PATH, &body).await.expect(201);
    let path = format!("{PATH}/{}", endpoint.id());
    bob.send(Method::POST, &format!("{path}/test"), &[], None).await.expect(202);
    loop {
        tick(app).await;
        let statistics = bob.get(&format!("{path}/statistics")).await.expect(200).body;
        if statistics["deliveries"]["failed"] == 1 {
            break;
        }
    }
    let integration = json!({ "provider": "GITHUB", "name": "Zoë" });
    alice.post("/api/v1/integrations", &integration).await.expect(201);
}

/// Writes a webhook that an integration has received, and the stored data about its provider.
pub(super) fn receive(database: &Connection) {
    for received in [
        "INSERT INTO inbound_events (tenant_id, integration_id, external_id, provider, kind, \
         payload, status, trace_id, received_at, body_hash, unreadable, hops) \
         SELECT tenant_id, id, 'x', provider, kind, '{}', 'PROCESSED', 't', 7, 'sha256:x', 1, 1 \
         FROM integrations",
        "INSERT INTO inbound_rejections SELECT tenant_id, id, 'MISDIRECTED', 7, 1, 3, 5, 't' \
         FROM integrations",
        "INSERT INTO integration_authorizations SELECT tenant_id, id, 'usr_x', 'state', 'google', \
         'https://app.example.com/', 'sealed', 7 FROM integrations",
        "INSERT INTO integration_connections SELECT tenant_id, id, 'google', NULL, 'sealed', 1, 7, \
         8, NULL, 0, 'unreachable' FROM integrations",
    ] {
        database.execute_batch(received).unwrap();
    }
}
