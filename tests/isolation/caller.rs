//! Operations about the caller: they show and change nothing of anybody else.

use super::operation::{MISSING, Operation, comparable};
use crate::support::App;

pub(super) async fn check(app: &App, operation: &Operation<'_>) {
    let id = operation.id;
    let (alice, bob, carl) = (app.owner().await, app.owner().await, app.owner().await);
    let before = alice.feed().await;
    operation.call(&app.anon(), alice.tenant()).await.refused(401, "authentication_required");
    let foreign = operation.call(&bob, alice.tenant()).await;
    let user = alice.session["user"]["id"].as_str().unwrap();
    let shown = [alice.tenant(), user].iter().any(|text| foreign.text.contains(*text));
    assert!(!shown, "{id}: {}", foreign.text);
    // A tenant of others cannot be told from one that never existed.
    let absent = operation.call(&carl, MISSING).await;
    assert_eq!(foreign.status, absent.status, "{id}");
    if foreign.status >= 400 {
        assert_eq!(comparable(&foreign, alice.tenant()), comparable(&absent, MISSING), "{id}");
    }
    assert_eq!(alice.feed().await, before, "{id} left something with another tenant");
    alice.get("/api/v1/me").await.expect(200);
    // An operation that refuses everybody would pass.
    let own = operation.call(&alice, alice.tenant()).await;
    assert!(own.status < 300, "{id}: {}", own.text);
}
