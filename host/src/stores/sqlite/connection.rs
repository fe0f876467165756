//! A guest's connection: its place in the queue of writers, its transaction, its results.

use super::Database;
use super::group::{Committed, Group};
use super::statement::{Kind, is_plain_end, may_take_long};
use super::timed::{TimedConnection, io};
use crate::stores::sqlite::bindings::{Error, QueryResult, RowResult, Value};
use protocol::sql::ROWS_ONLY;
use rusqlite::CachedStatement;
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
    /// Its own connection. Set until the session is dropped.
    connection: Option<TimedConnection>,
    database: Arc<Database>,
    writer: Option<Writer>,
    /// Whether the guest changed the connection itself. Then nobody else gets it.
    altered: bool,
    changes: u64,
    rowid: i64,
}

/// The lock of writers, while a session writes.
enum Writer {
    /// It writes on its own connection.
    Alone { _lock: OwnedMutexGuard<Group> },
    /// It writes on the connection of the group, in a transaction.
    InGroup(OwnedMutexGuard<Group>),
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
        match session.start(&sql, kind, &values)? {
            Step::Done(result) => return Ok(result),
            Step::Begin => {
                session.begin().await?;
                return Ok(QueryResult { columns: Vec::new(), rows: Vec::new() });
            }
            Step::Ended { group, rolled_back } => {
                drop(session);
                let lost = |_| Error::Io("the commit of the group did not end".to_owned());
                let committed = group.await.map_err(lost)?;
                // What the guest has read was not committed, so it should try again.
                let busy = |_| Error::Io("busy: the group was not committed".to_owned());
                if rolled_back {
                    committed.map_err(busy)?
                } else {
                    committed?
                }
                return Ok(QueryResult { columns: Vec::new(), rows: Vec::new() });
            }
            Step::Blocking => {}
            Step::Write { blocking } => {
                session.write_alone().await?;
                if !blocking {
                    return Ok(session.run(&sql, kind, &values)?);
                }
            }
        }
        let run = tokio::task::spawn_blocking(move || Ok(session.run(&sql, kind, &values)?));
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

/// What is left to do of a statement.
enum Step {
    Done(QueryResult),
    /// A transaction that writes has to begin.
    Begin,
    /// The transaction of the guest has ended, and waits for the commit of its group.
    Ended {
        group: Committed,
        rolled_back: bool,
    },
    /// The statement has to run on a thread that may block.
    Blocking,
    /// It needs the lock of writers.
    Write {
        blocking: bool,
    },
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
    /// The connection on which statements run now.
    fn active(&self) -> Result<&TimedConnection, Error> {
        match &self.writer {
            Some(Writer::InGroup(group)) => group.connection(),
            _ => self.connection.as_ref().ok_or(Error::InvalidConnection),
        }
    }

    /// Runs a statement if it can run at once, without the lock and without a wait.
    fn start(&mut self, sql: &str, kind: Kind, values: &[Value]) -> Result<Step, Error> {
        if let Some(Writer::InGroup(group)) = &mut self.writer
            && matches!(kind, Kind::Commit | Kind::RollBack)
            && is_plain_end(sql)
        {
            let queue = &self.database.writer;
            let ended = match kind {
                Kind::Commit => group.commit(queue).map(Some),
                _ => group.roll_back(queue),
            };
            self.writer = None;
            let none = QueryResult { columns: Vec::new(), rows: Vec::new() };
            let rolled_back = kind == Kind::RollBack;
            return Ok(match ended? {
                Some(group) => Step::Ended { group, rolled_back },
                None => Step::Done(none),
            });
        }
        let time = self.database.statement_time;
        let is_writing = self.writer.is_some();
        let connection = self.active()?;
        let statement = connection.sqlite.prepare_cached(sql).map_err(io)?;
        let outside = connection.sqlite.is_autocommit();
        let is_read = statement.readonly();
        let time = match (kind, is_read) {
            (Kind::Commit, _) if is_writing => return Ok(Step::Blocking),
            (Kind::Begin, false) if outside && !self.altered && self.database.groups => {
                return Ok(Step::Begin);
            }
            (_, true) => QUICK_STATEMENT,
            (Kind::Begin, false) if is_writing => time,
            (Kind::Begin, false) => return Ok(Step::Write { blocking: false }),
            (_, false) => {
                let blocking = outside || may_take_long(sql);
                match is_writing {
                    true if blocking => return Ok(Step::Blocking),
                    true => time,
                    false => return Ok(Step::Write { blocking }),
                }
            }
        };
        connection.clock.set_deadline(time);
        let result = query(sql, statement, values);
        match self.record(kind, result) {
            Err(Failure::Interrupted) if is_read => Ok(Step::Blocking),
            result => Ok(Step::Done(result?)),
        }
    }

