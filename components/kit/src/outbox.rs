//! The event feed is the outbox of webhooks. An appended event makes the queues due that take it,
//! in the same transaction. The function `webhooks` sends the events of due queues.

use std::cell::RefCell;
use std::collections::BTreeSet;

use protocol::contract::EventType;
use protocol::metadata::DueWork;

use crate::write::{Expected, Write};
use crate::{Scope, Value};

thread_local! {
    /// The functions for which the running request made work due. If an instance has several
    /// requests, then another one may report them: then a function may look and find nothing.
    static DUE: RefCell<BTreeSet<DueWork>> = const { RefCell::new(BTreeSet::new()) };
}

/// The functions for which work became due since the last call.
pub(crate) fn take_due() -> BTreeSet<DueWork> {
    DUE.take()
}

/// The write that makes the queues due that take events of these types. A queue that is already due
/// is not written again, so that writers do not wait for each other on one row.
pub(crate) fn queues_due(kinds: &[&EventType]) -> Write {
    let mut like = Vec::with_capacity(kinds.len() * 3);
    for EventType { name, operational, .. } in kinds {
        let area = name.split_once('.').map_or(*name, |(area, _)| area);
        like.push(format!("% {name} %"));
        like.push(format!("% {area}.* %"));
        if !operational {
            like.push("% * %".to_owned());
        }
    }
    like.sort_unstable();
    like.dedup();
    let takes: Vec<String> = (0..like.len()).map(|n| format!("patterns LIKE ${}", n + 2)).collect();
    let sql = format!(
        "UPDATE webhook_queues SET due_at = 0 WHERE tenant_id = $1 AND due_at > 0 AND ({})",
        takes.join(" OR ")
    );
    Write {
        table: "webhook_queues",
        sql,
        values: like.into_iter().map(Value::Text).collect(),
        expected: Expected::Wakes(DueWork::Webhooks),
    }
}

impl Scope<'_> {
    /// Calls for the work of a function as soon as the request is answered.
    pub fn wake(&self, due: DueWork) {
        DUE.with_borrow_mut(|all| all.insert(due));
    }
}
