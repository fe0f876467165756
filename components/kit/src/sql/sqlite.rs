//! SQLite through `spin:sqlite`. For SQLite, `$1` is a name, which gets its number where it first
//! appears. `?1` is the number itself.

use std::cell::Cell;

use spin_sdk::sqlite::wit::sqlite::{
    Connection, Error as SqlError, QueryResult, Value as SqlValue,
};

use protocol::sql::ROWS_ONLY;

use super::failure::{Failure, refuse};
use crate::row::Row;
use crate::{Code, Error, Value};

const DATABASE: &str = "default";

thread_local! {
    /// A connection that an earlier request of this instance left open, because opening one costs
    /// as much as a short statement. A request that finds none opens its own.
    static IDLE: Cell<Option<Connection>> = const { Cell::new(None) };
}

pub(crate) struct Database {
    connection: Option<Connection>,
    /// Whether a roll-back failed. Then nobody knows if the transaction is still open.
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
    /// Opens the database. Its schema may be an older one.
    pub(super) fn open() -> Result<Self, Error> {
        let connection = match IDLE.take() {
            Some(connection) => connection,
            None => Connection::open(DATABASE).map_err(fault)?,
        };
        Ok(Self { connection: Some(connection), uncertain: Cell::new(false) })
    }

    pub(crate) fn query(&self, sql: &str, parameters: Vec<Value>) -> Result<Vec<Row>, Error> {
        let rows = self.run(sql, parameters)?.rows.into_iter();
        rows.map(|row| {
            let values = row.values.into_iter().map(value).collect::<Result<Vec<_>, _>>()?;
            Ok(Row::new(values))
        })
        .collect()
    }

    pub(crate) fn execute(&self, sql: &str, parameters: Vec<Value>) -> Result<u64, Error> {
        self.run(sql, parameters)?;
        Ok(self.connection.as_ref().map_or(0, Connection::changes))
    }

    fn run(&self, sql: &str, parameters: Vec<Value>) -> Result<QueryResult, Error> {
        let connection =
            self.connection.as_ref().ok_or_else(|| Error::internal("no connection"))?;
        let parameters: Vec<SqlValue> = parameters.into_iter().map(bind).collect();
        connection.execute(&numbered(sql), &parameters).map_err(fault)
    }

    pub(crate) fn transaction<T>(
        &self,
        work: impl FnOnce() -> Result<T, Error>,
    ) -> Result<T, Error> {
        // IMMEDIATE takes the write lock at the beginning. So no other transaction can write
        // between the reads and the writes of this one.
        self.run("BEGIN IMMEDIATE", Vec::new())?;
        let outcome = work().and_then(|value| self.run("COMMIT", Vec::new()).map(|_| value));
        if outcome.is_err()
            && let Err(error) = self.run("ROLLBACK", Vec::new())
        {
            // After some errors SQLite has rolled back by itself. Then ROLLBACK fails here.
            self.uncertain.set(true);
            // What the refusal rests on may be gone: a write of others that was not committed.
            if error.code == Code::ServiceUnavailable {
                return Err(error);
            }
        }
        outcome
    }
}

/// The statement with the numbers of SQLite, for its rows only.
fn numbered(sql: &str) -> String {
    let mut text = String::with_capacity(ROWS_ONLY.len() + sql.len());
    text.push_str(ROWS_ONLY);
    for (index, part) in sql.split('$').enumerate() {
        if index > 0 {
            text.push('?');
        }
        text.push_str(part);
    }
    text
}

fn bind(value: Value) -> SqlValue {
    match value {
        Value::Text(text) => SqlValue::Text(text),
        Value::Integer(number) => SqlValue::Integer(number),
        Value::Null => SqlValue::Null,
    }
}

fn value(value: SqlValue) -> Result<Value, Error> {
    match value {
        SqlValue::Text(text) => Ok(Value::Text(text)),
        SqlValue::Integer(number) => Ok(Value::Integer(number)),
        SqlValue::Null => Ok(Value::Null),
        // The value itself belongs in no log.
        SqlValue::Real(_) => Err(Error::internal("sqlite: no column holds a real number")),
        SqlValue::Blob(_) => Err(Error::internal("sqlite: no column holds a blob")),
    }
}

fn fault(error: SqlError) -> Error {
    let cause = match &error {
        SqlError::Io(cause) => cause.as_str(),
        _ => "",
    };
    let failure = if cause.contains("UNIQUE constraint failed") {
        Failure::Duplicate
    } else if cause.contains("locked") || cause.contains("busy") {
        Failure::Unavailable
    } else {
        Failure::Fault
    };
    refuse(failure, format!("sqlite: {error:?}"))
}
