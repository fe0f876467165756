//! POST /api/v1/auth/clients/{id}/rotate-secret

use serde_json::json;

use super::{CLIENTS, client, grant, signed_in};
use crate::placements;

placements! {
    /// The old secret is good for the time of grace, and so are its tokens.
    async fn leaves_a_grace(app) {
        let owner = app.owner().await;
        let made = client(&owner).await;
        let before = signed_in(&app, &owner, &made.body).await;
        let path = format!("{CLIENTS}/{}/rotate-secret", made.id());
        let rotated = owner.post(&path, &json!({})).await.expect(200);
        assert_eq!(rotated.header("cache-control"), Some("no-store"));
        assert_ne!(rotated.body["client_secret"], made.body["client_secret"]);
        grant(&app, &made.body).await.expect(200);
        grant(&app, &rotated.body).await.expect(200);
        before.get("/api/v1/projects").await.expect(200);
        app.execute(&format!("UPDATE client_secrets SET expires_at = 1 WHERE expires_at IS NOT NULL AND client_id = '{}'", made.id()));
        grant(&app, &made.body).await.refused(401, "invalid_client");
        grant(&app, &rotated.body).await.expect(200);
    }

    /// Without any grace the old secret and what it brought are dead.
    async fn ends_what_was_found(app) {
        let owner = app.owner().await;
        let made = client(&owner).await;
        let thief = signed_in(&app, &owner, &made.body).await;
        let path = format!("{CLIENTS}/{}/rotate-secret", made.id());
        let rotated = owner.post(&path, &json!({ "grace_seconds": 0 })).await.expect(200);
        grant(&app, &made.body).await.refused(401, "invalid_client");
        thief.get("/api/v1/projects").await.refused(401, "invalid_token");
        signed_in(&app, &owner, &rotated.body).await.get("/api/v1/projects").await.expect(200);
    }

    /// Who knows a secret may what its client may, so it is for who may that anyway.
    async fn is_not_for_who_may_less(app) {
        let owner = app.owner().await;
        let rich = client(&owner).await;
        let body = json!({ "name": "ops", "scopes": ["clients:write"] });
        let poor = owner.post(CLIENTS, &body).await.expect(201);
        let poor = signed_in(&app, &owner, &poor.body).await;
        let path = format!("{CLIENTS}/{}/rotate-secret", rich.id());
        let refused = poor.post(&path, &json!({ "grace_seconds": 0 })).await.refused(403, "insufficient_scope");
        assert_eq!(refused.body["details"]["required_scope"], "projects:read");
        grant(&app, &rich.body).await.expect(200);
    }
}
