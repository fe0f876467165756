//! The rows that a request may see.
//!
//! A [`Scope`] binds its tenant as `$1` of every statement. A statement that does not compare
//! `tenant_id` with it is refused before it runs. [`System`] is the named exception for work above
//! tenants, such as signing in and the keys of the issuer.

use crate::list::{Bound, Dialect};
use crate::row::{FromRow, Row};
use crate::sql::{CURSOR_KEY, Database, SessionRole, Source};
use crate::write::Waiting;
use crate::{Call, Error, Value, fault_injection, values};

/// The reads that [`Scope`] and [`System`] have beside their `query`.
macro_rules! fetches {
    () => {
        /// The rows of a `SELECT`, each as `T`.
        ///
        /// # Errors
        /// As [`Self::query`] and [`Row::read`].
        pub fn fetch_all<T: FromRow>(
            &self,
            sql: &str,
            parameters: impl IntoIterator<Item = Value>,
        ) -> Result<Vec<T>, Error> {
            self.query(sql, parameters)?.into_iter().map(Row::read).collect()
        }

        /// The first row of a `SELECT`, if it has one.
        ///
        /// # Errors
        /// As [`Self::query`] and [`Row::read`].
        pub fn fetch_optional<T: FromRow>(
            &self,
            sql: &str,
            parameters: impl IntoIterator<Item = Value>,
        ) -> Result<Option<T>, Error> {
            self.query(sql, parameters)?.into_iter().next().map(Row::read).transpose()
        }

        /// The first row of a `SELECT` that always has one, such as `SELECT COUNT(*)`.
        ///
        /// # Errors
        /// As [`Self::query`] and [`Row::read`]; `internal-error` if there is no row.
        pub fn fetch_one<T: FromRow>(
            &self,
            sql: &str,
            parameters: impl IntoIterator<Item = Value>,
        ) -> Result<T, Error> {
            let found = self.fetch_optional(sql, parameters)?;
            found.ok_or_else(|| Error::internal(format!("no row of: {sql}")))
        }
    };
}

/// The rows of one tenant.
pub struct Scope<'a> {
    database: &'a Database,
    tenant: &'a str,
    trace_id: &'a str,
    /// `Some` if writes may wait, because whoever ends the transaction runs them.
    waiting: Option<Waiting>,
}

