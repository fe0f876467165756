//! Which events an endpoint gets.

use std::collections::BTreeSet;

use serde_json::json;

use crate::support::receiver::Receiver;
use crate::webhooks::{PATH, arrived, endpoint, endpoint_with, operate, project, settled};

/// The types of the events that came to a path.
fn kinds(receiver: &Receiver, path: &str) -> BTreeSet<String> {
    receiver.received(path).iter().map(|one| one.event("type")).collect()
}

logic! {
    /// An endpoint chooses events by type, by area, or all of them. An endpoint that takes all
    /// events gets none about deliveries, because these would never end.
    async fn by_patterns(app) {
        let (owner, receiver) = (app.owner().await, Receiver::start().await);
        receiver.statuses("/gone", &[410]);
        let all = endpoint_with(&owner, &receiver, "/all", json!({})).await;
        let ops = endpoint_with(&owner, &receiver, "/ops", json!({ "event_types": ["endpoint.*", "delivery.exhausted"] })).await;
        let some = endpoint_with(&owner, &receiver, "/some", json!({ "event_types": ["project.created", "team.*"] })).await;
        endpoint(&owner, &receiver, "/gone").await;
        let id = project(&owner, "a").await;
        owner.patch(&format!("/api/v1/projects/{id}"), &json!({ "name": "b" })).await.expect(200);
        owner.post("/api/v1/teams", &json!({ "name": "t" })).await.expect(201);
        arrived(&app, &receiver, "/gone", 1).await;
        for one in [&all, &ops, &some] {
            settled(&app, &owner, one.id()).await;
        }
        // An endpoint that asks for them gets the event of the endpoint that was disabled
        // meanwhile.
        while !kinds(&receiver, "/ops").contains("endpoint.disabled") {
            settled(&app, &owner, ops.id()).await;
        }
        let kinds = |path| kinds(&receiver, path);
        assert_eq!(kinds("/some"), BTreeSet::from(["project.created", "team.created"].map(str::to_owned)));
        assert_eq!(kinds("/ops"), BTreeSet::from(["delivery.exhausted", "endpoint.created", "endpoint.disabled"].map(str::to_owned)));
        assert_eq!(kinds("/all"), BTreeSet::from(["audit.logged", "project.created", "project.updated", "team.created"].map(str::to_owned)));
    }
}

everywhere! {
    /// No event of one tenant is delivered to an endpoint of another.
    async fn of_one_tenant(app) {
        let (alice, bob, receiver) = (app.owner().await, app.owner().await, Receiver::start().await);
        let to_alice = endpoint_with(&alice, &receiver, "/alice", json!({})).await;
        let to_bob = endpoint_with(&bob, &receiver, "/bob", json!({})).await;
        for name in ["a", "b", "c"] {
            project(&alice, name).await;
            project(&bob, name).await;
        }
        settled(&app, &alice, to_alice.id()).await;
        settled(&app, &bob, to_bob.id()).await;
        for (path, tenant) in [("/alice", alice.tenant()), ("/bob", bob.tenant())] {
            let sent = receiver.received(path);
            assert!(sent.iter().filter(|one| one.event("type") == "project.created").count() == 3);
            assert!(sent.iter().all(|one| one.event("tenant_id") == tenant), "{path}");
        }
    }
}

everywhere! {
    /// Every event comes once to each endpoint, and is the same at both.
    async fn to_each_endpoint(app) {
        let (owner, receiver) = (app.owner().await, Receiver::start().await);
        let (one, two) = (endpoint(&owner, &receiver, "/one").await, endpoint(&owner, &receiver, "/two").await);
        let mut made = BTreeSet::new();
        for number in 0..40 {
            made.insert(project(&owner, &format!("p{number}")).await);
        }
        for (path, id) in [("/one", one.id()), ("/two", two.id())] {
            settled(&app, &owner, id).await;
            let sent = receiver.received(path);
            assert_eq!(sent.len(), 40, "{path}");
            assert_eq!(sent.iter().map(|one| one.event("subject")).collect::<BTreeSet<_>>(), made);
        }
    }

    /// An endpoint with a rate limit gets that many deliveries a second at most.
    async fn at_a_rate(app) {
        let (owner, receiver) = (app.owner().await, Receiver::start().await);
        for number in 0..8 {
            project(&owner, &format!("p{number}")).await;
        }
        let more = json!({ "event_types": ["project.*"], "rate_per_second": 3 });
        let made = endpoint_with(&owner, &receiver, "/hooks", more).await;
        owner.post(&format!("{PATH}/{}/replay-missing", made.id()), &json!({ "since": "2020-01-01T00:00:00Z" })).await.expect(202);
        let sent = arrived(&app, &receiver, "/hooks", 8).await;
        for pair in sent.windows(4) {
            assert!(pair[3].at - pair[0].at >= std::time::Duration::from_millis(950));
        }
        settled(&app, &owner, made.id()).await;
        assert_eq!(receiver.received("/hooks").len(), 8);
    }

    /// A disabled or deleted endpoint gets nothing, while another endpoint gets the event.
    async fn not_what_has_ended(app) {
        let (owner, receiver) = (app.owner().await, Receiver::start().await);
        let (disabled, deleted, alive) = (
            endpoint(&owner, &receiver, "/disabled").await,
            endpoint(&owner, &receiver, "/deleted").await,
            endpoint(&owner, &receiver, "/alive").await,
        );
        operate(&owner, disabled.id(), "disable").await.expect(200);
        owner.delete(&format!("{PATH}/{}", deleted.id())).await.expect(204);
        project(&owner, "a").await;
        settled(&app, &owner, alive.id()).await;
        let counts = ["/alive", "/disabled", "/deleted"].map(|path| receiver.received(path).len());
        assert_eq!(counts, [1, 0, 0]);
    }
}
