//! `POST /auth/logout`: ends the login of the caller.

use kit::{Call, Reply, System};

use crate::family::Family;

pub(crate) fn logout(call: &Call) -> kit::Result {
    let system = System::open(call, "a login is ended by the person, above tenants")?;
    let login = Family::of_caller(call, &system)?;
    system.transaction(|| {
        login.hold(&system)?;
        login.end(&system, "user.signed_out")?;
        Ok(Reply::no_content())
    })
}
