//! POST /api/v1/integrations

use http::Method;
use serde_json::json;

use super::inbound::INTEGRATIONS;

everywhere! {
    /// The secret is shown only in the answer to the creation, and in a replay of that answer.
    async fn shows_the_secret_once(app) {
        let owner = app.owner().await;
        let body = json!({ "provider": "GITHUB", "name": "Repositories" });
        let key = [("idempotency-key", "connect-once")];
        let made = owner.json(Method::POST, INTEGRATIONS, &body, &key).await.expect(201);
        assert!(made.body["secret"].as_str().unwrap().starts_with("whsec_"));
        assert_eq!((&made.body["kind"], &made.body["version"]), (&json!("record"), &json!(1)));
        assert_eq!(made.header("cache-control"), Some("no-store"));
        let again = owner.json(Method::POST, INTEGRATIONS, &body, &key).await.expect(201);
        assert_eq!(again.body, made.body);
        let read = owner.get(made.header("location").unwrap()).await.expect(200);
        assert_eq!((&read.body["id"], read.body.get("secret")), (&made.body["id"], None));
        let feed = owner.get("/api/v1/events?type=integration.created").await.expect(200);
        assert_eq!(feed.body["items"].as_array().unwrap().len(), 1);
        assert!(!feed.text.contains(made.body["secret"].as_str().unwrap()));
        let kept = app.rows(&format!("SELECT sealed FROM integration_secrets WHERE integration_id = '{}'", made.id()));
        assert!(kept.len() == 1 && !kept[0][0].contains("whsec_"), "{kept:?}");
    }
}

logic! {
    /// A secret that the provider has made is stored as it is, if the provider can sign with it.
    async fn takes_the_secret_of_the_provider(app) {
        let owner = app.owner().await;
        let with = |provider: &str, secret: &str| json!({ "provider": provider, "name": "x", "secret": secret });
        let slack = with("SLACK", "8f742231b10e8888abcd99yyyzzz85a5");
        let made = owner.post(INTEGRATIONS, &slack).await.expect(201);
        assert_eq!(made.body["secret"], slack["secret"]);
        for (provider, secret) in [
            ("SLACK", "has a space in it"),
            ("STANDARD_WEBHOOKS", "8f742231b10e8888abcd99yyyzzz85a5"),
            ("TENANTRY", "whsec_c2hvcnQgb25lLi4u"),
        ] {
            let refused = owner.post(INTEGRATIONS, &with(provider, secret)).await.refused(422, "validation_failed");
            assert_eq!(refused.violations(), ["/secret INVALID_FORMAT"]);
            assert!(!refused.text.contains(secret));
        }
        let page = owner.get(INTEGRATIONS).await.expect(200);
        assert_eq!(page.body["items"].as_array().unwrap().len(), 1);
    }

    /// Wrong bodies are refused, and nothing is made.
    async fn refuses_wrong_bodies(app) {
        let owner = app.owner().await;
        for (body, found) in [
            (json!({ "name": "x" }), "/provider REQUIRED"),
            (json!({ "name": "x", "provider": "OTHER" }), "/provider NOT_ALLOWED_VALUE"),
            (json!({ "name": "x", "provider": "GITHUB", "kind": "A/b" }), "/kind INVALID_FORMAT"),
            (json!({ "name": "x", "provider": "GITHUB", "secret": "short" }), "/secret TOO_SHORT"),
        ] {
            let refused = owner.post(INTEGRATIONS, &body).await.refused(422, "validation_failed");
            assert_eq!(refused.violations(), [found]);
        }
        assert_eq!(owner.get(INTEGRATIONS).await.expect(200).body["items"], json!([]));
    }
}
