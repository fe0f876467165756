//! The receipt of an idempotency key: what a write answered, kept in the transaction of
//! the write (design: the truth behind the gateway's key-value store).

use crate::scope::Scope;
use crate::sql::Value;
use crate::{Call, Code, Error, Internal, Reply, problem};

/// How long a receipt is kept, in milliseconds: a day.
const KEPT: i64 = 86_400_000;

/// Runs `work`, or answers what it answered before.
pub(crate) fn once(
    call: &Call,
    scope: &Scope<'_>,
    work: impl FnOnce() -> Result<Reply, Error>,
) -> Result<Reply, Error> {
    let (Some(key), Some(fingerprint)) =
        (call.header("idempotency-key"), call.header("idempotency-fingerprint"))
    else {
        return work();
    };
    let text = |text: &str| Value::Text(text.to_owned());
    let now = crate::now();
    let found = scope.query(
        "SELECT expires_at, fingerprint, status, headers, body FROM idempotency_receipts \
         WHERE tenant_id = $1 AND key = $2",
        [text(key)],
    )?;
    let mut found = found.into_iter().next();
    if found.as_mut().is_some_and(|row| row.integer() <= now) {
        // The sweep has not come by yet.
        let sql = "DELETE FROM idempotency_receipts WHERE tenant_id = $1 AND key = $2";
        scope.execute(sql, [text(key)])?;
        found = None;
    }
    if let Some(mut row) = found {
        if row.text() != fingerprint {
            return Err(problem(
                Code::IdempotencyKeyReused,
                "This Idempotency-Key was used with another body; use a new key for a new request.",
            ));
        }
        let status = u16::try_from(row.integer()).internal()?;
        let headers = serde_json::from_str(&row.text()).internal()?;
        let reply = Reply { status, headers, body: row.text().into_bytes() };
        return Ok(reply.header("idempotent-replayed", "true"));
    }
    let reply = work()?;
    scope.execute(
        "INSERT INTO idempotency_receipts \
         (tenant_id, key, fingerprint, status, headers, body, expires_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
        [
            text(key),
            text(fingerprint),
            Value::Integer(i64::from(reply.status)),
            Value::Text(serde_json::to_string(&reply.headers).internal()?),
            Value::Text(String::from_utf8(reply.body.clone()).internal()?),
            Value::Integer(now + KEPT),
        ],
    )?;
    Ok(reply)
}
