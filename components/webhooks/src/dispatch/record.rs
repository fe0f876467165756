//! Records a batch in one transaction: the attempts, the deliveries, the position of the queue, the
//! health of the endpoint, and events about all of this.

use kit::{Event, Record, Scope, Value, id, now, trace_id, values};
use serde_json::json;

use super::batch::{Batch, OLDEST_OF_SUBJECT};
use super::item::Item;
use super::lease::LeasedQueue;
use super::run::Run;
use super::send::AttemptResult;
use crate::contract::{WEBHOOK_ENDPOINTS, endpoint};
use crate::patterns;
use crate::policy::Outcome;
use crate::queue::{self, NEVER};
use crate::settings::SETTINGS;

/// The lease has ended: another run has the queue and sends the same deliveries. So this run may
/// record nothing.
const LOST: &str = "the lease has ended before the batch was recorded";

/// The new state of a delivery.
#[derive(Clone, Copy, PartialEq, Eq)]
enum DeliveryState {
    Succeeded,
    /// Retried at this moment, in milliseconds.
    Pending(i64),
    Failed,
}

/// Records a batch. Returns whether the queue stays leased because there is more to send.
pub(super) fn record(
    run: &Run<'_>,
    leased: &LeasedQueue,
    batch: &Batch,
    sent: &[Option<AttemptResult>],
    may_stay: bool,
) -> kit::Result<bool> {
    // Read before the transaction, because the transaction may touch the data of one tenant only.
    let shared_now = run.system.shared_now()?;
    // A trace of its own: a run serves many tenants, and a shared trace would tell them of each
    // other.
    let trace = trace_id();
    run.system.transaction(|| {
        let scope = run.system.resume(&leased.tenant, &trace);
        let recorder = Recorder { run, leased, batch, scope: &scope, now: now() };
        recorder.record(sent, may_stay, shared_now)
    })
}

struct Recorder<'a> {
    run: &'a Run<'a>,
    leased: &'a LeasedQueue,
    batch: &'a Batch,
    scope: &'a Scope<'a>,
    now: i64,
}

