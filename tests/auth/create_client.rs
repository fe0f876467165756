//! POST /api/v1/auth/clients

use serde_json::json;

use crate::{placements, snapshot};

const PATH: &str = "/api/v1/auth/clients";

placements! {
    /// The secret is shown once and kept as a hash; the feed tells of the client, not of it.
    async fn shows_the_secret_once(app) {
        let owner = app.owner().await;
        let body = json!({ "name": "ci", "scopes": ["projects:read"] });
        let made = owner.post(PATH, &body).await.expect(201);
        let secret = made.body["client_secret"].as_str().unwrap();
        assert_eq!(made.header("cache-control"), Some("no-store"));
        let events = owner.get("/api/v1/events?type=client.created").await.expect(200);
        assert_eq!(events.body["items"][0]["subject"], made.body["client_id"]);
        assert!(!events.text.contains(secret));
        assert!(app.log.lock().iter().all(|line| !line.contains(secret)));
        snapshot!("create_client", made);
    }

    /// Nobody grants what they do not hold.
    async fn grants_only_what_the_maker_holds(app) {
        let owner = app.owner().await;
        let body = json!({ "name": "ops", "scopes": ["clients:write"] });
        let made = owner.post(PATH, &body).await.expect(201);
        let form = format!(
            "grant_type=client_credentials&client_id={}&client_secret={}",
            made.body["client_id"].as_str().unwrap(), made.body["client_secret"].as_str().unwrap()
        );
        let token = app.anon().form("/api/v1/auth/token", &form, &[]).await.expect(200);
        let ops = owner.with_token(token.body["access_token"].as_str().unwrap());
        let body = json!({ "name": "more", "scopes": ["clients:write", "projects:write"] });
        let refused = ops.post(PATH, &body).await.refused(422, "validation_failed");
        assert_eq!(refused.violations(), ["/scopes/1 NOT_ALLOWED_VALUE"]);
        let events = owner.get("/api/v1/events?type=client.created").await;
        assert_eq!(events.body["items"].as_array().unwrap().len(), 1, "the refused client was not made");
    }

    /// Every violation at once.
    async fn tells_every_violation(app) {
        let owner = app.owner().await;
        let body = json!({ "name": "", "scopes": ["projects:read", "projects:read", "root"] });
        let refused = owner.post(PATH, &body).await.refused(422, "validation_failed");
        assert_eq!(refused.violations(), ["/name TOO_SHORT", "/scopes/2 NOT_ALLOWED_VALUE", "/scopes NOT_UNIQUE"]);
    }
}
