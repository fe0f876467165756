//! POST /api/v1/integrations/{id}/rotate-secret

use serde_json::json;

use super::inbound::{INTEGRATIONS, Sender, connect, now};

everywhere! {
    /// During the grace period both secrets are accepted. After it only the new one is.
    async fn the_old_one_ends(app) {
        let owner = app.owner().await;
        let old = connect(&owner, "STRIPE").await;
        let path = format!("{INTEGRATIONS}/{}/rotate-secret", old.integration);
        let rotated = owner.post(&path, &json!({})).await.expect(200);
        assert_eq!((rotated.header("cache-control"), &rotated.body["version"]), (Some("no-store"), &json!(2)));
        let secret = rotated.body["secret"].as_str().unwrap().to_owned();
        assert_ne!(secret, old.secret);
        let new = Sender { secret, integration: old.integration.clone(), ..old };
        old.sign("evt_1", now()).send(&app).await.expect(202);
        new.sign("evt_2", now()).send(&app).await.expect(202);
        app.execute(&format!(
            "UPDATE integration_secrets SET expires_at = 1 WHERE integration_id = '{}' AND expires_at IS NOT NULL",
            old.integration
        ));
        old.sign("evt_3", now()).send(&app).await.refused(401, "authentication_required");
        new.sign("evt_4", now()).send(&app).await.expect(202);
    }

    /// Without a grace period the old secret ends at once. The new secret may be one that the
    /// provider has made.
    async fn without_grace(app) {
        let owner = app.owner().await;
        let old = connect(&owner, "STRIPE").await;
        let path = format!("{INTEGRATIONS}/{}/rotate-secret", old.integration);
        let body = json!({ "secret": "whsec_of_the_provider", "grace_seconds": 0 });
        let rotated = owner.post(&path, &body).await.expect(200);
        assert_eq!(rotated.body["secret"], body["secret"]);
        old.sign("evt_1", now()).send(&app).await.refused(401, "authentication_required");
        let new = Sender { secret: "whsec_of_the_provider".to_owned(), integration: old.integration.clone(), ..old };
        new.sign("evt_1", now()).send(&app).await.expect(202);
        let refused = owner.post(&path, &json!({ "secret": "has a space in it" })).await;
        refused.refused(422, "validation_failed");
        new.sign("evt_2", now()).send(&app).await.expect(202);
    }
}
