//! A guest's connection: its place in the queue of writers, its transaction, its results.

use super::statement::{Kind, may_take_long};
use super::{Database, TimedConnection};
use crate::stores::sqlite::bindings::{Error, QueryResult, RowResult, Value};
use rusqlite::types::{ToSqlOutput, ValueRef};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Mutex, OwnedMutexGuard};

/// The largest result of one statement, in bytes.
const RESULT: usize = 64 << 20;
/// How long a read may occupy a thread that also serves other requests. A read that needs longer is
/// interrupted and run again on a thread that may block.
const QUICK_STATEMENT: Duration = Duration::from_millis(5);

/// An open connection. Clones share it. When the last clone is dropped, an open transaction is
/// rolled back and the connection returns to the pool.
#[derive(Clone)]
pub(crate) struct Connection(Arc<Mutex<Session>>);

struct Session {
    /// Set until the session is dropped.
    connection: Option<TimedConnection>,
    database: Arc<Database>,
    writer: Option<OwnedMutexGuard<()>>,
    /// Whether the guest changed the connection itself. Then nobody else gets it.
    altered: bool,
    changes: u64,
    rowid: i64,
}

impl Connection {
    /// Takes a connection from the pool or opens a new one.
    pub(crate) fn open(database: &Arc<Database>) -> Result<Self, Error> {
        let connection = database.take().map_err(io)?;
        Ok(Self(Arc::new(Mutex::new(Session {
            connection: Some(connection),
            database: database.clone(),
            writer: None,
            altered: false,
            changes: 0,
            rowid: 0,
        }))))
    }

    /// Runs one statement. If the statement may write, then it waits for other writers of the
    /// database first. A statement that waits for the disk or may take long runs on a thread that
    /// may block. All others run at once.
    pub(crate) async fn execute(
        &self,
        sql: String,
        values: Vec<Value>,
    ) -> Result<QueryResult, Error> {
        let mut session = self.0.clone().lock_owned().await;
        let kind = Kind::of(&sql);
        let time = session.database.statement_time;
        match session.plan(&sql, kind)? {
            Plan::Read => match session.run(&sql, kind, &values, QUICK_STATEMENT) {
                Err(Failure::Interrupted) => {}
                done => return Ok(done?),
            },
            Plan::Write { slow } => {
                if session.writer.is_none() {
                    let queue = session.database.writer.clone();
                    session.writer = Some(queue.lock_owned().await);
                }
                if !slow {
                    return Ok(session.run(&sql, kind, &values, time)?);
                }
            }
        }
        let run = tokio::task::spawn_blocking(move || Ok(session.run(&sql, kind, &values, time)?));
        run.await.map_err(|error| Error::Io(error.to_string()))?
    }

    /// The row id of the last insert by this guest, or 0.
    pub(crate) async fn last_insert_rowid(&self) -> i64 {
        self.0.lock().await.rowid
    }

    /// The rows changed by the last writing statement of this guest.
    pub(crate) async fn changes(&self) -> u64 {
        self.0.lock().await.changes
    }
}

enum Plan {
    Read,
    Write { slow: bool },
}

/// Why a statement did not run to its end.
enum Failure {
    /// Its time was up.
    Interrupted,
    Refused(Error),
}

impl From<rusqlite::Error> for Failure {
    fn from(error: rusqlite::Error) -> Self {
        match error.sqlite_error_code() {
            Some(rusqlite::ErrorCode::OperationInterrupted) => Self::Interrupted,
            _ => Self::Refused(io(error)),
        }
    }
}

impl From<Failure> for Error {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Interrupted => Self::Io("the statement took too long".to_owned()),
            Failure::Refused(error) => error,
        }
    }
}

impl Session {
    fn connection(&self) -> Result<&TimedConnection, Error> {
        self.connection.as_ref().ok_or(Error::InvalidConnection)
    }

