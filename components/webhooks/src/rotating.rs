//! Secrets that rotate, sealed under the master key. The newest has no end; those before it are
//! good for a time of grace, so that the other side can change without a gap.

use kit::{Scope, Seal, Value, id, now};

/// The most secrets that are good at once.
const MOST: i64 = 5;

/// The secrets of one kind of objects.
pub(crate) struct Rotating {
    pub(crate) table: &'static str,
    /// The column with whose they are.
    pub(crate) owner: &'static str,
    /// The prefix of their ids.
    pub(crate) prefix: &'static str,
    /// What they are sealed as, together with whose they are.
    pub(crate) sealed_as: &'static str,
}

fn text(text: &str) -> Value {
    Value::Text(text.to_owned())
}

impl Rotating {
    fn name(&self, owner: &str) -> String {
        format!("{}:{owner}", self.sealed_as)
    }

    /// Seals one for [`Rotating::install`].
    pub(crate) fn seal(&self, seal: &Seal, owner: &str, plain: &[u8]) -> kit::Result<String> {
        seal.seal(&self.name(owner), plain)
    }

    /// Makes it the newest; those before it end after `grace` milliseconds.
    pub(crate) fn install(
        &self,
        scope: &Scope<'_>,
        owner: &str,
        sealed: &str,
        grace: i64,
    ) -> kit::Result<()> {
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

    /// Those that are good now, the newest first.
    pub(crate) fn load(
        &self,
        scope: &Scope<'_>,
        seal: &Seal,
        owner: &str,
    ) -> kit::Result<Vec<Vec<u8>>> {
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

    /// Takes them away with their owner.
    pub(crate) fn forget(&self, scope: &Scope<'_>, owner: &str) -> kit::Result<()> {
        let Self { table, owner: column, .. } = self;
        let sql = format!("DELETE FROM {table} WHERE tenant_id = $1 AND {column} = $2");
        scope.execute(&sql, [text(owner)]).map(drop)
    }
}
