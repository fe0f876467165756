//! Secrets that rotate, sealed under the master key. The newest secret has no end. The ones before
//! it stay valid for a grace period, so that the other side can change without a gap.
//!
//! Each function keeps its secrets in a table of its own. Such a table has the columns `tenant_id`,
//! the id of the owner, `id`, `sealed`, `created_at` and `expires_at`.

use crate::{Scope, Seal, id, now, values};

/// The most secrets that are valid at once.
const MAX_SECRETS: i64 = 5;

/// The secrets of one kind of owner, such as endpoints or integrations.
pub struct RotatingSecrets {
    /// The table with the secrets.
    pub table: &'static str,
    /// The column with the id of the owner.
    pub owner: &'static str,
    /// The prefix of the ids of secrets.
    pub prefix: &'static str,
    /// The name under which secrets are sealed, together with the id of the owner.
    pub sealed_as: &'static str,
}

impl RotatingSecrets {
    fn name(&self, owner: &str) -> String {
        format!("{}:{owner}", self.sealed_as)
    }

    /// Seals a secret for [`RotatingSecrets::install`].
    ///
    /// # Errors
    /// As [`Seal::seal`].
    pub fn seal(&self, seal: &Seal, owner: &str, plain: &[u8]) -> crate::Result<String> {
        seal.seal(&self.name(owner), plain)
    }

    /// Makes a secret the newest. The ones before it end after `grace` milliseconds.
    ///
    /// # Errors
    /// As [`Scope::execute`].
    pub fn install(
        &self,
        scope: &Scope<'_>,
        owner: &str,
        sealed: &str,
        grace: i64,
    ) -> crate::Result<()> {
        let Self { table, owner: column, prefix, .. } = self;
        let moment = now();
        scope.execute(
            &format!(
                "DELETE FROM {table} WHERE tenant_id = $1 AND {column} = $2 AND expires_at <= $3"
            ),
            values![owner, moment],
        )?;
        scope.execute(
            &format!(
                "UPDATE {table} SET expires_at = $2 WHERE tenant_id = $1 AND {column} = $3 \
                 AND (expires_at IS NULL OR expires_at > $2)"
            ),
            values![moment + grace, owner],
        )?;
        scope.execute_one(
            &format!(
                "INSERT INTO {table} (tenant_id, {column}, id, sealed, created_at) \
                 VALUES ($1, $2, $3, $4, $5)"
            ),
            values![owner, id(prefix), sealed, moment],
        )
    }

    /// The secrets that are valid now, the newest first.
    ///
    /// # Errors
    /// As [`Scope::query`] and [`Seal::open`].
    pub fn load(&self, scope: &Scope<'_>, seal: &Seal, owner: &str) -> crate::Result<Vec<Vec<u8>>> {
        let Self { table, owner: column, .. } = self;
        let found = scope.fetch_all::<String>(
            &format!(
                "SELECT sealed FROM {table} WHERE tenant_id = $1 AND {column} = $2 \
                 AND (expires_at IS NULL OR expires_at > $3) \
                 ORDER BY created_at DESC, id DESC LIMIT $4"
            ),
            values![owner, now(), MAX_SECRETS],
        )?;
        found.iter().map(|sealed| seal.open(&self.name(owner), sealed)).collect()
    }

    /// Deletes all secrets of an owner.
    ///
    /// # Errors
    /// As [`Scope::execute`].
    pub fn delete_all(&self, scope: &Scope<'_>, owner: &str) -> crate::Result<()> {
        let Self { table, owner: column, .. } = self;
        let sql = format!("DELETE FROM {table} WHERE tenant_id = $1 AND {column} = $2");
        scope.execute(&sql, values![owner]).map(drop)
    }
}
