//! With `ordering: SUBJECT` the events of one object arrive one after the other.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::json;

use crate::support::receiver::{Answer, Receiver};
use crate::support::{Client, Placement, dedicated};
use crate::webhooks::{arrived, endpoint_with, project, settled};

everywhere! { one_object_waits_for_itself(placement) }

/// Causes three events of one object.
async fn live(client: &Client, id: &str) {
    let path = format!("/api/v1/projects/{id}");
    client.patch(&path, &json!({ "name": "other" })).await.expect(200);
    client.delete(&path).await.expect(204);
}

/// While the first event of an object fails, the later events of that object wait. The events of
/// other objects do not wait.
async fn one_object_waits_for_itself(placement: Placement) {
    let schedule = vec!["100ms"; 200].join(",");
    let variables = [("webhook_schedule", schedule.as_str()), ("webhook_disable_after", "1d")];
    let (app, server, _directory) = dedicated(placement, &variables).await;
    let (owner, receiver) = (app.owner().await, Receiver::start().await);
    let others = Arc::<AtomicUsize>::default();
    let seen = others.clone();
    receiver.script("/hooks", move |one, _| match one.event("source_agent").as_str() {
        "projects" if one.json()["data"]["tags"] == json!(["fails"]) => {
            // Five failures are fewer than it takes to pause an endpoint.
            Answer::status(if seen.load(Ordering::Relaxed) < 3 { 500 } else { 200 })
        }
        _ => {
            seen.fetch_add(1, Ordering::Relaxed);
            Answer::status(200)
        }
    });
    let more = json!({ "event_types": ["project.*"], "ordering": "SUBJECT" });
    let made = endpoint_with(&owner, &receiver, "/hooks", more).await;
    let body = json!({ "name": "a", "tags": ["fails"] });
    let first = owner.post("/api/v1/projects", &body).await.expect(201).id().to_owned();
    live(&owner, &first).await;
    let second = project(&owner, "b").await;
    live(&owner, &second).await;
    arrived(&app, &receiver, "/hooks", 7).await;
    settled(&app, &owner, made.id()).await;
    let all = receiver.received("/hooks");
    let of = |id: &str| -> Vec<String> {
        all.iter().filter(|it| it.event("subject") == id).map(|it| it.event("type")).collect()
    };
    let lived = ["project.created", "project.updated", "project.deleted"];
    assert_eq!(of(&second), lived);
    let firsts = of(&first);
    let failed = firsts.len() - 3;
    assert!(
        failed >= 1 && firsts[..failed].iter().all(|kind| kind == "project.created"),
        "{firsts:?}"
    );
    assert_eq!(firsts[failed..], lived);
    // All events of the second object arrived before the first object had its first success.
    let last = all.iter().rposition(|it| it.event("subject") == second).unwrap();
    let behind = all[last..].iter().filter(|it| it.event("subject") == first).count();
    assert!(behind >= 3, "{behind}");
    server.shutdown().await.unwrap();
}
