//! PostgreSQL through `spin:postgres`: each transaction takes a connection from the pool of the
//! runtime. Nobody waits for a second connection while holding a first one. So a small pool makes
//! requests wait, but it never causes a deadlock.
//!
//! Every statement runs in a transaction that sets the tenant for the policies of row-level
//! security, and the setting ends with the transaction. A transaction that writes for a tenant
//! first waits for the other writers of the tenant. So rules over several rows hold, receipts are
//! found, and events are numbered in the order of the commits, as on SQLite.

use std::cell::{Cell, RefCell};

use spin_sdk::pg::wit::postgres::{
    Connection, DbValue, Error as SqlError, ParameterValue, QueryError,
};

use super::failure::{Failure, refuse};
use crate::row::Row;
use crate::{Error, Value};

/// The value that stands for `SessionRole::System` in the policies. No tenant id has a `*`.
const SYSTEM: &str = "*";

/// For whom a statement runs. PostgreSQL shows rows according to it (row-level security).
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum SessionRole<'a> {
    /// One tenant.
    Tenant(&'a str),
    /// Work above tenants.
    System,
}

pub(crate) struct Database {
    address: String,
    /// `Some` while a transaction is open.
    connection: RefCell<Option<Connection>>,
    state: Cell<State>,
    /// The tenant that the open transaction has set, or [`SYSTEM`].
    named: RefCell<String>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    Outside,
    Reading,
    Writing,
    /// A statement failed. PostgreSQL refuses further statements, and it answers COMMIT with
    /// success although it rolls back.
    Failed,
}

impl Database {
    /// The database at an address. Nothing is sent to it yet.
    pub(super) fn at(address: &str) -> Self {
        Self {
            address: address.to_owned(),
            connection: RefCell::default(),
            state: Cell::new(State::Outside),
            named: RefCell::default(),
        }
    }

    /// Begins a transaction that only reads, and reads one state of the database. The runner sends
    /// the beginning of a transaction with its first statement. If somebody else could answer in
    /// place of this database, then `probe` says so, and this finds out whether it answers.
    pub(super) fn begin_read(self, role: SessionRole<'_>, probe: bool) -> Result<Self, Error> {
        self.begin("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY", State::Reading)?;
        self.set_tenant(role)?;
        if probe {
            self.run("SELECT 1", &[])?;
        }
        Ok(self)
    }

    pub(super) fn roll_back(&self) {
        self.state.set(State::Outside);
        if let Some(connection) = self.connection.take() {
            // If this fails, then the connection is gone, and the transaction with it.
            let _ = connection.execute("ROLLBACK", &[]);
        }
    }

    /// Whether a transaction that writes is open.
    pub(super) fn is_writing(&self) -> bool {
        self.state.get() == State::Writing
    }

    pub(super) fn query(
        &self,
        role: SessionRole<'_>,
        sql: &str,
        parameters: Vec<Value>,
    ) -> Result<Vec<Row>, Error> {
        let parameters = bind(parameters);
        self.within("BEGIN READ ONLY", State::Reading, role, || {
            let found = self.with(|connection| connection.query(sql, &parameters))?;
            let row = |row: Vec<DbValue>| {
                let values = row.into_iter().map(value).collect::<Result<Vec<_>, _>>()?;
                Ok(Row::new(values))
            };
            found.rows.into_iter().map(row).collect()
        })
    }

    pub(super) fn execute(
        &self,
        role: SessionRole<'_>,
        sql: &str,
        parameters: Vec<Value>,
    ) -> Result<u64, Error> {
        let parameters = bind(parameters);
        self.within("BEGIN", State::Writing, role, || self.run(sql, &parameters))
    }

    fn run(&self, sql: &str, parameters: &[ParameterValue]) -> Result<u64, Error> {
        self.with(|connection| connection.execute(sql, parameters))
    }

