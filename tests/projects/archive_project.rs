//! POST /api/v1/projects/{id}/archive

use http::Method;
use serde_json::json;

use super::{PATH, create, events, operate};

logic! {
    /// An archived project cannot be changed. It can be deleted and activated.
    async fn an_archived_project_is_kept(app) {
        let owner = app.owner().await;
        let made = create(&owner, "a").await;
        let path = format!("{PATH}/{}", made.id());
        let archived = operate(&owner, made.id(), "archive").await.expect(200);
        owner.patch(&path, &json!({ "name": "b" })).await.refused(409, "conflict");
        owner.put(&path, &json!({ "name": "b" })).await.refused(409, "conflict");
        assert_eq!(owner.get(&path).await.body, archived.body);
        assert_eq!(events(&owner, "project.updated").await, 0);
        owner.delete(&path).await.expect(204);
    }
}

everywhere! {
    /// The operation heeds `If-Match`, and an idempotency key makes its retry safe.
    async fn retries_and_conditions(app) {
        let owner = app.owner().await;
        let made = create(&owner, "a").await;
        let path = format!("{PATH}/{}/archive", made.id());
        let stale = [("if-match", "\"v9\"")];
        owner.send(Method::POST, &path, &stale, None).await.refused(412, "precondition_failed");
        assert_eq!(events(&owner, "project.archived").await, 0);
        let key = [("idempotency-key", "archive-once"), ("if-match", "\"v1\"")];
        let first = owner.send(Method::POST, &path, &key, None).await.expect(200);
        let again = owner.send(Method::POST, &path, &key, None).await.expect(200);
        assert_eq!((again.header("idempotent-replayed"), &again.body), (Some("true"), &first.body));
        assert_eq!(events(&owner, "project.archived").await, 1);
    }
}
