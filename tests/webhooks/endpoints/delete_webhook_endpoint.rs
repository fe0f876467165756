//! DELETE /api/v1/webhook-endpoints/{id}

use crate::support::receiver::Receiver;
use crate::webhooks::{PATH, attempts, endpoint, operate, project, settled};

storage! {
    /// After the deletion nothing is sent, not even pending deliveries, and the secrets are
    /// deleted.
    async fn ends_sending(app) {
        let (owner, receiver) = (app.owner().await, Receiver::start().await);
        receiver.statuses("/hooks", &[500]);
        let made = endpoint(&owner, &receiver, "/hooks").await;
        let path = format!("{PATH}/{}", made.id());
        let pending = project(&owner, "pending").await;
        attempts(&app, &owner, made.id(), 1).await;
        owner.delete(&path).await.expect(204);
        project(&owner, "later").await;
        let other = endpoint(&owner, &receiver, "/other").await;
        project(&owner, "last").await;
        settled(&app, &owner, other.id()).await;
        assert_eq!(receiver.received("/other").len(), 1, "the dispatcher goes on");
        // A delivery that was in flight may still have arrived.
        assert!(receiver.received("/hooks").iter().all(|one| one.event("subject") == pending));
        let left = app.rows(&format!("SELECT COUNT(*) FROM webhook_secrets WHERE endpoint_id = '{}'", made.id()));
        assert_eq!(left, [["0"]]);
        owner.delete(&path).await.expect(204);
        operate(&owner, made.id(), "enable").await.refused(410, "resource_gone");
        owner.delete(&format!("{PATH}/whe_missing")).await.refused(404, "resource_not_found");
    }
}
