//! Tenant isolation over the whole contract: each operation has a row here, and `coverage.rs` fails
//! if one has none.
//!
//! If an operation works on an object, then a tenant gets the same answer for another tenant's
//! object and for one that never existed. The object stays unchanged, and no event tells of the
//! request.

mod objects;
mod operation;
mod public;

use http::Method;
use serde_json::{Value, json};

use crate::support::App;
use crate::support::contract::operations;
use crate::tenants;

pub use objects::{ATTEMPT, COLLECTIONS, collection, make, read_scopes};
pub use operation::Row;

use objects::endpoint;
use operation::{MISSING, Operation, comparable};

fn user() -> Value {
    json!({ "email": "taken.over@example.com", "name": "taken over" })
}

fn named() -> Value {
    json!({ "name": "taken over" })
}

fn since() -> Value {
    json!({ "since": "2020-01-01T00:00:00Z" })
}

/// A row for each `operationId`.
pub const ROWS: &[(&str, Row)] = &[
    ("register", Row::Public),
    ("login", Row::Public),
    ("issue-token", Row::Public),
    ("get-jwks", Row::Public),
    ("get-openapi", Row::Public),
    ("get-api-docs", Row::Public),
    ("get-native-openapi", Row::Public),
    ("list-errors", Row::Public),
    ("get-error", Row::Public),
    ("create-client", Row::Create(|| json!({ "name": "x", "scopes": ["projects:read"] }))),
    ("list-clients", Row::List("")),
    ("get-client", Row::Object(|| None)),
    ("delete-client", Row::Object(|| None)),
    ("enable-client", Row::Object(|| None)),
    ("disable-client", Row::Object(|| None)),
    ("rotate-secret-client", Row::Object(|| None)),
    ("list-events", Row::List("")),
    ("stream-events", Row::List("?from=beginning")),
    ("get-event", Row::Object(|| None)),
    ("tick", Row::Public),
    ("list-limits", Row::Public),
    ("replace-limit", Row::Public),
    ("delete-limit", Row::Public),
    ("list-projects", Row::List("")),
    ("create-project", Row::Create(named)),
    ("get-project", Row::Object(|| None)),
    ("get-project-owner", Row::Object(|| None)),
    ("replace-project", Row::Object(|| Some(named()))),
    ("update-project", Row::Object(|| Some(named()))),
    ("delete-project", Row::Object(|| None)),
    ("activate-project", Row::Object(|| None)),
    ("pause-project", Row::Object(|| None)),
    ("complete-project", Row::Object(|| None)),
    ("archive-project", Row::Object(|| None)),
    ("bulk-projects", Row::Bulk(|id| json!({ "action": "DELETE", "ids": [id] }))),
    ("list-users", Row::List("")),
    ("create-user", Row::Create(user)),
    ("get-user", Row::Object(|| None)),
    ("replace-user", Row::Object(|| Some(user()))),
    ("update-user", Row::Object(|| Some(user()))),
    ("delete-user", Row::Object(|| None)),
    ("get-user-manager", Row::Object(|| None)),
    ("get-team-lead", Row::Object(|| None)),
    ("list-user-teams", Row::Object(|| None)),
    ("list-teams", Row::List("")),
    ("create-team", Row::Create(named)),
    ("get-team", Row::Object(|| None)),
    ("replace-team", Row::Object(|| Some(named()))),
    ("update-team", Row::Object(|| Some(named()))),
    ("delete-team", Row::Object(|| None)),
    ("list-notices", Row::List("")),
    ("get-notice", Row::Object(|| None)),
    ("list-event-attempts", Row::Object(|| None)),
    ("list-webhook-endpoints", Row::List("")),
    ("create-webhook-endpoint", Row::Create(endpoint)),
    ("get-webhook-endpoint", Row::Object(|| None)),
    ("replace-webhook-endpoint", Row::Object(|| Some(endpoint()))),
    ("update-webhook-endpoint", Row::Object(|| Some(endpoint()))),
    ("delete-webhook-endpoint", Row::Object(|| None)),
    ("enable-webhook-endpoint", Row::Object(|| None)),
    ("disable-webhook-endpoint", Row::Object(|| None)),
    ("test-webhook-endpoint", Row::Object(|| None)),
    ("rotate-secret-webhook-endpoint", Row::Object(|| None)),
    ("recover-webhook-endpoint", Row::Object(|| Some(since()))),
    ("replay-missing-webhook-endpoint", Row::Object(|| Some(since()))),
    ("list-webhook-endpoint-attempts", Row::Object(|| None)),
    ("resend-webhook-attempt", Row::Object(|| None)),
    ("get-webhook-endpoint-statistics", Row::Object(|| None)),
    ("list-integrations", Row::List("")),
    ("create-integration", Row::Create(|| json!({ "provider": "GITHUB", "name": "x" }))),
    ("get-integration", Row::Object(|| None)),
    ("update-integration", Row::Object(|| Some(named()))),
    ("delete-integration", Row::Object(|| None)),
    ("get-integration-health", Row::Object(|| None)),
    ("rotate-secret-integration", Row::Object(|| None)),
    ("authorize-integration", Row::Object(|| None)),
    ("connect-integration", Row::Object(|| Some(json!({ "state": "x" })))),
    ("get-integration-token", Row::Object(|| None)),
    ("list-integration-endpoints", Row::Object(|| None)),
    ("receive-webhook", Row::Public),
    ("receive-integration-webhook", Row::Public),
    ("receive-billing-webhook", Row::Public),
];

