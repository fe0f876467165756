//! The projects in SQLite.

use std::path::{Path, PathBuf};

use anyhow::ensure;
use rusqlite::{Connection as Sqlite, params};

use super::plan::{CURSOR_KEY, Plan, TOLD};
use super::rows::{COLUMNS, DESCRIPTION, rows};

/// The database of a data directory, as `tenantry` calls it.
pub(crate) fn file(directory: &Path) -> PathBuf {
    directory.join("sqlite.db")
}

/// Writes the projects and the key of the cursors into the database file, so that a copy of the
/// file has all of it.
pub(super) fn fill(file: &Path, plan: &Plan<'_>) -> anyhow::Result<Vec<String>> {
    let mut sqlite = Sqlite::open(file)?;
    // Nothing else has the file open, and an interrupted run begins anew.
    sqlite.pragma_update(None, "journal_mode", "OFF")?;
    sqlite.pragma_update(None, "synchronous", "OFF")?;
    sqlite.pragma_update(None, "cache_size", -(512 << 10))?;
    let transaction = sqlite.transaction()?;
    transaction.execute(
        "INSERT INTO secrets (name, value, created_at) VALUES ('cursor', ?1, ?2)",
        params![CURSOR_KEY, plan.now],
    )?;
    // An index is made faster by one sort at the end than row by row.
    let indexes = indexes(&transaction)?;
    for (name, _) in &indexes {
        transaction.execute_batch(&format!("DROP INDEX {name}"))?;
    }
    let ids = insert(&transaction, plan)?;
    for (name, sql) in &indexes {
        if plan.count >= TOLD {
            eprintln!("  index {name}");
        }
        transaction.execute_batch(sql)?;
    }
    transaction.commit()?;
    sqlite.pragma_update(None, "journal_mode", "WAL")?;
    Ok(ids)
}

/// Moves what is in the write-ahead log of a file into the file, because only the file is copied.
/// No server may use it.
pub(super) fn settle(file: &Path) -> anyhow::Result<()> {
    Sqlite::open(file)?.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?;
    Ok(())
}

/// Adds events like the first one of a project.
pub(super) fn add_events(file: &Path, count: u64) -> anyhow::Result<()> {
    let sqlite = Sqlite::open(file)?;
    let sql = "WITH RECURSIVE numbers (number) AS \
         (SELECT 1 UNION ALL SELECT number + 1 FROM numbers WHERE number < ?1) \
         INSERT INTO events (tenant_id, id, type, schema_version, subject, source_agent, data, \
         trace_id, created_at) \
         SELECT tenant_id, printf('evt_%022d', number), type, schema_version, \
         printf('prj_%022d', number), source_agent, data, trace_id, created_at FROM numbers, \
         (SELECT * FROM events WHERE type = 'project.created' ORDER BY seq LIMIT 1) \
         ORDER BY number";
    let added = sqlite.execute(sql, params![i64::try_from(count)?])?;
    ensure!(added as u64 == count, "{added} events were added, and not {count}");
    Ok(())
}

/// The indexes of projects: their names, and the statements that make them.
fn indexes(sqlite: &Sqlite) -> rusqlite::Result<Vec<(String, String)>> {
    let mut statement = sqlite.prepare(
        "SELECT name, sql FROM sqlite_master \
         WHERE type = 'index' AND tbl_name = 'projects' AND sql IS NOT NULL",
    )?;
    statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?.collect()
}

fn insert(sqlite: &Sqlite, plan: &Plan<'_>) -> anyhow::Result<Vec<String>> {
    let Plan { tenant, owner, count, now } = *plan;
    let mut insert = sqlite.prepare(&format!(
        "INSERT INTO {COLUMNS} VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, 1, ?9, ?10)"
    ))?;
    let mut ids = Vec::new();
    for row in rows(count, now)? {
        insert.execute(params![
            tenant,
            row.id,
            owner,
            row.name,
            DESCRIPTION,
            row.status,
            row.labels,
            row.tags,
            row.created_at,
            row.updated_at
        ])?;
        ids.push(row.id);
        if (ids.len() as u64).is_multiple_of(TOLD) {
            eprintln!("  {} rows", ids.len());
        }
    }
    Ok(ids)
}