    fn with<T>(&self, work: impl FnOnce(&Connection) -> Result<T, SqlError>) -> Result<T, Error> {
        match &*self.connection.borrow() {
            Some(connection) => work(connection).map_err(fault),
            None => Err(Error::internal("no transaction is open")),
        }
    }

    pub(super) fn transaction<T>(
        &self,
        lock: Option<&str>,
        work: impl FnOnce() -> Result<T, Error>,
    ) -> Result<T, Error> {
        self.begin("BEGIN", State::Writing)?;
        self.end(lock.map_or(Ok(()), |lock| self.lock(lock)).and_then(|()| work()))
    }

    /// Runs one statement for a tenant or the system, in the open transaction or in one of its own.
    fn within<T>(
        &self,
        begin: &str,
        state: State,
        role: SessionRole<'_>,
        run: impl Fn() -> Result<T, Error>,
    ) -> Result<T, Error> {
        if self.state.get() != State::Outside {
            return self.fail_on_error(|| {
                self.set_tenant(role)?;
                run()
            });
        }
        self.begin(begin, state)?;
        self.end(self.fail_on_error(|| {
            self.set_tenant(role)?;
            run()
        }))
    }

    fn begin(&self, sql: &str, state: State) -> Result<(), Error> {
        let connection = Connection::open(&self.address).map_err(fault)?;
        // If a guest trapped, then Spin's pool hands its connection on with the transaction still
        // open.
        connection.execute("ROLLBACK", &[]).map_err(fault)?;
        connection.execute(sql, &[]).map_err(fault)?;
        self.connection.replace(Some(connection));
        self.state.set(state);
        self.named.borrow_mut().clear();
        Ok(())
    }

    /// Commits after a success. After a failure, or if the transaction only read, rolls back.
    fn end<T>(&self, outcome: Result<T, Error>) -> Result<T, Error> {
        match (outcome, self.state.get()) {
            (Ok(value), State::Writing) => {
                // If COMMIT fails, then nobody knows whether the transaction is committed.
                let committed = self.run("COMMIT", &[]);
                self.state.set(State::Outside);
                self.connection.take();
                committed.map(|_| value)
            }
            (Ok(_), State::Failed) => {
                self.roll_back();
                Err(Error::internal("a statement of the transaction failed, unnoticed"))
            }
            (outcome, _) => {
                self.roll_back();
                outcome
            }
        }
    }

    fn fail_on_error<T>(&self, run: impl FnOnce() -> Result<T, Error>) -> Result<T, Error> {
        let outcome = run();
        if outcome.is_err() {
            self.state.set(State::Failed);
        }
        outcome
    }

    /// Sets the tenant for the policies of row-level security. A writer for a tenant waits here for
    /// the other writers of the tenant. If a host stops in the middle, then the server ends its
    /// transaction after `idle_in_transaction_session_timeout`, and the next writer goes on.
    fn set_tenant(&self, role: SessionRole<'_>) -> Result<(), Error> {
        let id = match role {
            SessionRole::Tenant(id) => id,
            SessionRole::System => SYSTEM,
        };
        if *self.named.borrow() == id {
            return Ok(());
        }
        let sql = match (self.state.get(), role) {
            (State::Writing, SessionRole::Tenant(_)) => {
                "SELECT set_config('lock_timeout', '10s', true), \
                 set_config('idle_in_transaction_session_timeout', '5s', true), \
                 set_config('tenantry.tenant_id', $1, true), \
                 pg_advisory_xact_lock(hashtextextended($1, 0))"
            }
            (State::Writing, SessionRole::System) => {
                "SELECT set_config('lock_timeout', '10s', true), \
                 set_config('idle_in_transaction_session_timeout', '5s', true), \
                 set_config('tenantry.tenant_id', $1, true)"
            }
            _ => "SELECT set_config('tenantry.tenant_id', $1, true)",
        };
        let id = ParameterValue::Str(id.to_owned());
        self.run(sql, std::slice::from_ref(&id))?;
        if let ParameterValue::Str(id) = id {
            self.named.replace(id);
        }
        Ok(())
    }

