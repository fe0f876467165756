//! Authorization failures in the audit log (D-169, S-21): a known caller was refused for want of
//! rights. A client may send any number of such requests. So there is only one entry for each
//! caller and hour, in the caller's own tenant, and the access log has a line for each request. A
//! request without a known caller leaves no entry.
//!
//! The gateway has no database, so the function behind it writes the entry
//! (`components/kit/src/refusal.rs`). If that fails, then the answer to the client is still the
//! same.

use protocol::{Code, Context, Error, entry, metadata};

use crate::platform::Platform;
use crate::record::Record;

const HOUR_MS: u64 = 3_600_000;

/// Notes a refusal for want of rights, unless this hour has one of this caller already.
pub(crate) async fn record<P: Platform>(platform: &P, refusal: &Error, record: &mut Record) {
    if !matches!(refusal.code, Code::InsufficientScope | Code::TenantMismatch) {
        return;
    }
    let Some(verified) = record.verified.clone() else { return };
    let caller = verified.caller.clone();
    let hour = platform.now() / HOUR_MS;
    let what = format!("{}:access.refused:{}", caller.tenant, caller.id());
    let key = entry::audited(hour, &what);
    if !is_first(platform, &key, (hour + 1) * HOUR_MS).await {
        return;
    }
    let scope = refusal.context.iter().find(|(name, _)| name == "required_scope");
    let refusal = metadata::Refusal {
        operation: record.operation.clone(),
        error: Some(refusal.code.row().name.to_owned()),
        required_scope: scope.map(|(_, scope)| scope.clone()),
    };
    let context = Context { trace_id: record.trace.trace_id.clone(), caller: Some(caller) };
    match platform.call(context, metadata::Refusal::OPERATION, refusal.request()).await {
        Ok(Ok(mut response)) => {
            let due = metadata::take_work_due(&mut response.headers);
            due.into_iter().for_each(|due| platform.wake(due));
        }
        // The function has no database, or it does not know this call.
        Ok(Err(error)) => record.cause = error.internal.or(Some(error.message)),
        Err(fault) => record.cause = Some(format!("the refusal was not noted: {fault:?}")),
    }
}

/// Whether this is the first refusal of the hour. If the store does not answer, then nothing is
/// noted, because nothing would bound the number of entries.
async fn is_first<P: Platform>(platform: &P, key: &str, until: u64) -> bool {
    if !matches!(platform.get(key).await, Ok(None)) {
        return false;
    }
    let by = hex::encode(platform.random());
    let mark = entry::mark_by(until, &by);
    match platform.swap(key, None, &mark).await {
        Ok(true) => true,
        // The reply was lost, or the store reports every swap as failed, as Spin 4.1 does on Redis.
        Ok(false) => matches!(platform.get(key).await, Ok(Some(held)) if held == mark),
        Err(_) => false,
    }
}
