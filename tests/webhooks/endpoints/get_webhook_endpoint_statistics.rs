//! GET /api/v1/webhook-endpoints/{id}/statistics

use serde_json::{Value, json};

use crate::support::receiver::Receiver;
use crate::webhooks::{PATH, attempts, endpoint, project};

storage! {
    /// The statistics count failed and successful deliveries, and tell their latency and the
    /// current state of the endpoint.
    async fn counts(app) {
        let (owner, receiver) = (app.owner().await, Receiver::start().await);
        let made = endpoint(&owner, &receiver, "/hooks").await;
        let path = format!("{PATH}/{}/statistics", made.id());
        let nothing = owner.get(&path).await.expect(200).body;
        assert_eq!(nothing["attempts"], json!({ "succeeded": 0, "failed": 0 }));
        assert_eq!(nothing["latency_ms"], json!({ "mean": null, "p95": null, "max": null }));
        receiver.statuses("/hooks", &[500, 500, 200]);
        project(&owner, "a").await;
        attempts(&app, &owner, made.id(), 2).await;
        let failing = owner.get(&path).await.expect(200).body;
        if failing["attempts"]["succeeded"] == 0 {
            assert_eq!((&failing["consecutive_failures"], &failing["deliveries"]["pending"]), (&json!(2), &json!(1)));
            assert!(failing["failing_since"].is_string());
        }
        attempts(&app, &owner, made.id(), 3).await;
        let well = owner.get(&path).await.expect(200).body;
        assert_eq!(well["attempts"], json!({ "succeeded": 1, "failed": 2 }));
        assert_eq!((&well["consecutive_failures"], &well["failing_since"]), (&json!(0), &Value::Null));
        assert_eq!(well["deliveries"], json!({ "pending": 0, "failed": 0 }));
        assert!(well["latency_ms"]["mean"].is_i64() && well["latency_ms"]["mean"] == well["latency_ms"]["max"]);
        assert_eq!(well["latency_ms"]["p95"], well["latency_ms"]["max"]);
        let later = owner.get(&format!("{path}?since=2100-01-01T00:00:00Z")).await.expect(200).body;
        assert_eq!((&later["since"], &later["attempts"]["succeeded"]), (&json!("2100-01-01T00:00:00.000Z"), &json!(0)));
    }
}

logic! {
    /// An invalid time is refused, and so is an endpoint that is missing or gone.
    async fn refusals(app) {
        let owner = app.owner().await;
        let made = owner.post(PATH, &json!({ "url": "https://example.com/", "event_types": ["notice.published"] })).await.expect(201);
        let path = format!("{PATH}/{}/statistics", made.id());
        owner.get(&format!("{path}?since=yesterday")).await.refused(422, "validation_failed");
        owner.get(&format!("{PATH}/whe_missing/statistics")).await.refused(404, "resource_not_found");
        owner.delete(&format!("{PATH}/{}", made.id())).await.expect(204);
        owner.get(&path).await.refused(410, "resource_gone");
    }
}
