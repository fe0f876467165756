//! PUT /api/v1/me/password

use http::Method;
use serde_json::{Value, json};

use super::{TOKEN, audited, client, join, signed_in};
use crate::snapshot;
use crate::support::server::{PASSWORD, UNLIMITED, options, start};
use crate::support::{App, Client, Exchange, Placement, dedicated, stores};

everywhere! { outlives_the_store(placement) }

const PATH: &str = "/api/v1/me/password";
const LOGIN: &str = "/api/v1/auth/login";
const NEW: &str = "seven quiet lamps drift";

fn change(current: &str, new: &str) -> Value {
    json!({ "current_password": current, "new_password": new })
}

async fn replace(client: &Client, current: &str, new: &str) -> Exchange {
    client.json(Method::PUT, PATH, &change(current, new), &[]).await
}

async fn login(app: &App, person: &Client, password: &str) -> Exchange {
    let email = &person.session["user"]["email"];
    app.anon().post(LOGIN, &json!({ "email": email, "password": password })).await
}

async fn refresh(app: &App, session: &Value) -> Exchange {
    let token = session["refresh_token"].as_str().unwrap();
    app.anon().form(TOKEN, &format!("grant_type=refresh_token&refresh_token={token}"), &[]).await
}

everywhere! {
    /// The new password counts from then on, and in all tenants only the caller's login goes on.
    async fn other_logins_end(app) {
        let (alice, bob) = (app.owner().await, app.owner().await);
        join(&app, &alice, &bob, "VIEWER").await;
        let second = login(&app, &bob, PASSWORD).await.expect(200);
        let switch = json!({ "tenant_id": alice.tenant() });
        let carried = bob.with_token(second.body["access_token"].as_str().unwrap());
        let elsewhere = carried.post("/api/v1/auth/switch", &switch).await.expect(200);
        let others = login(&app, &alice, PASSWORD).await.expect(200);
        replace(&bob, PASSWORD, NEW).await.expect(204);
        login(&app, &bob, PASSWORD).await.refused(401, "invalid_credentials");
        login(&app, &bob, NEW).await.expect(200);
        refresh(&app, &second.body).await.refused(400, "invalid_grant");
        refresh(&app, &elsewhere.body).await.refused(400, "invalid_grant");
        refresh(&app, &bob.session).await.expect(200);
        refresh(&app, &others.body).await.expect(200);
        let revoked = |tenant: &str| {
            app.rows(&format!("SELECT subject FROM revocations WHERE tenant_id = '{tenant}'")).len()
        };
        assert_eq!((revoked(bob.tenant()), revoked(alice.tenant())), (1, 1));
        assert!(audited(&app, bob.tenant()).contains(&"user.password_changed".to_owned()));
    }

    /// A wrong password changes nothing, and counts as a failed sign-in.
    async fn needs_the_current_password(app) {
        let owner = app.owner().await;
        let before = audited(&app, owner.tenant());
        for round in 0..11 {
            let refused = replace(&owner, "not my password", NEW).await;
            let expected = if round < 10 { (422, "validation_failed") } else { (429, "rate_limit_exceeded") };
            refused.refused(expected.0, expected.1);
        }
        // Not even with the right one, until some time has passed.
        replace(&owner, PASSWORD, NEW).await.refused(429, "rate_limit_exceeded");
        refresh(&app, &owner.session).await.expect(200);
        let password = |kind: &String| kind == "user.password_changed";
        assert!(!audited(&app, owner.tenant()).iter().any(password), "{before:?}");
    }

    /// No login is carried over the change, not even one that is refreshed, begun or switched at the
    /// same moment.
    async fn nobody_slips_through(app) {
        let (alice, bob) = (app.owner().await, app.owner().await);
        join(&app, &alice, &bob, "VIEWER").await;
        let mut passwords = [PASSWORD, NEW];
        for _ in 0..6 {
            let [old, new] = passwords;
            let session = login(&app, &bob, old).await.expect(200);
            let other = login(&app, &bob, old).await.expect(200);
            let me = bob.with_token(session.body["access_token"].as_str().unwrap());
            let them = bob.with_token(other.body["access_token"].as_str().unwrap());
            let tenant = json!({ "tenant_id": alice.tenant() });
            let (changed, refreshed, begun, switched) = tokio::join!(
                replace(&me, old, new),
                refresh(&app, &other.body),
                login(&app, &bob, old),
                them.post("/api/v1/auth/switch", &tenant),
            );
            changed.expect(204);
            for answer in [refreshed, begun, switched].iter().filter(|answer| answer.status == 200) {
                refresh(&app, &answer.body).await.refused(400, "invalid_grant");
            }
            refresh(&app, &session.body).await.expect(200);
            passwords = [new, old];
        }
    }

    /// A repeated request is answered as the first one.
    async fn happens_once(app) {
        let owner = app.owner().await;
        let key = [("idempotency-key", "change-once")];
        for _ in 0..2 {
            owner.json(Method::PUT, PATH, &change(PASSWORD, NEW), &key).await.expect(204);
        }
        login(&app, &owner, NEW).await.expect(200);
    }
}

/// A repeated request is answered by the receipt, if the key-value store has lost its answer.
async fn outlives_the_store(placement: Placement) {
    let (app, server, directory) = dedicated(placement, &[]).await;
    let owner = app.owner().await;
    let key = [("idempotency-key", "change-once")];
    owner.json(Method::PUT, PATH, &change(PASSWORD, NEW), &key).await.expect(204);
    server.shutdown().await.unwrap();
    stores::lose_key_values(directory.path());
    let (app, server) = start(options(placement, directory.path(), &UNLIMITED)).await;
    let again = Client::new(&app.base, Some(owner.token()));
    again.json(Method::PUT, PATH, &change(PASSWORD, NEW), &key).await.expect(204);
    server.shutdown().await.unwrap();
}

logic! {
    /// The new password is judged as that of a registration.
    async fn refuses_weak_ones(app) {
        let owner = app.owner().await;
        let email = owner.session["user"]["email"].as_str().unwrap();
        for weak in ["password123", "aaaaaaaaaaaaaaa", "\u{200b}\u{200b}\u{200b}\u{200b}\u{200b}\u{200b}\u{200b}\u{200b}\u{200b}\u{200b}", email] {
            let refused = replace(&owner, PASSWORD, weak).await.refused(422, "validation_failed");
            assert_eq!(refused.body["details"]["fields"][0]["pointer"], "/new_password", "{}", refused.text);
        }
        snapshot!("password_wrong", replace(&owner, "not my password", NEW).await.refused(422, "validation_failed"));
        replace(&owner, PASSWORD, NEW).await.expect(204);
    }

    /// Machine clients have no password.
    async fn refuses_machines(app) {
        let owner = app.owner().await;
        let machine = signed_in(&app, &owner, &client(&owner).await.body).await;
        replace(&machine, PASSWORD, NEW).await.refused(403, "insufficient_scope");
    }
}
