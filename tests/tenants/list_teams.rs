//! GET /api/v1/teams

use serde_json::json;

use super::{TEAMS, names, own_id, team};

logic! {
    /// An empty list has the shape of a list.
    async fn an_empty_list(app) {
        let page = app.owner().await.get(TEAMS).await.expect(200);
        assert_eq!(page.body, json!({ "items": [], "next_cursor": null }));
    }

    /// An unknown parameter is refused by name.
    async fn refuses_wrong_parameters(app) {
        let owner = app.owner().await;
        let refused = owner.get(&format!("{TEAMS}?sort=description&role=OWNER")).await.refused(400, "invalid_parameter");
        assert_eq!(refused.violations(), ["sort UNKNOWN_FIELD", "role UNKNOWN_PARAMETER"]);
    }
}

everywhere! {
    /// Teams can be sorted, searched and filtered. No caller sees teams of another tenant.
    async fn sorts_searches_and_filters(app) {
        let (alice, bob) = (app.owner().await, app.owner().await);
        team(&bob, "foreign").await;
        for name in ["beta", "alpha", "gamma"] {
            team(&alice, name).await;
        }
        alice.post(TEAMS, &json!({ "name": "delta", "lead_id": own_id(&alice) })).await.expect(201);
        let led = format!("lead_id={}", own_id(&alice));
        let cases: [(&str, &[&str]); 5] = [
            ("sort=name", &["alpha", "beta", "delta", "gamma"]),
            ("sort=-name", &["gamma", "delta", "beta", "alpha"]),
            ("sort=name:desc&limit=2", &["gamma", "delta"]),
            ("search=LPH", &["alpha"]),
            (&led, &["delta"]),
        ];
        for (query, expected) in cases {
            assert_eq!(names(&alice, &format!("{TEAMS}?{query}")).await, expected, "{query}");
        }
    }
}

storage! {
    /// A page leads to the next one by its cursor.
    async fn pages_follow_each_other(app) {
        let owner = app.owner().await;
        for name in ["a", "b", "c"] {
            team(&owner, name).await;
        }
        let page = owner.get(&format!("{TEAMS}?sort=name&limit=2")).await.expect(200);
        let cursor = page.body["next_cursor"].as_str().unwrap();
        assert_eq!(names(&owner, &format!("{TEAMS}?sort=name&limit=2&cursor={cursor}")).await, ["c"]);
        owner.get(&format!("/api/v1/users?sort=name&limit=2&cursor={cursor}")).await.refused(400, "invalid_cursor");
    }
}
