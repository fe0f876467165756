//! POST /api/v1/billing/webhooks/{provider}

use super::inbound::{Signed, connect, ingested, now};

logic! {
    /// Both paths lead to the same receiver: a webhook that came by one path is a duplicate on the
    /// other.
    async fn is_the_same_receiver(app) {
        let owner = app.owner().await;
        let sender = connect(&owner, "STRIPE").await;
        let path = format!("/api/v1/billing/webhooks/stripe?integration={}", sender.integration);
        Signed { path: path.clone(), ..sender.sign("evt_1", now()) }.send(&app).await.expect(202);
        sender.sign("evt_1", now()).send(&app).await.expect(200);
        let wrong = Signed { path, headers: Vec::new(), ..sender.sign("evt_2", now()) };
        wrong.send(&app).await.refused(401, "authentication_required");
        ingested(&owner, 1).await;
    }
}
