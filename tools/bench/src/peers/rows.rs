//! The projects in the database of PocketBase.

use std::path::Path;

use rusqlite::{Connection as Sqlite, params};

use crate::data::{DESCRIPTION, rows};

/// A project of another tenant, which nobody may see. An id of PocketBase has 15 characters.
pub(super) const FOREIGN: &str = "foreignproject0";

/// Writes as many projects of a tenant as the other servers have, and the foreign one. PocketBase
/// must not run. Returns the ids.
pub(super) fn fill(file: &Path, tenant: &str, count: u64, now: i64) -> anyhow::Result<Vec<String>> {
    let mut sqlite = Sqlite::open(file)?;
    let transaction = sqlite.transaction()?;
    let mut ids = Vec::new();
    {
        let mut insert = transaction.prepare(
            "INSERT INTO projects (id, tenant, name, description, status, labels, tags, created, \
             updated) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, \
             strftime('%Y-%m-%d %H:%M:%fZ', ?8 / 1000.0, 'unixepoch'), \
             strftime('%Y-%m-%d %H:%M:%fZ', ?9 / 1000.0, 'unixepoch'))",
        )?;
        for (number, row) in rows(count, now)?.enumerate() {
            let id = format!("p{number:014}");
            insert.execute(params![
                id,
                tenant,
                row.name,
                DESCRIPTION,
                row.status,
                row.labels,
                row.tags,
                row.created_at,
                row.updated_at
            ])?;
            ids.push(id);
        }
        insert.execute(params![FOREIGN, "another", "", "", "", "{}", "[]", now, now])?;
    }
    transaction.commit()?;
    // The copies are of this file alone.
    sqlite.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?;
    Ok(ids)
}
