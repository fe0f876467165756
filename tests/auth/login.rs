//! POST /api/v1/auth/login

use serde_json::json;

use crate::support::server::PASSWORD;
use crate::{placements, snapshot};

const PATH: &str = "/api/v1/auth/login";

placements! {
    /// A login answers tokens that work, and the memberships.
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

    /// A tenant that is not the user's reads like one that does not exist.
    async fn refuses_a_foreign_tenant(app) {
        let (alice, bob) = (app.owner().await, app.owner().await);
        let login = |tenant: String| json!({ "email": alice.session["user"]["email"], "password": PASSWORD, "tenant_id": tenant });
        let foreign = app.anon().post(PATH, &login(bob.tenant().to_owned())).await.refused(403, "tenant_mismatch");
        let missing = app.anon().post(PATH, &login("tenant_missing".to_owned())).await.refused(403, "tenant_mismatch");
        assert_eq!(foreign.body["message"], missing.body["message"]);
    }
}
