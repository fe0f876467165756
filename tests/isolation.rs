//! Tenant isolation over the whole contract: each operation has a row here, and
//! `coverage.rs` fails for one that has none.
//!
//! For an operation on an object: another tenant's answer for this object and for one
//! that never existed are the same, and the object is untouched.

use http::Method;
use serde_json::{Value, json};

use crate::placements;
use crate::support::{App, Client, Exchange};

/// How an operation meets the tenants.
pub enum Row {
    /// It needs no credential and shows no tenant's data.
    Public,
    /// It lists what the caller's tenant has; the body is empty.
    List,
    /// It makes something in the caller's tenant.
    Create(fn() -> Value),
    /// It works on one object of the caller's tenant.
    Object(fn() -> Option<Value>),
}

/// A row for each `operationId`.
pub const ROWS: &[(&str, Row)] = &[
    ("register", Row::Public),
    ("login", Row::Public),
    ("issue-token", Row::Public),
    ("get-jwks", Row::Public),
    ("get-openapi", Row::Public),
    ("get-api-docs", Row::Public),
    ("list-errors", Row::Public),
    ("get-error", Row::Public),
    ("create-client", Row::Create(|| json!({ "name": "x", "scopes": ["projects:read"] }))),
    ("list-events", Row::List),
    ("list-projects", Row::List),
    ("create-project", Row::Create(|| json!({ "name": "x" }))),
    ("get-project", Row::Object(|| None)),
    ("replace-project", Row::Object(|| Some(json!({ "name": "taken over" })))),
    ("update-project", Row::Object(|| Some(json!({ "name": "taken over" })))),
    ("delete-project", Row::Object(|| None)),
];

async fn send(client: &Client, method: &str, path: &str, body: Option<Value>) -> Exchange {
    let method = Method::from_bytes(method.as_bytes()).unwrap();
    match body {
        Some(body) => client.json(method, path, &body, &[]).await,
        None => client.send(method, path, &[], None).await,
    }
}

/// What is the same whoever and whatever was asked for.
fn comparable(exchange: &Exchange, id: &str) -> String {
    let trace = exchange.body["trace_id"].as_str().unwrap_or_default();
    let mut headers: Vec<_> = exchange
        .headers
        .iter()
        .filter(|(name, _)| {
            !name.as_str().starts_with("x-") && *name != "date" && *name != "content-length"
        })
        .map(|(name, value)| format!("{name}: {value:?}"))
        .collect();
    headers.sort();
    format!(
        "{} {headers:?} {}",
        exchange.status,
        exchange.text.replace(id, "[id]").replace(trace, "[trace]")
    )
}

async fn check(app: &App, method: &str, template: &str, id: &str, row: &Row) {
    let (alice, bob) = (app.owner().await, app.owner().await);
    let marker = format!("marker-{}", alice.tenant());
    let made = alice.post("/api/v1/projects", &json!({ "name": marker })).await.expect(201);
    let no_scope = scopeless(app, &alice).await;
    match row {
        Row::Public => {}
        Row::List => {
            app.anon().get(template).await.refused(401, "authentication_required");
            no_scope.get(template).await.refused(403, "insufficient_scope");
            let seen = bob.get(template).await.expect(200);
            assert!(
                !seen.text.contains(&marker) && !seen.text.contains(alice.tenant()),
                "{id}: {}",
                seen.text
            );
            let own = alice.get(template).await.expect(200);
            assert!(own.text.contains(&marker), "{id} shows the marker to its own tenant");
        }
        Row::Create(body) => {
            send(&app.anon(), method, template, Some(body()))
                .await
                .refused(401, "authentication_required");
            send(&no_scope, method, template, Some(body()))
                .await
                .refused(403, "insufficient_scope");
            let before = alice.get("/api/v1/events").await.body;
            send(&bob, method, template, Some(body())).await.expect(201);
            assert_eq!(
                alice.get("/api/v1/events").await.body,
                before,
                "{id} left something with another tenant"
            );
        }
        Row::Object(body) => {
            let path = |object: &str| template.replace("{id}", object);
            let missing = "prj_0000000000000000000000";
            send(&app.anon(), method, &path(made.id()), body())
                .await
                .refused(401, "authentication_required");
            send(&no_scope, method, &path(made.id()), body())
                .await
                .refused(403, "insufficient_scope");
            let foreign = send(&bob, method, &path(made.id()), body())
                .await
                .refused(404, "resource_not_found");
            let absent =
                send(&bob, method, &path(missing), body()).await.refused(404, "resource_not_found");
            assert_eq!(comparable(&foreign, made.id()), comparable(&absent, missing), "{id}");
            let after = alice.get(&format!("/api/v1/projects/{}", made.id())).await.expect(200);
            assert_eq!(after.body, made.body, "{id} changed another tenant's object");
        }
    }
}

/// A credential of the tenant that holds a scope no operation here needs.
async fn scopeless(app: &App, owner: &Client) -> Client {
    use jwt_simple::prelude::*;
    let key = crate::gateway::issuer_key(app);
    let claims = Claims::with_custom_claims(
        json!({ "tenant_id": owner.tenant(), "scopes": ["none"] }),
        Duration::from_mins(5),
    )
    .with_issuer("tenantry")
    .with_audience("tenantry")
    .with_subject("usr_scopeless");
    owner.with_token(&key.sign(claims).unwrap())
}

placements! {
    /// Every operation of the contract, row by row.
    async fn every_operation(app) {
        for (method, template, operation) in crate::support::contract::operations() {
            let id = operation["operationId"].as_str().unwrap();
            let (_, row) = ROWS.iter().find(|(name, _)| *name == id).unwrap_or_else(|| panic!("no isolation row for {id}"));
            check(&app, &method, &template, id, row).await;
        }
    }
}
