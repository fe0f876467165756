//! Tokens that end before their expiry: those of members, by every way in which a member loses
//! rights, and on every host.

use http::Method;
use serde_json::json;

use super::{CLIENTS, audited, client, client_with, login, member, signed_in};
use crate::support::server::{UNLIMITED, options, start};
use crate::support::{Client, Placement, dedicated, stores};

everywhere! { outlives_the_store(placement) }

const PROJECTS: &str = "/api/v1/projects";

everywhere! {
    /// If a member is deleted, suspended, or loses a role, then their token is refused. If a member
    /// gets another role in addition, or another name, then the token stays valid.
    async fn of_a_member(app) {
        for (patch, ends) in [
            (None, true),
            (Some(json!({ "is_active": false })), true),
            (Some(json!({ "roles": ["VIEWER"] })), true),
            (Some(json!({ "roles": ["EDITOR", "ADMIN"] })), false),
            (Some(json!({ "name": "other" })), false),
        ] {
            let owner = app.owner().await;
            let (id, email) = member(&app, &owner, "EDITOR").await;
            let session = login(&app, &email).await.expect(200);
            let editor = owner.with_token(session.body["access_token"].as_str().unwrap());
            let path = format!("/api/v1/users/{id}");
            match &patch {
                None => owner.delete(&path).await.expect(204),
                Some(patch) => owner.patch(&path, patch).await.expect(200),
            };
            let answer = editor.get(PROJECTS).await;
            assert_eq!(answer.status, if ends { 401 } else { 200 }, "{patch:?}");
            if patch.is_some_and(|patch| patch.get("roles").is_some()) {
                let session = login(&app, &email).await.expect(200);
                let again = owner.with_token(session.body["access_token"].as_str().unwrap());
                again.get(PROJECTS).await.expect(200);
            }
            owner.get(PROJECTS).await.expect(200);
        }
    }

    /// A gateway remembers a token for up to a minute. Within that minute a caller that was shut
    /// out can neither get back in nor leave other credentials behind.
    async fn nobody_lets_themselves_in_again(app) {
        let owner = app.owner().await;
        let scopes = ["clients:read", "clients:write", "users:read", "users:write", "webhooks:read", "webhooks:write"];
        let made = client_with(&owner, &scopes).await;
        let ci_service = signed_in(&app, &owner, &made.body).await;
        let (id, email) = member(&app, &owner, "ADMIN").await;
        let session = login(&app, &email).await.expect(200);
        let admin = owner.with_token(session.body["access_token"].as_str().unwrap());
        let (own, user) = (format!("{CLIENTS}/{}", made.id()), format!("/api/v1/users/{id}"));
        let endpoint = json!({ "url": "https://example.com/", "event_types": ["project.created"] });
        let hook = owner.post("/api/v1/webhook-endpoints", &endpoint).await.expect(201);
        let hook = format!("/api/v1/webhook-endpoints/{}", hook.id());
        for caller in [&ci_service, &admin] {
            for path in [&own, &user, &hook] {
                caller.get(path).await.expect(200);
            }
        }
        owner.send(Method::POST, &format!("{own}/disable"), &[], None).await.expect(200);
        owner.patch(&user, &json!({ "role": "VIEWER", "is_active": false })).await.expect(200);
        let before = [owner.get(CLIENTS).await.text, owner.get("/api/v1/users").await.text, owner.get("/api/v1/webhook-endpoints").await.text];
        let client = json!({ "name": "heir", "scopes": ["clients:write"] });
        let tenants = json!({ "name": "heir", "scopes": ["users:write"], "owner": "TENANT" });
        let back = json!({ "role": "ADMIN", "is_active": true });
        let member = json!({ "email": "heir@example.com", "name": "Heir", "role": "ADMIN" });
        let integration = json!({ "provider": "GITHUB", "name": "x" });
        for caller in [&ci_service, &admin] {
            for (path, body) in [
                (&*format!("{own}/rotate-secret"), &json!({})),
                (CLIENTS, &client),
                ("/api/v1/users", &member),
                ("/api/v1/webhook-endpoints", &endpoint),
                (&*format!("{hook}/rotate-secret"), &json!({})),
                ("/api/v1/integrations", &integration),
            ] {
                let refused = caller.post(path, body).await;
                // A caller without the scope gets that refusal first.
                assert!([401, 403].contains(&refused.status), "{path}: {}", refused.text);
            }
            caller.send(Method::POST, &format!("{own}/enable"), &[], None).await.refused(401, "invalid_token");
            caller.patch(&user, &back).await.refused(401, "invalid_token");
            caller.patch(&hook, &json!({ "url": "https://example.org/" })).await.refused(401, "invalid_token");
            caller.delete(&hook).await.refused(401, "invalid_token");
        }
        admin.post(CLIENTS, &tenants).await.refused(401, "invalid_token");
        let after = [owner.get(CLIENTS).await.text, owner.get("/api/v1/users").await.text, owner.get("/api/v1/webhook-endpoints").await.text];
        assert_eq!(before, after);
    }

    /// A refused revocation changes nothing.
    async fn of_nobody(app) {
        let owner = app.owner().await;
        let made = client(&owner).await;
        let ci_service = signed_in(&app, &owner, &made.body).await;
        let path = format!("{CLIENTS}/{}", made.id());
        let stale = [("if-match", "\"v9\"")];
        owner.send(Method::DELETE, &path, &stale, None).await.refused(412, "precondition_failed");
        ci_service.get(PROJECTS).await.expect(200);
        assert_eq!(audited(&app, owner.tenant()), ["client.created", "client.signed_in"]);
    }
}

/// A lost key-value store makes no revoked token valid, and neither does another host. If a gateway
/// finds the store without its mark, it has the store filled first.
async fn outlives_the_store(placement: Placement) {
    let (app, server, directory) = dedicated(placement, &[]).await;
    let owner = app.owner().await;
    let made = client(&owner).await;
    let ci_service = signed_in(&app, &owner, &made.body).await;
    let path = format!("{CLIENTS}/{}/disable", made.id());
    owner.send(Method::POST, &path, &[], None).await.expect(200);
    server.shutdown().await.unwrap();
    stores::forget_key_values(directory.path());
    let (app, server) = start(options(placement, directory.path(), &UNLIMITED)).await;
    let again = |client: &Client| Client::new(&app.base, Some(client.token()));
    again(&ci_service).get(PROJECTS).await.refused(401, "invalid_token");
    again(&owner).get(PROJECTS).await.expect(200);
    server.shutdown().await.unwrap();
}
