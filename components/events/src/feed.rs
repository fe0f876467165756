//! The event feed: pages of events, and single events.

use kit::cloud_events::{self, BATCH, CloudEvent, ONE};
use kit::list::{Position, Resume};
use kit::{Call, Code, Error, Published, Reply, Scope, Value, metadata, values};
use serde::Serialize;

use crate::selection::{DELIVERY_SUCCESS, EventBatch, Selection};

/// A page in the native form.
#[derive(Serialize)]
struct Page {
    items: Vec<Published>,
    next_cursor: Option<String>,
}

/// `GET /events`: the feed, oldest events first. Each page has a cursor, even the last one, so that
/// a client can come back with it for later events. Only a feed without any event has none.
pub(crate) async fn list(call: &Call) -> kit::Result {
    let (selection, feed) = Selection::parse(call, &["cursor", "limit", DELIVERY_SUCCESS])?;
    let base = match call.header("accept") {
        Some(BATCH) => Some(cloud_events::base()),
        _ => None,
    };
    call.read_list(|scope| {
        let after = feed.cursor.as_deref().map_or(Ok(0), |cursor| position(scope, cursor))?;
        let EventBatch { events: items, position, .. } =
            selection.read(scope, after, feed.limit)?;
        let next_cursor = (position > 0).then(|| cursor(scope, position)).transpose()?;
        let Some(base) = base else { return Reply::ok(&Page { items, next_cursor }) };
        let all: Vec<_> = items.iter().map(|event| CloudEvent::new(event, &base)).collect();
        // A batch of CloudEvents is a plain list, so the cursor goes into the `Link` header.
        let next = next_cursor.map(|cursor| next(call, feed.limit, &cursor));
        Ok(Reply::ok(&all)?
            .header("content-type", BATCH)
            .with_page(metadata::Page { next, ..metadata::Page::default() }))
    })
}

/// `GET /events/{id}`
pub(crate) async fn get(call: &Call) -> kit::Result {
    let base = match call.header("accept") {
        Some(ONE) => Some(cloud_events::base()),
        _ => None,
    };
    call.read(|scope| {
        let id = call.path("id");
        let columns = Published::COLUMNS;
        let sql = format!("SELECT {columns} FROM events WHERE tenant_id = $1 AND id = $2");
        let row = scope.query(&sql, values![id])?.into_iter().next();
        let event = row.map_or(Ok(None), |mut row| Published::read(&mut row))?;
        let event = event.ok_or_else(|| Error::not_found("event", id))?;
        let Some(base) = base else { return Reply::ok(&event) };
        Ok(Reply::ok(&CloudEvent::new(&event, &base))?.header("content-type", ONE))
    })
}

/// The query string of the next page, which begins after `cursor`.
fn next(call: &Call, limit: usize, cursor: &str) -> String {
    let links = kit::list::Links::new(&call.query_parameters(), false);
    links.with(&[("limit", limit.to_string()), ("cursor", cursor.to_owned())])
}

/// The position in the feed that a cursor stands for. A client may change its filters between
/// pages, because the cursor is bound to the feed alone.
///
/// # Errors
/// `invalid-cursor` if the cursor was not made for this feed.
pub(crate) fn position(scope: &Scope<'_>, cursor: &str) -> kit::Result<i64> {
    let found = scope.cursors("events", "", |bound| bound.read(cursor, 1))?;
    let keys = match found {
        Some(Resume::At(Position { keys, .. })) => keys,
        _ => Vec::new(),
    };
    match keys.as_slice() {
        [Value::Integer(seq)] => Ok(*seq),
        _ => Err(Error::new(
            Code::InvalidCursor,
            "The cursor does not belong to this feed; begin again without a cursor.",
        )),
    }
}

/// The cursor for a position in the feed.
///
/// # Errors
/// None within [`Call::read_list`].
pub(crate) fn cursor(scope: &Scope<'_>, position: i64) -> kit::Result<String> {
    let position = Position { keys: vec![position.into()], backwards: false };
    scope.cursors("events", "", |bound| bound.cursor(&position))
}
