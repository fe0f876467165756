//! POST /api/v1/webhook-endpoints/{id}/recover

use serde_json::{Value, json};

use crate::support::receiver::Receiver;
use crate::webhooks::{PATH, attempts, endpoint, events, operate, project, settled, state};

/// A body that asks for all times.
fn always() -> Value {
    json!({ "since": "2020-01-01T00:00:00Z" })
}

storage! {
    /// Deliveries that were given up get a new schedule, and the feed tells both outcomes.
    async fn takes_up_what_was_given_up(app) {
        let (owner, receiver) = (app.owner().await, Receiver::start().await);
        receiver.statuses("/hooks", &[500]);
        let made = endpoint(&owner, &receiver, "/hooks").await;
        project(&owner, "a").await;
        let failed = attempts(&app, &owner, made.id(), 4).await;
        settled(&app, &owner, made.id()).await;
        assert_eq!(receiver.received("/hooks").len(), 4, "the schedule has four");
        assert_eq!(failed[3]["next_attempt_at"], Value::Null);
        let told = events(&owner, "delivery.exhausted").await;
        assert_eq!(told.len(), 1);
        assert_eq!((&told[0]["subject"], &told[0]["data"]), (&made.body["id"], &json!({
            "endpoint_id": made.id(), "event_id": failed[0]["event_id"], "event_type": "project.created",
            "attempts": 4, "last_status": 500, "last_error": "STATUS",
        })));

        // The delivery fails once more before it succeeds.
        receiver.statuses("/hooks", &[500, 500, 500, 500, 500, 200]);
        let path = format!("{PATH}/{}/recover", made.id());
        let taken = owner.post(&path, &always()).await.expect(202);
        assert_eq!(taken.body, json!({ "deliveries": 1, "more": false }));
        let all = attempts(&app, &owner, made.id(), 6).await;
        settled(&app, &owner, made.id()).await;
        let numbers: Vec<_> = all[4..].iter().map(|one| (&one["number"], &one["status"])).collect();
        assert_eq!(numbers, [(&json!(1), &json!("FAILED")), (&json!(2), &json!("SUCCEEDED"))]);
        let told = events(&owner, "delivery.recovered").await;
        assert_eq!((told.len(), &told[0]["data"]["event_id"]), (1, &failed[0]["event_id"]));
        assert_eq!(events(&owner, "delivery.exhausted").await.len(), 1);
        let nothing = owner.post(&path, &always()).await.expect(202);
        assert_eq!(nothing.body["deliveries"], 0, "what arrived is not taken up");
    }

    /// Only deliveries that were given up in the requested time are recovered.
    async fn within_a_time(app) {
        let (owner, receiver) = (app.owner().await, Receiver::start().await);
        let made = endpoint(&owner, &receiver, "/hooks").await;
        receiver.statuses("/hooks", &[500]);
        project(&owner, "a").await;
        attempts(&app, &owner, made.id(), 4).await;
        settled(&app, &owner, made.id()).await;
        let path = format!("{PATH}/{}/recover", made.id());
        for window in [json!({ "since": "2100-01-01T00:00:00Z" }), json!({ "since": "2020-01-01T00:00:00Z", "until": "2020-01-02T00:00:00Z" })] {
            assert_eq!(owner.post(&path, &window).await.expect(202).body["deliveries"], 0, "{window}");
        }
        assert_eq!(receiver.received("/hooks").len(), 4);
    }
}

logic! {
    /// An invalid time is refused, and so is an endpoint that is disabled, missing or gone.
    async fn refusals(app) {
        let owner = app.owner().await;
        let made = owner.post(PATH, &json!({ "url": "https://example.com/", "event_types": ["notice.published"] })).await.expect(201);
        let path = format!("{PATH}/{}/recover", made.id());
        owner.post(&path, &json!({})).await.refused(422, "validation_failed");
        owner.post(&path, &json!({ "since": "yesterday" })).await.refused(422, "validation_failed");
        let turned = json!({ "since": "2026-01-02T00:00:00Z", "until": "2026-01-01T00:00:00Z" });
        assert_eq!(owner.post(&path, &turned).await.refused(422, "validation_failed").violations(), ["/until NOT_ALLOWED_VALUE"]);
        operate(&owner, made.id(), "disable").await.expect(200);
        let before = state(&owner).await;
        owner.post(&path, &always()).await.refused(409, "conflict");
        assert_eq!(state(&owner).await, before);
        owner.post(&format!("{PATH}/whe_missing/recover"), &always()).await.refused(404, "resource_not_found");
        owner.delete(&format!("{PATH}/{}", made.id())).await.expect(204);
        owner.post(&path, &always()).await.refused(410, "resource_gone");
    }
}
