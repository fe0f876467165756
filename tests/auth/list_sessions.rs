//! GET /api/v1/me/sessions

use serde_json::json;

use super::{TOKEN, again, client, join, refresh, session_id, sessions, signed_in};
use crate::support::server::PASSWORD;

const PATH: &str = "/api/v1/me/sessions";

everywhere! {
    /// The logins of the person in all tenants, and of nobody else, with what tells them apart.
    async fn shows_all_logins(app) {
        let (alice, bob) = (app.owner().await, app.owner().await);
        join(&app, &alice, &bob, "VIEWER").await;
        let email = &bob.session["user"]["email"];
        let body = json!({ "email": email, "password": PASSWORD });
        let device = [("user-agent", "ExampleApp/4.2 (Test)")];
        let phone = app.anon().json(http::Method::POST, "/api/v1/auth/login", &body, &device).await.expect(200);
        let switch = json!({ "tenant_id": alice.tenant() });
        let elsewhere = bob.post("/api/v1/auth/switch", &switch).await.expect(200);
        let shown = bob.get(PATH).await.expect(200);
        let items = shown.body["items"].as_array().unwrap();
        let current: Vec<_> = items.iter().filter(|session| session["is_current"] == true).collect();
        assert_eq!((items.len(), current.len(), &current[0]["id"]), (2, 1, &json!(session_id(&bob))));
        // A switch is no new sign-in.
        assert_eq!(current[0]["tenant_ids"], json!([alice.tenant(), bob.tenant()]));
        let there = bob.with_token(elsewhere.body["access_token"].as_str().unwrap());
        assert_eq!(session_id(&there), session_id(&bob));
        let phone = session_id(&bob.with_token(phone.body["access_token"].as_str().unwrap()));
        let phone = items.iter().find(|item| item["id"] == json!(phone)).unwrap();
        assert_eq!((&phone["device"], &phone["network"]), (&json!("ExampleApp/4.2 (Test)"), &json!("127.0.0.0/24")));
        assert_eq!(sessions(&alice).await.len(), 1);
    }

    /// A refresh is seen, and stays the same session.
    async fn is_seen_at_a_refresh(app) {
        let owner = app.owner().await;
        let before = owner.get(PATH).await.expect(200).body["items"][0].clone();
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        let token = owner.session["refresh_token"].as_str().unwrap();
        let form = format!("grant_type=refresh_token&refresh_token={token}");
        app.anon().form(TOKEN, &form, &[("user-agent", "Other/1")]).await.expect(200);
        let after = owner.get(PATH).await.expect(200).body["items"].clone();
        assert_eq!((after.as_array().unwrap().len(), &after[0]["id"]), (1, &before["id"]));
        assert_eq!((&after[0]["started_at"], &after[0]["device"]), (&before["started_at"], &json!("Other/1")));
        assert!(after[0]["last_seen_at"].as_str() > before["last_seen_at"].as_str(), "{after}");
    }
}

logic! {
    /// A person has a hundred at most. A further one ends the one that was seen last the longest
    /// ago.
    async fn there_are_not_too_many(app) {
        let owner = app.owner().await;
        let second = again(&app, &owner).await;
        for _ in 0..98 {
            again(&app, &owner).await;
        }
        assert_eq!(sessions(&second).await.len(), 100);
        let last = again(&app, &owner).await;
        let left = sessions(&last).await;
        assert!(left.len() == 100 && left.contains(&session_id(&second)) && !left.contains(&session_id(&owner)));
        refresh(&app, &owner).await.refused(400, "invalid_grant");
    }

    /// What a program says of itself is cut, and has nothing that cannot be seen.
    async fn devices_are_short(app) {
        let owner = app.owner().await;
        let body = json!({ "email": owner.session["user"]["email"], "password": PASSWORD });
        let long = format!("A\t{}", "x".repeat(5000));
        app.anon().json(http::Method::POST, "/api/v1/auth/login", &body, &[("user-agent", &long)]).await.expect(200);
        let shown = owner.get(PATH).await.expect(200);
        let devices = shown.body["items"].as_array().unwrap().iter().filter_map(|item| item["device"].as_str());
        assert!(devices.into_iter().any(|device| device == format!("A{}", "x".repeat(199))), "{}", shown.text);
        assert_eq!(sessions(&again(&app, &owner).await).await.len(), 3);
    }

    /// Machine clients have none.
    async fn refuses_machines(app) {
        let owner = app.owner().await;
        let machine = signed_in(&app, &owner, &client(&owner).await.body).await;
        machine.get(PATH).await.refused(403, "insufficient_scope");
    }
}
