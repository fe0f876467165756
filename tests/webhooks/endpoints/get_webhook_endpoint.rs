//! GET /api/v1/webhook-endpoints/{id}

use serde_json::json;

use crate::webhooks::PATH;

logic! {
    /// An endpoint reads as it was made, except for the secret.
    async fn answers_the_endpoint(app) {
        let owner = app.owner().await;
        let mut made = owner.post(PATH, &json!({ "url": "https://example.com/", "event_types": ["notice.published"] })).await.expect(201);
        let read = owner.get(&format!("{PATH}/{}", made.id())).await.expect(200);
        assert!(made.body.as_object_mut().unwrap().remove("secret").is_some());
        assert_eq!((&read.body, read.header("etag")), (&made.body, made.header("etag")));
    }

    /// An endpoint that never existed is a 404, and a deleted one is gone.
    async fn missing_and_gone(app) {
        let owner = app.owner().await;
        owner.get(&format!("{PATH}/whe_missing")).await.refused(404, "resource_not_found");
        let made = owner.post(PATH, &json!({ "url": "https://example.com/", "event_types": ["notice.published"] })).await.expect(201);
        owner.delete(&format!("{PATH}/{}", made.id())).await.expect(204);
        owner.get(&format!("{PATH}/{}", made.id())).await.refused(410, "resource_gone");
    }
}
