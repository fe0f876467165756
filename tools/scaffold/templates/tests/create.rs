//! POST /api/v1/{{collection}}

use http::Method;
use serde_json::json;

use super::{{table}}::{PATH, events, state};

logic! {
    /// {{A}} {{word}} is made with defaults, and one event.
    async fn makes_one(app) {
        let owner = app.owner().await;
        let made = owner.post(PATH, &json!({ "name": "a" })).await.expect(201);
        let path = format!("{PATH}/{}", made.id());
        assert!(made.id().starts_with("{{prefix}}_"));
        assert_eq!((made.header("location"), made.header("etag")), (Some(path.as_str()), Some("\"v1-native\"")));
        assert_eq!((&made.body["name"], &made.body["description"]), (&json!("a"), &json!(null)));
        assert_eq!(owner.get(&path).await.expect(200).body, made.body);
        assert_eq!(events(&owner, "created").await, 1);
    }

    /// The refusal of a wrong body lists every violation, and nothing is made.
    async fn refuses_wrong_bodies(app) {
        let (alice, bob) = (app.owner().await, app.owner().await);
        let before = state(&alice).await;
        for (body, violation) in [
            (json!({}), "/name REQUIRED"),
            (json!({ "name": "" }), "/name TOO_SHORT"),
            (json!({ "name": "x", "colour": "red" }), "/colour UNKNOWN_FIELD"),
        ] {
            let refused = alice.post(PATH, &body).await.refused(422, "validation_failed");
            assert_eq!(refused.violations(), [violation]);
        }
        alice.post(PATH, &json!({ "name": "x", "tenant_id": bob.tenant() })).await.refused(403, "tenant_mismatch");
        assert_eq!(state(&alice).await, before);
    }
}

everywhere! {
    /// A retry with the same key makes no second one.
    async fn a_key_makes_a_retry_safe(app) {
        let owner = app.owner().await;
        let key = [("idempotency-key", "once")];
        let body = json!({ "name": "a" });
        let first = owner.json(Method::POST, PATH, &body, &key).await.expect(201);
        let again = owner.json(Method::POST, PATH, &body, &key).await.expect(201);
        assert_eq!((again.header("idempotent-replayed"), &again.body), (Some("true"), &first.body));
        assert_eq!(owner.get(PATH).await.body["items"], json!([first.body]));
        assert_eq!(events(&owner, "created").await, 1);
    }
}
