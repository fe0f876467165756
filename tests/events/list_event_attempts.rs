//! GET /api/v1/events/{id}/attempts

use serde_json::json;

use crate::support::receiver::Receiver;
use crate::webhooks::{arrived, endpoint, events, project, tick};

storage! {
    /// The list has the attempts of one event at all endpoints, and of no other event.
    async fn of_all_endpoints(app) {
        let (owner, receiver) = (app.owner().await, Receiver::start().await);
        let (one, two) = (endpoint(&owner, &receiver, "/one").await, endpoint(&owner, &receiver, "/two").await);
        project(&owner, "a").await;
        project(&owner, "b").await;
        arrived(&app, &receiver, "/one", 2).await;
        arrived(&app, &receiver, "/two", 2).await;
        let first = events(&owner, "project.created").await[0]["id"].as_str().unwrap().to_owned();
        let path = format!("/api/v1/events/{first}/attempts");
        let mut page = owner.get(&path).await.expect(200);
        // An attempt is recorded a moment after the request has arrived.
        while page.body["items"].as_array().unwrap().len() < 2 {
            tick(&app).await;
            page = owner.get(&path).await.expect(200);
        }
        let items = page.body["items"].as_array().unwrap();
        assert!(items.iter().all(|it| it["event_id"] == *first && it["status"] == "SUCCEEDED"), "{}", page.text);
        let mut endpoints: Vec<_> = items.iter().map(|it| it["endpoint_id"].as_str().unwrap()).collect();
        endpoints.sort_unstable();
        let mut made = [one.id(), two.id()];
        made.sort_unstable();
        assert_eq!(endpoints, made);
    }
}

logic! {
    /// An event without a webhook has no attempts. A missing event is a 404.
    async fn none_and_missing(app) {
        let owner = app.owner().await;
        project(&owner, "a").await;
        let event = events(&owner, "project.created").await[0]["id"].as_str().unwrap().to_owned();
        let page = owner.get(&format!("/api/v1/events/{event}/attempts")).await.expect(200);
        assert_eq!(page.body, json!({ "items": [], "next_cursor": null }));
        owner.get("/api/v1/events/evt_missing/attempts").await.refused(404, "resource_not_found");
    }
}
