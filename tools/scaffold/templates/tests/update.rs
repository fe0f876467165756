//! PATCH /api/v1/{{collection}}/{id}

use http::Method;
use serde_json::json;

use super::{{table}}::{PATH, create, events, state};

logic! {
    /// A merge patch keeps members that it does not name, and clears null ones (RFC 7396).
    async fn merges(app) {
        let owner = app.owner().await;
        let path = format!("{PATH}/{}", create(&owner, "a").await.id());
        let described = owner.patch(&path, &json!({ "description": "d" })).await.expect(200);
        assert_eq!((&described.body["name"], &described.body["description"]), (&json!("a"), &json!("d")));
        let cleared = owner.patch(&path, &json!({ "description": null })).await.expect(200);
        assert_eq!((&cleared.body["name"], &cleared.body["description"]), (&json!("a"), &json!(null)));
        assert_eq!((cleared.header("etag"), events(&owner, "updated").await), (Some("\"v3-native\""), 2));
    }
}

everywhere! {
    /// A refused patch changes nothing.
    async fn refuses(app) {
        let owner = app.owner().await;
        let path = format!("{PATH}/{}", create(&owner, "a").await.id());
        let before = state(&owner).await;
        for (patch, violation) in [
            (json!({ "name": null }), "/name WRONG_TYPE"),
            (json!({ "id": "{{prefix}}_mine" }), "/id UNKNOWN_FIELD"),
        ] {
            let refused = owner.patch(&path, &patch).await.refused(422, "validation_failed");
            assert_eq!(refused.violations(), [violation]);
        }
        let stale = [("if-match", "\"v9\"")];
        owner.json(Method::PATCH, &path, &json!({ "name": "b" }), &stale).await.refused(412, "precondition_failed");
        assert_eq!(state(&owner).await, before);
    }
}
