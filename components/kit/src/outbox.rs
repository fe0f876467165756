//! The feed is the outbox of webhooks: what is appended to it makes the queues due that take
//! such events, in the same transaction. The function `webhooks` sends them.

use std::cell::Cell;

use crate::sql::Value;
use crate::{Error, Scope};

/// The header of an answer that says to the gateway what is due; no client sees it.
pub(crate) const DUE: &str = "x-work-due";

thread_local! {
    /// Whether the running request made a queue due. With several requests in one instance
    /// another one may say so: somebody looks and finds nothing.
    static DELIVERIES: Cell<bool> = const { Cell::new(false) };
}

/// Whether there is something to deliver since this was last asked.
pub(crate) fn take_due() -> bool {
    DELIVERIES.take()
}

impl Scope<'_> {
    /// Makes the queues due that take events of this type. One that is due already is left
    /// alone, so that writers do not wait for a row that all of them change.
    pub(crate) fn announce(&self, kind: &str) -> Result<(), Error> {
        let area = kind.split_once('.').map_or(kind, |(area, _)| area);
        // Those of delivering itself go only to whom they were promised by name.
        let all = if matches!(area, "endpoint" | "delivery") { "" } else { "% * %" };
        let like = [format!("% {kind} %"), format!("% {area}.* %"), all.to_owned()];
        let due = self.execute(
            "UPDATE webhook_queues SET due_at = 0 WHERE tenant_id = $1 AND due_at > 0 \
             AND (patterns LIKE $2 OR patterns LIKE $3 OR patterns LIKE $4)",
            like.map(Value::Text),
        )?;
        if due > 0 {
            self.wake();
        }
        Ok(())
    }

    /// Has the dispatcher look at what is due as soon as the request is answered.
    pub fn wake(&self) {
        DELIVERIES.set(true);
    }
}
