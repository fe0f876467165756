//! The database under the scopes: SQLite (`spin:sqlite`), or PostgreSQL (`spin:postgres`)
//! where the variable `postgres_url` names one. Which of them it is stays in this folder.
//!
//! Statements are in the SQL that both read, with `$1`, `$2`, … for their parameters; a
//! dollar sign has no other use in them. Calls are synchronous, which is a quarter faster
//! for short statements than the async form and holds only this instance.

pub(crate) mod postgres;
pub(crate) mod sqlite;

use std::cell::{OnceCell, RefCell};

pub use spin_sdk::sqlite::wit::sqlite::Value;

use crate::list::Literal;
use crate::{Code, Error, problem, sabotage};

/// For whom a statement runs: PostgreSQL shows its rows by it (row-level security).
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Who<'a> {
    /// One tenant.
    Tenant(&'a str),
    /// What is above tenants.
    System,
}

/// Where a read may be answered.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Source {
    /// By the database that takes the writes.
    Writer,
    /// By a replica too, which may be a moment behind.
    Replica,
}

/// A connection, outside of any transaction when it is made and when it is dropped.
pub(crate) enum Database {
    Sqlite(sqlite::Database),
    Postgres(postgres::Database),
}

/// Addresses of PostgreSQL; empty for what there is not.
struct Addresses {
    writer: String,
    reader: String,
}

