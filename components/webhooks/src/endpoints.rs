//! Endpoints: what may be written, and what becomes of their secrets and queues with them.

use kit::{Call, Change, Code, Error, Record, Scope, Seal, Violation, now, problem};
use serde::Deserialize;
use serde_json::Value as Json;

use crate::contract::WEBHOOK_ENDPOINTS;
use crate::secrets::{self, Fresh};
use crate::{patterns, queue, signature, target};

/// The most endpoints of a tenant.
const MOST: i64 = 100;
/// How long secrets before the newest go on signing, in seconds.
const GRACE: i64 = 86_400;
/// The most custom headers.
const HEADERS: usize = 20;
/// Headers that are the platform's own, and those that say how a message is framed.
const RESERVED: [&str; 14] = [
    "accept-encoding",
    "connection",
    "content-encoding",
    "content-length",
    "content-type",
    "expect",
    "host",
    "keep-alive",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "user-agent",
    "via",
];
const RESERVED_PREFIXES: [&str; 4] = ["webhook-", "x-webhook-", "x-signature", "proxy-"];

/// `POST /webhook-endpoints`
pub(crate) async fn create(call: &Call) -> kit::Result {
    let seal = Seal::load(call).await?;
    check(call, &seal)?;
    let mut endpoint = WEBHOOK_ENDPOINTS.draft(call)?;
    let given = call.document().get("secret").and_then(Json::as_str);
    let fresh = Fresh::make(&seal, endpoint.text("id"), given)?;
    endpoint.set_text("public_key", &fresh.public);
    let reply = call.write_sealed(&seal, |scope| {
        let endpoint = WEBHOOK_ENDPOINTS.add(call, scope, endpoint, rule)?;
        fresh.install(scope, endpoint.text("id"), 0)?;
        Ok(WEBHOOK_ENDPOINTS.created(&endpoint, &[("secret", &fresh.text)]))
    })?;
    Ok(reply.header("cache-control", "no-store"))
}

/// `PUT /webhook-endpoints/{id}`
pub(crate) async fn replace(call: &Call) -> kit::Result {
    check(call, &Seal::load(call).await?)?;
    WEBHOOK_ENDPOINTS.replace(call, rule)
}

/// `PATCH /webhook-endpoints/{id}`
pub(crate) async fn update(call: &Call) -> kit::Result {
    check(call, &Seal::load(call).await?)?;
    WEBHOOK_ENDPOINTS.merge(call, rule)
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
    let fresh = Fresh::make(&seal, call.path("id"), wanted.secret.as_deref())?;
    let grace = wanted.grace_seconds.map_or(GRACE, |seconds| seconds as i64) * 1000;
    let reply = call.write_sealed(&seal, |scope| {
        let mut endpoint = WEBHOOK_ENDPOINTS.find_to_change(call, scope)?;
        endpoint.set_text("public_key", &fresh.public);
        WEBHOOK_ENDPOINTS.write(call, scope, &mut endpoint, "updated")?;
        fresh.install(scope, endpoint.text("id"), grace)?;
        Ok(WEBHOOK_ENDPOINTS.reply_with(200, &endpoint, &[("secret", &fresh.text)]))
    })?;
    Ok(reply.header("cache-control", "no-store"))
}

/// What holds for every change of an endpoint.
pub(crate) fn rule(
    _: &Call,
    scope: &Scope<'_>,
    change: Change<'_>,
    before: Option<&Record>,
    endpoint: &mut Record,
) -> kit::Result<()> {
    match change {
        Change::Write if before.is_none() => {
            refuse_too_many(scope)?;
            queue::open(scope, endpoint)
        }
        Change::Write if endpoint.text("status") == "ENABLED" => queue::subscribe(scope, endpoint),
        Change::Write => Ok(()),
        Change::Delete => {
            secrets::SECRETS.forget(scope, endpoint.text("id"))?;
            queue::close(scope, endpoint.text("id"), now())
        }
        Change::Operation("enable") => {
            endpoint.set("disabled_reason", None);
            queue::open(scope, endpoint)
        }
        Change::Operation(_) => {
            endpoint.set_text("disabled_reason", "REQUESTED");
            queue::close(scope, endpoint.text("id"), now())
        }
    }
}

fn refuse_too_many(scope: &Scope<'_>) -> kit::Result<()> {
    let sql = "SELECT COUNT(*) FROM webhook_endpoints WHERE tenant_id = $1 AND deleted_at IS NULL";
    let count = scope.query(sql, [])?.into_iter().next().map_or(0, |mut row| row.integer());
    match count >= MOST {
        true => Err(problem(
            Code::Conflict,
            format!(
                "A tenant has {MOST} webhook endpoints at most; delete one that is not needed."
            ),
        )),
        false => Ok(()),
    }
}

/// What the schema cannot say of a body.
fn check(call: &Call, seal: &Seal) -> kit::Result<()> {
    let body = call.document();
    let mut found = Vec::new();
    let mut note = |pointer: String, message: &str| {
        found.push(Violation {
            pointer,
            code: "NOT_ALLOWED_VALUE".to_owned(),
            message: message.to_owned(),
            value: None,
        });
    };
    let url = body.get("url").and_then(Json::as_str);
    if let Some(why) = url.and_then(|url| target::refusal(url, seal.is_development())) {
        note("/url".to_owned(), why);
    }
    let types = body.get("event_types").and_then(Json::as_array).into_iter().flatten();
    for (at, pattern) in types.enumerate() {
        if !pattern.as_str().is_some_and(patterns::is_valid) {
            note(
                format!("/event_types/{at}"),
                "Must be a type such as `project.created`, an area such as `project.*`, or `*`.",
            );
        }
    }
    let headers = body.get("headers").and_then(Json::as_object);
    if headers.is_some_and(|headers| headers.len() > HEADERS) {
        note("/headers".to_owned(), "Must have at most 20 members.");
    }
    for (name, value) in headers.into_iter().flatten() {
        let pointer = || format!("/headers/{}", name.replace('~', "~0").replace('/', "~1"));
        let lower = name.to_ascii_lowercase();
        let reserved = RESERVED.contains(&lower.as_str())
            || RESERVED_PREFIXES.iter().any(|prefix| lower.starts_with(prefix));
        if http::HeaderName::from_bytes(name.as_bytes()).is_err() {
            note(pointer(), "Must be the name of a header.");
        } else if reserved {
            note(pointer(), "Is a header that the delivery sets itself.");
        }
        if value.as_str().is_some_and(|value| http::HeaderValue::from_str(value).is_err()) {
            note(pointer(), "Must be the value of a header: visible ASCII characters.");
        }
    }
    let secret = body.get("secret").and_then(Json::as_str);
    if secret.is_some_and(|secret| signature::decode(secret).is_none()) {
        found.extend(secrets::invalid().violations);
    }
    if found.is_empty() { Ok(()) } else { Err(Error::violations(found)) }
}
