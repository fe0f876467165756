//! POST /api/v1/webhook-endpoints/{id}/enable

use serde_json::json;

use crate::support::receiver::Receiver;
use crate::webhooks::{PATH, arrived, endpoint, events, operate, project, settled, state};

storage! {
    /// The endpoint gets the events from then on, and not those of the time while it was disabled.
    async fn goes_on_from_now(app) {
        let (owner, receiver) = (app.owner().await, Receiver::start().await);
        let made = endpoint(&owner, &receiver, "/hooks").await;
        operate(&owner, made.id(), "disable").await.expect(200);
        project(&owner, "missed").await;
        let enabled = operate(&owner, made.id(), "enable").await.expect(200);
        assert_eq!((&enabled.body["status"], &enabled.body["disabled_reason"]), (&json!("ENABLED"), &json!(null)));
        let after = project(&owner, "after").await;
        assert_eq!(arrived(&app, &receiver, "/hooks", 1).await[0].event("subject"), after);
        settled(&app, &owner, made.id()).await;
        assert_eq!(receiver.received("/hooks").len(), 1);
        assert_eq!(events(&owner, "endpoint.enabled").await.len(), 1);
    }
}

logic! {
    /// An enabled endpoint cannot be enabled again, and neither can a deleted one.
    async fn refusals(app) {
        let owner = app.owner().await;
        let made = owner.post(PATH, &json!({ "url": "https://example.com/", "event_types": ["notice.published"] })).await.expect(201);
        let before = state(&owner).await;
        operate(&owner, made.id(), "enable").await.refused(409, "conflict");
        assert_eq!(state(&owner).await, before);
        operate(&owner, "whe_missing", "enable").await.refused(404, "resource_not_found");
        owner.delete(&format!("{PATH}/{}", made.id())).await.expect(204);
        operate(&owner, made.id(), "enable").await.refused(410, "resource_gone");
    }
}
