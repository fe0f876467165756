//! Whose turn it is. A lease is told by the clock that all hosts share, so that no other one
//! ends it early.

use std::time::Duration;

use kit::{Value, id, now};

use super::Run;
use crate::queue::NEVER;

/// A queue that is ours for a time.
pub(super) struct Leased {
    pub(super) tenant: String,
    pub(super) endpoint: String,
    /// Names the lease: who has lost it may record nothing.
    pub(super) lease: String,
}

/// Takes at most `room` queues that are due: one of each tenant before the second of any, and
/// first who has waited longest.
pub(super) fn take(run: &Run<'_>, room: usize) -> kit::Result<Vec<Leased>> {
    let moment = run.system.moment()?;
    let rows = run.system.query(
        "SELECT tenant_id, endpoint_id FROM (SELECT tenant_id, endpoint_id, served_at, \
         ROW_NUMBER() OVER (PARTITION BY tenant_id ORDER BY served_at) AS turn \
         FROM webhook_queues WHERE due_at <= $1 AND paused_until <= $1 AND leased_until <= $2) due \
         ORDER BY turn, served_at LIMIT $3",
        &[
            Value::Integer(now()),
            Value::Integer(moment),
            Value::Integer(i64::try_from(room).unwrap_or(i64::MAX)),
        ],
    )?;
    if rows.is_empty() {
        return Ok(Vec::new());
    }
    run.system.one_by_one(|| {
        let mut ours = Vec::with_capacity(rows.len());
        for mut row in rows {
            let queue = Leased { tenant: row.text(), endpoint: row.text(), lease: id("lse") };
            let taken = run.system.execute(
                "UPDATE webhook_queues SET lease = $1, leased_until = $2, served_at = $3 \
                 WHERE tenant_id = $4 AND endpoint_id = $5 AND leased_until <= $3",
                &[
                    Value::Text(queue.lease.clone()),
                    Value::Integer(moment + run.lease),
                    Value::Integer(moment),
                    Value::Text(queue.tenant.clone()),
                    Value::Text(queue.endpoint.clone()),
                ],
            )?;
            if taken == 1 {
                ours.push(queue);
            }
        }
        Ok(ours)
    })
}

/// When a queue can be taken next, in milliseconds.
pub(super) fn next(run: &Run<'_>) -> kit::Result<Option<i64>> {
    let rows = run.system.query(
        "SELECT MIN(CASE WHEN leased_until > paused_until AND leased_until > due_at THEN leased_until \
         WHEN paused_until > due_at THEN paused_until ELSE due_at END) \
         FROM webhook_queues WHERE due_at < $1",
        &[Value::Integer(NEVER)],
    )?;
    Ok(rows.into_iter().next().and_then(|mut row| row.optional_integer()))
}

/// Whether this run is the one that waits: of many that were called for one write each, one is
/// enough, and each takes an instance.
pub(super) fn wait(run: &Run<'_>, time: Duration) -> kit::Result<bool> {
    let moment = run.system.moment()?;
    let until = moment + i64::try_from(time.as_millis()).unwrap_or(i64::MAX);
    let taken = run.system.execute(
        "INSERT INTO clocks (name, moment) VALUES ('dispatcher', $1) \
         ON CONFLICT (name) DO UPDATE SET moment = excluded.moment WHERE clocks.moment <= $2",
        &[Value::Integer(until), Value::Integer(moment)],
    )?;
    Ok(taken == 1)
}

/// Lets another one wait.
pub(super) fn leave(run: &Run<'_>) -> kit::Result<()> {
    run.system.execute("UPDATE clocks SET moment = 0 WHERE name = 'dispatcher'", &[]).map(drop)
}
