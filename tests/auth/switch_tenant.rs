//! POST /api/v1/auth/switch

use http::Method;
use serde_json::{Value, json};

use super::{TOKEN, again, audited, client, join, refresh, session_id, signed_in};
use crate::snapshot;
use crate::support::{App, Client, Exchange};

const PATH: &str = "/api/v1/auth/switch";

async fn switch(client: &Client, tenant: &str) -> Exchange {
    client.post(PATH, &json!({ "tenant_id": tenant })).await
}

/// The number of refresh tokens that a person has.
fn refresh_tokens(app: &App, person: &Client) -> String {
    let id = person.session["user"]["id"].as_str().unwrap();
    app.rows(&format!("SELECT COUNT(*) FROM refresh_tokens WHERE user_id = '{id}'"))[0][0].clone()
}

fn text<'a>(answer: &'a Exchange, name: &str) -> &'a str {
    answer.body[name].as_str().unwrap()
}

everywhere! {
    /// A person gets the rights of the member that they are in the other tenant, and no others.
    async fn goes_on_in_another_tenant(app) {
        let (alice, bob) = (app.owner().await, app.owner().await);
        let project = alice.post("/api/v1/projects", &json!({ "name": "hers" })).await.expect(201);
        let path = format!("/api/v1/projects/{}", project.id());
        bob.get(&path).await.expect(404);
        let member = join(&app, &alice, &bob, "VIEWER").await;
        let switched = switch(&bob, alice.tenant()).await.expect(200);
        assert_eq!(switched.header("cache-control"), Some("no-store"));
        assert_eq!((&switched.body["user"]["id"], &switched.body["tenant"]), (&json!(member), &alice.session["tenant"]));
        let there = bob.with_token(text(&switched, "access_token"));
        there.get(&path).await.expect(200);
        there.patch(&path, &json!({ "name": "mine" })).await.refused(403, "insufficient_scope");
        assert_eq!(there.get("/api/v1/me").await.expect(200).body["user"]["id"], json!(member));
        // The login goes on in both.
        bob.get("/api/v1/projects").await.expect(200);
        let form = format!("grant_type=refresh_token&refresh_token={}", text(&switched, "refresh_token"));
        let refreshed = app.anon().form(TOKEN, &form, &[]).await.expect(200);
        bob.with_token(text(&refreshed, "access_token")).get(&path).await.expect(200);
        assert!(audited(&app, alice.tenant()).contains(&"user.signed_in".to_owned()));
        // And back again, but not to where one is.
        switch(&there, bob.tenant()).await.expect(200);
        switch(&there, alice.tenant()).await.refused(409, "conflict");
    }

    /// A token with fewer scopes gives nobody more of them.
    async fn refuses_narrowed_tokens(app) {
        let (alice, bob) = (app.owner().await, app.owner().await);
        join(&app, &alice, &bob, "VIEWER").await;
        let token = bob.session["refresh_token"].as_str().unwrap();
        let form = format!("grant_type=refresh_token&refresh_token={token}&scope=projects%3Aread");
        let narrow = app.anon().form(TOKEN, &form, &[]).await.expect(200);
        let narrow = bob.with_token(text(&narrow, "access_token"));
        narrow.get("/api/v1/projects").await.expect(200);
        let tokens = refresh_tokens(&app, &bob);
        let refused = switch(&narrow, alice.tenant()).await.refused(403, "insufficient_scope");
        assert!(refused.body["details"]["required_scope"].is_string(), "{}", refused.text);
        narrow.send(Method::POST, "/api/v1/me/sessions/end-others", &[], None).await.refused(403, "insufficient_scope");
        assert_eq!(refresh_tokens(&app, &bob), tokens);
    }

    /// If a token was stolen and carried on elsewhere, then its second use ends that, too (RFC 9700
    /// section 4.14.2).
    async fn ends_with_its_login(app) {
        let (alice, bob) = (app.owner().await, app.owner().await);
        join(&app, &alice, &bob, "VIEWER").await;
        let stolen = refresh(&app, &bob).await.expect(200);
        let thief = bob.with_token(text(&stolen, "access_token"));
        let elsewhere = switch(&thief, alice.tenant()).await.expect(200);
        refresh(&app, &bob).await.refused(400, "invalid_grant");
        let elsewhere = bob.with_token(text(&elsewhere, "access_token")).of(elsewhere.body);
        refresh(&app, &elsewhere).await.refused(400, "invalid_grant");
        for owner in [&alice, &bob] {
            assert!(audited(&app, owner.tenant()).contains(&"login.revoked".to_owned()));
        }
    }

    /// Nobody carries on a login that is too old, or a membership that has ended.
    async fn refuses_what_has_ended(app) {
        let (alice, bob) = (app.owner().await, app.owner().await);
        join(&app, &alice, &bob, "VIEWER").await;
        let other = again(&app, &bob).await;
        app.execute(&format!("UPDATE refresh_tokens SET started_at = 1 WHERE family = '{}'", session_id(&bob)));
        switch(&bob, alice.tenant()).await.refused(401, "invalid_token");
        app.execute(&format!("UPDATE members SET is_active = 0 WHERE tenant_id = '{}' AND id = '{}'", bob.tenant(), bob.session["user"]["id"].as_str().unwrap()));
        let tokens = refresh_tokens(&app, &bob);
        switch(&other, alice.tenant()).await.refused(401, "invalid_token");
        assert_eq!(refresh_tokens(&app, &bob), tokens);
    }

    /// A tenant of others cannot be told from one that does not exist, and nothing is left behind.
    async fn refuses_tenants_of_others(app) {
        let (alice, bob) = (app.owner().await, app.owner().await);
        let (before, tokens) = (alice.feed().await, refresh_tokens(&app, &bob));
        let foreign = switch(&bob, alice.tenant()).await.refused(403, "tenant_mismatch");
        let missing = switch(&bob, "tenant_missing").await.refused(403, "tenant_mismatch");
        assert_eq!((&foreign.body["message"], &foreign.body["details"]), (&missing.body["message"], &missing.body["details"]));
        assert_eq!((alice.feed().await, refresh_tokens(&app, &bob)), (before, tokens));
    }

    /// A login that has ended cannot be carried on elsewhere, not even while gateways remember its
    /// token.
    async fn refuses_ended_logins(app) {
        let (alice, bob) = (app.owner().await, app.owner().await);
        join(&app, &alice, &bob, "VIEWER").await;
        bob.get("/api/v1/me").await.expect(200);
        bob.send(Method::POST, "/api/v1/auth/logout", &[], None).await.expect(204);
        let tokens = refresh_tokens(&app, &bob);
        switch(&bob, alice.tenant()).await.refused(401, "invalid_token");
        assert_eq!(refresh_tokens(&app, &bob), tokens);
    }

    /// A repeated request gets the same tokens.
    async fn happens_once(app) {
        let (alice, bob) = (app.owner().await, app.owner().await);
        join(&app, &alice, &bob, "VIEWER").await;
        let (key, body) = ([("idempotency-key", "switch-once")], json!({ "tenant_id": alice.tenant() }));
        let first = bob.json(Method::POST, PATH, &body, &key).await.expect(200);
        let again = bob.json(Method::POST, PATH, &body, &key).await.expect(200);
        assert_eq!(first.body, again.body);
        assert_eq!(refresh_tokens(&app, &bob), "2");
    }
}

logic! {
    /// Machine clients have no other tenants.
    async fn refuses_machines(app) {
        let owner = app.owner().await;
        let machine = signed_in(&app, &owner, &client(&owner).await.body).await;
        switch(&machine, owner.tenant()).await.refused(403, "insufficient_scope");
    }

    /// Every violation of the body is named.
    async fn refuses_wrong_bodies(app) {
        let owner = app.owner().await;
        let wrong: Value = json!({ "tenant_id": 7, "password": "x" });
        snapshot!("switch_wrong", owner.post(PATH, &wrong).await.refused(422, "validation_failed"));
    }
}
