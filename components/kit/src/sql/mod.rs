//! The database under the scopes: PostgreSQL (`spin:postgres`) if the variable `postgres_url` or
//! `postgres_own_url` is set, else SQLite (`spin:sqlite`). Only this folder knows which of them it
//! is.
//!
//! Statements use the SQL that both understand. `$1`, `$2`, … are their parameters, and a dollar
//! sign has no other use in them. Calls are synchronous: for short statements that is a quarter
//! faster than the async form, and it blocks only this instance.

mod failure;
pub(crate) mod postgres;
pub(crate) mod sqlite;

use std::cell::RefCell;

pub(crate) use postgres::SessionRole;

use crate::row::Row;
use crate::settings::COMMON;
use crate::{Code, Error, Value, fault_injection, migrate};

/// The database that may answer a read.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Source {
    /// The database that takes the writes.
    Writer,
    /// Also a replica, which may be a moment behind.
    Replica,
}

/// A connection. It is outside any transaction when it is made and when it is dropped.
pub(crate) enum Database {
    Sqlite(sqlite::Database),
    Postgres(postgres::Database),
}

thread_local! {
    /// The key that seals cursors, once this instance has read it.
    pub(crate) static CURSOR_KEY: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

/// The SQLite database, migrated if needed.
fn embedded() -> Result<sqlite::Database, Error> {
    let database = sqlite::Database::open()?;
    migrate::embedded(&database)?;
    Ok(database)
}

/// The PostgreSQL at an address, after a check that its schema has our version.
fn external(address: &str) -> Result<postgres::Database, Error> {
    let database = postgres::Database::at(address);
    migrate::check(&database)?;
    Ok(database)
}

fn address(source: Source) -> &'static str {
    match source {
        Source::Replica if !COMMON.reader.is_empty() => &COMMON.reader,
        _ => &COMMON.writer,
    }
}

impl Database {
    /// Opens the database. SQLite is migrated if needed; PostgreSQL must be up to date already.
    pub(crate) fn open() -> Result<Self, Error> {
        match address(Source::Writer) {
            "" => embedded().map(Self::Sqlite),
            writer => external(writer).map(Self::Postgres),
        }
    }

    /// Opens the database for `work`, which only reads. On PostgreSQL all statements see one state
    /// of the database. On SQLite each statement sees the newest state.
    pub(crate) fn read<T>(
        source: Source,
        role: SessionRole<'_>,
        work: impl FnOnce(&Self) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let writer = address(Source::Writer);
        if writer.is_empty() {
            return work(&Self::open()?);
        }
        let reader = address(source);
        let begin = |it: postgres::Database| it.begin_read(role, reader != writer);
        let begun = match external(reader).and_then(begin) {
            // If the replica does not answer, then the writer does: slower, but not unavailable.
            Err(error) if reader != writer && error.code == Code::ServiceUnavailable => {
                external(writer)?.begin_read(role, false)?
            }
            begun => begun?,
        };
        let database = Self::Postgres(begun);
        let outcome = work(&database);
        if let Self::Postgres(database) = &database {
            database.roll_back();
        }
        outcome
    }

    /// Whether writes can be joined into one statement now.
    pub(crate) fn joins_writes(&self) -> bool {
        match self {
            Self::Sqlite(_) => false,
            Self::Postgres(database) => database.is_writing(),
        }
    }

    /// The rows of a statement.
    pub(crate) fn query(
        &self,
        role: SessionRole<'_>,
        sql: &str,
        parameters: Vec<Value>,
    ) -> Result<Vec<Row>, Error> {
        fault_injection::count_step();
        check(&parameters)?;
        match self {
            Self::Sqlite(database) => database.query(sql, parameters),
            Self::Postgres(database) => database.query(role, sql, parameters),
        }
    }

    /// Runs a statement; returns how many rows it changed.
    pub(crate) fn execute(
        &self,
        role: SessionRole<'_>,
        sql: &str,
        parameters: Vec<Value>,
    ) -> Result<u64, Error> {
        fault_injection::count_step();
        check(&parameters)?;
        match self {
            Self::Sqlite(database) => database.execute(sql, parameters),
            Self::Postgres(database) => database.execute(role, sql, parameters),
        }
    }

    /// Runs `work` in a transaction. It is committed if `work` succeeds, and rolled back otherwise.
    ///
    /// No other transaction writes the rows that it reads. SQLite has one writer at a time. On
    /// PostgreSQL, the writers of one tenant wait for each other, and so do those of one `lock`.
    pub(crate) fn transaction<T>(
        &self,
        lock: Option<&str>,
        work: impl FnOnce() -> Result<T, Error>,
    ) -> Result<T, Error> {
        let work = || work().inspect(|_| fault_injection::count_step());
        let outcome = match self {
            Self::Sqlite(database) => database.transaction(work),
            Self::Postgres(database) => database.transaction(lock, work),
        };
        // The transaction is committed here, but the request is not answered yet.
        fault_injection::count_step();
        outcome
    }
}

impl Database {
    /// Waits within a transaction for the other transactions of this lock. On SQLite there is
    /// nobody to wait for: its transactions that write come one after the other.
    pub(crate) fn lock(&self, lock: &str) -> Result<(), Error> {
        match self {
            Self::Sqlite(_) => Ok(()),
            Self::Postgres(database) => database.lock(lock),
        }
    }
}

/// PostgreSQL cannot store U+0000. SQLite refuses it too, so that both answer alike. Values with a
/// schema were refused before, with their place in the request.
fn check(parameters: &[Value]) -> Result<(), Error> {
    let is_wrong = |value: &Value| matches!(value, Value::Text(text) if text.contains('\0'));
    match parameters.iter().any(is_wrong) {
        true => Err(Error::new(Code::ValidationFailed, "Text must not hold U+0000.")),
        false => Ok(()),
    }
}
