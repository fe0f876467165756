//! DELETE /api/v1/{{collection}}/{id}

use http::Method;
use serde_json::json;

use super::{{table}}::{PATH, create, events, state};

storage! {
    /// A deletion leaves a tombstone: readers get 410, and a second deletion succeeds.
    async fn leaves_a_tombstone(app) {
        let owner = app.owner().await;
        let path = format!("{PATH}/{}", create(&owner, "a").await.id());
        assert_eq!(owner.delete(&path).await.expect(204).text, "");
        owner.delete(&path).await.expect(204);
        owner.get(&path).await.refused(410, "resource_gone");
        assert_eq!(owner.get(PATH).await.body["items"], json!([]));
        assert_eq!((events(&owner, "deleted").await, events(&owner, "updated").await), (1, 0));
        owner.delete(&format!("{PATH}/{{prefix}}_missing")).await.refused(404, "resource_not_found");
    }
}

everywhere! {
    /// A deletion with another version than the current one is refused.
    async fn heeds_the_version(app) {
        let owner = app.owner().await;
        let path = format!("{PATH}/{}", create(&owner, "a").await.id());
        let before = state(&owner).await;
        let stale = [("if-match", "\"v9\"")];
        owner.send(Method::DELETE, &path, &stale, None).await.refused(412, "precondition_failed");
        assert_eq!(state(&owner).await, before);
    }
}
