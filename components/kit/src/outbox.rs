//! The event feed is the outbox of webhooks. An appended event makes the queues due that take it,
//! in the same transaction. The function `webhooks` sends the events of due queues.

use std::cell::Cell;

use crate::{Error, Scope, Value};

thread_local! {
    /// Whether the running request made a queue due. If an instance has several requests, then
    /// another one may report it: then the dispatcher may look and find nothing.
    static DELIVERIES: Cell<bool> = const { Cell::new(false) };
}

/// Whether a delivery became due since the last call.
pub(crate) fn take_due() -> bool {
    DELIVERIES.take()
}

impl Scope<'_> {
    /// Makes the queues due that take events of these types. A queue that is already due is not
    /// written again, so that writers do not wait for each other on one row.
    pub(crate) fn announce(&self, kinds: &[&str]) -> Result<(), Error> {
        let mut like = Vec::with_capacity(kinds.len() * 3);
        for kind in kinds {
            let area = kind.split_once('.').map_or(*kind, |(area, _)| area);
            like.push(format!("% {kind} %"));
            like.push(format!("% {area}.* %"));
            // Events about the delivery itself go only to endpoints that name these types or their
            // area.
            if !matches!(area, "endpoint" | "delivery") {
                like.push("% * %".to_owned());
            }
        }
        like.sort_unstable();
        like.dedup();
        let takes: Vec<String> =
            (0..like.len()).map(|n| format!("patterns LIKE ${}", n + 2)).collect();
        let sql = format!(
            "UPDATE webhook_queues SET due_at = 0 WHERE tenant_id = $1 AND due_at > 0 AND ({})",
            takes.join(" OR ")
        );
        if self.execute(&sql, like.into_iter().map(Value::Text))? > 0 {
            self.wake();
        }
        Ok(())
    }

    /// Wakes the dispatcher as soon as the request is answered.
    pub fn wake(&self) {
        DELIVERIES.set(true);
    }
}
