//! GET /api/v1/integrations/{id}/health

use serde_json::{Value, json};

use super::inbound::{INTEGRATIONS, Signed, connect, ingested, now};

storage! {
    /// The health counts accepted webhooks, duplicates and refused ones.
    async fn counts(app) {
        let owner = app.owner().await;
        let sender = connect(&owner, "STRIPE").await;
        let path = format!("{INTEGRATIONS}/{}/health", sender.integration);
        let read = async || owner.get(&path).await.expect(200).body;
        let none = read().await;
        assert_eq!((&none["status"], &none["last_received_at"], &none["last_rejection"]), (&json!("WAITING"), &Value::Null, &Value::Null));
        let good = sender.sign("evt_1", now());
        Signed { headers: Vec::new(), ..sender.sign("evt_1", now()) }.send(&app).await.expect(401);
        assert_eq!(read().await["status"], "FAILING");
        tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        good.send(&app).await.expect(202);
        good.send(&app).await.expect(200);
        ingested(&owner, 1).await;
        let body = read().await;
        assert_eq!(
            [&body["status"], &body["received"], &body["duplicates"], &body["rejected"], &body["waiting"], &body["last_rejection"]],
            [&json!("HEALTHY"), &json!(1), &json!(1), &json!(1), &json!(0), &json!("SIGNATURE_MISSING")]
        );
    }
}
