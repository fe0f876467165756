//! Brings received webhooks into the feed, called by the tick. Each webhook becomes a
//! `record.ingested` with its provider as the source (B-43, B-44).

use kit::{Call, Event, FromRow, Internal as _, Row, System, rfc3339, values};
use serde::Serialize;
use serde_json::value::RawValue;

use super::Provider;

/// The most webhooks that one call brings into the feed.
const BATCH: i64 = 200;

/// The result of a call.
pub(crate) struct Ingested {
    /// Webhooks that this call brought into the feed.
    pub(crate) count: u64,
    /// Whether more webhooks may be waiting.
    pub(crate) more: bool,
}

/// The data of `record.ingested`.
#[derive(Serialize)]
struct Data<'a> {
    integration_id: &'a str,
    provider: &'static str,
    kind: &'a str,
    external_id: &'a str,
    external_type: Option<&'a str>,
    received_at: String,
    unreadable: bool,
    /// The hops that the webhook has made. The next delivery counts on from here.
    hops: i64,
    payload: Box<RawValue>,
}

/// A webhook that waits to be brought into the feed.
struct ReceivedWebhook {
    tenant: String,
    integration: String,
    external_id: String,
    external_type: Option<String>,
    provider: String,
    kind: String,
    unreadable: bool,
    trace_id: String,
    received_at: i64,
    hops: i64,
}

/// Brings waiting webhooks into the feed. If one fails, then the others go on, and the failed one
/// waits for the next call.
pub(crate) fn run(call: &Call) -> kit::Result<Ingested> {
    let system = System::open(call, "received webhooks of all tenants are processed")?;
    let all = system.fetch_all::<ReceivedWebhook>(
        "SELECT tenant_id, integration_id, external_id, external_type, provider, kind, unreadable, \
         trace_id, received_at, hops FROM inbound_events WHERE status = 'RECEIVED' \
         ORDER BY received_at LIMIT $1",
        values![BATCH],
    )?;
    let full = i64::try_from(all.len()).is_ok_and(|found| found >= BATCH);
    let mut count = 0;
    for waiting in all {
        match system.transaction(|| waiting.ingest(&system)) {
            Ok(ingested) => count += u64::from(ingested),
            Err(error) => {
                let cause = error.internal.unwrap_or(error.message);
                eprintln!("webhook received by {}: {cause}", waiting.integration);
            }
        }
    }
    // Without progress, another call would only find the same webhooks.
    Ok(Ingested { count, more: full && count > 0 })
}

impl FromRow for ReceivedWebhook {
    fn from_row(row: &mut Row) -> kit::Result<Self> {
        Ok(Self {
            tenant: row.get()?,
            integration: row.get()?,
            external_id: row.get()?,
            external_type: row.get()?,
            provider: row.get()?,
            kind: row.get()?,
            unreadable: row.get()?,
            trace_id: row.get()?,
            received_at: row.get()?,
            hops: row.get()?,
        })
    }
}

impl ReceivedWebhook {
    /// Appends the webhook to the feed. Returns whether this call did it, and not another one.
    fn ingest(&self, system: &System<'_>) -> kit::Result<bool> {
        let scope = system.resume(&self.tenant, &self.trace_id);
        // Read for one webhook at a time, because the payloads of a whole batch would fill the
        // memory.
        let payload = scope.fetch_optional::<String>(
            "SELECT payload FROM inbound_events WHERE tenant_id = $1 AND integration_id = $2 \
             AND external_id = $3",
            values![&self.integration, &self.external_id],
        )?;
        // The feed has the payload from here on. The row stays, so that a second delivery of the
        // webhook is recognised.
        let ours = scope.execute(
            "UPDATE inbound_events SET status = 'PROCESSED', payload = '' WHERE tenant_id = $1 \
             AND integration_id = $2 AND external_id = $3 AND status = 'RECEIVED'",
            values![&self.integration, &self.external_id],
        )?;
        let Some(payload) = payload.filter(|_| ours > 0) else { return Ok(false) };
        let provider = Provider::of(&self.provider).ok_or("an unknown provider").internal()?;
        let data = Data {
            integration_id: &self.integration,
            provider: provider.slug(),
            kind: &self.kind,
            external_id: &self.external_id,
            external_type: self.external_type.as_deref(),
            received_at: rfc3339(self.received_at),
            hops: self.hops,
            unreadable: self.unreadable,
            payload: RawValue::from_string(payload).internal()?,
        };
        scope.emit(Event {
            kind: "record.ingested",
            subject: &self.integration,
            source_agent: provider.slug(),
            data: serde_json::to_string(&data).internal()?,
        })?;
        Ok(true)
    }
}
