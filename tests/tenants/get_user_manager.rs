//! GET /api/v1/users/{id}/manager

use serde_json::json;

use super::{USERS, own_id, user};

logic! {
    /// The manager is shown as a user, with its own validator.
    async fn answers_the_manager(app) {
        let owner = app.owner().await;
        let jane = user(&owner, "jane").await;
        let body = json!({ "email": "john@example.com", "name": "john", "manager_id": jane.id() });
        let john = owner.post(USERS, &body).await.expect(201);
        let manager = owner.get(&format!("{USERS}/{}/manager", john.id())).await.expect(200);
        assert_eq!((&manager.body, manager.header("etag")), (&jane.body, Some("\"v1-native\"")));
    }

    /// A user without a manager shows none, and neither does a user that does not exist.
    async fn without_a_manager(app) {
        let (alice, bob) = (app.owner().await, app.owner().await);
        for id in [own_id(&alice), own_id(&bob), "usr_missing"] {
            alice.get(&format!("{USERS}/{id}/manager")).await.refused(404, "resource_not_found");
        }
    }

    /// A deleted user shows no manager any more.
    async fn of_a_deleted_user(app) {
        let owner = app.owner().await;
        let body = json!({ "email": "john@example.com", "name": "john", "manager_id": own_id(&owner) });
        let john = format!("{USERS}/{}", owner.post(USERS, &body).await.expect(201).id());
        owner.delete(&john).await.expect(204);
        owner.get(&format!("{john}/manager")).await.refused(410, "resource_gone");
    }
}