impl Call {
    /// Reads in the tenant of the caller. It reads from a replica if the gateway says that the
    /// caller has not written recently.
    ///
    /// # Errors
    /// Those of `work`; `internal-error` or `service-unavailable` of the database.
    pub fn read<T>(&self, work: impl FnOnce(&Scope<'_>) -> Result<T, Error>) -> Result<T, Error> {
        let source = match self.metadata.is_for_replica {
            true => Source::Replica,
            false => Source::Writer,
        };
        let role = SessionRole::Tenant(&self.caller()?.tenant);
        Database::read(source, role, |database| work(&self.scope(database)?))
    }

    /// Reads as [`Call::read`] does, for answers with cursors. It first makes sure that the
    /// instance has the key that seals cursors. The database keeps the key, so it is read before a
    /// connection is held.
    ///
    /// # Errors
    /// As [`Call::read`].
    pub fn read_list<T>(
        &self,
        work: impl FnOnce(&Scope<'_>) -> Result<T, Error>,
    ) -> Result<T, Error> {
        if CURSOR_KEY.with_borrow(Vec::is_empty) {
            CURSOR_KEY.set(secret("cursor")?);
        }
        self.read(work)
    }

    pub(crate) fn scope<'a>(&'a self, database: &'a Database) -> Result<Scope<'a>, Error> {
        let (tenant, trace_id) = (&self.caller()?.tenant, self.trace_id());
        Ok(Scope { database, tenant, trace_id, waiting: None })
    }

    /// The rows of the caller's tenant, for a transaction that ends with [`Scope::flush`].
    pub(crate) fn writing_scope<'a>(&'a self, database: &'a Database) -> Result<Scope<'a>, Error> {
        Ok(Scope { waiting: Some(Waiting::default()), ..self.scope(database)? })
    }
}

impl Scope<'_> {
    /// The tenant id.
    pub fn tenant(&self) -> &str {
        self.tenant
    }

    pub(crate) fn trace_id(&self) -> &str {
        self.trace_id
    }

    pub(crate) fn database(&self) -> &Database {
        self.database
    }

    pub(crate) fn waiting(&self) -> Option<&Waiting> {
        self.waiting.as_ref()
    }

    /// The database that reads the statements, for the few that cannot be written for both.
    pub fn dialect(&self) -> Dialect {
        match self.database {
            Database::Sqlite(_) => Dialect::Sqlite,
            Database::Postgres(_) => Dialect::Postgres,
        }
    }

    /// Makes or reads cursors of a list of this tenant. A cursor is bound to the fingerprint. Only
    /// within [`Call::read_list`].
    ///
    /// # Errors
    /// `internal-error` outside of it.
    pub fn cursors<T>(
        &self,
        collection: &str,
        fingerprint: &str,
        work: impl FnOnce(&Bound<'_>) -> T,
    ) -> Result<T, Error> {
        if CURSOR_KEY.with_borrow(Vec::is_empty) {
            return Err(Error::internal("cursors are made within read_list"));
        }
        Ok(CURSOR_KEY.with_borrow(|secret| {
            work(&Bound { secret, tenant: self.tenant, collection, fingerprint })
        }))
    }

    /// The rows of a `SELECT`. `$1` is the tenant; `parameters` begin at `$2`.
    ///
    /// # Errors
    /// `internal-error` if the statement is wrong or not bound to the tenant.
    pub fn query(
        &self,
        sql: &str,
        parameters: impl IntoIterator<Item = Value>,
    ) -> Result<Vec<Row>, Error> {
        self.flush()?;
        let values = self.bind(sql, parameters)?;
        self.database.query(
            SessionRole::Tenant(self.tenant),
            &fault_injection::without_tenant_predicate(sql),
            values,
        )
    }

    fetches!();

    /// Runs a statement and returns how many rows it changed. `$1` is the tenant.
    ///
    /// # Errors
    /// As [`Scope::query`]; `conflict` if a unique value exists already.
    pub fn execute(
        &self,
        sql: &str,
        parameters: impl IntoIterator<Item = Value>,
    ) -> Result<u64, Error> {
        self.flush()?;
        let values = self.bind(sql, parameters)?;
        fault_injection::trap_if(fault_injection::asks_for_trap(sql, &values));
        self.database.execute(
            SessionRole::Tenant(self.tenant),
            &fault_injection::without_tenant_predicate(sql),
            values,
        )
    }

    /// Runs a statement that changes exactly one row.
    ///
    /// # Errors
    /// As [`Scope::execute`]; `internal-error` if it changed no row or several rows.
    pub fn execute_one(
        &self,
        sql: &str,
        parameters: impl IntoIterator<Item = Value>,
    ) -> Result<(), Error> {
        match self.execute(sql, parameters)? {
            1 => Ok(()),
            changed => Err(Error::internal(format!("{changed} rows changed by: {sql}"))),
        }
    }

    pub(crate) fn bind(
        &self,
        sql: &str,
        parameters: impl IntoIterator<Item = Value>,
    ) -> Result<Vec<Value>, Error> {
        if !is_bound_to_tenant(sql) {
            return Err(Error::internal(format!("statement not bound to the tenant: {sql}")));
        }
        Ok(std::iter::once(Value::from(self.tenant)).chain(parameters).collect())
    }
}

/// Whether a statement compares or writes `tenant_id` with `$1`.
fn is_bound_to_tenant(sql: &str) -> bool {
    sql.match_indices('$').any(|(at, _)| {
        let (before, after) = (&sql[..at], &sql[at + 1..]);
        let number = after.split(|next: char| !next.is_ascii_digit()).next();
        number == Some("1")
            && (before.ends_with("tenant_id = ")
                || before.ends_with("VALUES (") && before.contains("(tenant_id, ")
                || before == "SELECT tenantry_delete_events(")
    })
}

/// A random key of the whole database. The first request that needs it makes it. The key belongs to
/// no tenant, so whatever it seals must name the tenant.
fn secret(name: &str) -> Result<Vec<u8>, Error> {
    let database = Database::open()?;
    let read = || {
        let sql = "SELECT value FROM secrets WHERE name = $1";
        let row =
            database.query(SessionRole::System, sql, values![name].into())?.into_iter().next();
        let value: Option<String> = row.map(Row::read).transpose()?;
        Ok::<_, Error>(value.map(String::into_bytes))
    };
    if let Some(found) = read()? {
        return Ok(found);
    }
    let fresh = format!("{}{}", crate::id("k"), crate::id("k"));
    database.execute(
        SessionRole::System,
        "INSERT INTO secrets (name, value, created_at) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
        values![name, fresh, crate::now()].into(),
    )?;
    read()?.ok_or_else(|| Error::internal("no secret"))
}

/// All rows, for work above tenants. Each use gives its reason.
pub struct System<'a> {
    database: Database,
    trace_id: &'a str,
}

impl<'a> System<'a> {
    /// Opens the database without a tenant. `why` is a note in the code for reviewers.
    ///
    /// # Errors
    /// `internal-error` or `service-unavailable` of the database.
    pub fn open(call: &'a Call, why: &'static str) -> Result<Self, Error> {
        Self::in_background(call.trace_id(), why)
    }

