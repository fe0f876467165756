//! `POST /auth/register`: makes a user, their tenant, and their membership as its owner.

use kit::{Call, Code, Error, Event, Reply, System, values};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::family::Family;
use crate::session::{self, Access, Member, Subject};
use crate::settings::SETTINGS;
use crate::strength::{self, Words};
use crate::{attempts, password};
use kit::Seal;

#[derive(Deserialize)]
struct Registration {
    email: String,
    password: String,
    name: Option<String>,
    tenant_name: String,
    tenant_id: Option<String>,
}

/// A user as clients see it.
#[derive(Serialize)]
pub(crate) struct User {
    pub(crate) id: String,
    pub(crate) email: String,
    pub(crate) name: Option<String>,
    pub(crate) created_at: String,
}

/// A tenant as clients see it.
#[derive(Serialize)]
pub(crate) struct Tenant {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) created_at: String,
}

/// The answer to a registration or login: user, tenant and tokens.
#[derive(Serialize)]
pub(crate) struct Session {
    pub(crate) user: User,
    pub(crate) tenant: Tenant,
    access_token: String,
    refresh_token: String,
    token_type: &'static str,
    expires_in: u64,
}

impl Session {
    pub(crate) fn new(user: User, tenant: Tenant, access: Access, refresh_token: String) -> Self {
        Self {
            user,
            tenant,
            access_token: access.token,
            refresh_token,
            token_type: "Bearer",
            expires_in: access.expires_in,
        }
    }
}

pub(crate) async fn register(call: &Call) -> kit::Result {
    let registration: Registration = call.json()?;
    check(&registration)?;
    let email = kit::text::address(&registration.email);
    let now = kit::now();
    let nfc = |name: &str| kit::text::nfc(name).into_owned();
    let name = registration.name.as_deref().map(nfc);
    let user = User { id: kit::id("usr"), email, name, created_at: kit::rfc3339(now) };
    let tenant = Tenant {
        id: registration.tenant_id.unwrap_or_else(|| kit::id("tenant")),
        name: nfc(&registration.tenant_name),
        created_at: kit::rfc3339(now),
    };
    // Slow steps and steps that may fail come before the transaction, because it holds the write
    // lock.
    let hash = password::hash(&registration.password, SETTINGS.hash.clone())?;
    let family = Family::start(&user.id, &user.id, &tenant.id);
    let member = Member { id: user.id.clone(), roles: vec!["owner".to_owned()], version: 1 };
    let access = session::access(call, &Subject::member(member, &tenant.id, &family.id)).await?;

    let system = System::open(call, "a registration makes its tenant")?;
    let seal = Seal::load(call).await?;
    system.idempotent(call, &seal, || {
        insert(&system, &user, &tenant, &hash, now)?;
        attempts::record_networks(call, &system, &seal, &user.email)?;
        let scope = system.enter(&tenant.id);
        let event = |kind, subject, data| Event { kind, subject, source_agent: "auth", data };
        scope.emit(event(
            "tenant.created",
            &tenant.id,
            json!({ "id": tenant.id, "name": tenant.name, "created_at": tenant.created_at })
                .to_string(),
        ))?;
        scope.emit(event("user.created", &user.id, owner(&user, &tenant).to_string()))?;
        let refresh_token = family.refresh(call, &system)?;
        let session = Session::new(user, tenant, access, refresh_token);
        Ok(Reply::created(&session)?.header("cache-control", "no-store"))
    })
}

/// The new owner in the form that events have. Its optional members are empty.
fn owner(user: &User, tenant: &Tenant) -> serde_json::Value {
    json!({
        "id": user.id, "tenant_id": tenant.id, "role": "OWNER", "roles": ["OWNER"],
        "department": null, "manager_id": null, "team_ids": [], "is_active": true, "has_account": true,
        "created_by": user.id, "version": 1,
        "created_at": user.created_at, "updated_at": user.created_at,
    })
}

fn insert(
    system: &System<'_>,
    user: &User,
    tenant: &Tenant,
    hash: &str,
    now: i64,
) -> kit::Result<()> {
    let taken = |what: &'static str| {
        move |error: Error| match error.code {
            Code::Conflict => Error::new(Code::Conflict, what),
            _ => error,
        }
    };
    system
        .execute(
            "INSERT INTO users (id, email, name, password_hash, created_at, updated_at) \
             VALUES ($1, $2, $3, $4, $5, $5)",
            values![&user.id, &user.email, user.name.as_deref(), hash, now],
        )
        .map_err(taken("This e-mail address is registered; log in instead."))?;
    system
        .execute(
            "INSERT INTO tenants (id, name, created_at, updated_at) VALUES ($1, $2, $3, $3)",
            values![&tenant.id, &tenant.name, now],
        )
        .map_err(taken("This tenant_id is taken; choose another, or leave it out."))?;
    // If there is no name, then the part of the e-mail address before the @ takes its place.
    let name = user.name.as_deref().or(user.email.split('@').next()).unwrap_or_default();
    let folded = kit::text::folded([("name", name), ("email", &user.email)]);
    system.execute(
        "INSERT INTO members \
         (tenant_id, id, person_id, has_account, email, name, folded, role, roles, created_by, version, \
         created_at, updated_at) \
         VALUES ($1, $2, $2, 1, $3, $4, $5, 'OWNER', '[\"OWNER\"]', $2, 1, $6, $6)",
        values![&tenant.id, &user.id, &user.email, name, folded, now],
    )?;
    Ok(())
}

/// Checks what the schema cannot express: the characters of a chosen id, and that the password is
/// not easy to guess.
fn check(registration: &Registration) -> kit::Result<()> {
    let Registration { email, password, name, tenant_name, tenant_id } = registration;
    let mut found = Vec::new();
    let mut note = |pointer: &str, code: &str, message: String| {
        found.extend(Error::violation(pointer, code, &message).violations);
    };
    let fits = |id: &str| id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-');
    if tenant_id.as_deref().is_some_and(|id| !fits(id)) {
        let message = "A tenant_id holds letters, digits, `_` and `-`.";
        note("/tenant_id", "INVALID_FORMAT", message.to_owned());
    }
    let known = [Some(email), name.as_ref(), Some(tenant_name), tenant_id.as_ref()];
    let known: Vec<&str> = known.into_iter().flatten().map(String::as_str).collect();
    if let Err(weak) = strength::check("/password", password, &Words::about(&known)) {
        found.extend(weak.violations);
    }
    if found.is_empty() { Ok(()) } else { Err(Error::violations(found)) }
}
