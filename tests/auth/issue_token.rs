//! POST /api/v1/auth/token

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;

use super::{audited, login};
use crate::snapshot;
use crate::support::{App, Client};

const PATH: &str = "/api/v1/auth/token";

async fn client(owner: &Client, scopes: &[&str]) -> (String, String) {
    let body = json!({ "name": "ci", "scopes": scopes });
    let made = owner.post("/api/v1/auth/clients", &body).await.expect(201);
    let text = |name: &str| made.body[name].as_str().unwrap().to_owned();
    (text("client_id"), text("client_secret"))
}

async fn refresh(app: &App, token: &str) -> crate::support::Exchange {
    app.anon().form(PATH, &format!("grant_type=refresh_token&refresh_token={token}"), &[]).await
}

logic! {
    /// A machine client gets a token with the scopes that it was given, and no others.
    async fn client_credentials(app) {
        let owner = app.owner().await;
        let (id, secret) = client(&owner, &["projects:read"]).await;
        let form = format!("grant_type=client_credentials&client_id={id}&client_secret={secret}");
        let answer = app.anon().form(PATH, &form, &[]).await.expect(200);
        assert_eq!(answer.body["scope"], "projects:read");
        assert!(answer.body.get("refresh_token").is_none());
        let ci_service = owner.with_token(answer.body["access_token"].as_str().unwrap());
        ci_service.get("/api/v1/projects").await.expect(200);
        ci_service.post("/api/v1/projects", &json!({ "name": "no" })).await.refused(403, "insufficient_scope");
        let list = owner.get("/api/v1/projects").await;
        assert_eq!(list.body["items"], json!([]), "a refused create made nothing");
    }

    /// HTTP Basic authenticates a client too. Both ways in one request do not.
    async fn basic_authentication(app) {
        let owner = app.owner().await;
        let (id, secret) = client(&owner, &["projects:read", "events:read"]).await;
        let basic = format!("Basic {}", STANDARD.encode(format!("{id}:{secret}")));
        let form = "grant_type=client_credentials&scope=events%3Aread";
        let answer = app.anon().form(PATH, form, &[("authorization", &basic)]).await.expect(200);
        assert_eq!(answer.body["scope"], "events:read");
        let both = format!("{form}&client_id={id}&client_secret={secret}");
        app.anon().form(PATH, &both, &[("authorization", &basic)]).await.refused(400, "invalid_request");
        let wrong = format!("Basic {}", STANDARD.encode(format!("{id}:wrong")));
        let refused = app.anon().form(PATH, form, &[("authorization", &wrong)]).await.refused(401, "invalid_client");
        assert!(refused.header("www-authenticate").unwrap().starts_with("Basic"));
    }

    /// Errors are those of RFC 6749 section 5.2.
    async fn oauth_errors(app) {
        let anon = app.anon();
        snapshot!("token_without_grant", anon.form(PATH, "", &[]).await.refused(400, "invalid_request"));
        anon.form(PATH, "grant_type=password", &[]).await.refused(400, "unsupported_grant_type");
        anon.form(PATH, "grant_type=client_credentials", &[]).await.refused(401, "invalid_client");
        anon.form(PATH, "grant_type=a&grant_type=a", &[]).await.refused(400, "invalid_request");
        anon.form(PATH, "grant_type=refresh_token&refresh_token=rt_no", &[]).await.refused(400, "invalid_grant");
        anon.json(http::Method::POST, PATH, &json!({ "grant_type": "refresh_token" }), &[]).await
            .refused(415, "unsupported_media_type");
        let owner = app.owner().await;
        let (id, secret) = client(&owner, &["projects:read"]).await;
        let form = format!("grant_type=client_credentials&client_id={id}&client_secret={secret}&scope=projects:write");
        anon.form(PATH, &form, &[]).await.refused(400, "invalid_scope");
        let token = owner.session["refresh_token"].as_str().unwrap();
        let form = format!("grant_type=refresh_token&refresh_token={token}&client_id={id}&client_secret=");
        anon.form(PATH, &format!("{form}{secret}"), &[]).await.refused(400, "unauthorized_client");
        anon.form(PATH, &format!("{form}wrong"), &[]).await.refused(401, "invalid_client");
        refresh(&app, token).await.expect(200);
    }
}

everywhere! {
    /// A refresh token can be used once. A second use revokes the whole refresh-token family (S-9).
    async fn refresh_tokens_serve_once(app) {
        let owner = app.owner().await;
        let first = owner.session["refresh_token"].as_str().unwrap();
        let renewed = refresh(&app, first).await.expect(200);
        let second = renewed.body["refresh_token"].as_str().unwrap();
        assert_ne!(first, second);
        owner.with_token(renewed.body["access_token"].as_str().unwrap()).get("/api/v1/projects").await.expect(200);
        refresh(&app, first).await.refused(400, "invalid_grant");
        refresh(&app, second).await.refused(400, "invalid_grant");
    }

    /// If a refresh token is used many times at once, at most one use succeeds.
    async fn one_of_many_refreshes_wins(app) {
        let owner = app.owner().await;
        let token = owner.session["refresh_token"].as_str().unwrap().to_owned();
        let uses = (0..8).map(|_| {
            let (app, token) = (app.clone(), token.clone());
            tokio::spawn(async move { refresh(&app, &token).await.status })
        });
        let mut won = 0;
        for used in uses.collect::<Vec<_>>() {
            match used.await.unwrap() {
                200 => won += 1,
                status => assert_eq!(status, 400),
            }
        }
        assert_eq!(won, 1);
    }

    /// A second use of a refresh token ends the access tokens of its login too, and no others.
    async fn a_revoked_login_is_dead(app) {
        let owner = app.owner().await;
        let email = owner.session["user"]["email"].as_str().unwrap();
        let other = login(&app, email).await.expect(200);
        let first = owner.session["refresh_token"].as_str().unwrap();
        let renewed = refresh(&app, first).await.expect(200);
        refresh(&app, first).await.refused(400, "invalid_grant");
        for token in [owner.token(), renewed.body["access_token"].as_str().unwrap()] {
            owner.with_token(token).get("/api/v1/projects").await.refused(401, "invalid_token");
        }
        let other = owner.with_token(other.body["access_token"].as_str().unwrap());
        other.get("/api/v1/projects").await.expect(200);
        assert_eq!(audited(&app, owner.tenant()), ["user.signed_in", "login.revoked"]);
    }
}

storage! {
    /// A login ends at a fixed time, however often it is refreshed, and no refresh token lives
    /// beyond that time.
    async fn a_login_has_an_end(app) {
        let owner = app.owner().await;
        let first = owner.session["refresh_token"].as_str().unwrap();
        let family = "(SELECT MAX(family) FROM refresh_tokens WHERE tenant_id = '{tenant}')";
        let family = family.replace("{tenant}", owner.tenant());
        // The login is 80 days old, so 10 of its 90 days are left. This is less than the 30 days of
        // a refresh token.
        let age = |days: i64| app.execute(&format!(
            "UPDATE refresh_tokens SET started_at = created_at - {} WHERE family = {family}", days * 86_400_000,
        ));
        age(80);
        let second = refresh(&app, first).await.expect(200);
        let left = app.rows(&format!(
            "SELECT (expires_at - created_at) / 86400000 FROM refresh_tokens WHERE used_at IS NULL AND family = {family}"
        ));
        assert!(matches!(left[0][0].as_str(), "9" | "10"), "{left:?}");
        age(91);
        let second = second.body["refresh_token"].as_str().unwrap();
        refresh(&app, second).await.refused(400, "invalid_grant");
    }
}
