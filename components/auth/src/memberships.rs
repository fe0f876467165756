//! The tenants of a person.

use kit::{System, Value};
use serde::Serialize;

use crate::register::Tenant;
use crate::session::Member;
use crate::values::roles;

/// A tenant in which a person is a member, as clients see it.
#[derive(Serialize)]
pub(crate) struct Membership {
    pub(crate) tenant_id: String,
    tenant_name: String,
    /// The id of the member, who is a user of the tenant.
    pub(crate) user_id: String,
    roles: Vec<String>,
    #[serde(skip)]
    tenant_created_at: i64,
    #[serde(skip)]
    version: i64,
}

impl Membership {
    /// The member, for an access token.
    pub(crate) fn member(&self) -> Member {
        Member { id: self.user_id.clone(), roles: self.roles.clone(), version: self.version }
    }

    /// The tenant.
    pub(crate) fn tenant(&self) -> Tenant {
        Tenant {
            id: self.tenant_id.clone(),
            name: self.tenant_name.clone(),
            created_at: kit::rfc3339(self.tenant_created_at),
        }
    }
}

/// The most memberships that are shown.
const MOST: usize = 100;

/// The tenants in which the person is an active member, at most a hundred. The one that the person
/// joined first comes first.
///
/// # Errors
/// `internal-error` of the database.
pub(crate) fn memberships(system: &System<'_>, person: &str) -> kit::Result<Vec<Membership>> {
    find(system, person, None)
}

/// The active membership of the person in this tenant.
///
/// # Errors
/// `internal-error` of the database.
pub(crate) fn membership(
    system: &System<'_>,
    person: &str,
    tenant: &str,
) -> kit::Result<Option<Membership>> {
    Ok(find(system, person, Some(tenant))?.into_iter().next())
}

fn find(system: &System<'_>, person: &str, tenant: Option<&str>) -> kit::Result<Vec<Membership>> {
    let only = tenant.map_or("", |_| "AND m.tenant_id = $2");
    let sql = format!(
        "SELECT m.tenant_id, t.name, m.id, m.roles, t.created_at, m.version \
         FROM members m JOIN tenants t ON t.id = m.tenant_id \
         WHERE m.person_id = $1 AND m.is_active = 1 AND m.deleted_at IS NULL {only} \
         ORDER BY m.created_at, m.tenant_id LIMIT {MOST}"
    );
    let given = std::iter::once(person).chain(tenant).map(Value::from);
    let rows = system.fetch_all::<(String, String, String, String, i64, i64)>(&sql, given)?;
    let membership = |(tenant_id, tenant_name, user_id, held, tenant_created_at, version)| {
        let held: String = held;
        let roles = roles(&held)?;
        Ok(Membership { tenant_id, tenant_name, user_id, roles, tenant_created_at, version })
    };
    rows.into_iter().map(membership).collect()
}
