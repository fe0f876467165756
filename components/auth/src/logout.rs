//! `POST /auth/logout`: ends the login of the caller, in all tenants to which it was carried on.

use kit::{Call, Reply, Seal, System};

use crate::ending::end;
use crate::family::Family;

pub(crate) async fn logout(call: &Call) -> kit::Result {
    let seal = Seal::load(call).await?;
    let system = System::open(call, "a login is ended by the person, above tenants")?;
    if let Some(answer) = system.stored_answer(call, &seal)? {
        return Ok(answer);
    }
    let login = Family::of_caller(call, &system)?;
    system.idempotent(call, &seal, || {
        login.hold(&system)?;
        end(&system, &login.person, &login.id, "user.signed_out")?;
        Ok(Reply::no_content())
    })
}