impl Recorder<'_> {
    fn record(
        &self,
        sent: &[Option<AttemptResult>],
        may_stay: bool,
        shared_now: i64,
    ) -> kit::Result<bool> {
        let (patterns, position) = self.queue()?;
        let closed = self.batch.is_over || patterns.trim().is_empty();
        let outcomes = sent.iter().flatten().map(|sent| sent.outcome);
        let mut health = self.batch.health.after(outcomes.clone(), self.now);
        if let Some(rate) = self.batch.rate {
            let count = i64::try_from(sent.len()).unwrap_or(1);
            health.paused_until = health.paused_until.max(self.now + 1000 * count / rate);
        }
        let disable_reason = match () {
            () if closed => None,
            () if outcomes.into_iter().any(|outcome| outcome == Outcome::Gone) => Some("GONE"),
            () if health.should_disable(self.now, SETTINGS.disable_after) => Some("FAILING"),
            () => None,
        };
        let states: Vec<DeliveryState> = self
            .batch
            .items
            .iter()
            .zip(sent)
            .map(|(item, sent)| {
                self.next_state(item, sent.as_ref(), closed || disable_reason.is_some())
            })
            .collect();
        self.deliveries(&states)?;
        self.attempts(sent, &states)?;
        let due =
            if closed || disable_reason.is_some() { NEVER } else { self.due(&patterns, position)? };
        let stays =
            may_stay && due <= self.now && health.paused_until <= self.now && self.run.has_time();
        let (lease, until) = match stays {
            true => (Some(&self.leased.lease), shared_now + SETTINGS.lease),
            false => (None, 0),
        };
        let ours = self.scope.execute(
            "UPDATE webhook_queues SET position = $2, due_at = $3, paused_until = $4, \
             failures = $5, failing_since = $6, lease = $7, leased_until = $8 \
             WHERE tenant_id = $1 AND endpoint_id = $9 AND lease = $10",
            values![
                position,
                due,
                health.paused_until,
                health.failures,
                health.failing_since,
                lease,
                until,
                &self.leased.endpoint,
                &self.leased.lease,
            ],
        )?;
        if ours == 0 {
            return Err(kit::Error::internal(LOST));
        }
        if let Some((plain, sealed)) = &self.batch.reseal {
            // Only if the owner has not written the headers since.
            let sql = "UPDATE webhook_endpoints SET headers = $2 WHERE tenant_id = $1 \
                 AND id = $3 AND headers = $4";
            self.scope.execute(sql, values![sealed, &self.leased.endpoint, plain.clone()])?;
        }
        self.emit_events(sent, &states)?;
        if let Some(reason) = disable_reason {
            self.disable(reason)?;
        }
        Ok(stays)
    }

    /// The patterns of the queue as they are now, and its position after this batch. While the
    /// batch was being sent, the owner may have changed the event types, or disabled and enabled
    /// the endpoint.
    fn queue(&self) -> kit::Result<(String, i64)> {
        let found = self.scope.fetch_optional::<(String, i64)>(
            "SELECT patterns, position FROM webhook_queues \
             WHERE tenant_id = $1 AND endpoint_id = $2 AND lease = $3",
            values![&self.leased.endpoint, &self.leased.lease],
        )?;
        let (patterns, position) = found.ok_or_else(|| kit::Error::internal(LOST))?;
        Ok((patterns, position.max(self.batch.position)))
    }

    fn next_state(&self, item: &Item, sent: Option<&AttemptResult>, over: bool) -> DeliveryState {
        match sent.map(|sent| sent.outcome) {
            Some(Outcome::Delivered) => DeliveryState::Succeeded,
            Some(outcome) if !over => {
                let next = outcome.next(
                    &SETTINGS.schedule,
                    item.attempts + 1,
                    self.now,
                    random_fraction(),
                );
                next.map_or(DeliveryState::Failed, DeliveryState::Pending)
            }
            _ => DeliveryState::Failed,
        }
    }

    /// Writes the deliveries of the batch, and new ones for the events that wait for their subject.
    fn deliveries(&self, states: &[DeliveryState]) -> kit::Result<()> {
        let mut rows = Rows::new();
        let waiting =
            self.batch.waiting.iter().map(|item| (item, item.attempts, DeliveryState::Pending(0)));
        let tried = self
            .batch
            .items
            .iter()
            .zip(states)
            .map(|(item, state)| (item, item.attempts + 1, *state));
        for (item, attempts, state) in tried.chain(waiting) {
            let (status, due) = match state {
                DeliveryState::Succeeded => ("SUCCEEDED", 0),
                DeliveryState::Pending(due) => ("PENDING", due),
                DeliveryState::Failed => ("FAILED", 0),
            };
            let exhausted = match state {
                DeliveryState::Failed => Some(self.now),
                // A delivery that arrives is no longer given up. A pending one keeps the old value
                // (see the SQL below).
                _ => None,
            };
            rows.add(values![
                &self.leased.endpoint,
                &item.id,
                item.seq,
                &item.kind,
                &item.subject,
                status,
                attempts,
                due,
                exhausted,
                self.now,
                self.now,
            ]);
        }
        rows.insert(
            self.scope,
            "webhook_deliveries (tenant_id, endpoint_id, event_id, event_seq, event_type, subject, \
             status, attempts, due_at, exhausted_at, created_at, updated_at)",
            "ON CONFLICT (tenant_id, endpoint_id, event_id) DO UPDATE SET status = excluded.status, \
             attempts = excluded.attempts, due_at = excluded.due_at, \
             exhausted_at = CASE excluded.status WHEN 'PENDING' THEN webhook_deliveries.exhausted_at \
             ELSE excluded.exhausted_at END, updated_at = excluded.updated_at",
        )
    }

    fn attempts(
        &self,
        sent: &[Option<AttemptResult>],
        states: &[DeliveryState],
    ) -> kit::Result<()> {
        let mut rows = Rows::new();
        for ((item, sent), state) in self.batch.items.iter().zip(sent).zip(states) {
            let Some(sent) = sent else { continue };
            let next = match state {
                DeliveryState::Pending(due) => Some(*due),
                _ => None,
            };
            rows.add(values![
                id("atm"),
                &self.leased.endpoint,
                &item.id,
                &item.kind,
                item.attempts + 1,
                if *state == DeliveryState::Succeeded { "SUCCEEDED" } else { "FAILED" },
                sent.status,
                sent.error,
                &sent.excerpt,
                sent.latency_ms,
                next,
                self.now,
            ]);
        }
        rows.insert(
            self.scope,
            "webhook_attempts (tenant_id, id, endpoint_id, event_id, event_type, number, status, \
             response_status, error, response_body, latency_ms, next_attempt_at, created_at)",
            "",
        )
    }

    /// When the queue has something to send next. No other write of this tenant can come between
    /// this read and the end of the transaction, so no event is overlooked.
    fn due(&self, patterns: &str, position: i64) -> kit::Result<i64> {
        if queue::has_more(self.scope, patterns, position)? {
            return Ok(0);
        }
        let oldest = if self.batch.in_order { OLDEST_OF_SUBJECT } else { "" };
        let sql = format!(
            "SELECT MIN(due_at) FROM webhook_deliveries d WHERE d.tenant_id = $1 \
             AND d.endpoint_id = $2 AND d.status = 'PENDING' {oldest}"
        );
        let due: Option<i64> = self.scope.fetch_one(&sql, values![&self.leased.endpoint])?;
        Ok(due.unwrap_or(NEVER))
    }

    /// Emits events about deliveries that were given up, and about ones that arrived after that.
    /// Events about deliveries themselves get none: otherwise one failure would cause the next for
    /// ever.
    fn emit_events(
        &self,
        sent: &[Option<AttemptResult>],
        states: &[DeliveryState],
    ) -> kit::Result<()> {
        for ((item, sent), state) in self.batch.items.iter().zip(sent).zip(states) {
            let kind = match state {
                DeliveryState::Failed => "delivery.exhausted",
                DeliveryState::Succeeded if item.was_exhausted => "delivery.recovered",
                _ => continue,
            };
            if patterns::is_operational(&item.kind) {
                continue;
            }
            let sent = sent.as_ref();
            let data = json!({
                "endpoint_id": self.leased.endpoint,
                "event_id": item.id,
                "event_type": item.kind,
                "attempts": item.attempts + 1,
                "last_status": sent.and_then(|sent| sent.status),
                "last_error": sent.and_then(|sent| sent.error),
            });
            self.scope.emit(Event {
                kind,
                subject: &self.leased.endpoint,
                source_agent: "webhooks",
                data: data.to_string(),
            })?;
        }
        Ok(())
    }

    fn disable(&self, reason: &str) -> kit::Result<()> {
        let mut endpoint: Record = WEBHOOK_ENDPOINTS.find(self.scope, &self.leased.endpoint)?;
        endpoint.set(endpoint::STATUS, "DISABLED")?;
        endpoint.set(endpoint::DISABLED_REASON, Some(reason))?;
        WEBHOOK_ENDPOINTS.write_as_system(self.scope, &mut endpoint, "disabled", "webhooks")?;
        queue::close(self.scope, &self.leased.endpoint, self.now)
    }
}

/// The rows of one INSERT.
struct Rows {
    places: Vec<String>,
    values: Vec<Value>,
}

impl Rows {
    fn new() -> Self {
        Self { places: Vec::new(), values: Vec::new() }
    }

    fn add<const N: usize>(&mut self, row: [Value; N]) {
        let first = self.values.len() + 2;
        let places: Vec<String> = (first..first + N).map(|place| format!("${place}")).collect();
        self.places.push(format!("($1, {})", places.join(", ")));
        self.values.extend(row);
    }

    fn insert(self, scope: &Scope<'_>, into: &str, then: &str) -> kit::Result<()> {
        if self.places.is_empty() {
            return Ok(());
        }
        let sql = format!("INSERT INTO {into} VALUES {} {then}", self.places.join(", "));
        scope.execute(&sql, self.values).map(drop)
    }
}

/// A random number from 0 to 1.
fn random_fraction() -> f64 {
    let mut bytes = [0; 4];
    // If there is no randomness, then the jitter is 0, which is within its bounds.
    let _ = getrandom::fill(&mut bytes);
    f64::from(u32::from_le_bytes(bytes)) / f64::from(u32::MAX)
}
