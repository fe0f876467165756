//! PATCH /api/v1/projects/{id}

use http::Method;
use serde_json::json;

use super::{PATH, create, events};

logic! {
    /// A merge patch keeps members that it does not name, and clears null ones (RFC 7396).
    async fn merges(app) {
        let owner = app.owner().await;
        let made = owner.post(PATH, &json!({ "name": "a", "description": "d" })).await.expect(201);
        let path = format!("{PATH}/{}", made.id());
        let renamed = owner.patch(&path, &json!({ "title": "b" })).await.expect(200);
        assert_eq!((renamed.body["name"].as_str(), renamed.body["description"].as_str()), (Some("b"), Some("d")));
        let cleared = owner.patch(&path, &json!({ "description": null })).await.expect(200);
        assert_eq!((cleared.body["name"].as_str(), cleared.body["description"].as_str()), (Some("b"), None));
        assert_eq!(cleared.body["version"], 3);
        assert_eq!(events(&owner, "project.updated").await, 2);
        let plain = owner.json(Method::PATCH, &path, &json!({ "name": "c" }), &[]).await.expect(200);
        assert_eq!(plain.body["name"], "c");
    }

    /// A refused patch changes nothing.
    async fn refuses_wrong_bodies(app) {
        let owner = app.owner().await;
        let made = create(&owner, "a").await;
        let path = format!("{PATH}/{}", made.id());
        owner.patch(&path, &json!({ "name": null })).await.refused(422, "validation_failed");
        owner.patch(&path, &json!({ "id": "prj_mine" })).await.refused(422, "validation_failed");
        let text = Some("{".to_owned());
        let json = [("content-type", "application/json")];
        owner.send(Method::PATCH, &path, &json, text).await.refused(400, "malformed_request");
        assert_eq!(owner.get(&path).await.body, made.body);
        assert_eq!(events(&owner, "project.updated").await, 0);
    }
}
