//! SQLite databases for guests. Each has a pool of connections and a queue of writers.

pub(crate) mod bindings;
mod connection;
pub(crate) mod copy;
mod group;
pub(crate) mod migrate;
mod statement;
#[cfg(test)]
mod tests;

pub(crate) use connection::Connection;

use self::bindings::Error;
use self::group::Group;
use crate::system::private;
use anyhow::Context as _;
use parking_lot::Mutex;
use rusqlite::config::DbConfig;
use rusqlite::hooks::{AuthAction, AuthContext, Authorization};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// How many connections are kept open while nobody uses them.
const IDLE: usize = 64;
/// How long a statement waits for a writer in another process.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);
/// Prepared statements kept per connection.
const STATEMENTS: usize = 256;
/// SQLite's virtual-machine steps between two looks at the clock.
const STEPS: i32 = 10_000;

/// One database file.
pub(crate) struct Database {
    path: PathBuf,
    idle: Mutex<Vec<TimedConnection>>,
    /// The lock of writers, and what they share. It is first come, first served. Waiting for it does
    /// not block a thread, unlike waiting for SQLite's own lock.
    writer: Arc<tokio::sync::Mutex<Group>>,
    statement_time: Duration,
}

/// A connection of SQLite, with the deadline that ends runaway statements.
struct TimedConnection {
    sqlite: rusqlite::Connection,
    clock: Arc<Clock>,
}

/// The deadline of the running statement, in milliseconds since `origin`.
struct Clock {
    origin: Instant,
    deadline: AtomicU64,
}

impl Clock {
    fn now(&self) -> u64 {
        u64::try_from(self.origin.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    fn set_deadline(&self, time: Duration) {
        let time = u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        self.deadline.store(self.now().saturating_add(time), Ordering::Relaxed);
    }

    fn is_expired(&self) -> bool {
        self.now() > self.deadline.load(Ordering::Relaxed)
    }
}

impl Database {
    /// Opens the file, or creates it. `statement_time` bounds one statement.
    pub(crate) fn open(path: &Path, statement_time: Duration) -> anyhow::Result<Self> {
        if let Some(parent) = path.parent() {
            private::folder(parent).with_context(|| parent.display().to_string())?;
        }
        private::file(path).with_context(|| path.display().to_string())?;
        let database = Self {
            path: path.to_owned(),
            idle: Mutex::default(),
            writer: Arc::default(),
            statement_time,
        };
        let first = database
            .connect()
            .with_context(|| format!("{}: the database cannot be opened", path.display()))?;
        database.idle.lock().push(first);
        Ok(database)
    }

    /// Whether the database answers, for `/readyz`.
    pub(crate) fn check(&self) -> Result<(), String> {
        let connection = self.take().map_err(|error| error.to_string())?;
        connection.clock.set_deadline(self.statement_time);
        let answer =
            connection.sqlite.query_row("SELECT count(*) FROM sqlite_schema", [], |_| Ok(()));
        self.put(connection);
        answer.map_err(|error| format!("{}: {error}", self.path.display()))
    }

    fn take(&self) -> rusqlite::Result<TimedConnection> {
        let idle = self.idle.lock().pop();
        idle.map_or_else(|| self.connect(), Ok)
    }

    fn put(&self, connection: TimedConnection) {
        let mut idle = self.idle.lock();
        if idle.len() < IDLE {
            idle.push(connection);
        }
    }

    fn connect(&self) -> rusqlite::Result<TimedConnection> {
        let mut sqlite = rusqlite::Connection::open(&self.path)?;
        sqlite.busy_timeout(BUSY_TIMEOUT)?;
        sqlite.pragma_update(None, "journal_mode", "WAL")?;
        sqlite.pragma_update(None, "synchronous", "FULL")?;
        sqlite.pragma_update(None, "foreign_keys", "ON")?;
        // Plans must not depend on bound values. Otherwise, with the partial indexes of our tables,
        // SQLite would parse and plan a cached statement again whenever its tenant is bound.
        sqlite.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
        sqlite.set_prepared_statement_cache_capacity(STATEMENTS);
        sqlite.authorizer(Some(|context: AuthContext<'_>| match context.action {
            AuthAction::Attach { filename } if !matches!(filename, "" | ":memory:") => {
                Authorization::Deny
            }
            _ => Authorization::Allow,
        }))?;
        let clock = Arc::new(Clock { origin: Instant::now(), deadline: AtomicU64::new(u64::MAX) });
        let watched = clock.clone();
        sqlite.progress_handler(STEPS, Some(move || watched.is_expired()))?;
        Ok(TimedConnection { sqlite, clock })
    }
}

#[expect(clippy::needless_pass_by_value, reason = "used in map_err")]
fn io(error: rusqlite::Error) -> Error {
    match error.sqlite_error_code() {
        Some(rusqlite::ErrorCode::DiskFull) => Error::DatabaseFull,
        _ => Error::Io(error.to_string()),
    }
}
