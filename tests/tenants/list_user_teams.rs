//! GET /api/v1/users/{id}/teams

use serde_json::json;

use super::{TEAMS, USERS, caller, names, own_id, team, user};

storage! {
    /// The teams are in the order in which the user has them, without deleted ones.
    async fn answers_the_teams_in_order(app) {
        let owner = app.owner().await;
        let john = format!("{USERS}/{}", user(&owner, "john").await.id());
        let path = format!("{john}/teams");
        assert_eq!(owner.get(&path).await.expect(200).body, json!({ "items": [], "next_cursor": null }));
        let (a, b, c) = (team(&owner, "a").await, team(&owner, "b").await, team(&owner, "c").await);
        owner.patch(&john, &json!({ "team_ids": [c.id(), a.id(), b.id()] })).await.expect(200);
        assert_eq!(names(&owner, &path).await, ["c", "a", "b"]);
        assert_eq!(owner.get(&path).await.body["items"][0], c.body);
        owner.delete(&format!("{TEAMS}/{}", a.id())).await.expect(204);
        assert_eq!(names(&owner, &path).await, ["c", "b"]);
    }
}

everywhere! {
    /// A user of another tenant gets the same 404 as one that never existed.
    async fn of_nobody(app) {
        let (alice, bob) = (app.owner().await, app.owner().await);
        for id in [own_id(&bob), "usr_missing"] {
            alice.get(&format!("{USERS}/{id}/teams")).await.refused(404, "resource_not_found");
        }
    }
}

logic! {
    /// The list shows teams, so the scope to read users is not enough.
    async fn needs_both_scopes(app) {
        let owner = app.owner().await;
        let path = format!("{USERS}/{}/teams", own_id(&owner));
        for scope in ["users:read", "teams:read"] {
            caller(&app, &owner, &["viewer"], &[scope]).get(&path).await.refused(403, "insufficient_scope");
        }
        caller(&app, &owner, &["viewer"], &["users:read", "teams:read"]).get(&path).await.expect(200);
    }
}
