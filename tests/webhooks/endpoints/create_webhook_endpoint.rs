//! POST /api/v1/webhook-endpoints

use http::Method;
use serde_json::json;

use crate::snapshot;
use crate::support::Placement;
use crate::support::dedicated;
use crate::webhooks::{PATH, state};

transport! { production_is_https(placement) }
everywhere! { has_a_bound(placement) }

logic! {
    /// Only the answer to the creation shows the secret, and no cache may store that answer.
    async fn shows_the_secret_once(app) {
        let owner = app.owner().await;
        let body = json!({
            "url": "https://example.com/hooks", "description": "Search index",
            "event_types": ["project.*", "user.created"], "headers": { "X-Team": "search" },
            "rate_per_second": 20, "timeout_seconds": 5, "ordering": "SUBJECT", "ed25519": true, "format": "CLOUD_EVENT",
        });
        let made = owner.post(PATH, &body).await.expect(201);
        let path = format!("{PATH}/{}", made.id());
        assert_eq!(made.header("location"), Some(&*path));
        let read = owner.get(&path).await.expect(200);
        let secret = made.body["secret"].as_str().unwrap();
        assert!(!read.text.contains(secret) && read.body.get("secret").is_none());
        let (feed, audit) = (owner.get("/api/v1/events").await.text, app.rows("SELECT metadata FROM audit_logs"));
        assert!(!feed.contains(secret) && !audit.concat().concat().contains(secret));
        assert!(!feed.contains("X-Team"), "headers may be credentials: {feed}");
        let mut shown = made;
        shown.headers.remove("location");
        snapshot!("create_webhook_endpoint", shown);
    }

    /// If the caller sends a secret, then deliveries are signed with it.
    async fn takes_a_secret(app) {
        let owner = app.owner().await;
        let secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
        let body = json!({ "url": "https://example.com/", "event_types": ["notice.published"], "secret": secret });
        assert_eq!(owner.post(PATH, &body).await.expect(201).body["secret"], secret);
    }

    /// The refusal lists all violations at once, and no endpoint is made.
    async fn refuses_all_that_is_wrong(app) {
        let owner = app.owner().await;
        let before = state(&owner).await;
        let body = json!({
            "url": "http://10.0.0.1/", "event_types": ["project.*", "Project.created"],
            "headers": { "host": "a", "Webhook-Id": "b", "a b": "c", "x-d": "e\n", "x-ok": "f" },
            "secret": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLa==!",
        });
        let refused = owner.post(PATH, &body).await.refused(422, "validation_failed");
        assert_eq!(refused.violations(), [
            "/url NOT_ALLOWED_VALUE",
            "/event_types/1 NOT_ALLOWED_VALUE",
            "/headers/Webhook-Id NOT_ALLOWED_VALUE",
            "/headers/a b NOT_ALLOWED_VALUE",
            "/headers/host NOT_ALLOWED_VALUE",
            "/headers/x-d NOT_ALLOWED_VALUE",
            "/secret INVALID_FORMAT",
        ]);
        assert_eq!(state(&owner).await, before);
    }

    /// Bodies that the schema forbids are refused.
    async fn refuses_what_the_schema_forbids(app) {
        let owner = app.owner().await;
        let before = state(&owner).await;
        let body = json!({
            "event_types": [], "rate_per_second": 0, "timeout_seconds": 21, "ordering": "LIFO",
            "status": "DISABLED", "public_key": "whpk_x",
        });
        let refused = owner.post(PATH, &body).await.refused(422, "validation_failed");
        snapshot!("create_webhook_endpoint_violations", refused);
        let long = (0..21).map(|n| (format!("x-{n}"), "v".into())).collect::<serde_json::Map<_, _>>();
        let refused = owner.post(PATH, &json!({ "url": "https://example.com/", "event_types": ["notice.published"], "headers": long })).await;
        assert_eq!(refused.refused(422, "validation_failed").violations(), ["/headers NOT_ALLOWED_VALUE"]);
        assert_eq!(state(&owner).await, before);
    }

    /// No name of this machine or of a private network is accepted, however it is written. Plain
    /// HTTP is accepted only to 127.0.0.1 and localhost, and only in development (K-81).
    async fn refuses_inner_addresses(app) {
        let owner = app.owner().await;
        let before = state(&owner).await;
        for url in [
            "http://example.com/", "https://user:pass@example.com/", "https://example.com/#a",
            "https://127.0.0.1/", "https://localhost/", "https://0x7f.1/", "https://2130706433/", "https://[::1]/",
            "https://10.0.0.1/", "https://192.168.0.1/", "https://169.254.169.254/latest/meta-data", "https://100.64.0.1/",
            "https://[::ffff:169.254.169.254]/", "https://[fd00::1]/", "https://[fe80::1]/", "https://0.0.0.0/",
            "http://10.0.0.1/", "http://[::ffff:10.0.0.1]/", "http://127.0.0.2:9000/", "http://[::1]:9000/",
        ] {
            let refused = owner.post(PATH, &json!({ "url": url })).await.refused(422, "validation_failed");
            assert_eq!(refused.violations(), ["/url NOT_ALLOWED_VALUE"], "{url}");
            assert!(!refused.text.contains("user:pass"), "a URL may hold a credential");
        }
        assert_eq!(state(&owner).await, before);
    }
}

