//! The health of an integration: webhooks received, requests rejected, and the OAuth connection.

use kit::{Call, Reply, Scope, now, rfc3339, values};
use serde::Serialize;

use crate::contract::INTEGRATIONS;
use crate::oauth;

#[derive(Serialize)]
struct Health<'a> {
    integration_id: &'a str,
    status: &'static str,
    received: i64,
    duplicates: i64,
    rejected: i64,
    waiting: i64,
    last_received_at: Option<String>,
    last_rejected_at: Option<String>,
    last_rejection: Option<String>,
    connection: Option<oauth::Status>,
}

/// `GET /integrations/{id}/health`
pub(crate) fn get(call: &Call) -> kit::Result {
    let id = call.path("id");
    call.read(|scope| {
        INTEGRATIONS.find(scope, id)?;
        let found = scope.fetch_optional::<(i64, i64, Option<i64>)>(
            "SELECT received, duplicates, last_received_at FROM integration_health \
             WHERE tenant_id = $1 AND integration_id = $2",
            values![id],
        )?;
        let (received, duplicates, came) = found.unwrap_or_default();
        let rows = scope.fetch_all::<(i64, i64, String)>(
            "SELECT total, last_at, reason FROM inbound_rejections \
             WHERE tenant_id = $1 AND integration_id = $2 ORDER BY last_at DESC",
            values![id],
        )?;
        let (mut rejected, mut refused, mut last_rejection) = (0, None, None);
        for (total, last_at, reason) in rows {
            rejected += total;
            if refused.is_none() {
                (refused, last_rejection) = (Some(last_at), Some(reason));
            }
        }
        let waiting = scope.fetch_one(
            "SELECT COUNT(*) FROM inbound_events \
             WHERE tenant_id = $1 AND integration_id = $2 AND status = 'RECEIVED'",
            values![id],
        )?;
        Reply::ok(&Health {
            integration_id: id,
            status: match (came, refused) {
                (None, None) => "WAITING",
                (came, Some(refused)) if came.is_none_or(|came| came <= refused) => "FAILING",
                _ => "HEALTHY",
            },
            received,
            duplicates,
            rejected,
            waiting,
            last_received_at: came.map(rfc3339),
            last_rejected_at: refused.map(rfc3339),
            last_rejection,
            connection: oauth::Status::find(scope, id)?,
        })
    })
}

/// Starts the counters of a new integration.
pub(crate) fn begin(scope: &Scope<'_>, integration: &str) -> kit::Result<()> {
    scope.execute_one(
        "INSERT INTO integration_health (tenant_id, integration_id, received, duplicates) \
         VALUES ($1, $2, 0, 0)",
        values![integration],
    )
}

/// Counts a received webhook: as a new one if `fresh`, otherwise as a duplicate.
pub(crate) fn received(scope: &Scope<'_>, integration: &str, fresh: bool) -> kit::Result<()> {
    let count = if fresh { "received" } else { "duplicates" };
    let sql = format!(
        "UPDATE integration_health SET {count} = {count} + 1, last_received_at = $2 \
         WHERE tenant_id = $1 AND integration_id = $3"
    );
    scope.execute(&sql, values![now(), integration]).map(drop)
}
