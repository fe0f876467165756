//! POST /api/v1/auth/clients/{id}/rotate-secret

use serde_json::json;

use super::{CLIENTS, client, client_with, grant, login, member, signed_in};
use crate::support::{Client, Exchange};

everywhere! {
    /// The old secret and its tokens stay valid during the grace period.
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

    /// Without a grace period the old secret and its tokens are invalid at once.
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

    /// A rotation with an old version is refused.
    async fn is_of_a_version(app) {
        let owner = app.owner().await;
        let made = client(&owner).await;
        let path = format!("{CLIENTS}/{}/rotate-secret", made.id());
        let body = || json!({ "grace_seconds": 0 });
        owner.json(http::Method::POST, &path, &body(), &[("if-match", "\"v9\"")]).await.refused(412, "precondition_failed");
        grant(&app, &made.body).await.expect(200);
        let tag = made.header("etag").unwrap();
        owner.json(http::Method::POST, &path, &body(), &[("if-match", tag)]).await.expect(200);
        grant(&app, &made.body).await.refused(401, "invalid_client");
    }
}

logic! {
    /// A caller who learns a secret gets the rights of its client. Only a caller who has these
    /// rights anyway can rotate it.
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

    /// A caller who learns a secret keeps it. Only the owner of the client, and an owner or admin
    /// of the tenant, can rotate it. So no member keeps access after their membership through the
    /// client of somebody else.
    async fn is_not_for_who_would_outlast_themselves(app) {
        let owner = app.owner().await;
        let scopes = ["clients:write", "projects:read"];
        let of_owner = client_with(&owner, &scopes).await;
        let body = json!({ "name": "ci", "scopes": scopes, "owner": "TENANT" });
        let of_tenant = owner.post(CLIENTS, &body).await.expect(201);
        let mut others = Vec::new();
        for role in ["MANAGER", "ADMIN"] {
            let (_, email) = member(&app, &owner, role).await;
            let session = login(&app, &email).await.expect(200);
            others.push(owner.with_token(session.body["access_token"].as_str().unwrap()));
        }
        let (manager, admin) = (&others[0], &others[1]);
        let of_manager = client_with(manager, &scopes).await;
        let robot = signed_in(&app, &owner, &of_manager.body).await;
        let rotate = async |caller: &Client, made: &Exchange| {
            caller.post(&format!("{CLIENTS}/{}/rotate-secret", made.id()), &json!({})).await
        };
        for made in [&of_owner, &of_tenant] {
            for caller in [manager, &robot] {
                rotate(caller, made).await.refused(403, "insufficient_scope");
            }
        }
        for (caller, made) in [(manager, &of_manager), (&robot, &of_manager), (admin, &of_tenant), (&owner, &of_manager)] {
            rotate(caller, made).await.expect(200);
        }
        assert_eq!(owner.get(&format!("{CLIENTS}/{}", of_tenant.id())).await.expect(200).body["version"], 2);
        assert_eq!(owner.get(&format!("{CLIENTS}/{}", of_owner.id())).await.expect(200).body["version"], 1);
    }
}
