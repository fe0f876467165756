//! `POST /internal/work/webhooks`: sends the deliveries that are due, and deletes deliveries and
//! attempts that are too old.

use std::time::Duration;

use kit::retention::{DAY, Sweep};
use kit::{Call, Reply, operator, rfc3339};
use serde::Serialize;

use crate::dispatch;
use crate::settings::SETTINGS;

/// What this call did.
#[derive(Default, Serialize)]
struct WorkResult {
    /// Delivery requests that were sent.
    attempts: u64,
    /// When the next delivery is due.
    next_due_at: Option<String>,
    /// Deliveries that have ended.
    webhook_deliveries: u64,
    /// Attempts of deliveries.
    webhook_attempts: u64,
    more: bool,
}

pub(crate) async fn run(call: &Call) -> kit::Result {
    operator::scheduler(call)?;
    let wait = call.query("wait").and_then(|text| text.parse().ok()).map(Duration::from_secs);
    let sent = dispatch::run(call, wait.unwrap_or_default()).await?;
    let mut result = WorkResult {
        attempts: sent.attempts,
        next_due_at: sent.next_due_at.map(rfc3339),
        more: sent.more,
        ..WorkResult::default()
    };
    if call.query("work").is_none()
        && let Some(sweep) = Sweep::join(call)?
    {
        let more;
        (result.webhook_deliveries, more) = sweep.delete(
            "webhook_deliveries",
            "tenant_id, endpoint_id, event_id",
            "updated_at < $1 AND status <> 'PENDING'",
            sweep.end_of_deliveries(&SETTINGS.events),
        )?;
        let before = sweep.now() - SETTINGS.attempts_days * DAY;
        let attempts =
            sweep.delete("webhook_attempts", "tenant_id, id", "created_at < $1", before)?;
        result.webhook_attempts = attempts.0;
        result.more |= more || attempts.1;
    }
    Reply::ok(&result)
}
