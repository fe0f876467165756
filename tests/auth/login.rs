//! POST /api/v1/auth/login

use http::Method;
use serde_json::json;

use super::{audited, login};
use crate::snapshot;
use crate::support::server::PASSWORD;
use crate::support::{Placement, dedicated};

everywhere! { many_networks_guess_no_more(placement) no_more_are_free_at_once(placement) }
storage! { networks_are_forgotten(placement) }

const PATH: &str = "/api/v1/auth/login";

logic! {
    /// A login answers with working tokens and the memberships.
    async fn answers_tokens_and_memberships(app) {
        let owner = app.owner().await;
        let email = owner.session["user"]["email"].as_str().unwrap();
        let session = app.anon().post(PATH, &json!({ "email": email, "password": PASSWORD })).await.expect(200);
        assert_eq!(session.body["memberships"][0]["tenant_id"], owner.tenant());
        assert_eq!(session.body["memberships"][0]["roles"], json!(["owner"]));
        let again = owner.with_token(session.body["access_token"].as_str().unwrap());
        again.get("/api/v1/projects").await.expect(200);
        let chosen = json!({ "email": email, "password": PASSWORD, "tenant_id": owner.tenant() });
        app.anon().post(PATH, &chosen).await.expect(200);
    }

    /// An unknown address and a wrong password cannot be told apart.
    async fn does_not_tell_what_is_wrong(app) {
        let owner = app.owner().await;
        let email = &owner.session["user"]["email"];
        let wrong = app.anon().post(PATH, &json!({ "email": email, "password": "not the password" })).await
            .refused(401, "invalid_credentials");
        let unknown = app.anon().post(PATH, &json!({ "email": "nobody@example.com", "password": "not the password" })).await
            .refused(401, "invalid_credentials");
        assert_eq!(wrong.body["message"], unknown.body["message"]);
        assert_eq!(wrong.body["details"], unknown.body["details"]);
        snapshot!("login_unknown", unknown);
    }
}

everywhere! {
    /// A tenant of which the user is not a member gets the same answer as one that does not exist.
    async fn refuses_a_foreign_tenant(app) {
        let (alice, bob) = (app.owner().await, app.owner().await);
        let login = |tenant: String| json!({ "email": alice.session["user"]["email"], "password": PASSWORD, "tenant_id": tenant });
        let foreign = app.anon().post(PATH, &login(bob.tenant().to_owned())).await.refused(403, "tenant_mismatch");
        let missing = app.anon().post(PATH, &login("tenant_missing".to_owned())).await.refused(403, "tenant_mismatch");
        assert_eq!(foreign.body["message"], missing.body["message"]);
    }
}

transport! {
    /// A refused sign-in has a challenge with a scheme, as every 401 has (RFC 9110 section 15.5.2).
    async fn a_refusal_has_a_challenge(app) {
        let wrong = json!({ "email": "nobody.else@example.com", "password": "not the password" });
        let refused = app.anon().post(PATH, &wrong).await.refused(401, "invalid_credentials");
        assert!(refused.header("www-authenticate").unwrap().starts_with("Bearer realm="));
    }
}

