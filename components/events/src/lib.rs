//! The event feed of a tenant: append-only, in the order of the commits (B-48, B-49).

mod contract {
    #![allow(missing_docs, unreachable_pub)]
    include!(concat!(env!("OUT_DIR"), "/contract.rs"));
}

mod tick;

use contract::Op;
use kit::list::{Literal, Place, Resume};
use kit::{Call, Code, EventType, Reply, Row, Scope, Value, problem};
use serde::Serialize;

kit::function!(Op, dispatch);

async fn dispatch(op: Op, call: Call) -> kit::Result {
    match op {
        Op::ListEvents => list(&call),
        Op::Tick => tick::run(&call).await,
    }
}

/// An event as clients see it.
#[derive(Serialize)]
struct Event {
    #[serde(skip)]
    seq: i64,
    id: String,
    #[serde(rename = "type")]
    kind: String,
    schema_version: i64,
    log_code: Option<&'static str>,
    subject: String,
    source_agent: String,
    tenant_id: String,
    data: serde_json::Value,
    trace_id: String,
    created_at: String,
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

const DEFAULT_LIMIT: i64 = 50;

/// A page, in the native form.
#[derive(Serialize)]
struct Page {
    items: Vec<Event>,
    next_cursor: Option<String>,
}

/// The sequence number that a cursor leads behind. A follower may change the types that it
/// follows: the cursor is bound to the feed alone.
fn place(scope: &Scope<'_>, cursor: &str) -> kit::Result<i64> {
    match scope.cursors("events", "", |bound| bound.read(cursor, 1))? {
        Some(Resume::At(Place { keys, .. })) => match keys.as_slice() {
            [Literal::Integer(seq)] => Ok(*seq),
            _ => Err(problem(Code::InvalidCursor, "The cursor is not of this feed.")),
        },
        _ => Err(problem(Code::InvalidCursor, "The cursor is not of this feed.")),
    }
}

/// Oldest first. A page always tells a cursor, so that a follower can come back with it
/// for what happens later.
fn list(call: &Call) -> kit::Result {
    // The contract has checked that it is a number in range.
    let limit = call.query("limit").and_then(|n| n.parse().ok()).unwrap_or(DEFAULT_LIMIT);
    let kinds: Vec<&str> =
        call.query("type").map(|list| list.split(',').collect()).unwrap_or_default();
    call.read_list(|scope| {
        let after = match call.query("cursor") {
            Some(cursor) => place(scope, cursor)?,
            None => 0,
        };
        let places: Vec<String> = (0..kinds.len()).map(|n| format!("${}", n + 3)).collect();
        let only = match places.as_slice() {
            [] => String::new(),
            places => format!("AND type IN ({})", places.join(", ")),
        };
        let sql = format!(
            "SELECT seq, id, type, schema_version, subject, source_agent, tenant_id, data, \
             trace_id, created_at FROM events WHERE tenant_id = $1 AND seq > $2 {only} ORDER BY seq LIMIT ${}",
            places.len() + 3
        );
        let kinds = kinds.iter().map(|kind| Value::Text((*kind).to_owned()));
        let limit = Value::Integer(limit);
        let parameters = std::iter::once(Value::Integer(after)).chain(kinds).chain([limit]);
        let rows = scope.query(&sql, parameters)?;
        let items: Vec<Event> = rows.into_iter().map(Event::from).collect();
        let next_cursor = match items.last() {
            Some(last) => {
                let keys = vec![Literal::Integer(last.seq)];
                let place = Place { keys, backwards: false };
                Some(scope.cursors("events", "", |bound| bound.cursor(&place))?)
            }
            None => call.query("cursor").map(str::to_owned),
        };
        Reply::ok(&Page { items, next_cursor })
    })
}
