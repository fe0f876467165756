//! POST /api/v1/projects/{id}/activate

use serde_json::json;

use super::{PATH, create, events, operate};
use crate::snapshot;

logic! {
    /// A paused, completed or archived project can be activated again, and the feed tells of it.
    async fn takes_up_again(app) {
        let owner = app.owner().await;
        let made = create(&owner, "a").await;
        for (number, action) in ["pause", "complete", "archive"].into_iter().enumerate() {
            operate(&owner, made.id(), action).await.expect(200);
            let active = operate(&owner, made.id(), "activate").await.expect(200);
            assert_eq!(active.body["status"], "ACTIVE");
            assert_eq!(active.header("etag").unwrap(), format!("\"v{}-native\"", active.body["version"]));
            assert_eq!(events(&owner, "project.activated").await, number + 1);
        }
    }

    /// An activation from a status that does not allow it changes nothing.
    async fn refuses_an_active_project(app) {
        let owner = app.owner().await;
        let made = create(&owner, "a").await;
        let path = format!("{PATH}/{}", made.id());
        snapshot!("activate_project_active", {
            let mut refused = operate(&owner, made.id(), "activate").await.refused(409, "conflict");
            refused.path = format!("{PATH}/[id]/activate");
            refused
        });
        assert_eq!(owner.get(&path).await.body, made.body);
        assert_eq!(events(&owner, "project.activated").await, 0);
        owner.post(&format!("{path}/activate"), &json!({})).await.refused(409, "conflict");
    }
}