storage! {
    /// Each sign-in is in the audit log. Failures and refusals are too, once an hour.
    async fn is_audited(app) {
        let owner = app.owner().await;
        let email = owner.session["user"]["email"].as_str().unwrap();
        login(&app, email).await.expect(200);
        for _ in 0..3 {
            let wrong = json!({ "email": email, "password": "not the password" });
            app.anon().post(PATH, &wrong).await.refused(401, "invalid_credentials");
        }
        // The entry of a failure is written after its answer.
        for _ in 0..200 {
            if audited(&app, owner.tenant()).len() > 1 {
                break;
            }
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
        assert_eq!(audited(&app, owner.tenant()), ["user.signed_in", "user.sign_in_failed"]);
    }
}

/// After many wrong passwords from many networks, sign-ins to the e-mail address must wait,
/// whether there is such an account or not. A user can still sign in from a network where they have
/// signed in before.
async fn many_networks_guess_no_more(placement: Placement) {
    let (app, server, _directory) =
        dedicated(placement, &[("trusted_proxies", "127.0.0.1"), KEY]).await;
    let from = async |network: &str, email: &str, password: &str| {
        let body = json!({ "email": email, "password": password });
        app.anon().json(Method::POST, PATH, &body, &[("x-forwarded-for", network)]).await
    };
    let home = "198.51.100.7";
    let body =
        json!({ "email": "ana@example.com", "password": PASSWORD, "tenant_name": "Example" });
    let register = "/api/v1/auth/register";
    app.anon().json(Method::POST, register, &body, &[("x-forwarded-for", home)]).await.expect(201);
    let mut told = Vec::new();
    for email in ["ana@example.com", "nobody@example.com"] {
        for n in 0..10 {
            let network = format!("203.0.{n}.9");
            from(&network, email, "not the password").await.refused(401, "invalid_credentials");
        }
        // The right password is refused too.
        let refused = from("203.0.99.9", email, PASSWORD).await.refused(429, "rate_limit_exceeded");
        let wait: u32 = refused.header("retry-after").unwrap().parse().unwrap();
        assert!((20..=31).contains(&wait), "{wait}");
        told.push(refused.body["message"].as_str().unwrap().replace(char::is_numeric, ""));
    }
    assert_eq!(told[0], told[1]);
    // Another letter case means the same account.
    from("203.0.98.9", "ANA@example.com", PASSWORD).await.refused(429, "rate_limit_exceeded");
    from("198.51.100.200", "ana@example.com", PASSWORD).await.expect(200);
    // A stranger in a known network shuts out other addresses of that network, but not the very
    // address from which the user has signed in.
    for n in 10..20 {
        let neighbour = format!("198.51.100.{n}");
        from(&neighbour, "ana@example.com", "not the password")
            .await
            .refused(401, "invalid_credentials");
    }
    from("198.51.100.99", "ana@example.com", PASSWORD).await.refused(429, "rate_limit_exceeded");
    from(home, "ana@example.com", PASSWORD).await.expect(200);
    // A known address has a limit of its own.
    for _ in 0..10 {
        from(home, "ana@example.com", "not the password").await.refused(401, "invalid_credentials");
    }
    from(home, "ana@example.com", PASSWORD).await.refused(429, "rate_limit_exceeded");
    server.shutdown().await.unwrap();
}

/// Tries that come at once do not get more than the free number.
async fn no_more_are_free_at_once(placement: Placement) {
    const FREE: usize = 10;
    let (app, server, _directory) =
        dedicated(placement, &[("trusted_proxies", "127.0.0.1"), KEY]).await;
    let asked = (0..3 * FREE).map(|n| {
        let anon = app.anon();
        tokio::spawn(async move {
            let body = json!({ "email": "nobody@example.com", "password": "not the password" });
            let network = format!("203.0.{n}.9");
            anon.json(Method::POST, PATH, &body, &[("x-forwarded-for", &network)]).await.status
        })
    });
    let mut looked_at = 0;
    for answer in asked.collect::<Vec<_>>() {
        match answer.await.unwrap() {
            401 => looked_at += 1,
            status => assert_eq!(status, 429),
        }
    }
    assert_eq!(looked_at, FREE);
    server.shutdown().await.unwrap();
}

/// If a user has not signed in from a network for long, then it counts as unknown, and its row is
/// deleted.
async fn networks_are_forgotten(placement: Placement) {
    let (app, server, _directory) =
        dedicated(placement, &[("trusted_proxies", "127.0.0.1"), KEY]).await;
    let from = async |network: &str, path: &str, password: &str| {
        let mut body = json!({ "email": "ana@example.com", "password": password });
        if path != PATH {
            body["tenant_name"] = json!("Example");
        }
        app.anon().json(Method::POST, path, &body, &[("x-forwarded-for", network)]).await
    };
    from("198.51.100.7", "/api/v1/auth/register", PASSWORD).await.expect(201);
    app.execute("UPDATE sign_in_networks SET last_at = 1");
    from("192.0.2.7", PATH, PASSWORD).await.expect(200);
    let kept = app.rows("SELECT last_at FROM sign_in_networks").concat();
    // The rows are those of the new address and of its network.
    assert!(kept.len() == 2 && kept.iter().all(|at| at != "1"), "{kept:?}");
    app.execute("UPDATE sign_in_networks SET last_at = 1");
    for n in 0..10 {
        let network = format!("203.0.{n}.9");
        from(&network, PATH, "not the password").await.refused(401, "invalid_credentials");
    }
    from("192.0.2.7", PATH, PASSWORD).await.refused(429, "rate_limit_exceeded");
    server.shutdown().await.unwrap();
}

/// A key that is not the default of any server.
const KEY: (&str, &str) = ("master_key", "bm90IHRoZSBkZXZlbG9wbWVudCBrZXksIDMyIGJ5dGU=");
