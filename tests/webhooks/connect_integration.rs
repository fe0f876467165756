//! POST /api/v1/integrations/{id}/connect

use serde_json::{Value, json};

use super::inbound;
use super::oauth::{CONNECTED, World};
use crate::support::receiver::{Answer, Receiver};
use crate::support::{Placement, dedicated};

npm! {
    keeps_what_was_granted(placement) only_for_who_began_it_and_once(placement)
    tells_of_a_refusal(placement) asks_with_a_length(placement)
}

/// If the user consents, then the integration is connected and its tokens are sealed. An event
/// tells the tenant of it, without the tokens. Disconnecting revokes the tokens at the provider.
async fn keeps_what_was_granted(placement: Placement) {
    let world = World::start(placement).await;
    assert_eq!(world.connection().await, Value::Null);
    let brought = world.consent(json!({})).await;
    assert_eq!(brought["iss"], world.provider.base);
    let connected = world.connect(&brought).await.expect(200);
    assert_eq!(connected.body["version"], 2);
    let connection = world.connection().await;
    assert_eq!(
        [
            &connection["provider"],
            &connection["status"],
            &connection["scope"],
            &connection["last_error"]
        ],
        [&json!("github"), &json!("CONNECTED"), &json!("openid offline_access"), &Value::Null]
    );
    assert_eq!(world.count("integration.connected").await, 1);
    let token = world.token().await.expect(200);
    let access = token.body["access_token"].as_str().unwrap().to_owned();
    assert!(world.provider.accepts(&access).await);
    let kept = world.app.rows("SELECT sealed FROM integration_connections");
    let feed = world.owner.get("/api/v1/events?limit=100").await.expect(200);
    assert!(kept.len() == 1 && !kept[0][0].contains(&access) && !feed.text.contains(&access));
    assert!(world.app.rows("SELECT state FROM integration_authorizations").is_empty());

    world.owner.delete(&world.path).await.expect(204);
    assert!(!world.provider.accepts(&access).await);
    assert!(world.app.rows("SELECT sealed FROM integration_connections").is_empty());
    world.connect(&brought).await.refused(410, "resource_gone");
    world.end().await;
}

/// Another user of the tenant, another state, an expired state and a second use are refused:
/// nothing is connected, or nothing changes.
async fn only_for_who_began_it_and_once(placement: Placement) {
    let world = World::start(placement).await;
    let brought = world.consent(json!({})).await;
    let scope = json!({ "name": "CI", "scopes": ["integrations:write"] });
    let client = world.owner.post("/api/v1/auth/clients", &scope).await.expect(201);
    let form = format!(
        "grant_type=client_credentials&client_id={}&client_secret={}",
        client.body["client_id"].as_str().unwrap(),
        client.body["client_secret"].as_str().unwrap()
    );
    let token = world.app.anon().form("/api/v1/auth/token", &form, &[]).await.expect(200);
    let other = world.owner.with_token(token.body["access_token"].as_str().unwrap());
    let path = format!("{}/connect", world.path);
    other.post(&path, &brought).await.refused(409, "conflict");
    let mut guessed = brought.clone();
    guessed["state"] = "guessed".into();
    world.connect(&guessed).await.refused(409, "conflict");
    assert_eq!(world.connection().await, Value::Null);
    // Neither refusal has used up the state.
    world.connect(&brought).await.expect(200);
    world.connect(&brought).await.refused(409, "conflict");
    assert_eq!(world.count("integration.connected").await, 1);

    let late = world.consent(json!({})).await;
    world.app.execute("UPDATE integration_authorizations SET expires_at = 1");
    world.connect(&late).await.refused(409, "conflict");
    let mixed = world.consent(json!({})).await;
    let mut mixed_up = mixed.clone();
    mixed_up["iss"] = "https://other.example".into();
    world.connect(&mixed_up).await.refused(409, "conflict");
    assert_eq!(world.count("integration.connected").await, 1);
    world.end().await;
}

/// The integration reports each refusal: the user refuses, the provider refuses, or the provider
/// does not answer.
async fn tells_of_a_refusal(placement: Placement) {
    let mut world = World::start(placement).await;
    let begun = world.authorize(json!({})).await.expect(200);
    let url = format!("{}&login_hint=unwilling", begun.body["authorization_url"].as_str().unwrap());
    let denied = json!(world.provider.browse(&url));
    let refused = world.connect(&denied).await.refused(409, "conflict");
    assert_eq!(refused.detail("oauth_error"), "access_denied");

    let mut forged = world.consent(json!({})).await;
    forged["code"] = "of somebody else".into();
    let refused = world.connect(&forged).await.refused(409, "conflict");
    assert_eq!(refused.detail("oauth_error"), "invalid_grant");

    let brought = world.consent(json!({})).await;
    world.provider.stop();
    let refused = world.connect(&brought).await.refused(503, "service_unavailable");
    assert!(refused.header("retry-after").is_some());
    assert_eq!(world.connection().await, Value::Null);
    assert_eq!(world.count("integration.connected").await, 0);
    world.end().await;
}

/// Requests to a token endpoint have a `Content-Length`, because some servers refuse chunked
/// bodies.
async fn asks_with_a_length(placement: Placement) {
    let receiver = Receiver::start().await;
    receiver.script("/token", |_, _| Answer {
        headers: vec![("content-type", "application/json".to_owned())],
        body: json!({ "access_token": "a", "token_type": "Bearer" }).to_string(),
        ..Answer::status(200)
    });
    let endpoint = |path: &str| format!("{}/{path}", receiver.base);
    let variable = json!({ "github": {
        "authorization_endpoint": endpoint("auth"), "token_endpoint": endpoint("token"),
        "client_id": "x", "redirect_uris": [CONNECTED],
    } })
    .to_string();
    let (app, server, _directory) = dedicated(placement, &[("oauth_providers", &variable)]).await;
    let owner = app.owner().await;
    let integration = inbound::connect(&owner, "GITHUB").await.integration;
    let path = format!("{}/{integration}", inbound::INTEGRATIONS);
    let begun = owner.post(&format!("{path}/authorize"), &json!({})).await.expect(200);
    let brought = json!({ "state": begun.body["state"], "code": "x" });
    owner.post(&format!("{path}/connect"), &brought).await.expect(200);
    let asked = receiver.received("/token").remove(0);
    assert_eq!(asked.header("content-length"), asked.body.len().to_string());
    server.shutdown().await.unwrap();
}
