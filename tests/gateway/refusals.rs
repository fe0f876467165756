//! Authorization failures are in the audit log, and no caller can fill it with them.

use http::Method;
use serde_json::{Value, json};

use crate::auth::{audited, client_with, signed_in};
use crate::support::{App, Placement, dedicated};

everywhere! { nobody_writes_them_by_themselves(placement) }

const PROJECTS: &str = "/api/v1/projects";
const REFUSED: &str = "access.refused";

/// The audit entries about refusals in a tenant: the caller and the details of each.
fn entries(app: &App, tenant: &str) -> Vec<(String, Value)> {
    let sql = format!(
        "SELECT actor_id, metadata FROM audit_logs WHERE tenant_id = '{tenant}' \
         AND action_type = '{REFUSED}' ORDER BY created_at, id"
    );
    let rows = app.rows(&sql).into_iter();
    rows.map(|row| (row[0].clone(), serde_json::from_str(&row[1]).unwrap())).collect()
}

everywhere! {
    /// If a caller lacks a scope, the audit log notes the caller and the operation, once an hour
    /// however often it happens. Another caller gets an entry of its own. The feed tells of the
    /// entry, and nothing else has happened.
    async fn are_told_once_an_hour(app) {
        let owner = app.owner().await;
        let mut expected = Vec::new();
        for _ in 0..2 {
            let made = client_with(&owner, &["projects:read"]).await;
            let ci_service = signed_in(&app, &owner, &made.body).await;
            for _ in 0..5 {
                ci_service.post(PROJECTS, &json!({ "name": "no" })).await.refused(403, "insufficient_scope");
                ci_service.get("/api/v1/users").await.refused(403, "insufficient_scope");
            }
            let said = json!({ "operation": "create-project", "error": "insufficient_scope", "required_scope": "projects:write" });
            expected.push((made.id().to_owned(), said));
        }
        assert_eq!(entries(&app, owner.tenant()), expected);
        let feed = owner.get("/api/v1/events?type=audit.logged&limit=100").await.expect(200);
        let told = feed.body["items"].as_array().unwrap().iter().filter(|event| event["data"]["action_type"] == REFUSED);
        assert_eq!(told.count(), 2);
        assert_eq!(owner.get(PROJECTS).await.expect(200).body["items"], json!([]));
    }

    /// If a caller names another tenant, the entry is in the caller's tenant. The other tenant
    /// learns nothing of it.
    async fn are_told_where_the_caller_is(app) {
        let (alice, bob) = (app.owner().await, app.owner().await);
        let named = [("x-tenant-id", bob.tenant())];
        alice.send(Method::GET, PROJECTS, &named, None).await.refused(403, "tenant_mismatch");
        let said = json!({ "operation": "list-projects", "error": "tenant_mismatch", "required_scope": null });
        let id = alice.session["user"]["id"].as_str().unwrap().to_owned();
        assert_eq!(entries(&app, alice.tenant()), [(id, said)]);
        assert_eq!(entries(&app, bob.tenant()), []);
    }

    /// A refusal by a function is noted as one by the gateway is. A refusal for another reason, or
    /// of an unknown caller, leaves no entry.
    async fn of_functions_and_of_no_others(app) {
        let owner = app.owner().await;
        let rich = client_with(&owner, &["projects:read"]).await;
        let poor = client_with(&owner, &["clients:write"]).await;
        let poor = signed_in(&app, &owner, &poor.body).await;
        let rotate = format!("/api/v1/auth/clients/{}/rotate-secret", rich.id());
        owner.get("/api/v1/projects/prj_none").await.refused(404, "resource_not_found");
        owner.with_token("x").get(PROJECTS).await.refused(401, "invalid_token");
        app.anon().get(PROJECTS).await.refused(401, "authentication_required");
        assert!(!audited(&app, owner.tenant()).iter().any(|kind| kind == REFUSED));
        poor.post(&rotate, &json!({})).await.refused(403, "insufficient_scope");
        let entries = entries(&app, owner.tenant());
        assert_eq!(entries.len(), 1);
        assert_eq!(entries[0].1["required_scope"], "projects:read");
        assert_eq!(entries[0].1["operation"], "rotate-secret-client");
    }
}

/// A client cannot call the operation by which the gateway has the entry written.
async fn nobody_writes_them_by_themselves(placement: Placement) {
    let (app, server, _directory) = dedicated(placement, &[]).await;
    let owner = app.owner().await;
    for path in ["/api/v1/projects/note-refusal", "/api/v1/note-refusal"] {
        for method in [Method::GET, Method::POST] {
            let status = owner.send(method, path, &[], None).await.status;
            assert!([404, 405].contains(&status), "{path}: {status}");
        }
    }
    assert_eq!(entries(&app, owner.tenant()), []);
    server.shutdown().await.unwrap();
}
