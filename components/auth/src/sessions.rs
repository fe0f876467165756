//! `/me/sessions`: the logins of a person. The id of a session is that of its family of refresh tokens.

use kit::{Call, Error, Reply, System, rfc3339, values};
use serde::Serialize;
use serde_json::json;

use crate::ending;
use crate::family::Family;

const WHY: &str = "the logins of a person are in several tenants";

#[derive(Serialize)]
struct ActiveSession {
    id: String,
    /// The tenant in which it was seen last comes first.
    tenant_ids: Vec<String>,
    started_at: String,
    last_seen_at: String,
    expires_at: String,
    device: Option<String>,
    network: Option<String>,
    is_current: bool,
}

type Row = ((String, String), (i64, i64, i64), (Option<String>, Option<String>));

/// `GET /me/sessions`
pub(crate) fn list(call: &Call) -> kit::Result {
    let system = System::open(call, WHY)?;
    let here = Family::of_caller(call, &system)?;
    // A login has one token that is not used yet in each of its tenants. It is from when the login
    // was seen there last.
    let rows = system.fetch_all::<Row>(
        "SELECT family, tenant_id, started_at, created_at, expires_at, device, network \
         FROM refresh_tokens WHERE user_id = $1 AND revoked_at IS NULL AND used_at IS NULL \
         AND expires_at > $2 ORDER BY created_at DESC, family, tenant_id",
        values![&here.person, kit::now()],
    )?;
    let mut items = Vec::<ActiveSession>::new();
    for ((id, tenant), (started_at, last_seen_at, expires_at), (device, network)) in rows {
        if let Some(known) = items.iter_mut().find(|known| known.id == id) {
            known.tenant_ids.push(tenant);
            continue;
        }
        items.push(ActiveSession {
            is_current: id == here.id,
            id,
            tenant_ids: vec![tenant],
            started_at: rfc3339(started_at),
            last_seen_at: rfc3339(last_seen_at),
            expires_at: rfc3339(expires_at),
            device,
            network,
        });
    }
    Reply::ok(&json!({ "items": items, "next_cursor": null }))
}

/// `DELETE /me/sessions/{id}`
pub(crate) fn end(call: &Call) -> kit::Result {
    let system = System::open(call, WHY)?;
    let here = Family::of_whole_caller(call, &system)?;
    let id = call.path("id");
    system.transaction(|| {
        here.hold(&system)?;
        let known: i64 = system.fetch_one(
            "SELECT COUNT(*) FROM refresh_tokens WHERE family = $1 AND user_id = $2",
            values![id, &here.person],
        )?;
        if known == 0 {
            return Err(Error::not_found("session", id));
        }
        ending::end(&system, &here.person, id, "login.revoked")?;
        Ok(Reply::no_content())
    })
}

/// `POST /me/sessions/end-others`
pub(crate) fn end_others(call: &Call) -> kit::Result {
    let system = System::open(call, WHY)?;
    let here = Family::of_whole_caller(call, &system)?;
    system.transaction(|| {
        here.hold(&system)?;
        ending::end_others(&system, &here, None)?;
        Ok(Reply::no_content())
    })
}
