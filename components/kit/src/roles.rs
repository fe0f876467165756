//! The roles of a tenant's members, and the scopes of each role (K-41).

use crate::{Caller, Principal};

// The tables `SCOPES` and `ROLES`, which the build makes from `x-scopes` of openapi/common.yaml.

include!(concat!(env!("OUT_DIR"), "/scopes.rs"));

/// The scopes of a role. A role that is not known has none.
pub fn scopes_of(role: &str) -> &'static [&'static str] {
    ROLES.iter().find(|(known, _)| *known == role).map_or(&[], |(_, scopes)| scopes)
}

/// Whether the caller may give this role to others, and take it from them. A person may do so if
/// the role is not above their own. A machine may do so if it holds all scopes of the role.
pub fn may_give(caller: &Caller, role: &str) -> bool {
    let rank = |role: &str| ROLES.iter().position(|(known, _)| *known == role);
    match caller.principal {
        Principal::User(_) => rank(role).is_some_and(|wanted| {
            let own = caller.grants.roles().filter_map(rank);
            own.min().is_some_and(|own| own <= wanted)
        }),
        _ => scopes_of(role).iter().all(|scope| caller.grants.has_scope(scope)),
    }
}
