//! PUT /api/v1/{{collection}}/{id}

use http::Method;
use serde_json::json;

use super::{{table}}::{PATH, create, events, state};

logic! {
    /// PUT replaces all of it: a member that is left out is reset.
    async fn replaces_all(app) {
        let owner = app.owner().await;
        let made = owner.post(PATH, &json!({ "name": "a", "description": "d" })).await.expect(201);
        let path = format!("{PATH}/{}", made.id());
        let put = owner.json(Method::PUT, &path, &json!({ "name": "b" }), &[("if-match", "\"v1\"")]).await.expect(200);
        assert_eq!((&put.body["name"], put.header("etag")), (&json!("b"), Some("\"v2-native\"")));
        assert_eq!(put.body["description"], json!(null));
        assert_eq!(owner.get(&path).await.body, put.body);
        assert_eq!(events(&owner, "updated").await, 1);
    }
}

everywhere! {
    /// A refused PUT changes nothing.
    async fn refuses(app) {
        let owner = app.owner().await;
        let path = format!("{PATH}/{}", create(&owner, "a").await.id());
        owner.patch(&path, &json!({ "description": "d" })).await.expect(200);
        let before = state(&owner).await;
        let body = json!({ "name": "b" });
        owner.json(Method::PUT, &path, &body, &[]).await.refused(428, "precondition_required");
        owner.json(Method::PUT, &path, &body, &[("if-match", "\"v1\"")]).await.refused(412, "precondition_failed");
        owner.put(&path, &json!({ "description": "x" })).await.refused(422, "validation_failed");
        assert_eq!(state(&owner).await, before);
    }
}
