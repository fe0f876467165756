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
    /// Makes the queues due that take events of these types. One that is due already is left
    /// alone, so that writers do not wait for a row that all of them change.
    pub(crate) fn announce(&self, kinds: &[&str]) -> Result<(), Error> {
        let mut like = Vec::with_capacity(kinds.len() * 3);
        for kind in kinds {
            let area = kind.split_once('.').map_or(*kind, |(area, _)| area);
            like.push(format!("% {kind} %"));
            like.push(format!("% {area}.* %"));
            // Those of delivering itself go only to whom they were promised by name.
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

    /// Has the dispatcher look at what is due as soon as the request is answered.
    pub fn wake(&self) {
        DELIVERIES.set(true);
    }
}
