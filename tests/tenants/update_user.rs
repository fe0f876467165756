//! PATCH /api/v1/users/{id}

use http::Method;
use serde_json::json;

use super::{ON_USERS, USERS, caller, events, let_in, own_id, state, user};
use crate::support::{App, Client, Exchange};

async fn refresh(app: &App, client: &Client) -> Exchange {
    let token = client.session["refresh_token"].as_str().unwrap();
    let form = format!("grant_type=refresh_token&refresh_token={token}");
    app.anon().form("/api/v1/auth/token", &form, &[]).await
}

logic! {
    /// Metadata is merged at every depth (E-90): a list is replaced, and null removes a name.
    async fn merges_metadata(app) {
        let owner = app.owner().await;
        let metadata = json!({ "genre": "Fantasy", "tags": ["a", "b"], "office": { "floor": 3, "desk": 7 } });
        let body = json!({ "email": "john@example.com", "name": "john", "metadata": metadata });
        let made = owner.post(USERS, &body).await.expect(201);
        let path = format!("{USERS}/{}", made.id());
        for (patch, merged) in [
            (json!({ "tags": ["c"] }), json!({ "genre": "Fantasy", "tags": ["c"], "office": { "floor": 3, "desk": 7 } })),
            (json!({ "office": { "desk": null } }), json!({ "genre": "Fantasy", "tags": ["c"], "office": { "floor": 3 } })),
            (json!({ "genre": null, "office": "home" }), json!({ "tags": ["c"], "office": "home" })),
            (json!(null), json!({})),
        ] {
            let patched = owner.patch(&path, &json!({ "metadata": patch })).await.expect(200);
            assert_eq!((&patched.body["metadata"], &patched.body["name"]), (&merged, &json!("john")));
        }
        assert_eq!(owner.get(&path).await.body["version"], 5);
        assert_eq!(events(&owner, "user.updated").await, 4);
    }

    /// A new role replaces the list of roles, and a new list sets the role (K-42).
    async fn role_and_roles(app) {
        let owner = app.owner().await;
        let path = format!("{USERS}/{}", user(&owner, "john").await.id());
        for (patch, role, roles) in [
            (json!({ "roles": ["VIEWER", "EDITOR"] }), "EDITOR", json!(["VIEWER", "EDITOR"])),
            (json!({ "role": "ADMIN" }), "ADMIN", json!(["ADMIN"])),
            (json!({ "name": "Johnny" }), "ADMIN", json!(["ADMIN"])),
        ] {
            let patched = owner.patch(&path, &patch).await.expect(200);
            assert_eq!((&patched.body["role"], &patched.body["roles"]), (&json!(role), &roles));
        }
    }

    /// A refused patch changes nothing.
    async fn refuses_wrong_patches(app) {
        let (owner, other) = (app.owner().await, app.owner().await);
        let made = user(&owner, "john").await;
        let path = format!("{USERS}/{}", made.id());
        let before = state(&owner, USERS).await;
        for (patch, violation) in [
            (json!({ "role": "VIEWER", "roles": ["ADMIN"] }), "/role CONFLICTING_SYNONYM"),
            (json!({ "role": "CAPTAIN" }), "/role NOT_ALLOWED_VALUE"),
            (json!({ "email": "nobody" }), "/email INVALID_FORMAT"),
            (json!({ "email": null }), "/email WRONG_TYPE"),
            (json!({ "manager_id": "usr_missing" }), "/manager_id NOT_FOUND"),
            (json!({ "manager_id": own_id(&other) }), "/manager_id NOT_FOUND"),
            (json!({ "manager_id": made.id() }), "/manager_id NOT_ALLOWED_VALUE"),
            (json!({ "team_ids": ["team_missing"] }), "/team_ids NOT_FOUND"),
            (json!({ "created_at": "2026-03-01T09:30:00.000Z" }), "/created_at UNKNOWN_FIELD"),
        ] {
            let refused = owner.patch(&path, &patch).await.refused(422, "validation_failed");
            assert_eq!(refused.violations(), [violation]);
        }
        assert_eq!(state(&owner, USERS).await, before);
    }

    /// A caller who may write users but is not an owner can neither make an owner nor take the role
    /// of one.
    async fn only_an_owner_alters_owners(app) {
        let owner = app.owner().await;
        let manager = caller(&app, &owner, &["manager"], &ON_USERS);
        let john = format!("{USERS}/{}", user(&owner, "john").await.id());
        let body = json!({ "email": "second@example.com", "name": "second", "role": "OWNER" });
        let second = format!("{USERS}/{}", owner.post(USERS, &body).await.expect(201).id());
        let before = state(&owner, USERS).await;
        for (path, patch) in [
            (&john, json!({ "role": "OWNER" })),
            (&john, json!({ "roles": ["VIEWER", "OWNER"] })),
            (&second, json!({ "role": "ADMIN" })),
            (&second, json!({ "roles": ["OWNER", "ADMIN"] })),
            (&second, json!({ "is_active": false })),
        ] {
            manager.patch(path, &patch).await.refused(403, "insufficient_scope");
            assert_eq!(state(&owner, USERS).await, before, "{patch}");
        }
        manager.patch(&john, &json!({ "role": "MANAGER" })).await.expect(200);
        owner.patch(&second, &json!({ "role": "ADMIN" })).await.expect(200);
    }
}

