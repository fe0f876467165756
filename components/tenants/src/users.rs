//! The rules for users: their roles, the last owner, and e-mail addresses.

use kit::{Action, Call, Change, Code, Error, Grant, Record, Scope, values};

/// From the highest to the lowest (K-41, K-42).
const ROLES: [&str; 6] = ["OWNER", "ADMIN", "MANAGER", "EDITOR", "ENGINEER", "VIEWER"];

/// The rule for every change of a user.
pub(crate) fn rule(change: Change<'_>) -> kit::Result<()> {
    let Change { call, scope, action, before, after: user } = change;
    // A user who was suspended or lost a role must not undo it.
    call.refuse_revoked(scope)?;
    if action == Action::Write {
        agree(call, user)?;
        check_email(scope, user)?;
        if before.is_some() && user.text("manager_id") == user.text("id") {
            return Err(Error::violation(
                "/manager_id",
                "NOT_ALLOWED_VALUE",
                "Nobody manages themselves.",
            ));
        }
    }
    let was_owner = before.is_some_and(|user| is_owner(user) && is_active(user));
    let stays = action != Action::Delete && is_owner(user) && is_active(user);
    let touches_owner = before.is_some_and(is_owner) || is_owner(user);
    if touches_owner && !caller_is_owner(call)? {
        return Err(Error::new(
            Code::InsufficientScope,
            "Only an owner of the tenant makes, changes or removes owners.",
        ));
    }
    if action == Action::Delete || before.is_none_or(|before| is_other_account(before, user)) {
        hold(call, before, user)?;
    }
    if was_owner && !stays && other_owners(scope, user)? == 0 {
        return Err(Error::new(
            Code::Conflict,
            "This is the last owner of the tenant; make another one first.",
        ));
    }
    if let Some(before) = before
        && (action == Action::Delete || may_less(before, user))
    {
        // Every write increments the version by one.
        scope.revoke(before.text("id"), before.integer("version") + 1)?;
    }
    Ok(())
}

/// Whether the change lets other people sign in as this member, or gives the member other rights.
fn is_other_account(before: &Record, after: &Record) -> bool {
    let differs = |name: &str| before.text(name) != after.text(name);
    before.list("roles") != after.list("roles")
        || is_active(before) != is_active(after)
        || differs("email")
}

/// The caller may not give or take a role that is above their own.
fn hold(call: &Call, before: Option<&Record>, user: &Record) -> kit::Result<()> {
    let caller = call.caller()?;
    let roles = before.into_iter().chain([user]).flat_map(|user| user.list("roles"));
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
fn agree(call: &Call, user: &mut Record) -> kit::Result<()> {
    let given = |name: &str| call.document().get(name).is_some_and(|value| !value.is_null());
    let listed = user.list("roles");
    let highest = ROLES.iter().find(|role| listed.iter().any(|listed| listed == *role));
    match (given("role"), given("roles"), highest) {
        (true, true, Some(highest)) if *highest != user.text("role") => Err(Error::violation(
            "/role",
            "CONFLICTING_SYNONYM",
            "`role` is the highest of `roles`: give one of them, or both in agreement.",
        )),
        (true, false, _) => {
            let roles = format!("[\"{}\"]", user.text("role"));
            user.set_text("roles", &roles);
            Ok(())
        }
        (false, _, Some(highest)) => {
            user.set_text("role", highest);
            Ok(())
        }
        _ => Ok(()),
    }
}

fn check_email(scope: &Scope<'_>, user: &Record) -> kit::Result<()> {
    let taken = scope.query(
        "SELECT id FROM members \
         WHERE tenant_id = $1 AND email = $2 AND id <> $3 AND deleted_at IS NULL",
        values![user.text("email"), user.text("id")],
    )?;
    match taken.is_empty() {
        true => Ok(()),
        false => Err(Error::new(Code::Conflict, "A user of this tenant has this e-mail address.")),
    }
}

/// Whether tokens that were issued before the change have more rights than the user has after it.
fn may_less(before: &Record, after: &Record) -> bool {
    let roles = after.list("roles");
    !is_active(after) || before.list("roles").iter().any(|role| !roles.contains(role))
}

fn is_owner(user: &Record) -> bool {
    user.list("roles").iter().any(|role| role == "OWNER")
}

fn is_active(user: &Record) -> bool {
    user.integer("is_active") == 1
}

fn caller_is_owner(call: &Call) -> kit::Result<bool> {
    let owner = |grant: &Grant| matches!(grant, Grant::Role(role) if role == "owner");
    Ok(call.caller()?.grants.iter().any(owner))
}

/// How many other owners can sign in. A tenant must keep at least one.
fn other_owners(scope: &Scope<'_>, user: &Record) -> kit::Result<i64> {
    scope.fetch_one(
        "SELECT COUNT(*) FROM members WHERE tenant_id = $1 AND id <> $2 AND role = 'OWNER' \
         AND is_active = 1 AND deleted_at IS NULL \
         AND EXISTS (SELECT 1 FROM users WHERE users.id = members.id)",
        values![user.text("id")],
    )
}
