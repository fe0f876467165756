//! GET /api/v1/teams/{id}

use http::Method;
use serde_json::json;

use super::{TEAMS, own_id, team};

logic! {
    /// A team reads as it was made. If the client has the current version, it gets 304.
    async fn answers_the_team(app) {
        let owner = app.owner().await;
        let made = team(&owner, "a").await;
        let path = format!("{TEAMS}/{}", made.id());
        let read = owner.get(&path).await.expect(200);
        assert_eq!((&read.body, read.header("etag")), (&made.body, made.header("etag")));
        owner.send(Method::GET, &path, &[("if-none-match", "\"v1-native\"")], None).await.expect(304);
    }

    /// The lead is shown in place, with the fields that the request asks for.
    async fn shows_the_lead(app) {
        let owner = app.owner().await;
        let made = owner.post(TEAMS, &json!({ "name": "a", "lead_id": own_id(&owner) })).await.expect(201);
        let path = format!("{TEAMS}/{}?expand=lead&fields[teams]=name&fields[users]=role", made.id());
        let lead = json!({ "id": own_id(&owner), "role": "OWNER" });
        assert_eq!(owner.get(&path).await.expect(200).body, json!({ "id": made.id(), "name": "a", "lead": lead }));
    }
}

everywhere! {
    /// A team of another tenant gets the same 404 as one that never existed.
    async fn a_missing_team_is_a_404(app) {
        let (alice, bob) = (app.owner().await, app.owner().await);
        let foreign = team(&bob, "a").await;
        for id in ["team_missing", foreign.id()] {
            alice.get(&format!("{TEAMS}/{id}")).await.refused(404, "resource_not_found");
        }
    }
}
