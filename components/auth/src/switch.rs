//! `POST /auth/switch`: a person goes on in another of their tenants, without the password.

use kit::{Call, Code, Error, Reply, Seal, System, values};
use serde::Deserialize;
use serde_json::json;

use crate::audit::Entry;
use crate::family::Family;
use crate::memberships::membership;
use crate::register::{Session, User};
use crate::session::{self, Subject};

#[derive(Deserialize)]
struct Switch {
    tenant_id: String,
}

pub(crate) async fn switch(call: &Call) -> kit::Result {
    let Switch { tenant_id } = call.json()?;
    let seal = Seal::load(call).await?;
    let system = System::open(call, "a person changes from one tenant to another")?;
    if let Some(answer) = system.stored_answer(call, &seal)? {
        return Ok(answer);
    }
    let here = Family::of_whole_caller(call, &system)?;
    if tenant_id == here.tenant {
        return Err(Error::new(Code::Conflict, "The access token is of this tenant already."));
    }
    let chosen = membership(&system, &here.person, &tenant_id)?;
    // The same answer if the tenant does not exist, so that it does not tell which tenants exist.
    let chosen = chosen.ok_or_else(|| {
        Error::new(
            Code::TenantMismatch,
            "You are not a member of this tenant; GET /me has the tenants that you can choose.",
        )
    })?;
    let user = user(&system, &here.person, &chosen.user_id)?;
    let family = here.switched(&chosen.user_id, &chosen.tenant_id);
    let subject = Subject::member(chosen.member(), &chosen.tenant_id, &family.id);
    let access = session::access(call, &subject).await?;
    system.idempotent(call, &seal, || {
        here.hold(&system)?;
        // A login has one refresh token for each tenant.
        system.execute(
            "UPDATE refresh_tokens SET revoked_at = $1 WHERE family = $2 AND tenant_id = $3 \
             AND used_at IS NULL AND revoked_at IS NULL",
            values![kit::now(), &family.id, &family.tenant],
        )?;
        let refresh = family.refresh(call, &system)?;
        let (kind, data) = ("user.signed_in", json!({ "login": family.id }));
        Entry { tenant: &family.tenant, kind, subject: &family.member, data }.write(&system)?;
        let session = Session::new(user, chosen.tenant(), access, refresh);
        Ok(Reply::ok(&session)?.header("cache-control", "no-store"))
    })
}

/// The person as the user of a tenant.
fn user(system: &System<'_>, person: &str, id: &str) -> kit::Result<User> {
    let (email, name, created_at) = system.fetch_one::<(String, Option<String>, i64)>(
        "SELECT email, name, created_at FROM users WHERE id = $1",
        values![person],
    )?;
    Ok(User { id: id.to_owned(), email, name, created_at: kit::rfc3339(created_at) })
}
