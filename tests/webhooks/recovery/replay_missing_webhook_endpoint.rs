//! POST /api/v1/webhook-endpoints/{id}/replay-missing

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::support::receiver::Receiver;
use crate::webhooks::{PATH, arrived, endpoint_with, operate, project, settled, state};

/// A body that asks for all times.
fn always() -> Value {
    json!({ "since": "2020-01-01T00:00:00Z" })
}

everywhere! {
    /// The replay delivers, once, the events from before the creation of the endpoint and from the
    /// time while it was disabled. Events that the endpoint already got do not come again.
    async fn delivers_what_was_missed(app) {
        let (owner, receiver) = (app.owner().await, Receiver::start().await);
        let before = project(&owner, "before").await;
        let made = endpoint_with(&owner, &receiver, "/hooks", json!({ "event_types": ["project.*"] })).await;
        let had = project(&owner, "had").await;
        assert_eq!(arrived(&app, &receiver, "/hooks", 1).await[0].event("subject"), had);
        settled(&app, &owner, made.id()).await;
        operate(&owner, made.id(), "disable").await.expect(200);
        let meanwhile = project(&owner, "meanwhile").await;
        operate(&owner, made.id(), "enable").await.expect(200);
        let path = format!("{PATH}/{}/replay-missing", made.id());
        let taken = owner.post(&path, &always()).await.expect(202);
        assert_eq!(taken.body, json!({ "deliveries": 2, "more": false }));
        let sent = arrived(&app, &receiver, "/hooks", 3).await;
        settled(&app, &owner, made.id()).await;
        let subjects: BTreeSet<_> = sent[1..].iter().map(|one| one.event("subject")).collect();
        assert_eq!(subjects, BTreeSet::from([before, meanwhile]));
        assert_eq!(receiver.received("/hooks").len(), 3);
        assert_eq!(owner.post(&path, &always()).await.expect(202).body["deliveries"], 0);
    }

    /// An event whose delivery from the feed is still to come arrives once, even if a replay asks
    /// for it as well.
    async fn does_not_double_what_comes(app) {
        let (owner, receiver) = (app.owner().await, Receiver::start().await);
        let made = endpoint_with(&owner, &receiver, "/hooks", json!({ "event_types": ["project.*"] })).await;
        project(&owner, "a").await;
        owner.post(&format!("{PATH}/{}/replay-missing", made.id()), &always()).await.expect(202);
        arrived(&app, &receiver, "/hooks", 1).await;
        settled(&app, &owner, made.id()).await;
        assert_eq!(receiver.received("/hooks").len(), 1);
    }
}

logic! {
    /// An invalid time is refused, and so is an endpoint that is disabled, missing or gone.
    async fn refusals(app) {
        let owner = app.owner().await;
        let made = owner.post(PATH, &json!({ "url": "https://example.com/", "event_types": ["notice.published"] })).await.expect(201);
        let path = format!("{PATH}/{}/replay-missing", made.id());
        owner.post(&path, &json!({ "until": "2026-01-01T00:00:00Z" })).await.refused(422, "validation_failed");
        operate(&owner, made.id(), "disable").await.expect(200);
        let before = state(&owner).await;
        owner.post(&path, &always()).await.refused(409, "conflict");
        assert_eq!(state(&owner).await, before);
        owner.post(&format!("{PATH}/whe_missing/replay-missing"), &always()).await.refused(404, "resource_not_found");
        owner.delete(&format!("{PATH}/{}", made.id())).await.expect(204);
        owner.post(&path, &always()).await.refused(410, "resource_gone");
    }
}
