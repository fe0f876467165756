//! Secrets that rotate, sealed under the master key. The newest secret has no end. The ones before
//! it stay valid for a grace period, so that the other side can change without a gap.

use crate::{Scope, Seal, Value, id, now};

/// The most secrets that are valid at once.
const MOST: i64 = 5;

/// The secrets of one kind of owner, such as endpoints or integrations.
pub struct Rotating {
    /// The table with their rows.
    pub table: &'static str,
    /// The column with the id of the owner.
    pub owner: &'static str,
    /// The prefix of the ids of secrets.
    pub prefix: &'static str,
    /// The name under which secrets are sealed, together with the id of the owner.
    pub sealed_as: &'static str,
}

fn text(text: &str) -> Value {
    Value::Text(text.to_owned())
}

impl Rotating {
    fn name(&self, owner: &str) -> String {
        format!("{}:{owner}", self.sealed_as)
    }

    /// Seals a secret for [`Rotating::install`].
    pub fn seal(&self, seal: &Seal, owner: &str, plain: &[u8]) -> crate::Result<String> {
        seal.seal(&self.name(owner), plain)
    }

    /// Makes a secret the newest. The ones before it end after `grace` milliseconds.
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
            [text(owner), Value::Integer(moment)],
        )?;
        scope.execute(
            &format!(
                "UPDATE {table} SET expires_at = $2 WHERE tenant_id = $1 AND {column} = $3 \
                 AND (expires_at IS NULL OR expires_at > $2)"
            ),
            [Value::Integer(moment + grace), text(owner)],
        )?;
        scope.execute_one(
            &format!(
                "INSERT INTO {table} (tenant_id, {column}, id, sealed, created_at) \
                 VALUES ($1, $2, $3, $4, $5)"
            ),
            [text(owner), text(&id(prefix)), text(sealed), Value::Integer(moment)],
        )
    }

    /// The secrets that are valid now, the newest first.
    pub fn load(&self, scope: &Scope<'_>, seal: &Seal, owner: &str) -> crate::Result<Vec<Vec<u8>>> {
        let Self { table, owner: column, .. } = self;
        let rows = scope.query(
            &format!(
                "SELECT sealed FROM {table} WHERE tenant_id = $1 AND {column} = $2 \
                 AND (expires_at IS NULL OR expires_at > $3) \
                 ORDER BY created_at DESC, id DESC LIMIT $4"
            ),
            [text(owner), Value::Integer(now()), Value::Integer(MOST)],
        )?;
        rows.into_iter().map(|mut row| seal.open(&self.name(owner), &row.text())).collect()
    }

    /// Deletes all secrets of an owner.
    pub fn forget(&self, scope: &Scope<'_>, owner: &str) -> crate::Result<()> {
        let Self { table, owner: column, .. } = self;
        let sql = format!("DELETE FROM {table} WHERE tenant_id = $1 AND {column} = $2");
        scope.execute(&sql, [text(owner)]).map(drop)
    }
}
