//! PUT /api/v1/projects/{id}

use serde_json::json;

use super::{PATH, create, events};
use crate::snapshot;

logic! {
    /// PUT replaces the project: a member that is left out is cleared, and the version goes up by
    /// one.
    async fn replaces_all(app) {
        let owner = app.owner().await;
        let made = owner.post(PATH, &json!({ "name": "a", "description": "d" })).await.expect(201);
        let path = format!("{PATH}/{}", made.id());
        let put = owner.put(&path, &json!({ "name": "b" })).await.expect(200);
        assert_eq!((put.body["name"].as_str(), put.body["description"].as_str()), (Some("b"), None));
        assert_eq!(put.header("etag"), Some("\"v2-native\""));
        assert_eq!(owner.get(&path).await.body, put.body);
        assert_eq!(events(&owner, "project.updated").await, 1);
    }

    /// A refused PUT changes nothing.
    async fn refuses_wrong_bodies(app) {
        let owner = app.owner().await;
        let made = create(&owner, "a").await;
        let path = format!("{PATH}/{}", made.id());
        snapshot!("replace_project_without_name", {
            let mut refused = owner.put(&path, &json!({ "description": "x" })).await.refused(422, "validation_failed");
            refused.path = format!("{PATH}/[id]");
            refused
        });
        owner.put(&path, &json!({ "name": "b", "status": "ARCHIVED" })).await.refused(422, "validation_failed");
        assert_eq!(owner.get(&path).await.body, made.body);
        assert_eq!(events(&owner, "project.updated").await, 0);
    }
}
