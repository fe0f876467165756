//! `POST /auth/clients`: machine clients of a tenant (OAuth 2.0 client credentials).

use kit::{Call, Error, Event, Reply, Value};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::{SCOPES, secret, text};
use kit::Seal;

#[derive(Deserialize)]
struct Draft {
    name: String,
    scopes: Vec<String>,
}

/// A client as its maker sees it, once.
#[derive(Serialize)]
struct Client {
    client_id: String,
    client_secret: String,
    name: String,
    scopes: Vec<String>,
    created_at: String,
}

pub(crate) async fn create(call: &Call) -> kit::Result {
    let draft: Draft = call.json()?;
    check(call, &draft.scopes)?;
    let now = kit::now();
    let client = Client {
        client_id: kit::id("cli"),
        client_secret: secret::new("cs")?,
        name: draft.name,
        scopes: draft.scopes,
        created_at: kit::rfc3339(now),
    };
    let seal = Seal::load(call).await?;
    call.write_sealed(&seal, |scope| {
        scope.execute_one(
            "INSERT INTO clients (tenant_id, id, name, secret_hash, scopes, created_by, created_at) \
             VALUES ($1, $2, $3, $4, $5, $6, $7)",
            [
                text(&client.client_id),
                text(&client.name),
                text(&secret::hash(&client.client_secret)),
                text(&client.scopes.join(" ")),
                text(call.caller()?.id()),
                Value::Integer(now),
            ],
        )?;
        scope.emit(Event {
            kind: "client.created",
            subject: &client.client_id,
            source_agent: "auth",
            data: json!({
                "id": client.client_id, "name": client.name, "scopes": client.scopes,
                "created_at": client.created_at,
            })
            .to_string(),
        })?;
        Ok(Reply::created(&client)?.header("cache-control", "no-store"))
    })
}

/// A client may get what its maker holds, and nothing more.
fn check(call: &Call, scopes: &[String]) -> kit::Result<()> {
    let caller = call.caller()?;
    let mut errors = scopes.iter().enumerate().filter_map(|(index, scope)| {
        let message = if !SCOPES.contains(&scope.as_str()) {
            "There is no such scope."
        } else if !caller.has_scope(scope) {
            "You cannot grant a scope that you do not hold."
        } else {
            return None;
        };
        Some(Error::violation(&format!("/scopes/{index}"), "NOT_ALLOWED_VALUE", message))
    });
    let Some(mut first) = errors.next() else { return Ok(()) };
    first.violations.extend(errors.flat_map(|error| error.violations));
    Err(first)
}
