//! Sends events again: a test event, one attempt, deliveries that failed, and events that were
//! never sent.

use kit::{Call, Code, Error, Event, Record, Reply, Scope, Value, milliseconds, now, values};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::contract::{WEBHOOK_ENDPOINTS, endpoint};
use crate::{patterns, queue};

/// The most deliveries that one call makes due.
const BATCH: i64 = 10_000;

#[derive(Serialize)]
struct Delivery<'a> {
    endpoint_id: &'a str,
    event_id: &'a str,
    status: &'static str,
}

#[derive(Deserialize)]
struct Window {
    since: String,
    until: Option<String>,
}

#[derive(Serialize)]
struct ReplayResult {
    deliveries: u64,
    more: bool,
}

impl ReplayResult {
    fn new(deliveries: u64) -> Self {
        Self { deliveries, more: i64::try_from(deliveries).is_ok_and(|count| count >= BATCH) }
    }
}

/// The endpoint in the path. It must be enabled.
fn enabled(call: &Call, scope: &Scope<'_>) -> kit::Result<Record> {
    let endpoint = WEBHOOK_ENDPOINTS.find_to_change(call, scope)?;
    match endpoint.get(endpoint::STATUS)? {
        "ENABLED" => Ok(endpoint),
        _ => Err(Error::new(Code::Conflict, "The endpoint is disabled; enable it first.")),
    }
}

/// `POST /webhook-endpoints/{id}/test`
pub(crate) fn test(call: &Call) -> kit::Result {
    call.write(|scope| {
        let endpoint = enabled(call, scope)?;
        let id = endpoint.get(endpoint::ID)?;
        let event = scope.emit(Event {
            kind: patterns::TEST,
            subject: id,
            source_agent: "webhooks",
            data: json!({ "endpoint_id": id }).to_string(),
        })?;
        make_due(scope, id, &event)?;
        Reply::accepted(&Delivery { endpoint_id: id, event_id: &event, status: "PENDING" })
    })
}

/// `POST /webhook-endpoints/{id}/attempts/{attempt_id}/resend`
pub(crate) fn resend(call: &Call) -> kit::Result {
    call.write(|scope| {
        let endpoint = enabled(call, scope)?;
        let id = endpoint.get(endpoint::ID)?;
        let attempt = call.path("attempt_id");
        let found = scope.fetch_optional::<String>(
            "SELECT event_id FROM webhook_attempts \
             WHERE tenant_id = $1 AND id = $2 AND endpoint_id = $3",
            values![attempt, id],
        )?;
        let event = found.ok_or_else(|| Error::not_found("attempt", attempt))?;
        if make_due(scope, id, &event)? == 0 {
            return Err(Error::new(
                Code::ResourceGone,
                "The event of this attempt was removed, because it is too old.",
            ));
        }
        Reply::accepted(&Delivery { endpoint_id: id, event_id: &event, status: "PENDING" })
    })
}

/// Makes the delivery of one event due now. Returns 0 if there is no such event.
fn make_due(scope: &Scope<'_>, endpoint: &str, event: &str) -> kit::Result<u64> {
    let count = scope.execute(
        "INSERT INTO webhook_deliveries (tenant_id, endpoint_id, event_id, event_seq, \
         event_type, subject, status, attempts, due_at, created_at, updated_at) \
         SELECT tenant_id, $2, id, seq, type, subject, 'PENDING', 0, 0, $3, $3 FROM events \
         WHERE tenant_id = $1 AND id = $4 \
         ON CONFLICT (tenant_id, endpoint_id, event_id) DO UPDATE SET status = 'PENDING', \
         due_at = 0, updated_at = excluded.updated_at",
        values![endpoint, now(), event],
    )?;
    queue::wake(scope, endpoint)?;
    Ok(count)
}

/// `POST /webhook-endpoints/{id}/recover`
pub(crate) fn recover(call: &Call) -> kit::Result {
    let (since, until) = window(call)?;
    call.write(|scope| {
        let endpoint = enabled(call, scope)?;
        let id = endpoint.get(endpoint::ID)?;
        // Oldest first: a delivery beyond the limit is newer, and the next call takes it.
        let count = scope.execute(
            "UPDATE webhook_deliveries SET status = 'PENDING', attempts = 0, due_at = 0, \
             updated_at = $2 WHERE tenant_id = $1 AND endpoint_id = $3 AND event_id IN \
             (SELECT event_id FROM webhook_deliveries WHERE tenant_id = $1 AND endpoint_id = $3 \
             AND status = 'FAILED' AND updated_at >= $4 AND updated_at < $5 \
             ORDER BY updated_at LIMIT $6)",
            values![now(), id, since, until, BATCH],
        )?;
        queue::wake(scope, id)?;
        Reply::accepted(&ReplayResult::new(count))
    })
}

/// `POST /webhook-endpoints/{id}/replay-missing`
pub(crate) fn missing(call: &Call) -> kit::Result {
    let (since, until) = window(call)?;
    call.write(|scope| {
        let endpoint = enabled(call, scope)?;
        let id = endpoint.get(endpoint::ID)?;
        let patterns = patterns::joined(&endpoint.get(endpoint::EVENT_TYPES)?);
        let (takes, values) = patterns::condition(&patterns, 6);
        // Events after the position of the queue are sent from the feed anyway.
        let sql = format!(
            "INSERT INTO webhook_deliveries (tenant_id, endpoint_id, event_id, event_seq, \
             event_type, subject, status, attempts, due_at, created_at, updated_at) \
             SELECT e.tenant_id, $2, e.id, e.seq, e.type, e.subject, 'PENDING', 0, 0, $3, $3 \
             FROM events e WHERE e.tenant_id = $1 AND created_at >= $4 AND created_at < $5 \
             AND {takes} AND e.seq <= (SELECT position FROM webhook_queues \
             WHERE tenant_id = $1 AND endpoint_id = $2) \
             AND NOT EXISTS (SELECT 1 FROM webhook_deliveries d WHERE d.tenant_id = $1 \
             AND d.endpoint_id = $2 AND d.event_id = e.id) \
             ORDER BY e.seq LIMIT ${} ON CONFLICT DO NOTHING",
            6 + values.len()
        );
        let first = values![id, now(), since, until];
        let rest = values.into_iter().map(Value::Text).chain(values![BATCH]);
        let count = scope.execute(&sql, first.into_iter().chain(rest))?;
        queue::wake(scope, id)?;
        Reply::accepted(&ReplayResult::new(count))
    })
}

/// The window of a body, in milliseconds: from `since` to before `within_bytes`.
fn window(call: &Call) -> kit::Result<(i64, i64)> {
    let window: Window = call.json()?;
    let since = milliseconds(&window.since).unwrap_or_default();
    let until = window.until.as_deref().and_then(milliseconds).unwrap_or(i64::MAX);
    if since >= until {
        return Err(Error::violation("/until", "NOT_ALLOWED_VALUE", "Must be after `since`."));
    }
    Ok((since, until))
}
