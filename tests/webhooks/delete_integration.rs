//! DELETE /api/v1/integrations/{id}

use super::inbound::{INTEGRATIONS, connect, ingested, now, stored};

storage! {
    /// After the deletion of an integration its webhooks are refused. The events that it sent
    /// before stay.
    async fn takes_the_secret_away(app) {
        let owner = app.owner().await;
        let sender = connect(&owner, "STRIPE").await;
        sender.sign("evt_1", now()).send(&app).await.expect(202);
        let path = format!("{INTEGRATIONS}/{}", sender.integration);
        owner.delete(&path).await.expect(204);
        sender.sign("evt_2", now()).send(&app).await.refused(401, "authentication_required");
        let sql = format!("SELECT id FROM integration_secrets WHERE integration_id = '{}'", sender.integration);
        assert!(app.rows(&sql).is_empty());
        assert_eq!(stored(&app, &owner), "1");
        ingested(&owner, 1).await;
        owner.delete(&path).await.expect(204);
        owner.get(&path).await.refused(410, "resource_gone");
        owner.get(&format!("{path}/health")).await.refused(410, "resource_gone");
    }
}
