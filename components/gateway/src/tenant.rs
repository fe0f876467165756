//! The tenant of a request comes from the claim of its credential. `X-Tenant-Id` may repeat it but
//! never change it (A-24, K-39).

use http::request::Parts;
use protocol::{Caller, Code, Error};

pub(crate) fn check(parts: &Parts, caller: Option<&Caller>) -> Result<(), Error> {
    let (Some(caller), Some(named)) = (caller, parts.headers.get("x-tenant-id")) else {
        return Ok(());
    };
    if named.as_bytes() == caller.tenant.as_bytes() {
        return Ok(());
    }
    Err(Error::new(
        Code::TenantMismatch,
        "X-Tenant-Id names another tenant than the credential; log in for that tenant.",
    ))
}
