//! How logins end: their refresh tokens at once, their access tokens within a minute, and with an
//! entry in the audit log of each tenant.
//!
//! Everything here but [`make_room`] is called within a transaction that holds the lock of the
//! person. A transaction takes the locks of several tenants in the order of their ids. So nobody
//! waits in a circle.

use std::collections::BTreeMap;

use kit::{System, values};
use serde_json::json;

use crate::audit::Entry;
use crate::family::Family;

/// The most logins of a person. A further one ends the one that was seen last the longest ago.
const MAX_LOGINS: i64 = 100;

/// Ends a login in all its tenants, unless it has ended already. `kind` is the entry in the audit
/// log.
pub(crate) fn end(
    system: &System<'_>,
    person: &str,
    login: &str,
    kind: &'static str,
) -> kit::Result<()> {
    let tenants = system.fetch_all::<(String, String)>(
        "SELECT DISTINCT tenant_id, member_id FROM refresh_tokens \
         WHERE family = $1 AND user_id = $2 ORDER BY tenant_id",
        values![login, person],
    )?;
    let ended = system.execute(
        "UPDATE refresh_tokens SET revoked_at = $1 \
         WHERE family = $2 AND user_id = $3 AND revoked_at IS NULL",
        values![kit::now(), login, person],
    )?;
    // A stranger may send an old token again and again. One revocation is enough.
    if ended == 0 {
        return Ok(());
    }
    system.revoke_logins(tenants.iter().map(|(tenant, _)| (tenant.as_str(), login)))?;
    tenants.iter().try_for_each(|(tenant, member)| {
        Entry { tenant, kind, subject: member, data: json!({ "login": login }) }.write(system)
    })
}

/// Ends all other logins of the person. `kind` is an entry about this one, if there is one to write.
pub(crate) fn end_others(
    system: &System<'_>,
    login: &Family,
    kind: Option<&'static str>,
) -> kit::Result<()> {
    let others = system.fetch_all::<(String, String, String)>(
        "SELECT DISTINCT tenant_id, member_id, family FROM refresh_tokens \
         WHERE user_id = $1 AND family <> $2 AND revoked_at IS NULL",
        values![&login.person, &login.id],
    )?;
    system.execute(
        "UPDATE refresh_tokens SET revoked_at = $1 \
         WHERE user_id = $2 AND family <> $3 AND revoked_at IS NULL",
        values![kit::now(), &login.person, &login.id],
    )?;
    system.revoke_logins(others.iter().map(|(tenant, _, id)| (tenant.as_str(), id.as_str())))?;
    let mut entries = BTreeMap::<(&str, &str), Vec<&str>>::new();
    for (tenant, member, id) in &others {
        entries.entry((tenant, member)).or_default().push(id);
    }
    let own = (login.tenant.as_str(), login.member.as_str());
    if kind.is_some() {
        entries.entry(own).or_default();
    }
    for ((tenant, subject), ended) in entries {
        if !ended.is_empty() {
            let data = json!({ "logins": ended.len() });
            Entry { tenant, kind: "login.revoked", subject, data }.write(system)?;
        }
        if let Some(kind) = kind.filter(|_| (tenant, subject) == own) {
            Entry { tenant, kind, subject, data: json!({ "login": login.id }) }.write(system)?;
        }
    }
    Ok(())
}

/// Makes room for one more login: ends those beyond [`MAX_LOGINS`] that were seen last the longest
/// ago. It is no part of a transaction, because the tenants of each of them are locked in order.
pub(crate) fn make_room(system: &System<'_>, person: &str) -> kit::Result<()> {
    let beyond = system.fetch_all::<(String, i64)>(
        "SELECT family, MAX(created_at) FROM refresh_tokens \
         WHERE user_id = $1 AND used_at IS NULL AND revoked_at IS NULL AND expires_at > $2 \
         GROUP BY family ORDER BY MAX(created_at) DESC, family LIMIT 10 OFFSET $3",
        values![person, kit::now(), MAX_LOGINS - 1],
    )?;
    beyond.iter().try_for_each(|(login, _)| {
        system.with_lock(person, || end(system, person, login, "login.revoked"))
    })
}
