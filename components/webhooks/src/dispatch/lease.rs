//! Leases: which dispatcher serves which queue. Leases are measured by the clock that all hosts
//! share, so that no other host ends one early.

use std::collections::HashMap;
use std::time::Duration;

use kit::{id, now, values};

use super::run::Run;
use crate::queue::NEVER;
use crate::settings::SETTINGS;
use crate::shares;

/// The name of the lease of the run that waits.
const DISPATCHER_LEASE: &str = "dispatcher";

/// A queue that this run holds a lease on.
pub(super) struct LeasedQueue {
    pub(super) tenant: String,
    pub(super) endpoint: String,
    /// The id of the lease. If a run has lost its lease, then it may record nothing.
    pub(super) lease: String,
}

/// Leases queues that are due. The tenants with the fewest served queues come first, no matter
/// which run serves them. Within that order, the queue that has waited longest comes first. `held`
/// is how many queues of each tenant this run serves, and `slots` is how many queues it can serve
/// in all.
pub(super) fn take(
    run: &Run<'_>,
    held: &HashMap<String, usize>,
    slots: usize,
) -> kit::Result<Vec<LeasedQueue>> {
    let shared_now = run.system.shared_now()?;
    let mut free = slots.saturating_sub(held.values().sum::<usize>());
    let rows = run.system.fetch_all::<(String, String)>(
        "SELECT tenant_id, endpoint_id FROM (SELECT q.tenant_id, q.endpoint_id, q.served_at, \
         COALESCE(s.served, 0) + \
         ROW_NUMBER() OVER (PARTITION BY q.tenant_id ORDER BY q.served_at) AS turn \
         FROM webhook_queues q LEFT JOIN (SELECT tenant_id, COUNT(*) AS served \
         FROM webhook_queues WHERE lease IS NOT NULL AND leased_until > $1 GROUP BY tenant_id) s \
         ON s.tenant_id = q.tenant_id \
         WHERE q.leased_until <= $1 AND q.due_at <= $2 AND q.paused_until <= $2) due \
         WHERE turn <= $3 ORDER BY turn, served_at LIMIT $4",
        values![shared_now, now(), shares::QUEUES, i64::try_from(free).unwrap_or(i64::MAX)],
    )?;
    if rows.is_empty() {
        return Ok(Vec::new());
    }
    let mut held = held.clone();
    run.system.in_own_transactions(|| {
        let mut ours = Vec::with_capacity(rows.len());
        for (tenant, endpoint) in rows {
            let queue = LeasedQueue { tenant, endpoint, lease: id("lse") };
            let own = held.entry(queue.tenant.clone()).or_default();
            if !shares::may_lease(*own, free) {
                continue;
            }
            // Other runs lease queues of this tenant at the same time, so the limit is checked
            // again here.
            let taken = run.system.execute(
                "UPDATE webhook_queues SET lease = $1, leased_until = $2, served_at = $3 \
                 WHERE tenant_id = $4 AND endpoint_id = $5 AND leased_until <= $3 \
                 AND (SELECT COUNT(*) FROM webhook_queues s WHERE s.tenant_id = $4 \
                 AND s.lease IS NOT NULL AND s.leased_until > $3) < $6",
                values![
                    &queue.lease,
                    shared_now + SETTINGS.lease,
                    shared_now,
                    &queue.tenant,
                    &queue.endpoint,
                    shares::QUEUES,
                ],
            )?;
            if taken == 1 {
                *own += 1;
                free -= 1;
                ours.push(queue);
            }
        }
        Ok(ours)
    })
}

/// The next moment at which a queue can be leased, in milliseconds. If a tenant has as many served
/// queues as it may have, then its other queues count from the end of the first of these leases. If
/// a queue is given back before that, then the run that served it takes the next one by itself.
pub(super) fn next(run: &Run<'_>) -> kit::Result<Option<i64>> {
    run.system.fetch_one(
        "SELECT MIN(CASE WHEN s.served >= $1 AND s.frees_at > q.free_at THEN s.frees_at \
         ELSE q.free_at END) \
         FROM (SELECT tenant_id, CASE WHEN leased_until > paused_until AND leased_until > due_at \
         THEN leased_until WHEN paused_until > due_at THEN paused_until ELSE due_at END AS free_at \
         FROM webhook_queues WHERE due_at < $2) q \
         LEFT JOIN (SELECT tenant_id, COUNT(*) AS served, MIN(leased_until) AS frees_at \
         FROM webhook_queues WHERE lease IS NOT NULL AND leased_until > $3 GROUP BY tenant_id) s \
         ON s.tenant_id = q.tenant_id",
        values![shares::QUEUES, NEVER, run.system.shared_now()?],
    )
}

/// Whether this run is the one that waits for the next due queue. Each write calls a run, so many
/// of them run at once. One that waits is enough, and each waiting run occupies an instance.
pub(super) fn try_wait(run: &Run<'_>, time: Duration) -> kit::Result<bool> {
    run.system.acquire_lease(DISPATCHER_LEASE, i64::try_from(time.as_millis()).unwrap_or(i64::MAX))
}

/// Ends the wait, so that another run may wait.
pub(super) fn release_wait(run: &Run<'_>) -> kit::Result<()> {
    run.system.release_lease(DISPATCHER_LEASE)
}
