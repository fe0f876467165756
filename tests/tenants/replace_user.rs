//! PUT /api/v1/users/{id}

use http::Method;
use serde_json::{Value, json};

use super::{ON_USERS, USERS, caller, events, own_id, state, user};

logic! {
    /// PUT replaces the user: a member that is left out is reset. The same PUT again changes
    /// nothing.
    async fn replaces_all(app) {
        let owner = app.owner().await;
        let made = owner.post(USERS, &json!({
            "email": "john@example.com", "name": "john", "role": "ADMIN", "department": "sales",
            "manager_id": own_id(&owner), "is_active": false, "metadata": { "location": "New York" },
        })).await.expect(201);
        let path = format!("{USERS}/{}", made.id());
        let body = json!({ "email": "john@example.com", "name": "Johnny" });
        let put = owner.json(Method::PUT, &path, &body, &[("if-match", "\"v1\"")]).await.expect(200);
        assert_eq!((&put.body["name"], put.header("etag")), (&json!("Johnny"), Some("\"v2-native\"")));
        for (member, value) in [
            ("role", json!("VIEWER")),
            ("roles", json!(["VIEWER"])),
            ("department", json!(null)),
            ("manager_id", json!(null)),
            ("is_active", json!(true)),
            ("metadata", json!({})),
            ("created_by", made.body["created_by"].clone()),
        ] {
            assert_eq!(put.body[member], value, "{member}");
        }
        let again = owner.json(Method::PUT, &path, &body, &[("if-match", "\"v2\"")]).await.expect(200);
        assert_eq!(again.body, put.body);
        assert_eq!(owner.get(&path).await.body, put.body);
        assert_eq!(events(&owner, "user.updated").await, 1);
    }

    /// A refused PUT changes nothing.
    async fn refuses_wrong_bodies(app) {
        let owner = app.owner().await;
        let path = format!("{USERS}/{}", user(&owner, "john").await.id());
        user(&owner, "jane").await;
        let before = state(&owner, USERS).await;
        let cases: [(Value, &[&str]); 4] = [
            (json!({ "name": "x" }), &["/email REQUIRED"]),
            (json!({ "email": "x@example.com", "name": "x", "manager_id": "usr_missing" }), &["/manager_id NOT_FOUND"]),
            (json!({ "email": "x@example.com", "name": "x", "role": "VIEWER", "roles": ["ADMIN"] }), &["/role CONFLICTING_SYNONYM"]),
            (json!({ "email": "x@example.com", "name": "x", "created_by": "usr_x" }), &["/created_by UNKNOWN_FIELD"]),
        ];
        for (body, violations) in cases {
            let refused = owner.put(&path, &body).await.refused(422, "validation_failed");
            assert_eq!(refused.violations(), violations);
        }
        owner.put(&path, &json!({ "email": "Jane@example.com", "name": "x" })).await.refused(409, "conflict");
        assert_eq!(state(&owner, USERS).await, before);
    }
}

everywhere! {
    /// A replacement must name the version that it replaces, and this must be the current one.
    async fn needs_the_current_version(app) {
        let owner = app.owner().await;
        let path = format!("{USERS}/{}", user(&owner, "john").await.id());
        owner.patch(&path, &json!({ "department": "sales" })).await.expect(200);
        let before = state(&owner, USERS).await;
        let body = json!({ "email": "john@example.com", "name": "Johnny" });
        owner.json(Method::PUT, &path, &body, &[]).await.refused(428, "precondition_required");
        owner.json(Method::PUT, &path, &body, &[("if-match", "\"v1\"")]).await.refused(412, "precondition_failed");
        assert_eq!(state(&owner, USERS).await, before);
        owner.json(Method::PUT, &path, &body, &[("if-match", "\"v2\"")]).await.expect(200);
    }
}

storage! {
    /// Only an owner can make an owner. A PUT without a role does not take the role from the last
    /// owner.
    async fn owners_are_guarded(app) {
        let owner = app.owner().await;
        let manager = caller(&app, &owner, &["manager"], &ON_USERS);
        let john = format!("{USERS}/{}", user(&owner, "john").await.id());
        let before = state(&owner, USERS).await;
        let body = json!({ "email": "john@example.com", "name": "john", "role": "OWNER" });
        manager.put(&john, &body).await.refused(403, "insufficient_scope");
        let own = format!("{USERS}/{}", own_id(&owner));
        let body = json!({ "email": owner.session["user"]["email"], "name": "me" });
        owner.put(&own, &body).await.refused(409, "conflict");
        assert_eq!(state(&owner, USERS).await, before);
    }
}