    fn plan(&self, sql: &str, kind: Kind) -> Result<Plan, Error> {
        let sqlite = &self.connection()?.sqlite;
        let statement = sqlite.prepare_cached(sql).map_err(io)?;
        let outside = sqlite.is_autocommit();
        Ok(match kind {
            Kind::Commit if self.writer.is_some() => Plan::Write { slow: true },
            Kind::Begin if !statement.readonly() => Plan::Write { slow: false },
            _ if !statement.readonly() => Plan::Write { slow: outside || may_take_long(sql) },
            _ => Plan::Read,
        })
    }

    fn run(
        &mut self,
        sql: &str,
        kind: Kind,
        values: &[Value],
        time: Duration,
    ) -> Result<QueryResult, Failure> {
        self.altered |= kind == Kind::Session;
        let connection =
            self.connection.as_ref().ok_or(Failure::Refused(Error::InvalidConnection))?;
        connection.clock.set_deadline(time);
        let result = query(&connection.sqlite, sql, values);
        if result.is_ok() && self.writer.is_some() && !matches!(kind, Kind::Begin | Kind::Commit) {
            self.changes = connection.sqlite.changes();
            if kind == Kind::Insert {
                self.rowid = connection.sqlite.last_insert_rowid();
            }
        }
        if connection.sqlite.is_autocommit() {
            self.writer = None;
        }
        result
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        let Some(connection) = self.connection.take() else { return };
        connection.clock.set_deadline(self.database.statement_time);
        let clean = connection.sqlite.is_autocommit()
            || connection.sqlite.execute_batch("ROLLBACK").is_ok();
        if clean && !self.altered {
            self.database.put(connection);
        }
    }
}

fn query(
    sqlite: &rusqlite::Connection,
    sql: &str,
    values: &[Value],
) -> Result<QueryResult, Failure> {
    let mut statement = sqlite.prepare_cached(sql)?;
    let columns: Vec<String> = statement.column_names().map(str::to_owned).collect();
    let width = columns.len();
    let mut rows = statement.query(rusqlite::params_from_iter(values))?;
    let mut found = Vec::new();
    let mut size = 0;
    while let Some(row) = rows.next()? {
        let mut values = Vec::with_capacity(width);
        for column in 0..width {
            let value = convert(row.get_ref(column)?).map_err(Failure::Refused)?;
            size += size_of::<Value>()
                + match &value {
                    Value::Text(text) => text.len(),
                    Value::Blob(bytes) => bytes.len(),
                    _ => 0,
                };
            values.push(value);
        }
        if size > RESULT {
            let message = format!("the result is larger than {RESULT} bytes");
            return Err(Failure::Refused(Error::Io(message)));
        }
        found.push(RowResult { values });
    }
    Ok(QueryResult { columns, rows: found })
}

fn convert(value: ValueRef<'_>) -> Result<Value, Error> {
    Ok(match value {
        ValueRef::Null => Value::Null,
        ValueRef::Integer(number) => Value::Integer(number),
        ValueRef::Real(number) => Value::Real(number),
        ValueRef::Text(text) => {
            let text = std::str::from_utf8(text);
            Value::Text(text.map_err(|_| Error::Io("a text is not UTF-8".to_owned()))?.to_owned())
        }
        ValueRef::Blob(bytes) => Value::Blob(bytes.to_vec()),
    })
}

impl rusqlite::ToSql for Value {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self {
            Self::Integer(number) => ValueRef::Integer(*number),
            Self::Real(number) => ValueRef::Real(*number),
            Self::Text(text) => ValueRef::Text(text.as_bytes()),
            Self::Blob(bytes) => ValueRef::Blob(bytes),
            Self::Null => ValueRef::Null,
        }))
    }
}

#[expect(clippy::needless_pass_by_value, reason = "used in map_err")]
fn io(error: rusqlite::Error) -> Error {
    match error.sqlite_error_code() {
        Some(rusqlite::ErrorCode::DiskFull) => Error::DatabaseFull,
        _ => Error::Io(error.to_string()),
    }
}
