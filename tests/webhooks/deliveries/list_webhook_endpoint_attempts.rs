//! GET /api/v1/webhook-endpoints/{id}/attempts

use serde_json::json;

use crate::snapshot;
use crate::support::receiver::{Answer, Receiver};
use crate::webhooks::{PATH, attempt, attempts, endpoint, endpoint_with, project};

logic! {
    /// The list tells the result of each request, with the first bytes of the answer and without
    /// the credentials that we sent.
    async fn tells_what_came_of_each(app) {
        let (owner, receiver) = (app.owner().await, Receiver::start().await);
        receiver.script("/hooks", |_, n| match n {
            0 => Answer { body: "no\u{7}: hush-hush is wrong".to_owned(), ..Answer::status(401) },
            _ => Answer { body: "x".repeat(5000), ..Answer::status(200) },
        });
        let made = endpoint_with(&owner, &receiver, "/hooks", json!({ "event_types": ["project.*"], "headers": { "authorization": "hush-hush" } })).await;
        project(&owner, "a").await;
        attempts(&app, &owner, made.id(), 2).await;
        let mut page = owner.get(&format!("{PATH}/{}/attempts", made.id())).await.expect(200);
        assert!(!page.text.contains("hush-hush"), "{}", page.text);
        assert_eq!(page.body["items"][1]["response_body"], "x".repeat(1024));
        assert!(page.body["items"][0]["next_attempt_at"].is_string());
        for item in page.body["items"].as_array_mut().unwrap() {
            assert!(item["latency_ms"].take().as_i64().unwrap() < 15_000);
        }
        page.body["items"][1]["response_body"].take();
        page.path = format!("{PATH}/[id]/attempts");
        snapshot!("list_webhook_endpoint_attempts", page);
    }

    /// An endpoint that is missing is a 404, and a deleted one is gone.
    async fn refusals(app) {
        let owner = app.owner().await;
        let made = owner.post(PATH, &json!({ "url": "https://example.com/", "event_types": ["notice.published"] })).await.expect(201);
        owner.get(&format!("{PATH}/whe_missing/attempts")).await.refused(404, "resource_not_found");
        owner.delete(&format!("{PATH}/{}", made.id())).await.expect(204);
        owner.get(&format!("{PATH}/{}/attempts", made.id())).await.refused(410, "resource_gone");
    }
}

storage! {
    /// The list is paged and filtered, and shows no attempts of another endpoint.
    async fn pages_and_filters(app) {
        let (owner, receiver) = (app.owner().await, Receiver::start().await);
        receiver.statuses("/hooks", &[503, 200]);
        let (made, other) = (endpoint(&owner, &receiver, "/hooks").await, endpoint(&owner, &receiver, "/other").await);
        attempt(&app, owner.tenant(), made.id(), "atm_1");
        attempt(&app, owner.tenant(), made.id(), "atm_2");
        attempt(&app, owner.tenant(), other.id(), "atm_3");
        let path = format!("{PATH}/{}/attempts", made.id());
        let ids = |page: &crate::support::Exchange| -> Vec<String> {
            page.body["items"].as_array().unwrap().iter().map(|one| one["id"].as_str().unwrap().to_owned()).collect()
        };
        let first = owner.get(&format!("{path}?limit=1")).await.expect(200);
        let cursor = first.body["next_cursor"].as_str().unwrap();
        let second = owner.get(&format!("{path}?limit=1&cursor={cursor}")).await.expect(200);
        assert_eq!([ids(&first), ids(&second)].concat(), ["atm_1", "atm_2"]);
        assert_eq!(second.body["next_cursor"], json!(null));
        assert_eq!(ids(&owner.get(&format!("{path}?status=FAILED")).await.expect(200)).len(), 0);
        assert_eq!(ids(&owner.get(&format!("{path}?response_status=200&event_id=evt_none")).await.expect(200)).len(), 2);
    }
}