    /// Like [`System::open`], for work that goes on behind the answer to a call with this trace id.
    ///
    /// # Errors
    /// As [`System::open`].
    pub fn in_background(trace_id: &'a str, why: &'static str) -> Result<Self, Error> {
        debug_assert!(!why.is_empty());
        Ok(Self { database: Database::open()?, trace_id })
    }

    /// The rows of a `SELECT`.
    ///
    /// # Errors
    /// `internal-error` if the statement is wrong.
    pub fn query(
        &self,
        sql: &str,
        parameters: impl IntoIterator<Item = Value>,
    ) -> Result<Vec<Row>, Error> {
        self.database.query(SessionRole::System, sql, parameters.into_iter().collect())
    }

    fetches!();

    /// Runs a statement and returns how many rows it changed.
    ///
    /// # Errors
    /// As [`System::query`]; `conflict` if a unique value exists already.
    pub fn execute(
        &self,
        sql: &str,
        parameters: impl IntoIterator<Item = Value>,
    ) -> Result<u64, Error> {
        self.database.execute(SessionRole::System, sql, parameters.into_iter().collect())
    }

    /// Runs `work` in one transaction.
    ///
    /// # Errors
    /// Those of `work`, after which nothing has changed.
    pub fn transaction<T>(&self, work: impl FnOnce() -> Result<T, Error>) -> Result<T, Error> {
        self.database.transaction(None, work)
    }

    /// Runs `work` in one transaction. Transactions of one `lock` run one at a time, so the rows
    /// that they read stay unchanged until they have written.
    ///
    /// # Errors
    /// Those of `work`, after which nothing has changed.
    pub fn with_lock<T>(
        &self,
        lock: &str,
        work: impl FnOnce() -> Result<T, Error>,
    ) -> Result<T, Error> {
        self.database.transaction(Some(lock), work)
    }

    /// Waits within a transaction for the other transactions of this lock. Reads that come after it
    /// see what they have written.
    ///
    /// # Errors
    /// `service-unavailable` if it takes too long; `internal-error` of the database.
    pub fn lock(&self, lock: &str) -> Result<(), Error> {
        self.database.lock(lock)
    }

    /// Reads in one tenant. On PostgreSQL, which has several writers at once, all statements see
    /// one state of the database.
    ///
    /// # Errors
    /// Those of `work`; `internal-error` or `service-unavailable` of the database.
    pub fn read<T>(
        &self,
        tenant: &str,
        work: impl FnOnce(&Scope<'_>) -> Result<T, Error>,
    ) -> Result<T, Error> {
        Database::read(Source::Writer, SessionRole::Tenant(tenant), |database| {
            work(&Scope { database, tenant, trace_id: self.trace_id, waiting: None })
        })
    }

    /// Milliseconds since the Unix epoch, by a clock that all hosts share: that of PostgreSQL, or
    /// of the one machine. Not to be called inside a transaction of a tenant.
    ///
    /// # Errors
    /// `internal-error` or `service-unavailable` of the database.
    pub fn shared_now(&self) -> Result<i64, Error> {
        if !self.is_partitioned() {
            return Ok(crate::now());
        }
        let sql = "SELECT (extract(epoch FROM clock_timestamp()) * 1000)::BIGINT";
        self.fetch_one(sql, [])
    }

    /// Runs statements that need not be one transaction. On PostgreSQL each is a transaction of its
    /// own, so nobody holds two rows and waits for a third. On SQLite, which has one writer anyway,
    /// they are one transaction, so the disk is waited for only once.
    ///
    /// # Errors
    /// Those of `work`. On PostgreSQL, the statements before the error stay done.
    pub fn in_own_transactions<T>(
        &self,
        work: impl FnOnce() -> Result<T, Error>,
    ) -> Result<T, Error> {
        if self.is_partitioned() { work() } else { self.transaction(work) }
    }

    pub(crate) fn database(&self) -> &Database {
        &self.database
    }

    /// Whether the months of events and audit entries are partitions (PostgreSQL).
    pub(crate) fn is_partitioned(&self) -> bool {
        matches!(self.database, Database::Postgres(_))
    }

    /// The rows of one tenant, on the same connection and in the same transaction.
    pub fn enter<'s>(&'s self, tenant: &'s str) -> Scope<'s> {
        self.resume(tenant, self.trace_id)
    }

    /// Like [`System::enter`], to go on with work that another request began. Rows that it writes
    /// have the trace id of that request.
    pub fn resume<'s>(&'s self, tenant: &'s str, trace_id: &'s str) -> Scope<'s> {
        Scope { database: &self.database, tenant, trace_id, waiting: None }
    }
}
