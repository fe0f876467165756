//! A caller cannot give a role above their own, and cannot change or delete an account that has
//! one. Otherwise every user manager could become an administrator.

use http::Method;
use serde_json::json;

use super::{ON_USERS, USERS, caller, own_id, state};
use crate::auth::{client_with, signed_in};
use crate::support::Client;

transport! {
    async fn persons(app) {
        let owner = app.owner().await;
        let manager = caller(&app, &owner, &["manager"], &ON_USERS);
        let admin = json!({ "email": "a@example.com", "name": "a", "role": "ADMIN" });
        let admin = owner.post(USERS, &admin).await.expect(201).id().to_owned();
        refused(&owner, &manager, &admin).await;
        let made = json!({ "email": "m@example.com", "name": "m", "role": "MANAGER" });
        let made = manager.post(USERS, &made).await.expect(201);
        let path = format!("{USERS}/{}", made.id());
        manager.patch(&path, &json!({ "role": "VIEWER" })).await.expect(200);
        // A field that has nothing to do with signing in can be changed.
        manager.patch(&format!("{USERS}/{admin}"), &json!({ "department": "d" })).await.expect(200);
    }

    async fn machines(app) {
        let owner = app.owner().await;
        let made = client_with(&owner, &["users:read", "users:write"]).await;
        let machine = signed_in(&app, &owner, &made.body).await;
        let viewer = json!({ "email": "v@example.com", "name": "v" });
        let viewer = owner.post(USERS, &viewer).await.expect(201).id().to_owned();
        refused(&owner, &machine, &viewer).await;
        let scopes = ["events:read", "notices:read", "projects:read", "teams:read", "users:read", "users:write"];
        let made = client_with(&owner, &scopes).await;
        let machine = signed_in(&app, &owner, &made.body).await;
        let path = format!("{USERS}/{viewer}");
        machine.patch(&path, &json!({ "is_active": false })).await.expect(200);
        machine.patch(&path, &json!({ "role": "EDITOR" })).await.refused(403, "insufficient_scope");
        machine.patch(&format!("{USERS}/{}", own_id(&owner)), &json!({ "email": "x@example.com" })).await
            .refused(403, "insufficient_scope");
    }
}

/// Checks that `who` cannot make an administrator, cannot promote a user to one, and cannot take
/// over an account of `above`.
async fn refused(owner: &Client, who: &Client, above: &str) {
    let before = state(owner, USERS).await;
    let path = format!("{USERS}/{above}");
    let new = json!({ "email": "x@example.com", "name": "x", "role": "ADMIN" });
    who.post(USERS, &new).await.refused(403, "insufficient_scope");
    for change in [
        json!({ "role": "ADMIN", "is_active": false }),
        json!({ "roles": ["VIEWER", "MANAGER", "ADMIN"] }),
        json!({ "role": "ENGINEER" }),
        json!({ "is_active": false }),
        json!({ "email": "mine@example.com" }),
    ] {
        who.patch(&path, &change).await.refused(403, "insufficient_scope");
    }
    who.send(Method::DELETE, &path, &[], None).await.refused(403, "insufficient_scope");
    assert_eq!(state(owner, USERS).await, before);
}
