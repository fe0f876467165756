//! `POST /internal/tick`: background work, which no client asks for. It runs whenever a scheduler
//! calls. It calls for the work of each function, one after the other, and sweeps the tables and
//! entries that all functions share.
//!
//! The runner calls every minute. On Spin, its cron trigger or any other scheduler calls. If one
//! call is lost, then nothing is lost: the next call does the work.

use kit::retention::Sweep;
use kit::{Call, Code, Error, Reply, System, key_value, limits, operator, revocation};
use serde::{Deserialize, Serialize};

use crate::functions::{Failure, WORK, call_work};
use crate::settings::SETTINGS;

/// When the scheduler may call again after a failure that may pass, in seconds.
const RETRY_AFTER_SECONDS: u32 = 10;

/// What was done. Each function answers with its part.
#[derive(Default, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
struct TickResult {
    /// Events, or months of them, that were deleted. The others up to `inbound_events` were too.
    events: u64,
    /// Audit entries, or months of them.
    audit_logs: u64,
    /// Expired receipts of idempotency keys.
    idempotency_receipts: u64,
    /// Expired refresh tokens.
    refresh_tokens: u64,
    /// Webhook deliveries that have ended.
    webhook_deliveries: u64,
    /// Attempts of webhook deliveries.
    webhook_attempts: u64,
    /// Names of received webhooks.
    inbound_events: u64,
    /// Whether there is more to do.
    more: bool,
    /// Incoming webhooks that were appended to the feed.
    ingested: u64,
    /// Delivery requests that were sent.
    attempts: u64,
    /// When the next delivery is due.
    next_due_at: Option<String>,
    /// Expired entries of the key-value store that were removed.
    key_values: u64,
}

impl TickResult {
    fn add(&mut self, part: Self) {
        self.events += part.events;
        self.audit_logs += part.audit_logs;
        self.idempotency_receipts += part.idempotency_receipts;
        self.refresh_tokens += part.refresh_tokens;
        self.webhook_deliveries += part.webhook_deliveries;
        self.webhook_attempts += part.webhook_attempts;
        self.inbound_events += part.inbound_events;
        self.more |= part.more;
        self.ingested += part.ingested;
        self.attempts += part.attempts;
        self.next_due_at = self.next_due_at.take().or(part.next_due_at);
        self.key_values += part.key_values;
    }
}

pub(crate) async fn run(call: &Call) -> kit::Result {
    operator::scheduler(call)?;
    let only_due = call.query("work").is_some();
    let (mut done, mut failures) = (TickResult::default(), Vec::new());
    let mut note = |of: &str, part: Result<Option<TickResult>, Failure>| match part {
        Ok(part) => done.add(part.unwrap_or_default()),
        Err(failure) => failures.push((of.to_owned(), failure)),
    };
    if !only_due {
        // First, because it moves the clock by which the functions measure age.
        let own = sweep_shared_tables(call).map(Some).map_err(|error| Failure {
            is_temporary: error.code == Code::ServiceUnavailable,
            cause: error.internal.unwrap_or(error.message),
        });
        note("shared tables", own);
    }
    // If one function fails, then the others are still called.
    for (function, path, parameters) in WORK {
        // Work that can be due takes this parameter.
        if !only_due || parameters.contains(&"work") {
            note(function, call_work(call, path, parameters).await);
        }
    }
    if failures.is_empty() { Reply::ok(&done) } else { Err(failed(&failures)) }
}

/// The answer after failures.
fn failed(failures: &[(String, Failure)]) -> Error {
    let causes = failures.iter().map(|(of, failure)| format!("{of}: {}", failure.cause));
    let internal = Some(causes.collect::<Vec<_>>().join("; "));
    match failures.iter().all(|(_, failure)| failure.is_temporary) {
        true => Error {
            internal,
            retry_after: Some(RETRY_AFTER_SECONDS),
            ..Error::new(
                Code::ServiceUnavailable,
                "Some of the work was not done; the same call may succeed later.",
            )
        },
        false => Error {
            internal,
            ..Error::new(
                Code::InternalError,
                "Some of the work failed; the log has the causes under the trace id.",
            )
        },
    }
}

/// Sweeps the tables and entries that all functions share, and publishes limits and revocations
/// again.
fn sweep_shared_tables(call: &Call) -> kit::Result<TickResult> {
    let swept = Sweep::begin(call)?.own_tables(SETTINGS.audit_days)?;
    let system = System::open(call, "limits and revocations are of all tenants")?;
    limits::publish(&system)?;
    revocation::publish_all(&system)?;
    // The stores of the runner expire entries by themselves. The runner says so with this
    // parameter.
    let key_values = match call.query("key_values") {
        Some("expire") => 0,
        _ => key_value::sweep()?,
    };
    Ok(TickResult {
        audit_logs: swept.audit_logs,
        idempotency_receipts: swept.idempotency_receipts,
        more: swept.more,
        key_values,
        ..TickResult::default()
    })
}
