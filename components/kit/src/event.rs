//! The event feed. An event is written in the transaction of the change that it reports.

use serde_json::json;

use crate::outbox::queues_due;
use crate::scope::Scope;
use crate::write::{Expected, Write};
use crate::{Call, Error, Value, event_type, id, values};

/// Something that happened in a tenant.
pub struct Event<'a> {
    /// A name of the registry, such as `project.created`.
    pub kind: &'a str,
    /// The id of the object that it happened to.
    pub subject: &'a str,
    /// The function that reports it.
    pub source_agent: &'static str,
    /// The object after the change, as JSON, with nothing secret or personal.
    pub data: String,
}

impl Scope<'_> {
    /// Appends an event to the tenant's feed; returns the id of the event.
    ///
    /// # Errors
    /// `internal-error` for a type that is not in the registry, and for a failure of the database.
    pub fn emit(&self, event: Event<'_>) -> Result<String, Error> {
        self.emit_with(event, None)
    }

    /// As [`Scope::emit`], together with the write that the event reports.
    ///
    /// # Errors
    /// As [`Scope::emit`].
    pub(crate) fn emit_with(
        &self,
        event: Event<'_>,
        change: Option<Write>,
    ) -> Result<String, Error> {
        self.append(vec![event], crate::now(), change)
    }

    /// Appends an event of the caller's action to the feed, and an entry of the action to the audit
    /// log (C-19), together with the write that the event reports. A second event, `audit.logged`,
    /// announces the audit entry (K-63).
    ///
    /// # Errors
    /// As [`Scope::emit`]; `authentication-required` if there is no caller.
    pub(crate) fn emit_audited(
        &self,
        call: &Call,
        event: Event<'_>,
        change: Write,
    ) -> Result<(), Error> {
        let (entry, now) = (id("aud"), crate::now());
        let (write, logged) = self.log(call.caller()?.id(), &event, &entry, now);
        self.append(vec![event, logged], now, [change, write]).map(drop)
    }

    /// Writes an attempt by somebody who is not a caller to the audit log, and appends the
    /// `audit.logged` event that announces the entry. The kind of the attempt is not in the
    /// registry, because nothing has happened.
    ///
    /// # Errors
    /// `internal-error` of the database.
    pub fn audit(&self, actor: &str, attempt: &Event<'_>) -> Result<(), Error> {
        let (entry, now) = (id("aud"), crate::now());
        let (write, logged) = self.log(actor, attempt, &entry, now);
        self.append(vec![logged], now, [write]).map(drop)
    }

    /// The write of an audit entry, and the `audit.logged` event that announces it.
    fn log<'e>(
        &self,
        actor: &str,
        event: &Event<'_>,
        entry: &'e str,
        now: i64,
    ) -> (Write, Event<'e>) {
        let columns =
            [entry, actor, event.kind, event.subject, event.data.as_str(), self.trace_id()];
        let values = columns.map(Value::from).into_iter().chain(values![now]).collect();
        let sql = "INSERT INTO audit_logs \
             (tenant_id, id, actor_id, action_type, resource_id, metadata, trace_id, created_at) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
        let data = json!({
            "id": entry, "actor_id": actor, "action_type": event.kind,
            "resource_id": event.subject, "created_at": crate::rfc3339(now),
        });
        let logged = Event {
            kind: "audit.logged",
            subject: entry,
            source_agent: event.source_agent,
            data: data.to_string(),
        };
        let write =
            Write { table: "audit_logs", sql: sql.to_owned(), values, expected: Expected::Rows(1) };
        (write, logged)
    }

    /// Writes the changes, and appends their events in this order. Also makes the webhook queues due
    /// that take these events. Returns the id of the first event.
    fn append(
        &self,
        events: Vec<Event<'_>>,
        now: i64,
        changes: impl IntoIterator<Item = Write>,
    ) -> Result<String, Error> {
        /// Columns of an event, without the tenant.
        const COLUMNS: usize = 8;
        let count = events.len();
        let (mut values, mut kinds) = (Vec::with_capacity(count * COLUMNS), Vec::new());
        let first = id("evt");
        for (at, event) in events.into_iter().enumerate() {
            let Some(known) = event_type::find(event.kind) else {
                let missing = format!("openapi/events.yaml has no event {}", event.kind);
                return Err(Error::internal(missing));
            };
            kinds.push(known);
            values.extend(values![
                if at == 0 { first.clone() } else { id("evt") },
                known.name,
                known.version,
                event.subject,
                event.source_agent,
                event.data,
                self.trace_id(),
                now,
            ]);
        }
        let row = |row: usize| {
            let numbers = (0..COLUMNS).map(|column| format!("${}", row * COLUMNS + column + 2));
            format!("($1, {})", numbers.collect::<Vec<_>>().join(", "))
        };
        let sql = format!(
            "INSERT INTO events (tenant_id, id, type, schema_version, subject, source_agent, \
             data, trace_id, created_at) VALUES {}",
            (0..count).map(row).collect::<Vec<_>>().join(", ")
        );
        let expected = Expected::Rows(u64::try_from(count).unwrap_or_default());
        let events = Write { table: "events", sql, values, expected };
        let writes = changes.into_iter().chain([events, queues_due(&kinds)]);
        self.write_together(writes.collect())?;
        Ok(first)
    }
}
