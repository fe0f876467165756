//! GET /api/v1/me

use serde_json::json;

use super::{client, join, signed_in};
use crate::snapshot;

const PATH: &str = "/api/v1/me";

logic! {
    /// A person is told who they are here, what the token may do, and where else they are members.
    async fn tells_who_calls(app) {
        let owner = app.owner().await;
        let me = owner.get(PATH).await.expect(200);
        assert_eq!((&me.body["user"], &me.body["tenant"]), (&owner.session["user"], &owner.session["tenant"]));
        assert_eq!(me.body["roles"], json!(["owner"]));
        let scopes = me.body["scopes"].as_array().unwrap();
        assert!(scopes.contains(&json!("clients:write")) && scopes.contains(&json!("projects:read")));
        let [membership] = &me.body["memberships"].as_array().unwrap()[..] else { panic!("{}", me.text) };
        assert_eq!(membership["tenant_id"], owner.tenant());
        assert_eq!(membership["user_id"], owner.session["user"]["id"]);
    }

    /// A machine client is nobody.
    async fn refuses_machines(app) {
        let owner = app.owner().await;
        let machine = signed_in(&app, &owner, &client(&owner).await.body).await;
        snapshot!("me_machine", machine.get(PATH).await.refused(403, "insufficient_scope"));
    }
}

everywhere! {
    /// Only tenants in which the person is an active member are shown.
    async fn shows_active_memberships(app) {
        let (alice, bob) = (app.owner().await, app.owner().await);
        let tenants = async || {
            let me = bob.get(PATH).await.expect(200);
            let all = me.body["memberships"].as_array().unwrap().iter();
            all.map(|one| one["tenant_id"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
        };
        let member = join(&app, &alice, &bob, "EDITOR").await;
        assert_eq!(tenants().await, [bob.tenant(), alice.tenant()]);
        let path = format!("/api/v1/users/{member}");
        alice.patch(&path, &json!({ "is_active": false })).await.expect(200);
        assert_eq!(tenants().await, [bob.tenant()]);
        alice.patch(&path, &json!({ "is_active": true })).await.expect(200);
        assert_eq!(tenants().await, [bob.tenant(), alice.tenant()]);
        alice.delete(&path).await.expect(204);
        assert_eq!(tenants().await, [bob.tenant()]);
        // Whoever comes back is another user of the tenant.
        assert_ne!(join(&app, &alice, &bob, "VIEWER").await, member);
        assert_eq!(tenants().await, [bob.tenant(), alice.tenant()]);
    }
}
