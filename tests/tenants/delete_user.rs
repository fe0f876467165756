//! DELETE /api/v1/users/{id}

use http::Method;
use serde_json::json;

use super::{ON_USERS, USERS, caller, events, own_id, state, user};

storage! {
    /// A deleted user leaves a tombstone, and another user may take the address.
    async fn leaves_a_tombstone(app) {
        let owner = app.owner().await;
        let path = format!("{USERS}/{}", user(&owner, "john").await.id());
        assert_eq!(owner.delete(&path).await.expect(204).text, "");
        owner.delete(&path).await.expect(204);
        owner.get(&path).await.refused(410, "resource_gone");
        owner.patch(&path, &json!({ "name": "x" })).await.refused(410, "resource_gone");
        let body = json!({ "email": "john@example.com", "name": "x" });
        owner.put(&path, &body).await.refused(410, "resource_gone");
        assert_eq!(owner.get(USERS).await.body["items"].as_array().unwrap().len(), 1, "the owner");
        assert_eq!(events(&owner, "user.deleted").await, 1);
        assert_eq!(events(&owner, "user.updated").await, 0);
        owner.post(USERS, &body).await.expect(201);
        owner.delete(&format!("{USERS}/usr_missing")).await.refused(404, "resource_not_found");
    }

    /// Only an owner can delete an owner, and nobody can delete the last one.
    async fn owners_are_guarded(app) {
        let owner = app.owner().await;
        let own = format!("{USERS}/{}", own_id(&owner));
        let alone = state(&owner, USERS).await;
        owner.delete(&own).await.refused(409, "conflict");
        assert_eq!(state(&owner, USERS).await, alone);
        let body = json!({ "email": "second@example.com", "name": "second", "role": "OWNER" });
        let second = format!("{USERS}/{}", owner.post(USERS, &body).await.expect(201).id());
        let before = state(&owner, USERS).await;
        let manager = caller(&app, &owner, &["manager"], &ON_USERS);
        manager.delete(&second).await.refused(403, "insufficient_scope");
        assert_eq!(state(&owner, USERS).await, before);
        owner.delete(&second).await.expect(204);
        owner.delete(&own).await.refused(409, "conflict");
    }

    /// A deleted user cannot become anybody's manager, and is no longer shown as one.
    async fn a_deleted_manager_is_not_shown(app) {
        let owner = app.owner().await;
        let jane = user(&owner, "jane").await;
        let body = json!({ "email": "john@example.com", "name": "john", "manager_id": jane.id() });
        let john = format!("{USERS}/{}", owner.post(USERS, &body).await.expect(201).id());
        owner.delete(&format!("{USERS}/{}", jane.id())).await.expect(204);
        assert_eq!(owner.get(&format!("{john}?expand=manager")).await.expect(200).body["manager"], json!(null));
        let before = state(&owner, USERS).await;
        let body = json!({ "email": "jim@example.com", "name": "jim", "manager_id": jane.id() });
        let refused = owner.post(USERS, &body).await.refused(422, "validation_failed");
        assert_eq!(refused.violations(), ["/manager_id NOT_FOUND"]);
        assert_eq!(state(&owner, USERS).await, before);
        owner.patch(&john, &json!({ "name": "Johnny" })).await.expect(200);
    }
}

everywhere! {
    /// A deletion with an old version is refused.
    async fn heeds_the_version(app) {
        let owner = app.owner().await;
        let path = format!("{USERS}/{}", user(&owner, "john").await.id());
        owner.patch(&path, &json!({ "department": "sales" })).await.expect(200);
        let before = state(&owner, USERS).await;
        let stale = [("if-match", "\"v1\"")];
        owner.send(Method::DELETE, &path, &stale, None).await.refused(412, "precondition_failed");
        assert_eq!(state(&owner, USERS).await, before);
        owner.send(Method::DELETE, &path, &[("if-match", "\"v2\"")], None).await.expect(204);
    }
}