    /// Begins a transaction on the connection that writes.
    async fn begin(&mut self) -> Result<(), Error> {
        let mut group = self.group().await;
        if group.is_complete() {
            group = flushed(group).await?;
        }
        group.begin()?;
        self.writer = Some(Writer::InGroup(group));
        Ok(())
    }

    /// Waits for the lock in order to write on the own connection.
    async fn write_alone(&mut self) -> Result<(), Error> {
        let mut group = self.group().await;
        if group.is_waiting() {
            group = flushed(group).await?;
        }
        self.writer = Some(Writer::Alone { _lock: group });
        Ok(())
    }

    /// The lock of writers.
    async fn group(&mut self) -> OwnedMutexGuard<Group> {
        // A session that waited for itself would wait for ever.
        self.writer = None;
        self.database.writer.clone().lock_owned().await
    }

    /// Runs a statement for as long as it takes.
    fn run(&mut self, sql: &str, kind: Kind, values: &[Value]) -> Result<QueryResult, Failure> {
        let connection = self.active().map_err(Failure::Refused)?;
        connection.clock.set_deadline(self.database.statement_time);
        let statement = connection.sqlite.prepare_cached(sql)?;
        let result = query(sql, statement, values);
        self.record(kind, result)
    }

    /// Notes what a statement has changed in the session.
    fn record(
        &mut self,
        kind: Kind,
        result: Result<QueryResult, Failure>,
    ) -> Result<QueryResult, Failure> {
        match &mut self.writer {
            // A savepoint that is still open at the end must not be there for the next guest.
            Some(Writer::InGroup(group)) if matches!(kind, Kind::Session | Kind::Savepoint) => {
                group.set_altered();
            }
            _ => self.altered |= kind == Kind::Session,
        }
        let sqlite = &self.active().map_err(Failure::Refused)?.sqlite;
        let (changes, rowid) = (sqlite.changes(), sqlite.last_insert_rowid());
        let is_outside = sqlite.is_autocommit();
        if result.is_ok() && self.writer.is_some() && !matches!(kind, Kind::Begin | Kind::Commit) {
            self.changes = changes;
            if kind == Kind::Insert {
                self.rowid = rowid;
            }
        }
        if is_outside {
            // SQLite rolls the whole transaction back after some errors, such as a full disk.
            if let Some(Writer::InGroup(mut group)) = self.writer.take() {
                // Guests take an error with this word as one after which a retry makes sense.
                let error = "busy: the transaction of the group was rolled back";
                group.fail(&Error::Io(error.to_owned()));
            }
        }
        result
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        // The lock is released at the end, when nothing of this session is open any more.
        let mut writer = self.writer.take();
        if let Some(Writer::InGroup(group)) = &mut writer {
            // If this fails, then the group is given up.
            let _ = group.roll_back(&self.database.writer);
        }
        let Some(connection) = self.connection.take() else { return };
        connection.clock.set_deadline(self.database.statement_time);
        let clean = connection.sqlite.is_autocommit()
            || connection.sqlite.execute_batch("ROLLBACK").is_ok();
        if clean && !self.altered {
            self.database.put(connection);
        }
    }
}

/// Commits what waits, on a thread that may block.
async fn flushed(mut group: OwnedMutexGuard<Group>) -> Result<OwnedMutexGuard<Group>, Error> {
    let flushed = tokio::task::spawn_blocking(move || {
        group.flush();
        group
    });
    flushed.await.map_err(|error| Error::Io(error.to_string()))
}

fn query(
    sql: &str,
    mut statement: CachedStatement<'_>,
    values: &[Value],
) -> Result<QueryResult, Failure> {
    let width = statement.column_count();
    let columns = match sql.starts_with(ROWS_ONLY) {
        true => Vec::new(),
        false => statement.column_names().map(str::to_owned).collect(),
    };
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
