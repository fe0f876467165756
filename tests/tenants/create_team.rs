//! POST /api/v1/teams

use http::Method;
use serde_json::json;

use super::{TEAMS, events, own_id, state};

logic! {
    /// A team is made with defaults, and one event.
    async fn makes_a_team(app) {
        let owner = app.owner().await;
        let body = json!({ "name": "Platform Team", "lead_id": own_id(&owner) });
        let made = owner.post(TEAMS, &body).await.expect(201);
        let path = format!("{TEAMS}/{}", made.id());
        assert!(made.id().starts_with("team_"));
        assert_eq!((made.header("location"), made.header("etag")), (Some(path.as_str()), Some("\"v1-native\"")));
        assert_eq!((&made.body["name"], &made.body["description"]), (&json!("Platform Team"), &json!(null)));
        assert_eq!((&made.body["created_by"], &made.body["lead_id"]), (&json!(own_id(&owner)), &json!(own_id(&owner))));
        assert_eq!(owner.get(&path).await.expect(200).body, made.body);
        assert_eq!(events(&owner, "team.created").await, 1);
    }

    /// The refusal of a wrong body lists every violation, and nothing is made.
    async fn refuses_wrong_bodies(app) {
        let (alice, bob) = (app.owner().await, app.owner().await);
        let before = state(&alice, TEAMS).await;
        for (body, violation) in [
            (json!({}), "/name REQUIRED"),
            (json!({ "name": "" }), "/name TOO_SHORT"),
            (json!({ "name": "x", "lead_id": "usr_missing" }), "/lead_id NOT_FOUND"),
            (json!({ "name": "x", "lead_id": own_id(&bob) }), "/lead_id NOT_FOUND"),
            (json!({ "name": "x", "members": [] }), "/members UNKNOWN_FIELD"),
        ] {
            let refused = alice.post(TEAMS, &body).await.refused(422, "validation_failed");
            assert_eq!(refused.violations(), [violation]);
        }
        alice.post(TEAMS, &json!({ "name": "x", "tenant_id": bob.tenant() })).await.refused(403, "tenant_mismatch");
        assert_eq!(state(&alice, TEAMS).await, before);
    }
}

everywhere! {
    /// A retry with the same key makes no second team.
    async fn a_key_makes_a_retry_safe(app) {
        let owner = app.owner().await;
        let key = [("idempotency-key", "one-team")];
        let body = json!({ "name": "a" });
        let first = owner.json(Method::POST, TEAMS, &body, &key).await.expect(201);
        let again = owner.json(Method::POST, TEAMS, &body, &key).await.expect(201);
        assert_eq!((again.header("idempotent-replayed"), &again.body), (Some("true"), &first.body));
        assert_eq!(owner.get(TEAMS).await.body["items"], json!([first.body]));
        assert_eq!(events(&owner, "team.created").await, 1);
    }
}