everywhere! {
    /// A retry with the same key gets the same answer, with its secret, and there is one endpoint.
    async fn happens_once(app) {
        let owner = app.owner().await;
        let body = json!({ "url": "https://example.com/", "event_types": ["notice.published"] });
        let key = [("idempotency-key", "endpoint-1")];
        let made = owner.json(Method::POST, PATH, &body, &key).await.expect(201);
        let again = owner.json(Method::POST, PATH, &body, &key).await.expect(201);
        assert_eq!((again.header("idempotent-replayed"), &again.body), (Some("true"), &made.body));
        assert_eq!(owner.get(PATH).await.body["items"].as_array().unwrap().len(), 1);
        let kept = app.rows("SELECT body FROM idempotency_receipts").concat().concat();
        assert!(!kept.contains("whsec_"), "the receipt is sealed");
    }
}

/// A server with a master key of its own is not in development, so it accepts no plain HTTP.
async fn production_is_https(placement: Placement) {
    let key = [("master_key", "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=")];
    let (app, server, _directory) = dedicated(placement, &key).await;
    let owner = app.owner().await;
    for url in ["http://127.0.0.1:9000/", "http://localhost:9000/", "http://[::1]:9000/"] {
        let refused =
            owner.post(PATH, &json!({ "url": url })).await.refused(422, "validation_failed");
        assert_eq!(refused.violations(), ["/url NOT_ALLOWED_VALUE"], "{url}");
    }
    owner
        .post(PATH, &json!({ "url": "https://example.com/", "event_types": ["notice.published"] }))
        .await
        .expect(201);
    server.shutdown().await.unwrap();
}

/// A tenant has a hundred endpoints at most.
async fn has_a_bound(placement: Placement) {
    let (app, server, _directory) = dedicated(placement, &[]).await;
    let owner = app.owner().await;
    let first = owner
        .post(PATH, &json!({ "url": "https://example.com/", "event_types": ["notice.published"] }))
        .await
        .expect(201);
    app.execute(&format!(
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 99) \
         INSERT INTO webhook_endpoints (tenant_id, id, url, event_types, headers, status, \
         timeout_seconds, ordering, ed25519, format, public_key, version, created_at, updated_at) \
         SELECT tenant_id, id || i, url, event_types, headers, status, timeout_seconds, ordering, \
         ed25519, format, public_key, version, created_at, updated_at FROM webhook_endpoints, n \
         WHERE tenant_id = '{}'",
        owner.tenant()
    ));
    let before = state(&owner).await;
    owner
        .post(PATH, &json!({ "url": "https://example.com/", "event_types": ["notice.published"] }))
        .await
        .refused(409, "conflict");
    assert_eq!(state(&owner).await, before);
    owner.delete(&format!("{PATH}/{}", first.id())).await.expect(204);
    owner
        .post(PATH, &json!({ "url": "https://example.com/", "event_types": ["notice.published"] }))
        .await
        .expect(201);
    server.shutdown().await.unwrap();
}
