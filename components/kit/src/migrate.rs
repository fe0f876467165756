//! The version of the schema. On SQLite, the first function that opens the database migrates it. It
//! holds the write lock of the database, so several functions may start at once. On PostgreSQL, the
//! role of the functions may not change tables: `tenantry migrate` migrates the database, and a
//! function refuses to work with a schema of another version.

use std::cell::Cell;

use migrations::{ALL, Dialect, Fill, VERSION};

use crate::row::Row;
use crate::sql::{postgres, sqlite};
use crate::{Code, Error, Value, values};

thread_local! {
    /// Whether this instance has checked that the schema is up to date.
    static CURRENT: Cell<bool> = const { Cell::new(false) };
}

/// Migrates the embedded SQLite database to the current version.
pub(crate) fn embedded(database: &sqlite::Database) -> Result<(), Error> {
    if CURRENT.get() {
        return Ok(());
    }
    if version(database)? < VERSION {
        database.transaction(|| apply(database))?;
    }
    CURRENT.set(true);
    Ok(())
}

/// Refuses a PostgreSQL database with a schema of another version.
pub(crate) fn check(database: &postgres::Database) -> Result<(), Error> {
    if CURRENT.get() {
        return Ok(());
    }
    let found = database.version()?;
    if found < VERSION {
        return Err(refused(format!(
            "PostgreSQL has schema version {found}, this code needs {VERSION}: run `tenantry migrate`"
        )));
    }
    not_newer(found)?;
    CURRENT.set(true);
    Ok(())
}

fn apply(database: &sqlite::Database) -> Result<(), Error> {
    database.execute(
        "CREATE TABLE IF NOT EXISTS schema_migrations \
         (version BIGINT PRIMARY KEY, applied_at BIGINT NOT NULL)",
        Vec::new(),
    )?;
    // Another instance may have migrated while this one waited for the lock.
    let done = usize::try_from(version(database)?).unwrap_or_default();
    for (number, migration) in (1..).zip(&ALL).skip(done) {
        for statement in migration.statements(Dialect::Sqlite) {
            database.execute(&statement, Vec::new())?;
        }
        migration.fills().iter().try_for_each(|fill| run(database, fill))?;
        database.execute(
            "INSERT INTO schema_migrations (version, applied_at) VALUES ($1, $2)",
            values![number, crate::now()].into(),
        )?;
    }
    Ok(())
}

/// Rewrites rows in batches.
fn run(database: &sqlite::Database, fill: &Fill) -> Result<(), Error> {
    let mut place = values!["", ""];
    loop {
        let rows = database.query(fill.select, place.to_vec())?;
        let Some(last) = rows.len().checked_sub(1) else { return Ok(()) };
        for (at, mut row) in rows.into_iter().enumerate() {
            let (first, second): (String, String) = row.get()?;
            let key = values![first, second];
            let columns: Vec<_> = row
                .values()
                .into_iter()
                .map(|value| match value {
                    Value::Text(text) => Some(text),
                    Value::Integer(_) | Value::Null => None,
                })
                .collect();
            let written = (fill.change)(&columns).into_iter().map(Value::from);
            let values = key.iter().cloned().chain(written).collect();
            database.execute(fill.update, values)?;
            if at == last {
                place = key;
            }
        }
    }
}

/// The number of migrations that the database has. A number higher than this code knows is refused.
fn version(database: &sqlite::Database) -> Result<i64, Error> {
    let first = |rows: Vec<Row>| rows.into_iter().next().map_or(Ok(None), Row::read::<Option<i64>>);
    let known = database.query(
        "SELECT COUNT(*) FROM sqlite_master WHERE type = 'table' AND name = 'schema_migrations'",
        Vec::new(),
    )?;
    if first(known)?.unwrap_or(0) == 0 {
        return Ok(0);
    }
    let newest = first(database.query("SELECT MAX(version) FROM schema_migrations", Vec::new())?)?;
    let newest = newest.unwrap_or(0);
    not_newer(newest)?;
    Ok(newest)
}

fn not_newer(found: i64) -> Result<(), Error> {
    if found > VERSION {
        return Err(refused(format!(
            "the database has schema version {found}, this code knows {VERSION}: deploy the newer release"
        )));
    }
    Ok(())
}

fn refused(cause: String) -> Error {
    Error {
        internal: Some(cause),
        retry_after: Some(10),
        ..Error::new(
            Code::ServiceUnavailable,
            "The service is being upgraded; try again in a moment.",
        )
    }
}
