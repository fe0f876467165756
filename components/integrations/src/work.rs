//! `POST /internal/work/integrations`: brings received webhooks into the feed, tells of rejected
//! requests, and deletes the names of webhooks that were received long ago.

use kit::retention::Sweep;
use kit::{Call, Reply, operator};
use serde::Serialize;

use crate::inbound::{process, rejections};
use crate::settings::SETTINGS;

/// What this call did.
#[derive(Default, Serialize)]
struct WorkResult {
    /// Webhooks that were appended to the feed.
    ingested: u64,
    /// Names of received webhooks. A second delivery is recognised by its name.
    inbound_events: u64,
    more: bool,
}

pub(crate) fn run(call: &Call) -> kit::Result {
    operator::scheduler(call)?;
    let ingested = process::run(call)?;
    let mut result =
        WorkResult { ingested: ingested.count, more: ingested.more, ..WorkResult::default() };
    if call.query("work").is_none() {
        rejections::write_audit_entries(call)?;
        if let Some(sweep) = Sweep::join(call)? {
            let (gone, more) = sweep.delete(
                "inbound_events",
                "tenant_id, integration_id, external_id",
                "received_at < $1 AND status = 'PROCESSED'",
                sweep.end_of_deliveries(&SETTINGS.events),
            )?;
            result.inbound_events = gone;
            result.more |= more;
        }
    }
    Reply::ok(&result)
}
