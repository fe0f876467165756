//! An event as clients see it.

use kit::{EventType, Row};
use serde::Serialize;

/// What [`Event::from`] reads, in its order.
pub(crate) const COLUMNS: &str = "seq, id, type, schema_version, subject, source_agent, \
     tenant_id, data, trace_id, created_at";

/// The native form.
#[derive(Serialize)]
pub(crate) struct Event {
    /// Its place in the feed. Clients see cursors instead: the number would tell how much all
    /// tenants write.
    #[serde(skip)]
    pub(crate) seq: i64,
    pub(crate) id: String,
    #[serde(rename = "type")]
    pub(crate) kind: String,
    pub(crate) schema_version: i64,
    pub(crate) log_code: Option<&'static str>,
    pub(crate) subject: String,
    pub(crate) source_agent: String,
    pub(crate) tenant_id: String,
    pub(crate) data: serde_json::Value,
    pub(crate) trace_id: String,
    pub(crate) created_at: String,
}

impl From<Row> for Event {
    fn from(mut row: Row) -> Self {
        let (seq, id, kind) = (row.integer(), row.text(), row.text());
        Self {
            seq,
            id,
            schema_version: row.integer(),
            log_code: EventType::find(&kind).and_then(|known| known.log_code),
            kind,
            subject: row.text(),
            source_agent: row.text(),
            tenant_id: row.text(),
            data: serde_json::from_str(&row.text()).unwrap_or_default(),
            trace_id: row.text(),
            created_at: kit::rfc3339(row.integer()),
        }
    }
}
