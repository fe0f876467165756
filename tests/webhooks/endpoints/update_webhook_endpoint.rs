//! PATCH /api/v1/webhook-endpoints/{id}

use serde_json::json;

use crate::support::receiver::Receiver;
use crate::webhooks::{PATH, arrived, endpoint_with, project, settled, state};

logic! {
    /// A patch changes one member, and null removes a header.
    async fn merges(app) {
        let owner = app.owner().await;
        let body = json!({ "url": "https://example.com/", "event_types": ["notice.published"], "description": "a", "headers": { "x-a": "1", "x-b": "2" } });
        let made = owner.post(PATH, &body).await.expect(201);
        let path = format!("{PATH}/{}", made.id());
        let patch = json!({ "headers": { "x-a": null, "x-c": "3" }, "timeout_seconds": 3 });
        let patched = owner.patch(&path, &patch).await.expect(200);
        assert_eq!(patched.body["headers"], json!({ "x-b": "********", "x-c": "********" }));
        assert_eq!((&patched.body["description"], &patched.body["timeout_seconds"]), (&json!("a"), &json!(3)));
        let reset = owner.patch(&path, &json!({ "timeout_seconds": null, "description": null })).await.expect(200);
        assert_eq!((&reset.body["description"], &reset.body["timeout_seconds"]), (&json!(null), &json!(15)));
    }

    /// A change of the event types and of the URL holds for later events.
    async fn holds_for_what_comes(app) {
        let (owner, receiver) = (app.owner().await, Receiver::start().await);
        let made = endpoint_with(&owner, &receiver, "/old", json!({ "event_types": ["user.*"] })).await;
        project(&owner, "before").await;
        let patch = json!({ "event_types": ["project.*"], "url": format!("{}/new", receiver.base) });
        owner.patch(&format!("{PATH}/{}", made.id()), &patch).await.expect(200);
        let after = project(&owner, "after").await;
        assert_eq!(arrived(&app, &receiver, "/new", 1).await[0].event("subject"), after);
        settled(&app, &owner, made.id()).await;
        assert_eq!((receiver.received("/old").len(), receiver.received("/new").len()), (0, 1));
    }

    /// The refusal lists all violations, and nothing changes.
    async fn refusals(app) {
        let owner = app.owner().await;
        let made = owner.post(PATH, &json!({ "url": "https://example.com/", "event_types": ["notice.published"] })).await.expect(201);
        let path = format!("{PATH}/{}", made.id());
        let before = state(&owner).await;
        let bad = json!({ "url": "http://169.254.169.254/", "event_types": ["*", "*.x"], "headers": { "host": "x" } });
        let refused = owner.patch(&path, &bad).await.refused(422, "validation_failed");
        assert_eq!(refused.violations(), [
            "/url NOT_ALLOWED_VALUE", "/event_types/1 NOT_ALLOWED_VALUE", "/headers/host NOT_ALLOWED_VALUE",
        ]);
        owner.patch(&path, &json!({ "status": "DISABLED" })).await.refused(422, "validation_failed");
        owner.patch(&path, &json!({ "secret": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw" })).await.refused(422, "validation_failed");
        assert_eq!(state(&owner).await, before);
        owner.patch(&format!("{PATH}/whe_missing"), &json!({})).await.refused(404, "resource_not_found");
        owner.delete(&path).await.expect(204);
        owner.patch(&path, &json!({ "description": "b" })).await.refused(410, "resource_gone");
    }
}
