//! `POST /internal/work/auth`: deletes refresh tokens that have expired.

use kit::retention::Sweep;
use kit::{Call, Reply, operator};
use serde::Serialize;

/// What this call did.
#[derive(Default, Serialize)]
struct WorkResult {
    /// Expired refresh tokens.
    refresh_tokens: u64,
    more: bool,
}

pub(crate) fn run(call: &Call) -> kit::Result {
    operator::scheduler(call)?;
    let mut result = WorkResult::default();
    if let Some(sweep) = Sweep::join(call)? {
        (result.refresh_tokens, result.more) =
            sweep.delete("refresh_tokens", "hash", "expires_at < $1", sweep.now())?;
    }
    Reply::ok(&result)
}
