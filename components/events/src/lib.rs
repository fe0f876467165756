//! The event feed of a tenant: append-only, in the order of the commits (B-48, B-49).

mod contract;
mod feed;
mod selection;
mod settings;
mod stream;
mod work;

use contract::{Op, WEBHOOK_ATTEMPTS, attempt};
use kit::{Call, Error, Scope, values};

kit::function!(Op, dispatch, settings::SETTINGS);

async fn dispatch(op: Op, call: Call) -> kit::Result {
    match op {
        Op::GetEvent => feed::get(&call).await,
        Op::ListEvents => feed::list(&call).await,
        Op::StreamEvents => stream::open(call).await,
        Op::WorkEvents => work::run(&call),
        Op::ListEventAttempts => {
            let id = call.path("id");
            WEBHOOK_ATTEMPTS
                .list_of(&call, Some((attempt::EVENT_ID, id)), |scope| exists(scope, id))
        }
    }
}

/// Refuses the call if there is no such event.
fn exists(scope: &Scope<'_>, id: &str) -> kit::Result<()> {
    let sql = "SELECT id FROM events WHERE tenant_id = $1 AND id = $2";
    match scope.query(sql, values![id])?.is_empty() {
        true => Err(Error::not_found("event", id)),
        false => Ok(()),
    }
}
