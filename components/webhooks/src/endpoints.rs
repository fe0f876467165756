//! Endpoints: the rules for writing them, and what a write does to their secrets and queues.

use kit::{Action, Call, Change, Code, Error, Scope, Seal, now, signing_secret, target, values};
use serde::Deserialize;
use serde_json::Value as Json;

use crate::contract::{WEBHOOK_ENDPOINTS, endpoint};
use crate::secrets::{self, NewSecret};
use crate::violation::violation;
use crate::{credentials, headers, patterns, queue};

/// The most endpoints of a tenant.
const MAX_ENDPOINTS: i64 = 100;
/// How long the secrets before the newest go on signing if the request does not say, in seconds.
const DEFAULT_GRACE_SECONDS: i64 = 86_400;
/// `POST /webhook-endpoints`
pub(crate) async fn create(call: &Call) -> kit::Result {
    let seal = Seal::load(call).await?;
    check(call, &seal)?;
    let mut endpoint = WEBHOOK_ENDPOINTS.draft(call)?;
    let given = call.document().get("secret").and_then(Json::as_str);
    let fresh = NewSecret::make(&seal, endpoint.get(endpoint::ID)?, given)?;
    endpoint.set(endpoint::PUBLIC_KEY, &fresh.public)?;
    credentials::seal_values(&seal, None, &mut endpoint)?;
    let reply = call.write_sealed(&seal, |scope| {
        let endpoint = WEBHOOK_ENDPOINTS.add(call, scope, endpoint, rule)?;
        fresh.install(scope, endpoint.get(endpoint::ID)?, 0)?;
        WEBHOOK_ENDPOINTS.created(&endpoint, &[("secret", &fresh.text)])
    })?;
    Ok(reply.header("cache-control", "no-store"))
}

/// `PUT /webhook-endpoints/{id}`
pub(crate) async fn replace(call: &Call) -> kit::Result {
    let seal = Seal::load(call).await?;
    check(call, &seal)?;
    call.write_sealed(&seal, |scope| WEBHOOK_ENDPOINTS.replace_in(call, scope, &sealing(&seal)))
}

/// `PATCH /webhook-endpoints/{id}`
pub(crate) async fn update(call: &Call) -> kit::Result {
    let seal = Seal::load(call).await?;
    check(call, &seal)?;
    call.write_sealed(&seal, |scope| WEBHOOK_ENDPOINTS.merge_in(call, scope, &sealing(&seal)))
}

/// The rule for what a client writes. It also seals the headers.
fn sealing(seal: &Seal) -> impl Fn(Change<'_>) -> kit::Result<()> {
    move |change| {
        credentials::seal_values(seal, change.before, change.after)?;
        rule(change)
    }
}

#[derive(Deserialize)]
struct Rotation {
    secret: Option<String>,
    /// JSON may write a whole number as `60.0`.
    grace_seconds: Option<f64>,
}

/// `POST /webhook-endpoints/{id}/rotate-secret`
pub(crate) async fn rotate(call: &Call) -> kit::Result {
    let seal = Seal::load(call).await?;
    let wanted: Rotation = call.json()?;
    let fresh = NewSecret::make(&seal, call.path("id"), wanted.secret.as_deref())?;
    let grace = wanted.grace_seconds.map_or(DEFAULT_GRACE_SECONDS, |seconds| seconds as i64) * 1000;
    let reply = call.write_sealed(&seal, |scope| {
        let mut endpoint = WEBHOOK_ENDPOINTS.find_to_change(call, scope)?;
        call.refuse_revoked(scope)?;
        endpoint.set(endpoint::PUBLIC_KEY, &fresh.public)?;
        WEBHOOK_ENDPOINTS.write(call, scope, &mut endpoint, "updated")?;
        fresh.install(scope, endpoint.get(endpoint::ID)?, grace)?;
        WEBHOOK_ENDPOINTS.reply_with(200, &endpoint, &[("secret", &fresh.text)])
    })?;
    Ok(reply.header("cache-control", "no-store"))
}

/// The rule for every change of an endpoint.
pub(crate) fn rule(change: Change<'_>) -> kit::Result<()> {
    let Change { call, scope, action, before, after: endpoint } = change;
    // Otherwise a caller who has lost access could go on reading events by deliveries.
    call.refuse_revoked(scope)?;
    match action {
        Action::Write if before.is_none() => {
            refuse_too_many(scope)?;
            queue::open(scope, endpoint)
        }
        Action::Write if endpoint.get(endpoint::STATUS)? == "ENABLED" => {
            queue::subscribe(scope, endpoint)
        }
        Action::Write => Ok(()),
        Action::Delete => {
            let id = endpoint.get(endpoint::ID)?;
            secrets::SECRETS.delete_all(scope, id)?;
            forget_headers(scope, id)?;
            queue::close(scope, id, now())
        }
        Action::Operation("enable") => {
            endpoint.set(endpoint::DISABLED_REASON, None)?;
            queue::open(scope, endpoint)
        }
        Action::Operation(_) => {
            endpoint.set(endpoint::DISABLED_REASON, Some("REQUESTED"))?;
            queue::close(scope, endpoint.get(endpoint::ID)?, now())
        }
    }
}

/// Removes the credentials, for which a tombstone has no use.
fn forget_headers(scope: &Scope<'_>, id: &str) -> kit::Result<()> {
    let sql = "UPDATE webhook_endpoints SET headers = '{}' WHERE tenant_id = $1 AND id = $2";
    scope.execute(sql, values![id]).map(drop)
}

fn refuse_too_many(scope: &Scope<'_>) -> kit::Result<()> {
    let sql = "SELECT COUNT(*) FROM webhook_endpoints WHERE tenant_id = $1 AND deleted_at IS NULL";
    let count: i64 = scope.fetch_one(sql, [])?;
    match count >= MAX_ENDPOINTS {
        true => Err(Error::new(
            Code::Conflict,
            format!(
                "A tenant has {MAX_ENDPOINTS} webhook endpoints at most; delete one that is not needed."
            ),
        )),
        false => Ok(()),
    }
}

/// Checks what the schema cannot express about a body.
fn check(call: &Call, seal: &Seal) -> kit::Result<()> {
    let body = call.document();
    let mut found = Vec::new();
    let url = body.get("url").and_then(Json::as_str);
    if let Some(Err(why)) = url.map(|url| target::parse_url(url, seal.is_development())) {
        found.push(violation("/url".to_owned(), why));
    }
    let patterns = body.get("event_types").and_then(Json::as_array).into_iter().flatten();
    for (at, pattern) in patterns.enumerate() {
        if !patterns::is_valid(pattern.as_str().unwrap_or_default()) {
            found.push(violation(format!("/event_types/{at}"), &patterns::known()));
        }
    }
    let wrong = body.get("headers").and_then(Json::as_object).map(headers::check);
    let wrong = wrong.into_iter().flatten();
    found.extend(wrong.map(|(pointer, message)| violation(pointer, message)));
    let secret = body.get("secret").and_then(Json::as_str);
    if secret.is_some_and(|secret| signing_secret::decode(secret).is_none()) {
        found.extend(secrets::invalid().violations);
    }
    if found.is_empty() { Ok(()) } else { Err(Error::violations(found)) }
}
