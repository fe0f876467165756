//! PUT /api/v1/teams/{id}

use http::Method;
use serde_json::json;

use super::{TEAMS, events, own_id, state, team};

logic! {
    /// PUT replaces the team: a member that is left out is reset.
    async fn replaces_all(app) {
        let owner = app.owner().await;
        let body = json!({ "name": "a", "description": "d", "lead_id": own_id(&owner) });
        let path = format!("{TEAMS}/{}", owner.post(TEAMS, &body).await.expect(201).id());
        let put = owner.json(Method::PUT, &path, &json!({ "name": "b" }), &[("if-match", "\"v1\"")]).await.expect(200);
        assert_eq!((&put.body["name"], put.header("etag")), (&json!("b"), Some("\"v2-native\"")));
        assert_eq!((&put.body["description"], &put.body["lead_id"]), (&json!(null), &json!(null)));
        assert_eq!(owner.get(&path).await.body, put.body);
        assert_eq!(events(&owner, "team.updated").await, 1);
    }
}

everywhere! {
    /// A refused PUT changes nothing.
    async fn refuses(app) {
        let owner = app.owner().await;
        let path = format!("{TEAMS}/{}", team(&owner, "a").await.id());
        owner.patch(&path, &json!({ "description": "d" })).await.expect(200);
        let before = state(&owner, TEAMS).await;
        let body = json!({ "name": "b" });
        owner.json(Method::PUT, &path, &body, &[]).await.refused(428, "precondition_required");
        owner.json(Method::PUT, &path, &body, &[("if-match", "\"v1\"")]).await.refused(412, "precondition_failed");
        owner.put(&path, &json!({ "description": "x" })).await.refused(422, "validation_failed");
        let refused = owner.put(&path, &json!({ "name": "b", "lead_id": "usr_missing" })).await.refused(422, "validation_failed");
        assert_eq!(refused.violations(), ["/lead_id NOT_FOUND"]);
        assert_eq!(state(&owner, TEAMS).await, before);
    }
}
