//! POST /api/v1/auth/clients

use serde_json::json;

use super::{grant, login, member, signed_in};
use crate::snapshot;

const PATH: &str = "/api/v1/auth/clients";

logic! {
    /// The secret is shown once and stored as a hash. The feed tells of the client, and not of the
    /// secret.
    async fn shows_the_secret_once(app) {
        let owner = app.owner().await;
        let body = json!({ "name": "ci", "scopes": ["projects:read"] });
        let made = owner.post(PATH, &body).await.expect(201);
        let secret = made.body["client_secret"].as_str().unwrap();
        assert_eq!(made.header("cache-control"), Some("no-store"));
        let events = owner.get("/api/v1/events?type=client.created").await.expect(200);
        assert_eq!(events.body["items"][0]["subject"], made.body["client_id"]);
        assert!(!events.text.contains(secret));
        assert!(app.log.lock().iter().all(|line| !line.contains(secret)));
        snapshot!("create_client", made);
    }

    /// No caller can grant scopes that it does not hold.
    async fn grants_only_what_the_maker_holds(app) {
        let owner = app.owner().await;
        let body = json!({ "name": "ops", "scopes": ["clients:write"] });
        let made = owner.post(PATH, &body).await.expect(201);
        let form = format!(
            "grant_type=client_credentials&client_id={}&client_secret={}",
            made.body["client_id"].as_str().unwrap(), made.body["client_secret"].as_str().unwrap()
        );
        let token = app.anon().form("/api/v1/auth/token", &form, &[]).await.expect(200);
        let ops = owner.with_token(token.body["access_token"].as_str().unwrap());
        let body = json!({ "name": "more", "scopes": ["clients:write", "projects:write"] });
        let refused = ops.post(PATH, &body).await.refused(422, "validation_failed");
        assert_eq!(refused.violations(), ["/scopes/1 NOT_ALLOWED_VALUE"]);
        let events = owner.get("/api/v1/events?type=client.created").await;
        assert_eq!(events.body["items"].as_array().unwrap().len(), 1, "the refused client was not made");
    }

    /// The refusal lists every violation at once.
    async fn tells_every_violation(app) {
        let owner = app.owner().await;
        let body = json!({ "name": "", "scopes": ["projects:read", "projects:read", "root"] });
        let refused = owner.post(PATH, &body).await.refused(422, "validation_failed");
        assert_eq!(refused.violations(), ["/name TOO_SHORT", "/scopes/2 NOT_ALLOWED_VALUE", "/scopes NOT_UNIQUE"]);
    }

    /// A client that a client makes belongs to the owner of its maker.
    async fn a_client_makes_for_its_owner(app) {
        let owner = app.owner().await;
        let mut draft = json!({ "name": "ops", "scopes": ["clients:write"] });
        let ops = owner.post(PATH, &draft).await.expect(201);
        let ops = signed_in(&app, &owner, &ops.body).await;
        let made = ops.post(PATH, &draft).await.expect(201);
        assert_eq!(made.body["owner_id"], owner.session["user"]["id"]);
        draft["owner"] = json!("TENANT");
        ops.post(PATH, &draft).await.refused(422, "validation_failed");
        let robot = owner.post(PATH, &draft).await.expect(201);
        let robot = signed_in(&app, &owner, &robot.body).await;
        let draft = json!({ "name": "child", "scopes": ["clients:write"] });
        let made = robot.post(PATH, &draft).await.expect(201);
        assert_eq!((&made.body["owner"], &made.body["owner_id"]), (&json!("TENANT"), &json!(null)));
    }
}

everywhere! {
    /// A client ends with the membership of its maker, and loses scopes when its maker loses them.
    /// A client of the tenant stays, and only an owner or admin can make one.
    async fn ends_with_its_maker(app) {
        let owner = app.owner().await;
        let (id, email) = member(&app, &owner, "MANAGER").await;
        let session = login(&app, &email).await.expect(200);
        let manager = owner.with_token(session.body["access_token"].as_str().unwrap());
        let mut draft = json!({ "name": "ci", "scopes": ["projects:read", "users:write"], "owner": "TENANT" });
        let refused = manager.post(PATH, &draft).await.refused(422, "validation_failed");
        assert_eq!(refused.violations(), ["/owner NOT_ALLOWED_VALUE"]);
        let of_tenant = owner.post(PATH, &draft).await.expect(201);
        draft["owner"] = json!("PERSON");
        let of_person = manager.post(PATH, &draft).await.expect(201);
        assert_eq!((&of_tenant.body["owner_id"], &of_person.body["owner_id"]), (&json!(null), &json!(id)));

        let ci_service = signed_in(&app, &owner, &of_person.body).await;
        let own = format!("/api/v1/users/{id}");
        owner.patch(&own, &json!({ "role": "VIEWER" })).await.expect(200);
        ci_service.get("/api/v1/projects").await.refused(401, "invalid_token");
        assert_eq!(grant(&app, &of_person.body).await.expect(200).body["scope"], "projects:read");
        let ci_service = signed_in(&app, &owner, &of_person.body).await;
        owner.delete(&own).await.expect(204);
        ci_service.get("/api/v1/projects").await.refused(401, "invalid_token");
        grant(&app, &of_person.body).await.refused(401, "invalid_client");
        assert_eq!(grant(&app, &of_tenant.body).await.expect(200).body["scope"], "projects:read users:write");
    }
}
