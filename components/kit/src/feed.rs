//! An event as clients see it: in the feed, in a stream, and as the body of a webhook.

use serde::Serialize;
use serde_json::value::RawValue;

use crate::{Error, Row, event_type};

/// An event of the feed, in the native form.
#[derive(Serialize)]
pub struct Published {
    /// Its place in the feed. Clients see cursors instead: the number would tell how much all
    /// tenants write.
    #[serde(skip)]
    pub seq: i64,
    /// The id: `evt_…`
    pub id: String,
    /// A name of the registry.
    #[serde(rename = "type")]
    pub kind: String,
    /// The version of the schema of `data`.
    pub schema_version: i64,
    /// The name in logs, for types that have one (K-61).
    pub log_code: Option<&'static str>,
    /// The id of the object that it happened to.
    pub subject: String,
    /// The function that reported it.
    pub source_agent: String,
    /// The tenant that it belongs to.
    pub tenant_id: String,
    /// The object after the change, on one line, otherwise as it was written.
    pub data: Box<RawValue>,
    /// The trace of the request that caused it.
    pub trace_id: String,
    /// When it was written, in RFC 3339.
    pub created_at: String,
}

impl Published {
    /// The columns that [`Published::read`] takes, in their order.
    pub const COLUMNS: &str = "seq, id, type, schema_version, subject, source_agent, \
         tenant_id, data, trace_id, created_at";

    /// Reads the next columns of a row. If an outer join found no event, then it reads the first
    /// one only and returns `None`.
    ///
    /// # Errors
    /// As [`Row::get`].
    pub fn read(row: &mut Row) -> Result<Option<Self>, Error> {
        let Some(seq) = row.get()? else { return Ok(None) };
        let (id, kind): (String, String) = row.get()?;
        Ok(Some(Self {
            seq,
            id,
            schema_version: row.get()?,
            log_code: event_type::find(&kind).and_then(|known| known.log_code),
            kind,
            subject: row.get()?,
            source_agent: row.get()?,
            tenant_id: row.get()?,
            data: line(row.get()?),
            trace_id: row.get()?,
            created_at: crate::rfc3339(row.get()?),
        }))
    }

    /// A statement that returns the first rows of another statement, up to about `bytes` bytes of
    /// data. It returns at least one row, and the last row may exceed the limit. So the rows need
    /// little memory, however large events are. `columns` names all columns of `statement`, with
    /// [`Published::COLUMNS`] among them; `order` names the columns to sort by. The result has one
    /// more column at the end: the number of all rows of `statement`.
    pub fn within_bytes(bytes: usize, columns: &str, order: &str, statement: &str) -> String {
        format!(
            "SELECT {columns}, total FROM (SELECT {columns}, COUNT(*) OVER () AS total, \
             SUM(COALESCE(OCTET_LENGTH(data), 0)) OVER (ORDER BY {order}) AS upto \
             FROM ({statement}) AS found) AS counted \
             WHERE upto - COALESCE(OCTET_LENGTH(data), 0) < {bytes} ORDER BY {order}"
        )
    }
}

/// Replaces line breaks in JSON by spaces. JSON escapes the line breaks of its strings, so the
/// others are white space only.
fn line(mut json: String) -> Box<RawValue> {
    if json.contains(['\n', '\r']) {
        json = json.replace(['\n', '\r'], " ");
    }
    RawValue::from_string(json).unwrap_or_else(|_| RawValue::NULL.to_owned())
}

#[cfg(test)]
mod tests {
    use super::line;

    #[test]
    fn data_is_one_line_and_else_as_it_was() {
        for (json, expected) in [
            ("{\"a\": 1e2}", "{\"a\": 1e2}"),
            ("{\r\n\t\"a\": \"b\\nc\"\n}", "{  \t\"a\": \"b\\nc\" }"),
            ("nope", "null"),
        ] {
            assert_eq!(line(json.to_owned()).get(), expected);
        }
    }
}