storage! {
    /// An address belongs to one user, in any case. A patch with the user's own address changes
    /// nothing.
    async fn an_address_is_unique(app) {
        let owner = app.owner().await;
        let path = format!("{USERS}/{}", user(&owner, "john").await.id());
        user(&owner, "jane").await;
        let before = state(&owner, USERS).await;
        owner.patch(&path, &json!({ "email": "JANE@example.com" })).await.refused(409, "conflict");
        let same = owner.patch(&path, &json!({ "email": "JOHN@example.com" })).await.expect(200);
        assert_eq!((&same.body["email"], &same.body["version"]), (&json!("john@example.com"), &json!(1)));
        assert_eq!(state(&owner, USERS).await, before);
    }
}

everywhere! {
    /// A patch with an old version changes nothing: it gets 412 for the header and 409 for the
    /// body.
    async fn heeds_the_version(app) {
        let owner = app.owner().await;
        let path = format!("{USERS}/{}", user(&owner, "john").await.id());
        owner.patch(&path, &json!({ "department": "sales" })).await.expect(200);
        let before = state(&owner, USERS).await;
        let stale = [("if-match", "\"v1\"")];
        owner.json(Method::PATCH, &path, &json!({ "name": "x" }), &stale).await.refused(412, "precondition_failed");
        owner.patch(&path, &json!({ "name": "x", "version": 1 })).await.refused(409, "conflict");
        assert_eq!(state(&owner, USERS).await, before);
        owner.json(Method::PATCH, &path, &json!({ "name": "x" }), &[("if-match", "\"v2\"")]).await.expect(200);
    }

    /// The last owner who can sign in stays an owner. If there is another one, each owner may give
    /// up the role.
    async fn the_last_owner_stays(app) {
        let owner = app.owner().await;
        let own = format!("{USERS}/{}", own_id(&owner));
        let idle = json!({ "email": "idle@example.com", "name": "idle", "role": "OWNER", "is_active": false });
        owner.post(USERS, &idle).await.expect(201);
        let before = state(&owner, USERS).await;
        for patch in [json!({ "role": "ADMIN" }), json!({ "roles": ["VIEWER"] }), json!({ "is_active": false })] {
            owner.patch(&own, &patch).await.refused(409, "conflict");
            assert_eq!(state(&owner, USERS).await, before, "{patch}");
        }
        let second = json!({ "email": "second@example.com", "name": "second", "role": "OWNER" });
        let second = owner.post(USERS, &second).await.expect(201);
        // An owner who cannot sign in does not count as another owner.
        owner.patch(&own, &json!({ "role": "VIEWER" })).await.refused(409, "conflict");
        let_in(&app, second.id());
        let demoted = owner.patch(&own, &json!({ "role": "VIEWER" })).await.expect(200);
        assert_eq!(demoted.body["roles"], json!(["VIEWER"]));
    }

    /// A user who is not active gets no new tokens. After a new activation the same refresh token
    /// works again.
    async fn a_deactivated_user_cannot_refresh(app) {
        let owner = app.owner().await;
        let own = format!("{USERS}/{}", own_id(&owner));
        let second = json!({ "email": "second@example.com", "name": "second", "role": "OWNER" });
        let second = owner.post(USERS, &second).await.expect(201);
        let_in(&app, second.id());
        // The owner's own access token ends with the deactivation, so another owner sends the
        // requests.
        let other = caller(&app, &owner, &["owner"], &ON_USERS);
        other.patch(&own, &json!({ "is_active": false })).await.expect(200);
        refresh(&app, &owner).await.refused(400, "invalid_grant");
        other.patch(&own, &json!({ "is_active": true })).await.expect(200);
        refresh(&app, &owner).await.expect(200);
    }
}
