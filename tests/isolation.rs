//! Tenant isolation over the whole contract. How an operation is called follows from its method and
//! its path. If it needs a body, then it has a row here, and `coverage.rs` fails if the row is
//! missing.
//!
//! If an operation works on an object, then a tenant gets the same answer for another tenant's
//! object and for one that never existed. The object stays unchanged, and no event tells of the
//! request.

mod caller;
mod objects;
mod operation;
mod public;

use http::Method;
use serde_json::{Value, json};

use crate::support::App;
use crate::support::contract::operations;
use crate::support::server::PASSWORD;
use crate::tenants;

pub use objects::{ATTEMPT, COLLECTIONS, collection, make, read_scopes};
pub use operation::{Row, is_public};

use objects::endpoint;
use operation::{MISSING, Operation, comparable};

fn user() -> Value {
    json!({ "email": "taken.over@example.com", "name": "taken over" })
}

fn named() -> Value {
    json!({ "name": "taken over" })
}

fn password(_: &str) -> Option<Value> {
    Some(json!({ "current_password": PASSWORD, "new_password": "seven quiet lamps drift" }))
}

fn since() -> Value {
    json!({ "since": "2020-01-01T00:00:00Z" })
}

/// What the contract does not say of an operation: an example of its body, or a query.
pub const ROWS: &[(&str, Row)] = &[
    ("create-client", Row::Create(|| json!({ "name": "x", "scopes": ["projects:read"] }))),
    ("stream-events", Row::List("?from=beginning")),
    ("create-project", Row::Create(named)),
    ("replace-project", Row::Object(|| Some(named()))),
    ("update-project", Row::Object(|| Some(named()))),
    ("bulk-projects", Row::Bulk(|id| json!({ "action": "DELETE", "ids": [id] }))),
    ("create-user", Row::Create(user)),
    ("replace-user", Row::Object(|| Some(user()))),
    ("update-user", Row::Object(|| Some(user()))),
    ("create-team", Row::Create(named)),
    ("replace-team", Row::Object(|| Some(named()))),
    ("update-team", Row::Object(|| Some(named()))),
    ("create-webhook-endpoint", Row::Create(endpoint)),
    ("replace-webhook-endpoint", Row::Object(|| Some(endpoint()))),
    ("update-webhook-endpoint", Row::Object(|| Some(endpoint()))),
    ("recover-webhook-endpoint", Row::Object(|| Some(since()))),
    ("replay-missing-webhook-endpoint", Row::Object(|| Some(since()))),
    ("create-integration", Row::Create(|| json!({ "provider": "GITHUB", "name": "x" }))),
    ("update-integration", Row::Object(|| Some(named()))),
    ("get-me", Row::Caller(|_| None)),
    ("logout", Row::Caller(|_| None)),
    ("list-sessions", Row::Caller(|_| None)),
    ("delete-session", Row::Caller(|_| None)),
    ("end-others-sessions", Row::Caller(|_| None)),
    ("replace-password", Row::Caller(password)),
    ("switch-tenant", Row::Caller(|tenant| Some(json!({ "tenant_id": tenant })))),
    ("connect-integration", Row::Object(|| Some(json!({ "state": "x" })))),
];

/// The row of an operation of the contract: the one of the table, or else what its method and its
/// path say.
fn row(method: &str, template: &str, document: &Value) -> Row {
    let id = document["operationId"].as_str().unwrap();
    let row = ROWS.iter().find(|(name, _)| *name == id).map(|(_, row)| *row);
    match row {
        _ if is_public(document) => Row::Public,
        Some(row) => row,
        None if template.contains("{id}") => Row::Object(|| None),
        None if method == "GET" => Row::List(""),
        None => panic!("{id} has no row in tests/isolation.rs"),
    }
}

fn operation<'a>(method: &str, template: &'a str, document: &'a Value) -> Operation<'a> {
    Operation {
        id: document["operationId"].as_str().unwrap(),
        method: Method::from_bytes(method.as_bytes()).unwrap(),
        template,
        row: row(method, template, document),
    }
}

async fn check(app: &App, operation: &Operation<'_>) {
    if matches!(operation.row, Row::Public) {
        return public::check(app, operation).await;
    }
    if matches!(operation.row, Row::Caller(_)) {
        return caller::check(app, operation).await;
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
        Row::Public | Row::Caller(_) => {}
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
        let operation = operation(method, template, document);
        if matches!(operation.row, Row::Public) {
            continue;
        }
        let owner = app.owner().await;
        let object = match operation.row {
            Row::Caller(_) => caller::named(&operation, &owner),
            _ => make(app, &owner, collection(operation.template), "mine").await.id().to_owned(),
        };
        let answer = operation.call(&owner, &object).await;
        let (id, status) = (operation.id, answer.status);
        assert!(status < 500, "{id}: {status} {}", answer.text);
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
            check_condition(&app, &operation(method, template, document)).await;
            count += 1;
        }
        assert!(count > 20, "{count} of them were found");
    }

    /// Every operation of the contract keeps tenants apart, row by row.
    async fn every_operation(app) {
        for (method, template, document) in operations() {
            check(&app, &operation(method, template, document)).await;
        }
    }
}