async fn check(app: &App, operation: &Operation<'_>) {
    if matches!(operation.row, Row::Public) {
        return public::check(app, operation).await;
    }
    let (id, collection) = (operation.id, collection(operation.template));
    let (alice, bob) = (app.owner().await, app.owner().await);
    let marker = format!("marker-{}", alice.tenant());
    let made = make(app, &alice, collection, &marker).await;
    let before = alice.feed().await;
    let no_scope = tenants::caller(app, &alice, &[], &["none"]);
    operation.call(&app.anon(), made.id()).await.refused(401, "authentication_required");
    operation.call(&no_scope, made.id()).await.refused(403, "insufficient_scope");
    match operation.row {
        Row::Public => {}
        Row::List(_) => {
            let seen = operation.call(&bob, made.id()).await.expect(200).text;
            assert!(!seen.contains(&marker) && !seen.contains(alice.tenant()), "{id}: {seen}");
            let own = operation.call(&alice, made.id()).await.expect(200).text;
            assert!(own.contains(&marker), "{id} shows the marker to its own tenant: {own}");
        }
        Row::Create(_) => {
            let own = operation.call(&bob, made.id()).await.expect(201);
            assert_eq!(own.body["tenant_id"], bob.tenant(), "{id}");
        }
        Row::Object(_) | Row::Bulk(_) => {
            let foreign = operation.call(&bob, made.id()).await;
            let absent = operation.call(&bob, MISSING).await;
            let (status, error) = match operation.row {
                Row::Bulk(_) => (200, &absent.body["results"][0]["error"]),
                _ => (404, &absent.body["error"]),
            };
            assert_eq!((absent.status, error), (status, &json!("resource_not_found")), "{id}");
            assert_eq!(comparable(&foreign, made.id()), comparable(&absent, MISSING), "{id}");
        }
    }
    let after = alice.get(&format!("/api/v1/{collection}/{}", made.id())).await.expect(200);
    assert_eq!(after.body, made.body, "{id} changed another tenant's object");
    assert_eq!(alice.feed().await, before, "{id} left something with another tenant");
    // An operation that finds nothing for anybody would pass.
    if let Row::Object(_) = operation.row {
        let own = operation.call(&alice, made.id()).await;
        // A related object that is not there is a 404 too, which names the relation.
        let is_empty = own.body["details"]["empty_relation"].is_string();
        assert!(is_empty || own.error() != "resource_not_found", "{id}: {}", own.text);
    }
}

/// Whether an operation of the contract takes `If-Match`.
fn is_conditional(document: &Value) -> bool {
    let parameters = document["parameters"].as_array().into_iter().flatten();
    let mut named = parameters.filter_map(|it| it["$ref"].as_str());
    named.any(|name| name.ends_with("/IfMatch") || name.ends_with("/IfMatchRequired"))
}

/// A precondition that does not hold stops every write for which the contract names preconditions
/// (RFC 9110 section 13.2.1), and nothing happens.
async fn check_condition(app: &App, operation: &Operation<'_>) {
    let (id, collection) = (operation.id, collection(operation.template));
    let owner = app.owner().await;
    let marker = format!("marker-{}", owner.tenant());
    let made = make(app, &owner, collection, &marker).await;
    let before = owner.feed().await;
    let past = ("if-unmodified-since", "Thu, 01 Jan 1970 00:00:00 GMT");
    for condition in [("if-match", "\"v999\""), ("if-match", "x"), ("if-none-match", "*"), past] {
        let needed = (operation.method == Method::PUT && condition.0 != "if-match")
            .then_some(("if-match", "*"));
        // If a tag is required, then the date is ignored.
        if needed.is_some() && condition == past {
            continue;
        }
        let headers: Vec<_> = needed.into_iter().chain([condition]).collect();
        let refused = operation.call_if(&owner, made.id(), &headers).await;
        assert_eq!(
            (refused.status, &refused.body["error"]),
            (412, &json!("precondition_failed")),
            "{id} {condition:?}"
        );
    }
    let after = owner.get(&format!("/api/v1/{collection}/{}", made.id())).await.expect(200);
    assert_eq!(after.body, made.body, "{id} changed the object all the same");
    assert_eq!(owner.feed().await, before, "{id} told of a change");
}

/// Owners call each operation of a tenant on their own objects, and no answer is a 5xx.
pub async fn asked_by_owners(app: &App) {
    for (method, template, document) in operations() {
        let id = document["operationId"].as_str().unwrap();
        let (_, row) = ROWS.iter().find(|(name, _)| *name == id).unwrap();
        if matches!(row, Row::Public) {
            continue;
        }
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        let operation = Operation { id, method, template, row };
        let owner = app.owner().await;
        let made = make(app, &owner, collection(operation.template), "mine").await;
        let answer = operation.call(&owner, made.id()).await;
        assert!(answer.status < 500, "{id}: {} {}", answer.status, answer.text);
    }
}

everywhere! {
    /// Every write of the contract that accepts preconditions heeds them.
    async fn every_condition(app) {
        let mut count = 0;
        for (method, template, document) in operations() {
            if !is_conditional(document) {
                continue;
            }
            let id = document["operationId"].as_str().unwrap();
            let (_, row) = ROWS.iter().find(|(name, _)| *name == id).unwrap_or_else(|| panic!("no isolation row for {id}"));
            let method = Method::from_bytes(method.as_bytes()).unwrap();
            check_condition(&app, &Operation { id, method, template, row }).await;
            count += 1;
        }
        assert!(count > 20, "{count} of them were found");
    }

    /// Every operation of the contract keeps tenants apart, row by row.
    async fn every_operation(app) {
        for (method, template, document) in operations() {
            let id = document["operationId"].as_str().unwrap();
            let (_, row) = ROWS.iter().find(|(name, _)| *name == id).unwrap_or_else(|| panic!("no isolation row for {id}"));
            let method = Method::from_bytes(method.as_bytes()).unwrap();
            check(&app, &Operation { id, method, template, row }).await;
        }
    }
}
