//! POST /api/v1/projects/{id}/pause

use super::{PATH, create, events, operate};

logic! {
    /// An active project can be paused. A second pause is a conflict that changes nothing.
    async fn pauses_once(app) {
        let owner = app.owner().await;
        let made = create(&owner, "a").await;
        let paused = operate(&owner, made.id(), "pause").await.expect(200);
        assert_eq!((paused.body["status"].as_str(), paused.body["version"].as_i64()), (Some("PAUSED"), Some(2)));
        operate(&owner, made.id(), "pause").await.refused(409, "conflict");
        assert_eq!(owner.get(&format!("{PATH}/{}", made.id())).await.body, paused.body);
        assert_eq!(events(&owner, "project.paused").await, 1);
    }
}
