//! Authorization failures in the audit log (D-169, S-21): a known caller was refused for want of
//! rights. A client may send any number of such requests. So there is only one entry for each
//! caller and hour, in the caller's own tenant, and the access log has a line for each request. A
//! request without a known caller leaves no entry.
//!
//! The gateway has no database, so the function behind it writes the entry
//! (`components/kit/src/refusal.rs`). If that fails, then the answer to the client is still the
//! same.

use crate::trace::{Seen, hex};
use crate::{Code, Context, Error, Location, Parameter, Platform, Request, wake};

/// The name of the call. No operation of a contract has this name.
const OPERATION: &str = "note-refusal";
const HOUR_MS: u64 = 3_600_000;

/// Notes a refusal for want of rights, unless this hour has one of this caller already.
pub(crate) async fn note<P: Platform>(platform: &P, refusal: &Error, seen: &mut Seen) {
    if !matches!(refusal.code, Code::InsufficientScope | Code::TenantMismatch) {
        return;
    }
    let Some(verified) = seen.verified.clone() else { return };
    let caller = verified.caller.clone();
    let hour = platform.now() / HOUR_MS;
    let key = format!("audited:{hour}:{}:access.refused:{}", caller.tenant, caller.id());
    if !is_first(platform, &key, (hour + 1) * HOUR_MS).await {
        return;
    }
    let scope = refusal.context.iter().find(|(name, _)| name == "required_scope");
    let said = [
        ("operation", seen.operation.clone()),
        ("error", Some(refusal.code.row().name.to_owned())),
        ("required-scope", scope.map(|(_, scope)| scope.clone())),
    ];
    let parameters = said.into_iter().filter_map(|(name, value)| {
        Some(Parameter { location: Location::Header, name: name.to_owned(), value: value? })
    });
    let request = Request { parameters: parameters.collect(), body: Vec::new() };
    let context = Context { trace_id: seen.trace_id.clone(), caller: Some(caller) };
    match platform.call(context, OPERATION, request).await {
        Ok(Ok(mut response)) => wake::listen(platform, &mut response),
        // The function has no database, or it does not know this call.
        Ok(Err(error)) => seen.cause = error.internal.or(Some(error.message)),
        Err(fault) => seen.cause = Some(format!("refusal not noted: {fault:?}")),
    }
}

/// Whether this is the first refusal of the hour. If the store does not answer, then nothing is
/// noted, because nothing would bound the number of entries.
async fn is_first<P: Platform>(platform: &P, key: &str, until: u64) -> bool {
    if !matches!(platform.get(key).await, Ok(None)) {
        return false;
    }
    let by = hex(&platform.random());
    let mark = format!("{{\"expires_at\":{until},\"by\":\"{by}\"}}").into_bytes();
    match platform.swap(key, None, &mark).await {
        Ok(true) => true,
        // The reply was lost, or the store reports every swap as failed, as Spin 4.1 does on Redis.
        Ok(false) => matches!(platform.get(key).await, Ok(Some(held)) if held == mark),
        Err(_) => false,
    }
}
