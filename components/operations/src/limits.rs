//! Rate limits that the operator sets while the system runs: `/internal/limits`.

use kit::{Call, Reply, System, limits, operator};
use serde::{Deserialize, Serialize};

#[derive(Serialize)]
struct Limits {
    items: Vec<limits::Override>,
}

#[derive(Deserialize)]
struct Quota {
    per_minute: i64,
    burst: Option<i64>,
}

/// `GET /internal/limits`
pub(crate) fn list(call: &Call) -> kit::Result {
    operator::operator(call)?;
    Reply::ok(&Limits { items: limits::all(&open(call)?)? })
}

/// `PUT /internal/limits/{scope}/{subject}/{class}`
pub(crate) fn set(call: &Call) -> kit::Result {
    operator::operator(call)?;
    let quota: Quota = call.json()?;
    // The burst is at least 1, because a bucket of size 0 would admit nothing. If the limit is off,
    // then the burst has no effect.
    let burst = quota.burst.unwrap_or(quota.per_minute).max(1);
    Reply::ok(&limits::set(&open(call)?, subject(call), quota.per_minute, burst)?)
}

/// `DELETE /internal/limits/{scope}/{subject}/{class}`
pub(crate) fn remove(call: &Call) -> kit::Result {
    operator::operator(call)?;
    // The answer is the same whether this call or an earlier one has removed the limit.
    limits::remove(&open(call)?, subject(call))?;
    Ok(Reply::no_content())
}

fn subject(call: &Call) -> [&str; 3] {
    [call.path("scope"), call.path("subject"), call.path("class")]
}

fn open(call: &Call) -> kit::Result<System<'_>> {
    System::open(call, "the operator's limits are above tenants")
}
