//! The schema: numbered files under `migrations/`, applied by whichever function comes
//! first, under the write lock of the database, so that several may start at once.

use std::cell::Cell;

use crate::sql::{Database, Value};
use crate::{Code, Error, problem};

const MIGRATIONS: [&str; 4] = [
    include_str!("../../../migrations/0001_identity.sql"),
    include_str!("../../../migrations/0002_events.sql"),
    include_str!("../../../migrations/0003_projects.sql"),
    include_str!("../../../migrations/0004_resources.sql"),
];

thread_local! {
    /// Whether this instance has seen the schema up to date.
    static CURRENT: Cell<bool> = const { Cell::new(false) };
}

pub(crate) fn once(database: &Database) -> Result<(), Error> {
    if CURRENT.get() {
        return Ok(());
    }
    if version(database)? < MIGRATIONS.len() {
        database.transaction(|| apply(database))?;
    }
    CURRENT.set(true);
    Ok(())
}

fn apply(database: &Database) -> Result<(), Error> {
    database.execute(
        "CREATE TABLE IF NOT EXISTS schema_migrations \
         (version BIGINT PRIMARY KEY, applied_at BIGINT NOT NULL)",
        &[],
    )?;
    // Another instance may have been first while this one waited for the lock.
    for (index, script) in MIGRATIONS.iter().enumerate().skip(version(database)?) {
        for statement in statements(script) {
            database.execute(&statement, &[])?;
        }
        let number = i64::try_from(index + 1).unwrap_or(i64::MAX);
        database.execute(
            "INSERT INTO schema_migrations (version, applied_at) VALUES ($1, $2)",
            &[Value::Integer(number), Value::Integer(crate::now())],
        )?;
    }
    Ok(())
}

/// How many migrations the database has; more than this code knows is refused.
fn version(database: &Database) -> Result<usize, Error> {
    let known = database.query(
        "SELECT COUNT(*) FROM sqlite_master WHERE type = 'table' AND name = 'schema_migrations'",
        &[],
    )?;
    if known.into_iter().next().map_or(0, |mut row| row.integer()) == 0 {
        return Ok(0);
    }
    let newest = database.query("SELECT MAX(version) FROM schema_migrations", &[])?;
    let newest = newest.into_iter().next().map_or(0, |mut row| row.integer());
    let newest = usize::try_from(newest).unwrap_or_default();
    if newest > MIGRATIONS.len() {
        return Err(Error {
            internal: Some(format!(
                "the database has schema version {newest}, this code knows {}: deploy the newer release",
                MIGRATIONS.len()
            )),
            ..problem(Code::ServiceUnavailable, "The service is being upgraded.")
        });
    }
    Ok(newest)
}

/// A statement ends with a semicolon at the end of a line; comment lines are left out.
fn statements(script: &str) -> impl Iterator<Item = String> {
    script
        .split(";\n")
        .map(|piece| {
            let lines = piece.lines().filter(|line| !line.trim_start().starts_with("--"));
            lines.collect::<Vec<_>>().join("\n")
        })
        .filter(|statement| !statement.trim().is_empty())
}
