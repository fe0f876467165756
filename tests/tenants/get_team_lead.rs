//! GET /api/v1/teams/{id}/lead

use serde_json::json;

use super::{TEAMS, team, user};

logic! {
    /// The lead of a team is shown. A team without a lead shows none.
    async fn shows_the_lead(app) {
        let owner = app.owner().await;
        let made = team(&owner, "Platform").await;
        let path = format!("{TEAMS}/{}", made.id());
        owner.get(&format!("{path}/lead")).await.refused(404, "resource_not_found");
        let jane = user(&owner, "jane").await;
        owner.patch(&path, &json!({ "lead_id": jane.id() })).await.expect(200);
        assert_eq!(owner.get(&format!("{path}/lead")).await.expect(200).body, jane.body);
    }
}
