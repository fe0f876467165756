//! A connection of SQLite, with a deadline that ends runaway statements.

use crate::stores::sqlite::bindings::Error;
use rusqlite::config::DbConfig;
use rusqlite::hooks::{AuthAction, AuthContext, Authorization};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// How long a statement waits for a writer in another process.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);
/// Prepared statements kept per connection.
const STATEMENTS: usize = 256;
/// The name of the host's own savepoint.
const OWN: &str = "transaction of a guest";
/// SQLite's virtual-machine steps between two looks at the clock.
const STEPS: i32 = 10_000;

/// A connection, and the clock of its statements.
pub(super) struct TimedConnection {
    pub(super) sqlite: rusqlite::Connection,
    pub(super) clock: Arc<Clock>,
    /// Whether statements may begin and end transactions now.
    may_control: Arc<AtomicBool>,
}

/// The deadline of the running statement, in milliseconds since `origin`.
pub(super) struct Clock {
    origin: Instant,
    deadline: AtomicU64,
}

impl Clock {
    fn now(&self) -> u64 {
        u64::try_from(self.origin.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    /// Gives the next statement this much time.
    pub(super) fn set_deadline(&self, time: Duration) {
        let time = u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        self.deadline.store(self.now().saturating_add(time), Ordering::Relaxed);
    }

    fn is_expired(&self) -> bool {
        self.now() > self.deadline.load(Ordering::Relaxed)
    }
}

impl TimedConnection {
    /// Opens the database at `path`.
    pub(super) fn open(path: &Path) -> rusqlite::Result<Self> {
        let mut sqlite = rusqlite::Connection::open(path)?;
        sqlite.busy_timeout(BUSY_TIMEOUT)?;
        sqlite.pragma_update(None, "journal_mode", "WAL")?;
        sqlite.pragma_update(None, "synchronous", "FULL")?;
        sqlite.pragma_update(None, "foreign_keys", "ON")?;
        // Plans must not depend on bound values. Otherwise SQLite would parse and plan a list again
        // whenever its LIMIT is bound.
        sqlite.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
        sqlite.set_prepared_statement_cache_capacity(STATEMENTS);
        let may_control = Arc::new(AtomicBool::new(true));
        let asked = may_control.clone();
        sqlite.authorizer(Some(move |context: AuthContext<'_>| match context.action {
            AuthAction::Attach { filename } if !matches!(filename, "" | ":memory:") => {
                Authorization::Deny
            }
            AuthAction::Transaction { .. } if !asked.load(Ordering::Relaxed) => Authorization::Deny,
            AuthAction::Savepoint { savepoint_name, .. }
                if savepoint_name.eq_ignore_ascii_case(OWN) && !asked.load(Ordering::Relaxed) =>
            {
                Authorization::Deny
            }
            _ => Authorization::Allow,
        }))?;
        let clock = Arc::new(Clock { origin: Instant::now(), deadline: AtomicU64::new(u64::MAX) });
        let watched = clock.clone();
        sqlite.progress_handler(STEPS, Some(move || watched.is_expired()))?;
        Ok(Self { sqlite, clock, may_control })
    }

    /// Runs a statement of the host that begins or ends a transaction, or sets a savepoint. From
    /// then on only this may do so.
    pub(super) fn control(&self, sql: &str) -> rusqlite::Result<()> {
        self.may_control.store(true, Ordering::Relaxed);
        // Not from the cache: a guest would find the statement there, and nobody would be asked.
        let done = self.sqlite.execute_batch(sql);
        self.may_control.store(false, Ordering::Relaxed);
        done
    }
}

/// An error of SQLite, in the form that Spin gives it.
#[expect(clippy::needless_pass_by_value, reason = "used in map_err")]
pub(super) fn io(error: rusqlite::Error) -> Error {
    match error.sqlite_error_code() {
        Some(rusqlite::ErrorCode::DiskFull) => Error::DatabaseFull,
        _ => Error::Io(error.to_string()),
    }
}
