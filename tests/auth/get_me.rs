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

    /// Whoever is in more tenants than are shown reaches all of them.
    async fn many_tenants_hide_none(app) {
        let owner = app.owner().await;
        let user = &owner.session["user"];
        let (id, email) = (user["id"].as_str().unwrap(), user["email"].as_str().unwrap());
        let row = |n: i32, of: &str| of.replace("{n}", &format!("{n}_{}", owner.tenant()));
        let all = |of: &str| (0..101).map(|n| row(n, of)).collect::<Vec<_>>().join(", ");
        app.execute(&format!(
            "INSERT INTO tenants (id, name, created_at, updated_at) VALUES {};
             INSERT INTO members (tenant_id, id, person_id, has_account, email, name, role, roles, \
             created_by, version, created_at, updated_at) VALUES {}",
            all("('older_{n}', 'older', 1, 1)"),
            all(&format!("('older_{{n}}', 'usr_{{n}}', '{id}', 1, '{email}', 'x', 'VIEWER', '[\"VIEWER\"]', 'x', 1, 1, 1)")),
        ));
        let me = owner.get(PATH).await.expect(200);
        assert_eq!(me.body["memberships"].as_array().unwrap().len(), 100);
        assert_eq!(me.body["tenant"]["id"], owner.tenant());
        let older = format!("older_7_{}", owner.tenant());
        let there = owner.post("/api/v1/auth/switch", &json!({ "tenant_id": older })).await.expect(200);
        let there = owner.with_token(there.body["access_token"].as_str().unwrap());
        let home = json!({ "tenant_id": owner.tenant() });
        there.post("/api/v1/auth/switch", &home).await.expect(200);
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
