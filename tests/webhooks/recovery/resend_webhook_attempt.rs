//! POST /api/v1/webhook-endpoints/{id}/attempts/{attempt_id}/resend

use serde_json::json;

use crate::support::receiver::Receiver;
use crate::webhooks::{
    PATH, arrived, attempt, attempts, endpoint, operate, project, settled, state,
};

everywhere! {
    /// An event is sent again even if it has arrived: the same event, with the same body.
    async fn sends_again(app) {
        let (owner, receiver) = (app.owner().await, Receiver::start().await);
        let made = endpoint(&owner, &receiver, "/hooks").await;
        project(&owner, "a").await;
        let first = attempts(&app, &owner, made.id(), 1).await;
        let accepted = operate(&owner, made.id(), &format!("attempts/{}/resend", first[0]["id"].as_str().unwrap())).await.expect(202);
        assert_eq!(accepted.body, json!({ "endpoint_id": made.id(), "event_id": first[0]["event_id"], "status": "PENDING" }));
        let sent = arrived(&app, &receiver, "/hooks", 2).await;
        assert_eq!(sent[0].body, sent[1].body);
        settled(&app, &owner, made.id()).await;
        assert_eq!(receiver.received("/hooks").len(), 2);
    }
}

everywhere! {
    /// A resend is refused for an attempt of another endpoint or tenant, for a deleted event, and
    /// for an endpoint that is disabled or gone.
    async fn refusals(app) {
        let (alice, bob) = (app.owner().await, app.owner().await);
        let body = json!({ "url": "https://example.com/", "event_types": ["notice.published"] });
        let (one, two) = (alice.post(PATH, &body).await.expect(201), alice.post(PATH, &body).await.expect(201));
        let of_bob = bob.post(PATH, &body).await.expect(201);
        attempt(&app, alice.tenant(), one.id(), "atm_of_one");
        attempt(&app, bob.tenant(), of_bob.id(), "atm_of_bob");
        let before = state(&alice).await;
        for id in ["atm_missing", "atm_of_bob"] {
            operate(&alice, one.id(), &format!("attempts/{id}/resend")).await.refused(404, "resource_not_found");
        }
        operate(&alice, two.id(), "attempts/atm_of_one/resend").await.refused(404, "resource_not_found");
        operate(&alice, one.id(), "attempts/atm_of_one/resend").await.refused(410, "resource_gone");
        operate(&alice, one.id(), "disable").await.expect(200);
        operate(&alice, one.id(), "attempts/atm_of_one/resend").await.refused(409, "conflict");
        assert_eq!(state(&alice).await[0]["items"][1], before[0]["items"][1]);
        let pending = app.rows(&format!("SELECT COUNT(*) FROM webhook_deliveries WHERE tenant_id = '{}'", alice.tenant()));
        assert_eq!(pending, [["0"]]);
        alice.delete(&format!("{PATH}/{}", one.id())).await.expect(204);
        operate(&alice, one.id(), "attempts/atm_of_one/resend").await.refused(410, "resource_gone");
    }
}
