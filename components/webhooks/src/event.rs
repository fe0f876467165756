//! An event as receivers get it: the same object that the feed shows.

use kit::Row;
use serde::Serialize;
use serde_json::value::RawValue;

/// The columns that [`Event::read`] takes.
pub(crate) const COLUMNS: &str =
    "seq, id, type, subject, source_agent, tenant_id, data, trace_id, created_at";

/// An event of the feed.
pub(crate) struct Event {
    pub(crate) seq: i64,
    pub(crate) id: String,
    pub(crate) kind: String,
    pub(crate) subject: String,
    source_agent: String,
    tenant_id: String,
    data: String,
    trace_id: String,
    created_at: i64,
}

#[derive(Serialize)]
struct Body<'a> {
    id: &'a str,
    #[serde(rename = "type")]
    kind: &'a str,
    subject: &'a str,
    source_agent: &'a str,
    tenant_id: &'a str,
    data: &'a RawValue,
    trace_id: &'a str,
    created_at: String,
}

impl Event {
    /// The next columns of a row, as [`COLUMNS`] has them; `None` when there is no such event.
    pub(crate) fn read(row: &mut Row) -> Option<Self> {
        Some(Self {
            seq: row.optional_integer()?,
            id: row.text(),
            kind: row.text(),
            subject: row.text(),
            source_agent: row.text(),
            tenant_id: row.text(),
            data: row.text(),
            trace_id: row.text(),
            created_at: row.integer(),
        })
    }

    /// The body of a delivery.
    pub(crate) fn body(&self) -> Vec<u8> {
        let data: &RawValue = serde_json::from_str(&self.data).unwrap_or(RawValue::NULL);
        let body = Body {
            id: &self.id,
            kind: &self.kind,
            subject: &self.subject,
            source_agent: &self.source_agent,
            tenant_id: &self.tenant_id,
            data,
            trace_id: &self.trace_id,
            created_at: kit::rfc3339(self.created_at),
        };
        serde_json::to_vec(&body).unwrap_or_default()
    }
}
