//! GET /api/v1/notices

use http::Method;
use serde_json::json;

use super::{NOTICES, caller, publish, state};
use crate::support::Client;

/// 2026-03-01T09:30:00Z in milliseconds.
const MARCH: i64 = 1_772_357_400_000;

/// The ids on a page, in its order.
async fn ids(client: &Client, query: &str) -> Vec<String> {
    let page = client.get(&format!("{NOTICES}?{query}")).await.expect(200);
    let items = page.body["items"].as_array().unwrap().iter();
    items.map(|one| one["id"].as_str().unwrap().to_owned()).collect()
}

logic! {
    /// An empty list has the shape of a list.
    async fn an_empty_list(app) {
        let page = app.owner().await.get(NOTICES).await.expect(200);
        assert_eq!(page.body, json!({ "items": [], "next_cursor": null }));
    }

    /// No operation of the API writes a notice.
    async fn cannot_be_written(app) {
        let owner = app.owner().await;
        publish(&app, owner.tenant(), "ntc_a", MARCH);
        let before = state(&owner, NOTICES).await;
        let body = json!({ "kind": "DEPRECATION", "title": "x", "body": "x" });
        for method in [Method::POST, Method::PUT, Method::PATCH, Method::DELETE] {
            owner.json(method, NOTICES, &body, &[]).await.refused(405, "method_not_allowed");
        }
        assert_eq!(state(&owner, NOTICES).await, before);
    }

    /// The list needs a scope of its own.
    async fn needs_its_scope(app) {
        let owner = app.owner().await;
        let reader = caller(&app, &owner, &["viewer"], &["users:read"]);
        reader.get(NOTICES).await.refused(403, "insufficient_scope");
    }
}

storage! {
    /// Notices can be sorted and filtered by the time of their publication.
    async fn sorts_and_filters(app) {
        let owner = app.owner().await;
        for (id, day) in [("ntc_b", 1), ("ntc_c", 2), ("ntc_a", 0)] {
            publish(&app, owner.tenant(), id, MARCH + day * 86_400_000);
        }
        let cases: [(&str, &[&str]); 5] = [
            ("sort=created_at:desc", &["ntc_c", "ntc_b", "ntc_a"]),
            ("sort=created_at", &["ntc_a", "ntc_b", "ntc_c"]),
            ("sort=created_at:desc&limit=1", &["ntc_c"]),
            ("created_at:gte=2026-03-02T09:30:00Z&sort=created_at", &["ntc_b", "ntc_c"]),
            ("kind=DEPRECATION&created_before=2026-03-02", &["ntc_a"]),
        ];
        for (query, expected) in cases {
            assert_eq!(ids(&owner, query).await, expected, "{query}");
        }
    }
}

everywhere! {
    /// A notice belongs to one tenant, and no other tenant sees it.
    async fn another_tenant_does_not_see_it(app) {
        let (alice, bob) = (app.owner().await, app.owner().await);
        publish(&app, alice.tenant(), "ntc_of_alice", MARCH);
        assert_eq!(ids(&alice, "").await, ["ntc_of_alice"]);
        assert!(ids(&bob, "").await.is_empty());
    }
}
