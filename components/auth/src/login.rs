//! `POST /auth/login`: exchanges e-mail and password for tokens of one tenant.

use kit::{Call, Code, Error, Reply, System, values};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::audit::Entry;
use crate::ending::make_room;
use crate::family::Family;
use crate::memberships::{Membership, membership, memberships};
use crate::password;
use crate::proof::prove;
use crate::register::{Session, User};
use crate::session::{self, Subject};
use kit::Seal;

#[derive(Deserialize)]
struct Login {
    email: String,
    password: String,
    tenant_id: Option<String>,
}

#[derive(Serialize)]
struct Answer {
    #[serde(flatten)]
    session: Session,
    memberships: Vec<Membership>,
}

pub(crate) async fn login(call: &Call) -> kit::Result {
    let login: Login = call.json()?;
    let email = kit::text::address(&login.email);
    let seal = Seal::load(call).await?;
    let system = System::open(call, "a login finds its user over all tenants")?;
    let found = find(&system, &email)?;
    let hash = found.as_ref().map(|(_, hash)| hash.as_str());
    let proven = prove(call, &system, &seal, &email, &login.password, hash)?;
    let (Some(attempt), Some((person, hash))) = (proven, found) else { return Err(wrong()) };
    let memberships = memberships(&system, &person.id)?;
    // A person may have more memberships than are shown.
    let wanted = match &login.tenant_id {
        Some(tenant) => membership(&system, &person.id, tenant)?,
        None => None,
    };
    let chosen = match &login.tenant_id {
        Some(_) => wanted.as_ref(),
        None => memberships.first(),
    };
    // The same answer if the tenant does not exist, so that it does not tell which tenants exist.
    let chosen = chosen.ok_or_else(|| {
        Error::new(
            Code::TenantMismatch,
            "You are not a member of this tenant; leave tenant_id out to log in to the one that \
             you joined first.",
        )
    })?;

    let family = Family::start(&person.id, &chosen.user_id, &chosen.tenant_id);
    let user = User { id: chosen.user_id.clone(), ..person };
    let subject = Subject::member(chosen.member(), &chosen.tenant_id, &family.id);
    let access = session::access(call, &subject).await?;
    let tenant = chosen.tenant();
    make_room(&system, &family.person)?;
    system.idempotent(call, &seal, || {
        system.lock(&family.person)?;
        if !password::is_still(&system, &family.person, &hash)? {
            return Err(wrong());
        }
        let refresh = family.refresh(call, &system)?;
        attempt.record_networks(&system)?;
        let (kind, data) = ("user.signed_in", json!({ "login": family.id }));
        Entry { tenant: &tenant.id, kind, subject: &user.id, data }.write(&system)?;
        let session = Session::new(user, tenant, access, refresh);
        Ok(Reply::ok(&Answer { session, memberships })?.header("cache-control", "no-store"))
    })
}

fn wrong() -> Error {
    Error::new(Code::InvalidCredentials, "E-mail or password is wrong.")
}

/// The person with this address, and the hash of the password.
fn find(system: &System<'_>, email: &str) -> kit::Result<Option<(User, String)>> {
    let found = system.fetch_optional::<(String, String, String, Option<String>, i64)>(
        "SELECT password_hash, id, email, name, created_at FROM users WHERE email = $1",
        values![email],
    )?;
    Ok(found.map(|(hash, id, email, name, created_at)| {
        (User { id, email, name, created_at: kit::rfc3339(created_at) }, hash)
    }))
}
