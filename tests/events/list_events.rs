//! GET /api/v1/events

use http::Method;
use serde_json::json;

use super::PATH;
use crate::snapshot;

everywhere! {
    /// Each write is in the feed, in order, with the trace of its request.
    async fn tells_every_write_in_order(app) {
        let owner = app.owner().await;
        let made = owner.post("/api/v1/projects", &json!({ "name": "a" })).await.expect(201);
        let path = format!("/api/v1/projects/{}", made.id());
        owner.patch(&path, &json!({ "name": "b" })).await.expect(200);
        owner.delete(&path).await.expect(204);
        let feed = owner.get(PATH).await.expect(200);
        let events = feed.body["items"].as_array().unwrap();
        let types: Vec<_> = events.iter().map(|event| event["type"].as_str().unwrap()).collect();
        assert_eq!(types, [
            "tenant.created", "user.created", "project.created", "audit.logged",
            "project.updated", "audit.logged", "project.deleted", "audit.logged",
        ]);
        assert_eq!(events[2]["trace_id"], made.header("x-b3-traceid").unwrap());
        assert_eq!(events[2]["subject"], made.body["id"]);
        assert_eq!(events[2]["data"], made.body);
        let filtered = owner.get(&format!("{PATH}?type=project.created,project.deleted")).await.expect(200);
        assert_eq!(filtered.body["items"].as_array().unwrap().len(), 2);
        snapshot!("list_events", owner.get(&format!("{PATH}?type=tenant.created")).await.expect(200));
    }
}

storage! {
    /// A follower keeps its place: the cursor of an empty page stays valid.
    async fn a_follower_keeps_its_place(app) {
        let owner = app.owner().await;
        let first = owner.get(PATH).await.expect(200);
        let cursor = first.body["next_cursor"].as_str().unwrap();
        let empty = owner.get(&format!("{PATH}?cursor={cursor}")).await.expect(200);
        assert_eq!(empty.body, json!({ "items": [], "next_cursor": cursor }));
        owner.post("/api/v1/projects", &json!({ "name": "a" })).await.expect(201);
        let next = owner.get(&format!("{PATH}?cursor={cursor}")).await.expect(200);
        assert_eq!(next.body["items"].as_array().unwrap().len(), 2);
    }
}

logic! {
    /// The feed is append-only.
    async fn cannot_be_written(app) {
        let owner = app.owner().await;
        for method in [Method::POST, Method::PUT, Method::DELETE] {
            let refused = owner.json(method, PATH, &json!({}), &[]).await.refused(405, "method_not_allowed");
            assert_eq!(refused.header("allow"), Some("GET, HEAD, OPTIONS"));
        }
        assert_eq!(owner.get(PATH).await.body["items"].as_array().unwrap().len(), 2);
        owner.get(&format!("{PATH}?type=nonsense")).await.expect(422);
    }
}
