//! Rejected requests to receivers. Strangers can cause them, so they are counted instead of logged
//! one by one. The audit log gets at most one entry for each integration, reason and hour, with the
//! count since the entry before.

use kit::{Call, Event, FromRow, Row, Scope, System, now, values};
use serde_json::json;

use super::{Provider, Reason};

/// An hour, in milliseconds.
const HOUR: i64 = 3_600_000;
/// The most audit entries that one call writes.
const BATCH: i64 = 200;

/// Counts one rejection. It is the same single statement in every case, so that its duration tells
/// nothing.
pub(crate) fn count(
    scope: &Scope<'_>,
    trace_id: &str,
    integration: &str,
    reason: Reason,
) -> kit::Result<()> {
    scope.execute_one(
        "INSERT INTO inbound_rejections (tenant_id, integration_id, reason, last_at, trace_id, \
         total, untold, told_in) VALUES ($1, $2, $3, $4, $5, 1, 1, 0) \
         ON CONFLICT (tenant_id, integration_id, reason) DO UPDATE SET last_at = $4, \
         trace_id = $5, total = inbound_rejections.total + 1, \
         untold = inbound_rejections.untold + 1",
        values![integration, reason.name(), now(), trace_id],
    )
}

/// The rejections of one integration and reason that the audit log does not have yet.
struct UnreportedRejections {
    tenant: String,
    integration: String,
    reason: String,
    trace_id: String,
    provider: String,
}

/// Writes the audit entries that are due. If one fails, then the others are still written.
pub(crate) fn write_audit_entries(call: &Call) -> kit::Result<()> {
    let system = System::open(call, "rejections of all tenants are recorded")?;
    let hour = now() / HOUR;
    // Rejections of requests that name no integration find no row here.
    let all = system.fetch_all::<UnreportedRejections>(
        "SELECT r.tenant_id, r.integration_id, r.reason, r.trace_id, i.provider \
         FROM inbound_rejections r \
         JOIN integrations i ON i.tenant_id = r.tenant_id AND i.id = r.integration_id \
         WHERE r.untold > 0 AND r.told_in < $1 LIMIT $2",
        values![hour, BATCH],
    )?;
    for unreported in all {
        if let Err(error) = system.transaction(|| unreported.write_audit_entry(&system, hour)) {
            let cause = error.internal.unwrap_or(error.message);
            eprintln!("refusals of {}: {cause}", unreported.integration);
        }
    }
    Ok(())
}

impl FromRow for UnreportedRejections {
    fn from_row(row: &mut Row) -> kit::Result<Self> {
        Ok(Self {
            tenant: row.get()?,
            integration: row.get()?,
            reason: row.get()?,
            trace_id: row.get()?,
            provider: row.get()?,
        })
    }
}

impl UnreportedRejections {
    /// Writes the audit entry, with the trace of the last request and with nothing that was sent.
    fn write_audit_entry(&self, system: &System<'_>, hour: i64) -> kit::Result<()> {
        let scope = system.resume(&self.tenant, &self.trace_id);
        let of = values![&self.integration, &self.reason];
        let ours = scope.execute(
            "UPDATE inbound_rejections SET told_in = $2 WHERE tenant_id = $1 \
             AND integration_id = $3 AND reason = $4 AND told_in < $2",
            values![hour].into_iter().chain(of.clone()),
        )?;
        if ours == 0 {
            return Ok(());
        }
        let count = scope.fetch_one::<i64>(
            "SELECT untold FROM inbound_rejections \
             WHERE tenant_id = $1 AND integration_id = $2 AND reason = $3",
            of.clone(),
        )?;
        scope.execute_one(
            "UPDATE inbound_rejections SET untold = 0 \
             WHERE tenant_id = $1 AND integration_id = $2 AND reason = $3",
            of,
        )?;
        let provider = Provider::parse(&self.provider).map_or("", Provider::slug);
        let data = json!({ "provider": provider, "reason": self.reason, "count": count });
        let attempt = Event {
            kind: "webhook.rejected",
            subject: &self.integration,
            source_agent: "webhooks",
            data: data.to_string(),
        };
        scope.audit(&self.integration, &attempt)
    }
}
