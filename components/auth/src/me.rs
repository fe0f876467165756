//! `GET /me`: who the caller is, and in which tenants.

use kit::roles::SCOPES;
use kit::{Call, Code, Error, Principal, Reply, System, values};
use serde::Serialize;

use crate::family::only_people;
use crate::memberships::{Membership, membership, memberships};
use crate::register::{Tenant, User};

#[derive(Serialize)]
struct Me<'a> {
    user: User,
    tenant: Tenant,
    roles: Vec<&'a str>,
    scopes: Vec<&'static str>,
    memberships: Vec<Membership>,
}

pub(crate) fn get(call: &Call) -> kit::Result {
    let caller = call.caller()?;
    let Principal::User(member) = &caller.principal else { return Err(only_people()) };
    let system = System::open(call, "a person is told of all tenants in which they are members")?;
    let found = system.fetch_optional::<(String, String, Option<String>, i64)>(
        "SELECT u.id, u.email, u.name, u.created_at \
         FROM members m JOIN users u ON u.id = m.person_id \
         WHERE m.tenant_id = $1 AND m.id = $2 AND m.is_active = 1 AND m.deleted_at IS NULL",
        values![&caller.tenant, member],
    )?;
    let ended = || Error::new(Code::InvalidToken, "The membership of the access token has ended.");
    let (person, email, name, created_at) = found.ok_or_else(ended)?;
    let here = membership(&system, &person, &caller.tenant)?.ok_or_else(ended)?;
    let (tenant, memberships) = (here.tenant(), memberships(&system, &person)?);
    let user = User { id: member.clone(), email, name, created_at: kit::rfc3339(created_at) };
    let roles = caller.grants.roles().collect();
    let scopes = SCOPES.into_iter().filter(|scope| caller.grants.has_scope(scope)).collect();
    Reply::ok(&Me { user, tenant, roles, scopes, memberships })
}
