//! The database connection under the scopes: `spin:sqlite`, called synchronously, which is
//! a quarter faster for short statements than the async form and holds only this instance.
//!
//! Statements use `$1`, `$2`, … as PostgreSQL does. To SQLite `$1` is a name, numbered where
//! it first appears; `?1` is the number itself. A dollar sign has no other use in them.

use std::cell::Cell;

pub use spin_sdk::sqlite::wit::sqlite::Value;
use spin_sdk::sqlite::wit::sqlite::{Connection, Error as SqlError, QueryResult};

use crate::{Code, Error, migrate, problem};

const DATABASE: &str = "default";

thread_local! {
    /// A connection that the last request of this instance left behind: opening one costs
    /// as much as a short statement. A request that finds none opens its own.
    static IDLE: Cell<Option<Connection>> = const { Cell::new(None) };
}

/// A connection, outside of any transaction when it is made and when it is dropped.
pub(crate) struct Database {
    connection: Option<Connection>,
    /// A roll-back failed: nobody knows whether the transaction is still open.
    uncertain: Cell<bool>,
}

impl Drop for Database {
    fn drop(&mut self) {
        if !self.uncertain.get() {
            IDLE.set(self.connection.take());
        }
    }
}

impl Database {
    /// Opens the database and brings its schema up to date.
    pub(crate) fn open() -> Result<Self, Error> {
        let connection = match IDLE.take() {
            Some(connection) => connection,
            None => Connection::open(DATABASE).map_err(fault)?,
        };
        let database = Self { connection: Some(connection), uncertain: Cell::new(false) };
        migrate::once(&database)?;
        Ok(database)
    }

    pub(crate) fn query(&self, sql: &str, parameters: &[Value]) -> Result<Vec<Row>, Error> {
        let result = self.run(sql, parameters)?;
        Ok(result.rows.into_iter().map(|row| Row(row.values.into_iter())).collect())
    }

    pub(crate) fn execute(&self, sql: &str, parameters: &[Value]) -> Result<u64, Error> {
        self.run(sql, parameters)?;
        Ok(self.connection.as_ref().map_or(0, Connection::changes))
    }

    fn run(&self, sql: &str, parameters: &[Value]) -> Result<QueryResult, Error> {
        let connection =
            self.connection.as_ref().ok_or_else(|| Error::internal("no connection"))?;
        connection.execute(&sql.replace('$', "?"), parameters).map_err(fault)
    }

    /// Runs `work` in a transaction: committed when it succeeds, rolled back when not.
    pub(crate) fn transaction<T>(
        &self,
        work: impl FnOnce() -> Result<T, Error>,
    ) -> Result<T, Error> {
        // IMMEDIATE: a transaction that first reads and then writes must not find that
        // another one wrote in between.
        self.run("BEGIN IMMEDIATE", &[])?;
        let outcome = work().and_then(|value| self.run("COMMIT", &[]).map(|_| value));
        // After some errors SQLite has rolled back by itself, and says so here.
        if outcome.is_err() && self.run("ROLLBACK", &[]).is_err() {
            self.uncertain.set(true);
        }
        outcome
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

fn fault(error: SqlError) -> Error {
    let cause = match &error {
        SqlError::Io(cause) => cause.as_str(),
        _ => "",
    };
    if cause.contains("UNIQUE constraint failed") {
        return problem(Code::Conflict, "An object with these unique values exists.");
    }
    let code = if cause.contains("locked") || cause.contains("busy") {
        Code::ServiceUnavailable
    } else {
        Code::InternalError
    };
    Error {
        internal: Some(format!("sqlite: {error:?}")),
        ..problem(
            code,
            "The database did not do its work; the trace id finds the cause in the log.",
        )
    }
}
