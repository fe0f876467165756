//! `POST /auth/login`: exchanges e-mail and password for tokens of one tenant.

use argon2::Params;
use kit::{Call, Code, Error, Reply, System, values};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::attempts::{Attempt, TooEarly};
use crate::audit::{self, Entry};
use crate::password;
use crate::register::{Session, Tenant, User};
use crate::session::{self, Family, Member, Subject};
use crate::settings::SETTINGS;
use crate::values::roles;
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

#[derive(Serialize)]
struct Membership {
    tenant_id: String,
    tenant_name: String,
    roles: Vec<String>,
    #[serde(skip)]
    tenant_created_at: i64,
    #[serde(skip)]
    version: i64,
}

pub(crate) async fn login(call: &Call) -> kit::Result {
    let login: Login = call.json()?;
    let email = kit::text::address(&login.email);
    let seal = Seal::load(call).await?;
    let cost = &SETTINGS.hash;
    let system = System::open(call, "a login finds its user over all tenants")?;
    let attempt = match Attempt::begin(call, &system, &seal, &email) {
        Ok(attempt) => attempt,
        Err(TooEarly { error, account }) => {
            audit::record_failure(call.trace_id(), "user.sign_in_refused", &account, &email);
            return Err(error);
        }
    };
    let proven = match verify_password(&system, &email, &login.password, cost) {
        Ok(proven) => proven,
        Err(error) => {
            attempt.withdraw()?;
            return Err(error);
        }
    };
    let Some(user) = proven else {
        audit::record_failure(call.trace_id(), "user.sign_in_failed", attempt.account(), &email);
        return Err(Error::new(Code::InvalidCredentials, "E-mail or password is wrong."));
    };
    attempt.succeeded()?;
    let memberships = memberships(&system, &user.id)?;
    let chosen = match &login.tenant_id {
        Some(id) => memberships.iter().find(|membership| membership.tenant_id == *id),
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

    let family = Family::start(&user.id, &chosen.tenant_id);
    let member =
        Member { id: user.id.clone(), roles: chosen.roles.clone(), version: chosen.version };
    let subject = Subject::member(member, &chosen.tenant_id, &family.id);
    let access = session::access(call, &subject).await?;
    let tenant = Tenant {
        id: chosen.tenant_id.clone(),
        name: chosen.tenant_name.clone(),
        created_at: kit::rfc3339(chosen.tenant_created_at),
    };
    system.idempotent(call, &seal, || {
        let refresh = family.refresh(&system)?;
        attempt.record_networks(&system)?;
        let (kind, data) = ("user.signed_in", json!({ "login": family.id }));
        Entry { tenant: &tenant.id, kind, subject: &user.id, data }.write(&system)?;
        let session = Session::new(user, tenant, access, refresh);
        Ok(Reply::ok(&Answer { session, memberships })?.header("cache-control", "no-store"))
    })
}

/// Looks up the user by e-mail address and checks the password. Returns `None` if the password is
/// wrong. If this fails with an error, then the password was not compared.
fn verify_password(
    system: &System<'_>,
    email: &str,
    password: &str,
    cost: &Params,
) -> kit::Result<Option<User>> {
    let found = system.fetch_optional::<(String, String, String, Option<String>, i64)>(
        "SELECT password_hash, id, email, name, created_at FROM users WHERE email = $1",
        values![email],
    )?;
    let found = found.map(|(hash, id, email, name, created_at)| {
        (hash, User { id, email, name, created_at: kit::rfc3339(created_at) })
    });
    let (hash, user) = found.unzip();
    let proven = password::verify(password, hash.as_deref(), cost)?;
    Ok(user.filter(|_| proven))
}

fn memberships(system: &System<'_>, user: &str) -> kit::Result<Vec<Membership>> {
    let rows = system.fetch_all::<(String, String, String, i64, i64)>(
        "SELECT m.tenant_id, t.name, m.roles, t.created_at, m.version \
         FROM members m JOIN tenants t ON t.id = m.tenant_id \
         WHERE m.id = $1 AND m.is_active = 1 AND m.deleted_at IS NULL ORDER BY m.created_at, m.tenant_id LIMIT 100",
        values![user],
    )?;
    let memberships =
        rows.into_iter().map(|(tenant_id, tenant_name, held, tenant_created_at, version)| {
            let roles = roles(&held)?;
            Ok(Membership { tenant_id, tenant_name, roles, tenant_created_at, version })
        });
    memberships.collect()
}
