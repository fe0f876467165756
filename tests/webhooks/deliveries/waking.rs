//! Which answers wake the dispatcher: those behind which deliveries are due, and no others.

use std::time::{Duration, Instant};

use http::Method;
use serde_json::json;

use crate::support::Placement;
use crate::support::receiver::Receiver;
use crate::support::server::{UNLIMITED, options, start};
use crate::webhooks::{PATIENCE, endpoint, project};

transport! { a_refused_write_wakes_nobody(placement) }

/// The longest time from the start of a server to its first call for deliveries, and the time in
/// which a call would have sent something.
const LONG: Duration = Duration::from_secs(2);

/// Waits until this many requests have come. Nobody but the server calls the dispatcher.
async fn came(receiver: &Receiver, count: usize) {
    let began = Instant::now();
    while receiver.received("/hooks").len() < count {
        assert!(began.elapsed() < PATIENCE, "less than {count} came");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// If a transaction is refused after it has made a queue due, then the next answer of the same
/// instance does not wake the dispatcher.
async fn a_refused_write_wakes_nobody(placement: Placement) {
    let directory = tempfile::tempdir().unwrap();
    let mut options = options(placement, directory.path(), &UNLIMITED);
    options.limits.max_instances = 1;
    let (app, server) = start(options).await;
    tokio::time::sleep(LONG).await;
    let (owner, receiver) = (app.owner().await, Receiver::start().await);
    endpoint(&owner, &receiver, "/hooks").await;
    project(&owner, "told").await;
    came(&receiver, 1).await;

    // The receipt is written last, and here it cannot be written.
    app.execute(
        "CREATE TRIGGER refused BEFORE INSERT ON idempotency_receipts \
         BEGIN SELECT RAISE(ABORT, 'refused'); END",
    );
    let before = owner.feed().await;
    let key = [("idempotency-key", "refused")];
    let body = json!({ "name": "refused" });
    let refused = owner.json(Method::POST, "/api/v1/projects", &body, &key).await;
    refused.refused(500, "internal_error");
    // An event of which nobody has told the dispatcher.
    app.execute(
        "INSERT INTO events (id, tenant_id, type, subject, source_agent, data, trace_id, created_at) \
         SELECT 'evt_untold', tenant_id, type, subject, source_agent, data, trace_id, created_at \
         FROM events WHERE type = 'project.created'; UPDATE webhook_queues SET due_at = 0",
    );
    let page = owner.get("/api/v1/projects").await.expect(200);
    assert_eq!(page.body["items"].as_array().unwrap().len(), 1, "the refused write made nothing");
    tokio::time::sleep(LONG).await;
    assert_eq!(receiver.received("/hooks").len(), 1, "the refused write has woken the dispatcher");
    assert_eq!(owner.feed().await.len(), before.len() + 1, "the refused write told of nothing");

    // A write that succeeds wakes it.
    app.execute(&format!("UPDATE webhook_queues SET due_at = {}", i64::MAX));
    project(&owner, "told too").await;
    came(&receiver, 3).await;
    server.shutdown().await.unwrap();
}
