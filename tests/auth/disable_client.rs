//! POST /api/v1/auth/clients/{id}/disable

use http::Method;

use super::{CLIENTS, audited, grant, signed_in};

everywhere! {
    /// A disabled client gets no tokens, and every function refuses its present token.
    async fn ends_its_tokens(app) {
        let owner = app.owner().await;
        let body = serde_json::json!({ "name": "ci", "scopes": ["projects:read", "users:read", "events:read", "webhooks:read", "clients:read"] });
        let made = owner.post(CLIENTS, &body).await.expect(201);
        let ci_service = signed_in(&app, &owner, &made.body).await;
        let path = format!("{CLIENTS}/{}/disable", made.id());
        let disabled = owner.send(Method::POST, &path, &[], None).await.expect(200);
        assert_eq!(disabled.body["status"], "DISABLED");
        for asked in ["/api/v1/projects", "/api/v1/users", "/api/v1/events", "/api/v1/webhook-endpoints", CLIENTS] {
            ci_service.get(asked).await.refused(401, "invalid_token");
        }
        grant(&app, &made.body).await.refused(401, "invalid_client");
        grant(&app, &made.body).await.refused(401, "invalid_client");
        owner.send(Method::POST, &path, &[], None).await.refused(409, "conflict");
        let told = audited(&app, owner.tenant());
        assert_eq!(told, ["client.created", "client.signed_in", "client.disabled", "client.sign_in_refused"], "once an hour");
    }
}
