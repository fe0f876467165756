//! GET /api/v1/{{collection}}

use serde_json::json;

use super::{{table}}::{PATH, create, names};

logic! {
    /// An empty list has the shape of a list.
    async fn an_empty_list(app) {
        let page = app.owner().await.get(PATH).await.expect(200);
        assert_eq!(page.body, json!({ "items": [], "next_cursor": null }));
    }

    /// An unknown parameter is refused by name.
    async fn refuses_wrong_parameters(app) {
        let owner = app.owner().await;
        let refused = owner.get(&format!("{PATH}?sort=description&colour=red")).await.refused(400, "invalid_parameter");
        assert_eq!(refused.violations(), ["sort UNKNOWN_FIELD", "colour UNKNOWN_PARAMETER"]);
    }
}

everywhere! {
    /// The list can be sorted, searched and filtered. No caller sees what another tenant has.
    async fn sorts_searches_and_filters(app) {
        let (alice, bob) = (app.owner().await, app.owner().await);
        create(&bob, "foreign").await;
        for name in ["beta", "alpha", "gamma"] {
            create(&alice, name).await;
        }
        let cases: [(&str, &[&str]); 4] = [
            ("sort=name", &["alpha", "beta", "gamma"]),
            ("sort=-name&limit=2", &["gamma", "beta"]),
            ("search=LPH", &["alpha"]),
            ("name=beta", &["beta"]),
        ];
        for (query, expected) in cases {
            assert_eq!(names(&alice, query).await, expected, "{query}");
        }
    }
}

storage! {
    /// A page leads to the next one by its cursor.
    async fn pages_follow_each_other(app) {
        let owner = app.owner().await;
        for name in ["a", "b", "c"] {
            create(&owner, name).await;
        }
        let page = owner.get(&format!("{PATH}?sort=name&limit=2")).await.expect(200);
        let cursor = page.body["next_cursor"].as_str().unwrap();
        assert_eq!(names(&owner, &format!("sort=name&limit=2&cursor={cursor}")).await, ["c"]);
    }
}