    /// The number of migrations that the database has.
    pub(crate) fn version(&self) -> Result<i64, Error> {
        let number = |sql: &str| {
            let row = self.query(SessionRole::System, sql, Vec::new())?.into_iter().next();
            row.map_or(Ok(None), Row::read::<Option<i64>>).map(Option::unwrap_or_default)
        };
        match number("SELECT to_regclass('schema_migrations') IS NOT NULL")? {
            0 => Ok(0),
            _ => number("SELECT MAX(version) FROM schema_migrations"),
        }
    }

    /// Waits within a transaction for the other transactions of this lock.
    pub(super) fn lock(&self, lock: &str) -> Result<(), Error> {
        let sql = "SELECT pg_advisory_xact_lock(hashtextextended($1, 0))";
        self.fail_on_error(|| {
            self.set_tenant(SessionRole::System)?;
            self.run(sql, &[ParameterValue::Str(format!("queue {lock}"))]).map(drop)
        })
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        self.roll_back();
    }
}

fn bind(parameters: Vec<Value>) -> Vec<ParameterValue> {
    let bind = |value| match value {
        Value::Text(text) => ParameterValue::Str(text),
        Value::Integer(number) => ParameterValue::Int64(number),
        Value::Null => ParameterValue::DbNull,
    };
    parameters.into_iter().map(bind).collect()
}

fn value(value: DbValue) -> Result<Value, Error> {
    Ok(match value {
        DbValue::Str(text) => Value::Text(text),
        DbValue::Int64(number) => Value::Integer(number),
        DbValue::Int32(number) => Value::Integer(number.into()),
        DbValue::Boolean(truth) => Value::Integer(truth.into()),
        DbValue::DbNull => Value::Null,
        other => {
            // The value itself belongs in no log.
            let kind = match other {
                DbValue::Floating32(_) | DbValue::Floating64(_) => "a floating-point number",
                DbValue::Binary(_) => "bytes",
                DbValue::Jsonb(_) => "JSON",
                DbValue::Uuid(_) => "a UUID",
                DbValue::Decimal(_) => "a decimal number",
                DbValue::Date(_) | DbValue::Time(_) => "a date or time",
                DbValue::Datetime(_) | DbValue::Timestamp(_) => "a timestamp",
                _ => "a value of another type",
            };
            return Err(Error::internal(format!("postgres: no column holds {kind}")));
        }
    })
}

fn fault(error: SqlError) -> Error {
    let failure = match &error {
        SqlError::ConnectionFailed(_) => Failure::Unavailable,
        SqlError::QueryFailed(QueryError::DbError(error)) => sql_state(&error.code),
        // An error without a SQLSTATE did not come from the server. These are the words of the
        // driver for a connection that broke.
        SqlError::QueryFailed(QueryError::Text(text))
            if ["kind: Closed", "kind: Io", "kind: Timeout", "took too long"]
                .iter()
                .any(|words| text.contains(words)) =>
        {
            Failure::Unavailable
        }
        _ => Failure::Fault,
    };
    refuse(failure, format!("postgres: {error:?}"))
}

/// The meaning of a SQLSTATE (PostgreSQL, appendix A).
fn sql_state(state: &str) -> Failure {
    match state {
        "23505" => Failure::Duplicate,
        // Serialization, deadlock, lock time-out, statement time-out, idle in transaction,
        // read only (a writer that has become a standby).
        "40001" | "40P01" | "55P03" | "57014" | "25P03" | "25006" => Failure::Unavailable,
        // Classes: connection, resources, shutdown or start of the server.
        _ if ["08", "53", "57"].iter().any(|class| state.starts_with(class)) => {
            Failure::Unavailable
        }
        _ => Failure::Fault,
    }
}