thread_local! {
    /// As the variables have them, read once by each instance.
    static ADDRESSES: OnceCell<Addresses> = const { OnceCell::new() };
    /// The key that signs cursors, once this instance has read it.
    pub(crate) static CURSOR_KEY: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

/// Reads where the database is. Before the first request of an instance, since variables
/// are read asynchronously and statements are not.
pub(crate) async fn configure() {
    if ADDRESSES.with(|known| known.get().is_some()) {
        return;
    }
    let get = async |name: &str| {
        let value = spin_sdk::variables::get(name).await.unwrap_or_default();
        value.trim().to_owned()
    };
    // A role of its own, where the operator has given it one.
    let either = async |own: &str, common: &str| match get(own).await {
        none if none.is_empty() => get(common).await,
        own => own,
    };
    let found = Addresses {
        writer: either("postgres_own_url", "postgres_url").await,
        reader: either("postgres_own_reader_url", "postgres_reader_url").await,
    };
    // Another request of this instance may have been first, with the same outcome.
    ADDRESSES.with(|known| drop(known.set(found)));
}

fn address(source: Source) -> String {
    ADDRESSES.with(|known| {
        known.get().map_or_else(String::new, |known| match source {
            Source::Replica if !known.reader.is_empty() => known.reader.clone(),
            _ => known.writer.clone(),
        })
    })
}

impl Database {
    /// Opens the database. SQLite is brought up to date, PostgreSQL must be.
    pub(crate) fn open() -> Result<Self, Error> {
        match address(Source::Writer) {
            none if none.is_empty() => sqlite::Database::open().map(Self::Sqlite),
            writer => postgres::Database::open(&writer).map(Self::Postgres),
        }
    }

    /// Opens it for `work`, which only reads. On PostgreSQL all of it sees one state of the
    /// database; on SQLite each statement sees the newest.
    pub(crate) fn read<T>(
        source: Source,
        who: Who<'_>,
        work: impl FnOnce(&Self) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let writer = address(Source::Writer);
        if writer.is_empty() {
            return work(&Self::open()?);
        }
        let reader = address(source);
        let begun = match postgres::Database::open(&reader).and_then(|it| it.begin_read(who)) {
            // Without its replicas the service is slower, not gone.
            Err(error) if reader != writer && error.code == Code::ServiceUnavailable => {
                postgres::Database::open(&writer)?.begin_read(who)?
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

    /// The rows of a statement.
    pub(crate) fn query(
        &self,
        who: Who<'_>,
        sql: &str,
        parameters: &[Value],
    ) -> Result<Vec<Row>, Error> {
        sabotage::step();
        check(parameters)?;
        match self {
            Self::Sqlite(database) => database.query(sql, parameters),
            Self::Postgres(database) => database.query(who, sql, parameters),
        }
    }

    /// Runs a statement; returns how many rows it changed.
    pub(crate) fn execute(
        &self,
        who: Who<'_>,
        sql: &str,
        parameters: &[Value],
    ) -> Result<u64, Error> {
        sabotage::step();
        check(parameters)?;
        match self {
            Self::Sqlite(database) => database.execute(sql, parameters),
            Self::Postgres(database) => database.execute(who, sql, parameters),
        }
    }

    /// Runs `work` in a transaction: committed when it succeeds, rolled back when not.
    ///
    /// Nobody else writes what it reads: SQLite has one writer at a time, on PostgreSQL those
    /// of one tenant, and those of one `queue`, wait for each other.
    pub(crate) fn transaction<T>(
        &self,
        queue: Option<&str>,
        work: impl FnOnce() -> Result<T, Error>,
    ) -> Result<T, Error> {
        let work = || work().inspect(|_| sabotage::step());
        let outcome = match self {
            Self::Sqlite(database) => database.transaction(work),
            Self::Postgres(database) => database.transaction(queue, work),
        };
        // Committed, and not answered yet.
        sabotage::step();
        outcome
    }
}

/// PostgreSQL cannot hold U+0000. It is refused on SQLite too, so that both answer alike; what
/// has a schema was refused before, with its place.
fn check(parameters: &[Value]) -> Result<(), Error> {
    let is_wrong = |value: &Value| matches!(value, Value::Text(text) if text.contains('\0'));
    match parameters.iter().any(is_wrong) {
        true => Err(problem(Code::ValidationFailed, "Text must not hold U+0000.")),
        false => Ok(()),
    }
}

impl From<Literal> for Value {
    fn from(literal: Literal) -> Self {
        match literal {
            Literal::Text(text) => Self::Text(text),
            Literal::Integer(number) => Self::Integer(number),
        }
    }
}

/// A row of a result: its columns are taken in the order of the `SELECT`.
pub struct Row(std::vec::IntoIter<Value>);

impl Iterator for Row {
    type Item = Value;

    fn next(&mut self) -> Option<Value> {
        self.0.next()
    }
}

impl Row {
    /// The next column as text; empty for NULL.
    pub fn text(&mut self) -> String {
        self.optional_text().unwrap_or_default()
    }

    /// The next column as text, `None` for NULL.
    pub fn optional_text(&mut self) -> Option<String> {
        match self.0.next() {
            Some(Value::Text(text)) => Some(text),
            _ => None,
        }
    }

    /// The next column as an integer; 0 for NULL.
    pub fn integer(&mut self) -> i64 {
        self.optional_integer().unwrap_or_default()
    }

    /// The next column as an integer, `None` for NULL.
    pub fn optional_integer(&mut self) -> Option<i64> {
        match self.0.next() {
            Some(Value::Integer(integer)) => Some(integer),
            _ => None,
        }
    }
}

/// What a store could not do; the cause is for the log.
enum Failure {
    /// A unique value is there already.
    Duplicate,
    /// Whoever asks again in a moment may have more luck.
    Unavailable,
    /// A fault of ours.
    Fault,
}

fn refuse(failure: Failure, cause: String) -> Error {
    let (code, message, retry_after) = match failure {
        Failure::Duplicate => {
            return problem(Code::Conflict, "An object with these unique values exists.");
        }
        Failure::Unavailable => (
            Code::ServiceUnavailable,
            "The database does not answer; try again in a moment.",
            Some(1),
        ),
        Failure::Fault => (
            Code::InternalError,
            "The database did not do its work; the trace id finds the cause in the log.",
            None,
        ),
    };
    Error { internal: Some(cause), retry_after, ..problem(code, message) }
}
