//! Reads from replicas of the database, if there are any. After a write, its caller reads from the
//! writer for a time. So callers see their own writes at once, on every host, and need not carry a
//! token for it. The same holds after a token was issued, because the caller may have written
//! before without a token, by registering.
//!
//! Without `postgres_reader_url` this costs nothing. With it, a read looks into the key-value store
//! once, and a write marks its caller there.

use protocol::entry;

use crate::config::Config;
use crate::router::Route;
use crate::trace::Seen;
use crate::{Caller, Error, Operation, Platform, Response};

/// The key of a caller's mark; `None` if there are no replicas or no caller.
pub(crate) fn mark(config: &Config, caller: Option<&Caller>) -> Option<String> {
    let caller = caller.filter(|_| config.has_replicas)?;
    Some(entry::wrote(&caller.tenant, caller.id()))
}

/// Decides whether a replica may answer.
pub(crate) async fn choose<P: Platform>(
    platform: &P,
    config: &Config,
    route: &Route<'_>,
    mark: Option<&str>,
    seen: &mut Seen,
) {
    let Some(mark) = mark.filter(|_| is_read(route.operation)) else { return };
    if platform.now() < seen.issued_at + config.read_own_writes * 1000 {
        return;
    }
    seen.replica = match platform.get(mark).await {
        Ok(None) => true,
        Ok(Some(value)) => {
            entry::expires_at(&value).is_some_and(|expires_at| expires_at <= platform.now())
        }
        // If the store does not answer, then the writer is always a correct choice.
        Err(_) => false,
    };
}

/// Marks the caller of a write that was done or whose outcome is not known.
pub(crate) async fn note<P: Platform>(
    platform: &P,
    config: &Config,
    route: &Route<'_>,
    mark: Option<&str>,
    outcome: &Result<Response<P::Stream>, Error>,
    seen: &mut Seen,
) {
    let Some(mark) = mark.filter(|_| !is_read(route.operation)) else { return };
    if matches!(outcome, Err(error) if error.code.row().status < 500) {
        return;
    }
    let until = platform.now() + config.read_own_writes * 1000;
    if let Err(fault) = platform.set(mark, &entry::mark(until)).await {
        seen.cause.get_or_insert_with(|| format!("write not marked: {fault:?}"));
    }
}

fn is_read(operation: &Operation) -> bool {
    operation.method == "GET"
}
