//! POST /api/v1/webhook-endpoints/{id}/test

use serde_json::json;

use crate::support::receiver::Receiver;
use crate::webhooks::{PATH, arrived, endpoint_with, operate, settled, state};

logic! {
    /// The event comes to this endpoint, whichever types it takes, and to no other.
    async fn comes_to_this_endpoint(app) {
        let (owner, receiver) = (app.owner().await, Receiver::start().await);
        let tested = endpoint_with(&owner, &receiver, "/tested", json!({ "event_types": ["user.*"] })).await;
        let all = endpoint_with(&owner, &receiver, "/all", json!({ "event_types": ["*", "endpoint.*", "endpoint.tested"] })).await;
        settled(&app, &owner, all.id()).await;
        let before = receiver.received("/all").len();
        let accepted = operate(&owner, tested.id(), "test").await.expect(202);
        assert_eq!((&accepted.body["endpoint_id"], &accepted.body["status"]), (&tested.body["id"], &json!("PENDING")));
        let sent = arrived(&app, &receiver, "/tested", 1).await;
        assert_eq!((sent[0].json()["id"].clone(), sent[0].event("type")), (accepted.body["event_id"].clone(), "endpoint.tested".to_owned()));
        assert_eq!(sent[0].json()["data"], json!({ "endpoint_id": tested.id() }));
        settled(&app, &owner, all.id()).await;
        settled(&app, &owner, tested.id()).await;
        assert_eq!((receiver.received("/tested").len(), receiver.received("/all").len()), (1, before));
    }

    /// A test of an endpoint that is disabled, missing or gone is refused.
    async fn refusals(app) {
        let owner = app.owner().await;
        let made = owner.post(PATH, &json!({ "url": "https://example.com/", "event_types": ["notice.published"] })).await.expect(201);
        operate(&owner, made.id(), "disable").await.expect(200);
        let before = state(&owner).await;
        operate(&owner, made.id(), "test").await.refused(409, "conflict");
        assert_eq!(state(&owner).await, before);
        operate(&owner, "whe_missing", "test").await.refused(404, "resource_not_found");
        owner.delete(&format!("{PATH}/{}", made.id())).await.expect(204);
        operate(&owner, made.id(), "test").await.refused(410, "resource_gone");
    }
}
