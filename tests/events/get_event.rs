//! GET /api/v1/events/{id}

use serde_json::json;

use super::PATH;
use crate::support::contract::registered;

logic! {
    /// An event reads as it is in the feed.
    async fn is_what_the_feed_tells(app) {
        let owner = app.owner().await;
        owner.post("/api/v1/projects", &json!({ "name": "a" })).await.expect(201);
        let feed = owner.get(PATH).await.expect(200);
        for event in feed.body["items"].as_array().unwrap() {
            let path = format!("{PATH}/{}", event["id"].as_str().unwrap());
            let one = owner.get(&path).await.expect(200);
            assert_eq!(one.body, *event);
            registered(&one.body);
        }
    }

    /// An event cannot be changed.
    async fn cannot_be_written(app) {
        let owner = app.owner().await;
        let feed = owner.get(PATH).await.expect(200);
        let path = format!("{PATH}/{}", feed.body["items"][0]["id"].as_str().unwrap());
        for method in [http::Method::POST, http::Method::PUT, http::Method::PATCH, http::Method::DELETE] {
            owner.json(method, &path, &json!({}), &[]).await.refused(405, "method_not_allowed");
        }
        assert_eq!(owner.get(PATH).await.expect(200).body, feed.body);
    }
}

everywhere! {
    /// An event that does not exist, or that is another tenant's, is a 404.
    async fn is_of_the_tenant(app) {
        let (alice, bob) = (app.owner().await, app.owner().await);
        let feed = alice.get(PATH).await.expect(200);
        let path = format!("{PATH}/{}", feed.body["items"][0]["id"].as_str().unwrap());
        alice.get(&path).await.expect(200);
        bob.get(&path).await.refused(404, "resource_not_found");
        alice.get(&format!("{PATH}/evt_0000000000000000000000")).await.refused(404, "resource_not_found");
    }
}
