//! `POST /internal/tick`: work that nobody asks for, done whenever a scheduler calls. The
//! runner calls every minute; on Spin its cron trigger or any other scheduler does. A call
//! that is lost loses nothing: the next one does what is due.

use kit::retention::{Ages, Swept, sweep};
use kit::{Call, Internal as _, Reply, System, key_value, limits, operator};
use serde::Serialize;

/// The shortest time that anything is kept, in days.
const SHORTEST: i64 = 1;

/// What a call did.
#[derive(Serialize)]
struct Done {
    #[serde(flatten)]
    swept: Swept,
    /// Expired entries of the key-value store.
    key_values: u64,
}

pub(crate) async fn run(call: &Call) -> kit::Result {
    operator::authenticate(call, "tick_token").await?;
    let days = async |name: &str, default: i64| {
        let text = spin_sdk::variables::get(name).await.unwrap_or_default();
        text.trim().parse().unwrap_or(default).max(SHORTEST)
    };
    let events = spin_sdk::variables::get("retention_events_days").await.unwrap_or_default();
    let ages = Ages {
        // Better nothing goes than what somebody has paid for.
        events: events.parse().map_err(|why| format!("retention_events_days {why}")).internal()?,
        audit_logs: days("retention_audit_days", 365).await,
    };
    let swept = sweep(call, &ages)?;
    limits::publish(&System::open(call, "the operator's limits are above tenants")?)?;
    // Where the store forgets by itself, as those of the runner do, the runner says so.
    let key_values = match call.query("key_values") {
        Some("expire") => 0,
        _ => key_value::sweep()?,
    };
    Reply::ok(&Done { swept, key_values })
}
