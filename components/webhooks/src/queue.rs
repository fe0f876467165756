//! The queue of an endpoint: how far it has read the feed, and when it is due next.

use kit::metadata::DueWork;
use kit::{Record, Scope, Value, values};

use crate::contract::endpoint;
use crate::patterns;

/// The due time of a queue that has nothing to send, in milliseconds.
pub(crate) const NEVER: i64 = i64::MAX;

/// The sequence number of the newest event of the tenant. Inside a write no other writer of the
/// tenant can add an event.
pub(crate) fn newest(scope: &Scope<'_>) -> kit::Result<i64> {
    let newest: Option<i64> =
        scope.fetch_one("SELECT MAX(seq) FROM events WHERE tenant_id = $1", [])?;
    Ok(newest.unwrap_or(0))
}

/// Opens the queue of an endpoint. It starts after the newest event, so it takes only events from
/// now on.
pub(crate) fn open(scope: &Scope<'_>, endpoint: &Record) -> kit::Result<()> {
    scope.execute(
        "INSERT INTO webhook_queues (tenant_id, endpoint_id, patterns, position, due_at) \
         VALUES ($1, $2, $3, $4, $5) \
         ON CONFLICT (tenant_id, endpoint_id) DO UPDATE SET patterns = excluded.patterns, \
         position = excluded.position, due_at = excluded.due_at, paused_until = 0, failures = 0, \
         failing_since = NULL",
        values![
            endpoint.get(endpoint::ID)?,
            patterns::joined(&endpoint.get(endpoint::EVENT_TYPES)?),
            newest(scope)?,
            NEVER,
        ],
    )?;
    Ok(())
}

/// Changes the event types of a queue. If events that match the old patterns are still unsent, then
/// the queue keeps its position, so that none of them is lost. Otherwise it moves to the newest
/// event.
pub(crate) fn subscribe(scope: &Scope<'_>, endpoint: &Record) -> kit::Result<()> {
    let id = endpoint.get(endpoint::ID)?;
    let patterns = patterns::joined(&endpoint.get(endpoint::EVENT_TYPES)?);
    let found = scope.fetch_optional::<(String, i64)>(
        "SELECT patterns, position FROM webhook_queues WHERE tenant_id = $1 AND endpoint_id = $2",
        values![id],
    )?;
    let Some((before, position)) = found else { return Ok(()) };
    if before == patterns {
        return Ok(());
    }
    let position = if has_more(scope, &before, position)? { position } else { newest(scope)? };
    let sql = "UPDATE webhook_queues SET patterns = $2, position = $3 \
         WHERE tenant_id = $1 AND endpoint_id = $4";
    scope.execute(sql, values![&patterns, position, id]).map(drop)
}

/// Whether the feed has events after `position` that match these patterns.
pub(crate) fn has_more(scope: &Scope<'_>, patterns: &str, position: i64) -> kit::Result<bool> {
    let (takes, values) = patterns::condition(patterns, 3);
    let sql =
        format!("SELECT seq FROM events WHERE tenant_id = $1 AND seq > $2 AND {takes} LIMIT 1");
    let position = values![position];
    let values = position.into_iter().chain(values.into_iter().map(Value::Text));
    Ok(!scope.query(&sql, values)?.is_empty())
}

/// Stops sending: the queue matches no more events, and its pending deliveries fail.
pub(crate) fn close(scope: &Scope<'_>, endpoint: &str, now: i64) -> kit::Result<()> {
    scope.execute(
        "UPDATE webhook_queues SET patterns = '', due_at = $2 \
         WHERE tenant_id = $1 AND endpoint_id = $3",
        values![NEVER, endpoint],
    )?;
    scope.execute(
        "UPDATE webhook_deliveries SET status = 'FAILED', exhausted_at = $2, updated_at = $2 \
         WHERE tenant_id = $1 AND endpoint_id = $3 AND status = 'PENDING'",
        values![now, endpoint],
    )?;
    Ok(())
}

/// Makes the queue due at once, and wakes the dispatcher.
pub(crate) fn wake(scope: &Scope<'_>, endpoint: &str) -> kit::Result<()> {
    let sql = "UPDATE webhook_queues SET due_at = 0, paused_until = 0 \
         WHERE tenant_id = $1 AND endpoint_id = $2";
    scope.execute(sql, values![endpoint])?;
    scope.wake(DueWork::Webhooks);
    Ok(())
}
