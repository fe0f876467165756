//! `POST /internal/tick`: background work, which no client asks for. It runs whenever a scheduler
//! calls.
//!
//! The runner calls every minute, and as soon as something becomes due. On Spin, its cron trigger
//! or any other scheduler calls. If one call is lost, then nothing is lost: the next call does the
//! work.

use std::time::Duration;

use kit::retention::{Ages, Swept, sweep};
use kit::{Call, Internal as _, Reply, System, key_value, limits, operator, revocation, rfc3339};
use serde::Serialize;

use crate::dispatch;
use crate::inbound::{process, rejections};

/// The shortest retention, in days. A shorter setting counts as this one.
const SHORTEST: i64 = 1;

/// The answer of the tick: what this call did.
#[derive(Serialize)]
struct Done {
    #[serde(flatten)]
    swept: Swept,
    /// Incoming webhooks that were appended to the feed.
    ingested: u64,
    /// Delivery requests that were sent.
    attempts: u64,
    /// When the next delivery is due.
    next_due_at: Option<String>,
    /// Expired entries of the key-value store that were removed.
    key_values: u64,
}

pub(crate) async fn run(call: &Call) -> kit::Result {
    operator::authenticate(call, "tick_token").await?;
    let wait = call.query("wait").and_then(|text| text.parse().ok()).map(Duration::from_secs);
    // Before the dispatcher, because a new event in the feed makes deliveries due.
    let ingested = process::run(call)?;
    let sent = dispatch::run(call, wait.unwrap_or_default()).await?;
    let mut done = Done {
        swept: Swept::default(),
        ingested: ingested.count,
        attempts: sent.attempts,
        next_due_at: sent.next_due_at.map(rfc3339),
        key_values: 0,
    };
    if call.query("work") != Some("deliveries") {
        rejections::tell(call)?;
        done.swept = tidy(call).await?;
        let system = System::open(call, "limits and revocations are of all tenants")?;
        limits::publish(&system)?;
        revocation::publish_all(&system)?;
        // The stores of the runner expire entries by themselves. The runner says so with this
        // parameter.
        if call.query("key_values") != Some("expire") {
            done.key_values = key_value::sweep()?;
        }
    }
    done.swept.more |= sent.more || ingested.more;
    Reply::ok(&done)
}

/// Deletes what is older than its retention.
async fn tidy(call: &Call) -> kit::Result<Swept> {
    let days = async |name: &str, default: i64| {
        let text = spin_sdk::variables::get(name).await.unwrap_or_default();
        text.trim().parse().unwrap_or(default).max(SHORTEST)
    };
    let events = spin_sdk::variables::get("retention_events_days").await.unwrap_or_default();
    sweep(
        call,
        &Ages {
            // No default here: if the setting cannot be read, then nothing is deleted. A default
            // could delete events that a paid plan keeps for longer.
            events: events
                .parse()
                .map_err(|why| format!("retention_events_days {why}"))
                .internal()?,
            audit_logs: days("retention_audit_days", 365).await,
            webhooks: days("retention_webhooks_days", 30).await,
        },
    )
}
