//! SQLite: a pool of connections for reads, and one connection for writes.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use rusqlite::config::DbConfig;
use rusqlite::{Connection, OptionalExtension as _, Row, Transaction, TransactionBehavior, params};

use super::statements;
use crate::native::creation::Creation;
use crate::native::moment::now;
use crate::native::problem::{Problem, internal};
use crate::native::project::Columns;
use crate::native::receipt::{Answer, Receipt};

/// The number of connections that are kept open.
const IDLE: usize = 64;
/// The longest wait of a statement for another process.
const BUSY: Duration = Duration::from_secs(5);

/// The database file.
pub(in crate::native) struct Database {
    path: PathBuf,
    readers: Mutex<Vec<Connection>>,
    writer: Arc<tokio::sync::Mutex<Connection>>,
}

impl Database {
    /// Opens the file.
    pub(super) fn open(path: &Path) -> anyhow::Result<Self> {
        let writer = Arc::new(tokio::sync::Mutex::new(connect(path)?));
        Ok(Self { path: path.to_owned(), readers: Mutex::default(), writer })
    }

    pub(super) fn cursor_key(&self) -> Result<String, Problem> {
        self.read(|sqlite| sqlite.query_row(statements::CURSOR_KEY, [], |row| row.get(0)))
    }

    pub(super) fn signing_keys(&self) -> Result<Vec<(String, String)>, Problem> {
        self.read(|sqlite| {
            let mut statement = sqlite.prepare_cached(statements::SIGNING_KEYS)?;
            statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?.collect()
        })
    }

    pub(super) fn project(&self, tenant: &str, id: &str) -> Result<Option<Columns>, Problem> {
        self.read(|sqlite| {
            let mut statement = sqlite.prepare_cached(statements::PROJECT)?;
            statement.query_row([tenant, id], columns).optional()
        })
    }

    pub(super) fn page(
        &self,
        sql: &str,
        tenant: &str,
        id: &str,
        limit: i64,
    ) -> Result<Vec<Columns>, Problem> {
        self.read(|sqlite| {
            let mut statement = sqlite.prepare_cached(sql)?;
            statement.query_map(params![tenant, id, limit], columns)?.collect()
        })
    }

    pub(super) async fn create(&self, new: Creation) -> Result<Answer, Problem> {
        self.write(move |transaction| {
            if let Some(answer) = answered(transaction, &new)? {
                return Ok(answer);
            }
            owner(transaction, &new)?;
            insert(transaction, &new)?;
            Ok(new.answer)
        })
        .await
    }

    /// Reads at once, on this thread, because the statements are short.
    fn read<T>(&self, work: impl FnOnce(&Connection) -> rusqlite::Result<T>) -> Result<T, Problem> {
        let idle = self.readers.lock().pop();
        let reader = idle.map_or_else(|| connect(&self.path), Ok)?;
        let result = work(&reader);
        let mut readers = self.readers.lock();
        if readers.len() < IDLE {
            readers.push(reader);
        }
        Ok(result?)
    }

    /// Writes in a transaction, on a thread that may wait for the disk. The write is durable when
    /// this returns.
    async fn write<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Transaction<'_>) -> Result<T, Problem> + Send + 'static,
    ) -> Result<T, Problem> {
        let mut writer = self.writer.clone().lock_owned().await;
        let written = tokio::task::spawn_blocking(move || {
            let transaction = writer.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let value = work(&transaction)?;
            transaction.commit()?;
            Ok(value)
        });
        written.await.map_err(internal)?
    }
}

fn connect(path: &Path) -> rusqlite::Result<Connection> {
    let connection = Connection::open(path)?;
    connection.busy_timeout(BUSY)?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "foreign_keys", "ON")?;
    // As in the runner: a cached statement is planned once.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    Ok(connection)
}

fn columns(row: &Row<'_>) -> rusqlite::Result<Columns> {
    Ok(Columns {
        id: row.get(0)?,
        tenant_id: row.get(1)?,
        owner_id: row.get(2)?,
        name: row.get(3)?,
        description: row.get(4)?,
        status: row.get(5)?,
        labels: row.get(6)?,
        tags: row.get(7)?,
        version: row.get(8)?,
        created_at: row.get(9)?,
        updated_at: row.get(10)?,
        deleted_at: row.get(11)?,
    })
}

/// The earlier answer to the key of a creation, if there is one.
fn answered(transaction: &Transaction<'_>, new: &Creation) -> Result<Option<Answer>, Problem> {
    let Some(key) = &new.key else { return Ok(None) };
    let receipt = transaction
        .prepare_cached(statements::RECEIPT)?
        .query_row(params![new.caller.tenant, key.key, now().cast_signed()], |row| {
            Ok(Receipt { fingerprint: row.get(0)?, headers: row.get(1)?, body: row.get(2)? })
        })
        .optional()?;
    receipt.map(|receipt| key.replay(receipt)).transpose()
}

/// Refuses an owner who is not a user of this tenant.
fn owner(transaction: &Transaction<'_>, new: &Creation) -> Result<(), Problem> {
    let Some(owner) = new.other_owner() else { return Ok(()) };
    let mut statement = transaction.prepare_cached(statements::OWNER)?;
    match statement.exists([&*new.caller.tenant, owner])? {
        true => Ok(()),
        false => Err(Creation::no_owner()),
    }
}

fn insert(transaction: &Transaction<'_>, new: &Creation) -> Result<(), Problem> {
    let Creation { project, caller, answer, trace_id, audit_id, event_ids, key } = new;
    let (tenant, now) = (&caller.tenant, now().cast_signed());
    let made = project.updated_ms.cast_signed();
    let (labels, tags) = (project.labels.get(), project.tags.get());
    transaction.prepare_cached(statements::INSERT_PROJECT)?.execute(params![
        tenant,
        project.id,
        project.owner_id,
        project.name,
        project.description,
        project.status,
        labels,
        tags,
        made
    ])?;
    transaction.prepare_cached(statements::INSERT_AUDIT)?.execute(params![
        tenant,
        audit_id,
        caller.id,
        project.id,
        answer.body,
        trace_id,
        now
    ])?;
    transaction.prepare_cached(statements::INSERT_EVENTS)?.execute(params![
        tenant,
        event_ids[0],
        project.id,
        answer.body,
        trace_id,
        now,
        event_ids[1],
        audit_id,
        new.audited(now)
    ])?;
    transaction.prepare_cached(statements::ANNOUNCE)?.execute(params![tenant])?;
    if let Some(key) = key {
        let (headers, until) = (answer.headers()?, key.until());
        transaction.prepare_cached(statements::KEEP)?.execute(params![
            tenant,
            key.key,
            key.fingerprint,
            headers,
            answer.body,
            until
        ])?;
    }
    Ok(())
}
