//! Makes the schema in a new database. The functions make the same schema if they find an empty
//! database (`components/kit/src/migrate.rs`).

use migrations::{ALL, Dialect};
use rusqlite::{Connection, params};
use std::time::UNIX_EPOCH;

/// Makes the schema of this release.
pub(crate) fn create(database: &Connection) -> rusqlite::Result<()> {
    let now = UNIX_EPOCH.elapsed().unwrap_or_default().as_millis();
    let now = i64::try_from(now).unwrap_or(i64::MAX);
    database.execute_batch(
        "CREATE TABLE schema_migrations \
         (version BIGINT PRIMARY KEY, applied_at BIGINT NOT NULL)",
    )?;
    for (number, migration) in (1_i64..).zip(&ALL) {
        for statement in migration.statements(Dialect::Sqlite) {
            database.execute_batch(&statement)?;
        }
        database.execute("INSERT INTO schema_migrations VALUES (?1, ?2)", params![number, now])?;
    }
    Ok(())
}

/// The version of the schema; 0 if there is none.
pub(crate) fn version(database: &Connection) -> rusqlite::Result<i64> {
    let there =
        "SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name = 'schema_migrations'";
    if database.query_row(there, [], |row| row.get::<_, i64>(0))? == 0 {
        return Ok(0);
    }
    let newest = "SELECT coalesce(max(version), 0) FROM schema_migrations";
    database.query_row(newest, [], |row| row.get(0))
}
