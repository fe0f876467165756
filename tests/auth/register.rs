//! POST /api/v1/auth/register

use serde_json::json;

use crate::snapshot;
use crate::support::Placement;
use crate::support::server::{UNLIMITED, options, refuses_settings, start};

logic! { hashes_are_cheap_in_development_only(placement) }

const PATH: &str = "/api/v1/auth/register";

storage! {
    /// A registration makes the user, the tenant and the ownership, and the feed tells of them.
    async fn makes_user_tenant_and_tokens(app) {
        let owner = app.owner().await;
        let events = owner.get("/api/v1/events").await.expect(200);
        let types: Vec<_> = events.body["items"].as_array().unwrap().iter()
            .map(|event| event["type"].as_str().unwrap().to_owned()).collect();
        assert_eq!(types, ["tenant.created", "user.created"]);
        let body = json!({
            "email": format!("{}@example.com", owner.tenant()),
            "password": crate::support::server::PASSWORD,
            "tenant_name": "Example Energy", "name": "Ana Marín",
        });
        let exchange = app.anon().post(PATH, &body).await;
        assert_eq!(exchange.body["user"]["name"], "Ana Marín");
        assert_eq!(exchange.header("cache-control"), Some("no-store"));
        assert_eq!(exchange.body["expires_in"], 3600);
    }

    /// A second registration of an e-mail address is refused and makes no tenant. Letter case does
    /// not matter.
    async fn refuses_a_known_address(app) {
        let email = app.owner().await.session["user"]["email"].as_str().unwrap().to_owned();
        let body = json!({ "email": email.to_uppercase(), "password": "another password", "tenant_name": "Copy", "tenant_id": "copycat" });
        let refused = app.anon().post(PATH, &body).await.refused(409, "conflict");
        snapshot!("register_known_address", redact(refused));
        // Nothing was made: the tenant id is still free for another address.
        let body = json!({ "email": format!("x{email}"), "password": "another password", "tenant_name": "Free", "tenant_id": format!("t-{}", email.replace(['@', '.'], "-")) });
        app.anon().post(PATH, &body).await.expect(201);
    }

    /// A tenant id that a caller chooses belongs to the first caller who registers it.
    async fn refuses_a_taken_tenant_id(app) {
        let first = app.owner().await;
        let id = format!("T_{}", first.tenant());
        app.owner_named(&format!("{id}@example.com"), Some(&id)).await;
        let body = json!({ "email": format!("{id}2@example.com"), "password": "another password", "tenant_name": "Copy", "tenant_id": id });
        app.anon().post(PATH, &body).await.refused(409, "conflict");
        // The user was not made either: the address can register.
        let body = json!({ "email": format!("{id}2@example.com"), "password": "another password", "tenant_name": "Own" });
        app.anon().post(PATH, &body).await.expect(201);
    }
}

logic! {
    /// A password that is easily guessed is refused, and nothing is made. It may be on a list, be a
    /// pattern, or repeat data of the person. The refusal tells what to do.
    async fn refuses_weak_passwords(app) {
        let register = async |password: &str| {
            let body = json!({
                "email": "weak.password@example.com", "name": "Wanda Weak", "password": password,
                "tenant_name": "Strong Tea Company",
            });
            app.anon().post(PATH, &body).await
        };
        for weak in ["password1234", "Passw0rd2024", "qwertyuiop123", "aaaaaaaaaaaa", "weak.password1", "StrongTeaCompany",
            "ｐａｓｓｗｏｒｄ１２３４", "pass\u{200b}word1234", "pásswörd1234"] {
            let refused = register(weak).await.refused(422, "validation_failed");
            assert_eq!(refused.violations(), ["/password TOO_WEAK"], "{weak}");
            assert!(refused.text.contains("Choose some words") && !refused.text.contains(weak));
        }
        let email = "weak.password@example.com";
        let made = app.rows(&format!("SELECT id FROM users WHERE email = '{email}'"));
        assert!(made.is_empty(), "{made:?}");
    }

    /// The refusal lists every violation at once, with its pointer, and repeats no value.
    async fn tells_every_violation(app) {
        let body = json!({ "email": "nobody", "password": "short", "tenant_id": "a b", "role": "owner" });
        let exchange = app.anon().post(PATH, &body).await.refused(422, "validation_failed");
        assert_eq!(exchange.violations(), [
            "/email INVALID_FORMAT", "/password TOO_SHORT", "/tenant_name REQUIRED", "/role UNKNOWN_FIELD",
        ]);
        assert!(!exchange.text.contains("short\""), "{}", exchange.text);
        snapshot!("register_violations", exchange);
        let body = json!({ "email": "ok@example.com", "password": "long enough", "tenant_name": "x", "tenant_id": "a b c" });
        let exchange = app.anon().post(PATH, &body).await.refused(422, "validation_failed");
        assert_eq!(exchange.violations(), ["/tenant_id INVALID_FORMAT"]);
    }
}

/// The address differs from run to run.
fn redact(mut exchange: crate::support::Exchange) -> crate::support::Exchange {
    exchange.sent = None;
    exchange
}

/// A server that is not in development hashes at the cost that OWASP recommends, or not at all. With
/// another setting it serves nobody, and says which variable is wrong.
async fn hashes_are_cheap_in_development_only(placement: Placement) {
    let directory = tempfile::tempdir().unwrap();
    let own = ("master_key", "bm90IHRoZSBkZXZlbG9wbWVudCBrZXksIDMyIGJ5dGU=");
    let mut options = options(placement, directory.path(), &[&UNLIMITED[..], &[own]].concat());
    let (app, server) = start(options.clone()).await;
    app.owner().await;
    server.shutdown().await.unwrap();
    for cost in ["256", "19455", "19457", "", "much"] {
        options.variables.retain(|(name, _)| name != "argon2_memory_kib");
        options.variables.push(("argon2_memory_kib".to_owned(), cost.to_owned()));
        refuses_settings(options.clone(), "argon2_memory_kib", PATH).await;
        assert_eq!(app.rows("SELECT id FROM users").len(), 1, "{cost:?}");
        assert_eq!(app.rows("SELECT id FROM tenants").len(), 1, "{cost:?}");
    }
}
