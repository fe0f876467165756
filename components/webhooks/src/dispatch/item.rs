//! An event on its way to an endpoint.

use kit::{Published, Row};

/// An event that is being delivered.
pub(super) struct Item {
    /// `None` if the event is not kept any more.
    pub(super) event: Option<Published>,
    pub(super) id: String,
    pub(super) seq: i64,
    pub(super) kind: String,
    pub(super) subject: String,
    /// Attempts that were made, as the schedule counts them.
    pub(super) attempts: i64,
    /// Whether the delivery was given up before.
    pub(super) was_exhausted: bool,
}

impl Item {
    /// A new event, of which no attempt was made yet.
    pub(super) fn new(row: &mut Row) -> kit::Result<Option<Self>> {
        let item = Published::read(row)?.map(|event| Self {
            id: event.id.clone(),
            seq: event.seq,
            kind: event.kind.clone(),
            subject: event.subject.clone(),
            attempts: 0,
            was_exhausted: false,
            event: Some(event),
        });
        Ok(item)
    }
}
