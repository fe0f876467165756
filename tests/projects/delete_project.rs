//! DELETE /api/v1/projects/{id}

use serde_json::json;

use super::{PATH, create, events};
use crate::snapshot;

storage! {
    /// A deleted project leaves a tombstone: readers get 410, and a second deletion succeeds.
    async fn leaves_a_tombstone(app) {
        let owner = app.owner().await;
        let made = create(&owner, "a").await;
        let path = format!("{PATH}/{}", made.id());
        let deleted = owner.delete(&path).await.expect(204);
        assert_eq!(deleted.text, "");
        snapshot!("get_project_deleted", {
            let mut gone = owner.get(&path).await.refused(410, "resource_gone");
            gone.path = format!("{PATH}/[id]");
            gone
        });
        owner.delete(&path).await.expect(204);
        owner.put(&path, &json!({ "name": "b" })).await.refused(410, "resource_gone");
        owner.patch(&path, &json!({ "name": "b" })).await.refused(410, "resource_gone");
        assert_eq!(owner.get(PATH).await.body["items"], json!([]));
        assert_eq!(events(&owner, "project.deleted").await, 1);
        owner.delete(&format!("{PATH}/prj_missing")).await.refused(404, "resource_not_found");
    }
}
