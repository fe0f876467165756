//! `GET /webhook-endpoints/{id}/statistics`: statistics of the deliveries to an endpoint.

use kit::{Call, Reply, milliseconds, now, rfc3339, values};
use serde::Serialize;

use crate::contract::WEBHOOK_ENDPOINTS;

/// The default window: a day, in milliseconds.
const WINDOW: i64 = 86_400_000;

#[derive(Serialize)]
struct Statistics<'a> {
    endpoint_id: &'a str,
    since: String,
    attempts: Attempts,
    latency_ms: Latency,
    deliveries: Deliveries,
    failing_since: Option<String>,
    consecutive_failures: i64,
    paused_until: Option<String>,
}

#[derive(Serialize)]
struct Attempts {
    succeeded: i64,
    failed: i64,
}

#[derive(Serialize)]
struct Latency {
    mean: Option<i64>,
    p95: Option<i64>,
    max: Option<i64>,
}

#[derive(Serialize)]
struct Deliveries {
    pending: i64,
    failed: i64,
}

pub(crate) fn get(call: &Call) -> kit::Result {
    let id = call.path("id");
    let since = call.query("since").and_then(milliseconds).unwrap_or_else(|| now() - WINDOW);
    call.read(|scope| {
        WEBHOOK_ENDPOINTS.find(scope, id)?;
        let sums = scope.fetch_one::<(Option<i64>, Option<i64>, Option<i64>, Option<i64>)>(
            "SELECT CAST(SUM(CASE status WHEN 'SUCCEEDED' THEN 1 ELSE 0 END) AS BIGINT), \
             CAST(SUM(CASE status WHEN 'FAILED' THEN 1 ELSE 0 END) AS BIGINT), \
             CAST(SUM(CASE status WHEN 'SUCCEEDED' THEN latency_ms ELSE 0 END) AS BIGINT), \
             MAX(CASE status WHEN 'SUCCEEDED' THEN latency_ms END) FROM webhook_attempts \
             WHERE tenant_id = $1 AND endpoint_id = $2 AND created_at >= $3",
            values![id, since],
        )?;
        // Sums of no rows are null.
        let (succeeded, failed, sum, max) = sums;
        let [succeeded, failed, sum] = [succeeded, failed, sum].map(Option::unwrap_or_default);
        let p95 = scope.fetch_optional(
            "SELECT latency_ms FROM webhook_attempts WHERE tenant_id = $1 AND endpoint_id = $2 \
             AND created_at >= $3 AND status = 'SUCCEEDED' ORDER BY latency_ms LIMIT 1 OFFSET $4",
            values![id, since, succeeded * 95 / 100],
        )?;
        let count = |status: &str| {
            let sql = format!(
                "SELECT COUNT(*) FROM webhook_deliveries \
                 WHERE tenant_id = $1 AND endpoint_id = $2 AND status = '{status}'"
            );
            scope.fetch_one(&sql, values![id])
        };
        let queue = scope.fetch_optional::<(i64, Option<i64>, i64)>(
            "SELECT failures, failing_since, paused_until FROM webhook_queues \
             WHERE tenant_id = $1 AND endpoint_id = $2",
            values![id],
        )?;
        let (failures, failing_since, paused_until) = queue.unwrap_or_default();
        Reply::ok(&Statistics {
            endpoint_id: id,
            since: rfc3339(since),
            attempts: Attempts { succeeded, failed },
            latency_ms: Latency { mean: (succeeded > 0).then(|| sum / succeeded.max(1)), p95, max },
            deliveries: Deliveries { pending: count("PENDING")?, failed: count("FAILED")? },
            failing_since: failing_since.map(rfc3339),
            consecutive_failures: failures,
            paused_until: (paused_until > now()).then(|| rfc3339(paused_until)),
        })
    })
}
