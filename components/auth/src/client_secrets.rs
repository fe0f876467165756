//! The secrets of machine clients: hashes, of which those before the newest are good for a time
//! of grace.

use kit::{Scope, System, Value, now};
use subtle::{Choice, ConstantTimeEq as _};

use crate::{secret, text};

/// The most secrets that are good at once.
const MOST: i64 = 5;

/// Makes it the newest; those before it end after `grace` milliseconds.
pub(crate) fn install(scope: &Scope<'_>, client: &str, plain: &str, grace: i64) -> kit::Result<()> {
    let moment = now();
    scope.execute(
        "UPDATE client_secrets SET expires_at = $2 WHERE tenant_id = $1 AND client_id = $3 \
         AND (expires_at IS NULL OR expires_at > $2)",
        [Value::Integer(moment + grace), text(client)],
    )?;
    scope.execute_one(
        "INSERT INTO client_secrets (tenant_id, client_id, hash, created_at) \
         VALUES ($1, $2, $3, $4)",
        [text(client), text(&secret::hash(plain)), Value::Integer(moment)],
    )?;
    scope.execute(
        "DELETE FROM client_secrets WHERE tenant_id = $1 AND client_id = $2 \
         AND (expires_at <= $3 OR hash NOT IN (SELECT hash FROM client_secrets \
         WHERE tenant_id = $1 AND client_id = $2 ORDER BY created_at DESC, hash LIMIT $4))",
        [text(client), Value::Integer(moment), Value::Integer(MOST)],
    )?;
    Ok(())
}

/// Takes them away with their client.
pub(crate) fn forget(scope: &Scope<'_>, client: &str) -> kit::Result<()> {
    let sql = "DELETE FROM client_secrets WHERE tenant_id = $1 AND client_id = $2";
    scope.execute(sql, [text(client)]).map(drop)
}

/// Whether it is one of those that are good now. Looks at all of them, whichever it is.
pub(crate) fn matches(
    system: &System<'_>,
    tenant: &str,
    client: &str,
    plain: &str,
) -> kit::Result<bool> {
    let rows = system.query(
        "SELECT hash FROM client_secrets WHERE tenant_id = $1 AND client_id = $2 \
         AND (expires_at IS NULL OR expires_at > $3)",
        &[text(tenant), text(client), Value::Integer(now())],
    )?;
    let given = secret::hash(plain);
    let equal = |mut row: kit::Row| row.text().as_bytes().ct_eq(given.as_bytes());
    Ok(rows.into_iter().map(equal).fold(Choice::from(0), |any, one| any | one).into())
}
