//! The secrets of machine clients, kept as hashes. The secrets before the newest stay valid for a
//! grace period.

use kit::{Scope, System, now, values};
use subtle::{Choice, ConstantTimeEq as _};

use crate::secret;

/// The most secrets of a client that are valid at once.
const MAX_SECRETS: i64 = 5;

/// Makes a secret the newest. The ones before it end after `grace` milliseconds.
pub(crate) fn install(scope: &Scope<'_>, client: &str, plain: &str, grace: i64) -> kit::Result<()> {
    let now = now();
    scope.execute(
        "UPDATE client_secrets SET expires_at = $2 WHERE tenant_id = $1 AND client_id = $3 \
         AND (expires_at IS NULL OR expires_at > $2)",
        values![now + grace, client],
    )?;
    scope.execute_one(
        "INSERT INTO client_secrets (tenant_id, client_id, hash, created_at) \
         VALUES ($1, $2, $3, $4)",
        values![client, secret::hash(plain), now],
    )?;
    scope.execute(
        "DELETE FROM client_secrets WHERE tenant_id = $1 AND client_id = $2 \
         AND (expires_at <= $3 OR hash NOT IN (SELECT hash FROM client_secrets \
         WHERE tenant_id = $1 AND client_id = $2 ORDER BY created_at DESC, hash LIMIT $4))",
        values![client, now, MAX_SECRETS],
    )?;
    Ok(())
}

/// Deletes all secrets of a client.
pub(crate) fn delete_all(scope: &Scope<'_>, client: &str) -> kit::Result<()> {
    let sql = "DELETE FROM client_secrets WHERE tenant_id = $1 AND client_id = $2";
    scope.execute(sql, values![client]).map(drop)
}

/// Whether the text is a secret of the client that is valid now. It compares with all of them, so
/// that the duration does not tell which one matches.
pub(crate) fn matches(
    system: &System<'_>,
    tenant: &str,
    client: &str,
    plain: &str,
) -> kit::Result<bool> {
    let hashes = system.fetch_all::<String>(
        "SELECT hash FROM client_secrets WHERE tenant_id = $1 AND client_id = $2 \
         AND (expires_at IS NULL OR expires_at > $3)",
        values![tenant, client, now()],
    )?;
    let given = secret::hash(plain);
    let equal = |hash: String| hash.as_bytes().ct_eq(given.as_bytes());
    Ok(hashes.into_iter().map(equal).fold(Choice::from(0), |any, one| any | one).into())
}
