//! The roles of a tenant's members, and the scopes of each role (K-41).

use crate::{Caller, Grant, Principal};

/// All scopes. An owner holds all of them.
pub const SCOPES: [&str; 14] = [
    "clients:read",
    "clients:write",
    "events:read",
    "integrations:read",
    "integrations:write",
    "notices:read",
    "projects:read",
    "projects:write",
    "teams:read",
    "teams:write",
    "users:read",
    "users:write",
    "webhooks:read",
    "webhooks:write",
];

/// The scopes of a member who only reads.
const READ: [&str; 5] =
    ["events:read", "notices:read", "projects:read", "teams:read", "users:read"];

/// The scopes of a member who works with projects.
const WORK: [&str; 6] =
    ["events:read", "notices:read", "projects:read", "projects:write", "teams:read", "users:read"];

/// The roles from the highest to the lowest, as tokens name them.
const ROLES: [&str; 6] = ["owner", "admin", "manager", "editor", "engineer", "viewer"];

/// The scopes of a role.
pub fn scopes_of(role: &str) -> &'static [&'static str] {
    match role {
        "owner" | "admin" | "manager" => &SCOPES,
        "editor" | "engineer" => &WORK,
        "viewer" => &READ,
        _ => &[],
    }
}

/// Whether the caller may give this role to others, and take it from them. A person may do so if
/// the role is not above their own. A machine may do so if it holds all scopes of the role.
pub fn may_give(caller: &Caller, role: &str) -> bool {
    let rank = |role: &str| ROLES.iter().position(|known| *known == role);
    match caller.principal {
        Principal::User(_) => rank(role).is_some_and(|wanted| {
            let own = caller.grants.iter().filter_map(|grant| match grant {
                Grant::Role(own) => rank(own),
                _ => None,
            });
            own.min().is_some_and(|own| own <= wanted)
        }),
        _ => scopes_of(role).iter().all(|scope| caller.has_scope(scope)),
    }
}
