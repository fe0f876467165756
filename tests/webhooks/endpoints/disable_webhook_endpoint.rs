//! POST /api/v1/webhook-endpoints/{id}/disable

use serde_json::json;

use crate::support::receiver::Receiver;
use crate::webhooks::{PATH, attempts, endpoint, events, operate, project, settled, state};

storage! {
    /// Nothing is sent to a disabled endpoint, and its pending deliveries are given up.
    async fn ends_sending(app) {
        let (owner, receiver) = (app.owner().await, Receiver::start().await);
        receiver.statuses("/hooks", &[500]);
        let made = endpoint(&owner, &receiver, "/hooks").await;
        let pending = project(&owner, "pending").await;
        attempts(&app, &owner, made.id(), 1).await;
        let disabled = operate(&owner, made.id(), "disable").await.expect(200);
        assert_eq!((&disabled.body["status"], &disabled.body["disabled_reason"]), (&json!("DISABLED"), &json!("REQUESTED")));
        project(&owner, "later").await;
        settled(&app, &owner, made.id()).await;
        // A delivery that was in flight may still have arrived.
        assert!(receiver.received("/hooks").iter().all(|one| one.event("subject") == pending));
        let statistics = owner.get(&format!("{PATH}/{}/statistics", made.id())).await.expect(200);
        assert_eq!(statistics.body["deliveries"], json!({ "pending": 0, "failed": 1 }));
        assert_eq!(events(&owner, "endpoint.disabled").await.len(), 1);
    }
}

logic! {
    /// A disabled endpoint cannot be disabled again, and neither can a deleted one.
    async fn refusals(app) {
        let owner = app.owner().await;
        let made = owner.post(PATH, &json!({ "url": "https://example.com/", "event_types": ["notice.published"] })).await.expect(201);
        operate(&owner, made.id(), "disable").await.expect(200);
        let before = state(&owner).await;
        operate(&owner, made.id(), "disable").await.refused(409, "conflict");
        assert_eq!(state(&owner).await, before);
        operate(&owner, "whe_missing", "disable").await.refused(404, "resource_not_found");
        owner.delete(&format!("{PATH}/{}", made.id())).await.expect(204);
        operate(&owner, made.id(), "disable").await.refused(410, "resource_gone");
    }
}
