//! The rules for users: their roles, the last owner, and e-mail addresses.

use kit::{Action, Call, Change, Code, Error, Record, Scope, values};

use crate::contract::user;

/// From the highest to the lowest (K-41, K-42).
const ROLES: [&str; 6] = ["OWNER", "ADMIN", "MANAGER", "EDITOR", "ENGINEER", "VIEWER"];

/// The rule for every change of a user.
pub(crate) fn rule(change: Change<'_>) -> kit::Result<()> {
    let Change { call, scope, action, before, after: user } = change;
    // A user who was suspended or lost a role must not undo it.
    call.refuse_revoked(scope)?;
    if action == Action::Write {
        reconcile_roles(call, user)?;
        check_email(scope, user)?;
        if before.is_some() && user.get(user::MANAGER_ID)? == Some(user.get(user::ID)?) {
            return Err(Error::violation(
                "/manager_id",
                "NOT_ALLOWED_VALUE",
                "A user cannot be their own manager.",
            ));
        }
    }
    let (had, has) = (before.map_or(Ok(false), is_owner)?, is_owner(user)?);
    let was_owner = had && before.map_or(Ok(false), is_active)?;
    let stays = action != Action::Delete && has && is_active(user)?;
    if (had || has) && !caller_is_owner(call)? {
        return Err(Error::new(
            Code::InsufficientScope,
            "Only an owner of the tenant can create, change or remove owners.",
        ));
    }
    let is_other = before.map_or(Ok(true), |before| is_other_account(before, user))?;
    if action == Action::Delete || is_other {
        check_roles(call, before, user)?;
    }
    if was_owner && !stays && other_owners(scope, user)? == 0 {
        return Err(Error::new(
            Code::Conflict,
            "This is the last owner of the tenant; make another user an owner first.",
        ));
    }
    if let Some(before) = before
        && (action == Action::Delete || loses_rights(before, user)?)
    {
        // Every write increments the version by one.
        scope.revoke(before.get(user::ID)?, before.get(user::VERSION)? + 1)?;
    }
    Ok(())
}

/// Whether the change gives the member other rights or another address, or lets it sign in or no
/// longer.
fn is_other_account(before: &Record, after: &Record) -> kit::Result<bool> {
    Ok(before.get(user::ROLES)? != after.get(user::ROLES)?
        || is_active(before)? != is_active(after)?
        || before.get(user::EMAIL)? != after.get(user::EMAIL)?)
}

/// The caller may not give or take a role that is above their own.
fn check_roles(call: &Call, before: Option<&Record>, user: &Record) -> kit::Result<()> {
    let caller = call.caller()?;
    let mut roles = before.map_or(Ok(Vec::new()), |before| before.get(user::ROLES))?;
    roles.extend(user.get(user::ROLES)?);
    let above = |role: &String| !kit::roles::may_give(caller, &role.to_ascii_lowercase());
    match roles.into_iter().find(above) {
        None => Ok(()),
        Some(role) => Err(Error::new(
            Code::InsufficientScope,
            format!(
                "You may neither give nor change the role {role}: it is above yours, or has scopes that you do not hold."
            ),
        )),
    }
}

/// Keeps `role` and `roles` in agreement: `role` is the highest of `roles`. If a client writes
/// `role` alone, then it replaces the list (K-42).
fn reconcile_roles(call: &Call, user: &mut Record) -> kit::Result<()> {
    let given = |name: &str| call.document().get(name).is_some_and(|value| !value.is_null());
    let (role, listed) = (user.get(user::ROLE)?.to_owned(), user.get(user::ROLES)?);
    let highest = ROLES.iter().find(|role| listed.iter().any(|listed| listed == *role));
    match (given(user::ROLE.name()), given(user::ROLES.name()), highest) {
        (true, true, Some(highest)) if *highest != role => Err(Error::violation(
            "/role",
            "CONFLICTING_SYNONYM",
            "`role` is the highest of `roles`: give one of them, or both in agreement.",
        )),
        (true, false, _) => user.set(user::ROLES, vec![role]),
        (false, _, Some(highest)) => user.set(user::ROLE, highest),
        _ => Ok(()),
    }
}

fn check_email(scope: &Scope<'_>, user: &Record) -> kit::Result<()> {
    let taken = scope.query(
        "SELECT id FROM members \
         WHERE tenant_id = $1 AND email = $2 AND id <> $3 AND deleted_at IS NULL",
        values![user.get(user::EMAIL)?, user.get(user::ID)?],
    )?;
    match taken.is_empty() {
        true => Ok(()),
        false => Err(Error::new(Code::Conflict, "A user of this tenant has this e-mail address.")),
    }
}

/// Whether tokens that were issued before the change have more rights than the user has after it.
fn loses_rights(before: &Record, after: &Record) -> kit::Result<bool> {
    let (had, has) = (before.get(user::ROLES)?, after.get(user::ROLES)?);
    Ok(!is_active(after)? || had.iter().any(|role| !has.contains(role)))
}

fn is_owner(user: &Record) -> kit::Result<bool> {
    Ok(user.get(user::ROLES)?.iter().any(|role| role == "OWNER"))
}

fn is_active(user: &Record) -> kit::Result<bool> {
    user.get(user::IS_ACTIVE)
}

fn caller_is_owner(call: &Call) -> kit::Result<bool> {
    Ok(call.caller()?.grants.roles().any(|role| role == "owner"))
}

/// How many other owners can sign in. A tenant must keep at least one.
fn other_owners(scope: &Scope<'_>, user: &Record) -> kit::Result<i64> {
    scope.fetch_one(
        "SELECT COUNT(*) FROM members WHERE tenant_id = $1 AND id <> $2 AND role = 'OWNER' \
         AND is_active = 1 AND has_account = 1 AND deleted_at IS NULL",
        values![user.get(user::ID)?],
    )
}
