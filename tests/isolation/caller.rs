//! Operations about the caller: they show and change nothing of anybody else.

use super::operation::{MISSING, Operation, comparable};
use crate::auth::session_id;
use crate::support::{App, Client};

/// What an operation names if it is about this caller: a session, or a tenant.
pub(super) fn named(operation: &Operation<'_>, caller: &Client) -> String {
    match operation.template.contains("{id}") {
        true => session_id(caller),
        false => caller.tenant().to_owned(),
    }
}

pub(super) async fn check(app: &App, operation: &Operation<'_>) {
    let id = operation.id;
    let (alice, bob, carl) = (app.owner().await, app.owner().await, app.owner().await);
    let before = alice.feed().await;
    let hers = named(operation, &alice);
    operation.call(&app.anon(), &hers).await.refused(401, "authentication_required");
    let foreign = operation.call(&bob, &hers).await;
    let user = alice.session["user"]["id"].as_str().unwrap();
    // A refusal may repeat what the request said.
    let text = foreign.text.replace(&hers, "");
    let shown = [alice.tenant(), user].iter().any(|secret| text.contains(*secret));
    assert!(!shown, "{id}: {}", foreign.text);
    // What belongs to others cannot be told from what never existed.
    let absent = operation.call(&carl, MISSING).await;
    assert_eq!(foreign.status, absent.status, "{id}");
    if foreign.status >= 400 {
        assert_eq!(comparable(&foreign, &hers), comparable(&absent, MISSING), "{id}");
    }
    assert_eq!(alice.feed().await, before, "{id} left something with another tenant");
    let sessions = alice.get("/api/v1/me/sessions").await.expect(200);
    assert_eq!(sessions.body["items"].as_array().unwrap().len(), 1, "{id} ended another's session");
    // An operation that refuses everybody would pass. Nobody goes to a tenant where they are.
    let own = operation.call(&alice, &hers).await;
    assert!(own.status < 300 || own.status == 409, "{id}: {}", own.text);
}
