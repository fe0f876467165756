//! PUT /api/v1/webhook-endpoints/{id}

use http::Method;
use serde_json::json;

use crate::webhooks::{PATH, state};

logic! {
    /// A member that is left out gets its default. The status and the secret stay.
    async fn resets_what_is_left_out(app) {
        let owner = app.owner().await;
        let body = json!({ "url": "https://example.com/", "event_types": ["user.*"], "rate_per_second": 5, "ordering": "SUBJECT" });
        let made = owner.post(PATH, &body).await.expect(201);
        let path = format!("{PATH}/{}", made.id());
        let sealed = || app.rows(&format!("SELECT id, sealed, expires_at FROM webhook_secrets WHERE endpoint_id = '{}'", made.id()));
        let before = sealed();
        let put = owner.put(&path, &json!({ "url": "http://127.0.0.1:9/" })).await.expect(200);
        assert_eq!(put.body["event_types"], json!(["*"]));
        assert_eq!((&put.body["rate_per_second"], &put.body["ordering"]), (&json!(null), &json!("NONE")));
        assert_eq!((&put.body["public_key"], &put.body["version"]), (&made.body["public_key"], &json!(2)));
        assert_eq!(sealed(), before);
        assert_eq!(owner.get(&path).await.body, put.body);
    }
}

everywhere! {
    /// A replacement without a version, with an old version, with a forbidden value, or of a
    /// deleted endpoint is refused.
    async fn refusals(app) {
        let owner = app.owner().await;
        let made = owner.post(PATH, &json!({ "url": "https://example.com/", "event_types": ["notice.published"] })).await.expect(201);
        let (path, good) = (format!("{PATH}/{}", made.id()), json!({ "url": "https://example.com/b" }));
        let before = state(&owner).await;
        owner.json(Method::PUT, &path, &good, &[]).await.refused(428, "precondition_required");
        owner.json(Method::PUT, &path, &good, &[("if-match", "\"v7\"")]).await.refused(412, "precondition_failed");
        let bad = json!({ "url": "https://10.0.0.1/", "event_types": ["x"] });
        let refused = owner.put(&path, &bad).await.refused(422, "validation_failed");
        assert_eq!(refused.violations(), ["/url NOT_ALLOWED_VALUE", "/event_types/0 NOT_ALLOWED_VALUE"]);
        let secret = json!({ "url": "https://example.com/", "event_types": ["notice.published"], "secret": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw" });
        owner.put(&path, &secret).await.refused(422, "validation_failed");
        assert_eq!(state(&owner).await, before);
        owner.put(&format!("{PATH}/whe_missing"), &good).await.refused(404, "resource_not_found");
        owner.delete(&path).await.expect(204);
        owner.put(&path, &good).await.refused(410, "resource_gone");
    }
}
