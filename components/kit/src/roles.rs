//! The roles of a tenant's members, and what each may do (K-41).

use crate::{Caller, Grant, Principal};

/// Every scope there is. An owner holds all of them.
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

/// What who only looks may do.
const READ: [&str; 5] =
    ["events:read", "notices:read", "projects:read", "teams:read", "users:read"];

/// What who works with projects may do.
const WORK: [&str; 6] =
    ["events:read", "notices:read", "projects:read", "projects:write", "teams:read", "users:read"];

/// From the highest to the lowest, as tokens have them.
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

/// Whether the caller may give a role to others, and take it: a person one that is not above their
/// own, a machine one whose scopes it holds.
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
