//! The SQLite file behind the embedded store: one table, written in batches.

use crate::system::private;
use anyhow::Context as _;
use rusqlite::{Connection, params};
use std::path::Path;

/// What happened to a key: its new value, or its removal.
pub(crate) type Change = (String, Option<Vec<u8>>);

/// The file, opened by one store.
pub(crate) struct File(Connection);

impl File {
    /// Opens or creates the file for this process alone. A second process would have its own map
    /// and would not see what this one writes.
    pub(crate) fn open(path: &Path) -> anyhow::Result<Self> {
        if let Some(parent) = path.parent() {
            private::folder(parent).with_context(|| format!("{}", parent.display()))?;
        }
        private::file(path).with_context(|| path.display().to_string())?;
        let open = || {
            let connection = Connection::open(path)?;
            connection.busy_timeout(std::time::Duration::ZERO)?;
            connection.pragma_update(None, "locking_mode", "EXCLUSIVE")?;
            connection.pragma_update(None, "journal_mode", "WAL")?;
            connection.pragma_update(None, "synchronous", "NORMAL")?;
            connection.execute_batch(
                "CREATE TABLE IF NOT EXISTS key_value (
                     key TEXT PRIMARY KEY, value BLOB NOT NULL
                 ) WITHOUT ROWID, STRICT",
            )?;
            Ok::<_, rusqlite::Error>(Self(connection))
        };
        open().with_context(|| {
            format!("{}: cannot be opened; is another server using this --data?", path.display())
        })
    }

    /// Passes every pair to `take`.
    pub(crate) fn load(&self, mut take: impl FnMut(String, Vec<u8>)) -> rusqlite::Result<()> {
        let mut statement = self.0.prepare("SELECT key, value FROM key_value")?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            take(row.get(0)?, row.get(1)?);
        }
        Ok(())
    }

    /// Writes all of `changes`, or none of them.
    pub(crate) fn write(&mut self, changes: &[Change]) -> rusqlite::Result<()> {
        let transaction = self.0.transaction()?;
        {
            let mut put = transaction
                .prepare_cached("INSERT OR REPLACE INTO key_value (key, value) VALUES (?1, ?2)")?;
            let mut remove = transaction.prepare_cached("DELETE FROM key_value WHERE key = ?1")?;
            for (key, value) in changes {
                match value {
                    Some(value) => put.execute(params![key, value])?,
                    None => remove.execute(params![key])?,
                };
            }
        }
        transaction.commit()
    }

    /// Removes every pair, durably.
    pub(crate) fn clear(&mut self) -> rusqlite::Result<()> {
        self.0.pragma_update(None, "synchronous", "FULL")?;
        self.0.execute("DELETE FROM key_value", []).map(drop)
    }
}
