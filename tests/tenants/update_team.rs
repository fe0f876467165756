//! PATCH /api/v1/teams/{id}

use http::Method;
use serde_json::json;

use super::{TEAMS, events, own_id, state, team};

logic! {
    /// A merge patch keeps members that it does not name, and clears null ones (RFC 7396).
    async fn merges(app) {
        let owner = app.owner().await;
        let path = format!("{TEAMS}/{}", team(&owner, "a").await.id());
        let led = owner.patch(&path, &json!({ "lead_id": own_id(&owner), "description": "d" })).await.expect(200);
        assert_eq!((&led.body["name"], &led.body["lead_id"]), (&json!("a"), &json!(own_id(&owner))));
        let cleared = owner.patch(&path, &json!({ "lead_id": null })).await.expect(200);
        assert_eq!((&cleared.body["description"], &cleared.body["lead_id"]), (&json!("d"), &json!(null)));
        assert_eq!((cleared.header("etag"), events(&owner, "team.updated").await), (Some("\"v3-native\""), 2));
    }
}

everywhere! {
    /// A refused patch changes nothing.
    async fn refuses(app) {
        let (alice, bob) = (app.owner().await, app.owner().await);
        let path = format!("{TEAMS}/{}", team(&alice, "a").await.id());
        let before = state(&alice, TEAMS).await;
        for (patch, violation) in [
            (json!({ "name": null }), "/name WRONG_TYPE"),
            (json!({ "lead_id": own_id(&bob) }), "/lead_id NOT_FOUND"),
            (json!({ "id": "team_mine" }), "/id UNKNOWN_FIELD"),
        ] {
            let refused = alice.patch(&path, &patch).await.refused(422, "validation_failed");
            assert_eq!(refused.violations(), [violation]);
        }
        let stale = [("if-match", "\"v9\"")];
        alice.json(Method::PATCH, &path, &json!({ "name": "b" }), &stale).await.refused(412, "precondition_failed");
        assert_eq!(state(&alice, TEAMS).await, before);
    }
}
