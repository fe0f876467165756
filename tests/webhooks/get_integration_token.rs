//! POST /api/v1/integrations/{id}/token

use http::Method;
use serde_json::Value;
use tokio::task::JoinSet;

use super::oauth::World;
use crate::support::Placement;

npm! {
    stays_until_it_is_about_to_end(placement) is_refreshed_by_one_at_a_time(placement)
    ends_with_the_grant(placement)
}

/// A token that is not about to expire is handed out as it is. Without a connection there is no
/// token.
async fn stays_until_it_is_about_to_end(placement: Placement) {
    let world = World::start(placement).await;
    world.token().await.refused(409, "conflict");
    world.connected("github").await;
    let first = world.token().await.expect(200);
    assert_eq!(first.header("cache-control"), Some("no-store"));
    assert_eq!(
        (&first.body["token_type"], &first.body["scope"]),
        (&"Bearer".into(), &"openid offline_access".into())
    );
    assert_eq!(world.token().await.expect(200).body, first.body);
    assert_eq!(world.connection().await["refreshed_at"], Value::Null);
    // The token looks as if it expired now, so the refresh token brings another one.
    world.app.execute("UPDATE integration_connections SET expires_at = 1");
    let second = world.token().await.expect(200);
    assert_ne!(second.body["access_token"], first.body["access_token"]);
    assert!(world.provider.accepts(second.body["access_token"].as_str().unwrap()).await);
    assert_ne!(world.connection().await["refreshed_at"], Value::Null);
    world.end().await;
}

/// The provider accepts a refresh token once, and a second use would end the grant. If many callers
/// ask at once, each gets a valid token, again and again.
async fn is_refreshed_by_one_at_a_time(placement: Placement) {
    let world = World::start(placement).await;
    world.connected("short").await;
    for _ in 0..5 {
        let mut asking = JoinSet::new();
        for _ in 0..8 {
            let (owner, path) = (world.owner.clone(), format!("{}/token", world.path));
            asking.spawn(async move { owner.send(Method::POST, &path, &[], None).await });
        }
        for answer in asking.join_all().await {
            answer.expect(200);
        }
    }
    let connection = world.connection().await;
    assert_eq!(
        (&connection["status"], &connection["last_error"]),
        (&"CONNECTED".into(), &Value::Null)
    );
    assert_ne!(connection["refreshed_at"], Value::Null);
    world.end().await;
}

/// If the provider is unreachable, nothing changes for good. If the provider revokes the grant, the
/// connection ends, and its owner is told once. A new consent connects again.
async fn ends_with_the_grant(placement: Placement) {
    let mut world = World::start(placement).await;
    world.connected("short").await;
    world.provider.stop();
    // The old token is valid for a while.
    world.token().await.expect(200);
    assert_eq!(world.connection().await["last_error"], "unreachable");
    world.app.execute("UPDATE integration_connections SET expires_at = 1");
    world.token().await.refused(503, "service_unavailable");
    assert_eq!(world.connection().await["status"], "CONNECTED");

    world.provider.restart();
    world.token().await.refused(409, "conflict");
    world.token().await.refused(409, "conflict");
    let connection = world.connection().await;
    assert_eq!(
        (&connection["status"], &connection["last_error"]),
        (&"EXPIRED".into(), &"invalid_grant".into())
    );
    assert_eq!(world.count("integration.expired").await, 1);

    world.connected("short").await;
    world.token().await.expect(200);
    assert_eq!(world.connection().await["status"], "CONNECTED");
    world.end().await;
}
